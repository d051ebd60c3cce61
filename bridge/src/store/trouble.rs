//! Whether the database is away, told once.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Between two tries to reach it again.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// The same thing is not said again so soon.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Trouble with the database.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    away: AtomicBool,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// Why it is away, or what it refused.
    last: Option<(String, Instant)>,
    /// Whether the operator believes that it is away.
    away: bool,
}

impl Trouble {
    /// Whether it is known to be away.
    pub(super) fn is_there(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// What was last said about it, while it is away.
    pub(super) fn what(&self) -> Option<String> {
        self.is_there().then(|| self.said().last.as_ref().map(|(text, _)| text.clone()).unwrap_or_default())
    }

    /// It went away; true for the first who sees it.
    pub(super) fn begin(&self, text: &str) -> bool {
        let first = !self.away.swap(true, Ordering::Relaxed);
        if first {
            let mut said = self.said();
            said.away |= said.say(text, "the database does not answer");
        }
        first
    }

    /// It is still away, maybe for another reason: why it went tells more than how it comes back.
    pub(super) fn goes_on(&self, text: &str) {
        let mut said = self.said();
        let lately = said.last.as_ref().is_some_and(|(_, at)| at.elapsed() < SAY_AGAIN);
        if !lately {
            said.away |= said.say(text, "the database still does not answer");
        }
    }

    /// It is there, but could not do something.
    pub(super) fn mention(&self, text: &str) {
        self.said().say(text, "the database refuses");
    }

    /// It is there again.
    pub(super) fn end(&self) {
        self.away.store(false, Ordering::Relaxed);
        // If it goes away again for the same reason within a minute, neither is said.
        if std::mem::take(&mut self.said().away) {
            tracing::info!("the database answers again");
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    /// Says it, unless the same was said lately.
    fn say(&mut self, text: &str, what: &str) -> bool {
        let lately = self.last.as_ref().is_some_and(|(other, at)| other == text && at.elapsed() < SAY_AGAIN);
        if !lately {
            tracing::warn!("{what}: {text}");
            self.last = Some((text.to_owned(), Instant::now()));
        }
        !lately
    }
}

/// Whether SQLite has its file open for reading only, which a connection stays.
pub(super) fn is_read_only(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(8)
}

/// Whether nothing can be written, while reading may go on: SQLite's disk is full or read-only; PostgreSQL's is full, or it is
/// another one's copy.
pub(super) fn is_unwritable(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(8 | 13)) || matches!(code(error).as_deref(), Some("53100" | "25006"))
}

/// Whether SQLite may not open its file, or what it has beside it.
pub(super) fn is_closed_to_us(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(14)
}

/// Whether an error means that nothing else will work either.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) if is_unwritable(error) => false,
        sqlx::Error::Database(_) => {
            // PostgreSQL: connections (08), shutting down or starting (57P), too many (53). SQLite: input and output, damaged,
            // cannot be opened, no database at all.
            let postgresql = code(error).unwrap_or_default();
            ["08", "57P", "53"].iter().any(|class| postgresql.len() == 5 && postgresql.starts_with(class))
                || matches!(sqlite_code(error), Some(10 | 11 | 14 | 26))
        }
        sqlx::Error::RowNotFound | sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_) => false,
        _ => true,
    }
}

/// PostgreSQL's codes have five characters.
fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}

/// SQLite's have four digits at most; the last eight bits say what kind it is.
fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let code = code(error).filter(|code| code.len() < 5)?;
    code.parse().ok().map(|code: u32| code & 0xff)
}
