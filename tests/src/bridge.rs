//! The bridge under test.

use crate::binaries;
use crate::broker::{BRIDGE_PASSWORD, BRIDGE_USER, Ports};
use crate::process::Process;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
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
    /// To sign in with.
    pub password: String,
    /// The key for reading, 32 hex digits; made by [`Bridge::start`].
    pub read_key: String,
    /// The key for everything; made by [`Bridge::start`].
    pub write_key: String,
    /// Whether the home speaks the first generation only.
    pub first_generation: bool,
}

const CONFIG: &str = "bridge.toml";

/// The password of all accounts made by [`Account::new`].
pub const PASSWORD: &str = "correct horse battery staple";

/// How a bridge is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Where the broker is.
    pub broker: Ports,
    /// Seconds.
    pub keep_alive: u64,
    /// Who has a home.
    pub accounts: Vec<Account>,
    /// Lines for `[limits]`.
    pub limits: String,
}

impl Account {
    /// An account that is yet to be made.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            read_key: String::new(),
            write_key: String::new(),
            first_generation: false,
        }
    }
}

impl Bridge {
    /// Makes the accounts as an operator does, starts a bridge and waits until it listens.
    pub async fn start(setup: &mut Setup) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let database = format!("sqlite:{}", folder.path().join("bridge.db").display());
        Self::start_on(setup, &database, folder).await
    }

    /// The same with another database.
    pub async fn start_on(setup: &mut Setup, database: &str, folder: TempDir) -> Self {
        let config = folder.path().join(CONFIG);
        std::fs::write(&config, setup.toml(database)).expect("the temporary folder is writable");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&config, private).expect("one's own file can be closed to others");
        for account in &mut setup.accounts {
            let mut arguments = vec!["account", "add", &account.name, "--keys"];
            arguments.extend(account.first_generation.then_some("--first-generation"));
            let printed = operate(&config, &arguments, &account.password);
            let key = |name| {
                let line = printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
                line.unwrap_or_else(|| panic!("no {name} is printed:\n{printed}")).to_owned()
            };
            (account.read_key, account.write_key) = (key("read_key"), key("write_key"));
        }
        let (process, url) = run(&config).await;
        Self { folder, process, url }
    }

    /// Starts another bridge on the same database and broker, number `instance`, and waits until it listens.
    pub async fn beside(&self, instance: u8) -> Self {
        self.like(|own| own.replace("[broker]", &format!("[broker]\ninstance = {instance}"))).await
    }

    /// Starts another bridge on the same broker with a new database in `folder`, as number 2.
    pub async fn with_database(&self, folder: &Path) -> Self {
        let url = format!("url = \"sqlite:{}\"", folder.join("another.db").display());
        let change =
            |line: &str| if line.trim().starts_with("url = ") { url.clone() } else { line.to_owned() };
        self.like(|own| {
            let own = own.replace("[broker]", "[broker]\ninstance = 2");
            own.lines().map(change).collect::<Vec<_>>().join("\n")
        })
        .await
    }

    async fn like(&self, change: impl FnOnce(String) -> String) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let config = folder.path().join(CONFIG);
        std::fs::copy(self.folder.path().join(CONFIG), &config).expect("a file can be copied");
        let own = std::fs::read_to_string(&config).expect("it is text");
        std::fs::write(&config, change(own)).expect("the temporary folder is writable");
        let (process, url) = run(&config).await;
        Self { folder, process, url }
    }

    /// What the bridge's command prints; it has to work.
    pub fn operate(&self, arguments: &[&str], input: &str) -> String {
        operate(&self.folder.path().join(CONFIG), arguments, input)
    }

    /// Ends it without asking.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after its end. It listens elsewhere then.
    pub async fn start_again(&mut self) {
        (self.process, self.url) = run(&self.folder.path().join(CONFIG)).await;
    }

    /// Starts it again after its end, without waiting for it to listen.
    pub fn launch(&self) -> Process {
        launch(&self.folder.path().join(CONFIG))
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// At which port of 127.0.0.1 that is.
    pub fn port(&self) -> u16 {
        let port = self.url.rsplit(':').next().and_then(|port| port.parse().ok());
        port.expect("the address ends with a port")
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
    fn toml(&self, database: &str) -> String {
        let Self { broker, keep_alive, limits, .. } = self;
        let Ports { plain, websockets, .. } = broker;
        format!(
            r#"
            listen = "127.0.0.1:0"
            https = false
            secret = "0123456789abcdef0123456789abcdef"
            [database]
            url = "{database}"
            [accounts]
            argon2_memory_kib = 8192
            [broker]
            host = "127.0.0.1"
            port = {plain}
            websocket_port = {websockets}
            username = "{BRIDGE_USER}"
            password = "{BRIDGE_PASSWORD}"
            tls = false
            keep_alive_seconds = {keep_alive}
            [limits]
            {limits}
            "#
        )
    }
}

fn operate(config: &Path, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("--config").arg(config).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the bridge's command starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    // A command that reads nothing may have ended.
    let _ = writeln!(stdin, "{input}");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "remoteaccess-bridge {} works", arguments.join(" "));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn launch(config: &Path) -> Process {
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("--config").arg(config);
    let log = std::env::var("BRIDGE_LOG")
        .unwrap_or_else(|_| "info,sqlx_core::pool=off,remoteaccess_bridge=debug".into());
    command.env("RUST_LOG", log);
    Process::start("the bridge", &command)
}

async fn run(config: &Path) -> (Process, String) {
    let process = launch(config);
    let line = process.logged("listening on http://").await;
    let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
    let url = format!("http://{}", address.expect("the line names an address"));
    (process, url)
}
