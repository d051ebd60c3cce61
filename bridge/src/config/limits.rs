//! `[limits]`: how much at once, how often, how long.

use super::within;
use crate::rate::Rate;
use remoteaccess_protocol::limits::{CREDIT_WINDOW, MAX_PACKET_BYTES, MAX_REQUEST_BYTES};
use serde::Deserialize;
use std::time::Duration;

/// How much at once, how often, how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the answer's first frame.
    pub request_timeout: Duration,
    /// Between two frames of an answer.
    pub idle_timeout: Duration,
    /// Requests to one home at once; emoncms' own pages make a dozen, an agent of ours takes as many as these.
    pub requests_per_home: usize,
    /// Requests to all homes at once. Each may hold a window of its answer: 1024 are 256 MB at the worst.
    pub requests: usize,
    /// Answers of the first generation that are held at once, in bytes: they come whole, at their home's pace.
    pub whole_answers: usize,
    /// Connections at once; further ones wait in the system's own queue.
    pub connections: usize,
    /// Connections from one address at once: several browsers behind one router, and not everybody's.
    pub connections_per_address: usize,
    /// Homes that come by WebSocket at once, besides the connections above, and as many of whom it is not known yet whether they
    /// are; 0: nobody may.
    pub websockets: u32,
    /// Requests in an account's name. A page with a hundred graphs asks for a hundred answers at each zoom.
    pub account_rate: Option<Rate>,
    /// Requests from one address, known or not.
    pub address_rate: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            requests_per_home: 64,
            requests: 1024,
            whole_answers: 64 << 20,
            connections: 4096,
            connections_per_address: 256,
            websockets: 1024,
            account_rate: Rate::new(100, 1000),
            address_rate: Rate::new(200, 2000),
        }
    }
}

/// What a connection holds at the worst: what has been read and what is to be written, each as large as the head of a
/// request may be, and a record of TLS each way.
const CONNECTION_BYTES: usize = 2 * 64 * 1024 + 2 * 17 * 1024;
/// What a WebSocket holds at the worst: four buffers, and records of TLS each way at both ends.
const WEBSOCKET_BYTES: usize = 4 * 8 * 1024 + 4 * 17 * 1024;
/// What undoing compression holds for one answer: the window that is allowed, and what came out.
const UNDOING_BYTES: usize = (1 << 20) + 512 * 1024;
/// Programs, caches, the broker's packets on their way in and out, and what runs beside.
const BASE_BYTES: usize = (64 << 20) + 2 * MAX_PACKET_BYTES;

impl Limits {
    /// What all of this takes in memory when every home and every caller does the worst it can, in bytes.
    pub fn worst_case(&self) -> usize {
        let window = usize::try_from(CREDIT_WINDOW).unwrap_or(usize::MAX);
        // A body is held as sent, as pairs, and as a message.
        let request = 3 * MAX_REQUEST_BYTES + 2 * window + UNDOING_BYTES;
        let requests = self.requests.saturating_mul(request);
        let connections = self.connections.saturating_mul(CONNECTION_BYTES);
        let websockets = (self.websockets as usize).saturating_mul(2 * WEBSOCKET_BYTES);
        let all = BASE_BYTES.saturating_add(requests).saturating_add(connections);
        all.saturating_add(websockets).saturating_add(self.whole_answers)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    request_timeout_ms: Option<u64>,
    idle_timeout_ms: Option<u64>,
    requests_per_home: Option<u64>,
    requests: Option<u64>,
    whole_answers_mb: Option<u64>,
    connections: Option<u64>,
    connections_per_address: Option<u64>,
    websockets: Option<u64>,
    account_requests_per_second: Option<u64>,
    account_burst: Option<u64>,
    address_requests_per_second: Option<u64>,
    address_burst: Option<u64>,
}

impl RawLimits {
    pub(super) fn check(&self) -> Result<Limits, String> {
        let default = Limits::default();
        Ok(Limits {
            request_timeout: time("request_timeout_ms", self.request_timeout_ms, default.request_timeout)?,
            idle_timeout: time("idle_timeout_ms", self.idle_timeout_ms, default.idle_timeout)?,
            requests_per_home: count("requests_per_home", self.requests_per_home, default.requests_per_home)?,
            requests: count("requests", self.requests, default.requests)?,
            whole_answers: match self.whole_answers_mb {
                // One answer has to fit.
                Some(mb) => size(within("limits.whole_answers_mb", mb, 2, 4096)?) << 20,
                None => default.whole_answers,
            },
            connections: count("connections", self.connections, default.connections)?,
            connections_per_address: count(
                "connections_per_address",
                self.connections_per_address,
                default.connections_per_address,
            )?,
            websockets: match self.websockets {
                Some(count) => number(within("limits.websockets", count, 0, 65_536)?),
                None => default.websockets,
            },
            account_rate: rate(
                "account",
                self.account_requests_per_second,
                self.account_burst,
                default.account_rate,
            )?,
            address_rate: rate(
                "address",
                self.address_requests_per_second,
                self.address_burst,
                default.address_rate,
            )?,
        })
    }
}

fn time(name: &str, given: Option<u64>, default: Duration) -> Result<Duration, String> {
    let checked = given.map(|ms| within(&format!("limits.{name}"), ms, 100, 120_000)).transpose()?;
    Ok(checked.map_or(default, Duration::from_millis))
}

fn count(name: &str, given: Option<u64>, default: usize) -> Result<usize, String> {
    let checked = given.map(|count| within(&format!("limits.{name}"), count, 1, 65_536)).transpose()?;
    Ok(checked.map_or(default, size))
}

fn rate(
    whose: &str,
    per_second: Option<u64>,
    burst: Option<u64>,
    default: Option<Rate>,
) -> Result<Option<Rate>, String> {
    let default = |part: fn(Rate) -> u32| default.map_or(0, |rate| u64::from(part(rate)));
    let per_second = per_second.unwrap_or_else(|| default(|rate| rate.per_second));
    let burst = burst.unwrap_or_else(|| default(|rate| rate.burst).max(per_second));
    let checked =
        |name, value, least| within(&format!("limits.{whose}_{name}"), value, least, 1_000_000).map(number);
    // 0 is no limit.
    Ok(Rate::new(checked("requests_per_second", per_second, 0)?, checked("burst", burst, 1)?))
}

fn number(checked: u64) -> u32 {
    u32::try_from(checked).unwrap_or(u32::MAX)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
