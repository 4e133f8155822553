//! Permitted oddities of delta query that a fake tenant shows on demand.

/// What a client has to live with, all off by default.
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
    /// Initial rounds show soft-deleted objects as `@removed`.
    pub removed_in_initial: bool,
    /// `GET /users/{id}` answers null for selected properties that were never set, where delta leaves them out.
    pub nulls_by_id: bool,
}
