//! rathole, the tunnel that somebody would take instead: TLS between its two ends, otherwise as it comes.

use anyhow::{Context, Result, ensure};
use remoteaccess_tests::certs;
use remoteaccess_tests::ports;
use remoteaccess_tests::process::Process;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The version that is compared with.
pub(crate) const VERSION: &str = "0.5.0";

/// Where the program is: in PATH, or where an earlier run put it, or built now.
pub(crate) fn program() -> Result<PathBuf> {
    let own = remoteaccess_tests::binaries::project_root().join("target/bench/bin/rathole");
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&in_path).map(|folder| folder.join("rathole"));
    for found in in_path.chain([own.clone()]) {
        let version = Command::new(&found).arg("--version").output();
        if version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(VERSION)) {
            return Ok(found);
        }
    }
    crate::say(&format!("Installing rathole {VERSION} (some minutes, once) …\n"));
    let folder = own.parent().and_then(Path::parent).context("a path with folders")?;
    // Not --locked: the versions of its lock file do not compile any more.
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["install", "rathole", "--quiet", "--version", VERSION, "--no-default-features"])
        .args(["--features", "server,client,tls", "--root"])
        .arg(folder)
        .arg("--target-dir")
        .arg(folder.join("build"))
        .status()?;
    ensure!(status.success(), "rathole does not install");
    Ok(own)
}

/// A tunnel. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// In the cloud.
    pub(crate) server: Process,
    /// At home.
    pub(crate) client: Process,
    /// Where visitors connect.
    pub(crate) visitors: SocketAddr,
    _folder: TempDir,
}

/// Where a tunnel's ends are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Where the server listens for the client.
    pub(crate) server: SocketAddr,
    /// Where the client finds the server; another place than `server` where something lies between.
    pub(crate) reached_at: SocketAddr,
    /// What visitors get to see.
    pub(crate) emoncms: SocketAddr,
    /// A network namespace for the client.
    pub(crate) namespace: Option<&'a str>,
}

impl Tunnel {
    /// Starts both ends, and waits until they have found each other.
    pub(crate) async fn start(place: Place<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let ca = identity(folder.path())?;
        let visitors = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
        let token = ports::random_hex::<16>();
        let server = format!(
            "[server]\nbind_addr = \"{}\"\ndefault_token = \"{token}\"\n[server.transport]\ntype = \"tls\"\n\
             [server.transport.tls]\npkcs12 = \"{}\"\npkcs12_password = \"{PASSWORD}\"\n\
             [server.services.emoncms]\nbind_addr = \"{visitors}\"\n",
            place.server,
            folder.path().join(IDENTITY).display(),
        );
        let client = format!(
            "[client]\nremote_addr = \"{}\"\ndefault_token = \"{token}\"\n[client.transport]\ntype = \"tls\"\n\
             [client.transport.tls]\ntrusted_root = \"{}\"\nhostname = \"localhost\"\n\
             [client.services.emoncms]\nlocal_addr = \"{}\"\n",
            place.reached_at,
            ca.display(),
            place.emoncms,
        );
        let run = |name, flag: &str, text: String, namespace| {
            let file = folder.path().join(format!("{}.toml", flag.trim_start_matches('-')));
            std::fs::write(&file, text)?;
            let mut command = remoteaccess_tests::netns::command(namespace, place.program);
            command.arg(flag).arg(&file).env("RUST_LOG", "info").env("NO_COLOR", "1");
            anyhow::Ok(Process::start(name, &command))
        };
        let server = run("rathole's server", "--server", server, None)?;
        server.logged("Listening at").await;
        let client = run("rathole's client", "--client", client, place.namespace)?;
        client.logged("Control channel established").await;
        Ok(Self { server, client, visitors, _folder: folder })
    }
}

const IDENTITY: &str = "identity.p12";
const PASSWORD: &str = "bench";

/// Makes what rathole's TLS takes, and gives the authority.
fn identity(folder: &Path) -> Result<PathBuf> {
    let made = certs::make(folder, &certs::LOCAL);
    let status = Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", &format!("pass:{PASSWORD}")])
        .arg("-inkey")
        .arg(&made.key)
        .arg("-in")
        .arg(&made.certificate)
        .arg("-certfile")
        .arg(&made.ca)
        .arg("-out")
        .arg(folder.join(IDENTITY))
        .status()
        .context("openssl is missing")?;
    ensure!(status.success(), "openssl makes no PKCS#12 file");
    Ok(made.ca)
}
