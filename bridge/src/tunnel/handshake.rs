//! How a connection of HTTP becomes a WebSocket: RFC 6455, section 4.2.

use crate::{error::Error, origin};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts},
    response::Response,
};
use tungstenite::handshake::derive_accept_key;

/// What MQTT calls itself there: MQTT 3.1.1, section 6.
const PROTOCOL: &str = "mqtt";
/// 16 bytes in Base64.
const KEY_LENGTH: usize = 24;

pub(super) const NO_WEBSOCKET: Error = Error::UpgradeRequired("this address is for MQTT over WebSocket");

/// The answer to who asks for a WebSocket with MQTT inside.
pub(super) fn accept(head: &Parts) -> Result<Response, Error> {
    let headers = &head.headers;
    let is_upgrade = head.method == Method::GET
        && head.version == Version::HTTP_11
        && has_word(headers, header::CONNECTION, "upgrade")
        && has_word(headers, header::UPGRADE, "websocket");
    if !is_upgrade {
        return Err(NO_WEBSOCKET);
    }
    // Whoever visits a page of somebody else's need not lend him his address.
    if !origin::is_own(headers) {
        return Err(Error::Unauthorized("MQTT over WebSocket is not for pages of other sites"));
    }
    if !has_word(headers, header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(Error::UpgradeRequired("this address speaks version 13 of WebSocket"));
    }
    if !has_word(headers, header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(Error::BadRequest("Sec-WebSocket-Protocol has to offer mqtt".into()));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key
        .filter(|key| key.len() == KEY_LENGTH)
        .ok_or_else(|| Error::BadRequest("Sec-WebSocket-Key has to be 16 bytes in Base64".into()))?;
    let accepted = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL)
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key));
    Ok(accepted.body(Body::empty()).expect("all of these are headers"))
}

/// Whether a list of words has this one, whatever its case.
fn has_word(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|each| each.trim().eq_ignore_ascii_case(word))
}
