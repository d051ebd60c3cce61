//! Golden requests of the second generation, byte for byte: calls, grants, cancels.

mod reading;

use reading::{client, endpoint, read, refused};
use remoteaccess_protocol::request::{ReplyTo, encode_cancel, encode_credit, parse};
use remoteaccess_protocol::{Body, ErrorCode, Format, Incoming, Method, Params, Request, Rights, V2, limits};
use serde_json::{Value, json};
use std::time::Duration;

fn full() -> Request {
    Request {
        client: client("b-4f1d"),
        endpoint: endpoint("input/process/set"),
        data: Params::from_pairs([("inputid", "3"), ("list[]", "a"), ("list[]", "b")]).expect("names"),
        v2: Some(V2 {
            id: "a81f".into(),
            rights: Rights::Write,
            method: Method::Post,
            format: Format::Csv,
            body: Some(Body::Form(Params::from_pairs([("processlist", "1:5")]).expect("names"))),
            zstd: true,
            timeout: Duration::from_millis(2500),
            etag: Some(r#""x1""#.into()),
            credit: 131_072,
        }),
    }
}

const FULL: &str = concat!(
    r#"{"clientId":"b-4f1d","controller":"input","action":"process","subaction":"set","#,
    r#""data":{"inputid":"3","list[0]":"a","list[1]":"b"},"v":2,"id":"a81f","rights":"write","method":"POST","#,
    r#""format":"csv","body":{"form":{"processlist":"1:5"}},"accept":["zstd"],"timeout_ms":2500,"#,
    r#""etag":"\"x1\"","credit":131072}"#
);

#[test]
fn a_second_generation_request_with_all_its_members() {
    assert_eq!(String::from_utf8(full().encode()).unwrap(), FULL);
    assert_eq!(read(FULL), full());
}

#[test]
fn a_first_generation_reader_understands_our_second_generation_request() {
    let message: Value = serde_json::from_slice(&full().encode()).unwrap();
    assert_eq!(message["clientId"], "b-4f1d");
    assert_eq!((&message["controller"], &message["action"]), (&json!("input"), &json!("process")));
    assert_eq!(message["subaction"], "set");
    assert!(message["data"].as_object().unwrap().values().all(Value::is_string));
    let plain = Request { endpoint: endpoint("feed/list"), data: Params::default(), ..full() };
    let message: Value = serde_json::from_slice(&plain.encode()).unwrap();
    assert_eq!(message["subaction"], "", "it concatenates the parts, so there must be one");
    assert!(message["data"].is_object());
}

#[test]
fn members_that_are_missing_have_defaults() {
    let request = read(r#"{"clientId":"b","v":2,"id":"1","controller":"feed","action":"list"}"#);
    let expected = V2 {
        id: "1".into(),
        rights: Rights::Read,
        method: Method::Get,
        format: Format::Json,
        body: None,
        zstd: false,
        timeout: Duration::from_secs(10),
        etag: None,
        credit: limits::INITIAL_CREDIT,
    };
    assert_eq!(request.v2, Some(expected));
    let nulls = r#""rights":null,"method":null,"format":null,"body":null,"accept":null,"timeout_ms":null,"etag":null"#;
    let with_nulls =
        format!(r#"{{"clientId":"b","v":2,"id":"1","controller":"feed","action":"list",{nulls}}}"#);
    assert_eq!(read(&with_nulls), request);
}

fn with(members: &str) -> String {
    format!(r#"{{"clientId":"b","v":2,"id":"1","controller":"feed","action":"list",{members}}}"#)
}

#[test]
fn what_cannot_be_understood_of_wishes_falls_back_and_of_actions_is_refused() {
    let odd = r#""rights":"admin","accept":["gzip",7],"timeout_ms":999999999,"etag":"\"a\"\r\nX: y","new":{"x":[1]}"#;
    let v2 = read(&with(odd)).v2.unwrap();
    assert_eq!((v2.rights, v2.zstd, v2.etag), (Rights::Read, false, None));
    assert_eq!(v2.timeout, Duration::from_secs(120));
    for action in
        [r#""method":"DELETE""#, r#""method":"get""#, r#""method":{"GET":null}"#, r#""format":"html""#]
    {
        let refused = refused(&with(action));
        assert_eq!(refused.refusal.code, ErrorCode::BadRequest, "{action}");
        assert_eq!(refused.reply, Some(ReplyTo { client: client("b"), id: Some("1".into()) }));
    }
}

#[test]
fn a_body_is_a_form_or_a_json_text_and_belongs_to_a_post() {
    let v2 = read(&with(r#""method":"POST","body":{"json":"{\"a\": [1, 2.50]}"}"#)).v2.unwrap();
    assert_eq!(v2.body, Some(Body::Json(r#"{"a": [1, 2.50]}"#.into())), "as it was written");
    assert_eq!(read(&with(r#""method":"POST""#)).v2.unwrap().body, None);
    for body in
        [r#"{"form":{"q":"1"}}"#, r#"{"json":"{"}"#, r#"{"json":{}}"#, r#""a=b""#, "{}", r#"["form",{}]"#]
    {
        assert_eq!(
            refused(&with(&format!(r#""method":"POST","body":{body}"#))).refusal.code,
            ErrorCode::BadRequest
        );
    }
    refused(&with(r#""method":"POST","body":{"form":{},"json":"1"}"#));
    refused(&with(r#""body":{"form":{}}"#));
}

#[test]
fn a_generation_that_cannot_be_told_is_refused_rather_than_given_the_rights_of_the_first() {
    for v in [r#""2""#, "2.0", "-2", "true", "[2]"] {
        let message = format!(r#"{{"clientId":"b","v":{v},"id":"1","rights":"read","action":"feed/list"}}"#);
        assert_eq!(refused(&message).reply, Some(ReplyTo { client: client("b"), id: None }), "{v}");
    }
    assert!(
        read(&with(r#""x":1"#).replace(r#""v":2"#, r#""v":9"#)).v2.is_some(),
        "later ones add to the second"
    );
    assert!(read(&with(r#""x":1"#).replace(r#""v":2"#, r#""v":1"#)).v2.is_none());
}

#[test]
fn a_second_generation_request_without_a_usable_id_is_answered_as_the_first_generation_is() {
    for id in [r#""""#, r#""a/b""#, "5", "null", r#""a b""#] {
        let message = format!(r#"{{"clientId":"b","v":2,"id":{id},"controller":"feed","action":"list"}}"#);
        assert_eq!(refused(&message).reply, Some(ReplyTo { client: client("b"), id: None }), "{id}");
    }
}

#[test]
fn a_grant_names_absolute_counts() {
    let message = encode_credit(&client("b"), "a81f", 327_680, 65_536);
    let golden = r#"{"clientId":"b","credit":327680,"id":"a81f","received":65536,"v":2}"#;
    assert_eq!(String::from_utf8(message).unwrap(), golden);
    let credit =
        |received| Incoming::Credit { client: client("b"), id: "a81f".into(), credit: 327_680, received };
    assert_eq!(parse(golden.as_bytes()), Ok(credit(65_536)));
    let silent = r#"{"v":2,"clientId":"b","id":"a81f","credit":327680}"#;
    assert_eq!(parse(silent.as_bytes()), Ok(credit(327_680 - limits::CREDIT_WINDOW)));
}

#[test]
fn a_cancel_names_the_request() {
    let golden = r#"{"cancel":true,"clientId":"b","id":"a81f","v":2}"#;
    assert_eq!(String::from_utf8(encode_cancel(&client("b"), "a81f")).unwrap(), golden);
    assert_eq!(parse(golden.as_bytes()), Ok(Incoming::Cancel { client: client("b"), id: "a81f".into() }));
    let neither = refused(r#"{"v":2,"clientId":"b","id":"a81f","cancel":false}"#);
    assert_eq!(neither.reply, Some(ReplyTo { client: client("b"), id: Some("a81f".into()) }));
}
