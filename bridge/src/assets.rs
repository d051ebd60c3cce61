//! The web view as `make web` built it, inside the program: packed once when it was built, never while it runs.

use crate::{coding, error::Error};
use axum::{
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

/// Nothing but the view's own files, nothing inline, nothing from anywhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types vue";
/// A name with a hash in it never means anything else.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Asked for each time, and answered with 304 mostly.
const ASK_AGAIN: &str = "no-cache";

/// A file of the view, as it is and packed.
struct File {
    path: &'static str,
    kind: &'static str,
    etag: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

// `FILES`, sorted by path, as build.rs found them in web/dist.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// `GET /`: the page.
///
/// # Errors
/// [`Error::NotRelayed`] in a bridge that was built without the view.
pub async fn index(headers: HeaderMap) -> Result<Response, Error> {
    serve("index.html", ASK_AGAIN, &headers)
}

/// `GET /-/assets/<name>`: scripts and styles, whose names change with what is in them.
///
/// # Errors
/// [`Error::NotRelayed`] where there is none of that name.
pub async fn hashed(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    serve(&format!("assets/{name}"), FOR_EVER, &headers)
}

/// `GET /-/static/<name>`: icons and the manifest, whose names stay.
///
/// # Errors
/// [`Error::NotRelayed`] where there is none of that name.
pub async fn named(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    serve(&format!("static/{name}"), ASK_AGAIN, &headers)
}

fn serve(path: &str, caching: &'static str, headers: &HeaderMap) -> Result<Response, Error> {
    let at = FILES.binary_search_by_key(&path, |file| file.path).map_err(|_| Error::NotRelayed)?;
    let file = &FILES[at];
    let (encoding, body) = match (file.brotli, file.gzip) {
        (Some(bytes), _) if coding::takes(headers, "br") => (Some("br"), bytes),
        (_, Some(bytes)) if coding::takes(headers, "gzip") => (Some("gzip"), bytes),
        _ => (None, file.plain),
    };
    let known = has(headers, file.etag);
    let mut response = Response::new(Body::from(if known { &[] } else { body }));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let answer = response.headers_mut();
    let mut put = |name, value| answer.insert(name, HeaderValue::from_static(value));
    put(header::CACHE_CONTROL, caching);
    put(header::ETAG, file.etag);
    put(header::VARY, "accept-encoding");
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    if !known {
        put(header::CONTENT_TYPE, file.kind);
        if let Some(encoding) = encoding {
            put(header::CONTENT_ENCODING, encoding);
        }
    }
    Ok(response)
}

/// Whether `If-None-Match` names what there is. Ours are weak, since one stands for all packings of a file.
fn has(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).any(|one| one == etag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_only_files_that_are_here() {
        let page = FILES.iter().find(|file| file.path == "index.html").unwrap();
        let text = std::str::from_utf8(page.plain).unwrap();
        let names: Vec<&str> = text
            .split('"')
            .filter_map(|part| part.strip_prefix("/-/"))
            .filter(|name| name.starts_with("assets/") || name.starts_with("static/"))
            .collect();
        assert!(names.len() > 3, "{names:?}");
        for name in names {
            assert!(FILES.iter().any(|file| file.path == name), "{name}");
        }
    }

    #[test]
    fn scripts_and_styles_come_packed() {
        for file in FILES.iter().filter(|file| file.path.starts_with("assets/")) {
            let (gzip, brotli) = (file.gzip.unwrap().len(), file.brotli.unwrap().len());
            let pays = gzip < file.plain.len() && brotli <= gzip;
            assert!(pays || file.plain.len() < 200, "{}", file.path);
        }
    }
}
