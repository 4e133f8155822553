//! Two feeds in one container: what one of them sweeps, counts or settles is never the other's.

use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use futures_util::TryStreamExt as _;
use graph_mirror::catalogue::{self, Resource};
use graph_mirror::graph::{self, Client};
use graph_mirror::mirror::{Mirror, Options, Progress};
use graph_mirror::protocol::{Ending, Feed};
use graph_mirror::settings::Settings;
use graph_mirror::source::{Minimise, Reader, Source};
use graph_mirror::store::{self, CONTROL, Store, documents, init};
use graph_mirror::sync::{refresh, reset, sync};
use sandbox::world::{Setup, World};
use serde_json::Value;
use time::OffsetDateTime;

use crate::stage::setup;

const BUDGET: Duration = Duration::from_secs(60);

/// A resource that has a parent, the name of a collection, with one container for all of them.
fn things() -> Resource {
    let users = catalogue::resources().iter().find(|resource| resource.name == "users").unwrap();
    Resource {
        name: "things".into(),
        path: "/{collection}/delta".into(),
        object_path: Some("/{collection}".into()),
        properties: vec!["displayName".into(), "id".into()],
        required: vec!["id".into()],
        container: "things".into(),
        relationships: Vec::new(),
        targets: Vec::new(),
        is_linked_to: false,
        subscription: None,
        chain: vec!["collection".into()],
        ..Resource::clone(users)
    }
}

/// The managed identity of the world, which its settings tell; the variables of this process do not.
#[derive(Debug)]
struct Identity {
    endpoint: String,
    header: String,
}

#[async_trait::async_trait]
impl TokenCredential for Identity {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let resource = scopes[0].trim_end_matches("/.default");
        let url = format!("{}?resource={resource}&api-version=2019-08-01", self.endpoint);
        let request = reqwest::Client::new().get(url).header("X-IDENTITY-HEADER", &self.header);
        let answer = request.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + Duration::from_secs(600)))
    }
}

struct Two {
    world: World,
    graph: Client,
    store: Arc<Store>,
}

impl Two {
    /// A tenant of these numbers, and one container for its users and its groups, both copied.
    async fn copied(users: usize, groups: usize) -> Self {
        let world = World::start(Setup { users, groups, ..setup() }).await.unwrap();
        let named = world.settings_with_key();
        let lookup =
            |name: &str| named.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let settings = Settings::for_command(lookup).map_err(|problems| problems.lines().join("\n")).unwrap();
        let credential = Arc::new(Identity {
            endpoint: lookup("IDENTITY_ENDPOINT").unwrap(),
            header: lookup("IDENTITY_HEADER").unwrap(),
        });
        let options = graph::Options { origin: settings.graph.endpoint, scopes: settings.graph.scopes };
        let graph = Client::new(options, credential.clone());
        let options = store::Options {
            endpoint: settings.cosmos.endpoint,
            database: settings.cosmos.database,
            key: settings.cosmos.key,
            scope: "https://cosmos.azure.com/.default".into(),
            concurrency: 8,
            containers: vec![("things", "/_mirror/parent"), CONTROL],
        };
        let store = Arc::new(Store::new(options, credential));
        init::create_container(&store, "things", "/_mirror/parent").await.unwrap();
        let two = Self { world, graph, store };
        for collection in ["users", "groups"] {
            assert_eq!(sync(&two.of(collection), BUDGET).await.unwrap().ending, Ending::Complete);
        }
        assert_eq!((two.living("users").await.len(), two.living("groups").await.len()), (users, groups));
        two
    }

    /// The mirror of one of the two.
    fn of(&self, collection: &str) -> Mirror {
        let (resource, feed) = (Arc::new(things()), Feed::under("things", &[collection]));
        let reader = Reader { tenant_id: "t".into(), principal_id: None, granted: Vec::new(), person: None };
        let source =
            Source::new(self.graph.clone(), Arc::clone(&resource), feed.clone(), reader, Minimise::default());
        let options = Options {
            lease: Duration::from_secs(15),
            doubt: Duration::ZERO,
            tombstone_ttl: Duration::from_secs(86_400),
            max_delete_percent: 20.0,
            max_delete_count: 5,
            list_above: None,
            accepts_removals: false,
        };
        let (store, progress) = (Arc::clone(&self.store), Arc::new(Progress::default()));
        Mirror::new(feed, resource, source, store, options, progress)
    }

    /// The ids of the living documents of one of the two.
    async fn living(&self, collection: &str) -> Vec<String> {
        let mirror = self.of(collection);
        let found = documents::living_marks(&self.store, mirror.objects()).await.unwrap();
        let found: Vec<_> = found.try_collect().await.unwrap();
        found.into_iter().map(|one| one.id).collect()
    }

    /// A feed is read anew, to its end.
    async fn anew(&self, collection: &str) -> Ending {
        reset(&self.of(collection)).await.unwrap();
        sync(&self.of(collection), BUDGET).await.unwrap().ending
    }
}

#[tokio::test]
async fn a_sweep_of_one_feed_leaves_the_objects_of_the_other() {
    let two = Box::pin(Two::copied(4, 3)).await;
    two.world.graph.tenant(|tenant| {
        let gone = tenant.ids("users")[0].clone();
        tenant.purge("users", &gone);
    });
    assert_eq!(two.anew("users").await, Ending::Complete);
    assert_eq!((two.living("users").await.len(), two.living("groups").await.len()), (3, 3));
}

#[tokio::test]
async fn the_removal_limit_counts_the_objects_of_one_feed() {
    let two = Box::pin(Two::copied(8, 60)).await;
    two.world.graph.tenant(|tenant| {
        for gone in tenant.ids("users").into_iter().take(6) {
            tenant.purge("users", &gone);
        }
    });
    let ending = two.anew("users").await;
    assert!(matches!(ending, Ending::Held { missing: 6, of: 8, .. }), "of 68 they would be few: {ending:?}");
}

#[tokio::test]
async fn one_feed_does_not_look_up_what_is_doubtful_in_the_other() {
    let two = Box::pin(Two::copied(4, 3)).await;
    let group = two.living("groups").await.remove(0);
    let refreshed = refresh(&two.of("groups"), std::slice::from_ref(&group), BUDGET).await.unwrap();
    assert_eq!(refreshed.not_found, [""; 0]);
    sync(&two.of("users"), BUDGET).await.unwrap();
    assert!(two.living("groups").await.contains(&group), "no user has its id");
}
