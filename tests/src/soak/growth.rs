//! What lives must not grow: memory, descriptors and threads of bridge and agents.

use super::estate::Estate;
use crate::process::Process;
use std::fmt::Write as _;

/// The second half of the calm may see more than the first by a quarter and this, in kB: what is at once is left to chance.
const MORE_MEMORY: u64 = 32 * 1024;
/// The same of descriptors: connections.
const MORE_DESCRIPTORS: u64 = 48;
/// The same of threads, which come with disk and password checks and go when idle.
const MORE_THREADS: u64 = 8;

/// Of each process, the most that it had: early in the calm, and late.
#[derive(Debug)]
pub(super) struct Growth {
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    name: String,
    pid: u32,
    early: Sizes,
    late: Sizes,
}

/// Memory in kB, descriptors, threads.
type Sizes = [u64; 3];

impl Growth {
    pub(super) fn since_now(estate: &Estate) -> Self {
        let watch = |(name, process): (String, &Process)| Watched {
            name,
            pid: process.pid(),
            early: sizes(process),
            late: [0; 3],
        };
        Self { watched: processes(estate).map(watch).collect() }
    }

    /// Remembers the most.
    pub(super) fn look(&mut self, estate: &Estate, late: bool) {
        for (watched, (_, process)) in self.watched.iter_mut().zip(processes(estate)) {
            let most = if late { &mut watched.late } else { &mut watched.early };
            for (most, now) in most.iter_mut().zip(sizes(process)) {
                *most = now.max(*most);
            }
        }
    }

    /// A table, and what has grown.
    pub(super) fn reckon(self, estate: &Estate) -> (String, Vec<String>) {
        let head = "| process | memory, MB: early, late, end | descriptors | threads |\n|---|---|---|---|\n";
        let (mut text, mut faults) = (head.to_owned(), Vec::new());
        for (Watched { name, pid, early, late }, (_, process)) in
            self.watched.into_iter().zip(processes(estate))
        {
            let end = sizes(process);
            let column = |index: usize, unit: u64| {
                [early, late, end].map(|of| (of[index] / unit).to_string()).join(", ")
            };
            let columns = [column(0, 1024), column(1, 1), column(2, 1)].join(" | ");
            writeln!(text, "| {name} | {columns} |").expect("a string");
            if process.pid() != pid {
                faults.push(format!("{name} was started again after the storm"));
            }
            let more = [MORE_MEMORY, MORE_DESCRIPTORS, MORE_THREADS];
            let grew =
                |index: usize| late[index].max(end[index]) > early[index] + early[index] / 4 + more[index];
            if (0..more.len()).any(grew) {
                faults
                    .push(format!("{name} grew: at most {early:?} early, {late:?} late, {end:?} at the end"));
            }
        }
        (text + "\n", faults)
    }
}

fn sizes(process: &Process) -> Sizes {
    let count = |what: &str| {
        let list = std::fs::read_dir(format!("/proc/{}/{what}", process.pid()));
        list.expect("a running process has these").count() as u64
    };
    [process.memory_kb().0, count("fd"), count("task")]
}

fn processes(estate: &Estate) -> impl Iterator<Item = (String, &Process)> {
    let agents = estate
        .homes
        .iter()
        .enumerate()
        .map(|(number, home)| (format!("agent {number}"), home.agent.process()));
    std::iter::once(("bridge".to_owned(), estate.bridge.process())).chain(agents)
}
