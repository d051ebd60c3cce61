//! Where the programs under test are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The agent.
pub const AGENT: &str = "remoteaccess-agent";
/// The bridge.
pub const BRIDGE: &str = "remoteaccess-bridge";

/// The path of a program: in `REMOTEACCESS_BIN_DIR` if that is set (`make` builds first and sets it), otherwise it is
/// built now, once for this process.
pub fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| match std::env::var_os("REMOTEACCESS_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => build(),
    });
    let path = folder.join(name);
    assert!(path.is_file(), "there is no {}", path.display());
    path
}

fn build() -> PathBuf {
    let me = std::env::current_exe().expect("a running program has a path");
    let profile = me.ancestors().find(|folder| folder.join(".cargo-lock").exists());
    let profile = profile.expect("tests run from cargo's target folder").to_owned();
    let target = profile.parent().expect("a profile lies in the target folder");

    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--quiet", "-p", AGENT, "-p", BRIDGE]);
    cargo.arg("--target-dir").arg(target).current_dir(project_root());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs where cargo test runs");
    assert!(status.success(), "the agent and the bridge do not build");
    profile
}

/// The folder of the whole project.
pub fn project_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the project")
}
