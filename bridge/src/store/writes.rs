//! Whether the database can be written: a full disk lets it be read, and nobody sign in.

use super::{Store, now, trouble};
use crate::error::Error;
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Between two tries, however often it is asked for.
const EACH: Duration = Duration::from_secs(5);

/// What the last try said.
#[derive(Debug, Default)]
pub(super) struct Writes(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    at: Option<Instant>,
    failed: bool,
}

impl Writes {
    /// Somebody could not write.
    pub(super) fn have_failed(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Last { at: Some(Instant::now()), failed: true };
    }

    /// Whether it is time to try; who hears so is the only one.
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.at.is_none_or(|at| at.elapsed() >= EACH);
        if due {
            last.at = Some(Instant::now());
        }
        due
    }
}

impl Store {
    /// That the database can be written, as of the last try, a few seconds ago at most.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Unwritable`].
    pub async fn check_writes(&self) -> Result<(), Error> {
        let writes = &self.inner.writes;
        if writes.is_due() {
            let update = sqlx::query("UPDATE identity SET checked = $1 WHERE one = 1").bind(now());
            let done = self.run(update.execute(self.pool())).await.map(|_| ());
            writes.0.lock().unwrap_or_else(PoisonError::into_inner).failed = done == Err(Error::Unwritable);
            return done;
        }
        let failed = writes.0.lock().unwrap_or_else(PoisonError::into_inner).failed;
        if failed { Err(Error::Unwritable) } else { Ok(()) }
    }

    /// Why the database's files cannot be written, and what to do about it, where that can be seen.
    pub fn obstacle(&self) -> Option<String> {
        self.inner.file.as_ref().and_then(|file| obstacle(file.path()))
    }

    /// An error with what an operator can do about it.
    pub(super) fn told(&self, error: &sqlx::Error) -> String {
        // A connection that cannot be opened is tried for again, until there is no time any more.
        let is_closed = trouble::is_closed_to_us(error) || matches!(error, sqlx::Error::PoolTimedOut);
        match self.obstacle().filter(|_| is_closed || trouble::is_unwritable(error)) {
            Some(obstacle) => format!("{error}; {obstacle}"),
            None => error.to_string(),
        }
    }
}

/// Why SQLite cannot write `file`, or what it has beside it.
fn obstacle(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (what, which, error) = match (try_folder(folder), try_file(file)) {
        (Err(error), _) => ("folder", folder, error),
        (_, Err(error)) => ("file", file, error),
        _ => return None,
    };
    let (which, folder, user) = (which.display(), folder.display(), user());
    match error.kind() {
        // What is not there may come again.
        io::ErrorKind::NotFound => None,
        io::ErrorKind::PermissionDenied => Some(format!(
            "{user} may not write the {what} {which}: folder and files of the database have to belong to that user \
             (chown -R {user} {folder})"
        )),
        _ => Some(format!("{user} cannot write the {what} {which}: {error}")),
    }
}

fn try_file(file: &Path) -> io::Result<()> {
    match fs::OpenOptions::new().append(true).open(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// SQLite makes files beside its own.
fn try_folder(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".probe-{}", remoteaccess_common::random::hex_id::<8>()));
    fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    fs::remove_file(probe)
}

/// Who this program runs as.
fn user() -> String {
    let Ok(number) = fs::metadata("/proc/self").map(|own| own.uid().to_string()) else {
        return "the user of this program".to_owned();
    };
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = users.lines().find(|line| line.split(':').nth(2) == Some(&number));
    entry.and_then(|line| line.split(':').next()).map_or(number.clone(), str::to_owned)
}
