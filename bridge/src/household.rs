//! What an account does with its homes, whoever asks for it: a browser, a home's settings page, the command line.

mod api;
mod connect;
mod events;
mod pairing;

pub use api::{add, cut, delete, list, pair, rename, state};
pub use connect::auth;
pub use events::{Streams, events};
pub use pairing::hash as pairing_hash;

use crate::{
    accounts::token_hash,
    error::Error,
    provision::{Provisioner, Told},
    store::{Account, Credential, Home, NewHome, Store, new_nonce},
};
use remoteaccess_common::Secret;

/// Of what its owner calls a home.
const MAX_TITLE: usize = 64;
/// Of a home's name; it stands in addresses.
const MAX_NAME: usize = 32;

/// Changes homes in the database and at the broker.
#[derive(Clone, Debug)]
pub struct Household {
    store: Store,
    provisioner: Provisioner,
}

/// What a home's agent signs in with.
#[derive(Debug)]
pub struct Device {
    /// Its name at the broker.
    pub username: String,
    /// Its password there.
    pub password: Secret,
}

impl Household {
    /// On this database, at this broker.
    pub fn new(store: Store, provisioner: Provisioner) -> Self {
        Self { store, provisioner }
    }

    /// Makes a home called `title`; its name is made from that where none is given.
    ///
    /// # Errors
    /// [`Error::BadRequest`], [`Error::Conflict`] where there is such a home or there are too many, [`Error::Database`].
    pub async fn add(&self, account: &Account, title: &str, name: Option<&str>) -> Result<Home, Error> {
        let name = name.map(check_name).transpose()?;
        let title = check_title(title)?;
        let name = name.map_or_else(|| name_from(title), str::to_owned);
        let new = match self.store.homes(account.id).await?.is_empty() {
            true => NewHome::first(account.id, &account.name, false),
            false => NewHome::further(account.id, &account.name, &name, title),
        };
        let home = self.store.add_home(&new).await?;
        let home =
            home.ok_or(Error::Conflict("there is a home of that name, or there are 16 homes already"))?;
        if home.title != title {
            self.store.set_title(home.id, title).await?;
        }
        Ok(Home { title: title.to_owned(), ..home })
    }

    /// Calls a home otherwise.
    ///
    /// # Errors
    /// [`Error::BadRequest`], [`Error::Database`].
    pub async fn rename(&self, home: &Home, title: &str) -> Result<(), Error> {
        self.store.set_title(home.id, check_title(title)?).await
    }

