//! No caller waits for a time-out when somebody knows the reason: one test for each row of the table of refusals.

use remoteaccess_tests::client::Answer;
use remoteaccess_tests::standin::{Fault, Keys};
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use std::time::{Duration, Instant};

#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_it_is_unauthorized() {
    let world = World::start().await;
    world.client.get_anonymously("/feed/list.json").await.assert_refused(401, "unauthorized");
    world
        .client
        .get("/feed/list.json", "ffffffffffffffffffffffffffffffff")
        .await
        .assert_refused(401, "unauthorized");
    world.client.get("/feed/list.json", "").await.assert_refused(401, "unauthorized");
    // The home's own keys mean nothing in the cloud.
    let home = world.emoncms.keys();
    world.client.get("/feed/list.json", &home.write).await.assert_refused(401, "unauthorized");
    let request = world
        .client
        .request(Method::GET, "/feed/list.json")
        .header("Cookie", "session=alice; remoteaccess=x.y");
    Answer::of(request).await.assert_refused(401, "unauthorized");
    assert_eq!(world.emoncms.seen().len(), 0, "a stranger reached emoncms");
}

#[tokio::test]
async fn what_is_no_endpoint_of_emoncms_is_not_relayed() {
    let world = World::start().await;
    for path in [
        "/admin/view.json",
        "/Admin/view.json",
        "/config/get.json",
        "/backup/start.json",
        "/setup/x.json",
        "/network/scan.json",
        "/wifi/scan.json",
        "/remoteaccess/view",
        "/user/login.json",
        "/user/get.json",
        "/user/newapikeywrite.json",
        "/feed/api.json",
        "/feed/list.html",
        "/feed",
        "/feed/",
        "/favicon.ico",
        "/feed/a/b/c.json",
        "/-/nothing",
    ] {
        world.get_as_owner(path).await.assert_refused(404, "not_relayed");
    }
    assert_eq!(world.emoncms.seen().len(), 0);
}

#[tokio::test]
async fn a_home_that_left_is_said_to_be_offline_at_once() {
    let mut world = World::start().await;
    assert!(world.agent.stop().is_some_and(|status| status.success()), "the agent ends well");
    world.goes_offline().await;
    let start = Instant::now();
    let answer = world.get("/feed/list.json").await;
    answer.assert_refused(503, "home_offline");
    assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
    let last_seen = answer.json()["last_seen"].as_u64().expect("it says when the home was last seen");
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
    assert!(now.as_secs() - last_seen < 60, "{}", answer.text());
}

#[tokio::test]
async fn a_home_that_never_came_is_said_to_be_offline() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    world.get("/feed/list.json").await.assert_refused(503, "home_offline");
}

