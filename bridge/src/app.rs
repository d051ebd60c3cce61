//! What every request shares.

use crate::{
    accounts::Accounts,
    broker::Link,
    config::{Config, Limits},
    exchange::Exchange,
    gate::Gate,
    homes::Homes,
    metrics::Metrics,
    observe::Told,
    password::Passwords,
    rate::Rates,
    session::Sessions,
    throttle::Throttle,
};
use anyhow::Result;
use remoteaccess_protocol::ClientId;
use std::{net::IpAddr, sync::Arc};

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
    pub account_rates: Rates<String>,
    /// What is counted.
    pub metrics: Metrics,
    /// What the operator was told.
    pub told: Told,
    /// Who may ask.
    pub accounts: Accounts,
    /// Who signed in.
    pub sessions: Sessions,
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
    /// None in practice.
    pub fn new(config: Config, client: ClientId, link: Link) -> Result<Self> {
        let accounts = Accounts::new(config.accounts);
        let names = || accounts.names().map(str::to_owned);
        Ok(Self {
            https: config.https,
            limits: config.limits,
            gate: Gate::new(config.limits.requests, config.limits.requests_per_home),
            address_rates: Rates::new(config.limits.address_rate),
            account_rates: Rates::new(config.limits.account_rate),
            metrics: Metrics::new(&link),
            told: Told::default(),
            sessions: Sessions::new(config.session_secret.as_ref(), config.https),
            throttle: Throttle::default(),
            passwords: Passwords::new()?,
            homes: Arc::new(Homes::new(names())),
            exchange: Arc::new(Exchange::new(client, config.limits.whole_answers)),
            link,
            accounts,
        })
    }
}
