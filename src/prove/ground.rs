//! What the questions stand on: the clients, wired as for a turn, and what the doctor found first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use url::Url;

use crate::app;
use crate::catalogue::Resource;
use crate::credentials::{Cached, cached};
use crate::doctor::{Check, Service, State, Subject, Verdict};
use crate::graph::{Client, Options};
use crate::settings::{Notifications, Settings};
use crate::store::{self, CONTROL, Store};

/// What is asked, and what is known of it.
pub(super) struct Ground {
    verdicts: Vec<Verdict>,
    /// What is mirrored here.
    pub resources: Vec<&'static Arc<Resource>>,
    /// Graph.
    pub graph: Client,
    /// Where Graph is.
    pub origin: Url,
    /// Cosmos DB.
    pub store: Store,
    /// Another session of the same account, as another process has it.
    pub other_store: Store,
    /// The name of the credential for Graph.
    pub credential: &'static str,
    /// Change notifications, if they are on.
    pub notifications: Option<Notifications>,
    /// Whether Graph has stopped answering.
    pub silence: Silence,
}

/// Questions that had no answer, each after all its tries. With [`Silence::ENOUGH`], nothing more is asked.
#[derive(Default)]
pub(super) struct Silence(AtomicU32);

impl Silence {
    const ENOUGH: u32 = 2;

    /// One more.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the service has stopped answering.
    pub fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::ENOUGH
    }
}

impl Ground {
    /// Wires the clients; opens nothing.
    pub fn new(settings: Settings, verdicts: Vec<Verdict>) -> Self {
        let Settings { graph, cosmos, identity, notifications, functions, .. } = settings;
        let credential = identity.graph.name();
        let for_graph: Arc<Cached> = cached(identity.graph);
        let for_cosmos = identity.cosmos.map_or_else(|| for_graph.clone(), cached);
        let store = || {
            let options = store::Options {
                endpoint: cosmos.endpoint.clone(),
                database: cosmos.database.clone(),
                key: cosmos.key.clone(),
                scope: cosmos.scope.clone(),
                concurrency: cosmos.concurrency,
                containers: app::containers(functions.as_deref()).collect(),
            };
            Store::new(options, for_cosmos.clone())
        };
        let options = Options { origin: graph.endpoint.clone(), scopes: graph.scopes };
        Self {
            verdicts,
            resources: app::mirrored(functions.as_deref()),
            graph: Client::new(options, for_graph.clone()),
            origin: graph.endpoint,
            store: store(),
            other_store: store(),
            credential,
            notifications,
            silence: Silence::default(),
        }
    }

    /// The containers of what is mirrored here, and `mirror`.
    pub fn containers(&self) -> impl Iterator<Item = &'static str> {
        let all = self.resources.iter().flat_map(|resource| resource.containers());
        all.map(|(name, _)| name).chain([CONTROL.0])
    }

    /// What the doctor said of the token for Graph.
    pub fn token(&self) -> Option<&Verdict> {
        self.verdict(Check::Token, Some(Subject::Service(Service::Graph)))
    }

    /// Why Graph cannot be asked, if it cannot.
    pub fn without_graph(&self) -> Option<String> {
        self.fault(Check::Token, Some(Subject::Service(Service::Graph)))
            .or_else(|| self.fault(Check::Graph, None))
    }

    /// Why a resource cannot be asked for, if it cannot.
    pub fn without(&self, resource: &'static str) -> Option<String> {
        self.fault(Check::Permission, Some(Subject::Resource(resource)))
    }

    /// Why the account cannot be asked, if it cannot.
    pub fn without_account(&self) -> Option<String> {
        let token = || self.fault(Check::Token, Some(Subject::Service(Service::Cosmos)));
        // Where one credential failed for both, the doctor says it once.
        let one_credential = || {
            let skipped = self.verdict(Check::Cosmos, None).is_some_and(|one| one.state == State::Skipped);
            self.without_graph().filter(|_| skipped)
        };
        token().or_else(|| self.fault(Check::Cosmos, None)).or_else(one_credential)
    }

    /// Why `mirror` cannot be written to, if it cannot.
    pub fn without_control(&self) -> Option<String> {
        self.without_account().or_else(|| self.fault(Check::Container, Some(Subject::Container(CONTROL.0))))
    }

    /// Whether Graph lets us read any of what is mirrored.
    pub fn reads_any(&self) -> bool {
        self.verdicts.iter().any(|one| one.check == Check::Permission && one.state == State::Ok)
    }

    /// Whether the clock of this machine and those of the services agree.
    pub fn clocks_agree(&self) -> bool {
        self.verdict(Check::Clock, None).is_some_and(|one| one.state == State::Ok)
    }

    fn verdict(&self, check: Check, subject: Option<Subject>) -> Option<&Verdict> {
        self.verdicts.iter().find(|one| one.check == check && one.subject == subject)
    }

    /// A finding of the doctor in fixed words: its own sentence may have ids.
    fn fault(&self, check: Check, subject: Option<Subject>) -> Option<String> {
        self.verdict(check, subject).filter(|one| one.state == State::Finding)?;
        let about = match subject {
            Some(Subject::Service(service)) => format!(" ({})", service.name()),
            Some(Subject::Resource(name) | Subject::Container(name)) => format!(" ({name})"),
            None => String::new(),
        };
        Some(format!("`graph-mirror doctor` has a finding for `{}`{about}, and its remedy", check.name()))
    }
}
