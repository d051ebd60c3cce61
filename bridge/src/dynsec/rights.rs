//! Who may do what at the broker. Everything that is not listed here is refused.

use crate::twin;
use remoteaccess_protocol::{
    Site,
    topic::{ALL_RESPONSES, ALL_STATUSES, BRIDGES},
};
use serde_json::{Value, json};

/// The bridges' name at the broker, and their role's.
pub const BRIDGE: &str = "bridge";

const HOME: &str = "home:";

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
pub(super) fn of_home(site: &Site) -> Value {
    let (request, status) = (site.request_topic(), site.status_topic());
    let mut rights = vec![
        allow("subscribeLiteral", &request),
        allow("subscribeLiteral", &status),
        allow("publishClientReceive", &request),
        allow("publishClientReceive", &status),
        allow("publishClientSend", &status),
    ];
    rights.extend(BRIDGES.map(|name| allow("publishClientSend", &format!("user/{site}/response/{name}"))));
    rights.into()
}

/// A bridge asks all homes, hears their answers and their presence, takes back what was kept of them, tells other bridges
/// its name, and manages the broker's clients.
pub(super) fn of_bridge() -> Value {
    let both = [ALL_RESPONSES, ALL_STATUSES, twin::ALL_NAMES, "$CONTROL/dynamic-security/#"];
    let mut rights = vec![allow("publishClientSend", "user/+/request")];
    for topic in both {
        rights.extend(
            ["subscribePattern", "publishClientReceive", "publishClientSend"].map(|kind| allow(kind, topic)),
        );
    }
    rights.into()
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

fn allow(kind: &str, topic: &str) -> Value {
    json!({"acltype": kind, "topic": topic, "allow": true})
}
