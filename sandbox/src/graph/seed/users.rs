//! Creation-up users: some properties never set, some null, some with awkward text.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::values::{DEPARTMENTS, DOMAIN, emoji, guid, moment, object, phone, phones, pick, sid};

const GIVEN: &[&str] =
    &["Ada", "Bjørn", "Chloé", "Đặng", "Edsger", "Fátima", "Grace", "Hēmi", "İpek", "Jürgen", "Łucja", "明"];
const SURNAMES: &[&str] = &[
    "Adebayo",
    "Brontë",
    "Çelik",
    "D'Angelo",
    "Eßer",
    "Fœrster",
    "Nuñez",
    "O\"Neil",
    "Ōtani",
    "van der Merwe",
];
const TITLES: &[&str] =
    &["Engineer", "Head of R&D", "Prüfer \\ Auditor", "Nurse", "Buyer", "Analyst\tII", "Chef de projet"];
const CITIES: &[(&str, &str, &str)] = &[
    ("Zürich", "CH", "8001"),
    ("Kraków", "PL", "30-001"),
    ("São Paulo", "BR", "01000-000"),
    ("東京", "JP", "100-0001"),
];
const SERVICES: &[&str] = &["exchange", "SharePoint", "MicrosoftCommunicationsOnline", "TeamspaceAPI"];

/// The `number`th user of a tenant.
pub(super) fn user(number: usize, random: &mut Rng) -> Map<String, Value> {
    let (given, surname) = (pick(random, GIVEN), pick(random, SURNAMES));
    let (city, country, postal_code) = CITIES[random.usize(..CITIES.len())];
    let (name, nickname) = (format!("{given} {surname} {}", emoji(random)), format!("user{number}"));
    let principal = format!("{nickname}@{DOMAIN}");
    let mut user = object(json!({
        "id": guid(random), "accountEnabled": random.u8(..20) > 0, "businessPhones": phones(random), "city": city,
        "country": country, "createdDateTime": moment(random), "department": pick(random, DEPARTMENTS),
        "displayName": name.trim_end(), "givenName": given, "identities": identities(&principal), "imAddresses": [principal],
        "jobTitle": pick(random, TITLES), "lastPasswordChangeDateTime": moment(random), "mail": principal,
        "mailNickname": nickname, "postalCode": postal_code, "preferredLanguage": "de-CH",
        "proxyAddresses": [format!("SMTP:{principal}"), format!("smtp:{nickname}@mail.{DOMAIN}")], "securityIdentifier": sid(random),
        "streetAddress": "Haus \"Nord\" \\ 2\nTreppe 3", "surname": surname, "usageLocation": country,
        "userPrincipalName": principal, "userType": "Member",
    }));
    license(&mut user, random);
    employ(&mut user, number, random);
    if random.u8(..4) == 0 {
        join_premises(&mut user, number, random);
    }
    forget(&mut user, random);
    user
}

/// One to three properties to set, now and then to null.
pub(super) fn patch(random: &mut Rng) -> Map<String, Value> {
    let mut patch = Map::new();
    for _ in 0..random.usize(1..=3) {
        let (name, value) = match random.u8(..8) {
            0 => ("jobTitle", json!(pick(random, TITLES))),
            1 => ("department", json!(pick(random, DEPARTMENTS))),
            2 => ("mobilePhone", json!(phone(random))),
            3 => ("officeLocation", json!(format!("{}/{}", random.u8(1..30), random.alphabetic()))),
            4 => ("accountEnabled", json!(random.bool())),
            5 => {
                ("employeeOrgData", json!({"costCenter": format!("CC-{}", random.u16(..)), "division": null}))
            }
            6 => ("businessPhones", phones(random)),
            _ => ("otherMails", json!([format!("{}@elsewhere.example", random.u32(..))])),
        };
        let is_collection = matches!(name, "businessPhones" | "otherMails" | "accountEnabled");
        let value = if !is_collection && random.u8(..4) == 0 { Value::Null } else { value };
        patch.insert(name.to_owned(), value);
    }
    patch
}

fn license(user: &mut Map<String, Value>, random: &mut Rng) {
    let plans: Vec<_> = SERVICES[..random.usize(..=2)].iter().collect();
    let assigned: Vec<_> = plans
        .iter()
        .map(|service| json!({"assignedDateTime": moment(random), "capabilityStatus": "Enabled", "service": service, "servicePlanId": guid(random)}))
        .collect();
    let provisioned: Vec<_> =
        plans.iter().map(|service| json!({"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service})).collect();
    let licenses =
        if assigned.is_empty() { json!([]) } else { json!([{"disabledPlans": [], "skuId": guid(random)}]) };
    user.extend(object(
        json!({"assignedLicenses": licenses, "assignedPlans": assigned, "provisionedPlans": provisioned}),
    ));
}

fn employ(user: &mut Map<String, Value>, number: usize, random: &mut Rng) {
    if random.bool() {
        let data = json!({"costCenter": format!("CC-{}", random.u16(..)), "division": null});
        user.extend(object(json!({"employeeHireDate": moment(random), "employeeId": format!("{number:06}"), "employeeOrgData": data})));
    }
    if random.u8(..5) == 0 {
        user.extend(object(json!({"employeeType": "Employee", "companyName": "Contoso & Söhne", "mobilePhone": phone(random)})));
    }
    if random.u8(..10) == 0 {
        let change =
            json!({"userType": "Guest", "creationType": "Invitation", "externalUserState": "Accepted"});
        user.extend(object(change));
        user.insert("externalUserStateChangeDateTime".into(), moment(random).into());
    }
}

fn join_premises(user: &mut Map<String, Value>, number: usize, random: &mut Rng) {
    let mut attributes: Map<_, _> =
        (1..=15).map(|index| (format!("extensionAttribute{index}"), Value::Null)).collect();
    attributes.insert("extensionAttribute7".into(), format!("\u{2028}{}", random.u32(..)).into());
    user.extend(object(json!({
        "onPremisesDistinguishedName": format!("CN=user{number},OU=Büro\\, Süd,DC=contoso,DC=example"),
        "onPremisesDomainName": DOMAIN, "onPremisesExtensionAttributes": attributes, "onPremisesImmutableId": format!("{:x}==", random.u64(..)),
        "onPremisesLastSyncDateTime": moment(random), "onPremisesProvisioningErrors": [], "onPremisesSamAccountName": format!("user{number}"),
        "onPremisesSecurityIdentifier": sid(random), "onPremisesSyncEnabled": true, "passwordPolicies": "DisablePasswordExpiration",
    })));
}

/// Unsets some properties, and sets some to null that were set once.
fn forget(user: &mut Map<String, Value>, random: &mut Rng) {
    for name in [
        "jobTitle",
        "department",
        "city",
        "postalCode",
        "streetAddress",
        "preferredLanguage",
        "usageLocation",
    ] {
        match random.u8(..12) {
            0 | 1 => drop(user.remove(name)),
            2 => drop(user.insert(name.into(), Value::Null)),
            _ => {}
        }
    }
    for name in ["faxNumber", "officeLocation", "showInAddressList", "ageGroup", "preferredDataLocation"] {
        if random.u8(..15) == 0 {
            user.insert(name.into(), Value::Null);
        }
    }
}

fn identities(principal: &str) -> Value {
    json!([{"issuer": DOMAIN, "issuerAssignedId": principal, "signInType": "userPrincipalName"}])
}
