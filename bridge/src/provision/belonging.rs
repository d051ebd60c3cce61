//! Whether this bridge's database is the one that the broker's homes are in.
//!
//! The broker keeps the database's name in a role that nobody has. A bridge that was given another database knows none of
//! the homes there: it changes nothing at the broker, and asks no home, as another account may have its name here.

use super::{Provisioner, reconcile};
use crate::{
    dynsec::{Command, DATABASE, Fault, Role},
    error::Error,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::sync::watch;

/// Digits of a database's name that are shown: enough to tell two apart.
const SHOWN: usize = 8;

/// Whose the broker's homes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Belonging {
    /// Not asked on this connection yet.
    #[default]
    Unknown,
    /// This database's.
    Ours,
    /// Another one's.
    Anothers,
}

/// What is known of that, for all who want to change something there.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(watch::Sender<Belonging>);

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

#[derive(Deserialize)]
struct Found {
    role: Role,
}

impl Known {
    /// The next connection may be one to another broker.
    pub(super) fn forget(&self) {
        self.0.send_replace(Belonging::Unknown);
    }

    /// Whether they are known to be this database's.
    pub(super) fn are_ours(&self) -> bool {
        *self.0.borrow() == Belonging::Ours
    }

    /// Waits until it is known.
    ///
    /// # Errors
    /// [`Fault::Foreign`].
    pub(super) async fn is_ours(&self) -> Result<(), Fault> {
        let mut known = self.0.subscribe();
        let found = known.wait_for(|belonging| *belonging != Belonging::Unknown).await;
        match found.map_err(|_| Fault::Offline)?.to_owned() {
            Belonging::Anothers => Err(Fault::Foreign),
            _ => Ok(()),
        }
    }
}

impl Census {
    /// Whether they belong together.
    pub fn agrees(&self) -> bool {
        self.broker.as_ref() == Some(&self.database)
    }

    /// Whether this database can take the broker without being told to: nobody has, and most of its homes are in this one.
    fn may_claim(&self) -> bool {
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
        match self.agrees() {
            true => write!(f, "the broker belongs to this database, which has {} of its homes", self.known),
            false => write!(
                f,
                "this bridge has another database than its broker: {}. Nothing is changed at the broker and no home is \
                 asked. Correct database.url; or, if this database is to take the other one's place: \
                 remoteaccess-bridge broker adopt",
                self.names()
            ),
        }
    }
}

impl Provisioner {
    /// That the broker is not known to belong to another database.
    ///
    /// # Errors
    /// [`Error::WrongDatabase`].
    pub fn check_database(&self) -> Result<(), Error> {
        match *self.known.0.borrow() {
            Belonging::Anothers => Err(Error::WrongDatabase),
            _ => Ok(()),
        }
    }

    /// Looks whose the broker is, and takes it where it is nobody's; true where it is this database's.
    ///
    /// # Errors
    /// Where broker or database do not tell.
    pub async fn compare_database(&self) -> Result<bool> {
        let database = self.store.identity().await.context("the database does not answer")?;
        let whose = self.whose().await?;
        let mut agrees = whose.as_ref() == Some(&database);
        let is_told = whose.is_some() && *self.known.0.borrow() == Belonging::Anothers;
        if !agrees && !is_told {
            let census = self.census().await?;
            if census.may_claim() {
                self.claim(&census).await?;
                // Another bridge may have been quicker, with another database.
                agrees = self.whose().await?.as_ref() == Some(&database);
            }
            if !agrees {
                tracing::error!("{census}");
            }
        }
        self.known.0.send_replace(if agrees { Belonging::Ours } else { Belonging::Anothers });
        Ok(agrees)
    }

    /// From now on the broker belongs to this database.
    ///
    /// # Errors
    /// Where the broker does not take it.
    pub async fn adopt(&self) -> Result<()> {
        self.claim(&self.census().await?).await?;
        self.known.0.send_replace(Belonging::Ours);
        Ok(())
    }

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

    async fn whose(&self) -> Result<Option<String>, Fault> {
        match self.control.ask::<Found>(Command::GetRole(DATABASE)).await {
            Ok(found) => Ok(Some(found.role.text)),
            Err(Fault::NotFound) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn claim(&self, census: &Census) -> Result<(), Fault> {
        let database = census.database.clone();
        let claim = match census.broker {
            None => Command::NameDatabase(database),
            Some(_) => Command::RenameDatabase(database),
        };
        match self.control.run(claim).await {
            Ok(_) | Err(Fault::Exists) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
