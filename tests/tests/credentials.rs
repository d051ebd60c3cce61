//! What names, passwords and codes said to `auth.json` open at the broker, and what they don't.

use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, Options, World};
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// How often something happened to the account.
async fn count(browser: &Browser, kind: &str) -> usize {
    let events = browser.does(Method::GET, "/-/account/events", Value::Null).await.json();
    events.as_array().expect("a list").iter().filter(|event| event["kind"] == kind).count()
}

fn first_generation() -> Options {
    Options { agent: false, first_generation: true, ..Options::default() }
}

#[tokio::test]
async fn a_program_that_signs_in_does_not_revive_a_home_that_its_owner_revoked() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let mut home = Peer::connect(world.broker.ports().plain, NAME, PASSWORD).await;
    assert_eq!(alice.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await.status, 200);
    within("the session to be cut", SOON, home.is_cut()).await;
    let answer = world.client.connects_home(NAME, PASSWORD, &[]).await;
    let key = answer["apikey_write"].as_str().expect("keys are answered all the same");
    world.client.get("/feed/list.json", key).await.assert_refused(503, "home_offline");
    Browser::sign_in(&world.client, NAME).await;
    assert!(!world.can_connect(NAME, PASSWORD).await, "the home is revived");
    assert_eq!(alice.homes().await[0]["credential"], "none");
    // Its owner connects it again.
    let password = world.client.device_password(NAME, PASSWORD).await;
    assert!(world.can_connect(NAME, &password).await);
}

#[tokio::test]
async fn a_program_that_signs_in_makes_no_home_and_connects_none_but_the_first() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    alice.adds("Cabin").await;
    assert_eq!(alice.does(Method::DELETE, "/-/homes/home", Value::Null).await.status, 200);
    for homes in [1, 0] {
        let answer = world.client.connects_home(NAME, PASSWORD, &[]).await;
        assert!(answer["apikey_read"].is_string(), "{answer}");
        assert_eq!(alice.homes().await.len(), homes);
        for site in [NAME, "alice.cabin"] {
            assert!(!world.can_connect(site, PASSWORD).await, "{site} is connected");
        }
        alice.does(Method::DELETE, "/-/homes/cabin", Value::Null).await;
    }
}

#[tokio::test]
async fn the_record_has_it_when_a_home_is_let_in_with_the_accounts_password() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    assert_eq!(count(&alice, "home-connected").await, 1);
    // Said again, it changes nothing.
    world.client.connects_home(NAME, PASSWORD, &[]).await;
    assert_eq!(count(&alice, "home-connected").await, 1);
}

#[tokio::test]
async fn a_pairing_code_connects_its_home_and_answers_no_keys() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let (_, code) = alice.adds("Cabin").await;
    let answer = world.client.connects_home(NAME, &code, &[]).await;
    assert_eq!(answer["success"], true, "{answer}");
    assert!(!answer.to_string().contains("apikey"), "{answer}");
    assert!(world.can_connect("alice.cabin", &code).await);
    // It is a password of the home's own: the account's does not matter to it.
    let change = json!({"old": PASSWORD, "new": "another password altogether"});
    assert_eq!(alice.does(Method::POST, "/-/account/password", change).await.status, 200);
    assert!(world.can_connect("alice.cabin", &code).await);
    assert_eq!(alice.does(Method::DELETE, "/-/homes/cabin/credential", Value::Null).await.status, 200);
    assert!(!world.can_connect("alice.cabin", &code).await);
}

#[tokio::test]
async fn who_signs_in_a_home_without_end_is_told_to_wait_and_loses_no_pairing_code() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let (_, code) = alice.adds("Cabin").await;
    let mut tries = 0;
    until("a refusal", SOON * 2, async || {
        tries += 1;
        let answer = world.client.connects_home(NAME, PASSWORD, &[]).await;
        (answer["success"] == false).then_some(())
    })
    .await;
    assert!(tries > 20, "it was refused at try {tries}");
    assert_eq!(world.client.connects_home(NAME, &code, &[]).await["success"], true);
}

#[tokio::test]
async fn a_second_factor_closes_the_broker_to_the_accounts_password() {
    let world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let mut home = Peer::connect(world.broker.ports().plain, NAME, PASSWORD).await;
    let path = "/-/account/second-factor";
    let begun = alice.does(Method::POST, path, json!({"password": PASSWORD})).await.json();
    let secret = unbase32(begun["secret"].as_str().expect("a secret"));
    let done = alice.does(Method::PUT, path, json!({"code": code_now(&secret)})).await;
    assert_eq!(done.status, 200, "{}", done.text());
    within("the session to be cut", SOON, home.is_cut()).await;
    assert!(!world.can_connect(NAME, PASSWORD).await);

    let another = "another password altogether";
    let change = json!({"old": PASSWORD, "new": another});
    let changed = alice.does(Method::POST, "/-/account/password", change).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    for password in [PASSWORD, another] {
        assert_eq!(world.client.connects_home(NAME, password, &[]).await["success"], false);
        assert!(!world.can_connect(NAME, password).await, "{password}");
    }
}

/// RFC 6238, with SHA-1, 6 digits and 30 seconds.
fn code_now(secret: &[u8]) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &(now / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let word: [u8; 4] = tag.as_ref()[at..at + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

fn unbase32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).expect("a letter of base32");
        bits = bits << 5 | u32::try_from(value).expect("five bits");
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("eight bits"));
        }
    }
    bytes
}

#[tokio::test]
async fn an_account_cannot_take_the_name_of_a_client_that_the_operator_made() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let client = json!({"command": "createClient", "username": "meter", "password": "operators-own",
        "roles": [{"rolename": "admin"}]});
    let role = json!({"command": "createRole", "rolename": "admin", "acls": []});
    world.broker.command(&json!([role, client])).await;
    let told = async || world.broker.command(&json!([{"command": "getClient", "username": "meter"}])).await;
    let before = told().await[0]["data"].clone();

    world.bridge.operate(&["account", "add", "meter"], &format!("{PASSWORD}\n"));
    let form = [("username", "meter"), ("password", PASSWORD), ("remoteaccess", "1")];
    let answer = Answer::of(world.client.request(Method::POST, "/user/auth.json").form(&form)).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("taken at the broker"), "{}", answer.text());
    world.bridge.process().logged("the broker has a client of this name that is no home's").await;
    assert!(world.can_connect("meter", "operators-own").await);
    world.bridge.operate(&["account", "delete", "meter"], "");
    assert!(world.can_connect("meter", "operators-own").await);
    assert_eq!(told().await[0]["data"], before);
}

#[tokio::test]
async fn a_pairing_code_is_not_used_up_while_the_broker_is_away() {
    let mut world = World::with(first_generation()).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let (_, code) = alice.adds("Cabin").await;
    world.broker.stop();
    until("the bridge to notice", SOON, async || {
        let ready = world.client.get_anonymously("/-/ready").await;
        (ready.refusal().1 == "broker_offline").then_some(())
    })
    .await;
    let form = [("username", NAME), ("password", code.as_str())];
    Answer::of(world.client.request(Method::POST, "/user/auth.json").form(&form))
        .await
        .assert_refused(503, "broker_offline");
    world.broker.start_again().await;
    world.is_ready().await;
    assert_eq!(world.client.connects_home(NAME, &code, &[]).await["success"], true);
}
