//! What a home with valid credentials can make the broker keep: its presence, and nothing else for long.

use remoteaccess_common::trust;
use remoteaccess_protocol::topic::{ALL_RESPONSES, BRIDGES};
use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use rumqttc::{
    AsyncClient, ConnectReturnCode, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeReasonCode,
    TlsConfiguration, Transport,
};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

const ONLINE: &str = r#"{"v":2,"state":"online","agent":"x","install":"x","since":1800000000}"#;

const OFFLINE: &str = r#"{"v":2,"state":"offline","agent":"x","install":"x","since":1800000000}"#;

async fn world() -> World {
    World::with(Options { agent: false, ..Options::default() }).await
}

/// Bob's home, at the listener that only the server's own programs reach.
async fn home(world: &World) -> Peer {
    Peer::connect(world.broker.ports().plain, OTHER, &world.other_password).await
}

fn answers(bridge: &str) -> String {
    format!("user/{OTHER}/response/{bridge}")
}

/// How many messages the broker keeps for who subscribes to `filter`.
async fn kept(world: &World, filter: &str) -> usize {
    let mut admin = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(admin.subscribe(filter).await);
    // The broker sends what it keeps before what comes later.
    admin.publish(&filter.replace('+', "nobody"), "the end").await;
    let mut count = 0;
    loop {
        let message = admin.next().await;
        match (message.retained, message.payload.as_slice()) {
            (true, _) => count += 1,
            (false, b"the end") => break,
            (false, _) => {}
        }
    }
    count
}

async fn is_cut(world: &World, why: &str) {
    let browser = Browser::sign_in(&world.client, OTHER).await;
    let events = until("the record of it", SOON, async || {
        let events = browser.does(Method::GET, "/-/account/events", Value::Null).await.text();
        events.contains("home-cut").then_some(events)
    })
    .await;
    assert!(events.contains(why), "{events}");
}

#[tokio::test]
async fn answers_that_a_home_has_the_broker_keep_are_taken_back_and_it_is_cut() {
    let mut world = world().await;
    let mut bob = home(&world).await;
    let large = vec![b'x'; 1 << 20];
    for bridge in BRIDGES {
        bob.retain(&answers(bridge), large.clone()).await;
    }
    assert_eq!(kept(&world, ALL_RESPONSES).await, BRIDGES.len());
    // A bridge looks each minute, and when it comes.
    world.bridge.kill();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.bridge.process().logged("took back 4 messages that homes had made the broker keep").await;
    assert_eq!(kept(&world, ALL_RESPONSES).await, 0);
    within("the session to be cut", SOON, bob.is_cut()).await;
    is_cut(&world, "made the broker keep").await;
}

#[tokio::test]
async fn a_home_can_answer_to_bridges_names_only() {
    let world = world().await;
    let mut bob = home(&world).await;
    for other in ["b-0", "b-5", "b-11", "B-1", "evil", "b-1 "] {
        bob.retain(&answers(other), "x").await;
    }
    bob.retain(&format!("user/{OTHER}/response"), "x").await;
    bob.retain(&format!("user/{OTHER}/response/b-1/more"), "x").await;
    bob.retain("bridge/b-1", "x").await;
    assert_eq!(kept(&world, ALL_RESPONSES).await, 0);
}

#[tokio::test]
async fn a_presence_that_is_none_is_taken_back_and_its_home_is_cut() {
    let world = world().await;
    let mut bob = home(&world).await;
    bob.retain(&format!("user/{OTHER}/status"), vec![b'x'; 1 << 20]).await;
    within("the session to be cut", SOON, bob.is_cut()).await;
    is_cut(&world, "made the broker keep").await;
    assert_eq!(world.bridge.process().log().matches("broker connected").count(), 1, "the bridge is well");
    until("the message to be gone", SOON, async || (kept(&world, "user/+/status").await == 0).then_some(()))
        .await;
}

#[tokio::test]
async fn a_home_that_comes_and_goes_without_end_is_cut() {
    let world = world().await;
    let (bob, mut ear) = (home(&world).await, home(&world).await);
    for _ in 0..40 {
        bob.try_publish(&format!("user/{OTHER}/status"), ONLINE).await;
    }
    within("both sessions to be cut", SOON, ear.is_cut()).await;
    is_cut(&world, "sent far more than it was asked for").await;
}

/// Says so much that it is cut.
async fn floods(world: &World, password: &str) {
    let mut bob = Peer::connect(world.broker.ports().plain, OTHER, password).await;
    for _ in 0..40 {
        bob.try_publish(&format!("user/{OTHER}/status"), ONLINE).await;
    }
    within("the session to be cut", SOON, bob.is_cut()).await;
}

