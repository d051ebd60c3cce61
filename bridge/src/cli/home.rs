//! `remoteaccess-bridge home …`

use super::{USAGE, broker, say, time};
use crate::{
    Config,
    store::{Account, Event, Home, Store},
};
use anyhow::{Context, Result, bail};

/// Where changes come from, in the record of what happened.
const HERE: &str = "command line";

pub(super) async fn run(config: &Config, store: &Store, arguments: &[&str]) -> Result<()> {
    match arguments {
        ["list"] => list(store, &store.accounts().await?).await,
        ["list", account] => list(store, &[find(store, account).await?]).await,
        ["add", account, title] => add(config, store, &find(store, account).await?, title).await,
        ["pairing", account, home] => {
            let (account, home) = find_home(store, account, home).await?;
            pairing(config, store, &account, &home).await
        }
        ["revoke", account, home] => {
            let (account, home) = find_home(store, account, home).await?;
            let told = broker::connect(config, store).await.household.revoke(&home).await?;
            note(store, &account, "credential-revoked", &home).await?;
            say(&format!("{} can no longer connect until it is paired again\n", home.site))?;
            broker::report(told)
        }
        ["delete", account, home] => {
            let (account, home) = find_home(store, account, home).await?;
            let told = broker::connect(config, store).await.household.delete(&home).await?;
            note(store, &account, "home-deleted", &home).await?;
            say(&format!("{} is deleted\n", home.site))?;
            broker::report(told)
        }
        _ => bail!(USAGE),
    }
}

async fn list(store: &Store, accounts: &[Account]) -> Result<()> {
    let mut text = String::new();
    for account in accounts {
        for home in store.homes(account.id).await? {
            let seen = home.seen.map_or_else(|| "not seen yet".to_owned(), |at| format!("seen {}", time(at)));
            let (credential, agent) = (home.credential.as_str(), home.agent.as_deref().unwrap_or("-"));
            text +=
                &format!("{}\t{}\t{}\t{credential}\t{agent}\t{seen}\n", account.name, home.name, home.title);
        }
    }
    say(&text)
}

async fn add(config: &Config, store: &Store, account: &Account, title: &str) -> Result<()> {
    let home = broker::away(config, store).add(account, title, None).await?;
    note(store, account, "home-added", &home).await?;
    say(&format!("{} is home {} of {}\n", home.site, home.name, account.name))?;
    pairing(config, store, account, &home).await
}

async fn pairing(config: &Config, store: &Store, account: &Account, home: &Home) -> Result<()> {
    let code = broker::away(config, store).pair(home).await?;
    note(store, account, "pairing-code", home).await?;
    say(&format!("user name {}\npassword  {}\n(once, within 30 minutes)\n", account.name, code.expose()))
}

async fn find(store: &Store, name: &str) -> Result<Account> {
    store.account_named(name).await?.with_context(|| format!("there is no account {name}"))
}

async fn find_home(store: &Store, account: &str, name: &str) -> Result<(Account, Home)> {
    let account = find(store, account).await?;
    let homes = store.homes(account.id).await?;
    let home = homes.into_iter().find(|home| home.name == name);
    let home = home.with_context(|| format!("{} has no home {name}; see home list {0}", account.name))?;
    Ok((account, home))
}

async fn note(store: &Store, account: &Account, kind: &str, home: &Home) -> Result<()> {
    let (id, name) = (Some(account.id), &account.name);
    let event = Event { account_id: id, account: name, kind, address: HERE, detail: &home.name };
    Ok(store.note(&event).await?)
}
