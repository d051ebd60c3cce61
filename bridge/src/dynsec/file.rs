//! The plugin's file, before the broker's first start.

use super::{
    command::Role,
    rights::{self, BRIDGE},
};
use base64ct::{Base64, Encoding};
use remoteaccess_common::{Secret, random};
use remoteaccess_protocol::Site;
use ring::pbkdf2;
use serde_json::{Value, json};
use std::num::NonZeroU32;

/// What Mosquitto 2.0 uses for the passwords that it is told. Ours are random, so that more would add nothing.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(101).expect("it is not zero");
/// Other lengths of salt and hash are not taken.
const SALT_BYTES: usize = 12;
const HASH_BYTES: usize = 64;
const ALGORITHM: pbkdf2::Algorithm = pbkdf2::PBKDF2_HMAC_SHA512;

/// A home that is known from the start.
#[derive(Debug)]
pub struct Entry {
    /// Which.
    pub site: Site,
    /// To connect with.
    pub password: Secret,
    /// Says which password that is.
    pub tag: String,
}

/// A file that lets the bridges and these homes in, and nobody else.
pub fn initial(bridge_password: &Secret, homes: &[Entry]) -> Value {
    let mut clients = vec![client(BRIDGE, "", BRIDGE, bridge_password)];
    let mut roles = vec![json!({"rolename": BRIDGE, "acls": rights::of_bridge()})];
    for Entry { site, password, tag } in homes {
        let role = rights::home_role(site);
        let mut client = client(site.as_str(), tag, &role, password);
        client["textdescription"] = rights::homes_rights().into();
        clients.push(client);
        roles.push(json!({"rolename": role, "acls": rights::of_home(site)}));
    }
    json!({"defaultACLAccess": rights::by_default(), "clients": clients, "groups": [], "roles": roles})
}

/// Whether `file` lets a client of this name in with this password.
pub fn lets_in(file: &Value, name: &str, password: &Secret) -> bool {
    let mut clients = file["clients"].as_array().into_iter().flatten();
    let Some(client) = clients.find(|client| client["username"] == name) else { return false };
    let text = |key: &str| client[key].as_str().unwrap_or_default();
    let iterations = client["iterations"].as_u64().and_then(|count| u32::try_from(count).ok());
    let Some(iterations) = iterations.and_then(NonZeroU32::new) else { return false };
    let (Some(salt), Some(hash)) = (unbase64(text("salt")), unbase64(text("password"))) else { return false };
    let password = password.expose().as_bytes();
    client["disabled"] != true && pbkdf2::verify(ALGORITHM, iterations, &salt, password, &hash).is_ok()
}

/// Whether `file` gives the bridges all rights that this version needs.
pub fn lets_bridges(file: &Value) -> bool {
    let mut roles = file["roles"].as_array().into_iter().flatten();
    let role = roles.find(|role| role["rolename"] == BRIDGE).cloned();
    let role = role.and_then(|role| serde_json::from_value::<Role>(role).ok());
    role.is_some_and(|role| role.lacks(&rights::of_bridge()).is_empty())
}

fn client(name: &str, tag: &str, role: &str, password: &Secret) -> Value {
    let salt = random::bytes::<SALT_BYTES>();
    let mut hash = [0; HASH_BYTES];
    pbkdf2::derive(ALGORITHM, ITERATIONS, &salt, password.expose().as_bytes(), &mut hash);
    json!({
        "username": name, "textname": tag, "roles": [{"rolename": role}],
        "password": base64(&hash), "salt": base64(&salt), "iterations": ITERATIONS.get(),
    })
}

fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bridge_gets_in_with_its_password_alone() {
        let right = Secret::new("right");
        let mut file = initial(&right, &[]);
        assert!(lets_in(&file, BRIDGE, &right));
        assert!(!lets_in(&file, BRIDGE, &Secret::new("wrong")));
        assert!(!lets_in(&file, "alice", &right));
        file["clients"][0]["disabled"] = true.into();
        assert!(!lets_in(&file, BRIDGE, &right));
    }
}
