//! What happened to accounts.

use super::{Store, new_id, now};
use crate::error::Error;
use sqlx::{Row, any::AnyRow};

/// How long it is kept.
const KEPT_SECONDS: i64 = 400 * 24 * 3600;

/// What is to be remembered.
#[derive(Clone, Debug, Default)]
pub struct Event<'a> {
    /// The account's number, where there is such an account.
    pub account_id: Option<i64>,
    /// The account's name, or what was given for one.
    pub account: &'a str,
    /// What happened: `sign-in`, `sign-in-refused`, `key-made` …
    pub kind: &'a str,
    /// From where; `command line` for this machine's operator.
    pub address: &'a str,
    /// What else there is to know; nothing secret.
    pub detail: &'a str,
}

/// What happened, and when.
#[derive(Clone, Debug)]
pub struct Happened {
    /// In seconds since 1970.
    pub at: i64,
    /// The account's name.
    pub account: String,
    /// What happened.
    pub kind: String,
    /// From where.
    pub address: String,
    /// What else there is to know.
    pub detail: String,
}

impl Store {
    /// Remembers that something happened.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn note(&self, event: &Event<'_>) -> Result<(), Error> {
        let insert = "INSERT INTO audit (id, at, account_id, account, kind, address, detail) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let insert =
            sqlx::query(insert).bind(new_id()).bind(now()).bind(event.account_id).bind(event.account);
        let insert = insert.bind(event.kind).bind(event.address).bind(event.detail);
        self.run(insert.execute(self.pool())).await.map(|_| ())
    }

    /// What happened to one account, or to all and to those that do not exist; the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn events(&self, account_id: Option<i64>, limit: i64) -> Result<Vec<Happened>, Error> {
        let which = if account_id.is_some() { "WHERE account_id = $1" } else { "WHERE $1 = 0" };
        let query = format!(
            "SELECT at, account, kind, address, detail FROM audit {which} ORDER BY at DESC, id LIMIT $2"
        );
        let query = sqlx::query(&query).bind(account_id.unwrap_or_default()).bind(limit);
        let rows = self.run(query.fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// Forgets what is too old, of events, sessions and pairing codes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn prune(&self) -> Result<(), Error> {
        self.prune_before(now() - KEPT_SECONDS).await
    }

    pub(super) async fn prune_before(&self, oldest: i64) -> Result<(), Error> {
        let now = now();
        let done = self.run(async {
            sqlx::query("DELETE FROM audit WHERE at < $1").bind(oldest).execute(self.pool()).await?;
            sqlx::query("DELETE FROM session WHERE expires <= $1").bind(now).execute(self.pool()).await?;
            sqlx::query("DELETE FROM pairing WHERE expires <= $1").bind(now).execute(self.pool()).await
        });
        done.await.map(|_| ())
    }
}

fn read(row: &AnyRow) -> Result<Happened, sqlx::Error> {
    Ok(Happened {
        at: row.try_get("at")?,
        account: row.try_get("account")?,
        kind: row.try_get("kind")?,
        address: row.try_get("address")?,
        detail: row.try_get("detail")?,
    })
}
