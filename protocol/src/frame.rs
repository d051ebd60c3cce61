//! How the second generation answers: one line of JSON, a newline, then the bytes as emoncms sent them.

mod head;

use crate::{limits, refusal::ErrorCode, refusal::Refusal};
use head::{ReadHead, WrittenHead};

/// One MQTT message of an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A piece of emoncms' answer.
    Piece {
        /// Which request it answers.
        id: String,
        /// Counts the answer's frames from 0; a gap means that a frame was lost.
        seq: u32,
        /// Whether the answer is complete with this frame.
        last: bool,
        /// What stands in the first frame only.
        start: Option<Start>,
        /// The bytes.
        body: &'a [u8],
    },
    /// There is no answer, or no more of it.
    Refusal {
        /// Which request it answers.
        id: String,
        /// 0 unless pieces went before.
        seq: u32,
        /// Why.
        refusal: Refusal,
    },
}

/// What emoncms said of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// emoncms' HTTP status.
    pub status: u16,
    /// emoncms' content type.
    pub content_type: Option<String>,
    /// Whether the body's pieces are one zstd stream.
    pub zstd: bool,
    /// Changes when the answer does.
    pub etag: Option<String>,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No head line, or one that is not ours.
    #[error("no frame of the second generation")]
    NotAFrame,
}

impl<'a> Frame<'a> {
    /// The message. What a head cannot hold is left out or cut, so that the other side can always read it.
    pub fn encode(&self) -> Vec<u8> {
        let (head, body): (WrittenHead, &[u8]) = match self {
            Self::Piece { id, seq, last, start, body } => {
                let start = start.as_ref();
                let head = WrittenHead {
                    v: 2,
                    id,
                    seq: *seq,
                    last: *last,
                    status: start.map(|start| start.status),
                    content_type: start.and_then(|start| start.content_type()),
                    encoding: start.filter(|start| start.zstd).map(|_| "zstd"),
                    etag: start.and_then(|start| start.etag.as_deref()).filter(|etag| is_etag(etag)),
                    ..WrittenHead::default()
                };
                (head, body)
            }
            Self::Refusal { id, seq, refusal } => {
                let head = WrittenHead {
                    v: 2,
                    id,
                    seq: *seq,
                    last: true,
                    status: Some(refusal.code.http_status()),
                    error: Some(refusal.code),
                    message: Some(shortened(&refusal.message)),
                    ..WrittenHead::default()
                };
                (head, &[])
            }
        };
        let mut message = Vec::with_capacity(HEAD_ROOM + body.len());
        serde_json::to_writer(&mut message, &head).expect("strings and numbers always serialise");
        message.push(b'\n');
        message.extend_from_slice(body);
        message
    }

    /// Reads a message. A head that names its request and is otherwise impossible becomes a refusal of that request
    /// ([`ErrorCode::BadAnswer`]), so that its caller need not wait for the deadline.
    ///
    /// # Errors
    /// [`FrameError::NotAFrame`] where it may still be an answer of the first generation.
    pub fn parse(message: &'a [u8]) -> Result<Self, FrameError> {
        let window = &message[..message.len().min(limits::MAX_HEAD_BYTES)];
        let end = window.iter().position(|b| *b == b'\n').ok_or(FrameError::NotAFrame)?;
        let head = ReadHead::parse(&message[..end]).ok_or(FrameError::NotAFrame)?;
        let (id, seq, last) = (head.id, head.seq, head.last);
        let body = &message[end + 1..];
        let refused =
            |code, text: String| Self::Refusal { id: id.clone(), seq, refusal: Refusal::new(code, text) };
        let impossible = || Ok(refused(ErrorCode::BadAnswer, "the home sent what is no answer".into()));

        if let Some(code) = head.error {
            return Ok(refused(code, head.message.unwrap_or_default()));
        }
        let too_small = !last && body.len() < limits::MIN_FRAME_BODY_BYTES;
        if too_small || body.len() > limits::MAX_FRAME_BODY_BYTES {
            return impossible();
        }
        if seq > 0 {
            return Ok(Self::Piece { id, seq, last, start: None, body });
        }
        let zstd = match head.encoding.as_deref() {
            None | Some("identity") => false,
            Some("zstd") => true,
            Some(_) => return impossible(),
        };
        let Some(status) = head.status.filter(|status| (200..=599).contains(status)) else {
            return impossible();
        };
        let content_type = head.content_type.filter(|text| is_content_type(text));
        let etag = head.etag.filter(|text| is_etag(text));
        Ok(Self::Piece { id, seq, last, start: Some(Start { status, content_type, zstd, etag }), body })
    }
}

impl Start {
    fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref().filter(|text| is_content_type(text))
    }
}

/// Room for a usual head, so that a frame is put together without moving.
const HEAD_ROOM: usize = 256;

/// Whether `text` is an entity tag (RFC 9110, 8.8.3) short enough to pass on.
pub fn is_etag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    text.len() <= limits::MAX_ETAG_BYTES
        && opaque.len() >= 2
        && opaque.starts_with('"')
        && opaque.ends_with('"')
        && opaque[1..opaque.len() - 1].bytes().all(|b| b.is_ascii_graphic() && b != b'"')
}

/// Whether `text` can stand in a `Content-Type` header.
fn is_content_type(text: &str) -> bool {
    (1..=limits::MAX_CONTENT_TYPE_BYTES).contains(&text.len())
        && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

fn shortened(message: &str) -> &str {
    let end = message.char_indices().nth(limits::MAX_MESSAGE_CHARS).map_or(message.len(), |(end, _)| end);
    &message[..end]
}
