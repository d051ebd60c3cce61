//! The agent follows its file, however it is changed.

use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{Options, World};
use serde_json::{Value, json};
use std::path::Path;

const PATH: &str = "/feed/value.json?id=1";

/// The list with or without the endpoint that these tests ask for.
fn list(allowed: bool) -> Value {
    if allowed { json!({"feed/list": "read", "feed/value": "read"}) } else { json!({"feed/list": "read"}) }
}

async fn world() -> World {
    World::with(Options { access: list(false), ..Options::default() }).await
}

async fn is_allowed(world: &World, allowed: bool) {
    let what = if allowed { "the endpoint to be allowed" } else { "the endpoint to be denied" };
    until(what, SOON, async || {
        let answer = world.get(PATH).await;
        assert!([200, 403].contains(&answer.status), "neither allowed nor denied: {}", answer.text());
        ((answer.status == 200) == allowed).then_some(())
    })
    .await;
}

/// Changes the list with `replace`, there and back, and expects it to be in force without a new session.
async fn follows(replace: impl Fn(&Path, &str)) {
    let world = world().await;
    for allowed in [true, false, true] {
        let mut config = world.agent.config();
        config["ACCESS_CONTROL"] = list(allowed);
        replace(&world.agent.config_path(), &config.to_string());
        is_allowed(&world, allowed).await;
    }
    assert_eq!(world.line.connections(), 1, "the session was dropped for a new list");
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("the temporary folder is writable");
}

#[tokio::test]
async fn a_new_file_renamed_over_the_old_one_counts() {
    follows(|path, text| {
        let new = path.with_extension("tmp");
        write(&new, text);
        std::fs::rename(new, path).expect("a file can be renamed");
    })
    .await;
}

#[tokio::test]
async fn a_file_written_in_place_counts() {
    follows(write).await;
}

#[tokio::test]
async fn a_file_written_in_pieces_counts_when_it_is_whole() {
    follows(|path, text| {
        use std::io::Write;
        let mut file = std::fs::File::create(path).expect("the temporary folder is writable");
        for piece in text.as_bytes().chunks(100) {
            file.write_all(piece).expect("the temporary folder is writable");
            file.sync_all().expect("a file can be synced");
        }
    })
    .await;
}

#[tokio::test]
async fn a_file_deleted_and_created_again_counts() {
    follows(|path, text| {
        std::fs::remove_file(path).expect("the file is there");
        write(path, text);
    })
    .await;
}

#[tokio::test]
async fn a_symlink_pointed_elsewhere_counts() {
    let next = std::sync::atomic::AtomicU32::new(0);
    follows(|path, text| {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let target = path.with_file_name(format!("version-{number}.json"));
        write(&target, text);
        let link = path.with_extension("link");
        std::os::unix::fs::symlink(&target, &link).expect("a link can be made");
        std::fs::rename(link, path).expect("a link can be renamed");
    })
    .await;
}

#[tokio::test]
async fn a_file_copied_over_the_old_one_counts() {
    follows(|path, text| {
        let other = path.parent().and_then(Path::parent).expect("a folder has a parent").join("copy.json");
        write(&other, text);
        std::fs::copy(other, path).expect("a file can be copied");
    })
    .await;
}

#[tokio::test]
async fn a_deleted_file_changes_nothing() {
    let world = world().await;
    std::fs::remove_file(world.agent.config_path()).expect("the file is there");
    world.agent.says("the missing file to be noticed", |status| !status["config_error"].is_null()).await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    world.get(PATH).await.assert_refused(403, "denied");
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn a_bad_file_leaves_the_old_one_in_force_and_says_why() {
    let world = world().await;
    let good = world.agent.config();
    let mut wrong_port = good.clone();
    wrong_port["MQTT_PORT"] = json!(123_456);
    let mut wrong_list = good.clone();
    wrong_list["ACCESS_CONTROL"] = json!({"feed/value": "read", "feed/list": "maybe"});
    let mut no_key = good.clone();
    no_key.as_object_mut().expect("an object").remove("APIKEY_READ");
    for (bad, reason) in [
        ("{\"MQTT_HOST\": \"loc".to_owned(), "JSON"),
        (String::new(), ""),
        ("[]".to_owned(), ""),
        (wrong_port.to_string(), "MQTT_PORT"),
        (wrong_list.to_string(), "feed/list"),
        (no_key.to_string(), "APIKEY_READ"),
    ] {
        world.agent.write_text(&bad);
        let says = |status: &Value| status["config_error"].as_str().is_some_and(|text| text.contains(reason));
        let status = world.agent.says(&format!("the reason against {bad:?}"), says).await;
        assert_eq!(status["state"], "connected");
        assert!(
            !status.to_string().contains(&world.broker_password),
            "the status has the password: {status}"
        );
        assert_eq!(world.get("/feed/list.json").await.status, 200);

        world.agent.write_config(&good);
        world.agent.says("the good file to be in force", |status| status["config_error"].is_null()).await;
    }
    assert_eq!(world.line.connections(), 1, "a bad file dropped the session");
}

#[tokio::test]
async fn an_agent_without_a_usable_file_waits_for_one() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    let good = world.agent.config();
    std::fs::remove_file(world.agent.config_path()).expect("the file is there");
    world.agent.launch();
    world.agent.reaches("not_configured").await;
    world.agent.write_text("{");
    world.agent.reaches("bad_config").await;
    world.agent.write_config(&good);
    world.comes_online().await;
}

