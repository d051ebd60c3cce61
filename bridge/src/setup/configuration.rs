//! `bridge.toml`, with passwords of its own.

use super::{
    Report,
    files::{FOR_THE_BRIDGE, Root},
};
use crate::{config::Config, dynsec::BRIDGE};
use anyhow::{Context, Result, bail};
use remoteaccess_common::{Secret, random};

const PATH: &str = crate::config::DEFAULT_PATH;
const TEMPLATE: &str = include_str!("../../bridge.example.toml");

/// The configuration that will be there.
pub(super) struct Configuration {
    text: Option<String>,
    /// The bridge's password at the broker.
    pub(super) password: Secret,
    /// What homes' passwords are derived from.
    pub(super) secret: Secret,
    /// Where the database is.
    pub(super) database: Secret,
}

pub(super) fn plan(root: &Root) -> Result<Configuration> {
    let path = root.path(PATH);
    if let Some(text) = super::read(&path)? {
        let config = Config::parse(&text).with_context(|| format!("{} does not serve", path.display()))?;
        let (secret, database, broker) = (config.secret, config.database.url, config.broker);
        let (Some(BRIDGE), Some(password)) = (broker.username.as_deref(), broker.password) else {
            bail!(
                "{} is there, but does not say broker.username = \"{BRIDGE}\" and a broker.password. Add both (any long \
                 random password will do) or move the file away, and run setup again. Nothing was changed.",
                path.display()
            );
        };
        return Ok(Configuration { text: None, password, secret, database });
    }
    let password = random::hex_id::<24>();
    let mut text = TEMPLATE.to_owned();
    for (line, filled) in [
        ("host = \"localhost\"\n", "host = \"127.0.0.1\"\n".to_owned()),
        ("#:port = 8883\n", "port = 1883\n".to_owned()),
        ("#?username = \"bridge\"\n", format!("username = \"{BRIDGE}\"\n")),
        ("#?password = \"its password\"\n", format!("password = \"{password}\"\n")),
        ("#?secret = \"64 random digits\"\n", format!("secret = \"{}\"\n", random::hex_id::<32>())),
    ] {
        if !text.contains(line) {
            bail!("the example that this program carries has no line {line:?}");
        }
        text = text.replace(line, &filled);
    }
    let config = Config::parse(&text).context("the configuration to be written")?;
    let (secret, database) = (config.secret, config.database.url);
    Ok(Configuration { text: Some(text), password: Secret::new(password), secret, database })
}

impl Configuration {
    pub(super) fn write(&self, root: &Root, report: &mut Report) -> Result<()> {
        match &self.text {
            None => report.kept(PATH),
            Some(text) => {
                root.write(PATH, text.as_bytes(), 0o640, FOR_THE_BRIDGE, report)?;
                report.made(format!(
                    "{PATH}: with a password for the broker and a secret of its own; keep a copy"
                ));
            }
        }
        Ok(())
    }
}
