//! A home in a network of its own, whose packets are lost and whose names mean nothing any more. It takes root.

use remoteaccess_tests::netns::Namespace;
use remoteaccess_tests::proxy::{Proxy, Speed};
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{Options, World};
use std::time::{Duration, Instant};

/// The shortest that the agent takes.
const KEEP_ALIVE: u64 = 5;

/// A home behind a line of its own.
struct Far {
    world: World,
    line: Namespace,
    broker: Proxy,
    _emoncms: Proxy,
}

impl Far {
    /// `None`, with a word about it, where this machine does not let us.
    async fn start() -> Option<Self> {
        let line = match Namespace::new(&["localhost"]) {
            Ok(line) => line,
            Err(why) => {
                std::eprintln!("skipped: a network of its own takes root, ip and tc ({why})");
                return None;
            }
        };
        let options = Options {
            keep_alive: KEEP_ALIVE,
            agent: false,
            limits: "request_timeout_ms = 5000".into(),
            ..Options::default()
        };
        let mut world = World::with(options).await;
        let broker = Proxy::on(line.outside, world.broker.ports().tls, Speed::default()).await;
        let port =
            world.emoncms.url().rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok());
        let emoncms = Proxy::on(line.outside, port.expect("a URL with a port"), Speed::default()).await;
        world.agent.edit(|config| {
            config["MQTT_PORT"] = broker.port().into();
            config["EMONCMS_URL"] = format!("http://{}:{}/emoncms", line.outside, emoncms.port()).into();
        });
        world.agent.goes_through(line.door());
        world.agent.launch();
        world.comes_online().await;
        Some(Self { world, line, broker, _emoncms: emoncms })
    }

    /// Loses so many of a hundred packets between the home and the broker.
    fn loses(&self, percent: u32) {
        self.line.loses(percent, self.broker.port()).expect("tc does what it is told");
    }

    async fn is_well_within(&self, limit: Duration) {
        let start = Instant::now();
        self.world.comes_online().await;
        until("an answer", SOON, async || {
            (self.world.get("/feed/timevalue.json?id=1").await.status == 200).then_some(())
        })
        .await;
        std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
        assert!(start.elapsed() < limit, "it took {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_line_that_drops_everything_without_a_word_is_noticed_by_both_ends() {
    let Some(far) = Far::start().await else { return };
    far.loses(100);
    let start = Instant::now();
    let answer = far.world.get("/feed/timevalue.json?id=1").await;
    answer.assert_refused(504, "home_timeout");
    assert!(start.elapsed() < Duration::from_secs(7), "it took {:?}", start.elapsed());
    far.world.goes_offline().await;
    std::eprintln!("the bridge knew after {:.1} s", start.elapsed().as_secs_f32());
    far.world.agent.says("the dead line to be noticed", |status| status["state"] != "connected").await;
    std::eprintln!("the home knew after {:.1} s", start.elapsed().as_secs_f32());
    assert!(start.elapsed() < Duration::from_secs(2 * KEEP_ALIVE + 5), "it took {:?}", start.elapsed());
    far.loses(0);
    // A try that was under way is given up after 20 s.
    far.is_well_within(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn a_line_that_loses_every_fifth_packet_is_slow_and_serves() {
    let Some(far) = Far::start().await else { return };
    far.loses(20);
    let (mut served, mut times) = (0, Vec::new());
    for _ in 0..20 {
        let start = Instant::now();
        let answer = far.world.get("/feed/timevalue.json?id=1").await;
        times.push(start.elapsed());
        match answer.refusal() {
            (200, _) => served += 1,
            (503 | 504, code)
                if ["home_timeout", "home_offline", "emoncms_timeout"].contains(&code.as_str()) => {}
            other => panic!("{other:?}"),
        }
    }
    times.sort();
    std::eprintln!("{served} of 20 served, p50 {:?}, longest {:?}", times[10], times[19]);
    assert!(served >= 10, "only {served} of 20 were served");
    far.loses(0);
    far.is_well_within(Duration::from_secs(30)).await;
}

#[tokio::test]
async fn a_home_without_names_says_so_and_comes_back_with_them() {
    let Some(far) = Far::start().await else { return };
    far.line.knows(&[]).expect("the file can be written");
    // Who has a connection needs no name.
    assert_eq!(far.world.get("/feed/timevalue.json?id=1").await.status, 200);
    far.broker.cut();
    let status = far.world.agent.reaches("unreachable").await;
    assert!(status["message"].as_str().is_some_and(|text| text.contains("name")), "{status}");
    far.world.get("/feed/timevalue.json?id=1").await.assert_refused(503, "home_offline");
    far.line.knows(&["localhost"]).expect("the file can be written");
    far.is_well_within(Duration::from_secs(20)).await;
}
