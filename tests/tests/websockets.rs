//! Homes that come by WebSocket, and strangers.

use remoteaccess_protocol::topic::BRIDGES;
use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::binaries;
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::certs;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::process::Process;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::websocket::WebSocket;
use remoteaccess_tests::world::{OTHER, Options, World};
use reqwest::Method;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

/// What an answer of a client of 2018–2021 may have.
const LARGEST: usize = 2_000_000;
/// Mosquitto's own WebSockets stood still for good at the latest when one who does not read was cut for the fifteenth time.
const OFTEN: usize = 20;

async fn by_websocket() -> World {
    World::with(Options { websockets: true, ..Options::default() }).await
}

async fn without_agent() -> World {
    World::with(Options { agent: false, ..Options::default() }).await
}

#[tokio::test]
async fn a_home_that_comes_with_tls_by_one_bridge_is_asked_through_another() {
    let mut world = without_agent().await;
    let folder = tempfile::tempdir().unwrap();
    let files = certs::make(folder.path(), &certs::LOCAL);
    let own = std::fs::read_to_string(world.bridge.folder().join("bridge.toml")).unwrap();
    let config = folder.path().join("bridge.toml");
    let tls = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", files.certificate, files.key);
    let own = own.replace("https = false", "").replace("[broker]", "[broker]\ninstance = 2");
    std::fs::write(&config, own + &tls).unwrap();
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("--config").arg(&config);
    let second = Process::start("the second bridge", &command);
    let line = second.logged("listening on https://").await;
    let port = line.rsplit(':').next().and_then(|port| port.trim().parse::<u16>().ok()).expect("a port");

    world.agent.edit(|config| {
        config.insert("MQTT_TRANSPORT".into(), "websockets".into());
        config.insert("MQTT_PORT".into(), port.into());
        config.insert("MQTT_CA_FILE".into(), files.ca.to_str().into());
    });
    world.agent.launch();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_bridge_that_stops_keeps_homes_until_what_runs_has_its_answer() {
    let mut world = by_websocket().await;
    world.emoncms.order("feed/value", Fault::Slow(Duration::from_millis(1500)));
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let running = tokio::spawn(async move { client.get("/feed/value.json?id=1", &key).await });
    until("the request to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    let ended = tokio::task::spawn_blocking(move || {
        world.bridge.process_mut().stop();
        world
    });
    let answer = within("the running request", SOON, running).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let world = within("the bridge to end", SOON, ended).await.unwrap();
    world.agent.reaches("unreachable").await;
}

