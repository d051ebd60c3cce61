//! What the bridge sends to a home: requests of both generations, credit, cancel.

mod parse;

pub use parse::parse;

use crate::{ClientId, Endpoint, Format, Params, refusal::Refusal};
use serde::{Deserialize, Serialize};
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

/// Whether `text` can be a request's id.
pub fn is_id(text: &str) -> bool {
    crate::is_name(text)
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
