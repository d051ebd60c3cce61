//! How many requests run at once. Who does not get in is told so at once.

use crate::{
    crowd::{Crowd, Share},
    error::Error,
    peer::Peer,
};
use remoteaccess_protocol::Site;
use std::{net::IpAddr, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies of callers who are not known yet, read at once: what they hold back keeps nobody else waiting.
const UNKNOWN: usize = 64;
/// Of these, at one address.
const UNKNOWN_EACH: usize = 16;

/// Places for requests.
#[derive(Debug)]
pub struct Gate {
    all: Arc<Semaphore>,
    places: usize,
    unknown: Arc<Semaphore>,
    unknown_each: Crowd<IpAddr>,
    homes: Crowd<Site>,
}

/// A place, free again once dropped.
#[derive(Debug)]
pub struct Place {
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "what they do is to be dropped")]
enum Held {
    OfAll(OwnedSemaphorePermit),
    OfHome(Share<Site>),
}

impl Gate {
    /// Places in all, and for each home.
    pub fn new(all: usize, per_home: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            places: all,
            unknown: Arc::new(Semaphore::new(UNKNOWN)),
            unknown_each: Crowd::new(UNKNOWN_EACH),
            homes: Crowd::new(per_home),
        }
    }

    /// How many requests run.
    pub fn in_use(&self) -> usize {
        self.places.saturating_sub(self.all.available_permits())
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
    pub fn enter_unknown(&self, peer: Peer) -> Result<(Place, Share<IpAddr>), Error> {
        place(&self.unknown).zip(self.unknown_each.enter(peer.limited())).ok_or(Error::Busy)
    }

    /// Lets a request to `home` in.
    ///
    /// # Errors
    /// [`Error::HomeBusy`] where there is no place.
    pub fn enter_home(&self, home: &Site) -> Result<Place, Error> {
        let share = self.homes.enter(Some(home.clone())).ok_or(Error::HomeBusy)?;
        Ok(Place { _held: Held::OfHome(share) })
    }
}

fn place(places: &Arc<Semaphore>) -> Option<Place> {
    Arc::clone(places).try_acquire_owned().ok().map(|permit| Place { _held: Held::OfAll(permit) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_home_and_in_all() {
        let gate = Gate::new(3, 2);
        let (ann, bob) = (Site::new("ann").unwrap(), Site::new("bob").unwrap());
        let first = gate.enter_home(&ann).unwrap();
        let _second = gate.enter_home(&ann).unwrap();
        assert_eq!(gate.enter_home(&ann).unwrap_err(), Error::HomeBusy);
        assert!(gate.enter_home(&bob).is_ok());
        drop(first);
        assert!(gate.enter_home(&ann).is_ok());
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
