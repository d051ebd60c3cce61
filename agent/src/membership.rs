//! The steps by which a session becomes the one that serves its account. A state machine without I/O.
//!
//! It asks who is there before it serves: subscribe to the account's own presence, then a round trip, after
//! which a retained message has arrived if there is one. Two installations settle it by [`twin::step`]. A
//! presence that was retained although its sender is gone for good is found out by a probe: whoever serves
//! answers an `offline` of somebody else by saying again that it is online.

use crate::twin::{self, Role, Step};
use remoteaccess_protocol::{Presence, State};
use std::time::{Duration, Instant};

/// A living twin answers a probe within this time, also over a bad link.
const PROBE_ANSWER: Duration = Duration::from_secs(15);
/// What looks like this very installation is most often its own predecessor, whose power went.
const OWN_PROBE_ANSWER: Duration = Duration::from_secs(5);
/// How often the one that waits asks again.
const PROBE_EVERY: Duration = Duration::from_secs(300);

/// What the session is to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Subscribe to this account's presence.
    WatchPresence,
    /// Anything that the broker acknowledges after what it sent before.
    RoundTrip,
    /// Subscribe to requests.
    TakeRequests,
    /// Unsubscribe from requests.
    LeaveRequests,
    /// Publish the presence, retained.
    Say(State),
}

/// Where a session stands.
#[derive(Debug)]
pub struct Membership {
    mine: Presence,
    phase: Phase,
    twin: Option<Presence>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Watching,
    Listening,
    Joining,
    Serving,
    /// A twin serves. Until the instant given, it is expected to answer a probe.
    Probing(Instant),
    /// A twin serves and is alive; the instant says when to ask again.
    Waiting(Instant),
}

impl Membership {
    /// A session that has just connected; `mine` is what it will say when it serves. The first command is
    /// [`Command::WatchPresence`].
    pub fn new(mine: Presence) -> Self {
        Self { mine, phase: Phase::Watching, twin: None }
    }

    /// The broker acknowledged a subscription. A refused watch is not fatal: twins then go unnoticed.
    pub fn subscribed(&mut self) -> Vec<Command> {
        match self.phase {
            Phase::Watching => {
                self.phase = Phase::Listening;
                vec![Command::RoundTrip]
            }
            Phase::Joining => {
                self.phase = Phase::Serving;
                vec![Command::Say(State::Online)]
            }
            _ => vec![],
        }
    }

    /// The broker acknowledged the round trip.
    pub fn round_trip(&mut self, now: Instant) -> Vec<Command> {
        match (&self.phase, &self.twin) {
            (Phase::Listening, Some(_)) => self.probe(now),
            (Phase::Listening, None) => self.join(),
            _ => vec![],
        }
    }

    /// A presence of this account was seen.
    pub fn seen(&mut self, presence: &Presence, now: Instant) -> Vec<Command> {
        let role = match self.phase {
            Phase::Watching | Phase::Listening | Phase::Joining => Role::Arriving,
            Phase::Serving => Role::Serving,
            Phase::Probing(_) | Phase::Waiting(_) => Role::Waiting,
        };
        let other = presence.install != self.mine.install;
        match (twin::step(&self.mine, role, presence), &self.phase) {
            (Step::GiveWay, phase) => {
                let joined = matches!(phase, Phase::Joining | Phase::Serving);
                self.twin = Some(presence.clone());
                let mut commands = vec![];
                if joined {
                    commands.push(Command::LeaveRequests);
                    commands.extend(self.probe(now));
                }
                commands
            }
            (Step::Repeat, _) => vec![Command::Say(State::Online)],
            (Step::TakeOver, _) => self.join(),
            // Before anybody serves, a farewell takes back what was retained.
            (Step::Stay, Phase::Watching | Phase::Listening) if other => {
                self.twin = None;
                vec![]
            }
            (Step::Stay, Phase::Probing(_) | Phase::Waiting(_)) if other => {
                self.twin = Some(presence.clone());
                self.phase = Phase::Waiting(now + PROBE_EVERY);
                vec![]
            }
            (Step::Stay, _) => vec![],
        }
    }

