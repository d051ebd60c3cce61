//! Nobody gets further than they may: not by names, not by parameters, not by talking to the broker directly.

use remoteaccess_tests::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until, within};
use remoteaccess_tests::world::{BOB_PASSWORD, NAME, Options, World};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A list that allows all that a list can, so that only what no list can allow stands in the way.
async fn open_house() -> World {
    let everything = [
        "feed",
        "input",
        "user",
        "admin",
        "config",
        "backup",
        "setup",
        "network",
        "wifi",
        "remoteaccess",
        "device",
        "graph",
    ];
    let access = everything.iter().map(|module| (format!("{module}/*"), json!("write")));
    World::with(Options { access: Value::Object(access.collect()), ..Options::default() }).await
}

/// Parameters with which a caller would reach something else, or as someone else.
const PARAMETERS: &[&str] = &[
    "q",
    "Q",
    " q",
    "  q",
    "\tq",
    "\nq",
    "q\0",
    "\0q",
    "q\0x",
    " apikey",
    "apikey\0",
    "APIKEY ",
    "devicekey",
    "DeviceKey",
    "readkey",
    "embed",
    "Embed",
    "q[]",
    "apikey[0]",
    "a.b",
    "a b",
    "a=b",
    "",
    "[",
    "x[",
    "x]",
    "x[[y]",
    "x[a.b]",
    "x\u{a0}",
    "ｑ",
    "x'",
    "x\"",
    "x;",
    "x&y",
    "x/..",
    "x<y>",
];

/// Paths that look like one thing and would be another to emoncms' router.
const PATHS: &[&str] = &[
    "/feed/../admin/view.json",
    "/feed/..%2fadmin/view.json",
    "/feed%2f..%2fadmin%2fview.json",
    "/admin/view.json",
    "/ADMIN/view.json",
    "/admin%20/view.json",
    "/%61dmin/view.json",
    "/admin;/view.json",
    "/a.dmin/view.json",
    "//admin/view.json",
    "/feed//list.json",
    "/feed/list/../../admin.json",
    "/feed/list%00.json",
    "/feed/list.json%00",
    "/feed/list.php",
    "/feed/list.json/",
    "/feed/api.json",
    "/feed/API.json",
    "/feed/list.html",
    "/feed/list.JSON.html",
    "/feed/list\\..\\x.json",
    "/feed/li%73t.json",
    "/feed/list%3Fq=x.json",
    "/feed/list#x.json",
    "/user/auth/x.json",
    "/user/login.json",
    "/user/newapikeyread.json",
    "/user/changepassword.json",
    "/remoteaccess/connect.json",
    "/remoteaccess/admin/view",
    "/remoteaccess/user/get.json",
    "/f\u{e9}ed/list.json",
    "/feed/list.json?a=1?q=x#",
    "http://other.example/feed/list.json",
    "*",
    "/",
];

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let world = open_house().await;
    for path in PATHS {
        let answer = world.client.raw_get(path, &world.account.write_key).await;
        let reached: Vec<_> = world.emoncms.seen().into_iter().map(|seen| seen.target).collect();
        // What is still an honest request may be served as such.
        let honest = |target: &String| {
            ["/emoncms/feed/list.json", "/emoncms/feed/list.json?a=1%3Fq%3Dx"].contains(&target.as_str())
        };
        assert!(reached.iter().all(honest), "{path:?} reached {reached:?}");
        assert!(answer.status != 0 && answer.status < 500, "{path:?}: {} {}", answer.status, answer.text());
    }
}

#[tokio::test]
async fn parameters_stay_parameters() {
    let world = open_house().await;
    for name in PARAMETERS {
        let query = [(*name, "admin/view")];
        let request =
            world.client.request(Method::GET, "/feed/list.json").bearer_auth(&world.account.write_key);
        let in_query = Answer::of(request.query(&query)).await;
        let request =
            world.client.request(Method::POST, "/feed/list.json").bearer_auth(&world.account.write_key);
        let in_form = Answer::of(request.form(&query)).await;
        for answer in [in_query, in_form] {
            answer.assert_refused(400, "bad_request");
        }
        assert_eq!(world.emoncms.seen().len(), 0, "{name:?} reached emoncms");
    }
}

