//! Sessions: a random cookie, of which the database has the hash.

use crate::{
    accounts::token_hash,
    app::App,
    error::Error,
    peer::Peer,
    store::{Account, Known, NewSession, Via},
};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use remoteaccess_common::random;
use std::sync::Arc;

/// How long a session lasts that is not used.
pub const SECONDS: i64 = 30 * 24 * 3600;

/// Bytes of a cookie's value.
const TOKEN_BYTES: usize = 32;
/// Session cookies of one request that are looked at; other paths and older times may have left some.
const MAX_TRIED: usize = 4;
/// Of what a browser calls itself.
const MAX_AGENT_CHARS: usize = 200;

/// Makes and reads cookies.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    https: bool,
}

impl Cookies {
    /// Cookies of a site with HTTPS, or of one on this machine.
    pub fn new(https: bool) -> Self {
        Self { https }
    }

    /// Brings `token` to the browser.
    pub fn set(self, token: &str) -> HeaderValue {
        self.header(token, SECONDS)
    }

    /// Takes the session away from the browser.
    pub fn clear(self) -> HeaderValue {
        self.header("", 0)
    }

    /// What a browser sent that could be a session.
    pub fn tokens(self, headers: &HeaderMap) -> impl Iterator<Item = &str> {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let ours = cookies.filter(move |(name, _)| *name == self.name()).take(MAX_TRIED);
        let digits =
            |text: &str| text.len() == 2 * TOKEN_BYTES && text.bytes().all(|b| b.is_ascii_hexdigit());
        ours.map(|(_, value)| value).filter(move |value| digits(value))
    }

    fn name(self) -> &'static str {
        // A browser takes a __Host- cookie from this very host over HTTPS only.
        if self.https { "__Host-session" } else { "session" }
    }

    fn header(self, value: &str, seconds: i64) -> HeaderValue {
        let secure = if self.https { "; Secure" } else { "" };
        let name = self.name();
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        text.try_into().expect("names, numbers and hexadecimal digits are visible ASCII")
    }
}

/// Begins a session of `account`; the one that the browser had before ends.
///
/// # Errors
/// [`Error::Database`].
pub async fn begin(app: &App, head: &Parts, account: &Account) -> Result<HeaderValue, Error> {
    end(app, &head.headers).await?;
    let token = random::hex_id::<TOKEN_BYTES>();
    let agent = head.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent: String = agent.unwrap_or_default().chars().take(MAX_AGENT_CHARS).collect();
    let new = NewSession {
        hash: &token_hash(&token),
        account: account.id,
        lasts: SECONDS,
        address: &Peer::of(&head.extensions).address_text(),
        agent: &agent,
    };
    app.store.add_session(&new).await?;
    Ok(app.cookies.set(&token))
}

/// Who signed in, if the request carries a cookie that still holds; and that cookie's value.
///
/// # Errors
/// [`Error::Database`].
pub async fn find<'a>(app: &App, headers: &'a HeaderMap) -> Result<Option<(Arc<Known>, &'a str)>, Error> {
    for token in app.cookies.tokens(headers) {
        if let Some(known) = app.store.with_session(&token_hash(token)).await? {
            return Ok(Some((known, token)));
        }
    }
    Ok(None)
}

/// The cookie again, where its session has come to last longer than it was made for.
///
/// # Errors
/// [`Error::Database`].
pub async fn renewed(app: &App, headers: &HeaderMap) -> Result<Option<HeaderValue>, Error> {
    let found = find(app, headers).await?;
    let longer = |known: &Known| matches!(known.via, Via::Session { created, expires, .. } if expires > created + SECONDS);
    Ok(found.filter(|(known, _)| longer(known)).map(|(_, token)| app.cookies.set(token)))
}

/// Ends the session that the browser has, if it has one; tells whose it was.
///
/// # Errors
/// [`Error::Database`].
pub async fn end(app: &App, headers: &HeaderMap) -> Result<Option<Arc<Known>>, Error> {
    let mut ended = None;
    for token in app.cookies.tokens(headers) {
        if let Some(known) = app.store.with_session(&token_hash(token)).await? {
            if let Via::Session { id, .. } = known.via {
                app.store.end_session(known.account.id, id).await?;
            }
            ended = Some(known);
        }
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(https: bool, cookie: &str) -> usize {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        Cookies::new(https).tokens(&headers).count()
    }

    #[test]
    fn what_cannot_be_a_session_is_not_looked_up() {
        let good = "0a".repeat(32);
        assert_eq!(tokens(false, &format!("theme=dark; session={good}")), 1);
        assert_eq!(tokens(true, &format!("__Host-session={good}")), 1);
        assert_eq!(tokens(true, &format!("session={good}")), 0);
        assert_eq!(tokens(false, &format!("session=; session={good}0; session={}", "x".repeat(64))), 0);
        assert_eq!(tokens(false, &format!("session={good};").repeat(9)), MAX_TRIED);
    }

    #[test]
    fn over_https_the_cookie_stays_there() {
        let cookie = Cookies::new(true).set("ab");
        let text = "__Host-session=ab; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(cookie.to_str().unwrap(), text);
    }
}
