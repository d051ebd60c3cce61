//! Who is online, shared between the broker's messages and the requests that wait for them.

use crate::{
    clock,
    presence::{Home, Ledger},
    store::Store,
};
use remoteaccess_protocol::{Presence, Site, State};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep, timeout, timeout_at},
};

/// How long after a connection a home's retained message may take. Only requests to a home that has not been heard
/// on this connection wait, and only so long.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

/// How often it is written down what was heard of homes.
const WRITTEN_EACH: Duration = Duration::from_secs(60);
/// So many times later the same is done for homes that are there and have nothing to say: hourly.
const SILENT_ONES_EACH: u32 = 60;
/// For the database at the end, before systemd loses its patience.
pub const LAST_WRITTEN_WITHIN: Duration = Duration::from_secs(5);
/// Homes heard of between two times; the others are heard again.
const MAX_HEARD: usize = 20_000;
/// Changes that wait for who listens to them.
const MAX_CHANGES: usize = 256;

/// The ledger with its clock.
#[derive(Debug)]
pub struct Homes {
    ledger: Mutex<Ledger>,
    /// When all retained messages count as heard; told anew with each message.
    settled_at: watch::Sender<Instant>,
    changes: Mutex<Option<broadcast::Sender<Site>>>,
    heard: Mutex<HashMap<Site, Heard>>,
}

/// What is to be written down of a home.
#[derive(Debug)]
struct Heard {
    agent: Option<String>,
    seen: u64,
}

impl Default for Homes {
    /// Knows of nobody.
    fn default() -> Self {
        Self {
            ledger: Mutex::default(),
            settled_at: watch::Sender::new(Instant::now()),
            changes: Mutex::new(Some(broadcast::Sender::new(MAX_CHANGES))),
            heard: Mutex::default(),
        }
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
        if message.is_empty() {
            return self.forget(site);
        }
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
        self.note(site, state == State::Online, &version, gone);
        self.settled_at.send_modify(|_| {});
        home
    }

    /// A bridge has cut its session and taken back what the broker kept of it.
    fn forget(&self, site: &Site) -> Option<Home> {
        let mut ledger = self.ledger();
        let gone = ledger.forget(site, clock::unix_now());
        let home = ledger.home(site, true).filter(|_| gone);
        drop(ledger);
        self.note(site, false, "", gone);
        home
    }

    fn note(&self, site: &Site, online: bool, agent: &str, gone: bool) {
        if online || gone {
            let agent = online.then(|| agent.to_owned());
            let mut heard = lock(&self.heard);
            if heard.len() < MAX_HEARD || heard.contains_key(site) {
                let entry = heard.entry(site.clone()).or_insert(Heard { agent: None, seen: 0 });
                *entry = Heard { agent: agent.or(entry.agent.take()), seen: clock::unix_now() };
            }
        }
        if let Some(changes) = &*lock(&self.changes) {
            // Nobody may be listening.
            changes.send(site.clone()).ok();
        }
    }

    /// Who is there is seen now, without having said anything.
    fn see_who_is_there(&self) {
        let (ledger, seen) = (self.ledger(), clock::unix_now());
        let mut heard = lock(&self.heard);
        for (site, presence) in ledger.online().take(MAX_HEARD) {
            heard.insert(site.clone(), Heard { agent: Some(presence.agent.clone()), seen });
        }
    }

    /// Tells of each home that says something. Who is slow misses some, and is told so.
    pub fn changes(&self) -> broadcast::Receiver<Site> {
        match &*lock(&self.changes) {
            Some(changes) => changes.subscribe(),
            None => broadcast::Sender::new(1).subscribe(),
        }
    }

    /// No more changes are told: who listens can go.
    pub fn close(&self) {
        *lock(&self.changes) = None;
    }

    /// How many homes are there.
    pub fn online(&self) -> usize {
        self.ledger().online().count()
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
        lock(&self.ledger)
    }
}

/// Writes down what was heard, a bit later and together, so that a home's last sign of life outlasts this process.
pub async fn remember(homes: &Homes, store: &Store) {
    loop {
        for _ in 0..SILENT_ONES_EACH {
            sleep(WRITTEN_EACH).await;
            write(homes, store).await;
        }
        homes.see_who_is_there();
    }
}

/// The same for the last time.
pub async fn remember_at_the_end(homes: &Homes, store: &Store) {
    homes.see_who_is_there();
    if timeout(LAST_WRITTEN_WITHIN, write(homes, store)).await.is_err() {
        tracing::warn!("there was no time to write down when each home was last seen");
    }
}

async fn write(homes: &Homes, store: &Store) {
    let heard = std::mem::take(&mut *lock(&homes.heard));
    for (site, Heard { agent, seen }) in heard {
        let seen = i64::try_from(seen).unwrap_or(i64::MAX);
        // The database says itself that it is away.
        if store.home_seen(&site, agent.as_deref(), seen).await.is_err() {
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
