//! The agent under test, with its two files.

use crate::process::Process;
use crate::{binaries, wait};
use rustix::process::Signal;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

/// A home's agent. Dropping it ends it.
#[derive(Debug)]
pub struct Agent {
    folder: TempDir,
    keep_alive: u64,
    door: Vec<String>,
    process: Option<Process>,
}

impl Agent {
    /// Makes the folders, and nothing else yet.
    pub fn new(keep_alive: u64) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        for name in ["etc", "run"] {
            std::fs::create_dir(folder.path().join(name)).expect("the temporary folder is writable");
        }
        Self { folder, keep_alive, door: Vec::new(), process: None }
    }

    /// Starts an agent with this configuration.
    pub fn start(config: &Value, keep_alive: u64) -> Self {
        let mut agent = Self::new(keep_alive);
        agent.write_config(config);
        agent.launch();
        agent
    }

    /// From its next start on, it is started through these words: a namespace, another clock.
    pub fn goes_through(&mut self, door: Vec<String>) {
        self.door = door;
    }

    /// Starts it with whatever its files say.
    pub fn launch(&mut self) {
        let agent = binaries::path(binaries::AGENT);
        let mut command = match self.door.split_first() {
            None => Command::new(agent),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(agent);
                command
            }
        };
        command.arg("--config").arg(self.config_path()).arg("--status").arg(self.status_path());
        command.arg("--keep-alive").arg(self.keep_alive.to_string());
        // Nobody answers there: emoncms at home is never asked through a proxy.
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(name, "http://127.0.0.1:9");
        }
        command.env(
            "RUST_LOG",
            std::env::var("AGENT_LOG").unwrap_or_else(|_| "info,remoteaccess_agent=debug".into()),
        );
        self.process = Some(Process::start("the agent", &command));
    }

    /// Where its configuration is.
    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("etc/remoteaccess.json")
    }

    /// Where its status is.
    pub fn status_path(&self) -> PathBuf {
        self.folder.path().join("run/status.json")
    }

    /// Replaces its configuration as emoncms' module does: a new file, renamed over the old one.
    pub fn write_config(&self, config: &Value) {
        self.write_text(&config.to_string());
    }

    /// Replaces its configuration with any text.
    pub fn write_text(&self, text: &str) {
        let new = self.config_path().with_extension("json.new");
        std::fs::write(&new, text).expect("the temporary folder is writable");
        std::fs::rename(&new, self.config_path()).expect("a file can be renamed in its folder");
    }

    /// The configuration as it is now.
    pub fn config(&self) -> Value {
        read_json(&self.config_path()).expect("the configuration is there and is JSON")
    }

    /// Changes its configuration.
    pub fn edit(&self, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut config = self.config();
        change(config.as_object_mut().expect("the configuration is an object"));
        self.write_config(&config);
    }

    /// What it says of itself now.
    pub fn status(&self) -> Option<Value> {
        read_json(&self.status_path())
    }

    /// Waits until it says that it is in this state.
    pub async fn reaches(&self, state: &str) -> Value {
        self.says(&format!("the agent's state to become {state}"), |status| status["state"] == state).await
    }

    /// Waits until what it says of itself is `fine`.
    pub async fn says(&self, what: &str, fine: impl Fn(&Value) -> bool) -> Value {
        let found = tokio::time::timeout(
            wait::SOON,
            wait::until(what, wait::SOON * 2, async || self.status().filter(&fine)),
        );
        let status = found.await;
        status.unwrap_or_else(|_| panic!("waited in vain for {what}; it says {:?}", self.status()))
    }

    /// The program that runs.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the agent runs")
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        self.process.take().and_then(|mut process| process.stop())
    }

    /// Ends it without asking.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Asks it to end without waiting.
    pub fn terminate(&self) {
        self.process().signal(Signal::TERM);
    }

    /// Waits until it has ended.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.process.take().and_then(|mut process| process.wait(limit))
    }
}

fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
