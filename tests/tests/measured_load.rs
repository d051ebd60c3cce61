//! Many at once, and large beside small. These tests measure, so nothing else runs beside them.

use remoteaccess_tests::client::Answer;
use remoteaccess_tests::ports::random_bytes;
use remoteaccess_tests::proxy::Speed;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use std::time::{Duration, Instant};

const EXPORT: &str = "/feed/csvexport.json?id=1&start=0&end=1&interval=1";
const SMALL: &str = "/feed/value.json?id=1";

#[tokio::test(flavor = "multi_thread")]
async fn measured_fifty_at_once_do_not_wait_for_the_slow_one() {
    let world = World::start().await;
    world.emoncms.order("feed/get", Fault::Slow(Duration::from_secs(5)));
    let ask = |path: String| {
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        tokio::spawn(async move {
            let start = Instant::now();
            (client.get(&path, &key).await, start.elapsed())
        })
    };
    let slow = ask("/feed/get.json?id=1&field=name".into());
    until("the slow one to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    // The home takes 8 at a time and lets the others wait.
    let quick: Vec<_> =
        (0..49).map(|index| ask(format!("/feed/timevalue.json?id={}", index % 11 + 1))).collect();
    let mut longest = Duration::ZERO;
    for answer in quick {
        let (answer, took) = answer.await.expect("a caller does not panic");
        assert_eq!(answer.status, 200, "{}", answer.text());
        longest = longest.max(took);
    }
    std::eprintln!("49 at once beside a slow one: {longest:?} at most");
    assert!(longest < Duration::from_secs(2), "one of 49 took {longest:?}");
    assert!(!slow.is_finished(), "the slow one was not slow");
    assert_eq!(slow.await.expect("a caller does not panic").0.status, 200);
}

/// How long each of so many small requests takes while a large answer is under way; and how fast that is, in
/// Mbit/s on the line.
async fn small_beside_large(speed: Speed, fault: Fault, count: usize) -> (Vec<Duration>, f64) {
    let world = World::with(Options { speed, ..Options::default() }).await;
    world.emoncms.order("feed/csvexport", fault);
    assert_eq!(world.get(SMALL).await.status, 200);

    let request = world.client.request(Method::GET, EXPORT).bearer_auth(&world.account.read_key);
    let request = request.header("Accept-Encoding", "zstd");
    let large = tokio::spawn(async move {
        let mut answer = request.send().await.expect("the bridge answers");
        while answer.chunk().await.expect("the answer does not break off").is_some() {}
    });
    let idle = world.line.bytes_up();
    until("the large answer to be under way", SOON, async || {
        (world.line.bytes_up() > idle + 30_000).then_some(())
    })
    .await;
    let (start, before) = (Instant::now(), world.line.bytes_up());
    let mut times = Vec::new();
    for _ in 0..count {
        let asked = Instant::now();
        let answer = world.get(SMALL).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        times.push(asked.elapsed());
        assert!(!large.is_finished(), "the large answer was too small to measure beside");
    }
    let rate = (world.line.bytes_up() - before) as f64 * 8.0 / start.elapsed().as_secs_f64() / 1e6;
    large.abort();
    times.sort();
    (times, rate)
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_a_small_answer_does_not_wait_for_a_large_one_on_a_thin_line() {
    let large = Fault::Export(50_000_000);
    let (times, rate) = small_beside_large(Speed::mbit(1, 30), large, 12).await;
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    std::eprintln!(
        "1 Mbit/s, 30 ms: a small answer in {median:?} (at most {worst:?}) beside {rate:.2} Mbit/s"
    );
    assert!(worst < Duration::from_millis(500), "a small answer took {worst:?}");
    assert!(rate > 0.8, "the line was not kept busy: {rate:.2} Mbit/s");
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_a_fast_line_is_filled() {
    // Nothing that compression could make smaller.
    let noise: Vec<u8> = (0..20_000_000 / 4096).flat_map(|_| random_bytes::<4096>()).collect();
    let world = World::with(Options { speed: Speed::mbit(50, 30), ..Options::default() }).await;
    let size = noise.len();
    world.emoncms.order(
        "feed/csvexport",
        Fault::Say { status: 200, content_type: "application/octet-stream", body: noise },
    );
    let start = Instant::now();
    let answer: Answer = world.get(EXPORT).await;
    assert_eq!((answer.status, answer.body.len()), (200, size));
    let rate = size as f64 * 8.0 / start.elapsed().as_secs_f64() / 1e6;
    std::eprintln!("50 Mbit/s, 30 ms: {rate:.1} Mbit/s of answer");
    assert!(rate > 35.0, "50 Mbit/s were used for {rate:.1} Mbit/s of answer");
}
