//! Who is let in to speak MQTT over WebSocket, and what others are told.

use crate::sockets::{ask, reply};
use crate::support::World;
use tokio::net::TcpListener;

const WANTED: [(&str, &str); 6] = [
    // Some programs say it; it is this bridge's own.
    ("Origin", "http://x"),
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    // RFC 6455, section 1.3, has both this key and what is answered to it.
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Protocol", "mqttv3.1, mqtt"),
];

fn request(method: &str, headers: &[(&str, &str)]) -> String {
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{method} /mqtt HTTP/1.1\r\nHost: x\r\n{lines}\r\n")
}

/// The same with another value, or without it.
fn but(name: &str, value: Option<&'static str>) -> String {
    let mut headers = WANTED.to_vec();
    headers.retain_mut(|(each, old)| {
        if *each == name {
            *old = value.unwrap_or_default();
        }
        *each != name || value.is_some()
    });
    headers.push(("Content-Length", "0"));
    request("GET", &headers)
}

async fn with_broker() -> (World, TcpListener) {
    let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = broker.local_addr().unwrap().port();
    (World::configured(&format!("websocket_port = {port}\n")).await, broker)
}

#[tokio::test]
async fn who_asks_as_the_standard_says_is_let_in() {
    let (world, broker) = with_broker().await;
    let address = world.listen("127.0.0.1").await;
    let socket = ask(address, &request("GET", &WANTED)).await;
    drop(broker.accept().await.unwrap());
    let reply = reply(socket).await;
    assert!(reply.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{reply}");
    assert!(reply.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{reply}");
    assert!(reply.contains("\r\nsec-websocket-protocol: mqtt\r\n"), "{reply}");
}

#[tokio::test]
async fn who_asks_otherwise_is_told_what_is_wrong_and_the_broker_is_not_asked() {
    let (world, broker) = with_broker().await;
    let address = world.listen("127.0.0.1").await;
    for (request, status, words) in [
        (request("GET", &[("Connection", "close")]), 426, "MQTT over WebSocket"),
        (request("POST", &WANTED), 405, "does not take that method"),
        (request("HEAD", &WANTED), 426, ""),
        (but("Upgrade", Some("h2c")), 426, "MQTT over WebSocket"),
        (but("Connection", Some("close")), 426, "MQTT over WebSocket"),
        (but("Sec-WebSocket-Version", Some("8")), 426, "version 13"),
        (but("Origin", Some("https://evil.example")), 401, "pages of other sites"),
        (but("Connection", Some("Upgrade\r\nSec-Fetch-Site: cross-site")), 401, "pages of other sites"),
        (but("Sec-WebSocket-Protocol", None), 400, "has to offer mqtt"),
        (but("Sec-WebSocket-Protocol", Some("chat")), 400, "has to offer mqtt"),
        (but("Sec-WebSocket-Key", None), 400, "16 bytes"),
        (but("Sec-WebSocket-Key", Some("short")), 400, "16 bytes"),
        (request("GET", &WANTED).replace("HTTP/1.1", "HTTP/1.0"), 426, "MQTT over WebSocket"),
    ] {
        let once = request.replace("keep-alive, Upgrade", "close, Upgrade");
        let once = once.replace("Connection: Upgrade", "Connection: close, Upgrade");
        let reply = reply(ask(address, &once).await).await;
        let expected = [" ", &status.to_string(), " "].concat();
        assert!(reply[8..].starts_with(&expected) && reply.contains(words), "{request}{reply}");
        assert_eq!(reply.contains("\r\nsec-websocket-version: 13\r\n"), status == 426, "{reply}");
    }
    assert!(tokio::time::timeout(std::time::Duration::ZERO, broker.accept()).await.is_err());
}

#[tokio::test]
async fn without_its_broker_the_bridge_says_so_and_where_it_is_switched_off_there_is_nothing() {
    let (world, broker) = with_broker().await;
    drop(broker);
    let once = request("GET", &WANTED).replace("keep-alive, Upgrade", "close, Upgrade");
    let reached = reply(ask(world.listen("127.0.0.1").await, &once).await).await;
    assert!(reached.contains(" 503 ") && reached.contains("broker_offline"), "{reached}");
    let world = World::with("websockets = 0").await;
    let nothing = reply(ask(world.listen("127.0.0.1").await, &once).await).await;
    assert!(nothing.contains(" 404 ") && nothing.contains("not_relayed"), "{nothing}");
}
