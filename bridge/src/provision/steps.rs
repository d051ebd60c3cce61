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
        (Wanted::Client { password: None, .. }, None) => vec![],
        (Wanted::Client { tag, password: Some(password), disabled }, None) => {
            let mut steps = vec![
                Command::CreateRole(site.clone()),
                // One that was left over may have other rights. It is not made anew: another bridge may just have given it away.
                Command::ModifyRole(site.clone()),
                Command::CreateClient { site: site.clone(), password: password.clone(), tag: tag.clone() },
            ];
            // Nobody may know the password any more when it may connect.
            steps.extend(disabled.then(|| Command::DisableClient(name())));
            steps
        }
        (Wanted::Client { tag, password, disabled }, Some(client)) => {
            let mut steps = vec![];
            // An earlier password must not count any more, also where nobody has said the new one yet.
            let is_outdated = password.is_none() && client.tag != *tag;
            let is_otherwise = !client.is_home_of(site) || !client.has_rights();
            let password = password.clone().filter(|_| client.tag != *tag).map(|known| (known, tag.clone()));
            if is_otherwise {
                steps.push(Command::CreateRole(site.clone()));
                steps.push(Command::ModifyRole(site.clone()));
            }
            if is_otherwise || password.is_some() {
                steps.push(Command::ModifyClient { site: site.clone(), password });
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
    use crate::dynsec::homes_rights;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_changed() {
        let site = Site::new("ann").unwrap();
        let with = |tag: &str, role: &str, disabled: bool, rights: &str| {
            let client = json!({
                "username": "ann", "textname": tag, "disabled": disabled, "roles": [{"rolename": role}],
                "textdescription": rights,
            });
            Some(serde_json::from_value::<Client>(client).unwrap())
        };
        let there = |tag: &str, role: &str, disabled| with(tag, role, disabled, homes_rights());
        let earlier = |tag: &str, disabled| with(tag, "home:ann", disabled, "");
        let wanted = |password: Option<&str>, disabled| {
            let password = password.map(Secret::new);
            Wanted::Client { tag: "device:1".into(), password, disabled }
        };
        for (wanted, there, done) in [
            (wanted(Some("x"), false), there("device:1", "home:ann", false), vec![]),
            (
                wanted(Some("x"), false),
                there("device:0", "home:ann", false),
                vec!["ModifyClient { site: Site(\"ann\"), password: Some"],
            ),
            (
                wanted(Some("x"), false),
                there("device:1", "home:bob", false),
                vec!["CreateRole", "ModifyRole", "ModifyClient { site: Site(\"ann\"), password: None"],
            ),
            (
                wanted(Some("x"), false),
                earlier("device:0", false),
                vec!["CreateRole", "ModifyRole", "ModifyClient { site: Site(\"ann\"), password: Some"],
            ),
            (
                wanted(None, false),
                earlier("device:1", false),
                vec!["CreateRole", "ModifyRole", "ModifyClient { site: Site(\"ann\"), password: None"],
            ),
            (
                wanted(None, false),
                earlier("device:0", true),
                vec!["CreateRole", "ModifyRole", "ModifyClient { site: Site(\"ann\"), password: None"],
            ),
            (wanted(Some("x"), false), None, vec!["CreateRole", "ModifyRole", "CreateClient"]),
            (wanted(None, false), None, vec![]),
            (wanted(None, false), there("device:1", "home:ann", false), vec![]),
            (wanted(None, false), there("account:0", "home:ann", false), vec!["DisableClient"]),
            (wanted(None, false), there("account:0", "home:ann", true), vec![]),
            (wanted(None, false), there("device:1", "home:ann", true), vec!["EnableClient"]),
            (wanted(Some("x"), true), there("device:1", "home:ann", false), vec!["DisableClient"]),
            (wanted(Some("x"), true), there("device:1", "home:ann", true), vec![]),
            (
                wanted(Some("x"), true),
                None,
                vec!["CreateRole", "ModifyRole", "CreateClient", "DisableClient"],
            ),
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
