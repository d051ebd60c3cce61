//! What the tests of several modules need.

use crate::accounts::Account;
use remoteaccess_common::Secret;
use remoteaccess_protocol::Site;

/// `ann`'s keys.
pub(crate) const READ_KEY: &str = "00112233445566778899aabbccddeeff";
pub(crate) const WRITE_KEY: &str = "ffeeddccbbaa99887766554433221100";
/// Everybody's password; `HASH` is cheap on purpose.
pub(crate) const PASSWORD: &str = "correct horse";

/// Ann with a v2 home, and Bob with a client of 2018.
pub(crate) fn accounts() -> Vec<Account> {
    let account = |name, userid, read: &str, write: &str, first_generation| Account {
        site: Site::new(name).unwrap(),
        userid,
        password_hash: cheap_hash(),
        read_key: Secret::new(read),
        write_key: Secret::new(write),
        first_generation,
    };
    let flipped = |key: &str| key.replace('0', "1");
    vec![
        account("ann", 7, READ_KEY, WRITE_KEY, false),
        account("bob", 8, &flipped(READ_KEY), &flipped(WRITE_KEY), true),
    ]
}

fn cheap_hash() -> Secret {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version, password_hash::SaltString};
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let salt = SaltString::encode_b64(b"saltsaltsalt").unwrap();
    Secret::new(argon.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string())
}
