//! What a caller gets through the whole chain is what emoncms said.

use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use serde_json::json;

const DAY_MS: i64 = 86_400_000;

/// A day of a feed, every five minutes: some 10 kB.
fn a_day(world: &World) -> String {
    format!("/feed/data.json?id=1&start={}&end={}&interval=300", yesterday(world), yesterday(world) + DAY_MS)
}

fn yesterday(_world: &World) -> i64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
    (now.as_secs() as i64 / 86_400 - 2) * DAY_MS
}

async fn direct(world: &World, path: &str) -> Answer {
    Client::new(&world.emoncms.url()).get(path, &world.emoncms.keys().write).await
}

#[tokio::test]
async fn a_feed_list_arrives_byte_for_byte() {
    let world = World::start().await;
    world.emoncms.stop_clock();
    let (ours, theirs) = (world.get("/feed/list.json").await, direct(&world, "/feed/list.json").await);
    assert_eq!((ours.status, ours.content_type()), (200, "application/json"));
    assert_eq!(ours.text(), theirs.text());
}

#[tokio::test]
async fn emoncms_sees_a_key_of_its_own_and_nothing_of_the_caller() {
    let world = World::start().await;
    let request = world.client.request(Method::GET, "/feed/timevalue.json?id=3");
    let request = request.bearer_auth(&world.account.read_key);
    let headers = [
        ("Cookie", "EMONCMS_SESSID=1234"),
        ("X-Forwarded-For", "203.0.113.7"),
        ("User-Agent", "a browser"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("Accept-Language", "cy"),
    ];
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    assert_eq!(Answer::of(request).await.status, 200);

    let seen = world.emoncms.seen_for("feed/timevalue").remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/emoncms/feed/timevalue.json?id=3"));
    assert_eq!(seen.bearer(), Some(world.emoncms.keys().read.as_str()));
    for (name, value) in headers {
        assert_ne!(seen.header(&name.to_ascii_lowercase()), Some(value), "{name} got through");
    }
    assert_eq!(seen.header("cookie"), None);
    assert_eq!(seen.header("x-forwarded-for"), None);
}

#[tokio::test]
async fn every_kind_of_answer_keeps_its_status_type_and_bytes() {
    let options = Options { access: json!({"feed/*": "write", "input/*": "write"}), ..Options::default() };
    let world = World::with(options).await;
    world.emoncms.stop_clock();
    let start = yesterday(&world);
    let end = start + DAY_MS / 24;
    for path in [
        format!("/feed/data.json?id=1&start={start}&end={end}&interval=10"),
        format!("/feed/data.json?ids=1,3,6&start={start}&end={end}&interval=60&average=1"),
        format!("/feed/data.json?id=2&start={start}&end={end}&interval=daily&delta=1"),
        format!("/feed/csvexport.json?id=1&start={start}&end={end}&interval=10"),
        format!("/feed/csvexport.json?ids=1,3&start={start}&end={end}&interval=10&timeformat=excel"),
        "/feed/data.json?id=1".to_owned(),
        "/feed/data.json?id=99&start=0&end=1&interval=1".to_owned(),
        "/feed/fetch.json?ids=1,2,99".to_owned(),
        "/feed/getid.json?name=solar&tag=solar".to_owned(),
        "/feed/value.json?id=4".to_owned(),
        "/feed/nonesuch.json?id=1".to_owned(),
        "/feed/list.csv".to_owned(),
        "/feed/list.txt".to_owned(),
        "/input/get.json?node=emontx".to_owned(),
        "/input/get/emontx.json".to_owned(),
        "/input/post.json?node=emontx&fulljson=%7B%22x%22:1%7D".to_owned(),
    ] {
        let (ours, theirs) = (world.get_as_owner(&path).await, direct(&world, &path).await);
        assert_eq!(ours.status, theirs.status, "{path}: {}", ours.text());
        assert_eq!(ours.content_type(), theirs.content_type(), "{path}");
        assert_eq!(ours.text(), theirs.text(), "{path}");
    }
}

#[tokio::test]
async fn a_form_is_posted_with_the_write_key() {
    let world = World::start().await;
    let answer = world.post("/input/post.json", &[("node", "emontx"), ("data", "{use:42}")]).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(answer.content_type(), "text/plain");

    let seen = world.emoncms.seen_for("input/post").remove(0);
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.form, [("node".into(), "emontx".into()), ("data".into(), "{use:42}".into())]);
    assert_eq!(seen.query, []);
    assert_eq!(seen.bearer(), Some(world.emoncms.keys().write.as_str()));

    let inputs = world.get("/input/get.json?node=emontx&name=use").await.json();
    assert_eq!(inputs["value"], 42);
}

