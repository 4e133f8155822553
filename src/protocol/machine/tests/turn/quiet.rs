//! A turn in the model that asks for changes without the lease, and finds none.

use super::{Shared, definition, link, own_moment, step};
use crate::protocol::LeaseState;
use crate::protocol::machine::tests::world::{Answer, CONTAINER, seconds};
use crate::protocol::plan::{self, Definition};

/// What Graph answered to a turn that had no lease yet.
pub(super) struct Early {
    pub link: usize,
    /// When it was asked, in seconds.
    pub asked: i64,
    pub answer: Answer,
}

/// What comes of asking without the lease.
pub(super) enum Asked {
    /// Nothing is to be done.
    Quiet,
    /// A turn with the lease has to see to it.
    Busy(Option<Early>),
}

pub(super) async fn ask(world: &Shared, me: u32, feed: usize, orphaned: bool) -> Asked {
    let options = world.borrow().options;
    if !options.quiet {
        return Asked::Busy(None);
    }
    let now = own_moment(world, me);
    let lease = world.borrow().leases[feed].clone();
    step().await;
    let checkpoint = world.borrow().checkpoints[feed].clone();
    step().await;
    let Some((mut checkpoint, _)) = checkpoint else { return Asked::Busy(None) };
    if let Some(run) = checkpoint.last_run.as_mut().filter(|_| options.for_ever) {
        run.at = now;
    }
    let lease = LeaseState::of(lease.map(|(terms, _)| terms), now);
    let known = checkpoint.containers.get(CONTAINER).cloned();
    let id = world.borrow_mut().look_at_container(me, known.as_deref());
    step().await;
    let containers = id.map(|id| (CONTAINER.to_owned(), id)).into_iter().collect();
    let definition = Definition { containers, ..definition(options, orphaned) };
    if !plan::may_be_quiet(&checkpoint, &definition, &lease, now) {
        return Asked::Busy(None);
    }
    let (link, asked) = (link(feed, &checkpoint), world.borrow().now);
    let answer = world.borrow_mut().page(link, checkpoint.window.map(seconds));
    step().await;
    let is_quiet = matches!(&answer, Answer::Page { objects, home: true, .. } if objects.is_empty());
    world.borrow_mut().note(|| format!("{me}: without the lease, quiet {is_quiet}"));
    match is_quiet {
        true => Asked::Quiet,
        false => Asked::Busy(Some(Early { link, asked, answer })),
    }
}
