//! The homes of accounts, and what their agents sign in to the broker with.

use super::{Store, cuts, new_id, now};
use crate::error::Error;
use remoteaccess_common::random;
use remoteaccess_protocol::Site;
use sqlx::{Any, Row, any::AnyArguments, any::AnyRow, query::Query};

/// Of one account.
const MAX_HOMES: i64 = 16;

/// The name of an account's first home.
pub const FIRST: &str = "home";

/// One emoncms with one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Its number.
    pub id: i64,
    /// Whose.
    pub account: i64,
    /// What stands in addresses: `[a-z0-9_-]{1,32}`.
    pub name: String,
    /// Its name at the broker.
    pub site: Site,
    /// What its owner calls it.
    pub title: String,
    /// What its agent signs in to the broker with.
    pub credential: Credential,
    /// What the device's password is derived from.
    pub nonce: String,
    /// Whether it has a client of 2018–2021, which says nothing of its presence.
    pub first_generation: bool,
    /// The version of its agent, as last heard.
    pub agent: Option<String>,
    /// Since when.
    pub created: i64,
    /// When it was last seen.
    pub seen: Option<i64>,
    /// How often it was cut off in a row.
    pub cuts: i64,
    /// Until when it stays cut off.
    pub cut_until: i64,
    /// When another credential last ended a cut.
    pub pardoned: i64,
    /// When it last got another credential than it had; 0 while it has its first.
    pub renewed: i64,
}

/// What a home's agent signs in to the broker with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing yet: it cannot.
    None,
    /// Nothing any more: its owner took it away. Only a new pairing brings another one.
    Revoked,
    /// A password made for it.
    Device,
    /// The account's password.
    Account,
}

impl Credential {
    /// Whether a home that has it can be there.
    pub fn lets_in(self) -> bool {
        matches!(self, Self::Device | Self::Account)
    }

    /// As it stands in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Revoked => "revoked",
            Self::Device => "device",
            Self::Account => "account",
        }
    }

    fn from_text(text: &str) -> Self {
        match text {
            "device" => Self::Device,
            "account" => Self::Account,
            "revoked" => Self::Revoked,
            _ => Self::None,
        }
    }
}

/// What is to become a home.
#[derive(Clone, Debug)]
pub struct NewHome {
    id: i64,
    account: i64,
    name: String,
    site: String,
    title: String,
    nonce: String,
    first_generation: bool,
}

impl NewHome {
    /// The first home of the account `name`.
    pub fn first(account: i64, name: &str, first_generation: bool) -> Self {
        Self::new(account, FIRST, name, name, first_generation)
    }

    /// A further home of the account `owner`.
    pub fn further(account: i64, owner: &str, name: &str, title: &str) -> Self {
        Self::new(account, name, &format!("{owner}.{name}"), title, false)
    }

    fn new(account: i64, name: &str, site: &str, title: &str, first_generation: bool) -> Self {
        let (name, site, title) = (name.to_owned(), site.to_owned(), title.to_owned());
        Self { id: new_id(), account, name, site, title, nonce: new_nonce(), first_generation }
    }

    pub(super) fn insert(&self, now: i64) -> Query<'_, Any, AnyArguments<'_>> {
        let insert = "INSERT INTO home (id, account_id, name, site, title, credential, nonce, dirty, \
                      first_generation, created, cuts, cut_until, pardoned) \
                      SELECT $1, $2, $3, $4, $5, 'none', $6, 1, $7, $8, cuts, cut_until, pardoned \
                      FROM account WHERE account.id = $2 ON CONFLICT DO NOTHING";
        let insert = sqlx::query(insert).bind(self.id).bind(self.account).bind(&self.name).bind(&self.site);
        insert.bind(&self.title).bind(&self.nonce).bind(i64::from(self.first_generation)).bind(now)
    }
}

const COLUMNS: &str = "id, account_id, name, site, title, credential, nonce, first_generation, agent, created, seen, \
     cuts, cut_until, pardoned, renewed";

