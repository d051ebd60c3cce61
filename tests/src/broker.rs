//! A real Mosquitto, configured by the file that operators install.

use crate::certs::{self, Certificates};
use crate::mqtt::Peer;
use crate::process::Process;
use crate::{binaries, ports, wait};
use remoteaccess_protocol::topic::BRIDGES;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tokio::net::TcpStream;

/// The bridge's name at the broker.
pub const BRIDGE_USER: &str = "bridge";
/// The bridge's password at the broker.
pub const BRIDGE_PASSWORD: &str = "bridge-password";

/// A broker with its three listeners.
#[derive(Debug)]
pub struct Broker {
    folder: TempDir,
    ports: Ports,
    certificates: Certificates,
    process: Option<Process>,
    /// Lines of its configuration that no operator's file has.
    further: String,
}

/// Where it listens, on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The bridge's listener, without TLS.
    pub plain: u16,
    /// The homes' listener, with TLS.
    pub tls: u16,
    /// The listener for homes that come by WebSocket, without TLS.
    pub websockets: u16,
}

impl Ports {
    /// Where nobody listens yet.
    pub fn free() -> Self {
        Self { plain: ports::free(), tls: ports::free(), websockets: ports::free() }
    }
}

impl Broker {
    /// Starts a broker that knows the bridge and the homes `(name, password)`.
    pub async fn start(homes: &[(&str, &str)]) -> Self {
        Self::start_as(&certs::LOCAL, homes).await
    }

    /// Starts a broker whose certificate is for `names`.
    pub async fn start_as(names: &[&str], homes: &[(&str, &str)]) -> Self {
        Self::start_with(|folder| certs::make(folder, names), homes).await
    }

    /// Starts a broker whose certificate has expired.
    pub async fn start_expired(homes: &[(&str, &str)]) -> Self {
        Self::start_with(|folder| certs::make_expired(folder, &certs::LOCAL), homes).await
    }

    async fn start_with(certificates: impl FnOnce(&Path) -> Certificates, homes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let certificates = certificates(folder.path());
        let mut broker =
            Self { folder, ports: Ports::free(), certificates, process: None, further: String::new() };
        broker.set_up();
        // A port can be taken between being found free and being listened on.
        for _ in 0..5 {
            broker.ports = Ports::free();
            if broker.try_start().await {
                for (name, password) in homes {
                    broker.let_in(name, password).await;
                }
                return broker;
            }
        }
        panic!("mosquitto does not start:\n{}", broker.log());
    }

