//! The loop guard: pages that lead nowhere end an enumeration with an error, instead of going on for ever.
//!
//! Graph has been seen to repeat a next link, and to send the same page again and again under changing
//! links without ever a delta link (<https://github.com/microsoftgraph/microsoft-graph-docs/issues/4897>,
//! <https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3082>). Pure. Links and pages are kept as
//! 64-bit hashes, never as themselves. What it forgets on purpose: everything from one round to the next,
//! since a delta link without news may lead to itself.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::value::RawValue;

use crate::protocol::Link;

/// The same page so many times in a row is a loop.
const SAME_PAGES: u32 = 5;
/// So many pages in a row that are empty, or were all seen before in this round, are a loop too, however they alternate.
const NOTHING_NEW: u32 = 500;
/// Most pages of a turn: far beyond what its budget allows.
const MOST_PAGES: u32 = 50_000;
/// Most pages of a list that is read without a budget: more objects than any tenant has.
const MOST_LIST_PAGES: u32 = 10_000_000;

/// What repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Loop {
    /// The next link is one that this round has followed.
    #[error("a next link leads back to a page of the same round")]
    Link,
    /// One page comes again and again, each time behind another link.
    #[error("{SAME_PAGES} pages in a row, each behind another link, have the same content")]
    Page,
    /// Pages come, and nothing new is on any of them.
    #[error("{NOTHING_NEW} pages in a row are empty or were seen before in the same round")]
    NothingNew,
    /// Nothing that is known to repeat, but no end either.
    #[error("{0} pages in one turn, and no end")]
    Endless(u32),
}

/// What an enumeration has seen of the round under way.
#[derive(Debug)]
pub struct Guard {
    followed: HashSet<u64>,
    content: Option<u64>,
    same: u32,
    /// The pages of the round, …
    seen: HashSet<u64>,
    /// … and how many in a row brought nothing that is not among them.
    stale: u32,
    pages: u32,
    most: u32,
}

impl Default for Guard {
    /// A guard for the pages of one turn.
    fn default() -> Self {
        Self {
            followed: HashSet::new(),
            content: None,
            same: 0,
            seen: HashSet::new(),
            stale: 0,
            pages: 0,
            most: MOST_PAGES,
        }
    }
}

impl Guard {
    /// A guard for the pages of a whole list.
    pub fn of_list() -> Self {
        Self { most: MOST_LIST_PAGES, ..Self::default() }
    }

    /// Looks at a page before it is taken: the link that led to it, its objects, and the link of the page after it.
    ///
    /// # Errors
    /// [`Loop`]: the page must not be taken, and its link not be saved.
    pub fn see(
        &mut self,
        followed: Option<&Link>,
        objects: &[Box<RawValue>],
        next: Option<&Link>,
    ) -> Result<(), Loop> {
        self.pages += 1;
        if self.pages > self.most {
            return Err(Loop::Endless(self.most));
        }
        self.followed.extend(followed.map(|link| hash([link.expose()])));
        let Some(next) = next else {
            self.forget();
            return Ok(());
        };
        if self.followed.contains(&hash([next.expose()])) {
            return Err(Loop::Link);
        }
        let content = hash(objects.iter().map(|object| object.get()));
        let content = (!objects.is_empty()).then_some(content);
        self.same = if content.is_some() && content == self.content { self.same + 1 } else { 1 };
        self.content = content;
        let is_new = content.is_some_and(|content| self.seen.insert(content));
        self.stale = if is_new { 0 } else { self.stale + 1 };
        match (self.same, self.stale) {
            (SAME_PAGES, _) => Err(Loop::Page),
            (_, NOTHING_NEW..) => Err(Loop::NothingNew),
            _ => Ok(()),
        }
    }

    /// Another round begins: its links may be those of the one before.
    pub fn forget(&mut self) {
        *self = Self { pages: self.pages, most: self.most, ..Self::default() };
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

    /// Lets the guard see a page behind `link` with these objects; `next` is its next link, if it has one.
    fn see(guard: &mut Guard, link: &str, objects: &[&str], next: Option<&str>) -> Result<(), Loop> {
        let objects: Vec<_> = objects.iter().map(|object| to_raw_value(object).unwrap()).collect();
        guard.see(Some(&Link::new(link)), &objects, next.map(Link::new).as_ref())
    }

    #[test]
    fn a_link_that_leads_to_itself_or_back_is_a_loop() {
        let mut guard = Guard::default();
        assert_eq!(see(&mut guard, "d", &["a"], Some("d")), Err(Loop::Link));
        assert_eq!(see(&mut guard, "d", &["a"], Some("n")), Ok(()));
        assert_eq!(see(&mut guard, "n", &["b"], Some("m")), Ok(()));
        assert_eq!(see(&mut guard, "m", &["c"], Some("n")), Err(Loop::Link));
    }

    #[test]
    fn the_same_page_behind_changing_links_is_a_loop_unless_it_is_empty() {
        let mut guard = Guard::default();
        let mut seen: Vec<_> =
            (0..5).map(|n| see(&mut guard, &format!("{n}"), &["a"], Some(&format!("{}", n + 1)))).collect();
        assert_eq!((seen.pop(), seen), (Some(Err(Loop::Page)), vec![Ok(()); 4]));
        let mut guard = Guard::default();
        for n in 0..20 {
            assert_eq!(see(&mut guard, &format!("{n}"), &[], Some(&format!("{}", n + 1))), Ok(()));
            let other = if n % 2 == 0 { "a" } else { "b" };
            assert_eq!(see(&mut guard, &format!("x{n}"), &[other], Some(&format!("y{n}"))), Ok(()));
        }
    }

    #[test]
    fn pages_that_are_empty_or_alternate_for_ever_are_a_loop() {
        for objects in [[&[] as &[&str], &[]], [&["a"], &["b"]], [&["a"], &[]]] {
            let mut guard = Guard::default();
            let end = (0..2_000).find_map(|n: usize| {
                see(&mut guard, &format!("{n}"), objects[n % 2], Some(&format!("{}", n + 1))).err()
            });
            assert_eq!(end, Some(Loop::NothingNew));
        }
        let mut guard = Guard::default();
        for n in 0..2_000 {
            let objects: &[&str] = if n % 400 == 0 { &[&format!("{n}")] } else { &[] };
            assert_eq!(see(&mut guard, &format!("{n}"), objects, Some(&format!("{}", n + 1))), Ok(()));
        }
    }

    #[test]
    fn a_delta_link_may_lead_to_itself_round_after_round() {
        let mut guard = Guard::default();
        for _ in 0..10 {
            assert_eq!(see(&mut guard, "d", &["a"], Some("n")), Ok(()));
            assert_eq!(see(&mut guard, "n", &[], None), Ok(()));
        }
    }

    #[test]
    fn a_turn_has_an_end_and_a_list_a_later_one() {
        let mut guard = Guard { pages: MOST_PAGES - 1, ..Guard::default() };
        assert_eq!(see(&mut guard, "1", &[], None), Ok(()));
        assert_eq!(see(&mut guard, "2", &["a"], Some("3")), Err(Loop::Endless(MOST_PAGES)));
        let mut guard = Guard { pages: MOST_PAGES, ..Guard::of_list() };
        assert_eq!(see(&mut guard, "1", &[], None), Ok(()));
        assert_eq!(see(&mut guard, "2", &["a"], Some("3")), Ok(()));
    }
}
