//! The stand-in answers as a real emoncms does: same status, same content type, same shape.

use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::real_emoncms::RealEmoncms;
use remoteaccess_tests::standin::{Keys, Standin};
use reqwest::Method;
use serde_json::{Value, json};

/// `{now}` is a recent time in ms. The keys are those for reading (r), for everything (w), a wrong one (x), none (-).
const QUESTIONS: &[(&str, &str, &str)] = &[
    ("r", "GET", "/feed/list.json"),
    ("r", "GET", "/feed/list.json?meta=1"),
    ("-", "GET", "/feed/list.json"),
    ("x", "GET", "/feed/list.json"),
    ("r", "GET", "/feed/list"),
    ("r", "GET", "/feed/list.csv"),
    ("r", "GET", "/feed/list.txt"),
    ("r", "GET", "/feed/list/extra.json"),
    ("r", "GET", "/feed/get.json?id=1"),
    ("r", "GET", "/feed/get.json?id=1&field=name"),
    ("r", "GET", "/feed/aget.json?id=1"),
    ("r", "GET", "/feed/getmeta.json?id=1"),
    ("r", "GET", "/feed/value.json?id=1"),
    ("r", "GET", "/feed/timevalue.json?id=1"),
    ("r", "GET", "/feed/timevalue.json?id=99"),
    ("r", "GET", "/feed/fetch.json?ids=1,2,99"),
    ("r", "GET", "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=10"),
    ("r", "GET", "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=10&skipmissing=1"),
    ("r", "GET", "/feed/data.json?ids=1,2&start={now-86400000}&end={now-86340000}&interval=10"),
    ("r", "GET", "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=30&average=1"),
    ("r", "GET", "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=30&delta=1"),
    (
        "r",
        "GET",
        "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=30&timeformat=notime",
    ),
    (
        "r",
        "GET",
        "/feed/data.json?id=1&start={now-86400000}&end={now-86340000}&interval=30&timeformat=iso8601",
    ),
    ("r", "GET", "/feed/data.json?id=1&start={now-864000000}&end={now-86400000}&interval=daily"),
    ("r", "GET", "/feed/data.json?id=1&start={now-864000000}&end={now-86400000}&interval=weekly"),
    ("r", "GET", "/feed/data.json?id=1&start={now-864000000}&end={now-86400000}&interval=monthly"),
    ("r", "GET", "/feed/data.json?id=1&start={now-864000000}&end={now-86400000}&interval=daily&delta=1"),
    ("r", "GET", "/feed/data.json?id=1&start={now-864000000}&end={now-86400000}&interval=1"),
    ("r", "GET", "/feed/data.json?id=1&start={now}&end={now-86400000}&interval=10"),
    ("r", "GET", "/feed/data.json?id=1&start={now-86400000}&end={now}"),
    ("r", "GET", "/feed/data.json?id=1"),
    ("r", "GET", "/feed/data.json?id=99&start={now-86400000}&end={now}&interval=60"),
    ("r", "GET", "/feed/data.csv?id=1&start={now-86400000}&end={now}&interval=60"),
    ("r", "GET", "/feed/csvexport.json?id=1&start={now-86400000}&end={now-86340000}&interval=10"),
    (
        "r",
        "GET",
        "/feed/csvexport.json?id=1&start={now-86400000}&end={now-86340000}&interval=10&timeformat=excel",
    ),
    (
        "r",
        "GET",
        "/feed/csvexport.json?id=1&start={now-86400000}&end={now-86340000}&interval=10&timeformat=iso8601",
    ),
    (
        "r",
        "GET",
        "/feed/csvexport.json?id=1&start={now-86400000}&end={now-86340000}&interval=10&timeformat=1",
    ),
    ("r", "GET", "/feed/csvexport.json?ids=1,2&start={now-86400000}&end={now-86340000}&interval=10"),
    ("r", "GET", "/feed/csvexport.json?id=99&start={now-86400000}&end={now-86340000}&interval=10"),
    ("r", "GET", "/feed/csvexport.csv?id=1&start={now-86400000}&end={now-86340000}&interval=10"),
    ("r", "GET", "/feed/getid.json?name=nonesuch"),
    ("r", "GET", "/feed/nonesuch.json"),
    ("r", "GET", "/feed/nonesuch.json?id=1"),
    ("r", "GET", "/feed/set.json?id=1&fields=%7B%22name%22:%22other%22%7D"),
    ("w", "GET", "/feed/set.json?id=1&fields=%7B%22name%22:%22other%22%7D"),
    ("w", "GET", "/feed/set.json?id=1&fields=%7B%22name%22:%22other%22%7D"),
    ("w", "GET", "/feed/set.json?id=99&fields=%7B%22name%22:%22other%22%7D"),
    ("r", "GET", "/feed/insert.json?id=1&time={now/1000}&value=5"),
    ("w", "GET", "/feed/insert.json?id=1&time={now/1000}&value=5"),
    ("w", "GET", "/feed/insert.json?id=99&time={now/1000}&value=5"),
    ("w", "GET", "/feed/insert.json?id=1"),
    ("w", "POST id=1&value=6", "/feed/insert.json"),
    ("r", "GET", "/feed/delete.json?id=2"),
    ("w", "GET", "/feed/delete.json?id=99"),
    ("w", "POST processlist=[]", "/feed/process/set.json?id=1"),
    ("r", "GET", "/input/list.json"),
    ("r", "GET", "/input/get.json?node=emontx"),
    ("r", "GET", "/input/get.json?node=nonesuch"),
    ("r", "GET", "/input/get.json?node=emontx&name=nonesuch"),
    ("r", "GET", "/input/isdisabled.json"),
    ("w", "GET", "/input/post.json?node=emontx&fulljson=%7B%22power9%22:42%7D"),
    ("w", "POST node=emontx&data=%7Bpower9:43%7D", "/input/post.json"),
    ("w", "GET", "/input/post.json?node=emontx"),
    ("r", "GET", "/input/post.json?node=emontx&data=%7Bpower9:43%7D"),
    (
        "w",
        "POST processlist=[{\"fn\":\"process__log_to_feed\",\"args\":[1]}]",
        "/input/process/set.json?inputid=1",
    ),
    ("w", "POST processlist=nonsense", "/input/process/set.json?inputid=1"),
    ("w", "POST inputid=1&processlist=[]", "/input/process/set.json"),
    ("r", "POST processlist=[]", "/input/process/set.json?inputid=1"),
    ("w", "GET", "/input/process/get.json?inputid=1"),
    ("r", "GET", "/input/process/get.json?inputid=1"),
    ("w", "POST processlist=[]", "/input/process/set.json?inputid=1"),
    ("r", "GET", "/user/session.json"),
    ("w", "GET", "/user/session.json"),
    ("-", "GET", "/user/session.json"),
    ("r", "GET", "/user/gettimezone.json"),
    ("r", "GET", "/user/getuuid.json"),
    ("r", "GET", "/schedule/list.json"),
    ("r", "GET", "/process/list.json"),
    ("r", "GET", "/nonesuch/list.json"),
    ("r", "GET", "/feed/api"),
    ("r", "GET", "/version"),
];