    /// Runs the bridge's `setup` for this folder, as an operator does for the system, but with a password that is known.
    fn set_up(&self) {
        let toml = self.path("etc/emoncms-remoteaccess/bridge.toml");
        let config = format!(
            "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"127.0.0.1\"\nusername = \"{BRIDGE_USER}\"\npassword = \"{BRIDGE_PASSWORD}\"\n"
        );
        std::fs::create_dir_all(toml.parent().expect("it is in a folder")).expect("the folder is writable");
        std::fs::write(toml, config).expect("the temporary folder is writable");
        let mut setup = Command::new(binaries::path(binaries::BRIDGE));
        setup.arg("setup").arg("--root").arg(self.folder.path());
        let done = setup.output().expect("the bridge runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The certificate of the authority that signed the broker's.
    pub fn ca(&self) -> &Path {
        &self.certificates.ca
    }

    /// Makes a client with a home's rights, of which no bridge knows: where one runs, it leaves it alone.
    pub async fn let_in(&self, name: &str, password: &str) {
        self.let_all_in(&[(name, password)]).await;
    }

    /// The same for many at once: homes and their passwords.
    pub async fn let_all_in(&self, homes: &[(&str, &str)]) {
        let commands = homes.iter().flat_map(|(name, password)| home_commands(name, password));
        self.command(&commands.collect()).await;
    }

    /// Lets a home that has `role` answer to any name, as brokers of the first generation do; that cuts its session.
    pub async fn answers_to_anybody(&self, name: &str, role: &str) {
        let right = json!({
            "command": "addRoleACL", "rolename": role, "acltype": "publishClientSend",
            "topic": format!("user/{name}/response/#"), "allow": true,
        });
        self.command(&json!([right])).await;
    }

    /// Gives a client another password, which cuts its sessions.
    pub async fn set_password(&self, name: &str, password: &str) {
        self.command(&json!([{"command": "setClientPassword", "username": name, "password": password}]))
            .await;
    }

    /// Tells dynamic security to do something, as a bridge may; gives its answers.
    pub async fn command(&self, commands: &Value) -> Vec<Value> {
        let mut admin = Peer::connect(self.ports.plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
        assert!(admin.subscribe("$CONTROL/dynamic-security/v1/response").await);
        let mark = ports::random_hex::<6>();
        let mut commands = commands.clone();
        for command in commands.as_array_mut().expect("commands are a list") {
            command["correlationData"] = mark.as_str().into();
        }
        admin.publish("$CONTROL/dynamic-security/v1", json!({"commands": commands}).to_string()).await;
        loop {
            let answer = admin.next().await.json();
            let answers = answer["responses"].as_array().expect("an answer has responses");
            if answers.iter().all(|answer| answer["correlationData"] == mark.as_str()) {
                assert!(answers.iter().all(|answer| answer["error"].is_null()), "{answers:?}");
                admin.leave().await;
                return answers.clone();
            }
        }
    }

    /// Makes it carry messages between its own homes and the bridges at `hub`, as docs/capacity.md describes; starts
    /// it anew for that.
    pub async fn join(&mut self, hub: &Self) {
        let (name, password) = (format!("broker:{}", ports::random_hex::<3>()), ports::random_hex::<12>());
        let acl = |kind: &str, topic: &str| json!({"acltype": kind, "allow": true, "topic": topic});
        let acls = json!([
            acl("subscribePattern", "user/+/request"),
            acl("publishClientReceive", "user/+/request"),
            acl("publishClientSend", "user/+/response/#"),
            acl("publishClientSend", "user/+/status"),
        ]);
        hub.command(&json!([
            {"command": "createRole", "rolename": name, "acls": acls},
            {"command": "createClient", "username": name, "password": password, "roles": [{"rolename": name}]},
        ]))
        .await;
        self.further = format!(
            "connection hub\naddress 127.0.0.1:{}\nremote_clientid {name}\nremote_username {name}\n\
             remote_password {password}\ncleansession true\nnotifications false\nkeepalive_interval 10\n\
             restart_timeout 1 2\ntopic user/+/request in 0\ntopic user/+/response/# out 0\n\
             topic user/+/status out 0\n",
            hub.ports.plain
        );
        self.stop();
        self.start_again().await;
    }

    /// From its next start on, its configuration has these lines as well.
    pub fn configure(&mut self, lines: &str) {
        self.further.push_str(lines);
    }

    /// From its next start on, it has this certificate.
    pub fn present(&mut self, make: impl FnOnce(&Path) -> Certificates) {
        self.certificates = make(self.folder.path());
    }

    /// Reads its certificate anew, as an operator has it do after a renewal.
    pub fn reload(&self) {
        self.process().signal(Signal::HUP);
    }

    /// Where dynamic security keeps its clients.
    pub fn security_file(&self) -> PathBuf {
        self.path("var/lib/mosquitto/emoncms-remoteaccess/dynamic-security.json")
    }

    /// Its clients are lost, and `setup` was run again.
    pub fn forget_clients(&self) {
        std::fs::remove_file(self.security_file()).expect("there are clients");
        self.set_up();
    }

    /// The folder that `setup` took for `/`.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.running_mut().stop();
        self.process = None;
    }

    /// Ends it without asking.
    pub fn kill(&mut self) {
        self.running_mut().kill();
        self.process = None;
    }

    /// Starts it again on the same ports.
    pub async fn start_again(&mut self) {
        assert!(self.try_start().await, "mosquitto does not start again:\n{}", self.log());
    }

    /// Stops its world: connections stay open, and nothing moves.
    pub fn freeze(&self) {
        self.process().signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.process().signal(Signal::CONT);
    }

    /// What it wrote since it started.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// The program that runs.
    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("the broker runs")
    }

    /// Waits until it has written `text`.
    pub async fn logged(&self, text: &str) -> String {
        self.process().logged(text).await
    }

    async fn try_start(&mut self) -> bool {
        let config = self.path("mosquitto.conf");
        std::fs::write(&config, self.configuration()).expect("the temporary folder is writable");
        let mut process = Process::start("mosquitto", Command::new(program()).arg("-c").arg(&config));
        let Ports { plain, tls, websockets } = self.ports;
        let up = async || {
            for port in [plain, tls, websockets] {
                TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            }
            Some(())
        };
        let up = wait::until("mosquitto to listen or end", wait::SOON, async || match process.is_running() {
            true => up().await.map(|()| true),
            false => Some(false),
        });
        let up = up.await && process.is_running();
        self.process = Some(process);
        up
    }

    /// The operator's file with other ports and paths; every other line counts here too.
    fn configuration(&self) -> String {
        let snippet = std::fs::read_to_string(self.path("etc/mosquitto/conf.d/emoncms-remoteaccess.conf"));
        let snippet = snippet.expect("setup has written the operator's configuration");
        let file = |path: &Path| path.display().to_string();
        let mut lines = vec![
            // Mosquitto started by root would become a user that cannot read the temporary folder.
            "user root".to_owned(),
            "log_dest stderr".to_owned(),
            format!("log_type {}", log_types().join("\nlog_type ")),
            "connection_messages true".to_owned(),
        ];
        lines.extend(snippet.lines().map(|line| match line.split_once(' ') {
            Some(("listener", place)) => match place.split(' ').next() {
                Some("1883") => format!("listener {} 127.0.0.1", self.ports.plain),
                Some("8883") => format!("listener {} 127.0.0.1", self.ports.tls),
                Some("1884") => format!("listener {} 127.0.0.1", self.ports.websockets),
                _ => panic!("the operator's configuration has a listener that is not known here: {line}"),
            },
            Some(("certfile", _)) => format!("certfile {}", file(&self.certificates.certificate)),
            Some(("keyfile", _)) => format!("keyfile {}", file(&self.certificates.key)),
            Some(("plugin_opt_config_file", _)) => {
                format!("plugin_opt_config_file {}", file(&self.security_file()))
            }
            _ => line.to_owned(),
        }));
        lines.join("\n") + "\n" + &self.further
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn running_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("the broker runs")
    }
}

/// The role of a client that no bridge made.
pub fn guest_role(name: &str) -> String {
    format!("guest:{name}")
}

/// What a home may do, as the bridge tells dynamic security.
pub fn home_rights(name: &str) -> Vec<Value> {
    let acl = |kind: &str, topic: &str| json!({"acltype": kind, "allow": true, "topic": format!("user/{name}/{topic}")});
    let mut rights = vec![
        acl("subscribeLiteral", "request"),
        acl("subscribeLiteral", "status"),
        acl("publishClientReceive", "request"),
        acl("publishClientReceive", "status"),
        acl("publishClientSend", "status"),
    ];
    rights.extend(BRIDGES.map(|bridge| acl("publishClientSend", &format!("response/{bridge}"))));
    rights
}

/// What makes a home's role and its client.
fn home_commands(name: &str, password: &str) -> [Value; 2] {
    let role = guest_role(name);
    [
        json!({"command": "createRole", "rolename": role, "acls": home_rights(name)}),
        json!({"command": "createClient", "username": name, "password": password, "roles": [{"rolename": role}]}),
    ]
}

/// All there is to say, or what `BROKER_LOG` lists: writing a line for each message costs time where that is measured.
fn log_types() -> Vec<String> {
    let wish = std::env::var("BROKER_LOG").unwrap_or_else(|_| "all".to_owned());
    wish.split_whitespace().map(str::to_owned).collect()
}

/// Debian keeps it where only root's PATH looks.
fn program() -> &'static str {
    const DEBIAN: &str = "/usr/sbin/mosquitto";
    if Path::new(DEBIAN).exists() { DEBIAN } else { "mosquitto" }
}
