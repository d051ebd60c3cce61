//! A path: what is relayed is an endpoint of plain names, and none of those that never are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::target::Target;

fuzz_target!(|path: &str| {
    let Some(target) = Target::parse(path) else { return };
    assert!(!target.endpoint.is_never_relayed());
    let endpoint = target.endpoint.to_string();
    assert!(
        endpoint.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/".contains(&byte)),
        "{endpoint:?}"
    );
    assert!(path.contains(&endpoint), "it stands in the path as it is");
    let name = target.file_name(target.format.extension());
    assert!(!name.contains(['/', '"', '\\']) && name.is_ascii());
});
