//! Where a request comes from.

use axum::http::Extensions;
use std::net::{IpAddr, Ipv6Addr};

/// Who sent a request, as far as limits, the audit and the log go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    address: Option<IpAddr>,
    limited: bool,
}

impl Peer {
    /// This machine itself, or a request that came by no connection.
    const HERE: Self = Self { address: None, limited: false };

    /// Who connects from `address` and speaks for nobody else.
    pub fn new(address: IpAddr) -> Self {
        let address = address.to_canonical();
        // What asks from this machine has better ways to do harm than to ask often.
        Self { address: Some(address), limited: !address.is_loopback() }
    }

    /// Who connects from `address` and says that it passes on what others sent, but may not be believed: all of them
    /// count as one, also on this machine.
    pub fn unnamed_proxy(address: IpAddr) -> Self {
        Self { limited: true, ..Self::new(address) }
    }

    /// Who sent a request.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self::HERE)
    }

    /// What is counted for limits by address; `None` where there are none.
    pub fn limited(self) -> Option<IpAddr> {
        self.address.filter(|_| self.limited).map(network)
    }

    /// The whole address, for the audit and for who wants to know where they are signed in.
    pub fn address_text(self) -> String {
        self.address.map_or_else(|| "local".to_owned(), |address| address.to_string())
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
        for (address, text, counted) in [
            ("192.0.2.7", "192.0.2.7", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", "192.0.2.7", Some("192.0.2.7")),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::")),
            ("127.0.0.1", "127.0.0.1", None),
            ("127.1.2.3", "127.1.2.3", None),
            ("::ffff:127.0.0.1", "127.0.0.1", None),
            ("::1", "::1", None),
        ] {
            let peer = Peer::new(address.parse().unwrap());
            let counted = counted.map(|text| text.parse().unwrap());
            assert_eq!((peer.limited(), peer.address_text()), (counted, text.to_owned()), "{address}");
        }
        let nobody = Peer::of(&Extensions::new());
        assert_eq!((nobody.limited(), nobody.address_text()), (None, "local".to_owned()));
        let here = "127.0.0.1".parse().unwrap();
        assert_eq!(Peer::unnamed_proxy(here).limited(), Some(here));
    }
}
