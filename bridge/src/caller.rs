//! Who is asking, and what they may do.

use crate::{
    accounts::token_hash,
    app::App,
    error::Error,
    origin, session,
    store::{Account, Home, Known, Via},
};
use axum::http::{HeaderMap, header};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use std::sync::Arc;

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose homes they may see.
    pub known: Arc<Known>,
    /// What they may do there.
    pub rights: Rights,
}

impl Caller {
    /// The account.
    pub fn account(&self) -> &Account {
        &self.known.account
    }

    /// One of the account's homes by its name; without a name, the first.
    ///
    /// # Errors
    /// [`Error::HomeNever`] where there is none, [`Error::NotFound`] where none has that name.
    pub fn home(&self, name: Option<&str>) -> Result<&Home, Error> {
        match name {
            None => self.known.homes.first().ok_or(Error::HomeNever),
            Some(name) => {
                let found = self.known.homes.iter().find(|home| home.name == name);
                found.ok_or(Error::NotFound("you have no home of that name"))
            }
        }
    }
}

/// Finds the caller by `key`, else by a Bearer key, else by the session cookie.
///
/// # Errors
/// [`Error::Unauthorized`] where there is none; a wrong key also where the cookie is good.
pub async fn identify(app: &App, headers: &HeaderMap, key: Option<&Secret>) -> Result<Caller, Error> {
    let bearer = bearer(headers);
    if let Some(key) = key.or(bearer.as_ref()) {
        return with_key(app, key).await?.ok_or(Error::Unauthorized("this API key is not valid"));
    }
    by_session(app, headers).await
}

/// Who looks at what is the account's own: signed in, and not too often.
///
/// # Errors
/// As [`by_session`], and [`Error::TooFast`].
pub async fn owner(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
    let caller = by_session(app, headers).await?;
    app.pace(&caller)?;
    Ok(caller)
}

/// Who changes what is the account's own: as [`owner`], and seldom.
///
/// # Errors
/// As [`owner`].
pub async fn changer(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
    let caller = owner(app, headers).await?;
    app.pace_changes(caller.account())?;
    Ok(caller)
}

/// Finds the caller by the session cookie alone: what a key must not change. Counts nothing: see [`owner`].
///
/// # Errors
/// [`Error::Unauthorized`] where there is none, or where another site's page sent it.
pub async fn by_session(app: &App, headers: &HeaderMap) -> Result<Caller, Error> {
    let found = session::find(app, headers).await?;
    let (known, _) = found.ok_or(Error::Unauthorized("sign in, or send an API key"))?;
    if !origin::is_own(headers) {
        return Err(Error::Unauthorized("a session counts only on this bridge's own pages"));
    }
    Ok(Caller { known, rights: Rights::Write })
}

/// Takes every `apikey` out of `pairs`; the last one that is not empty is the caller's.
///
/// emoncms' own pages send an empty one where they rely on the session.
pub fn take_key(pairs: &mut Vec<(String, String)>) -> Option<Secret> {
    let (keys, others) = std::mem::take(pairs).into_iter().partition(|(name, _)| name == "apikey");
    *pairs = others;
    let keys: Vec<(String, String)> = keys;
    keys.into_iter().map(|(_, key)| key).rfind(|key| !key.is_empty()).map(Secret::new)
}

async fn with_key(app: &App, key: &Secret) -> Result<Option<Caller>, Error> {
    let known = app.store.with_key(&token_hash(key.expose())).await?;
    Ok(known.map(|known| {
        let rights = match known.via {
            Via::Key { rights, .. } => rights,
            Via::Session { .. } => Rights::Read,
        };
        Caller { known, rights }
    }))
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_key = scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty();
    is_key.then(|| Secret::new(key.trim()))
}