    /// A code that connects this home once, within half an hour. Earlier ones are void.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn pair(&self, home: &Home) -> Result<Secret, Error> {
        let code = pairing::new_code();
        let hash = pairing::hash(&code).unwrap_or_default();
        self.store.add_pairing(home.id, &hash, pairing::SECONDS).await?;
        Ok(code)
    }

    /// A password for the home's agent; with `anew` another one than before, which cuts whoever has the old one.
    ///
    /// # Errors
    /// [`Error::BrokerOffline`] where the broker cannot be told, [`Error::WrongDatabase`], [`Error::Conflict`],
    /// [`Error::Database`].
    pub async fn device(&self, home: &Home, anew: bool) -> Result<Device, Error> {
        if !self.provisioner.link().is_up() {
            return Err(Error::BrokerOffline);
        }
        self.provisioner.check_database()?;
        let nonce = match home.credential {
            Credential::Device if !anew => home.nonce.clone(),
            _ => {
                let nonce = new_nonce();
                self.change(home, Credential::Device, &nonce).await?;
                self.store.set_first_generation(home.id, false).await?;
                nonce
            }
        };
        self.provisioner.apply(&home.site, None).await?;
        let password = self.provisioner.device_password(&home.site, &nonce);
        Ok(Device { username: home.site.to_string(), password })
    }

    /// Lets the home's client of 2018–2021 in with the password that its owner has just proved. `stands_for` changes
    /// when the password does; while it doesn't, nothing changes.
    ///
    /// # Errors
    /// [`Error::Conflict`] where its credential is another one meanwhile, [`Error::Database`].
    pub async fn first_generation(
        &self,
        home: &Home,
        password: &Secret,
        stands_for: &str,
    ) -> Result<Told, Error> {
        if !lets_in(home, stands_for) {
            let nonce = password_nonce(stands_for);
            self.change(home, Credential::Account, &nonce).await?;
        }
        if !home.first_generation {
            self.store.set_first_generation(home.id, true).await?;
        }
        self.provisioner.apply(&home.site, Some(password)).await
    }

    async fn change(&self, home: &Home, credential: Credential, nonce: &str) -> Result<(), Error> {
        match self.store.set_credential(home, credential, nonce).await? {
            true => Ok(()),
            false => Err(Error::Conflict(
                "this home was connected or cut off by somebody else just now; try again",
            )),
        }
    }

    /// The owner has just proved the account's password: homes that sign in to the broker with it get it again where
    /// the broker has lost it, or has an earlier one. With a second factor the password alone opens nothing, so there it
    /// ends instead.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn password_proved(&self, account: &Account, password: &Secret) -> Result<Told, Error> {
        if account.totp_secret.is_some() {
            return self.end_passwords(account).await;
        }
        let mut told = Told::Now;
        for home in self.with_password(account).await? {
            let stands_for = account.password_hash.expose();
            told = match self.first_generation(&home, password, stands_for).await {
                // Whoever changed it tells the broker.
                Err(Error::Conflict(_)) => told,
                done => told.and(done?),
            };
        }
        Ok(told)
    }

    /// Homes that sign in to the broker with the account's password can do so no more; a pairing code connects them anew.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_passwords(&self, account: &Account) -> Result<Told, Error> {
        let mut told = Told::Now;
        for home in self.with_password(account).await? {
            told = told.and(self.revoke(&home).await?);
        }
        Ok(told)
    }

    async fn with_password(&self, account: &Account) -> Result<Vec<Home>, Error> {
        let mut homes = self.store.homes(account.id).await?;
        homes.retain(|home| home.credential == Credential::Account && !home.nonce.starts_with(OF_CODE));
        Ok(homes)
    }

    /// Takes a home's credential away, which cuts its session.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn revoke(&self, home: &Home) -> Result<Told, Error> {
        self.store.revoke_credential(home.id).await?;
        self.provisioner.apply(&home.site, None).await
    }

    /// Deletes a home, which cuts its session.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete(&self, home: &Home) -> Result<Told, Error> {
        self.store.delete_home(home.account, &home.name).await?;
        self.provisioner.apply(&home.site, None).await
    }

    /// Tells the broker of the homes of an account that was disabled, enabled or deleted; `homes` are those it had.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn account_changed(&self, homes: &[Home]) -> Result<Told, Error> {
        let mut told = Told::Now;
        for home in homes {
            told = told.and(self.provisioner.apply(&home.site, None).await?);
        }
        Ok(told)
    }
}

/// Begins the nonce of a home whose client signs in with a pairing code.
const OF_CODE: &str = "code-";

/// Whether the home's credential is the password that `stands_for` is about.
fn lets_in(home: &Home, stands_for: &str) -> bool {
    home.credential == Credential::Account && home.nonce == password_nonce(stands_for)
}

/// Stands for a password without telling anything of it.
fn password_nonce(stands_for: &str) -> String {
    match stands_for.strip_prefix(OF_CODE) {
        Some(hash) => format!("{OF_CODE}{}", &token_hash(hash)[..32]),
        None => token_hash(&format!("account\n{stands_for}"))[..32].to_owned(),
    }
}

fn check_title(title: &str) -> Result<&str, Error> {
    let title = title.trim();
    let fine = (1..=MAX_TITLE).contains(&title.chars().count()) && !title.chars().any(char::is_control);
    let wrong = || Error::BadRequest(format!("a home's title has 1 to {MAX_TITLE} characters"));
    fine.then_some(title).ok_or_else(wrong)
}

fn check_name(name: &str) -> Result<&str, Error> {
    let fine = (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    let wrong = || Error::BadRequest(format!("a home's name has 1 to {MAX_NAME} of a-z, 0-9, _ and -"));
    fine.then_some(name).ok_or_else(wrong)
}

/// A name as much like `title` as it can be.
fn name_from(title: &str) -> String {
    let letters = title.to_lowercase();
    let words = letters.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(MAX_NAME).collect();
    if name.is_empty() { format!("home-{}", remoteaccess_common::random::hex_id::<2>()) } else { name }
}
