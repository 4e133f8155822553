//! The doctor: looks at everything that a copy depends on, and says of each fault what it means and how it is mended.
//!
//! Promises: each fault is one finding; a check whose prerequisite failed is skipped and says why. It ends within a
//! minute, whoever does not answer. Nothing of a copy changes: the only write is a document of its own in `mirror`,
//! deleted at once. No token, key, link, body or address is told. Leaves out on purpose: mending.
//!
//! Reading order: [`verdict`] (what is told), [`ask`] (facts), and a judge for each group of checks, which is pure:
//! [`token`], [`graph`], [`cosmos`], [`queue`], [`notification`], [`clock`], [`throttling`].

use crate::credentials::Claims;
use crate::settings::Settings;

mod ask;
mod clock;
mod cosmos;
mod graph;
mod notification;
mod queue;
mod throttling;
mod token;
mod verdict;

pub use verdict::{Check, Identity, Service, State, Subject, Verdict};

use ask::{Answers, Asking};

/// Asks all services and judges what they answered, in the order of [`Check::ALL`].
pub async fn examine(settings: Settings) -> Vec<Verdict> {
    let asking = Asking::new(settings);
    let answers = Box::pin(asking.all()).await;
    let mut verdicts = vec![Verdict::ok(Check::Settings, "all settings are right")];
    verdicts.extend(judge(&asking, &answers));
    verdicts
}

/// What there is to say where the settings are wrong: each problem, and that nothing else was looked at.
pub fn wrong_settings(problems: &[String]) -> Vec<Verdict> {
    let finding = |problem: &String| {
        let (name, _) = problem.split_once(':').unwrap_or(("the setting", ""));
        Verdict::finding(
            Check::Settings,
            problem,
            format!("set {name} as said; docs/settings.md lists all settings"),
        )
    };
    let others = Check::ALL.into_iter().filter(|check| *check != Check::Settings);
    let skipped = others.map(|check| Verdict::skipped(check, "the settings are wrong"));
    problems.iter().map(finding).chain(skipped).collect()
}

fn judge(asking: &Asking, answers: &Answers) -> Vec<Verdict> {
    let Answers { graph_token, cosmos_token, graph, cosmos, throttled, clocks, silent, handshake } = answers;
    let mut verdicts = tokens(asking, answers);
    verdicts.push(graph::judge(graph));
    let origin = asking.graph_for_commands();
    verdicts.extend(graph.iter().map(|asked| graph::permission(asked, graph_token, &origin, asking.acts)));
    let principal = |claims: &Claims| claims.oid.clone();
    let principal_id = cosmos_token.as_ref().and_then(|asked| asked.claims.as_ref().ok()).and_then(principal);
    let asker = cosmos::Asker {
        account: &asking.account,
        database: &asking.database,
        with_key: asking.with_key,
        principal_id: principal_id.as_deref(),
    };
    verdicts.extend(cosmos::judge(cosmos, &asker));
    verdicts.push(queue::judge(&asking.storage, asking.is_host));
    verdicts.push(match (&asking.notifications, handshake) {
        (Some((_, place)), Some(handshake)) => notification::judge(*place, handshake),
        _ => notification::off(),
    });
    verdicts.push(clock::judge(clocks, silent));
    verdicts.push(throttling::graph(graph, throttled));
    verdicts.push(throttling::cosmos(cosmos.is_throttled()));
    verdicts
}

/// One credential that fails for both services is one fault.
fn tokens(asking: &Asking, answers: &Answers) -> Vec<Verdict> {
    let stated = asking.tenant_id.as_deref();
    let graph = token::judge(Service::Graph, &answers.graph_token, stated);
    let cosmos = match (&answers.cosmos_token, &answers.graph_token.claims) {
        (None, _) => token::skipped(Service::Cosmos, "COSMOS_KEY is set, so no token is needed"),
        (Some(cosmos), Err(why)) if asking.is_one_credential || cosmos.claims.as_ref().err() == Some(why) => {
            token::skipped(Service::Cosmos, "the credential is the one that failed for Microsoft Graph")
        }
        (Some(cosmos), _) => token::judge(Service::Cosmos, cosmos, None),
    };
    vec![graph, cosmos]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_findings_and_nothing_else_is_looked_at() {
        let verdicts = wrong_settings(&["COSMOS_ENDPOINT: is not set".into(), "AZURE_CLOUD: odd".into()]);
        let state = |state| verdicts.iter().filter(move |verdict| verdict.state == state).count();
        assert_eq!((state(State::Finding), state(State::Skipped)), (2, Check::ALL.len() - 1));
        assert!(verdicts[0].next.as_deref().unwrap().starts_with("set COSMOS_ENDPOINT as said"));
    }
}
