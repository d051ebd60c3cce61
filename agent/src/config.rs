//! `remoteaccess.json`: parse, defaults, validate.
//!
//! A file of the old client works as it is: its numbers and switches may also be strings, and keys that mean
//! nothing here are left alone.

use crate::acl::AccessList;
use crate::trouble::Trouble;
use remoteaccess_common::{
    Secret,
    trust::{self, TrustError},
};
use remoteaccess_protocol::{Endpoint, Rights, Site};
use rustls::ClientConfig;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// A configuration file larger than this is not one; the longest list that emoncms could fill is some 20 kB.
pub const MAX_FILE_BYTES: u64 = 512 * 1024;

/// All that the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `ENABLED`: whether this home is to be reachable at all.
    pub enabled: bool,
    /// Where to connect. `None` only where `ENABLED` is false.
    pub broker: Option<Broker>,
    /// The local emoncms.
    pub emoncms: Emoncms,
    /// `ACCESS_CONTROL`.
    pub access: AccessList,
    /// Keys in the file that mean nothing to anybody: most likely misspelt.
    pub unknown: Vec<String>,
}

/// What may stand in the file. `APP_ENV` is the old client's, the last one the page's in emoncms.
const KEYS: [&str; 14] = [
    "APP_ENV",
    "APIKEY_READ",
    "APIKEY_WRITE",
    "ACCESS_CONTROL",
    "EMONCMS_URL",
    "ENABLED",
    "MQTT_CA_FILE",
    "MQTT_HOST",
    "MQTT_PASSWORD",
    "MQTT_PORT",
    "MQTT_TLS",
    "MQTT_TRANSPORT",
    "MQTT_USERNAME",
    "ACCESS_CONTROL_CUSTOM",
];

/// The MQTT session; a change of any of it needs a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// `MQTT_HOST`.
    pub host: String,
    /// `MQTT_PORT`, 8883 unless given.
    pub port: u16,
    /// `MQTT_USERNAME`, which also names the topics.
    pub site: Site,
    /// `MQTT_PASSWORD`.
    pub password: Secret,
    /// `MQTT_TLS`, true unless given.
    pub tls: bool,
    /// `MQTT_TRANSPORT`: `websockets` instead of `tcp`.
    pub websockets: bool,
    /// `MQTT_CA_FILE`: trust the roots in this file instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// The local emoncms; a change counts from the next request on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoncms {
    /// `EMONCMS_URL`, without a slash at its end.
    pub url: String,
    /// `APIKEY_READ`.
    pub read_key: Secret,
    /// `APIKEY_WRITE`.
    pub write_key: Secret,
}

/// Why a file is not a configuration; the sentence is for the owner.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, with the key's name.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        // By way of a map: a struct alone would also take a list for its members in order.
        let map: Map<String, Value> = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => wrong("it must be a JSON object".into()),
            _ => wrong(format!("it is not valid JSON: {error}")),
        })?;
        let unknown = map.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned().collect();
        let raw: Raw =
            serde_json::from_value(Value::Object(map)).map_err(|error| wrong(error.to_string()))?;
        let enabled = switch("ENABLED", &raw.enabled)?.unwrap_or(true);
        let broker = match Broker::new(&raw) {
            Err(_) if !enabled => None,
            other => Some(other?),
        };
        let url = text_of("EMONCMS_URL", &raw.emoncms_url)?;
        let url = url.unwrap_or_else(|| "http://localhost/emoncms".into()).trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(wrong("EMONCMS_URL must start with http:// or https://".into()));
        }
        if reqwest::Url::parse(&url).is_err() || url.contains(['?', '#', '@']) {
            return Err(wrong("EMONCMS_URL must be a plain address such as http://localhost/emoncms".into()));
        }
        let emoncms = Emoncms {
            url,
            read_key: key("APIKEY_READ", &raw.read)?,
            write_key: key("APIKEY_WRITE", &raw.write)?,
        };
        Ok(Self { enabled, broker, emoncms, access: access(&raw.access)?, unknown })
    }

    /// What `--check` mentions although it is no error.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = (self.access.without_effect())
            .map(|path| format!("ACCESS_CONTROL: {path} is never relayed, whatever the list says"))
            .collect();
        remarks.extend(self.unknown.iter().map(|key| format!("{key} is no setting; is it misspelt?")));
        if let Some(Err(error)) = self.broker.as_ref().filter(|broker| broker.tls).map(Broker::trust) {
            remarks.push(Trouble::from(error).message);
        }
        if self.access.is_empty() {
            remarks.push("ACCESS_CONTROL allows nothing: every request will be refused".into());
        }
        if !self.enabled {
            remarks.push("ENABLED is false: the agent will not connect".into());
        }
        if self.broker.as_ref().is_some_and(|broker| !broker.tls) {
            remarks.push("MQTT_TLS is false: anyone on the way can read and change what is sent".into());
        }
        remarks
    }
}

impl Emoncms {
    /// Whether emoncms' router would cut a part out of this endpoint: it removes its own folder wherever that
    /// stands (`route.php`), and what is left over may be another endpoint than the one that was allowed.
    pub fn would_cut(&self, endpoint: &Endpoint) -> bool {
        let path = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let folders = path.split('/').filter(|folder| !folder.is_empty());
        let asked = endpoint.to_string().to_ascii_lowercase();
        folders.into_iter().any(|folder| asked.contains(&format!("/{}", folder.to_ascii_lowercase())))
    }

