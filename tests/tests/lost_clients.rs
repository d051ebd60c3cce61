//! Brokers that are away, or have lost who may connect.

use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::browser::Browser;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn an_accounts_own_password_comes_back_to_a_broker_that_lost_it_once_its_owner_says_it() {
    let options = Options { agent: false, first_generation: true, ..Options::default() };
    let mut world = World::with(options).await;
    for way in ["a browser", "the home's settings page"] {
        world.broker.stop();
        world.broker.forget_clients();
        world.broker.start_again().await;
        world.is_ready().await;
        assert!(!world.can_connect(NAME, PASSWORD).await, "the bridge knows the password");
        if way == "a browser" {
            Browser::sign_in(&world.client, NAME).await;
        } else {
            let answer = world.client.connects_home(NAME, PASSWORD, &[]).await;
            assert_eq!(answer["success"], true, "{answer}");
        }
        assert!(world.can_connect(NAME, PASSWORD).await, "{way} does not bring it back");
    }
}

#[tokio::test]
async fn a_changed_password_is_changed_at_the_broker_and_cuts_who_has_the_old_one() {
    let options = Options { agent: false, first_generation: true, ..Options::default() };
    let mut world = World::with(options).await;
    let alice = Browser::sign_in(&world.client, NAME).await;
    let mut home = Peer::connect(world.broker.ports().plain, NAME, PASSWORD).await;
    let change = json!({"old": PASSWORD, "new": "another long password"});
    let answer = alice.does(Method::POST, "/-/account/password", change).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    within("the session to be cut", SOON, home.is_cut()).await;
    assert!(!world.can_connect(NAME, PASSWORD).await);
    assert!(world.can_connect(NAME, "another long password").await);

    // By the command line as well.
    let said = world.bridge.operate(&["account", "passwd", NAME], "a third long password");
    assert!(said.contains("new password"), "{said}");
    assert!(!world.can_connect(NAME, "another long password").await);
    assert!(world.can_connect(NAME, "a third long password").await);

    // Where the broker is away the old one ends with its return, and the new one begins when its owner says it.
    world.broker.stop();
    let said = world.bridge.operate(&["account", "passwd", NAME], PASSWORD);
    assert!(said.contains("as soon as it is"), "{said}");
    world.broker.start_again().await;
    until("the old password to end", SOON * 4, async || {
        (!world.can_connect(NAME, "a third long password").await).then_some(())
    })
    .await;
    Browser::sign_in(&world.client, NAME).await;
    assert!(world.can_connect(NAME, PASSWORD).await);
}

#[tokio::test]
async fn homes_come_back_after_the_broker_has_lost_its_clients() {
    let mut world = World::start().await;
    world.broker.stop();
    world.broker.forget_clients();
    world.broker.start_again().await;
    until("the home to be served again", SOON * 4, async || {
        (world.get("/feed/list.json").await.status == 200).then_some(())
    })
    .await;
    assert!(world.can_connect(OTHER, &world.other_password).await);
}

#[tokio::test]
async fn setup_lets_homes_in_that_the_database_knows_before_any_bridge_runs() {
    let mut world = World::start().await;
    world.bridge.kill();
    world.broker.stop();
    // As to restore a backup: what SQLite had beside the earlier one has to go with it.
    let folder = world.broker.root().join("var/lib/emoncms-remoteaccess-bridge");
    for file in std::fs::read_dir(&folder).expect("setup made it") {
        std::fs::remove_file(file.expect("it can be listed").path()).expect("it can be removed");
    }
    let database = folder.join("bridge.db");
    world.bridge.operate(&["backup", &database.display().to_string()], "");
    world.broker.forget_clients();
    world.broker.start_again().await;
    assert!(world.can_connect(NAME, &world.broker_password).await);
    assert!(world.can_connect(OTHER, &world.other_password).await);
    assert!(!world.can_connect(OTHER, &world.broker_password).await);
    // Bridges find nothing to put right, so that nobody is cut.
    world.broker.logged(&format!(" as {NAME} (")).await;
    let before = world.line.connections();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.comes_online().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.line.connections(), before, "the session was cut");
}

#[tokio::test]
async fn what_changes_while_the_broker_is_away_holds_when_it_is_back() {
    let mut world = World::start().await;
    world.broker.stop();
    let said = world.bridge.operate(&["home", "revoke", NAME, "home"], "");
    assert!(said.contains("as soon as it is"), "{said}");
    world.bridge.operate(&["account", "disable", OTHER], "");
    world.broker.start_again().await;
    until("the clients to be shut out", SOON * 4, async || {
        let shut = !world.can_connect(NAME, &world.broker_password).await
            && !world.can_connect(OTHER, &world.other_password).await;
        shut.then_some(())
    })
    .await;
    world.bridge.operate(&["account", "enable", OTHER], "");
    assert!(world.can_connect(OTHER, &world.other_password).await, "its password was forgotten");
}
