//! An answer's bytes as frames: compressed as they come, and cut.

use crate::deliver::{Broken, Outlet, ZSTD_LEVEL};
use crate::flow::{Flow, NoCredit};
use bytes::{Buf, BytesMut};
use remoteaccess_protocol::{
    Frame, Start,
    limits::{MAX_FRAME_BODY_BYTES, MIN_FRAME_BODY_BYTES},
};
use std::borrow::Cow;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use zstd::stream::write::Encoder;

/// 256 kB of history: bounds the memory of a compressor, of which up to eight run.
const ZSTD_WINDOW_LOG: u32 = 18;
/// When nothing has gone out for so long, emoncms is slow, and what there is goes out as it comes.
const LATE: Duration = Duration::from_secs(1);

/// Compresses as it goes, or passes on.
pub struct Packer(Option<Encoder<'static, Vec<u8>>>);

impl Packer {
    /// A packer that compresses, or not.
    ///
    /// # Errors
    /// Memory is short.
    pub fn new(compress: bool) -> io::Result<Self> {
        if !compress {
            return Ok(Self(None));
        }
        let mut encoder = Encoder::new(Vec::new(), ZSTD_LEVEL)?;
        encoder.window_log(ZSTD_WINDOW_LOG)?;
        Ok(Self(Some(encoder)))
    }

    /// What can go out now; with `flush`, everything, at the cost of some compression.
    ///
    /// # Errors
    /// Memory is short.
    pub fn pack<'a>(&mut self, bytes: &'a [u8], flush: bool) -> io::Result<Cow<'a, [u8]>> {
        let Some(encoder) = &mut self.0 else { return Ok(bytes.into()) };
        encoder.write_all(bytes)?;
        if flush {
            encoder.flush()?;
        }
        Ok(std::mem::take(encoder.get_mut()).into())
    }

    /// What is left.
    ///
    /// # Errors
    /// Memory is short.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.0.map_or(Ok(Vec::new()), Encoder::finish)
    }
}

/// Cuts bytes into frames. The last frame is sent by [`Frames::finish`] alone.
pub struct Frames<'a> {
    id: &'a str,
    start: Option<Start>,
    pending: BytesMut,
    sent: Instant,
    flow: &'a Flow,
    outlet: &'a Outlet,
}

impl<'a> Frames<'a> {
    /// No frame has gone out yet; `start` goes with the first.
    pub fn new(id: &'a str, start: Start, flow: &'a Flow, outlet: &'a Outlet) -> Self {
        Self { id, start: Some(start), pending: BytesMut::new(), sent: Instant::now(), flow, outlet }
    }

    /// Sends what fills frames, and keeps the rest.
    ///
    /// # Errors
    /// [`Broken::Gone`]
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        while !bytes.is_empty() {
            let taken = bytes.len().min(MAX_FRAME_BODY_BYTES);
            self.pending.extend_from_slice(&bytes[..taken]);
            bytes.advance(taken);
            while self.pending.len() > self.frame_size() {
                self.send(self.frame_size(), false).await?;
            }
        }
        // emoncms is slow: what is there goes out, so that the caller sees that it goes on.
        if self.are_late() && self.pending.len() >= MIN_FRAME_BODY_BYTES {
            self.send(self.pending.len(), false).await?;
        }
        Ok(())
    }

    /// Whether the caller has been waiting for a frame.
    pub fn are_late(&self) -> bool {
        self.sent.elapsed() >= LATE
    }

    /// Sends the last frame.
    ///
    /// # Errors
    /// [`Broken::Gone`]
    pub async fn finish(&mut self) -> Result<(), Broken> {
        self.send(self.pending.len(), true).await
    }

    /// Whether a frame has gone out.
    pub fn have_begun(&self) -> bool {
        self.start.is_none()
    }

    fn frame_size(&self) -> usize {
        self.flow.frame_size().max(MIN_FRAME_BODY_BYTES)
    }

    async fn send(&mut self, length: usize, last: bool) -> Result<(), Broken> {
        let body = self.pending.split_to(length);
        let seq = self.flow.next_frame(length as u64).await.map_err(|NoCredit| Broken::Gone)?;
        self.sent = Instant::now();
        let frame = Frame::Piece { id: self.id.to_owned(), seq, last, start: self.start.take(), body: &body };
        self.outlet.publish(frame.encode()).await
    }
}
