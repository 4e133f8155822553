//! One resource of the catalogue, and what follows from its row. Pure.

use sha2::{Digest, Sha256};
use time::Duration;

use super::described::{Range, Relationship, Subscribed, Window};
use super::words::{Cloud, Mode, PageSizeBy, Removal, Status, Updates, Word as _, Write};
use super::{Chosen, Permission, Who};
use crate::protocol::{self, FirstCopy, Reach, Rolling};

/// One Graph resource that can be mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its name, that of its feeds and of its function (`sync_<resource>`).
    pub name: String,
    /// The file with its row.
    pub file: String,
    /// The file is in the folder of its function.
    pub is_own: bool,
    /// Path of the feed, below the API version. `{users}` stands for the id of a parent of the resource `users`.
    pub path: String,
    /// How the feed is read.
    pub mode: Mode,
    /// The answer is one object without `value`.
    pub single: bool,
    /// The property that identifies an object.
    pub key: String,
    /// The type of its objects, such as `microsoft.graph.user`.
    pub entity_type: Option<String>,
    /// The properties that the copy holds; none where the feed takes no `$select`.
    pub properties: Vec<String>,
    /// Properties that every object has: an entry of a delta round without one of them tells a part of an object only.
    pub required: Vec<String>,
    /// `$filter` of the first request.
    pub filter: Option<String>,
    /// `$expand` of the first request.
    pub expand: Option<String>,
    /// Other parameters of the first request. `{from}` and `{to}` stand for the ends of a time range.
    pub query: Vec<(String, String)>,
    /// Path of the collection below which one object is read by its id; none where that is not possible.
    pub object_path: Option<String>,
    /// The Cosmos container.
    pub container: String,
    /// Relationships that the feed tells of, as links.
    pub relationships: Vec<Relationship>,
    /// Containers whose objects the links may point to, as far as they are mirrored.
    pub targets: Vec<String>,
    /// Whether links of any resource of the catalogue may point to objects of this one.
    pub is_linked_to: bool,
    /// What an entry of a later round holds.
    pub updates: Updates,
    /// How the feed reports that an object is gone.
    pub removal: Removal,
    /// A time takes the place of a token, and asks for what changed since.
    pub time_token: bool,
    /// A property with a time that never changes, by which Graph filters: a list of the objects can be cut by it.
    pub list_by: Option<String>,
    /// Where an object names the object of the same feed that it lies in, as a folder: the names of properties, from outside
    /// inwards.
    pub inside: Vec<String>,
    /// Values of `Prefer` on every request.
    pub prefer: Vec<String>,
    /// How many objects a page is asked to hold.
    pub page_size: Option<u32>,
    /// How that is asked for.
    pub page_size_by: PageSizeBy,
    /// The window, in window mode.
    pub window: Option<Window>,
    /// The range of time that a delta query shows, where it shows one.
    pub range: Option<Range>,
    /// How many days documents stay, in window mode.
    pub ttl_days: Option<u32>,
    /// How often the feed is read without a request, in minutes, where it has a parent.
    pub every: Option<u32>,
    /// A deployment has to choose the parents.
    pub parents_required: bool,
    /// The parents that a deployment has chosen.
    pub chosen: Option<Chosen>,
    /// The least application permission that reads the feed, with those that do too.
    pub permission: Permission,
    /// What Graph notifies of, if it does.
    pub subscription: Option<Subscribed>,
    /// The deployment wants change notifications below each parent.
    pub notify: bool,
    /// The clouds that have it.
    pub clouds: Vec<Cloud>,
    /// The scope in which Graph throttles its requests.
    pub service: String,
    /// How far the row can be relied on.
    pub status: Status,
    /// Microsoft must approve the app, or meters the requests.
    pub protected_api: bool,
    /// What else is to be known, in sentences.
    pub quirks: Vec<String>,
    /// Properties that are stored as a keyed hash.
    pub hash: Vec<String>,
    /// Properties that are not stored.
    pub drop: Vec<String>,
    /// How documents are written.
    pub write: Write,
    /// `refresh` reads the feed as the person who calls it.
    pub on_behalf_of: bool,
    /// The resources whose objects the feed lies under, outermost first.
    pub chain: Vec<String>,
}

