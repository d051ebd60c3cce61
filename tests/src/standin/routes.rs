//! Who asks, and for what: emoncms' keys and its routes.

use super::feeds::{State, missing};
use super::http::{Answer, Seen, Shared};
use super::{data, inputs};
use serde_json::{Value, json};

/// What the caller's key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    None,
    Read,
    Write,
}

pub(super) fn answer(seen: &Seen, shared: &Shared) -> Answer {
    let Some(level) = level(seen, shared) else {
        let mut answer = Answer::new(401, "text/html; charset=UTF-8", "Invalid API key");
        let challenge =
            r#"Bearer realm="API KEY", error="invalid_apikey", error_description="Invalid API key""#;
        answer.headers.push(("WWW-Authenticate", challenge.to_owned()));
        return answer;
    };
    let mut state = shared.state.lock().expect("nobody panics while holding the state");
    let mut answer = route(seen, level, &mut state);
    if level == Level::None {
        let cookie = "EMONCMS_SESSID=0fltqu83it465b1fb378gvof6p; path=/emoncms/; HttpOnly; SameSite=Strict";
        answer.headers.push(("Set-Cookie", cookie.to_owned()));
    }
    answer
}

/// A parameter overrides the header; a wrong key is worse than none.
fn level(seen: &Seen, shared: &Shared) -> Option<Level> {
    let parameter = seen.query("apikey").or_else(|| seen.form("apikey"));
    let keys = shared.keys.lock().expect("nobody panics while holding the keys");
    match parameter.or_else(|| seen.bearer()) {
        None => Some(Level::None),
        Some(key) if key == keys.read => Some(Level::Read),
        Some(key) if key == keys.write => Some(Level::Write),
        Some(_) => None,
    }
}

fn route(seen: &Seen, level: Level, state: &mut State) -> Answer {
    let (read, write) = (level >= Level::Read, level >= Level::Write);
    let id = seen.query("id").unwrap_or_default();
    let mut parts = seen.path.split('/');
    let mut part = || parts.next().unwrap_or_default();
    let route = (part(), part(), part(), part());

    // Answers that are the same whatever the format.
    match (route.0, route.1) {
        ("version", "") => return Answer::new(200, "text/plain; charset=utf-8", "11.16.8"),
        ("input", "post" | "bulk") => {
            return text(if write { inputs::post(state, seen) } else { String::new() });
        }
        _ if seen.format.is_empty() => return page(&seen.path, known_page(route.0, route.1)),
        ("feed", "getid") if read => {
            let found = state.feeds.iter().find(|feed| {
                Some(feed.name.as_str()) == seen.query("name")
                    && seen.query("tag").is_none_or(|tag| tag == feed.tag)
            });
            return text(found.map(|feed| feed.id.to_string()).unwrap_or_default());
        }
        _ => {}
    }
    if matches!(seen.format.as_str(), "csv" | "txt") {
        // PHP turns the array into this word, after a warning.
        let kind = if seen.format == "csv" { "text/csv" } else { "text/plain" };
        let body = "<br />\n<b>Warning</b>:  Array to string conversion in <b>index.php</b> on line <b>412</b><br />\nArray";
        return Answer::new(406, &format!("{kind};charset=UTF-8"), body);
    }
    match (route.0, route.1, route.2) {
        ("feed", "data", _) if read => return data::data(state, seen),
        ("feed", "csvexport", _) if read => return data::csv_export(state, seen),
        _ => {}
    }

    let feed = state.feed(id);
    let needs = |allowed: bool, value: Value| if allowed { Some(value) } else { None };
    let found = match (route.0, route.1, route.2) {
        ("feed", "list", _) => {
            Some(if read { state.list(seen.query("meta").is_some()) } else { false.into() })
        }
        ("feed", "fetch", _) if read => {
            let ids = seen.query("ids").unwrap_or_default().split(',');
            let value =
                |id| state.feed(id).map_or(json!(false), |feed| super::feeds::number(state.last(feed).1));
            Some(ids.map(value).collect())
        }
        ("feed", "process", "set" | "get") => {
            needs(write, json!({"success": false, "message": "Feed is not Virtual"}))
        }
        ("feed", _, _) if feed.is_none() => Some(missing()),
        ("feed", action, _) => feed_action(action, seen, level, state),
        ("input", "list", _) => Some(if read { inputs::list(state) } else { false.into() }),
        ("input", "get", node) => {
            let some = |text: &'static str, part: &str| {
                seen.query(text).map(str::to_owned).or((!part.is_empty()).then(|| part.to_owned()))
            };
            let (node, name) = (some("node", node), some("name", route.3));
            needs(read, inputs::get(state, node.as_deref(), name.as_deref()))
        }
        ("input", "get_inputs" | "getinputs", _) => needs(read, inputs::ids(state)),
        ("input", "isdisabled", _) => Some(false.into()),
        ("input", "process", "set") => {
            Some(if write { inputs::set_processes(state, seen) } else { false.into() })
        }
        ("input", "process", "get") => {
            Some(if write { inputs::get_processes(state, seen) } else { false.into() })
        }
        ("user", "session", _) => Some(match level {
            Level::None => json!(false),
            Level::Read => json!({"userid": 1, "type": "read"}),
            Level::Write => json!({"userid": 1, "type": "write"}),
        }),
        ("user", "gettimezone", _) => needs(read, json!("UTC")),
        ("user", "timezone", _) => needs(read, json!(0)),
        ("user", "getuuid", _) => {
            needs(read, json!({"success": true, "message": "b4834422-3017-4ae4-a500-90b9da254974"}))
        }
        ("process", "list", _) => {
            needs(read, json!({"process__log_to_feed": {"id_num": 1, "name": "Log to feed"}}))
        }
        ("schedule", "list", _) => needs(read, json!([])),
        _ => None,
    };
    match found {
        Some(value) => Answer::new(200, "application/json", value.to_string()),
        None => {
            let value = json!({"success": false, "message": "406 Not Acceptable. Route not found"});
            Answer::new(406, "application/json", value.to_string())
        }
    }
}

