//! People at the cloud.

use super::{NewHome, Store, new_id, now};
use crate::error::Error;
use remoteaccess_common::Secret;
use sqlx::{Row, any::AnyRow};

/// A person at the cloud.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number in the database.
    pub id: i64,
    /// The name to sign in with, as it was first written.
    pub name: String,
    /// Who knows its password.
    pub origin: Origin,
    /// Its number at the upstream emoncms.
    pub upstream_id: Option<i64>,
    /// The number that `auth.json` tells.
    pub userid: i64,
    /// argon2id, in PHC form.
    pub password_hash: Secret,
    /// The second factor's secret, sealed; `None` where there is no second factor.
    pub totp_secret: Option<Secret>,
    /// A secret that is yet to be confirmed by a code, sealed.
    pub totp_pending: Option<Secret>,
    /// Whether it may not be used at present.
    pub disabled: bool,
    /// Since when it is here.
    pub created: i64,
    /// When its password was last right.
    pub signed_in: Option<i64>,
}

/// Who knows an account's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This bridge.
    Local,
    /// The upstream emoncms.
    Emoncms,
}

impl Origin {
    /// As it stands in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Emoncms => "emoncms",
        }
    }
}

/// What is to become an account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Checked by [`crate::accounts::check_name`].
    pub name: String,
    /// Its number at the upstream emoncms; without one, it is a local account.
    pub upstream_id: Option<i64>,
    /// The number that `auth.json` tells; made here where there is none.
    pub userid: Option<i64>,
    /// argon2id, in PHC form.
    pub password_hash: Secret,
    /// Whether its first home has a client of 2018–2021.
    pub first_generation: bool,
}

/// The step of a second factor that is yet to be confirmed.
pub(super) const PENDING: i64 = -1;

pub(super) const COLUMNS: &str = "account.id AS account_id, account.name AS account_name, account.origin, \
     account.upstream_id, account.userid, account.password_hash, account.totp_secret, account.totp_step, account.disabled, \
     account.created AS account_created, account.signed_in";

