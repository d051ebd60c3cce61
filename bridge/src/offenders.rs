//! Homes that do what no agent does, and harm others by it.

use remoteaccess_protocol::Site;
use std::{
    collections::HashMap,
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::Notify;

/// What a home did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offence {
    /// It sent far more than it was asked for.
    Floods,
    /// It had the broker keep what nobody needs.
    Hoards,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Floods => "sent far more than it was asked for",
            Self::Hoards => "made the broker keep what is no presence",
        })
    }
}

/// A list that can be written without waiting; one task empties it. Each home is on it once, with what it did last and since when.
#[derive(Debug, Default)]
pub struct Offenders {
    sites: Mutex<HashMap<Site, (Offence, Instant)>>,
    filled: Notify,
}

impl Offenders {
    /// Puts a home on the list, with when it began.
    pub fn put(&self, site: &Site, offence: Offence, since: Instant) {
        if self.sites().insert(site.clone(), (offence, since)).is_none() {
            self.filled.notify_one();
        }
    }

    /// All of them; waits until there are some.
    pub async fn take(&self) -> HashMap<Site, (Offence, Instant)> {
        loop {
            let sites = mem::take(&mut *self.sites());
            if !sites.is_empty() {
                return sites;
            }
            self.filled.notified().await;
        }
    }

    fn sites(&self) -> MutexGuard<'_, HashMap<Site, (Offence, Instant)>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
