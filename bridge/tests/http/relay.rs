//! Requests that go to a home.

use crate::support::{ANN_READ, ANN_WRITE, BOB_READ, BOB_WRITE, World, get, request, site, start};
use remoteaccess_protocol::{
    ErrorCode, Format, Method, Refusal, Rights, Start, first_generation,
    limits::MAX_FRAME_BODY_BYTES,
    request::{Body, Incoming},
};

const JSON: &str = "application/json";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_get_goes_home_without_its_key_and_comes_back() {
    let world = World::new().await;
    let answer =
        world.start(request("GET", &format!("/feed/data.json?id=1&apikey={ANN_READ}&x[]=a"), &[], ""));
    let (text, asked) = world.asked("ann").await;
    assert!(!text.contains(ANN_READ) && !text.contains("apikey"), "{text}");
    let Incoming::Request(asked) = asked else { panic!() };
    let v2 = asked.v2.clone().unwrap();
    assert_eq!(
        (asked.endpoint.to_string().as_str(), v2.rights, v2.method),
        ("feed/data", Rights::Read, Method::Get)
    );
    assert_eq!((asked.data.get("id"), asked.data.get("x[0]")), (Some("1"), Some("a")));
    assert_eq!((v2.format, v2.body, v2.timeout.as_millis()), (Format::Json, None, 14_500));
    world.piece("ann", &v2.id, 0, true, start(JSON), b"[[1,2]]");
    let answer = answer.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "[[1,2]]"));
    for (name, value) in [
        ("content-type", JSON),
        ("cache-control", "private, no-cache"),
        ("vary", "Accept-Encoding, Cookie, Authorization"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; sandbox; frame-ancestors 'none'"),
        ("content-encoding", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn query_and_body_travel_together() {
    let world = World::new().await;
    let uri = "/input/process/set.csv?inputid=3";
    let posted = format!("processlist=1%3A2&apikey={ANN_WRITE}");
    let _answer = world.start(request("POST", uri, &[FORM], &posted));
    let asked = world.request("ann").await;
    let v2 = asked.v2.unwrap();
    assert_eq!((v2.rights, v2.method, v2.format), (Rights::Write, Method::Post, Format::Csv));
    assert_eq!(asked.data.get("inputid"), Some("3"));
    let Some(Body::Form(form)) = v2.body else { panic!() };
    assert_eq!(form.iter().collect::<Vec<_>>(), [("processlist", "1:2")]);

    let headers =
        [("content-type", "application/json; charset=utf-8"), ("authorization", &bearer(ANN_WRITE))];
    let _answer = world.start(request("POST", "/feed/update", &headers, r#"{"a": [1]}"#));
    let body = world.request("ann").await.v2.unwrap().body;
    assert_eq!(body, Some(Body::Json(r#"{"a": [1]}"#.into())));
}

#[tokio::test]
async fn what_is_malformed_never_reaches_a_home() {
    let world = World::new().await;
    let key = bearer(ANN_WRITE);
    let too_large = "x".repeat(256 * 1024 + 1);
    let (many, too_many) = ("a=1&".repeat(500), "a=1&".repeat(502));
    let escapes = format!("[\"{}\"]", "\\\"".repeat(100 * 1024));
    for (method, uri, content_type, body, status, code) in [
        ("GET", "/feed/list?q=1", "", "", 400, "bad_request"),
        ("GET", "/feed/list?%20apikey=1", "", "", 400, "bad_request"),
        ("GET", "/feed/list?APIKEY=1", "", "", 400, "bad_request"),
        ("GET", "/feed/list?a.b=1", "", "", 400, "bad_request"),
        ("POST", "/feed/set", FORM.1, "fields=1&embed=1", 400, "bad_request"),
        ("POST", "/feed/set", "text/plain", "x", 400, "bad_request"),
        ("POST", "/feed/set", "multipart/form-data; boundary=x", "x", 400, "bad_request"),
        ("POST", "/feed/set", "", "x", 400, "bad_request"),
        ("POST", "/feed/set", JSON, "{", 400, "bad_request"),
        ("POST", "/feed/set", JSON, "{} {}", 400, "bad_request"),
        ("POST", "/feed/set", FORM.1, &too_many, 400, "bad_request"),
        ("POST", "/feed/set", FORM.1, &too_large, 413, "request_too_large"),
        ("POST", "/feed/set", JSON, &escapes, 413, "request_too_large"),
        ("PUT", "/feed/set", "", "", 405, "bad_request"),
        ("DELETE", "/feed/list.json", "", "", 405, "bad_request"),
        ("GET", "/admin/info.json", "", "", 404, "not_relayed"),
        ("GET", "/feed/view.html", "", "", 404, "not_relayed"),
        ("GET", "/-/nothing", "", "", 404, "not_relayed"),
    ] {
        let headers = [("content-type", content_type), ("authorization", key.as_str())];
        let answer = world.send(request(method, uri, &headers, body)).await;
        assert_eq!(answer.error(), (status, code.to_owned()), "{method} {uri} {content_type}");
        assert_eq!(answer.json()["success"], false);
    }
    assert!(world.nothing_published());
    let fits = world.start(request("POST", "/feed/set", &[FORM, ("authorization", &key)], &many));
    world.request("ann").await;
    fits.abort();
    let put = world.send(request("PUT", "/feed/set", &[], "")).await;
    assert_eq!(put.header("allow"), "GET, POST");
}

#[tokio::test]
async fn nobody_waits_for_a_home_that_is_away() {
    let world = World::new().await;
    let waiting = world.start(get("/feed/list.json"));
    world.request("ann").await;
    world.presence("ann", "offline");
    let answer = waiting.await.unwrap();
    assert_eq!(answer.error(), (503, "home_offline".into()));
    assert_eq!(answer.json()["last_seen"], 1_800_000_000);
    assert!(answer.json()["message"].as_str().unwrap().ends_with("last seen at 2027-01-15T08:00:00Z"));

    let answer = world.send(get("/feed/list.json")).await;
    assert_eq!(answer.error(), (503, "home_offline".into()));
    let old_route = world.send(get("/remoteaccess/feed/list")).await;
    assert_eq!((old_route.status.as_u16(), old_route.json()), (200, "API Timeout".into()));

    world.lose_broker();
    let answer = world.send(get("/feed/list.json")).await;
    assert_eq!((answer.error(), answer.header("retry-after")), ((503, "broker_offline".into()), "5"));
    assert!(world.nothing_published());
}

#[tokio::test]
async fn a_silent_home_costs_the_deadline_and_is_told_to_stop() {
    let world = World::with("request_timeout_ms = 100").await;
    let answer = world.start(get("/feed/list.json"));
    let id = world.request("ann").await.v2.unwrap().id;
    assert_eq!(answer.await.unwrap().error(), (504, "home_timeout".into()));
    assert!(world.app.exchange.outbox().take().await.contains_key(&id));
    let old_route = world.send(get("/remoteaccess/feed/list")).await;
    assert_eq!((old_route.status.as_u16(), old_route.json()), (200, "API Timeout".into()));
}

#[tokio::test]
async fn places_are_limited_and_come_free() {
    let world = World::with("requests_per_home = 1\nrequests = 2").await;
    let first = world.start(get("/feed/list.json"));
    let id = world.request("ann").await.v2.unwrap().id;
    let busy = world.send(get("/feed/list.json")).await;
    assert_eq!((busy.error(), busy.header("retry-after")), ((429, "busy".into()), "1"));

    let key = bearer(BOB_WRITE);
    let other = world.start(request("GET", "/feed/list.json", &[("authorization", &key)], ""));
    world.request("bob").await;
    assert_eq!(world.send(get("/feed/list.json")).await.error(), (503, "busy".into()));

    world.piece("ann", &id, 0, true, start(JSON), b"[]");
    assert_eq!(first.await.unwrap().status, 200);
    other.abort();
    let again = world.start(get("/feed/list.json"));
    world.request("ann").await;
    again.abort();
}

#[tokio::test]
async fn a_first_generation_home_gets_everything_in_data() {
    let world = World::new().await;
    let headers = [FORM, ("authorization", &bearer(BOB_WRITE))];
    let answer = world.start(request("POST", "/feed/set.json?id=1&a=q", &headers, "a=f&b=2"));
    let (text, asked) = world.asked("bob").await;
    let Incoming::Request(asked) = asked else { panic!() };
    let pairs: Vec<_> = asked.data.iter().collect();
    assert_eq!(pairs, [("id", "1"), ("a", "f"), ("b", "2")]);
    let echo = first_generation::encode_answer(text.as_bytes(), br#"{"success":true}"#).unwrap();
    world.app.exchange.deliver(&site("bob"), &echo.into());
    let answer = answer.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, r#"{"success":true}"#));
    assert_eq!(answer.header("content-type"), JSON);

    for (key, content_type, body, expected) in [
        (BOB_READ, FORM.1, "a=1", (403, "denied".to_owned())),
        (BOB_WRITE, JSON, "{}", (400, "bad_request".to_owned())),
    ] {
        let headers = [("content-type", content_type), ("authorization", &bearer(key))];
        assert_eq!(world.send(request("POST", "/feed/set", &headers, body)).await.error(), expected);
    }
    assert!(world.nothing_published());
}

#[tokio::test]
async fn on_the_old_route_a_form_replaces_the_query() {
    let world = World::new().await;
    let headers = [FORM, ("authorization", &bearer(ANN_WRITE))];
    for (method, body, expected) in
        [("GET", "", ("id", "1")), ("POST", "id=2", ("id", "2")), ("POST", "", ("id", "1"))]
    {
        let request = request(method, "/remoteaccess/input/process/get?id=1", &headers, body);
        let waiting = world.start(request);
        let asked = world.request("ann").await;
        assert_eq!(asked.endpoint.to_string(), "input/process/get");
        assert_eq!(asked.data.iter().collect::<Vec<_>>(), [expected]);
        let v2 = asked.v2.unwrap();
        assert_eq!((v2.method, v2.body), (Method::Get, None));
        waiting.abort();
    }
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let world = World::new().await;
    let key = bearer(ANN_READ);
    let not_modified =
        || Some(Start { status: 304, content_type: None, zstd: false, etag: Some("\"e1\"".into()) });
    for (tag, passed) in [("\"e1\"", Some("\"e1\"")), ("\"a\", \"b\"", None), ("*", None), ("e1", None)] {
        let headers = [("if-none-match", tag), ("authorization", key.as_str())];
        let answer = world.start(request("GET", "/feed/list.json", &headers, ""));
        let v2 = world.request("ann").await.v2.unwrap();
        assert_eq!(v2.etag.as_deref(), passed, "{tag}");
        world.piece("ann", &v2.id, 0, true, not_modified(), b"");
        let answer = answer.await.unwrap();
        match passed {
            Some(tag) => {
                assert_eq!((answer.status.as_u16(), answer.header("etag"), answer.text()), (304, tag, ""));
            }
            None => assert_eq!(answer.error(), (502, "bad_answer".into()), "nobody asked for that"),
        }
    }
}

#[tokio::test]
async fn compression_passes_through_or_is_undone() {
    let world = World::new().await;
    let text = "[1,2,3]".repeat(10_000);
    let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let zstd = || Some(Start { status: 200, content_type: Some(JSON.into()), zstd: true, etag: None });
    let key = bearer(ANN_READ);
    for (accepts, passed) in [("gzip, zstd", true), ("gzip", false), ("zstd;q=0", false)] {
        let headers = [("accept-encoding", accepts), ("authorization", key.as_str())];
        let answer = world.start(request("GET", "/feed/list.json", &headers, ""));
        let id = world.request("ann").await.v2.unwrap().id;
        world.piece("ann", &id, 0, true, zstd(), &packed);
        let answer = answer.await.unwrap();
        let expected = if passed { &packed[..] } else { text.as_bytes() };
        assert!(answer.body.as_ref().unwrap() == expected, "{accepts}");
        assert_eq!(answer.header("content-encoding"), if passed { "zstd" } else { "" });
    }
    for damaged in [&packed[..packed.len() - 1], b"[1]", b""] {
        let answer = world.start(get("/feed/list.json"));
        let id = world.request("ann").await.v2.unwrap().id;
        world.piece("ann", &id, 0, true, zstd(), damaged);
        assert_eq!(answer.await.unwrap().error(), (502, "bad_answer".into()));
    }
    let answer = world.start(get("/feed/list.json"));
    let id = world.request("ann").await.v2.unwrap().id;
    world.piece("ann", &id, 0, false, zstd(), &[b'?'; 4096]);
    let answer = answer.await.unwrap();
    assert!(answer.text().contains("its compression is damaged"), "also where more is to come");
    assert_eq!(answer.error(), (502, "bad_answer".into()));
}

#[tokio::test]
async fn a_streamed_answer_is_whole_or_broken() {
    let world = World::with("idle_timeout_ms = 100").await;
    let piece = vec![b'x'; MAX_FRAME_BODY_BYTES];
    let key = bearer(ANN_READ);
    for (end, whole) in
        [("last", true), ("refusal", false), ("gap", false), ("offline", false), ("silence", false)]
    {
        world.presence("ann", "online");
        let answer = world.start(request("GET", "/feed/csvexport", &[("authorization", &key)], ""));
        let id = world.request("ann").await.v2.unwrap().id;
        world.piece("ann", &id, 0, false, start("application/octet-stream"), &piece);
        world.piece("ann", &id, 1, false, None, &piece);
        for _ in 0..10 {
            // The answer begins.
            tokio::task::yield_now().await;
        }
        match end {
            "last" => world.piece("ann", &id, 2, true, None, b"end"),
            "refusal" => world.refuse("ann", &id, Refusal::new(ErrorCode::TooLarge, "")),
            "gap" => world.piece("ann", &id, 3, true, None, b"end"),
            "offline" => world.presence("ann", "offline"),
            _ => {}
        }
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"feed-csvexport.csv\"");
        match whole {
            true => assert_eq!(answer.body.unwrap().len(), 2 * MAX_FRAME_BODY_BYTES + 3),
            false => assert!(answer.body.is_err(), "{end}"),
        }
    }
}

#[tokio::test]
async fn over_http_1_0_an_answer_of_unknown_length_is_refused() {
    let world = World::new().await;
    let mut asked = get("/feed/csvexport");
    *asked.version_mut() = axum::http::Version::HTTP_10;
    let answer = world.start(asked);
    let id = world.request("ann").await.v2.unwrap().id;
    world.piece("ann", &id, 0, false, start("text/csv"), &[b'x'; MAX_FRAME_BODY_BYTES]);
    assert_eq!(answer.await.unwrap().error(), (400, "bad_request".into()));
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}