impl Store {
    /// Makes an account with its first home; `None` where the name is taken.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_account(&self, new: &NewAccount) -> Result<Option<Account>, Error> {
        let (id, now) = (new_id(), now());
        let userid = new.userid.unwrap_or_else(|| (new_id() & 0x7fff_ffff).max(1));
        let origin = if new.upstream_id.is_some() { Origin::Emoncms } else { Origin::Local };
        let home = NewHome::first(id, &new.name, new.first_generation);
        let added = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let insert = "INSERT INTO account (id, name, folded, origin, upstream_id, userid, password_hash, \
                          totp_step, disabled, created) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8) \
                          ON CONFLICT DO NOTHING";
            let insert = sqlx::query(insert)
                .bind(id)
                .bind(&new.name)
                .bind(fold(&new.name))
                .bind(origin.as_str())
                .bind(new.upstream_id)
                .bind(userid)
                .bind(new.password_hash.expose())
                .bind(now);
            let added = insert.execute(&mut *transaction).await?.rows_affected() == 1
                && home.insert(now).execute(&mut *transaction).await?.rows_affected() == 1;
            super::settle(transaction, added).await
        });
        if added.await? { self.account(id).await } else { Ok(None) }
    }

    /// The account with this number.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn account(&self, id: i64) -> Result<Option<Account>, Error> {
        self.one_account(&format!("SELECT {COLUMNS} FROM account WHERE id = $1"), id).await
    }

    /// The account with this name, however it is written.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn account_named(&self, name: &str) -> Result<Option<Account>, Error> {
        let query = format!("SELECT {COLUMNS} FROM account WHERE folded = $1");
        let found =
            self.run(async { sqlx::query(&query).bind(fold(name)).fetch_optional(self.pool()).await });
        self.read(found.await?.as_ref().map(read))
    }

    /// The account with this number at the upstream emoncms.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn account_upstream(&self, upstream_id: i64) -> Result<Option<Account>, Error> {
        let query = format!("SELECT {COLUMNS} FROM account WHERE upstream_id = $1");
        self.one_account(&query, upstream_id).await
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let query = format!("SELECT {COLUMNS} FROM account ORDER BY folded");
        let rows = self.run(async { sqlx::query(&query).fetch_all(self.pool()).await }).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// Stores a new password, and ends all sessions but `kept`.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_password(&self, id: i64, hash: &Secret, kept: Option<i64>) -> Result<(), Error> {
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let update = sqlx::query("UPDATE account SET password_hash = $1 WHERE id = $2");
            update.bind(hash.expose()).bind(id).execute(&mut *transaction).await?;
            let end = sqlx::query("DELETE FROM session WHERE account_id = $1 AND id <> $2");
            end.bind(id).bind(kept.unwrap_or_default()).execute(&mut *transaction).await?;
            transaction.commit().await
        });
        done.await?;
        self.has_ended(id);
        Ok(())
    }

    /// Lets an account be used, or not; if not, its sessions end.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_disabled(&self, id: i64, disabled: bool) -> Result<(), Error> {
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let update = sqlx::query("UPDATE account SET disabled = $1 WHERE id = $2");
            update.bind(i64::from(disabled)).bind(id).execute(&mut *transaction).await?;
            let homes = sqlx::query("UPDATE home SET dirty = 1 WHERE account_id = $1");
            homes.bind(id).execute(&mut *transaction).await?;
            if disabled {
                let end = sqlx::query("DELETE FROM session WHERE account_id = $1");
                end.bind(id).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        });
        done.await?;
        self.has_ended(id);
        Ok(())
    }

    /// Deletes an account with all that belongs to it, but for the record of what happened.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete_account(&self, id: i64) -> Result<(), Error> {
        let delete = sqlx::query("DELETE FROM account WHERE id = $1").bind(id);
        self.run(delete.execute(self.pool())).await?;
        self.has_ended(id);
        Ok(())
    }

    /// The password was right just now.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn signed_in(&self, id: i64) -> Result<(), Error> {
        let update = sqlx::query("UPDATE account SET signed_in = $1 WHERE id = $2").bind(now()).bind(id);
        self.run(update.execute(self.pool())).await.map(|_| ())
    }

    async fn one_account(&self, query: &str, id: i64) -> Result<Option<Account>, Error> {
        let found = self.run(async { sqlx::query(query).bind(id).fetch_optional(self.pool()).await });
        self.read(found.await?.as_ref().map(read))
    }

    /// A row that cannot be read is the database's fault as well.
    pub(super) fn read<T>(&self, read: Option<Result<T, sqlx::Error>>) -> Result<Option<T>, Error> {
        read.transpose().map_err(|error| {
            self.inner.trouble.mention(&error.to_string());
            Error::Database
        })
    }
}

/// Names differ by more than their case, as in emoncms.
pub fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Reads [`COLUMNS`].
pub(super) fn read(row: &AnyRow) -> Result<Account, sqlx::Error> {
    let origin: String = row.try_get("origin")?;
    let pending = row.try_get::<i64, _>("totp_step")? == PENDING;
    let sealed = row.try_get::<Option<String>, _>("totp_secret")?.map(Secret::new);
    let (totp_secret, totp_pending) = if pending { (None, sealed) } else { (sealed, None) };
    Ok(Account {
        id: row.try_get("account_id")?,
        name: row.try_get("account_name")?,
        origin: if origin == "emoncms" { Origin::Emoncms } else { Origin::Local },
        upstream_id: row.try_get("upstream_id")?,
        userid: row.try_get("userid")?,
        password_hash: Secret::new(row.try_get::<String, _>("password_hash")?),
        totp_secret,
        totp_pending,
        disabled: row.try_get::<i64, _>("disabled")? != 0,
        created: row.try_get("account_created")?,
        signed_in: row.try_get("signed_in")?,
    })
}
