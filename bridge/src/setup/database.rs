//! The database that `bridge.toml` names, with its tables, and the homes that it knows.

use super::{
    Report,
    configuration::Configuration,
    files::{Root, THE_BRIDGES},
};
use crate::{
    dynsec::Entry,
    provision::Provisioner,
    store::{Store, sqlite_file},
};
use anyhow::{Context, Result, bail};
use remoteaccess_common::Secret;
use std::path::Path;

/// What SQLite keeps beside its file while it is in use.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Makes what is missing of it. Gives the homes that the broker has lost, unless it has its file.
pub(super) fn make(
    root: &Root,
    configuration: &Configuration,
    broker_has_homes: bool,
    report: &mut Report,
) -> Result<Vec<Entry>> {
    let url = configuration.database.expose();
    let Some(path) = sqlite_file(url).filter(|path| path.starts_with('/')) else {
        if !root.is_system() {
            report.todo("the database is on a server of its own, which the bridge tells when it starts");
            return Ok(vec![]);
        }
        return opened(&configuration.database, configuration, broker_has_homes, report);
    };
    let file = root.path(path);
    let is_there = file.exists();
    if !is_there {
        if let Some(folder) = Path::new(path).parent().and_then(Path::to_str) {
            root.folder(folder, 0o700, THE_BRIDGES, report)?;
        }
        // Empty, it is a database without tables; and what SQLite puts beside it gets the same owner.
        root.write(path, b"", 0o600, THE_BRIDGES, report)?;
        report.made(format!("{path}: the database, with nobody in it"));
    } else if give_back(root, &file)? {
        report.made(format!("{path}: given to the bridge, which could not have written to it"));
    } else {
        report.kept(path);
    }
    let url = Secret::new(url.replacen(path, &file.display().to_string(), 1));
    opened(&url, configuration, broker_has_homes, report)
}

fn give_back(root: &Root, file: &Path) -> Result<bool> {
    let mut given = root.give_back(file, THE_BRIDGES)?;
    for end in BESIDE {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        given |= root.give_back(name.as_ref(), THE_BRIDGES)?;
    }
    Ok(given)
}

/// Brings the tables up to date.
fn opened(
    url: &Secret,
    configuration: &Configuration,
    broker_has_homes: bool,
    report: &mut Report,
) -> Result<Vec<Entry>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let store = Store::open(url).await?;
        if let Some(trouble) = store.trouble() {
            if sqlite_file(url.expose()).is_some() {
                bail!("the database cannot be made: {trouble}");
            }
            report.todo(format!(
                "the database does not answer ({trouble}): the bridge makes its tables as soon as it does"
            ));
            return Ok(vec![]);
        }
        let homes = match broker_has_homes {
            true => Ok(vec![]),
            false => Provisioner::entries(&store, &configuration.secret).await,
        };
        store.close().await;
        homes.context("the database does not tell of its homes")
    })
}
