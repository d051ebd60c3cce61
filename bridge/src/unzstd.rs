//! Undoes compression piece by piece, for callers that do not take it.

use bytes::{Buf, Bytes};
use std::{cell::RefCell, io};
use zstd::{
    bulk::Decompressor,
    stream::raw::{Decoder, Operation},
    zstd_safe::{self, DParameter},
};

/// What comes out at a time. The next is made when the caller has taken this one, so a small piece that
/// expands to gigabytes costs no memory.
pub const CHUNK: usize = 32 * 1024;

/// A stream may refer back by 1 MB at most, four times what our agent does. So much is kept for each answer under way,
/// and how many are is for who asks to say.
const MAX_WINDOW_LOG: u32 = 20;

thread_local! {
    /// Making one costs more than undoing a small answer with it: a tenth of a megabyte from the system, and back.
    static AT_ONCE: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Undoes a whole stream that says of itself that it becomes `most` bytes or less; `None` for any other one, and where
/// it does not become what it says.
pub fn at_once(stream: &[u8], most: usize) -> Option<Bytes> {
    let size = zstd_safe::get_frame_content_size(stream).ok()??;
    let size = usize::try_from(size).ok().filter(|size| *size <= most)?;
    AT_ONCE.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(stream, size).ok().filter(|undone| undone.len() == size).map(Bytes::from)
    })
}

/// One compressed stream under way.
pub struct Unzstd {
    decoder: Decoder<'static>,
    input: Bytes,
    /// More may come out without more going in.
    full: bool,
    /// Everything that went in has come out, and the stream may end here.
    complete: bool,
}

impl Unzstd {
    /// A stream's beginning.
    ///
    /// # Errors
    /// Where memory is short.
    pub fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(MAX_WINDOW_LOG))?;
        Ok(Self { decoder, input: Bytes::new(), full: false, complete: false })
    }

    /// Puts the next piece in; the one before must have come out whole.
    pub fn feed(&mut self, piece: Bytes) {
        debug_assert!(self.input.is_empty());
        self.input = piece;
    }

    /// The next bytes; `None` where another piece is needed.
    ///
    /// # Errors
    /// Where the stream is damaged.
    pub fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        while self.full || !self.input.is_empty() {
            let mut chunk = vec![0; CHUNK];
            let done = self.decoder.run_on_buffers(&self.input, &mut chunk)?;
            self.input.advance(done.bytes_read);
            self.complete = done.remaining == 0;
            self.full = done.bytes_written == CHUNK && !self.complete;
            if done.bytes_written > 0 {
                chunk.truncate(done.bytes_written);
                return Ok(Some(chunk.into()));
            }
            if done.bytes_read == 0 && !self.input.is_empty() {
                return Err(io::Error::other("a compressed stream that does not go on"));
            }
        }
        Ok(None)
    }

    /// Whether the stream may end here.
    ///
    /// # Errors
    /// Where its end is missing.
    pub fn finish(&self) -> io::Result<()> {
        let whole = self.complete.then_some(());
        whole.ok_or_else(|| io::Error::other("a compressed stream without its end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_stream_that_says_its_size_is_undone_at_once() {
        let text = b"[1609459200000,512.5],".repeat(100);
        let whole = zstd::bulk::compress(&text, 1).unwrap();
        for _ in 0..2 {
            assert_eq!(at_once(&whole, text.len()).as_deref(), Some(&text[..]));
        }
        assert_eq!(at_once(&whole, text.len() - 1), None, "too large");
        assert_eq!(at_once(&whole[..whole.len() - 1], text.len()), None, "cut");
        assert_eq!(at_once(&[&whole[..], &whole[..]].concat(), 2 * text.len()), None, "two in one");
        let unsaid = zstd::stream::encode_all(&text[..], 1).unwrap();
        assert_eq!(at_once(&unsaid, text.len()), None, "of a size that it does not say");
        assert_eq!(at_once(b"", 9), None);
        assert_eq!(at_once(&whole, text.len()).as_deref(), Some(&text[..]), "after those that failed");
    }

    fn undo(pieces: &[&[u8]]) -> io::Result<(Vec<u8>, usize)> {
        let (mut undo, mut out, mut largest) = (Unzstd::new()?, Vec::new(), 0);
        for piece in pieces {
            undo.feed(Bytes::copy_from_slice(piece));
            while let Some(chunk) = undo.next_chunk()? {
                largest = largest.max(chunk.len());
                out.extend_from_slice(&chunk);
            }
        }
        undo.finish().map(|()| (out, largest))
    }

    #[test]
    fn what_went_in_comes_out_however_it_was_cut() {
        let texts = [
            Vec::new(),
            b"[]".to_vec(),
            vec![b' '; CHUNK],
            vec![b' '; 2 * CHUNK],
            (0..300_000u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect(),
        ];
        for text in texts {
            let packed = zstd::encode_all(&text[..], 1).unwrap();
            for size in [1000, 8192, packed.len()] {
                let pieces: Vec<_> = packed.chunks(size).collect();
                assert!(undo(&pieces).unwrap().0 == text, "{} bytes in pieces of {size}", text.len());
            }
            let twice = [&packed[..], &packed[..]];
            assert_eq!(undo(&twice).unwrap().0.len(), 2 * text.len(), "two frames are one stream");
            assert!(undo(&[&packed[..packed.len() - 1]]).is_err());
        }
    }

    #[test]
    fn a_bomb_comes_out_in_small_pieces() {
        let packed = zstd::encode_all(io::Read::take(io::repeat(0), 64 << 20), 1).unwrap();
        assert!(packed.len() < 8192);
        let (out, largest) = undo(&[&packed]).unwrap();
        assert_eq!((out.len(), largest), (64 << 20, CHUNK));
    }

    #[test]
    fn damage_and_huge_windows_are_errors() {
        assert!(undo(&[b"[1,2,3]"]).is_err());
        assert!(undo(&[]).is_err());
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        io::copy(&mut io::Read::take(io::repeat(7), 1 << 20), &mut encoder).unwrap();
        assert!(undo(&[&encoder.finish().unwrap()]).is_err());
    }
}