#[tokio::test]
async fn a_json_body_is_posted_as_it_is() {
    let world = World::start().await;
    let body = r#"{ "power1" : 1e2, "text": "ü \u00fc" }"#;
    let request =
        world.client.request(Method::POST, "/input/post.json?node=x").bearer_auth(&world.account.write_key);
    let answer = Answer::of(request.header("Content-Type", "application/json").body(body)).await;
    assert_eq!(answer.status, 200);
    let seen = world.emoncms.seen_for("input/post").remove(0);
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(String::from_utf8_lossy(&seen.body), body);
}

#[tokio::test]
async fn query_and_body_travel_together() {
    let world = World::start().await;
    let steps = r#"[{"fn":"process__log_to_feed","args":[7]}]"#;
    let answer = world.post("/input/process/set.json?inputid=2", &[("processlist", steps)]).await;
    assert_eq!(answer.json()["encoded_processlist"], "1:7", "{}", answer.text());
    let seen = world.emoncms.seen_for("input/process/set").remove(0);
    assert_eq!((seen.query("inputid"), seen.form("processlist")), (Some("2"), Some(steps)));
    assert_eq!((seen.query("processlist"), seen.form("inputid")), (None, None));
}

#[tokio::test]
async fn odd_values_arrive_unchanged() {
    let world = World::start().await;
    let odd = "a&b=c+d %2F \"quoted\" <ü€😀>\r\n\t'\\ ;#?";
    let query = [("name", odd), ("list[]", "1"), ("list[]", "2"), ("map[key]", odd), ("empty", "")];
    let request =
        world.client.request(Method::POST, "/input/post.json").bearer_auth(&world.account.write_key);
    assert_eq!(Answer::of(request.query(&query).form(&query)).await.status, 200);

    let seen = world.emoncms.seen_for("input/post").remove(0);
    for given in [&seen.query, &seen.form] {
        let find = |name: &str| given.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        assert_eq!(find("name"), Some(odd));
        assert_eq!(find("map[key]"), Some(odd));
        assert_eq!(find("empty"), Some(""));
        assert_eq!(find("list[0]"), Some("1"));
        assert_eq!(find("list[1]"), Some("2"));
    }
}

#[tokio::test]
async fn an_unchanged_answer_costs_no_uplink() {
    let world = World::start().await;
    world.emoncms.stop_clock();
    let path = a_day(&world);
    let first = world.get(&path).await;
    let etag = first.header("etag").expect("an answer that can be asked for again has an etag").to_owned();

    let before = world.line.bytes_up();
    let request = world.client.request(Method::GET, &path).bearer_auth(&world.account.read_key);
    let second = Answer::of(request.header("If-None-Match", &etag)).await;
    assert_eq!((second.status, second.body.len()), (304, 0));
    assert_eq!(second.header("etag"), Some(etag.as_str()));
    let cost = world.line.bytes_up() - before;
    assert!(cost < 600, "an unchanged answer of {} bytes cost {cost} bytes", first.body.len());

    world.emoncms.order(
        "feed/data",
        Fault::Say { status: 200, content_type: "application/json", body: b"[]".to_vec() },
    );
    let request = world.client.request(Method::GET, &path).bearer_auth(&world.account.read_key);
    let third = Answer::of(request.header("If-None-Match", &etag)).await;
    assert_eq!((third.status, third.text().as_str()), (200, "[]"), "a changed answer comes whole");
}

