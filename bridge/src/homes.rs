//! Who is online, shared between the broker's messages and the requests that wait for them.

use crate::{
    clock,
    presence::{Home, Ledger},
};
use remoteaccess_protocol::{Presence, Site};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long after a connection a home's retained message may take. Only requests to a home that has not been heard
/// on this connection wait, and only so long.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

/// The ledger with its clock.
#[derive(Debug)]
pub struct Homes {
    ledger: Mutex<Ledger>,
    /// When all retained messages count as heard; told anew with each message.
    settled_at: watch::Sender<Instant>,
}

impl Default for Homes {
    /// Knows of nobody.
    fn default() -> Self {
        Self { ledger: Mutex::default(), settled_at: watch::Sender::new(Instant::now()) }
    }
}

impl Homes {
    /// A connection to the broker begins.
    pub fn begun(&self) {
        self.ledger().connected();
    }

    /// The broker has begun to send what it retained.
    pub fn ready(&self) {
        self.settled_at.send_replace(Instant::now() + SETTLES_WITHIN);
    }

    /// The broker is lost.
    pub fn lost(&self) {
        self.ledger().lost(clock::unix_now());
    }

    /// Takes in a presence message; tells how the home was left if it has just gone.
    pub fn hear(&self, site: &Site, message: &[u8], retained: bool) -> Option<Home> {
        let Some(presence) = Presence::parse(message) else {
            tracing::debug!(home = %site, "a status that no agent of ours says");
            return None;
        };
        let mut ledger = self.ledger();
        let (state, version) = (presence.state, presence.agent.clone());
        let gone = ledger.hear(site, presence, retained, clock::unix_now());
        let home = ledger.home(site, true).filter(|_| gone);
        drop(ledger);
        tracing::debug!(home = %site, ?state, version, retained, gone, "status");
        self.settled_at.send_modify(|_| {});
        home
    }

    /// How many homes are there.
    pub fn online(&self) -> usize {
        self.ledger().online()
    }

    /// Whether `site` is there. Waits for its retained message just after a connection, otherwise answers at once.
    pub async fn home(&self, site: &Site) -> Home {
        let mut changes = self.settled_at.subscribe();
        loop {
            let settled_at = *changes.borrow_and_update();
            let settled = Instant::now() >= settled_at;
            if let Some(home) = self.ledger().home(site, settled) {
                return home;
            }
            // Either way round: what comes first is looked at again.
            let _ = timeout_at(settled_at, changes.changed()).await;
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_home_not_yet_heard_of_waits_for_the_retained_messages() {
        let homes = Homes::default();
        let ann = Site::new("ann").unwrap();
        homes.begun();
        homes.ready();
        let start = Instant::now();
        assert_eq!(homes.home(&ann).await, Home::Never);
        assert_eq!(start.elapsed(), SETTLES_WITHIN);

        homes.begun();
        homes.ready();
        let (start, online) = (Instant::now(), br#"{"v":2,"state":"online"}"#);
        let (home, ()) = tokio::join!(homes.home(&ann), async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            homes.hear(&ann, online, true);
        });
        assert!(matches!(home, Home::Online(_)));
        assert_eq!(start.elapsed(), Duration::from_millis(30));
    }
}
