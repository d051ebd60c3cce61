//! The broker's certificate expires, is for another name, is renewed; and a home's clock is wrong by a year.

use remoteaccess_tests::certs::{self, LOCAL};
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::World;
use std::path::Path;
use std::time::{Duration, Instant};

/// Makes a certificate in a folder.
type Make = fn(&Path) -> certs::Certificates;

const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

#[tokio::test]
async fn a_certificate_that_does_not_serve_is_told_until_it_is_renewed() {
    let mut world = World::start().await;
    let faults: [(Make, &str); 3] = [
        (|folder| certs::make_expired(folder, &LOCAL), "has expired. Is the clock"),
        // What a home sees whose clock is behind.
        (|folder| certs::make_early(folder, &LOCAL), "is not valid yet. Is the clock"),
        (|folder| certs::make(folder, &["broker.example"]), "is for another name"),
    ];
    for (certificate, words) in faults {
        world.broker.stop();
        world.broker.present(certificate);
        world.broker.start_again().await;
        world
            .agent
            .says(words, |status| {
                status["state"] == "tls_error"
                    && status["message"].as_str().is_some_and(|text| text.contains(words))
            })
            .await;
        world.is_ready().await;
        let start = Instant::now();
        world.get("/feed/list.json").await.assert_refused(503, "home_offline");
        assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
    }
    world.broker.stop();
    world.broker.present(|folder| certs::make(folder, &LOCAL));
    world.broker.start_again().await;
    let start = Instant::now();
    until("the home to be served", SOON * 2, async || {
        (world.get("/feed/list.json").await.status == 200).then_some(())
    })
    .await;
    std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
}

#[tokio::test]
async fn a_certificate_renewed_in_time_ends_no_session() {
    let mut world = World::start().await;
    world.broker.present(|folder| certs::make(folder, &LOCAL));
    world.broker.reload();
    world.broker.logged("Reloading config").await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.line.connections(), 1, "the session was ended");
    // The next session is with the new one: the file with the authority that signed it is a new one, too.
    world.line.cut();
    until("a new connection", SOON, async || (world.line.connections() > 1).then_some(())).await;
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_home_whose_clock_is_a_year_off_serves_as_long_as_the_certificate_does() {
    if !Path::new(FAKETIME).exists() {
        std::eprintln!("skipped: another clock takes {FAKETIME} (Debian's libfaketime)");
        return;
    }
    let mut world = World::start().await;
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    for offset in ["+365d", "-365d"] {
        assert!(world.agent.stop().is_some_and(|status| status.success()));
        let words = [
            "env",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            &format!("FAKETIME={offset}"),
            &format!("LD_PRELOAD={FAKETIME}"),
        ];
        world.agent.goes_through(words.map(str::to_owned).to_vec());
        world.agent.launch();
        world.comes_online().await;
        assert_eq!(world.get("/feed/list.json").await.status, 200);
        let since = world.agent.status().and_then(|status| status["since"].as_u64()).expect("a status");
        assert!(since.abs_diff(now()) > 300 * 86_400, "the clock is right: {since}");
        // When it was last seen is the bridge's to say, by its own clock.
        world.agent.kill();
        world.goes_offline().await;
        let answer = world.get("/feed/list.json").await.json();
        let seen = answer["last_seen"].as_u64().expect("it says when the home was last seen");
        assert!(seen.abs_diff(now()) < 60, "{answer}");
        world.agent.launch();
        world.comes_online().await;
    }
}
