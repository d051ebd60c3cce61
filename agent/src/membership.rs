//! The steps by which a session becomes the one that serves its account. A state machine without I/O.
//!
//! It asks who is there before it serves: subscribe to the account's own presence, then a round trip, after
//! which a retained message has arrived if there is one. Whether it serves then is [`Past`]'s to say.

use crate::twin::Past;
use remoteaccess_protocol::{Presence, State};

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
    /// Take back what is retained as this account's presence.
    TakeBack,
}

/// Why a session is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Another agent serves this account.
    StayAway,
    /// It was a look, and nobody else serves any more.
    ComeBack,
}

/// Where a session stands.
#[derive(Debug)]
pub struct Membership {
    install: String,
    past: Past,
    /// What another agent has said.
    found: Option<Presence>,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Watching,
    Listening,
    Joining,
    Serving,
    Over(Ending),
}

impl Membership {
    /// A session of the agent `install` that has just connected. The first command is [`Command::WatchPresence`].
    pub fn new(install: &str, past: Past) -> Self {
        Self { install: install.into(), past, found: None, phase: Phase::Watching }
    }

    /// The broker acknowledged a subscription. A refused watch is not fatal: others then go unnoticed.
    pub fn subscribed(&mut self) -> Option<Command> {
        match self.phase {
            Phase::Watching => {
                self.phase = Phase::Listening;
                Some(Command::RoundTrip)
            }
            Phase::Joining => {
                self.phase = Phase::Serving;
                self.past = Past::Served;
                Some(Command::Say(State::Online))
            }
            _ => None,
        }
    }

    /// The broker acknowledged the round trip.
    pub fn round_trip(&mut self) -> Option<Command> {
        if self.phase != Phase::Listening {
            return None;
        }
        let was_look = self.past.only_looks();
        if !self.past.may_serve(self.found.as_ref()) {
            self.phase = Phase::Over(Ending::StayAway);
            // Where this session has ended the other's, its last will says `offline`. An `online` may have been left by somebody
            // who is gone; who is not says it again.
            let is_online = self.found.as_ref().is_some_and(|found| found.state == State::Online);
            return is_online.then_some(Command::TakeBack);
        }
        if was_look {
            self.past = Past::New;
            self.phase = Phase::Over(Ending::ComeBack);
            return None;
        }
        self.phase = Phase::Joining;
        Some(Command::TakeRequests)
    }

    /// A presence of this account was seen.
    pub fn seen(&mut self, presence: &Presence) -> Option<Command> {
        match (self.phase, presence.state) {
            (Phase::Watching | Phase::Listening, _) => {
                self.found = self.is_others(presence).then(|| presence.clone());
            }
            // The broker knows several sessions for one account, and another agent has begun to serve.
            (Phase::Serving, State::Online) if self.is_others(presence) => {
                self.past = Past::Replaced(presence.clone());
                self.phase = Phase::Over(Ending::StayAway);
            }
            // Somebody's late last will has taken the place of this one's word.
            (Phase::Serving, State::Offline) if self.is_others(presence) => {
                return Some(Command::Say(State::Online));
            }
            _ => {}
        }
        None
    }

    /// What was retained as this account's presence was taken back.
    pub fn taken_back(&self) -> Option<Command> {
        self.serves().then_some(Command::Say(State::Online))
    }

    /// Whether requests are to be answered.
    pub fn takes_requests(&self) -> bool {
        matches!(self.phase, Phase::Joining | Phase::Serving)
    }

    /// Whether the bridge has been told that this home is online.
    pub fn serves(&self) -> bool {
        self.phase == Phase::Serving
    }

    /// Whether the session is to end, and why.
    pub fn ending(&self) -> Option<Ending> {
        match self.phase {
            Phase::Over(ending) => Some(ending),
            _ => None,
        }
    }

    /// What the next session has to know.
    pub fn past(&self) -> &Past {
        &self.past
    }

    fn is_others(&self, presence: &Presence) -> bool {
        presence.install != self.install
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Command::{RoundTrip, Say, TakeRequests};

    fn presence(install: &str, since: u64, state: State) -> Presence {
        Presence { v: 2, state, agent: String::new(), install: install.into(), since }
    }

    fn arrives(past: Past, retained: Option<&Presence>) -> Membership {
        let mut membership = Membership::new("b", past);
        assert_eq!(membership.subscribed(), Some(RoundTrip));
        if let Some(retained) = retained {
            assert_eq!(membership.seen(retained), None);
        }
        membership
    }

    fn serving() -> Membership {
        let mut membership = arrives(Past::New, None);
        assert_eq!(membership.round_trip(), Some(TakeRequests));
        assert!(!membership.serves());
        assert_eq!(membership.subscribed(), Some(Say(State::Online)));
        assert!(membership.serves());
        membership
    }

    #[test]
    fn it_serves_after_the_subscription_is_acknowledged() {
        assert_eq!(serving().past(), &Past::Served);
    }

    #[test]
    fn its_own_word_is_no_obstacle() {
        let mut membership = arrives(Past::Served, Some(&presence("b", 9, State::Offline)));
        assert_eq!(membership.round_trip(), Some(TakeRequests));
    }

    #[test]
    fn who_was_replaced_leaves_without_a_word() {
        let other = presence("a", 5, State::Offline);
        let mut membership = arrives(Past::Served, Some(&other));
        assert_eq!(membership.round_trip(), None);
        assert_eq!(membership.ending(), Some(Ending::StayAway));
        assert!(!membership.takes_requests() && !membership.serves());
        assert_eq!(membership.past(), &Past::Replaced(other));
    }

    #[test]
    fn a_word_that_somebody_may_have_left_behind_is_taken_back_and_said_again_by_who_serves() {
        let mut membership = arrives(Past::Served, Some(&presence("a", 5, State::Online)));
        assert_eq!(membership.round_trip(), Some(Command::TakeBack));
        assert_eq!(membership.ending(), Some(Ending::StayAway));
        let mut look = arrives(membership.past().clone(), None);
        assert_eq!(look.round_trip(), None);
        assert_eq!(look.ending(), Some(Ending::ComeBack));
        assert_eq!(serving().taken_back(), Some(Say(State::Online)));
        assert_eq!(look.taken_back(), None);
    }

    #[test]
    fn a_look_that_finds_nobody_is_followed_by_a_session_that_serves() {
        let other = presence("a", 5, State::Offline);
        let mut look = arrives(Past::Replaced(other.clone()), Some(&other));
        assert_eq!(look.round_trip(), None);
        assert_eq!(look.ending(), Some(Ending::ComeBack));
        let mut membership = arrives(look.past().clone(), Some(&other));
        assert_eq!(membership.round_trip(), Some(TakeRequests));
    }

    #[test]
    fn what_is_said_beside_it_while_it_serves_is_corrected_or_obeyed() {
        let mut membership = serving();
        assert_eq!(membership.seen(&presence("b", 9, State::Online)), None, "its own");
        let late = presence("a", 3, State::Offline);
        assert_eq!(membership.seen(&late), Some(Say(State::Online)));
        assert_eq!(membership.seen(&presence("a", 3, State::Online)), None);
        assert_eq!(membership.ending(), Some(Ending::StayAway));
        assert!(!membership.serves());
    }
}
