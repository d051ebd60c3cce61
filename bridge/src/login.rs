//! A name and a password: whose they are.

use crate::{
    accounts::{check_name, is_name},
    app::App,
    error::Error,
    peer::Peer,
    second_factor, session,
    store::{Account, Event, NewAccount, Origin, fold},
    throttle::Attempt,
};
use axum::http::request::Parts;
use remoteaccess_common::Secret;
use std::time::Instant;

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is them.
    Right(Account),
    /// The password is right, and the account's second factor is missing or wrong.
    CodeNeeded(Account),
    /// It is not.
    Wrong,
}

/// Who signs in with `username`, `password` and, where the account has a second factor, `code`.
///
/// # Errors
/// [`Error::TooManyAttempts`] after too many wrong ones, [`Error::Busy`] where many are being checked,
/// [`Error::Upstream`] where only the upstream emoncms could say.
pub async fn check(
    app: &App,
    head: &Parts,
    username: &str,
    password: Secret,
    code: Option<&str>,
) -> Result<Outcome, Error> {
    let result = checked(app, head, username, password, code).await;
    app.metrics.signed_in(match &result {
        Ok(Outcome::Right(_)) => "right",
        Ok(Outcome::CodeNeeded(_)) => "second_factor",
        Ok(Outcome::Wrong) => "wrong",
        Err(Error::TooManyAttempts { .. }) => "throttled",
        Err(_) => "failed",
    });
    result
}

async fn checked(
    app: &App,
    head: &Parts,
    username: &str,
    password: Secret,
    code: Option<&str>,
) -> Result<Outcome, Error> {
    let known_browser = session::find(app, &head.headers).await?;
    let known_browser = known_browser.is_some_and(|(known, _)| fold(&known.account.name) == fold(username));
    let peer = Peer::of(&head.extensions);
    let attempt = Attempt::new(peer, &fold(username), known_browser);
    app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;

    let checked = match with_password(app, head, username, password).await {
        Ok(Some(account)) => with_code(app, head, account, code).await,
        Ok(None) => Ok(Outcome::Wrong),
        Err(error) => Err(error),
    };
    match &checked {
        Ok(Outcome::Right(account)) => {
            app.throttle.succeeded(&attempt);
            app.store.signed_in(account.id).await?;
        }
        Ok(Outcome::CodeNeeded(account)) if code.is_some() => {
            note(app, head, account, "sign-in-refused", "wrong code").await?;
        }
        // Without a code nothing was guessed.
        Ok(Outcome::CodeNeeded(_)) | Err(Error::Busy | Error::Database | Error::Unwritable) => {
            app.throttle.not_checked(&attempt);
        }
        Ok(Outcome::Wrong) => refused(app, head, username, None).await?,
        // What the upstream could not be asked about was still checked here.
        Err(Error::Upstream(_)) => refused(app, head, username, Some("emoncms could not be asked")).await?,
        Err(_) => {}
    }
    checked
}

/// Checks the password of somebody who is signed in; wrong ones count for who is signed in, and
/// those of strangers do not.
///
/// # Errors
/// [`Error::Unauthorized`] where it is wrong, and as [`check`].
pub async fn confirm(app: &App, head: &Parts, account: &Account, password: Secret) -> Result<(), Error> {
    let attempt = Attempt::of_owner(Peer::of(&head.extensions), account.id);
    app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;
    match app.passwords.check(Some(&account.password_hash), password).await {
        Ok(true) => {
            app.throttle.not_checked(&attempt);
            Ok(())
        }
        Ok(false) => Err(Error::Unauthorized("the password is wrong")),
        Err(error) => {
            app.throttle.not_checked(&attempt);
            Err(error)
        }
    }
}

/// Counts a try with a code of somebody who is signed in; it is taken back where the code is right.
///
/// # Errors
/// [`Error::TooManyAttempts`] after too many wrong ones.
pub fn begin_code(app: &App, head: &Parts, account: &Account) -> Result<Attempt, Error> {
    let attempt = Attempt::of_owner(Peer::of(&head.extensions), account.id);
    app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;
    Ok(attempt)
}

