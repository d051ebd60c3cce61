//! Whether a browser sends a request on behalf of another site.

use axum::http::{HeaderMap, HeaderName, header};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request can be trusted to be meant: it comes from a page of this bridge, from the address bar, or
/// from no browser at all.
///
/// SameSite cookies already keep most forgeries out; what is left are other ports and subdomains of the same site.
pub fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let fetched_from_here = match text(SEC_FETCH_SITE) {
        Some(from) => matches!(from, "same-origin" | "none"),
        None => true,
    };
    let written_from_here = match text(header::ORIGIN) {
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.zip(text(header::HOST)).is_some_and(|(origin, host)| origin.eq_ignore_ascii_case(host))
        }
        None => true,
    };
    fetched_from_here && written_from_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_site_and_programs_are_trusted() {
        for (site, origin, own) in [
            (None, None, true),
            (Some("none"), None, true),
            (Some("same-origin"), Some("https://Home.example:8443"), true),
            (None, Some("http://home.example:8443"), true),
            (Some("same-site"), None, false),
            (Some("cross-site"), None, false),
            (Some("same-origin"), Some("https://evil.example"), false),
            (None, Some("https://home.example"), false),
            (None, Some("https://home.example:8443.evil.example"), false),
            (None, Some("null"), false),
            (Some(""), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", "home.example:8443".parse().unwrap());
            if let Some(site) = site {
                headers.insert("sec-fetch-site", site.parse().unwrap());
            }
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().unwrap());
            }
            assert_eq!(is_own(&headers), own, "{site:?} {origin:?}");
        }
    }
}
