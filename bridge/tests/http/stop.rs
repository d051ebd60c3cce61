//! How connections end when the bridge stops.

use crate::{
    sockets::{ask, reply},
    support::{ANN_READ, World, serve, start},
};
use axum::{Router, routing::get};
use remoteaccess_bridge::metrics::Traffic;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, yield_now},
    time::timeout,
};

/// Far less than requests under way may take.
const AT_ONCE: Duration = Duration::from_secs(5);

struct Stopping {
    address: SocketAddr,
    traffic: Traffic,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Stopping {
    async fn new(routes: Router) -> Self {
        let traffic = Traffic::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move { stopped.await.unwrap() };
        let (address, served) = serve(routes, listener, Arc::default(), traffic.clone(), stopped);
        Self { address, traffic, stop, served }
    }

    /// The bridge has read so much.
    async fn received(&self, bytes: usize) {
        while self.traffic.received.get() < bytes as u64 {
            yield_now().await;
        }
    }
}

#[tokio::test]
async fn who_has_said_half_a_head_is_not_waited_for() {
    const HALF: &str = "GET / HTTP/1.1\r\nHost: x\r\nX-";
    let stopping = Stopping::new(World::new().await.routes).await;
    let whole = "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n";
    let first = ask(stopping.address, HALF).await;
    let mut second = ask(stopping.address, &format!("{whole}{HALF}")).await;
    second.read_u8().await.unwrap();
    stopping.received(whole.len() + 2 * HALF.len()).await;
    stopping.stop.send(()).unwrap();
    timeout(AT_ONCE, stopping.served).await.expect("it ends at once").unwrap();
    assert_eq!(reply(first).await, "");
}

#[tokio::test]
async fn what_is_asked_when_the_bridge_stops_has_its_whole_answer_and_is_the_last() {
    let world = World::new().await;
    let stopping = Stopping::new(world.routes.clone()).await;
    let get = format!("GET /feed/list.json?apikey={ANN_READ} HTTP/1.1\r\nHost: x\r\n\r\nGET / HT");
    let socket = ask(stopping.address, &get).await;
    let id = world.request("ann").await.v2.unwrap().id;
    stopping.stop.send(()).unwrap();
    let parts = ["1".repeat(2000), "2".repeat(2000)];
    world.piece("ann", &id, 0, false, start("application/json"), parts[0].as_bytes());
    is_closed(stopping.address).await;
    world.piece("ann", &id, 1, true, None, parts[1].as_bytes());
    let reply = timeout(AT_ONCE, reply(socket)).await.expect("the connection ends");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("\r\n0\r\n\r\n"), "{reply}");
    assert!(parts.iter().all(|part| reply.contains(part)), "{reply}");
    timeout(AT_ONCE, stopping.served).await.expect("nothing else is under way").unwrap();
}

#[tokio::test]
async fn what_a_slow_caller_has_not_taken_yet_still_comes() {
    let large = "x".repeat(20_000_000);
    let answer = large.clone();
    let stopping = Stopping::new(Router::new().route("/", get(async move || answer.clone()))).await;
    let mut socket = ask(stopping.address, "GET / HTTP/1.1\r\nHost: y\r\n\r\n").await;
    socket.read_u8().await.unwrap();
    stopping.stop.send(()).unwrap();
    is_closed(stopping.address).await;
    let reply = timeout(AT_ONCE, reply(socket)).await.expect("the connection ends");
    assert!(reply.ends_with(&format!("\r\n\r\n{large}")), "{} bytes", reply.len());
    timeout(AT_ONCE, stopping.served).await.expect("nothing else is under way").unwrap();
}

#[tokio::test]
async fn an_answer_that_is_there_as_a_whole_says_how_long_it_is() {
    let stopping = Stopping::new(World::new().await.routes).await;
    let health = "GET /-/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let reply = reply(ask(stopping.address, health).await).await;
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{reply}");
    assert!(!body.is_empty() && !head.contains("transfer-encoding"), "{reply}");
}

/// The bridge lets nobody in any more.
async fn is_closed(address: SocketAddr) {
    while TcpStream::connect(address).await.is_ok() {}
}