#[tokio::test]
async fn a_wrong_password_is_told_as_one() {
    let world = by_websocket().await;
    let mut wrong = world.agent.config();
    wrong["MQTT_PASSWORD"] = "guessed".into();
    let stranger = Agent::start(&wrong, 30);
    stranger.reaches("wrong_password").await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_credential_that_is_taken_away_ends_the_websocket_at_once() {
    let world = without_agent().await;
    let mut home = WebSocket::connect(world.bridge.port(), OTHER, &world.other_password).await;
    let browser = Browser::sign_in(&world.client, OTHER).await;
    let done = browser.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await;
    assert_eq!(done.status, 200, "{}", done.text());
    within("the home to be cut", SOON, home.end()).await;
    let mut again = WebSocket::open(world.bridge.port()).await.unwrap();
    again.frame(0x82, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00").await;
    within("who gives no password to be sent away", SOON, again.end()).await;
}

#[tokio::test]
async fn by_websocket_a_home_may_hear_nothing_of_others_either() {
    let world = without_agent().await;
    let mut home = WebSocket::connect(world.bridge.port(), OTHER, &world.other_password).await;
    for (topic, code) in [
        ("user/bob/request", 0),
        ("user/alice/request", 0x80),
        ("user/+/request", 0x80),
        ("user/alice/status", 0x80),
        ("user/bob/response/b-1", 0x80),
        ("#", 0x80),
        ("$SYS/#", 0x80),
        ("$CONTROL/#", 0x80),
    ] {
        home.subscribe(topic).await;
        assert_eq!(home.receive().await, Some((0x82, vec![0x90, 3, 0, 1, code])), "{topic}");
    }
}

#[tokio::test]
async fn an_old_clients_largest_answer_arrives_in_one_frame() {
    let world = without_agent().await;
    let topic = format!("user/{OTHER}/response/{}", BRIDGES[3]);
    let mut bridge = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(bridge.subscribe(&topic).await);
    let mut home = WebSocket::connect(world.bridge.port(), OTHER, &world.other_password).await;
    let payload: Vec<u8> = (0..LARGEST).map(|at| u8::try_from(at % 251).unwrap()).collect();
    home.publish(&topic, payload.clone(), false).await;
    assert!(bridge.next().await.payload == payload);
}

#[tokio::test]
async fn who_does_not_read_is_cut_again_and_again_and_the_broker_goes_on() {
    let world = World::start().await;
    // No bridge knows it, and so none cuts it before the test does.
    let (name, status) = ("eve", "user/eve/status");
    world.broker.let_in(name, "0").await;
    let (port, before) = (world.bridge.port(), world.broker.process().memory_kb().0);
    let mut unread = Vec::new();
    for round in 0..OFTEN {
        let mut home = WebSocket::connect(port, name, &round.to_string()).await;
        home.subscribe(status).await;
        for _ in 0..6 {
            home.publish(status, vec![b'x'; 2_600_000], false).await;
        }
        world.broker.logged(&format!("Sending PUBLISH to {name}")).await;
        // Another credential ends the session, whatever has not been read.
        world.broker.set_password(name, &(round + 1).to_string()).await;
        unread.push(home);
        let answer = within("another home's answer", SOON, world.get("/feed/list.json")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    drop(unread);
    let grown = world.broker.process().memory_kb().0.saturating_sub(before);
    assert!(grown < 60_000, "the broker has grown by {grown} kB");
}

#[tokio::test]
async fn who_breaks_the_rules_is_told_so_and_another_protocol_gets_nowhere() {
    let world = without_agent().await;
    for (first, payload) in
        [(0x81, &b"text"[..]), (0x82 | 0x40, b"extended"), (0x80, b"goes on"), (0x83, b"?")]
    {
        let mut stranger = WebSocket::open(world.bridge.port()).await.unwrap();
        stranger.frame(first, payload).await;
        assert_eq!(within("the end", SOON, stranger.end()).await, Some(1002), "{first:x}");
    }
    let mut stranger = WebSocket::open(world.bridge.port()).await.unwrap();
    stranger.frame(0x82, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(within("the end", SOON, stranger.end()).await, Some(1000));
}

#[tokio::test]
async fn strangers_who_say_no_end_of_who_they_are_fill_nothing_at_the_broker() {
    let world = without_agent().await;
    let before = world.broker.process().memory_kb().0;
    // A client of this name would have 2.6 MB to say before it is known whether it may.
    let begun = [&b"\x10\xff\xd8\x9e\x01\x00\x04MQTT\x04\x02\x00\x3c\xff\xff"[..], &[b'x'; 100_000]].concat();
    for _ in 0..30 {
        let mut stranger = WebSocket::open(world.bridge.port()).await.unwrap();
        stranger.frame(0x82, &begun).await;
        assert!(matches!(within("the end", SOON, stranger.end()).await, Some(1008) | None));
    }
    let grown = world.broker.process().memory_kb().0.saturating_sub(before);
    assert!(grown < 4_000, "the broker has grown by {grown} kB");
}

#[tokio::test]
async fn there_is_room_for_as_many_as_the_limit_says() {
    let world =
        World::with(Options { agent: false, limits: "websockets = 2".into(), ..Options::default() }).await;
    let port = world.bridge.port();
    let held = (WebSocket::open(port).await.unwrap(), WebSocket::open(port).await.unwrap());
    let refused = WebSocket::open(port).await.unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    assert_eq!(world.client.get_anonymously("/-/health").await.status, 200);
    drop(held);
    until("a place to be free again", SOON, async || WebSocket::open(port).await.ok()).await;
}
