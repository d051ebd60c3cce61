//! Where a request comes from.

use axum::http::Extensions;
use std::net::{IpAddr, Ipv6Addr};

/// The other end of a connection, as far as limits go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(Option<IpAddr>);

impl Peer {
    /// Who connects from `address`.
    pub fn new(address: IpAddr) -> Self {
        let address = address.to_canonical();
        // A loopback peer is this machine or a proxy on it, which speaks for everybody: a limit for it would let
        // one stranger lock out all. Who is behind a proxy is known once proxies can be named as trusted, which
        // comes with the accounts.
        Self((!address.is_loopback()).then(|| network(address)))
    }

    /// Who sent a request; a request that came by no connection counts as this machine's own.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(None))
    }

    /// What is counted for limits by address; `None` where there are none.
    pub fn limited(self) -> Option<IpAddr> {
        self.0
    }
}

/// Whoever has one IPv6 address has the 2^64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_counted_by_address_or_network() {
        for (address, counted) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("127.0.0.1", None),
            ("127.1.2.3", None),
            ("::ffff:127.0.0.1", None),
            ("::1", None),
        ] {
            let counted = counted.map(|text| text.parse().unwrap());
            assert_eq!(Peer::new(address.parse().unwrap()).limited(), counted, "{address}");
        }
        assert_eq!(Peer::of(&Extensions::new()).limited(), None);
    }
}
