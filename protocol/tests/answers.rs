//! Golden frames of the second generation: what travels from a home to the cloud, byte for byte, and presence.

use remoteaccess_protocol::frame::{FrameError, is_etag};
use remoteaccess_protocol::{ErrorCode, Frame, Presence, Refusal, Start, State, limits};

// Answers

fn start() -> Start {
    Start {
        status: 200,
        content_type: Some("application/json".into()),
        zstd: true,
        etag: Some(r#"W/"7c-1""#.into()),
    }
}

#[test]
fn the_first_frame_says_what_emoncms_said_and_the_bytes_follow_the_newline() {
    let frame =
        Frame::Piece { id: "a81f".into(), seq: 0, last: true, start: Some(start()), body: b"[1]\n\0\xff" };
    let head = concat!(
        r#"{"v":2,"id":"a81f","seq":0,"last":true,"status":200,"type":"application/json","#,
        r#""encoding":"zstd","etag":"W/\"7c-1\""}"#
    );
    let golden = [head.as_bytes(), b"\n[1]\n\0\xff"].concat();
    assert_eq!(frame.encode(), golden);
    assert_eq!(Frame::parse(&golden), Ok(frame));
}

#[test]
fn later_frames_have_a_short_head() {
    let body = vec![b'x'; limits::MIN_FRAME_BODY_BYTES];
    let frame = Frame::Piece { id: "a81f".into(), seq: 7, last: false, start: None, body: &body };
    let golden = [b"{\"v\":2,\"id\":\"a81f\",\"seq\":7,\"last\":false}\n".as_slice(), &body].concat();
    assert_eq!(frame.encode(), golden);
    assert_eq!(Frame::parse(&golden), Ok(frame));
    let end = b"{\"v\":2,\"id\":\"a81f\",\"seq\":8,\"last\":true}\n";
    let expected = Frame::Piece { id: "a81f".into(), seq: 8, last: true, start: None, body: b"" };
    assert_eq!(Frame::parse(end), Ok(expected));
}

#[test]
fn a_refusal_frame_has_a_code_a_status_and_a_sentence() {
    let refusal = Refusal::new(ErrorCode::Denied, "feed/delete is not in this home's access list");
    let frame = Frame::Refusal { id: "a81f".into(), seq: 0, refusal };
    let golden = concat!(
        r#"{"v":2,"id":"a81f","seq":0,"last":true,"status":403,"error":"denied","#,
        r#""message":"feed/delete is not in this home's access list"}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(frame.encode()).unwrap(), golden);
    assert_eq!(Frame::parse(golden.as_bytes()), Ok(frame));
}

#[test]
fn members_of_a_head_that_are_missing_have_defaults_and_unknown_ones_are_ignored() {
    let message = b"{\"id\":\"a\",\"v\":3,\"status\":204,\"last\":true,\"colour\":{\"x\":[]}}\n";
    let start = Start { status: 204, content_type: None, zstd: false, etag: None };
    let expected = Frame::Piece { id: "a".into(), seq: 0, last: true, start: Some(start), body: b"" };
    assert_eq!(Frame::parse(message), Ok(expected));
}

#[test]
fn a_refusal_with_a_code_of_a_later_agent_is_a_refusal_all_the_same() {
    for code in [r#""moonlight""#, "7", "{}"] {
        let message = format!("{{\"v\":2,\"id\":\"a\",\"seq\":3,\"error\":{code},\"message\":\"why\"}}\n");
        let refusal = Refusal::new(ErrorCode::BadAnswer, "why");
        assert_eq!(Frame::parse(message.as_bytes()), Ok(Frame::Refusal { id: "a".into(), seq: 3, refusal }));
    }
}

#[test]
fn a_frame_that_is_impossible_refuses_its_request() {
    let long = "x".repeat(limits::MAX_FRAME_BODY_BYTES + 1);
    for (head, body) in [
        (r#"{"v":2,"id":"a","last":true}"#, ""),
        (r#"{"v":2,"id":"a","last":true,"status":101}"#, ""),
        (r#"{"v":2,"id":"a","last":true,"status":600}"#, ""),
        (r#"{"v":2,"id":"a","last":true,"status":200,"encoding":"br"}"#, ""),
        (r#"{"v":2,"id":"a","status":200}"#, "less than every frame but the last has"),
        (r#"{"v":2,"id":"a","seq":1}"#, ""),
        (r#"{"v":2,"id":"a","last":true,"status":200}"#, &long),
    ] {
        match Frame::parse(format!("{head}\n{body}").as_bytes()) {
            Ok(Frame::Refusal { id, refusal, .. }) => {
                assert_eq!((id.as_str(), refusal.code), ("a", ErrorCode::BadAnswer));
            }
            other => panic!("{head} was read as {other:?}"),
        }
    }
}

#[test]
fn what_has_no_head_of_ours_is_no_frame() {
    let late = format!("{{\"v\":2,\"id\":\"a\",\"pad\":\"{}\"}}\n", "x".repeat(limits::MAX_HEAD_BYTES));
    for other in [
        "",
        "\n",
        "{}\n",
        "null\n",
        r#"{"v":2,"id":"a","status":200}"#,
        "{\"v\":1,\"id\":\"a\"}\n",
        "{\"v\":2}\n",
        "{\"v\":2,\"id\":\"a/b\"}\n",
        "{\"v\":2,\"id\":\"\"}\n",
        "{\"v\":2,\"id\":5}\n",
        "[2,\"a\",0,true,200]\n",
        "{\"request\":{},\n\"result\":1}",
        &late,
    ] {
        assert_eq!(Frame::parse(other.as_bytes()), Err(FrameError::NotAFrame), "{other:?}");
    }
}

#[test]
fn what_a_header_cannot_hold_is_left_out_on_both_sides() {
    for odd in ["text/html\r\nX: y", "", "é", &"t".repeat(limits::MAX_CONTENT_TYPE_BYTES + 1)] {
        let etag = format!("\"{odd}");
        let start =
            Start { content_type: Some(odd.into()), etag: Some(etag.clone()), zstd: false, status: 200 };
        let frame = Frame::Piece { id: "a".into(), seq: 0, last: true, start: Some(start), body: b"" };
        let expected = "{\"v\":2,\"id\":\"a\",\"seq\":0,\"last\":true,\"status\":200}\n";
        assert_eq!(String::from_utf8(frame.encode()).unwrap(), expected);
        let head = serde_json::json!({"v":2,"id":"a","last":true,"status":200,"type":odd,"etag":etag});
        let message = format!("{head}\n");
        let Ok(Frame::Piece { start: Some(start), .. }) = Frame::parse(message.as_bytes()) else {
            panic!("{message} is a frame");
        };
        assert_eq!((start.content_type, start.etag), (None, None));
    }
}

#[test]
fn the_longest_sentence_still_fits_into_a_head() {
    for character in ["\0", "\"", "x", "é", "\u{1f600}"] {
        let refusal = Refusal::new(ErrorCode::EmoncmsUnreachable, character.repeat(10_000));
        let frame = Frame::Refusal { id: "i".repeat(limits::MAX_NAME_BYTES), seq: u32::MAX, refusal };
        let message = frame.encode();
        match Frame::parse(&message) {
            Ok(Frame::Refusal { refusal, .. }) => {
                assert_eq!(refusal.message, character.repeat(limits::MAX_MESSAGE_CHARS));
            }
            other => panic!("{character:?}: {other:?}"),
        }
    }
}

#[test]
fn an_etag_is_what_rfc_9110_says_and_short() {
    for good in [r#""""#, r#""a""#, r#"W/"a""#, r#""!#a~""#] {
        assert!(is_etag(good), "{good}");
    }
    let long = format!("\"{}\"", "a".repeat(limits::MAX_ETAG_BYTES));
    for bad in
        ["", "\"", "a", r#"W/a"#, r#"W/""#, r#"w/"a""#, r#""a"b""#, r#""a b""#, "\"\n\"", "\"é\"", "*", &long]
    {
        assert!(!is_etag(bad), "{bad}");
    }
}

// Presence

#[test]
fn presence_is_read_and_written() {
    let presence = Presence {
        v: 2,
        state: State::Online,
        agent: "0.1.0".into(),
        install: "k3v9".into(),
        since: 1_790_000_000,
    };
    let golden = r#"{"v":2,"state":"online","agent":"0.1.0","install":"k3v9","since":1790000000}"#;
    assert_eq!(String::from_utf8(presence.encode()).unwrap(), golden);
    assert_eq!(Presence::parse(golden.as_bytes()), Some(presence));
    let short = Presence::parse(br#"{"v":3,"state":"offline","more":[]}"#).unwrap();
    assert_eq!((short.state, short.since, short.install.as_str()), (State::Offline, 0, ""));
}

#[test]
fn what_no_agent_of_ours_says_is_no_presence() {
    let long = format!(r#"{{"v":2,"state":"online","agent":"{}"}}"#, "x".repeat(limits::MAX_PRESENCE_BYTES));
    for other in [
        "",
        "{}",
        "online",
        r#"{"v":1,"state":"online"}"#,
        r#"{"v":2,"state":"asleep"}"#,
        r#"{"state":"online"}"#,
        r#"{"v":2,"state":"online","since":-1}"#,
        r#"[2,"online"]"#,
        &long,
    ] {
        assert_eq!(Presence::parse(other.as_bytes()), None, "{other}");
    }
}
