//! Who may ask, and for which home.

use crate::password;
use anyhow::{Result, bail};
use remoteaccess_common::{Secret, random};
use remoteaccess_protocol::{Rights, Site};
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

/// Digits of a key; emoncms' own keys have as many.
const KEY_DIGITS: usize = 32;

/// For new passwords.
const MIN_PASSWORD: usize = 8;

/// A person at the cloud.
#[derive(Debug)]
pub struct Account {
    /// The account's home; bears the account's name.
    pub site: Site,
    /// emoncms' number for the account.
    pub userid: u64,
    /// argon2id, in PHC form.
    pub password_hash: Secret,
    /// May look.
    pub read_key: Secret,
    /// May look and change.
    pub write_key: Secret,
    /// Whether the home has a client of 2018–2021, which says nothing of its presence.
    pub first_generation: bool,
}

impl Account {
    /// The name to sign in with.
    pub fn name(&self) -> &str {
        self.site.as_str()
    }
}

/// All accounts.
#[derive(Debug)]
pub struct Accounts {
    by_name: HashMap<String, Arc<Account>>,
    by_key: HashMap<Fingerprint, (Arc<Account>, Rights)>,
}

impl Accounts {
    /// Takes checked accounts: their names and keys are distinct.
    pub fn new(accounts: Vec<Account>) -> Self {
        let (mut by_name, mut by_key) = (HashMap::new(), HashMap::new());
        for account in accounts.into_iter().map(Arc::new) {
            by_key.insert(fingerprint(account.read_key.expose()), (Arc::clone(&account), Rights::Read));
            by_key.insert(fingerprint(account.write_key.expose()), (Arc::clone(&account), Rights::Write));
            by_name.insert(account.name().to_owned(), account);
        }
        Self { by_name, by_key }
    }

    /// Whose name this is.
    pub fn named(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_name.get(name)
    }

    /// Whose key this is, and what it allows.
    pub fn with_key(&self, key: &str) -> Option<(Arc<Account>, Rights)> {
        self.by_key.get(&fingerprint(key)).cloned()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// What stands for a text that is secret or long.
pub(crate) type Fingerprint = [u8; SHA256_OUTPUT_LEN];

/// A digest to look keys up by: how long a comparison of digests takes tells nothing of the keys.
pub(crate) fn fingerprint(text: &str) -> Fingerprint {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// An `[[account]]` as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawAccount {
    name: String,
    userid: u64,
    password_hash: Secret,
    read_key: Secret,
    write_key: Secret,
    #[serde(default)]
    first_generation: bool,
}

impl RawAccount {
    pub(crate) fn check(self) -> Result<Account, String> {
        let site = account_site(&self.name)?;
        let name = &self.name;
        password::check_hash(&self.password_hash).map_err(|fault| format!("account {name}: {fault}"))?;
        for (which, key) in [("read_key", &self.read_key), ("write_key", &self.write_key)] {
            let text = key.expose();
            if text.len() != KEY_DIGITS || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(format!("account {name}: {which} must be {KEY_DIGITS} hexadecimal digits"));
            }
        }
        let Self { userid, password_hash, read_key, write_key, first_generation, .. } = self;
        Ok(Account { site, userid, password_hash, read_key, write_key, first_generation })
    }
}

/// An `[[account]]` to be added to the configuration, with a hash of `password` and new keys.
///
/// # Errors
/// Where the name or the password does not serve.
pub fn new_account(name: &str, password: &str) -> Result<String> {
    let site = account_site(name).map_err(anyhow::Error::msg)?;
    if !(MIN_PASSWORD..=password::MAX_PASSWORD_BYTES).contains(&password.len()) {
        bail!(
            "a password needs {MIN_PASSWORD} characters or more: echo 'it' | remoteaccess-bridge account {site}"
        );
    }
    Ok(format!(
        "[[account]]\nname = \"{site}\"\nuserid = 1 # emoncms' number for it, any you like\n\
         password_hash = \"{}\"\nread_key = \"{}\"\nwrite_key = \"{}\"\n",
        password::hash(password)?.expose(),
        random::hex_id::<16>(),
        random::hex_id::<16>(),
    ))
}

/// The home of the account `name`.
fn account_site(name: &str) -> Result<Site, String> {
    Site::new(name).filter(|_| !name.contains('.')).ok_or_else(|| {
        // Printed so that what it consists of can be seen.
        format!("the account name {name:?} may have 1 to 64 letters, digits, _ and - only")
    })
}
