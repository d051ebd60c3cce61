//! Who is asking, and what they may do.

use crate::{accounts::Account, app::App, clock, error::Error, origin};
use axum::http::{HeaderMap, header};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use std::sync::Arc;

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose home they may see.
    pub account: Arc<Account>,
    /// What they may do there.
    pub rights: Rights,
}

/// Finds the caller by `key`, else by a Bearer key, else by the session cookie.
///
/// # Errors
/// [`Error::Unauthorized`] where there is none; a wrong key also where the cookie is good.
pub fn identify(app: &App, headers: &HeaderMap, key: Option<&Secret>) -> Result<Caller, Error> {
    let bearer = bearer(headers);
    if let Some(key) = key.or(bearer.as_ref()) {
        let found = app.accounts.with_key(key.expose());
        let (account, rights) = found.ok_or(Error::Unauthorized("this API key is not valid"))?;
        return Ok(Caller { account, rights });
    }
    let account = app.sessions.account(headers, &app.accounts, clock::unix_now());
    let account = account.ok_or(Error::Unauthorized("sign in, or send an API key"))?;
    if !origin::is_own(headers) {
        return Err(Error::Unauthorized("a session counts only on this bridge's own pages"));
    }
    Ok(Caller { account, rights: Rights::Write })
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

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_key = scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty();
    is_key.then(|| Secret::new(key.trim()))
}