/// How a request to Bob's home is refused.
async fn asked(world: &World) -> String {
    world.client.get("/feed/list.json", &world.other.read_key).await.refusal().1
}

/// Broker and database are compared each minute, and when a bridge comes.
async fn another_bridge_comes(world: &mut World) {
    world.bridge.kill();
    // A home that is wrong at the broker shows when they have been.
    world.broker.command(&json!([{"command": "disableClient", "username": NAME}])).await;
    world.bridge.kill();
    world.bridge.start_again().await;
    world.meet_bridge();
    until("a comparison", SOON * 2, async || {
        world.can_connect(NAME, &world.broker_password).await.then_some(())
    })
    .await;
}

/// Every cut began so long ago.
async fn passes(world: &World, minutes: i64) {
    let file = format!("sqlite:{}", world.bridge.folder().join("bridge.db").display());
    let mut database = SqliteConnection::connect(&file).await.expect("the bridge's database");
    let update = sqlx::query(
        "UPDATE home SET cut_until = cut_until - $1, pardoned = pardoned - $1, renewed = renewed - $1",
    );
    update.bind(60 * minutes).execute(&mut database).await.expect("there are homes");
    database.close().await.expect("it can be closed");
}

/// Takes the credential away and connects the home anew.
async fn pairs_anew(world: &World) -> String {
    let bob = Browser::sign_in(&world.client, OTHER).await;
    assert_eq!(bob.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await.status, 200);
    world.client.device_password(OTHER, PASSWORD).await
}

#[tokio::test]
async fn who_goes_on_after_it_was_cut_is_cut_for_longer_and_let_in_again() {
    let mut world = world().await;
    floods(&world, &world.other_password).await;
    world.bridge.process().logged("and is cut off for a minute").await;
    another_bridge_comes(&mut world).await;
    assert!(!world.can_connect(OTHER, &world.other_password).await, "it was let in too early");
    passes(&world, 2).await;
    another_bridge_comes(&mut world).await;
    until("it to be let in again", SOON, async || {
        world.can_connect(OTHER, &world.other_password).await.then_some(())
    })
    .await;
    floods(&world, &world.other_password).await;
    world.bridge.process().logged("and is cut off for 2 minutes").await;
}

#[tokio::test]
async fn another_credential_ends_a_cut_once_an_hour_and_works_later_otherwise() {
    let mut world = world().await;
    floods(&world, &world.other_password).await;
    world.bridge.process().logged("and is cut off for a minute").await;
    let password = pairs_anew(&world).await;
    assert!(world.can_connect(OTHER, &password).await);

    passes(&world, 1).await;
    another_bridge_comes(&mut world).await;
    floods(&world, &password).await;
    world.bridge.process().logged("and is cut off for a minute").await;
    let password = pairs_anew(&world).await;
    assert!(!world.can_connect(OTHER, &password).await, "once an hour");
    let bob = Browser::sign_in(&world.client, OTHER).await;
    assert!(bob.homes().await[0]["cut_until"].is_u64(), "its owner can see why");
    // Nor does it help to make the home anew.
    assert_eq!(bob.does(Method::DELETE, "/-/homes/home", Value::Null).await.status, 200);
    let password = world.client.device_password(OTHER, PASSWORD).await;
    assert!(!world.can_connect(OTHER, &password).await, "once an hour");
    passes(&world, 2).await;
    another_bridge_comes(&mut world).await;
    until("it to be let in again", SOON, async || world.can_connect(OTHER, &password).await.then_some(()))
        .await;
    let bob = Browser::sign_in(&world.client, OTHER).await;
    assert_eq!(bob.homes().await[0]["cut_until"], Value::Null);
}

#[tokio::test]
async fn another_credential_is_not_cut_for_what_an_earlier_one_did() {
    let world = world().await;
    let thief = home(&world).await;
    let large = vec![b'x'; 1 << 20];
    let sending = async { while thief.try_publish(&answers(BRIDGES[0]), large.clone()).await {} };
    within("the session to be cut", SOON, sending).await;
    world.bridge.process().logged("and is cut off for a minute").await;
    let password = pairs_anew(&world).await;
    // What the earlier one has used up is not made up for yet, so each word is one too many, and nothing is asked.
    assert_eq!(asked(&world).await, "busy");
    let bob = Peer::connect(world.broker.ports().plain, OTHER, &password).await;
    for _ in 0..10 {
        bob.try_publish(&format!("user/{OTHER}/status"), OFFLINE).await;
    }
    until("it to be forgiven", SOON / 3, async || (asked(&world).await == "home_offline").then_some(()))
        .await;
    assert!(world.can_connect(OTHER, &password).await);
    // But once: the next one does not shield from what this one does.
    passes(&world, 1).await;
    let password = pairs_anew(&world).await;
    floods(&world, &password).await;
    assert!(!world.can_connect(OTHER, &password).await);
}