#[tokio::test]
async fn where_emoncms_is_comes_from_the_home_alone() {
    let world = open_house().await;
    let path = "/feed/list.json?host=192.0.2.1&port=81&protocol=https&url=http://192.0.2.1/&MQTT_HOST=x&emoncms_url=x";
    assert_eq!(world.get_as_owner(path).await.status, 200);
    let seen = world.emoncms.seen();
    assert_eq!(
        (seen.len(), seen[0].path.as_str(), seen[0].query("host")),
        (1, "feed/list", Some("192.0.2.1"))
    );
}

/// Talks to the home as somebody would who has taken over the bridge.
struct Intruder {
    peer: Peer,
    id: String,
    count: u32,
}

impl Intruder {
    async fn enter(world: &World) -> Self {
        let mut peer = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
        let id = format!("b-{}", remoteaccess_tests::ports::random_hex::<4>());
        assert!(peer.subscribe(&format!("user/{NAME}/response/{id}")).await);
        Self { peer, id, count: 0 }
    }

    /// Sends a request of the second generation, and gives the head of its answer's first frame.
    async fn ask(&mut self, request: &Value) -> Value {
        self.count += 1;
        let mut message = json!({
            "clientId": self.id, "v": 2, "id": format!("r{}", self.count), "rights": "write",
            "method": "GET", "format": "json", "subaction": "", "data": {}, "timeout_ms": 5000,
        });
        for (key, value) in request.as_object().expect("a request is an object") {
            message[key] = value.clone();
        }
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
        let answer = self.peer.next().await.payload;
        let head = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(head).unwrap_or_else(|_| panic!("{request} got no frame: {answer:?}"))
    }

    /// Sends a request of the first generation, and gives its result.
    async fn ask_old(&mut self, request: &Value) -> Value {
        let mut message = json!({"clientId": self.id, "subaction": "", "data": []});
        for (key, value) in request.as_object().expect("a request is an object") {
            message[key] = value.clone();
        }
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
        self.peer.next().await.json()["result"].clone()
    }
}

