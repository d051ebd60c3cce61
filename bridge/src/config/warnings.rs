//! Things that work, but not as somebody may think.

use super::Config;
use std::{os::unix::fs::PermissionsExt, path::Path};

impl Config {
    /// What the operator should know about this configuration, which was read from `path`.
    pub fn warnings(&self, path: &Path) -> Vec<String> {
        let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
        let (listen, is_public) = (self.listen, !self.listen.ip().is_loopback());
        let mut warnings = Vec::new();
        if mode & 0o004 != 0 {
            warnings
                .push(format!("{} holds keys and can be read by everybody: chmod o-r it", path.display()));
        }
        if !self.https && is_public {
            warnings.push(format!("https = false on {listen}: passwords travel unencrypted"));
        } else if self.tls.is_none() && is_public {
            warnings.push(format!(
                "listen = \"{listen}\" without [tls]: whoever reaches that address past the proxy sends passwords \
                 unencrypted; listen on 127.0.0.1, or add [tls]"
            ));
        }
        for network in self.proxies.too_wide() {
            warnings.push(format!(
                "trusted_proxies has {network}: whoever comes from there may say to be anybody else, which undoes all \
                 limits by address; name the proxy's own address"
            ));
        }
        if self.broker.port() == self.broker.homes_port {
            warnings.push(format!(
                "broker.port is {}, where homes connect: each account has one connection there, and this bridge needs \
                 several, which would end each other; give it a listener of its own",
                self.broker.homes_port
            ));
        }
        if let Some(metrics) = self.metrics.as_ref().filter(|metrics| !metrics.listen.ip().is_loopback()) {
            warnings
                .push(format!("metrics on {}: whoever reaches that address can read them", metrics.listen));
        }
        warnings
    }
}
