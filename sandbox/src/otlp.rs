//! A collector of OpenTelemetry: takes traces and metrics over OTLP/HTTP in protobuf, and keeps what a story asks for.
//!
//! It reads the few fields that it needs from the wire form itself: the numbers are those of
//! `opentelemetry/proto/trace/v1/trace.proto` and `metrics/v1/metrics.proto`
//! (<https://github.com/open-telemetry/opentelemetry-proto>).

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};

use crate::loopback::{Loopback, Server};

/// A span that was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its name.
    pub name: String,
    /// The trace, in hexadecimal.
    pub trace_id: String,
    /// Its own id, in hexadecimal.
    pub span_id: String,
    /// The span around it; empty for the first one of a trace.
    pub parent_id: String,
}

/// What was exported so far.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// All spans, in the order in which they came.
    pub spans: Vec<Span>,
    /// The names of all metrics, each as often as it came.
    pub metrics: Vec<String>,
    /// All texts among them: attributes of resources, spans and points.
    pub texts: Vec<String>,
    /// Bodies that are not what they should be.
    pub unreadable: usize,
}

/// The collector.
#[derive(Clone)]
pub struct Collector {
    exported: Arc<Mutex<Exported>>,
    status: Arc<Mutex<u16>>,
    server: Server,
}

impl Collector {
    /// Starts one.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> Result<Self> {
        let (loopback, exported) = (Loopback::bind().await?, Arc::<Mutex<Exported>>::default());
        let status = Arc::new(Mutex::new(200));
        let state = (Arc::clone(&exported), Arc::clone(&status));
        let router = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(metrics))
            .with_state(state);
        Ok(Self { exported, status, server: loopback.serve(router) })
    }

    /// Where it takes exports: the value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> &str {
        self.server.origin()
    }

    /// What was exported so far.
    pub fn exported(&self) -> Exported {
        self.exported.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers with this status from now on.
    pub fn answer(&self, status: u16) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

type Kept = State<(Arc<Mutex<Exported>>, Arc<Mutex<u16>>)>;

async fn traces(kept: Kept, body: Bytes) -> StatusCode {
    // ExportTraceServiceRequest.resource_spans.scope_spans.spans
    take(&kept, &body, &[1, 2, 2], |exported, span| {
        exported.spans.push(Span {
            name: text(span, 5)?,
            trace_id: hex(span, 1)?,
            span_id: hex(span, 2)?,
            parent_id: hex(span, 4)?,
        });
        Ok(())
    })
}

async fn metrics(kept: Kept, body: Bytes) -> StatusCode {
    // ExportMetricsServiceRequest.resource_metrics.scope_metrics.metrics
    take(&kept, &body, &[1, 2, 2], |exported, metric| {
        exported.metrics.push(text(metric, 1)?);
        Ok(())
    })
}

fn take(
    State((exported, status)): &Kept,
    body: &[u8],
    path: &[u64],
    mut keep: impl FnMut(&mut Exported, &[u8]) -> Result<()>,
) -> StatusCode {
    let status = *status.lock().unwrap_or_else(PoisonError::into_inner);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !status.is_success() {
        return status;
    }
    let mut exported = exported.lock().unwrap_or_else(PoisonError::into_inner);
    let read =
        below(body, path).and_then(|found| found.into_iter().try_for_each(|one| keep(&mut exported, one)));
    texts(body, &mut exported.texts);
    exported.unreadable += usize::from(read.is_err());
    status
}

/// The messages at the end of a path of field numbers.
fn below<'a>(message: &'a [u8], path: &[u64]) -> Result<Vec<&'a [u8]>> {
    let Some((field, rest)) = path.split_first() else { return Ok(vec![message]) };
    let mut found = Vec::new();
    for (number, value) in fields(message)? {
        if number == *field {
            found.extend(below(value, rest)?);
        }
    }
    Ok(found)
}

fn text(message: &[u8], field: u64) -> Result<String> {
    let value = fields(message)?.into_iter().find(|(number, _)| *number == field);
    Ok(String::from_utf8(value.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default())?)
}

fn hex(message: &[u8], field: u64) -> Result<String> {
    let value = fields(message)?.into_iter().find(|(number, _)| *number == field);
    Ok(value.map(|(_, bytes)| bytes.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default())
}

/// Whatever may be a text, however deep: a message also reads as one at times, which does no harm here.
fn texts(message: &[u8], found: &mut Vec<String>) {
    for (_, value) in fields(message).unwrap_or_default() {
        match std::str::from_utf8(value) {
            Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => {
                found.push(text.to_owned())
            }
            _ => texts(value, found),
        }
    }
}

/// The length-delimited fields of a message, by number; numbers among them are passed over.
fn fields(mut message: &[u8]) -> Result<Vec<(u64, &[u8])>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let length = match key & 7 {
            0 => {
                varint(&mut message)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut message)?)?,
            5 => 4,
            kind => bail!("a field of kind {kind}"),
        };
        let Some((value, rest)) = message.split_at_checked(length) else { bail!("a field without an end") };
        message = rest;
        if key & 7 == 2 {
            found.push((key >> 3, value));
        }
    }
    Ok(found)
}

fn varint(message: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for place in 0..10 {
        let Some((byte, rest)) = message.split_first() else { break };
        *message = rest;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number without an end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_what_is_no_message_is_an_error() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1a, 0x00, 0x25, 1, 2, 3, 4];
        assert_eq!(fields(&message).unwrap(), [(2, &b"hi"[..]), (3, &b""[..])]);
        assert_eq!(text(&message, 2).unwrap(), "hi");
        for wrong in [&[0x12, 0x05, b'h'][..], &[0x0b], &[0x08]] {
            assert!(fields(wrong).is_err(), "{wrong:?}");
        }
    }
}
