//! What is read as a request can be written and read again, and whoever can be told is told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_protocol::first_generation::encode_refusal;
use remoteaccess_protocol::limits::MAX_REQUEST_BYTES;
use remoteaccess_protocol::request::{Incoming, parse};

fuzz_target!(|message: &[u8]| match parse(message) {
    Ok(Incoming::Request(request)) => {
        let again = request.encode();
        if again.len() <= MAX_REQUEST_BYTES {
            assert_eq!(parse(&again), Ok(Incoming::Request(request)));
        }
        assert!(encode_refusal(message, "no").is_some());
    }
    Err(refused) if refused.reply.is_some() => assert!(encode_refusal(message, "no").is_some()),
    _ => {}
});
