//! What the bridge sends to a home: requests of both generations, credit, cancel.

use crate::{ClientId, Endpoint, Format, Params, limits, refusal::Refusal};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::time::Duration;

/// One relayed API call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom to answer.
    pub client: ClientId,
    /// What to ask emoncms.
    pub endpoint: Endpoint,
    /// The query. In the first generation also what was posted.
    pub data: Params,
    /// What the second generation adds; `None` is a request of the first.
    pub v2: Option<V2>,
}

/// The second generation's part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V2 {
    /// Names this request among those of its client; never part of a topic.
    pub id: String,
    /// What the caller may do at most.
    pub rights: Rights,
    /// The HTTP method to use at home.
    pub method: Method,
    /// The format to ask emoncms for.
    pub format: Format,
    /// What was posted.
    pub body: Option<Body>,
    /// Whether the answer may come compressed with zstd.
    pub zstd: bool,
    /// How long the first frame may take.
    pub timeout: Duration,
    /// The answer that the caller has already.
    pub etag: Option<String>,
    /// Body bytes of the answer that may be sent before the first grant.
    pub credit: u64,
}

/// What a caller may do at most, as the cloud knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rights {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// The HTTP method at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Without a body.
    Get,
    /// With a form or a JSON body.
    Post,
}

/// What was posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// A form, under the same rules as the query.
    Form(Params),
    /// A JSON text, passed on as it is.
    Json(String),
}

/// A message on a home's request topic.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A call to answer.
    Request(Box<Request>),
    /// The bridge has room for more of an answer.
    Credit {
        /// Whose answer.
        client: ClientId,
        /// Which answer.
        id: String,
        /// Body bytes of this answer that may have been sent in all, counted from its start.
        credit: u64,
        /// Body bytes of this answer that have arrived.
        received: u64,
    },
    /// The caller has gone.
    Cancel {
        /// Whose answer.
        client: ClientId,
        /// Which answer.
        id: String,
    },
    /// Nothing to answer: the farewell of a first-generation server.
    Ignored,
}

/// A message that is no valid request.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// Whom to tell, where that much could be read.
    pub reply: Option<ReplyTo>,
    /// What is wrong.
    pub refusal: Refusal,
}

/// Where an answer goes and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    /// Names the answer topic.
    pub client: ClientId,
    /// The request's id; `None` for the first generation, whose answer echoes the request.
    pub id: Option<String>,
}

impl Request {
    /// Where the answer goes.
    pub fn reply_to(&self) -> ReplyTo {
        ReplyTo { client: self.client.clone(), id: self.v2.as_ref().map(|v2| v2.id.clone()) }
    }

    /// What the caller may do. A first-generation request comes from a session that may write.
    pub fn rights(&self) -> Rights {
        self.v2.as_ref().map_or(Rights::Write, |v2| v2.rights)
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let v2 = self.v2.as_ref().map(|v2| EncodedV2 {
            v: 2,
            id: &v2.id,
            rights: v2.rights,
            method: v2.method,
            format: v2.format,
            body: v2.body.as_ref(),
            accept: if v2.zstd { &["zstd"] } else { &[] },
            timeout_ms: v2.timeout.as_millis().try_into().unwrap_or(u64::MAX),
            etag: v2.etag.as_deref(),
            credit: v2.credit,
        });
        let encoded = Encoded {
            client_id: self.client.as_str(),
            controller: &self.endpoint.controller,
            action: &self.endpoint.action,
            subaction: self.endpoint.subaction.as_deref().unwrap_or_default(),
            data: &self.data,
            v2,
        };
        serde_json::to_vec(&encoded).expect("strings and numbers always serialise")
    }
}

/// Tells the agent how much of an answer arrived and how much more is welcome.
pub fn encode_credit(client: &ClientId, id: &str, credit: u64, received: u64) -> Vec<u8> {
    let message =
        serde_json::json!({"v":2, "clientId":client.as_str(), "id":id, "credit":credit, "received":received});
    message.to_string().into_bytes()
}

