//! Second factors: one-time codes of an app, and recovery codes.

use super::{Store, accounts::PENDING};
use crate::error::Error;
use remoteaccess_common::Secret;

impl Store {
    /// Keeps a sealed secret until it is confirmed; false where a second factor is on.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn begin_second_factor(&self, account: i64, sealed: &Secret) -> Result<bool, Error> {
        let update = "UPDATE account SET totp_secret = $1, totp_step = $2 WHERE id = $3 \
                      AND (totp_secret IS NULL OR totp_step = $2)";
        let update = sqlx::query(update).bind(sealed.expose()).bind(PENDING).bind(account);
        let done = self.run(update.execute(self.pool())).await?;
        self.forget();
        Ok(done.rows_affected() == 1)
    }

    /// Turns the second factor on: the sealed secret, the step of the code that confirmed it, and the hashes of new
    /// recovery codes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn set_second_factor(
        &self,
        account: i64,
        sealed: &Secret,
        step: i64,
        codes: &[String],
    ) -> Result<(), Error> {
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let update = sqlx::query("UPDATE account SET totp_secret = $1, totp_step = $2 WHERE id = $3");
            update.bind(sealed.expose()).bind(step).bind(account).execute(&mut *transaction).await?;
            let delete = sqlx::query("DELETE FROM recovery_code WHERE account_id = $1").bind(account);
            delete.execute(&mut *transaction).await?;
            for code in codes {
                let insert = sqlx::query("INSERT INTO recovery_code (account_id, hash) VALUES ($1, $2)");
                insert.bind(account).bind(code).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        });
        done.await?;
        self.forget();
        Ok(())
    }

    /// Turns the second factor off.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn clear_second_factor(&self, account: i64) -> Result<(), Error> {
        let done = self.run(async {
            let mut transaction = self.pool().begin().await?;
            let update = sqlx::query("UPDATE account SET totp_secret = NULL, totp_step = 0 WHERE id = $1");
            update.bind(account).execute(&mut *transaction).await?;
            let delete = sqlx::query("DELETE FROM recovery_code WHERE account_id = $1").bind(account);
            delete.execute(&mut *transaction).await?;
            transaction.commit().await
        });
        done.await?;
        self.forget();
        Ok(())
    }

    /// Uses the code of a step up; false where it, or a later one, was used before.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn use_step(&self, account: i64, step: i64) -> Result<bool, Error> {
        let update = sqlx::query(
            "UPDATE account SET totp_step = $1 WHERE id = $2 AND totp_step >= 0 AND totp_step < $1",
        );
        let done = self.run(update.bind(step).bind(account).execute(self.pool())).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Uses a recovery code up; false where there is none with this hash.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn use_recovery_code(&self, account: i64, hash: &str) -> Result<bool, Error> {
        let delete = sqlx::query("DELETE FROM recovery_code WHERE account_id = $1 AND hash = $2");
        let done = self.run(delete.bind(account).bind(hash).execute(self.pool())).await?;
        Ok(done.rows_affected() == 1)
    }
}
