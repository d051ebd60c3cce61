//! How often somebody who has signed in may ask and change something.

use crate::support::{Answer, PASSWORD, World, request};
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/json");

async fn signed_in(world: &World, name: &str) -> String {
    let login = json!({"username": name, "password": PASSWORD}).to_string();
    let answer = world.send(request("POST", "/-/session", &[JSON], &login)).await;
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn ask(world: &World, method: &str, uri: &str, cookie: &str) -> Answer {
    world.send(request(method, uri, &[JSON, ("cookie", cookie)], "")).await
}

#[tokio::test]
async fn whatever_an_account_asks_for_counts_in_its_name() {
    for (method, uri) in [
        ("GET", "/-/session"),
        ("GET", "/-/homes"),
        ("GET", "/-/homes/events?"),
        ("GET", "/-/account/sessions"),
        ("GET", "/-/account/keys"),
        ("GET", "/-/account/events"),
        ("POST", "/-/homes"),
        ("PATCH", "/-/homes/nowhere"),
        ("DELETE", "/-/homes/nowhere"),
        ("POST", "/-/homes/nowhere/pairing"),
        ("DELETE", "/-/homes/nowhere/credential"),
        ("DELETE", "/-/account/keys/1"),
    ] {
        let world = World::with("account_requests_per_second = 1\naccount_burst = 3").await;
        let ann = signed_in(&world, "ann").await;
        for _ in 0..3 {
            ask(&world, "GET", "/-/session", &ann).await;
        }
        assert_eq!(ask(&world, method, uri, &ann).await.error(), (429, "busy".into()), "{method} {uri}");
    }
}

#[tokio::test]
async fn an_account_is_changed_seldom_however_much_it_may_ask() {
    let world = World::with("account_requests_per_second = 0").await;
    let (ann, bob) = (signed_in(&world, "ann").await, signed_in(&world, "bob").await);
    let changes = [
        ("POST", "/-/homes"),
        ("PATCH", "/-/homes/nowhere"),
        ("DELETE", "/-/homes/nowhere"),
        ("POST", "/-/homes/nowhere/pairing"),
        ("DELETE", "/-/homes/nowhere/credential"),
        ("POST", "/-/account/keys"),
        ("DELETE", "/-/account/keys/1"),
        ("DELETE", "/-/account/sessions/1"),
        ("POST", "/-/account/password"),
        ("POST", "/-/account/second-factor"),
    ];
    let mut refused = None;
    for (method, uri) in changes.iter().cycle().take(60) {
        let answer = ask(&world, method, uri, &ann).await;
        if answer.status == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("sixty are more than half a minute's");
    assert_eq!(refused.error(), (429, "busy".into()));
    assert!((1..=2).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(ask(&world, "GET", "/-/homes", &ann).await.status, 200, "looking is another matter");
    assert_ne!(ask(&world, "DELETE", "/-/account/keys/1", &bob).await.status, 429, "each for themselves");
}
