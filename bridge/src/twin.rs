//! Another bridge that homes cannot tell from this one: both would get every answer, and take the other one's for a flood.

use crate::{broker::Link, error::Error};
use remoteaccess_common::random;
use remoteaccess_protocol::ClientId;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// What bridges say their names on.
pub const ALL_NAMES: &str = "bridge/+";

/// How often this bridge says its name.
const EACH: Duration = Duration::from_secs(30);
/// How long another one of the same name is believed to be there after it was heard.
const LASTS: Duration = Duration::from_secs(75);

/// Listens for its own name in another one's mouth.
#[derive(Debug)]
pub struct Twin {
    topic: String,
    token: String,
    heard: Mutex<Option<Instant>>,
}

impl Twin {
    /// Of the bridge of this name.
    pub fn of(name: &ClientId) -> Self {
        Self { topic: topic(name), token: random::hex_id::<16>(), heard: Mutex::default() }
    }

    /// Takes in what was said on `topic`; false where that is no matter of this.
    pub fn hear(&self, topic: &str, message: &[u8]) -> bool {
        let is_name = topic == self.topic;
        if is_name && message != self.token.as_bytes() {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            tracing::error!("{}", Error::Twin);
        }
        is_name
    }

    /// That there is none.
    ///
    /// # Errors
    /// [`Error::Twin`].
    pub fn check(&self) -> Result<(), Error> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_some_and(|at| at.elapsed() < LASTS) { Err(Error::Twin) } else { Ok(()) }
    }

    /// Says this bridge's name for ever.
    pub async fn speak(&self, link: &Link) {
        loop {
            link.wait_until_up().await;
            // It is said again soon.
            link.publish(self.topic.clone(), self.token.clone().into_bytes()).await.ok();
            sleep(EACH).await;
        }
    }
}

/// Where the bridge of this name says it.
pub fn topic(name: &ClientId) -> String {
    format!("bridge/{}", name.as_str())
}
