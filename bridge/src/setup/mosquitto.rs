//! Mosquitto's configuration and its certificate.

use super::{
    Report,
    files::{MOSQUITTO, Owner, Root},
};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

pub(super) const SNIPPET: &str = "/etc/mosquitto/conf.d/emoncms-remoteaccess.conf";
const CERTIFICATE: &str = "/etc/mosquitto/certs/emoncms-remoteaccess.crt";
const KEY: &str = "/etc/mosquitto/certs/emoncms-remoteaccess.key";

/// The product's, with the plugin as Debian has it on a PC.
const TEMPLATE: &str = include_str!("../../../packaging/mosquitto/emoncms-remoteaccess.conf");
const PLUGIN_ON_A_PC: &str = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so";
const PLUGIN: &str = "mosquitto_dynamic_security.so";

const ROOTS: Owner = Owner { user: None, group: None };

/// The snippet for this machine.
pub(super) struct Snippet {
    text: String,
    is_there: bool,
}

impl Snippet {
    pub(super) fn plan(root: &Root) -> Result<Self> {
        let plugin = plugin(root).context(
            "Mosquitto's plugin mosquitto_dynamic_security.so is nowhere below /usr/lib: apt install mosquitto (2.0 or \
             newer), then run setup again",
        )?;
        let text = TEMPLATE.replace(PLUGIN_ON_A_PC, &plugin);
        let path = root.path(SNIPPET);
        let is_there = match super::read(&path)? {
            None => false,
            Some(there) if settings(&there).eq(settings(&text)) => true,
            Some(_) => bail!(
                "{} is there with other settings than those of this version. If you changed it on purpose, leave it and \
                 do not run setup; otherwise move it away and run setup again. Nothing was changed.",
                path.display()
            ),
        };
        Ok(Self { text, is_there })
    }

    pub(super) fn write(&self, root: &Root, report: &mut Report) -> Result<()> {
        if self.is_there {
            report.kept(SNIPPET);
            return Ok(());
        }
        root.write(SNIPPET, self.text.as_bytes(), 0o644, ROOTS, report)?;
        report.made(format!(
            "{SNIPPET}: listeners for homes (8883) and for the bridge (1883 and 1884, this machine)"
        ));
        Ok(())
    }
}

/// Copies the certificate to where Mosquitto, which is not root, can read it. A renewed one takes its place.
pub(super) fn certificate(root: &Root, from: Option<&(PathBuf, PathBuf)>, report: &mut Report) -> Result<()> {
    let Some((certificate, key)) = from else {
        if !root.path(CERTIFICATE).exists() {
            report.todo(format!(
                "put the broker's certificate and its key at {CERTIFICATE} and {KEY}, readable by mosquitto, or run \
                 setup --certificate FILE --key FILE"
            ));
        }
        return Ok(());
    };
    let mut changed = false;
    for (from, to, mode, mark) in
        [(certificate, CERTIFICATE, 0o644, "CERTIFICATE-----"), (key, KEY, 0o600, "PRIVATE KEY-----")]
    {
        let content = std::fs::read(from).with_context(|| format!("{} cannot be read", from.display()))?;
        if !String::from_utf8_lossy(&content).contains(mark) {
            bail!("{} has no {} in PEM form", from.display(), mark.trim_end_matches('-').to_lowercase());
        }
        if std::fs::read(root.path(to)).is_ok_and(|there| there == content) {
            continue;
        }
        root.write(to, &content, mode, MOSQUITTO, report)?;
        changed = true;
    }
    if changed {
        report.made(format!(
            "{CERTIFICATE} and its key, copied; after a renewal, run this again and reload mosquitto"
        ));
    } else {
        report.kept(format!("{CERTIFICATE} and its key"));
    }
    Ok(())
}

/// Below `/usr/lib`, under the name of the machine's kind.
fn plugin(root: &Root) -> Option<String> {
    let below = |root: &Path| {
        let lib = root.join("usr/lib");
        let mut folders = vec![lib.clone()];
        folders.extend(std::fs::read_dir(&lib).ok()?.flatten().map(|entry| entry.path()));
        folders.sort();
        let found = folders.into_iter().map(|folder| folder.join(PLUGIN)).find(|path| path.exists())?;
        let inside = found.strip_prefix(root).ok()?;
        Some(format!("/{}", inside.to_str()?))
    };
    // An image that has yet to get Mosquitto is for a machine of this kind.
    below(&root.path("/")).or_else(|| below(Path::new("/")))
}

/// What counts in a configuration: no remarks, no blank lines.
fn settings(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
