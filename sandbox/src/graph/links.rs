//! Next and delta links: opaque, issued once, good only as they were written.
//!
//! A token is random text with characters that a careless client would re-encode; what it stands for is kept here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use fastrand::Rng;

use super::{delta::Round, fault::TokenDeath, row::Tokens, select::Select};

/// What a token stands for.
#[derive(Clone, Debug)]
pub(super) enum Cursor {
    /// The rest of a round.
    Page { round: Arc<Round>, offset: usize, page: usize },
    /// A new round. `before` is where the round began that ended with this link.
    Delta { select: Select, from: usize, before: usize },
    /// The rest of a list.
    List { select: Select, place: Place },
}

/// Where in a list a page begins.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The value by which the list is ordered and the key of the last object before.
    pub(super) after: Option<(String, String)>,
    /// How many objects were before.
    pub(super) offset: usize,
    /// How many pages were before.
    pub(super) page: usize,
    /// What this walk does not show.
    pub(super) hidden: Arc<BTreeSet<String>>,
}

impl Cursor {
    fn option(&self) -> &'static str {
        match self {
            Self::Page { .. } | Self::List { .. } => "$skiptoken",
            Self::Delta { .. } => "$deltatoken",
        }
    }

    /// The selection, and with it the feed, that the token encodes.
    pub(super) fn select(&self) -> &Select {
        match self {
            Self::Page { round, .. } => &round.select,
            Self::Delta { select, .. } | Self::List { select, .. } => select,
        }
    }
}

/// All links ever issued, by their query.
pub(super) struct Links {
    random: Rng,
    issued: HashMap<String, (Cursor, Option<TokenDeath>)>,
    /// What stands in each new token besides.
    mark: &'static str,
}

impl Links {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), issued: HashMap::new(), mark: "" }
    }

    /// From now on every token has a `#` in it, which a client has to write as `%23`.
    pub(super) fn mark(&mut self, is_marked: bool) {
        self.mark = if is_marked { "#" } else { "" };
    }

    /// Issues a new token; says what follows the path in the link.
    pub(super) fn issue(&mut self, cursor: Cursor) -> String {
        let token = self.token();
        let is_next = matches!(cursor, Cursor::Page { .. });
        let mark = if is_next { "n" } else { "d" };
        match cursor.select().feed.tokens {
            Tokens::Options => {
                let query = format!("{}={token}", cursor.option());
                self.keep(&query, cursor);
                format!("?{query}")
            }
            Tokens::Token => {
                let query = format!("token={mark}{token}");
                self.keep(&query, cursor);
                format!("?{query}")
            }
            Tokens::SkipToken => {
                let query = format!("skipToken={mark}{token}");
                self.keep(&query, cursor);
                format!("?{query}")
            }
            Tokens::Function => {
                let argument = format!("token='{mark}{token}'");
                self.keep(&argument, cursor);
                format!("({argument})")
            }
        }
    }

    /// The query of a link after other query options, as the links of lists have it.
    pub(super) fn issue_after(&mut self, options: &str, cursor: Cursor) -> String {
        let query = format!("{options}{}={}", cursor.option(), self.token());
        self.keep(&query, cursor);
        query
    }

    fn token(&mut self) -> String {
        const AWKWARD: &[&str] = &["-", "_", ".", "~", "!", "*", "(", ")", "%2b", "%2F", "%3d", "%23", "%25"];
        let mut token = format!("{:x}{}", self.issued.len(), self.mark);
        for _ in 0..8 {
            token.push_str(AWKWARD[self.random.usize(..AWKWARD.len())]);
            (0..5).for_each(|_| token.push(self.random.alphanumeric()));
        }
        token
    }

    fn keep(&mut self, query: &str, cursor: Cursor) {
        self.issued.insert(query.replace('#', "%23"), (cursor, None));
    }

    /// What the query of a request stands for, and whether it has died.
    pub(super) fn find(&self, query: &str) -> Option<&(Cursor, Option<TokenDeath>)> {
        self.issued.get(query)
    }

    /// Has one token die; says whether there is such a token.
    pub(super) fn kill(&mut self, query: &str, death: TokenDeath) {
        if let Some((_, dead)) = self.issued.get_mut(query) {
            *dead = Some(death);
        }
    }

    /// Has all tokens die that were issued so far.
    pub(super) fn kill_all(&mut self, death: TokenDeath) {
        self.issued.values_mut().for_each(|(_, dead)| *dead = Some(death));
    }
}
