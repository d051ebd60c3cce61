//! `status.json`: what the page in emoncms shows of the agent.

use crate::relay::Outcome;
use remoteaccess_common::unix_now;
use remoteaccess_protocol::ErrorCode;
use serde::Serialize;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;

/// Requests kept for the page.
const KEPT_REQUESTS: usize = 100;
/// The file is written at most this often.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// What the agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is no configuration yet.
    NotConfigured,
    /// There is one, but it cannot be used.
    BadConfig,
    /// The owner has switched remote access off.
    Disabled,
    /// On the way to the server.
    Connecting,
    /// Serving.
    Connected,
    /// The server cannot be reached.
    Unreachable,
    /// The server does not take the name and password.
    WrongPassword,
    /// The server could not prove who it is.
    TlsError,
    /// Another installation with this account serves.
    AccountInUse,
    /// Not running.
    Stopped,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// emoncms answered.
    Answered,
    /// The agent refused: not allowed, malformed, or too much at once.
    Refused,
    /// Allowed, but emoncms gave no usable answer.
    Failed,
    /// The caller left first.
    Cancelled,
}

/// The agent's status, shared by all its parts.
#[derive(Debug)]
pub struct Status {
    file: PathBuf,
    report: Mutex<Report>,
    changed: Notify,
    spoken: Notify,
}

#[derive(Debug, Serialize)]
struct Report {
    state: State,
    message: String,
    since: u64,
    server: Option<String>,
    account: Option<String>,
    version: &'static str,
    pid: u32,
    started: u64,
    /// Why the file as it is now is not in force.
    config_error: Option<String>,
    counters: Counters,
    /// Newest first.
    requests: VecDeque<Seen>,
}

#[derive(Debug, Default, Serialize)]
struct Counters {
    requests: u64,
    answered: u64,
    refused: u64,
    failed: u64,
    cancelled: u64,
    bytes: u64,
    connects: u64,
}

#[derive(Debug, Serialize)]
struct Seen {
    time: u64,
    endpoint: String,
    verdict: Verdict,
    status: u16,
    error: Option<ErrorCode>,
    ms: u64,
    bytes: u64,
}

impl Status {
    /// A status that is written to `file`.
    pub fn new(file: PathBuf) -> Self {
        let report = Report {
            state: State::NotConfigured,
            message: "Starting".into(),
            since: unix_now(),
            server: None,
            account: None,
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            started: unix_now(),
            config_error: None,
            counters: Counters::default(),
            requests: VecDeque::new(),
        };
        Self { file, report: Mutex::new(report), changed: Notify::new(), spoken: Notify::new() }
    }

    /// Says what the agent does now, in a sentence for its owner. Whether that is another state than before.
    pub fn set(&self, state: State, message: impl Into<String>) -> bool {
        let message = message.into();
        let changed = self.update(|report| {
            let changed = report.state != state;
            if changed {
                report.since = unix_now();
                report.counters.connects += u64::from(state == State::Connected);
            }
            report.state = state;
            report.message = message;
            changed
        });
        self.spoken.notify_one();
        changed
    }

    /// Says which server and account are meant.
    pub fn set_server(&self, server: Option<String>, account: Option<String>) {
        self.update(|report| (report.server, report.account) = (server, account));
    }

    /// Says why the file as it is now is not in force, or that it is.
    pub fn set_config_error(&self, error: Option<String>) {
        self.update(|report| report.config_error = error);
    }

    /// Remembers a request.
    pub fn count(&self, endpoint: String, outcome: &Outcome, took: Duration) {
        self.update(|report| {
            let counters = &mut report.counters;
            counters.requests += 1;
            counters.bytes += outcome.bytes;
            *match outcome.verdict {
                Verdict::Answered => &mut counters.answered,
                Verdict::Refused => &mut counters.refused,
                Verdict::Failed => &mut counters.failed,
                Verdict::Cancelled => &mut counters.cancelled,
            } += 1;
            report.requests.truncate(KEPT_REQUESTS - 1);
            report.requests.push_front(Seen {
                time: unix_now(),
                endpoint,
                verdict: outcome.verdict,
                status: outcome.status,
                error: outcome.error,
                ms: took.as_millis().try_into().unwrap_or(u64::MAX),
                bytes: outcome.bytes,
            });
        });
    }

    /// The state and its sentence, each time it is said anew.
    pub async fn next_sentence(&self) -> (State, String) {
        self.spoken.notified().await;
        self.locked(|report| (report.state, report.message.clone()))
    }

    /// Keeps the file up to date. Runs for ever.
    pub async fn keep_written(&self) {
        let mut writable = true;
        loop {
            let written = self.write();
            match &written {
                Err(error) if writable => {
                    tracing::warn!(
                        "cannot write {}: {error}; the page in emoncms will be out of date",
                        self.file.display()
                    );
                }
                _ => {}
            }
            writable = written.is_ok();
            tokio::time::sleep(WRITE_PAUSE).await;
            self.changed.notified().await;
        }
    }

    /// Writes the file now: a temporary one in the same directory, then a rename.
    ///
    /// # Errors
    /// The directory is missing, read-only or full. An older file is left whole.
    pub fn write(&self) -> std::io::Result<()> {
        let text = self.locked(|report| serde_json::to_vec(report))?;
        let mut name = self.file.clone().into_os_string();
        name.push(".new");
        std::fs::write(&name, text).and_then(|()| std::fs::rename(&name, &self.file)).inspect_err(|_| {
            let _ = std::fs::remove_file(&name);
        })
    }

    fn update<T>(&self, change: impl FnOnce(&mut Report) -> T) -> T {
        let result = self.locked(change);
        self.changed.notify_one();
        result
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Report) -> T) -> T {
        work(&mut self.report.lock().expect("nothing panics while it holds the report"))
    }
}
