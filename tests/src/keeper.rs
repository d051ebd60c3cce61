//! Servers that a script starts and cleans up: the clean-up comes however their owner ends, even by SIGKILL.

use crate::wait;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Copying a big emoncms and making its database, on a busy machine.
const START: Duration = Duration::from_secs(180);
/// A little more than the shell below allows the script.
const CLEAN: Duration = Duration::from_secs(70);

/// Starts `SCRIPT start FOLDER` in a process group of its own, and says how that ended. When its input ends, because
/// the owner closed it or is gone, it ends a start that still runs, and runs `SCRIPT clean FOLDER`.
///
/// The start's servers are in its group, so that one killed half-way leaves none, whether it has noted them or not.
/// A group is signalled only while bash has its first process as a running job: no other can have the number then.
const SHELL: &str = r#"
    set -m
    ( bash "$1" start "$2" > "$2/start.log" 2>&1 < /dev/null; echo $? ) &
    start=$!
    read -r _
    exec > /dev/null
    [ -z "$(jobs -r)" ] || kill -KILL -- "-$start"
    timeout -k 5 60 bash "$1" clean "$2" < /dev/null 2>&1
    rm -rf -- "$2"
"#;

/// Keeps what the script has started. Dropping it cleans up, in whatever state the start is.
#[derive(Debug)]
pub struct Keeper {
    folder: TempDir,
    shell: Child,
}

impl Keeper {
    /// Begins to start what `script` starts, in a new folder.
    pub fn new(script: &Path, settings: &[(&str, String)]) -> Self {
        let folder = tempfile::Builder::new().prefix("real-emoncms-").tempdir();
        let folder = folder.expect("the temporary folder is writable");
        // php-fpm runs as another user, who has to get to its files.
        set_mode(folder.path(), 0o755);
        let mut shell = Command::new("bash");
        shell.args(["-c", SHELL, "keeper"]).arg(script).arg(folder.path());
        shell.envs(settings.iter().map(|(name, value)| (name, value)));
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Ctrl-C in a terminal reaches the whole group of what runs there.
        shell.process_group(0);
        let shell = shell.spawn().expect("there is a bash");
        Self { folder, shell }
    }

    /// Waits until the start has ended well, and gives what it wrote. May be dropped.
    ///
    /// # Panics
    /// With what it wrote when it failed or takes too long.
    pub async fn started(&mut self) -> String {
        let said = self.shell.stdout.take().expect("a start is awaited once");
        let ended = tokio::time::timeout(START, BufReader::new(said).lines().next_line()).await;
        let log = std::fs::read_to_string(self.folder.path().join("start.log")).unwrap_or_default();
        match ended {
            Ok(Ok(Some(status))) if status == "0" => log,
            Ok(ended) => panic!("the start failed ({ended:?}):\n{log}"),
            Err(_) => panic!("the start takes more than {START:?}:\n{log}"),
        }
    }

    /// Where the script works.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Keeper {
    /// Never panics: it may run because something else did.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let deadline = Instant::now() + CLEAN;
        while matches!(self.shell.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                std::eprintln!("gave up waiting for the clean-up of {}", self.folder.path().display());
                return;
            }
            std::thread::sleep(wait::TICK);
        }
    }
}

fn set_mode(folder: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder, permissions).expect("one's own folder can be opened to others");
}
