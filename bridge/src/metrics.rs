//! What Prometheus is told. Nothing of it names an account, a home or an address.

use crate::error::Code;
use crate::{app::App, broker::Link, tunnels::Tunnels};
use axum::http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::{fmt, time::Duration};

/// Upper bounds in seconds: from a home on the same machine to the longest deadline.
const LATENCIES: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bytes on callers' connections.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// From callers.
    pub received: Counter,
    /// To callers.
    pub sent: Counter,
}

/// Everything that is counted as it happens.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter>,
    latency: Family<Label, Histogram>,
    sign_ins: Family<Label, Counter>,
    now: Now,
    /// Bytes on callers' connections.
    pub traffic: Traffic,
    /// Connections to the broker that came to stand.
    pub broker_connections: Counter,
    /// Bytes of messages from homes.
    pub broker_received: Counter,
    /// Homes that flooded.
    pub homes_cut: Counter,
    /// Requests that the database failed.
    pub database_errors: Counter,
}

/// What is looked up when somebody asks.
#[derive(Debug, Default)]
struct Now {
    homes_online: Gauge,
    requests: Gauge,
    answers: Gauge,
    words: Gauge,
    websockets: Gauge,
    broker_up: Gauge,
}

impl Metrics {
    /// Counts from zero.
    pub fn new(link: &Link, tunnels: &Tunnels) -> Self {
        let metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCIES)),
            sign_ins: Family::default(),
            now: Now::default(),
            traffic: Traffic::default(),
            broker_connections: Counter::default(),
            broker_received: Counter::default(),
            homes_cut: Counter::default(),
            database_errors: Counter::default(),
        };
        metrics.registered(link, tunnels)
    }

    fn registered(mut self, link: &Link, tunnels: &Tunnels) -> Self {
        let (mut registry, now) = (Registry::with_prefix("remoteaccess_bridge"), &self.now);
        registry.register("requests", "Requests by how they ended", self.requests.clone());
        let seconds = "Until an answer began";
        registry.register_with_unit("latency", seconds, Unit::Seconds, self.latency.clone());
        registry.register("sign_ins", "Names with passwords, by what came of them", self.sign_ins.clone());
        let received = "On callers' connections";
        registry.register_with_unit("http_received", received, Unit::Bytes, self.traffic.received.clone());
        let sent = "On callers' connections";
        registry.register_with_unit("http_sent", sent, Unit::Bytes, self.traffic.sent.clone());
        registry.register(
            "broker_connections",
            "Times the broker was reached; more than one is reconnects",
            self.broker_connections.clone(),
        );
        let received = "Messages from homes";
        registry.register_with_unit("broker_received", received, Unit::Bytes, self.broker_received.clone());
        registry.register_with_unit("broker_sent", "Messages to homes", Unit::Bytes, link.sent.clone());
        registry.register("broker_queue_waiting", "Messages waiting for the broker", link.waiting.clone());
        registry.register("broker_up", "Whether requests can go out", now.broker_up.clone());
        registry.register(
            "database_errors",
            "Requests that the database failed",
            self.database_errors.clone(),
        );
        registry.register("homes_cut", "Times that a home was cut off for flooding", self.homes_cut.clone());
        registry.register("homes_online", "Homes that are connected", now.homes_online.clone());
        registry.register("requests_in_flight", "Relayed requests that hold a place", now.requests.clone());
        registry.register("answers_pending", "Answers that have not come whole", now.answers.clone());
        registry.register("words_pending", "Credits and cancels yet to be told", now.words.clone());
        registry.register("websockets", "Connections of homes by WebSocket", now.websockets.clone());
        let wrong = "Wrong names or passwords of homes by WebSocket";
        registry.register("websocket_sign_ins_wrong", wrong, tunnels.wrong.clone());
        let build = Family::<Label, Gauge>::default();
        build.get_or_create(&Label("version", env!("CARGO_PKG_VERSION"))).set(1);
        registry.register("build_info", "What runs", build);
        self.registry = registry;
        self
    }

    /// A request has its answer, or at least its beginning.
    pub fn answered(&self, kind: &'static str, code: Option<Code>, status: StatusCode, after: Duration) {
        self.requests.get_or_create(&Outcome { code, class: class(status) }).inc();
        self.latency.get_or_create(&Label("kind", kind)).observe(after.as_secs_f64());
    }

    /// Somebody gave a name and a password. `outcome` is one of a few words.
    pub fn signed_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&Label("outcome", outcome)).inc();
    }
}

/// All of it, in Prometheus' words.
pub fn text(app: &App) -> String {
    let (metrics, now) = (&app.metrics, &app.metrics.now);
    let set = |gauge: &Gauge, value: usize| {
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    };
    set(&now.homes_online, app.homes.online());
    set(&now.requests, app.gate.in_use());
    set(&now.answers, app.exchange.under_way());
    set(&now.words, app.exchange.outbox().len());
    set(&now.websockets, app.tunnels.open());
    set(&now.broker_up, usize::from(app.link.is_up()));
    let mut text = String::new();
    text::encode(&mut text, &metrics.registry).expect("a string can be written to");
    text
}

/// A name and one of a few values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Label(&'static str, &'static str);

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        label(encoder, self.0, self.1)
    }
}

/// How a request ended: with a code of ours, or as emoncms at home would have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Outcome {
    code: Option<Code>,
    class: &'static str,
}

impl EncodeLabelSet for Outcome {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let code = self.code.and_then(|code| serde_json::to_value(code).ok());
        label(encoder, "outcome", code.as_ref().and_then(serde_json::Value::as_str).unwrap_or("answered"))?;
        label(encoder, "status", self.class)
    }
}

fn label(encoder: &mut LabelSetEncoder<'_>, name: &str, value: &str) -> fmt::Result {
    (name, value).encode(encoder.encode_label())
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
