//! Which encoding a caller takes.

use axum::http::{HeaderMap, header};

/// Whether `Accept-Encoding` (RFC 9110, 12.5.3) allows the encoding of that name, in lower case.
pub fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    let codings = lines.flat_map(|line| line.split(',')).filter_map(coding);
    let (mut wanted, mut any) = (None, None);
    for (name, allowed) in codings {
        if name == encoding {
            wanted = Some(allowed);
        } else if name == "*" {
            any = Some(allowed);
        }
    }
    wanted.or(any).unwrap_or(false)
}

/// A coding's name in lower case and whether its weight is more than nothing; `None` for what is malformed.
fn coding(text: &str) -> Option<(String, bool)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let weight = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    });
    Some((name, weight.unwrap_or(1.0) > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_and_wildcards_count() {
        for (accepts, taken) in [
            (vec!["zstd"], true),
            (vec!["gzip, deflate, br, zstd"], true),
            (vec!["gzip", "ZSTD;q=0.1"], true),
            (vec!["zstd ; Q = 0.5"], true),
            (vec!["*"], true),
            (vec!["*;q=0, zstd"], true),
            (vec!["zstd;q=0"], false),
            (vec!["zstd;q=0.000, *"], false),
            (vec!["*;q=0"], false),
            (vec!["zstd;q=high"], false),
            (vec!["gzip, zstandard"], false),
            (vec!["identity"], false),
            (vec![""], false),
            (vec![], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in &accepts {
                headers.append(header::ACCEPT_ENCODING, line.parse().unwrap());
            }
            assert_eq!(takes(&headers, "zstd"), taken, "{accepts:?}");
        }
    }
}
