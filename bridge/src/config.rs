//! `bridge.toml`.

use crate::{
    accounts::{Account, RawAccount},
    proxies::Proxies,
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::limits::KEEP_ALIVE_SECONDS;
use serde::Deserialize;
use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
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
    /// Who may say where a request came from.
    pub proxies: Arc<Proxies>,
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
    /// Requests to one home at once; emoncms' own pages make a dozen, an agent of ours takes as many as these.
    pub requests_per_home: usize,
    /// Requests to all homes at once. Each may hold a window of its answer: 1024 are 256 MB at the worst.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            requests_per_home: 64,
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
    #[serde(default)]
    trusted_proxies: Vec<String>,
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
        let proxies = Proxies::parse(&self.trusted_proxies)?.into();
        let (listen, https, session_secret, broker) =
            (self.listen, self.https, self.session_secret, self.broker);
        Ok(Config { listen, https, proxies, session_secret, broker, limits: self.limits.check()?, accounts })
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

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$hO5NM7PMFyRk0oRYEmZUjg";

    fn account(name: &str, digit: char) -> String {
        let key = |last| format!("{}{last}", digit.to_string().repeat(31));
        format!(
            "[[account]]\nname = \"{name}\"\nuserid = 1\npassword_hash = \"{HASH}\"\nread_key = \"{}\"\n\
             write_key = \"{}\"\n",
            key('a'),
            key('b')
        )
    }

    fn fault(text: &str) -> String {
        Config::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let text = format!("[broker]\nhost = \"localhost\"\n{}", account("ann", '1'));
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(config.https && !config.broker.tls && config.session_secret.is_none());
        assert_eq!((config.broker.port(), config.broker.keep_alive_seconds), (1883, 30));
        assert_eq!(config.limits.request_timeout, Duration::from_secs(15));
        assert!(!config.accounts[0].first_generation);
    }

    #[test]
    fn the_example_is_fine_and_its_blanks_are_not_taken_for_values() {
        let example = include_str!("../bridge.example.toml");
        let uncommented = |mark: &str| example.replace(&format!("\n{mark}"), "\n");
        assert!(Config::parse(example).is_ok());
        let config = Config::parse(&uncommented("#:")).unwrap();
        assert_eq!(config.limits.requests, Limits::default().requests);
        assert_eq!(config.limits.idle_timeout, Limits::default().idle_timeout);
        assert_eq!(fault(&uncommented("#?")), "session_secret needs 32 characters or more");
        let filled = uncommented("#?").replace("64 random digits", &"1".repeat(64));
        assert!(fault(&filled).contains("account name"), "known keys must not work");
    }

    #[test]
    fn mistakes_are_told_in_words() {
        let broker = "[broker]\nhost = \"localhost\"\n";
        let ann = account("ann", '1');
        for (text, words) in [
            (String::new(), "missing field `broker`"),
            ("listen = \"here\"\n".to_owned() + broker, "line 1: invalid socket address"),
            ("listne = \"127.0.0.1:1\"\n".to_owned() + broker, "line 1: unknown field `listne`"),
            (format!("{broker}tsl = true"), "line 3: unknown field `tsl`"),
            (format!("session_secret = \"short\"\n{broker}"), "session_secret needs 32 characters"),
            (format!("{broker}username = \"bridge\""), "one of them is missing"),
            (format!("{broker}ca_file = \"/x\""), "no effect without broker.tls"),
            (format!("{broker}keep_alive_seconds = 0"), "between 5 and 600"),
            (format!("{broker}[limits]\nrequests = 0"), "limits.requests must lie between 1 and"),
            (format!("{broker}[limits]\nrequest_timeout_ms = 999999"), "limits.request_timeout_ms"),
            (format!("{broker}{}", account("ann.b", '1')), "account name \"ann.b\""),
            (format!("{broker}{}", account("a+b", '1')), "letters, digits, _ and -"),
            (format!("{broker}{ann}{}", account("ann", '2')), "two accounts named ann"),
            (format!("{broker}{ann}{}", account("bob", '1')), "account bob has a key that is used twice"),
            (format!("{broker}{}", ann.replace(HASH, "hunter2")), "account ann: password_hash must be"),
            (format!("{broker}{}", ann.replace("1b", "1")), "write_key must be 32 hexadecimal digits"),
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

    #[test]
    fn a_printed_account_can_be_read_back() {
        let printed = crate::new_account("ann", "correct horse").unwrap();
        let config = Config::parse(&format!("[broker]\nhost = \"localhost\"\n{printed}")).unwrap();
        assert_eq!(config.accounts[0].name(), "ann");
        assert!(!format!("{config:?}").contains(config.accounts[0].write_key.expose()));
        assert!(crate::new_account("ann", "short").is_err());
        assert!(crate::new_account("a/b", "correct horse").is_err());
    }
}
