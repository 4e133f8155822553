//! Judges the Cosmos DB account: whether it answers, its database and containers, and what the identity may do; pure.

use super::verdict::{Check, Subject, Verdict};
use crate::store::{Account, CONTROL, Fault, Properties, StoreError, Unfit};

/// What came of asking the account.
#[derive(Debug)]
pub struct Facts {
    /// The account was opened and the database found.
    pub opened: Result<(), StoreError>,
    /// The containers; all with the error of `opened` where that failed.
    pub containers: Vec<Container>,
    /// A document was looked for in `mirror`.
    pub read: Result<(), StoreError>,
    /// A document was written to `mirror` and deleted.
    pub write: Result<(), StoreError>,
}

/// A container as it is needed, and as it is.
#[derive(Debug)]
pub struct Container {
    /// Its name.
    pub name: &'static str,
    /// The partition key that it needs.
    pub partition_key: &'static str,
    /// What there is.
    pub found: Result<Properties, StoreError>,
}

/// Who asked.
#[derive(Debug)]
pub struct Asker<'a> {
    /// The account, for commands.
    pub account: &'a Account,
    /// The name of the database.
    pub database: &'a str,
    /// The account key was used instead of a token.
    pub with_key: bool,
    /// The object id of the identity, as its token says.
    pub principal_id: Option<&'a str>,
}

impl Asker<'_> {
    fn unfit(&self, container: &str, partition_key: &str, fault: Fault) -> Unfit {
        Unfit {
            container: container.to_owned(),
            database: self.database.to_owned(),
            partition_key: partition_key.to_owned(),
            fault,
            account: self.account.clone(),
        }
    }
}

impl Facts {
    /// Whether Cosmos throttled one of the requests; none where it answered none.
    pub fn is_throttled(&self) -> Option<bool> {
        use StoreError::{Blocked, Distrusted, NoToken, Unauthorized, Unknown};
        if matches!(self.opened, Err(Blocked(_) | Distrusted(_) | NoToken(_) | Unauthorized(_) | Unknown(_)))
        {
            return None;
        }
        let found = self.containers.iter().filter_map(|container| container.found.as_ref().err());
        let all = [&self.opened, &self.read, &self.write].into_iter().filter_map(|one| one.as_ref().err());
        Some(found.chain(all).any(|error| matches!(error, StoreError::Throttled { .. })))
    }

    /// The refusal that says that the identity may not read metadata or documents, if there is one.
    fn refused(&self) -> Option<&StoreError> {
        let found = self.containers.iter().filter_map(|container| container.found.as_ref().err());
        let all = [&self.opened, &self.read].into_iter().filter_map(|one| one.as_ref().err()).chain(found);
        all.into_iter().find(|error| matches!(error, StoreError::Forbidden(_)))
    }
}

/// Judges all of it, the account first.
pub fn judge(facts: &Facts, asker: &Asker<'_>) -> Vec<Verdict> {
    let mut verdicts = vec![account(&facts.opened, asker)];
    verdicts.extend(facts.containers.iter().map(|one| container(one, facts.opened.is_ok(), asker)));
    verdicts.push(role(facts, asker));
    verdicts
}

fn account(opened: &Result<(), StoreError>, asker: &Asker<'_>) -> Verdict {
    const CHECK: Check = Check::Cosmos;
    let Asker { account, database, .. } = asker;
    match opened {
        Ok(()) => Verdict::ok(CHECK, format!("the account answers, and has the database `{database}`")),
        Err(StoreError::Forbidden(_)) => Verdict::ok(CHECK, "the account answers"),
        Err(StoreError::Throttled { .. }) => Verdict::ok(CHECK, "the account answers, and throttles"),
        Err(StoreError::NoToken(_)) => Verdict::skipped(CHECK, "there is no access token for Azure Cosmos DB"),
        Err(StoreError::Missing(_)) => Verdict::finding(
            CHECK,
            format!("the account has no database `{database}`"),
            "create it, or set COSMOS_DATABASE to the one that there is; with COSMOS_KEY, `graph-mirror init` creates it \
             and its containers:",
        )
        .by(account.create_database()),
        Err(StoreError::Blocked(why)) => Verdict::finding(
            CHECK,
            format!("the firewall of the account refuses the address of this machine ({why})"),
            "run this where the app runs, or let this machine in; a change takes up to 15 minutes:",
        )
        .by(account.allow_address()),
        Err(StoreError::Unauthorized(why)) if asker.with_key => Verdict::finding(
            CHECK,
            format!("the account refuses COSMOS_KEY ({why})"),
            "set COSMOS_KEY to the key of this account, or unset it to use the credential:",
        )
        .by(account.show_key()),
        Err(StoreError::Unauthorized(why)) => Verdict::finding(
            CHECK,
            format!("the account refuses the access token ({why})"),
            "use an identity of the tenant that the account belongs to, and see that the clock is right",
        ),
        Err(error) => Verdict::finding(
            CHECK,
            error.to_string(),
            "set COSMOS_ENDPOINT to the endpoint of the account, and see that this machine can reach it (name \
             resolution, private endpoint, proxy):",
        )
        .by(account.show_endpoint()),
    }
}

