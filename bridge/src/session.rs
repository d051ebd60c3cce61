//! Session cookies: who signed in and until when, signed. The bridge remembers nothing.

use crate::accounts::{Account, Accounts};
use axum::http::{HeaderMap, HeaderValue, header};
use remoteaccess_common::{Secret, random};
use ring::hmac;
use std::sync::Arc;

/// How long a session lasts.
const SECONDS: u64 = 30 * 24 * 3600;

/// Session cookies of one request that are looked at; other paths and older times may have left some.
const MAX_TRIED: usize = 4;

/// Makes and checks cookies.
#[derive(Debug)]
pub struct Sessions {
    key: hmac::Key,
    https: bool,
}

impl Sessions {
    /// Signs with `secret`; without one, with a random key that ends with the process.
    pub fn new(secret: Option<&Secret>, https: bool) -> Self {
        let key = match secret {
            Some(secret) => hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()),
            None => hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()),
        };
        Self { key, https }
    }

    /// A cookie for `account`.
    pub fn cookie(&self, account: &Account, now: u64) -> HeaderValue {
        let expiry = now + SECONDS;
        let tag = hmac::sign(&self.key, &signed(account, expiry));
        let value = format!("{}.{expiry}.{}", account.name(), random::hex(tag.as_ref()));
        self.set_cookie(&value, SECONDS)
    }

    /// A cookie that takes the session away.
    pub fn no_cookie(&self) -> HeaderValue {
        self.set_cookie("", 0)
    }

    /// Who signed in, if the request carries a cookie that still holds.
    pub fn account(&self, headers: &HeaderMap, accounts: &Accounts, now: u64) -> Option<Arc<Account>> {
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        cookies
            .filter(|(name, _)| *name == self.name())
            .take(MAX_TRIED)
            .find_map(|(_, value)| self.signed_in(value, accounts, now))
    }

    fn signed_in(&self, value: &str, accounts: &Accounts, now: u64) -> Option<Arc<Account>> {
        let mut parts = value.splitn(3, '.');
        let (name, expiry, tag) = (parts.next()?, parts.next()?.parse().ok()?, unhex(parts.next()?)?);
        let account = accounts.named(name)?;
        hmac::verify(&self.key, &signed(account, expiry), &tag).ok()?;
        (now < expiry).then(|| Arc::clone(account))
    }

    fn name(&self) -> &'static str {
        // A browser takes a __Host- cookie from this very host over HTTPS only.
        if self.https { "__Host-session" } else { "session" }
    }

    fn set_cookie(&self, value: &str, seconds: u64) -> HeaderValue {
        let secure = if self.https { "; Secure" } else { "" };
        let name = self.name();
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        text.try_into().expect("names, numbers and hexadecimal digits are visible ASCII")
    }
}

/// What the signature covers. The stored hash is in it: a new password ends all sessions.
fn signed(account: &Account, expiry: u64) -> Vec<u8> {
    format!("session\n{}\n{expiry}\n{}", account.name(), account.password_hash.expose()).into_bytes()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() > 128 || !text.is_ascii() {
        return None;
    }
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    const NOW: u64 = 1_800_000_000;

    fn sessions(https: bool) -> Sessions {
        Sessions::new(Some(&Secret::new("0123456789abcdef0123456789abcdef")), https)
    }

    fn sent_back(cookie: &HeaderValue) -> String {
        cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn who(sessions: &Sessions, cookie: &str, now: u64) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        let accounts = Accounts::new(testing::accounts());
        sessions.account(&headers, &accounts, now).map(|account| account.name().to_owned())
    }

    #[test]
    fn a_cookie_names_its_account_until_it_expires() {
        let (sessions, account) = (sessions(false), &testing::accounts()[0]);
        let cookie = sent_back(&sessions.cookie(account, NOW));
        assert_eq!(who(&sessions, &format!("theme=dark; {cookie}"), NOW + 60).as_deref(), Some("ann"));
        assert_eq!(who(&sessions, &cookie, NOW + SECONDS), None);
    }

    #[test]
    fn a_cookie_that_was_changed_or_signed_elsewhere_is_none() {
        let (sessions, account) = (sessions(false), &testing::accounts()[0]);
        let cookie = sent_back(&sessions.cookie(account, NOW));
        let elsewhere = Sessions::new(None, false);
        assert_eq!(who(&elsewhere, &cookie, NOW), None);
        for changed in [
            cookie.replace("ann", "bob"),
            cookie.replace(&(NOW + SECONDS).to_string(), &(NOW + 2 * SECONDS).to_string()),
            cookie[..cookie.len() - 1].to_owned(),
            format!("{cookie}00"),
            "session=".to_owned(),
            "session=ann".to_owned(),
            "session=ann.1.é".to_owned(),
            format!("session=ann.{}.", NOW + 9),
        ] {
            let Ok(_) = HeaderValue::try_from(&changed) else { continue };
            assert_eq!(who(&sessions, &changed, NOW), None, "{changed}");
        }
    }

    #[test]
    fn each_of_a_few_cookies_is_tried() {
        let (sessions, account) = (sessions(false), &testing::accounts()[0]);
        let cookie = sent_back(&sessions.cookie(account, NOW));
        for (others, tried) in [(1, true), (MAX_TRIED - 1, true), (MAX_TRIED, false)] {
            let cookies = format!("{}{cookie}", "session=ann.1.00; ".repeat(others));
            assert_eq!(who(&sessions, &cookies, NOW).is_some(), tried, "{others}");
        }
    }

    #[test]
    fn a_new_password_ends_sessions() {
        let sessions = sessions(false);
        let mut account = testing::accounts().remove(0);
        account.password_hash = Secret::new("another");
        assert_eq!(who(&sessions, &sent_back(&sessions.cookie(&account, NOW)), NOW), None);
    }

    #[test]
    fn over_https_the_cookie_stays_there() {
        let cookie = sessions(true).cookie(&testing::accounts()[0], NOW);
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-session=ann."), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    }
}
