//! What the bridge remembers: accounts, sessions, keys, homes, and what happened. SQLite or PostgreSQL, by its URL.
//!
//! One set of statements for both: `$1` parameters, whole numbers and texts only.

mod accounts;
mod audit;
mod backup;
mod cache;
mod cuts;
mod file;
mod homes;
mod identity;
mod keys;
mod pairings;
mod second_factor;
mod sessions;
#[cfg(test)]
mod tests;
mod trouble;
mod writes;

pub use accounts::{Account, NewAccount, Origin, fold};
pub use audit::{Event, Happened};
pub use cache::{Known, Via};
pub use file::sqlite_file;
pub use homes::{Credential, FIRST, Home, NewHome, new_nonce};
pub use keys::{Key, NewKey};
pub use sessions::{NewSession, Session};

use crate::error::Error;
use cache::Cache;
use file::File;
use remoteaccess_common::{Secret, random};
use sqlx::{
    Any, AnyPool, ConnectOptions, Executor, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{MigrateError, Migrator},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use trouble::Trouble;
use writes::Writes;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Connections to PostgreSQL; SQLite writes one after another anyhow.
const MAX_CONNECTIONS: u32 = 8;
/// Until a connection is there.
const SLOWEST_CONNECTION: Duration = Duration::from_secs(2);
/// For anything that is asked of the database.
const SLOWEST_ANSWER: Duration = Duration::from_secs(4);
/// Tries to bring the tables up to date where somebody else does so at the same time.
const MIGRATES_AGAIN: usize = 3;

/// The database. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: AnyPool,
    trouble: Trouble,
    writes: Writes,
    cache: Cache,
    at_work: watch::Sender<usize>,
    /// SQLite's.
    file: Option<Arc<File>>,
}

/// Why a database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL makes no sense.
    #[error("database.url does not serve: {0}")]
    Url(String),
    /// Its tables are not those that this program knows.
    #[error("the database was changed by another version of this program: {0}")]
    Version(String),
}

