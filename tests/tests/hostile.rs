//! Nobody gets further than they may by names or parameters: the bridge checks them, and the home checks them again.

use remoteaccess_tests::client::Answer;
use remoteaccess_tests::intruder::Intruder;
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use serde_json::{Value, json};

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
