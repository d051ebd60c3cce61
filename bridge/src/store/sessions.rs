//! Who signed in, with which browser.

use super::{Store, Via, accounts, new_id, now};
use crate::error::Error;
use sqlx::{Row, any::AnyRow};

/// Of one account; the one that was not used for longest makes room.
const MAX_SESSIONS: i64 = 64;

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Since when.
    pub created: i64,
    /// When it last asked, give or take ten minutes.
    pub seen: i64,
    /// Until when.
    pub expires: i64,
    /// From where it signed in.
    pub address: String,
    /// What it calls itself.
    pub agent: String,
}

/// What is to become a session.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Of the cookie's value.
    pub hash: &'a str,
    /// Whose.
    pub account: i64,
    /// How long it lasts unless it is used, in seconds.
    pub lasts: i64,
    /// From where.
    pub address: &'a str,
    /// What the browser calls itself.
    pub agent: &'a str,
}

impl Store {
    /// Makes a session, and forgets those that expired or are too many. Gives its number.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_session(&self, new: &NewSession<'_>) -> Result<i64, Error> {
        let (id, now) = (new_id(), now());
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let insert = "INSERT INTO session (hash, id, account_id, created, seen, expires, address, agent) \
                          VALUES ($1, $2, $3, $4, $4, $5, $6, $7)";
            let insert = sqlx::query(insert).bind(new.hash).bind(id).bind(new.account).bind(now);
            let insert = insert.bind(now + new.lasts).bind(new.address).bind(new.agent);
            insert.execute(&mut *transaction).await?;
            let expired = sqlx::query("DELETE FROM session WHERE expires <= $1").bind(now);
            expired.execute(&mut *transaction).await?;
            let oldest = "DELETE FROM session WHERE account_id = $1 AND id NOT IN (SELECT id FROM session \
                          WHERE account_id = $1 ORDER BY (CASE WHEN id = $2 THEN 1 ELSE 0 END) DESC, \
                          seen DESC, id LIMIT $3)";
            let oldest = sqlx::query(oldest).bind(new.account).bind(id).bind(MAX_SESSIONS);
            oldest.execute(&mut *transaction).await?;
            transaction.commit().await
        });
        done.await.map(|()| id)
    }

    /// The sessions of an account, the last used first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn sessions(&self, account: i64) -> Result<Vec<Session>, Error> {
        let query = "SELECT id, created, seen, expires, address, agent FROM session \
                     WHERE account_id = $1 AND expires > $2 ORDER BY seen DESC, id LIMIT 64";
        let query = sqlx::query(query).bind(account).bind(now());
        let rows = self.run(query.fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// A session was used: it lasts longer.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn prolong_session(&self, id: i64, lasts: i64) -> Result<(), Error> {
        let now = now();
        let update = sqlx::query("UPDATE session SET seen = $1, expires = $2 WHERE id = $3");
        self.run(update.bind(now).bind(now + lasts).bind(id).execute(self.pool())).await.map(|_| ())
    }

    /// Ends one session of an account; false where there is no such one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_session(&self, account: i64, id: i64) -> Result<bool, Error> {
        let delete =
            sqlx::query("DELETE FROM session WHERE account_id = $1 AND id = $2").bind(account).bind(id);
        let done = self.run(delete.execute(self.pool())).await?;
        self.has_ended(account);
        Ok(done.rows_affected() == 1)
    }

    /// Ends all sessions of an account but `kept`; tells how many.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn end_sessions(&self, account: i64, kept: Option<i64>) -> Result<u64, Error> {
        let delete = sqlx::query("DELETE FROM session WHERE account_id = $1 AND id <> $2");
        let delete = delete.bind(account).bind(kept.unwrap_or_default());
        let done = self.run(delete.execute(self.pool())).await?;
        self.has_ended(account);
        Ok(done.rows_affected())
    }

    /// Whose session has this hash, and when it was last used.
    pub(super) async fn find_session(&self, hash: &str) -> Result<Option<(accounts::Account, Via)>, Error> {
        let query = format!(
            "SELECT session.id, session.created, session.seen, session.expires, {} FROM session JOIN account ON account.id = \
             session.account_id WHERE session.hash = $1 AND session.expires > $2 AND account.disabled = 0",
            accounts::COLUMNS
        );
        let query = sqlx::query(&query).bind(hash).bind(now());
        let found = self.run(query.fetch_optional(self.pool())).await?;
        self.read(found.as_ref().map(|row| {
            let via = Via::Session {
                id: row.try_get("id")?,
                created: row.try_get("created")?,
                seen: row.try_get("seen")?,
                expires: row.try_get("expires")?,
            };
            Ok((accounts::read(row)?, via))
        }))
    }
}

fn read(row: &AnyRow) -> Result<Session, sqlx::Error> {
    Ok(Session {
        id: row.try_get("id")?,
        created: row.try_get("created")?,
        seen: row.try_get("seen")?,
        expires: row.try_get("expires")?,
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
    })
}
