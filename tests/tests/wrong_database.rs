//! A broker and a bridge whose database is not the one that the broker's homes are in.

use remoteaccess_tests::bridge::{Bridge, PASSWORD, Setup};
use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;

/// What the operator is told to do.
const CURE: &str = "remoteaccess-bridge broker adopt";

fn folder() -> TempDir {
    tempfile::tempdir().expect("the temporary folder is writable")
}

async fn ready(client: &Client) -> Answer {
    client.get_anonymously("/-/ready").await
}

async fn becomes_ready(client: &Client) {
    until("the bridge to be ready", SOON, async || (ready(client).await.status == 200).then_some(())).await;
}

/// Its homes are not this one's.
async fn is_refused(bridge: &Bridge) {
    assert!(bridge.process().logged("another database than its broker").await.contains(CURE));
    let client = Client::new(bridge.url());
    until("the bridge to say so", SOON, async || {
        let answer = ready(&client).await;
        (answer.refusal() == (503, "database".into()) && answer.text().contains("another database"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_bridge_with_another_servers_database_changes_nothing_until_it_is_told_that_it_is_right() {
    let mut world = World::start().await;
    let before = fs::read(world.broker.security_file()).expect("there are clients");
    let folder = folder();
    let stranger = world.bridge.with_database(folder.path()).await;
    is_refused(&stranger).await;
    // Somebody else of the same name, and one more.
    for name in [NAME, "carol"] {
        stranger.operate(&["account", "add", name], PASSWORD);
    }
    let client = Client::new(stranger.url());
    let namesake = Browser::sign_in(&client, NAME).await;
    let feeds = namesake.does(Method::GET, "/feed/list.json", Value::Null).await;
    feeds.assert_refused(503, "database");
    assert_eq!(namesake.homes().await[0]["state"], "unknown");
    for device in ["0", "1"] {
        let form = [("username", NAME), ("password", PASSWORD), ("remoteaccess", device)];
        let answer = Answer::of(client.request(Method::POST, "/user/auth.json").form(&form)).await;
        answer.assert_refused(503, "database");
    }
    stranger.operate(&["account", "disable", NAME], "");
    stranger.operate(&["account", "delete", "carol"], "");
    assert!(stranger.operate(&["broker"], "").contains("lacks 2"));
    assert!(world.can_connect(OTHER, &world.other_password).await);
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(fs::read(world.broker.security_file()).expect("there are clients"), before);

    assert!(stranger.operate(&["broker", "adopt"], "").contains("2 homes that are not in it"));
    becomes_ready(&client).await;
    until("the first database's homes to be sent away", SOON, async || {
        (!world.can_connect(OTHER, &world.other_password).await).then_some(())
    })
    .await;
    world.bridge.process_mut().stop();
    world.bridge.start_again().await;
    is_refused(&world.bridge).await;
}

#[tokio::test]
async fn a_bridge_with_another_servers_database_and_the_same_number_leaves_the_right_one_ready() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let mut ear = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(ear.subscribe("bridge/b-1").await);
    let broker = world.broker.ports();
    let mut setup = Setup { broker, keep_alive: 30, accounts: vec![], limits: String::new() };
    let stranger = Bridge::start(&mut setup).await;
    is_refused(&stranger).await;
    // It would have said its name by now.
    let names = [ear.next().await.payload, ear.next().await.payload];
    assert_eq!(names[0], names[1], "two bridges say that they are b-1");
    assert_eq!(ready(&world.client).await.status, 200);
}

#[tokio::test]
async fn a_restored_backup_is_the_same_database() {
    let world = World::with(Options { agent: false, ..Options::default() }).await;
    let folder = folder();
    world.bridge.operate(&["backup", &folder.path().join("another.db").display().to_string()], "");
    let restored = world.bridge.with_database(folder.path()).await;
    becomes_ready(&Client::new(restored.url())).await;
    assert!(restored.operate(&["broker"], "").contains("belongs to this database, which has 2 of its homes"));
    assert!(world.can_connect(OTHER, &world.other_password).await);
}

#[tokio::test]
async fn of_two_databases_that_meet_a_new_broker_at_once_it_belongs_to_one() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    let folder = folder();
    world.broker.stop();
    world.broker.forget_clients();
    let stranger = world.bridge.with_database(folder.path()).await;
    world.broker.start_again().await;
    let clients = [Client::new(stranger.url()), world.client.clone()];
    until("one to be ready and one to be refused", SOON * 4, async || {
        let mut said = Vec::new();
        for client in &clients {
            let answer = ready(client).await;
            said.push((answer.status, answer.text().contains("another database")));
        }
        said.sort_unstable();
        (said == [(200, false), (503, true)]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn homes_can_be_told_to_the_broker_soon_after_a_database_that_was_away_is_back() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    world.bridge.process_mut().stop();
    let (place, aside) = (world.bridge.folder().join("bridge.db"), world.bridge.folder().join("aside"));
    fs::rename(&place, &aside).expect("a file can be renamed");
    fs::create_dir(&place).expect("the folder is writable");
    world.bridge.start_again().await;
    world.meet_bridge();
    world.bridge.process().logged("broker and database could not be compared").await;
    fs::remove_dir(&place).expect("it is empty");
    fs::rename(&aside, &place).expect("a file can be renamed");
    world.is_ready().await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let (_, code) = alice.adds("Cabin").await;
    let form = [("username", NAME), ("password", &code), ("remoteaccess", "1")];
    let answer = Answer::of(world.client.request(Method::POST, "/user/auth.json").form(&form)).await.json();
    let password = answer["remoteaccess"]["mqtt_password"].as_str().expect("a password");
    assert!(world.can_connect("alice.cabin", password).await, "{answer}");
}