#[tokio::test]
async fn it_answers_as_the_real_emoncms_does() {
    let Some(real) = RealEmoncms::start("comparing the stand-in with a real emoncms").await else { return };
    let version = real.setting("EMONCMS_VERSION");
    if !version.starts_with("11.16.") {
        return std::eprintln!("skipped: the stand-in plays 11.16, and this is a real {version}");
    }
    let standin = Standin::start(Keys::random()).await;
    let now: i64 = real.setting("FEED_END").parse::<i64>().unwrap() * 1000;
    let mut different = Vec::new();
    for question in QUESTIONS {
        let theirs = ask(&real.url(), &real.keys(), question, now).await;
        let ours = ask(&standin.url(), &standin.keys(), question, now).await;
        let (theirs, ours) = (shape(&theirs), shape(&ours));
        if theirs != ours {
            different.push(format!("{question:?}\n  real:     {theirs:.300}\n  stand-in: {ours:.300}"));
        }
    }
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
}

async fn ask(url: &str, keys: &Keys, (key, method, path): &(&str, &str, &str), now: i64) -> Answer {
    let client = Client::new(url);
    let path = with_times(path, now);
    let form = method.strip_prefix("POST ").map(|form| form.replace('"', "%22"));
    let mut request = client.request(if form.is_some() { Method::POST } else { Method::GET }, &path);
    request = match *key {
        "r" => request.bearer_auth(&keys.read),
        "w" => request.bearer_auth(&keys.write),
        "x" => request.bearer_auth("ffffffffffffffffffffffffffffffff"),
        _ => request,
    };
    if let Some(form) = form {
        request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    }
    Answer::of(request).await
}

/// Fills in `{now}`, `{now-MS}` and `{now/1000}`.
fn with_times(path: &str, now: i64) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("{now") {
        let (expression, after) = after.split_once('}').expect("a brace closes");
        let value = match expression.strip_prefix('-') {
            Some(ms) => now - ms.parse::<i64>().expect("a number of ms"),
            None if expression == "/1000" => now / 1000,
            None => now,
        };
        out += &format!("{before}{value}");
        rest = after;
    }
    out + rest
}

/// What clients and the agent can tell answers apart by.
fn shape(answer: &Answer) -> Value {
    let body = match serde_json::from_slice(&answer.body) {
        Ok(value) => shape_of(&value),
        Err(_) if answer.content_type() == "text/html" => json!("a page"),
        Err(_) if answer.status == 406 => json!("a warning"),
        Err(_) => json!(
            answer
                .text()
                .lines()
                .next()
                .unwrap_or_default()
                .replace(|c: char| c.is_ascii_digit(), "0")
                .len()
                .min(12)
        ),
    };
    let disposition = answer.header("content-disposition").is_some();
    let cookie = answer.header("set-cookie").is_some();
    json!([answer.status, answer.header("content-type"), disposition, cookie, body])
}

fn shape_of(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.get("success").is_some() => {
            let mut map = map.clone();
            for (_, value) in map.iter_mut().filter(|(key, value)| *key != "success" && !value.is_string()) {
                *value = shape_of(value);
            }
            // A random id; a number of points.
            if map["success"] == true {
                map.remove("message");
            }
            Value::Object(map)
        }
        Value::Object(map) if map.keys().any(|key| key.contains("process__")) => json!("processes"),
        // Names of inputs are data, not shape.
        Value::Object(map) if map.values().all(Value::is_object) => {
            map.values().take(1).map(shape_of).collect()
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape_of(value))).collect(),
        // A value may be missing now and then; the times must be the same.
        Value::Array(points) if points.iter().all(|p| p.as_array().is_some_and(|p| p.len() == 2)) => {
            points.iter().map(|point| point[0].clone()).collect()
        }
        Value::Array(list) => list.first().map(shape_of).into_iter().collect(),
        Value::Null => json!("number"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Bool(_) => value.clone(),
    }
}
