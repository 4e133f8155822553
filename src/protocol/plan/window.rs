//! The range of time that a feed reads next which is read by time, or whose range moves on. Pure.

use time::OffsetDateTime;

use super::{Definition, containers};
use crate::protocol::{Checkpoint, Mode, State, Window};

/// Whether a complete round leaves nothing to be read: not before the last range of a feed that is read by time, nor while
/// a new generation is due.
pub fn is_up_to_date(checkpoint: &Checkpoint) -> bool {
    checkpoint.changes_since.is_none() && checkpoint.window.is_none_or(|window| window.last)
}

/// Whether the range of a feed whose range moves on has to move.
pub(super) fn is_over(checkpoint: &Checkpoint, definition: &Definition, now: OffsetDateTime) -> bool {
    let Mode::Rolling(span) = definition.mode else { return false };
    checkpoint.window.is_none_or(|range| span.is_over(range, now))
}

/// The end of the range that was read, of a feed that is read by time.
pub(super) fn end(checkpoint: &Checkpoint, definition: &Definition) -> Option<OffsetDateTime> {
    let is_by_time = matches!(definition.mode, Mode::Window(_));
    checkpoint.window.filter(|_| is_by_time).map(|window| window.to)
}

/// For a feed that is read by time: the time up to which all objects were read and none can still arrive late. The request
/// for the range was sent when it `began`. The next range begins there, however long the pause before it is.
pub(super) fn read_until(
    checkpoint: &Checkpoint,
    definition: &Definition,
    began: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let Mode::Window(reach) = definition.mode else { return None };
    checkpoint.window.map(|window| window.to.min(began - reach.overlap))
}

/// The range of time that is read next, of a feed that is read by time. One that was not read to its end is cut: its page
/// token died. A range that moves on is the one of today.
pub(super) fn next(checkpoint: &Checkpoint, definition: &Definition, now: OffsetDateTime) -> Option<Window> {
    let reach = match definition.mode {
        Mode::Window(reach) => reach,
        Mode::Rolling(span) => return Some(span.range(now)),
        Mode::Delta | Mode::Additions | Mode::List => return None,
    };
    let is_same = is_same(checkpoint, definition);
    let is_under_way = matches!(checkpoint.state, State::Enumerating { link: Some(_) });
    Some(match checkpoint.window.filter(|_| is_same && is_under_way) {
        Some(window) => window.cut(reach, now),
        None => Window::next(reach, known_until(checkpoint, definition), now),
    })
}

/// Until when a feed was read that is read by time. What another definition or another container has, is read from the
/// beginning.
pub(super) fn known_until(checkpoint: &Checkpoint, definition: &Definition) -> Option<OffsetDateTime> {
    checkpoint.read_until.filter(|_| is_same(checkpoint, definition))
}

fn is_same(checkpoint: &Checkpoint, definition: &Definition) -> bool {
    checkpoint.shape == definition.shape && !containers::is_another(checkpoint, definition)
}
