//! What names, passwords and keys look like, and what stands for them.

use remoteaccess_common::random;
use remoteaccess_protocol::Site;
use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

/// Bytes of a key; emoncms' own have as many.
const KEY_BYTES: usize = 16;

/// For new passwords.
pub const MIN_PASSWORD: usize = 8;

/// Names that mean somebody else at the broker.
const RESERVED: [&str; 2] = ["admin", "bridge"];

/// Whether this can be an account's name at all.
pub fn is_name(name: &str) -> bool {
    // A dot separates an account's name from that of one of its further homes.
    !name.contains('.') && Site::new(name).is_some()
}

/// Checks the name of a new account; the bridge's own at the broker is none.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_name(name: &str, broker_username: Option<&str>) -> Result<(), String> {
    if !is_name(name) {
        // Printed so that what it consists of can be seen.
        return Err(format!("the account name {name:?} may have 1 to 64 letters, digits, _ and - only"));
    }
    let mut reserved = RESERVED.into_iter().chain(broker_username);
    if reserved.any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(format!("the account name {name} is taken by the service itself"));
    }
    Ok(())
}

/// Checks a new password.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_password(password: &str) -> Result<(), String> {
    let most = crate::password::MAX_PASSWORD_BYTES;
    let fine = password.chars().count() >= MIN_PASSWORD && password.len() <= most;
    fine.then_some(()).ok_or_else(|| format!("a password needs {MIN_PASSWORD} to {most} characters"))
}

/// A new API key: 32 hexadecimal digits, as emoncms makes them.
pub fn new_key() -> String {
    random::hex_id::<KEY_BYTES>()
}

/// What is stored in place of a random text: who sees the database cannot use it, and how long a comparison takes
/// tells nothing.
pub fn token_hash(token: &str) -> String {
    random::hex(&fingerprint(token))
}

/// What stands for a text that is secret or long.
pub(crate) type Fingerprint = [u8; SHA256_OUTPUT_LEN];

pub(crate) fn fingerprint(text: &str) -> Fingerprint {
    digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_something_elsewhere_are_none() {
        for name in ["ann", "Ann-2_x", "0", &"x".repeat(64), "bridges"] {
            assert_eq!(check_name(name, Some("cloud-bridge")), Ok(()), "{name}");
        }
        for name in [
            "",
            "a.b",
            "a/b",
            "+",
            "#",
            "$CONTROL",
            "é",
            "a b",
            "bridge",
            "BRIDGE",
            "Admin",
            "Cloud-Bridge",
            &"x".repeat(65),
        ] {
            assert!(check_name(name, Some("cloud-bridge")).is_err(), "{name}");
        }
    }
}
