//! From what the broker has to what is wanted.

use crate::{
    dynsec::{Client, Command},
    store::Home,
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Site;

/// What a home is to be at the broker.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Nobody can be it.
    Nobody,
    /// A client.
    Client {
        /// Which password it is to have.
        tag: String,
        /// That password, where it is known.
        password: Option<Secret>,
        /// Whether it may not connect for now.
        disabled: bool,
    },
}

/// Says at the broker which password a home's client has.
pub(super) fn tag(home: &Home) -> String {
    format!("{}:{}", home.credential.as_str(), home.nonce)
}

/// The least that makes one the other. What is right already is left alone, and so is the home's session.
pub(super) fn steps(site: &Site, wanted: &Wanted, there: Option<&Client>) -> Vec<Command> {
    let name = || site.as_str().to_owned();
    match (wanted, there) {
        (Wanted::Nobody, None) => vec![],
        (Wanted::Nobody, Some(_)) => vec![Command::DeleteClient(name()), Command::DeleteRole(site.clone())],
        // Of an account's own password nobody knows more than its owner will say.
        (Wanted::Client { disabled: true, .. } | Wanted::Client { password: None, .. }, None) => vec![],
        (Wanted::Client { tag, password: Some(password), .. }, None) => vec![
            Command::CreateRole(site.clone()),
            Command::CreateClient { site: site.clone(), password: password.clone(), tag: tag.clone() },
        ],
        (Wanted::Client { tag, password, disabled }, Some(client)) => {
            let mut steps = vec![];
            // An earlier password must not count any more, also where nobody has said the new one yet.
            let is_outdated = password.is_none() && client.tag != *tag;
            if client.tag != *tag || !client.is_home_of(site) {
                if let Some(password) = password {
                    let (site, password, tag) = (site.clone(), password.clone(), tag.clone());
                    steps.push(Command::CreateRole(site.clone()));
                    steps.push(Command::ModifyClient { site, password, tag });
                }
            }
            match (*disabled || is_outdated, client.disabled) {
                (true, false) => steps.push(Command::DisableClient(name())),
                (false, true) => steps.push(Command::EnableClient(name())),
                _ => {}
            }
            steps
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_changed() {
        let site = Site::new("ann").unwrap();
        let there = |tag: &str, role: &str, disabled: bool| {
            let client = json!({"username": "ann", "textname": tag, "disabled": disabled, "roles": [{"rolename": role}]});
            Some(serde_json::from_value::<Client>(client).unwrap())
        };
        let wanted = |password: Option<&str>, disabled| {
            let password = password.map(Secret::new);
            Wanted::Client { tag: "device:1".into(), password, disabled }
        };
        for (wanted, there, done) in [
            (wanted(Some("x"), false), there("device:1", "home:ann", false), vec![]),
            (
                wanted(Some("x"), false),
                there("device:0", "home:ann", false),
                vec!["CreateRole", "ModifyClient"],
            ),
            (
                wanted(Some("x"), false),
                there("device:1", "home:bob", false),
                vec!["CreateRole", "ModifyClient"],
            ),
            (wanted(Some("x"), false), None, vec!["CreateRole", "CreateClient"]),
            (wanted(None, false), None, vec![]),
            (wanted(None, false), there("device:1", "home:ann", false), vec![]),
            (wanted(None, false), there("account:0", "home:ann", false), vec!["DisableClient"]),
            (wanted(None, false), there("account:0", "home:ann", true), vec![]),
            (wanted(None, false), there("device:1", "home:ann", true), vec!["EnableClient"]),
            (wanted(Some("x"), true), there("device:1", "home:ann", false), vec!["DisableClient"]),
            (wanted(Some("x"), true), there("device:1", "home:ann", true), vec![]),
            (wanted(Some("x"), true), None, vec![]),
            (wanted(Some("x"), false), there("device:1", "home:ann", true), vec!["EnableClient"]),
            (Wanted::Nobody, there("device:1", "home:ann", false), vec!["DeleteClient", "DeleteRole"]),
            (Wanted::Nobody, None, vec![]),
        ] {
            let steps = steps(&site, &wanted, there.as_ref());
            let names: Vec<_> = steps.iter().map(|step| format!("{step:?}")).collect();
            assert_eq!(names.len(), done.len(), "{wanted:?} {there:?}: {names:?}");
            assert!(names.iter().zip(&done).all(|(name, start)| name.starts_with(start)), "{names:?}");
        }
    }
}