    /// When to call [`Self::time_passed`].
    pub fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Probing(at) | Phase::Waiting(at) => Some(at),
            _ => None,
        }
    }

    /// The deadline has passed.
    pub fn time_passed(&mut self, now: Instant) -> Vec<Command> {
        match self.phase {
            // Nobody answered: what was retained outlived its sender.
            Phase::Probing(at) if at <= now => self.join(),
            Phase::Waiting(at) if at <= now => self.probe(now),
            _ => vec![],
        }
    }

    /// Whether requests are to be answered.
    pub fn takes_requests(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::Serving)
    }

    /// Whether the bridge has been told that this home is online.
    pub fn serves(&self) -> bool {
        self.phase == Phase::Serving
    }

    /// The installation that serves instead.
    pub fn twin(&self) -> Option<&Presence> {
        self.twin.as_ref()
    }

    fn join(&mut self) -> Vec<Command> {
        self.phase = Phase::Joining;
        self.twin = None;
        vec![Command::TakeRequests]
    }

    fn probe(&mut self, now: Instant) -> Vec<Command> {
        let predecessor = self.twin.as_ref().is_some_and(|twin| twin::same_installation(twin, &self.mine));
        self.phase = Phase::Probing(now + if predecessor { OWN_PROBE_ANSWER } else { PROBE_ANSWER });
        vec![Command::Say(State::Offline)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Command::{LeaveRequests, RoundTrip, Say, TakeRequests};

    fn presence(install: &str, since: u64, state: State) -> Presence {
        Presence { v: 2, state, agent: String::new(), install: install.into(), since }
    }

    fn newcomer(now: Instant, retained: Option<&Presence>) -> (Membership, Vec<Command>) {
        let mut membership = Membership::new(presence("b", 9, State::Online));
        assert_eq!(membership.subscribed(), [RoundTrip]);
        if let Some(retained) = retained {
            assert_eq!(membership.seen(retained, now), []);
        }
        let commands = membership.round_trip(now);
        (membership, commands)
    }

    #[test]
    fn alone_it_serves_after_the_subscription_is_acknowledged() {
        let now = Instant::now();
        let (mut membership, commands) = newcomer(now, None);
        assert_eq!(commands, [TakeRequests]);
        assert!(!membership.serves());
        assert_eq!(membership.subscribed(), [Say(State::Online)]);
        assert!(membership.serves());
    }

    #[test]
    fn a_retained_farewell_is_no_obstacle() {
        let now = Instant::now();
        for retained in [presence("a", 5, State::Offline), presence("b-0", 3, State::Offline)] {
            assert_eq!(newcomer(now, Some(&retained)).1, [TakeRequests]);
        }
    }

    #[test]
    fn what_its_own_predecessor_left_behind_costs_seconds() {
        let now = Instant::now();
        let mut membership = Membership::new(presence("b-2", 9, State::Online));
        membership.subscribed();
        membership.seen(&presence("b-1", 5, State::Online), now);
        assert_eq!(membership.round_trip(now), [Say(State::Offline)]);
        assert_eq!(membership.deadline(), Some(now + OWN_PROBE_ANSWER));
        assert_eq!(membership.time_passed(now + OWN_PROBE_ANSWER), [TakeRequests]);
    }

    #[test]
    fn a_living_twin_keeps_serving_until_it_leaves() {
        let now = Instant::now();
        let twin = presence("a", 5, State::Online);
        let (mut membership, commands) = newcomer(now, Some(&twin));
        assert_eq!(commands, [Say(State::Offline)]);
        assert_eq!(membership.seen(&presence("b", 9, State::Offline), now), [], "its own probe");
        assert_eq!(membership.seen(&twin, now), [], "the twin's answer");
        assert_eq!(membership.twin(), Some(&twin));
        assert_eq!(membership.time_passed(now + PROBE_ANSWER), []);
        assert_eq!(membership.time_passed(now + PROBE_EVERY), [Say(State::Offline)], "asks again");
        assert_eq!(membership.seen(&presence("a", 5, State::Offline), now), [TakeRequests]);
    }

    #[test]
    fn a_twin_that_is_gone_for_good_does_not_answer_the_probe() {
        let now = Instant::now();
        let (mut membership, _) = newcomer(now, Some(&presence("a", 5, State::Online)));
        assert_eq!(membership.time_passed(now + PROBE_ANSWER - Duration::from_millis(1)), []);
        assert_eq!(membership.time_passed(now + PROBE_ANSWER), [TakeRequests]);
    }

    #[test]
    fn whoever_serves_answers_a_probe_and_gives_way_to_the_elder() {
        let now = Instant::now();
        let (mut membership, _) = newcomer(now, None);
        membership.subscribed();
        assert_eq!(membership.seen(&presence("c", 12, State::Offline), now), [Say(State::Online)]);
        assert_eq!(membership.seen(&presence("c", 12, State::Online), now), [Say(State::Online)]);
        assert_eq!(
            membership.seen(&presence("a", 5, State::Online), now),
            [LeaveRequests, Say(State::Offline)]
        );
        assert!(!membership.takes_requests());
    }
}
