//! Where accounts are, and whose.

use remoteaccess_common::Secret;
use serde::Deserialize;

/// Memory for a password's hash, in kB: less than this makes stolen hashes cheap to try.
const MIN_ARGON2_MEMORY: u64 = 8192;
/// More than this a bridge cannot spend on a sign-in.
const MAX_ARGON2_MEMORY: u64 = 1024 * 1024;

/// Where accounts are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:` with a path, or `postgres:` with everything.
    #[serde(default = "default_database")]
    pub url: Secret,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: default_database() }
    }
}

/// How accounts are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// Memory for a new password's hash, in kB.
    pub argon2_memory_kib: u32,
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self { argon2_memory_kib: argon2::Params::DEFAULT_M_COST }
    }
}

impl AccountsConfig {
    pub(super) fn check(self) -> Result<(), String> {
        let memory = u64::from(self.argon2_memory_kib);
        super::within("accounts.argon2_memory_kib", memory, MIN_ARGON2_MEMORY, MAX_ARGON2_MEMORY).map(|_| ())
    }
}

/// The emoncms whose accounts may sign in here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Its address, without `/user/auth.json`.
    pub url: String,
}

impl UpstreamConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        let url = reqwest::Url::parse(&self.url).map_err(|error| format!("upstream.url: {error}"))?;
        // Passwords travel there.
        let on_this_machine = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => Ok(()),
            "http" if on_this_machine => Ok(()),
            _ => Err("upstream.url must begin with https://".into()),
        }
    }
}

fn default_database() -> Secret {
    Secret::new("sqlite:/var/lib/emoncms-remoteaccess-bridge/bridge.db")
}
