//! The step from one broker to two, as docs/capacity.md describes it: homes at a second Mosquitto that carries their
//! messages to the first one, where the bridge is. Neither bridge nor agents know of it.

use remoteaccess_tests::broker::Broker;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{NAME, Options, World};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_home_at_a_second_broker_is_served_through_the_first() {
    let limits = "request_timeout_ms = 2000".to_owned();
    let world = World::with(Options { limits, ..Options::default() }).await;
    let direct = median(&world).await;
    let mut second = Broker::start(&[(NAME, &world.broker_password)]).await;
    second.join(&world.broker).await;

    world.agent.edit(|config| {
        config.insert("MQTT_PORT".into(), second.ports().tls.into());
        config.insert("MQTT_CA_FILE".into(), second.ca().to_str().into());
    });
    second.logged(&format!("u'{NAME}'")).await;
    answers(&world, "the home to be served from its new broker").await;
    let further = median(&world).await;
    std::eprintln!("a small answer: {direct:?} by one broker, {further:?} by two");

    // Frames in order, credit and receipts pass as well.
    let size = 5_000_000;
    world.emoncms.order("feed/csvexport", Fault::Export(size));
    let export = world.get("/feed/csvexport.json?id=1&start=0&end=1&interval=1").await;
    assert_eq!((export.status, export.body.len() as u64), (200, size));

    // A broker that hangs says no last wills: the bridge can only say that the home does not answer.
    second.freeze();
    world.get("/feed/list.json").await.assert_refused(504, "home_timeout");
    second.thaw();
    answers(&world, "the home to be served again").await;

    // One that is stopped says them first.
    second.stop();
    world.goes_offline().await;
    second.start_again().await;
    answers(&world, "the home to be served again").await;
}

async fn answers(world: &World, what: &str) {
    until(what, SOON * 4, async || (world.get("/feed/list.json").await.status == 200).then_some(())).await;
}

async fn median(world: &World) -> Duration {
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        assert_eq!(world.get("/feed/value.json?id=1").await.status, 200);
        times.push(start.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}
