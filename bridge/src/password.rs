//! Passwords: argon2id, a few at a time.

use crate::error::Error;
use anyhow::{Result, anyhow};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString,
};
use remoteaccess_common::{Secret, random};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Checks that run at once; each takes the hash's memory, 19 MB with the usual parameters.
const RUNNING: usize = 2;
/// Checks that wait for their turn; who comes later is told to try again.
const WAITING: usize = 16;
/// How long they wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Longer ones are wrong without being looked at.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Parameters of a hash that this bridge is ready to compute: memory in kB, rounds, lanes.
const MAX_COST: (u32, u32, u32) = (262_144, 10, 8);

/// Checks passwords.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// Checked where there is no such account, so that the time taken does not tell which accounts exist.
    decoy: Secret,
}

impl Passwords {
    /// Gets ready; takes as long as one check.
    ///
    /// # Errors
    /// None in practice: the parameters are argon2's own.
    pub fn new() -> Result<Self> {
        let running = Arc::new(Semaphore::new(RUNNING));
        let decoy = hash(&random::hex_id::<16>())?;
        Ok(Self { running, waiting: Semaphore::new(WAITING), decoy })
    }

    /// Whether `password` belongs to `hash`; without a hash it never does.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many others are being checked.
    pub async fn check(&self, hash: Option<&Secret>, password: Secret) -> Result<bool, Error> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.running).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Busy)?.expect("this semaphore is never closed");
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).clone());
        let checked = spawn_blocking(move || {
            // Here, since this goes on even if the caller hangs up.
            let _turn = turn;
            fits(&hash, &password)
        });
        Ok(known & checked.await.unwrap_or(false))
    }
}

/// The hash to store for `password`, in PHC form.
///
/// # Errors
/// None in practice: the parameters are argon2's own.
pub fn hash(password: &str) -> Result<Secret> {
    let salt = SaltString::encode_b64(&random::bytes::<16>()).map_err(|error| anyhow!("salt: {error}"))?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| Secret::new(hash.to_string())).map_err(|error| anyhow!("argon2: {error}"))
}

/// Says what is wrong with a stored hash.
pub(crate) fn check_hash(hash: &Secret) -> Result<(), &'static str> {
    const SHAPE: &str = "password_hash must be an argon2id hash as `remoteaccess-bridge account` prints it";
    let parsed = PasswordHash::new(hash.expose()).map_err(|_| SHAPE)?;
    let params = Params::try_from(&parsed).map_err(|_| SHAPE)?;
    if parsed.algorithm != Algorithm::Argon2id.ident() || parsed.salt.is_none() || parsed.hash.is_none() {
        return Err(SHAPE);
    }
    let (memory, rounds, lanes) = MAX_COST;
    if params.m_cost() > memory || params.t_cost() > rounds || params.p_cost() > lanes {
        return Err("password_hash costs more memory or time than a bridge can spend");
    }
    Ok(())
}

fn fits(hash: &Secret, password: &Secret) -> bool {
    let parsed = PasswordHash::new(hash.expose());
    parsed
        .is_ok_and(|parsed| Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_of_a_known_account_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = hash("correct horse").unwrap();
        assert_eq!(check_hash(&hash), Ok(()));
        for (hash, password, fits) in [
            (Some(&hash), "correct horse", true),
            (Some(&hash), "correct horse ", false),
            (Some(&hash), "", false),
            (None, "correct horse", false),
        ] {
            assert_eq!(passwords.check(hash, Secret::new(password)).await, Ok(fits), "{password}");
        }
        let long = Secret::new("x".repeat(MAX_PASSWORD_BYTES + 1));
        assert_eq!(passwords.check(Some(&hash), long).await, Ok(false));
    }

    #[test]
    fn other_kinds_of_hashes_are_refused() {
        for hash in [
            "",
            "secret",
            "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$hO5NM7PMFyRk0oRYEmZUjg",
            "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ",
            "$argon2id$v=19$m=4000000,t=1,p=1$c2FsdHNhbHQ$hO5NM7PMFyRk0oRYEmZUjg",
        ] {
            assert!(check_hash(&Secret::new(hash)).is_err(), "{hash}");
        }
    }
}