#[tokio::test]
async fn another_credential_that_floods_itself_is_cut_within_seconds_and_what_was_pardoned_is_told_once() {
    let world = world().await;
    let password = pairs_anew(&world).await;
    let bob = Peer::connect(world.broker.ports().plain, OTHER, &password).await;
    let sending = async {
        while bob.try_publish(&format!("user/{OTHER}/status"), OFFLINE).await {
            // No faster than a bridge with a long log can read.
            asked(&world).await;
        }
    };
    within("the session to be cut", SOON, sending).await;
    world.bridge.process().logged("and is cut off for a minute").await;
    assert_eq!(world.bridge.process().log().matches("with an earlier credential").count(), 1);
    assert!(!world.can_connect(OTHER, &password).await);
}

/// Bob's home, as from outside: at the listener for homes.
async fn from_outside(
    world: &World,
    clean: bool,
) -> (AsyncClient, EventLoop, Result<bool, rumqttc::ConnectionError>) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let tls = trust::client(Some(world.broker.ca())).expect("the test's own authority");
    let mut options = MqttOptions::new("bob-at-home", "localhost", world.broker.ports().tls);
    options.set_credentials(OTHER, &world.other_password).set_clean_session(clean);
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.into())));
    let (client, mut events) = AsyncClient::new(options, 10);
    let connected = within("an answer of the broker", SOON, events.poll()).await;
    let connected = connected.map(|event| match event {
        Event::Incoming(Packet::ConnAck(answer)) => {
            assert_eq!(answer.code, ConnectReturnCode::Success);
            answer.session_present
        }
        other => panic!("the broker begins with {other:?}"),
    });
    (client, events, connected)
}

async fn next(events: &mut EventLoop) -> Packet {
    loop {
        match within("the broker", SOON, events.poll()).await.expect("the connection stands") {
            Event::Incoming(packet) => return packet,
            Event::Outgoing(_) => {}
        }
    }
}

#[tokio::test]
async fn nothing_is_collected_for_a_home_that_is_away() {
    let world = world().await;
    let (client, mut events, connected) = from_outside(&world, false).await;
    assert!(!connected.expect("it may connect"));
    let status = format!("user/{OTHER}/status");
    client.subscribe(&status, QoS::ExactlyOnce).await.expect("there is room");
    let Packet::SubAck(answer) = next(&mut events).await else { panic!("no answer to a subscription") };
    assert_eq!(answer.return_codes, [SubscribeReasonCode::Success(QoS::AtMostOnce)]);
    drop((client, events));
    until("the session to end", SOON, async || {
        world.broker.log().contains(&format!("Client {OTHER} closed its connection")).then_some(())
    })
    .await;

    let mut admin = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    for _ in 0..3 {
        admin.retain(&status, "collected").await;
    }
    admin.retain(&status, "").await;
    let (client, mut events, connected) = from_outside(&world, false).await;
    assert!(connected.expect("it may connect"), "the broker has forgotten the session");
    client.subscribe(&status, QoS::AtMostOnce).await.expect("there is room");
    let packet = next(&mut events).await;
    assert!(matches!(packet, Packet::SubAck(_)), "{packet:?}");
}

#[tokio::test]
async fn a_home_that_wants_its_messages_stored_is_cut_off_by_the_broker() {
    let world = world().await;
    let (client, mut events, _connected) = from_outside(&world, true).await;
    client
        .publish(format!("user/{OTHER}/status"), QoS::AtLeastOnce, false, "x")
        .await
        .expect("there is room");
    let end = within("the broker to cut it", SOON, async {
        loop {
            if let Err(error) = events.poll().await {
                return error;
            }
        }
    });
    end.await;
    world.broker.logged(&format!("Too high QoS in PUBLISH from {OTHER}")).await;
    assert_eq!(world.client.connects_home(OTHER, PASSWORD, &[]).await["success"], true, "the bridge is well");
}

#[tokio::test]
async fn two_bridges_with_one_number_are_told_so() {
    let world = world().await;
    let other = world.bridge.beside(1).await;
    let said = "another bridge at this broker has the same broker.instance";
    world.bridge.process().logged(said).await;
    let ready = world.client.get("/-/ready", "").await;
    ready.assert_refused(503, "broker_offline");
    assert!(ready.text().contains("give each one its own, 1 to 4"), "{}", ready.text());
    drop(other);
}
