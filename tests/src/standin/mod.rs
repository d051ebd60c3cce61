//! An emoncms that needs no PHP: it answers as the real one (11.16.8) was observed to, serves a year of believable
//! data, keeps a log of what it was asked, and fails on demand.
//!
//! A request passes [`http`], a [`fault`] if one was ordered, [`routes`] (who asks, for what), and ends in [`feeds`],
//! [`data`] or [`inputs`]; the numbers come from [`series`].

pub mod http;
pub mod fault;
mod routes;
mod feeds;
mod inputs;
mod data;
mod calendar;
pub mod series;

pub use fault::Fault;
pub use http::Seen;

use crate::ports;
use http::Shared;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running stand-in.
#[derive(Debug)]
pub struct Standin {
    port: u16,
    shared: Arc<Shared>,
    serving: Option<JoinHandle<()>>,
}

/// The keys of the stand-in's only user.
#[derive(Clone, Debug)]
pub struct Keys {
    /// For reading.
    pub read: String,
    /// For everything.
    pub write: String,
}

impl Keys {
    /// New keys.
    pub fn random() -> Self {
        Self { read: ports::random_hex::<16>(), write: ports::random_hex::<16>() }
    }
}

impl Standin {
    /// Starts a stand-in.
    pub async fn start(keys: Keys) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports::free())).await;
        let listener = listener.expect("a free port can be listened on");
        let port = listener.local_addr().expect("a listener has an address").port();
        let mut standin = Self { port, shared: Arc::new(Shared::new(keys)), serving: None };
        standin.serve(listener);
        standin
    }

    /// Where emoncms is, as the agent's configuration names it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/emoncms", self.port)
    }

    /// The keys that it accepts now.
    pub fn keys(&self) -> Keys {
        self.shared.keys.lock().expect("nobody panics while holding the keys").clone()
    }

    /// Makes it forget its keys and take these.
    pub fn change_keys(&self, keys: Keys) {
        *self.shared.keys.lock().expect("nobody panics while holding the keys") = keys;
    }

    /// From now on, requests whose path (`feed/list`) starts with `path` meet this fault; the last order counts.
    pub fn order(&self, path: &str, fault: Fault) {
        let mut faults = self.shared.faults.lock().expect("nobody panics while holding the faults");
        faults.insert(0, (path.to_owned(), fault));
    }

    /// No more faults.
    pub fn behave(&self) {
        self.shared.faults.lock().expect("nobody panics while holding the faults").clear();
    }

    /// From now on there is this fault and no other.
    pub fn order_only(&self, path: &str, fault: Fault) {
        let mut faults = self.shared.faults.lock().expect("nobody panics while holding the faults");
        *faults = vec![(path.to_owned(), fault)];
    }

    /// Stops the clock that its data end at, so that the same question gets the same answer.
    pub fn stop_clock(&self) {
        let mut state = self.shared.state.lock().expect("nobody panics while holding the state");
        let now = state.clock.now();
        state.clock.stopped_at = Some(now);
    }

    /// From now on it remembers no other requests than those for `path`.
    pub fn keep_only(&self, path: &str) {
        *self.shared.keeps.lock().expect("nobody panics while holding this") = path.to_owned();
        self.shared.seen.lock().expect("nobody panics while holding the log").clear();
    }

    /// What it was asked so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().expect("nobody panics while holding the log").clone()
    }

    /// What it was asked for `path` so far.
    pub fn seen_for(&self, path: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path == path).collect()
    }

    /// How many answers could not be sent to their end, because the caller went away.
    pub fn abandoned(&self) -> u64 {
        self.shared.abandoned.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How many body bytes it has sent so far.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How many connections were made to it so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Ends it: nobody listens, and all connections are gone.
    pub async fn down(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            // The only way in which this task ends is being aborted.
            let _ = serving.await;
        }
    }

    /// Brings it back on the same port.
    pub async fn up(&mut self) {
        let bind = async || TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.ok();
        let listener =
            crate::wait::until("the stand-in's port to be free again", crate::wait::SOON, bind).await;
        self.serve(listener);
    }

    fn serve(&mut self, listener: TcpListener) {
        self.serving = Some(tokio::spawn(http::serve(listener, Arc::clone(&self.shared))));
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
