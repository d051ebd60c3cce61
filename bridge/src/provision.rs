//! Homes in the database become clients at the broker.
//!
//! The database says what is wanted. Whatever is done for a home compares that with what the broker has, changes the
//! broker, and looks at the database again: so it does not matter how many bridges do it at once, or which of them is late.

mod belonging;
mod census;
mod cut;
mod evict;
mod own;
mod reconcile;
mod steps;

use crate::{
    broker::Link,
    config::{BrokerConfig, Config},
    dynsec::{Client, Command, Control, Entry, Fault},
    error::Error,
    store::{Account, Credential, Home, Store},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Site;
use ring::hmac;
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use steps::{Wanted, steps};
use tokio::time::timeout;

pub use census::Census;
pub use cut::cut_offenders;
pub use reconcile::keep;

/// How long the broker may take for one home.
const SLOWEST: Duration = Duration::from_secs(10);
/// How often the database may change its mind meanwhile.
const MAX_ROUNDS: usize = 4;

/// Tells the broker what the database says.
#[derive(Clone, Debug)]
pub struct Provisioner {
    store: Store,
    control: Control,
    link: Link,
    broker: Arc<BrokerConfig>,
    key: hmac::Key,
    known: belonging::Known,
}

/// A client, as the broker tells of it.
#[derive(Deserialize)]
struct Found {
    client: Client,
}

/// Whether the broker knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It does.
    Now,
    /// It will, when it is there again.
    Later,
}

impl Told {
    /// Whether it knows of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::Later { self } else { other }
    }
}

impl Provisioner {
    /// Derives homes' passwords from the configuration's secret.
    pub fn new(store: Store, control: Control, link: Link, config: &Config) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, config.secret.expose().as_bytes());
        Self {
            store,
            control,
            link,
            broker: Arc::new(config.broker.clone()),
            key,
            known: belonging::Known::default(),
        }
    }

    /// The broker's connection.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The password of a home's device. It is stored nowhere; another nonce makes another one.
    pub fn device_password(&self, site: &Site, nonce: &str) -> Secret {
        derived(&self.key, site, nonce)
    }

    /// The clients of homes whose passwords can be derived, for a broker that has lost them.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn entries(store: &Store, secret: &Secret) -> Result<Vec<Entry>, Error> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let homes = store.all_homes().await?.into_iter();
        let devices = homes.filter(|home| home.credential == Credential::Device);
        Ok(devices
            .map(|home| {
                let password = derived(&key, &home.site, &home.nonce);
                Entry { password, tag: steps::tag(&home), site: home.site }
            })
            .collect())
    }

    /// Makes the broker agree with the database about one home, and cuts whoever may no longer be there. `password` is
    /// the account's, where its owner has just proved it.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn apply(&self, site: &Site, password: Option<&Secret>) -> Result<Told, Error> {
        let mut before = self.look_up(site).await?;
        for _ in 0..MAX_ROUNDS {
            let wanted = self.wanted(site, before.as_ref(), password);
            let told = match self.link.is_up() {
                true => timeout(SLOWEST, self.tell(site, &wanted)).await.unwrap_or(Err(Fault::Silent)),
                false => Err(Fault::Offline),
            };
            let after = self.look_up(site).await?;
            if is_same(before.as_ref(), after.as_ref()) {
                return self.settle(site, told, after.as_ref()).await;
            }
            before = after;
        }
        tracing::warn!(home = %site, "its credential changes again and again; the broker is told within a minute");
        Ok(Told::Later)
    }

    async fn settle(
        &self,
        site: &Site,
        told: Result<(), Fault>,
        home: Option<&(Home, Account)>,
    ) -> Result<Told, Error> {
        if told == Err(Fault::Taken) {
            tracing::error!(home = %site, "it cannot be let in: {}", Fault::Taken);
            let taken = Error::Conflict("this name is taken at the broker; ask whoever operates this server");
            return home.map_or(Ok(Told::Now), |_| Err(taken));
        }
        if let Err(fault) = told {
            tracing::warn!(home = %site, "the broker is to be told of its credential later: {fault}");
            return Ok(Told::Later);
        }
        if let Some((home, _)) = home {
            self.store.set_dirty(home.id, false).await?;
        }
        Ok(Told::Now)
    }

    async fn look_up(&self, site: &Site) -> Result<Option<(Home, Account)>, Error> {
        let Some(home) = self.store.home_by_site(site.as_str()).await? else { return Ok(None) };
        let account = self.store.account(home.account).await?;
        Ok(account.map(|account| (home, account)))
    }

    fn wanted(&self, site: &Site, home: Option<&(Home, Account)>, proved: Option<&Secret>) -> Wanted {
        let Some((home, account)) = home else { return Wanted::Nobody };
        let password = match home.credential {
            Credential::None | Credential::Revoked => return Wanted::Nobody,
            Credential::Device => Some(self.device_password(site, &home.nonce)),
            Credential::Account => proved.cloned(),
        };
        Wanted::Client { tag: steps::tag(home), password, disabled: account.disabled || home.is_cut() }
    }

    async fn tell(&self, site: &Site, wanted: &Wanted) -> Result<(), Fault> {
        self.known.is_ours().await?;
        self.carry_out(site, wanted).await
    }

    async fn carry_out(&self, site: &Site, wanted: &Wanted) -> Result<(), Fault> {
        let there = match self.control.ask::<Found>(Command::GetClient(site.clone())).await {
            Ok(found) => Some(found.client),
            Err(Fault::NotFound) => None,
            Err(fault) => return Err(fault),
        };
        // An operator's own client may have a name that accounts can have too.
        if there.as_ref().is_some_and(|client| !client.is_home()) {
            return Err(Fault::Taken);
        }
        let commands = steps(site, wanted, there.as_ref());
        if commands.is_empty() {
            return Ok(());
        }
        let withdraws = commands.iter().any(Command::withdraws);
        for outcome in self.control.run_all(commands).await {
            match outcome {
                // Another bridge was quicker.
                Ok(_) | Err(Fault::Exists | Fault::NotFound) => {}
                Err(fault) => return Err(fault),
            }
        }
        // Mosquitto says no last will for whom it cuts. Where the broker is lost, so is what it kept.
        if there.is_some() && withdraws {
            self.evict(site).await;
            self.link.retain(site.status_topic(), Vec::new()).await.ok();
            // The broker takes things in order: once it has answered this, everybody has been told.
            self.control.run(Command::GetClient(site.clone())).await.ok();
        }
        tracing::info!(home = %site, "the broker knows its credential as it is now");
        Ok(())
    }
}

fn derived(key: &hmac::Key, site: &Site, nonce: &str) -> Secret {
    let tag = hmac::sign(key, format!("device\n{site}\n{nonce}").as_bytes());
    Secret::new(Base64UrlUnpadded::encode_string(tag.as_ref()))
}

fn is_same(one: Option<&(Home, Account)>, other: Option<&(Home, Account)>) -> bool {
    let what = |known: &(Home, Account)| {
        let (home, account) = known;
        (home.id, home.credential, home.nonce.clone(), account.disabled)
    };
    one.map(what) == other.map(what)
}
