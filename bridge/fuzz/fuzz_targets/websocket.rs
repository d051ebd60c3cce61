//! What strangers send in WebSocket's frames: in parts of any size, it is the same, and nothing is kept of it.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::tunnel::{Frames, Piece};

/// The longest head, and the longest frame that is not data.
const MOST_KEPT: usize = 14 + 125;

fuzz_target!(|message: &[u8]| {
    let Some((size, sent)) = message.split_first() else { return };
    let whole = read(sent, sent.len().max(1));
    let parts = read(sent, usize::from(*size).max(1));
    assert_eq!(whole, parts);
});

/// The data, what else there was, and whether it broke the rules.
fn read(sent: &[u8], size: usize) -> (Vec<u8>, Vec<Piece>, bool) {
    let (mut frames, mut bytes) = (Frames::default(), BytesMut::new());
    let (mut data, mut others) = (Vec::new(), Vec::new());
    for part in sent.chunks(size) {
        bytes.extend_from_slice(part);
        loop {
            match frames.next(&mut bytes) {
                Ok(Some(Piece::Data(piece))) => {
                    assert!(!piece.is_empty());
                    data.extend_from_slice(&piece);
                }
                Ok(Some(other)) => others.push(other),
                Ok(None) => break,
                Err(_) => return (data, others, true),
            }
        }
        assert!(bytes.len() < MOST_KEPT);
    }
    (data, others, false)
}
