//! What agent and bridge both need beside the wire. No runtime, no protocol.

pub mod secret;
pub mod random;
pub mod backoff;
pub mod trust;

pub use backoff::Backoff;
pub use secret::Secret;

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, by this machine's clock.
pub fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}
