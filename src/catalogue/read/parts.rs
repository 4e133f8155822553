//! The objects within a row: its subscription, its window and its parameters; pure.

use super::super::described::{Range, Subscribed, Window};
use super::super::fields::Fields;
use super::super::words::Operators;
use super::known::Known;
use super::syntax::{PATH, TEXT, is_path, is_text, is_word};

const CHANGES: [&str; 3] = ["created", "updated", "deleted"];
const SUBSCRIPTION: [&str; 6] =
    ["resource", "changeTypes", "maxMinutes", "permission", "lifecycleUrlRequired", "members"];
const RANGE: [&str; 3] = ["daysBack", "daysAhead", "rollDays"];
/// A hundred years, far from the ends of all clocks.
const MOST_DAYS: u32 = 36_500;
const WINDOW: [&str; 5] = ["property", "overlapMinutes", "retentionDays", "upper", "operators"];

/// The subscription, if the row has one.
pub(super) fn subscription(known: &Known<'_>, fields: &mut Fields<'_, '_>) -> Option<Option<Subscribed>> {
    if !fields.has("subscription") {
        return Some(None);
    }
    let mut fields = fields.object("subscription", &SUBSCRIPTION)?;
    let resource = fields.text("resource", PATH, is_path);
    let changes = fields.texts("changeTypes", &CHANGES.join(", "), |name| CHANGES.contains(&name));
    let minutes = fields.number("maxMinutes");
    let permission = match fields.has("permission") {
        true => known.permission(&mut fields).map(Some),
        false => Some(None),
    };
    let lifecycle_url_required = fields.flag_or("lifecycleUrlRequired", false);
    let is_list_of = |path: &str| is_path(path) && path.matches('{').count() == 1;
    let members = match fields.has("members") {
        true => fields.text("members", "a path with one name in braces", is_list_of).map(Some),
        false => Some(None),
    };
    Some(Some(Subscribed {
        resource: resource?.to_owned(),
        changes: changes?.join(","),
        minutes: minutes?,
        permission: permission?,
        lifecycle_url_required: lifecycle_url_required?,
        members: members?.map(str::to_owned),
    }))
}

/// The window of a row that has one.
pub(super) fn window(fields: &mut Fields<'_, '_>) -> Option<Option<Window>> {
    if !fields.has("window") {
        return Some(None);
    }
    let mut fields = fields.object("window", &WINDOW)?;
    let property = fields.text("property", "the name of a property", is_word);
    let overlap_minutes = fields.number("overlapMinutes");
    let retention_days = fields.number_or_none("retentionDays");
    let upper = fields.flag_or("upper", false);
    let operators = fields.word_or("operators", Operators::GeLe);
    Some(Some(Window {
        property: property?.to_owned(),
        overlap_minutes: overlap_minutes?,
        retention_days: retention_days?,
        upper: upper?,
        operators: operators?,
    }))
}

/// After so many days another range takes the place of one, if the row does not say.
const ROLL_DAYS: u32 = 7;

/// The range of a row that has one.
pub(super) fn range(fields: &mut Fields<'_, '_>) -> Option<Option<Range>> {
    if !fields.has("range") {
        return Some(None);
    }
    let mut fields = fields.object("range", &RANGE)?;
    let (days_back, days_ahead) = (fields.number("daysBack"), fields.number("daysAhead"));
    let roll_days = fields.number_or_none("rollDays");
    let (days_back, days_ahead, roll_days) = (days_back?, days_ahead?, roll_days?.unwrap_or(ROLL_DAYS));
    let is_short = days_back.max(days_ahead).max(roll_days) <= MOST_DAYS;
    if !is_short {
        fields.fault("daysAhead", format_args!("is too long; allowed: no more than {MOST_DAYS} days each"));
    }
    is_short.then_some(Some(Range { days_back, days_ahead, roll_days }))
}

/// The properties that name the object of the same feed that an object lies in, from outside inwards.
pub(super) fn inside(fields: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let is_pointer = |text: &str| text.split('/').all(is_word);
    let inside =
        fields.text_or("inside", "names of properties, with a slash between them", None, is_pointer)?;
    Some(inside.into_iter().flat_map(|text| text.split('/')).map(str::to_owned).collect())
}

/// The other parameters of the first request.
pub(super) fn query(fields: &mut Fields<'_, '_>) -> Option<Vec<(String, String)>> {
    let allowed = "parameters that have no key of their own";
    let Some(given) = fields.map("query", allowed)? else { return Some(Vec::new()) };
    let mut query = Vec::new();
    for (name, value) in given {
        let is_name = is_word(name.strip_prefix('$').unwrap_or(name));
        let has_key =
            ["$select", "$filter", "$expand", "$top", "$deltatoken", "$skiptoken"].contains(&&**name);
        match value.as_str().filter(|value| is_text(value)) {
            _ if !is_name || has_key => {
                fields.fault("query", format_args!("{name:?} is not allowed; allowed: {allowed}"))
            }
            Some(value) => query.push((name.clone(), value.to_owned())),
            None => fields
                .fault(&format!("query.{name}"), format_args!("{value} is not allowed; allowed: {TEXT}")),
        }
    }
    (query.len() == given.len()).then_some(query)
}
