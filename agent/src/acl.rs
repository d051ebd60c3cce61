//! The access list: what the owner lets out of the house. Pure; the rules are DESIGN's and in docs/protocol.md.

use remoteaccess_protocol::{Endpoint, ErrorCode, Refusal, Rights};
use std::collections::BTreeMap;

/// `ACCESS_CONTROL` of `remoteaccess.json`.
///
/// An entry is `controller/action`, `controller/action/subaction` or `controller/*`. The most specific one that
/// fits decides; `controller/action` also covers its subactions; what no entry fits is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessList(BTreeMap<String, Rights>);

impl AccessList {
    /// Checks the entries as they stand in the file.
    ///
    /// # Errors
    /// A sentence that names the first wrong entry.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut list = BTreeMap::new();
        for (path, right) in entries {
            let plain =
                path.strip_suffix("/*").map_or_else(|| path.to_owned(), |module| format!("{module}/x"));
            let endpoint = Endpoint::parse(&plain);
            if endpoint.is_none_or(|endpoint| path.ends_with("/*") && endpoint.subaction.is_some()) {
                return Err(format!(
                    "\"{path}\" is not controller/action, controller/action/subaction or controller/*"
                ));
            }
            let right = match right {
                "read" => Rights::Read,
                "write" => Rights::Write,
                other => return Err(format!("\"{path}\" is \"{other}\", but must be \"read\" or \"write\"")),
            };
            list.insert(path.to_owned(), right);
        }
        Ok(Self(list))
    }

    /// With which of the home's keys a call is made.
    ///
    /// # Errors
    /// A refusal with [`ErrorCode::Denied`] that names what is missing.
    pub fn check(&self, endpoint: &Endpoint, caller: Rights) -> Result<Rights, Refusal> {
        if endpoint.is_never_relayed() {
            return Err(denied(format!("{endpoint} is never available through remote access")));
        }
        let entry = self.entry(endpoint);
        let entry = entry.ok_or_else(|| denied(format!("{endpoint} is not in this home's access list")))?;
        if entry > caller {
            return Err(denied(format!(
                "{endpoint} takes the write key at home, and this sign-in or key may only read"
            )));
        }
        Ok(entry)
    }

    /// Entries that can never take effect.
    pub fn without_effect(&self) -> impl Iterator<Item = &str> {
        let never = |path: &str| Endpoint::parse(path).is_some_and(|endpoint| endpoint.is_never_relayed());
        self.0.keys().map(String::as_str).filter(move |path| never(&path.replace('*', "x")))
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn entry(&self, endpoint: &Endpoint) -> Option<Rights> {
        let Endpoint { controller, action, .. } = endpoint;
        let exact = endpoint.to_string();
        [exact, format!("{controller}/{action}"), format!("{controller}/*")]
            .iter()
            .find_map(|path| self.0.get(path))
            .copied()
    }
}

fn denied(message: String) -> Refusal {
    Refusal::new(ErrorCode::Denied, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(entries: &[(&str, &str)], path: &str, caller: Rights) -> Option<Rights> {
        let list = AccessList::new(entries.iter().copied()).unwrap();
        list.check(&Endpoint::parse(path).unwrap(), caller).ok()
    }

    #[test]
    fn the_most_specific_entry_decides() {
        let list = [
            ("feed/*", "read"),
            ("feed/set", "write"),
            ("input/process", "read"),
            ("input/process/set", "write"),
        ];
        let as_writer = |path| verdict(&list, path, Rights::Write);
        assert_eq!(as_writer("feed/list"), Some(Rights::Read));
        assert_eq!(as_writer("feed/set"), Some(Rights::Write));
        assert_eq!(as_writer("input/process/set"), Some(Rights::Write));
        assert_eq!(as_writer("input/process/get"), Some(Rights::Read));
        assert_eq!(as_writer("input/process"), Some(Rights::Read));
        assert_eq!(as_writer("input/list"), None);
    }

    #[test]
    fn a_write_entry_is_refused_to_a_caller_who_may_read() {
        let list = [("feed/set", "write"), ("feed/list", "read")];
        assert_eq!(verdict(&list, "feed/set", Rights::Read), None);
        assert_eq!(verdict(&list, "feed/list", Rights::Read), Some(Rights::Read));
    }

    #[test]
    fn a_caller_who_may_write_still_gets_the_read_key_for_a_read_entry() {
        assert_eq!(verdict(&[("feed/set", "read")], "feed/set", Rights::Write), Some(Rights::Read));
    }

    #[test]
    fn nothing_is_allowed_by_an_empty_list_and_names_match_as_written() {
        assert_eq!(verdict(&[], "feed/list", Rights::Write), None);
        assert_eq!(verdict(&[("feed/list", "read")], "Feed/list", Rights::Write), None);
        assert_eq!(verdict(&[("feed/list", "read")], "feed/listwithmeta", Rights::Write), None);
    }

    #[test]
    fn no_entry_opens_what_is_never_relayed() {
        let list = [("admin/*", "write"), ("user/*", "write"), ("feed/*", "read"), ("config/get", "read")];
        for path in ["admin/users", "user/get", "feed/api", "config/get"] {
            assert_eq!(verdict(&list, path, Rights::Write), None, "{path}");
        }
        assert_eq!(verdict(&list, "user/session", Rights::Write), Some(Rights::Write));
        let list = AccessList::new(list).unwrap();
        assert_eq!(list.without_effect().collect::<Vec<_>>(), ["admin/*", "config/get", "user/*"]);
    }

    #[test]
    fn wrong_entries_are_named() {
        for path in [
            "feed",
            "feed/",
            "/list",
            "feed/list.json",
            "feed/../x",
            "feed/list?a=b",
            "*",
            "*/*",
            "a/b/*",
            "a/b/c/d",
            "feed/*x",
        ] {
            let error = AccessList::new([(path, "read")]).unwrap_err();
            assert!(error.contains(path), "{path}: {error}");
        }
        assert!(AccessList::new([("feed/list", "rw")]).unwrap_err().contains("rw"));
    }
}
