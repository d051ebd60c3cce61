//! Two accounts cannot reach each other's homes, by any topic, name, key or address.

use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::world::{NAME, OTHER, World};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

#[tokio::test]
async fn nobody_gets_at_another_accounts_home() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let bob = Browser::sign_in(&world.client, OTHER).await;

    // By topic.
    let mut thief = Peer::connect(port, OTHER, &world.other_password).await;
    for topic in [
        "#",
        "+/#",
        "user/#",
        "user/+/request",
        "user/+/status",
        "user/+/response/#",
        "user/alice/#",
        "user/alice/request",
        "user/alice/status",
        "user/alice/response/#",
        "user/bob/#",
        "user/bob/+",
        "user/bob/response/#",
        "user/Alice/request",
        "user/alice.cabin/request",
        "user/bob/../alice/request",
        "user//request",
        "$SYS/#",
        "$CONTROL/#",
        "$CONTROL/dynamic-security/v1/response",
        "$share/x/user/alice/request",
        "$share/x/user/#",
        "$share/x/#",
    ] {
        assert!(!thief.subscribe(topic).await, "bob may hear {topic}");
    }
    for topic in [
        "user/alice/status",
        "user/alice/request",
        "user/alice/response/x",
        "user/bob/request",
        "user/alice.cabin/status",
        "$CONTROL/dynamic-security/v1",
    ] {
        let message = json!({"v": 2, "state": "offline", "commands": [{"command": "deleteClient", "username": "alice"}]});
        thief.publish(topic, message.to_string()).await;
        thief.retain(topic, message.to_string()).await;
    }
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert!(world.can_connect(NAME, &world.broker_password).await);
    drop(thief);

    // By name: at the broker, the password and the name belong together.
    for name in [NAME, "Bob", "BOB", "bob.home", "alice.cabin", "bridge", "admin"] {
        assert!(!world.can_connect(name, &world.other_password).await, "bob is {name}");
    }

    // By key, address and code.
    let key = &world.other.write_key;
    for path in ["/feed/list.json", "/-/h/home/feed/list.json"] {
        world.client.get(path, key).await.assert_refused(503, "home_offline");
    }
    let (_, code) = alice.adds("Cabin").await;
    for path in [
        "/-/h/cabin/feed/list.json",
        "/-/h/alice/feed/list.json",
        "/-/h/alice.cabin/feed/list.json",
        "/-/h/../feed/list.json",
        "/-/h//feed/list.json",
    ] {
        let answer = world.client.raw_get(path, key).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text());
    }
    for (method, path) in [
        (Method::PATCH, "/-/homes/cabin"),
        (Method::DELETE, "/-/homes/cabin"),
        (Method::POST, "/-/homes/cabin/pairing"),
        (Method::DELETE, "/-/homes/cabin/credential"),
        (Method::DELETE, "/-/homes/alice.cabin"),
    ] {
        let answer = bob.does(method.clone(), path, json!({"title": "mine"})).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
    }
    for more in [vec![("remoteaccess", "1")], vec![("remoteaccess", "1"), ("home", "cabin")], vec![]] {
        let answer = world.client.connects_home(OTHER, &code, &more).await;
        assert_eq!(answer["success"], false, "bob used alice's code: {answer}");
    }
    // A home of bob's that is called like one of alice's is another one.
    let answer =
        world.client.connects_home(OTHER, PASSWORD, &[("remoteaccess", "1"), ("home", "cabin")]).await;
    assert_eq!(answer["remoteaccess"]["mqtt_username"], "bob.cabin", "{answer}");
    let forged = world.client.request(Method::DELETE, "/-/homes/home").header(COOKIE, &alice.cookie);
    let forged = Answer::of(forged.header("origin", "https://evil.example")).await;
    assert_eq!(forged.status, 401, "another site deleted a home");
    assert_eq!(alice.homes().await.len(), 2);
}

#[tokio::test]
async fn a_last_will_reaches_no_other_home() {
    let world = World::start().await;
    let thief = Peer::connect_with_will(
        world.broker.ports().plain,
        OTHER,
        &world.other_password,
        &format!("user/{NAME}/status"),
        &json!({"v": 2, "state": "offline", "install": ""}).to_string(),
    )
    .await;
    drop(thief);
    let mut ear = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    assert!(ear.subscribe(&format!("user/{NAME}/status")).await);
    assert_eq!(ear.next().await.json()["state"], "online");
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}
