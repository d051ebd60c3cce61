//! Whether this bridge's database is the one that the broker's homes are in.
//!
//! The broker keeps the database's name in a role that nobody has. A bridge that was given another database knows none of
//! the homes there: it changes nothing at the broker, and asks no home, as another account may have its name here.

use super::{Census, Provisioner};
use crate::{
    dynsec::{Command, DATABASE, Fault, Role},
    error::Error,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::sync::watch;

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

    /// Waits until the broker is known to belong to this database.
    pub async fn wait_until_ours(&self) {
        // It ends with the bridge.
        self.known.0.subscribe().wait_for(|belonging| *belonging == Belonging::Ours).await.ok();
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

    pub(super) async fn whose(&self) -> Result<Option<String>, Fault> {
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
