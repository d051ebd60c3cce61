//! How much memory there is to have.

use std::fs;

/// What this process may use, in bytes, by its control group or by the machine; `None` where nobody says.
pub fn allowed() -> Option<usize> {
    [of_the_group(), of_the_machine()].into_iter().flatten().min()
}

fn of_the_group() -> Option<usize> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = |group: &str| {
        fs::read_to_string(format!("/sys/fs/cgroup/{group}/memory.max")).ok()?.trim().parse().ok()
    };
    // Those around it limit it as well.
    let ends = group.match_indices('/').map(|(end, _)| end).chain([group.len()]);
    ends.filter_map(|end| limit(&group[..end])).min()
}

fn of_the_machine() -> Option<usize> {
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let line = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