/// What needs a feed that exists.
fn feed_action(action: &str, seen: &Seen, level: Level, state: &mut State) -> Option<Value> {
    let id = seen.query("id").unwrap_or_default();
    if level >= Level::Write {
        match action {
            "set" => {
                return Some(
                    state.set(id, seen.query("fields").or_else(|| seen.form("fields")).unwrap_or("{}")),
                );
            }
            "insert" | "update" => return Some(state.insert(id, seen.query("time"), seen.query("value"))),
            "delete" => return Some(state.delete(id)),
            _ => {}
        }
    }
    let feed = state.feed(id).filter(|_| level >= Level::Read)?;
    let (time, value) = state.last(feed);
    let value = super::feeds::number(value);
    Some(match action {
        "timevalue" => json!({"time": time, "value": value}),
        "value" => value,
        "aget" => Value::Object(state.describe(feed, false)),
        "getmeta" => state.meta(feed),
        "get" => match seen.query("field") {
            None => json!({"success": false, "message": "Missing field parameter"}),
            Some(field) => state.describe(feed, false).get(field).cloned().unwrap_or(json!("")),
        },
        _ => return None,
    })
}

fn known_page(controller: &str, action: &str) -> bool {
    matches!(
        (controller, action),
        ("feed" | "input", "list" | "view" | "api") | ("api" | "", _) | ("user", "login" | "view")
    )
}

fn page(path: &str, known: bool) -> Answer {
    let title = path.replace('/', " ");
    let body = format!(
        "<!doctype html>\n<html class=\"theme-blue sidebar-dark\">\n<head>\n    <title>Emoncms - {title}</title>\n\
         </head>\n<body></body>\n</html>\n"
    );
    Answer::new(if known { 200 } else { 406 }, "text/html; charset=UTF-8", body)
}

fn text(body: String) -> Answer {
    Answer::new(200, "text/plain;charset=UTF-8", body)
}
