//! What systemd is told. Without systemd, nobody is.

use crate::pulse::Pulse;
use sd_notify::NotifyState;
use std::time::Duration;
use tokio::time::interval;

/// Between two looks at what there is to tell.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The bridge listens. The broker and the database may come later: whoever asks is told so.
pub fn ready() {
    say(&[NotifyState::Ready]);
}

/// No more connections are taken; what runs may finish.
pub fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// Shows that `pulse` is felt, and passes on what `sentence` says when that changes. Runs for ever.
pub async fn keep_informed(pulse: Pulse, sentence: impl Fn() -> String) {
    let limit = sd_notify::watchdog_enabled();
    // A third of what systemd allows: one late beat is no death.
    let mut clock = interval(limit.map_or(LOOK_EVERY, |limit| LOOK_EVERY.min(limit / 3)));
    let (mut said, mut was_felt) = (String::new(), true);
    loop {
        clock.tick().await;
        if let Some(limit) = limit {
            let felt = pulse.is_felt(limit / 2);
            if felt {
                say(&[NotifyState::Watchdog]);
            } else if was_felt {
                tracing::error!("a part of the bridge stands still; systemd's watchdog will start it anew");
            }
            was_felt = felt;
        }
        let now = sentence();
        if now != said {
            say(&[NotifyState::Status(&now)]);
            said = now;
        }
    }
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd could not be told: {error}");
    }
}
