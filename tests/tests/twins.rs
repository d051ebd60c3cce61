//! Of two agents with one account, one serves; the other waits, and takes over when the first is gone.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, within};
use remoteaccess_tests::world::{NAME, World};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[tokio::test]
async fn a_second_agent_waits_and_takes_over_when_the_first_leaves() {
    let mut world = World::start().await;
    let mut second = Agent::new(30);
    let asking = keep_asking(&world);
    second.write_config(&world.agent.config());
    second.launch();
    second.reaches("account_in_use").await;
    asking.are_served(100).await;
    assert_eq!(world.line.connections(), 2, "they fight over the account");
    assert_eq!(world.agent.status().expect("a status")["state"], "connected");
    assert_eq!(second.status().expect("a status")["state"], "account_in_use");

    world.agent.stop();
    second.reaches("connected").await;
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_second_agent_takes_over_from_one_that_died() {
    let mut world = World::start().await;
    let second = Agent::start(&world.agent.config(), 30);
    second.reaches("account_in_use").await;
    world.agent.kill();
    second.reaches("connected").await;
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

/// A copied SD card: another process that has this installation's name and serves the same account.
#[tokio::test]
async fn an_agent_does_not_serve_beside_a_copy_of_its_installation() {
    let mut world = World::start().await;
    let topic = format!("user/{NAME}/status");
    let mut copy = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    assert!(copy.subscribe(&topic).await);
    let mut presence = copy.next().await.json();
    let before = presence["install"].as_str().expect("a name").to_owned();
    // The installation, a dash, and the process.
    let name = before.split_inclusive('-').next().expect("a first part").to_owned();
    presence["install"] = json!(format!("{name}copy"));
    world.agent.stop();
    while copy.next().await.json()["state"] != "offline" {}
    copy.retain(&topic, presence.to_string()).await;

    world.agent.launch();
    let other = |seen: &Value| seen["install"] != presence["install"];
    let probe = loop {
        let seen = copy.next().await.json();
        if other(&seen) {
            break seen;
        }
    };
    assert_eq!(probe["state"], "offline", "it does not serve before it has asked: {probe}");
    let started_anew = probe["install"].as_str().expect("a name");
    assert!(started_anew.starts_with(&name) && started_anew != before, "{started_anew} after {before}");
    copy.retain(&topic, presence.to_string()).await;
    world.agent.reaches("account_in_use").await;
    assert_eq!(answered_by(&mut copy, &world).await.text(), "\"the copy\"");
    assert!(world.emoncms.seen().is_empty(), "the agent served beside it");

    let farewell =
        json!({"v": 2, "state": "offline", "install": presence["install"], "since": presence["since"]});
    copy.retain(&topic, farewell.to_string()).await;
    world.comes_online().await;
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

/// Somebody who asks without a pause, and notes how often that worked.
struct Asking {
    served: watch::Receiver<usize>,
    task: JoinHandle<Answer>,
}

fn keep_asking(world: &World) -> Asking {
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let (count, served) = watch::channel(0);
    let task = tokio::spawn(async move {
        loop {
            let answer = client.get("/feed/value.json?id=1", &key).await;
            if answer.status != 200 {
                return answer;
            }
            count.send_modify(|count| *count += 1);
        }
    });
    Asking { served, task }
}

impl Asking {
    /// Every request until now was served, and so are the next ones.
    async fn are_served(mut self, more: usize) {
        let enough = *self.served.borrow() + more;
        tokio::select! {
            refused = &mut self.task => panic!("a request was refused: {refused:?}"),
            served = within("the requests", SOON, self.served.wait_for(|count| *count >= enough)) => {
                served.expect("the one who asks does so until it is refused");
            }
        }
        self.task.abort();
    }
}
