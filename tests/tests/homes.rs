//! Homes get credentials of their own, which hold at the broker at once.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::bridge::{Bridge, PASSWORD};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_home_gets_a_password_of_its_own_and_the_same_again_cuts_nothing() {
    let world = World::start().await;
    assert!(!world.can_connect(NAME, PASSWORD).await, "the account's password works at the broker");
    let again = world.client.device_password(NAME, PASSWORD).await;
    assert_eq!(again, world.broker_password);
    let answer = world.client.connects_home(NAME, PASSWORD, &[("remoteaccess", "1")]).await;
    assert!(answer.get("apikey_write").is_none(), "a home needs no keys: {answer}");
    // Nor does a program that signs in for its keys change anything at the home.
    let keys = world.client.connects_home(NAME, PASSWORD, &[]).await;
    let key = keys["apikey_read"].as_str().expect("a key");
    assert_eq!(world.client.get("/feed/list.json", key).await.status, 200);
    assert_eq!(world.line.connections(), 1, "the session was cut");
    let wrong = world.client.connects_home(NAME, "guess", &[("remoteaccess", "1")]).await;
    assert_eq!(wrong, json!({"success": false, "message": "Incorrect authentication"}));
}

#[tokio::test]
async fn a_code_connects_once_and_cuts_whoever_had_the_home_before() {
    let world = World::start().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let answer = alice.does(Method::POST, "/-/homes/home/pairing", Value::Null).await.json();
    let code = answer["password"].as_str().expect("a code").to_lowercase();
    assert_eq!(answer["username"], NAME);
    let stranger = world.client.connects_home(OTHER, &code, &[("remoteaccess", "1")]).await;
    assert_eq!(stranger["success"], false, "a code counts for its account only");

    let password = world.client.device_password(NAME, &code).await;
    assert_ne!(password, world.broker_password);
    world.agent.reaches("wrong_password").await;
    world.goes_offline().await;
    assert!(!world.can_connect(NAME, &world.broker_password).await);
    let again = world.client.connects_home(NAME, &code, &[("remoteaccess", "1")]).await;
    assert_eq!(again["success"], false, "the code works twice");

    world.agent.edit(|config| {
        config.insert("MQTT_PASSWORD".into(), password.into());
    });
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_revoked_home_is_cut_at_once_and_its_waiting_callers_hear_of_it() {
    let world = World::start().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    world.line.stall();
    let waiting = tokio::spawn({
        let (client, key) = (world.client.clone(), world.account.read_key.clone());
        async move { client.get("/feed/list.json", &key).await }
    });
    let start = Instant::now();
    // The request has to be under way.
    tokio::task::yield_now().await;
    let answer = alice.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    within("the waiting caller", SOON, waiting).await.expect("no panic").assert_refused(503, "home_offline");
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    assert!(!world.can_connect(NAME, &world.broker_password).await);
    assert_eq!(alice.homes().await[0]["credential"], "none");
    world.get("/feed/list.json").await.assert_refused(503, "home_offline");
}

#[tokio::test]
async fn when_a_home_was_last_seen_outlasts_bridge_and_broker() {
    let mut world = World::start().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    // Cut, so that the broker keeps nothing of it: what is known later is the database's.
    assert_eq!(alice.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await.status, 200);
    world.goes_offline().await;
    let before = alice.homes().await[0].clone();
    assert_eq!(before["state"], "offline", "{before}");
    world.bridge.process_mut().stop();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.is_ready().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let after = alice.homes().await[0].clone();
    for what in ["state", "last_seen"] {
        assert!(after[what] == before[what] && !after[what].is_null(), "{what}: {before} {after}");
    }
    assert!(after["agent"].is_string(), "{after}");

    // Who was there all the time was seen when the bridge ended, however long ago it said something.
    let password = world.client.device_password(NAME, PASSWORD).await;
    world.agent.edit(|config| {
        config.insert("MQTT_PASSWORD".into(), password.into());
    });
    world.comes_online().await;
    world.bridge.process_mut().stop();
    let said = world.bridge.operate(&["home", "list", NAME], "");
    assert!(said.contains("seen 2"), "{said}");
}

#[tokio::test]
async fn an_account_has_several_homes_each_at_an_address_of_its_own() {
    let mut world = World::start().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let (home, code) = alice.adds("Holiday cabin").await;
    assert_eq!((&home["name"], &home["site"]), (&json!("holiday-cabin"), &json!("alice.holiday-cabin")));
    assert_eq!(home["state"], "never");
    let device =
        world.client.connects_home(NAME, &code, &[("remoteaccess", "1")]).await["remoteaccess"].clone();
    assert_eq!(device["mqtt_username"], "alice.holiday-cabin");

    let mut config = world.config(&Options::default());
    config["MQTT_USERNAME"] = device["mqtt_username"].clone();
    config["MQTT_PASSWORD"] = device["mqtt_password"].clone();
    let second = Agent::start(&config, 30);
    second.reaches("connected").await;
    let cabin = "/-/h/holiday-cabin/feed/list.json";
    until("the cabin to be served", SOON, async || (world.get(cabin).await.status == 200).then_some(()))
        .await;
    world.agent.stop();
    world.goes_offline().await;
    assert_eq!(world.get(cabin).await.status, 200, "the homes are mixed up");
    world.get("/-/h/nowhere/feed/list.json").await.assert_refused(404, "not_found");

    assert_eq!(
        alice.does(Method::PATCH, "/-/homes/holiday-cabin", json!({"title": "Hut"})).await.status,
        200
    );
    let titles: Vec<_> = alice.homes().await.iter().map(|home| home["title"].clone()).collect();
    assert_eq!(titles, [json!(NAME), json!("Hut")]);
    assert_eq!(alice.does(Method::DELETE, "/-/homes/holiday-cabin", Value::Null).await.status, 200);
    second.reaches("wrong_password").await;
    world.get(cabin).await.assert_refused(404, "not_found");
    assert_eq!(alice.homes().await.len(), 1);
}

#[tokio::test]
async fn only_so_many_homes_and_only_with_names_that_serve() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    for body in [
        json!({"title": ""}),
        json!({"title": "x".repeat(65)}),
        json!({"title": "a", "name": "Cabin"}),
        json!({"title": "a", "name": "a.b"}),
        json!({"title": "a", "name": "a/b"}),
        json!({"title": "a", "name": ""}),
        json!({"name": "a"}),
    ] {
        let answer = alice.does(Method::POST, "/-/homes", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let key = world.client.request(Method::POST, "/-/homes").bearer_auth(&world.account.write_key);
    assert_eq!(Answer::of(key.json(&json!({"title": "x"}))).await.status, 401, "a key changes homes");
    let form = world.client.request(Method::POST, "/-/homes").header(COOKIE, &alice.cookie);
    let form = form.header(CONTENT_TYPE, "text/plain").body(r#"{"title":"x"}"#);
    assert_eq!(Answer::of(form).await.status, 400);
    for number in 2..=16 {
        let answer = alice.does(Method::POST, "/-/homes", json!({"title": format!("home {number}")})).await;
        assert_eq!(answer.status, 201, "{number}: {}", answer.text());
    }
    assert_eq!(alice.does(Method::POST, "/-/homes", json!({"title": "too many"})).await.status, 409);
    assert_eq!(alice.homes().await.len(), 16);
}

#[tokio::test]
async fn a_browser_hears_how_its_homes_come_and_go_until_it_signs_out() {
    let mut world = World::start().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let request = world.client.request(Method::GET, "/-/homes/events").header(COOKIE, &alice.cookie);
    let mut stream = request.send().await.expect("the bridge answers");
    assert_eq!(stream.headers()[CONTENT_TYPE], "text/event-stream");
    let mut heard = String::new();
    let mut hears = async |what: &str, text: &str| {
        let listening = async {
            while !heard.contains(text) {
                let chunk = stream.chunk().await.expect("the stream goes on").expect("the stream goes on");
                heard += &String::from_utf8_lossy(&chunk);
            }
        };
        within(what, SOON, listening).await;
        heard.clear();
    };
    hears("that the home is there", r#""state":"online""#).await;
    world.agent.stop();
    hears("that it has gone", r#""state":"offline""#).await;
    world.agent.launch();
    hears("that it is back", r#""state":"online""#).await;
    let (cabin, _) = alice.adds("Cabin").await;
    hears("that there is another one", r#""state":"never""#).await;
    assert_eq!(alice.does(Method::DELETE, "/-/homes/cabin", Value::Null).await.status, 200);
    hears("that it is no more", r#"{"name":"cabin","state":"deleted"}"#).await;
    assert_eq!(cabin["name"], "cabin");
    assert_eq!(alice.does(Method::DELETE, "/-/session", Value::Null).await.status, 200);
    let end = async { while stream.chunk().await.expect("it ends in good order").is_some() {} };
    within("the stream to end at once", Duration::from_secs(1), end).await;
    assert_eq!(world.client.get_anonymously("/-/homes/events").await.status, 401);
}

#[tokio::test]
async fn a_client_of_2018_signs_up_with_its_password_and_serves_a_browser() {
    let options = Options { agent: false, first_generation: true, ..Options::default() };
    let world = World::with(options).await;
    let mut home = Peer::connect(world.broker.ports().plain, NAME, PASSWORD).await;
    assert!(home.subscribe(&format!("user/{NAME}/request")).await);
    // It asks again at each start.
    assert_eq!(world.client.connects_home(NAME, PASSWORD, &[]).await["success"], true);
    let alice = Browser::sign_in(&world.client, NAME).await;
    assert_eq!(
        (&alice.homes().await[0]["credential"], &alice.homes().await[0]["state"]),
        (&json!("account"), &json!("unknown"))
    );
    let asking = tokio::spawn({
        let request = world.client.request(Method::GET, "/feed/list.json").header(COOKIE, &alice.cookie);
        async move { Answer::of(request).await }
    });
    let request = home.next().await.json();
    let client = request["clientId"].as_str().expect("a client");
    let answer = json!({"request": request, "result": [{"id": "1"}]});
    home.publish(&format!("user/{NAME}/response/{client}"), answer.to_string()).await;
    let answer = within("the answer", SOON, asking).await.expect("no panic");
    assert_eq!(answer.json(), json!([{"id": "1"}]));
}

#[tokio::test]
async fn the_command_line_cuts_at_once_as_well() {
    let world = World::start().await;
    world.bridge.operate(&["account", "disable", NAME], "");
    world.agent.reaches("wrong_password").await;
    assert!(!world.can_connect(NAME, &world.broker_password).await);
    world.bridge.operate(&["account", "enable", NAME], "");
    world.comes_online().await;
    world.bridge.operate(&["account", "delete", NAME], "");
    assert!(!world.can_connect(NAME, &world.broker_password).await);
    // The running bridge looks again within a second.
    until("the keys to be void", SOON, async || {
        (world.get("/feed/list.json").await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_bridges_serve_the_same_homes() {
    let mut world = World::start().await;
    let second = world.bridge.beside(2).await;
    let other = Client::new(second.url());
    until("the second bridge to serve", SOON, async || {
        (other.get("/feed/list.json", &world.account.read_key).await.status == 200).then_some(())
    })
    .await;
    // One session on both, and requests through both at once.
    let alice = Browser::sign_in(&world.client, NAME).await;
    let at_other = Browser { client: other.clone(), cookie: alice.cookie.clone() };
    for _ in 0..10 {
        let (one, two) = tokio::join!(
            world.get("/feed/list.json"),
            at_other.does(Method::GET, "/feed/list.json", Value::Null)
        );
        assert_eq!((one.status, two.status), (200, 200));
    }
    // A change through one holds at the other.
    let (_, code) = at_other.adds("Cabin").await;
    let device = world.client.connects_home(NAME, &code, &[("remoteaccess", "1")]).await;
    assert_eq!(device["remoteaccess"]["mqtt_username"], "alice.cabin", "{device}");
    assert_eq!(at_other.does(Method::DELETE, "/-/homes/home/credential", Value::Null).await.status, 200);
    world.goes_offline().await;
    other.get("/feed/list.json", &world.account.read_key).await.assert_refused(503, "home_offline");
    let password = world.client.device_password(NAME, PASSWORD).await;
    world.agent.edit(|config| {
        config.insert("MQTT_PASSWORD".into(), password.into());
    });
    world.comes_online().await;
    until("the other bridge to see it", SOON, async || {
        (other.get("/feed/list.json", &world.account.read_key).await.status == 200).then_some(())
    })
    .await;
    // Either of them alone is enough.
    world.bridge.kill();
    assert_eq!(at_other.does(Method::GET, "/feed/list.json", Value::Null).await.status, 200);
    let _: &Bridge = &second;
}