/// Remembers what happened to an account.
///
/// # Errors
/// [`Error::Database`].
pub async fn note(app: &App, head: &Parts, account: &Account, kind: &str, detail: &str) -> Result<(), Error> {
    let address = Peer::of(&head.extensions).address_text();
    let (account_id, account) = (Some(account.id), account.name.as_str());
    app.store.note(&Event { account_id, account, kind, address: &address, detail }).await
}

async fn refused(app: &App, head: &Parts, username: &str, why: Option<&str>) -> Result<(), Error> {
    // A password typed in place of a name must not be kept.
    let account = if is_name(username) { app.store.account_named(username).await? } else { None };
    let address = Peer::of(&head.extensions).address_text();
    let event = Event {
        account_id: account.as_ref().map(|account| account.id),
        account: account.as_ref().map_or("-", |account| &account.name),
        kind: "sign-in-refused",
        address: &address,
        detail: why.unwrap_or(if account.is_some() { "wrong password" } else { "no such account" }),
    };
    app.store.note(&event).await
}

async fn with_code(app: &App, head: &Parts, account: Account, code: Option<&str>) -> Result<Outcome, Error> {
    let detail = match code {
        _ if account.totp_secret.is_none() => "",
        None => return Ok(Outcome::CodeNeeded(account)),
        Some(code) => match second_factor::take(app, &account, code).await? {
            None => return Ok(Outcome::CodeNeeded(account)),
            Some(second_factor::Code::App) => "",
            Some(second_factor::Code::Recovery) => "with a recovery code, which is used up",
        },
    };
    note(app, head, &account, "sign-in", detail).await?;
    Ok(Outcome::Right(account))
}

async fn with_password(
    app: &App,
    head: &Parts,
    name: &str,
    password: Secret,
) -> Result<Option<Account>, Error> {
    let account = if is_name(name) { app.store.account_named(name).await? } else { None };
    let hash = account.as_ref().filter(|account| !account.disabled).map(|account| &account.password_hash);
    if app.passwords.check(hash, password.clone()).await? {
        return Ok(account);
    }
    let may_be_there = match &account {
        None => check_name(name, app.broker_username.as_deref()).is_ok(),
        Some(account) => account.origin == Origin::Emoncms && !account.disabled,
    };
    let Some(upstream) = app.upstream.as_ref().filter(|_| may_be_there && !password.expose().is_empty())
    else {
        return Ok(None);
    };
    let peer = Peer::of(&head.extensions);
    match upstream.ask(name, &password, peer, account.is_some()).await? {
        Some(id) => from_upstream(app, head, name, password, id).await,
        None => Ok(None),
    }
}

/// The account of a number at the upstream, whose password there was right just now.
async fn from_upstream(
    app: &App,
    head: &Parts,
    name: &str,
    password: Secret,
    id: i64,
) -> Result<Option<Account>, Error> {
    let password_hash = app.passwords.hash(password).await?;
    if let Some(account) = app.store.account_upstream(id).await? {
        if account.disabled {
            return Ok(None);
        }
        app.store.set_password(account.id, &password_hash, None).await?;
        note(app, head, &account, "password-changed", "it was changed at emoncms").await?;
        return app.store.account(account.id).await;
    }
    let new = NewAccount {
        name: name.to_owned(),
        upstream_id: Some(id),
        userid: Some(id),
        password_hash,
        first_generation: false,
    };
    if let Some(account) = app.store.add_account(&new).await? {
        note(app, head, &account, "account-made", "from emoncms").await?;
        return Ok(Some(account));
    }
    // Made by another request at the same time, or the name is that of somebody else.
    let made = app.store.account_upstream(id).await?;
    if made.is_none() {
        if let Some(other) = app.store.account_named(name).await? {
            note(app, head, &other, "sign-in-refused", "another account of emoncms has this name").await?;
        }
        tracing::warn!("somebody's name at the upstream emoncms is another account's here; see the audit");
    }
    Ok(made.filter(|account| !account.disabled))
}
