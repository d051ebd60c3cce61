//! What concerns the operator: limits by rate, what stands on every answer, health, metrics.

use crate::support::{Answer, World, get, request};
use axum::{body::Body, http::Request};
use remoteaccess_bridge::{metrics, peer::Peer, proxies::Proxies};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const HEALTH: &str = "/-/health";

fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Peer::new(address.parse().unwrap()));
    request
}

fn assert_told_to_wait(answer: &Answer) {
    assert_eq!(answer.error(), (429, "busy".into()));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_to_wait_and_others_are_not() {
    let world = World::with("address_requests_per_second = 1\naddress_burst = 5").await;
    let health = || request("GET", HEALTH, &[], "");
    for _ in 0..5 {
        assert_eq!(world.send(from("2001:db8::1", health())).await.status, 200);
    }
    assert_told_to_wait(&world.send(from("2001:db8::2", health())).await);
    assert_eq!(world.send(from("2001:db8:0:1::1", health())).await.status, 200, "another network");
    for _ in 0..50 {
        assert_eq!(world.send(from("127.0.0.1", health())).await.status, 200);
    }
}

#[tokio::test]
async fn an_account_that_asks_too_often_is_told_to_wait_wherever_it_asks_from() {
    let world = World::with("account_requests_per_second = 1\naccount_burst = 5").await;
    world.presence("ann", "offline");
    for n in 0..5 {
        let answer = world.send(from(&format!("192.0.2.{n}"), get("/feed/list.json"))).await;
        assert_eq!(answer.error().1, "home_offline");
    }
    assert_told_to_wait(&world.send(from("192.0.2.9", get("/feed/list.json"))).await);
    let wrong = request("GET", "/feed/list.json", &[("authorization", "Bearer 0")], "");
    assert_eq!(world.send(wrong).await.error().1, "unauthorized", "only who is known counts");
}

#[tokio::test]
async fn a_page_with_a_hundred_graphs_never_meets_a_limit() {
    let world = World::new().await;
    world.presence("ann", "offline");
    // Ten zooms within a moment, each with all graphs.
    for _ in 0..10 * 100 {
        let answer = world.send(from("192.0.2.1", get("/feed/list.json"))).await;
        assert_eq!(answer.error().1, "home_offline");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_and_its_shield() {
    let world = World::with("address_requests_per_second = 1\naddress_burst = 1").await;
    let fast = || from("192.0.2.1", request("GET", HEALTH, &[], ""));
    world.send(fast()).await;
    let mut ids = std::collections::HashSet::new();
    for (name, request) in [
        ("page", request("GET", "/", &[], "")),
        ("missing file", request("GET", "/-/assets/none.js", &[], "")),
        ("nothing of ours", request("GET", "/-/nothing", &[], "")),
        ("metrics are elsewhere", request("GET", "/-/metrics", &[], "")),
        ("own", request("GET", "/-/session", &[], "")),
        ("wrong method", request("PATCH", "/-/session", &[], "")),
        ("odd method", request("BREW", "/feed/list.json", &[], "")),
        ("relay", request("GET", "/feed/list.json", &[], "")),
        ("no path", request("OPTIONS", "*", &[], "")),
        ("too fast", fast()),
    ] {
        let answer = world.send(request).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src "),
            "{name}: {policy}"
        );
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(header), value, "{name}");
        }
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
        let id = answer.header("x-request-id").to_owned();
        assert!(id.len() == 16 && ids.insert(id), "{name}");
    }
}

#[tokio::test]
async fn health_does_not_need_the_broker_and_readiness_does() {
    let world = World::new().await;
    let ask = |path| world.send(request("GET", path, &[], ""));
    assert_eq!((ask(HEALTH).await.status.as_u16(), ask("/-/ready").await.status.as_u16()), (200, 200));
    world.lose_broker();
    let health = ask(HEALTH).await;
    assert_eq!((health.status.as_u16(), health.text()), (200, r#"{"success":true}"#));
    assert_eq!(ask("/-/ready").await.error(), (503, "broker_offline".into()));
}

#[tokio::test]
async fn metrics_count_and_name_nobody() {
    let world = World::new().await;
    assert_eq!(world.send(request("GET", "/-/metrics", &[], "")).await.error().0, 404);
    assert_eq!(world.send(request("POST", "/-/metrics", &[], "")).await.error().0, 404);
    world.send(get("/feed/list.json?apikey=wrong")).await;
    world.presence("ann", "offline");
    world.send(get("/feed/list.json")).await;
    world.presence("ann", "online");
    let text = metrics::text(&world.app);
    for line in [
        "remoteaccess_bridge_requests_total{outcome=\"unauthorized\",status=\"4xx\"} 1",
        "remoteaccess_bridge_requests_total{outcome=\"home_offline\",status=\"5xx\"} 1",
        "remoteaccess_bridge_latency_seconds_count{kind=\"relay\"} 2",
        "remoteaccess_bridge_homes_online 1",
        "remoteaccess_bridge_broker_up 1",
        "remoteaccess_bridge_requests_in_flight 0",
        "remoteaccess_bridge_answers_pending 0",
        concat!("remoteaccess_bridge_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(!text.contains("ann") && !text.contains("feed"), "{text}");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_caller_is_counted_and_elsewhere_nobody_is_believed() {
    let world = World::with("address_requests_per_second = 1\naddress_burst = 3").await;
    let trusted = Proxies::parse(&["127.0.0.0/8".to_owned()]).unwrap();
    for (proxies, others_are_free) in [(trusted, true), (Proxies::default(), false)] {
        let address = world.listen_behind("127.0.0.1", Arc::new(proxies)).await;
        let ask = async |forwarded: &str| {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "GET {HEALTH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: {forwarded}\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut reply = String::new();
            socket.read_to_string(&mut reply).await.unwrap();
            reply.split(' ').nth(1).unwrap().to_owned()
        };
        for n in 0..3 {
            assert_eq!(ask(&format!("198.51.100.{n}, 192.0.2.1")).await, "200");
        }
        assert_eq!(ask("192.0.2.1").await, "429");
        assert_eq!(ask("192.0.2.2").await == "200", others_are_free);
    }
}

#[tokio::test]
async fn what_is_no_http_gets_an_empty_answer_and_nothing_to_show() {
    let world = World::new().await;
    let address = world.listen("127.0.0.1").await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    for (sent, status) in [("nonsense\r\n\r\n", "400"), ("GET / HTTP/9.9\r\n\r\n", ""), (&long, "431")] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(sent.as_bytes()).await.ok();
        let mut reply = Vec::new();
        socket.read_to_end(&mut reply).await.ok();
        let reply = String::from_utf8_lossy(&reply);
        assert!(reply.is_empty() || reply.contains(status), "{reply}");
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_default();
        assert!(body.is_empty() && !head.contains("content-type"), "{reply}");
    }
}
