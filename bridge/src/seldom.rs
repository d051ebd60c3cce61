//! What the operator should know once, and not at each request of a flood.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Between two of the same.
const PAUSE: Duration = Duration::from_secs(60);

/// One thing to say now and then.
#[derive(Debug, Default)]
pub struct Seldom {
    said: Mutex<Option<Instant>>,
}

impl Seldom {
    /// Says it, unless it was said within the last minute.
    pub fn say(&self, say: impl FnOnce()) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= PAUSE) {
            *said = Some(Instant::now());
            say();
        }
    }
}
