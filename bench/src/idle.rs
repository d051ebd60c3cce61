//! What a chain costs that nobody asks anything, and how large it gets when it is asked for much.

use crate::backend::SIZES;
use crate::peers::{Peer, Peers};
use crate::report::{Report, Table, number};
use crate::{Plan, load, usage};
use anyhow::Result;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

/// How long nothing happens.
const WHILE: Duration = Duration::from_secs(20);
/// What the start leaves to do, such as status files, is done after so long.
const SETTLED: Duration = Duration::from_secs(3);
/// Large answers at once that make a chain as large as it gets.
const AT_ONCE: usize = 32;

const PEERS: [Peer; 4] = [Peer::Ours, Peer::Prototype, Peer::Rathole, Peer::Old];

/// Measures all of them at the same time, then one after the other under load.
pub(crate) async fn measure(peers: &Peers, plan: &Plan, report: &mut Report) -> Result<()> {
    peers.wake(Peer::Old);
    sleep(SETTLED).await;
    let look =
        || PEERS.map(|peer| peers.pids(peer, 1).0).map(|home| (usage::wake_ups(&home), usage::cpu(&home)));
    let before = look();
    sleep(WHILE).await;
    let after = look();
    let memory = |value: fn(&[u32]) -> f64, peer: Peer| {
        let (home, cloud) = peers.pids(peer, 1);
        [value(&home), value(&cloud)]
    };
    let idle = PEERS.map(|peer| memory(usage::memory_mb, peer));
    peers.rest(Peer::Old);

    let columns = [
        "who",
        "wake-ups a second",
        "CPU at home, %",
        "home idle, MB",
        "home loaded",
        "cloud idle, MB",
        "cloud loaded",
    ];
    let mut table = Table::new("Idle and loaded", &columns.map(str::to_owned));
    for (index, peer) in PEERS.into_iter().enumerate() {
        peers.wake(peer);
        load::run(&peers.targets(peer, SIZES[2], AT_ONCE, false)?, AT_ONCE, plan.lasting * 2).await?;
        peers.rest(peer);
        let loaded = memory(usage::peak_mb, peer);
        let seconds = WHILE.as_secs_f64();
        let wake_ups = after[index].0.saturating_sub(before[index].0) as f64 / seconds;
        let busy = after[index].1.saturating_sub(before[index].1).as_secs_f64() / seconds * 100.0;
        table.rows.push(vec![
            peer.name().into(),
            number(wake_ups),
            format!("{busy:.3}"),
            number(idle[index][0]),
            number(loaded[0]),
            number(idle[index][1]),
            number(loaded[1]),
        ]);
        report.record(json!({
            "what": "idle", "peer": peer.name(), "wake_ups_per_second": wake_ups, "home_cpu_percent": busy,
            "home_idle_mb": idle[index][0], "home_loaded_mb": loaded[0],
            "cloud_idle_mb": idle[index][1], "cloud_loaded_mb": loaded[1],
        }));
    }
    table.note(&format!("Resident memory as the kernel counts it; loaded is the most with {AT_ONCE} answers of 200 kB at once."));
    report.tables.push(table);
    Ok(())
}
