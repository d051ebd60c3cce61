//! What a hostile message costs in memory. One test only: the counter counts the whole process.

use peak_alloc::PeakAlloc;
use remoteaccess_protocol::{Frame, Presence, first_generation::Answer, limits, request};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of memory for each byte of the largest request: a text with escapes is held once as it is unescaped (in a
/// buffer that doubles), once as a parameter.
const MULTIPLE: usize = 4;

fn cost(parse: impl Fn()) -> usize {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    parse();
    MEMORY.peak_usage().saturating_sub(before)
}

/// Fills a message with `piece` up to the limit of a request.
fn filled(start: &str, piece: &str, end: &str) -> String {
    let room = limits::MAX_REQUEST_BYTES - start.len() - end.len();
    format!("{start}{}{end}", piece.repeat(room / piece.len()))
}

#[test]
fn a_request_of_the_largest_size_takes_no_more_than_four_times_its_size() {
    let call = r#"{"clientId":"b","v":2,"id":"1","controller":"feed","action":"set","method":"POST","#;
    let data = format!(r#"{call}"data":"#);
    let form = format!(r#"{call}"body":{{"form":"#);
    let deep = format!("{}[{}", "n".repeat(64), "k]".repeat(3));
    let messages = [
        filled(&data, "[", ""),
        filled(&data, r#"{"a":"#, ""),
        filled(&format!(r#"{data}{{"a":["#), "[1],", "1]}}"),
        filled(&format!(r#"{data}{{"a":["#), "null,", "1]}}"),
        filled(&format!(r#"{data}{{"a":["#), r#"{"b":{}},"#, "1]}}"),
        filled(&format!(r#"{data}{{"#), r#""a":1,"#, r#""b":1}}"#),
        filled(&format!(r#"{data}{{"#), &format!(r#""{deep}":{{"x":null}},"#), r#""b":1}}"#),
        filled(&format!(r#"{data}{{"a":""#), "x", r#""}}"#),
        filled(&format!(r#"{data}{{"a":""#), r"\n", r#""}}"#),
        filled(&format!(r#"{data}{{""#), r"\n", r#"":1}}"#),
        filled(&format!(r#"{data}{{"a":1"#), "0", "}}"),
        filled(&format!(r#"{form}{{"a":""#), r"\n", r#""}}}"#),
        filled(&format!(r#"{call}"body":{{"json":"["#), "1,", r#"1]"}}"#),
        filled(&format!(r#"{call}"body":{{"json":"\""#), r"\\n", r#"\""}}"#),
        filled(&format!(r#"{call}"accept":["#), "1,", "1]}"),
        filled(&format!(r#"{call}"etag":""#), r"\n", r#""}"#),
        filled(&format!(r#"{call}"new":"#), r#"{"a":["#, ""),
        filled(r#"{"clientId":""#, r"\n", r#""}"#),
    ];
    for message in messages {
        let cost = cost(|| drop(request::parse(message.as_bytes())));
        let most = MULTIPLE * limits::MAX_REQUEST_BYTES;
        assert!(cost <= most, "{cost} bytes for {}…", &message[..120]);
    }

    // Above the limit nothing is kept; answers and presence are slices of the message or small.
    let far_too_large = format!(r#"{call}"data":{{"a":"{}"}}}}"#, "x".repeat(limits::MAX_PACKET_BYTES));
    let message = far_too_large.as_bytes();
    for (name, cost) in [
        ("request", cost(|| drop(request::parse(message)))),
        ("frame", cost(|| drop(Frame::parse(message)))),
        ("presence", cost(|| drop(Presence::parse(message)))),
        ("answer", cost(|| drop(Answer::parse(message)))),
    ] {
        assert!(cost <= 64 * 1024, "{cost} bytes for an oversized {name}");
    }
}
