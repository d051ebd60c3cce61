//! The retained message that says whether a home is online.

use crate::{is_object, limits};
use serde::{Deserialize, Serialize};

/// What an agent says of itself when it comes, and its last will says when it is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The generation that this agent speaks, 2 or later.
    pub v: u8,
    /// Whether the agent serves requests.
    pub state: State,
    /// The agent's version.
    #[serde(default)]
    pub agent: String,
    /// Tells one installation from another with the same account.
    #[serde(default)]
    pub install: String,
    /// Online: when the agent started. Offline: when it said so; in a last will, when its session began. In seconds
    /// since 1970, by the home's clock.
    #[serde(default)]
    pub since: u64,
}

/// Whether a home serves requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does.
    Online,
    /// It does not.
    Offline,
}

impl Presence {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers always serialise")
    }

    /// Reads a message; `None` for anything that no agent of ours says.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        if text.len() > limits::MAX_PRESENCE_BYTES || !is_object(text) {
            return None;
        }
        serde_json::from_str(text).ok().filter(|presence: &Self| presence.v >= 2)
    }
}
