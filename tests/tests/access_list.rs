//! The list at home decides, entry by entry.

use remoteaccess_tests::world::{Options, World};
use serde_json::json;

enum Expected {
    /// With the key for reading.
    Read,
    /// With the key for everything.
    Write,
    Denied,
}
use Expected::{Denied, Read, Write};

#[tokio::test]
async fn the_most_specific_entry_wins_and_names_the_key() {
    let access = json!({
        "feed/*": "read", "feed/set": "write",
        "input/list": "read", "input/process": "read", "input/process/set": "write",
        "schedule/*": "write", "schedule/list": "read",
        "admin/*": "write", "user/*": "write",
    });
    let world = World::with(Options { access, ..Options::default() }).await;
    for (path, owner, reader) in [
        ("feed/list", Read, Read),
        ("feed/value", Read, Read),
        ("feed/insert", Read, Read),
        ("feed/set", Write, Denied),
        ("feed/process/get", Read, Read),
        ("input/list", Read, Read),
        ("input/post", Denied, Denied),
        ("input/process/get", Read, Read),
        ("input/process/set", Write, Denied),
        ("schedule/list", Read, Read),
        ("schedule/set", Write, Denied),
        ("device/list", Denied, Denied),
        ("user/session", Write, Denied),
        ("Feed/list", Denied, Denied),
        ("feed/Set", Read, Read),
    ] {
        for (key, expected) in [(&world.account.write_key, owner), (&world.account.read_key, reader)] {
            let before = world.emoncms.seen().len();
            let answer = world.client.get(&format!("/{path}.json"), key).await;
            let seen = world.emoncms.seen().split_off(before);
            let used: Vec<_> = seen.iter().filter_map(|seen| seen.bearer()).collect();
            let keys = world.emoncms.keys();
            match expected {
                Read => assert_eq!(used, [keys.read.as_str()], "{path}: {}", answer.text()),
                Write => assert_eq!(used, [keys.write.as_str()], "{path}: {}", answer.text()),
                Denied => {
                    assert_eq!(used, [] as [&str; 0], "{path} reached emoncms");
                    answer.assert_refused(403, "denied");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_empty_list_allows_nothing() {
    let world = World::with(Options { access: json!({}), ..Options::default() }).await;
    for path in ["/feed/list.json", "/user/session.json", "/process/list.json"] {
        world.get_as_owner(path).await.assert_refused(403, "denied");
    }
    assert_eq!(world.emoncms.seen().len(), 0);
}

#[tokio::test]
async fn a_list_that_a_php_array_became_allows_nothing_and_breaks_nothing() {
    // PHP writes an empty map as [].
    let world = World::with(Options { access: json!([]), ..Options::default() }).await;
    world.get_as_owner("/feed/list.json").await.assert_refused(403, "denied");
}
