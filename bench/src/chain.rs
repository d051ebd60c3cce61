//! Our own chain: release builds, all checks on, TLS on the homes' leg.

use crate::backend::{self, KEY};
use crate::crowd;
use crate::load::{Connection, Target};
use crate::mqtt::Login;
use anyhow::{Context, Result};
use remoteaccess_tests::bridge::{Account, Bridge, Setup};
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER, Broker, guest_role};
use remoteaccess_tests::client::Client;
use remoteaccess_tests::netns;
use remoteaccess_tests::process::Process;
use remoteaccess_tests::{binaries, ports, wait};
use serde_json::json;
use std::net::SocketAddr;
use std::process::Command;
use tempfile::TempDir;

/// Requests are counted as always, against rates that nobody here comes to.
const LIMITS: &str = "account_requests_per_second = 1000000\naddress_requests_per_second = 1000000";

/// Broker and bridge.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// The broker.
    pub(crate) broker: Broker,
    /// The bridge.
    pub(crate) bridge: Bridge,
    accounts: Vec<Account>,
    passwords: Vec<(String, String)>,
}

/// An agent at home.
#[derive(Debug)]
pub(crate) struct Home {
    /// The program.
    pub(crate) agent: Process,
    _folder: TempDir,
}

impl Cloud {
    /// Starts both. `homes` have accounts at the bridge, `others` only at the broker; the broker's certificate is also
    /// for `names`.
    pub(crate) async fn start(homes: &[&str], others: &[&str], names: &[&str]) -> Result<Self> {
        Self::with_crowd(homes, others, names, 0).await
    }

    /// As [`Self::start`], and the broker lets so many homes more in.
    pub(crate) async fn with_crowd(
        homes: &[&str],
        others: &[&str],
        names: &[&str],
        crowd: usize,
    ) -> Result<Self> {
        let mut passwords: Vec<_> =
            others.iter().map(|name| ((*name).to_owned(), ports::random_hex::<12>())).collect();
        let known: Vec<_> =
            passwords.iter().map(|(name, password)| (name.as_str(), password.as_str())).collect();
        let names = [&["localhost", "127.0.0.1"], names].concat();
        let mut broker = Broker::start_as(&names, &known).await;
        for name in others {
            broker.answers_to_anybody(name, &guest_role(name)).await;
        }
        if crowd > 0 {
            broker.stop();
            crowd::let_in(&broker.security_file(), crowd)?;
            broker.start_again().await;
        }
        let mut setup = Setup {
            broker: broker.ports(),
            keep_alive: 30,
            accounts: homes.iter().map(|name| Account::new(name)).collect(),
            limits: LIMITS.to_owned(),
        };
        let bridge = Bridge::start(&mut setup).await;
        let client = Client::new(bridge.url());
        wait::until("the bridge to be ready", wait::SOON * 2, async || {
            (client.get_anonymously("/-/ready").await.status == 200).then_some(())
        })
        .await;
        for account in &setup.accounts {
            let password = client.device_password(&account.name, &account.password).await;
            passwords.push((account.name.clone(), password));
        }
        Ok(Self { broker, bridge, accounts: setup.accounts, passwords })
    }

    /// How a home finds the broker.
    pub(crate) fn home_login(&self, name: &str) -> Result<Login> {
        let found = self.passwords.iter().find(|(known, _)| known == name);
        let (user, password) = found.context("nobody of this name")?.clone();
        let ca = Some(self.broker.ca().to_owned());
        Ok(Login { host: "localhost".into(), port: self.broker.ports().tls, ca, user, password })
    }

    /// How another bridge finds the broker.
    pub(crate) fn cloud_login(&self) -> Login {
        Login {
            host: "127.0.0.1".into(),
            port: self.broker.ports().plain,
            ca: None,
            user: BRIDGE_USER.into(),
            password: BRIDGE_PASSWORD.into(),
        }
    }

    /// Where the bridge listens.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        address(self.bridge.url())
    }

    /// Asks a home for something, through the bridge.
    pub(crate) fn target(&self, home: &str, path: &str) -> Result<Target> {
        let account = self.accounts.iter().find(|account| account.name == home).context("no account")?;
        Ok(Target::get(self.address()?, path, &account.read_key))
    }

    /// Starts a home's agent, and waits until the bridge serves it. `namespace` and `login` say from where and how
    /// it finds the broker.
    pub(crate) async fn home(&self, login: &Login, emoncms: &str, namespace: Option<&str>) -> Result<Home> {
        let folder = tempfile::tempdir()?;
        let (config, status) = (folder.path().join("remoteaccess.json"), folder.path().join("status.json"));
        let access = json!({"feed/list": "read", "feed/data": "read", "feed/csvexport": "read"});
        let settings = json!({
            "APP_ENV": "production", "MQTT_TLS": true, "MQTT_TRANSPORT": "tcp",
            "MQTT_HOST": login.host, "MQTT_PORT": login.port, "MQTT_CA_FILE": login.ca,
            "MQTT_USERNAME": login.user, "MQTT_PASSWORD": login.password,
            "EMONCMS_URL": emoncms, "APIKEY_READ": KEY, "APIKEY_WRITE": ports::random_hex::<16>(),
            "ACCESS_CONTROL": access,
        });
        std::fs::write(&config, settings.to_string())?;
        let mut command = netns::command(namespace, binaries::path(binaries::AGENT));
        command.arg("--config").arg(&config).arg("--status").arg(&status);
        let agent = Process::start("an agent", &command);
        let target = self.target(&login.user, &backend::path(backend::SIZES[0]))?;
        wait::until("the home to be served", wait::SOON * 2, async || answers(&target).await).await;
        Ok(Home { agent, _folder: folder })
    }
}

/// The bench itself in another role, for the peers that are built here.
pub(crate) fn role(name: &'static str, arguments: &[String], namespace: Option<&str>) -> Result<Process> {
    let mut command: Command = netns::command(namespace, std::env::current_exe()?);
    command.args(["role", name]).args(arguments);
    Ok(Process::start(name, &command))
}

/// The address that a role says it listens on.
pub(crate) async fn listens(process: &Process) -> Result<SocketAddr> {
    let line = process.logged("listening on http://").await;
    address(line.split_whitespace().last().unwrap_or_default())
}

/// Waits until something answers.
pub(crate) async fn up(target: &Target) {
    wait::until("a peer to be up", wait::SOON * 2, async || answers(target).await).await;
}

async fn answers(target: &Target) -> Option<()> {
    Connection::open(target).await.ok()?.ask().await.ok().map(|_| ())
}

fn address(url: &str) -> Result<SocketAddr> {
    Ok(url.trim_start_matches("http://").parse()?)
}
