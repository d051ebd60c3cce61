//! However a start by a script ends, what it has started is ended, and its folder is gone.

use remoteaccess_tests::keeper::Keeper;
use remoteaccess_tests::wait::{SOON, until};
use rustix::process::{Pid, test_kill_process};
use std::path::Path;
use tempfile::TempDir;

/// A script of two servers: it notes the first and forgets the second; then comes `rest` of its start.
fn script(folder: &TempDir, rest: &str) -> std::path::PathBuf {
    let path = folder.path().join("script.sh");
    let text = format!(
        r#"
        case "$1" in
          start) sleep 600 & echo $! > "$2/noted"; sleep 600 & echo "$(cat "$2/noted") $!" > "$2/all.new"
                 mv "$2/all.new" "$2/all"; {rest} ;;
          clean) kill "$(cat "$2/noted")" 2> /dev/null; touch "{}/cleaned" ;;
        esac
        "#,
        folder.path().display()
    );
    std::fs::write(&path, text).expect("the temporary folder is writable");
    path
}

/// The servers that run, once they do.
async fn servers(folder: &Path) -> Vec<Pid> {
    let text =
        until("the servers to run", SOON, async || std::fs::read_to_string(folder.join("all")).ok()).await;
    let pids: Vec<_> = text.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect();
    assert_eq!(pids.len(), 2, "{text}");
    pids
}

async fn all_is_gone(scripts: &TempDir, folder: &Path, servers: &[Pid]) {
    until("the folder to be gone", SOON, async || (!folder.exists()).then_some(())).await;
    assert!(scripts.path().join("cleaned").exists(), "the script's own clean-up did not run");
    for pid in servers {
        until("a server to be gone", SOON, async || test_kill_process(*pid).is_err().then_some(())).await;
    }
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_is_ended() {
    let scripts = tempfile::tempdir().expect("the temporary folder is writable");
    let mut keeper = Keeper::new(&script(&scripts, "wait"), &[]);
    let folder = keeper.folder();
    let servers = tokio::select! {
        _ = keeper.started() => panic!("this start never ends"),
        servers = servers(&folder) => servers,
    };
    drop(keeper);
    all_is_gone(&scripts, &folder, &servers).await;
}

#[tokio::test]
async fn a_start_that_fails_is_told_and_cleaned_up() {
    let scripts = tempfile::tempdir().expect("the temporary folder is writable");
    let mut keeper = Keeper::new(&script(&scripts, "kill $!; echo no room; exit 1"), &[]);
    let folder = keeper.folder();
    let failed = tokio::spawn(async move { keeper.started().await }).await;
    let panic = failed.expect_err("a failed start is a panic").into_panic();
    let words = panic.downcast::<String>().expect("it says why");
    assert!(words.contains("no room"), "{words}");
    all_is_gone(&scripts, &folder, &[]).await;
}

#[tokio::test]
async fn what_has_started_is_cleaned_up_while_a_panic_unwinds() {
    let scripts = tempfile::tempdir().expect("the temporary folder is writable");
    let mut keeper = Keeper::new(&script(&scripts, "kill $!; echo KEY=value"), &[]);
    let folder = keeper.folder();
    let (starting, servers) = tokio::join!(keeper.started(), servers(&folder));
    assert_eq!(starting, "KEY=value\n");
    let panics = async move {
        let _keeper = keeper;
        panic!("whatever it is");
    };
    assert!(tokio::spawn(panics).await.is_err());
    all_is_gone(&scripts, &folder, &servers).await;
}
