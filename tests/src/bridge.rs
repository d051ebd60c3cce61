//! The bridge under test.

use crate::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use crate::process::Process;
use crate::{binaries, ports};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A running bridge. Dropping it ends it.
#[derive(Debug)]
pub struct Bridge {
    folder: TempDir,
    process: Process,
    url: String,
}

/// One person at the bridge, with one home.
#[derive(Clone, Debug)]
pub struct Account {
    /// Also the home's name at the broker.
    pub name: String,
    /// Always [`PASSWORD`] for accounts made by [`Account::new`].
    pub password_hash: String,
    /// The key for reading, 32 hex digits.
    pub read_key: String,
    /// The key for everything.
    pub write_key: String,
    /// Whether the home speaks the first generation only.
    pub first_generation: bool,
}

const CONFIG: &str = "bridge.toml";

/// The password of all accounts.
pub const PASSWORD: &str = "correct horse battery staple";
/// Its hash with little work, since the tests check it again and again: `argon2 -id -k 1024 -t 1 -p 1`.
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=1024,t=1,p=1$cmVtb3RlYWNjZXNzLXRlc3Q$+qOjv3pQxbwWa7Y+7vHKzMNOEAZefpmmxxfs9vy7OUM";

/// How a bridge is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where the broker is.
    pub broker_port: u16,
    /// Seconds.
    pub keep_alive: u64,
    /// Who has a home.
    pub accounts: Vec<Account>,
    /// Lines for `[limits]`.
    pub limits: String,
}

impl Account {
    /// An account with new keys.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            password_hash: PASSWORD_HASH.to_owned(),
            read_key: ports::random_hex::<16>(),
            write_key: ports::random_hex::<16>(),
            first_generation: false,
        }
    }
}

impl Bridge {
    /// Starts a bridge and waits until it listens.
    pub async fn start(setup: &Setup) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let config = folder.path().join(CONFIG);
        std::fs::write(&config, setup.toml()).expect("the temporary folder is writable");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&config, private).expect("one's own file can be closed to others");
        let (process, url) = run(&config).await;
        Self { folder, process, url }
    }

    /// Ends it without asking.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after its end. It listens elsewhere then.
    pub async fn start_again(&mut self) {
        (self.process, self.url) = run(&self.folder.path().join(CONFIG)).await;
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The program that runs.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The program that runs, to be ended.
    pub fn process_mut(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Where its configuration is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Setup {
    fn toml(&self) -> String {
        let Self { broker_port, keep_alive, limits, .. } = self;
        let mut toml = format!(
            r#"
            listen = "127.0.0.1:0"
            https = false
            [broker]
            host = "127.0.0.1"
            port = {broker_port}
            username = "{BRIDGE_USER}"
            password = "{BRIDGE_PASSWORD}"
            tls = false
            keep_alive_seconds = {keep_alive}
            [limits]
            {limits}
            "#
        );
        for (account, id) in self.accounts.iter().zip(1..) {
            let Account { name, password_hash, read_key, write_key, first_generation } = account;
            let written = write!(
                toml,
                r#"
                [[account]]
                name = "{name}"
                userid = {id}
                password_hash = "{password_hash}"
                read_key = "{read_key}"
                write_key = "{write_key}"
                first_generation = {first_generation}
                "#
            );
            written.expect("a string can be written to");
        }
        toml
    }
}

async fn run(config: &Path) -> (Process, String) {
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("--config").arg(config);
    let log = std::env::var("BRIDGE_LOG").unwrap_or_else(|_| "info,remoteaccess_bridge=debug".into());
    command.env("RUST_LOG", log);
    let process = Process::start("the bridge", &command);
    let line = process.logged("listening on http://").await;
    let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    let url = format!("http://{}", address.expect("the line names an address"));
    (process, url)
}
