//! Of two agents with one account, the one that came last serves; the other stays away until it has left.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{NAME, Options, World};
use serde_json::json;

/// An agent looks for another one after a keep-alive, then after two: here that is soon.
async fn restless() -> World {
    World::with(Options { keep_alive: 5, ..Options::default() }).await
}

/// Every one of the next requests is served.
async fn are_served(world: &World, count: usize) {
    for _ in 0..count {
        let answer = world.get("/feed/value.json?id=1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

async fn comes_and_stays(world: &World) {
    let second = Agent::start(&world.agent.config(), 30);
    world.agent.reaches("account_in_use").await;
    second.reaches("connected").await;
    world.is_served().await;
    let connections = world.line.connections();
    assert!(connections <= 6, "they fought over the account: {connections} connections");
    are_served(world, 100).await;
    assert_eq!(world.line.connections(), connections, "they fight over the account");
    let told = world.agent.status().expect("a status")["message"].to_string();
    assert!(told.contains("Another emoncms has connected") && told.contains("Switch"), "{told}");
}

#[tokio::test]
async fn who_comes_last_serves_and_the_other_stays_away() {
    comes_and_stays(&World::start().await).await;
}

#[tokio::test]
async fn over_websockets_too_who_comes_last_serves() {
    comes_and_stays(&World::with(Options { websockets: true, ..Options::default() }).await).await;
}

#[tokio::test]
async fn who_stayed_away_serves_again_once_the_other_has_died() {
    let world = restless().await;
    let mut second = Agent::start(&world.agent.config(), 30);
    world.agent.reaches("account_in_use").await;
    second.reaches("connected").await;
    second.kill();
    world.goes_offline().await;
    world.is_served().await;
    world.agent.reaches("connected").await;
    are_served(&world, 1).await;
}

#[tokio::test]
async fn a_look_for_the_other_does_not_end_its_service() {
    let world = restless().await;
    let second = Agent::start(&world.agent.config(), 30);
    world.agent.reaches("account_in_use").await;
    for _ in 0..2 {
        second.reaches("connected").await;
        world.is_served().await;
        let connections = world.line.connections();
        // A look is a connection, and so is the other's return.
        until("a look", SOON * 2, async || (world.line.connections() >= connections + 2).then_some(())).await;
    }
    second.reaches("connected").await;
    world.is_served().await;
    assert_eq!(world.agent.status().expect("a status")["state"], "account_in_use");
}

#[tokio::test]
async fn who_saves_on_the_page_has_this_one_serve() {
    let world = World::start().await;
    let second = Agent::start(&world.agent.config(), 30);
    world.agent.reaches("account_in_use").await;
    second.reaches("connected").await;
    let mut config = world.agent.config();
    config["ACCESS_CONTROL"]["another/entry"] = json!("read");
    world.agent.write_config(&config);
    second.reaches("account_in_use").await;
    world.agent.reaches("connected").await;
    world.is_served().await;
}

/// Whoever has stolen a credential can say that he is there, and go: nobody's last will takes that back.
#[tokio::test]
async fn a_word_that_somebody_left_behind_does_not_keep_the_home_away() {
    let world = restless().await;
    let topic = format!("user/{NAME}/status");
    let mut thief = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    let word = json!({"v": 2, "state": "online", "agent": "0", "install": "thief-1", "since": 1_800_000_000});
    thief.retain(&topic, word.to_string()).await;
    thief.leave().await;
    world.agent.reaches("account_in_use").await;
    until("the home to serve again", SOON * 3, async || {
        let status = world.agent.status()?;
        (status["state"] == "connected").then_some(())
    })
    .await;
    world.is_served().await;
    are_served(&world, 1).await;
}

/// A copied SD card, at a broker that lets one account have several sessions: another process that has this
/// installation's name.
#[tokio::test]
async fn an_agent_does_not_serve_beside_a_copy_of_its_installation() {
    let world = restless().await;
    let topic = format!("user/{NAME}/status");
    let mut copy = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    assert!(copy.subscribe(&topic).await);
    let mut presence = copy.next().await.json();
    let install = presence["install"].as_str().expect("a name");
    // The installation, a dash, and the process.
    let name = install.split_inclusive('-').next().expect("a first part").to_owned();
    presence["install"] = json!(format!("{name}copy"));
    copy.retain(&topic, presence.to_string()).await;
    world.agent.reaches("account_in_use").await;
    assert_eq!(answered_by(&mut copy, &world).await.text(), "\"the copy\"");
    assert!(world.emoncms.seen().is_empty(), "the agent served beside it");
    // It looks, and takes back what may have been left behind; whoever is there says it again.
    while !within("a look", SOON * 2, copy.next()).await.payload.is_empty() {}
    copy.retain(&topic, presence.to_string()).await;
    assert_eq!(answered_by(&mut copy, &world).await.text(), "\"the copy\"");

    let farewell =
        json!({"v": 2, "state": "offline", "install": presence["install"], "since": presence["since"]});
    copy.retain(&topic, farewell.to_string()).await;
    world.is_served().await;
    world.agent.reaches("connected").await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

/// Asks the bridge, and answers in the home's place.
async fn answered_by(home: &mut Peer, world: &World) -> Answer {
    assert!(home.subscribe(&format!("user/{NAME}/request")).await);
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let asking = tokio::spawn(async move { client.get("/feed/value.json?id=1", &key).await });
    let request = loop {
        let message = home.next().await;
        if message.topic.ends_with("/request") {
            break message.json();
        }
    };
    let head = json!({
        "v": 2, "id": request["id"], "seq": 0, "last": true, "status": 200, "type": "application/json",
    });
    let client = request["clientId"].as_str().expect("a request names its client");
    home.publish(&format!("user/{NAME}/response/{client}"), format!("{head}\n\"the copy\"")).await;
    within("the answer", SOON, asking).await.expect("a caller does not panic")
}