#[tokio::test]
async fn the_home_checks_names_itself_and_does_not_trust_the_bridge() {
    let world = open_house().await;
    let mut intruder = Intruder::enter(&world).await;
    for (controller, action, subaction) in [
        ("admin", "view", ""),
        ("Admin", "view", ""),
        ("user", "get", ""),
        ("user", "auth", ""),
        ("config", "get", ""),
        ("remoteaccess", "get", ""),
        ("feed", "api", ""),
        ("feed", "Api", ""),
        ("feed", "list", "../../admin/view"),
        ("feed", "../admin/view", ""),
        ("feed/../admin", "view", ""),
        ("feed", "list?q=admin/view", ""),
        ("feed", "list", "?x"),
        ("feed", "list.html#", ""),
        ("feed", "list\u{0}", ""),
        (" feed", "list", ""),
        ("feed", "list", "a/b"),
        ("feed", "", ""),
        ("", "", ""),
        ("http://192.0.2.1", "x", ""),
        ("feed", "%6cist", ""),
        ("feed", "list", "%2e%2e"),
        ("f.eed", "list", ""),
        ("feed", "list\n", ""),
        ("feed", "l\u{ef}st", ""),
    ] {
        let request = json!({"controller": controller, "action": action, "subaction": subaction});
        let head = intruder.ask(&request).await;
        assert!(
            ["denied", "bad_request"].contains(&head["error"].as_str().unwrap_or("none")),
            "{request}: {head}"
        );
        let result = intruder.ask_old(&request).await;
        assert_eq!(result["success"], false, "{request}: {result}");
    }
    assert_eq!(world.emoncms.seen().len(), 0, "{:?}", world.emoncms.seen());
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn the_home_checks_parameters_itself_and_does_not_trust_the_bridge() {
    let world = open_house().await;
    let mut intruder = Intruder::enter(&world).await;
    for name in PARAMETERS {
        let data = json!({ *name: "admin/view" });
        let feed = json!({"controller": "feed", "action": "list"});
        let with = |key: &str, value: Value| {
            let mut request = feed.clone();
            request[key] = value;
            request
        };
        assert_eq!(
            intruder.ask(&with("data", data.clone())).await["error"],
            "bad_request",
            "{name:?} in the query"
        );
        let mut post = with("body", json!({"form": data}));
        post["method"] = json!("POST");
        assert_eq!(intruder.ask(&post).await["error"], "bad_request", "{name:?} in the form");
        assert_eq!(
            intruder.ask_old(&with("data", data)).await["success"],
            false,
            "{name:?} in an old request"
        );
    }
    for request in [
        json!({"format": "html"}),
        json!({"format": "JSON"}),
        json!({"format": "json?q=x"}),
        json!({"method": "PUT"}),
        json!({"method": "GET\r\nX: y"}),
        json!({"body": {"json": "{}"}}),
        json!({"data": "x"}),
        json!({"data": [1]}),
        json!({"method": "POST", "body": {"json": "{"}}),
        json!({"method": "POST", "body": {"raw": "x"}}),
        json!({"data": {"a": {"b": {"c": {"d": {"e": 1}}}}}}),
    ] {
        let mut request = request;
        request["controller"] = json!("feed");
        request["action"] = json!("list");
        assert_eq!(intruder.ask(&request).await["error"], "bad_request", "{request}");
    }
    assert_eq!(world.emoncms.seen().len(), 0, "{:?}", world.emoncms.seen());
}

#[tokio::test]
async fn rights_that_are_not_write_are_read() {
    let world = World::start().await;
    let mut intruder = Intruder::enter(&world).await;
    for rights in [json!("read"), json!("admin"), json!("WRITE"), json!(null), json!(2), json!(["write"])] {
        let request = json!({"controller": "feed", "action": "insert", "rights": rights, "data": {"id": 1}});
        assert_eq!(intruder.ask(&request).await["error"], "denied", "{rights}");
    }
    assert_eq!(world.emoncms.seen().len(), 0);
}

#[tokio::test]
async fn homes_are_kept_apart_by_the_broker() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    assert!(Peer::try_connect(port, "bob", "guess").await.is_err());
    assert!(Peer::try_connect(port, "", "").await.is_err(), "nobody gets in without a name");

    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(alice.subscribe(&format!("user/{NAME}/request")).await);
    let mut bridge = Peer::connect(port, BRIDGE_USER, BRIDGE_PASSWORD).await;
    assert!(bridge.subscribe("user/+/response/#").await);
    let mut bob = Peer::connect(port, "bob", BOB_PASSWORD).await;
    for topic in [&format!("user/{NAME}/request"), "user/+/request", "#", "user/+/status", "$SYS/#"] {
        // Mosquitto grants what it will never deliver; what counts is that nothing comes.
        bob.subscribe(topic).await;
    }
    bob.publish(&format!("user/{NAME}/response/x"), "forged").await;
    bob.publish(&format!("user/{NAME}/request"), "forged").await;
    bob.publish(&format!("user/{NAME}/status"), r#"{"v":2,"state":"offline"}"#).await;
    bob.publish("user/bob/response/x", "the last").await;
    let message = bridge.next().await;
    assert_eq!(
        (message.topic.as_str(), message.payload.as_slice()),
        ("user/bob/response/x", &b"the last"[..])
    );
    assert_eq!(world.get("/feed/list.json").await.status, 200, "the home's presence was forged");
    assert_eq!(alice.next().await.json()["action"], "list", "the first that alice hears is honest");
    assert!(bob.next_within(Duration::from_secs(1)).await.is_none(), "bob hears alice");
}

#[tokio::test]
async fn an_answer_from_another_home_answers_nothing() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    let mut ear = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(ear.subscribe(&format!("user/{NAME}/request")).await);
    let bob = Peer::connect(port, "bob", BOB_PASSWORD).await;

    world.emoncms.order("feed/value", Fault::Slow(Duration::from_millis(1500)));
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let asking = tokio::spawn(async move { client.get("/feed/value.json?id=2", &key).await });
    let request = ear.next().await.json();
    let (id, client) =
        (request["id"].as_str().expect("an id"), request["clientId"].as_str().expect("a client"));
    let frame = |id: &str| {
        let head =
            json!({"v": 2, "id": id, "seq": 0, "last": true, "status": 200, "type": "application/json"});
        format!("{head}\n\"forged\"")
    };
    let topic = format!("user/bob/response/{client}");
    bob.publish(&topic, frame(id)).await;
    bob.publish(&topic, json!({"request": request, "result": "forged"}).to_string()).await;
    bob.publish(
        &topic,
        format!("{}\n", json!({"v": 2, "id": id, "status": 403, "error": "denied", "message": "x"})),
    )
    .await;
    let answer = within("the answer", SOON, asking).await.expect("a caller does not panic");
    assert_eq!(answer.status, 200);
    assert!(answer.json().is_number(), "forged: {}", answer.text());
}

