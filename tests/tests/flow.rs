//! An answer flows as its receiver grants; one who falls silent, dies or leaves holds nobody up.

use remoteaccess_tests::intruder::Intruder;
use remoteaccess_tests::ports::random_bytes;
use remoteaccess_tests::proxy::Speed;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const EXPORT: &str = "/feed/csvexport.json?id=1&start=0&end=1&interval=1";
const SMALL: &str = "/feed/value.json?id=1";
const A_FEW_SECONDS: Duration = Duration::from_secs(5);

/// A home at 1 Mbit/s whose exports are large, and nothing that compression could make smaller.
async fn thin_line() -> World {
    let world = World::with(Options { speed: Speed::mbit(1, 30), ..Options::default() }).await;
    let noise: Vec<u8> = (0..4_000_000 / 4096).flat_map(|_| random_bytes::<4096>()).collect();
    let export = Fault::Say { status: 200, content_type: "application/octet-stream", body: noise };
    world.emoncms.order("feed/csvexport", export);
    world
}

/// A small request is answered within a few seconds, from the first try on.
async fn small_ones_are_served(world: &World) {
    for _ in 0..3 {
        let answer = within("a small answer", A_FEW_SECONDS, world.get(SMALL)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_home_survives_a_restart_of_the_bridge() {
    let mut world = World::start().await;
    world.bridge.kill();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.line.connections(), 1, "the home's session was lost with the bridge");
}

#[tokio::test]
async fn a_bridge_that_is_killed_in_the_middle_of_an_answer_leaves_no_home_stuck() {
    let mut world = thin_line().await;
    let request = world.client.request(Method::GET, EXPORT).bearer_auth(&world.account.read_key);
    let mut answer = request.send().await.expect("the bridge answers");
    // The window has grown as wide as this line lets it.
    let mut got = 0;
    while got < 400_000 {
        got += answer.chunk().await.expect("the answer goes on").expect("there is more").len();
    }
    world.bridge.kill();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.is_served().await;
    small_ones_are_served(&world).await;
    assert_eq!(world.line.connections(), 1, "the home's session was lost with the bridge");
    let given_up = async || world.agent.status().filter(|status| status["counters"]["cancelled"] == 1);
    until("the export to be given up", SOON * 4, given_up).await;
}

#[tokio::test]
async fn who_never_sends_a_receipt_keeps_nobody_from_being_answered() {
    let world = thin_line().await;
    let mut silent = Intruder::enter(&world).await;
    for id in ["one", "two", "three"] {
        let export = json!({"id": id, "controller": "feed", "action": "csvexport", "data": {"id": "1"}});
        silent.request(&export).await;
    }
    assert_eq!(silent.frame().await.0["status"], 200, "its answers have begun");
    small_ones_are_served(&world).await;
}

#[tokio::test]
async fn an_id_that_is_used_again_after_its_cancel_names_the_new_request() {
    let world = World::start().await;
    world.emoncms.order("feed/csvexport", Fault::Export(500_000_000));
    let mut bridge = Intruder::enter(&world).await;
    let export = json!({
        "id": "again", "controller": "feed", "action": "csvexport", "data": {"id": "1"}, "credit": 40_000,
    });
    let cancel = json!({"id": "again", "cancel": true});
    bridge.request(&export).await;
    assert_eq!(bridge.frame().await.0["seq"], 0);
    bridge.control(&cancel).await;
    bridge.request(&export).await;
    // What was on its way when the first one was cancelled may still come.
    while bridge.frame().await.0["seq"] != 0 {}

    until("the first to be let go", SOON, async || (world.emoncms.abandoned() == 1).then_some(())).await;
    let mut granted = 40_000_u64;
    for _ in 0..3 {
        granted += 40_000;
        bridge.control(&json!({"id": "again", "credit": granted, "received": granted - 40_000})).await;
        bridge.frame().await;
    }
    bridge.control(&cancel).await;
    until("the second to be let go", SOON, async || (world.emoncms.abandoned() == 2).then_some(())).await;
}
