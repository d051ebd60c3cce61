//! The broker dies, hangs, or runs out of room: callers are told, nothing that writes runs twice, and all is well again.

use remoteaccess_tests::client::Answer;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{Options, World};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The shortest that agent and bridge take.
const KEEP_ALIVE: u64 = 5;

/// How long it takes from now until the home is served.
async fn well_again(world: &World, within: Duration) {
    let start = Instant::now();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
    assert!(start.elapsed() < within, "it took {:?}", start.elapsed());
}

#[tokio::test]
async fn a_broker_that_is_killed_is_told_at_once_and_missed_for_seconds_only() {
    let mut world = World::start().await;
    world.emoncms.order("input/post", Fault::Hang);
    let (client, key) = (world.client.clone(), world.account.write_key.clone());
    let form = [("node", "a"), ("data", "{b:1}")];
    let waiting = tokio::spawn(async move { client.post("/input/post.json", &key, &form).await });
    until("the request to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.broker.kill();
    let answer = within("the waiting one to be told", Duration::from_secs(3), waiting).await;
    let answer = answer.expect("a caller does not panic");
    answer.assert_refused(503, "broker_offline");
    assert_eq!(answer.json()["may_have_run"], true, "{}", answer.text());

    let start = Instant::now();
    let answer = world.post("/input/post.json", &form).await;
    answer.assert_refused(503, "broker_offline");
    assert_eq!(answer.json()["may_have_run"], serde_json::Value::Null, "it was never sent");
    assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());

    world.emoncms.behave();
    world.broker.start_again().await;
    // Both sides try again after a second, and after longer pauses only where that fails.
    well_again(&world, Duration::from_secs(10)).await;
    assert_eq!(world.emoncms.seen_for("input/post").len(), 1);
}

#[tokio::test]
async fn a_broker_that_hangs_is_a_time_out_until_it_is_noticed() {
    let options = Options {
        keep_alive: KEEP_ALIVE,
        bridge_keep_alive: KEEP_ALIVE,
        limits: "request_timeout_ms = 1500".into(),
        ..Options::default()
    };
    let world = World::with(options).await;
    world.broker.freeze();
    let start = Instant::now();
    world.get("/feed/list.json").await.assert_refused(504, "home_timeout");
    assert!((1..4).contains(&start.elapsed().as_secs()), "it took {:?}", start.elapsed());
    until("the bridge to know", SOON, async || {
        (world.get("/feed/list.json").await.refusal() == (503, "broker_offline".into())).then_some(())
    })
    .await;
    let noticed = start.elapsed();
    assert!(noticed < Duration::from_secs(2 * KEEP_ALIVE + 3), "it was noticed after {noticed:?}");
    world.broker.thaw();
    // Connections that were tried meanwhile have to be given up first: 10 s at the bridge, 20 s at home.
    well_again(&world, Duration::from_secs(30)).await;
}

#[tokio::test]
async fn what_a_full_queue_loses_is_a_time_out_and_nothing_that_comes_after() {
    let mut world = World::with(Options {
        limits: "request_timeout_ms = 2000\nrequests_per_home = 200".into(),
        ..Options::default()
    })
    .await;
    world.broker.stop();
    world.broker.configure("max_queued_messages 10\nmax_queued_bytes 65536\n");
    world.broker.start_again().await;
    world.comes_online().await;

    world.line.stall();
    let mut callers = JoinSet::new();
    for number in 0..150 {
        let (client, key) = (world.client.clone(), world.account.write_key.clone());
        callers.spawn(async move {
            // Larger than what sockets and proxy hold.
            let value = number.to_string().repeat(20_000);
            client.post("/feed/insert.json?id=1", &key, &[("value", &value)]).await
        });
    }
    while let Some(answer) = callers.join_next().await {
        let answer = answer.expect("a caller does not panic");
        answer.assert_refused(504, "home_timeout");
        assert_eq!(answer.json()["may_have_run"], true);
    }
    world.line.mend();
    let start = Instant::now();
    until("the next one to be served", SOON, async || {
        (world.get("/feed/timevalue.json?id=1").await.status == 200).then_some(())
    })
    .await;
    std::eprintln!("served again after {:.1} s", start.elapsed().as_secs_f32());
    assert!(world.emoncms.seen_for("feed/insert").len() < 150, "nothing was lost: this was no test");
}

#[tokio::test]
async fn exports_through_a_broker_without_room_are_whole_or_known_to_be_broken() {
    let mut world = World::start().await;
    world.broker.stop();
    world.broker.configure("max_queued_messages 1\nmax_queued_bytes 1000\n");
    world.broker.start_again().await;
    world.comes_online().await;
    world.emoncms.order("feed/csvexport", Fault::Export(20_000_000));
    let mut callers = JoinSet::new();
    for _ in 0..6 {
        let request =
            world.client.request(reqwest::Method::GET, "/feed/csvexport.json?id=1&start=0&end=1&interval=1");
        let request = request.bearer_auth(&world.account.read_key);
        callers.spawn(async move {
            let answer = request.send().await.expect("the bridge answers");
            let status = answer.status();
            (status.as_u16(), answer.bytes().await.map(|body| body.len()))
        });
    }
    let mut broken = 0;
    while let Some(ended) = callers.join_next().await {
        match ended.expect("a caller does not panic") {
            (200, Ok(20_000_000)) => {}
            (200, Err(_)) | (502..=504, Ok(_)) => broken += 1,
            other => panic!("neither whole nor broken: {other:?}"),
        }
    }
    std::eprintln!("{broken} of 6 exports were broken");
    until("small answers to be served", SOON, async || {
        (world.get("/feed/timevalue.json?id=1").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broker_out_of_memory_drops_who_asks_too_much_of_it_and_serves_on() {
    let mut world = World::with(Options {
        limits: "request_timeout_ms = 2000\nrequests_per_home = 200".into(),
        ..Options::default()
    })
    .await;
    world.broker.stop();
    world.broker.configure("memory_limit 1500000\n");
    world.broker.start_again().await;
    world.comes_online().await;
    world.line.stall();
    let mut callers = JoinSet::new();
    for _ in 0..60 {
        let (client, key) = (world.client.clone(), world.account.write_key.clone());
        callers.spawn(async move {
            let value = "x".repeat(200_000);
            client.post("/feed/insert.json?id=1", &key, &[("value", &value)]).await
        });
    }
    while let Some(answer) = callers.join_next().await {
        let refusal = answer.expect("a caller does not panic").refusal();
        let expected = ["home_timeout", "broker_offline", "home_offline"];
        assert!(expected.contains(&refusal.1.as_str()), "{refusal:?}");
    }
    world.line.mend();
    well_again(&world, Duration::from_secs(20)).await;
    let answer: Answer = world.get("/feed/timevalue.json?id=1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
