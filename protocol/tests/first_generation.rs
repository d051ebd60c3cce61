//! Golden messages of 2018–2021, made by hand from what the PHP server sent and the Python client answered.

mod reading;

use reading::{client, endpoint, read, refused};
use remoteaccess_protocol::first_generation::{Answer, encode_answer, encode_refusal};
use remoteaccess_protocol::request::{ReplyTo, parse};
use remoteaccess_protocol::{ErrorCode, Incoming, Request, Rights, limits};
use serde_json::json;

fn data(request: &Request) -> Vec<(&str, &str)> {
    request.data.iter().collect()
}

// Requests

#[test]
fn a_first_generation_request_has_string_or_number_values_and_may_write() {
    let request = read(
        r#"{"clientId":"web5f0c1","controller":"feed","action":"data","subaction":"",
            "data":{"id":"17","start":1609459200000,"end":"1609545600000","interval":900,"skipmissing":0}}"#,
    );
    assert_eq!(request.client, client("web5f0c1"));
    assert_eq!(request.endpoint, endpoint("feed/data"));
    let expected = [
        ("id", "17"),
        ("start", "1609459200000"),
        ("end", "1609545600000"),
        ("interval", "900"),
        ("skipmissing", "0"),
    ];
    assert_eq!(data(&request), expected, "in the order of the message");
    assert_eq!(request.v2, None);
    assert_eq!(request.rights(), Rights::Write);
    assert_eq!(request.reply_to(), ReplyTo { client: client("web5f0c1"), id: None });
}

