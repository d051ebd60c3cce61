//! How much each of many holds at once.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts what each `K` holds. Has no more entries than there are holds, which others limit.
#[derive(Debug)]
pub struct Crowd<K: Eq + Hash> {
    held: Arc<Mutex<HashMap<K, usize>>>,
    each: usize,
}

/// One of somebody's share, free again once dropped.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    held: Arc<Mutex<HashMap<K, usize>>>,
    holder: Option<K>,
}

impl<K: Clone + Eq + Hash> Crowd<K> {
    /// Lets each hold `each`.
    pub fn new(each: usize) -> Self {
        Self { held: Arc::default(), each }
    }

    /// Lets `holder` hold one more, if there is any left. Nobody in particular is not counted.
    pub fn enter(&self, holder: Option<K>) -> Option<Share<K>> {
        if let Some(holder) = &holder {
            let mut held = lock(&self.held);
            let count = held.get(holder).copied().unwrap_or(0);
            if count >= self.each {
                return None;
            }
            held.insert(holder.clone(), count + 1);
        }
        Some(Share { held: Arc::clone(&self.held), holder })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let Some(holder) = &self.holder else { return };
        let mut held = lock(&self.held);
        match held.get_mut(holder) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                held.remove(holder);
            }
        }
    }
}

fn lock<K>(held: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_and_nobody_in_particular_any() {
        let crowd = Crowd::new(2);
        let first = crowd.enter(Some("ann")).unwrap();
        let second = crowd.enter(Some("ann")).unwrap();
        assert!(crowd.enter(Some("ann")).is_none());
        assert!(crowd.enter(Some("bob")).is_some());
        let others: Vec<_> = (0..9).map(|_| crowd.enter(None).unwrap()).collect();
        drop(first);
        let third = crowd.enter(Some("ann")).unwrap();
        assert!(crowd.enter(Some("ann")).is_none());
        drop((second, third, others));
        assert!(lock(&crowd.held).is_empty(), "nobody is remembered who holds nothing");
    }
}
