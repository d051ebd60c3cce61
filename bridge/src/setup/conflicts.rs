//! What else is in Mosquitto's configuration that ours would not get on with.

use super::{files::Root, mosquitto::SNIPPET};
use anyhow::{Result, bail};
use std::path::PathBuf;

/// Lines that contradict ours, and why.
const CONFLICTS: &[(&str, &str)] = &[
    ("per_listener_settings true", "homes and bridge must be told apart in one way on all listeners"),
    ("plugin", "the plugin must be loaded only once, with the file that the bridge knows"),
    ("auth_plugin", "who may connect would be decided twice"),
    ("password_file", "its accounts would get in besides the homes"),
    ("acl_file", "its rights would add to the homes'"),
    ("allow_anonymous true", "everybody could connect"),
    ("listener 1883", "the bridge's listener is there"),
    ("port 1883", "the bridge's listener is there"),
    ("listener 1884", "the listener for homes that come by WebSocket is there"),
    ("listener 8883", "the homes' listener is there"),
];

/// Looks at all files but our own.
pub(super) fn check(root: &Root) -> Result<()> {
    let mut found = Vec::new();
    for file in files(root) {
        let Some(text) = super::read(&file)? else { continue };
        for (line, number) in text.lines().zip(1..) {
            if let Some((_, why)) = CONFLICTS.iter().find(|(conflict, _)| is(line, conflict)) {
                found.push(format!("  {}:{number}: {}\n    {why}", file.display(), line.trim()));
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    bail!(
        "Mosquitto has settings that do not go with remote access:\n{}\nTake these lines out (or use a machine of its \
         own for remote access), and run setup again. Nothing was changed.",
        found.join("\n")
    );
}

fn files(root: &Root) -> Vec<PathBuf> {
    let mut files = vec![root.path("/etc/mosquitto/mosquitto.conf")];
    let folder = std::fs::read_dir(root.path("/etc/mosquitto/conf.d"));
    let more = folder.into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = root.path(SNIPPET);
    files.extend(more.filter(|path| path.extension().is_some_and(|e| e == "conf") && *path != ours));
    files.sort();
    files
}

/// Whether a line says this, whatever else it says after it.
fn is(line: &str, conflict: &str) -> bool {
    let mut words = line.split_whitespace();
    conflict.split(' ').all(|wanted| words.next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn a_setting_counts_and_a_remark_does_not() {
        for (line, conflict, counts) in [
            ("plugin /usr/lib/x.so", "plugin", true),
            ("  listener\t1883 0.0.0.0", "listener 1883", true),
            ("# plugin /usr/lib/x.so", "plugin", false),
            ("plugin_opt_x 1", "plugin", false),
            ("listener 18830", "listener 1883", false),
            ("per_listener_settings false", "per_listener_settings true", false),
        ] {
            assert_eq!(is(line, conflict), counts, "{line}");
        }
    }
}
