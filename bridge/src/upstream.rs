//! The emoncms whose accounts may sign in here: asked seldom, since it allows few tries and counts good ones too.

use crate::{
    accounts::{Fingerprint, fingerprint},
    attempts::Attempts,
    config::UpstreamConfig,
    error::Error,
    peer::Peer,
};
use anyhow::{Context, Result};
use remoteaccess_common::Secret;
use serde_json::Value;
use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// emoncms allows 10 within the time that [`Attempts`] remembers; one is left for what else is on this machine.
const AT_MOST: usize = 9;
/// Of these, for names that have no account here yet: the others are for those who changed their password.
const AT_MOST_UNKNOWN: usize = 6;
/// For one name, and from one address.
const AT_MOST_EACH: usize = 3;
/// Until it has answered.
const SLOWEST_ANSWER: Duration = Duration::from_secs(8);
/// Its answer is three keys long.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

const LIMITED: Error = Error::Upstream(
    "this password is not known here yet, and emoncms cannot be asked about it so often; try again in 15 minutes",
);
const UNREACHABLE: Error = Error::Upstream(
    "this password is not known here yet, and emoncms, which knows it, does not answer; try again later",
);

/// Asks it.
#[derive(Debug)]
pub struct Upstream {
    http: reqwest::Client,
    url: String,
    budget: Mutex<Budget>,
}

#[derive(Debug)]
struct Budget {
    all: Attempts<()>,
    unknown: Attempts<()>,
    names: Attempts<Fingerprint>,
    addresses: Attempts<IpAddr>,
    /// Names with passwords that were wrong: they still are.
    wrong: Attempts<Fingerprint>,
}

impl Upstream {
    /// Gets ready to ask.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(config: &UpstreamConfig) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(SLOWEST_ANSWER)
            .user_agent(concat!("emoncms-remoteaccess-bridge/", env!("CARGO_PKG_VERSION")))
            .build();
        let url = format!("{}/user/auth.json", config.url.trim_end_matches('/'));
        let budget = Budget {
            all: Attempts::new(AT_MOST),
            unknown: Attempts::new(AT_MOST_UNKNOWN),
            names: Attempts::new(AT_MOST_EACH),
            addresses: Attempts::new(AT_MOST_EACH),
            wrong: Attempts::new(1),
        };
        Ok(Self { http: http.context("no HTTP to the upstream")?, url, budget: Mutex::new(budget) })
    }

    /// The account's number there, if name and password are right there. `known` says that there is an account here.
    ///
    /// # Errors
    /// [`Error::Upstream`] where it does not say, or must not be asked now.
    pub async fn ask(
        &self,
        name: &str,
        password: &Secret,
        peer: Peer,
        known: bool,
    ) -> Result<Option<i64>, Error> {
        let folded = name.to_ascii_lowercase();
        let pair = fingerprint(&format!("{folded}\n{}", password.expose()));
        if !self.spend(fingerprint(&folded), pair, peer, known)? {
            return Ok(None);
        }
        let answer = self.post(name, password).await.map_err(|error| {
            tracing::warn!("the upstream emoncms does not answer as it should: {error:#}");
            UNREACHABLE
        })?;
        if answer["success"] == true {
            let id = &answer["userid"];
            let id = id.as_i64().or_else(|| id.as_str()?.parse().ok()).filter(|id| *id > 0);
            return id.map(Some).ok_or(UNREACHABLE);
        }
        if answer["message"].as_str().is_some_and(|message| message.starts_with("Too many attempts")) {
            tracing::warn!("the upstream emoncms lets this server ask no more for now");
            return Err(LIMITED);
        }
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).wrong.begin(&pair, Instant::now());
        Ok(None)
    }

    /// Whether to ask at all: not where the answer is known.
    fn spend(&self, name: Fingerprint, pair: Fingerprint, peer: Peer, known: bool) -> Result<bool, Error> {
        let (now, address) = (Instant::now(), peer.limited());
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if budget.wrong.wait(&pair, now).is_some() {
            return Ok(false);
        }
        let spent = budget.all.wait(&(), now).is_some()
            || budget.names.wait(&name, now).is_some()
            || address.is_some_and(|address| budget.addresses.wait(&address, now).is_some())
            || !known && budget.unknown.wait(&(), now).is_some();
        if spent {
            return Err(LIMITED);
        }
        budget.all.begin(&(), now);
        budget.names.begin(&name, now);
        if let Some(address) = address {
            budget.addresses.begin(&address, now);
        }
        if !known {
            budget.unknown.begin(&(), now);
        }
        Ok(true)
    }

    async fn post(&self, name: &str, password: &Secret) -> Result<Value> {
        let form = [("username", name), ("password", password.expose())];
        // Without the address, which says nothing new.
        let mut answer = self.http.post(&self.url).form(&form).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            anyhow::ensure!(body.len() + chunk.len() <= MAX_ANSWER_BYTES, "its answer is too long");
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).context("its answer is no JSON")
    }
}
