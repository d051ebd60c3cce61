//! Parameters hold plain names only, each once, whether they come from JSON or from a query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_protocol::{Params, limits};
use std::collections::BTreeSet;

fuzz_target!(|message: &str| {
    if let Ok(json) = serde_json::from_str(message) {
        check(Params::from_json(&json).ok());
    }
    let pairs = message.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    check(Params::from_pairs(pairs).ok());
});

fn check(params: Option<Params>) {
    let Some(params) = params else { return };
    let mut seen = BTreeSet::new();
    for (name, _) in params.iter() {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-[]".contains(&b)), "{name:?}");
        assert!(!name.starts_with('[') && !name.contains("[]") && !name.contains("[["), "{name:?}");
        assert_eq!(name.contains('['), name.ends_with(']'), "{name:?}");
        assert!(name.matches('[').count() <= limits::MAX_PARAM_DEPTH, "{name:?}");
        assert!(seen.insert(name.to_owned()), "{name:?} twice");
    }
    assert!(seen.len() <= limits::MAX_PARAMS);
    for own in ["q", "apikey", "devicekey", "readkey", "embed", "_method"] {
        assert!(seen.iter().all(|name| !name.eq_ignore_ascii_case(own)));
    }
}
