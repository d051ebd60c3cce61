//! Makes messages: valid ones, ones damaged on the way, and noise.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::string::string_regex;
use remoteaccess_protocol::{
    Body, ClientId, Endpoint, ErrorCode, Format, Frame, Method, Params, Presence, Refusal, Request, Rights,
    Site, Start, State, V2, limits,
};
use serde_json::Value;
use std::time::Duration;

const NAME: &str = "[A-Za-z0-9_-]{1,12}";
const ETAG: &str = "(W/)?\"[!#-~]{0,20}\"";

fn pattern(regex: &str) -> impl Strategy<Value = String> + use<> {
    string_regex(regex).expect("a regular expression")
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let name =
        || prop_oneof![4 => NAME.prop_map(String::from), 1 => "[ab\\[\\]. \0q]{0,6}".prop_map(String::from)];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn params() -> impl Strategy<Value = Params> {
    let name = pattern(&format!("[B-Z0-9]{NAME}(\\[({NAME})?\\]){{0,3}}"));
    vec((name, any::<String>()), 0..8)
        .prop_filter_map("a list and a value", |pairs| Params::from_pairs(pairs).ok())
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    pattern(&format!("{NAME}/{NAME}(/{NAME})?")).prop_filter_map("an endpoint", |path| Endpoint::parse(&path))
}

fn v2() -> impl Strategy<Value = V2> {
    let body =
        prop_oneof![params().prop_map(Body::Form), json().prop_map(|value| Body::Json(value.to_string())),];
    let format = prop::sample::select(vec![Format::Json, Format::Csv, Format::Txt]);
    let rights = prop::sample::select(vec![Rights::Read, Rights::Write]);
    let small = (any::<bool>(), 1..=120_000_u64, option::of(ETAG), any::<u64>());
    (NAME, rights, format, option::of(body), small).prop_map(
        |(id, rights, format, body, (zstd, timeout, etag, credit))| V2 {
            id,
            rights,
            method: if body.is_some() { Method::Post } else { Method::Get },
            format,
            body,
            zstd,
            timeout: Duration::from_millis(timeout),
            etag,
            credit,
        },
    )
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    (site_and_client(), endpoint(), params(), option::of(v2()))
        .prop_map(|((_, client), endpoint, data, v2)| Request { client, endpoint, data, v2 })
}

pub(crate) fn site_and_client() -> impl Strategy<Value = (Site, ClientId)> {
    (pattern(&format!("{NAME}(\\.{NAME})?")), "[!%-*,-.0-\\[\\]-~]{1,128}")
        .prop_filter_map("topics", |(site, client)| Some((Site::new(&site)?, ClientId::new(&client)?)))
}

/// A frame whose bytes are held elsewhere.
#[derive(Clone, Debug)]
pub(crate) enum Parts {
    Piece { id: String, seq: u32, last: bool, start: Option<Start> },
    Refusal { id: String, seq: u32, refusal: Refusal },
}

impl Parts {
    pub(crate) fn with<'a>(&self, body: &'a [u8]) -> Frame<'a> {
        match self.clone() {
            Self::Piece { id, seq, last, start } => Frame::Piece { id, seq, last, start, body },
            Self::Refusal { id, seq, refusal } => Frame::Refusal { id, seq, refusal },
        }
    }
}

fn start() -> impl Strategy<Value = Start> {
    (200..=599_u16, option::of("[ -~]{1,128}"), any::<bool>(), option::of(ETAG))
        .prop_map(|(status, content_type, zstd, etag)| Start { status, content_type, zstd, etag })
}

pub(crate) fn frame_parts() -> impl Strategy<Value = (Parts, Vec<u8>)> {
    let body = |last| {
        let least = if last { 0 } else { limits::MIN_FRAME_BODY_BYTES };
        vec(any::<u8>(), least..=limits::MAX_FRAME_BODY_BYTES / 4)
    };
    let piece = (NAME, any::<u32>(), start(), any::<bool>()).prop_flat_map(move |(id, seq, start, last)| {
        let seq = if seq % 2 == 0 { 0 } else { seq };
        let start = (seq == 0).then_some(start);
        (Just(Parts::Piece { id, seq, last, start }), body(last))
    });
    let code = prop::sample::select(vec![ErrorCode::Denied, ErrorCode::Busy, ErrorCode::BadAnswer]);
    let refusal = (NAME, any::<u32>(), code, ".{0,240}").prop_map(|(id, seq, code, message)| {
        (Parts::Refusal { id, seq, refusal: Refusal::new(code, message) }, Vec::new())
    });
    prop_oneof![piece, refusal]
}

pub(crate) fn presence() -> impl Strategy<Value = Presence> {
    let state = prop::sample::select(vec![State::Online, State::Offline]);
    (2..=255_u8, state, "[ -~]{0,20}", NAME, any::<u64>())
        .prop_map(|(v, state, agent, install, since)| Presence { v, state, agent, install, since })
}

/// Valid messages of every kind, most of them damaged, and noise.
pub(crate) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let valid = prop_oneof![
        3 => request().prop_map(|request| request.encode()),
        2 => frame_parts().prop_map(|(frame, body)| frame.with(&body).encode()),
        1 => presence().prop_map(|presence| presence.encode()),
        1 => (NAME, json()).prop_map(|(id, result)| format!(r#"{{"request":{{"id":"{id}"}},"result":{result}}}"#).into()),
        1 => (NAME, json(), json()).prop_map(|(id, a, b)| {
            format!(r#"{{"clientId":"{id}","v":2,"id":"{id}","controller":"c","action":"a","data":{a},"method":"POST","body":{{"form":{b}}}}}"#).into()
        }),
        1 => (NAME, json(), json()).prop_map(|(id, a, b)| format!(r#"{{"clientId":{a},"v":2,"id":"{id}","credit":{b}}}"#).into()),
        1 => site_and_client().prop_map(|(site, client)| site.response_topic(&client).into_bytes()),
    ];
    let damaged = (valid, vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..4)).prop_map(
        |(message, damage)| {
            damage.into_iter().fold(message, |mut message: Vec<u8>, (at, byte, how)| {
                let at = at.index(message.len() + 1);
                match (how, at < message.len()) {
                    (0, true) => message[at] = byte,
                    (1, true) => drop(message.remove(at)),
                    (2, true) => message.truncate(at),
                    _ => message.insert(at, byte),
                }
                message
            })
        },
    );
    let json_like = "[\\[\\]{}\":,a0-9.eE\\\\ -]{0,60}".prop_map(String::into_bytes);
    prop_oneof![6 => damaged, 1 => json_like, 1 => vec(any::<u8>(), 0..200)]
}
