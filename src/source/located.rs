//! Where a row asks for what Graph refuses.

use crate::catalogue::Resource;
use crate::graph::Refusal;

/// A refusal that names a property of the row, with the file that asks for it.
pub(super) fn located(resource: &Resource, refusal: Refusal) -> Refusal {
    let Resource { name, file, is_own, .. } = resource;
    let asked = resource.delta_select();
    let property = refusal.property().filter(|property| asked.iter().any(|asked| asked == property));
    let Some(property) = property.filter(|_| refusal.status == 400) else { return refusal };
    let next = match is_own {
        true => format!("take `{property}` out of {file}"),
        false => format!(
            "{file} asks for `{property}` and is built in: a file functions/sync_{name}/resource.json \
             without it takes its place"
        ),
    };
    let says = refusal.says.as_deref().map(|says| format!("{says}; {next}").into());
    Refusal { says, ..refusal }
}
