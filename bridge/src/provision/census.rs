//! What a broker and a database say of each other.

use super::{Provisioner, reconcile};
use anyhow::{Context, Result};

/// Digits of a database's name that are shown: enough to tell two apart.
const SHOWN: usize = 8;

/// What a broker and a database say of each other.
#[derive(Debug)]
pub struct Census {
    /// The database that the broker belongs to.
    pub broker: Option<String>,
    /// This one.
    pub database: String,
    /// Homes that may connect and are in this database.
    pub known: usize,
    /// Homes that may connect and are not.
    pub unknown: usize,
}

impl Census {
    /// Whether they belong together.
    pub fn agrees(&self) -> bool {
        self.broker.as_ref() == Some(&self.database)
    }

    /// Whether this database can take the broker without being told to: nobody has, and most of its homes are in this one.
    pub(super) fn may_claim(&self) -> bool {
        self.broker.is_none() && self.unknown <= self.known
    }

    fn names(&self) -> String {
        let short = |name: &str| name.chars().take(SHOWN).collect::<String>();
        let whose = self.broker.as_deref().map_or("a database that it does not name".to_owned(), short);
        let (database, known, unknown) = (short(&self.database), self.known, self.unknown);
        format!(
            "it belongs to {whose}, and this database is {database}, which has {known} of its homes and lacks {unknown}"
        )
    }
}

impl std::fmt::Display for Census {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.agrees() {
            return write!(f, "the broker belongs to this database, which has {} of its homes", self.known);
        }
        if self.may_claim() {
            return f.write_str("the broker belongs to no database yet; it will to that of the first bridge");
        }
        write!(
            f,
            "this bridge has another database than its broker: {}. Nothing is changed at the broker and no home is asked. \
             Correct database.url; or, if this database is to take the other one's place: remoteaccess-bridge broker adopt",
            self.names()
        )
    }
}

impl Provisioner {
    /// What they say of each other.
    ///
    /// # Errors
    /// Where broker or database do not tell.
    pub async fn census(&self) -> Result<Census> {
        let broker = self.whose().await?;
        let clients = reconcile::clients(self).await?;
        let homes = self.store.all_homes().await.context("the database does not answer")?;
        let database = self.store.identity().await.context("the database does not answer")?;
        let unknown = reconcile::superfluous(&homes, &clients).len();
        let known = homes.iter().filter_map(|home| clients.get(home.site.as_str()));
        let known = known.filter(|client| !client.disabled && client.is_home()).count();
        Ok(Census { broker, database, known, unknown })
    }
}
