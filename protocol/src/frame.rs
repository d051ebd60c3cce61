//! How the second generation answers: one line of JSON, a newline, then the bytes as emoncms sent them.

use crate::{limits, refusal::ErrorCode, refusal::Refusal, request};
use serde::{Deserialize, Serialize};

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
    /// A head that contradicts itself or names impossible values.
    #[error("a frame with an impossible head")]
    Impossible,
}

impl<'a> Frame<'a> {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let (head, body): (Head, &[u8]) = match self {
            Self::Piece { id, seq, last, start, body } => {
                let mut head = Head { v: 2, id: id.clone(), seq: *seq, last: *last, ..Head::default() };
                if let Some(start) = start {
                    head.status = Some(start.status);
                    head.content_type.clone_from(&start.content_type);
                    head.encoding = start.zstd.then(|| "zstd".to_owned());
                    head.etag.clone_from(&start.etag);
                }
                (head, body)
            }
            Self::Refusal { id, seq, refusal } => {
                let head = Head {
                    v: 2,
                    id: id.clone(),
                    seq: *seq,
                    last: true,
                    status: Some(refusal.code.http_status()),
                    error: Some(refusal.code),
                    message: Some(refusal.message.clone()),
                    ..Head::default()
                };
                (head, &[])
            }
        };
        let mut message = serde_json::to_vec(&head).expect("strings and numbers always serialise");
        message.push(b'\n');
        message.extend_from_slice(body);
        message
    }

    /// Reads a message.
    ///
    /// # Errors
    /// [`FrameError::NotAFrame`] where it may still be an answer of the first generation.
    pub fn parse(message: &'a [u8]) -> Result<Self, FrameError> {
        let window = &message[..message.len().min(limits::MAX_HEAD_BYTES)];
        let end = window.iter().position(|b| *b == b'\n').ok_or(FrameError::NotAFrame)?;
        let head: Head = serde_json::from_slice(&message[..end]).map_err(|_| FrameError::NotAFrame)?;
        if head.v < 2 || !request::is_id(&head.id) {
            return Err(FrameError::NotAFrame);
        }
        let body = &message[end + 1..];
        let status = head.status.filter(|status| (200..=599).contains(status));
        match (head.error, head.seq, status) {
            (Some(code), seq, _) => {
                let refusal = Refusal::new(code, head.message.unwrap_or_default());
                Ok(Self::Refusal { id: head.id, seq, refusal })
            }
            (None, 0, None) => Err(FrameError::Impossible),
            (None, _, _) if body.len() > limits::MAX_FRAME_BODY_BYTES => Err(FrameError::Impossible),
            (None, _, _) if !head.last && body.len() < limits::MIN_FRAME_BODY_BYTES => {
                Err(FrameError::Impossible)
            }
            (None, seq, status) => {
                let zstd = match head.encoding.as_deref() {
                    None | Some("identity") => false,
                    Some("zstd") => true,
                    Some(_) => return Err(FrameError::Impossible),
                };
                let etag = head.etag.filter(|etag| is_etag(etag));
                let start = status.filter(|_| seq == 0).map(|status| Start {
                    status,
                    content_type: head.content_type,
                    zstd,
                    etag,
                });
                Ok(Self::Piece { id: head.id, seq, last: head.last, start, body })
            }
        }
    }
}

/// Whether `text` is an entity tag (RFC 9110, 8.8.3) short enough to pass on.
pub fn is_etag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    text.len() <= limits::MAX_ETAG_BYTES
        && opaque.len() >= 2
        && opaque.starts_with('"')
        && opaque.ends_with('"')
        && opaque[1..opaque.len() - 1].bytes().all(|b| b.is_ascii_graphic() && b != b'"')
}

/// Unknown members are ignored: later generations add to this line.
#[derive(Default, Serialize, Deserialize)]
struct Head {
    v: u8,
    id: String,
    #[serde(default)]
    seq: u32,
    #[serde(default)]
    last: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}
