//! `bridge.toml`.

mod accounts;
mod files;
mod limits;
mod operation;
mod warnings;

pub use accounts::{AccountsConfig, DatabaseConfig, UpstreamConfig};
pub use limits::Limits;
pub use operation::{MetricsConfig, TlsConfig};

use crate::proxies::Proxies;
use limits::RawLimits;
use remoteaccess_common::Secret;
use remoteaccess_protocol::{ClientId, limits::KEEP_ALIVE_SECONDS, topic::BRIDGES};
use serde::Deserialize;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the program looks for its configuration.
pub const DEFAULT_PATH: &str = "/etc/emoncms-remoteaccess/bridge.toml";

/// A short secret could be guessed.
const MIN_SECRET: usize = 32;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Where to listen for HTTP.
    pub listen: SocketAddr,
    /// Whether browsers come by HTTPS, through a proxy before this bridge.
    pub https: bool,
    /// Who may say where a request came from.
    pub proxies: Arc<Proxies>,
    /// Seals what the database keeps of second factors, and makes homes' passwords.
    pub secret: Secret,
    /// Where accounts are.
    pub database: DatabaseConfig,
    /// How accounts are kept.
    pub accounts: AccountsConfig,
    /// The emoncms whose accounts may sign in here.
    pub upstream: Option<UpstreamConfig>,
    /// The MQTT broker.
    pub broker: BrokerConfig,
    /// How much at once, how long.
    pub limits: Limits,
    /// A certificate of this bridge's own; without it a proxy before it has one.
    pub tls: Option<TlsConfig>,
    /// Where Prometheus asks.
    pub metrics: Option<MetricsConfig>,
}

/// The MQTT broker.
#[derive(Clone, Debug, Deserialize)]
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
    websocket_port: Option<u16>,
    /// The port at which homes find it, with TLS; they are told when they are connected.
    #[serde(default = "default_homes_port")]
    pub homes_port: u16,
    /// Which of the bridges at this broker this is, from 1; it says to which of [`BRIDGES`] homes answer.
    #[serde(default = "default_instance")]
    pub instance: u64,
}

impl BrokerConfig {
    /// This bridge's name towards homes.
    ///
    /// # Panics
    /// Never for a checked configuration.
    pub fn name(&self) -> ClientId {
        let index = usize::try_from(self.instance).expect("it was checked") - 1;
        ClientId::new(BRIDGES[index]).expect("these are client ids")
    }

    /// Its port; where none is given, MQTT's own.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.tls { 8883 } else { 1883 })
    }

    /// The port at which it takes homes that come by WebSocket from this bridge, with TLS where the bridge has it; what is not
    /// given is the homes' own, or that of the listener that `setup` makes on this machine.
    pub fn websocket_port(&self) -> u16 {
        self.websocket_port.unwrap_or(if self.tls { self.homes_port } else { 1884 })
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
    #[serde(default)]
    trusted_proxies: Vec<String>,
    secret: Option<Secret>,
    #[serde(default)]
    database: DatabaseConfig,
    #[serde(default)]
    accounts: AccountsConfig,
    upstream: Option<UpstreamConfig>,
    broker: BrokerConfig,
    #[serde(default)]
    limits: RawLimits,
    tls: Option<TlsConfig>,
    metrics: Option<MetricsConfig>,
}

impl Raw {
    fn check(self) -> Result<Config, String> {
        let secret = self.secret.ok_or("secret is missing; `openssl rand -hex 32` makes one")?;
        if secret.expose().len() < MIN_SECRET {
            return Err(format!("secret needs {MIN_SECRET} characters or more"));
        }
        self.broker.check()?;
        if self.tls.is_some() && !self.https {
            return Err("https = false contradicts [tls]".into());
        }
        if let Some(metrics) = &self.metrics {
            metrics.check(self.listen)?;
        }
        self.accounts.check()?;
        if let Some(upstream) = &self.upstream {
            upstream.check()?;
        }
        Ok(Config {
            listen: self.listen,
            https: self.https,
            proxies: Arc::new(Proxies::parse(&self.trusted_proxies)?),
            secret,
            database: self.database,
            accounts: self.accounts,
            upstream: self.upstream,
            broker: self.broker,
            limits: self.limits.check()?,
            tls: self.tls,
            metrics: self.metrics,
        })
    }
}

