//! What belongs to an account: sessions, keys, password, second factor; and who must not get at it.

use crate::support::{ANN_READ, ANN_WRITE, Answer, BOB_READ, PASSWORD, World, request};
use remoteaccess_bridge::second_factor;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn sign_in(world: &World, login: &Value, cookie: &str) -> Answer {
    let headers = [JSON, ("cookie", cookie), ("user-agent", "Firefox")];
    world.send(request("POST", "/-/session", &headers, &login.to_string())).await
}

fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn signed_in(world: &World, name: &str) -> String {
    cookie(&sign_in(world, &json!({"username": name, "password": PASSWORD}), "").await)
}

async fn ask(world: &World, method: &str, uri: &str, cookie: &str, body: &Value) -> Answer {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    world.send(request(method, uri, &[JSON, ("cookie", cookie)], &text)).await
}

async fn status(world: &World, cookie: &str) -> u16 {
    ask(world, "GET", "/-/session", cookie, &Value::Null).await.status.as_u16()
}

#[tokio::test]
async fn sessions_are_listed_and_each_can_be_ended() {
    let world = World::new().await;
    let (here, there) = (signed_in(&world, "ann").await, signed_in(&world, "ann").await);
    let list = ask(&world, "GET", "/-/account/sessions", &here, &Value::Null).await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let of = |current: bool| list.as_array().unwrap().iter().find(|one| one["current"] == current).unwrap();
    assert_eq!((&of(true)["agent"], &of(true)["address"]), (&"Firefox".into(), &"local".into()));
    let uri = format!("/-/account/sessions/{}", of(false)["id"].as_str().unwrap());
    assert_eq!(ask(&world, "DELETE", &uri, &here, &Value::Null).await.status, 200);
    assert_eq!((status(&world, &there).await, status(&world, &here).await), (401, 200));
    assert_eq!(ask(&world, "DELETE", &uri, &here, &Value::Null).await.error(), (404, "not_found".into()));

    let bob = signed_in(&world, "bob").await;
    let uri = format!("/-/account/sessions/{}", of(true)["id"].as_str().unwrap());
    assert_eq!(ask(&world, "DELETE", &uri, &bob, &Value::Null).await.error().0, 404, "bob cannot end ann's");
    assert_eq!(ask(&world, "DELETE", "/-/account/sessions", &here, &Value::Null).await.status, 200);
    assert_eq!((status(&world, &here).await, status(&world, &bob).await), (401, 200));
}

#[tokio::test]
async fn a_session_ends_with_signing_out_and_with_signing_in_anew() {
    let world = World::new().await;
    let first = signed_in(&world, "ann").await;
    let second = cookie(&sign_in(&world, &json!({"username": "ANN", "password": PASSWORD}), &first).await);
    assert_ne!(first, second);
    assert_eq!((status(&world, &first).await, status(&world, &second).await), (401, 200));
    ask(&world, "DELETE", "/-/session", &second, &Value::Null).await;
    assert_eq!(status(&world, &second).await, 401, "not only the browser's cookie is gone");
}

#[tokio::test]
async fn the_browser_keeps_the_cookie_as_long_as_the_session_lasts() {
    let world = World::new().await;
    let here = signed_in(&world, "ann").await;
    let who = ask(&world, "GET", "/-/session", &here, &Value::Null).await;
    assert_eq!((who.status.as_u16(), who.header("set-cookie")), (200, ""), "it has just got it");
    let list = ask(&world, "GET", "/-/account/sessions", &here, &Value::Null).await.json();
    let id = list[0]["id"].as_str().unwrap().parse().unwrap();
    world.app.store.prolong_session(id, remoteaccess_bridge::session::SECONDS + 600).await.unwrap();
    world.app.store.forget();
    let who = ask(&world, "GET", "/-/session", &here, &Value::Null).await;
    assert_eq!(cookie(&who), here);
    assert!(who.header("set-cookie").contains("Max-Age=2592000"), "{}", who.header("set-cookie"));
    let with_key = format!("/-/session?apikey={ANN_READ}");
    assert_eq!(ask(&world, "GET", &with_key, &here, &Value::Null).await.header("set-cookie"), "");
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_can_be_taken_away() {
    let world = World::new().await;
    let ann = signed_in(&world, "ann").await;
    let wanted = json!({"label": "phone", "rights": "read"});
    let made = ask(&world, "POST", "/-/account/keys", &ann, &wanted).await;
    assert_eq!(made.status, 201);
    let (made, key) = (made.json(), made.json()["key"].as_str().unwrap().to_owned());
    assert!(key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()));
    let who = format!("/-/session?apikey={key}");
    assert_eq!(world.send(request("GET", &who, &[], "")).await.json()["rights"], "read");
    let list = ask(&world, "GET", "/-/account/keys", &ann, &Value::Null).await;
    assert!(list.text().contains("phone") && !list.text().contains(&key));

    let uri = format!("/-/account/keys/{}", made["id"].as_str().unwrap());
    let bob = signed_in(&world, "bob").await;
    assert_eq!(ask(&world, "DELETE", &uri, &bob, &Value::Null).await.error().0, 404);
    assert_eq!(ask(&world, "DELETE", &uri, &ann, &Value::Null).await.status, 200);
    assert_eq!(world.send(request("GET", &who, &[], "")).await.error().0, 401);
}

