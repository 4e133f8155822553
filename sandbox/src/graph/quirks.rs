//! Permitted oddities of delta query that a fake tenant shows on demand.

use std::time::Duration;

/// The oddities, all off by default. They hold for all feeds, and some for lists.
/// Source: <https://learn.microsoft.com/graph/delta-query-overview#replays>.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    /// Every so many pages, an empty page with a next link is put in.
    pub empty_page_every: Option<usize>,
    /// Every so many objects of a round are served twice, an older copy first.
    pub duplicate_every: Option<usize>,
    /// A delta round also repeats what the round before it told.
    pub replays: bool,
    /// So many of the latest changes are not told yet: a replica lags behind.
    pub lag: usize,
    /// Every request is answered by a replica that is a random number of changes behind, at most so many, and never behind
    /// what [`super::Graph::settle_replicas`] has settled. Reads by id lag too. A token may meet a replica that is older
    /// than itself: the round is then empty, or tells once more what was so at the replica.
    /// Source: <https://learn.microsoft.com/graph/delta-query-overview#replication-delays>.
    pub random_lag: Option<usize>,
    /// No replica lags longer than this, neither in what it has seen nor in what it tells: each one has seen whatever
    /// happened earlier. Without it they lag until they are settled.
    pub agree_within: Option<Duration>,
    /// Initial rounds show soft-deleted objects as `@removed`.
    pub removed_in_initial: bool,
    /// An initial round shows only so many objects, and then ends with a delta link as if it were complete.
    pub show_only: Option<usize>,
    /// `GET /users/{id}` answers null for selected properties that were never set, where delta leaves them out.
    pub nulls_by_id: bool,
    /// Links that end because their target is deleted for good are reported by the feed of their source. Graph has been seen
    /// not to: <https://github.com/microsoftgraph/microsoft-graph-docs/issues/7115>.
    pub purges_reported: bool,
    /// Of a folder that is deleted with what lies in it, delta tells the folder only. SharePoint's own list of changes does so:
    /// <https://github.com/SharePoint/sp-dev-docs/issues/5964>.
    pub folders_speak_for_all: bool,
    /// A new manager is told without a word about the one before:
    /// <https://github.com/microsoftgraph/microsoft-graph-docs/issues/4500>.
    pub replaced_in_silence: bool,
    /// The next link of a further page is the one that it was asked for with, for ever:
    /// <https://github.com/microsoftgraph/microsoft-graph-docs/issues/4897>.
    pub repeat_link: bool,
    /// Every page has a new next link, which leads to the same page, for ever:
    /// <https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3082>.
    pub repeat_page: bool,
    /// Tokens of links have a `#` in them as it is:
    /// <https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/1184>.
    pub hash_in_tokens: bool,
    /// The pages of a list have at most so many objects, whatever is asked for.
    pub list_page: Option<usize>,
    /// The pages of a list begin at a number of objects, not after an object: what is created or deleted meanwhile has
    /// another one shown twice or not at all (`$skip`).
    pub pages_by_offset: bool,
    /// In lists, the last object of a page is also the first of the next one.
    pub shown_twice_between_pages: bool,
    /// In lists, the first object of every further page is not shown.
    pub lost_between_pages: bool,
    /// In lists, every so many objects of a page are shown twice.
    pub list_twice_every: Option<usize>,
}
