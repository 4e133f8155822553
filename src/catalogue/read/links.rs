//! The links of a row; pure.

use super::super::Relationship;
use super::super::fields::Fields;
use super::known::Known;
use super::syntax::is_word;

/// The links, and where all of them together lead to.
pub(super) fn links<'a>(
    resource: &str,
    known: &Known<'_>,
    fields: &mut Fields<'a, '_>,
) -> Option<(Vec<Relationship>, Vec<&'a str>)> {
    let links = fields.objects("links", &["property", "many", "to"], |mut link| {
        let property = link.text("property", "the name of a navigation property", is_word);
        let many = link.flag("many");
        let to = link.texts("to", &known.resources.join(", "), |name| known.resources.contains(&name));
        let (property, many, to) = (property?, many?, to?);
        let container = format!("{resource}-{property}").into();
        Some((Relationship { property: property.to_owned(), container, many }, to))
    })?;
    for (at, (link, _)) in links.iter().enumerate() {
        if links[..at].iter().any(|(before, _)| before.property == link.property) {
            fields.fault(
                "links",
                format_args!("{:?} is there twice; allowed: each property once", link.property),
            );
            return None;
        }
    }
    let mut targets = Vec::new();
    for target in links.iter().flat_map(|(_, to)| to) {
        if !targets.contains(target) {
            targets.push(*target);
        }
    }
    Some((links.into_iter().map(|(link, _)| link).collect(), targets))
}
