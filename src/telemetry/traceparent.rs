//! The trace context of W3C: which trace an invocation belongs to, and which span it follows. Pure but for the random
//! ids of new spans.
//!
//! Promises: what does not have the form of the recommendation to the letter is none, so that no text from outside
//! reaches a log line or a queue message by this way. Leaves out on purpose: `tracestate` and baggage.
//!
//! <https://www.w3.org/TR/trace-context/#traceparent-header>

use std::fmt;

use uuid::Uuid;

/// A trace, and a span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: u128,
    /// The span that whatever follows is a child of.
    pub span_id: u64,
    /// Bit 0: the trace is recorded.
    pub flags: u8,
}

impl TraceParent {
    /// Reads the value of a `traceparent` header. Versions after 00 may have more after the flags.
    pub fn read(text: &str) -> Option<Self> {
        let (version, rest) = text.split_at_checked(2)?;
        let mut parts = rest.strip_prefix('-')?.splitn(4, '-');
        let (trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let fits = is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(span_id, 16) && is_hex(flags, 2);
        if !fits || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let parent = Self {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            span_id: u64::from_str_radix(span_id, 16).ok()?,
            flags: u8::from_str_radix(flags, 16).ok()?,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent)
    }

    /// A new trace, with a first span.
    pub fn new() -> Self {
        Self { trace_id: Uuid::new_v4().as_u128(), span_id: span_id(), flags: 1 }
    }

    /// A span that follows this one.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: span_id(), ..self }
    }
}

/// The last eight bytes of a random UUID; its variant bits keep it from being zero.
fn span_id() -> u64 {
    Uuid::new_v4().as_u64_pair().1
}

impl Default for TraceParent {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_reads_as_it_is_written() {
        assert_eq!(TraceParent::read(TEXT).unwrap().to_string(), TEXT);
        let new = TraceParent::new();
        assert_eq!(TraceParent::read(&new.to_string()), Some(new));
        let child = new.child();
        assert!(child.trace_id == new.trace_id && child.span_id != new.span_id && child.span_id != 0);
    }

    #[test]
    fn a_later_version_may_say_more_and_the_first_one_may_not() {
        let more = format!("{TEXT}-more");
        assert_eq!(TraceParent::read(&more), None);
        assert!(TraceParent::read(&more.replacen("00", "01", 1)).is_some());
    }

    #[test]
    fn whatever_else_is_none() {
        let zero_trace = TEXT.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32));
        let zero_span = TEXT.replace("b7ad6b7169203331", &"0".repeat(16));
        for text in [
            "",
            "00",
            "00-",
            "é",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01",
            &zero_trace,
            &zero_span,
            &format!(" {TEXT}"),
            &format!("{TEXT}\n"),
        ] {
            assert_eq!(TraceParent::read(text), None, "{text:?}");
        }
    }
}
