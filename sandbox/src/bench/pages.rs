//! Pages that are too much, or as much as there may be: what the handler makes of each, in a world of its own, and the
//! most memory that it took for that.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::used;
use crate::cosmos;
use crate::graph::{Fault, Match};
use crate::host::Verdict;
use crate::product::staged;
use crate::world::{Setup, World};

/// Links of the largest page that has to work, each of some 80 bytes.
const LINKS: usize = 100_000;
/// As many as fit into 16 MiB.
const MOST_LINKS: usize = 195_000;
/// So many that the account can keep them too.
const SOME_LINKS: usize = 5_000;
/// Bytes of the largest page of users that has to work.
const USERS_BYTES: usize = 8 << 20;
/// More than a page may have.
const BYTES: usize = 32 << 20;

/// A page, and how a turn that gets it has to end.
struct Page {
    name: &'static str,
    feed: &'static str,
    /// What is in `value`.
    objects: String,
    /// A next link, in place of the delta link.
    next: Option<String>,
    ends: Ends,
}

enum Ends {
    /// The turn fails, and says this.
    Error(&'static str),
    /// So many documents are in this container.
    Copied(&'static str, usize),
    /// So many links are written, to an account that only answers: it would take minutes to keep them.
    Written(usize),
}

/// Serves each page to a new handler.
///
/// # Errors
/// When a world does not come up, or a turn ends otherwise than it has to.
pub async fn pages() -> Result<Value> {
    let product = staged()?;
    let mut figures = Vec::new();
    for page in all() {
        let setup = Setup { users: 1, groups: 1, ..Setup::new(product.path()) };
        let world = World::start(setup.set("LEASE_SECONDS", "15")).await?;
        figures.push(one(&world, page).await?);
        world.host.shutdown().await;
    }
    let peak = figures.iter().filter_map(|one| one["handler"]["peakRssMiB"].as_f64()).fold(0.0, f64::max);
    Ok(json!({"pages": figures, "peakRssMiB": peak}))
}

async fn one(world: &World, page: Page) -> Result<Value> {
    let Page { name, feed, objects, next, ends } = page;
    let link = match next {
        Some(next) => format!(r#""@odata.nextLink":"{}/{next}""#, world.graph.endpoint()),
        None => format!(r#""@odata.deltaLink":"{}/v1.0/{feed}/delta?$deltatoken=x""#, world.graph.endpoint()),
    };
    let body = format!(r#"{{"value":[{objects}],{link}}}"#);
    let mib = body.len() as f64 / f64::from(1 << 20);
    world.graph.fail(Match::any(), 1, Fault::Status { code: 200, body });
    if let Ends::Written(links) = ends {
        world.cosmos.fail(
            cosmos::Match::operation(cosmos::Operation::Batch),
            links,
            cosmos::Fault::Pretended,
        );
    }
    let begun = Instant::now();
    let verdict = world.fire_feed(feed).await?.verdict;
    let seconds = begun.elapsed().as_secs_f64();
    let lines = world.host.logs();
    let said = |word: &str| lines.iter().any(|line| line.text.contains(word));
    let ended = match (ends, verdict) {
        (Ends::Error(word), Verdict::Failed { .. }) if said(word) => format!("error: {word}"),
        (Ends::Copied(container, wanted), Verdict::Succeeded { .. }) => {
            let copied = world.cosmos.documents(container).await.len();
            ensure!(copied == wanted, "{name}: {copied} of {wanted} documents are in the copy");
            format!("{copied} documents")
        }
        (Ends::Written(links), Verdict::Succeeded { .. }) if said(&format!("\"links\":{links}")) => {
            format!("{links} links written")
        }
        (_, verdict) => anyhow::bail!("{name}: {verdict:?}"),
    };
    Ok(json!({"page": name, "mib": mib, "ended": ended, "seconds": seconds, "handler": used(&world.host)}))
}

fn all() -> Vec<Page> {
    let many = |item: &str, count: usize| vec![item; count].join(",");
    let users = |name, objects, ends| Page { name, feed: "users", objects, next: None, ends };
    let groups = |name, objects, ends| Page { name, feed: "groups", objects, next: None, ends };
    let (some, count) = real_users();
    let long = "x".repeat(12 << 20);
    vec![
        users("tiny objects, 32 MiB", many("{}", BYTES / 3), Ends::Error("more than 16 MiB")),
        users("tiny objects, 12 MiB", many("{}", 4 << 20), Ends::Error("more than 10,000 objects")),
        users("10,000 objects without an id", many("{}", 10_000), Ends::Copied("users", 1)),
        users(
            "one object of tiny properties, 12 MiB",
            format!(r#"{{"id":"u",{}}}"#, many(r#""a":1"#, 2 << 20)),
            Ends::Error("more than 500,000 properties"),
        ),
        users(
            "10,000 objects of 50 properties",
            many(&format!("{{{}}}", many(r#""a":1"#, 50)), 10_000),
            Ends::Copied("users", 1),
        ),
        users("a value of 12 MiB", format!(r#"{{"id":"u","a":"{long}"}}"#), Ends::Copied("users", 1)),
        users(
            "a value 5,000,000 levels deep",
            format!(r#"{{"id":"u","a":{}{}}}"#, "[".repeat(5_000_000), "]".repeat(5_000_000)),
            Ends::Copied("users", 1),
        ),
        Page {
            next: Some(long),
            ..users("a link of 12 MiB", String::new(), Ends::Error("more than 512 KiB in one link"))
        },
        groups(
            "250,000 links in one slice",
            format!(r#"{{"id":"g","members@delta":[{}]}}"#, many(r#"{"id":"m"}"#, 250_000)),
            Ends::Error("more than 200,000 links"),
        ),
        groups(
            "200,000 times the same link",
            format!(r#"{{"id":"g","members@delta":[{}]}}"#, many(r#"{"id":"m"}"#, 200_000)),
            Ends::Copied("groups-members", 1),
        ),
        users("real users, 8 MiB", some, Ends::Copied("users", count)),
        groups("5,000 links of one group", members(SOME_LINKS), Ends::Copied("groups-members", SOME_LINKS)),
        groups("100,000 links of one group, 8 MiB", members(LINKS), Ends::Written(LINKS)),
        groups("200,000 links of one group, 16 MiB", members(MOST_LINKS), Ends::Written(MOST_LINKS)),
    ]
}

/// Users as Graph tells them, and how many.
fn real_users() -> (String, usize) {
    let user = |n: usize| {
        let id = id(n);
        json!({
            "id": id, "accountEnabled": true, "ageGroup": null, "businessPhones": ["+49 731 1234567"], "city": "Ulm",
            "companyName": "Contoso", "consentProvidedForMinor": null, "country": "Germany",
            "createdDateTime": "2023-04-05T06:07:08Z", "creationType": null, "department": "Research and Development",
            "displayName": format!("Somebody With A Name {n}"), "employeeHireDate": null, "employeeId": format!("{n:07}"),
            "employeeType": "employee", "faxNumber": null, "givenName": "Somebody", "jobTitle": "Engineer",
            "mail": format!("somebody.{n}@contoso.example"), "mailNickname": format!("somebody.{n}"),
            "mobilePhone": null, "officeLocation": "18/2111", "onPremisesDistinguishedName": null,
            "onPremisesImmutableId": null, "onPremisesLastSyncDateTime": null, "onPremisesSamAccountName": null,
            "onPremisesSyncEnabled": null, "otherMails": [], "postalCode": "89073", "preferredLanguage": "de-DE",
            "proxyAddresses": [format!("SMTP:somebody.{n}@contoso.example")], "state": "Baden-Württemberg",
            "streetAddress": "Münsterplatz 1", "surname": "With A Name", "usageLocation": "DE",
            "userPrincipalName": format!("somebody.{n}@contoso.example"), "userType": "Member"
        })
        .to_string()
    };
    let count = USERS_BYTES / (user(0).len() + 1);
    ((0..count).map(user).collect::<Vec<_>>().join(","), count)
}

fn members(count: usize) -> String {
    let member = |n| format!(r##"{{"@odata.type":"#microsoft.graph.user","id":"{}"}}"##, id(n));
    let members: Vec<_> = (0..count).map(member).collect();
    format!(r#"{{"id":"{}","displayName":"Everybody","members@delta":[{}]}}"#, id(count), members.join(","))
}

fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}
