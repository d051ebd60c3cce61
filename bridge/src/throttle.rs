//! Guessing is slow: for each name, for each account from within, and for each address.

use crate::{
    accounts::{Fingerprint, fingerprint},
    attempts::Attempts,
    peer::Peer,
};
use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Wrong passwords for one name, whether or not there is such an account.
const AT_MOST_PER_NAME: usize = 10;
/// Wrong pairing codes for one name. They have 79 bits and half an hour: this only has to keep strangers from blocking
/// them, who have few tries each by their addresses.
const AT_MOST_CODES: usize = 100;
/// Wrong passwords from one address.
const AT_MOST_PER_ADDRESS: usize = 20;

/// Who failed to sign in lately.
#[derive(Debug)]
pub struct Throttle {
    failures: Mutex<Failures>,
}

#[derive(Debug)]
struct Failures {
    // A name can be as long as a request; its fingerprint is not.
    names: Attempts<Fingerprint>,
    owners: Attempts<i64>,
    codes: Attempts<Fingerprint>,
    addresses: Attempts<IpAddr>,
}

/// One attempt to sign in, and what limits it.
#[derive(Debug)]
pub struct Attempt {
    at: At,
    address: Option<IpAddr>,
}

/// What is tried: strangers reach only what anybody can name, and never an owner's own tries.
#[derive(Debug)]
enum At {
    Nothing,
    Name(Fingerprint),
    Owner(i64),
    Code(Fingerprint),
}

impl Attempt {
    /// By `peer`, for `name`. Of a browser that is signed in as `name` only the address counts: otherwise strangers
    /// who guess the name could lock its owner out.
    pub fn new(peer: Peer, name: &str, known_browser: bool) -> Self {
        let at = if known_browser { At::Nothing } else { At::Name(fingerprint(name)) };
        Self { at, address: peer.limited() }
    }

    /// By `peer`, who is signed in to this account.
    pub fn of_owner(peer: Peer, account: i64) -> Self {
        Self { at: At::Owner(account), address: peer.limited() }
    }

    /// By `peer`, with a pairing code for `name`.
    pub fn with_code(peer: Peer, name: &str) -> Self {
        Self { at: At::Code(fingerprint(name)), address: peer.limited() }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        let failures = Failures {
            names: Attempts::new(AT_MOST_PER_NAME),
            owners: Attempts::new(AT_MOST_PER_NAME),
            codes: Attempts::new(AT_MOST_CODES),
            addresses: Attempts::new(AT_MOST_PER_ADDRESS),
        };
        Self { failures: Mutex::new(failures) }
    }
}

impl Throttle {
    /// Lets an attempt go on; it counts as a failure until told otherwise.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub fn begin(&self, attempt: &Attempt, now: Instant) -> Result<(), Duration> {
        let mut failures = self.failures();
        let by_name = match &attempt.at {
            At::Nothing => None,
            At::Name(name) => failures.names.wait(name, now),
            At::Owner(account) => failures.owners.wait(account, now),
            At::Code(name) => failures.codes.wait(name, now),
        };
        let by_address = attempt.address.as_ref().and_then(|address| failures.addresses.wait(address, now));
        if let Some(wait) = by_name.max(by_address) {
            return Err(wait);
        }
        match &attempt.at {
            At::Nothing => {}
            At::Name(name) => failures.names.begin(name, now),
            At::Owner(account) => failures.owners.begin(account, now),
            At::Code(name) => failures.codes.begin(name, now),
        }
        if let Some(address) = &attempt.address {
            failures.addresses.begin(address, now);
        }
        Ok(())
    }

    /// The password was right. The address is not forgiven its other failures: they may be for other names.
    pub fn succeeded(&self, attempt: &Attempt) {
        let mut failures = self.failures();
        match &attempt.at {
            At::Nothing => {}
            At::Name(name) => failures.names.forget(name),
            At::Owner(account) => failures.owners.forget(account),
            At::Code(name) => failures.codes.forget(name),
        }
        if let Some(address) = &attempt.address {
            failures.addresses.take_back(address);
        }
    }

    /// The password was not looked at.
    pub fn not_checked(&self, attempt: &Attempt) {
        let mut failures = self.failures();
        match &attempt.at {
            At::Nothing => {}
            At::Name(name) => failures.names.take_back(name),
            At::Owner(account) => failures.owners.take_back(account),
            At::Code(name) => failures.codes.take_back(name),
        }
        if let Some(address) = &attempt.address {
            failures.addresses.take_back(address);
        }
    }

    /// The address of a failed attempt has been counted another time.
    pub fn counted_twice(&self, attempt: &Attempt) {
        if let Some(address) = &attempt.address {
            self.failures().addresses.take_back(address);
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempts::WINDOW;

    fn peer(address: &str) -> Peer {
        Peer::new(address.parse().unwrap())
    }

    /// How many failures get through, `name` saying for whom the next one is.
    fn failures(throttle: &Throttle, peer: Peer, known: bool, name: impl Fn(usize) -> String) -> usize {
        let now = Instant::now();
        let through = |n: &usize| throttle.begin(&Attempt::new(peer, &name(*n), known), now).is_ok();
        (0..100).take_while(through).count()
    }

    #[test]
    fn names_and_addresses_are_limited_each_by_themselves() {
        let (stranger, local) = (peer("192.0.2.1"), peer("127.0.0.1"));
        for (peer, known, same_name, through) in [
            (stranger, false, true, AT_MOST_PER_NAME),
            (stranger, false, false, AT_MOST_PER_ADDRESS),
            (stranger, true, true, AT_MOST_PER_ADDRESS),
            (local, false, true, AT_MOST_PER_NAME),
            (local, false, false, 100),
            (local, true, true, 100),
        ] {
            let throttle = Throttle::default();
            let name = |n| if same_name { "ann".to_owned() } else { format!("ann{n}") };
            assert_eq!(failures(&throttle, peer, known, name), through, "{peer:?} {known} {same_name}");
        }
    }

    #[test]
    fn a_refused_attempt_does_not_prolong_the_wait() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let attempt = Attempt::new(peer("192.0.2.1"), "ann", false);
        for _ in 0..AT_MOST_PER_NAME {
            throttle.begin(&attempt, now).unwrap();
        }
        assert_eq!(throttle.begin(&attempt, now + WINDOW / 2), Err(WINDOW / 2));
        assert_eq!(throttle.begin(&attempt, now + WINDOW), Ok(()));
    }

    #[test]
    fn success_clears_the_name_and_not_the_address() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let stranger = peer("192.0.2.1");
        let attempt = Attempt::new(stranger, "ann", false);
        for _ in 0..AT_MOST_PER_NAME {
            throttle.begin(&attempt, now).unwrap();
        }
        throttle.succeeded(&attempt);
        let left = AT_MOST_PER_ADDRESS - (AT_MOST_PER_NAME - 1);
        assert_eq!(failures(&throttle, stranger, false, |n| format!("bob{n}")), left);
        assert_eq!(failures(&throttle, peer("192.0.2.2"), false, |_| "ann".into()), AT_MOST_PER_NAME);
    }

    #[test]
    fn what_was_not_checked_is_no_failure() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let attempt = Attempt::new(peer("192.0.2.1"), "ann", false);
        for _ in 0..100 {
            throttle.begin(&attempt, now).unwrap();
            throttle.not_checked(&attempt);
        }
    }
}
