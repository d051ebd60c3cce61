//! Serves an emoncms at home to the cloud.
//!
//! A request meets the modules in the order in which they are declared here: [`watch`] brings the [`config`],
//! [`session`] keeps the MQTT connection, [`dispatch`] gives each request its task, [`relay`] answers it:
//! [`acl`] → [`emoncms`] → [`deliver`] in [`frames`]. [`status`] is what the page in emoncms shows of it.

pub mod watch;
pub mod config;
pub mod session;
pub mod membership;
pub mod twin;
pub mod courier;
pub mod link;
pub mod trouble;
pub mod dispatch;
pub mod relay;
pub mod acl;
pub mod emoncms;
pub mod deliver;
pub mod frames;
pub mod flow;
pub mod uplink;
pub mod status;
pub mod systemd;
pub mod identity;

use anyhow::{Context, Result};
use remoteaccess_common::random;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;

/// What the command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `remoteaccess.json`.
    pub config: PathBuf,
    /// `status.json`.
    pub status: PathBuf,
    /// How often an idle session makes sure that it is alive.
    pub keep_alive: Duration,
}

/// Runs until `stop` completes, then finishes what runs and says goodbye.
///
/// # Errors
/// The configuration's directory cannot be watched, or another agent runs with it.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<()> {
    let identity = identity::Identity::claim(&options.config)?;
    let status = Arc::new(status::Status::new(options.status));
    let (watched, configs) = watch::Watched::start(&options.config, status.clone())?;
    systemd::ready();

    let emoncms = emoncms::Emoncms::new().context("no HTTP client")?;
    let home = Arc::new(relay::Home { config: configs.clone(), emoncms });
    let context = session::Context {
        home,
        status: status.clone(),
        install: format!("{}-{}", identity.install, random::hex_id::<4>()),
        keep_alive: options.keep_alive,
    };
    let stopping = channel::Sender::new(false);
    let stop = async {
        stop.await;
        systemd::stopping();
        stopping.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = session::run(&context, configs, stopping.subscribe()) => {}
        () = watched.follow() => {}
        () = status.keep_written() => {}
        () = systemd::keep_informed(&status) => {}
        () = stop => {}
    }
    status.set(status::State::Stopped, "Remote access is not running.");
    status.write().or_else(|error| {
        tracing::debug!("the last status could not be written: {error}");
        Ok(())
    })
}

/// Returns when `flag` is true, at once where it already is.
pub(crate) async fn turned_true(flag: &mut channel::Receiver<bool>) {
    let _ = flag.wait_for(|flag| *flag).await;
}
