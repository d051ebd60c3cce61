//! What strangers put into headers: cookies, where they say they come from, and whose page sent them.
#![no_main]

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::proxies::Proxies;
use remoteaccess_bridge::session::Cookies;
use remoteaccess_bridge::{input, origin};
use std::net::IpAddr;

fuzz_target!(|message: &[u8]| {
    let headers = headers(message);
    for https in [false, true] {
        let tokens: Vec<_> = Cookies::new(https).tokens(&headers).collect();
        assert!(tokens.len() <= 4);
        assert!(tokens.iter().all(|token| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit())));
    }
    let _ = (origin::is_own(&headers), input::content_type(&headers), input::is_form(&headers));

    let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].map(str::to_owned);
    let proxies = Proxies::parse(&trusted).expect("these are networks");
    let (stranger, proxy): (IpAddr, IpAddr) = ([198, 51, 100, 1].into(), [10, 1, 2, 3].into());
    assert_eq!(proxies.peer(stranger, &headers).address_text(), "198.51.100.1", "a stranger was believed");
    let peer = proxies.peer(proxy, &headers);
    peer.address_text().parse::<IpAddr>().expect("a peer has an address");
    let _ = peer.limited();

    if let Ok(text) = std::str::from_utf8(message) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if let Ok(proxies) = Proxies::parse(&lines) {
            let _ = proxies.peer(proxy, &headers);
        }
    }
});

/// A header a line; its first byte says which.
fn headers(message: &[u8]) -> HeaderMap {
    let names = [
        header::COOKIE,
        HeaderName::from_static("x-forwarded-for"),
        header::FORWARDED,
        header::ORIGIN,
        header::HOST,
        HeaderName::from_static("sec-fetch-site"),
        header::CONTENT_TYPE,
    ];
    let lines = message.split(|byte| *byte == b'\n').filter_map(|line| line.split_first());
    let headers = lines.filter_map(|(first, rest)| {
        let name = names[usize::from(*first) % names.len()].clone();
        Some((name, HeaderValue::from_bytes(rest).ok()?))
    });
    let mut map = HeaderMap::new();
    for (name, value) in headers.take(50) {
        map.append(name, value);
    }
    map
}