    /// The key that carries this right.
    pub fn key(&self, rights: Rights) -> &Secret {
        match rights {
            Rights::Read => &self.read_key,
            Rights::Write => &self.write_key,
        }
    }
}

impl Broker {
    /// Whom this session believes to be its server.
    ///
    /// # Errors
    /// Nobody can be believed.
    pub fn trust(&self) -> Result<ClientConfig, TrustError> {
        trust::client(self.ca_file.as_deref())
    }

    fn new(raw: &Raw) -> Result<Self, ConfigError> {
        let host = text_of("MQTT_HOST", &raw.host)?.ok_or_else(|| missing("MQTT_HOST"))?;
        let host_like = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        if host.len() > 253 || !host.bytes().all(host_like) {
            return Err(wrong(
                "MQTT_HOST must be a host name or an IPv4 address, without a scheme or a path".into(),
            ));
        }
        let name = text_of("MQTT_USERNAME", &raw.username)?.ok_or_else(|| missing("MQTT_USERNAME"))?;
        let site = Site::new(&name)
            .ok_or_else(|| wrong("MQTT_USERNAME may hold letters, digits, _ and - only".into()))?;
        let password = match &raw.password {
            // As it is: a blank may be part of it.
            Value::String(text) if !text.is_empty() => text.clone(),
            other => text_of("MQTT_PASSWORD", other)?.ok_or_else(|| missing("MQTT_PASSWORD"))?,
        };
        let websockets = match text_of("MQTT_TRANSPORT", &raw.transport)?.as_deref() {
            None | Some("tcp") => false,
            Some("websockets") => true,
            Some(_) => return Err(wrong("MQTT_TRANSPORT must be \"tcp\" or \"websockets\"".into())),
        };
        Ok(Self {
            host,
            port: port(&raw.port)?.unwrap_or(8883),
            site,
            password: Secret::new(password),
            tls: switch("MQTT_TLS", &raw.tls)?.unwrap_or(true),
            websockets,
            ca_file: text_of("MQTT_CA_FILE", &raw.ca_file)?.map(PathBuf::from),
        })
    }
}

fn access(value: &Value) -> Result<AccessList, ConfigError> {
    let empty = Map::new();
    let map = match value {
        Value::Null => &empty,
        Value::Object(map) => map,
        // PHP writes an empty list this way.
        Value::Array(list) if list.is_empty() => &empty,
        _ => return Err(wrong("ACCESS_CONTROL must be an object such as {\"feed/list\": \"read\"}".into())),
    };
    AccessList::new(map.iter().map(|(path, right)| (path.as_str(), right.as_str().unwrap_or("neither"))))
        .map_err(|error| wrong(format!("ACCESS_CONTROL: {error}")))
}

fn key(name: &str, value: &Value) -> Result<Secret, ConfigError> {
    let key = text_of(name, value)?.ok_or_else(|| missing(name))?;
    if !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong(format!("{name} must be an API key as emoncms shows it")));
    }
    Ok(Secret::new(key))
}

fn port(value: &Value) -> Result<Option<u16>, ConfigError> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    let port = number.filter(|port| *port != 0);
    port.map(Some).ok_or_else(|| wrong("MQTT_PORT must be a number from 1 to 65535".into()))
}

fn switch(name: &str, value: &Value) -> Result<Option<bool>, ConfigError> {
    let given = match value {
        Value::Null => return Ok(None),
        Value::Bool(given) => Some(*given),
        Value::Number(number) => number.as_u64().filter(|n| *n < 2).map(|n| n == 1),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" | "" => Some(false),
            _ => None,
        },
        _ => None,
    };
    given.map(Some).ok_or_else(|| wrong(format!("{name} must be true or false")))
}

fn text_of(name: &str, value: &Value) -> Result<Option<String>, ConfigError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        // An account name of digits alone is legal, and some editors write it as a number.
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(wrong(format!("{name} must be a text"))),
    }
}

fn missing(name: &str) -> ConfigError {
    wrong(format!("{name} is missing"))
}

fn wrong(sentence: String) -> ConfigError {
    ConfigError(sentence)
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
#[derive(Default)]
struct Raw {
    enabled: Value,
    emoncms_url: Value,
    #[serde(rename = "APIKEY_READ")]
    read: Value,
    #[serde(rename = "APIKEY_WRITE")]
    write: Value,
    #[serde(rename = "MQTT_HOST")]
    host: Value,
    #[serde(rename = "MQTT_PORT")]
    port: Value,
    #[serde(rename = "MQTT_USERNAME")]
    username: Value,
    #[serde(rename = "MQTT_PASSWORD")]
    password: Value,
    #[serde(rename = "MQTT_TLS")]
    tls: Value,
    #[serde(rename = "MQTT_TRANSPORT")]
    transport: Value,
    #[serde(rename = "MQTT_CA_FILE")]
    ca_file: Value,
    #[serde(rename = "ACCESS_CONTROL")]
    access: Value,
}
