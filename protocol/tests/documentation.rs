//! `docs/protocol.md` says what the code does.

use remoteaccess_protocol::{ErrorCode, Frame, Presence, limits, request};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The page's examples of one kind.
fn examples(kind: &str) -> Vec<&'static str> {
    let fence = format!("```json {kind}\n");
    PAGE.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn every_example_is_what_the_page_says() {
    for example in examples("request") {
        assert!(request::parse(example.as_bytes()).is_ok(), "{example}");
    }
    for example in examples("presence") {
        assert!(Presence::parse(example.as_bytes()).is_some(), "{example}");
    }
    for example in examples("frame") {
        let whole = if example.contains('\n') { example.to_owned() } else { format!("{example}\n") };
        let frame = Frame::parse(whole.as_bytes()).expect(example);
        assert_eq!(String::from_utf8(frame.encode()).expect("text"), whole, "is written as it stands there");
    }
    for example in examples("answer") {
        let answer: Value = serde_json::from_str(example).expect(example);
        assert!(request::parse(answer["request"].to_string().as_bytes()).is_ok(), "{example}");
    }
    let number = |kind| examples(kind).len();
    assert!(
        number("request") >= 6 && number("frame") >= 4 && number("answer") >= 2 && number("presence") >= 1
    );
}

#[test]
fn every_limit_stands_there_with_its_value() {
    let table = [
        ("MAX_NAME_BYTES", limits::MAX_NAME_BYTES as u64, " bytes"),
        ("MAX_CLIENT_ID_BYTES", limits::MAX_CLIENT_ID_BYTES as u64, " bytes"),
        ("MAX_REQUEST_BYTES", limits::MAX_REQUEST_BYTES as u64, " bytes"),
        ("MAX_PARAMS", limits::MAX_PARAMS as u64, ""),
        ("MAX_PARAM_DEPTH", limits::MAX_PARAM_DEPTH as u64, ""),
        ("MAX_HEAD_BYTES", limits::MAX_HEAD_BYTES as u64, " bytes"),
        ("MAX_CONTENT_TYPE_BYTES", limits::MAX_CONTENT_TYPE_BYTES as u64, " bytes"),
        ("MAX_MESSAGE_CHARS", limits::MAX_MESSAGE_CHARS as u64, " characters"),
        ("MAX_ETAG_BYTES", limits::MAX_ETAG_BYTES as u64, " bytes"),
        ("MAX_FRAME_BODY_BYTES", limits::MAX_FRAME_BODY_BYTES as u64, " bytes"),
        ("MIN_FRAME_BODY_BYTES", limits::MIN_FRAME_BODY_BYTES as u64, " bytes"),
        ("INITIAL_CREDIT", limits::INITIAL_CREDIT, " bytes"),
        ("CREDIT_WINDOW", limits::CREDIT_WINDOW, " bytes"),
        ("RECEIPT_EVERY", limits::RECEIPT_EVERY, " bytes"),
        ("MAX_FIRST_GENERATION_ANSWER_BYTES", limits::MAX_FIRST_GENERATION_ANSWER_BYTES as u64, " bytes"),
        ("MAX_PACKET_BYTES", limits::MAX_PACKET_BYTES as u64, " bytes"),
        ("MAX_PRESENCE_BYTES", limits::MAX_PRESENCE_BYTES as u64, " bytes"),
        ("KEEP_ALIVE_SECONDS", limits::KEEP_ALIVE_SECONDS, " s"),
    ];
    for (name, value, unit) in table {
        assert!(PAGE.contains(&format!("| {value}{unit} | `{name}` |")), "{name} is {value}{unit}");
    }
    let constants = include_str!("../src/limits.rs").matches("pub const").count();
    assert_eq!(constants, table.len(), "every limit is in this table");
}

#[test]
fn every_code_stands_there_with_its_status() {
    let codes = [
        ErrorCode::BadRequest,
        ErrorCode::Unauthorized,
        ErrorCode::Denied,
        ErrorCode::NotRelayed,
        ErrorCode::RequestTooLarge,
        ErrorCode::EmoncmsUnreachable,
        ErrorCode::EmoncmsKey,
        ErrorCode::EmoncmsAnswer,
        ErrorCode::TooLarge,
        ErrorCode::BadAnswer,
        ErrorCode::HomeOffline,
        ErrorCode::BrokerOffline,
        ErrorCode::Busy,
        ErrorCode::HomeTimeout,
        ErrorCode::EmoncmsTimeout,
    ];
    for code in codes {
        let name = serde_json::to_value(code).expect("a name");
        let row = format!("| `{}` | {} |", name.as_str().expect("a text"), code.http_status());
        assert!(PAGE.contains(&row), "{row}");
    }
}