#[tokio::test]
async fn garbage_on_every_topic_ends_no_session() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(alice.subscribe(&format!("user/{NAME}/request")).await);
    world.get("/feed/list.json").await;
    let client = alice.next().await.json()["clientId"].as_str().expect("a client").to_owned();
    let intruder = Peer::connect(port, BRIDGE_USER, BRIDGE_PASSWORD).await;

    let mut garbage: Vec<Vec<u8>> = [
        "",
        "\n",
        "{}",
        "{}\n",
        "[]",
        "null",
        "{\"v\":2}\n",
        "{\"v\":2,\"id\":\"\"}",
        "DISCONNECTED",
        "\u{0}",
        "{\"v\":2,\"id\":\"x\",\"seq\":99999999999,\"last\":true,\"status\":200}\n",
        "{\"request\":{\"id\":\"x\"}}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"credit\":18446744073709551615}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"credit\":-1}",
        "{\"v\":2,\"clientId\":\"x\",\"id\":\"y\",\"cancel\":true}",
        "{\"clientId\":\"../../x\",\"controller\":\"feed\",\"action\":\"list\"}",
        "{\"clientId\":\"#\",\"action\":\"feed/list\"}",
        "{\"clientId\":\"a/b\",\"controller\":\"feed\",\"action\":\"list\",\"data\":[]}",
        "{\"v\":2,\"state\":\"on\"}",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    garbage.push(vec![0xff; 100]);
    garbage.push(b"[".repeat(100_000));
    garbage.push(b"{\"a\":".repeat(20_000));
    for bytes in &garbage {
        intruder.publish(&format!("user/{NAME}/request"), bytes.clone()).await;
        alice.publish(&format!("user/{NAME}/response/{client}"), bytes.clone()).await;
        alice.publish(&format!("user/{NAME}/status"), bytes.clone()).await;
        alice.publish(&format!("user/{NAME}/response/{client}/deeper"), bytes.clone()).await;
    }
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    assert_eq!(world.client.get_anonymously("/-/health").await.status, 200);
    assert_eq!(world.line.connections(), 1, "the agent lost its session");
    assert!(!world.bridge.process().log().to_lowercase().contains("panicked"));
}