impl Store {
    /// Makes a home; `None` where the account has one of this name, or as many as it may.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_home(&self, new: &NewHome) -> Result<Option<Home>, Error> {
        let added = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let mut added = new.insert(now()).execute(&mut *transaction).await?.rows_affected() == 1;
            let count = sqlx::query("SELECT COUNT(*) AS count FROM home WHERE account_id = $1");
            let row = count.bind(new.account).fetch_one(&mut *transaction).await?;
            added &= row.try_get::<i64, _>("count")? <= MAX_HOMES;
            super::settle(transaction, added).await
        });
        let added = added.await?;
        self.forget();
        if added { self.home_by_site(&new.site).await } else { Ok(None) }
    }

    /// The homes of an account, the first one first.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn homes(&self, account: i64) -> Result<Vec<Home>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM home WHERE account_id = $1 \
             ORDER BY (CASE WHEN name = '{FIRST}' THEN 0 ELSE 1 END), created, id"
        );
        let rows = self.run(sqlx::query(&query).bind(account).fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// The home with this name at the broker.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn home_by_site(&self, site: &str) -> Result<Option<Home>, Error> {
        let query = format!("SELECT {COLUMNS} FROM home WHERE site = $1");
        let found = self.run(sqlx::query(&query).bind(site).fetch_optional(self.pool())).await?;
        self.read(found.as_ref().map(read))
    }

    /// All homes, of accounts that may be used, that the broker has to know.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn all_homes(&self) -> Result<Vec<Home>, Error> {
        let query = format!(
            "SELECT {COLUMNS} FROM home WHERE account_id IN (SELECT id FROM account WHERE disabled = 0) \
             ORDER BY site"
        );
        let rows = self.run(sqlx::query(&query).fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// Calls a home otherwise.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_title(&self, home: i64, title: &str) -> Result<(), Error> {
        let update = sqlx::query("UPDATE home SET title = $1 WHERE id = $2").bind(title).bind(home);
        self.run(update.execute(self.pool())).await?;
        self.forget();
        Ok(())
    }

    /// Says whether a home has a client of 2018–2021.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_first_generation(&self, home: i64, first_generation: bool) -> Result<(), Error> {
        let update = sqlx::query("UPDATE home SET first_generation = $1 WHERE id = $2");
        self.run(update.bind(i64::from(first_generation)).bind(home).execute(self.pool())).await?;
        self.forget();
        Ok(())
    }

    /// Gives a home's agent another way to sign in; false where it has one now that `known` does not tell of, which stays: a
    /// credential that was revoked meanwhile, by whatever bridge, does not come back. With a new nonce, an earlier device
    /// password is void, and where there was no pardon within the hour, a cut is over.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_credential(
        &self,
        known: &Home,
        credential: Credential,
        nonce: &str,
    ) -> Result<bool, Error> {
        let now = now();
        // One that was deleted and made anew may have had one before.
        let is_first = known.credential == Credential::None && known.cut_until == 0;
        let update = "UPDATE home SET credential = $1, nonce = $2, dirty = 1, renewed = $9, \
                      pardoned = CASE WHEN cut_until > $6 AND pardoned <= $7 THEN $8 ELSE pardoned END, \
                      cut_until = CASE WHEN cut_until > $6 AND pardoned <= $7 THEN 0 ELSE cut_until END \
                      WHERE id = $3 AND credential = $4 AND nonce = $5";
        let update = sqlx::query(update).bind(credential.as_str()).bind(nonce).bind(known.id);
        let update = update.bind(known.credential.as_str()).bind(&known.nonce);
        let update = update.bind(now - cuts::FORGIVEN_AFTER).bind(now - cuts::PARDONED_EACH).bind(now);
        let update = update.bind(if is_first { 0 } else { now });
        let done = self.run(update.execute(self.pool())).await?;
        self.forget();
        Ok(done.rows_affected() == 1)
    }

    /// Takes a home's credential away, whatever it is.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn revoke_credential(&self, home: i64) -> Result<(), Error> {
        let update =
            sqlx::query("UPDATE home SET credential = 'revoked', nonce = $1, dirty = 1 WHERE id = $2");
        self.run(update.bind(new_nonce()).bind(home).execute(self.pool())).await?;
        self.forget();
        Ok(())
    }

    /// Says whether the broker has yet to be told of a home's credential.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_dirty(&self, home: i64, dirty: bool) -> Result<(), Error> {
        let update = sqlx::query("UPDATE home SET dirty = $1 WHERE id = $2");
        self.run(update.bind(i64::from(dirty)).bind(home).execute(self.pool())).await.map(|_| ())
    }

    /// The homes that the broker has yet to be told of.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn dirty_homes(&self) -> Result<Vec<Home>, Error> {
        let query = format!("SELECT {COLUMNS} FROM home WHERE dirty = 1 ORDER BY site");
        let rows = self.run(sqlx::query(&query).fetch_all(self.pool())).await?;
        self.read(Some(rows.iter().map(read).collect())).map(Option::unwrap_or_default)
    }

    /// Remembers what was last heard of a home.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn home_seen(&self, site: &Site, agent: Option<&str>, seen: i64) -> Result<(), Error> {
        let update = "UPDATE home SET agent = COALESCE($1, agent), seen = $2 WHERE site = $3";
        let update = sqlx::query(update).bind(agent).bind(seen).bind(site.as_str());
        self.run(update.execute(self.pool())).await.map(|_| ())
    }

    /// Deletes a home of an account; false where there is no such one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn delete_home(&self, account: i64, name: &str) -> Result<bool, Error> {
        let deleted = self.run(async {
            let mut transaction = self.pool().begin().await?;
            cuts::bequeath(&mut transaction, account, name).await?;
            let delete = sqlx::query("DELETE FROM home WHERE account_id = $1 AND name = $2");
            let done = delete.bind(account).bind(name).execute(&mut *transaction).await?;
            super::settle(transaction, done.rows_affected() == 1).await
        });
        let deleted = deleted.await?;
        self.forget();
        Ok(deleted)
    }
}

/// What a new device password is derived from.
pub fn new_nonce() -> String {
    random::hex_id::<16>()
}

fn read(row: &AnyRow) -> Result<Home, sqlx::Error> {
    let site: String = row.try_get("site")?;
    Ok(Home {
        id: row.try_get("id")?,
        account: row.try_get("account_id")?,
        name: row.try_get("name")?,
        site: Site::new(&site).ok_or_else(|| sqlx::Error::ColumnDecode {
            index: "site".into(),
            source: format!("{site:?} is no name of a home").into(),
        })?,
        title: row.try_get("title")?,
        credential: Credential::from_text(&row.try_get::<String, _>("credential")?),
        nonce: row.try_get("nonce")?,
        first_generation: row.try_get::<i64, _>("first_generation")? != 0,
        agent: row.try_get("agent")?,
        created: row.try_get("created")?,
        seen: row.try_get("seen")?,
        cuts: row.try_get("cuts")?,
        cut_until: row.try_get("cut_until")?,
        pardoned: row.try_get("pardoned")?,
        renewed: row.try_get("renewed")?,
    })
}
