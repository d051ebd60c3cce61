//! `remoteaccess-bridge audit`

use super::{USAGE, say, time};
use crate::store::Store;
use anyhow::{Context, Result, bail};

/// The last ones are shown.
const SHOWN: i64 = 1000;

pub(super) async fn run(store: &Store, arguments: &[&str]) -> Result<()> {
    let account = match arguments {
        [] => None,
        ["--account", name] => {
            let account = store.account_named(name).await?;
            Some(account.with_context(|| format!("there is no account {name:?}"))?.id)
        }
        _ => bail!(USAGE),
    };
    let mut events = store.events(account, SHOWN).await?;
    events.reverse();
    let lines = events.iter().map(|event| {
        let (at, account, kind) = (time(event.at), plain(&event.account), &event.kind);
        format!("{at}\t{account}\t{kind}\t{}\t{}\n", event.address, plain(&event.detail))
    });
    say(&lines.collect::<String>())
}

/// What strangers wrote must not steer a terminal.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "?")
}
