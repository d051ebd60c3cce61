//! Where messages travel: three topics under `user/<name>/`.

use crate::{is_name, limits};
use std::fmt;

/// The MQTT name of one home: `<account>`, or `<account>.<home>` for an account's further homes.
///
/// Only a checked name can become part of a topic, so neither wildcards nor slashes get in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site(String);

impl Site {
    /// Checks `name`; `None` for anything that must not become part of a topic.
    pub fn new(name: &str) -> Option<Self> {
        let fine = match name.split_once('.') {
            None => is_name(name),
            Some((account, home)) => is_name(account) && is_name(home),
        };
        fine.then(|| Self(name.to_owned()))
    }

    /// The name as it stands in topics.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Bridge → agent.
    pub fn request_topic(&self) -> String {
        format!("user/{}/request", self.0)
    }

    /// Agent → the bridge that asked.
    pub fn response_topic(&self, to: &ClientId) -> String {
        format!("user/{}/response/{}", self.0, to.0)
    }

    /// Agent → all, retained.
    pub fn status_topic(&self) -> String {
        format!("user/{}/status", self.0)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who asked: one running bridge, or one request of a first-generation server. Names the answer topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// Checks `id`: visible ASCII without the characters that mean something in a topic. Servers of the first
    /// generation choose their own ids, so this is wider than a name.
    pub fn new(id: &str) -> Option<Self> {
        let fine = (1..=limits::MAX_CLIENT_ID_BYTES).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_graphic() && !b"/+#$\"\\".contains(&b));
        fine.then(|| Self(id.to_owned()))
    }

    /// The id as it stands in the answer topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What one bridge subscribes to for the answers of every home.
    pub fn all_responses(&self) -> String {
        format!("user/+/response/{}", self.0)
    }
}

/// The names that bridges at one broker answer to, one each. They are few and fixed, so that a home's rights at the broker can
/// name the topics of its answers: who may write to any topic of some form can make the broker keep any number of messages.
pub const BRIDGES: [&str; 4] = ["b-1", "b-2", "b-3", "b-4"];

/// Whatever homes answer, to whomever.
pub const ALL_RESPONSES: &str = "user/+/response/+";

/// What one bridge subscribes to for the presence of every home.
pub const ALL_STATUSES: &str = "user/+/status";

/// What a message on a topic that a bridge subscribes to is about.
#[derive(Debug, PartialEq, Eq)]
pub enum ToBridge {
    /// An answer, or a part of one, from this home.
    Response(Site),
    /// The presence of this home.
    Status(Site),
}

impl ToBridge {
    /// Reads a topic; `None` where it is not one of ours.
    pub fn parse(topic: &str) -> Option<Self> {
        let (name, rest) = topic.strip_prefix("user/")?.split_once('/')?;
        let site = Site::new(name)?;
        match rest.split_once('/') {
            None if rest == "status" => Some(Self::Status(site)),
            Some(("response", id)) if ClientId::new(id).is_some() => Some(Self::Response(site)),
            _ => None,
        }
    }
}
