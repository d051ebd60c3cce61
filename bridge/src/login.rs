//! A name and a password: whose they are.

use crate::{
    accounts::is_name,
    app::App,
    error::Error,
    peer::Peer,
    session,
    store::{Account, fold},
    throttle::Attempt,
};
use axum::http::request::Parts;
use remoteaccess_common::Secret;
use std::time::Instant;

/// Who signs in with `username` and `password`; `None` where they are wrong.
///
/// # Errors
/// [`Error::TooManyAttempts`] after too many wrong ones, [`Error::Busy`] where many are being checked.
pub async fn check(
    app: &App,
    head: &Parts,
    username: &str,
    password: Secret,
) -> Result<Option<Account>, Error> {
    let result = checked(app, head, username, password).await;
    app.metrics.signed_in(match &result {
        Ok(Some(_)) => "right",
        Ok(None) => "wrong",
        Err(Error::TooManyAttempts { .. }) => "throttled",
        Err(Error::SecondFactor(_)) => "second_factor",
        Err(_) => "failed",
    });
    result
}

async fn checked(
    app: &App,
    head: &Parts,
    username: &str,
    password: Secret,
) -> Result<Option<Account>, Error> {
    let known_browser = session::find(app, &head.headers).await?;
    let known_browser = known_browser.is_some_and(|(known, _)| fold(&known.account.name) == fold(username));
    let attempt = Attempt::new(Peer::of(&head.extensions), &fold(username), known_browser);
    app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;

    match password_is_right(app, username, password).await {
        Ok(Some(account)) => {
            app.throttle.succeeded(&attempt);
            app.store.signed_in(account.id).await?;
            Ok(Some(account))
        }
        Ok(None) => Ok(None),
        Err(error) => {
            app.throttle.not_checked(&attempt);
            Err(error)
        }
    }
}

async fn password_is_right(app: &App, username: &str, password: Secret) -> Result<Option<Account>, Error> {
    let account = match is_name(username) {
        true => app.store.account_named(username).await?.filter(|account| !account.disabled),
        false => None,
    };
    let hash = account.as_ref().map(|account| &account.password_hash);
    let right = app.passwords.check(hash, password).await?;
    Ok(account.filter(|_| right))
}
