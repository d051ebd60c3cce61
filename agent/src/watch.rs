//! Watches `remoteaccess.json` and passes on each new configuration that is valid.
//!
//! The directory is watched, not the file: a rename replaces the file, and with it whatever was watched.

use crate::config::{Config, MAX_FILE_BYTES};
use crate::status::{State, Status};
use crate::trouble::plain;
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
/// While the directory is missing or cannot be watched, how often to look.
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
    /// The directory is not there.
    pub fn start(path: &Path, status: Arc<Status>) -> Result<(Self, watch::Receiver<Option<Arc<Config>>>)> {
        let (config, receiver) = watch::channel(None);
        let path = std::path::absolute(path).with_context(|| format!("cannot resolve {}", path.display()))?;
        let mut watched = Self { path, status, config, changed: Arc::default(), watcher: None, last: None };
        if let Err(error) = watched.watch() {
            // Without its directory there will never be a file.
            if !watched.path.parent().is_some_and(Path::is_dir) {
                return Err(error);
            }
            let seconds = LOOK_AGAIN.as_secs();
            warn!("{error:#}; changed settings are found within {seconds} seconds, and not at once");
        }
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
        let target = std::fs::canonicalize(&self.path).ok();
        if let Some(elsewhere) =
            target.as_deref().and_then(Path::parent).filter(|target| *target != directory)
        {
            let _ = watcher.watch(elsewhere, RecursiveMode::NonRecursive);
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
    // Opening a pipe would wait for its other end, and this program has one thread.
    let kind =
        std::fs::metadata(path).map_err(|error| format!("the file cannot be opened: {}", plain(&error)))?;
    if !kind.is_file() {
        return Err("it is not a regular file".into());
    }
    let file =
        std::fs::File::open(path).map_err(|error| format!("the file cannot be opened: {}", plain(&error)))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > MAX_FILE_BYTES => Err("the file is far too large".into()),
        Ok(_) => Ok(text),
        Err(error) => Err(format!("the file cannot be read: {}", plain(&error))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const VALID: &str = r#"{"MQTT_HOST":"localhost","MQTT_USERNAME":"alice","MQTT_PASSWORD":"p",
        "APIKEY_READ":"r","APIKEY_WRITE":"w","EMONCMS_URL":"http://localhost/HERE"}"#;

    struct Case {
        directory: tempfile::TempDir,
        configs: watch::Receiver<Option<Arc<Config>>>,
        _task: tokio::task::JoinHandle<()>,
    }

    impl Case {
        fn start(prepare: impl FnOnce(&Path)) -> Self {
            let directory = tempfile::tempdir().unwrap();
            prepare(directory.path());
            let status = Arc::new(Status::new(directory.path().join("no/status.json")));
            let (watched, configs) = Watched::start(&directory.path().join("c.json"), status).unwrap();
            Self { directory, configs, _task: tokio::spawn(watched.follow()) }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        async fn expect(&mut self, name: &str) {
            let url = format!("http://localhost/{name}");
            let wanted = |config: &Option<Arc<Config>>| config.as_ref().is_some_and(|c| c.emoncms.url == url);
            let seen = tokio::time::timeout(Duration::from_secs(10), self.configs.wait_for(wanted)).await;
            assert!(seen.is_ok(), "{name} was not loaded");
        }
    }

    fn named(name: &str) -> String {
        VALID.replace("HERE", name)
    }

    #[tokio::test]
    async fn a_file_that_comes_later_is_loaded_and_so_is_each_way_of_changing_it() {
        let mut case = Case::start(|_| {});
        assert!(case.configs.borrow().is_none());
        fs::write(case.path("c.json"), named("created")).unwrap();
        case.expect("created").await;
        fs::write(case.path("c.json"), named("in-place")).unwrap();
        case.expect("in-place").await;
        fs::write(case.path("new"), named("renamed")).unwrap();
        fs::rename(case.path("new"), case.path("c.json")).unwrap();
        case.expect("renamed").await;
        fs::remove_file(case.path("c.json")).unwrap();
        fs::write(case.path("c.json"), named("made-anew")).unwrap();
        case.expect("made-anew").await;
        fs::copy(case.path("c.json"), case.path("other")).unwrap();
        fs::write(case.path("other"), named("copied")).unwrap();
        fs::copy(case.path("other"), case.path("c.json")).unwrap();
        case.expect("copied").await;
    }

    #[tokio::test]
    async fn a_symlink_may_be_swapped_and_its_target_written() {
        let mut case = Case::start(|directory| {
            for name in ["one", "two"] {
                fs::create_dir(directory.join(name)).unwrap();
                fs::write(directory.join(name).join("file"), named(name)).unwrap();
            }
            std::os::unix::fs::symlink("one/file", directory.join("c.json")).unwrap();
        });
        case.expect("one").await;
        std::os::unix::fs::symlink("two/file", case.path("swap")).unwrap();
        fs::rename(case.path("swap"), case.path("c.json")).unwrap();
        case.expect("two").await;
        fs::write(case.path("two/file"), named("two-written")).unwrap();
        case.expect("two-written").await;
    }

    #[tokio::test]
    async fn a_file_that_is_not_valid_leaves_the_old_configuration_in_force() {
        let mut case = Case::start(|directory| fs::write(directory.join("c.json"), named("first")).unwrap());
        case.expect("first").await;
        for bad in ["", "{", "[]", r#"{"MQTT_HOST":1}"#] {
            fs::write(case.path("c.json"), bad).unwrap();
        }
        fs::remove_file(case.path("c.json")).unwrap();
        fs::write(case.path("c.json"), named("second")).unwrap();
        case.expect("second").await;
    }

    #[tokio::test]
    async fn a_burst_of_writes_is_one_reload() {
        let mut case = Case::start(|directory| fs::write(directory.join("c.json"), named("0")).unwrap());
        case.expect("0").await;
        case.configs.borrow_and_update();
        for n in 1..=50 {
            fs::write(case.path("c.json"), named(&n.to_string())).unwrap();
        }
        case.configs.changed().await.unwrap();
        assert_eq!(case.configs.borrow_and_update().as_ref().unwrap().emoncms.url, "http://localhost/50");
    }
}
