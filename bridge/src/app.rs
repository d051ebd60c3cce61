//! What every request shares.

use crate::{
    broker::Link,
    caller::Caller,
    config::{Config, Limits},
    error::Error,
    exchange::Exchange,
    gate::Gate,
    homes::Homes,
    metrics::Metrics,
    observe::Told,
    password::Passwords,
    rate::Rates,
    second_factor::Vault,
    session::Cookies,
    store::Store,
    throttle::Throttle,
    upstream::Upstream,
};
use anyhow::Result;
use remoteaccess_protocol::ClientId;
use std::{net::IpAddr, sync::Arc, time::Instant};

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
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator was told.
    pub told: Told,
    /// Who may ask.
    pub store: Store,
    /// How a browser shows who signed in.
    pub cookies: Cookies,
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
    /// How it gets there.
    pub link: Link,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// Where passwords cannot be checked as the configuration says.
    pub fn new(config: &Config, store: Store, client: ClientId, link: Link) -> Result<Self> {
        Ok(Self {
            https: config.https,
            limits: config.limits,
            gate: Gate::new(config.limits.requests, config.limits.requests_per_home),
            address_rates: Rates::new(config.limits.address_rate),
            account_rates: Rates::new(config.limits.account_rate),
            metrics: Metrics::new(&link),
            told: Told::default(),
            store,
            cookies: Cookies::new(config.https),
            upstream: config.upstream.as_ref().map(Upstream::new).transpose()?,
            vault: Vault::new(&config.secret),
            throttle: Throttle::default(),
            passwords: Passwords::new(config.accounts.argon2_memory_kib)?,
            homes: Arc::new(Homes::default()),
            exchange: Arc::new(Exchange::new(client, config.limits.whole_answers)),
            link,
        })
    }

    /// Counts a request in `caller`'s name.
    ///
    /// # Errors
    /// [`Error::TooFast`] where there are too many.
    pub fn pace(&self, caller: &Caller) -> Result<(), Error> {
        let allowed = self.account_rates.take(caller.account().id, Instant::now());
        allowed.map_err(|wait| Error::TooFast { wait })
    }
}
