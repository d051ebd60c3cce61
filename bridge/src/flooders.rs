//! Homes that send far more than they were asked for.

use remoteaccess_protocol::Site;
use std::{
    collections::HashSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// A list that can be written without waiting; one task empties it. Each home is on it once.
#[derive(Debug, Default)]
pub struct Flooders {
    sites: Mutex<HashSet<Site>>,
    filled: Notify,
}

impl Flooders {
    /// Puts a home on the list.
    pub fn put(&self, site: &Site) {
        if self.sites().insert(site.clone()) {
            self.filled.notify_one();
        }
    }

    /// All of them; waits until there are some.
    pub async fn take(&self) -> HashSet<Site> {
        loop {
            let sites = mem::take(&mut *self.sites());
            if !sites.is_empty() {
                return sites;
            }
            self.filled.notified().await;
        }
    }

    fn sites(&self) -> MutexGuard<'_, HashSet<Site>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
