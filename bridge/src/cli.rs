//! Commands for who operates the bridge. They work on the database, whether or not a bridge runs.

mod account;
mod audit;
mod belonging;
mod broker;
mod home;

use crate::{Config, error::Error, store::Store};
use anyhow::{Context, Result, anyhow, bail};
use std::io::{self, Write};

/// What there is, for `--help`.
pub const HELP: &str = "\
  remoteaccess-bridge [--config FILE] account list
  remoteaccess-bridge [--config FILE] account add NAME [--keys] [--first-generation]
                                        a password is read from standard input; --keys prints a read and a write
                                        key, --first-generation is for a home with a client of 2018-2021
  remoteaccess-bridge [--config FILE] account passwd|disable|enable|delete NAME
  remoteaccess-bridge [--config FILE] account keys NAME [--new read|write [--label TEXT] | --revoke ID]
  remoteaccess-bridge [--config FILE] account second-factor NAME --off
                                        for who has lost it, and the recovery codes
  remoteaccess-bridge [--config FILE] home list [ACCOUNT]
  remoteaccess-bridge [--config FILE] home add ACCOUNT TITLE
  remoteaccess-bridge [--config FILE] home pairing|revoke|delete ACCOUNT HOME
                                        pairing prints a code that connects the home once, in place of a password
  remoteaccess-bridge [--config FILE] audit [--account NAME]
  remoteaccess-bridge [--config FILE] broker [adopt | mend]
                                        say whether the broker's homes are in this database; adopt: they are from
                                        now on, and those that are not are sent away; mend: give bridges the
                                        rights at the broker that this version needs
  remoteaccess-bridge [--config FILE] backup FILE
                                        write a copy of the database, while it is in use
";

/// Runs one of these commands; `None` where it is none.
///
/// # Errors
/// What went wrong, in words for who typed it.
pub fn run(config: &Config, arguments: &[&str]) -> Option<Result<()>> {
    match arguments {
        ["account", rest @ ..] => {
            Some(with_store(config, async |store| account::run(config, &store, rest).await))
        }
        ["backup", file] => Some(with_store(config, async |store| store.back_up(file.as_ref()).await)),
        ["home", rest @ ..] => Some(with_store(config, async |store| home::run(config, &store, rest).await)),
        ["broker", rest @ ..] => {
            Some(with_store(config, async |store| belonging::run(config, &store, rest).await))
        }
        ["audit", rest @ ..] => Some(with_store(config, async |store| audit::run(&store, rest).await)),
        _ => None,
    }
}

/// Does `work` with the database, if it is there.
fn with_store(config: &Config, work: impl AsyncFnOnce(Store) -> Result<()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let store = Store::open(&config.database.url).await?;
        if let Some(trouble) = store.trouble() {
            bail!("the database does not answer: {trouble}");
        }
        let done = work(store.clone()).await.map_err(|error| match error.downcast_ref() {
            Some(Error::Unwritable) => {
                let why = store.obstacle().unwrap_or_else(|| "is the disk full?".to_owned());
                anyhow!("the database cannot be written ({why}); nothing was changed")
            }
            Some(Error::Database) => anyhow!("the database does not answer; nothing may have been changed"),
            _ => error,
        });
        store.close().await;
        done
    })
}

fn say(text: &str) -> Result<()> {
    io::stdout().write_all(text.as_bytes()).context("standard output is closed")
}

const USAGE: &str = "these arguments make no command; see remoteaccess-bridge --help";

/// When, for people.
fn time(seconds: i64) -> String {
    u64::try_from(seconds).map_or_else(|_| "-".to_owned(), crate::clock::rfc3339)
}
