//! What concerns the operator alone: `[tls]` and `[metrics]`.

use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};

/// A certificate of the bridge's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Where Prometheus asks.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// A listener that answers nothing else; whoever reaches it may read it.
    pub listen: SocketAddr,
}

impl MetricsConfig {
    pub(super) fn check(self, listen: SocketAddr) -> Result<(), String> {
        if covers(self.listen, listen) || covers(listen, self.listen) {
            return Err("metrics.listen and listen are the same address: give metrics another port".into());
        }
        Ok(())
    }
}

/// Whether who listens on `one` leaves nothing of `other`. The system gives each a port of its own for 0.
fn covers(one: SocketAddr, other: SocketAddr) -> bool {
    let is_same = one.ip().to_canonical() == other.ip().to_canonical();
    // All addresses of version 6 are those of version 4, too.
    let is_all = one.ip().is_unspecified() && (one.is_ipv6() || other.is_ipv4());
    one.port() == other.port() && one.port() != 0 && (is_same || is_all)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn an_address_is_covered_by_itself_and_by_all_of_its_kind() {
        for (one, other, is) in [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::ffff:127.0.0.1]:80", true),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("[::]:80", "127.0.0.1:80", true),
            ("[::]:80", "[::1]:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            ("127.0.0.1:80", "0.0.0.0:80", false),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:0", "0.0.0.0:0", false),
        ] {
            assert_eq!(covers(one.parse().unwrap(), other.parse().unwrap()), is, "{one} {other}");
        }
    }
}
