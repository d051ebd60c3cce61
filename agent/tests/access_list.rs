//! The cases that the agent and the page in emoncms have to agree on.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

use remoteaccess_agent::acl::AccessList;
use remoteaccess_protocol::{Endpoint, Rights};
use serde_json::Value;

fn table() -> Value {
    serde_json::from_str(include_str!("../../tests/access-list-cases.json")).unwrap()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry.as_str().unwrap()).collect()
}

#[test]
fn entries_are_valid_or_not_as_the_table_says() {
    let table = table();
    for entry in texts(&table["valid_entries"]) {
        assert!(AccessList::new([(entry, "read")]).is_ok(), "{entry:?} is valid");
    }
    for entry in texts(&table["invalid_entries"]) {
        assert!(AccessList::new([(entry, "read")]).is_err(), "{entry:?} is not valid");
    }
}

#[test]
fn requests_get_the_key_that_the_table_says() {
    for case in table()["cases"].as_array().unwrap() {
        let list = case["list"].as_object().unwrap();
        let entries = list.iter().map(|(path, right)| (path.as_str(), right.as_str().unwrap()));
        let access = AccessList::new(entries).unwrap();
        for request in case["requests"].as_array().unwrap() {
            let path = request["path"].as_str().unwrap();
            let caller = if request["caller"] == "write" { Rights::Write } else { Rights::Read };
            let verdict = match Endpoint::parse(path).map(|endpoint| access.check(&endpoint, caller)) {
                None => "malformed",
                Some(Err(_)) => "denied",
                Some(Ok(Rights::Read)) => "read",
                Some(Ok(Rights::Write)) => "write",
            };
            assert_eq!(verdict, request["verdict"], "{path:?} with {list:?}");
        }
    }
}
