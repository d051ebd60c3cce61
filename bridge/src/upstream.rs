//! The emoncms whose accounts may sign in here: asked seldom, since it allows few tries and counts good ones too.

use crate::{
    accounts::{Fingerprint, fingerprint},
    attempts::Attempts,
    config::UpstreamConfig,
    error::Error,
    peer::Peer,
    seldom::Seldom,
};
use anyhow::{Context, Result, bail, ensure};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use remoteaccess_common::Secret;
use serde_json::Value;
use std::{
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
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
const UNVERIFIED: Error = Error::Upstream(
    "emoncms does not let you in before your email address is verified; do that there, then sign in here",
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
    told: Told,
}

/// What the operator was told of it.
#[derive(Debug, Default)]
struct Told {
    silent: Seldom,
    limited: Seldom,
    spent: Seldom,
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
        // What it says is understood in English only.
        let english = (header::ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        let http = reqwest::Client::builder()
            .no_proxy()
            .default_headers(HeaderMap::from_iter([english]))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(SLOWEST_ANSWER)
            // Asked seldom: what is kept open would be closed at the other end.
            .pool_max_idle_per_host(0)
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
        Ok(Self {
            http: http.context("no HTTP to the upstream")?,
            url,
            budget: Mutex::new(budget),
            told: Told::default(),
        })
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
        let question = Question { name: fingerprint(&folded), address: peer.limited(), known };
        if self.budget().wrong.wait(&pair, Instant::now()).is_some() {
            return Ok(None);
        }
        if !self.budget().spend(&question, Instant::now()) {
            self.told.spent.say(|| {
                tracing::warn!("emoncms is not asked about all who want to sign in: it would be too often");
            });
            return Err(LIMITED);
        }
        let answer = self.post(name, password).await.map_err(|error| {
            if error.downcast_ref().is_some_and(reqwest::Error::is_connect) {
                // It has not counted this.
                self.budget().take_back(&question);
            }
            self.told.silent.say(|| {
                tracing::warn!("the upstream emoncms does not answer as it should: {error:#}");
            });
            UNREACHABLE
        })?;
        match answer {
            Answer::Right(id) => Ok(Some(id)),
            Answer::Wrong => {
                self.budget().wrong.begin(&pair, Instant::now());
                Ok(None)
            }
            Answer::Unverified => Err(UNVERIFIED),
            Answer::Limited => {
                self.told.limited.say(|| {
                    tracing::warn!("the upstream emoncms lets this server ask no more for now");
                });
                Err(LIMITED)
            }
        }
    }

    async fn post(&self, name: &str, password: &Secret) -> Result<Answer> {
        let form = [("username", name), ("password", password.expose())];
        let mut answer = self.http.post(&self.url).form(&form).send().await?;
        ensure!(answer.status() == StatusCode::OK, "status {}", answer.status());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            ensure!(body.len() + chunk.len() <= MAX_ANSWER_BYTES, "its answer is too long");
            body.extend_from_slice(&chunk);
        }
        Answer::parse(&body)
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who is asked about, for whom.
struct Question {
    name: Fingerprint,
    address: Option<IpAddr>,
    known: bool,
}

impl Budget {
    /// Whether it may be asked; counts it.
    fn spend(&mut self, question: &Question, now: Instant) -> bool {
        let Question { name, address, known } = question;
        let spent = self.all.wait(&(), now).is_some()
            || self.names.wait(name, now).is_some()
            || address.is_some_and(|address| self.addresses.wait(&address, now).is_some())
            || !known && self.unknown.wait(&(), now).is_some();
        if spent {
            return false;
        }
        self.all.begin(&(), now);
        self.names.begin(name, now);
        if let Some(address) = address {
            self.addresses.begin(address, now);
        }
        if !known {
            self.unknown.begin(&(), now);
        }
        true
    }

    fn take_back(&mut self, question: &Question) {
        let Question { name, address, known } = question;
        self.all.take_back(&());
        self.names.take_back(name);
        if let Some(address) = address {
            self.addresses.take_back(address);
        }
        if !known {
            self.unknown.take_back(&());
        }
    }
}

/// What it says of a name and a password.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The account's number.
    Right(i64),
    Wrong,
    Unverified,
    Limited,
}

impl Answer {
    fn parse(body: &[u8]) -> Result<Self> {
        let answer: Value = serde_json::from_slice(body).ok().context("its answer is no JSON")?;
        let message = answer["message"].as_str().unwrap_or_default();
        match answer["success"].as_bool() {
            Some(true) => {
                let id = &answer["userid"];
                let id = id.as_i64().or_else(|| id.as_str()?.parse().ok()).filter(|id| *id > 0);
                id.map(Self::Right).context("its answer has no userid")
            }
            Some(false) if message.starts_with("Too many attempts") => Ok(Self::Limited),
            Some(false) if message.starts_with("Please verify email") => Ok(Self::Unverified),
            Some(false) => Ok(Self::Wrong),
            None => bail!("its answer does not tell whether the password is right"),
        }
    }
}
