//! Mosquitto limits neither how much a client sends nor what it has kept, so homes that overdo it are cut. The next comparison of broker and database, at most
//! a good minute later, finds them disabled without a reason and lets them in again.

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
                    tracing::warn!(
                        "the home {site} {offence} and is cut off for a minute; if it goes on, disable its account"
                    );
                    // Trouble is told by the store.
                    provisioner.note_cut(&site, offence).await.ok();
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

    async fn note_cut(&self, site: &Site, offence: Offence) -> Result<(), Error> {
        let Some((home, account)) = self.look_up(site).await? else { return Ok(()) };
        let event = Event {
            account_id: Some(account.id),
            account: &account.name,
            kind: "home-cut",
            detail: &format!("{}: it {offence}", home.name),
            ..Event::default()
        };
        self.store.note(&event).await
    }
}
