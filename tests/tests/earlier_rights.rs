//! Roles at the broker that an earlier version made are brought to the rights of this one.

use remoteaccess_tests::broker::home_rights;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, OTHER, Options, World};
use serde_json::{Value, json};

fn allow(kind: &str, topic: &str) -> Value {
    json!({"acltype": kind, "topic": topic, "allow": true})
}

/// The rights of a role, in one order.
async fn rights(world: &World, role: &str) -> Vec<String> {
    let answers = world.broker.command(&json!([{"command": "getRole", "rolename": role}])).await;
    written(answers[0]["data"]["role"]["acls"].as_array().expect("a role has rights"))
}

fn written(rights: &[Value]) -> Vec<String> {
    let mut lines: Vec<_> =
        rights.iter().map(|right| format!("{} {}", right["acltype"], right["topic"])).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_home_gets_the_rights_of_this_version_once_and_no_other_one_is_cut() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    world.bridge.process_mut().stop();
    let role = format!("home:{NAME}");
    let earlier =
        json!([allow("publishClientSend", "user/alice/#"), allow("subscribePattern", "user/alice/#")]);
    world
        .broker
        .command(&json!([
            {"command": "modifyRole", "rolename": role, "acls": earlier},
            {"command": "modifyClient", "username": NAME, "textdescription": ""},
        ]))
        .await;
    let port = world.broker.ports().plain;
    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    let mut bob = Peer::connect(port, OTHER, &world.other_password).await;
    assert!(alice.subscribe("user/alice/response/#").await, "the earlier version's rights are others");
    assert!(bob.subscribe("user/bob/request").await);
    world.bridge.start_again().await;
    within("the earlier session to be cut", SOON, alice.is_cut()).await;
    until("the rights of this version", SOON, async || {
        (rights(&world, &role).await == written(&home_rights(NAME))).then_some(())
    })
    .await;
    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(alice.subscribe("user/alice/request").await && !alice.subscribe("user/alice/response/#").await);
    assert!(bob.subscribe("user/bob/status").await, "who has them already was cut");

    // Looked at again, nothing is to be done.
    let before = std::fs::read(world.broker.security_file()).expect("there are clients");
    world.bridge.process_mut().stop();
    world.bridge.start_again().await;
    world.meet_bridge();
    world.is_ready().await;
    world.broker.command(&json!([{"command": "listClients"}])).await;
    assert_eq!(std::fs::read(world.broker.security_file()).expect("there are clients"), before);
    assert!(alice.subscribe("user/alice/status").await, "it was cut again");
}

#[tokio::test]
async fn bridges_get_the_rights_that_this_version_needs() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    let needed = rights(&world, "bridge").await;
    let control = "$CONTROL/dynamic-security/#";
    let mut without_names =
        vec![allow("publishClientSend", "user/+/request"), allow("publishClientSend", "more/#")];
    for kind in ["subscribePattern", "publishClientReceive", "publishClientSend"] {
        without_names.extend(["user/+/response/+", "user/+/status", control].map(|topic| allow(kind, topic)));
    }
    let only_control =
        ["subscribePattern", "publishClientReceive", "publishClientSend"].map(|kind| allow(kind, control));
    // A bridge that can work gives them to itself. What the operator added stays.
    world.bridge.process_mut().stop();
    world
        .broker
        .command(&json!([{"command": "modifyRole", "rolename": "bridge", "acls": without_names}]))
        .await;
    world.bridge.start_again().await;
    world.bridge.process().logged("does not let this bridge hear bridge/b-1").await;
    until("bridges to connect anew", SOON, async || {
        (world.bridge.process().log().matches("broker connected").count() == 2).then_some(())
    })
    .await;
    let now = rights(&world, "bridge").await;
    assert!(needed.iter().all(|right| now.contains(right)), "{now:?}");
    assert!(now.iter().any(|right| right.contains("more/#")), "{now:?}");
    world.meet_bridge();
    world.is_ready().await;
    // For one that cannot, there is a command, which its journal names.
    world.bridge.process_mut().stop();
    world
        .broker
        .command(&json!([{"command": "modifyRole", "rolename": "bridge", "acls": only_control}]))
        .await;
    world.bridge.start_again().await;
    world.bridge.process().logged("remoteaccess-bridge broker mend").await;
    assert!(world.bridge.operate(&["broker", "mend"], "").contains("connect anew"));
    assert_eq!(rights(&world, "bridge").await, needed);
    assert!(world.bridge.operate(&["broker", "mend"], "").contains("nothing was changed"));
    world.meet_bridge();
    world.is_ready().await;
}
