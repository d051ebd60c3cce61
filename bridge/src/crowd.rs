//! How much each address holds at once.

use crate::peer::Peer;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts what peers hold. Has no more entries than there are holds, which others limit.
#[derive(Clone, Debug)]
pub struct Crowd {
    held: Arc<Mutex<HashMap<IpAddr, usize>>>,
    each: usize,
}

/// One of an address's share, free again once dropped.
#[derive(Debug)]
pub struct Share {
    crowd: Crowd,
    address: Option<IpAddr>,
}

impl Crowd {
    /// Lets each address hold `each`.
    pub fn new(each: usize) -> Self {
        Self { held: Arc::default(), each }
    }

    /// Lets `peer` hold one more, if its address has any left.
    pub fn enter(&self, peer: Peer) -> Option<Share> {
        let address = peer.limited();
        if let Some(address) = address {
            let mut held = self.held();
            let count = held.get(&address).copied().unwrap_or(0);
            if count >= self.each {
                return None;
            }
            held.insert(address, count + 1);
        }
        Some(Share { crowd: self.clone(), address })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut held = self.crowd.held();
        match held.get_mut(&address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                held.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_this_machine_any() {
        let crowd = Crowd::new(2);
        let peer = |address: &str| Peer::new(address.parse().unwrap());
        let (ann, bob) = (peer("192.0.2.1"), peer("2001:db8::1"));
        let first = crowd.enter(ann).unwrap();
        let second = crowd.enter(ann).unwrap();
        assert!(crowd.enter(ann).is_none());
        assert!(crowd.enter(bob).is_some());
        let local: Vec<_> = (0..9).map(|_| crowd.enter(peer("127.0.0.1")).unwrap()).collect();
        drop(first);
        let third = crowd.enter(ann).unwrap();
        assert!(crowd.enter(ann).is_none());
        drop((second, third, local));
        assert!(crowd.held().is_empty(), "nobody is remembered who holds nothing");
    }
}