#[test]
fn php_sends_an_empty_list_where_there_are_no_parameters() {
    let empty = read(r#"{"clientId":"c","controller":"feed","action":"list","subaction":"","data":[]}"#);
    assert!(empty.data.is_empty());
    let list = refused(r#"{"clientId":"c","controller":"feed","action":"list","data":["id"]}"#);
    assert_eq!(list.refusal.code, ErrorCode::BadRequest);
}

#[test]
fn the_subaction_may_be_missing_null_or_empty() {
    for subaction in ["", r#","subaction":"""#, r#","subaction":null"#] {
        let request = read(&format!(r#"{{"clientId":"c","controller":"feed","action":"list"{subaction}}}"#));
        assert_eq!(request.endpoint, endpoint("feed/list"));
    }
    let set = read(r#"{"clientId":"c","controller":"input","action":"process","subaction":"set","data":{}}"#);
    assert_eq!(set.endpoint, endpoint("input/process/set"));
}

#[test]
fn the_client_id_may_be_a_number() {
    let request = read(r#"{"clientId":816203,"controller":"feed","action":"list","data":[]}"#);
    assert_eq!(request.client, client("816203"));
}

#[test]
fn the_2018_form_has_the_whole_path_as_its_action() {
    let request = read(r#"{"clientId":"c","action":"feed/list","data":{"userid":"1"}}"#);
    assert_eq!(request.endpoint, endpoint("feed/list"));
    assert_eq!(data(&request), [("userid", "1")]);
    let set = read(r#"{"clientId":"c","action":"input/process/set","data":[]}"#);
    assert_eq!(set.endpoint, endpoint("input/process/set"));
    for other in [r#""action":"feed/process","subaction":"set""#, r#""action":"feed""#, r#""action":"/feed""#]
    {
        refused(&format!(r#"{{"clientId":"c",{other}}}"#));
    }
}

#[test]
fn a_farewell_is_ignored() {
    for farewell in ["DISCONNECTED", "DISCONNECTED CLIENT web5f0c1", "DISCONNECTED\0\u{ff}"] {
        assert_eq!(parse(farewell.as_bytes()), Ok(Incoming::Ignored));
    }
}

#[test]
fn parts_of_an_endpoint_that_emoncms_would_read_differently_are_refused() {
    for part in ["..", "../x", "list?q=admin", "li st", "list.json", "list/", "%6cist", "list\0", "é", "a#b"]
    {
        for member in ["controller", "action", "subaction"] {
            let mut message = json!({"clientId": "c", "controller": "feed", "action": "list", "data": []});
            message[member] = part.into();
            let refused = refused(&message.to_string());
            assert_eq!(refused.refusal.code, ErrorCode::BadRequest, "{member} {part:?}");
            assert_eq!(refused.reply, Some(ReplyTo { client: client("c"), id: None }));
        }
    }
    let no_action = refused(r#"{"clientId":"c","controller":"feed","action":"","data":[]}"#);
    assert_eq!(no_action.refusal.code, ErrorCode::BadRequest);
}

#[test]
fn without_a_usable_client_id_there_is_nobody_to_tell() {
    let ids = [r#""a/b""#, r#""+""#, r##""#""##, r#""""#, "null", "true", "[]", "{}", r#""a b""#, r#""é""#];
    for id in ids {
        let refused = refused(&format!(r#"{{"clientId":{id},"controller":"feed","action":"list"}}"#));
        assert_eq!(refused.reply, None, "{id}");
    }
    let too_long = "c".repeat(limits::MAX_CLIENT_ID_BYTES + 1);
    assert_eq!(refused(&format!(r#"{{"clientId":"{too_long}","action":"feed/list"}}"#)).reply, None);
}

#[test]
fn only_a_json_object_is_a_request() {
    let list = r#"["c","feed","list","",{}]"#;
    for other in ["", " ", "null", "1", "[]", list, "{", r#"{"clientId":"c""#, "hello", "\u{feff}{}"] {
        assert_eq!(refused(other).reply, None, "{other:?}");
    }
    let not_text = b"{\"clientId\":\"c\",\"action\":\"feed/list\",\"other\":\"\xff\"}";
    assert_eq!(parse(not_text).unwrap_err().reply, None);
}

#[test]
fn an_oversized_request_is_refused_to_the_one_who_sent_it() {
    let padding = "x".repeat(limits::MAX_REQUEST_BYTES);
    let v2 =
        format!(r#"{{"clientId":"b","v":2,"id":"i1","controller":"feed","action":"set","pad":"{padding}"}}"#);
    let refused_v2 = refused(&v2);
    assert_eq!(refused_v2.refusal.code, ErrorCode::RequestTooLarge);
    assert_eq!(refused_v2.reply, Some(ReplyTo { client: client("b"), id: Some("i1".into()) }));
    let first = refused(&format!(r#"{{"pad":"{padding}","clientId":7,"action":"feed/list"}}"#));
    assert_eq!(first.reply, Some(ReplyTo { client: client("7"), id: None }));
}

// Answers

const REQUEST: &str = r#"{ "clientId": 77, "controller":"feed","action":"list", "data":[],  "n":1.50 }"#;

#[test]
fn a_first_generation_answer_echoes_the_request_byte_for_byte() {
    let answer = encode_answer(REQUEST.as_bytes(), br#"[{"id":"1", "value":2.50}]"#).unwrap();
    let golden = format!(r#"{{"request":{REQUEST},"result":[{{"id":"1", "value":2.50}}]}}"#);
    assert_eq!(String::from_utf8(answer).unwrap(), golden);
}

#[test]
fn a_first_generation_refusal_looks_like_emoncms_own() {
    let refusal = encode_refusal(REQUEST.as_bytes(), "feed/delete is not \"allowed\"").unwrap();
    let result = r#"{"message":"feed/delete is not \"allowed\"","success":false}"#;
    assert_eq!(String::from_utf8(refusal).unwrap(), format!(r#"{{"request":{REQUEST},"result":{result}}}"#));
}

#[test]
fn what_is_no_json_or_too_large_does_not_become_a_first_generation_answer() {
    assert_eq!(encode_answer(REQUEST.as_bytes(), b"<html>"), None);
    assert_eq!(encode_answer(REQUEST.as_bytes(), b""), None);
    assert_eq!(encode_answer(REQUEST.as_bytes(), b"[1] [2]"), None);
    let large = format!("\"{}\"", "x".repeat(limits::MAX_FIRST_GENERATION_ANSWER_BYTES));
    assert_eq!(encode_answer(REQUEST.as_bytes(), large.as_bytes()), None);
}

#[test]
fn the_answer_of_a_first_generation_agent_is_found_by_the_id_in_its_echo() {
    // Python writes the request again: other order, spaces, escapes.
    let message = br#"{"request": {"id": "a81f", "v": 2, "data": {}, "clientId": "b"}, "result": [1, 2.50]}"#;
    let answer = Answer::parse(message).unwrap();
    assert_eq!((answer.id.as_str(), answer.result), ("a81f", "[1, 2.50]"));
    let timeout = br#"{"result": "API Timeout", "request": {"id": "a81f"}}"#;
    assert_eq!(Answer::parse(timeout).unwrap().result, r#""API Timeout""#);
}

#[test]
fn what_names_no_request_of_ours_is_no_first_generation_answer() {
    for other in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"result":1}"#,
        r#"{"request":{"id":"a"}}"#,
        r#"{"request":{},"result":1}"#,
        r#"{"request":{"id":5},"result":1}"#,
        r#"{"request":{"id":"a/b"},"result":1}"#,
        r#"{"request":["a"],"result":1}"#,
        r#"[{"id":"a"},1]"#,
        r#"{"request":"a","result":1}"#,
    ] {
        assert_eq!(Answer::parse(other.as_bytes()), None, "{other}");
    }
}
