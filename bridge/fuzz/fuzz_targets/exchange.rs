//! What homes send, message after message, to a bridge where two callers wait: one home never ends or answers what
//! another one was asked, whatever ids it has got hold of.
#![no_main]

use bytes::Bytes;
use futures_util::FutureExt;
use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::exchange::Exchange;
use remoteaccess_protocol::{ClientId, Site};
use std::sync::Arc;

fuzz_target!(|messages: &[u8]| {
    let client = ClientId::new("b-1").expect("this is one");
    let exchange = Arc::new(Exchange::new(client, 1 << 20));
    let (evil, good) = (Site::new("evil").expect("this is one"), Site::new("good").expect("this is one"));
    let (mut theirs, mut ours) = (exchange.open(&evil), exchange.open(&good));
    theirs.published(true);
    ours.published(true);
    let (mut taken, mut given) = (0, 0);
    for message in messages.split(|byte| *byte == 0xff) {
        // A home knows the ids that it was asked with; here it has got hold of another's, too.
        let message = named(message, theirs.id(), ours.id());
        given += message.len();
        exchange.deliver(&evil, &Bytes::from(message));
        while let Some(Ok(piece)) = theirs.next().now_or_never() {
            taken += piece.body.len();
            if piece.last {
                break;
            }
        }
        assert!(ours.next().now_or_never().is_none(), "another home's answer came through");
    }
    assert!(ours.check().is_ok(), "another home ended it");
    assert!(taken <= given);
    drop((theirs, ours));
    assert_eq!(exchange.under_way(), 0);
});

/// `@` stands for the home's own id, `~` for the other one.
fn named(message: &[u8], own: &str, other: &str) -> Vec<u8> {
    let pieces = message.iter().map(|byte| match byte {
        b'@' => own.as_bytes(),
        b'~' => other.as_bytes(),
        other => std::slice::from_ref(other),
    });
    pieces.collect::<Vec<_>>().concat()
}
