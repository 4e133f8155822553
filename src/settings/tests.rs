use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, Problems> {
    Settings::for_serve(|name| {
        let found = pairs.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn only_the_cosmos_endpoint_is_required() {
    let settings = read(&[("COSMOS_ENDPOINT", "https://a.documents.azure.com")]).unwrap();
    assert_eq!(settings.graph.endpoint.as_str(), "https://graph.microsoft.com/");
    assert_eq!(settings.graph.scopes, ["https://graph.microsoft.com/.default"]);
    assert_eq!(settings.cosmos.database, "graph");
    assert_eq!(settings.cosmos.concurrency, 64);
    assert_eq!(settings.limits.budget, Duration::from_secs(240));
    assert_eq!(settings.limits.lease, Duration::from_secs(15));
}

#[test]
fn all_problems_are_reported_at_once_and_named() {
    let problems = read(&[
        ("AZURE_CLOUD", "mars"),
        ("GRAPH_ENDPOINT", "http://graph.example.com"),
        ("LEASE_SECONDS", "1"),
        ("GRAPH_CREDENTIAL", "magic"),
    ])
    .unwrap_err();
    let names: Vec<_> = problems.lines().iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        names,
        ["AZURE_CLOUD", "GRAPH_ENDPOINT", "COSMOS_ENDPOINT", "GRAPH_CREDENTIAL", "LEASE_SECONDS"]
    );
}

#[test]
fn http_is_for_loopback_only_and_graph_has_no_path() {
    let cosmos = ("COSMOS_ENDPOINT", "http://127.0.0.1:8081");
    assert!(read(&[cosmos, ("GRAPH_ENDPOINT", "http://localhost:9")]).is_ok());
    assert!(read(&[cosmos, ("GRAPH_ENDPOINT", "https://graph.microsoft.com/v1.0")]).is_err());
    assert!(read(&[("COSMOS_ENDPOINT", "http://example.com")]).is_err());
    assert!(read(&[("COSMOS_ENDPOINT", "https://user:pass@example.com")]).is_err());
}

#[test]
fn a_cloud_sets_host_and_scope_and_the_endpoint_wins() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.us");
    let settings = read(&[cosmos, ("AZURE_CLOUD", "usgov")]).unwrap();
    assert_eq!(settings.graph.scopes, ["https://graph.microsoft.us/.default"]);
    assert_eq!(settings.cosmos.scope, "https://cosmos.azure.us/.default");
    let settings =
        read(&[cosmos, ("AZURE_CLOUD", "usgov"), ("GRAPH_ENDPOINT", "http://127.0.0.1:7")]).unwrap();
    assert_eq!(settings.graph.scopes, ["http://127.0.0.1:7/.default"]);
}

#[test]
fn every_cloud_has_an_audience_of_cosmos_db() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.cn");
    for (cloud, scope) in [
        ("global", "https://cosmos.azure.com/.default"),
        ("usgov-dod", "https://cosmos.azure.us/.default"),
        ("china", "https://cosmos.azure.cn/.default"),
    ] {
        assert_eq!(read(&[cosmos, ("AZURE_CLOUD", cloud)]).unwrap().cosmos.scope, scope);
    }
}

#[test]
fn a_scope_without_a_resource_is_one_of_graph() {
    let graph = |scopes: &str| {
        let cloud = Cloud::read(&mut Reader::new(|_| None));
        cloud.graph(&mut Reader::new(move |name| (name == "GRAPH_SCOPES").then(|| scopes.to_owned()))).scopes
    };
    assert_eq!(
        graph(" User.Read  Calendars.ReadWrite.Shared offline_access openid profile email"),
        [
            "https://graph.microsoft.com/User.Read",
            "https://graph.microsoft.com/Calendars.ReadWrite.Shared",
            "offline_access",
            "openid",
            "profile",
            "email"
        ]
    );
    assert_eq!(graph("https://other.example/.default"), ["https://other.example/.default"]);
    assert_eq!(
        graph("00000003-0000-0000-c000-000000000000/.default"),
        ["00000003-0000-0000-c000-000000000000/.default"]
    );
    assert_eq!(graph(".default"), ["https://graph.microsoft.com/.default"]);
}

#[test]
fn fractions_are_allowed_and_empty_means_unset() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let settings = read(&[cosmos, ("SYNC_BUDGET_SECONDS", "0.5"), ("LEASE_SECONDS", " ")]).unwrap();
    assert_eq!(settings.limits.budget, Duration::from_millis(500));
    assert_eq!(settings.limits.lease, Duration::from_secs(15));
}

