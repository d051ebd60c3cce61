//! What every request shares.

use crate::{
    broker::Link,
    caller::Caller,
    config::{Config, Limits},
    dynsec::{Control, Courier},
    error::Error,
    exchange::Exchange,
    gate::Gate,
    homes::Homes,
    household::{Household, Streams},
    metrics::Metrics,
    observe::Told,
    password::Passwords,
    provision::Provisioner,
    rate::{Rate, Rates},
    second_factor::Vault,
    session::Cookies,
    store::{Account, Store},
    throttle::Throttle,
    tunnels::Tunnels,
    twin::Twin,
    upstream::Upstream,
};
use anyhow::Result;
use remoteaccess_protocol::ClientId;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// What an account changes of itself: each change is a row in the audit, and most rewrite the broker's file.
const CHANGE_RATE: Rate = Rate { per_second: 1, burst: 30 };

/// One running bridge.
#[derive(Debug)]
pub struct App {
    /// Whether browsers come by HTTPS.
    pub https: bool,
    /// How long.
    pub limits: Limits,
    /// How many.
    pub gate: Gate,
    /// How often from one address.
    pub address_rates: Rates<IpAddr>,
    /// How often in one account's name.
    pub account_rates: Rates<i64>,
    /// How often an account is changed by its owner.
    pub change_rates: Rates<i64>,
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator was told.
    pub told: Told,
    /// Who may ask.
    pub store: Store,
    /// How a browser shows who signed in.
    pub cookies: Cookies,
    /// The bridge's name at the broker, which is nobody else's.
    pub broker_username: Option<String>,
    /// The emoncms whose accounts may sign in.
    pub upstream: Option<Upstream>,
    /// What seals second factors.
    pub vault: Vault,
    /// Who guesses.
    pub throttle: Throttle,
    /// Whether it is them.
    pub passwords: Passwords,
    /// Which homes are there.
    pub homes: Arc<Homes>,
    /// What is under way.
    pub exchange: Arc<Exchange>,
    /// Whether another bridge has this one's name.
    pub twin: Twin,
    /// How it gets there.
    pub link: Link,
    /// How the broker is told who may connect.
    pub control: Control,
    courier: Mutex<Option<Courier>>,
    /// What it is told.
    pub provisioner: Provisioner,
    /// What people do with their homes.
    pub household: Household,
    /// Who listens to how their homes come and go.
    pub streams: Streams,
    /// Homes that come by WebSocket.
    pub tunnels: Tunnels,
    /// Where homes find the broker.
    pub homes_port: u16,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// Where passwords cannot be checked as the configuration says.
    pub fn new(config: &Config, store: Store, client: ClientId, link: Link) -> Result<Self> {
        let tunnels = Tunnels::new(config);
        let (control, courier) = Control::new(link.clone());
        let provisioner = Provisioner::new(store.clone(), control.clone(), link.clone(), config);
        Ok(Self {
            household: Household::new(store.clone(), provisioner.clone()),
            provisioner,
            control,
            courier: Mutex::new(Some(courier)),
            streams: Streams::default(),
            homes_port: config.broker.homes_port,
            https: config.https,
            limits: config.limits,
            gate: Gate::new(config.limits.requests, config.limits.requests_per_home),
            address_rates: Rates::new(config.limits.address_rate),
            account_rates: Rates::new(config.limits.account_rate),
            change_rates: Rates::new(Some(CHANGE_RATE)),
            metrics: Metrics::new(&link, &tunnels),
            tunnels,
            told: Told::default(),
            store,
            cookies: Cookies::new(config.https),
            broker_username: config.broker.username.clone(),
            upstream: config.upstream.as_ref().map(Upstream::new).transpose()?,
            vault: Vault::new(&config.secret),
            throttle: Throttle::default(),
            passwords: Passwords::new(config.accounts.argon2_memory_kib)?,
            homes: Arc::new(Homes::default()),
            twin: Twin::of(&client),
            exchange: Arc::new(Exchange::new(client, config.limits.whole_answers)),
            link,
        })
    }

    /// That homes can be asked.
    ///
    /// # Errors
    /// [`Error::BrokerOffline`], [`Error::WrongDatabase`].
    pub fn check_broker(&self) -> Result<(), Error> {
        if !self.link.is_up() {
            return Err(Error::BrokerOffline);
        }
        self.provisioner.check_database()
    }

    /// Counts a request in `caller`'s name.
    ///
    /// # Errors
    /// [`Error::TooFast`] where there are too many.
    pub fn pace(&self, caller: &Caller) -> Result<(), Error> {
        let allowed = self.account_rates.take(caller.account().id, Instant::now());
        allowed.map_err(|wait| Error::TooFast { wait })
    }

    /// Counts a change that its owner makes to an account.
    ///
    /// # Errors
    /// [`Error::TooFast`] where there are too many.
    pub fn pace_changes(&self, account: &Account) -> Result<(), Error> {
        let allowed = self.change_rates.take(account.id, Instant::now());
        allowed.map_err(|wait| Error::TooFast { wait })
    }

    /// Sends what the broker is told, once.
    pub fn courier(&self) -> Option<Courier> {
        self.courier.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
