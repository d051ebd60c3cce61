//! Codes with which a home is connected once.

use super::{Store, now};
use crate::error::Error;
use sqlx::Row;

impl Store {
    /// Lets a code connect a home for `lasts` seconds, in place of earlier codes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn add_pairing(&self, home: i64, hash: &str, lasts: i64) -> Result<(), Error> {
        let now = now();
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let delete = sqlx::query("DELETE FROM pairing WHERE home_id = $1 OR expires <= $2");
            delete.bind(home).bind(now).execute(&mut *transaction).await?;
            let insert = sqlx::query("INSERT INTO pairing (hash, home_id, expires) VALUES ($1, $2, $3)");
            insert.bind(hash).bind(home).bind(now + lasts).execute(&mut *transaction).await?;
            transaction.commit().await
        });
        done.await
    }

    /// Uses a code up: which home of the account it connects.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn take_pairing(&self, account: i64, hash: &str) -> Result<Option<i64>, Error> {
        self.run(async {
            let find = "SELECT home_id FROM pairing WHERE hash = $1 AND expires > $2 \
                        AND home_id IN (SELECT id FROM home WHERE account_id = $3)";
            let find = sqlx::query(find).bind(hash).bind(now()).bind(account);
            let Some(row) = find.fetch_optional(self.pool()).await? else { return Ok(None) };
            // Who deletes it has it: of two at once, one.
            let delete = sqlx::query("DELETE FROM pairing WHERE hash = $1").bind(hash);
            let taken = delete.execute(self.pool()).await?.rows_affected() == 1;
            row.try_get("home_id").map(|home| taken.then_some(home))
        })
        .await
    }
}