#[test]
fn notifications_are_on_exactly_when_there_is_a_secret() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let secret = ("NOTIFICATION_SECRET", "0123456789abcdef0123456789abcdef");
    assert!(read(&[cosmos]).unwrap().notifications.is_none());
    let hostname = ("WEBSITE_HOSTNAME", "app.azurewebsites.net");
    let on = read(&[cosmos, secret, hostname]).unwrap().notifications.unwrap();
    assert_eq!(on.url.as_str(), "https://app.azurewebsites.net/api/notifications");
    assert!(!format!("{on:?}").contains("0123"), "{on:?}");
    let url = ("NOTIFICATION_URL", "https://front.example.com/in?code=x");
    let rotating =
        ("NOTIFICATION_SECRET", "0123456789abcdef0123456789abcdef, fedcba9876543210fedcba9876543210");
    let on = read(&[cosmos, rotating, url, hostname]).unwrap().notifications.unwrap();
    assert_eq!((on.url.as_str(), on.secrets.len()), (url.1, 2));
}

#[test]
fn notifications_that_cannot_arrive_are_named() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let secret = ("NOTIFICATION_SECRET", "0123456789abcdef0123456789abcdef");
    let url = ("NOTIFICATION_URL", "https://front.example.com/");
    let named =
        |pairs: &[(&str, &str)]| read(pairs).unwrap_err().lines()[0].split(':').next().unwrap().to_owned();
    assert_eq!(named(&[cosmos, url]), "NOTIFICATION_SECRET");
    assert_eq!(named(&[cosmos, url, ("NOTIFICATION_SECRET", "short")]), "NOTIFICATION_SECRET");
    assert_eq!(
        named(&[cosmos, url, ("NOTIFICATION_SECRET", &format!("{0},{0},{0}", secret.1))]),
        "NOTIFICATION_SECRET"
    );
    assert_eq!(named(&[cosmos, secret, ("WEBSITE_HOSTNAME", "localhost:7071")]), "NOTIFICATION_URL");
    assert_eq!(
        named(&[cosmos, secret, ("NOTIFICATION_URL", "http://front.example.com/")]),
        "NOTIFICATION_URL"
    );
}

#[test]
fn a_reference_that_nobody_resolved_is_no_secret() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let url = ("NOTIFICATION_URL", "https://front.example.com/");
    let vault = "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/notification-secret)";
    let problems = read(&[cosmos, url, ("NOTIFICATION_SECRET", vault)]).unwrap_err();
    assert_eq!(problems.lines().len(), 1, "nothing follows from it: {problems}");
    for name in ["NOTIFICATION_SECRET", "AZURE_CLIENT_SECRET", "COSMOS_KEY"] {
        let problems = read(&[cosmos, (name, vault)]).unwrap_err();
        assert_eq!(problems.lines().len(), 1, "{problems}");
        assert!(problems.lines()[0].starts_with(&format!("{name}: is a reference")), "{problems}");
        assert!(!problems.to_string().contains("vault.azure.net"), "{problems}");
    }
}

#[test]
fn a_key_never_shows() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let settings = read(&[cosmos, ("COSMOS_KEY", "c2VjcmV0")]).unwrap();
    assert!(!format!("{settings:?}").contains("c2VjcmV0"));
}

#[test]
fn a_tombstone_has_to_stay_for_longer_than_a_delta_token_lives() {
    let cosmos = ("COSMOS_ENDPOINT", "https://a.documents.azure.com");
    let problems = read(&[cosmos, ("TOMBSTONE_TTL_DAYS", "7")]).unwrap_err().to_string();
    for word in ["TOMBSTONE_TTL_DAYS", "from 8 to 3650", "7 days", "links"] {
        assert!(problems.contains(word), "{word}: {problems}");
    }
    assert!(read(&[cosmos, ("TOMBSTONE_TTL_DAYS", "8")]).is_ok());
}

/// What stands in a variable may be a secret that was put into the wrong one.
#[test]
fn no_value_is_repeated_whichever_setting_is_wrong() {
    let odd = [
        "hush",
        "http://hush.example",
        "https://hush:hush@hush.example/hush?hush#hush",
        "1hush",
        "a://hush /",
    ];
    let asked = RefCell::new(BTreeSet::new());
    let told = |credential: &str, one: &str, value: &str| {
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            let stated = match name {
                _ if name == one => value,
                "COSMOS_ENDPOINT" => "https://a.documents.azure.com",
                "GRAPH_CREDENTIAL" => credential,
                _ => return None,
            };
            Some(stated.to_owned())
        };
        [Settings::for_serve(lookup).err(), Settings::for_command(lookup).err()]
            .into_iter()
            .flatten()
            .map(|problems| problems.to_string())
            .collect::<String>()
    };
    for credential in ["managed-identity", "client-secret", "client-certificate", "interactive-browser"] {
        told(credential, "", "");
        let names = asked.borrow().clone();
        for one in names {
            for value in odd {
                let told = told(credential, &one, value);
                assert!(!told.contains("hush"), "{credential}: {one}={value}: {told}");
            }
        }
    }
    assert!(asked.borrow().len() > 20, "{asked:?}");
}
