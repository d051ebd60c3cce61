//! Mosquitto limits neither how much a client sends nor what it has kept, so homes that overdo it are cut. A comparison of broker
//! and database lets them in again: the first one after the cut is over.
//!
//! A cut is for the credential that did it: whoever has got another one meanwhile is left alone, and put right where it was hit.

use super::{Found, Provisioner, Told, steps::tag};
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
        for (site, (offence, since)) in exchange.offenders().take().await {
            let done = timeout(super::SLOWEST, provisioner.cut(&site, since)).await;
            match done.unwrap_or(Err(Fault::Silent)) {
                // What it had sent before is still coming in.
                Ok(Done::Nothing) | Err(Fault::NotFound) => {}
                // Each bridge has its own memory of it, and finds so for itself.
                Ok(Done::Forgiven) => exchange.forgive(&site),
                Ok(Done::Cut(credential)) => {
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

/// What was done about an offence.
enum Done {
    /// The home is cut off; this credential did it.
    Cut(String),
    /// An earlier credential did it.
    Forgiven,
    /// Somebody was quicker, or the broker knew an earlier credential.
    Nothing,
}

impl Provisioner {
    /// Cuts a home off for what it began then.
    async fn cut(&self, site: &Site, since: Instant) -> Result<Done, Fault> {
        self.known.is_ours().await?;
        // Without the database it is cut all the same.
        let home = self.look_up(site).await.unwrap_or(None).map(|(home, _)| home);
        let since = now().saturating_sub_unsigned(since.elapsed().as_secs());
        if let Some(home) = home.as_ref().filter(|home| home.is_forgiven(since)) {
            // Told once, however much of it is still to come.
            if self.store.pardon(home).await.unwrap_or(false) {
                tracing::info!(home = %site, "it is not cut off for what it did with an earlier credential");
            }
            return Ok(Done::Forgiven);
        }
        let Found { client } = self.control.ask(Command::GetClient(site.clone())).await?;
        if client.disabled || !client.is_home_of(site) {
            return Ok(Done::Nothing);
        }
        if home.is_some_and(|home| client.tag != tag(&home)) {
            // The broker has yet to be told of the other one, which sends the earlier one away.
            return match self.apply(site, None).await {
                Ok(Told::Later) => Err(Fault::Silent),
                // Trouble with the database is told by the store.
                Ok(Told::Now) | Err(_) => Ok(Done::Nothing),
            };
        }
        self.control.run(Command::DisableClient(client.username)).await?;
        self.evict(site).await;
        // As nobody says its last will.
        self.link.retain(site.status_topic(), Vec::new()).await.ok();
        Ok(Done::Cut(client.tag))
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
