//! What processes use, as the kernel tells.

use std::fs;
use std::time::Duration;

/// CPU time of all threads that these processes have now.
pub(crate) fn cpu(pids: &[u32]) -> Duration {
    let nanos = pids.iter().map(|pid| {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
        threads
            .filter_map(|thread| {
                let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
                text.split_whitespace().next()?.parse::<u64>().ok()
            })
            .sum::<u64>()
    });
    Duration::from_nanos(nanos.sum())
}

/// How often the threads that these processes have now went to sleep so far, and so how often they woke up.
pub(crate) fn wake_ups(pids: &[u32]) -> u64 {
    let threads = pids.iter().flat_map(|pid| {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
        threads.filter_map(|thread| {
            // One that has just ended has none.
            let text = fs::read_to_string(thread.path().join("status")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        })
    });
    threads.sum()
}

/// A number of `/proc/PID/status`, summed up: `VmRSS` (memory now, kB), `VmHWM` (at most, kB).
pub(crate) fn status(pids: &[u32], name: &str) -> u64 {
    let of = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    pids.iter().filter_map(of).sum()
}

/// Memory now, in MB.
pub(crate) fn memory_mb(pids: &[u32]) -> f64 {
    status(pids, "VmRSS") as f64 / 1024.0
}

/// The most memory so far, in MB.
pub(crate) fn peak_mb(pids: &[u32]) -> f64 {
    status(pids, "VmHWM") as f64 / 1024.0
}

/// How busy the machine is: its load over the last minute.
pub(crate) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

/// The processor's name and how many of it there are.
pub(crate) fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = text.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let name = name.map_or("unknown processor", |(_, name)| name.trim());
    format!("{cores} cores, {name}, Linux {}", kernel.trim())
}
