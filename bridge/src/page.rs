//! The plain page: signs in and shows the feeds.

use crate::error::Error;
use axum::{
    extract::Path,
    http::{HeaderName, header},
    response::IntoResponse,
};

/// Nothing but the page's own files, nothing inline.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// `GET /`
pub async fn index() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("page/index.html"))
}

/// `GET /-/assets/<name>`
pub async fn asset(Path(name): Path<String>) -> Result<impl IntoResponse, Error> {
    match name.as_str() {
        "icon.svg" => Ok(file("image/svg+xml", include_str!("page/icon.svg"))),
        "page.css" => Ok(file("text/css; charset=utf-8", include_str!("page/page.css"))),
        "page.js" => Ok(file("text/javascript; charset=utf-8", include_str!("page/page.js"))),
        "words.js" => Ok(file("text/javascript; charset=utf-8", include_str!("page/words.js"))),
        _ => Err(Error::NotRelayed),
    }
}

fn file(content_type: &'static str, text: &'static str) -> ([(HeaderName, &'static str); 3], &'static str) {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
