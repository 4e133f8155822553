//! A row as a JSON object. Pure.

use serde_json::{Value, json};

use super::{cost, example};
use crate::app::{self, Resource, Word as _};

/// Everything but the example.
pub fn of(row: &Resource) -> Value {
    let containers: Vec<_> = row.containers().map(app::Container::from).collect();
    let links = row.relationships.iter();
    let links: Vec<_> =
        links.map(|link| json!({ "property": link.property, "container": &*link.container })).collect();
    let clouds: Vec<_> = row.clouds.iter().map(|cloud| cloud.word()).collect();
    let named = |permission: &app::Permission| json!({ "name": permission.name, "appRoleId": permission.app_role_id });
    let window = row.window.as_ref().map(|window| {
        json!({
            "property": window.property, "overlapMinutes": window.overlap_minutes,
            "retentionDays": window.retention_days,
        })
    });
    let range = row.range.map(|range| {
        json!({ "daysBack": range.days_back, "daysAhead": range.days_ahead, "rollDays": range.roll_days })
    });
    let subscription = row.subscription.as_ref().map(|to| {
        json!({
            "resource": to.resource, "changeTypes": to.changes.split(',').collect::<Vec<_>>(),
            "maxMinutes": to.minutes, "permission": named(to.permission.as_ref().unwrap_or(&row.permission)),
            "lifecycleUrlRequired": to.lifecycle_url_required, "members": to.members,
        })
    });
    json!({
        "resource": row.name,
        "mode": row.mode.word(),
        "status": row.status.word(),
        "path": row.path,
        "objectPath": row.object_path,
        "type": row.entity_type,
        "key": row.key,
        "select": row.properties,
        "links": links,
        "parents": row.parents(),
        "delegated": row.is_delegated(),
        "containers": containers,
        "permission": named(&row.permission),
        "accepted": row.accepted().collect::<Vec<_>>(),
        "subscription": subscription,
        "window": window,
        "range": range,
        "ttlDays": row.ttl_days,
        "clouds": clouds,
        "service": row.service,
        "protectedApi": row.protected_api,
        "quirks": row.quirks,
    })
}

/// Everything.
pub fn with_example(row: &Resource) -> Value {
    let mut object = of(row);
    object["cost"] = cost::sentences(row).into();
    object["example"] = example::document(row).0;
    object
}
