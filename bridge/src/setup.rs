//! `remoteaccess-bridge setup`: the files and the database that a new server needs, made once.
//!
//! What is there already is looked at and left as it is; what contradicts is refused, before anything is written.

mod broker;
mod configuration;
mod conflicts;
mod database;
mod files;
mod mosquitto;

use anyhow::{Context, Result, bail};
use files::Root;
use std::path::PathBuf;

/// What the operator wants.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Where the files go; `/` unless an image is prepared.
    pub root: Option<PathBuf>,
    /// The name by which homes and browsers find this server.
    pub host: Option<String>,
    /// The broker's certificate and its key, to be copied to where Mosquitto can read them.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// What was done, what was so already, and what is left.
#[derive(Debug, Default)]
pub struct Report {
    done: Vec<String>,
    kept: Vec<String>,
    left: Vec<String>,
}

impl Wishes {
    /// Reads the arguments of the command.
    ///
    /// # Errors
    /// Where they make no sense.
    pub fn parse(mut arguments: &[&str]) -> Result<Self> {
        let (mut wishes, mut certificate, mut key) = (Self::default(), None, None);
        while let [option, value, rest @ ..] = arguments {
            match *option {
                "--root" => wishes.root = Some(value.into()),
                "--host" => wishes.host = Some((*value).to_owned()),
                "--certificate" => certificate = Some(PathBuf::from(value)),
                "--key" => key = Some(PathBuf::from(value)),
                _ => bail!("setup does not know {option}; see remoteaccess-bridge --help"),
            }
            arguments = rest;
        }
        if let [left_over] = arguments {
            bail!("setup needs something after {left_over}, or does not know it");
        }
        wishes.certificate = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => bail!("--certificate and --key go together"),
        };
        Ok(wishes)
    }
}

/// Writes what is missing.
///
/// # Errors
/// Where something that is there contradicts, or a file cannot be written. What was written until then is fine.
pub fn run(wishes: &Wishes) -> Result<Report> {
    let root = Root::new(wishes.root.as_deref());
    let mut report = Report::default();
    conflicts::check(&root)?;
    let snippet = mosquitto::Snippet::plan(&root)?;
    let configuration = configuration::plan(&root)?;
    let security = broker::plan(&root, &configuration)?;

    configuration.write(&root, &mut report)?;
    let homes = database::make(&root, &configuration, security.is_there(), &mut report)?;
    security.write(&root, &configuration, &homes, &mut report)?;
    snippet.write(&root, &mut report)?;
    mosquitto::certificate(&root, wishes.certificate.as_ref(), &mut report)?;
    report.what_is_left(&root, wishes.host.as_deref());
    Ok(report)
}

impl Report {
    fn made(&mut self, what: impl Into<String>) {
        self.done.push(what.into());
    }

    fn kept(&mut self, what: impl Into<String>) {
        self.kept.push(what.into());
    }

    fn todo(&mut self, what: impl Into<String>) {
        let what = what.into();
        // A user and a group of one name are missing together.
        if !self.left.contains(&what) {
            self.left.push(what);
        }
    }

    fn what_is_left(&mut self, root: &Root, host: Option<&str>) {
        if !root.is_system() || self.done.is_empty() {
            return;
        }
        self.todo("systemctl restart mosquitto");
        self.todo("systemctl restart emoncms-remoteaccess-bridge");
        let host = host.unwrap_or("the name in the certificate");
        self.todo(format!(
            "let port 8883 through the firewall: homes connect there to {host}; 1883 and 1884 stay inside"
        ));
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.done {
            writeln!(f, "made     {line}")?;
        }
        for line in &self.kept {
            writeln!(f, "as is    {line}")?;
        }
        if self.done.is_empty() {
            writeln!(f, "Everything is set up already; nothing was changed.")?;
        }
        for line in &self.left {
            writeln!(f, "to do    {line}")?;
        }
        Ok(())
    }
}

/// Reads a file that may be missing.
fn read(path: &std::path::Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}
