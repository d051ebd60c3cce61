//! What the home thinks that it allows, against what a real emoncms makes of it: attacks on the access list and on how
//! addresses are read.

use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::intruder::Intruder;
use remoteaccess_tests::real_emoncms::RealEmoncms;
use remoteaccess_tests::routes_seen::{Routed, RoutesSeen};
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{Options, World};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where a request is to end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Nothing reaches emoncms.
    Refused,
    /// emoncms is asked for this, with the key for reading.
    Reads(&'static str),
    /// emoncms is asked for this, with the key for everything.
    Writes(&'static str),
}
use End::{Reads, Refused, Writes};

/// Whatever comes after it may be asked for with the key for reading.
const OPEN: [&str; 14] = [
    "feed",
    "input",
    "process",
    "graph",
    "dashboard",
    "app",
    "schedule",
    "time",
    "version",
    "describe",
    "llms",
    "emoncms",
    "Modules",
    "riguser",
];

#[tokio::test]
async fn emoncms_is_asked_for_what_the_list_was_asked_about_and_nothing_else() {
    let Some(real) = RealEmoncms::start("routing against a real emoncms").await else { return };
    let mut access: Value = OPEN.iter().map(|name| (format!("{name}/*"), json!("read"))).collect();
    for path in ["feed/insert", "feed/set", "input/post", "input/set"] {
        access[path] = json!("write");
    }
    let options = Options { access, emoncms: Some((real.url(), real.keys())), ..Options::default() };
    let world = World::with(options).await;
    let mut seen = real.watch_routes();
    until("the notes to begin", SOON, async || {
        // PHP looks at its files every few seconds.
        Client::new(&real.url()).get("/feed/list.json", &real.keys().read).await;
        (!seen.news().is_empty()).then_some(())
    })
    .await;
    let feeds = async || world.get("/feed/list.json").await.json().as_array().map(Vec::len);
    let before = feeds().await;
    seen.news();

    addresses(&world, &mut seen).await;
    parameters(&world, &mut seen).await;
    methods(&world, &mut seen).await;
    what_a_bridge_may_send(&world, &mut seen).await;
    assert_eq!(feeds().await, before, "a feed was made or deleted");
}

/// Checks how one request ended.
fn check(what: &str, answer: &Answer, routed: &[Routed], end: End) {
    let (endpoint, write) = match end {
        Refused => {
            assert!(routed.is_empty(), "{what} reached emoncms as {routed:?}");
            assert!((400..500).contains(&answer.status) || answer.status == 502, "{what}: {}", answer.text());
            return;
        }
        Reads(endpoint) => (endpoint, false),
        Writes(endpoint) => (endpoint, true),
    };
    let [routed] = routed else { panic!("{what} became {routed:?}: {} {}", answer.status, answer.text()) };
    assert_eq!(routed.endpoint, endpoint, "{what}");
    assert_eq!((routed.read, routed.write, routed.admin), (true, write, false), "{what}: the wrong key");
    assert!(["json", "csv", "txt"].contains(&routed.format.as_str()), "{what}: {routed:?}");
}

async fn addresses(world: &World, seen: &mut RoutesSeen) {
    let long = format!("/feed/{}.json", "a".repeat(4000));
    let table = [
        ("/feed/list.json", Reads("feed/list")),
        ("/feed/list", Reads("feed/list")),
        ("/feed/list.csv", Reads("feed/list")),
        ("/feed/list/any.json", Reads("feed/list/any")),
        ("/feed/LIST.json", Reads("feed/LIST")),
        ("/feed/delete.json?id=1", Reads("feed/delete")),
        ("/feed/list/delete.json?id=1", Reads("feed/list/delete")),
        ("/feed/-.json", Reads("feed/-")),
        ("/feed/insert.json?id=1&time=1&value=1", Writes("feed/insert")),
        ("/feed/insert/x.json?id=1&time=1&value=1", Writes("feed/insert/x")),
        ("/feed/Insert.json?id=1&time=1&value=1", Reads("feed/Insert")),
        ("/remoteaccess/feed/list.json", Reads("feed/list")),
        ("/Feed/list.json", Refused),
        ("/FEED/LIST.json", Refused),
        ("//feed/list.json", Refused),
        ("/feed//list.json", Refused),
        ("/feed/list/.json", Refused),
        ("/feed/list//delete.json?id=1", Refused),
        ("/feed/./list.json", Refused),
        ("/feed/../admin/users.json", Refused),
        ("/feed/list/../delete.json?id=1", Refused),
        ("/feed/list/..%2fdelete.json?id=1", Refused),
        ("/feed/list%2f..%2fdelete.json?id=1", Refused),
        ("/feed/list/%2e%2e/delete.json?id=1", Refused),
        ("/feed/list/..;/delete.json?id=1", Refused),
        ("/feed/list\\..\\delete.json?id=1", Refused),
        ("/feed%2Flist.json", Refused),
        ("/feed/list%2Ejson", Refused),
        ("/feed/%6cist.json", Refused),
        ("/feed/%256cist.json", Refused),
        ("/feed/li%20st.json", Refused),
        ("/feed/li+st.json", Refused),
        ("/feed/li~st.json", Refused),
        ("/feed/list%00.json", Refused),
        ("/feed/list.json%00.html", Refused),
        ("/feed/list.json%0d%0aX:y", Refused),
        ("/feed/list%3fq=feed/delete", Refused),
        ("/feed/list%23.json", Refused),
        ("/feed/list%26q=feed/delete", Refused),
        ("/feed/list;q=feed/delete.json", Refused),
        ("/feed/list.json/delete", Refused),
        ("/feed/list.json.json", Refused),
        ("/feed/list.html.json", Refused),
        ("/feed/list.json.html", Refused),
        ("/feed/list.JSON", Refused),
        ("/feed/list.html", Refused),
        ("/feed/list.xml", Refused),
        ("/feed/list.", Refused),
        ("/feed.json/list", Refused),
        ("/feed", Refused),
        ("/feed/", Refused),
        ("/feed/l\u{ef}st.json", Refused),
        ("/feed/a/b/c.json", Refused),
        ("/feed/a/emoncmspi.json", Refused),
        ("/feed/emoncms/delete.json?id=1", Refused),
        ("/feed/Emoncms/delete.json", Refused),
        ("/feed/api.json", Refused),
        ("/input/API.json", Refused),
        ("/user/auth.json", Refused),
        ("/user/login.json", Refused),
        ("/user/get.json", Refused),
        ("/user/newapikeywrite.json", Refused),
        ("/admin/users.json", Refused),
        ("/Admin/users.json", Refused),
        ("/config/get.json", Refused),
        ("/remoteaccess/admin/users.json", Refused),
        ("/index.php/feed/list.json", Refused),
        ("/-/h/home/../feed/list.json", Refused),
        (&long, Refused),
    ];
    for (target, end) in table {
        let answer = world.client.raw_get(target, &world.account.write_key).await;
        check(target, &answer, &seen.news(), end);
    }
    let asks = "/-/h/home/feed/list.json";
    let answer = world.client.raw_get(asks, &world.account.write_key).await;
    check(asks, &answer, &seen.news(), Reads("feed/list"));
}

async fn parameters(world: &World, seen: &mut RoutesSeen) {
    let long = format!("id={}", "1".repeat(20_000));
    let many = (0..1100).map(|number| format!("p{number}=1")).collect::<Vec<_>>().join("&");
    let table = [
        ("q=feed/delete&id=1", Refused),
        ("id=1&q=feed/delete", Refused),
        ("Q=feed/delete", Refused),
        ("q[]=feed/delete", Refused),
        ("q[x]=feed/delete", Refused),
        ("%71=feed/delete", Refused),
        ("%20q=feed/delete", Refused),
        ("+q=feed/delete", Refused),
        ("q%00=feed/delete", Refused),
        ("q%00x=feed/delete", Refused),
        ("q%20=feed/delete", Refused),
        ("q.=feed/delete", Refused),
        ("q[=feed/delete", Refused),
        ("%EF%BB%BFq=feed/delete", Refused),
        ("apikey[]=x", Refused),
        ("%20apikey=x", Refused),
        ("apikey%00=x", Refused),
        ("APIKEY=x", Refused),
        ("devicekey=x", Refused),
        ("readkey=x", Refused),
        ("embed=1", Refused),
        ("_method=DELETE", Refused),
        ("a.b=1", Refused),
        ("a%5Bb=1", Refused),
        ("id=1&id[]=2", Refused),
        (&many, Refused),
        ("x[q]=feed/delete", Reads("feed/list")),
        ("id=1%26q=feed/delete", Reads("feed/list")),
        ("id=1;q=feed/delete", Reads("feed/list")),
        ("id=1%00%26q=feed/delete", Reads("feed/list")),
        ("id=1%23q=feed/delete", Reads("feed/list")),
        ("qq=feed/delete", Reads("feed/list")),
        ("_q=feed/delete", Reads("feed/list")),
        ("q_=feed/delete", Reads("feed/list")),
        ("id[]=1&id[]=2&id[x]=3", Reads("feed/list")),
        ("id[0][1][2]=1", Reads("feed/list")),
        ("userid=2&session[write]=1&GLOBALS[session]=1&_SESSION[admin]=1", Reads("feed/list")),
        ("9=1&-1=2&__=3", Reads("feed/list")),
        ("", Reads("feed/list")),
    ];
    for (query, end) in table {
        let target = format!("/feed/list.json?{query}");
        let answer = world.client.raw_get(&target, &world.account.write_key).await;
        check(&target, &answer, &seen.news(), end);
        // The same in a form, which the old route turns into a query.
        let request =
            world.client.request(Method::POST, "/feed/list.json").bearer_auth(&world.account.write_key);
        let form = request.header("content-type", "application/x-www-form-urlencoded").body(query.to_owned());
        check(&format!("a form {query}"), &Answer::of(form).await, &seen.news(), end);
    }
    // As long as the web server lets it be: it reaches what was asked for, or nothing.
    let answer = world.client.raw_get(&format!("/feed/list.json?{long}"), &world.account.write_key).await;
    let routed = seen.news();
    assert!(routed.iter().all(|routed| routed.endpoint == "feed/list"), "{routed:?}: {}", answer.status);
    // The home's own key opens nothing in the cloud, and does not get through to home.
    let answer = world.client.raw_get("/feed/list.json?apikey=0123456789abcdef0123456789abcdef", "x").await;
    check("a stranger's key", &answer, &seen.news(), Refused);
}

async fn methods(world: &World, seen: &mut RoutesSeen) {
    let key = &world.account.write_key;
    for method in [Method::GET, Method::POST] {
        let mut request = world.client.request(method.clone(), "/feed/delete.json?id=1").bearer_auth(key);
        for name in [
            "X-HTTP-Method-Override",
            "X-HTTP-Method",
            "X-Method-Override",
            "X-Original-URL",
            "X-Rewrite-URL",
        ] {
            request = request.header(name, "DELETE");
        }
        let request =
            request.header("X-Forwarded-Host", "evil.example").header("X-Requested-With", "XMLHttpRequest");
        let answer = Answer::of(request).await;
        let routed = seen.news();
        check(&format!("{method} with other methods in its headers"), &answer, &routed, Reads("feed/delete"));
        assert_eq!(routed[0].method, method.as_str());
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::HEAD] {
        let answer =
            Answer::of(world.client.request(method.clone(), "/feed/delete.json?id=1").bearer_auth(key)).await;
        check(&format!("{method}"), &answer, &seen.news(), Refused);
    }
    // Who may only read gets nothing that writes, however it is asked for.
    for (method, path) in
        [(Method::GET, "/feed/insert.json?id=1&time=1&value=1"), (Method::POST, "/input/post.json")]
    {
        let request = world.client.request(method, path).bearer_auth(&world.account.read_key);
        check(path, &Answer::of(request).await, &seen.news(), Refused);
    }
    let json = world.client.request(Method::POST, "/feed/list.json").bearer_auth(key);
    let json = json.header("content-type", "application/json").body(r#"{"q":"feed/delete","apikey":"x"}"#);
    check("JSON with names of emoncms' own", &Answer::of(json).await, &seen.news(), Reads("feed/list"));
}

/// Whoever has taken over a bridge may say anything: what the home answers is what emoncms was asked for, part by part.
async fn what_a_bridge_may_send(world: &World, seen: &mut RoutesSeen) {
    let mut intruder = Intruder::enter(world).await;
    let actions = [
        "list",
        "LIST",
        "delete",
        "a-b",
        "a_b",
        "0",
        "-",
        "_",
        "--",
        "emoncms",
        "xemoncms",
        "emoncmsapi",
        "api",
        "Api",
        "api-",
        "view",
        "users",
        "list.json",
        "list.html",
        "..",
        ".",
        "",
        "%2e%2e",
        "a/b",
        "a\u{0}b",
        "a b",
        "a?b",
        "a#b",
        "a&q=x",
        "../admin",
        "\u{fc}",
        "index",
        "feed_controller",
        "module",
    ];
    let (mut asked, mut reached, mut ends) = (0, 0, BTreeMap::<String, usize>::new());
    for controller in
        OPEN.iter().copied().chain(["admin", "Feed", "user", "config", "", "..", "feed/..", "feed."])
    {
        for action in actions {
            for subaction in ["", "x", "emoncms", "api", "..", "a.json"] {
                // A fifth of them, each part with each other.
                asked += 1;
                if asked % 5 != 0 {
                    continue;
                }
                let request = json!({"controller": controller, "action": action, "subaction": subaction});
                let head = whole(&mut intruder, &request, asked).await;
                let routed = seen.news();
                *ends.entry(format!("{}{}", head["status"], head["error"])).or_default() += 1;
                if let Some(error) =
                    head["error"].as_str().filter(|error| ["denied", "bad_request"].contains(error))
                {
                    assert!(routed.is_empty(), "{request} was refused ({error}) and became {routed:?}");
                    continue;
                }
                // Files and the shortest of answers never come to a route.
                assert!(routed.len() <= 1, "{request} became {routed:?}");
                let Some(routed) = routed.first() else { continue };
                let subaction = if subaction.is_empty() { String::new() } else { format!("/{subaction}") };
                let meant = format!("{controller}/{action}{subaction}");
                // Of what is no module, emoncms looks for a public page of a user, without any rights.
                let public = !routed.read && !routed.write && !OPEN[..8].contains(&controller);
                assert!(public || routed.endpoint == meant, "{meant} became {routed:?}");
                assert!(!routed.admin && !routed.write, "{meant} had the wrong key: {routed:?}");
                reached += 1;
            }
        }
    }
    std::eprintln!(
        "{asked} ways to ask, a fifth of them tried, {reached} reached emoncms as what they were: {ends:?}"
    );
    assert!(reached > 50, "only {reached} reached emoncms: this was no test");
}

/// Asks, takes all of the answer, and gives the head of its first frame.
async fn whole(intruder: &mut Intruder, request: &Value, number: usize) -> Value {
    const ALL: u64 = 100_000_000;
    let (mut request, id) = (request.clone(), format!("n{number}"));
    (request["id"], request["credit"]) = (id.as_str().into(), ALL.into());
    intruder.request(&request).await;
    let (mut first, mut received) = (None, 0);
    loop {
        let (head, body) = intruder.frame().await;
        let ends = head["last"] == true || head["error"].is_string();
        let first = first.get_or_insert(head);
        if ends {
            return first.take();
        }
        received += body.len();
        intruder.control(&json!({"id": id, "credit": ALL, "received": received})).await;
    }
}
