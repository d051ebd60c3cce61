//! A new server, set up by the command that operators use.

use remoteaccess_tests::binaries;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Output};

fn setup(root: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(binaries::path(binaries::BRIDGE));
    command.arg("setup").arg("--root").arg(root).args(more);
    command.output().expect("the bridge runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A configuration with no name at the broker.
const UNNAMED: &str = "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"localhost\"\n";
const TOML: &str = "etc/emoncms-remoteaccess/bridge.toml";
const SNIPPET: &str = "etc/mosquitto/conf.d/emoncms-remoteaccess.conf";
const SECURITY: &str = "var/lib/mosquitto/emoncms-remoteaccess/dynamic-security.json";
const DATABASE: &str = "var/lib/emoncms-remoteaccess-bridge/bridge.db";

#[test]
fn it_writes_what_is_missing_and_then_nothing_more() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let first = setup(root.path(), &[]);
    assert!(first.status.success(), "{}", said(&first));
    let read = |file: &str| fs::read_to_string(root.path().join(file)).expect(file);
    let files = [TOML, SNIPPET, SECURITY];
    let before = files.map(read);
    let database = fs::read(root.path().join(DATABASE)).expect("a database");
    assert!(database.starts_with(b"SQLite format 3"), "it has no tables");
    for (file, mode) in [(TOML, 0o640), (SECURITY, 0o600), (DATABASE, 0o600)] {
        let metadata = fs::metadata(root.path().join(file)).expect(file);
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{file}");
        assert!(said(&first).contains(file), "{}", said(&first));
    }
    // A password is neither told nor kept where it can be read.
    let password = before[0].lines().find_map(|line| line.strip_prefix("password = ")).expect("a password");
    assert!(
        !said(&first).contains(password.trim_matches('"')) && !before[2].contains(password.trim_matches('"'))
    );
    assert!(binaries_check(&root.path().join(TOML)), "the configuration does not serve");

    let second = setup(root.path(), &[]);
    assert!(second.status.success() && said(&second).contains("nothing was changed"), "{}", said(&second));
    assert_eq!(files.map(read), before);
}

#[test]
fn everything_belongs_to_who_has_to_use_it() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can give files away: not tested");
        return;
    }
    let root = tempfile::tempdir().expect("a temporary folder");
    let etc = root.path().join("etc");
    fs::create_dir_all(&etc).expect("a folder can be made");
    let users =
        "mosquitto:x:4101:4201::/:/bin/false\nemoncms-remoteaccess-bridge:x:4102:4202::/:/bin/false\n";
    let groups = "mosquitto:x:4201:\nemoncms-remoteaccess-bridge:x:4202:\n";
    fs::write(etc.join("passwd"), users).expect("a file can be written");
    fs::write(etc.join("group"), groups).expect("a file can be written");
    let owner = |file: &str| {
        let metadata = fs::metadata(root.path().join(file)).expect(file);
        (metadata.uid(), metadata.gid(), metadata.mode() & 0o777)
    };
    assert!(setup(root.path(), &[]).status.success());
    for (file, right) in [
        (TOML, (0, 4202, 0o640)),
        (SECURITY, (4101, 4201, 0o600)),
        ("var/lib/mosquitto/emoncms-remoteaccess", (4101, 4201, 0o700)),
        (DATABASE, (4102, 4202, 0o600)),
        ("var/lib/emoncms-remoteaccess-bridge", (4102, 4202, 0o700)),
    ] {
        assert_eq!(owner(file), right, "{file}");
    }
    // A database that root has made, by adding an account before, is given to the bridge.
    chown(root.path().join(DATABASE), Some(0), Some(0)).expect("root may");
    let again = setup(root.path(), &[]);
    assert!(again.status.success() && said(&again).contains("given to the bridge"), "{}", said(&again));
    assert_eq!(owner(DATABASE), (4102, 4202, 0o600));
    // Not so what only leads to a file, maybe one of somebody else's.
    let elsewhere = root.path().join("elsewhere.db");
    fs::rename(root.path().join(DATABASE), &elsewhere).expect("it can be moved");
    chown(&elsewhere, Some(0), Some(0)).expect("root may");
    symlink(&elsewhere, root.path().join(DATABASE)).expect("a link can be made");
    assert!(setup(root.path(), &[]).status.success());
    assert_eq!(owner("elsewhere.db").0, 0);
}

#[test]
fn it_refuses_what_contradicts_and_leaves_it_alone() {
    for (file, content, words) in [
        ("etc/mosquitto/mosquitto.conf", "per_listener_settings true\n", "mosquitto.conf:1"),
        ("etc/mosquitto/conf.d/other.conf", "\nplugin /usr/lib/other.so\n", "other.conf:2"),
        ("etc/mosquitto/conf.d/local.conf", "listener 1883\n", "the bridge's listener"),
        (SNIPPET, "persistence true\n", "move it away"),
        (TOML, "[broker]\nhost = \"localhost\"\n", "secret is missing"),
        (TOML, UNNAMED, "broker.password"),
        (TOML, "[brokr]\n", "does not serve"),
        (SECURITY, "{\"clients\": []}", "does not let the bridge in"),
        (SECURITY, "{", "damaged"),
    ] {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(&path, content).expect("a file can be written");
        let output = setup(root.path(), &[]);
        assert!(!output.status.success() && said(&output).contains(words), "{file}: {}", said(&output));
        assert_eq!(fs::read_to_string(&path).expect(file), content);
        let others = [TOML, SNIPPET, SECURITY, DATABASE].iter().filter(|other| **other != file);
        assert!(
            others.into_iter().all(|other| !root.path().join(other).exists()),
            "{file}: something was written"
        );
    }
}

#[test]
fn it_brings_the_certificate_where_the_broker_can_read_it() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let certificates = remoteaccess_tests::certs::make(root.path(), &remoteaccess_tests::certs::LOCAL);
    let (certificate, key) =
        (certificates.certificate.display().to_string(), certificates.key.display().to_string());
    let output = setup(root.path(), &["--certificate", &certificate, "--key", &key]);
    assert!(output.status.success(), "{}", said(&output));
    let copy = root.path().join("etc/mosquitto/certs/emoncms-remoteaccess.key");
    assert_eq!(fs::read(&copy).expect("a key"), fs::read(&certificates.key).expect("a key"));
    assert_eq!(fs::metadata(copy).expect("a key").permissions().mode() & 0o777, 0o600);
    let again = setup(root.path(), &["--certificate", &certificate, "--key", &key]);
    assert!(said(&again).contains("nothing was changed"), "{}", said(&again));
    assert!(!setup(root.path(), &["--certificate", &key, "--key", &certificate]).status.success());
}

fn binaries_check(config: &Path) -> bool {
    let checked = Command::new(binaries::path(binaries::BRIDGE)).arg("--check").arg(config).status();
    checked.is_ok_and(|status| status.success())
}
