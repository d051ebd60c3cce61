//! What systemd is told. Without systemd, nobody is.

use crate::status::Status;
use sd_notify::NotifyState;
use std::time::Duration;

/// The configuration is watched; whether there is a network is another matter (a Pi boots without).
pub fn ready() {
    say(&[NotifyState::Ready]);
}

/// The agent is about to stop.
pub fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// Passes the status on, and shows that the runtime still turns. Runs for ever.
pub async fn keep_informed(status: &Status) {
    // Half of what systemd allows, as sd_watchdog_enabled(3) recommends.
    let watchdog = sd_notify::watchdog_enabled().map(|limit| limit / 2);
    let mut beat = tokio::time::interval(watchdog.unwrap_or(Duration::from_secs(3600)));
    loop {
        tokio::select! {
            (_, sentence) = status.next_sentence() => say(&[NotifyState::Status(&sentence)]),
            _ = beat.tick(), if watchdog.is_some() => say(&[NotifyState::Watchdog]),
        }
    }
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd could not be told: {error}");
    }
}
