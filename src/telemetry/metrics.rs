//! Metrics that follow from events: what is counted is what is logged. Only in builds with the feature `otlp`.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::lines::{Fields, of_event};

/// The instruments; `docs/telemetry.md` lists them.
pub(super) struct Metrics {
    /// Exports for as long as it lives.
    _provider: SdkMeterProvider,
    turns: Counter<u64>,
    objects: Counter<u64>,
    links: Counter<u64>,
    charge: Counter<f64>,
    lag: Gauge<u64>,
    retries: Counter<u64>,
    failures: Counter<u64>,
}

impl Metrics {
    /// Instruments of this provider.
    pub fn new(provider: SdkMeterProvider) -> Self {
        let meter = provider.meter("graph-mirror");
        Self {
            turns: meter.u64_counter("graph_mirror.turns").with_unit("{turn}").build(),
            objects: meter.u64_counter("graph_mirror.objects").with_unit("{object}").build(),
            links: meter.u64_counter("graph_mirror.links").with_unit("{link}").build(),
            charge: meter.f64_counter("graph_mirror.request_charge").with_unit("{RU}").build(),
            lag: meter.u64_gauge("graph_mirror.lag").with_unit("s").build(),
            retries: meter.u64_counter("graph_mirror.graph.retries").with_unit("{retry}").build(),
            failures: meter.u64_counter("graph_mirror.invocations.failed").with_unit("{invocation}").build(),
            _provider: provider,
        }
    }

    fn turn(&self, fields: &Fields) {
        let resource = label(fields, "resource");
        self.turns.add(1, &[resource.clone(), label(fields, "outcome")]);
        for change in ["upserted", "removed", "setAside"] {
            self.objects.add(number(fields, change), &[resource.clone(), KeyValue::new("change", change)]);
        }
        self.links.add(number(fields, "links"), std::slice::from_ref(&resource));
        let charge = fields.get("requestCharge").and_then(Value::as_f64).unwrap_or_default();
        self.charge.add(charge, std::slice::from_ref(&resource));
        if fields.get("lagSeconds").is_some() {
            self.lag.record(number(fields, "lagSeconds"), &[resource]);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = of_event(event, &context);
        match fields.get("event").and_then(Value::as_str) {
            Some("turn") => self.turn(&fields),
            Some("graph_retry") => {
                self.retries.add(1, &[label(&fields, "resource"), label(&fields, "reason")])
            }
            Some("invocation_failed") => self.failures.add(1, &[label(&fields, "function")]),
            _ => {}
        }
    }
}

fn label(fields: &Fields, name: &'static str) -> KeyValue {
    let text = fields.get(name).and_then(Value::as_str).unwrap_or("none");
    KeyValue::new(name, text.to_owned())
}

fn number(fields: &Fields, name: &str) -> u64 {
    let number = fields.get(name);
    number.and_then(|number| number.as_u64().or_else(|| number.as_i64()?.try_into().ok())).unwrap_or_default()
}
