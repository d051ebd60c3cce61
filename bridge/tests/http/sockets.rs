//! What only a real connection shows.

use crate::support::{ANN_READ, World};
use remoteaccess_protocol::Start;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn ask(address: SocketAddr, request: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

async fn reply(mut socket: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection may also end with a reset.
    socket.read_to_end(&mut bytes).await.ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_answer_that_breaks_at_once_still_has_its_head() {
    let world = World::new();
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
