//! `GET /-/homes/events`: a browser hears of each change of its homes as it happens.

use super::api;
use crate::{app::App, caller, error::Error};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use remoteaccess_protocol::Site;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until},
};

/// Streams of one account at once: so many windows of a browser.
const MAX_STREAMS: usize = 16;
/// How often it is looked whether the session still holds, as another bridge may have ended it.
const LOOKS: Duration = Duration::from_secs(5);
/// How often something is said, so that nobody on the way takes the connection for dead.
const SPEAKS: Duration = Duration::from_secs(25);

/// How many streams each account has.
#[derive(Debug, Default)]
pub struct Streams(Arc<Mutex<HashMap<i64, usize>>>);

/// One stream, counted until dropped.
struct Place {
    streams: Arc<Mutex<HashMap<i64, usize>>>,
    account: i64,
}

struct Listener {
    app: Arc<App>,
    headers: HeaderMap,
    account: (i64, String),
    changes: broadcast::Receiver<Site>,
    /// Accounts of which sessions end.
    ends: broadcast::Receiver<i64>,
    told: HashMap<String, Value>,
    ready: VecDeque<Bytes>,
    spoke: Instant,
    looked: Instant,
    _place: Place,
}

/// Opens a stream.
///
/// # Errors
/// Where nobody has signed in, or the account has too many.
pub async fn events(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    let caller = caller::owner(&app, &headers).await?;
    let place = app.streams.enter(caller.account().id).ok_or(Error::Busy)?;
    let mut listener = Listener {
        changes: app.homes.changes(),
        ends: app.store.ends(),
        account: (caller.account().id, caller.account().name.clone()),
        app,
        headers,
        told: HashMap::new(),
        ready: VecDeque::new(),
        spoke: Instant::now(),
        looked: Instant::now(),
        _place: place,
    };
    listener.look().await;
    let body = Body::from_stream(stream::unfold(listener, |mut listener| async move {
        let bytes = listener.next().await?;
        Some((Ok::<_, Infallible>(bytes), listener))
    }));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

impl Listener {
    /// What to say next; `None` where the session has ended.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                self.spoke = Instant::now();
                return Some(bytes);
            }
            if self.spoke.elapsed() >= SPEAKS {
                self.ready.push_back(Bytes::from_static(b":\n\n"));
                continue;
            }
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(site) if !self.is_ours(&site) => continue,
                    Err(RecvError::Closed) => return None,
                    // Of ours, or too many to keep up with.
                    _ => {}
                },
                ended = self.ends.recv() => match ended {
                    Ok(account) if account != self.account.0 => continue,
                    Err(RecvError::Closed) => return None,
                    _ => {}
                },
                () = sleep_until(self.looked + LOOKS) => {}
            }
            if !self.look().await {
                return None;
            }
        }
    }

    /// Says what has changed; false where the session has ended.
    async fn look(&mut self) -> bool {
        self.looked = Instant::now();
        let caller = match caller::by_session(&self.app, &self.headers).await {
            Ok(caller) => caller,
            // It will be there again.
            Err(Error::Database) => return true,
            Err(_) => return false,
        };
        for home in &caller.known.homes {
            let state = api::state(&self.app, home).await;
            if self.told.get(&home.name) != Some(&state) {
                self.ready.push_back(format!("event: home\ndata: {state}\n\n").into());
                self.told.insert(home.name.clone(), state);
            }
        }
        let ready = &mut self.ready;
        self.told.retain(|name, _| {
            let is_there = caller.known.homes.iter().any(|home| home.name == *name);
            if !is_there {
                let gone = json!({"name": name, "state": "deleted"});
                ready.push_back(format!("event: home\ndata: {gone}\n\n").into());
            }
            is_there
        });
        true
    }

    fn is_ours(&self, site: &Site) -> bool {
        let name = site.as_str();
        name.split_once('.').map_or(name, |(account, _)| account) == self.account.1
    }
}

impl Streams {
    fn enter(&self, account: i64) -> Option<Place> {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(account).or_default();
        if *count >= MAX_STREAMS {
            return None;
        }
        *count += 1;
        Some(Place { streams: Arc::clone(&self.0), account })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.account);
            }
        }
    }
}