/// Tells the agent that nobody waits for an answer any more.
pub fn encode_cancel(client: &ClientId, id: &str) -> Vec<u8> {
    serde_json::json!({"v":2, "clientId":client.as_str(), "id":id, "cancel":true}).to_string().into_bytes()
}

/// Reads a message from a home's request topic.
///
/// # Errors
/// [`BadRequest`], with whom to tell where the message says as much.
pub fn parse(payload: &[u8]) -> Result<Incoming, BadRequest> {
    if payload.starts_with(b"DISCONNECTED") {
        return Ok(Incoming::Ignored);
    }
    let nobody = |text: &str| BadRequest { reply: None, refusal: Refusal::bad_request(text) };
    if payload.len() > limits::MAX_REQUEST_BYTES {
        return Err(BadRequest {
            reply: envelope_of_oversized(payload),
            refusal: Refusal::request_too_large(),
        });
    }
    let raw: Raw = serde_json::from_slice(payload).map_err(|_| nobody("the request is not a JSON object"))?;
    let client = text_of(&raw.client_id).and_then(|id| ClientId::new(&id));
    let client = client.ok_or_else(|| nobody("the request has no usable clientId"))?;

    let id = match raw.v.as_u64() {
        Some(2..) => Some(id_of(&raw.id).ok_or_else(|| nobody("the request has no usable id"))?),
        _ => None,
    };
    if let (Some(id), true) = (&id, raw.action.is_null()) {
        return control(&raw, client, id.clone());
    }
    let reply = ReplyTo { client, id };
    request(&raw, &reply)
        .map(|request| Incoming::Request(Box::new(request)))
        .map_err(|text| BadRequest { reply: Some(reply), refusal: Refusal::bad_request(&text) })
}

/// Whether `text` can be a request's id.
pub fn is_id(text: &str) -> bool {
    crate::is_name(text)
}

fn control(raw: &Raw, client: ClientId, id: String) -> Result<Incoming, BadRequest> {
    if raw.cancel == Value::Bool(true) {
        return Ok(Incoming::Cancel { client, id });
    }
    match raw.credit.as_u64() {
        Some(credit) => {
            // A bridge that does not tell what arrived: assume that it grants one window beyond that.
            let received = raw.received.as_u64().unwrap_or(credit.saturating_sub(limits::CREDIT_WINDOW));
            Ok(Incoming::Credit { client, id, credit, received })
        }
        None => {
            let reply = Some(ReplyTo { client, id: Some(id) });
            Err(BadRequest { reply, refusal: Refusal::bad_request("the request names no action") })
        }
    }
}

fn request(raw: &Raw, reply: &ReplyTo) -> Result<Request, String> {
    let optional = |value: &Value| match value {
        Value::Null => Some(String::new()),
        other => text_of(other),
    };
    let parts = (optional(&raw.controller), text_of(&raw.action), optional(&raw.subaction));
    let endpoint = match &parts {
        // The oldest clients are asked with the whole path as the action.
        (Some(controller), Some(action), Some(_)) if controller.is_empty() => Endpoint::parse(action),
        (Some(controller), Some(action), Some(subaction)) => Endpoint::new(controller, action, subaction),
        _ => None,
    };
    let endpoint =
        endpoint.ok_or("controller, action and subaction may hold letters, digits, _ and - only")?;
    let data = Params::from_json(&raw.data).map_err(|error| error.to_string())?;
    let v2 = reply.id.as_ref().map(|id| v2(raw, id)).transpose()?;
    Ok(Request { client: reply.client.clone(), endpoint, data, v2 })
}

