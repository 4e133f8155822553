//! What the first request of a feed asks for, from its row. Pure.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::catalogue::{Mode, Operators, PageSizeBy, Resource};
use crate::graph::{Manner, Shape};
use crate::protocol::Window;

/// How all requests of a feed of this resource are made.
pub(super) fn manner(resource: &Resource) -> Manner {
    let shape = match (resource.mode, resource.single) {
        (_, true) => Shape::Single,
        (Mode::Delta, _) => Shape::Delta,
        (Mode::List | Mode::Window, _) => Shape::List,
    };
    let mut prefer = resource.prefer.clone();
    if let (Some(size), PageSizeBy::Prefer) = (resource.page_size, resource.page_size_by) {
        prefer.push(format!("odata.maxpagesize={size}"));
    }
    // Sources: the answers of these services; https://learn.microsoft.com/graph/errors lists no codes by service.
    let gone = match &*resource.service {
        "teams" | "education" | "planner" => Some("NotFound"),
        "intune" => Some("ResourceNotFound"),
        _ => None,
    };
    Manner { shape, prefer, key: resource.key.clone(), gone }
}

/// The parameters of the first request besides `$select`. `window`: the range of time to read, of a feed that is read by
/// time.
pub(super) fn query(resource: &Resource, window: Option<Window>) -> Vec<(String, String)> {
    let filters: Vec<_> = resource
        .filter
        .clone()
        .into_iter()
        .chain(window.and_then(|window| range(resource, window)))
        .collect();
    let named = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
    let top = resource.page_size.filter(|_| resource.page_size_by == PageSizeBy::Top);
    let own = [
        named("$filter", Some(filters.join(" and ")).filter(|filter| !filter.is_empty())),
        named("$expand", resource.expand.clone()),
        named("$top", top.map(|top| top.to_string())),
    ];
    let others = resource.query.iter().map(|(name, value)| (name.clone(), filled(value, window)));
    own.into_iter().flatten().chain(others).collect()
}

/// The same of a request for what changed since a time, which takes the place of a token:
/// <https://learn.microsoft.com/graph/api/driveitem-delta>, example 4.
pub(super) fn since(resource: &Resource, time: OffsetDateTime) -> Vec<(String, String)> {
    let token = time.replace_nanosecond(0).unwrap_or(time).to_offset(time::UtcOffset::UTC);
    let token = ("token".to_owned(), token.format(&Rfc3339).unwrap_or_default());
    query(resource, None).into_iter().chain([token]).collect()
}

/// A parameter with the ends of the range of time.
fn filled(value: &str, window: Option<Window>) -> String {
    let Some(window) = window else { return value.to_owned() };
    let text = |at: OffsetDateTime| at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_default();
    value.replace("{from}", &text(window.from)).replace("{to}", &text(window.to))
}

/// The filter for a range of time.
fn range(resource: &Resource, window: Window) -> Option<String> {
    let rule = resource.window.as_ref()?;
    // Whole seconds, a range that is no narrower: Graph's times have them, and some services take no fractions.
    let from = window.from.replace_nanosecond(0).ok()?;
    let to = (window.to + time::Duration::SECOND).replace_nanosecond(0).ok()?;
    let (after, before) = match rule.operators {
        Operators::GeLe => ("ge", "le"),
        Operators::GeLt => ("ge", "lt"),
        Operators::GtLt => ("gt", "lt"),
    };
    // What is excluded at the end must not be left out.
    let from = if after == "gt" { from - time::Duration::SECOND } else { from };
    let to = if before == "lt" { to + time::Duration::SECOND } else { to };
    let text = |at: OffsetDateTime| at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).ok();
    let lower = format!("{} {after} {}", rule.property, text(from)?);
    match rule.upper {
        true => Some(format!("{lower} and {} {before} {}", rule.property, text(to)?)),
        false => Some(lower),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn row(name: &str) -> Resource {
        let found = catalogue::embedded().unwrap().iter().find(|row| row.name == name);
        Resource::clone(found.unwrap())
    }

    fn filter(resource: &Resource) -> String {
        let at = |millis: i64| OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(millis);
        let window = Window { from: at(10_700), to: at(20_300), last: true };
        let query = query(resource, Some(window));
        query.into_iter().find(|(name, _)| name == "$filter").unwrap().1
    }

    #[test]
    fn a_range_of_time_is_asked_for_in_whole_seconds_and_no_narrower() {
        let mut sign_ins = row("signIns");
        let from_to = |from: &str, to: &str| format!("createdDateTime {from} and createdDateTime {to}");
        assert_eq!(filter(&sign_ins), from_to("ge 1970-01-01T00:00:10Z", "le 1970-01-01T00:00:21Z"));
        sign_ins.window.as_mut().unwrap().operators = Operators::GtLt;
        assert_eq!(filter(&sign_ins), from_to("gt 1970-01-01T00:00:09Z", "lt 1970-01-01T00:00:22Z"));
        sign_ins.filter = Some("isInteractive eq true".into());
        sign_ins.window.as_mut().unwrap().upper = false;
        assert_eq!(filter(&sign_ins), "isInteractive eq true and createdDateTime gt 1970-01-01T00:00:09Z");
    }

    #[test]
    fn a_range_that_moves_on_is_a_parameter_of_the_first_request() {
        let day = |days: i64| OffsetDateTime::UNIX_EPOCH + time::Duration::days(days);
        let window = Window { from: day(1), to: day(9), last: true };
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query(&row("calendarView"), Some(window)),
            [named("endDateTime", "1970-01-10T00:00:00Z"), named("startDateTime", "1970-01-02T00:00:00Z")]
        );
    }

    #[test]
    fn each_row_asks_in_its_own_manner() {
        let messages = manner(&row("messages"));
        assert_eq!(messages.shape, Shape::Delta);
        assert_eq!(messages.prefer, ["IdType=\"ImmutableId\"", "odata.maxpagesize=500"]);
        assert_eq!(manner(&row("authorizationPolicy")).shape, Shape::Single);
        let managed = manner(&row("managedDevices"));
        assert_eq!((managed.shape, managed.gone), (Shape::List, Some("ResourceNotFound")));
        assert!(query(&row("users"), None).is_empty());
    }
}
