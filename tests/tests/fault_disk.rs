//! Disks that are full or read-only, at home and at the bridge. They take root.

use remoteaccess_tests::binaries;
use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mount::Mount;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{NAME, Options, World};
use reqwest::Method;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

async fn signs_in(world: &World) -> Answer {
    let login = json!({"username": NAME, "password": PASSWORD});
    Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await
}

/// Requests that the home's status tells of.
fn counted(world: &World) -> u64 {
    world.agent.status().and_then(|status| status["counters"]["requests"].as_u64()).unwrap_or_default()
}

/// How often the home has said that its status cannot be written.
fn complaints(world: &World) -> usize {
    world.agent.process().log().matches("the page in emoncms will be out of date").count()
}

#[tokio::test]
async fn a_home_serves_on_without_a_disk_and_tells_of_itself_again_with_one() {
    let mut world = World::with(Options { agent: false, ..Options::default() }).await;
    let folder = world.agent.status_path().parent().expect("it is in a folder").to_owned();
    let Some(disk) = Mount::over(&folder, 64) else { return };
    world.agent.launch();
    world.comes_online().await;
    for (times, full) in [(1, true), (2, false)] {
        if full {
            disk.fill();
        } else {
            assert!(disk.read_only(true), "nobody writes all the time");
        }
        let before = counted(&world);
        for _ in 0..3 {
            assert_eq!(world.get("/feed/list.json").await.status, 200);
        }
        until("the agent to say so", SOON, async || (complaints(&world) == times).then_some(())).await;
        assert_eq!(counted(&world), before, "an older status stays whole");
        if full {
            disk.clear();
        } else {
            assert!(disk.read_only(false));
        }
        assert_eq!(world.get("/feed/list.json").await.status, 200);
        let told = until("the status to be up to date", SOON, async || {
            (counted(&world) >= before + 4).then_some(())
        });
        told.await;
    }
    assert_eq!(complaints(&world), 2, "once each time");
    assert_eq!(world.line.connections(), 1);
}

#[tokio::test]
async fn a_bridge_with_a_full_disk_relays_and_says_what_it_cannot_write() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let Some(disk) = Mount::over(folder.path(), 1024) else { return };
    let world = World::with(Options { database: Some(folder.path().to_owned()), ..Options::default() }).await;
    assert_eq!(signs_in(&world).await.status, 200);
    disk.fill();
    let mut refused = None;
    // There is some room in the database itself.
    for _ in 0..200 {
        let answer = signs_in(&world).await;
        assert!([200, 503].contains(&answer.status), "{}", answer.text());
        if answer.status == 503 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("a full disk takes no 200 sessions");
    refused.assert_refused(503, "database");
    let ready = world.client.get_anonymously("/-/ready").await;
    ready.assert_refused(503, "database");
    for answer in [&refused, &ready] {
        assert!(answer.text().contains("cannot write to its database"), "{}", answer.text());
    }
    assert_eq!(world.client.get_anonymously("/-/health").await.status, 200);
    // Who has a key needs nothing written.
    let start = Instant::now();
    until("a key to be served", SOON, async || {
        (world.get("/feed/list.json").await.status == 200).then_some(())
    })
    .await;
    std::eprintln!("a key was served {:.1} s later", start.elapsed().as_secs_f32());
    disk.clear();
    let start = Instant::now();
    until("somebody to sign in", SOON, async || (signs_in(&world).await.status == 200).then_some(())).await;
    world.is_ready().await;
    std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[tokio::test]
async fn a_bridge_that_starts_on_a_read_only_disk_says_so_and_serves_once_it_can_write() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let Some(disk) = Mount::over(folder.path(), 4096) else { return };
    let options = Options { database: Some(folder.path().to_owned()), ..Options::default() };
    let mut world = World::with(options).await;
    world.bridge.process_mut().stop();
    assert!(disk.read_only(true));
    world.bridge.start_again().await;
    world.meet_bridge();
    signs_in(&world).await.assert_refused(503, "database");
    world.get("/feed/list.json").await.assert_refused(503, "database");
    assert_eq!(world.client.get_anonymously("/-/ready").await.status, 503);
    let why = format!("cannot write the folder {}: Read-only file system", folder.path().display());
    world.bridge.process().logged(&why).await;
    assert!(disk.read_only(false));
    let start = Instant::now();
    until("somebody to sign in", SOON, async || (signs_in(&world).await.status == 200).then_some(())).await;
    std::eprintln!("well again after {:.1} s", start.elapsed().as_secs_f32());
    world.is_served().await;
    assert_eq!(world.get("/feed/list.json").await.status, 200);
}

#[test]
fn a_folder_that_the_bridges_user_may_not_write_is_named_with_that_user() {
    const NOBODY: u32 = 65534;
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let (database, config) = (folder.path().join("database"), folder.path().join("bridge.toml"));
    let toml = format!(
        "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"localhost\"\n[database]\nurl = \"sqlite:{}\"\n",
        database.join("bridge.db").display()
    );
    fs::write(&config, toml).expect("the temporary folder is writable");
    fs::create_dir(&database).expect("the temporary folder is writable");
    for path in [folder.path(), &database, &config] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is one's own");
    }
    let as_nobody = |arguments: &[&str], input: &str| {
        let given = folder.path().join("given");
        fs::write(&given, input).expect("the temporary folder is writable");
        let mut command = Command::new("setpriv");
        command.stdin(fs::File::open(given).expect("it was written just now"));
        command.args(["--reuid", &NOBODY.to_string(), "--clear-groups", "--"]);
        command
            .arg(binaries::path(binaries::BRIDGE))
            .args(arguments)
            .output()
            .expect("every Linux has this program")
    };
    if !as_nobody(&["--version"], "").status.success() {
        std::eprintln!("skipped: it takes root, and a program that others may run");
        return;
    }
    let config = config.display().to_string();
    let said = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let refused = said(as_nobody(&["--config", &config, "account", "list"], ""));
    let why = format!("nobody may not write the folder {}", database.display());
    assert!(refused.contains(&why) && refused.contains("chown -R nobody"), "{refused}");
    // The same where the folder is right and root has made the file.
    chown(&database, Some(NOBODY), None).expect("root may");
    assert!(as_nobody(&["--config", &config, "account", "add", "ann"], "a long password").status.success());
    chown(database.join("bridge.db"), Some(0), None).expect("root may");
    fs::set_permissions(database.join("bridge.db"), fs::Permissions::from_mode(0o644)).expect("root may");
    let refused = said(as_nobody(&["--config", &config, "account", "keys", "ann", "--new", "read"], ""));
    let why = format!("nobody may not write the file {}", database.join("bridge.db").display());
    assert!(refused.contains(&why), "{refused}");
}
