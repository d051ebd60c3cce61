//! API keys, for programs.

use super::{Store, Via, accounts, new_id, now};
use crate::error::Error;
use remoteaccess_protocol::Rights;
use sqlx::{Row, any::AnyRow};

/// Of one account, made by its owner.
const MAX_KEYS: i64 = 32;
/// Of one account, made for programs that sign in; older ones make room.
const MAX_PROGRAM_KEYS: i64 = 20;

/// A key, but for itself: only its hash is stored.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its number.
    pub id: i64,
    /// What it allows.
    pub rights: Rights,
    /// What its owner calls it.
    pub label: String,
    /// Whether it was made for a program that signed in.
    pub program: bool,
    /// Since when.
    pub created: i64,
    /// When it was last used, give or take ten minutes.
    pub used: Option<i64>,
}

/// What is to become a key.
#[derive(Clone, Debug)]
pub struct NewKey<'a> {
    /// Of the key.
    pub hash: &'a str,
    /// Whose.
    pub account: i64,
    /// What it allows.
    pub rights: Rights,
    /// What its owner calls it.
    pub label: &'a str,
    /// Whether it is made for a program that signs in.
    pub program: bool,
}

impl Store {
    /// Makes a key, and gives its number; `None` where the account has as many as it may.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_key(&self, new: &NewKey<'_>) -> Result<Option<i64>, Error> {
        let id = new_id();
        let added = self.run(async {
            let mut transaction = self.pool().begin().await?;
            // Writes first: two who count at the same time would both find room.
            let insert = "INSERT INTO api_key (hash, id, account_id, rights, label, program, created) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
            let insert = sqlx::query(insert).bind(new.hash).bind(id).bind(new.account);
            let insert = insert.bind(text(new.rights)).bind(new.label).bind(i64::from(new.program)).bind(now());
            let mut added = insert.execute(&mut *transaction).await?.rows_affected() == 1;
            if new.program {
                let oldest = "DELETE FROM api_key WHERE account_id = $1 AND program = 1 AND id NOT IN (SELECT id \
                              FROM api_key WHERE account_id = $1 AND program = 1 ORDER BY (CASE WHEN id = $2 \
                              THEN 1 ELSE 0 END) DESC, created DESC, id LIMIT $3)";
                let oldest = sqlx::query(oldest).bind(new.account).bind(id).bind(MAX_PROGRAM_KEYS);
                oldest.execute(&mut *transaction).await?;
            } else {
                let count = "SELECT COUNT(*) AS count FROM api_key WHERE account_id = $1 AND program = 0";
                let row = sqlx::query(count).bind(new.account).fetch_one(&mut *transaction).await?;
                added &= row.try_get::<i64, _>("count")? <= MAX_KEYS;
            }
            super::settle(transaction, added).await
        });
        let added = added.await?;
        // Those that made room are no keys any more.
        self.forget();
        Ok(added.then_some(id))
    }

    /// The keys of an account, the newest first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn keys(&self, account: i64) -> Result<Vec<Key>, Error> {
        let query = "SELECT id, rights, label, program, created, used FROM api_key WHERE account_id = $1 \
                     ORDER BY created DESC, id";
        let query = sqlx::query(query).bind(account);
        let rows = self.run(query.fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// Takes a key of an account away; false where there is no such one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete_key(&self, account: i64, id: i64) -> Result<bool, Error> {
        let delete =
            sqlx::query("DELETE FROM api_key WHERE account_id = $1 AND id = $2").bind(account).bind(id);
        let done = self.run(delete.execute(self.pool())).await?;
        self.forget();
        Ok(done.rows_affected() == 1)
    }

    /// A key was used.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn key_used(&self, id: i64) -> Result<(), Error> {
        let update = sqlx::query("UPDATE api_key SET used = $1 WHERE id = $2").bind(now()).bind(id);
        self.run(update.execute(self.pool())).await.map(|_| ())
    }

    /// Whose key has this hash, and what it allows.
    pub(super) async fn find_key(&self, hash: &str) -> Result<Option<(accounts::Account, Via)>, Error> {
        let query = format!(
            "SELECT api_key.id, api_key.rights, api_key.used, {} FROM api_key JOIN account ON account.id = \
             api_key.account_id WHERE api_key.hash = $1 AND account.disabled = 0",
            accounts::COLUMNS
        );
        let query = sqlx::query(&query).bind(hash);
        let found = self.run(query.fetch_optional(self.pool())).await?;
        self.read(found.as_ref().map(|row| {
            let via = Via::Key {
                id: row.try_get("id")?,
                rights: rights(&row.try_get::<String, _>("rights")?),
                used: row.try_get("used")?,
            };
            Ok((accounts::read(row)?, via))
        }))
    }
}

fn read(row: &AnyRow) -> Result<Key, sqlx::Error> {
    Ok(Key {
        id: row.try_get("id")?,
        rights: rights(&row.try_get::<String, _>("rights")?),
        label: row.try_get("label")?,
        program: row.try_get::<i64, _>("program")? != 0,
        created: row.try_get("created")?,
        used: row.try_get("used")?,
    })
}

fn text(rights: Rights) -> &'static str {
    match rights {
        Rights::Write => "write",
        Rights::Read => "read",
    }
}

fn rights(text: &str) -> Rights {
    if text == "write" { Rights::Write } else { Rights::Read }
}
