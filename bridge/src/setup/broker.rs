//! The file of Mosquitto's dynamic security.

use super::{
    Report,
    configuration::Configuration,
    files::{MOSQUITTO, Root},
};
use crate::dynsec::{self, BRIDGE, Entry};
use anyhow::{Context, Result, bail};
use serde_json::Value;

const FOLDER: &str = "/var/lib/mosquitto/emoncms-remoteaccess";
const FILE: &str = "/var/lib/mosquitto/emoncms-remoteaccess/dynamic-security.json";

/// The file that will be there.
pub(super) struct Security {
    is_there: bool,
    /// Whether a bridge of this version lacks something there.
    is_outdated: bool,
}

pub(super) fn plan(root: &Root, configuration: &Configuration) -> Result<Security> {
    let path = root.path(FILE);
    let Some(text) = super::read(&path)? else { return Ok(Security { is_there: false, is_outdated: false }) };
    let there: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
    if dynsec::lets_in(&there, BRIDGE, &configuration.password) {
        return Ok(Security { is_there: true, is_outdated: !dynsec::lets_bridges(&there) });
    }
    bail!(
        "{} does not let the bridge in with the password in bridge.toml. Put bridge.toml back from your backup; or move \
         this file away, run setup again and restart mosquitto: homes get their clients back from the database. Nothing \
         was changed.",
        path.display()
    );
}

impl Security {
    /// Whether nothing is to be written.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    pub(super) fn write(
        &self,
        root: &Root,
        configuration: &Configuration,
        homes: &[Entry],
        report: &mut Report,
    ) -> Result<()> {
        if self.is_there {
            report.kept(FILE);
            if self.is_outdated {
                report.todo(
                    "remoteaccess-bridge broker mend: bridges lack rights there that this version needs",
                );
            }
            return Ok(());
        }
        let content = dynsec::initial(&configuration.password, homes).to_string();
        root.folder(FOLDER, 0o700, MOSQUITTO, report)?;
        root.write(FILE, content.as_bytes(), 0o600, MOSQUITTO, report)?;
        let whom = match homes.len() {
            0 => "the bridge".to_owned(),
            count => format!("the bridge and {count} homes of the database"),
        };
        report.made(format!("{FILE}: lets in {whom}, and nobody else"));
        Ok(())
    }
}
