//! What a real emoncms makes of each request: a page before its own front page notes the route at the end of it.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What stands around emoncms' own front page, which runs unchanged.
const BEFORE: &str = r#"<?php
// What it says is sent when all is done, and so after the note.
ob_start();
register_shutdown_function(function () {
    global $route, $session;
    if (!is_object($route)) return;
    $line = array(
        'endpoint' => implode('/', array_filter(array($route->controller, $route->action, $route->subaction), 'strlen')),
        'format' => $route->format, 'method' => $route->method,
        'read' => !empty($session['read']), 'write' => !empty($session['write']), 'admin' => !empty($session['admin']),
    );
    file_put_contents('NOTES', json_encode($line)."\n", FILE_APPEND | LOCK_EX);
});
require 'front.php';
"#;

/// One request, as emoncms understood it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Routed {
    /// `controller/action[/subaction]`.
    pub endpoint: String,
    /// What stood behind the dot.
    pub format: String,
    /// The method that counts.
    pub method: String,
    /// Whether the key let it read.
    pub read: bool,
    /// Whether the key let it write.
    pub write: bool,
    /// Whether it is an administrator's session.
    pub admin: bool,
}

/// The notes.
#[derive(Debug)]
pub struct RoutesSeen {
    notes: PathBuf,
    read: usize,
}

impl RoutesSeen {
    /// Puts the page before the emoncms in `app`, which this program may change; notes go to `notes`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn put(app: &Path, notes: PathBuf) -> std::io::Result<Self> {
        std::fs::write(&notes, "")?;
        // PHP runs as another user.
        std::fs::set_permissions(&notes, std::os::unix::fs::PermissionsExt::from_mode(0o666))?;
        std::fs::rename(app.join("index.php"), app.join("front.php"))?;
        std::fs::write(app.join("index.php"), BEFORE.replace("NOTES", &notes.display().to_string()))?;
        Ok(Self { notes, read: 0 })
    }

    /// What came since the last time.
    pub fn news(&mut self) -> Vec<Routed> {
        let text = std::fs::read_to_string(&self.notes).expect("the notes are there");
        let all: Vec<_> = text.lines().collect();
        let new = all[self.read..].iter().map(|line| serde_json::from_str(line).expect("a note is JSON"));
        let new = new.collect();
        self.read = all.len();
        new
    }
}