#[tokio::test]
async fn what_a_key_or_another_site_must_not_do() {
    let world = World::new().await;
    let ann = signed_in(&world, "ann").await;
    let key = format!("Bearer {ANN_WRITE}");
    let wanted = json!({"label": "x", "rights": "write"}).to_string();
    for (method, uri, body) in [
        ("POST", "/-/account/keys", wanted.as_str()),
        ("DELETE", "/-/account/keys/1", ""),
        ("DELETE", "/-/account/sessions", ""),
        ("DELETE", "/-/account/sessions/1", ""),
        ("POST", "/-/account/password", r#"{"old":"correct horse battery staple","new":"another one"}"#),
        ("POST", "/-/account/second-factor", r#"{"password":"correct horse battery staple"}"#),
        ("PUT", "/-/account/second-factor", r#"{"code":"123456"}"#),
        ("DELETE", "/-/account/second-factor", r#"{"password":"x","code":"123456"}"#),
    ] {
        for headers in [
            vec![JSON],
            vec![JSON, ("authorization", key.as_str())],
            vec![
                JSON,
                ("cookie", "session=0000000000000000000000000000000000000000000000000000000000000000"),
            ],
            vec![JSON, ("cookie", ann.as_str()), ("origin", "https://evil.example")],
            vec![JSON, ("cookie", ann.as_str()), ("sec-fetch-site", "same-site")],
        ] {
            let answer = world.send(request(method, uri, &headers, body)).await;
            assert_eq!(answer.error(), (401, "unauthorized".into()), "{method} {uri} {headers:?}");
        }
        if !body.is_empty() {
            let form = ("content-type", "text/plain");
            let answer = world.send(request(method, uri, &[form, ("cookie", &ann)], body)).await;
            assert_eq!(answer.error(), (400, "bad_request".into()), "{method} {uri}: a form can send this");
        }
    }
    for uri in ["/-/account/sessions", "/-/account/keys", "/-/account/events"] {
        let answer = world.send(request("GET", uri, &[("authorization", &key)], "")).await;
        assert_eq!(answer.error().0, 401, "{uri}");
    }
    assert_eq!(status(&world, &ann).await, 200);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_the_old_password() {
    let world = World::new().await;
    let (here, there) = (signed_in(&world, "ann").await, signed_in(&world, "ann").await);
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    let uri = "/-/account/password";
    assert_eq!(ask(&world, "POST", uri, &here, &change("wrong", "another one")).await.error().0, 401);
    assert_eq!(ask(&world, "POST", uri, &here, &change(PASSWORD, "short")).await.error().0, 400);
    assert_eq!(ask(&world, "POST", uri, &here, &change(PASSWORD, "another one")).await.status, 200);
    assert_eq!((status(&world, &here).await, status(&world, &there).await), (200, 401));
    let login = |password| json!({"username": "ann", "password": password});
    assert_eq!(sign_in(&world, &login(PASSWORD), "").await.error().0, 401);
    assert_eq!(sign_in(&world, &login("another one"), "").await.status, 200);
    let events = ask(&world, "GET", "/-/account/events", &here, &Value::Null).await.json();
    let kinds: Vec<_> = events.as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    for kind in ["sign-in", "sign-in-refused", "password-changed"] {
        assert!(kinds.contains(&kind.into()), "{kind} {kinds:?}");
    }
}

/// The code of a secret as an app makes it, some steps from now.
fn code(secret: &[u8], aside: i64) -> String {
    let now = i64::try_from(remoteaccess_bridge::clock::unix_now()).unwrap();
    format!("{:06}", second_factor::code_at(secret, now / 30 + aside))
}

fn unbase32(text: &str) -> Vec<u8> {
    let value = |c: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
    let bits: String = text.chars().map(|c| format!("{:05b}", value(c))).collect();
    let bytes = bits.as_bytes().chunks_exact(8).map(|bits| std::str::from_utf8(bits).unwrap());
    bytes.map(|bits| u8::from_str_radix(bits, 2).unwrap()).collect()
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_opens_nothing() {
    let world = World::new().await;
    let ann = signed_in(&world, "ann").await;
    let uri = "/-/account/second-factor";
    let begun = ask(&world, "POST", uri, &ann, &json!({"password": PASSWORD})).await.json();
    assert!(begun["qr"].as_str().unwrap().contains("<svg"));
    let secret = unbase32(begun["secret"].as_str().unwrap());
    signed_in(&world, "ann").await;
    assert_eq!(ask(&world, "PUT", uri, &ann, &json!({"code": "000"})).await.error().0, 401);
    let spaced = code(&secret, -1);
    // As apps show it.
    let spaced = format!("{} {}", &spaced[..3], &spaced[3..]);
    let confirmed = ask(&world, "PUT", uri, &ann, &json!({"code": spaced})).await.json();
    let recovery = confirmed["recovery_codes"].as_array().unwrap();
    assert_eq!(recovery.len(), 10);

    let login = |code: &str| json!({"username": "ann", "password": PASSWORD, "code": code});
    let refused = (401, "second_factor".to_owned());
    let without = sign_in(&world, &json!({"username": "ann", "password": PASSWORD}), "").await;
    assert_eq!(without.error(), refused);
    assert_eq!(sign_in(&world, &login(&code(&secret, -1)), "").await.error(), refused, "used already");
    assert_eq!(sign_in(&world, &login(&code(&secret, 9)), "").await.error(), refused);
    assert_eq!(sign_in(&world, &login(&code(&secret, 0)), "").await.status, 200);
    assert_eq!(sign_in(&world, &login(&code(&secret, 0)), "").await.error(), refused, "used just now");
    let one = recovery[3].as_str().unwrap().to_uppercase();
    assert_eq!(sign_in(&world, &login(&one), "").await.status, 200);
    assert_eq!(sign_in(&world, &login(&one), "").await.error(), refused, "a recovery code works once");

    let form = format!("username=ann&password={}", PASSWORD.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let auth = world.send(request("POST", "/user/auth.json", &headers, &form)).await.json();
    assert_eq!(auth["success"], false);
    assert!(!auth.to_string().contains("apikey"), "{auth}");

    let off = |code: &str| json!({"password": PASSWORD, "code": code});
    assert_eq!(ask(&world, "DELETE", uri, &ann, &off("")).await.error(), refused);
    assert_eq!(ask(&world, "DELETE", uri, &ann, &off(recovery[4].as_str().unwrap())).await.status, 200);
    signed_in(&world, "ann").await;
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let world = World::new().await;
    let ann = signed_in(&world, "ann").await;
    let uri = "/-/account/second-factor";
    let begun = ask(&world, "POST", uri, &ann, &json!({"password": PASSWORD})).await.json();
    let secret = unbase32(begun["secret"].as_str().unwrap());
    ask(&world, "PUT", uri, &ann, &json!({"code": code(&secret, 0)})).await;
    let login = |code: String| json!({"username": "ann", "password": PASSWORD, "code": code});
    let mut last = (0, String::new());
    for aside in 10..21 {
        // What needs no code takes nothing back.
        sign_in(&world, &json!({"username": "ann", "password": PASSWORD}), "").await;
        last = sign_in(&world, &login(code(&secret, aside)), "").await.error();
    }
    assert_eq!(last, (429, "busy".into()));
}

#[tokio::test]
async fn names_that_are_no_names_are_nobody() {
    let world = World::new().await;
    for name in ["ann.home", "ann ", " ann", "ann\0", "+", "#", "ann/", "änn", "ann' OR '1'='1", "%61nn", ""]
    {
        let login = json!({"username": name, "password": PASSWORD});
        assert_eq!(sign_in(&world, &login, "").await.error(), (401, "unauthorized".into()), "{name:?}");
    }
    for key in [&ANN_READ[..31], &ANN_READ.to_uppercase(), "' OR '1'='1", &format!("{BOB_READ}0")] {
        let bearer = format!("Bearer {key}");
        let answer = world.send(request("GET", "/-/session", &[("authorization", &bearer)], "")).await;
        assert_eq!(answer.error(), (401, "unauthorized".into()), "{key}");
    }
}
