//! From what came home to an HTTP answer.

use crate::{
    error::Error,
    flow::{Flow, Whole},
    pending::Piece,
    target::Target,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use remoteaccess_protocol::{Format, Start};

/// What the answer depends on beside what came from home.
#[derive(Debug)]
pub struct Asked {
    /// What was asked for.
    pub target: Target,
    /// Whether the caller takes zstd.
    pub takes_zstd: bool,
    /// Whether the caller has an answer already, and asked whether it still holds.
    pub has_etag: bool,
    /// Whether the caller can tell a broken transfer from a complete one of unknown length.
    pub tells_breaks: bool,
}

/// Builds the answer that begins with `first`; the rest comes through `flow`.
///
/// # Errors
/// Where the first piece is no beginning of an answer that the caller can get.
pub fn build(asked: &Asked, first: Piece, mut flow: Flow) -> Result<Response, Error> {
    let start = first.start.ok_or(Error::BadAnswer("it has no beginning"))?;
    let status = StatusCode::from_u16(start.status).map_err(|_| Error::BadAnswer("it has no status"))?;
    if !is_final(status) {
        return Err(Error::BadAnswer("its status is none that an API answers with"));
    }
    if has_no_body(status) {
        if !first.last || (status == StatusCode::NOT_MODIFIED && !asked.has_etag) {
            return Err(Error::BadAnswer("an empty answer that was not asked for"));
        }
        return Ok(with_head(asked, &start, status, false, Body::empty()));
    }
    let passed_on = start.zstd && asked.takes_zstd;
    let body = match flow.begin(first.body, first.last, start.zstd && !passed_on) {
        Ok(Whole::Complete(bytes)) => Body::from(bytes),
        Ok(Whole::Streamed) if asked.tells_breaks => flow.into_body()?,
        Ok(Whole::Streamed) => {
            return Err(Error::BadRequest(
                "this answer is too large for HTTP/1.0, which cannot tell whether it arrived whole; use HTTP/1.1"
                    .into(),
            ));
        }
        Err(_) => return Err(Error::BadAnswer("its compression is damaged")),
    };
    Ok(with_head(asked, &start, status, passed_on, body))
}

/// Interim answers and redirects are for the agent to follow, and others do not exist.
fn is_final(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200..=299 | 304 | 400..=599)
}

fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

fn with_head(asked: &Asked, start: &Start, status: StatusCode, zstd: bool, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // Whatever a home sends must not become a page of this bridge.
    set(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'");
    set(headers, header::CACHE_CONTROL, "private, no-cache");
    set(headers, header::VARY, "Accept-Encoding, Cookie, Authorization");
    if zstd {
        set(headers, header::CONTENT_ENCODING, "zstd");
    }
    if let Some(etag) = start.etag.as_deref().and_then(|etag| HeaderValue::from_str(etag).ok()) {
        headers.insert(header::ETAG, etag);
    }
    if status == StatusCode::NOT_MODIFIED {
        return response;
    }
    let (essence, content_type) = content_type(start.content_type.as_deref().unwrap_or_default());
    headers.insert(header::CONTENT_TYPE, content_type);
    if let Some(extension) = file_extension(essence, &asked.target) {
        let disposition = format!("attachment; filename=\"{}\"", asked.target.file_name(extension));
        let disposition = HeaderValue::try_from(disposition).expect("names are letters, digits, _ and -");
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

const BYTES: &str = "application/octet-stream";

/// The types that pass, and what becomes of the others: nothing that a browser would show or run.
fn content_type(given: &str) -> (&'static str, HeaderValue) {
    let (essence, parameters) = given.split_once(';').unwrap_or((given, ""));
    let essence = match essence.trim().to_ascii_lowercase().as_str() {
        "application/json" => "application/json",
        "text/csv" => "text/csv",
        "text/plain" | "text/html" => "text/plain",
        _ => BYTES,
    };
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let fine = (1..=20).contains(&value.len())
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (name.trim().eq_ignore_ascii_case("charset") && fine).then_some(value)
    });
    let full =
        charset.and_then(|charset| HeaderValue::try_from(format!("{essence}; charset={charset}")).ok());
    (essence, full.unwrap_or(HeaderValue::from_static(essence)))
}

/// What an answer to be saved is called; `None` where it is to be looked at.
fn file_extension(essence: &str, target: &Target) -> Option<&'static str> {
    let is_csv = target.format == Format::Csv || target.endpoint.action.starts_with("csv");
    match essence {
        "text/csv" => Some("csv"),
        BYTES if is_csv => Some("csv"),
        BYTES => Some("bin"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_types_pass() {
        for (given, passed) in [
            ("application/json", "application/json"),
            ("Application/JSON; charset=UTF-8", "application/json; charset=UTF-8"),
            ("text/csv;charset=\"utf-8\"", "text/csv; charset=utf-8"),
            ("text/plain", "text/plain"),
            ("text/html; charset=utf-8", "text/plain; charset=utf-8"),
            ("application/octet-stream", BYTES),
            ("image/svg+xml", BYTES),
            ("application/javascript", BYTES),
            ("application/json, text/html", BYTES),
            ("text/plain; charset=x\r\nSet-Cookie: a=b", "text/plain"),
            ("", BYTES),
        ] {
            assert_eq!(content_type(given).1, passed, "{given}");
        }
    }

    #[test]
    fn files_are_called_after_what_was_asked() {
        for (path, essence, name) in [
            ("/feed/csvexport.json", BYTES, Some("feed-csvexport.csv")),
            ("/feed/data.csv", "text/csv", Some("feed-data.csv")),
            ("/feed/export", BYTES, Some("feed-export.bin")),
            ("/feed/list.json", "application/json", None),
        ] {
            let target = Target::parse(path).unwrap();
            let named = file_extension(essence, &target).map(|extension| target.file_name(extension));
            assert_eq!(named.as_deref(), name, "{path}");
        }
    }
}
