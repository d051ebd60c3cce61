//! The small messages: first-generation answers, presence, topics, endpoints.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_protocol::first_generation::{Answer, encode_answer};
use remoteaccess_protocol::topic::ToBridge;
use remoteaccess_protocol::{Endpoint, Presence};

fuzz_target!(|message: &[u8]| {
    if let Some(answer) = Answer::parse(message) {
        let request = format!(r#"{{"id":"{}"}}"#, answer.id);
        if let Some(again) = encode_answer(request.as_bytes(), answer.result.as_bytes()) {
            assert_eq!(Answer::parse(&again), Some(answer));
        }
    }
    if let Some(presence) = Presence::parse(message) {
        let again = Presence::parse(&presence.encode());
        assert!(again.is_none_or(|again| again == presence), "escapes may make it longer than the limit");
    }
    let Ok(text) = std::str::from_utf8(message) else { return };
    if let Some(ToBridge::Status(site)) = ToBridge::parse(text) {
        assert_eq!(site.status_topic(), text);
    }
    if let Some(endpoint) = Endpoint::parse(text) {
        let _ = endpoint.is_never_relayed();
        assert_eq!(endpoint.to_string(), text);
    }
});
