//! A query and a body, on their way into a request: what is relayed has plain names only, and no key of the caller's.
#![no_main]

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::{caller, input};
use remoteaccess_protocol::{Params, limits, request};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    /// A body has only so much time to arrive.
    static CLOCK: Runtime = Builder::new_current_thread().enable_time().build().expect("there are threads");
}

fuzz_target!(|message: &[u8]| {
    let (kind, rest) = message.split_first().unwrap_or((&0, &[]));
    let (query, body) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &[][..]),
    };
    let read = || {
        let mut query = input::pairs(query).ok()?;
        let _key = caller::take_key(&mut query);
        let mut headers = HeaderMap::new();
        let kind = ["application/x-www-form-urlencoded", "application/json; charset=x", "text/plain"]
            [usize::from(*kind) % 3];
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let posted = input::posted(&headers, Body::from(body.to_vec()));
        let mut posted = CLOCK.with(|clock| clock.block_on(posted)).ok()?;
        let _key = posted.take_key();
        Some((query, posted))
    };
    if let Some((query, posted)) = read()
        && let Ok((params, body)) = input::for_v2(query, posted)
    {
        check(&params);
        if let Some(request::Body::Form(form)) = body {
            check(&form);
        }
    }
    if let Some((query, posted)) = read()
        && let Ok(params) = input::merged(query, posted)
    {
        check(&params);
    }
    if let Some((query, posted)) = read()
        && let Ok(params) = input::one_of(query, posted)
    {
        check(&params);
    }
});

fn check(params: &Params) {
    assert!(params.iter().count() <= limits::MAX_PARAMS);
    for (name, _) in params.iter() {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-[]".contains(&byte)), "{name:?}");
        let base = name.split('[').next().unwrap_or_default();
        let own = ["q", "apikey", "devicekey", "readkey", "embed", "_method"];
        assert!(own.iter().all(|own| !own.eq_ignore_ascii_case(base)), "{name:?}");
    }
}
