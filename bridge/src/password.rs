//! Passwords: argon2id, a few at a time.

use crate::error::Error;
use anyhow::{Result, anyhow};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
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
/// argon2's own recommendation, beside the memory.
const ROUNDS: u32 = Params::DEFAULT_T_COST;
const LANES: u32 = Params::DEFAULT_P_COST;

/// Checks passwords.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    /// Checked where there is no such account, so that the time taken does not tell which accounts exist.
    decoy: Secret,
    memory_kib: u32,
}

impl Passwords {
    /// Gets ready; takes as long as one check. New hashes take so much memory.
    ///
    /// # Errors
    /// Where argon2 does not take that figure.
    pub fn new(memory_kib: u32) -> Result<Self> {
        let running = Arc::new(Semaphore::new(RUNNING));
        let decoy = hash(&random::hex_id::<16>(), memory_kib)?;
        Ok(Self { running, waiting: Semaphore::new(WAITING), decoy, memory_kib })
    }

    /// The hash to store for `password`.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many others are being checked.
    pub async fn hash(&self, password: Secret) -> Result<Secret, Error> {
        let memory_kib = self.memory_kib;
        self.in_turn(move || hash(password.expose(), memory_kib)).await?.map_err(|_| Error::Busy)
    }

    /// Whether `password` belongs to `hash`; without a hash it never does.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many others are being checked.
    pub async fn check(&self, hash: Option<&Secret>, password: Secret) -> Result<bool, Error> {
        if password.expose().len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.decoy).clone());
        Ok(known & self.in_turn(move || fits(&hash, &password)).await?)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.running).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Busy)?.expect("this semaphore is never closed");
        let done = spawn_blocking(move || {
            // Here, since this goes on even if the caller hangs up.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Error::Busy)
    }
}

/// The hash to store for `password`, in PHC form.
///
/// # Errors
/// Where argon2 does not take that much memory.
pub fn hash(password: &str, memory_kib: u32) -> Result<Secret> {
    let failed = |error| anyhow!("argon2: {error}");
    let salt = SaltString::encode_b64(&random::bytes::<16>()).map_err(|error| anyhow!("salt: {error}"))?;
    let params = Params::new(memory_kib, ROUNDS, LANES, None).map_err(failed)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon.hash_password(password.as_bytes(), &salt);
    hash.map(|hash| Secret::new(hash.to_string())).map_err(|error| anyhow!("argon2: {error}"))
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
        let passwords = Passwords::new(1024).unwrap();
        let hash = hash("correct horse", 1024).unwrap();
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
}
