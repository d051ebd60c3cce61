//! A home's line is cut again and again, or takes a second for each way.

use remoteaccess_tests::proxy::Speed;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::world::{Options, World};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

#[tokio::test]
async fn a_line_that_comes_and_goes_every_two_seconds_is_told_and_then_survived() {
    let world = World::start().await;
    let (mut served, mut refused) = (0, 0);
    for round in 0..5 {
        if round % 2 == 0 {
            world.line.refuse();
        } else {
            world.line.mend();
        }
        let asking = async {
            loop {
                let start = Instant::now();
                let answer = world.get("/feed/timevalue.json?id=1").await;
                match answer.refusal() {
                    (200, _) => served += 1,
                    (503, code) if code == "home_offline" => refused += 1,
                    other => panic!("{other:?}: {}", answer.text()),
                }
                assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(2), asking).await.ok();
    }
    std::eprintln!("{served} served and {refused} refused while the line came and went");
    assert!(refused > 0);
    world.line.mend();
    let start = Instant::now();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
    // The pause doubles with each try that fails: 8 s is the most that these few lead to.
    assert!(start.elapsed() < Duration::from_secs(12), "it took {:?}", start.elapsed());
}

#[tokio::test]
async fn a_line_with_a_second_each_way_is_slow_and_nothing_worse() {
    let speed = Speed { up: None, down: None, round_trip: Duration::from_secs(2) };
    let world = World::with(Options { speed, ..Options::default() }).await;
    for _ in 0..3 {
        let start = Instant::now();
        let answer = world.get("/feed/timevalue.json?id=1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let took = start.elapsed();
        assert!((2000..4000).contains(&took.as_millis()), "it took {took:?}");
    }
    world.emoncms.order("feed/csvexport", Fault::Export(1_000_000));
    let start = Instant::now();
    let export = world.get("/feed/csvexport.json?id=1&start=0&end=1&interval=1").await;
    assert_eq!((export.status, export.body.len()), (200, 1_000_000));
    std::eprintln!("an export of 1 MB took {:.1} s", start.elapsed().as_secs_f32());
    assert_eq!(world.line.connections(), 1, "the session was lost");
}