#[tokio::test]
async fn what_is_compressed_at_home_is_undone_only_for_who_cannot_take_it() {
    let world = World::start().await;
    world.emoncms.stop_clock();
    let path = a_day(&world);
    let plain = direct(&world, &path).await.body;
    for (accept, encoding) in
        [("zstd, gzip", Some("zstd")), ("gzip, deflate", None), ("identity", None), ("zstd;q=0", None)]
    {
        let before = world.line.bytes_up();
        let request = world.client.request(Method::GET, &path).bearer_auth(&world.account.read_key);
        let answer = Answer::of(request.header("Accept-Encoding", accept)).await;
        let cost = world.line.bytes_up() - before;
        assert_eq!(answer.header("content-encoding"), encoding, "{accept}");
        let body = match encoding {
            Some(_) => zstd::decode_all(answer.body.as_slice()).expect("it is zstd"),
            None => answer.body,
        };
        assert!(body == plain, "{accept}: another body");
        assert!(cost < plain.len() as u64 * 2 / 3, "{accept}: {} bytes cost {cost} of uplink", plain.len());
    }
}

#[tokio::test]
async fn a_key_stands_in_the_header_the_query_or_the_form() {
    let world = World::start().await;
    let (read, write) = (&world.account.read_key, &world.account.write_key);
    let in_query = world.client.get_anonymously(&format!("/feed/list.json?apikey={read}")).await;
    assert_eq!(in_query.status, 200, "{}", in_query.text());
    let request = world.client.request(Method::POST, "/input/post.json");
    let in_form =
        Answer::of(request.form(&[("apikey", write.as_str()), ("node", "a"), ("data", "{b:1}")])).await;
    assert_eq!(in_form.text(), "ok");
    for seen in world.emoncms.seen() {
        let text = format!("{seen:?}");
        assert!(!text.contains(read) && !text.contains(write), "a cloud key reached the home: {text}");
    }
}

#[tokio::test]
async fn who_signs_in_with_the_password_needs_no_key() {
    let world = World::start().await;
    let login = json!({"username": "alice", "password": remoteaccess_tests::bridge::PASSWORD});
    let answer = Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.header("set-cookie").expect("a session has a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a cookie has a value").to_owned();

    let with_cookie = |path: &str| world.client.request(Method::GET, path).header("Cookie", &cookie);
    assert_eq!(Answer::of(with_cookie("/feed/list.json")).await.status, 200);
    let home = Answer::of(with_cookie("/-/home")).await;
    assert_eq!(home.json()["state"], "online", "{}", home.text());

    let wrong = json!({"username": "alice", "password": "guess"});
    Answer::of(world.client.request(Method::POST, "/-/session").json(&wrong))
        .await
        .assert_refused(401, "unauthorized");
}

#[tokio::test]
async fn a_page_shows_that_it_works() {
    let world = World::start().await;
    let page = world.client.get_anonymously("/").await;
    assert_eq!((page.status, page.content_type()), (200, "text/html"));
    assert_eq!(world.client.get_anonymously("/-/ready").await.status, 200);
}

#[tokio::test]
async fn a_caller_that_hangs_up_ends_the_request_at_home() {
    let world = World::start().await;
    for fault in [Fault::Hang, Fault::Stuck, Fault::Export(500_000_000)] {
        let (abandoned, sent) = (world.emoncms.abandoned(), world.emoncms.sent());
        world.emoncms.order("feed/csvexport", fault.clone());
        let path = "/feed/csvexport.json?id=1&start=0&end=1&interval=1";
        let asked = world.emoncms.seen_for("feed/csvexport").len();
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        let caller = tokio::spawn(async move {
            let answer = client.request(Method::GET, path).bearer_auth(key).send().await;
            let mut answer = answer.expect("the bridge answers");
            while let Ok(Some(_)) = answer.chunk().await {}
        });
        remoteaccess_tests::wait::until(
            "the request to reach emoncms",
            remoteaccess_tests::wait::SOON,
            async || {
                let started = world.emoncms.seen_for("feed/csvexport").len() > asked;
                (started && (matches!(fault, Fault::Hang) || world.emoncms.sent() > sent)).then_some(())
            },
        )
        .await;
        caller.abort();
        remoteaccess_tests::wait::until(
            "emoncms to be left alone",
            remoteaccess_tests::wait::SOON,
            async || (world.emoncms.abandoned() > abandoned).then_some(()),
        )
        .await;
        assert!(world.emoncms.sent() - sent < 400_000_000, "{fault:?} was read to its end");
    }
}
