//! Reading what arrives on a home's request topic.
//!
//! Nothing is built in memory before it is checked: members stay slices of the message until they are needed.

use super::{BadRequest, Body, Incoming, Method, ReplyTo, Request, Rights, V2, is_id};
use crate::{ClientId, Endpoint, Format, Params, frame::is_etag, is_object, limits, refusal::Refusal};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Number, value::RawValue};
use std::time::Duration;

/// Reads a message from a home's request topic.
///
/// # Errors
/// [`BadRequest`], with whom to tell where the message says as much.
pub fn parse(payload: &[u8]) -> Result<Incoming, BadRequest> {
    if payload.starts_with(b"DISCONNECTED") {
        return Ok(Incoming::Ignored);
    }
    let nobody = |text: &str| BadRequest { reply: None, refusal: Refusal::bad_request(text) };
    let raw = Raw::read(payload).ok_or_else(|| nobody("the request is not a JSON object"))?;
    let client = text(raw.client_id).and_then(|id| ClientId::new(&id));
    let client = client.ok_or_else(|| nobody("the request has no usable clientId"))?;

    let mut reply = ReplyTo { client, id: None };
    let refused = |reply: &ReplyTo, refusal| BadRequest { reply: Some(reply.clone()), refusal };
    reply.id = raw.id().map_err(|text| refused(&reply, Refusal::bad_request(text)))?;
    if payload.len() > limits::MAX_REQUEST_BYTES {
        return Err(refused(&reply, Refusal::request_too_large()));
    }
    let incoming = match &reply.id {
        Some(id) if raw.action.is_none() => control(&raw, &reply.client, id),
        _ => request(&raw, &reply).map(|request| Incoming::Request(Box::new(request))),
    };
    incoming.map_err(|text| refused(&reply, Refusal::bad_request(&text)))
}

fn control(raw: &Raw, client: &ClientId, id: &str) -> Result<Incoming, String> {
    let (client, id) = (client.clone(), id.to_owned());
    if typed(raw.cancel) == Some(true) {
        return Ok(Incoming::Cancel { client, id });
    }
    let credit = typed(raw.credit).ok_or("the request names no action")?;
    // A bridge that does not tell what arrived: assume that it grants one window beyond that.
    let received = typed(raw.received).unwrap_or(u64::saturating_sub(credit, limits::CREDIT_WINDOW));
    Ok(Incoming::Credit { client, id, credit, received })
}

fn request(raw: &Raw, reply: &ReplyTo) -> Result<Request, String> {
    let endpoint =
        endpoint(raw).ok_or("controller, action and subaction may hold letters, digits, _ and - only")?;
    let data = params(raw.data)?;
    let v2 = reply.id.as_ref().map(|id| v2(raw, id)).transpose()?;
    Ok(Request { client: reply.client.clone(), endpoint, data, v2 })
}

fn endpoint(raw: &Raw) -> Option<Endpoint> {
    let optional = |member: Member| if member.is_none() { Some(String::new()) } else { text(member) };
    let (controller, action, subaction) =
        (optional(raw.controller)?, text(raw.action)?, optional(raw.subaction)?);
    match (controller.is_empty(), subaction.is_empty()) {
        // The oldest clients are asked with the whole path as the action.
        (true, true) => Endpoint::parse(&action),
        (true, false) => None,
        (false, _) => Endpoint::new(&controller, &action, &subaction),
    }
}

fn v2(raw: &Raw, id: &str) -> Result<V2, String> {
    let method = match raw.method {
        None => Method::Get,
        given => match text(given).as_deref() {
            Some("GET") => Method::Get,
            Some("POST") => Method::Post,
            _ => return Err("the method must be GET or POST".into()),
        },
    };
    let format = match raw.format {
        None => Format::Json,
        given => text(given)
            .and_then(|format| Format::parse(&format))
            .ok_or("the format must be json, csv or txt")?,
    };
    let body = match (method, raw.body) {
        (_, None) => None,
        (Method::Get, Some(_)) => return Err("a GET request has no body".into()),
        (Method::Post, Some(given)) => Some(body(given)?),
    };
    let rights = if text(raw.rights).as_deref() == Some("write") { Rights::Write } else { Rights::Read };
    let timeout = typed(raw.timeout_ms).unwrap_or(DEFAULT_TIMEOUT_MS).clamp(1, MAX_TIMEOUT_MS);
    Ok(V2 {
        id: id.to_owned(),
        rights,
        method,
        format,
        body,
        zstd: accepts(raw.accept, "zstd"),
        timeout: Duration::from_millis(timeout),
        etag: text(raw.etag).filter(|etag| is_etag(etag)),
        credit: typed(raw.credit).unwrap_or(limits::INITIAL_CREDIT),
    })
}