#[tokio::test]
async fn who_waits_for_a_home_that_dies_is_told_so_at_once() {
    let mut world = World::start().await;
    world.emoncms.order("feed/value", Fault::Hang);
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let waiting = tokio::spawn(async move { client.get("/feed/value.json?id=1", &key).await });
    until("the request to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.agent.kill();
    let answer = within("the waiting request to be refused", Duration::from_secs(5), waiting).await;
    answer.expect("the caller does not panic").assert_refused(503, "home_offline");
}

#[tokio::test]
async fn a_home_that_says_nothing_is_a_time_out() {
    let world =
        World::with(Options { limits: "request_timeout_ms = 1500".into(), ..Options::default() }).await;
    world.line.stall();
    let start = Instant::now();
    world.get("/feed/list.json").await.assert_refused(504, "home_timeout");
    assert!((1..5).contains(&start.elapsed().as_secs()), "it took {:?}", start.elapsed());
}

#[tokio::test]
async fn a_bridge_without_its_broker_says_so() {
    let mut world = World::start().await;
    world.broker.stop();
    until("the bridge to notice", SOON, async || {
        (world.client.get_anonymously("/-/ready").await.status == 503).then_some(())
    })
    .await;
    world.get("/feed/list.json").await.assert_refused(503, "broker_offline");
}

#[tokio::test]
async fn what_is_not_in_the_list_is_denied_at_home() {
    let world = World::start().await;
    for path in ["/feed/delete.json?id=1", "/device/list.json", "/user/getuuid.json", "/input/process.json"] {
        world.get_as_owner(path).await.assert_refused(403, "denied");
    }
    assert_eq!(world.emoncms.seen_for("feed/delete").len(), 0);
    assert_eq!(world.emoncms.seen_for("device/list").len(), 0);
}

#[tokio::test]
async fn a_key_for_reading_does_not_write() {
    let world = World::start().await;
    world.get("/feed/set.json?id=1&fields={}").await.assert_refused(403, "denied");
    let request = world.client.request(Method::POST, "/input/post.json").bearer_auth(&world.account.read_key);
    Answer::of(request.form(&[("node", "a"), ("data", "{b:1}")])).await.assert_refused(403, "denied");
    assert_eq!(world.emoncms.seen().len(), 0);
}

#[tokio::test]
async fn malformed_requests_are_bad_requests() {
    let world = World::start().await;
    for path in [
        "/feed/list.json?q=admin",
        "/feed/list.json?%20q=admin",
        "/feed/data.json?a.b=1",
        "/feed/data.json?a%00b=1",
    ] {
        world.get(path).await.assert_refused(400, "bad_request");
    }
    let key = &world.account.write_key;
    for (kind, body) in [
        ("application/json", "{not json"),
        ("text/xml", "<a/>"),
        ("multipart/form-data; boundary=x", "--x--"),
    ] {
        let request = world.client.request(Method::POST, "/input/post.json").bearer_auth(key);
        Answer::of(request.header("Content-Type", kind).body(body)).await.assert_refused(400, "bad_request");
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = Answer::of(world.client.request(method, "/feed/list.json").bearer_auth(key)).await;
        assert_eq!(answer.refusal(), (405, "bad_request".to_owned()));
    }
    assert_eq!(world.emoncms.seen().len(), 0);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_before_it_is_sent() {
    let world = World::start().await;
    let body = "x".repeat(300 * 1024);
    let answer = world.post("/input/post.json", &[("node", "a"), ("data", &body)]).await;
    answer.assert_refused(413, "request_too_large");
    // Escaping can make a message larger than the body that it carries.
    let body = format!("\"{}\"", "\\u0000".repeat(40 * 1024));
    let request =
        world.client.request(Method::POST, "/input/post.json").bearer_auth(&world.account.write_key);
    let answer = Answer::of(request.header("Content-Type", "application/json").body(body)).await;
    answer.assert_refused(413, "request_too_large");
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn too_many_at_once_are_told_when_to_come_again() {
    let world = World::with(Options { limits: "requests_per_home = 2".into(), ..Options::default() }).await;
    let answers = flood(&world, 5).await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.refusal().1 == "busy").collect();
    assert_eq!(busy.len(), 3);
    for answer in busy {
        answer.assert_refused(429, "busy");
        assert!(answer.header("retry-after").is_some());
    }
}

#[tokio::test]
async fn the_home_itself_takes_only_so_many() {
    let world = World::with(Options { limits: "requests_per_home = 200".into(), ..Options::default() }).await;
    let answers = flood(&world, 100).await;
    let busy = answers.iter().filter(|answer| answer.refusal() == (503, "busy".to_owned())).count();
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(served + busy, 100, "{:?}", answers.iter().map(Answer::refusal).collect::<Vec<_>>());
    assert!(busy >= 30, "only {busy} of 100 were refused");
    assert!(served >= 8, "only {served} of 100 were served");
}

/// So many slow requests at once.
async fn flood(world: &World, count: usize) -> Vec<Answer> {
    world.emoncms.order("feed/value", Fault::Slow(Duration::from_millis(1000)));
    let requests = (0..count).map(|_| {
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        tokio::spawn(async move { client.get("/feed/value.json?id=1", &key).await })
    });
    let mut answers = Vec::new();
    for request in requests.collect::<Vec<_>>() {
        answers.push(request.await.expect("a caller does not panic"));
    }
    answers
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_begun() {
    let world = World::start().await;
    world.emoncms.order("feed/csvexport", Fault::Claim(10_000_000_000));
    let answer = world.get("/feed/csvexport.json?id=1&start=0&end=1&interval=1").await;
    answer.assert_refused(502, "too_large");
    assert!(world.emoncms.sent() < 50_000_000, "{} bytes were read", world.emoncms.sent());
}

#[tokio::test]
async fn a_key_that_emoncms_no_longer_takes_is_named_as_the_reason() {
    let world = World::start().await;
    world.emoncms.change_keys(Keys::random());
    world.get("/feed/list.json").await.assert_refused(502, "emoncms_key");
}

#[tokio::test]
async fn what_emoncms_itself_refuses_is_passed_on() {
    let options = Options { access: serde_json::json!({"feed/*": "read"}), ..Options::default() };
    let world = World::with(options).await;
    // The list allows it as reading, so emoncms gets the key for reading, and says no itself.
    let answer = world.get_as_owner("/feed/delete.json?id=1").await;
    assert_eq!((answer.status, answer.content_type()), (406, "application/json"));
    assert_eq!(answer.json()["message"], "406 Not Acceptable. Route not found");
}