impl BrokerConfig {
    fn check(&self) -> Result<(), String> {
        if self.host.trim().is_empty() {
            return Err("broker.host is empty".into());
        }
        if !self.tls && !is_here(&self.host) {
            return Err("broker.host is another machine, and passwords would travel there unencrypted: set broker.tls = true".into());
        }
        if self.username.is_some() != self.password.is_some() {
            return Err("broker.username and broker.password go together; one of them is missing".into());
        }
        if self.ca_file.is_some() && !self.tls {
            return Err("broker.ca_file has no effect without broker.tls = true".into());
        }
        within("broker.instance", self.instance, 1, BRIDGES.len() as u64)?;
        within("broker.keep_alive_seconds", self.keep_alive_seconds, 5, 600).map(|_| ())
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

fn within(name: &str, value: u64, least: u64, most: u64) -> Result<u64, String> {
    let fine = (least..=most).contains(&value);
    fine.then_some(value).ok_or_else(|| format!("{name} must lie between {least} and {most}"))
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 8080).into()
}

fn default_homes_port() -> u16 {
    8883
}

fn default_instance() -> u64 {
    1
}

fn default_keep_alive() -> u64 {
    KEEP_ALIVE_SECONDS
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Rate;
    use std::time::Duration;

    const SECRET: &str = "secret = \"0123456789abcdef0123456789abcdef\"\n";

    fn fault(text: &str) -> String {
        Config::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = Config::parse(&format!("{SECRET}[broker]\nhost = \"localhost\"\n")).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(config.https && !config.broker.tls && config.upstream.is_none());
        assert_eq!((config.broker.port(), config.broker.keep_alive_seconds), (1883, 30));
        assert_eq!(config.limits.request_timeout, Duration::from_secs(15));
        assert!(config.database.url.expose().starts_with("sqlite:/var/lib/"));
        assert_eq!(config.accounts.argon2_memory_kib, 19 * 1024);
    }

    #[test]
    fn the_example_is_fine_once_its_blanks_are_filled() {
        let example = include_str!("../bridge.example.toml");
        let uncommented = |mark: &str| example.replace(&format!("\n{mark}"), "\n");
        assert!(fault(example).contains("openssl rand"));
        assert!(Config::parse(&format!("{SECRET}{example}")).is_ok());
        let config = Config::parse(&format!("{SECRET}{}", uncommented("#:"))).unwrap();
        assert_eq!(config.limits.requests, Limits::default().requests);
        assert_eq!(config.limits.idle_timeout, Limits::default().idle_timeout);
        assert_eq!(
            fault(&uncommented("#?")),
            "secret needs 32 characters or more",
            "known ones must not work"
        );
        let filled = uncommented("#?").replace("64 random digits", &"1".repeat(64));
        assert!(Config::parse(&filled).unwrap().upstream.is_some());
    }

    #[test]
    fn rates_have_defaults_that_can_be_lifted_and_raised() {
        for (lines, rate) in [
            ("", Rate::new(100, 1000)),
            ("account_requests_per_second = 0", None),
            ("account_requests_per_second = 5", Rate::new(5, 1000)),
            ("account_requests_per_second = 5000", Rate::new(5000, 5000)),
            ("account_requests_per_second = 5\naccount_burst = 7", Rate::new(5, 7)),
        ] {
            let config =
                Config::parse(&format!("{SECRET}[broker]\nhost = \"localhost\"\n[limits]\n{lines}")).unwrap();
            assert_eq!(config.limits.account_rate, rate, "{lines}");
            assert_eq!(config.limits.address_rate, Rate::new(200, 2000));
        }
    }

    #[test]
    fn mistakes_are_told_in_words() {
        let broker = format!("{SECRET}[broker]\nhost = \"localhost\"\n");
        for (text, words) in [
            (String::new(), "missing field `broker`"),
            ("listen = \"here\"\n".to_owned() + &broker, "line 1: invalid socket address"),
            ("listne = \"127.0.0.1:1\"\n".to_owned() + &broker, "line 1: unknown field `listne`"),
            (format!("{broker}tsl = true"), "line 4: unknown field `tsl`"),
            (broker.replace(SECRET, ""), "secret is missing"),
            (broker.replace(SECRET, "secret = \"short\"\n"), "secret needs 32 characters"),
            (format!("{broker}username = \"bridge\""), "one of them is missing"),
            (format!("{broker}ca_file = \"/x\""), "no effect without broker.tls"),
            (broker.replace("localhost", "broker.example.org"), "set broker.tls = true"),
            (broker.replace("localhost", "192.0.2.1"), "set broker.tls = true"),
            (format!("{broker}keep_alive_seconds = 0"), "between 5 and 600"),
            (format!("{broker}instance = 0"), "broker.instance must lie between 1 and 4"),
            (format!("{broker}instance = 5"), "broker.instance must lie between 1 and 4"),
            (format!("{broker}[metrics]\nlisten = \"127.0.0.1:8080\""), "metrics.listen and listen"),
            (format!("{broker}[metrics]\nlisten = \"0.0.0.0:8080\""), "metrics.listen and listen"),
            (format!("{broker}[limits]\nrequests = 0"), "limits.requests must lie between 1 and"),
            (format!("{broker}[limits]\naddress_burst = 0"), "limits.address_burst must lie between 1 and"),
            (format!("trusted_proxies = [\"nginx\"]\n{broker}"), "trusted_proxies: \"nginx\" is no address"),
            (format!("https = false\n{broker}[tls]\ncertificate = \"a\"\nkey = \"b\""), "contradicts [tls]"),
            (format!("{broker}[tls]\ncertificate = \"a\""), "missing field `key`"),
            (format!("{broker}[limits]\nrequest_timeout_ms = 999999"), "limits.request_timeout_ms"),
            (format!("{broker}[accounts]\nargon2_memory_kib = 8"), "accounts.argon2_memory_kib"),
            (format!("{broker}[upstream]\nurl = \"emoncms.org\""), "upstream.url"),
            (format!("{broker}[upstream]\nurl = \"http://emoncms.org\""), "must begin with https://"),
            (format!("{broker}[[account]]\nname = \"ann\""), "unknown field `account`"),
        ] {
            assert!(fault(&text).contains(words), "{words}\n{}", fault(&text));
        }
    }

    #[test]
    fn a_mistake_does_not_show_the_secret_beside_it() {
        for line in ["password = 123454321", "password = 123454321 oops", "password = \"123454321"] {
            let fault = fault(&format!("[broker]\nhost = \"localhost\"\nusername = \"b\"\n{line}\n"));
            assert!(fault.starts_with("line ") && !fault.contains("123454321"), "{fault}");
        }
    }
}
