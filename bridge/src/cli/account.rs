//! `remoteaccess-bridge account …`

use super::{USAGE, broker, say, time};
use crate::{
    Config, accounts, password,
    store::{Account, Event, NewAccount, NewKey, Origin, Store},
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use std::io::{self, Read};

/// Where changes come from, in the record of what happened.
const HERE: &str = "command line";
/// What the keys of `--keys` are called.
const FIRST_KEYS: &str = "command line";
/// Of what a key is called.
const MAX_LABEL_CHARS: usize = 64;

pub(super) async fn run(config: &Config, store: &Store, arguments: &[&str]) -> Result<()> {
    match arguments {
        ["list"] => list(store).await,
        ["add", name, options @ ..] => add(config, store, name, options).await,
        ["passwd", name] => passwd(config, store, &find(store, name).await?).await,
        ["disable", name] => set_disabled(config, store, &find(store, name).await?, true).await,
        ["enable", name] => set_disabled(config, store, &find(store, name).await?, false).await,
        ["delete", name] => delete(config, store, &find(store, name).await?).await,
        ["second-factor", name, "--off"] => end_second_factor(store, &find(store, name).await?).await,
        ["keys", name, options @ ..] => keys(store, &find(store, name).await?, options).await,
        _ => bail!(USAGE),
    }
}

async fn list(store: &Store) -> Result<()> {
    let mut text = String::new();
    for account in store.accounts().await? {
        let (name, origin) = (&account.name, account.origin.as_str());
        let state = if account.disabled { "disabled" } else { "enabled" };
        let factor = if account.totp_secret.is_some() { "second factor" } else { "password only" };
        let last = account
            .signed_in
            .map_or_else(|| "never signed in".to_owned(), |at| format!("signed in {}", time(at)));
        text += &format!("{name}\t{origin}\t{state}\t{factor}\t{last}\n");
    }
    say(&text)
}

async fn add(config: &Config, store: &Store, name: &str, options: &[&str]) -> Result<()> {
    let (mut with_keys, mut first_generation) = (false, false);
    for option in options {
        match *option {
            "--keys" => with_keys = true,
            "--first-generation" => first_generation = true,
            _ => bail!(USAGE),
        }
    }
    accounts::check_name(name, config.broker.username.as_deref()).map_err(anyhow::Error::msg)?;
    let taken = || anyhow!("there is an account {name} already");
    ensure!(store.account_named(name).await?.is_none(), taken());
    let password = read_password()?;
    let new = NewAccount {
        name: name.to_owned(),
        upstream_id: None,
        userid: None,
        password_hash: password::hash(password.expose(), config.accounts.argon2_memory_kib)?,
        first_generation,
    };
    let account = store.add_account(&new).await?.ok_or_else(taken)?;
    note(store, &account, "account-made", "").await?;
    if with_keys {
        for rights in [Rights::Read, Rights::Write] {
            let key = new_key(store, &account, rights, FIRST_KEYS).await?;
            say(&format!("{}_key = {key}\n", word(rights)))?;
        }
    }
    Ok(())
}

async fn passwd(config: &Config, store: &Store, account: &Account) -> Result<()> {
    let name = &account.name;
    ensure!(
        account.origin == Origin::Local,
        "{name} has its password at the upstream emoncms; change it there"
    );
    let password = read_password()?;
    let password_hash = password::hash(password.expose(), config.accounts.argon2_memory_kib)?;
    store.set_password(account.id, &password_hash, None).await?;
    note(store, account, "password-changed", "").await?;
    say(&format!("{name} has a new password and is signed out everywhere\n"))?;
    let changed = Account { password_hash, ..account.clone() };
    let at_broker = broker::connect(config, store).await;
    broker::report(at_broker.household.password_proved(&changed, &password).await?)
}

async fn set_disabled(config: &Config, store: &Store, account: &Account, disabled: bool) -> Result<()> {
    store.set_disabled(account.id, disabled).await?;
    let (kind, state) =
        if disabled { ("account-disabled", "disabled") } else { ("account-enabled", "enabled") };
    note(store, account, kind, "").await?;
    say(&format!("{} is {state}\n", account.name))?;
    let homes = store.homes(account.id).await?;
    broker::report(broker::connect(config, store).await.household.account_changed(&homes).await?)
}

async fn delete(config: &Config, store: &Store, account: &Account) -> Result<()> {
    let homes = store.homes(account.id).await?;
    store.delete_account(account.id).await?;
    note(store, account, "account-deleted", "").await?;
    say(&format!("{} is deleted\n", account.name))?;
    broker::report(broker::connect(config, store).await.household.account_changed(&homes).await?)
}

async fn end_second_factor(store: &Store, account: &Account) -> Result<()> {
    let name = &account.name;
    ensure!(account.totp_secret.is_some(), "{name} has no second factor");
    store.clear_second_factor(account.id).await?;
    store.end_sessions(account.id, None).await?;
    note(store, account, "second-factor-off", "").await?;
    say(&format!("{name} signs in with the password alone, and is signed out everywhere\n"))
}

async fn keys(store: &Store, account: &Account, options: &[&str]) -> Result<()> {
    match options {
        [] => {
            let mut text = String::new();
            for key in store.keys(account.id).await? {
                let used =
                    key.used.map_or_else(|| "never used".to_owned(), |at| format!("used {}", time(at)));
                let (id, rights, made) = (key.id, word(key.rights), time(key.created));
                text += &format!("{id}\t{rights}\t{}\tmade {made}\t{used}\n", key.label);
            }
            say(&text)
        }
        ["--revoke", id] => {
            let id = id.parse().context("an ID is a number, as account keys NAME prints it")?;
            ensure!(store.delete_key(account.id, id).await?, "{} has no key {id}", account.name);
            note(store, account, "key-revoked", &id.to_string()).await?;
            say("the key is no key any more\n")
        }
        ["--new", rights, rest @ ..] => {
            let rights = match *rights {
                "read" => Rights::Read,
                "write" => Rights::Write,
                _ => bail!(USAGE),
            };
            let label = match rest {
                [] => FIRST_KEYS,
                ["--label", label] => label,
                _ => bail!(USAGE),
            };
            ensure!(
                label.chars().count() <= MAX_LABEL_CHARS,
                "a label has {MAX_LABEL_CHARS} characters at most"
            );
            say(&format!("{}\n", new_key(store, account, rights, label).await?))
        }
        _ => bail!(USAGE),
    }
}

async fn new_key(store: &Store, account: &Account, rights: Rights, label: &str) -> Result<String> {
    let key = accounts::new_key();
    let hash = accounts::token_hash(&key);
    let new = NewKey { hash: &hash, account: account.id, rights, label, program: false };
    let id = store.add_key(&new).await?;
    let id = id.with_context(|| format!("{} has as many keys as it may; revoke one", account.name))?;
    note(store, account, "key-made", &format!("{id} {} {label}", word(rights))).await?;
    Ok(key)
}

async fn find(store: &Store, name: &str) -> Result<Account> {
    let found = store.account_named(name).await?;
    found.with_context(|| format!("there is no account {name:?}; account list shows those that there are"))
}

async fn note(store: &Store, account: &Account, kind: &str, detail: &str) -> Result<()> {
    let event = Event { account_id: Some(account.id), account: &account.name, kind, address: HERE, detail };
    Ok(store.note(&event).await?)
}

/// Reads a password from standard input.
fn read_password() -> Result<Secret> {
    let limit = u64::try_from(password::MAX_PASSWORD_BYTES).unwrap_or(u64::MAX);
    let mut text = String::new();
    io::stdin().take(limit.saturating_add(2)).read_to_string(&mut text).context("no password was read")?;
    let password = text.lines().next().unwrap_or_default();
    accounts::check_password(password)
        .map_err(|fault| anyhow!("{fault}: echo 'it' | remoteaccess-bridge account …"))?;
    Ok(Secret::new(password))
}

fn word(rights: Rights) -> &'static str {
    match rights {
        Rights::Read => "read",
        Rights::Write => "write",
    }
}
