//! One-time codes of an app (RFC 6238), and recovery codes for who has lost it.

use crate::{accounts::token_hash, app::App, error::Error, store::Account};
use remoteaccess_common::{Secret, random};
use ring::{aead, hmac};

/// As every app expects.
const STEP_SECONDS: i64 = 30;
const DIGITS: u32 = 6;
/// Clocks differ: the code before and the one after count too.
const STEPS_ASIDE: i64 = 1;
/// Bytes of the secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// Recovery codes, and bytes of each.
const RECOVERY_CODES: usize = 10;
const RECOVERY_BYTES: usize = 10;

/// Seals what the database keeps, and opens it.
#[derive(Debug)]
pub struct Vault {
    key: aead::LessSafeKey,
}

impl Vault {
    /// A vault whose key comes from the configuration's secret.
    pub fn new(secret: &Secret) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        let key = hmac::sign(&key, b"second factor");
        let key =
            aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref()).expect("SHA-256 has a key's length");
        Self { key: aead::LessSafeKey::new(key) }
    }

    /// Seals the secret of an account; what is sealed serves no other one.
    pub fn seal(&self, account: i64, secret: &[u8]) -> Secret {
        let nonce: [u8; aead::NONCE_LEN] = random::bytes();
        let mut bytes = secret.to_vec();
        let sealing = aead::Nonce::assume_unique_for_key(nonce);
        let done = self.key.seal_in_place_append_tag(sealing, bound(account), &mut bytes);
        done.expect("so few bytes can be sealed");
        Secret::new(random::hex(&[nonce.as_slice(), &bytes].concat()))
    }

    fn open(&self, account: i64, sealed: &Secret) -> Option<Vec<u8>> {
        let bytes = unhex(sealed.expose())?;
        let (nonce, rest) = bytes.split_at_checked(aead::NONCE_LEN)?;
        let (nonce, mut rest) = (aead::Nonce::try_assume_unique_for_key(nonce).ok()?, rest.to_vec());
        Some(self.key.open_in_place(nonce, bound(account), &mut rest).ok()?.to_vec())
    }
}

/// A new secret.
pub fn new_secret() -> [u8; SECRET_BYTES] {
    random::bytes()
}

/// New recovery codes, as their owner sees them, and what is stored.
pub fn recovery_codes(account: i64) -> (Vec<String>, Vec<String>) {
    let code = |_| {
        let digits = random::hex_id::<RECOVERY_BYTES>();
        [&digits[..5], &digits[5..10], &digits[10..15], &digits[15..]].join("-")
    };
    let codes: Vec<_> = (0..RECOVERY_CODES).map(code).collect();
    let hashes = codes.iter().map(|code| recovery_hash(account, code)).collect();
    (codes, hashes)
}

/// What kind a right code was of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The app's.
    App,
    /// One of those for who has lost it.
    Recovery,
}

/// Whether `code` is right for the account, and uses it up.
///
/// # Errors
/// [`Error::Database`].
pub async fn take(app: &App, account: &Account, code: &str) -> Result<Option<Code>, Error> {
    let Some(sealed) = &account.totp_secret else { return Ok(None) };
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        let hash = recovery_hash(account.id, &code);
        return Ok(app.store.use_recovery_code(account.id, &hash).await?.then_some(Code::Recovery));
    }
    match step_of(app, account.id, sealed, &code) {
        Some(step) => Ok(app.store.use_step(account.id, step).await?.then_some(Code::App)),
        None => Ok(None),
    }
}

/// The step whose code this is, about now.
pub fn step_of(app: &App, account: i64, sealed: &Secret, code: &str) -> Option<i64> {
    let Some(secret) = app.vault.open(account, sealed) else {
        tracing::warn!("a second factor cannot be read: was the configuration's secret changed?");
        return None;
    };
    let now = i64::try_from(crate::clock::unix_now()).ok()? / STEP_SECONDS;
    // Apps show it as "123 456".
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(7).collect();
    let given: u32 = code.parse().ok().filter(|_| code.len() == 6)?;
    (now - STEPS_ASIDE..=now + STEPS_ASIDE).find(|step| code_at(&secret, *step) == given)
}

/// What apps read: also as a picture.
pub fn uri(name: &str, secret: &[u8]) -> String {
    let issuer = "emoncms%20remote%20access";
    format!("otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}", base32(secret))
}

/// The secret for who types it.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits = bytes.chunks(5).flat_map(|chunk| {
        let value =
            chunk.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)) << (8 * (5 - chunk.len()));
        let letters = (chunk.len() * 8).div_ceil(5);
        (0..letters).map(move |n| LETTERS[usize::try_from(value >> (35 - 5 * n) & 31).expect("five bits")])
    });
    bits.map(char::from).collect()
}

/// The code of a step.
pub fn code_at(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let word = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    word % 10u32.pow(DIGITS)
}

fn recovery_hash(account: i64, code: &str) -> String {
    let digits: String = code.to_ascii_lowercase().chars().filter(char::is_ascii_hexdigit).collect();
    token_hash(&format!("{account}\n{digits}"))
}

fn bound(account: i64) -> aead::Aad<[u8; 8]> {
    aead::Aad::from(account.to_be_bytes())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, code) in
            [(59, 287_082), (1_111_111_109, 81_804), (1_234_567_890, 5_924), (20_000_000_000, 353_130)]
        {
            assert_eq!(code_at(b"12345678901234567890", seconds / STEP_SECONDS), code);
        }
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn what_is_sealed_opens_for_its_account_alone() {
        let vault = Vault::new(&Secret::new("0123456789abcdef0123456789abcdef"));
        let sealed = vault.seal(7, b"secret");
        assert_eq!(vault.open(7, &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(vault.open(8, &sealed), None);
        assert_eq!(Vault::new(&Secret::new("another")).open(7, &sealed), None);
        assert_eq!(vault.open(7, &Secret::new("00")), None);
    }
}
