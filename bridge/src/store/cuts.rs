//! Homes that harm others are cut off, each time for longer. Who has been well for a day begins anew, and so does who gets
//! another credential, as the one who did it may have been a thief; that counts once an hour, as it may have been the owner.

use super::{Home, Store, now};
use crate::error::Error;
use sqlx::{Any, Transaction};

/// What a cut lasts at the longest, in minutes.
const LONGEST: i64 = 60;
/// Seconds without a cut after which the next one counts as the first.
pub(super) const FORGIVEN_AFTER: i64 = 24 * 3600;
/// Seconds between two pardons.
pub(super) const PARDONED_EACH: i64 = 3600;
/// Seconds for which what an earlier credential had sent is still coming in.
const LINGERS: i64 = 5;

impl Home {
    /// Whether it may not connect yet.
    pub fn is_cut(&self) -> bool {
        self.cut_until > now()
    }

    /// Whether what it began then is to be forgiven, as an earlier credential's deed.
    pub fn is_forgiven(&self, since: i64) -> bool {
        let may_be = self.pardoned == self.renewed || self.pardoned <= self.renewed - PARDONED_EACH;
        may_be && since <= self.renewed + LINGERS
    }
}

impl Store {
    /// Cuts a home off; says for how many minutes.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn cut(&self, home: &Home) -> Result<i64, Error> {
        let now = now();
        let cuts = if now - home.cut_until < FORGIVEN_AFTER { home.cuts + 1 } else { 1 };
        let minutes = minutes(cuts);
        let update = sqlx::query("UPDATE home SET cuts = $1, cut_until = $2 WHERE id = $3");
        let update = update.bind(cuts).bind(now + minutes * 60).bind(home.id);
        self.run(update.execute(self.pool())).await?;
        self.forget();
        Ok(minutes)
    }

    /// Remembers that a home's credential has pardoned what an earlier one did; false where that is known.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn pardon(&self, home: &Home) -> Result<bool, Error> {
        if home.pardoned >= home.renewed {
            return Ok(false);
        }
        let update = sqlx::query("UPDATE home SET pardoned = $1 WHERE id = $2 AND pardoned < $1");
        let done = self.run(update.bind(home.renewed).bind(home.id).execute(self.pool())).await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Keeps what is known of a home that is about to be deleted, for every one that the account makes later: the larger number of
/// cuts that count, and the later end. Whatever the next one is called, it stays cut for as long: who could delete a home that is
/// cut and go on with a new one, would never be. For who did no harm, pairing the new home ends it.
pub(super) async fn bequeath(
    transaction: &mut Transaction<'_, Any>,
    account: i64,
    name: &str,
) -> Result<(), sqlx::Error> {
    let update = "UPDATE account SET \
                  cuts = CASE WHEN home.cut_until <= $3 THEN account.cuts \
                  WHEN account.cut_until <= $3 OR home.cuts > account.cuts THEN home.cuts ELSE account.cuts END, \
                  cut_until = CASE WHEN home.cut_until > account.cut_until THEN home.cut_until ELSE account.cut_until END, \
                  pardoned = CASE WHEN home.pardoned > account.pardoned THEN home.pardoned ELSE account.pardoned END \
                  FROM home WHERE account.id = home.account_id AND home.account_id = $1 AND home.name = $2";
    let update = sqlx::query(update).bind(account).bind(name).bind(now() - FORGIVEN_AFTER);
    update.execute(&mut **transaction).await.map(|_| ())
}

/// How long the so-many-th cut in a row lasts.
fn minutes(cuts: i64) -> i64 {
    u32::try_from(cuts - 1)
        .ok()
        .and_then(|times| 2i64.checked_pow(times))
        .map_or(LONGEST, |minutes| minutes.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn who_goes_on_is_cut_for_longer_up_to_an_hour() {
        let all: Vec<_> = [1, 2, 3, 6, 7, 8, 40, 64, 65, i64::MAX].map(minutes).into();
        assert_eq!(all, [1, 2, 4, 32, 60, 60, 60, 60, 60, 60]);
    }
}