fn params(given: Member) -> Result<Params, String> {
    given.map_or(Ok(Params::default()), |data| {
        Params::from_json_text(data.get()).map_err(|error| error.to_string())
    })
}

fn body(given: &RawValue) -> Result<Body, String> {
    const SHAPE: &str = r#"the body must be {"form":{…}} or {"json":"…"}"#;
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind<'a> {
        #[serde(borrow)]
        Form(&'a RawValue),
        Json(String),
    }
    if !is_object(given.get()) {
        return Err(SHAPE.into());
    }
    match serde_json::from_str(given.get()) {
        Ok(Kind::Form(form)) => params(Some(form)).map(Body::Form),
        Ok(Kind::Json(text)) if serde_json::from_str::<&RawValue>(&text).is_ok() => Ok(Body::Json(text)),
        Ok(Kind::Json(_)) => Err("the JSON body is not valid JSON".into()),
        Err(_) => Err(SHAPE.into()),
    }
}

fn accepts(given: Member, coding: &str) -> bool {
    let listed = |list: &RawValue| {
        let list: Vec<&RawValue> = serde_json::from_str(list.get()).unwrap_or_default();
        list.into_iter().any(|item| text(Some(item)).as_deref() == Some(coding))
    };
    given.filter(|list| list.get().len() <= MAX_SHORT_BYTES).is_some_and(listed)
}

/// A deadline where the request names none.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;
/// No caller of ours waits longer for a first frame.
const MAX_TIMEOUT_MS: u64 = 120_000;
/// No member but `data` and `body` needs more, even with every character escaped.
const MAX_SHORT_BYTES: usize = 1024;

/// A member as it stands in the message; `None` where it is missing or `null`.
type Member<'a> = Option<&'a RawValue>;

/// A short text; first-generation servers write some of them as numbers.
fn text(member: Member) -> Option<String> {
    typed(member).or_else(|| typed(member).map(|number: Number| number.to_string()))
}

/// A short value; `None` where it is of another type.
fn typed<T: DeserializeOwned>(member: Member) -> Option<T> {
    let short = member.filter(|member| member.get().len() <= MAX_SHORT_BYTES)?;
    serde_json::from_str(short.get()).ok()
}

/// Unknown members are ignored: later generations add to this message.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw<'a> {
    #[serde(borrow, rename = "clientId")]
    client_id: Member<'a>,
    controller: Member<'a>,
    action: Member<'a>,
    subaction: Member<'a>,
    data: Member<'a>,
    v: Member<'a>,
    id: Member<'a>,
    rights: Member<'a>,
    method: Member<'a>,
    format: Member<'a>,
    body: Member<'a>,
    accept: Member<'a>,
    timeout_ms: Member<'a>,
    etag: Member<'a>,
    credit: Member<'a>,
    received: Member<'a>,
    cancel: Member<'a>,
}

impl<'a> Raw<'a> {
    fn read(payload: &'a [u8]) -> Option<Self> {
        // All of it must be text, unknown members too: an answer of the first generation echoes them.
        let text = std::str::from_utf8(payload).ok().filter(|text| is_object(text))?;
        serde_json::from_str(text).ok()
    }

    /// What names a request of the second generation; `None` for one of the first. A `v` that cannot be understood
    /// is refused, because the first generation knows no rights.
    fn id(&self) -> Result<Option<String>, &'static str> {
        let v = match self.v {
            None => 1,
            given => typed(given).ok_or("v must be a whole number")?,
        };
        match v {
            0_u64..2 => Ok(None),
            2.. => {
                typed(self.id).filter(|id: &String| is_id(id)).map(Some).ok_or("the request has no usable id")
            }
        }
    }
}
