//! How many requests run at once. Who does not get in is told so at once.

use crate::{
    crowd::{Crowd, Share},
    error::Error,
    peer::Peer,
};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies of callers who are not known yet, read at once: what they hold back keeps nobody else waiting.
const UNKNOWN: usize = 64;
/// Of these, at one address.
const UNKNOWN_EACH: usize = 16;

/// Places for requests.
#[derive(Debug)]
pub struct Gate {
    all: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
    unknown_each: Crowd,
    homes: HashMap<String, Arc<Semaphore>>,
}

/// A place, free again once dropped.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    /// Places in all, and for each of these homes.
    pub fn new(all: usize, per_home: usize, homes: impl IntoIterator<Item = String>) -> Self {
        let homes = homes.into_iter().map(|name| (name, Arc::new(Semaphore::new(per_home)))).collect();
        Self {
            all: Arc::new(Semaphore::new(all)),
            unknown: Arc::new(Semaphore::new(UNKNOWN)),
            unknown_each: Crowd::new(UNKNOWN_EACH),
            homes,
        }
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// [`Error::Busy`] where there is no place.
    pub fn enter(&self) -> Result<Place, Error> {
        place(&self.all).ok_or(Error::Busy)
    }

    /// Lets a body of `peer` in that may say who its caller is.
    ///
    /// # Errors
    /// [`Error::Busy`] where there is no place.
    pub fn enter_unknown(&self, peer: Peer) -> Result<(Place, Share), Error> {
        place(&self.unknown).zip(self.unknown_each.enter(peer)).ok_or(Error::Busy)
    }

    /// Lets a request to `home` in.
    ///
    /// # Errors
    /// [`Error::HomeBusy`] where there is no place.
    pub fn enter_home(&self, home: &str) -> Result<Place, Error> {
        self.homes.get(home).and_then(place).ok_or(Error::HomeBusy)
    }
}

fn place(places: &Arc<Semaphore>) -> Option<Place> {
    Arc::clone(places).try_acquire_owned().ok().map(|permit| Place { _permit: permit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_home_and_in_all() {
        let gate = Gate::new(3, 2, ["ann".to_owned(), "bob".to_owned()]);
        let first = gate.enter_home("ann").unwrap();
        let _second = gate.enter_home("ann").unwrap();
        assert_eq!(gate.enter_home("ann").unwrap_err(), Error::HomeBusy);
        assert!(gate.enter_home("bob").is_ok());
        drop(first);
        assert!(gate.enter_home("ann").is_ok());
        let places: Vec<_> = (0..3).map(|_| gate.enter().unwrap()).collect();
        assert_eq!(gate.enter().unwrap_err(), Error::Busy);
        let peer = |address: &str| Peer::new(address.parse().unwrap());
        let (stranger, local) = (peer("192.0.2.1"), peer("127.0.0.1"));
        let _each: Vec<_> = (0..UNKNOWN_EACH).map(|_| gate.enter_unknown(stranger).unwrap()).collect();
        assert_eq!(gate.enter_unknown(stranger).unwrap_err(), Error::Busy);
        let _rest: Vec<_> = (UNKNOWN_EACH..UNKNOWN).map(|_| gate.enter_unknown(local).unwrap()).collect();
        assert_eq!(gate.enter_unknown(local).unwrap_err(), Error::Busy);
        drop(places);
        assert!(gate.enter().is_ok());
    }
}
