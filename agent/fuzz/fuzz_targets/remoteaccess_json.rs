//! `remoteaccess.json`, as a web page wrote it: what is taken keeps its promises, and no secret stands in what is said of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_agent::config::Config;
use remoteaccess_protocol::{Endpoint, Rights};

/// Stands in passwords, and nowhere else by chance.
const MARK: &str = "c0ffee";

fuzz_target!(|text: &str| {
    let Ok(config) = Config::parse(text) else { return };
    assert!(config.broker.is_some() || !config.enabled);
    assert!(config.emoncms.url.starts_with("http"));
    for rights in [Rights::Read, Rights::Write] {
        assert!(config.emoncms.key(rights).expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    if let Some(broker) = &config.broker {
        assert!(broker.port != 0);
        assert!(broker.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)));
        let password = broker.password.expose();
        let told = || format!("{config:?}{:?}", config.remarks());
        assert!(!(password.contains(MARK) && text.matches(MARK).count() == 1 && told().contains(MARK)));
    }
    // Whatever the list says, these are nobody's.
    for path in ["admin/view", "user/auth", "feed/api", "config/get", "remoteaccess/config"] {
        let endpoint = Endpoint::parse(path).expect("this is one");
        assert!(config.access.check(&endpoint, Rights::Write).is_err());
    }
    let listed = Endpoint::parse("feed/list").expect("this is one");
    if config.access.check(&listed, Rights::Read).is_ok() {
        assert!(config.access.check(&listed, Rights::Write).is_ok(), "who may write may read");
        assert_eq!(
            config.access.check(&listed, Rights::Read),
            Ok(Rights::Read),
            "a reader gets the key for reading"
        );
    }
});
