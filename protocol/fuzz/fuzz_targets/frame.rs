//! What is read as a frame keeps its limits, and writing it again gives the same frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_protocol::Frame;
use remoteaccess_protocol::limits::{MAX_FRAME_BODY_BYTES, MAX_HEAD_BYTES, MAX_MESSAGE_CHARS};

fuzz_target!(|message: &[u8]| {
    let Ok(frame) = Frame::parse(message) else { return };
    let again = frame.encode();
    assert!(again.len() <= MAX_HEAD_BYTES + MAX_FRAME_BODY_BYTES);
    let whole = match &frame {
        Frame::Refusal { refusal, .. } => refusal.message.chars().count() <= MAX_MESSAGE_CHARS,
        Frame::Piece { .. } => true,
    };
    let read = Frame::parse(&again).expect("what we write can be read");
    assert!(!whole || read == frame);
});