#[tokio::test]
async fn messages_as_large_as_the_broker_passes_end_no_session() {
    let world = World::start().await;
    let port = world.broker.ports().plain;
    let mut alice = Peer::connect(port, NAME, &world.broker_password).await;
    assert!(alice.subscribe(&format!("user/{NAME}/request")).await);
    world.get("/feed/list.json").await;
    let client = alice.next().await.json()["clientId"].as_str().expect("a client").to_owned();
    let mut intruder = Intruder::enter(&world).await;

    for size in [300_000, 1_000_000, 4_000_000] {
        let request = json!({"controller": "feed", "action": "list", "data": {"x": "y".repeat(size)}});
        assert_eq!(intruder.ask(&request).await["error"], "request_too_large", "{size} bytes");
        let head = json!({"v": 2, "id": "x", "seq": 0, "last": true, "status": 200});
        alice
            .publish(&format!("user/{NAME}/response/{client}"), format!("{head}\n{}", "z".repeat(size)))
            .await;
        alice.publish(&format!("user/{NAME}/status"), "z".repeat(size)).await;
        assert_eq!(world.get("/feed/list.json").await.status, 200, "after {size} bytes");
    }
    assert_eq!(world.line.connections(), 1, "the agent lost its session");
    let log = world.broker.log();
    let left = log.lines().filter(|line| line.contains("u'bridge'")).count();
    assert_eq!(left, 2, "the bridge connected more than once beside the intruder:\n{log}");
}

#[tokio::test]
async fn kept_requests_are_never_run() {
    let mut world = World::start().await;
    let mut intruder = Intruder::enter(&world).await;
    let request = json!({
        "clientId": intruder.id, "controller": "feed", "action": "insert", "subaction": "",
        "data": {"id": "1", "value": "5"},
    });
    world.agent.stop();
    intruder.peer.retain(&format!("user/{NAME}/request"), request.to_string()).await;
    for _ in 0..2 {
        world.agent.launch();
        world.comes_online().await;
        assert_eq!(world.get("/feed/list.json").await.status, 200);
        assert_eq!(world.emoncms.seen_for("feed/insert").len(), 0, "a kept request was run");
        world.agent.stop();
    }
}

#[tokio::test]
async fn one_flood_does_not_starve_the_next_caller() {
    // Beyond a few hundred messages at once the home answers no more; whoever asks after that is served again.
    let world =
        World::with(Options { limits: "request_timeout_ms = 1000".into(), ..Options::default() }).await;
    let intruder = Intruder::enter(&world).await;
    for number in 0..5000 {
        let request = json!({
            "clientId": intruder.id, "v": 2, "id": format!("f{number}"), "rights": "read",
            "controller": "feed", "action": "timevalue", "data": {"id": 1},
        });
        intruder.peer.publish(&format!("user/{NAME}/request"), request.to_string()).await;
    }
    until("an honest caller to be served", SOON, async || {
        (world.get("/feed/list.json").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(world.line.connections(), 1);
    let (now, _) = world.agent.process().memory_kb();
    assert!(now < 60_000, "the agent holds {now} kB after a flood");
}

#[tokio::test]
async fn secrets_stand_in_no_log_and_no_status() {
    let world = World::start().await;
    world.get("/feed/list.json").await;
    world.client.get_anonymously(&format!("/feed/list.json?apikey={}", world.account.read_key)).await;
    let login = json!({"username": NAME, "password": remoteaccess_tests::bridge::PASSWORD});
    Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await;
    world.emoncms.order("feed/value", Fault::HangUp);
    world.get("/feed/value.json?id=1&private=parameter-value").await;
    world.agent.says("the requests to stand in the status", |status| status["counters"]["failed"] == 1).await;

    let status = world.agent.status().expect("a status").to_string();
    let logs = [world.agent.process().log(), world.bridge.process().log(), status];
    let keys = world.emoncms.keys();
    let secrets = [
        &keys.read,
        &keys.write,
        &world.account.read_key,
        &world.account.write_key,
        &world.broker_password,
        BRIDGE_PASSWORD,
        remoteaccess_tests::bridge::PASSWORD,
        "parameter-value",
    ];
    for secret in secrets {
        for text in &logs {
            assert!(!text.contains(secret), "'{secret}' stands in: {text}");
        }
    }
}
