//! Two installations with one account: who serves, and who waits. Pure.
//!
//! Both ends apply the same comparison to the same two messages, so exactly one of them gives way, whatever
//! their clocks say, and neither cuts the other off.

use remoteaccess_protocol::{Presence, State};

/// What this installation does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It serves requests, or is about to.
    Serving,
    /// Another installation serves, and this one waits for it to leave.
    Waiting,
}

/// What a presence message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Say again that this installation is online: somebody else's message stands in its place.
    Repeat,
    /// Stop serving; the other one was there first.
    GiveWay,
    /// Serve: the other one has left.
    TakeOver,
}

/// Decides on a presence message seen on this account's own topic. `mine` is what this installation says while
/// it serves.
pub fn step(mine: &Presence, role: Role, seen: &Presence) -> Step {
    let own = seen.install == mine.install;
    let first = (seen.since, &seen.install) < (mine.since, &mine.install);
    match (role, seen.state) {
        // The last will of this installation's previous session may come late.
        (Role::Serving, State::Offline) => Step::Repeat,
        (Role::Serving, State::Online) if own => Step::Stay,
        (Role::Serving, State::Online) if first => Step::GiveWay,
        (Role::Serving, State::Online) => Step::Repeat,
        // What it said while it served may arrive after it gave way.
        (Role::Waiting, _) if own => Step::Stay,
        (Role::Waiting, State::Online) if first => Step::Stay,
        (Role::Waiting, _) => Step::TakeOver,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(install: &str, since: u64, state: State) -> Presence {
        Presence { v: 2, state, agent: String::new(), install: install.into(), since }
    }

    #[test]
    fn of_two_that_see_each_other_exactly_one_gives_way() {
        for (a, b) in [(("a", 5), ("b", 9)), (("a", 9), ("b", 5)), (("a", 5), ("b", 5))] {
            let a = presence(a.0, a.1, State::Online);
            let b = presence(b.0, b.1, State::Online);
            let steps = [step(&a, Role::Serving, &b), step(&b, Role::Serving, &a)];
            assert!(
                steps == [Step::GiveWay, Step::Repeat] || steps == [Step::Repeat, Step::GiveWay],
                "{steps:?}"
            );
        }
    }

    #[test]
    fn the_one_that_waits_takes_over_when_the_other_leaves() {
        let mine = presence("b", 9, State::Online);
        assert_eq!(step(&mine, Role::Waiting, &presence("a", 5, State::Online)), Step::Stay);
        assert_eq!(step(&mine, Role::Waiting, &presence("a", 5, State::Offline)), Step::TakeOver);
    }

    #[test]
    fn what_it_said_itself_does_not_make_the_waiting_one_serve() {
        let mine = presence("b", 9, State::Online);
        assert_eq!(step(&mine, Role::Waiting, &presence("b", 9, State::Offline)), Step::Stay);
        assert_eq!(step(&mine, Role::Waiting, &mine), Step::Stay);
    }

    #[test]
    fn a_late_last_will_of_its_own_is_corrected() {
        let mine = presence("a", 9, State::Online);
        assert_eq!(step(&mine, Role::Serving, &presence("a", 3, State::Offline)), Step::Repeat);
        assert_eq!(step(&mine, Role::Serving, &mine), Step::Stay);
    }
}