/// The person who is signed in.
pub(super) const ME: &str = "/me";

/// The resource below which the feeds of persons lie.
pub(super) const PERSONS: &str = "users";

/// How long Graph keeps objects that are read by time, where nobody says.
const RETENTION_DAYS: u32 = 30;

impl Resource {
    /// How its feeds are read, as the protocol knows it.
    pub fn read_mode(&self) -> protocol::Mode {
        let reach = |window: &Window| Reach {
            overlap: Duration::minutes(i64::from(window.overlap_minutes)),
            retention: Duration::days(i64::from(window.retention_days.unwrap_or(RETENTION_DAYS))),
            bounded: window.upper,
        };
        let days = |days: u32| Duration::days(i64::from(days));
        let rolling = |range: Range| Rolling {
            back: days(range.days_back),
            ahead: days(range.days_ahead),
            roll: days(range.roll_days),
        };
        match (self.mode, &self.window) {
            (Mode::Delta, _) if self.object_path.is_none() => protocol::Mode::Additions,
            (Mode::Delta, _) => {
                self.range.map_or(protocol::Mode::Delta, |range| protocol::Mode::Rolling(rolling(range)))
            }
            (Mode::List, _) | (Mode::Window, None) => protocol::Mode::List,
            (Mode::Window, Some(window)) => protocol::Mode::Window(reach(window)),
        }
    }

    /// How its first copy may be read.
    pub fn first_copy(&self) -> FirstCopy {
        match &self.list_by {
            None => FirstCopy::Delta,
            Some(_) if self.relationships.is_empty() => FirstCopy::List,
            Some(_) => FirstCopy::ListOfObjects,
        }
    }

    /// All containers of the resource with their partition keys: its objects', and those of its links, which lie
    /// together by their source.
    pub fn containers(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let links = self.relationships.iter().map(|link| (&*link.container, "/_mirror/parent"));
        // What lies under a parent, or is one person's, is read in one partition.
        let is_under = self.path.contains('{') || self.is_delegated();
        let key = if is_under { "/_mirror/parent" } else { "/id" };
        std::iter::once((&*self.container, key)).chain(links)
    }

    /// The relationship with this navigation property.
    pub fn relationship(&self, property: &str) -> Option<&Relationship> {
        self.relationships.iter().find(|relationship| relationship.property == property)
    }

    /// The subscription to the whole resource. A resource with parents is subscribed to below each parent, or as a whole if
    /// the deployment wants that and the subscription names no parent.
    pub fn notified(&self) -> Option<&Subscribed> {
        let is_whole = |to: &&Subscribed| self.chain.is_empty() || self.notify && !to.resource.contains('{');
        self.subscription.as_ref().filter(is_whole)
    }

    /// Whether a notification leads to one object, which is read by its id: there is no delta query to tell what else changed.
    pub fn is_read_singly(&self) -> bool {
        self.mode != Mode::Delta && self.object_path.is_some()
    }

    /// Whether it is read as a person: what `/me` leads to, or what `refresh` reads for its caller. Each person has a feed of
    /// their own, below the user with their object id: <https://learn.microsoft.com/graph/api/user-get>.
    pub fn is_delegated(&self) -> bool {
        self.on_behalf_of || self.path == ME || self.path.starts_with("/me/")
    }

    /// How many of its parents the subscription names, outermost first, of a resource that is subscribed to below each parent.
    pub fn notified_below(&self) -> Option<usize> {
        let to = self.subscription.as_ref().filter(|_| self.notify)?;
        let names = |parent: &String| to.resource.contains(&format!("{{{parent}}}"));
        self.chain.iter().rposition(names).map(|last| last + 1)
    }

