//! `bridge.toml`.

use crate::{
    accounts::{Account, RawAccount},
    secret::Secret,
};
use remoteaccess_protocol::limits::KEEP_ALIVE_SECONDS;
use serde::Deserialize;
use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

/// Where the program looks for its configuration.
pub const DEFAULT_PATH: &str = "/etc/emoncms-remoteaccess/bridge.toml";

/// A short secret could be guessed from one cookie.
const MIN_SESSION_SECRET: usize = 32;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Where to listen for HTTP.
    pub listen: SocketAddr,
    /// Whether browsers come by HTTPS, through a proxy before this bridge.
    pub https: bool,
    /// Signs session cookies; without it, sessions end with the process.
    pub session_secret: Option<Secret>,
    /// The MQTT broker.
    pub broker: BrokerConfig,
    /// How much at once, how long.
    pub limits: Limits,
    /// Who may ask.
    pub accounts: Vec<Account>,
}

/// The MQTT broker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerConfig {
    /// Its name, as in its certificate.
    pub host: String,
    port: Option<u16>,
    /// This bridge's account there.
    pub username: Option<String>,
    /// The account's password.
    pub password: Option<Secret>,
    /// Whether to encrypt; unencrypted suits loopback only.
    #[serde(default)]
    pub tls: bool,
    /// Certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A broker that is silent for two of these is taken for lost.
    #[serde(default = "default_keep_alive")]
    pub keep_alive_seconds: u64,
}

impl BrokerConfig {
    /// Its port; where none is given, MQTT's own.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls { 8883 } else { 1883 })
    }
}

/// How much at once, how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the answer's first frame.
    pub request_timeout: Duration,
    /// Between two frames of an answer.
    pub idle_timeout: Duration,
    /// Requests to one home at once; emoncms' own pages make a dozen.
    pub requests_per_home: usize,
    /// Requests to all homes at once. Each may hold a window of its answer: 1024 are 256 MB at the worst.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            requests_per_home: 32,
            requests: 1024,
        }
    }
}

/// Why a configuration does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or not for this program to see.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is no TOML, or has members that do not exist or have another type.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A value does not serve.
    #[error("{0}")]
    Value(String),
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// What is wrong, in words for who wrote the file; never quotes what stands there.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |error| ConfigError::Unreadable { path: path.to_owned(), error };
        Self::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// Reads and checks the text of a file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            // Not the error's own Display: it quotes the line, which may hold a key.
            let before = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.bytes().take(before).filter(|byte| *byte == b'\n').count() + 1;
            ConfigError::Syntax { line, message: error.message().to_owned() }
        })?;
        raw.check().map_err(ConfigError::Value)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default = "default_listen")]
    listen: SocketAddr,
    #[serde(default = "yes")]
    https: bool,
    session_secret: Option<Secret>,
    broker: BrokerConfig,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    account: Vec<RawAccount>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    request_timeout_ms: Option<u64>,
    idle_timeout_ms: Option<u64>,
    requests_per_home: Option<u64>,
    requests: Option<u64>,
}

impl Raw {
    fn check(self) -> Result<Config, String> {
        let secret_length = self.session_secret.as_ref().map(|secret| secret.expose().len());
        if secret_length.is_some_and(|length| length < MIN_SESSION_SECRET) {
            return Err(format!("session_secret needs {MIN_SESSION_SECRET} characters or more"));
        }
        self.broker.check()?;
        let accounts = self.account.into_iter().map(RawAccount::check).collect::<Result<Vec<_>, _>>()?;
        check_distinct(&accounts)?;
        let (listen, https, session_secret, broker) =
            (self.listen, self.https, self.session_secret, self.broker);
        Ok(Config { listen, https, session_secret, broker, limits: self.limits.check()?, accounts })
    }
}

impl BrokerConfig {
    fn check(&self) -> Result<(), String> {
        if self.host.trim().is_empty() {
            return Err("broker.host is empty".into());
        }
        if self.username.is_some() != self.password.is_some() {
            return Err("broker.username and broker.password go together; one of them is missing".into());
        }
        if self.ca_file.is_some() && !self.tls {
            return Err("broker.ca_file has no effect without broker.tls = true".into());
        }
        within("broker.keep_alive_seconds", self.keep_alive_seconds, 5, 600).map(|_| ())
    }
}

impl RawLimits {
    fn check(&self) -> Result<Limits, String> {
        let default = Limits::default();
        let time = |name, given: Option<u64>, default| {
            let checked = given.map(|ms| within(name, ms, 100, 120_000)).transpose()?;
            Ok::<_, String>(checked.map_or(default, Duration::from_millis))
        };
        let count = |name, given: Option<u64>, default| {
            let checked = given.map(|count| within(name, count, 1, 65_536)).transpose()?;
            Ok::<_, String>(checked.and_then(|count| usize::try_from(count).ok()).unwrap_or(default))
        };
        Ok(Limits {
            request_timeout: time(
                "limits.request_timeout_ms",
                self.request_timeout_ms,
                default.request_timeout,
            )?,
            idle_timeout: time("limits.idle_timeout_ms", self.idle_timeout_ms, default.idle_timeout)?,
            requests_per_home: count(
                "limits.requests_per_home",
                self.requests_per_home,
                default.requests_per_home,
            )?,
            requests: count("limits.requests", self.requests, default.requests)?,
        })
    }
}

fn check_distinct(accounts: &[Account]) -> Result<(), String> {
    let (mut names, mut keys) = (HashSet::new(), HashSet::new());
    for account in accounts {
        if !names.insert(account.name()) {
            return Err(format!("there are two accounts named {}", account.name()));
        }
        for key in [&account.read_key, &account.write_key] {
            if !keys.insert(key.expose()) {
                return Err(format!("account {} has a key that is used twice", account.name()));
            }
        }
    }
    Ok(())
}

fn within(name: &str, value: u64, least: u64, most: u64) -> Result<u64, String> {
    let fine = (least..=most).contains(&value);
    fine.then_some(value).ok_or_else(|| format!("{name} must lie between {least} and {most}"))
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 8080).into()
}

fn default_keep_alive() -> u64 {
    KEEP_ALIVE_SECONDS
}

fn yes() -> bool {
    true
}
