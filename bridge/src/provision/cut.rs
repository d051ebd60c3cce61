//! Mosquitto limits neither how much a client sends nor what it has kept, so homes that overdo it are cut. A comparison of broker
//! and database lets them in again: the first one after the cut is over.
//!
//! A cut is for the credential that did it: whoever has got another one meanwhile is left alone, and put right where it was hit.

use super::{Found, Provisioner, steps::tag};
use crate::{
    dynsec::{Command, Fault},
    error::Error,
    exchange::Exchange,
    offenders::Offence,
    store::{Event, now},
};
use prometheus_client::metrics::counter::Counter;
use remoteaccess_protocol::Site;
use std::{sync::Arc, time::Instant};
use tokio::time::{sleep, timeout};

/// Cuts whoever harms others, for ever, and counts them.
pub async fn cut_offenders(provisioner: Provisioner, exchange: Arc<Exchange>, count: Counter) {
    loop {
        for (site, (offence, at)) in exchange.offenders().take().await {
            let cut = timeout(super::SLOWEST, provisioner.cut(&site, at)).await;
            match cut.unwrap_or(Err(Fault::Silent)) {
                // What it had sent before is still coming in.
                Ok(None) | Err(Fault::NotFound) => {}
                Ok(Some(credential)) => {
                    // Trouble is told by the store; whom it does not know about is cut for a minute.
                    let minutes = match provisioner.note_cut(&site, &credential, offence).await {
                        Ok(None) => continue,
                        Err(_) | Ok(Some(..=1)) => "a minute".to_owned(),
                        Ok(Some(minutes)) => format!("{minutes} minutes"),
                    };
                    count.inc();
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
    /// Cuts a home off for what it did then; tells the credential that it has. `None` where that is not the one that did it, or
    /// somebody was quicker.
    async fn cut(&self, site: &Site, at: Instant) -> Result<Option<String>, Fault> {
        self.known.is_ours().await?;
        // Without the database it is cut all the same.
        let home = self.look_up(site).await.unwrap_or(None).map(|(home, _)| home);
        let at = now().saturating_sub_unsigned(at.elapsed().as_secs());
        if let Some(home) = home.as_ref().filter(|home| home.is_forgiven(at)) {
            tracing::info!(home = %site, "it is not cut off for what it did with an earlier credential");
            self.store.pardon(home).await.ok();
            return Ok(None);
        }
        let Found { client } = self.control.ask(Command::GetClient(site.clone())).await?;
        if client.disabled || !client.is_home_of(site) {
            return Ok(None);
        }
        if home.is_some_and(|home| client.tag != tag(&home)) {
            // The broker has yet to be told of the other one, which sends the earlier one away.
            self.apply(site, None).await.ok();
            return Ok(None);
        }
        self.control.run(Command::DisableClient(client.username)).await?;
        self.evict(site).await;
        // As nobody says its last will.
        self.link.retain(site.status_topic(), Vec::new()).await.ok();
        Ok(Some(client.tag))
    }

    /// For how many minutes; `None` where it has another credential by now.
    async fn note_cut(&self, site: &Site, credential: &str, offence: Offence) -> Result<Option<i64>, Error> {
        let Some((home, account)) = self.look_up(site).await? else { return Ok(Some(1)) };
        if tag(&home) != credential {
            self.apply(site, None).await?;
            return Ok(None);
        }
        let minutes = self.store.cut(&home).await?;
        let event = Event {
            account_id: Some(account.id),
            account: &account.name,
            kind: "home-cut",
            detail: &format!("{}: it {offence}", home.name),
            ..Event::default()
        };
        self.store.note(&event).await?;
        Ok(Some(minutes))
    }
}
