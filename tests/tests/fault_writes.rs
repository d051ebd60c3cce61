//! Whatever dies in the middle of a write, it runs once or not at all, and its caller is told which of both is known.

use remoteaccess_tests::client::Answer;
use remoteaccess_tests::ports::random_bytes;
use remoteaccess_tests::standin::{Fault, Seen};
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::World;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// A write whose number emoncms counts.
fn write(world: &World, number: usize) -> impl Future<Output = Answer> + use<> {
    let (client, key) = (world.client.clone(), world.account.write_key.clone());
    async move {
        let value = number.to_string();
        client.post("/input/post.json", &key, &[("node", "count"), ("data", &format!("{{n:{value}}}"))]).await
    }
}

fn runs(seen: &[Seen], number: usize) -> usize {
    let data = format!("{{n:{number}}}");
    seen.iter().filter(|seen| seen.form("data") == Some(&data)).count()
}

/// What its caller was told of a write, against what happened to it.
fn agree(told: &Answer, runs: usize) {
    match told.status {
        200 => assert_eq!(runs, 1, "{}", told.text()),
        _ if told.json()["may_have_run"] == true => {
            assert!(runs <= 1, "it ran {runs} times: {}", told.text());
        }
        _ => assert_eq!(runs, 0, "it ran after all: {}", told.text()),
    }
}

#[tokio::test]
async fn a_home_that_dies_in_the_middle_of_a_write_never_runs_it_again() {
    let mut world = World::start().await;
    world.emoncms.order("input/post", Fault::Slow(Duration::from_secs(2)));
    let waiting = tokio::spawn(write(&world, 1));
    until("the write to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.agent.kill();
    let answer = within("its caller to be told", Duration::from_secs(3), waiting).await;
    let answer = answer.expect("a caller does not panic");
    answer.assert_refused(503, "home_offline");
    assert_eq!(answer.json()["may_have_run"], true, "{}", answer.text());

    let late = write(&world, 2).await;
    late.assert_refused(503, "home_offline");
    assert!(late.json().get("may_have_run").is_none(), "it was never sent: {}", late.text());

    world.emoncms.behave();
    world.agent.launch();
    world.comes_online().await;
    assert_eq!(write(&world, 3).await.status, 200);
    let seen = world.emoncms.seen_for("input/post");
    assert_eq!([1, 2, 3].map(|number| runs(&seen, number)), [1, 0, 1]);
}

#[tokio::test]
async fn writes_run_once_or_never_however_often_the_home_dies() {
    let mut world = World::start().await;
    let (mut number, mut told) = (0, Vec::new());
    for _ in 0..5 {
        let mut callers = JoinSet::new();
        for _ in 0..30 {
            number += 1;
            let (number, write) = (number, write(&world, number));
            callers.spawn(async move { (number, write.await) });
        }
        // Anywhere in the middle of them.
        sleep(Duration::from_millis(u64::from(random_bytes::<1>()[0]) / 4)).await;
        world.agent.kill();
        world.agent.launch();
        while let Some(answer) = callers.join_next().await {
            told.push(answer.expect("a caller does not panic"));
        }
        world.comes_online().await;
    }
    let seen = world.emoncms.seen_for("input/post");
    for (number, answer) in &told {
        agree(answer, runs(&seen, *number));
    }
    let unknown = told.iter().filter(|(_, answer)| answer.status != 200).count();
    std::eprintln!("{} writes, {unknown} of them refused, {} ran", told.len(), seen.len());
}

#[tokio::test]
async fn writes_run_once_or_never_when_the_bridge_is_killed() {
    let mut world = World::start().await;
    world.emoncms.order("input/post", Fault::Slow(Duration::from_millis(500)));
    let request = world.client.request(reqwest::Method::POST, "/input/post.json");
    let request = request.bearer_auth(&world.account.write_key).form(&[("node", "count"), ("data", "{n:1}")]);
    let waiting = tokio::spawn(request.send());
    until("the write to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.bridge.kill();
    let ended = within("its caller's connection to end", Duration::from_secs(3), waiting).await;
    assert!(ended.expect("a caller does not panic").is_err(), "a dead bridge says nothing");
    world.bridge.start_again().await;
    world.meet_bridge();
    world.is_served().await;
    world.emoncms.behave();
    assert_eq!(write(&world, 2).await.status, 200);
    let seen = world.emoncms.seen_for("input/post");
    assert_eq!([1, 2].map(|number| runs(&seen, number)), [1, 1]);
}
