//! SQLite's file: who it belongs to, and whether it is still the one that is open.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Where SQLite has the database.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    /// Which file there is: its device and its number there.
    which: Option<(u64, u64)>,
    /// Connections that are older have another one open, or the same one for reading only.
    since: Instant,
    /// Whether it has had its tables: from then on it is not made anew.
    ready: bool,
}

impl File {
    /// The file at `path`, which need not be there yet.
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let seen = Seen { which: which(&path), since: Instant::now(), ready: false };
        Self { path, seen: Mutex::new(seen) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it where it never was. What goes wrong shows when it is opened.
    pub(super) fn make(&self) {
        if !self.seen().ready {
            make_private(&self.path).ok();
        }
    }

    /// It has its tables.
    pub(super) fn is_ready(&self) {
        self.seen().ready = true;
    }

    /// Whether a connection of this age has the file open that is there now.
    pub(super) fn serves(&self, age: Duration) -> bool {
        let (now, which) = (Instant::now(), which(&self.path));
        let mut seen = self.seen();
        if seen.which != which {
            (seen.which, seen.since) = (which, now);
        }
        which.is_some() && now.checked_sub(age).is_some_and(|opened| opened >= seen.since)
    }

    /// Lets all connections be made anew.
    pub(super) fn open_anew(&self) {
        self.seen().since = Instant::now();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that a URL names, if it names one.
pub fn sqlite_file(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then_some(path)
}

/// Makes a file, if it is not there, that nobody else can read. Made by root, it belongs to whom its folder belongs
/// to: the service, which could not write it otherwise.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let made = fs::OpenOptions::new().append(true).create_new(true).mode(0o600).open(path);
    let file = match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::metadata(folder.unwrap_or(Path::new(".")))?;
    if folder.uid() != file.metadata()?.uid() {
        // Only root may; for others it is theirs already.
        fchown(&file, Some(folder.uid()), Some(folder.gid())).ok();
    }
    Ok(())
}

fn which(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}
