//! Clients and servers of 2018–2021 work unchanged on either side.

use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, within};
use remoteaccess_tests::world::{NAME, Options, World};
use reqwest::Method;
use rumqttc::QoS;
use serde_json::{Value, json};
use std::time::Duration;

/// A world whose home has an old client, and that client, which has subscribed as the Python one did.
async fn old_home(limits: &str) -> (World, Peer) {
    let options =
        Options { agent: false, first_generation: true, limits: limits.into(), ..Options::default() };
    let world = World::with(options).await;
    let mut home = Peer::connect(world.broker.ports().plain, NAME, &world.broker_password).await;
    assert!(home.subscribe(&format!("user/{NAME}/request")).await);
    (world, home)
}

/// Asks the bridge, and answers as the old client does: the request echoed whole beside the result.
async fn ask(
    world: &World,
    home: &mut Peer,
    method: Method,
    path: &str,
    form: &[(&str, &str)],
    result: Value,
) -> (Value, Answer) {
    let request = world.client.request(method, path).bearer_auth(&world.account.write_key);
    let request = if form.is_empty() { request } else { request.form(form) };
    let asking = tokio::spawn(Answer::of(request));
    let message = home.next().await;
    assert!(!message.retained);
    let request = message.json();
    let client = request["clientId"].as_str().expect("a request names its client").to_owned();
    let answer = json!({"request": request, "result": result});
    home.publish(&format!("user/{NAME}/response/{client}"), answer.to_string()).await;
    let answer = within("the caller's answer", SOON, asking).await.expect("a caller does not panic");
    (message.json(), answer)
}

#[tokio::test]
async fn an_old_client_understands_what_the_bridge_asks() {
    let (world, mut home) = old_home("").await;
    let list = json!([{"id": "1", "name": "solar", "value": 1.50, "unit": "°C"}]);
    let (request, answer) = ask(&world, &mut home, Method::GET, "/feed/list.json", &[], list.clone()).await;
    assert_eq!((&request["controller"], &request["action"]), (&json!("feed"), &json!("list")));
    assert_eq!(request["subaction"], "", "the old client reads it without asking whether it is there");
    assert!(request["data"].as_object().is_some_and(|data| data.is_empty()), "{request}");
    assert_eq!((answer.status, answer.content_type()), (200, "application/json"));
    assert_eq!(answer.json(), list);
}

#[tokio::test]
async fn an_old_client_gets_query_and_form_in_one() {
    let (world, mut home) = old_home("").await;
    let form = [("processlist", "1:7")];
    let path = "/input/process/set.json?inputid=3";
    let (request, answer) = ask(&world, &mut home, Method::POST, path, &form, json!({"success": true})).await;
    assert_eq!(request["subaction"], "set");
    assert_eq!(request["data"], json!({"inputid": "3", "processlist": "1:7"}));
    assert_eq!(answer.json(), json!({"success": true}));
}

#[tokio::test]
async fn an_old_clients_answers_of_any_kind_are_passed_on() {
    let (world, mut home) = old_home("").await;
    for result in [
        json!(false),
        json!(null),
        json!("text"),
        json!(1.25),
        json!([]),
        json!({"success": false, "message": "no"}),
    ] {
        let (_, answer) = ask(&world, &mut home, Method::GET, "/feed/list.json", &[], result.clone()).await;
        assert_eq!((answer.status, answer.json()), (200, result));
    }
    let points: Vec<_> =
        (0..40_000).map(|index| json!([1_700_000_000_000_u64 + index * 10_000, 12.5])).collect();
    let (_, answer) = ask(&world, &mut home, Method::GET, "/feed/data.json?id=1", &[], json!(points)).await;
    assert_eq!(answer.json().as_array().map(Vec::len), Some(40_000), "a large answer in one message");
}

#[tokio::test]
async fn an_old_client_that_says_nothing_is_a_time_out() {
    let (world, mut home) = old_home("request_timeout_ms = 1000").await;
    let asking = world.get_as_owner("/feed/list.json");
    asking.await.assert_refused(504, "home_timeout");
    assert_eq!(home.next().await.json()["action"], "list");
    // A late answer reaches nobody and harms nobody.
    let (_, answer) = ask(&world, &mut home, Method::GET, "/feed/list.json", &[], json!([1])).await;
    assert_eq!(answer.json(), json!([1]));
}

#[tokio::test]
async fn an_old_client_gets_no_messages_that_it_cannot_read() {
    let (world, mut home) = old_home("request_timeout_ms = 500").await;
    world.get_as_owner("/feed/list.json").await.assert_refused(504, "home_timeout");
    let messages = async {
        let mut messages = vec![home.next().await];
        while let Some(message) = home.next_within(Duration::from_secs(1)).await {
            messages.push(message);
        }
        messages
    };
    for message in messages.await {
        let action = message.json()["action"].clone();
        assert_eq!(action, "list", "neither credit nor cancel: {:?}", message.json());
    }
}

#[tokio::test]
async fn the_old_route_answers_as_the_old_server_did() {
    let world = World::start().await;
    world.emoncms.stop_clock();
    let new = world.get("/feed/list.json").await;
    let old = world.get("/remoteaccess/feed/list").await;
    assert_eq!((old.status, old.json()), (200, new.json()));
    // What was posted stands in place of the query.
    let form = [("inputid", "2")];
    world.post("/remoteaccess/input/process/get?inputid=9", &form).await;
    let seen = world.emoncms.seen_for("input/process/get").remove(0);
    assert!(!format!("{seen:?}").contains("\"9\""), "{seen:?}");
}