impl Store {
    /// Opens the database at `url` and brings its tables up to date. If it is not there, it is waited for: until then
    /// everything is refused.
    ///
    /// # Errors
    /// Where waiting would not help.
    pub async fn open(url: &Secret) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let store = Self::prepare(url.expose())?;
        let mut done = store.migrate().await;
        for _ in 0..MIGRATES_AGAIN {
            // Another program may be at it: SQLite has no lock for that.
            if !matches!(done, Err(MigrateError::ExecuteMigration(..))) {
                break;
            }
            sleep(trouble::PAUSE / 2).await;
            done = store.migrate().await;
        }
        if let Err(error) = done {
            store.check_version(&error)?;
            store.inner.trouble.begin(&store.told_of_migration(&error));
            store.recover();
        }
        Ok(store)
    }

    /// Says why the database is not there, if it is not.
    pub fn trouble(&self) -> Option<String> {
        self.inner.trouble.what()
    }

    /// How many things are being asked of the database.
    pub fn at_work(&self) -> watch::Receiver<usize> {
        self.inner.at_work.subscribe()
    }

    /// Ends its connections in good order.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }

    fn prepare(url: &str) -> Result<Self, OpenError> {
        let is_sqlite = url.starts_with("sqlite:");
        if !is_sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(OpenError::Url("it must begin with sqlite: or postgres:".into()));
        }
        let in_memory = is_sqlite && url.contains(":memory:");
        let file = sqlite_file(url).filter(|_| !in_memory).map(|path| Arc::new(File::new(path)));
        let url = match is_sqlite && !in_memory && !url.contains('?') {
            // It is made here and nowhere else: where a file is taken away, no empty one takes its place.
            true => format!("{url}?mode=rw"),
            false => url.to_owned(),
        };
        // Not the error's own text: it may quote the password.
        let options: AnyConnectOptions =
            url.parse().map_err(|_| OpenError::Url("its parts make no address".into()))?;
        let mut pool = AnyPoolOptions::new()
            .max_connections(if in_memory { 1 } else { MAX_CONNECTIONS })
            .acquire_timeout(SLOWEST_CONNECTION)
            .test_before_acquire(!is_sqlite);
        if is_sqlite {
            if let Some(file) = &file {
                let of_connection = Arc::clone(file);
                file.make();
                pool = pool.before_acquire(move |_, connection| {
                    let serves = of_connection.serves(connection.age);
                    Box::pin(async move { Ok(serves) })
                });
            }
            pool = pool.idle_timeout(None).max_lifetime(None).after_connect(|connection, _| {
                Box::pin(async move {
                    // Readers and a writer at once; a writer waits for another one, but not long.
                    let settings = "PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; \
                                    PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON";
                    connection.execute(settings).await.map(|_| ())
                })
            });
        }
        let pool = pool.connect_lazy_with(options.disable_statement_logging());
        let inner = Inner {
            pool,
            trouble: Trouble::default(),
            writes: Writes::default(),
            cache: Cache::default(),
            at_work: watch::Sender::new(0),
            file,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    async fn migrate(&self) -> Result<(), MigrateError> {
        if let Some(file) = &self.inner.file {
            file.make();
        }
        MIGRATIONS.run(&self.inner.pool).await?;
        self.name_it().await?;
        if let Some(file) = &self.inner.file {
            file.is_ready();
        }
        Ok(())
    }

    fn check_version(&self, error: &MigrateError) -> Result<(), OpenError> {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
                Err(OpenError::Version(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    fn told_of_migration(&self, error: &MigrateError) -> String {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => self.told(error),
            _ => error.to_string(),
        }
    }

    fn pool(&self) -> &AnyPool {
        &self.inner.pool
    }

    /// Does `work`, unless the database is known to be away.
    async fn run<T>(&self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Error> {
        if self.inner.trouble.is_there() {
            return Err(Error::Database);
        }
        let _working = Working::new(&self.inner.at_work);
        let error = match timeout(SLOWEST_ANSWER, work).await {
            Ok(Ok(done)) => return Ok(done),
            // This bridge is about to end: the database is none the worse.
            Ok(Err(sqlx::Error::PoolClosed)) => return Err(Error::Database),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        if let Some(file) = self.inner.file.as_ref().filter(|_| trouble::is_read_only(&error)) {
            file.open_anew();
        }
        if trouble::is_unwritable(&error) {
            self.inner.writes.have_failed();
            self.inner.trouble.mention(&self.told(&error));
            return Err(Error::Unwritable);
        }
        if !trouble::is_away(&error) {
            self.inner.trouble.mention(&error.to_string());
        } else if self.inner.trouble.begin(&self.told(&error)) {
            self.recover();
        }
        Err(Error::Database)
    }

    /// Tries until the database is there again; ends with the last clone of this.
    fn recover(&self) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            loop {
                sleep(trouble::PAUSE).await;
                let Some(inner) = inner.upgrade().filter(|inner| !inner.pool.is_closed()) else { return };
                let store = Self { inner };
                match timeout(SLOWEST_ANSWER, store.migrate()).await {
                    Ok(Ok(())) => return store.inner.trouble.end(),
                    Ok(Err(error)) => store.inner.trouble.goes_on(&store.told_of_migration(&error)),
                    Err(_) => {}
                }
            }
        });
    }
}

/// Counts as at work until dropped.
struct Working<'a>(&'a watch::Sender<usize>);

impl<'a> Working<'a> {
    fn new(at_work: &'a watch::Sender<usize>) -> Self {
        at_work.send_modify(|count| *count += 1);
        Self(at_work)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// A number for a new row: random, and exact in JavaScript.
fn new_id() -> i64 {
    const MASK: u64 = (1 << 53) - 1;
    let random = u64::from_ne_bytes(random::bytes()) & MASK;
    i64::try_from(random.max(1)).expect("53 bits fit")
}

pub(crate) fn now() -> i64 {
    i64::try_from(crate::clock::unix_now()).expect("there is time until the year 292 billion")
}

/// Ends a transaction: what it did counts, or nothing of it.
async fn settle(transaction: Transaction<'_, Any>, counts: bool) -> Result<bool, sqlx::Error> {
    if counts {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(counts)
}
