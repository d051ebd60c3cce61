//! A home of its own: a network namespace whose uplink is as thin as a home's.

use anyhow::{Context, Result, ensure};
use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;

/// A namespace with one line to this machine. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
    /// This machine, as seen from home.
    pub(crate) outside: Ipv4Addr,
}

/// A command that runs in `namespace`, or here.
pub(crate) fn command(namespace: Option<&str>, program: impl AsRef<OsStr>) -> Command {
    match namespace {
        None => Command::new(program),
        Some(name) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", name]).arg(program);
            command
        }
    }
}

impl Namespace {
    /// Makes a namespace whose uplink carries `kbit` a second.
    ///
    /// # Errors
    /// Where this machine does not let one: root and `ip` and `tc` of iproute2 are needed.
    pub(crate) fn with_uplink(kbit: u32) -> Result<Self> {
        let pid = std::process::id();
        let third = u8::try_from(pid % 250)?;
        let (outside, inside) = (Ipv4Addr::new(10, 213, third, 1), Ipv4Addr::new(10, 213, third, 2));
        let name = format!("ra-bench-{pid}");
        let (here, there) = (format!("rb{pid}"), format!("rh{pid}"));
        run("ip", &format!("netns add {name}"))?;
        let namespace = Self { name: name.clone(), outside };
        run("ip", &format!("link add {here} type veth peer name {there} netns {name}"))?;
        run("ip", &format!("addr add {outside}/30 dev {here}"))?;
        run("ip", &format!("link set {here} up"))?;
        run("ip", &format!("-n {name} addr add {inside}/30 dev {there}"))?;
        run("ip", &format!("-n {name} link set {there} up"))?;
        run("ip", &format!("-n {name} link set lo up"))?;
        // A router's queue of a third of a second, as they are.
        let shape = format!("tbf rate {kbit}kbit burst 3000 latency 300ms");
        run("ip", &format!("netns exec {name} tc qdisc add dev {there} root {shape}"))?;
        Ok(namespace)
    }

    /// For [`command`].
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The line goes with it.
        run("ip", &format!("netns del {}", self.name)).ok();
    }
}

fn run(program: &str, arguments: &str) -> Result<()> {
    let output = Command::new(program).args(arguments.split(' ')).output();
    let output = output.with_context(|| format!("{program} is missing"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments}: {}", said.trim());
    Ok(())
}
