//! How the clients and servers of 2018–2021 answer: the request echoed whole, beside emoncms' JSON.

use crate::{is_object, limits, request};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Builds the answer to `request`, a message that [`request::parse`] read.
///
/// `None` where either is not JSON, or where the whole is larger than
/// [`limits::MAX_FIRST_GENERATION_ANSWER_BYTES`]: the caller then refuses instead.
pub fn encode_answer(request: &[u8], result: &[u8]) -> Option<Vec<u8>> {
    let request: &RawValue = serde_json::from_slice(request).ok()?;
    let result: &RawValue = serde_json::from_slice(result).ok()?;
    let message = serde_json::to_vec(&Encoded { request, result }).ok()?;
    (message.len() <= limits::MAX_FIRST_GENERATION_ANSWER_BYTES).then_some(message)
}

/// Builds a refusal. There is no error form: it looks like emoncms' own.
pub fn encode_refusal(request: &[u8], message: &str) -> Option<Vec<u8>> {
    let result = serde_json::json!({"success": false, "message": message}).to_string();
    encode_answer(request, result.as_bytes())
}

/// An answer of a first-generation agent to a request of ours, which had an `id`.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The echoed request's id.
    pub id: String,
    /// emoncms' JSON, as the agent wrote it again.
    pub result: &'a str,
}

impl<'a> Answer<'a> {
    /// Reads a message; `None` for anything else, also for the echo of a request that had no id.
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok().filter(|text| is_object(text))?;
        let raw: Raw = serde_json::from_str(text).ok()?;
        let echo = Some(raw.request.get()).filter(|request| is_object(request))?;
        let Echo { id } = serde_json::from_str(echo).ok()?;
        request::is_id(&id).then(|| Self { id, result: raw.result.get() })
    }
}

#[derive(Serialize)]
struct Encoded<'a> {
    request: &'a RawValue,
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    request: &'a RawValue,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Echo {
    id: String,
}
