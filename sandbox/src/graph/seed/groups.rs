//! Creation-up groups, the same for the same seed: Microsoft 365, security, dynamic, and groups joined from on premises.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::values::{DEPARTMENTS, DOMAIN, emoji, guid, moment, object, pick, sid};

const NAMES: &[&str] =
    &["Alle", "Büro & Küche", "Night/Shift", "\"Core\" team", "Proyecto Ñ", "総務", "Auditors <ext>"];
const DESCRIPTIONS: &[&str] = &["Everybody \\ nobody", "Zeile 1\nZeile 2", "Réunions du mardi", ""];

/// The `number`th object of a tenant, a group.
pub(super) fn group(number: usize, random: &mut Rng) -> Map<String, Value> {
    let (nickname, name) =
        (format!("group{number}"), format!("{} {number} {}", pick(random, NAMES), emoji(random)));
    let (created, renewed) = (moment(random), moment(random));
    let mut group = object(json!({
        "id": guid(random), "createdDateTime": created, "description": pick(random, DESCRIPTIONS),
        "displayName": name.trim_end(), "groupTypes": [], "mailEnabled": false, "mailNickname": nickname,
        "onPremisesProvisioningErrors": [], "proxyAddresses": [], "renewedDateTime": renewed,
        "resourceProvisioningOptions": [], "securityEnabled": true, "securityIdentifier": sid(random),
    }));
    match random.u8(..8) {
        0..3 => unify(&mut group, &nickname, random),
        3 => follow_rule(&mut group, random),
        4 => join_premises(&mut group, &nickname, random),
        5 => drop(group.insert("isAssignableToRole".into(), true.into())),
        _ => {}
    }
    for name in ["description", "classification", "preferredLanguage", "theme"] {
        match random.u8(..6) {
            0 => drop(group.remove(name)),
            1 => drop(group.insert(name.into(), Value::Null)),
            _ => {}
        }
    }
    group
}

/// One or two properties to set, now and then to null.
pub(super) fn patch(random: &mut Rng) -> Map<String, Value> {
    let mut patch = Map::new();
    for _ in 0..random.usize(1..=2) {
        let (name, value) = match random.u8(..5) {
            0 => ("description", json!(pick(random, DESCRIPTIONS))),
            1 => ("displayName", json!(format!("{} {}", pick(random, NAMES), random.u16(..)))),
            2 => ("classification", json!(pick(random, &["low", "high"]))),
            3 => ("expirationDateTime", json!(moment(random))),
            _ => ("visibility", json!(pick(random, &["Public", "Private"]))),
        };
        let is_nullable = name != "displayName" && random.u8(..4) == 0;
        patch.insert(name.to_owned(), if is_nullable { Value::Null } else { value });
    }
    patch
}

fn unify(group: &mut Map<String, Value>, nickname: &str, random: &mut Rng) {
    let team = if random.bool() { json!(["Team"]) } else { json!([]) };
    group.extend(object(json!({
        "expirationDateTime": null, "groupTypes": ["Unified"], "mail": format!("{nickname}@{DOMAIN}"), "mailEnabled": true,
        "preferredDataLocation": "EUR", "proxyAddresses": [format!("SMTP:{nickname}@{DOMAIN}")],
        "resourceProvisioningOptions": team, "securityEnabled": false, "theme": "Teal", "visibility": "Private",
    })));
}

fn follow_rule(group: &mut Map<String, Value>, random: &mut Rng) {
    let rule = format!("user.department -eq \"{}\"", pick(random, DEPARTMENTS));
    let on = json!({"groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On"});
    group.extend(object(on));
}

fn join_premises(group: &mut Map<String, Value>, nickname: &str, random: &mut Rng) {
    group.extend(object(json!({
        "onPremisesDomainName": DOMAIN, "onPremisesLastSyncDateTime": moment(random), "onPremisesNetBiosName": "CONTOSO",
        "onPremisesSamAccountName": nickname, "onPremisesSecurityIdentifier": sid(random), "onPremisesSyncEnabled": true,
    })));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::row::Row;

    #[test]
    fn groups_have_only_known_properties_some_absent_and_some_null() {
        let mut random = Rng::with_seed(1);
        let groups: Vec<_> = (0..100).map(|number| group(number, &mut random)).collect();
        let known = |name: &String| Row::of("groups").has(name);
        assert!(groups.iter().all(|group| group.keys().all(known)));
        assert!((0..100).all(|_| patch(&mut random).keys().all(known)));
        assert!(groups.iter().any(|group| group.get("description") == Some(&Value::Null)));
        assert!(groups.iter().any(|group| group.get("description").is_none()));
        let seen = |name: &&String| groups.iter().any(|group| group.contains_key(*name));
        let missing: Vec<_> = Row::of("groups").properties.iter().filter(|name| !seen(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
