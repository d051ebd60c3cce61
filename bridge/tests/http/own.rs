//! What the bridge answers itself: signing in, presence, health.

use crate::support::{ANN_READ, Answer, PASSWORD, World, get, request};

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn sign_in(world: &World, headers: &[(&str, &str)], password: &str) -> Answer {
    let login = serde_json::json!({"username": "ann", "password": password}).to_string();
    world.send(request("POST", "/-/session", headers, &login)).await
}

async fn signed_in(world: &World) -> String {
    let answer = sign_in(world, &[JSON], PASSWORD).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_begins_counts_and_ends() {
    let world = World::new().await;
    let answer = sign_in(&world, &[JSON, ("sec-fetch-site", "same-origin")], PASSWORD).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["username"]), (200, &"ann".into()));
    let cookie = answer.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"), "{cookie}");

    let cookie = cookie.split(';').next().unwrap();
    let who = world.send(request("GET", "/-/session", &[("cookie", cookie)], "")).await;
    assert_eq!((&who.json()["rights"], &who.json()["userid"]), (&"write".into(), &7.into()));
    let waiting = world.start(request("GET", "/feed/list.json?apikey=", &[("cookie", cookie)], ""));
    assert_eq!(world.request("ann").await.rights(), remoteaccess_protocol::Rights::Write);
    waiting.abort();

    let ended = world.send(request("DELETE", "/-/session", &[("cookie", cookie)], "")).await;
    assert!(ended.header("set-cookie").starts_with("session=; Path=/; Max-Age=0;"));
}

#[tokio::test]
async fn signing_in_needs_the_password_and_this_site() {
    let world = World::new().await;
    assert_eq!(sign_in(&world, &[JSON], "wrong").await.error(), (401, "unauthorized".into()));
    assert_eq!(sign_in(&world, &[FORM], PASSWORD).await.error(), (400, "bad_request".into()));
    for header in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")] {
        assert_eq!(sign_in(&world, &[JSON, header], PASSWORD).await.error(), (401, "unauthorized".into()));
    }
    let long = "x".repeat(5000);
    assert_eq!(sign_in(&world, &[JSON], &long).await.error(), (413, "request_too_large".into()));
}

#[tokio::test]
async fn a_cookie_is_no_use_to_another_sites_page() {
    let world = World::new().await;
    let cookie = signed_in(&world).await;
    for header in [("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
        for (method, uri) in
            [("POST", "/feed/delete.json"), ("GET", "/feed/list.json"), ("GET", "/-/session")]
        {
            let answer = world.send(request(method, uri, &[("cookie", &cookie), header], "")).await;
            assert_eq!(answer.error(), (401, "unauthorized".into()), "{method} {uri} {header:?}");
        }
    }
    assert!(world.nothing_published());
}

#[tokio::test]
async fn a_refused_method_comes_with_those_that_are_taken() {
    let world = World::new().await;
    for (method, uri, allowed) in [
        ("PUT", "/-/session", "GET,HEAD,POST,DELETE"),
        ("POST", "/-/home", "GET,HEAD"),
        ("DELETE", "/", "GET,HEAD"),
        ("PUT", "/feed/list.json", "GET, POST"),
    ] {
        let answer = world.send(request(method, uri, &[], "")).await;
        assert_eq!(answer.error(), (405, "bad_request".into()), "{method} {uri}");
        assert_eq!(answer.header("allow"), allowed, "{method} {uri}");
    }
}

#[tokio::test]
async fn an_explicit_key_wins_over_the_cookie() {
    let world = World::new().await;
    let cookie = signed_in(&world).await;
    let wrong = "0".repeat(32);
    for (uri, bearer) in [(format!("/-/session?apikey={wrong}"), ""), ("/-/session".into(), wrong.as_str())] {
        let bearer = format!("Bearer {bearer}");
        let headers = [("cookie", cookie.as_str()), ("authorization", bearer.as_str())];
        let answer = world.send(request("GET", &uri, &headers, "")).await;
        assert_eq!(answer.error(), (401, "unauthorized".into()), "{uri}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let uri = format!("/-/session?apikey={ANN_READ}");
    let answer = world.send(request("GET", &uri, &[("cookie", &cookie)], "")).await;
    assert_eq!(answer.json()["rights"], "read");
}

#[tokio::test]
async fn homes_get_their_keys_as_from_emoncms() {
    let world = World::new().await;
    let auth = async |name: &str, password: &str| {
        let password = password.replace(' ', "+");
        let body = format!("username={name}&password={password}");
        world.send(request("POST", "/user/auth.json", &[FORM], &body)).await
    };
    let answer = auth("ann", PASSWORD).await;
    let told = answer.json();
    assert_eq!((&told["success"], &told["userid"]), (&true.into(), &7.into()));
    for (name, rights) in [("apikey_read", "read"), ("apikey_write", "write")] {
        let uri = format!("/-/session?apikey={}", told[name].as_str().unwrap());
        assert_eq!(world.send(request("GET", &uri, &[], "")).await.json()["rights"], rights);
    }
    assert_eq!(answer.header("cache-control"), "no-store");
    for (name, password) in [("ann", "wrong"), ("eve", PASSWORD), ("", "")] {
        let answer = auth(name, password).await;
        let expected = serde_json::json!({"success": false, "message": "Incorrect authentication"});
        assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
    }
    assert_eq!(world.send(get("/user/auth.json")).await.error(), (404, "not_relayed".into()));
}

#[tokio::test]
async fn presence_and_health_are_told() {
    let world = World::new().await;
    let home = world.send(get("/-/home")).await.json();
    assert_eq!(
        (&home["state"], &home["agent"], &home["since"]),
        (&"online".into(), &"1.2.3".into(), &1_800_000_000_u64.into())
    );
    world.presence("ann", "offline");
    let home = world.send(get("/-/home")).await.json();
    assert_eq!(home["state"], "offline");
    assert!(home["last_seen"].is_u64());
    assert_eq!(world.send(request("GET", "/-/home", &[], "")).await.error(), (401, "unauthorized".into()));

    assert_eq!(world.send(request("GET", "/-/ready", &[], "")).await.status, 200);
    world.lose_broker();
    assert_eq!(world.send(request("GET", "/-/ready", &[], "")).await.error(), (503, "broker_offline".into()));
    assert_eq!(world.send(get("/-/home")).await.error(), (503, "broker_offline".into()));
}
