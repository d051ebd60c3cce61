//! A name and a password: whose they are.

use crate::{app::App, caller::Caller, clock, error::Error, peer::Peer, throttle::Attempt};
use axum::http::request::Parts;
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use std::{sync::Arc, time::Instant};

/// Who signs in with `username` and `password`; `None` where they are wrong.
///
/// # Errors
/// [`Error::TooManyAttempts`] after too many wrong ones, [`Error::Busy`] where many are being checked.
pub async fn check(
    app: &App,
    head: &Parts,
    username: &str,
    password: Secret,
) -> Result<Option<Caller>, Error> {
    let known_browser = app.sessions.account(&head.headers, &app.accounts, clock::unix_now());
    let known_browser = known_browser.is_some_and(|account| account.name() == username);
    let attempt = Attempt::new(Peer::of(&head.extensions), username, known_browser);
    app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;

    let account = app.accounts.named(username);
    let hash = account.map(|account| &account.password_hash);
    match app.passwords.check(hash, password).await {
        Ok(true) => app.throttle.succeeded(&attempt),
        Ok(false) => return Ok(None),
        Err(error) => {
            app.throttle.not_checked(&attempt);
            return Err(error);
        }
    }
    Ok(account.map(|account| Caller { account: Arc::clone(account), rights: Rights::Write }))
}
