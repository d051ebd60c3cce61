//! Lines break and brokers restart; the agent notices, and comes back.

use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{Options, World};
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
    let mut pauses = Vec::new();
    for number in 1..=3 {
        let start = Instant::now();
        until("another try", SOON, async || (world.line.connections() >= before + number).then_some(()))
            .await;
        pauses.push(start.elapsed());
    }
    // After 1, 2 and 4 seconds, of which chance takes off up to half.
    for (pause, least) in pauses.iter().zip([500, 1000, 2000]) {
        assert!(*pause > Duration::from_millis(least - 200), "no pause between two tries: {pauses:?}");
    }
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
