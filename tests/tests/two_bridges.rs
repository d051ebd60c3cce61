//! Two bridges on one database and one broker: accounts hold at both, and what ends at one ends at the other.

use remoteaccess_tests::bridge::{Bridge, PASSWORD};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::client::Client;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};
use std::time::Duration;

/// What another bridge has ended holds for no longer.
const AT_ONCE: Duration = Duration::from_secs(1);
/// A page that only listens is looked after less often.
const LISTENS_ON: Duration = Duration::from_secs(6);

struct Two {
    world: World,
    _other: Bridge,
    /// The first bridge, and the second.
    here: Client,
    there: Client,
}

impl Two {
    async fn start() -> Self {
        let world = World::with(Options { agent: false, ..Options::default() }).await;
        let other = world.bridge.beside(2).await;
        let (here, there) = (world.client.clone(), Client::new(other.url()));
        Self { world, _other: other, here, there }
    }
}

async fn status(browser: &Browser) -> u16 {
    browser.does(Method::GET, "/-/session", Value::Null).await.status
}

async fn is_out(browser: &Browser, why: &str) {
    until(why, AT_ONCE, async || (status(browser).await == 401).then_some(())).await;
}

/// Somebody who signed in here and is known there as well.
async fn known_at_both(two: &Two, name: &str) -> (Browser, Browser) {
    let here = Browser::sign_in(&two.here, name).await;
    let there = here.at(&two.there);
    assert_eq!((status(&here).await, status(&there).await), (200, 200));
    (here, there)
}

#[tokio::test]
async fn sessions_hold_at_both_bridges_and_end_at_both() {
    let two = Two::start().await;
    let (here, there) = known_at_both(&two, NAME).await;
    assert_eq!(here.does(Method::DELETE, "/-/session", Value::Null).await.status, 200);
    is_out(&there, "the session to be signed out there as well").await;

    let (here, there) = known_at_both(&two, NAME).await;
    let (_, another) = known_at_both(&two, NAME).await;
    let list = here.does(Method::GET, "/-/account/sessions", Value::Null).await.json();
    let mut others = list.as_array().expect("a list").iter().filter(|one| one["current"] == false);
    let path =
        format!("/-/account/sessions/{}", others.next().expect("another")["id"].as_str().expect("an id"));
    assert_eq!(here.does(Method::DELETE, &path, Value::Null).await.status, 200);
    is_out(&another, "one session to end there as well").await;
    assert_eq!(status(&there).await, 200, "and no other one");
    assert_eq!(there.does(Method::DELETE, "/-/account/sessions", Value::Null).await.status, 200);
    is_out(&here, "all sessions to end here as well").await;
}

#[tokio::test]
async fn a_page_that_listens_at_the_other_bridge_is_told_no_more_a_few_seconds_after_it_signed_out() {
    let two = Two::start().await;
    let (here, there) = known_at_both(&two, NAME).await;
    let request = two.there.request(Method::GET, "/-/homes/events").header(COOKIE, &there.cookie);
    let mut stream = request.send().await.expect("the bridge answers");
    assert_eq!(here.does(Method::DELETE, "/-/session", Value::Null).await.status, 200);
    let end = async { while stream.chunk().await.expect("it ends in good order").is_some() {} };
    within("the stream to end", LISTENS_ON, end).await;
}

#[tokio::test]
async fn a_new_password_ends_sessions_at_the_other_bridge() {
    let two = Two::start().await;
    let (here, _) = known_at_both(&two, NAME).await;
    let (_, another) = known_at_both(&two, NAME).await;
    let change = json!({"old": two.world.account.password, "new": "another one for two"});
    assert_eq!(here.does(Method::POST, "/-/account/password", change).await.status, 200);
    is_out(&another, "the other session to end there").await;
    assert_eq!(status(&here.at(&two.there)).await, 200, "who changed it stays");
    let login = json!({"username": NAME, "password": "another one for two"});
    let answer = two.there.request(Method::POST, "/-/session").json(&login).send().await;
    assert_eq!(answer.expect("it answers").status(), 200);
}

#[tokio::test]
async fn a_key_works_at_both_bridges_until_it_is_revoked_at_one() {
    let two = Two::start().await;
    let (here, there) = known_at_both(&two, NAME).await;
    let wanted = json!({"label": "phone", "rights": "read"});
    let made = here.does(Method::POST, "/-/account/keys", wanted).await.json();
    let key = made["key"].as_str().expect("a key");
    assert_eq!(two.there.get("/-/session", key).await.json()["rights"], "read");
    assert_eq!(two.here.get("/-/session", key).await.status, 200);
    let path = format!("/-/account/keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(there.does(Method::DELETE, &path, Value::Null).await.status, 200);
    assert_eq!(two.there.get("/-/session", key).await.status, 401, "at once where it was done");
    until("the key to be refused at the other bridge", AT_ONCE, async || {
        (two.here.get("/-/session", key).await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_bridges_of_one_number_know_it_at_once_and_the_one_that_is_left_is_ready_again() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let mut other = world.bridge.beside(1).await;
    let clients = [world.client.clone(), Client::new(other.url())];
    let said = "give each one its own, 1 to 4";
    until("both to say so", AT_ONCE * 2, async || {
        for client in &clients {
            let ready = client.get_anonymously("/-/ready").await;
            (ready.status == 503 && ready.text().contains(said)).then_some(())?;
        }
        Some(())
    })
    .await;
    other.kill();
    world.is_ready().await;
}

#[tokio::test]
async fn what_the_command_line_does_holds_at_all_bridges() {
    let two = Two::start().await;
    let bridge = &two.world.bridge;
    for (arguments, comes_back) in [
        (["account", "disable", NAME], true),
        (["account", "passwd", OTHER], false),
        (["account", "delete", OTHER], false),
    ] {
        let name = arguments[2];
        let (here, there) = known_at_both(&two, name).await;
        bridge.operate(&arguments, remoteaccess_tests::bridge::PASSWORD);
        is_out(&here, "the session to end here").await;
        is_out(&there, "the session to end there").await;
        if comes_back {
            bridge.operate(&["account", "enable", name], "");
            known_at_both(&two, name).await;
        }
    }
    let key = two.world.other.read_key.as_str();
    assert_eq!(two.there.get("/-/session", key).await.status, 401, "a deleted account's key");
    assert_eq!(two.there.get("/-/session", &two.world.account.read_key).await.status, 200);
}

#[tokio::test]
async fn a_home_that_is_revoked_at_one_bridge_while_a_program_signs_in_at_the_other_stays_revoked() {
    let options = Options { agent: false, first_generation: true, ..Options::default() };
    let world = World::with(options).await;
    let other = world.bridge.beside(2).await;
    let there = Client::new(other.url());
    until("the other bridge to be ready", SOON, async || {
        (there.get_anonymously("/-/ready").await.status == 200).then_some(())
    })
    .await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    for _ in 0..6 {
        alice.does(Method::DELETE, "/-/homes/home", Value::Null).await;
        alice.adds("Home").await;
        let revokes = alice.does(Method::DELETE, "/-/homes/home/credential", Value::Null);
        let (revoked, answer) = tokio::join!(revokes, there.connects_home(NAME, PASSWORD, &[]));
        assert_eq!((revoked.status, &answer["success"]), (200, &Value::Bool(true)), "{answer}");
        assert!(!world.can_connect(NAME, PASSWORD).await);
        assert_eq!(alice.homes().await[0]["credential"], "none");
    }
}
