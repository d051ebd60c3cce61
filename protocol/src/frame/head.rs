//! A frame's head line, as it is written and as it is read.

use crate::{is_object, refusal::ErrorCode, request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Default, Serialize)]
pub(super) struct WrittenHead<'a> {
    pub(super) v: u8,
    pub(super) id: &'a str,
    pub(super) seq: u32,
    pub(super) last: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'a str>,
}

/// Unknown members are ignored: later generations add to this line.
#[derive(Deserialize)]
pub(super) struct ReadHead {
    v: u64,
    pub(super) id: String,
    #[serde(default)]
    pub(super) seq: u32,
    #[serde(default)]
    pub(super) last: bool,
    #[serde(default)]
    pub(super) status: Option<u16>,
    #[serde(default, rename = "type")]
    pub(super) content_type: Option<String>,
    #[serde(default)]
    pub(super) encoding: Option<String>,
    #[serde(default)]
    pub(super) etag: Option<String>,
    #[serde(default, deserialize_with = "known_or_bad_answer")]
    pub(super) error: Option<ErrorCode>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

impl ReadHead {
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok().filter(|text| is_object(text))?;
        let head: Self = serde_json::from_str(text).ok()?;
        (head.v >= 2 && request::is_id(&head.id)).then_some(head)
    }
}

/// A code that only later agents know is a refusal all the same.
fn known_or_bad_answer<'de, D: serde::Deserializer<'de>>(code: D) -> Result<Option<ErrorCode>, D::Error> {
    let code = Option::<Value>::deserialize(code)?;
    Ok(code.map(|code| serde_json::from_value(code).unwrap_or(ErrorCode::BadAnswer)))
}
