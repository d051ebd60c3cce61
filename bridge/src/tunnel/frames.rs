//! What a home sends in WebSocket's frames (RFC 6455, section 5), as it comes.
//!
//! Libraries hand out a frame once all of it is there, and clients of 2018–2021 put 2 MB into one. Here what has come goes on at
//! once, so that nobody holds more of it than what was read together. The frames' heads are tungstenite's to read and write.

use bytes::BytesMut;
use std::io::Cursor;
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// Of what a ping says, and whatever else steers the connection (RFC 6455, section 5.5).
const LONGEST_CONTROL: u64 = 125;
/// Frames in a row that bring nothing for the broker: a ping each few seconds, between two of MQTT's own, is fewer.
const MOST_EMPTY: u32 = 1000;

/// Takes frames apart.
#[derive(Debug, Default)]
pub struct Frames {
    /// What is still to come of a frame with data.
    rest: u64,
    /// Of that frame, turned so that its first byte is for the next byte.
    mask: [u8; 4],
    /// Whether the message goes on in another frame.
    goes_on: bool,
    /// Frames since the last data.
    empty: u32,
}

/// What a home sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of MQTT, however many there are.
    Data(BytesMut),
    /// It asks whether somebody is there, and wants these bytes back.
    Ping(BytesMut),
    /// It ends the connection.
    Close,
}

/// What no client sends that keeps to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(&'static str);

impl Frames {
    /// Takes the next piece from the front of `bytes`; `None` where it needs more of them.
    ///
    /// # Errors
    /// Where it is no frame that a client of MQTT may send.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Piece>, Broken> {
        loop {
            if self.rest > 0 {
                return Ok(self.data(bytes));
            }
            let mut cursor = Cursor::new(&bytes[..]);
            let head = FrameHeader::parse(&mut cursor).map_err(|_| Broken("an unknown kind of frame"))?;
            let Some((head, length)) = head else { return Ok(None) };
            let head_length = usize::try_from(cursor.position()).expect("a head is short");
            let mask = check(&head)?;
            self.empty += 1;
            if self.empty > MOST_EMPTY {
                return Err(Broken("frame upon frame, and nothing for the broker"));
            }
            match head.opcode {
                OpCode::Data(kind) => {
                    self.begin(kind, head.is_final)?;
                    (self.rest, self.mask) = (length, mask);
                    let _ = bytes.split_to(head_length);
                }
                OpCode::Control(kind) => {
                    if length > LONGEST_CONTROL || !head.is_final {
                        return Err(Broken("a ping or its like that is too long"));
                    }
                    let end = head_length + usize::try_from(length).expect("it is short");
                    if bytes.len() < end {
                        return Ok(None);
                    }
                    let mut said = bytes.split_to(end).split_off(head_length);
                    unmask(&mut said, mask);
                    match kind {
                        Control::Close => return Ok(Some(Piece::Close)),
                        Control::Ping => return Ok(Some(Piece::Ping(said))),
                        // Nobody was asked.
                        _ => {}
                    }
                }
            }
        }
    }

    fn begin(&mut self, kind: Data, is_final: bool) -> Result<(), Broken> {
        match (kind, self.goes_on) {
            (Data::Binary, false) | (Data::Continue, true) => {}
            (Data::Text, _) => return Err(Broken("text, where MQTT is binary")),
            _ => return Err(Broken("a message that begins inside another, or goes on without a beginning")),
        }
        self.goes_on = !is_final;
        Ok(())
    }

    fn data(&mut self, bytes: &mut BytesMut) -> Option<Piece> {
        let there = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(self.rest);
        if there == 0 {
            return None;
        }
        let taken = usize::try_from(there).expect("these bytes are here");
        let mut data = bytes.split_to(taken);
        unmask(&mut data, self.mask);
        self.mask.rotate_left(taken % 4);
        self.rest -= there;
        self.empty = 0;
        Some(Piece::Data(data))
    }
}

