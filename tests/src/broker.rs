//! A real Mosquitto, configured by the file that operators install.

use crate::certs::{self, Certificates};
use crate::process::Process;
use crate::{binaries, ports, wait};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tokio::net::TcpStream;

/// The bridge's name at the broker.
pub const BRIDGE_USER: &str = "bridge";
/// The bridge's password at the broker.
pub const BRIDGE_PASSWORD: &str = "bridge-password";

/// A broker with a TLS listener for homes, a plain one for the bridge, and one for MQTT over WebSocket with TLS.
#[derive(Debug)]
pub struct Broker {
    folder: TempDir,
    ports: Ports,
    certificates: Certificates,
    process: Option<Process>,
}

/// Where it listens, on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The bridge's listener, without TLS.
    pub plain: u16,
    /// The homes' listener, with TLS.
    pub tls: u16,
    /// The homes' listener for WebSockets, with TLS.
    pub websockets: u16,
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
        let ports = Ports { plain: 0, tls: 0, websockets: 0 };
        let mut broker = Self { folder, ports, certificates, process: None };
        broker.set_password(BRIDGE_USER, BRIDGE_PASSWORD);
        for (name, password) in homes {
            broker.set_password(name, password);
        }
        // A port can be taken between being found free and being listened on.
        for _ in 0..5 {
            broker.ports = Ports { plain: ports::free(), tls: ports::free(), websockets: ports::free() };
            if broker.try_start().await {
                return broker;
            }
        }
        panic!("mosquitto does not start:\n{}", broker.log());
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The certificate of the authority that signed the broker's.
    pub fn ca(&self) -> &Path {
        &self.certificates.ca
    }

    /// Sets a user's password; takes effect with [`Self::reload`] or a start.
    pub fn set_password(&self, user: &str, password: &str) {
        let file = self.path("passwd");
        let mut command = Command::new("mosquitto_passwd");
        if !file.exists() {
            command.arg("-c");
        }
        let status = command.arg("-b").arg(&file).args([user, password]).status();
        assert!(status.is_ok_and(|status| status.success()), "mosquitto_passwd works");
    }

    /// Makes it read its passwords again. Who is connected stays so.
    pub async fn reload(&self) {
        self.running().signal(Signal::HUP);
        self.running().logged("Reloading config").await;
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.running_mut().stop();
        self.process = None;
    }

    /// Starts it again on the same ports.
    pub async fn start_again(&mut self) {
        assert!(self.try_start().await, "mosquitto does not start again:\n{}", self.log());
    }

    /// Stops its world: connections stay open, and nothing moves.
    pub fn freeze(&self) {
        self.running().signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.running().signal(Signal::CONT);
    }

    /// What it wrote since it started.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    /// Waits until it has written `text`.
    pub async fn logged(&self, text: &str) -> String {
        self.running().logged(text).await
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
        let packaging = binaries::project_root().join("packaging/mosquitto");
        let snippet = std::fs::read_to_string(packaging.join("emoncms-remoteaccess.conf"));
        let snippet = snippet.expect("the operator's configuration is part of the project");
        let file = |path: &Path| path.display().to_string();
        let mut lines = vec![
            // Mosquitto started by root would become a user that cannot read the temporary folder.
            "user root".to_owned(),
            "log_dest stderr".to_owned(),
            "log_type all".to_owned(),
            "connection_messages true".to_owned(),
        ];
        lines.extend(snippet.lines().map(|line| match line.split_once(' ') {
            Some(("listener", place)) => match place.split(' ').next() {
                Some("1883") => format!("listener {} 127.0.0.1", self.ports.plain),
                Some("8883") => format!("listener {} 127.0.0.1", self.ports.tls),
                Some("8884") => format!("listener {} 127.0.0.1", self.ports.websockets),
                _ => panic!("the operator's configuration has a listener that is not known here: {line}"),
            },
            Some(("certfile", _)) => format!("certfile {}", file(&self.certificates.certificate)),
            Some(("keyfile", _)) => format!("keyfile {}", file(&self.certificates.key)),
            Some(("password_file", _)) => format!("password_file {}", file(&self.path("passwd"))),
            Some(("acl_file", _)) => {
                format!("acl_file {}", file(&packaging.join("emoncms-remoteaccess.acl")))
            }
            _ => line.to_owned(),
        }));
        lines.join("\n") + "\n"
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn running(&self) -> &Process {
        self.process.as_ref().expect("the broker runs")
    }

    fn running_mut(&mut self) -> &mut Process {
        self.process.as_mut().expect("the broker runs")
    }
}

/// Debian keeps it where only root's PATH looks.
fn program() -> &'static str {
    const DEBIAN: &str = "/usr/sbin/mosquitto";
    if Path::new(DEBIAN).exists() { DEBIAN } else { "mosquitto" }
}
