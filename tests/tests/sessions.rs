//! What MQTT 5 lets a client leave at a broker: sessions that last, and last wills that are said later.

use remoteaccess_common::trust;
use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::ports;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, LastWill, LastWillProperties, Packet};
use rumqttc::v5::{Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use serde_json::{Value, json};

/// How long after the connection's end a last will is said, in seconds: a thief's, and later an honest home's.
const SOONER: u32 = 3;
const LATER: u32 = 5;

#[derive(Clone, Copy, Debug)]
enum Door {
    Tls,
    WebSocket,
}

async fn world() -> World {
    World::with(Options { agent: false, ..Options::default() }).await
}

fn online(install: &str) -> String {
    json!({"v": 2, "state": "online", "agent": "0", "install": install, "since": 1_800_000_000}).to_string()
}

/// Connects as `name` to have a session that lasts, whose last will says that `install` is online, and says it late.
async fn squats(
    world: &World,
    door: Door,
    (name, password): (&str, &str),
    install: &str,
    delay: u32,
) -> EventLoop {
    rustls::crypto::ring::default_provider().install_default().ok();
    let tls = trust::client(Some(world.broker.ca())).expect("the test's own authority");
    let tls = TlsConfiguration::Rustls(tls.into());
    let ports = world.broker.ports();
    // By WebSocket, nobody who is not known yet may say more.
    let (host, port, transport, large) = match door {
        Door::Tls => ("localhost".to_owned(), ports.tls, Transport::tls_with_config(tls), 60_000),
        Door::WebSocket => {
            let port = world.bridge.port();
            (format!("ws://127.0.0.1:{port}/mqtt"), port, Transport::ws(), 10_000)
        }
    };
    let mut options = MqttOptions::new(format!("squatter-{}", ports::random_hex::<4>()), host, port);
    options.set_credentials(name, password).set_clean_start(false).set_transport(transport);
    options.set_session_expiry_interval(Some(3600));
    let delay = LastWillProperties {
        delay_interval: Some(delay),
        payload_format_indicator: None,
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: vec![("large".into(), "x".repeat(large))],
    };
    options.set_last_will(LastWill::new(
        format!("user/{name}/status"),
        online(install),
        QoS::AtMostOnce,
        true,
        Some(delay),
    ));
    let (client, mut events) = rumqttc::v5::AsyncClient::new(options, 10);
    let connected = within("an answer of the broker", SOON, events.poll()).await.expect("it may connect");
    assert!(matches!(
        connected,
        Event::Incoming(Packet::ConnAck(answer)) if answer.code == ConnectReturnCode::Success
    ));
    // The event loop alone stays; it ends when it is dropped.
    std::mem::forget(client);
    events
}

#[tokio::test]
async fn a_home_has_one_session_whatever_it_calls_itself() {
    let world = world().await;
    let mut before: Option<EventLoop> = None;
    for door in [Door::Tls, Door::Tls, Door::WebSocket, Door::WebSocket, Door::Tls] {
        let events = squats(&world, door, (OTHER, &world.other_password), "x", LATER).await;
        if let Some(mut before) = before.replace(events) {
            let end = within("the one before to be cut", SOON, async {
                loop {
                    match before.poll().await {
                        Err(_) | Ok(Event::Incoming(Packet::Disconnect(_))) => return,
                        Ok(_) => {}
                    }
                }
            });
            end.await;
        }
    }
}

/// Somebody with bob's credential was connected, and left something to be said in [`SOONER`] seconds.
async fn thief_was_here(world: &World) {
    drop(squats(world, Door::Tls, (OTHER, &world.other_password), "thief", SOONER).await);
    until("the session to lose its connection", SOON, async || {
        world.broker.log().contains(&format!("Client {OTHER} closed its connection")).then_some(())
    })
    .await;
}

/// An honest home's will is said later, which shows that the thief's would have been.
async fn only_the_honest_word_is_said(world: &World, ear: &mut Peer) {
    drop(squats(world, Door::Tls, (NAME, &world.broker_password), "honest", LATER).await);
    loop {
        let word = String::from_utf8_lossy(&ear.next().await.payload).into_owned();
        assert!(!word.contains("thief"), "{word}");
        if word.contains("honest") {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_thief_left_to_be_said_later_is_never_said_once_the_owner_has_a_new_credential() {
    let world = world().await;
    let mut ear = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(ear.subscribe("user/+/status").await);

    thief_was_here(&world).await;
    let bob = Browser::sign_in(&world.client, OTHER).await;
    assert_eq!(bob.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await.status, 200);
    let password = world.client.device_password(OTHER, PASSWORD).await;
    assert_ne!(password, world.other_password);
    assert!(world.can_connect(OTHER, &password).await);
    only_the_honest_word_is_said(&world, &mut ear).await;
}

/// Its credential stays as it was, so the broker would let its will through.
#[tokio::test]
async fn a_home_that_is_cut_leaves_nothing_to_be_said_later() {
    let world = world().await;
    let mut ear = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(ear.subscribe("user/+/status").await);
    thief_was_here(&world).await;
    let mut flood = Peer::connect(world.broker.ports().plain, OTHER, &world.other_password).await;
    for _ in 0..40 {
        flood.try_publish(&format!("user/{OTHER}/status"), online("flood")).await;
    }
    within("it to be cut", SOON, flood.is_cut()).await;
    world.bridge.process().logged("is cut off for a minute").await;
    only_the_honest_word_is_said(&world, &mut ear).await;
}
