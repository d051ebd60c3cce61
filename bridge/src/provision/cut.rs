//! Mosquitto limits neither how much a client sends nor what it has kept, so homes that overdo it are cut. A comparison of broker
//! and database lets them in again: the first one after the cut is over.

use super::{Found, Provisioner};
use crate::{
    dynsec::{Command, Fault},
    error::Error,
    exchange::Exchange,
    offenders::Offence,
    store::Event,
};
use prometheus_client::metrics::counter::Counter;
use remoteaccess_protocol::Site;
use std::sync::Arc;
use tokio::time::{sleep, timeout};

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
        let minutes = self.store.cut(&home).await?;
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
