//! Two agents with one account: who came last serves, and who was replaced stays away. Pure.
//!
//! A broker that knows one session for each account ends that of the one before (MQTT 3.1.1, section 3.1.4), so two
//! agents that both insist would cut each other off for ever. Who served and finds another's word in the place of
//! its own gives way instead, and looks again now and then whether the other has left. Its look ends the other's
//! session for a moment; so an other one that lives has a younger session at the next look, and so a younger last will.

use remoteaccess_protocol::{Presence, State};

/// What a process remembers from one session to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// It has not served yet: whoever did before is replaced.
    New,
    /// It served when its session ended.
    Served,
    /// It was replaced by another agent, which had said this when it was last looked for.
    Replaced(Presence),
}

impl Past {
    /// Whether to serve in a new session, where another agent has left the word `found`, or nobody has.
    pub fn may_serve(&mut self, found: Option<&Presence>) -> bool {
        match (&*self, found) {
            (_, None) | (Self::New, Some(_)) => return true,
            (Self::Replaced(before), Some(found)) if found.state == State::Offline && found == before => {
                return true;
            }
            (_, Some(found)) => *self = Self::Replaced(found.clone()),
        }
        false
    }

    /// Whether the next session is a look, which must leave nothing behind.
    pub fn only_looks(&self) -> bool {
        matches!(self, Self::Replaced(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(install: &str, since: u64, state: State) -> Presence {
        Presence { v: 2, state, agent: String::new(), install: install.into(), since }
    }

    #[test]
    fn who_is_new_replaces_whoever_is_there() {
        assert!(Past::New.may_serve(None));
        for state in [State::Online, State::Offline] {
            assert!(Past::New.may_serve(Some(&says("a", 5, state))));
        }
    }

    #[test]
    fn who_served_and_finds_another_stays_away() {
        for state in [State::Online, State::Offline] {
            let (mut past, other) = (Past::Served, says("a", 5, state));
            assert!(!past.may_serve(Some(&other)));
            assert_eq!(past, Past::Replaced(other));
        }
        assert!(Past::Served.may_serve(None), "its own word, or none");
    }

    #[test]
    fn who_stays_away_comes_back_once_the_other_has_not_been_there_between_two_looks() {
        let mut past = Past::Replaced(says("a", 5, State::Online));
        assert!(!past.may_serve(Some(&says("a", 5, State::Online))), "online for as long as it says so");
        assert!(!past.may_serve(Some(&says("a", 70, State::Offline))), "the look has ended its session");
        assert!(!past.may_serve(Some(&says("a", 140, State::Offline))), "it came back in the meantime");
        assert!(past.only_looks());
        assert!(past.may_serve(Some(&says("a", 140, State::Offline))));
        assert!(past.may_serve(None));
    }
}