#[tokio::test]
async fn a_burst_of_writes_is_one_reload() {
    let world = world().await;
    let loaded = || world.agent.process().log().matches("configuration loaded").count();
    let before = loaded();
    for number in 0..100 {
        world.agent.edit(|config| {
            config.insert("ACCESS_CONTROL".into(), list(number == 99));
        });
    }
    is_allowed(&world, true).await;
    let loads = loaded() - before;
    // A burst may straddle the moment in which the agent looks.
    assert!((1..=3).contains(&loads), "100 writes were loaded {loads} times");
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn what_runs_goes_on_under_a_new_list() {
    let world = World::start().await;
    world
        .emoncms
        .order("feed/value", remoteaccess_tests::standin::Fault::Slow(std::time::Duration::from_secs(2)));
    let (client, key) = (world.client.clone(), world.account.read_key.clone());
    let running = tokio::spawn(async move { client.get(PATH, &key).await });
    until("the request to reach emoncms", SOON, async || world.emoncms.seen().first().map(|_| ())).await;
    world.agent.edit(|config| {
        config.insert("ACCESS_CONTROL".into(), list(false));
    });
    is_allowed_now(&world, "/feed/get.json?id=1", 403).await;
    assert_eq!(running.await.expect("a caller does not panic").status, 200);
}

async fn is_allowed_now(world: &World, path: &str, status: u16) {
    until("the new list", SOON, async || (world.get(path).await.status == status).then_some(())).await;
}

#[tokio::test]
async fn another_emoncms_or_key_counts_for_the_next_request() {
    let world = World::start().await;
    let keys = remoteaccess_tests::standin::Keys::random();
    let other = remoteaccess_tests::standin::Standin::start(keys.clone()).await;
    world.agent.edit(|config| {
        config.insert("EMONCMS_URL".into(), other.url().into());
        config.insert("APIKEY_READ".into(), keys.read.clone().into());
    });
    until("the other emoncms to be asked", SOON, async || {
        let answer = world.get(PATH).await;
        (answer.status == 200 && !other.seen().is_empty()).then_some(())
    })
    .await;
    assert_eq!(world.line.connections(), 1, "the session was dropped");
}

#[tokio::test]
async fn new_credentials_make_a_new_session() {
    let world = World::start().await;
    world.broker.set_password("alice", "another password").await;
    let before = world.agent.reaches("wrong_password").await;
    world.agent.edit(|config| {
        config.insert("MQTT_PASSWORD".into(), "another password".into());
    });
    assert!(before["message"].as_str().is_some_and(|text| !text.is_empty()), "{before}");
    world.comes_online().await;
    assert_eq!(world.get(PATH).await.status, 200);
    assert_eq!(world.line.open(), 1, "the old session is still there");
}

#[tokio::test]
async fn switched_off_means_disconnected_at_once() {
    let world = World::start().await;
    world.agent.edit(|config| {
        config.insert("ENABLED".into(), false.into());
    });
    until("the connection to end", SOON, async || (world.line.open() == 0).then_some(())).await;
    world.agent.reaches("disabled").await;
    world.get(PATH).await.assert_refused(503, "home_offline");
    assert_eq!(world.line.connections(), 1);

    world.agent.edit(|config| {
        config.insert("ENABLED".into(), true.into());
    });
    world.comes_online().await;
    assert_eq!(world.get(PATH).await.status, 200);
}

#[tokio::test]
async fn a_machine_without_watches_left_is_served_and_finds_changes_within_seconds() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    // Others at home may have used up what the kernel has.
    let none_left = "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"";
    let door = ["unshare", "--user", "--map-root-user", "sh", "-c", none_left, "sh"];
    let possible = std::process::Command::new(door[0]).args(&door[1..]).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        std::eprintln!("skipped: this machine lets nobody have a user namespace of their own");
        return;
    }
    world.agent.goes_through(door.map(str::to_owned).to_vec());
    world.agent.launch();
    world.comes_online().await;
    world.agent.process().logged("inotify").await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
    world.agent.edit(|config| config["ACCESS_CONTROL"] = json!({}));
    until("the new list to count", SOON, async || {
        (world.get("/feed/list.json").await.refusal() == (403, "denied".into())).then_some(())
    })
    .await;
}
