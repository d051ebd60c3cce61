//! The chain before a real emoncms, where there is one.

use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::real_emoncms::RealEmoncms;
use remoteaccess_tests::world::{Options, World, access_list};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_chain_serves_a_real_emoncms() {
    let Some(real) = RealEmoncms::start("the chain before a real emoncms").await else { return };
    let mut access = access_list();
    access["feed/create"] = json!("read");
    access["feed/delete"] = json!("read");
    let options = Options { access, emoncms: Some((real.url(), real.keys())), ..Options::default() };
    let world = World::with(options).await;
    reads_are_the_same(&world, &real).await;
    exports_are_the_same(&world, &real).await;
    unchanged_answers_are_not_sent_again(&world, &real).await;
    writes_write(&world, &real).await;
    writes_by_a_read_entry_are_refused(&world, &real).await;
    parameters_reach_nothing_else(&world).await;
}

async fn direct(real: &RealEmoncms, path: &str) -> Answer {
    Client::new(&real.url()).get(path, &real.keys().read).await
}

async fn reads_are_the_same(world: &World, real: &RealEmoncms) {
    let (start, end) = (real.setting("FEED_START"), real.setting("FEED_END"));
    for path in [
        "/feed/list.json".to_owned(),
        format!("/feed/data.json?id=1&start={start}000&end={end}000&interval=60"),
        format!("/feed/data.json?ids=1,2,3&start={start}000&end={end}000&interval=daily&average=1"),
        "/feed/data.json?id=1".to_owned(),
        "/feed/fetch.json?ids=1,2,99".to_owned(),
        "/feed/timevalue.json?id=99".to_owned(),
        "/feed/getid.json?name=feed01&tag=power".to_owned(),
        "/input/list.json".to_owned(),
        "/user/session.json".to_owned(),
        "/process/list.json".to_owned(),
    ] {
        let (ours, theirs) = (world.get(&path).await, direct(real, &path).await);
        assert_eq!((ours.status, ours.content_type()), (theirs.status, theirs.content_type()), "{path}");
        assert_eq!(ours.text(), theirs.text(), "{path}");
    }
}

async fn exports_are_the_same(world: &World, real: &RealEmoncms) {
    let (start, end) = (real.setting("FEED_START"), real.setting("FEED_END"));
    let path =
        format!("/feed/csvexport.json?id=1&start={start}000&end={end}000&interval=60&timeformat=excel");
    let (ours, theirs) = (world.get(&path).await, direct(real, &path).await);
    assert!(theirs.body.len() > 50_000, "{}", theirs.text());
    assert_eq!((ours.status, ours.content_type()), (200, "application/octet-stream"));
    assert!(ours.body == theirs.body, "the export differs");
    assert!(ours.header("content-disposition").is_some_and(|text| text.starts_with("attachment")));
}

async fn unchanged_answers_are_not_sent_again(world: &World, real: &RealEmoncms) {
    let (start, end) = (real.setting("FEED_START"), real.setting("FEED_END"));
    let path = format!("/feed/data.json?id=1&start={start}000&end={end}000&interval=600");
    let etag = world.get(&path).await.header("etag").expect("an etag").to_owned();
    let request = world.client.request(Method::GET, &path).bearer_auth(&world.account.read_key);
    assert_eq!(Answer::of(request.header("If-None-Match", etag)).await.status, 304);
}

async fn writes_write(world: &World, real: &RealEmoncms) {
    let fields = r#"{"name":"renamed by remote access"}"#;
    let answer = world.post("/feed/set.json?id=2", &[("fields", fields)]).await;
    let by_get = world.get_as_owner("/feed/set.json?id=2&fields=%7B%22name%22:%22renamed%22%7D").await;
    assert_eq!(by_get.json()["success"], true, "{} {}", answer.text(), by_get.text());
    assert_eq!(world.get("/feed/get.json?id=2&field=name").await.json(), "renamed");

    let posted = world.post("/input/post.json", &[("node", "remote"), ("data", "{power:123.5}")]).await;
    assert_eq!((posted.status, posted.text().as_str()), (200, "ok"));
    let input = world.get("/input/get.json?node=remote&name=power").await.json();
    assert_eq!(input["value"], 123.5);

    let inputs = world.get("/input/list.json").await.json();
    let id = inputs[0]["id"].as_str().expect("an id").to_owned();
    let steps = match real.setting("EMONCMS_VERSION") {
        version if version.starts_with("11.4.") => "1:1",
        _ => r#"[{"fn":"process__log_to_feed","args":[1]}]"#,
    };
    let set = world.post(&format!("/input/process/set.json?inputid={id}"), &[("processlist", steps)]).await;
    assert_eq!(set.json()["success"], true, "{}", set.text());
    // What the feed page shows right after a write is the new state, not the one from before.
    assert_eq!(world.get("/input/list.json").await.json()[0]["processList"], "1:1");
}

async fn writes_by_a_read_entry_are_refused(world: &World, real: &RealEmoncms) {
    let before = direct(real, "/feed/list.json").await.json().as_array().map(Vec::len);
    for path in
        ["/feed/delete.json?id=3", "/feed/create.json?tag=a&name=b&engine=5&options=%7B%22interval%22:10%7D"]
    {
        let answer = world.get_as_owner(path).await;
        assert_eq!(answer.json()["success"], false, "{path}: {}", answer.text());
    }
    assert_eq!(direct(real, "/feed/list.json").await.json().as_array().map(Vec::len), before);
    world.get("/feed/set.json?id=3&fields=%7B%22name%22:%22x%22%7D").await.assert_refused(403, "denied");
}

async fn parameters_reach_nothing_else(world: &World) {
    for query in
        ["q=user/login", "%20q=user/login", "q%00=user/login", "apikey%00=x", "%20apikey=x", "Q=x", "embed=1"]
    {
        world.get(&format!("/feed/list.json?{query}")).await.assert_refused(400, "bad_request");
    }
}
