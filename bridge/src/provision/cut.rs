//! Mosquitto limits neither how much a client sends nor what it has kept, so homes that overdo it are cut. A comparison of broker
//! and database finds them disabled without a reason and lets them in again: the next one, at most a good minute later, but for
//! those who go on a later one each time, up to an hour. Who has been well for a day begins anew, and so does who gets another
//! credential, as the one who did it may be a thief.

use super::{Found, Provisioner};
use crate::{
    dynsec::{Command, Fault},
    error::Error,
    exchange::Exchange,
    offenders::Offence,
    store::{Event, now},
};
use prometheus_client::metrics::counter::Counter;
use remoteaccess_protocol::Site;
use std::sync::Arc;
use tokio::time::{sleep, timeout};

/// What a cut lasts at the longest, in minutes.
const LONGEST: i64 = 60;
/// Seconds without a cut after which the next one counts as the first.
const FORGIVEN_AFTER: i64 = 24 * 3600;

/// Cuts whoever harms others, for ever, and counts them.
pub async fn cut_offenders(provisioner: Provisioner, exchange: Arc<Exchange>, count: Counter) {
    loop {
        for (site, offence) in exchange.offenders().take().await {
            let cut = timeout(super::SLOWEST, provisioner.cut(&site)).await;
            match cut.unwrap_or(Err(Fault::Silent)) {
                // What it had sent before is still coming in.
                Ok(false) | Err(Fault::NotFound) => {}
                Ok(true) => {
                    count.inc();
                    // Trouble is told by the store; whom it does not know about is cut for a minute.
                    let minutes = match provisioner.note_cut(&site, offence).await.unwrap_or(1) {
                        ..=1 => "a minute".to_owned(),
                        minutes => format!("{minutes} minutes"),
                    };
                    tracing::warn!(
                        "the home {site} {offence} and is cut off for {minutes}; if it goes on, disable its account"
                    );
                }
                Err(fault) => {
                    tracing::warn!("the home {site} {offence} and cannot be cut off: {fault}");
                    sleep(super::SLOWEST).await;
                }
            }
        }
    }
}

impl Provisioner {
    /// False where somebody did it already.
    async fn cut(&self, site: &Site) -> Result<bool, Fault> {
        self.known.is_ours().await?;
        let Found { client } = self.control.ask(Command::GetClient(site.clone())).await?;
        if client.disabled || !client.is_home_of(site) {
            return Ok(false);
        }
        self.control.run(Command::DisableClient(client.username)).await?;
        self.evict(site).await;
        // As nobody says its last will.
        self.link.retain(site.status_topic(), Vec::new()).await.ok();
        Ok(true)
    }

    /// For how many minutes.
    async fn note_cut(&self, site: &Site, offence: Offence) -> Result<i64, Error> {
        let Some((home, account)) = self.look_up(site).await? else { return Ok(1) };
        let now = now();
        let cuts = if now - home.cut_until < FORGIVEN_AFTER { home.cuts + 1 } else { 1 };
        let minutes = minutes(cuts);
        // The first minute is over at the next comparison.
        let until = if cuts == 1 { now } else { now + minutes * 60 };
        self.store.set_cut(home.id, cuts, until).await?;
        let event = Event {
            account_id: Some(account.id),
            account: &account.name,
            kind: "home-cut",
            detail: &format!("{}: it {offence}", home.name),
            ..Event::default()
        };
        self.store.note(&event).await?;
        Ok(minutes)
    }
}

/// How long the so-many-th cut in a row lasts.
fn minutes(cuts: i64) -> i64 {
    u32::try_from(cuts - 1)
        .ok()
        .and_then(|times| 2i64.checked_pow(times))
        .map_or(LONGEST, |minutes| minutes.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn who_goes_on_is_cut_for_longer_up_to_an_hour() {
        let all: Vec<_> = [1, 2, 3, 6, 7, 8, 40, 64, 65, i64::MAX].map(minutes).into();
        assert_eq!(all, [1, 2, 4, 32, 60, 60, 60, 60, 60, 60]);
    }
}
