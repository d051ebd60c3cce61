//! Answers that came whole and wait for who asked: no window bounds them, so their sum is bounded.

use bytes::Bytes;
use remoteaccess_protocol::Site;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Of all that may be held, a home has this part: the answers of one leave room for those of others.
const PART_OF_ONE_HOME: usize = 4;
/// Every answer weighs at least so much: what stands around it.
const LEAST: usize = 1024;

/// What is held.
#[derive(Debug)]
pub struct Hoard {
    held: Arc<Mutex<Held>>,
    at_most: usize,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_home: HashMap<Site, usize>,
}

/// One answer; its room is free again when the last of its bytes is gone.
struct Kept {
    bytes: Vec<u8>,
    weight: usize,
    site: Site,
    held: Arc<Mutex<Held>>,
}

impl Hoard {
    /// Holds so many bytes at most.
    pub fn new(at_most: usize) -> Self {
        Self { held: Arc::default(), at_most }
    }

    /// Copies an answer of `site`, if there is room for it. One answer of each home always has some, as long as there
    /// is room at all.
    pub fn keep(&self, site: &Site, bytes: &[u8]) -> Option<Bytes> {
        let weight = bytes.len().max(LEAST);
        let mut held = lock(&self.held);
        let of_home = held.by_home.get(site).copied().unwrap_or(0);
        let too_much_of_home = of_home > 0 && of_home + weight > self.at_most / PART_OF_ONE_HOME;
        if held.all + weight > self.at_most || too_much_of_home {
            return None;
        }
        held.all += weight;
        held.by_home.insert(site.clone(), of_home + weight);
        drop(held);
        let (site, held) = (site.clone(), Arc::clone(&self.held));
        Some(Bytes::from_owner(Kept { bytes: bytes.to_vec(), weight, site, held }))
    }
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.all -= self.weight;
        match held.by_home.get_mut(&self.site) {
            Some(of_home) if *of_home > self.weight => *of_home -= self.weight,
            _ => {
                held.by_home.remove(&self.site);
            }
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: usize = 1 << 20;

    #[test]
    fn one_home_cannot_fill_it_and_what_is_gone_makes_room() {
        let hoard = Hoard::new(8 * MB);
        let (ann, bob) = (Site::new("ann").unwrap(), Site::new("bob").unwrap());
        let kept: Vec<_> = std::iter::from_fn(|| hoard.keep(&ann, &vec![7; MB])).take(99).collect();
        assert_eq!((kept.len(), kept[0].len()), (2, MB));
        let part = kept[0].slice(10..20);
        drop(kept);
        assert!(hoard.keep(&ann, &vec![7; 2 * MB]).is_none(), "a part of it still lives");
        drop(part);
        let large = hoard.keep(&ann, &vec![7; 5 * MB]).unwrap();
        assert!(hoard.keep(&bob, &vec![7; 4 * MB]).is_none());
        let other = hoard.keep(&bob, &vec![7; 3 * MB]).unwrap();
        assert!(hoard.keep(&bob, b"[]").is_none());
        drop((large, other));
        let held = lock(&hoard.held);
        assert_eq!((held.all, held.by_home.len()), (0, 0));
    }

    #[test]
    fn many_small_answers_are_bounded_as_well() {
        let (hoard, ann) = (Hoard::new(8 * MB), Site::new("ann").unwrap());
        let kept: Vec<_> = std::iter::from_fn(|| hoard.keep(&ann, b"[]")).take(99_999).collect();
        assert_eq!(kept.len(), 2 * MB / LEAST);
    }
}
