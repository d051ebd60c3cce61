//! Who may do what at the broker. Everything that is not listed here is refused.

use crate::twin;
use remoteaccess_common::random;
use remoteaccess_protocol::{
    Site,
    topic::{ALL_RESPONSES, ALL_STATUSES, BRIDGES},
};
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The bridges' name at the broker, and their role's.
pub const BRIDGE: &str = "bridge";
/// A role that nobody has; its text says to which database the broker belongs.
pub const DATABASE: &str = "database";

const HOME: &str = "home:";

/// Says which rights homes have: another text when they change.
static HOMES_RIGHTS: LazyLock<String> = LazyLock::new(|| {
    let site = Site::new("any").expect("it is a name");
    let rights = json!(of_home(&site)).to_string();
    random::hex(&digest::digest(&digest::SHA256, rights.as_bytes()).as_ref()[..6])
});

/// One thing that a role may do, or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Right {
    #[serde(rename = "acltype")]
    kind: String,
    topic: String,
    #[serde(default)]
    priority: i64,
    allow: bool,
}

impl Right {
    /// Whether it says the same as another one.
    pub fn is(&self, other: &Self) -> bool {
        (&self.kind, &self.topic, self.allow) == (&other.kind, &other.topic, other.allow)
    }
}

/// What a home's client carries when its role has the rights of this version.
pub fn homes_rights() -> &'static str {
    &HOMES_RIGHTS
}

/// The role of one home; no account can be called so.
pub fn home_role(site: &Site) -> String {
    format!("{HOME}{site}")
}

/// Whether a role was made for a home.
pub fn is_home_role(role: &str) -> bool {
    role.starts_with(HOME)
}

/// A home hears requests for itself, answers them, and says whether it is online; it reads its own presence, which is
/// how two agents with one account notice each other. Each topic stands here as a whole: whatever a home makes the broker
/// keep is one message for each of them.
pub(super) fn of_home(site: &Site) -> Vec<Right> {
    let (request, status) = (site.request_topic(), site.status_topic());
    let mut rights = vec![
        allow("subscribeLiteral", &request),
        allow("subscribeLiteral", &status),
        allow("publishClientReceive", &request),
        allow("publishClientReceive", &status),
        allow("publishClientSend", &status),
    ];
    rights.extend(BRIDGES.map(|name| allow("publishClientSend", &format!("user/{site}/response/{name}"))));
    rights
}

/// A bridge asks all homes, hears their answers and their presence, takes back what was kept of them, tells other bridges
/// its name, and manages the broker's clients.
pub fn of_bridge() -> Vec<Right> {
    let both = [ALL_RESPONSES, ALL_STATUSES, twin::ALL_NAMES, "$CONTROL/dynamic-security/#"];
    let mut rights = vec![allow("publishClientSend", "user/+/request")];
    for topic in both {
        rights.extend(
            ["subscribePattern", "publishClientReceive", "publishClientSend"].map(|kind| allow(kind, topic)),
        );
    }
    rights
}

/// Who has no right to a topic has none by default either. Giving up a subscription harms nobody.
pub(super) fn by_default() -> Value {
    json!({
        "publishClientSend": false,
        "publishClientReceive": false,
        "subscribe": false,
        "unsubscribe": true,
    })
}

fn allow(kind: &str, topic: &str) -> Right {
    Right { kind: kind.to_owned(), topic: topic.to_owned(), priority: 0, allow: true }
}
