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
        let (broker, port) = (&self.broker, self.broker.websocket_port());
        if broker.port() == broker.homes_port {
            warnings.push(format!(
                "broker.port is {}, where homes connect: each account has one connection there, and this bridge needs \
                 several, which would end each other; give it a listener of its own",
                broker.homes_port
            ));
        } else if self.limits.websockets > 0 && port == broker.port() {
            warnings.push(format!(
                "broker.websocket_port is {port}, the bridges' own listener, where what holds for homes does not (one \
                 session each, nothing stored): use the one that setup makes, 1884"
            ));
        } else if self.limits.websockets > 0 && port == broker.homes_port && !broker.tls {
            warnings.push(format!(
                "broker.websocket_port is {port}, where homes connect with TLS, and this bridge would without: use the \
                 listener that setup makes, 1884"
            ));
        }
        if let Some(metrics) = self.metrics.as_ref().filter(|metrics| !metrics.listen.ip().is_loopback()) {
            warnings
                .push(format!("metrics on {}: whoever reaches that address can read them", metrics.listen));
        }
        warnings
    }
}
