//! `remoteaccess-bridge --check`: what an operator is told of a configuration.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

const PLAIN: &str = "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"localhost\"\n";

/// What is said of `lines` before everything else and `more` after it.
fn told(lines: &str, more: &str, mode: u32) -> Vec<String> {
    let name = format!("remoteaccess-check-{}.toml", remoteaccess_common::random::hex_id::<8>());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, format!("{lines}\n{PLAIN}{more}")).expect("the temporary folder is writable");
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is one's own");
    let checked = Command::new(env!("CARGO_BIN_EXE_remoteaccess-bridge")).arg("--check").arg(&file).output();
    fs::remove_file(&file).expect("it is there");
    let checked = checked.expect("the bridge runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    said.lines().filter_map(|line| line.strip_prefix("but: ")).map(str::to_owned).collect()
}

#[test]
fn nothing_is_said_of_what_is_meant_as_it_is() {
    for (lines, more) in [
        ("", ""),
        ("trusted_proxies = [\"127.0.0.1\", \"::1\", \"10.0.0.0/8\", \"fc00::/7\", \"2606:4700::/32\"]", ""),
        ("https = false", ""),
    ] {
        assert_eq!(told(lines, more, 0o600), [""; 0], "{lines}");
    }
}

#[test]
fn what_works_otherwise_than_somebody_may_think_is_told() {
    for (lines, more, mode, words) in [
        ("", "", 0o644, "can be read by everybody"),
        ("https = false\nlisten = \"[::]:8080\"", "", 0o600, "passwords travel unencrypted"),
        ("listen = \"0.0.0.0:8080\"", "", 0o600, "without [tls]"),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "", 0o600, "trusted_proxies has 0.0.0.0/0"),
        ("trusted_proxies = [\"127.0.0.1\", \"128.0.0.0/1\"]", "", 0o600, "trusted_proxies has 128.0.0.0/1"),
        ("trusted_proxies = [\"::/0\"]", "", 0o600, "trusted_proxies has ::/0"),
        ("trusted_proxies = [\"2000::/3\"]", "", 0o600, "trusted_proxies has 2000::/3"),
        ("", "[metrics]\nlisten = \"0.0.0.0:9180\"\n", 0o600, "metrics on 0.0.0.0:9180"),
        ("", "tls = true\n", 0o600, "broker.port is 8883"),
        ("", "port = 1883\nhomes_port = 1883\n", 0o600, "broker.port is 1883"),
        ("", "websocket_port = 1883\n", 0o600, "broker.websocket_port is 1883, the bridges' own"),
        ("", "websocket_port = 8883\n", 0o600, "broker.websocket_port is 8883, where homes connect with TLS"),
    ] {
        let told = told(lines, more, mode);
        assert!(matches!(&told[..], [one] if one.contains(words)), "{lines}{more}: {told:?}");
    }
}
