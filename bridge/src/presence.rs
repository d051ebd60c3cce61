//! What is known of the homes: a state machine without clock or network.

use remoteaccess_protocol::{Presence, Site, State};
use std::collections::HashMap;

/// Homes remembered. Which ones there are is the broker's to say; that they cannot fill the memory is ours.
const MAX_HOMES: usize = 100_000;

/// Seconds since 1970 before which a home's clock is not believed: a Pi without a clock starts in the past.
const BELIEVABLE: u64 = 1_577_836_800;

/// Whether a home is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// It is, and this is what it says of itself.
    Online(Presence),
    /// It was.
    Offline {
        /// When, in seconds since 1970, where that is known.
        last_seen: Option<u64>,
    },
    /// It has never said anything.
    Never,
}

/// All homes that the broker has told of.
///
/// What was heard on an earlier connection to the broker may have changed since: a retained message confirms it
/// soon after the next connection, or it is taken for gone.
#[derive(Debug, Default)]
pub struct Ledger {
    homes: HashMap<Site, Entry>,
    connection: u64,
    lost_at: Option<u64>,
}

#[derive(Debug)]
struct Entry {
    connection: u64,
    home: Home,
}

impl Ledger {
    /// The broker is connected (again): retained messages follow.
    pub fn connected(&mut self) {
        self.connection += 1;
    }

    /// The broker was lost at `now`.
    pub fn lost(&mut self, now: u64) {
        self.lost_at = Some(now);
    }

    /// Takes in what `site` said of itself, or its last will said for it; true if it has just gone.
    ///
    /// An agent that leaves must not take another one of the same account with it, hence `install`.
    pub fn hear(&mut self, site: &Site, presence: Presence, retained: bool, now: u64) -> bool {
        if self.homes.len() >= MAX_HOMES && !self.homes.contains_key(site) {
            return false;
        }
        let before = self.homes.get(site);
        let (home, gone) = match (presence.state, before.map(|entry| (&entry.home, entry.connection))) {
            (State::Online, _) => (Home::Online(presence), false),
            (State::Offline, Some((Home::Online(other), connection)))
                if other.install != presence.install && connection == self.connection =>
            {
                return false;
            }
            (State::Offline, before) => {
                let was_online = matches!(before, Some((Home::Online(_), _)));
                let earlier = match before {
                    Some((Home::Online(_), _)) => self.lost_at,
                    Some((Home::Offline { last_seen }, _)) => *last_seen,
                    _ => None,
                };
                let told = Some(presence.since.min(now)).filter(|since| *since >= BELIEVABLE);
                let last_seen = if retained { told.max(earlier) } else { Some(now) };
                (Home::Offline { last_seen }, was_online)
            }
        };
        self.homes.insert(site.clone(), Entry { connection: self.connection, home });
        gone
    }

    /// The homes that are there, and what they say of themselves.
    pub fn online(&self) -> impl Iterator<Item = (&Site, &Presence)> {
        self.homes.iter().filter_map(|(site, entry)| match &entry.home {
            Home::Online(presence) if entry.connection == self.connection => Some((site, presence)),
            _ => None,
        })
    }

    /// `site` was cut off, and what the broker kept of it was taken back; true if it was there.
    pub fn forget(&mut self, site: &Site, now: u64) -> bool {
        let Some(entry) = self.homes.get_mut(site) else { return false };
        let gone = matches!(entry.home, Home::Online(_));
        if gone {
            entry.home = Home::Offline { last_seen: Some(now) };
        }
        gone
    }

    /// What is known of `site`. `None` while its retained message may still be on the way, which `settled` rules
    /// out.
    pub fn home(&self, site: &Site, settled: bool) -> Option<Home> {
        match self.homes.get(site) {
            Some(entry) if entry.connection == self.connection => Some(entry.home.clone()),
            _ if !settled => None,
            None => Some(Home::Never),
            Some(Entry { home: Home::Online(_), .. }) => Some(Home::Offline { last_seen: self.lost_at }),
            Some(entry) => Some(entry.home.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn site(name: &str) -> Site {
        Site::new(name).unwrap()
    }

    fn says(state: State, install: &str) -> Presence {
        Presence { v: 2, state, agent: "0.1.0".into(), install: install.into(), since: NOW - 100 }
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.connected();
        ledger
    }

    fn offline(at: u64) -> Option<Home> {
        Some(Home::Offline { last_seen: Some(at) })
    }

    #[test]
    fn a_home_comes_and_goes() {
        let (mut ledger, ann) = (ledger(), site("ann"));
        assert_eq!(ledger.home(&ann, true), Some(Home::Never));
        assert!(!ledger.hear(&ann, says(State::Online, "a"), false, NOW));
        assert_eq!(ledger.home(&ann, true), Some(Home::Online(says(State::Online, "a"))));
        assert!(ledger.hear(&ann, says(State::Offline, "a"), false, NOW + 5));
        assert_eq!(ledger.home(&ann, true), offline(NOW + 5));
        assert!(!ledger.hear(&ann, says(State::Offline, "a"), false, NOW + 9), "it is gone already");
    }

    #[test]
    fn an_agent_that_leaves_does_not_take_its_twin_along() {
        let (mut ledger, ann) = (ledger(), site("ann"));
        ledger.hear(&ann, says(State::Online, "new"), false, NOW);
        assert!(!ledger.hear(&ann, says(State::Offline, "old"), false, NOW));
        assert!(matches!(ledger.home(&ann, true), Some(Home::Online(_))));
    }

    #[test]
    fn a_retained_farewell_tells_the_homes_own_time_within_reason() {
        for (since, known) in [(NOW - 100, Some(NOW - 100)), (0, None), (1_000, None), (NOW + 999, Some(NOW))]
        {
            let (mut ledger, ann) = (ledger(), site("ann"));
            ledger.hear(&ann, Presence { since, ..says(State::Offline, "a") }, true, NOW);
            assert_eq!(ledger.home(&ann, true), Some(Home::Offline { last_seen: known }), "{since}");
        }
    }

    #[test]
    fn after_a_lost_broker_homes_are_unknown_then_gone_unless_confirmed() {
        let (mut ledger, ann) = (ledger(), site("ann"));
        ledger.hear(&ann, says(State::Online, "a"), false, NOW);
        ledger.lost(NOW + 10);
        ledger.connected();
        assert_eq!(ledger.home(&ann, false), None);
        assert_eq!(ledger.home(&ann, true), offline(NOW + 10));
        ledger.hear(&ann, says(State::Online, "a"), true, NOW + 11);
        assert!(matches!(ledger.home(&ann, false), Some(Home::Online(_))));
    }

    #[test]
    fn a_home_that_left_while_the_broker_was_lost_was_last_seen_before() {
        let (mut ledger, ann) = (ledger(), site("ann"));
        ledger.hear(&ann, says(State::Online, "a"), false, NOW);
        ledger.lost(NOW + 10);
        ledger.connected();
        ledger.hear(&ann, says(State::Offline, "b"), true, NOW + 20);
        assert_eq!(ledger.home(&ann, true), offline(NOW + 10));
    }

    #[test]
    fn only_so_many_homes_are_remembered() {
        let mut ledger = ledger();
        for number in 0..=MAX_HOMES {
            ledger.hear(&site(&format!("h{number}")), says(State::Online, "a"), false, NOW);
        }
        assert_eq!(ledger.homes.len(), MAX_HOMES);
        assert!(ledger.hear(&site("h7"), says(State::Offline, "a"), false, NOW), "known ones still count");
    }
}
