//! `remoteaccess-bridge --check`: what it says of the files that a configuration names.

use remoteaccess_tests::{binaries, certs};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Whether it is fine, and what is said.
fn check(folder: &Path, lines: &str) -> (bool, String) {
    let config = folder.join("bridge.toml");
    fs::write(&config, format!("listen = \"0.0.0.0:443\"\nsecret = \"{SECRET}\"\n{lines}"))
        .expect("the folder is writable");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).expect("it is one's own");
    let output = Command::new(binaries::path(binaries::BRIDGE)).arg("--check").arg(config).output();
    let output = output.expect("the bridge runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn lines(certificate: &Path, key: &Path, ca: &Path) -> String {
    format!(
        "[broker]\nhost = \"localhost\"\nport = 1884\ntls = true\nca_file = {ca:?}\n\
         [tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
    )
}

#[test]
fn files_that_serve_are_no_matter_and_those_that_do_not_are_told() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let another = tempfile::tempdir().expect("the temporary folder is writable");
    let files = certs::make(folder.path(), &certs::LOCAL);
    let another = certs::make(another.path(), &certs::LOCAL);
    let (certificate, key, ca) = (&files.certificate, &files.key, &files.ca);
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    fs::write(&empty, "").expect("the folder is writable");

    let (fine, said) = check(folder.path(), &lines(certificate, key, ca));
    assert!(fine && !said.contains("but:"), "{said}");
    for (lines, words) in [
        (lines(&missing, key, ca), "[tls]: ~/missing.pem cannot be read: No such file"),
        (lines(certificate, &missing, ca), "[tls]: ~/missing.pem cannot be read: No such file"),
        (lines(&empty, key, ca), "[tls]: there is no certificate in ~/empty.pem"),
        (lines(certificate, &empty, ca), "[tls]: ~/empty.pem cannot be used as a key"),
        (lines(certificate, &another.key, ca), "do not go together"),
        (lines(certificate, key, &missing), "broker.ca_file: ~/missing.pem cannot be read: No such file"),
        (lines(certificate, key, &empty), "broker.ca_file: there is no certificate in ~/empty.pem"),
    ] {
        let (fine, said) = check(folder.path(), &lines);
        let words = words.replace('~', &folder.path().display().to_string());
        assert!(!fine && said.contains("does not serve") && said.contains(&words), "{words}: {said}");
    }
}
