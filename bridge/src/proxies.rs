//! Whom others speak through: proxies that are believed when they say where a request came from.

use crate::peer::Peer;
use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Of the networks that are for private use, and of those of the large providers of proxies.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 16;

/// The trusted ones. `X-Forwarded-For` of anybody else is what a stranger wrote.
#[derive(Debug, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    /// Whether the operator was told of a proxy that is not among them.
    told: OnceLock<()>,
}

impl Proxies {
    /// Reads addresses (`::1`) and networks (`10.0.0.0/8`).
    ///
    /// # Errors
    /// Which of them is none.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let parse = |text: &String| {
            let address = || text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
            let network = text.parse::<IpNet>().or_else(|_| address());
            network.map_err(|_| format!("trusted_proxies: {text:?} is no address and no network"))
        };
        Ok(Self { trusted: texts.iter().map(parse).collect::<Result<_, _>>()?, told: OnceLock::new() })
    }

    /// Networks that nobody has for proxies alone: wider than any private one.
    pub fn too_wide(&self) -> impl Iterator<Item = &IpNet> {
        self.trusted.iter().filter(|network| match network {
            IpNet::V4(network) => network.prefix_len() < WIDEST_V4,
            IpNet::V6(network) => network.prefix_len() < WIDEST_V6 && !network.addr().is_unique_local(),
        })
    }

    /// Whether who connects from `address` speaks for others.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Who sent a request with `headers` over a connection from `address`.
    ///
    /// Each proxy puts where it was asked from at the end, so only what stands right of the first stranger is true.
    /// Where a proxy says nothing, or nothing legible, it answers for the request itself, and for all others of that kind.
    pub fn peer(&self, address: IpAddr, headers: &HeaderMap) -> Peer {
        if !self.trusts(address) {
            return self.untrusted(address, headers);
        }
        let mut nearest = address;
        for line in headers.get_all(FORWARDED_FOR).into_iter().rev() {
            for entry in line.to_str().unwrap_or_default().rsplit(',') {
                match forwarded(entry.trim()) {
                    Some(further) if self.trusts(further) => nearest = further,
                    Some(stranger) => return Peer::new(stranger),
                    None => return Peer::unnamed_proxy(nearest),
                }
            }
        }
        Peer::unnamed_proxy(nearest)
    }

    fn untrusted(&self, address: IpAddr, headers: &HeaderMap) -> Peer {
        let forwards = headers.contains_key(FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        if !forwards || !address.to_canonical().is_loopback() {
            return Peer::new(address);
        }
        self.told.get_or_init(|| {
            tracing::warn!(
                "requests come through a proxy at {address} that is not in trusted_proxies: all of them count as one \
                 address, and its limits are everybody's"
            );
        });
        Peer::unnamed_proxy(address)
    }
}

/// An address, with or without a port.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().or_else(|_| entry.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (FORWARDED_FOR, line.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        let texts = ["127.0.0.1", "::1", "10.0.0.0/8", "2001:db8:a::/48"].map(str::to_owned);
        let proxies = Proxies::parse(&texts).unwrap();
        for (from, lines, sender) in [
            // A stranger says whatever it likes.
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("203.0.113.9", &[], "203.0.113.9"),
            // One proxy, and what the caller had written already.
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            // Several.
            ("10.1.2.3", &["1.2.3.4, 198.51.100.1, 10.9.9.9,10.8.8.8"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1", "10.9.9.9", "2001:db8:a::7"], "198.51.100.1"),
            ("::1", &["2001:db8:b::1"], "2001:db8:b::1"),
            // With a port.
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("127.0.0.1", &["[2001:db8:b::1]:4711"], "2001:db8:b::1"),
            ("127.0.0.1", &["[2001:db8:b::1]"], "2001:db8:b::1"),
            // Whoever passed on what is not legible answers for it.
            ("127.0.0.1", &["unknown"], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, "], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1, x, 10.0.0.7"], "10.0.0.7"),
            ("127.0.0.1", &["198.51.100.1;10.0.0.7"], "127.0.0.1"),
            // Nobody but proxies: the farthest of them asks for itself.
            ("127.0.0.1", &["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
            ("10.0.0.7", &[], "10.0.0.7"),
        ] {
            let (peer, sender) =
                (proxies.peer(from.parse().unwrap(), &headers(lines)), sender.parse().unwrap());
            // A proxy is limited also on this machine: it may be many.
            let expected = if proxies.trusts(sender) { Peer::unnamed_proxy } else { Peer::new };
            assert_eq!(peer, expected(sender), "{from} {lines:?}");
        }
    }

    #[test]
    fn a_proxy_on_this_machine_that_was_not_named_is_limited_as_one() {
        let (proxies, here) = (Proxies::default(), "127.0.0.1".parse().unwrap());
        assert_eq!(proxies.peer(here, &HeaderMap::new()).limited(), None);
        let forwarded = headers(&["198.51.100.1"]);
        assert_eq!(proxies.peer(here, &forwarded).limited(), Some(here));
        let other = [(header::FORWARDED, "for=198.51.100.1".parse().unwrap())].into_iter().collect();
        assert_eq!(proxies.peer(here, &other).limited(), Some(here));
    }

    #[test]
    fn what_is_no_address_is_told() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.1:80", "*"] {
            let fault = Proxies::parse(&[text.to_owned()]).unwrap_err();
            assert!(fault.contains(&format!("{text:?}")), "{fault}");
        }
    }
}
