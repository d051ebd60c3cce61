//! Lines break, brokers restart, passwords are wrong; the agent says which, and comes back.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::broker::Broker;
use remoteaccess_tests::certs;
use remoteaccess_tests::ports;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, Options, World};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The shortest that the agent takes.
const KEEP_ALIVE: u64 = 5;

#[tokio::test]
async fn it_comes_back_after_the_broker_was_restarted() {
    let mut world = World::start().await;
    world.broker.stop();
    world.agent.says("the loss to be noticed", |status| status["state"] != "connected").await;
    world.broker.start_again().await;
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn it_comes_back_after_the_line_was_cut() {
    let world = World::start().await;
    for _ in 0..2 {
        let before = world.line.connections();
        world.line.cut();
        until("a new connection", SOON, async || (world.line.connections() > before).then_some(())).await;
        world.comes_online().await;
        assert_eq!(world.get("/feed/list.json").await.status, 200);
    }
}

#[tokio::test]
async fn a_line_that_refuses_is_tried_with_longer_and_longer_pauses() {
    let world = World::start().await;
    world.line.refuse();
    let before = world.line.connections();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let tries = world.line.connections() - before;
    assert!((2..=6).contains(&tries), "{tries} tries in 8 seconds");
    world.line.mend();
    world.comes_online().await;
}

#[tokio::test]
async fn a_dead_line_is_noticed_within_two_keep_alives() {
    let world = World::with(Options { keep_alive: KEEP_ALIVE, ..Options::default() }).await;
    world.line.stall();
    let start = Instant::now();
    let status =
        world.agent.says("the dead line to be noticed", |status| status["state"] != "connected").await;
    let took = start.elapsed();
    // The status is written at most once a second.
    assert!(took < Duration::from_secs(2 * KEEP_ALIVE + 2), "it took {took:?}");
    assert!(status["message"].as_str().is_some_and(|text| !text.is_empty()));
    world.goes_offline().await;
    world.line.mend();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_broker_that_hangs_is_noticed_too() {
    let world = World::with(Options { keep_alive: KEEP_ALIVE, ..Options::default() }).await;
    world.broker.freeze();
    world.agent.says("the hanging broker to be noticed", |status| status["state"] != "connected").await;
    world.broker.thaw();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_slow_emoncms_does_not_end_the_session() {
    let options =
        Options { keep_alive: KEEP_ALIVE, limits: "request_timeout_ms = 30000".into(), ..Options::default() };
    let world = World::with(options).await;
    world.emoncms.order("feed/value", Fault::Slow(Duration::from_secs(3 * KEEP_ALIVE)));
    assert_eq!(world.get("/feed/value.json?id=1").await.status, 200);
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn mqtt_over_websockets_serves_as_well() {
    let world = World::with(Options { websockets: true, ..Options::default() }).await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.post("/input/post.json", &[("node", "a"), ("data", "{b:1}")]).await.text(), "ok");
    world.emoncms.order("feed/csvexport", Fault::Export(5_000_000));
    let export = world.get("/feed/csvexport.json?id=1&start=0&end=1&interval=1").await;
    assert_eq!(export.body.len(), 5_000_000);
}

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
    // A broker without TLS hangs up on whoever begins with it, and no more can be known.
    let no_tls_there = trouble(&world, |c| c["MQTT_PORT"] = json!(world.broker.ports().plain), "unreachable");
    let nobody_there = trouble(&world, |c| c["MQTT_PORT"] = json!(nobody), "unreachable");
    let no_such_host = trouble(&world, |c| c["MQTT_HOST"] = json!("nowhere.invalid"), "unreachable");

    let (a, b, c, d) = tokio::join!(wrong_password, wrong_name, wrong_ca, wrong_host);
    let (e, f, g) = tokio::join!(no_tls_there, nobody_there, no_such_host);
    assert_eq!(a, b, "a wrong name must not be told from a wrong password");
    let mut different = vec![a, c, d, e, f, g];
    std::eprintln!("{different:#?}");
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 6, "two troubles share their words: {different:#?}");
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

#[tokio::test]
async fn a_second_agent_waits_and_takes_over_when_the_first_leaves() {
    let mut world = World::start().await;
    let second = Agent::new(30);
    let keep_asking = {
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        tokio::spawn(async move {
            let mut refusals = Vec::new();
            for _ in 0..300 {
                let answer = client.get("/feed/value.json?id=1", &key).await;
                if answer.status != 200 {
                    refusals.push(answer.text());
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            refusals
        })
    };
    second.write_config(&world.agent.config());
    let mut second = second;
    second.launch();
    second.reaches("account_in_use").await;
    let refusals = keep_asking.await.expect("a caller does not panic");
    assert!(refusals.is_empty(), "the newcomer disturbed {} of 300: {refusals:?}", refusals.len());

    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.line.connections(), 2, "they fight over the account");
    assert_eq!(world.agent.status().expect("a status")["state"], "connected");
    assert_eq!(second.status().expect("a status")["state"], "account_in_use");

    world.agent.stop();
    second.reaches("connected").await;
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_second_agent_takes_over_from_one_that_died() {
    let mut world = World::start().await;
    let second = Agent::start(&world.agent.config(), 30);
    second.reaches("account_in_use").await;
    world.agent.kill();
    second.reaches("connected").await;
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn an_agent_that_stops_finishes_what_runs_and_says_goodbye() {
    let mut world = World::start().await;
    world.emoncms.order("feed/value", Fault::Slow(Duration::from_millis(1500)));
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let running = tokio::spawn(async move { client.get("/feed/value.json?id=1", &key).await });
    until("the request to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.agent.terminate();
    let answer = within("the running request", SOON, running).await.expect("a caller does not panic");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(world.agent.wait(SOON).is_some_and(|status| status.success()), "it ends well");
    world.get("/feed/list.json").await.assert_refused(503, "home_offline");
    let status = world.agent.status().expect("the status outlives the agent");
    assert_eq!(status["state"], "stopped");
}

#[tokio::test]
async fn a_restarted_agent_serves_at_once() {
    let mut world = World::start().await;
    for _ in 0..2 {
        world.agent.kill();
        world.agent.launch();
        let start = Instant::now();
        world.agent.reaches("connected").await;
        world.is_served().await;
        assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_home_survives_a_restart_of_the_bridge() {
    let world = World::start().await;
    let setup = remoteaccess_tests::bridge::Setup {
        broker_port: world.broker.ports().plain,
        keep_alive: 30,
        accounts: vec![world.account.clone()],
        limits: String::new(),
    };
    // A second bridge beside the first: both serve.
    let second = remoteaccess_tests::bridge::Bridge::start(&setup).await;
    let client = remoteaccess_tests::client::Client::new(second.url());
    until("the second bridge to serve", SOON, async || {
        (client.get("/feed/list.json", &world.account.read_key).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.line.connections(), 1);
}
