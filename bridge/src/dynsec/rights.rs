//! Who may do what at the broker. Everything that is not listed here is refused.

use remoteaccess_protocol::Site;
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
/// how two agents with one account notice each other.
pub(super) fn of_home(site: &Site) -> Value {
    let (request, status) = (site.request_topic(), site.status_topic());
    json!([
        allow("subscribeLiteral", &request),
        allow("subscribeLiteral", &status),
        allow("publishClientReceive", &request),
        allow("publishClientReceive", &status),
        allow("publishClientSend", &format!("user/{site}/response/#")),
        allow("publishClientSend", &status),
    ])
}

/// A bridge asks all homes, hears their answers and their presence, says for a home whose session was cut that it is
/// gone, and manages the broker's clients. It answers for no home.
pub(super) fn of_bridge() -> Value {
    json!([
        allow("subscribePattern", "user/+/response/#"),
        allow("subscribePattern", "user/+/status"),
        allow("subscribePattern", "$CONTROL/dynamic-security/#"),
        allow("publishClientReceive", "user/+/response/#"),
        allow("publishClientReceive", "user/+/status"),
        allow("publishClientReceive", "$CONTROL/dynamic-security/#"),
        allow("publishClientSend", "user/+/request"),
        allow("publishClientSend", "user/+/status"),
        allow("publishClientSend", "$CONTROL/dynamic-security/#"),
    ])
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
