//! `bridge.toml`, as an operator wrote it: a fault is named with its line, and never quoted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use remoteaccess_bridge::Config;
use remoteaccess_bridge::config::ConfigError;

fuzz_target!(|text: &str| match Config::parse(text) {
    Ok(config) => {
        assert!(config.secret.expose().len() >= 32);
        assert!(!format!("{config:?}").contains(config.secret.expose()));
    }
    Err(ConfigError::Syntax { line, .. }) => assert!(line <= text.lines().count() + 1),
    Err(_) => {}
});