fn v2(raw: &Raw, id: &str) -> Result<V2, String> {
    let optional = |value: &Value| (!value.is_null()).then(|| value.clone());
    let rights = match raw.rights.as_str() {
        Some("write") => Rights::Write,
        _ => Rights::Read,
    };
    let method = match optional(&raw.method) {
        None => Method::Get,
        Some(value) => serde_json::from_value(value).map_err(|_| "the method must be GET or POST")?,
    };
    let format = match optional(&raw.format) {
        None => Format::Json,
        Some(value) => serde_json::from_value(value).map_err(|_| "the format must be json, csv or txt")?,
    };
    let body = match (&method, optional(&raw.body)) {
        (_, None) => None,
        (Method::Get, Some(_)) => return Err("a GET request has no body".into()),
        (Method::Post, Some(value)) => Some(body(&value)?),
    };
    let accepts = |coding: &str| raw.accept.as_array().is_some_and(|list| list.iter().any(|v| v == coding));
    let timeout = raw.timeout_ms.as_u64().unwrap_or(DEFAULT_TIMEOUT_MS).clamp(1, MAX_TIMEOUT_MS);
    Ok(V2 {
        id: id.to_owned(),
        rights,
        method,
        format,
        body,
        zstd: accepts("zstd"),
        timeout: Duration::from_millis(timeout),
        etag: raw.etag.as_str().filter(|etag| etag.len() <= limits::MAX_ETAG_BYTES).map(str::to_owned),
        credit: raw.credit.as_u64().unwrap_or(limits::INITIAL_CREDIT),
    })
}

fn body(value: &Value) -> Result<Body, String> {
    const SHAPE: &str = r#"the body must be {"form":{…}} or {"json":"…"}"#;
    match value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next()) {
        Some((kind, form)) if kind == "form" => {
            Params::from_json(form).map(Body::Form).map_err(|error| error.to_string())
        }
        Some((kind, Value::String(text))) if kind == "json" => {
            let valid = serde_json::from_str::<&RawValue>(text).is_ok();
            valid.then(|| Body::Json(text.clone())).ok_or_else(|| "the JSON body is not valid JSON".into())
        }
        _ => Err(SHAPE.into()),
    }
}

/// Finds whom to tell that a request was too large without building its parts in memory.
fn envelope_of_oversized(payload: &[u8]) -> Option<ReplyTo> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "clientId")]
        client_id: String,
        #[serde(default)]
        v: u64,
        #[serde(default)]
        id: Option<String>,
    }
    let envelope: Envelope = serde_json::from_slice(payload).ok()?;
    let client = ClientId::new(&envelope.client_id)?;
    match (envelope.v, envelope.id) {
        (2.., id) => Some(ReplyTo { client, id: Some(id.filter(|id| is_id(id))?) }),
        _ => Some(ReplyTo { client, id: None }),
    }
}

/// A deadline where the request names none.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;
/// No caller of ours waits longer for a first frame.
const MAX_TIMEOUT_MS: u64 = 120_000;

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn id_of(value: &Value) -> Option<String> {
    value.as_str().filter(|id| is_id(id)).map(str::to_owned)
}

/// Unknown members are ignored: later generations add to this message.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Raw {
    #[serde(rename = "clientId")]
    client_id: Value,
    controller: Value,
    action: Value,
    subaction: Value,
    data: Value,
    v: Value,
    id: Value,
    rights: Value,
    method: Value,
    format: Value,
    body: Value,
    accept: Value,
    timeout_ms: Value,
    etag: Value,
    credit: Value,
    received: Value,
    cancel: Value,
}

#[derive(Serialize)]
struct Encoded<'a> {
    #[serde(rename = "clientId")]
    client_id: &'a str,
    controller: &'a str,
    action: &'a str,
    subaction: &'a str,
    data: &'a Params,
    #[serde(flatten)]
    v2: Option<EncodedV2<'a>>,
}

#[derive(Serialize)]
struct EncodedV2<'a> {
    v: u8,
    id: &'a str,
    rights: Rights,
    method: Method,
    format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a Body>,
    accept: &'a [&'a str],
    timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    credit: u64,
}
