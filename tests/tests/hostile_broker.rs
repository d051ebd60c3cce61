//! Nobody gets further than they may by talking to the broker, however much or strangely they talk.

use remoteaccess_protocol::topic::ALL_RESPONSES;
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::intruder::Intruder;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, Options, World};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn homes_are_kept_apart_by_the_broker() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    assert!(Peer::try_connect(port, "bob", "guess").await.is_err());
    assert!(Peer::try_connect(port, "", "").await.is_err(), "nobody gets in without a name");

    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(alice.subscribe(&format!("user/{NAME}/request")).await);
    let mut bridge = Peer::connect(port, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(bridge.subscribe(ALL_RESPONSES).await);
    let mut bob = Peer::connect(port, "bob", &world.other_password).await;
    for topic in [&format!("user/{NAME}/request"), "user/+/request", "#", "user/+/status", "$SYS/#"] {
        // Mosquitto grants what it will never deliver; what counts is that nothing comes.
        bob.subscribe(topic).await;
    }
    bob.publish(&format!("user/{NAME}/response/b-3"), "forged").await;
    bob.publish(&format!("user/{NAME}/request"), "forged").await;
    bob.publish(&format!("user/{NAME}/status"), r#"{"v":2,"state":"offline"}"#).await;
    bob.publish("user/bob/response/b-3", "the last").await;
    let message = bridge.next().await;
    assert_eq!(
        (message.topic.as_str(), message.payload.as_slice()),
        ("user/bob/response/b-3", &b"the last"[..])
    );
    assert_eq!(world.get("/feed/list.json").await.status, 200, "the home's presence was forged");
    assert_eq!(alice.next().await.json()["action"], "list", "the first that alice hears is honest");
    assert!(bob.next_within(Duration::from_secs(1)).await.is_none(), "bob hears alice");
}

#[tokio::test]
async fn an_answer_from_another_home_answers_nothing() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    let mut ear = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(ear.subscribe(&format!("user/{NAME}/request")).await);
    let bob = Peer::connect(port, "bob", &world.other_password).await;

    world.emoncms.order("feed/value", Fault::Slow(Duration::from_millis(1500)));
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let asking = tokio::spawn(async move { client.get("/feed/value.json?id=2", &key).await });
    let request = ear.next().await.json();
    let (id, client) =
        (request["id"].as_str().expect("an id"), request["clientId"].as_str().expect("a client"));
    let frame = |id: &str| {
        let head =
            json!({"v": 2, "id": id, "seq": 0, "last": true, "status": 200, "type": "application/json"});
        format!("{head}\n\"forged\"")
    };
    let topic = format!("user/bob/response/{client}");
    bob.publish(&topic, frame(id)).await;
    bob.publish(&topic, json!({"request": request, "result": "forged"}).to_string()).await;
    bob.publish(
        &topic,
        format!("{}\n", json!({"v": 2, "id": id, "status": 403, "error": "denied", "message": "x"})),
    )
    .await;
    let answer = within("the answer", SOON, asking).await.expect("a caller does not panic");
    assert_eq!(answer.status, 200);
    assert!(answer.json().is_number(), "forged: {}", answer.text());
}

/// Somebody with a home's name and password, and the bridge's client id as overheard there.
async fn overhearing(world: &World) -> (Peer, String) {
    let mut alice = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    assert!(alice.subscribe(&format!("user/{NAME}/request")).await);
    world.get("/feed/list.json").await;
    let client = alice.next().await.json()["clientId"].as_str().expect("a client").to_owned();
    (alice, client)
}

