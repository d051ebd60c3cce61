//! An unmodified emoncms with its database and web server, where the machine has one to start.

use crate::binaries;
use crate::ports;
use crate::standin::Keys;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A running emoncms. Dropping it ends it.
#[derive(Debug)]
pub struct RealEmoncms {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl RealEmoncms {
    /// Starts the emoncms in the folder that `EMONCMS_SRC` names; `None`, with a word about it, where that is not set.
    pub fn start(what_for: &str) -> Option<Self> {
        let Some(_) = std::env::var_os("EMONCMS_SRC").filter(|folder| !folder.is_empty()) else {
            std::eprintln!("skipped: {what_for} (EMONCMS_SRC is not set)");
            return None;
        };
        let script = script();
        assert!(script.is_file(), "EMONCMS_SRC is set, but there is no {}", script.display());
        let folder = tempfile::Builder::new().prefix("real-emoncms-").tempdir();
        let folder = folder.expect("the temporary folder is writable");
        let mut real = Self { folder, settings: Vec::new() };
        // php-fpm runs as another user, who has to get to its files.
        set_mode(real.folder.path(), 0o755);
        let output = real.run("start");
        let lines = output.lines().filter_map(|line| line.split_once('='));
        real.settings = lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Some(real)
    }

    /// Where it is, as the agent's configuration names it.
    pub fn url(&self) -> String {
        self.setting("BASE_URL").trim_end_matches('/').to_owned()
    }

    /// The keys of its user.
    pub fn keys(&self) -> Keys {
        Keys { read: self.setting("APIKEY_READ").to_owned(), write: self.setting("APIKEY_WRITE").to_owned() }
    }

    /// One of the lines that the script prints.
    pub fn setting(&self, key: &str) -> &str {
        let found = self.settings.iter().find(|(name, _)| name == key);
        &found.unwrap_or_else(|| panic!("the script says no {key}")).1
    }

    fn run(&self, verb: &str) -> String {
        let mut command = Command::new("bash");
        command.arg(script()).arg(verb).arg(self.folder.path()).stdin(Stdio::null());
        for name in ["HTTP_PORT", "DB_PORT", "REDIS_PORT"] {
            command.env(name, ports::free().to_string());
        }
        command.envs([("FEEDS", "6"), ("DAYS", "3"), ("FPM_CHILDREN", "10")]);
        // Its servers inherit its output; a file does not make this wait for their end as a pipe would.
        let log = self.folder.path().join("start.log");
        let output = std::fs::File::create(&log).expect("the temporary folder is writable");
        command.stdout(output);
        let status = command.status().expect("there is a bash");
        let output = std::fs::read_to_string(log).unwrap_or_default();
        assert!(status.success() || verb != "start", "emoncms does not start:\n{output}");
        output
    }
}

impl Drop for RealEmoncms {
    fn drop(&mut self) {
        self.run("clean");
    }
}

fn script() -> PathBuf {
    let beside = |folder: &Path| folder.join("../shared/real-emoncms.sh");
    std::env::var_os("EMONCMS_SCRIPT").map_or_else(|| beside(binaries::project_root()), PathBuf::from)
}

fn set_mode(folder: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder, permissions).expect("one's own folder can be opened to others");
}
