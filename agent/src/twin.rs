//! Two agents with one account: who serves, and who waits. Pure.
//!
//! Who serves goes on serving, and who comes later waits. Two that began in the same moment apply the same
//! comparison to the same two messages, so exactly one of them gives way, whatever their clocks say. Neither ever
//! cuts the other off.

use remoteaccess_protocol::{Presence, State};

/// What this agent does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It has not said yet that it serves.
    Arriving,
    /// It serves.
    Serving,
    /// Another agent serves, and this one waits for it to leave.
    Waiting,
}

/// What a presence message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// Say again that this agent is online: somebody else's message stands in its place.
    Repeat,
    /// Do not serve; the other one does.
    GiveWay,
    /// Serve: the other one has left.
    TakeOver,
}

/// Decides on a presence message seen on this account's own topic. `mine` is what this agent says while it serves.
pub fn step(mine: &Presence, role: Role, seen: &Presence) -> Step {
    let own = seen.install == mine.install;
    let first = (seen.since, &seen.install) < (mine.since, &mine.install);
    match (role, seen.state) {
        // What it said while it served may arrive after it gave way.
        (Role::Arriving | Role::Waiting, _) if own => Step::Stay,
        (Role::Arriving, State::Online) => Step::GiveWay,
        (Role::Arriving, State::Offline) => Step::Stay,
        (Role::Serving, State::Online) if own => Step::Stay,
        (Role::Serving, State::Online) if first => Step::GiveWay,
        // Somebody else's message stands in the place of its own.
        (Role::Serving, _) => Step::Repeat,
        (Role::Waiting, State::Online) => Step::Stay,
        (Role::Waiting, State::Offline) => Step::TakeOver,
    }
}

/// Whether two presences come from the same installation, perhaps from two of its processes: `install` is the
/// installation, a dash, and a part that each process chooses anew.
pub fn same_installation(a: &Presence, b: &Presence) -> bool {
    let installation = |presence: &Presence| presence.install.split('-').next().map(str::to_owned);
    installation(a) == installation(b)
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
    fn a_newcomer_whose_clock_is_wrong_displaces_nobody() {
        let newcomer = presence("b", 0, State::Online);
        let serving = presence("a", 1_800_000_000, State::Online);
        assert_eq!(step(&newcomer, Role::Arriving, &serving), Step::GiveWay);
        assert_eq!(step(&newcomer, Role::Waiting, &serving), Step::Stay);
    }

    #[test]
    fn a_copy_of_this_installation_is_another_agent_all_the_same() {
        let (mine, copy) = (presence("a-1", 5, State::Online), presence("a-2", 5, State::Online));
        assert!(same_installation(&mine, &copy));
        assert_eq!(step(&mine, Role::Arriving, &copy), Step::GiveWay);
        assert_eq!(
            [step(&mine, Role::Serving, &copy), step(&copy, Role::Serving, &mine)],
            [Step::Repeat, Step::GiveWay]
        );
        assert!(!same_installation(&mine, &presence("b-1", 5, State::Online)));
    }

    #[test]
    fn a_late_last_will_of_its_predecessor_is_corrected() {
        let mine = presence("a-2", 9, State::Online);
        assert_eq!(step(&mine, Role::Serving, &presence("a-1", 3, State::Offline)), Step::Repeat);
        assert_eq!(step(&mine, Role::Serving, &mine), Step::Stay);
    }
}