/// What holds for every frame of a client.
fn check(head: &FrameHeader) -> Result<[u8; 4], Broken> {
    if head.rsv1 || head.rsv2 || head.rsv3 {
        return Err(Broken("an extension that was not agreed on"));
    }
    head.mask.ok_or(Broken("a frame that is not masked"))
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in bytes.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

/// One frame of the server's, which is not masked, in place of what `frame` held.
pub(super) fn write(frame: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    frame.clear();
    let head = FrameHeader { opcode, ..FrameHeader::default() };
    head.format(payload.len() as u64, frame).expect("memory can be written to");
    frame.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let head = FrameHeader { opcode, is_final, mask: Some(MASK), ..FrameHeader::default() };
        let mut frame = Vec::new();
        head.format(payload.len() as u64, &mut frame).unwrap();
        let at = frame.len();
        frame.extend_from_slice(payload);
        unmask(&mut frame[at..], MASK);
        frame
    }

    fn binary(payload: &[u8]) -> Vec<u8> {
        frame(OpCode::Data(Data::Binary), true, payload)
    }

    /// What comes out where `sent` comes in parts of `size`.
    fn read(sent: &[u8], size: usize) -> Result<(Vec<u8>, Vec<BytesMut>, bool), Broken> {
        let (mut frames, mut bytes) = (Frames::default(), BytesMut::new());
        let (mut data, mut pings, mut closed) = (vec![], vec![], false);
        for part in sent.chunks(size) {
            bytes.extend_from_slice(part);
            while let Some(piece) = frames.next(&mut bytes)? {
                match piece {
                    Piece::Data(piece) => data.extend_from_slice(&piece),
                    Piece::Ping(said) => pings.push(said),
                    Piece::Close => closed = true,
                }
            }
            assert!(bytes.len() < 140, "no more is kept than a head and what steers");
        }
        Ok((data, pings, closed))
    }

    #[test]
    fn data_comes_out_as_it_was_however_it_is_cut() {
        let large: Vec<u8> = (0..70_000u32).map(|n| n.to_be_bytes()[3]).collect();
        let sent = [
            binary(b"a"),
            frame(OpCode::Data(Data::Binary), false, &large[..300]),
            frame(OpCode::Control(Control::Ping), true, b"there?"),
            frame(OpCode::Data(Data::Continue), true, &large),
            binary(b""),
            frame(OpCode::Control(Control::Pong), true, b"not asked"),
            frame(OpCode::Control(Control::Close), true, b""),
        ]
        .concat();
        let expected = [b"a", &large[..300], &large].concat();
        for size in [1, 2, 3, 5, 7, 126, 1000, 8192, sent.len()] {
            let (data, pings, closed) = read(&sent, size).unwrap();
            assert!(data == expected, "in parts of {size}");
            assert_eq!((pings, closed), (vec![BytesMut::from(&b"there?"[..])], true));
        }
    }

    #[test]
    fn the_largest_frame_is_taken_in_without_its_end() {
        let mut frames = Frames::default();
        let head =
            FrameHeader { opcode: OpCode::Data(Data::Binary), mask: Some(MASK), ..FrameHeader::default() };
        let mut sent = Vec::new();
        head.format(u64::MAX, &mut sent).unwrap();
        sent.extend([1, 2, 3, 4, 1]);
        let mut bytes = BytesMut::from(&sent[..]);
        assert_eq!(frames.next(&mut bytes), Ok(Some(Piece::Data(BytesMut::from(&[0; 5][..])))));
        assert_eq!(frames.next(&mut bytes), Ok(None));
    }

    #[test]
    fn frames_without_data_are_taken_for_a_while() {
        let ping = frame(OpCode::Control(Control::Ping), true, b"");
        let data = binary(b"x");
        let some = ping.repeat(MOST_EMPTY as usize - 1);
        let (taken, pings, _) = read(&[&some[..], &data, &some, &data].concat(), 8192).unwrap();
        assert_eq!((&taken[..], pings.len()), (&b"xx"[..], 2 * (MOST_EMPTY as usize - 1)));
        for empty in [&ping, &binary(b""), &frame(OpCode::Control(Control::Pong), true, b"")] {
            assert!(read(&empty.repeat(MOST_EMPTY as usize + 1), 8192).is_err());
        }
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        let mut unmasked = Vec::new();
        write(&mut unmasked, OpCode::Data(Data::Binary), b"x");
        let mut extended = binary(b"x");
        extended[0] |= 0x40;
        let mut unknown = binary(b"x");
        unknown[0] = 0x83;
        for sent in [
            unmasked,
            extended,
            unknown,
            frame(OpCode::Data(Data::Text), true, b"x"),
            frame(OpCode::Data(Data::Continue), true, b"x"),
            [frame(OpCode::Data(Data::Binary), false, b"x"), binary(b"y")].concat(),
            frame(OpCode::Control(Control::Ping), true, &[0; 126]),
            frame(OpCode::Control(Control::Ping), false, b"x"),
        ] {
            assert!(read(&sent, 1).is_err(), "{sent:?}");
        }
    }
}
