//! How many homes a machine carries: what broker and bridge need for those that nobody asks anything.

use crate::backend::{self, SIZES, path};
use crate::chain::{self, Cloud};
use crate::report::{Report, Table, ms, number};
use crate::stats::{median, percentile};
use crate::{Plan, load, usage};
use anyhow::Result;
use serde_json::json;
use std::time::{Duration, Instant};

/// The home that is asked.
const HOME: &str = "alice";
/// How many others are online, one after the other.
const STEPS: [usize; 4] = [0, 100, 1000, 5000];
/// How long they are watched.
const WHILE: Duration = Duration::from_secs(10);

/// Measures with more and more homes.
pub(crate) async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let most = plan.homes;
    let cloud = Cloud::with_crowd(&[HOME], &[], &[], most).await?;
    let emoncms = chain::role("backend", &[], None)?;
    let emoncms = format!("http://{}", chain::listens(&emoncms).await?);
    let login = cloud.home_login(HOME)?;
    let _home = cloud.home(&login, &emoncms, None).await?;
    let (broker, bridge) = ([cloud.broker.process().pid()], [cloud.bridge.process().pid()]);
    let target = cloud.target(HOME, &path(SIZES[0]))?.expecting(backend::SIZES[0]);
    load::run(std::slice::from_ref(&target), 32, plan.lasting).await?;

    let columns = [
        "homes",
        "broker, MB",
        "kB a home",
        "bridge, MB",
        "kB a home",
        "broker CPU, %",
        "bridge CPU, %",
        "2 kB p50 / p99, ms",
        "a second at 32",
        "to connect, broker CPU ms each",
        "bridge",
    ];
    let mut table = Table::new("Homes on one machine", &columns.map(str::to_owned));
    let mut crowds = Vec::new();
    let (mut there, mut empty) = (0, (0.0, 0.0));
    for homes in STEPS.into_iter().filter(|homes| *homes <= most) {
        let cpu = || (usage::cpu(&broker), usage::cpu(&bridge));
        let (before, start) = (cpu(), Instant::now());
        if homes > there {
            let mut arguments = login.arguments().to_vec();
            arguments.extend([there.to_string(), (homes - there).to_string()]);
            let crowd = chain::role("crowd", &arguments, None)?;
            crowd.logged_within("all online", Duration::from_secs(180)).await;
            crowds.push(crowd);
        }
        let (after, took) = (cpu(), start.elapsed());
        let each = |after: Duration, before: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1000.0 / (homes - there) as f64
        };
        let connect = (each(after.0, before.0), each(after.1, before.1));

        let before = cpu();
        tokio::time::sleep(WHILE).await;
        let after = cpu();
        let busy = |after: Duration, before: Duration| {
            after.saturating_sub(before).as_secs_f64() / WHILE.as_secs_f64() * 100.0
        };
        let busy = (busy(after.0, before.0), busy(after.1, before.1));
        let (mut p50, mut p99, mut rate) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..plan.rounds.min(3) {
            let one = load::run(std::slice::from_ref(&target), 1, plan.lasting).await?;
            p50.push(percentile(&one.micros, 0.5) / 1000.0);
            p99.push(percentile(&one.micros, 0.99) / 1000.0);
            let many = load::run(std::slice::from_ref(&target), 32, plan.lasting).await?;
            rate.push(many.micros.len() as f64 / many.elapsed.as_secs_f64());
        }
        let memory = (usage::memory_mb(&broker), usage::memory_mb(&bridge));
        if homes == 0 {
            empty = memory;
        }
        let per_home = |now: f64, empty: f64| (now - empty) * 1024.0 / homes as f64;
        let (p50, p99, rate) = (median(&p50), median(&p99), median(&rate));
        table.rows.push(vec![
            homes.to_string(),
            number(memory.0),
            number(per_home(memory.0, empty.0)),
            number(memory.1),
            number(per_home(memory.1, empty.1)),
            number(busy.0),
            number(busy.1),
            format!("{} / {}", ms(p50), ms(p99)),
            number(rate),
            number(connect.0),
            number(connect.1),
        ]);
        report.record(json!({
            "what": "homes", "homes": homes, "broker_mb": memory.0, "bridge_mb": memory.1,
            "broker_cpu_percent": busy.0, "bridge_cpu_percent": busy.1, "p50_ms": p50, "p99_ms": p99,
            "per_second_at_32": rate, "connect_broker_ms": connect.0, "connect_bridge_ms": connect.1,
            "connect_seconds": took.as_secs_f64(),
        }));
        there = homes;
    }
    // Mosquitto writes the file of all homes anew for each change, and serves nobody meanwhile.
    let before = usage::cpu(&broker);
    cloud.broker.let_in("newcomer", "a password").await;
    let change = usage::cpu(&broker).saturating_sub(before).as_secs_f64() * 1000.0;
    report.record(json!({"what": "new credential", "homes_known": most, "broker_cpu_ms": change}));
    table.note(&format!("A new home's credential costs a broker that knows {most} homes {change:.0} ms."));
    table.note("Each home is an MQTT session with TLS, a retained presence and a sign of life each 30 s; one more is a real agent, which is asked. The machine runs the homes as well.");
    report.tables.push(table);
    Ok(())
}
