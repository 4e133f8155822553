//! Events as lines: JSON for machines, a short sentence for people.
//!
//! Promises: one line per event; an event also says what the spans around it say (`invocationId`, `function`,
//! `traceId`, `resource`), at the top level and unless it says so itself. Leaves out on purpose: colours.

use std::fmt;
use std::io::Write;

use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object.
    Json,
    /// Text.
    Text,
}

/// Writes each event as a line.
pub(super) struct Lines<W> {
    form: Form,
    writer: W,
}

impl<W> Lines<W> {
    pub fn new(form: Form, writer: W) -> Self {
        Self { form, writer }
    }
}

/// What an event or a span says, in its order.
#[derive(Debug, Default, Clone)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// What it says by this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Adds what is not said yet.
    fn add(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            if self.get(name).is_none() {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn put(&mut self, field: &Field, value: Value) {
        self.0.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, W, O> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = of_event(event, &context);
        let (level, now) = (*event.metadata().level(), OffsetDateTime::now_utc());
        let line = match self.form {
            Form::Json => json(level, now, &fields),
            Form::Text => text(level, now, &fields),
        };
        // There is nowhere to say that a line could not be written.
        let _ = (self.writer)().write_all(line.as_bytes());
    }
}

/// What an event says, and the spans around it, from the inside out.
pub(super) fn of_event<S>(event: &Event<'_>, context: &Context<'_, S>) -> Fields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Fields::default();
    event.record(&mut fields);
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(of_span) = span.extensions().get::<Fields>() {
            fields.add(of_span);
        }
    }
    fields
}

fn json(level: Level, now: OffsetDateTime, fields: &Fields) -> String {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut line);
    let written = serializer.serialize_map(None).and_then(|mut map| {
        map.serialize_entry("timestamp", &now.format(&Rfc3339).unwrap_or_default())?;
        map.serialize_entry("level", level.as_str())?;
        for (name, value) in &fields.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    });
    // Names are strings and values are JSON: this cannot fail.
    debug_assert!(written.is_ok());
    line.push(b'\n');
    String::from_utf8_lossy(&line).into_owned()
}

fn text(level: Level, now: OffsetDateTime, fields: &Fields) -> String {
    let at = now.truncate_to_second().format(&Rfc3339).unwrap_or_default();
    let mut line = match wait(fields) {
        Some(sentence) => format!("{at} {level} {sentence}"),
        None => {
            let pairs = fields.0.iter().map(|(name, value)| match (*name, value) {
                ("event" | "message", Value::String(text)) => text.clone(),
                (name, Value::String(text)) => format!("{name}={text}"),
                (name, value) => format!("{name}={value}"),
            });
            format!("{at} {level} {}", pairs.collect::<Vec<_>>().join(" "))
        }
    };
    line.push('\n');
    line
}

/// What is waited for, in words: nobody should look at a silent terminal.
fn wait(fields: &Fields) -> Option<String> {
    let seconds = fields.get("waitMs")?.as_f64()? / 1000.0;
    let reason = fields.get("reason").and_then(Value::as_str)?;
    let resource = fields.get("resource").and_then(Value::as_str).map(|resource| format!("{resource}: "));
    Some(format!("{}waiting {seconds:.1} s, then trying again: {reason}", resource.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(form: Form, events: impl FnOnce()) -> String {
        let sink = Sink::default();
        let lines = Lines::new(form, {
            let sink = sink.clone();
            move || sink.clone()
        });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), events);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_event_says_what_the_spans_around_it_say_unless_it_says_so_itself() {
        let line = written(Form::Json, || {
            let outer =
                tracing::info_span!("invocation", invocationId = "1", traceId = tracing::field::Empty);
            outer.record("traceId", "t");
            let _outer = outer.enter();
            let _inner = tracing::info_span!("turn", resource = "users").entered();
            tracing::info!(event = "turn", resource = "groups", requestCharge = 1.5, "a \"message\"");
        });
        let line: Value = serde_json::from_str(line.trim_end()).unwrap();
        let said = ["event", "resource", "invocationId", "traceId", "level", "message"]
            .map(|name| line[name].clone());
        assert_eq!(said, ["turn", "groups", "1", "t", "INFO", "a \"message\""]);
        assert_eq!(line["requestCharge"], 1.5);
    }

    #[test]
    fn people_read_what_is_waited_for() {
        let line = written(Form::Text, || {
            let _turn = tracing::info_span!("turn", resource = "users").entered();
            tracing::info!(event = "graph_retry", tries = 1, waitMs = 1128, reason = "status 429");
            tracing::warn!(event = "token_dead", status = 410);
        });
        let lines: Vec<_> = line.lines().map(|line| line.split_once(' ').unwrap().1).collect();
        assert_eq!(
            lines,
            [
                "INFO users: waiting 1.1 s, then trying again: status 429",
                "WARN token_dead status=410 resource=users"
            ]
        );
    }
}
