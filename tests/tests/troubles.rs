//! Every reason for which there is no session is told apart, in words for the owner.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::broker::Broker;
use remoteaccess_tests::certs;
use remoteaccess_tests::ports;
use remoteaccess_tests::world::{NAME, Options, World};
use serde_json::{Value, json};

/// What an agent with this change to its configuration says of itself.
async fn trouble(world: &World, change: impl FnOnce(&mut Value), state: &str) -> String {
    let mut config = world.config(&Options::default());
    change(&mut config);
    let agent = Agent::start(&config, 30);
    let status = agent.reaches(state).await;
    let message = status["message"].as_str().expect("a state has a message").to_owned();
    assert!(message.len() > 20 && !message.contains("Error {"), "no words for people: {message}");
    assert!(!message.contains(&world.broker_password));
    message
}

#[tokio::test]
async fn every_trouble_has_its_own_words() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let strangers = Broker::start_as(&["broker.example"], &[(NAME, &world.broker_password)]).await;
    let late = Broker::start_expired(&[(NAME, &world.broker_password)]).await;
    let other = tempfile::tempdir().expect("the temporary folder is writable");
    let other_ca = certs::make(other.path(), &certs::LOCAL).ca;
    let nobody = ports::free();

    let wrong_password = trouble(&world, |c| c["MQTT_PASSWORD"] = json!("guess"), "wrong_password");
    let wrong_name = trouble(&world, |c| c["MQTT_USERNAME"] = json!("nobody"), "wrong_password");
    let wrong_ca = trouble(&world, |c| c["MQTT_CA_FILE"] = json!(other_ca), "tls_error");
    let wrong_host = trouble(
        &world,
        |c| {
            c["MQTT_PORT"] = json!(strangers.ports().tls);
            c["MQTT_CA_FILE"] = json!(strangers.ca());
        },
        "tls_error",
    );
    let expired = trouble(
        &world,
        |c| {
            c["MQTT_PORT"] = json!(late.ports().tls);
            c["MQTT_CA_FILE"] = json!(late.ca());
        },
        "tls_error",
    );
    // A broker without TLS hangs up on whoever begins with it, and no more can be known.
    let no_tls_there = trouble(&world, |c| c["MQTT_PORT"] = json!(world.broker.ports().plain), "unreachable");
    let nobody_there = trouble(&world, |c| c["MQTT_PORT"] = json!(nobody), "unreachable");
    let no_such_host = trouble(&world, |c| c["MQTT_HOST"] = json!("nowhere.invalid"), "unreachable");

    let (a, b, c, d) = tokio::join!(wrong_password, wrong_name, wrong_ca, wrong_host);
    let (e, f, g, h) = tokio::join!(no_tls_there, nobody_there, no_such_host, expired);
    assert_eq!(a, b, "a wrong name must not be told from a wrong password");
    assert!(h.contains("expired") && h.contains("clock"), "{h}");
    let mut different = vec![a, c, d, e, f, g, h];
    std::eprintln!("{different:#?}");
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 7, "two troubles share their words: {different:#?}");
}

#[tokio::test]
async fn without_its_ca_file_it_does_not_go_on_without_tls() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let mut config = world.config(&Options::default());
    config["MQTT_CA_FILE"] = json!("/nonexistent/ca.crt");
    let agent = Agent::start(&config, 30);
    agent
        .says("the missing file", |status| {
            matches!(status["state"].as_str(), Some("tls_error" | "bad_config"))
        })
        .await;
    assert!(!world.broker.log().contains(&format!("u'{NAME}'")), "it logged in: {}", world.broker.log());
}
