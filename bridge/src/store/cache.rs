//! Who was asking a moment ago: a browser asks many things at once.

use super::{Account, Home, Store, now};
use crate::{error::Error, session};
use remoteaccess_protocol::Rights;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::broadcast, time::Instant};

/// What another bridge revoked holds here for so long; with the time that a look-up takes, it is to be less than a second.
const FRESH: Duration = Duration::from_millis(500);
/// Callers within [`FRESH`]; those beyond it are looked up each time.
const MAX_REMEMBERED: usize = 10_000;
/// Seconds after which it is written down again that somebody is there.
const NOTED_EACH: i64 = 600;

/// An account that asks, and its homes.
#[derive(Debug)]
pub struct Known {
    /// Whose.
    pub account: Account,
    /// Its homes, the first one first.
    pub homes: Vec<Home>,
    /// How it shows who it is.
    pub via: Via,
}

/// How a caller shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By a browser's session.
    Session {
        /// Its number.
        id: i64,
        /// Since when it is there.
        created: i64,
        /// When it was last prolonged.
        seen: i64,
        /// Until when it lasts.
        expires: i64,
    },
    /// By an API key.
    Key {
        /// Its number.
        id: i64,
        /// What it allows.
        rights: Rights,
        /// When its use was last noted.
        used: Option<i64>,
    },
}

/// Ends of sessions that a listener may be behind; then it looks for itself.
const MAX_BEHIND: usize = 64;

#[derive(Debug)]
pub(super) struct Cache {
    known: Mutex<Remembered>,
    /// The accounts whose sessions ended here, or some of them.
    ended: broadcast::Sender<i64>,
}

impl Default for Cache {
    fn default() -> Self {
        Self { known: Mutex::default(), ended: broadcast::Sender::new(MAX_BEHIND) }
    }
}

#[derive(Debug, Default)]
struct Remembered {
    by_hash: HashMap<String, (Instant, Arc<Known>)>,
    /// How often all was forgotten: what was looked up before that is not put in after it.
    forgotten: u64,
}

impl Store {
    /// Who has the session with this hash.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn with_session(&self, hash: &str) -> Result<Option<Arc<Known>>, Error> {
        self.known(hash, "session", self.find_session(hash)).await
    }

    /// Who has the key with this hash.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn with_key(&self, hash: &str) -> Result<Option<Arc<Known>>, Error> {
        self.known(hash, "key", self.find_key(hash)).await
    }

    /// Forgets who was asking: something about accounts has changed.
    pub fn forget(&self) {
        let mut known = self.inner.cache.known();
        known.by_hash.clear();
        known.forgotten += 1;
    }

    /// Tells of accounts of which a session was ended by this bridge.
    pub fn ends(&self) -> broadcast::Receiver<i64> {
        self.inner.cache.ended.subscribe()
    }

    /// Forgets as well, and tells who listens in this account's name.
    pub(super) fn has_ended(&self, account: i64) {
        self.forget();
        // Nobody may listen.
        self.inner.cache.ended.send(account).ok();
    }

    async fn known(
        &self,
        hash: &str,
        kind: &str,
        find: impl Future<Output = Result<Option<(Account, Via)>, Error>>,
    ) -> Result<Option<Arc<Known>>, Error> {
        let (name, start) = (format!("{kind} {hash}"), Instant::now());
        let forgotten = {
            let known = self.inner.cache.known();
            match known.by_hash.get(&name) {
                Some((at, known)) if start < *at + FRESH => return Ok(Some(Arc::clone(known))),
                _ => known.forgotten,
            }
        };
        let Some((account, via)) = find.await? else { return Ok(None) };
        // Who may ask can do so also where nothing can be written down.
        self.note_use(via).await.ok();
        let homes = self.homes(account.id).await?;
        let found = Arc::new(Known { account, homes, via });
        let mut known = self.inner.cache.known();
        if known.by_hash.len() >= MAX_REMEMBERED {
            known.by_hash.retain(|_, (at, _)| start < *at + FRESH);
        }
        if known.forgotten == forgotten && known.by_hash.len() < MAX_REMEMBERED {
            known.by_hash.insert(name, (start, Arc::clone(&found)));
        }
        Ok(Some(found))
    }

    /// Writes down now and then that a session or a key is used.
    async fn note_use(&self, via: Via) -> Result<(), Error> {
        let due = now() - NOTED_EACH;
        match via {
            Via::Session { id, seen, .. } if seen <= due => self.prolong_session(id, session::SECONDS).await,
            Via::Key { id, used, .. } if used.is_none_or(|used| used <= due) => self.key_used(id).await,
            _ => Ok(()),
        }
    }
}

impl Cache {
    fn known(&self) -> MutexGuard<'_, Remembered> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
