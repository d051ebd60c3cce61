//! Which database this is.

use super::Store;
use crate::error::Error;
use remoteaccess_common::random;
use sqlx::Row;

impl Store {
    /// A random name, which a copy of this database has as well.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn identity(&self) -> Result<String, Error> {
        let query = sqlx::query("SELECT id FROM identity WHERE one = 1");
        let row = self.run(query.fetch_one(self.pool())).await?;
        self.read(Some(row.try_get("id"))).map(Option::unwrap_or_default)
    }

    /// Names a new database; of several bridges, the first one does.
    pub(super) async fn name_it(&self) -> Result<(), sqlx::Error> {
        let named = sqlx::query("SELECT id FROM identity WHERE one = 1").fetch_optional(self.pool()).await?;
        if named.is_none() {
            let insert = "INSERT INTO identity (one, id, checked) VALUES (1, $1, 0) ON CONFLICT DO NOTHING";
            sqlx::query(insert).bind(random::hex_id::<16>()).execute(self.pool()).await?;
        }
        Ok(())
    }
}
