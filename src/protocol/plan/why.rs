//! Why a new generation begins (rule 7).

/// Why a new generation begins (rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no copy yet.
    First,
    /// The definition of the resource changed.
    Shape,
    /// A container is another one than before, or documents of it may have expired (rule 14).
    Container,
    /// The last enumeration is old.
    Age,
    /// The range of time that the feed shows has moved on.
    Range,
    /// Graph no longer knows our token.
    DeadToken,
    /// Where Graph sent us when the token died, there is nothing.
    DeadLocation,
    /// Graph has answered the stored link with nothing but server errors for a day.
    FailingLink,
    /// Links are doubtful, and Graph does not show them one by one (rule 12).
    DoubtfulLinks,
    /// The feed has no delta query: it is read as a whole, or up to now (rule 13).
    Again,
    /// The parent of the feed is gone.
    ParentGone,
    /// The parent of the feed was gone, and is back.
    ParentBack,
    /// What the enumeration has shown is lost (rule 13).
    SeenLost,
    /// A delta query has to confirm the first copy, which was read as a list (rule 16).
    Listed,
    /// Graph refuses the list, or its page tokens keep dying (rule 16).
    ListRefused,
    /// An object lives that the enumeration did not show (rule 11): it may have left out others, too.
    Unseen,
}

impl Why {
    /// Its name in JSON and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Shape => "shape",
            Self::Container => "container",
            Self::Age => "age",
            Self::Range => "range",
            Self::DeadToken => "deadToken",
            Self::DeadLocation => "deadLocation",
            Self::FailingLink => "failingLink",
            Self::DoubtfulLinks => "doubtfulLinks",
            Self::Again => "again",
            Self::ParentGone => "parentGone",
            Self::ParentBack => "parentBack",
            Self::SeenLost => "seenLost",
            Self::Listed => "listed",
            Self::ListRefused => "listRefused",
            Self::Unseen => "unseen",
        }
    }
}
