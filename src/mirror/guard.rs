//! The loop guard: pages that lead nowhere end the turn loudly, instead of filling its budget for ever.
//!
//! Graph has been seen to repeat a next link, and to send the same page again and again under changing
//! links without ever a delta link (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4897>,
//! <https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3082>). Pure. Links and pages are kept as
//! 64-bit hashes, never as themselves. What it forgets on purpose: everything from one round to the next,
//! since a delta link without news may lead to itself.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::graph::{Next, Page, Request};

/// The same page so many times in a row is a loop.
const SAME_PAGES: u32 = 5;
/// Most pages of a turn: far beyond what its budget allows.
const MOST_PAGES: u32 = 50_000;

/// What repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Loop {
    /// The next link is one that this round has followed.
    #[error("a next link leads back to a page of the same round")]
    Link,
    /// One page comes again and again, each time behind another link.
    #[error("{SAME_PAGES} pages in a row, each behind another link, have the same content")]
    Page,
    /// Nothing that is known to repeat, but no end either.
    #[error("{MOST_PAGES} pages in one turn, and no end")]
    Endless,
}

/// What a turn has seen of the round under way.
#[derive(Debug, Default)]
pub struct Guard {
    followed: HashSet<u64>,
    content: Option<u64>,
    same: u32,
    pages: u32,
}

impl Guard {
    /// Looks at a page before it is taken.
    ///
    /// # Errors
    /// [`Loop`]: the page must not be taken, and its link not be saved.
    pub fn see(&mut self, request: &Request, page: &Page) -> Result<(), Loop> {
        self.pages += 1;
        if self.pages > MOST_PAGES {
            return Err(Loop::Endless);
        }
        if let Request::Follow(link) = request {
            self.followed.insert(hash([link.expose()]));
        }
        let Next::Page(next) = &page.next else {
            self.forget();
            return Ok(());
        };
        if self.followed.contains(&hash([next.expose()])) {
            return Err(Loop::Link);
        }
        let content = hash(page.objects.iter().map(|object| object.get()));
        let content = (!page.objects.is_empty()).then_some(content);
        self.same = if content.is_some() && content == self.content { self.same + 1 } else { 1 };
        self.content = content;
        if self.same == SAME_PAGES { Err(Loop::Page) } else { Ok(()) }
    }

    /// Another round begins: its links may be those of the one before.
    pub fn forget(&mut self) {
        *self = Self { pages: self.pages, ..Self::default() };
    }
}

fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.into_iter().for_each(|text| text.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::value::to_raw_value;

    use super::*;
    use crate::graph::Link;

    fn follow(link: &str) -> Request {
        Request::Follow(Link::new(link))
    }

    fn page(objects: &[&str], next: &str) -> Page {
        let objects = objects.iter().map(|object| to_raw_value(object).unwrap()).collect();
        Page { objects, next: Next::Page(Link::new(next)) }
    }

    fn home(link: &str) -> Page {
        Page { objects: Vec::new(), next: Next::Round(Link::new(link)) }
    }

    #[test]
    fn a_link_that_leads_to_itself_or_back_is_a_loop() {
        let mut guard = Guard::default();
        assert_eq!(guard.see(&follow("d"), &page(&["a"], "d")), Err(Loop::Link));
        assert_eq!(guard.see(&follow("d"), &page(&["a"], "n")), Ok(()));
        assert_eq!(guard.see(&follow("n"), &page(&["b"], "m")), Ok(()));
        assert_eq!(guard.see(&follow("m"), &page(&["c"], "n")), Err(Loop::Link));
    }

    #[test]
    fn the_same_page_behind_changing_links_is_a_loop_unless_it_is_empty() {
        let mut guard = Guard::default();
        let mut seen: Vec<_> = (0..5)
            .map(|n| guard.see(&follow(&format!("{n}")), &page(&["a"], &format!("{}", n + 1))))
            .collect();
        assert_eq!((seen.pop(), seen), (Some(Err(Loop::Page)), vec![Ok(()); 4]));
        let mut guard = Guard::default();
        for n in 0..20 {
            assert_eq!(guard.see(&follow(&format!("{n}")), &page(&[], &format!("{}", n + 1))), Ok(()));
            let other = if n % 2 == 0 { "a" } else { "b" };
            assert_eq!(guard.see(&follow(&format!("x{n}")), &page(&[other], &format!("y{n}"))), Ok(()));
        }
    }

    #[test]
    fn a_delta_link_may_lead_to_itself_round_after_round() {
        let mut guard = Guard::default();
        for _ in 0..10 {
            assert_eq!(guard.see(&follow("d"), &page(&["a"], "n")), Ok(()));
            assert_eq!(guard.see(&follow("n"), &home("d")), Ok(()));
        }
    }

    #[test]
    fn a_turn_has_an_end() {
        let mut guard = Guard { pages: MOST_PAGES - 1, ..Guard::default() };
        assert_eq!(guard.see(&follow("1"), &home("2")), Ok(()));
        assert_eq!(guard.see(&follow("2"), &page(&["a"], "3")), Err(Loop::Endless));
    }
}
