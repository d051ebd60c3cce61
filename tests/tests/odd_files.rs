//! Whatever stands in the place of the settings, the agent neither freezes nor forgets the settings in force.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::wait::{SOON, within};
use remoteaccess_tests::world::World;
use std::path::Path;
use std::process::Command;

fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo works");
}

fn directory(path: &Path) {
    std::fs::create_dir(path).expect("the temporary folder is writable");
}

fn endless(path: &Path) {
    std::os::unix::fs::symlink("/dev/zero", path).expect("the temporary folder is writable");
}

fn huge(path: &Path) {
    let file = std::fs::File::create(path).expect("the temporary folder is writable");
    file.set_len(1 << 40).expect("a file may have a hole");
}

/// The agent has its settings, then something else comes into their place, and at last they come back.
async fn is_survived(put: fn(&Path)) {
    let mut world = World::start().await;
    let (path, config) = (world.agent.config_path(), world.agent.config());
    std::fs::remove_file(&path).expect("the settings can be removed");
    put(&path);
    let unusable = |message: &str| !message.is_empty() && !message.contains("No such file");
    let status = world
        .agent
        .says("what is wrong", |status| status["config_error"].as_str().is_some_and(unusable))
        .await;
    assert_eq!(status["state"], "connected", "{status}");
    let answer = within("an answer", SOON, world.get("/feed/value.json?id=1")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    if path.is_dir() {
        std::fs::remove_dir(&path).expect("an empty directory can be removed");
    }
    world.agent.write_config(&config);
    world.agent.says("that all is well again", |status| status["config_error"].is_null()).await;
    std::fs::remove_file(&path).expect("the settings can be removed");
    put(&path);
    world.agent.terminate();
    assert!(world.agent.wait(SOON).is_some_and(|status| status.success()), "it ends when it is asked to");
}

/// The agent starts with something else in the place of its settings.
async fn is_told_at_the_start(put: fn(&Path)) {
    let mut agent = Agent::new(30);
    put(&agent.config_path());
    agent.launch();
    let status = agent.reaches("bad_config").await;
    assert!(status["message"].as_str().is_some_and(|message| message.len() > 20), "{status}");
    agent.terminate();
    assert!(agent.wait(SOON).is_some_and(|status| status.success()), "it ends when it is asked to");
}

#[tokio::test]
async fn a_pipe_in_place_of_the_settings_freezes_nothing() {
    is_survived(pipe).await;
    is_told_at_the_start(pipe).await;
}

#[tokio::test]
async fn a_directory_in_place_of_the_settings_freezes_nothing() {
    is_survived(directory).await;
    is_told_at_the_start(directory).await;
}

#[tokio::test]
async fn a_file_without_end_in_place_of_the_settings_freezes_nothing() {
    is_survived(endless).await;
    is_told_at_the_start(endless).await;
}

#[tokio::test]
async fn a_terabyte_in_place_of_the_settings_freezes_nothing() {
    is_survived(huge).await;
    is_told_at_the_start(huge).await;
}
