//! Which installation this is: the same after a restart, another one on another machine.

use anyhow::{Context, Result, bail};
use remoteaccess_common::random::hex;
use ring::digest;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

/// One installation, held by this process alone for as long as this lives.
#[derive(Debug)]
pub struct Identity {
    /// Names the installation in presence messages. Says nothing about the machine.
    pub install: String,
    _alone: UnixListener,
}

impl Identity {
    /// Derives the installation's name from the machine and the configuration's path, and claims it.
    ///
    /// The machine is its systemd id together with a Raspberry Pi's serial number: a copied SD card brings the
    /// first along, but not the second. As machine-id(5) asks, only a digest leaves the machine.
    ///
    /// # Errors
    /// Another agent with this configuration runs already.
    pub fn claim(config: &Path) -> Result<Self> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"emoncms remote access installation\0");
        for file in ["/etc/machine-id", "/sys/firmware/devicetree/base/serial-number"] {
            context.update(&std::fs::read(file).unwrap_or_default());
            context.update(b"\0");
        }
        let path =
            std::path::absolute(config).with_context(|| format!("cannot resolve {}", config.display()))?;
        context.update(path.as_os_str().as_encoded_bytes());
        let install = hex(&context.finish().as_ref()[..8]);

        let address = SocketAddr::from_abstract_name(format!("emoncms-remoteaccess/{install}"))?;
        match UnixListener::bind_addr(&address) {
            Ok(alone) => Ok(Self { install, _alone: alone }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                bail!("another agent runs already with {}", config.display())
            }
            Err(error) => Err(error).context("cannot make sure that no other agent runs"),
        }
    }
}
