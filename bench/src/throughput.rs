//! Latency, requests a second and what they cost, one size and one number at once after the other.

use crate::backend::SIZES;
use crate::peers::{Peer, Peers};
use crate::report::{Report, Table, ms, number, ratio};
use crate::stats::{median, percentile};
use crate::{Plan, load, usage};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeMap;

/// How many requests are under way at once.
const IN_FLIGHT: [usize; 4] = [1, 8, 32, 128];

/// One measurement of one peer.
#[derive(Clone, Copy, Debug)]
struct Sample {
    p50: f64,
    p95: f64,
    p99: f64,
    rate: f64,
    home_cpu: f64,
    cloud_cpu: f64,
    broker_cpu: f64,
}

type Cell = (usize, bool, usize);

/// All samples of a run.
#[derive(Debug, Default)]
struct Samples(BTreeMap<(Cell, &'static str), Vec<Sample>>);

/// Measures, and writes what came out of it into `report`.
pub(crate) async fn measure(peers: &Peers, plan: &Plan, report: &mut Report) -> Result<()> {
    let mut cells: Vec<Cell> = Vec::new();
    for size in SIZES {
        cells.extend(IN_FLIGHT.iter().map(|in_flight| (size, false, *in_flight)));
    }
    cells
        .extend([1, 32].iter().flat_map(|in_flight| SIZES[1..].iter().map(|size| (*size, true, *in_flight))));
    let mut samples = Samples::default();
    for round in 0..plan.rounds {
        crate::say(&format!("  round {} of {}\n", round + 1, plan.rounds));
        for cell in &cells {
            for peer in Peer::ALL {
                // A caller that takes zstd is something that only our chain knows.
                if cell.1 && !matches!(peer, Peer::Ours | Peer::Prototype) {
                    continue;
                }
                let sample = one(peers, plan, peer, *cell).await;
                let sample = sample.with_context(|| format!("{} at {cell:?}", peer.name()))?;
                samples.0.entry((*cell, peer.name())).or_default().push(sample);
            }
        }
    }
    latency(&samples, &cells, report);
    cost(&samples, report);
    targets(&samples, report);
    Ok(())
}

async fn one(peers: &Peers, plan: &Plan, peer: Peer, cell: Cell) -> Result<Sample> {
    let (size, zstd, in_flight) = cell;
    let targets = peers.targets(peer, size, in_flight, zstd)?;
    let (home, cloud) = peers.pids(peer, targets.len());
    let broker = [peers.cloud.broker.process().pid()];
    peers.wake(peer);
    let lasting = if peer == Peer::Old { plan.lasting * 2 } else { plan.lasting };
    let cpu = || [usage::cpu(&home), usage::cpu(&cloud), usage::cpu(&broker)];
    let before = cpu();
    let outcome = load::run(&targets, in_flight, lasting).await?;
    let after = cpu();
    peers.rest(peer);
    let count = outcome.micros.len() as f64;
    let per_thousand = |index: usize| {
        after[index].saturating_sub(before[index]).as_secs_f64() * 1e6 / (count + in_flight as f64)
    };
    Ok(Sample {
        p50: percentile(&outcome.micros, 0.50) / 1000.0,
        p95: percentile(&outcome.micros, 0.95) / 1000.0,
        p99: percentile(&outcome.micros, 0.99) / 1000.0,
        rate: count / outcome.elapsed.as_secs_f64(),
        home_cpu: per_thousand(0),
        cloud_cpu: per_thousand(1),
        broker_cpu: per_thousand(2),
    })
}

impl Samples {
    fn median(&self, cell: Cell, peer: Peer, value: impl Fn(&Sample) -> f64) -> f64 {
        let samples = self.0.get(&(cell, peer.name())).map_or(&[][..], Vec::as_slice);
        median(&samples.iter().map(value).collect::<Vec<_>>())
    }

    /// The median of the rounds' ratios: both sides of a pair were measured within the same seconds.
    fn ratio(&self, cell: Cell, peers: [Peer; 2], value: impl Fn(&Sample) -> f64) -> f64 {
        let of = |peer: Peer| self.0.get(&(cell, peer.name())).map_or(&[][..], Vec::as_slice);
        let rounds = of(peers[0]).iter().zip(of(peers[1]));
        median(&rounds.map(|(one, other)| value(one) / value(other)).collect::<Vec<_>>())
    }
}

fn label((size, zstd, in_flight): Cell) -> [String; 2] {
    let zstd = if zstd { ", zstd" } else { "" };
    [format!("{} kB{zstd}", size / 1000), in_flight.to_string()]
}

fn latency(samples: &Samples, cells: &[Cell], report: &mut Report) {
    let names = Peer::ALL.map(Peer::name);
    let heads = |unit: &str| {
        let own = ["answer".to_owned(), "at once".to_owned()];
        own.into_iter().chain(names.iter().map(|name| format!("{name} {unit}"))).collect::<Vec<_>>()
    };
    let mut times = Table::new("Latency, ms: p50 / p95 / p99", &heads(""));
    let mut rates = Table::new("Requests a second", &heads(""));
    rates.columns.extend(["ours : prototype".into(), "ours : rathole".into(), "ours : old".into()]);
    times.columns.extend(["prototype : ours".into(), "rathole : ours".into(), "old : ours".into()]);
    for cell in cells {
        let mut time = label(*cell).to_vec();
        let mut rate = label(*cell).to_vec();
        for peer in Peer::ALL {
            let of = |value: fn(&Sample) -> f64| samples.median(*cell, peer, value);
            time.push(format!("{} / {} / {}", ms(of(|s| s.p50)), ms(of(|s| s.p95)), ms(of(|s| s.p99))));
            rate.push(number(of(|s| s.rate)));
            report.record(json!({
                "what": "relay", "bytes": cell.0, "zstd": cell.1, "in_flight": cell.2, "peer": peer.name(),
                "p50_ms": of(|s| s.p50), "p95_ms": of(|s| s.p95), "p99_ms": of(|s| s.p99), "per_second": of(|s| s.rate),
                "home_cpu_ms_per_1000": of(|s| s.home_cpu), "cloud_cpu_ms_per_1000": of(|s| s.cloud_cpu),
                "broker_cpu_ms_per_1000": of(|s| s.broker_cpu),
            }));
        }
        for peer in [Peer::Prototype, Peer::Rathole, Peer::Old] {
            time.push(ratio(samples.ratio(*cell, [peer, Peer::Ours], |s| s.p50)));
            rate.push(ratio(samples.ratio(*cell, [Peer::Ours, peer], |s| s.rate)));
        }
        times.rows.push(time);
        rates.rows.push(rate);
    }
    times.note("Ratios are of the medians (p50), above 1 where ours is quicker. “zstd”: the caller takes what home compressed, as browsers do; in the other rows the bridge undoes it.");
    rates.note("128 at once are spread over three homes of ours: one takes 64 and refuses the rest. Ratios above 1 are in our favour.");
    report.tables.extend([times, rates]);
}

fn cost(samples: &Samples, report: &mut Report) {
    let columns = ["answer", "at once", "who", "home", "cloud", "broker"].map(str::to_owned);
    let mut table = Table::new("CPU, seconds per 1000 requests", &columns);
    for cell in [(SIZES[0], false, 1), (SIZES[0], false, 32), (SIZES[1], false, 32), (SIZES[2], false, 32)] {
        for peer in [Peer::Ours, Peer::Prototype, Peer::Rathole, Peer::Old] {
            let of = |value: fn(&Sample) -> f64| samples.median(cell, peer, value);
            let seconds = |value: f64| format!("{:.3}", value / 1000.0);
            let broker = if peer == Peer::Rathole { "–".into() } else { seconds(of(|s| s.broker_cpu)) };
            let mut row = label(cell).to_vec();
            row.extend([
                peer.name().into(),
                seconds(of(|s| s.home_cpu)),
                seconds(of(|s| s.cloud_cpu)),
                broker,
            ]);
            table.rows.push(row);
        }
    }
    report.tables.push(table);
}

fn targets(samples: &Samples, report: &mut Report) {
    let all = || SIZES.iter().flat_map(|size| IN_FLIGHT.iter().map(|in_flight| (*size, false, *in_flight)));
    let worst = |cells: Vec<Cell>, value: fn(&Sample) -> f64, largest: bool| {
        let ratios = cells.into_iter().map(|cell| samples.ratio(cell, [Peer::Ours, Peer::Prototype], value));
        ratios.fold(f64::NAN, if largest { f64::max } else { f64::min })
    };
    for size in SIZES {
        let cells = || all().filter(|cell| cell.0 == size).collect::<Vec<_>>();
        let kb = size / 1000;
        let value = samples.ratio((size, false, 1), [Peer::Ours, Peer::Prototype], |s| s.p50);
        report.target(
            &format!("latency at {kb} kB one by one: prototype × 1.3 at most"),
            value,
            value <= 1.3,
        );
        let value = worst(cells(), |s| s.rate, false);
        report.target(
            &format!("throughput at {kb} kB, worst of all numbers at once: prototype × 0.8 at least"),
            value,
            value >= 0.8,
        );
    }
    let value = samples.ratio((12_000, false, 1), [Peer::Rathole, Peer::Ours], |s| s.p50);
    report.target("12 kB one by one: 80 times as quick as rathole", value, value >= 80.0);
    for size in SIZES {
        let value = samples.ratio((size, false, 1), [Peer::Old, Peer::Ours], |s| s.p50);
        let text =
            format!("{} kB one by one: 60 times as quick as the stand-in of the old chain", size / 1000);
        report.target(&text, value, value >= 60.0);
    }
}
