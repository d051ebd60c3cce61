//! What a request brings: its query and its body.

use crate::{caller, error::Error};
use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use remoteaccess_common::Secret;
use remoteaccess_protocol::{
    Params, Request,
    limits::{MAX_PARAMS, MAX_REQUEST_BYTES},
    request,
};
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::timeout;

/// How long a body may take to arrive: 256 kB at 200 kbit/s.
const SLOWEST_BODY: Duration = Duration::from_secs(10);

/// Of a body that is too large, so much is read all the same.
const MAX_DISCARDED: usize = 4 * 1024 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

/// Names and values, still to be checked.
pub type Pairs = Vec<(String, String)>;

/// What was posted.
#[derive(Debug, PartialEq, Eq)]
pub enum Posted {
    /// Nothing.
    Nothing,
    /// A form.
    Form(Pairs),
    /// A JSON text.
    Json(String),
}

impl Posted {
    /// The caller's key, taken out of a form.
    pub fn take_key(&mut self) -> Option<Secret> {
        match self {
            Self::Form(form) => caller::take_key(form),
            Self::Nothing | Self::Json(_) => None,
        }
    }
}

/// Reads names and values from a query or a form.
///
/// # Errors
/// Where there are too many. Each takes many times its bytes in memory, so they are counted as they come.
pub fn pairs(text: &[u8]) -> Result<Pairs, Error> {
    let mut found = form_urlencoded::parse(text).into_owned();
    // The caller's key is one that is not relayed.
    let pairs = found.by_ref().take(MAX_PARAMS + 1).collect();
    found.next().map_or(Ok(pairs), |_| Err(bad("there are too many parameters")))
}

/// Reads what was posted, within the limits of size and time.
///
/// # Errors
/// Where it is too large, too slow, or nothing that emoncms takes.
pub async fn posted(headers: &HeaderMap, body: Body) -> Result<Posted, Error> {
    let bytes = read(headers, body, MAX_REQUEST_BYTES).await?;
    if bytes.is_empty() {
        return Ok(Posted::Nothing);
    }
    match content_type(headers).as_str() {
        FORM => Ok(Posted::Form(pairs(&bytes)?)),
        "application/json" => {
            let text = String::from_utf8(bytes.into()).ok();
            let text = text.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok());
            text.map(Posted::Json).ok_or_else(|| bad("the body is not valid JSON"))
        }
        _ => Err(bad("a body must be application/x-www-form-urlencoded or application/json")),
    }
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// Where it is larger, or takes too long.
pub async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Error> {
    if announced(headers).is_some_and(|bytes| bytes > limit.max(MAX_DISCARDED)) {
        return Err(Error::RequestTooLarge);
    }
    let read = timeout(SLOWEST_BODY, read_or_discard(body, limit)).await;
    read.map_err(|_| bad("the body did not arrive in time"))?
}

/// Throws away what a caller sends who is refused whatever it says, as far as it takes for the refusal to arrive.
pub async fn discard(headers: &HeaderMap, body: Body) {
    // Who asks first whether to send takes the refusal for an answer.
    let asks = headers.contains_key(header::EXPECT);
    if !asks && announced(headers).is_none_or(|bytes| bytes <= MAX_DISCARDED) {
        timeout(SLOWEST_BODY, read_or_discard(body, 0)).await.ok();
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Most callers look for an answer only when they have sent all of their body. A connection that ends before
/// that takes the refusal with it, so what is too large is read on for a while, and thrown away.
async fn read_or_discard(body: Body, limit: usize) -> Result<Bytes, Error> {
    let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| bad("the body broke off"))?;
        seen += chunk.len();
        if seen <= limit {
            kept.extend_from_slice(&chunk);
        } else if seen > MAX_DISCARDED {
            break;
        }
    }
    if seen > limit { Err(Error::RequestTooLarge) } else { Ok(kept.freeze()) }
}

/// Whether the body is a form.
pub fn is_form(headers: &HeaderMap) -> bool {
    content_type(headers) == FORM
}

/// The content type without its parameters, in lower case.
pub fn content_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The query and the body as the second generation sends them.
///
/// # Errors
/// Where a name cannot be relayed.
pub fn for_v2(query: Pairs, posted: Posted) -> Result<(Params, Option<request::Body>), Error> {
    let body = match posted {
        Posted::Nothing => None,
        Posted::Form(form) => Some(request::Body::Form(checked(form)?)),
        Posted::Json(text) => Some(request::Body::Json(text)),
    };
    Ok((checked(query)?, body))
}

/// The query and the form as one, for agents that read nothing else. What was posted wins, as in PHP's `$_REQUEST`.
///
/// # Errors
/// Where a name cannot be relayed, or the body is no form.
pub fn merged(mut query: Pairs, posted: Posted) -> Result<Params, Error> {
    let form = form_only(posted)?;
    query.retain(|(name, _)| !form.iter().any(|(posted, _)| posted == name));
    query.extend(form);
    checked(query)
}

/// The form where there is one, else the query: what the cloud of 2018–2021 passed on.
///
/// # Errors
/// As [`merged`].
pub fn one_of(query: Pairs, posted: Posted) -> Result<Params, Error> {
    match form_only(posted)? {
        form if form.is_empty() => checked(query),
        form => checked(form),
    }
}

/// The message, if it fits.
///
/// # Errors
/// [`Error::RequestTooLarge`]: escaping makes a message larger than the body it carries.
pub fn encode(request: &Request) -> Result<Vec<u8>, Error> {
    let message = request.encode();
    if message.len() > MAX_REQUEST_BYTES { Err(Error::RequestTooLarge) } else { Ok(message) }
}

fn form_only(posted: Posted) -> Result<Pairs, Error> {
    match posted {
        Posted::Nothing => Ok(Vec::new()),
        Posted::Form(form) => Ok(form),
        Posted::Json(_) => {
            Err(bad("your home's old client cannot take a JSON body; update it, or send a form"))
        }
    }
}

fn checked(pairs: Pairs) -> Result<Params, Error> {
    Params::from_pairs(pairs).map_err(|error| bad(&error.to_string()))
}

fn bad(message: &str) -> Error {
    Error::BadRequest(message.to_owned())
}
