//! What only a real connection shows.

use crate::support::{ANN_READ, PASSWORD, World};
use remoteaccess_protocol::Start;
use std::net::{SocketAddr, UdpSocket};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) async fn ask(address: SocketAddr, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // What becomes of it shows in the reply.
    socket.write_all(request.as_bytes()).await.ok();
    socket
}

pub(crate) async fn reply(mut socket: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection may also end with a reset.
    socket.read_to_end(&mut bytes).await.ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_answer_that_breaks_at_once_still_has_its_head() {
    let world = World::new().await;
    let address = world.listen("127.0.0.1").await;
    let get =
        format!("GET /feed/list.json?apikey={ANN_READ} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let socket = ask(address, &get).await;
    let id = world.request("ann").await.v2.unwrap().id;
    let mut damaged = zstd::encode_all(&b"[1,2,3]"[..], 1).unwrap();
    damaged.extend([b'?'; 4096]);
    let start = Start { status: 200, content_type: None, zstd: true, etag: None };
    world.piece("ann", &id, 0, false, Some(start), &damaged);
    let reply = reply(socket).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.contains("[1,2,3]") && !reply.ends_with("0\r\n\r\n"), "{reply}");
}

/// An address of this machine that is not loopback, where it has one. Nothing is sent.
fn outward() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

fn sign_in(password: &str) -> String {
    let login = format!(r#"{{"username":"eve{password}","password":"{password}"}}"#);
    format!(
        "POST /-/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{login}",
        login.len()
    )
}

#[tokio::test]
async fn an_address_cannot_guess_on_new_connections() {
    let world = World::new().await;
    let Some(outward) = outward() else { return };
    let (near, far) = (world.listen("127.0.0.1").await, world.listen(&outward).await);
    for n in 0..20 {
        let reply = reply(ask(far, &sign_in(&n.to_string())).await).await;
        assert!(reply.starts_with("HTTP/1.1 401 "), "{reply}");
    }
    let refused = reply(ask(far, &sign_in(PASSWORD)).await).await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("\r\nretry-after: "), "{refused}");
    let local = reply(ask(near, &sign_in(PASSWORD)).await).await;
    assert!(local.starts_with("HTTP/1.1 401 "), "{local}");
}

#[tokio::test]
async fn an_address_cannot_hold_all_connections() {
    const HEALTH: &str = "GET /-/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let world = World::new().await;
    for address in outward().iter().map(String::as_str).chain(["127.0.0.1"]) {
        let address = world.listen(address).await;
        let mut held = Vec::new();
        for _ in 0..256 {
            held.push(ask(address, "GET /-/health HTTP/1.1\r\n").await);
        }
        let one_more = reply(ask(address, HEALTH).await).await;
        let is_limited = !address.ip().is_loopback();
        assert_eq!(one_more.is_empty(), is_limited, "{address}: {one_more}");
        held.clear();
        let mut answered = false;
        for _ in 0..100 {
            answered = reply(ask(address, HEALTH).await).await.starts_with("HTTP/1.1 200 ");
            if answered {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert!(answered, "{address}: closed connections make room");
    }
}
