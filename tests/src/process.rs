//! A child process whose output is kept and which does not outlive its owner.

use crate::wait::within;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A running program. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: Arc<Mutex<String>>,
    grown: watch::Receiver<usize>,
}

impl Process {
    /// Starts `program` so that it dies with the calling thread, even if that is killed.
    pub fn start(name: &'static str, program: &Command) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program.get_program()).args(program.get_args());
        for (key, value) in program.get_envs() {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} does not start: {error}"));

        let log = Arc::new(Mutex::new(String::new()));
        let (sender, grown) = watch::channel(0);
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let out = out.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        let err = err.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
        for pipe in out.into_iter().chain(err) {
            let (log, sender) = (Arc::clone(&log), sender.clone());
            std::thread::spawn(move || collect(pipe, &log, &sender));
        }
        Self { name, child, log, grown }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it wrote so far.
    pub fn log(&self) -> String {
        lock(&self.log).clone()
    }

    /// Waits for a line that contains `text` and gives it.
    pub async fn logged(&self, text: &str) -> String {
        self.logged_within(text, crate::wait::SOON).await
    }

    /// As [`Self::logged`], for what takes longer.
    pub async fn logged_within(&self, text: &str, limit: Duration) -> String {
        let mut grown = self.grown.clone();
        let found = async {
            loop {
                grown.borrow_and_update();
                if let Some(line) = lock(&self.log).lines().find(|line| line.contains(text)) {
                    return Some(line.to_owned());
                }
                if grown.changed().await.is_err() {
                    return None;
                }
            }
        };
        let line = within(&format!("{} to say '{text}'", self.name), limit, found).await;
        line.unwrap_or_else(|| panic!("{} ended without saying '{text}':\n{}", self.name, self.log()))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a child has a pid");
        kill_process(pid, signal).expect("a child that was not waited for can be signalled");
    }

    /// Asks it to end, and waits until it has. Gives its exit status, or `None` if it had to be killed.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        if self.is_running() {
            self.signal(Signal::CONT);
            self.signal(Signal::TERM);
        }
        self.wait(Duration::from_secs(10))
    }

    /// Waits until it ends by itself; kills it when `limit` has passed.
    pub fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                _ if Instant::now() > deadline => {
                    self.kill();
                    return None;
                }
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Ends it without asking.
    pub fn kill(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Forgets how much memory it had at most, so that [`Self::memory_kb`] tells of what follows.
    pub fn forget_peak(&self) {
        let path = format!("/proc/{}/clear_refs", self.pid());
        std::fs::write(path, "5").expect("the kernel lets the owner of a process reset its peak");
    }

    /// How much of its memory is in RAM now, in kB, and the most that it was since [`Self::forget_peak`].
    pub fn memory_kb(&self) -> (u64, u64) {
        let status = PathBuf::from(format!("/proc/{}/status", self.pid()));
        (field(&status, "VmRSS:"), field(&status, "VmHWM:"))
    }

    /// How often its threads have gone to sleep so far, and so how often they woke up.
    pub fn wake_ups(&self) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid()));
        let threads = threads.expect("a running process has threads").filter_map(Result::ok);
        threads.map(|thread| field(&thread.path().join("status"), "voluntary_ctxt_switches:")).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6000);
            let tail = log.get(from..).unwrap_or(&log);
            std::eprintln!("---- what {} wrote ----\n{tail}", self.name);
        }
    }
}

/// A number in one of the kernel's status files.
fn field(path: &Path, name: &str) -> u64 {
    let status = std::fs::read_to_string(path).expect("a running process has a status");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    number.unwrap_or_else(|| panic!("no {name} in {}", path.display()))
}

fn collect(pipe: impl Read, log: &Mutex<String>, grown: &watch::Sender<usize>) {
    /// A program that talks without end must not eat this one's memory.
    const MOST: usize = 16 * 1024 * 1024;
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    while pipe.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let mut log = lock(log);
        if log.len() < MOST {
            log.push_str(&String::from_utf8_lossy(&line));
        }
        grown.send_replace(log.len());
        line.clear();
    }
}

fn lock(log: &Mutex<String>) -> MutexGuard<'_, String> {
    log.lock().expect("nobody panics while holding the log")
}
