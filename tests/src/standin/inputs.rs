//! The inputs: what devices send before it becomes a feed.

use super::feeds::{State, number};
use super::http::Seen;
use super::series::{Quantity, Source};
use serde_json::{Map, Value, json};

const NODE: &str = "emontx";
const INPUTS: [(&str, &str, Quantity); 4] = [
    ("solar", "", Quantity::Power(Source::Solar)),
    ("use", "Whole house", Quantity::Power(Source::House)),
    ("heatpump", "", Quantity::Power(Source::HeatPump)),
    ("outside", "", Quantity::Outside),
];

/// `input/list`
pub(super) fn list(state: &State) -> Value {
    let inputs = INPUTS.iter().zip(1_u64..).map(|((name, description, quantity), id)| {
        json!({
            "id": id.to_string(), "nodeid": NODE, "name": name, "description": description,
            "processList": processes(state, id), "time": state.end(), "value": value(state, name, *quantity),
        })
    });
    inputs.collect()
}

/// `input/get`, for all nodes, one node or one input.
pub(super) fn get(state: &State, node: Option<&str>, name: Option<&str>) -> Value {
    let inputs = INPUTS.iter().zip(1_u64..).map(|((name, _, quantity), id)| {
        let value = value(state, name, *quantity);
        let input = json!({"time": state.end(), "value": value, "processList": processes(state, id)});
        ((*name).to_owned(), input)
    });
    let inputs: Map<String, Value> = inputs.collect();
    match (node, name) {
        (None, _) => json!({ NODE: inputs }),
        (Some(node), _) if node != NODE => json!("Node does not exist"),
        (Some(_), None) => Value::Object(inputs),
        (Some(_), Some(name)) => inputs.get(name).cloned().unwrap_or(json!("Node variable does not exist")),
    }
}

/// `input/get_inputs`
pub(super) fn ids(state: &State) -> Value {
    let inputs = INPUTS.iter().zip(1_u64..).map(|((name, ..), id)| {
        ((*name).to_owned(), json!({"id": id.to_string(), "processList": processes(state, id)}))
    });
    json!({ NODE: inputs.collect::<Map<_, _>>() })
}

/// `input/post`, which answers in plain text: `ok`, or JSON for the newer `fulljson`.
pub(super) fn post(state: &mut State, seen: &Seen) -> String {
    let given = |name| seen.query(name).or_else(|| seen.form(name));
    let node = given("node").unwrap_or("0").to_owned();
    let full = given("fulljson");
    let Some(data) = full.or_else(|| given("json")).or_else(|| given("data")) else {
        let message = "Request contains no data via csv, json or data tag";
        return format!(r#"{{"success": false, "message": "{message}"}}"#);
    };
    // {power1:1,power2:2} with or without quotes.
    for pair in data.trim_matches(['{', '}']).split(',') {
        if let Some((name, value)) = pair.split_once(':') {
            let name = name.trim().trim_matches('"').to_owned();
            state.posted.insert((node.clone(), name), value.trim().parse().unwrap_or_default());
        }
    }
    if full.is_some() { r#"{"success": true}"#.to_owned() } else { "ok".to_owned() }
}

/// `input/process/set`: the input in the query, its process list in the body.
pub(super) fn set_processes(state: &mut State, seen: &Seen) -> Value {
    let id = seen.query("inputid").and_then(|id| id.parse().ok());
    let (Some(id), Some(list)) = (id, seen.form("processlist")) else { return Value::Bool(false) };
    let Ok(Value::Array(steps)) = serde_json::from_str(list) else {
        return json!({"success": false, "message": "Invalid process list format: "});
    };
    let encoded: Vec<String> = steps.iter().map(|step| format!("1:{}", step["args"][0])).collect();
    let encoded = encoded.join(",");
    state.processes.insert(id, encoded.clone());
    json!({"success": true, "message": "Input processlist updated", "encoded_processlist": encoded})
}

/// `input/process/get`
pub(super) fn get_processes(state: &State, seen: &Seen) -> Value {
    let id = seen.query("inputid").and_then(|id| id.parse().ok());
    id.map_or(Value::Bool(false), |id| json!(processes(state, id)))
}

fn processes(state: &State, id: u64) -> &str {
    state.processes.get(&id).map_or("", String::as_str)
}

fn value(state: &State, name: &str, quantity: Quantity) -> Value {
    let posted = state.posted.get(&(NODE.to_owned(), name.to_owned())).copied();
    let value = || state.house.value(quantity, state.end()).map(f64::from);
    number(posted.or_else(value).unwrap_or_default())
}