#[tokio::test]
async fn nobody_can_take_the_bridges_place_by_the_client_id_that_homes_see() {
    let world = World::start().await;
    let (_alice, client) = overhearing(&world).await;
    let (port, before) = (world.broker.ports().plain, world.bridge.process().log());
    let connections = |log: &str| log.matches("broker connected").count();
    for _ in 0..3 {
        let mut bob = Peer::connect_as(port, "bob", &world.other_password, &client).await;
        assert!(bob.subscribe("user/bob/request").await);
        let answer = world.get("/feed/list.json").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(connections(&world.bridge.process().log()), connections(&before), "the bridge was cut off");
}

#[tokio::test]
async fn garbage_on_every_topic_ends_no_session() {
    let world = World::start().await;
    let (alice, client) = overhearing(&world).await;
    let intruder = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;

    let mut garbage: Vec<Vec<u8>> = [
        "",
        "\n",
        "{}",
        "{}\n",
        "[]",
        "null",
        "{\"v\":2}\n",
        "{\"v\":2,\"id\":\"\"}",
        "DISCONNECTED",
        "\u{0}",
        "{\"v\":2,\"id\":\"x\",\"seq\":99999999999,\"last\":true,\"status\":200}\n",
        "{\"request\":{\"id\":\"x\"}}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"credit\":18446744073709551615}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"credit\":-1}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"cancel\":true}",
        "{\"clientId\":\"../../x\",\"controller\":\"feed\",\"action\":\"list\"}",
        "{\"clientId\":\"#\",\"action\":\"feed/list\"}",
        "{\"clientId\":\"a/b\",\"controller\":\"feed\",\"action\":\"list\",\"data\":[]}",
        "{\"v\":2,\"state\":\"on\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    garbage.push(vec![0xff; 100]);
    garbage.push(b"[".repeat(100_000));
    garbage.push(b"{\"a\":".repeat(20_000));
    for bytes in &garbage {
        intruder.publish(&format!("user/{NAME}/request"), bytes.clone()).await;
        alice.publish(&format!("user/{NAME}/response/{client}"), bytes.clone()).await;
        // An empty one is what a bridge says for a home that it has cut.
        if !bytes.is_empty() {
            alice.publish(&format!("user/{NAME}/status"), bytes.clone()).await;
        }
        alice.publish(&format!("user/{NAME}/response/{client}/deeper"), bytes.clone()).await;
    }
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.client.get_anonymously("/-/ready").await.status, 200);
    assert_eq!(world.line.connections(), 1, "the agent lost its session");
    assert!(!world.bridge.process().log().to_lowercase().contains("panicked"));
}

#[tokio::test]
async fn messages_as_large_as_the_broker_passes_end_no_session() {
    let world = World::start().await;
    let (alice, client) = overhearing(&world).await;
    let mut intruder = Intruder::enter(&world).await;

    for size in [300_000, 1_000_000, 2_600_000] {
        let request = json!({"controller": "feed", "action": "list", "data": {"x": "y".repeat(size)}});
        assert_eq!(intruder.ask(&request).await["error"], "request_too_large", "{size} bytes");
        let head = json!({"v": 2, "id": "x", "seq": 0, "last": true, "status": 200});
        alice
            .publish(&format!("user/{NAME}/response/{client}"), format!("{head}\n{}", "z".repeat(size)))
            .await;
        assert_eq!(world.get("/feed/list.json").await.status, 200, "after {size} bytes");
    }
    assert_eq!(world.line.connections(), 1, "the agent lost its session");
    let log = world.bridge.process().log();
    assert_eq!(log.matches("broker connected").count(), 1, "the bridge lost its session:\n{log}");
}

#[tokio::test]
async fn kept_requests_are_never_run() {
    let mut world = World::start().await;
    let mut intruder = Intruder::enter(&world).await;
    let request = json!({
        "clientId": intruder.id, "controller": "feed", "action": "insert", "subaction": "",
        "data": {"id": "1", "value": "5"},
    });
    world.agent.stop();
    intruder.peer.retain(&format!("user/{NAME}/request"), request.to_string()).await;
    for _ in 0..2 {
        world.agent.launch();
        world.comes_online().await;
        assert_eq!(world.get("/feed/list.json").await.status, 200);
        assert_eq!(world.emoncms.seen_for("feed/insert").len(), 0, "a kept request was run");
        world.agent.stop();
    }
}

#[tokio::test]
async fn one_flood_does_not_starve_the_next_caller() {
    // Beyond a few hundred messages at once the home answers no more; whoever asks after that is served again.
    let world =
        World::with(Options { limits: "request_timeout_ms = 1000".into(), ..Options::default() }).await;
    let intruder = Intruder::enter(&world).await;
    for number in 0..5000 {
        let request = json!({
            "clientId": intruder.id, "v": 2, "id": format!("f{number}"), "rights": "read",
            "controller": "feed", "action": "timevalue", "data": {"id": 1},
        });
        intruder.peer.publish(&format!("user/{NAME}/request"), request.to_string()).await;
    }
    until("an honest caller to be served", SOON, async || {
        (world.get("/feed/list.json").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(world.line.connections(), 1);
    let (now, _) = world.agent.process().memory_kb();
    assert!(now < 60_000, "the agent holds {now} kB after a flood");
}

#[tokio::test]
async fn secrets_stand_in_no_log_and_no_status() {
    let world = World::start().await;
    world.get("/feed/list.json").await;
    world.client.get_anonymously(&format!("/feed/list.json?apikey={}", world.account.read_key)).await;
    let login = json!({"username": NAME, "password": remoteaccess_tests::bridge::PASSWORD});
    Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await;
    world.emoncms.order("feed/value", Fault::HangUp);
    world.get("/feed/value.json?id=1&private=parameter-value").await;
    world.agent.says("the requests to stand in the status", |status| status["counters"]["failed"] == 1).await;

    let status = world.agent.status().expect("a status").to_string();
    let logs = [world.agent.process().log(), world.bridge.process().log(), status];
    let keys = world.emoncms.keys();
    let secrets = [
        &keys.read,
        &keys.write,
        &world.account.read_key,
        &world.account.write_key,
        &world.broker_password,
        BRIDGE_PASSWORD,
        remoteaccess_tests::bridge::PASSWORD,
        "parameter-value",
    ];
    for secret in secrets {
        for text in &logs {
            assert!(!text.contains(secret), "'{secret}' stands in: {text}");
        }
    }
}
