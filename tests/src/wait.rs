//! Waiting for something to become true, with a bound.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Long enough for anything on this machine that is not waiting for a timeout of its own, even on a busy day.
pub const SOON: Duration = Duration::from_secs(15);

/// How often something is looked at that tells nobody when it changes.
pub const TICK: Duration = Duration::from_millis(10);

/// Asks `probe` until it gives a value.
///
/// # Panics
/// With `what` when `limit` has passed.
pub async fn until<T>(what: &str, limit: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = probe().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain: {what}");
        sleep(TICK).await;
    }
}

/// Waits for `future`.
///
/// # Panics
/// With `what` when `limit` has passed.
pub async fn within<T>(what: &str, limit: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {limit:?} in vain: {what}"),
    }
}