#[tokio::test]
async fn the_old_route_says_its_time_out_in_the_old_way() {
    let world =
        World::with(Options { limits: "request_timeout_ms = 1000".into(), ..Options::default() }).await;
    world.line.stall();
    let answer = world.get("/remoteaccess/feed/list").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "\"API Timeout\""));
}

/// A world whose broker is an old server's too.
async fn old_world() -> World {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    world.broker.answers_to_anybody(NAME, &format!("home:{NAME}")).await;
    world.agent.launch();
    world.comes_online().await;
    world
}

/// A server of the first generation: a connection and an id for each request.
struct OldServer {
    peer: Peer,
    id: String,
}

impl OldServer {
    async fn connect(world: &World) -> Self {
        let mut peer = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
        let id = format!("emoncms_{}", remoteaccess_tests::ports::random_hex::<6>());
        assert!(peer.subscribe_at(&format!("user/{NAME}/response/{id}"), QoS::ExactlyOnce).await);
        Self { peer, id }
    }

    /// Sends a golden message with its id filled in, and gives both.
    async fn ask(&mut self, golden: &str) -> (Value, Value) {
        let message = golden.replace("CLIENT", &self.id);
        self.peer.publish(&format!("user/{NAME}/request"), message.clone()).await;
        let answer = self.peer.next().await.json();
        assert_eq!(answer.as_object().map(|map| map.len()), Some(2), "{answer}");
        let sent: Value = serde_json::from_str(&message).expect("golden messages are JSON");
        assert_eq!(answer["request"], sent, "the request is echoed whole");
        (sent, answer["result"].clone())
    }
}

#[tokio::test]
async fn an_old_servers_requests_are_answered_in_its_form() {
    let world = old_world().await;
    world.emoncms.stop_clock();
    let list = world.get("/feed/list.json").await.json();
    let mut server = OldServer::connect(&world).await;
    for golden in [
        r#"{"clientId":"CLIENT","controller":"feed","action":"list","subaction":"","data":[]}"#,
        r#"{"clientId":"CLIENT","controller":"feed","action":"list","data":{}}"#,
        r#"{"clientId":"CLIENT","controller":"feed","action":"list","subaction":null,"data":[]}"#,
        r#"{"clientId":"CLIENT","action":"feed/list","data":[]}"#,
        r#"{"clientId":"CLIENT","controller":"feed","action":"list","subaction":"","data":[],"more":{"x":[1]}}"#,
    ] {
        assert_eq!(server.ask(golden).await.1, list, "{golden}");
    }
    for golden in [
        r#"{"clientId":"CLIENT","controller":"feed","action":"value","subaction":"","data":{"id":"4"}}"#,
        r#"{"clientId":"CLIENT","controller":"feed","action":"value","subaction":"","data":{"id":4}}"#,
    ] {
        assert!(server.ask(golden).await.1.is_number(), "{golden}");
    }
    let golden = r#"{"clientId":"CLIENT","controller":"feed","action":"set","subaction":"","data":{"id":"1","fields":"{\"name\":\"sun\"}"}}"#;
    assert_eq!(server.ask(golden).await.1["success"], true, "a write that the list allows");
}

#[tokio::test]
async fn an_old_server_is_told_of_every_refusal() {
    let mut world = old_world().await;
    let mut server = OldServer::connect(&world).await;
    for golden in [
        r#"{"clientId":"CLIENT","controller":"feed","action":"delete","subaction":"","data":{"id":"1"}}"#,
        r#"{"clientId":"CLIENT","controller":"admin","action":"view","subaction":"","data":[]}"#,
    ] {
        let (_, result) = server.ask(golden).await;
        assert_eq!(result["success"], false, "{golden}: {result}");
        assert!(result["message"].as_str().is_some_and(|text| !text.is_empty()), "{golden}: {result}");
    }
    let value =
        r#"{"clientId":"CLIENT","controller":"feed","action":"value","subaction":"","data":{"id":"1"}}"#;
    let huge = vec![b'1'; 3 * 1024 * 1024];
    for fault in [
        Fault::Html,
        Fault::HangUp,
        Fault::BrokenChunk,
        Fault::Hang,
        Fault::Say { status: 200, content_type: "application/json", body: b"[1,2".to_vec() },
        Fault::Say { status: 200, content_type: "application/json", body: huge },
        Fault::Claim(10_000_000_000),
    ] {
        world.emoncms.order("feed/value", fault.clone());
        let (_, result) = server.ask(value).await;
        assert_eq!(result["success"], false, "{fault:?}: {result}");
        world.emoncms.behave();
    }
    // Some of emoncms' answers are bare text.
    let text = Fault::Say { status: 200, content_type: "text/plain", body: b"ok then".to_vec() };
    world.emoncms.order("feed/value", text);
    assert_eq!(server.ask(value).await.1, "ok then");
    world.emoncms.behave();
    world.emoncms.down().await;
    assert_eq!(server.ask(value).await.1["success"], false);
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn a_farewell_of_an_old_server_is_ignored() {
    let world = old_world().await;
    let mut server = OldServer::connect(&world).await;
    let topic = format!("user/{NAME}/request");
    for farewell in ["DISCONNECTED", "DISCONNECTED: emoncms_1234", "DISCONNECTED{\"clientId\":\"x\"}"] {
        server.peer.publish(&topic, farewell).await;
    }
    let golden = r#"{"clientId":"CLIENT","controller":"feed","action":"list","subaction":"","data":[]}"#;
    assert!(server.ask(golden).await.1.is_array());
    assert_eq!(world.emoncms.seen().len(), 1);
    assert_eq!(world.line.connections(), 1);
}
