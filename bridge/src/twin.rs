//! Another bridge that homes cannot tell from this one: both would get every answer, and take the other one's for a flood.

use crate::{broker::Link, error::Error, seldom::Seldom};
use remoteaccess_common::random;
use remoteaccess_protocol::ClientId;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Notify, time::timeout};

/// What bridges say their names on.
pub const ALL_NAMES: &str = "bridge/+";

/// How often this bridge says its name.
const EACH: Duration = Duration::from_secs(5);
/// How long another one of the same name is believed to be there after it was heard.
const LASTS: Duration = Duration::from_secs(12);

/// Listens for its own name in another one's mouth.
#[derive(Debug)]
pub struct Twin {
    topic: String,
    token: String,
    heard: Mutex<Option<Instant>>,
    /// That another one has begun to speak, which is to hear of this one at once.
    begun: Notify,
    told: Seldom,
}

impl Twin {
    /// Of the bridge of this name.
    pub fn of(name: &ClientId) -> Self {
        Self {
            topic: topic(name),
            token: random::hex_id::<16>(),
            heard: Mutex::default(),
            begun: Notify::new(),
            told: Seldom::default(),
        }
    }

    /// Takes in what was said on `topic`; false where that is no matter of this.
    pub fn hear(&self, topic: &str, message: &[u8]) -> bool {
        let is_name = topic == self.topic;
        if is_name && message != self.token.as_bytes() {
            // Only news are answered: two would answer each other without end.
            if self.check().is_ok() {
                self.begun.notify_one();
            }
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            self.told.say(|| tracing::error!("{}", Error::Twin));
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

    /// Says this bridge's name for ever, but only while `ours` comes: at a broker whose homes are another database's, this bridge
    /// serves nobody, and who does is not to take it for its like.
    pub async fn speak<F: Future<Output = ()>>(&self, link: &Link, ours: impl Fn() -> F) {
        loop {
            link.wait_until_up().await;
            ours().await;
            // It is said again soon.
            link.publish(self.topic.clone(), self.token.clone().into_bytes()).await.ok();
            // Either will do.
            timeout(EACH, self.begun.notified()).await.ok();
        }
    }
}

/// Where the bridge of this name says it.
pub fn topic(name: &ClientId) -> String {
    format!("bridge/{}", name.as_str())
}