fn container(container: &Container, is_asked: bool, asker: &Asker<'_>) -> Verdict {
    const CHECK: Check = Check::Container;
    let Container { name, partition_key, found } = container;
    let unfit = |unfit: &Unfit| Verdict::finding(CHECK, unfit.what(), unfit.next()).by(unfit.command());
    let verdict = match found {
        Err(StoreError::Container(missing)) if is_asked => unfit(missing),
        _ if !is_asked => Verdict::skipped(CHECK, "the database was not reached"),
        Err(StoreError::Forbidden(_)) => Verdict::skipped(CHECK, "the identity may not read it"),
        Err(StoreError::Throttled { .. }) => Verdict::skipped(CHECK, "Azure Cosmos DB throttles"),
        Err(error) => Verdict::finding(CHECK, format!("`{name}` cannot be looked at: {error}"), "try again"),
        Ok(there) => match Fault::of(there, partition_key) {
            Some(fault) => unfit(&asker.unfit(name, partition_key, fault)),
            None => Verdict::ok(CHECK, format!("partition key {partition_key}, TTL on without a default")),
        },
    };
    verdict.about(Subject::Container(name))
}

fn role(facts: &Facts, asker: &Asker<'_>) -> Verdict {
    const CHECK: Check = Check::Role;
    let refused = |what: String| {
        let next = "assign it the role Cosmos DB Built-in Data Contributor; it takes some minutes to apply:";
        Verdict::finding(CHECK, what, next).by(asker.account.assign_role(asker.principal_id))
    };
    if let Some(StoreError::Forbidden(why)) = facts.refused() {
        return refused(format!("the identity may not read the database ({why})"));
    }
    if facts.opened.is_err() {
        return Verdict::skipped(CHECK, "the database was not reached");
    }
    // A container that is not as it should be is told above, and its documents say nothing about the role.
    let control = facts.containers.iter().find(|container| container.name == CONTROL.0);
    let is_sound = |there: &Properties| there.partition_key == CONTROL.1;
    if !control.is_some_and(|control| control.found.as_ref().is_ok_and(is_sound)) {
        return Verdict::skipped(CHECK, format!("the container `{}` is not as it should be", CONTROL.0));
    }
    match (&facts.read, &facts.write) {
        (_, Err(StoreError::Forbidden(why))) => {
            refused(format!("the identity may read documents, but not write and delete them ({why})"))
        }
        (Err(StoreError::Throttled { .. }), _) | (_, Err(StoreError::Throttled { .. })) => {
            Verdict::skipped(CHECK, "Azure Cosmos DB throttles")
        }
        (Err(error), _) | (_, Err(error)) => {
            let what = format!("a document of its own could not be read, written and deleted: {error}");
            Verdict::finding(
                CHECK,
                what,
                "try again; if this stays, see the health of the account in the Azure portal",
            )
        }
        (Ok(()), Ok(())) if asker.with_key => Verdict::ok(CHECK, "COSMOS_KEY may do everything"),
        (Ok(()), Ok(())) => Verdict::ok(CHECK, "the identity may read, write and delete documents"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::State;
    use super::*;
    use crate::store::{Ttl, Unassigned};
    use url::Url;

    fn sound() -> Facts {
        let found = |key: &str| Ok(Properties { id: "rid".into(), partition_key: key.into(), ttl: Ttl::On });
        let container = |name, partition_key| Container { name, partition_key, found: found(partition_key) };
        Facts {
            opened: Ok(()),
            containers: vec![container("users", "/id"), container("mirror", "/feed")],
            read: Ok(()),
            write: Ok(()),
        }
    }

    /// The findings, as `check: what`, and their commands.
    fn findings(facts: &Facts, with_key: bool) -> Vec<(String, Option<String>)> {
        let account = Account::new(&Url::parse("https://contoso.documents.azure.com/").unwrap(), "graph");
        let asker = Asker { account: &account, database: "graph", with_key, principal_id: Some("me") };
        let verdicts = judge(facts, &asker).into_iter().filter(|verdict| verdict.state == State::Finding);
        verdicts.map(|one| (format!("{}: {}", one.check.name(), one.what), one.command)).collect()
    }

    fn only(facts: &Facts) -> (String, String) {
        let found = findings(facts, false);
        assert_eq!(found.len(), 1, "{found:?}");
        let (what, command) = found.into_iter().next().unwrap();
        (what, command.unwrap_or_default())
    }

    #[test]
    fn a_sound_account_has_no_finding() {
        assert_eq!(findings(&sound(), false), []);
        assert_eq!(sound().is_throttled(), Some(false));
    }

    #[test]
    fn a_container_that_is_missing_or_other_is_one_finding_with_its_command() {
        let with = |found| {
            let mut facts = sound();
            facts.containers[0].found = found;
            only(&facts)
        };
        let account = Account::new(&Url::parse("https://contoso.documents.azure.com/").unwrap(), "graph");
        let asker = Asker { account: &account, database: "graph", with_key: false, principal_id: None };
        let missing = asker.unfit("users", "/id", Fault::Missing);
        let (what, command) = with(Err(StoreError::Container(Box::new(missing))));
        assert!(
            what.contains("no container `users`")
                && command.contains("-n users --partition-key-path /id --ttl -1")
        );
        let other = |key: &str, ttl| Ok(Properties { id: "rid".into(), partition_key: key.into(), ttl });
        let (what, command) = with(other("/tenantId", Ttl::On));
        assert!(
            what.contains("/tenantId, and needs /id") && command.contains("delete -a contoso"),
            "{command}"
        );
        for ttl in [Ttl::Off, Ttl::Default(3600)] {
            let (what, command) = with(other("/id", ttl));
            assert!(what.contains("TTL") && command.ends_with("update -a contoso -g $(az cosmosdb list --query \"[?name=='contoso'].resourceGroup\" -o tsv) -d graph -n users --ttl -1"), "{command}");
        }
    }

    #[test]
    fn without_a_role_nothing_else_is_a_finding() {
        let forbidden = || StoreError::Forbidden(Unassigned::new("status 403/5301"));
        let mut facts = sound();
        facts.opened = Err(forbidden());
        facts.containers.clear();
        (facts.read, facts.write) = (Err(forbidden()), Err(forbidden()));
        let (what, command) = only(&facts);
        assert!(
            what.starts_with("role: ") && command.ends_with("--principal-id me --scope /dbs/graph"),
            "{command}"
        );
        let reader = Facts { write: Err(forbidden()), ..sound() };
        assert!(only(&reader).0.contains("may read documents, but not write"));
    }

    #[test]
    fn an_account_that_cannot_be_asked_is_one_finding() {
        let opened = |error: StoreError| {
            let mut facts =
                Facts { opened: Err(error.clone()), read: Err(error.clone()), write: Err(error), ..sound() };
            facts.containers.clear();
            facts
        };
        let text = || "status".to_owned();
        assert!(only(&opened(StoreError::Blocked(text()))).1.contains("--ip-range-filter"));
        assert!(only(&opened(StoreError::Missing(text()))).1.contains("database create"));
        assert!(only(&opened(StoreError::Unknown(text()))).1.contains("documentEndpoint"));
        assert!(only(&opened(StoreError::Unauthorized(text()))).0.contains("refuses the access token"));
        let with_key = findings(&opened(StoreError::Unauthorized(text())), true);
        assert!(with_key[0].0.contains("refuses COSMOS_KEY"), "{with_key:?}");
        assert_eq!(findings(&opened(StoreError::NoToken(text())), false), []);
    }

    #[test]
    fn what_is_said_of_the_role_needs_a_sound_container() {
        let mut facts = sound();
        facts.containers[1].found =
            Ok(Properties { id: "rid".into(), partition_key: "/id".into(), ttl: Ttl::On });
        facts.write = Err(StoreError::Refused("status 400".into()));
        assert!(only(&facts).0.starts_with("container: "));
        let mut facts = sound();
        facts.read = Err(StoreError::Throttled { after: std::time::Duration::ZERO });
        assert_eq!((findings(&facts, false), facts.is_throttled()), (Vec::new(), Some(true)));
    }
}
