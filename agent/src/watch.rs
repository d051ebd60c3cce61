//! Watches `remoteaccess.json` and passes on each new configuration that is valid.
//!
//! The directory is watched, not the file: a rename replaces the file, and with it whatever was watched.

use crate::config::{Config, MAX_FILE_BYTES};
use crate::status::{State, Status};
use anyhow::{Context, Result};
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// A burst of writes is over when nothing happened for so long…
const SETTLE: Duration = Duration::from_millis(150);
/// …but nobody's writing puts a reload off for longer than this.
const SETTLE_AT_MOST: Duration = Duration::from_secs(1);
/// While the directory is missing, how often to look for it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The watched file.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    status: Arc<Status>,
    config: watch::Sender<Option<Arc<Config>>>,
    changed: Arc<Notify>,
    watcher: Option<RecommendedWatcher>,
    last: Option<Result<String, String>>,
}

impl Watched {
    /// Starts to watch the directory of `path`, then loads the file a first time.
    ///
    /// # Errors
    /// The directory is not there or cannot be watched.
    pub fn start(path: &Path, status: Arc<Status>) -> Result<(Self, watch::Receiver<Option<Arc<Config>>>)> {
        let (config, receiver) = watch::channel(None);
        let path = std::path::absolute(path).with_context(|| format!("cannot resolve {}", path.display()))?;
        let mut watched = Self { path, status, config, changed: Arc::default(), watcher: None, last: None };
        watched.watch()?;
        watched.load();
        Ok((watched, receiver))
    }

    /// Follows the file. Runs for ever.
    pub async fn follow(mut self) {
        loop {
            if self.watcher.is_some() {
                self.changed.notified().await;
                let latest = Instant::now() + SETTLE_AT_MOST;
                while timeout_at(latest.min(Instant::now() + SETTLE), self.changed.notified()).await.is_ok() {
                }
            } else {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            // A symlink may lead elsewhere now, and a directory that was made anew is another one.
            if let Err(error) = self.watch() {
                self.watcher = None;
                self.status.set_config_error(Some(format!("{error:#}")));
            }
            self.load();
        }
    }

    /// Watches the file's directory, and that of the file which a symlink leads to.
    fn watch(&mut self) -> Result<()> {
        let changed = self.changed.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                changed.notify_one();
            }
        })
        .context("the kernel offers no inotify watch")?;
        let directory = self.path.parent().context("the configuration's path has no directory")?;
        watcher
            .watch(directory, RecursiveMode::NonRecursive)
            .with_context(|| format!("the directory {} cannot be watched", directory.display()))?;
        if let Some(target) = std::fs::canonicalize(&self.path).ok().as_deref().and_then(Path::parent)
            && target != directory
        {
            let _ = watcher.watch(target, RecursiveMode::NonRecursive);
        }
        self.watcher = Some(watcher);
        Ok(())
    }

    fn load(&mut self) {
        let read = read(&self.path);
        if self.last.as_ref() == Some(&read) {
            return;
        }
        self.last = Some(read.clone());
        let parsed = read.and_then(|text| Config::parse(&text).map_err(|error| error.to_string()));
        match parsed {
            Ok(config) => {
                info!("configuration loaded: {} entries in the access list", config.access.len());
                self.status.set_config_error(None);
                self.config.send_replace(Some(Arc::new(config)));
            }
            Err(error) => self.complain(&error),
        }
    }

    fn complain(&self, error: &str) {
        let name = self.path.display();
        let in_force = self.config.borrow().is_some();
        self.status.set_config_error(Some(error.to_owned()));
        if in_force {
            warn!("{name} cannot be used, the configuration from before stays in force: {error}");
        } else if self.path.exists() {
            warn!("{name} cannot be used: {error}");
            self.status.set(State::BadConfig, format!("The settings cannot be used: {error}."));
        } else {
            info!("{name} is not there yet: set up remote access in emoncms, Setup > Remote Access");
            let message = "Not set up yet. Enter server, user name and password under Remote Access.";
            self.status.set(State::NotConfigured, message);
        }
    }
}

/// Reads a configuration file within its limit.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("the file cannot be opened: {error}"))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > MAX_FILE_BYTES => Err("the file is far too large".into()),
        Ok(_) => Ok(text),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    }
}

/// Reading the file is an event as well, and must not cause the next one.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}
