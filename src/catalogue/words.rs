//! The values that a row may have where only certain words are allowed; pure.

/// A value that a row names by a word.
pub trait Word: Copy + PartialEq + 'static {
    /// All of them, each with its word.
    const ALL: &[(&str, Self)];

    /// Its word.
    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| *word)
    }
}

/// How Graph is read for a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Delta query: Graph returns what changed since the last round.
    Delta,
    /// The whole list each time, compared with the copy.
    List,
    /// Objects by their time, up to now, with an overlap.
    Window,
}

impl Word for Mode {
    const ALL: &[(&str, Self)] = &[("delta", Self::Delta), ("list", Self::List), ("window", Self::Window)];
}

/// What an entry of a later delta round holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// The whole object.
    Full,
    /// The properties that changed, which are merged into the document.
    Partial,
}

impl Word for Updates {
    const ALL: &[(&str, Self)] = &[("full", Self::Full), ("partial", Self::Partial)];
}

/// How Graph reports that an object is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The entry has `@removed`.
    Annotation,
    /// The entry has the facet `deleted`.
    DeletedFacet,
    /// The entry has a value in `deletedDateTime`.
    DeletedDateTime,
    /// It does not report it.
    None,
}

impl Word for Removal {
    const ALL: &[(&str, Self)] = &[
        ("annotation", Self::Annotation),
        ("deletedFacet", Self::DeletedFacet),
        ("deletedDateTime", Self::DeletedDateTime),
        ("none", Self::None),
    ];
}

/// How a page size is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageSizeBy {
    /// With `$top`.
    Top,
    /// With `Prefer: odata.maxpagesize`.
    Prefer,
}

impl Word for PageSizeBy {
    const ALL: &[(&str, Self)] = &[("top", Self::Top), ("prefer", Self::Prefer)];
}

/// The operators of the filter of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operators {
    /// From and to are inside.
    GeLe,
    /// From is inside, to is outside.
    GeLt,
    /// From and to are outside.
    GtLt,
}

impl Word for Operators {
    const ALL: &[(&str, Self)] = &[("ge/le", Self::GeLe), ("ge/lt", Self::GeLt), ("gt/lt", Self::GtLt)];
}

/// A cloud of Microsoft: <https://learn.microsoft.com/graph/deployments>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The global service.
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DOD).
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

impl Word for Cloud {
    const ALL: &[(&str, Self)] = &[
        ("global", Self::Global),
        ("usgov", Self::UsGov),
        ("usgov-dod", Self::UsGovDod),
        ("china", Self::China),
    ];
}

/// How far a row can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It follows the documentation.
    Ok,
    /// It does, and costs more or shows more than most want.
    OptIn,
    /// Something that it needs is not documented.
    Unverified,
}

impl Word for Status {
    const ALL: &[(&str, Self)] =
        &[("ok", Self::Ok), ("opt-in", Self::OptIn), ("unverified", Self::Unverified)];
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It takes the place of what is there.
    Replace,
    /// Top-level properties that others added stay.
    Merge,
}

impl Word for Write {
    const ALL: &[(&str, Self)] = &[("replace", Self::Replace), ("merge", Self::Merge)];
}

/// The scopes in which Graph throttles: <https://learn.microsoft.com/graph/throttling-limits>.
pub(super) const SERVICES: [&str; 16] = [
    "cloudPc",
    "conditionalAccess",
    "education",
    "governance",
    "identity",
    "identityProtection",
    "identityProviders",
    "intune",
    "outlook",
    "planner",
    "reports",
    "search",
    "security",
    "serviceAnnouncement",
    "sharepoint",
    "teams",
];