    /// Whether this cloud has it.
    pub fn is_in(&self, cloud: Cloud) -> bool {
        self.clouds.contains(&cloud)
    }

    /// The least permissions that a deployment needs for it: what reads it, what reads the group of its parents, and what its
    /// subscriptions need, if it wants them below its parents.
    pub fn permissions(&self) -> impl Iterator<Item = &Permission> {
        let group = match self.chosen.as_ref().map(|chosen| &chosen.who) {
            Some(Who::Group { permission, .. }) => Some(&**permission),
            _ => None,
        };
        let to = self.subscription.as_ref().filter(|_| self.notify);
        std::iter::once(&self.permission).chain(group).chain(to.and_then(|to| to.permission.as_ref()))
    }

    /// The application permissions that read it, by name, the least one first.
    pub fn accepted(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.permission.name).chain(&self.permission.wider).map(String::as_str)
    }

    /// The resources whose objects the feed lies under, outermost first; the last one is the direct parent. They follow
    /// from the path: `/drives/{drives}/root/delta` lies under drives, which lie under sites.
    pub fn parents(&self) -> &[String] {
        &self.chain
    }

    /// Whether the row chooses a parent, by the path of its ids; none where the row does not say so by itself.
    pub fn lists(&self, path: &str) -> Option<bool> {
        let chosen = self.chosen.as_ref()?;
        let level = self.chain.iter().position(|parent| *parent == chosen.resource)?;
        let id = percent_encoding::percent_decode_str(path.split('/').nth(level)?).decode_utf8_lossy();
        chosen.who.lists(&id)
    }

    /// A path of the row with the ids of the parents, which are percent-encoded, joined by `/` and in the order of
    /// [`Resource::parents`].
    pub fn filled(&self, path: &str, ids: Option<&str>) -> String {
        let ids = ids.unwrap_or_default().split('/');
        self.chain.iter().zip(ids).fold(path.to_owned(), |path, (parent, id)| {
            // In a function's argument, a quote in the id would end the text.
            let quoted = id.replace("%27", "%27%27");
            path.replace(&format!("'{{{parent}}}'"), &format!("'{quoted}'"))
                .replace(&format!("{{{parent}}}"), id)
        })
    }

    /// `$select` of the feed: the properties, and the relationships. Empty: the feed is read without `$select`.
    pub fn delta_select(&self) -> Vec<String> {
        let links = self.relationships.iter().map(|link| &link.property);
        self.properties.iter().chain(links).cloned().collect()
    }

    /// A hash of everything that decides what the feed delivers. Another shape starts a new
    /// generation, since tokens and documents of the old one no longer fit.
    pub fn shape(&self) -> String {
        let mut hash = Sha256::new();
        for part in [&*self.path, self.mode.word(), &self.delta_select().join(",")] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        for (name, value) in self.further() {
            hash.update(format!("{name}={value}"));
            hash.update([0]);
        }
        hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What decides it too, where it is not as in most rows.
    fn further(&self) -> Vec<(String, String)> {
        let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut all = Vec::new();
        all.extend((self.key != "id").then(|| named("key", &self.key)));
        all.extend(self.single.then(|| named("single", "true")));
        all.extend(self.filter.as_ref().map(|filter| named("$filter", filter)));
        all.extend(self.expand.as_ref().map(|expand| named("$expand", expand)));
        all.extend(self.query.iter().cloned());
        all.extend(self.window.as_ref().map(|window| named("window", &window.property)));
        all.extend(self.range.map(|range| {
            named("range", &format!("{} days back, {} ahead", range.days_back, range.days_ahead))
        }));
        for (name, list) in [("prefer", &self.prefer), ("hash", &self.hash), ("drop", &self.drop)] {
            all.extend(list.iter().map(|value| named(name, value)));
        }
        all
    }
}
