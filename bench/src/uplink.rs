//! A home with a thin uplink: how long a person waits for the first graph, and a small answer for a large one.

use crate::Plan;
use crate::backend::{KEY, noise_path, path};
use crate::chain::{self, Cloud};
use crate::load::{Connection, Target};
use crate::rathole::{self, Place, Tunnel};
use crate::report::{Report, Table, ms, number};
use crate::stats::median;
use anyhow::Result;
use remoteaccess_tests::netns::Namespace;
use remoteaccess_tests::ports;
use remoteaccess_tests::proxy::{Proxy, Speed};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const HOME: &str = "alice";
/// Of the uplink.
const KBIT: u32 = 1000;
/// Of the whole line.
const ROUND_TRIP: Duration = Duration::from_millis(30);
/// A browser's connections to one host.
const CONNECTIONS: usize = 6;
/// Small answers measured beside large ones.
const SMALL: usize = 12;

/// A page of emoncms: bytes on the wire that are the same for everybody, and those that only this home knows.
struct Page {
    name: &'static str,
    fixed: usize,
    data: usize,
}

/// As measured of emoncms 11.16.8.
const PAGES: [Page; 2] = [
    Page { name: "feed list", fixed: 244_000 - 8_500, data: 8_500 },
    Page { name: "graph", fixed: 340_000 - 96_000, data: 96_000 },
];

/// Measures both ways in turns.
pub(crate) async fn measure(plan: &Plan, report: &mut Report) -> Result<()> {
    let program = rathole::program()?;
    let home = match thin_line() {
        Ok(home) => Some(home),
        Err(why) => {
            crate::say(&format!("No network namespace ({why}): a proxy slows the line down instead.\n"));
            None
        }
    };
    let outside = home.as_ref().map_or(Ipv4Addr::LOCALHOST, |home| home.outside);
    let namespace = home.as_ref().map(Namespace::name);
    // tbf shapes what leaves the namespace; the delay, and all of it where there is no namespace, is the proxy's.
    let up = home.is_none().then_some(u64::from(KBIT) * 1000);
    let speed = Speed { up, down: None, round_trip: ROUND_TRIP };

    let cloud = Cloud::start(&[HOME], &[], &[&outside.to_string()]).await?;
    let emoncms = chain::role("backend", &[], namespace)?;
    let address = chain::listens(&emoncms).await?;
    let line = Proxy::on(outside, cloud.broker.ports().tls, speed).await;
    let mut login = cloud.home_login(HOME)?;
    (login.host, login.port) = (outside.to_string(), line.port());
    let _agent = cloud.home(&login, &format!("http://{address}"), namespace).await?;

    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
    let tunnel_line = Proxy::on(outside, server.port(), speed).await;
    let reached_at = SocketAddr::from((outside, tunnel_line.port()));
    let place = Place { program: &program, server, reached_at, emoncms: address, namespace };
    let tunnel = Tunnel::start(place).await?;
    let through_tunnel = |path: &str| Target::get(tunnel.visitors, path, KEY);
    let through_us = |path: &str| {
        cloud.target(HOME, path).map(|target| target.with_header("Accept-Encoding: gzip, deflate, br, zstd"))
    };
    chain::up(&through_tunnel(&path(2_000))).await;

    let mut times: Vec<Vec<f64>> = vec![Vec::new(); PAGES.len() * 3];
    for _ in 0..plan.rounds.min(3) {
        for (page, times) in PAGES.iter().zip(times.chunks_mut(3)) {
            times[0].push(timed(fetch(&[through_us(&path(page.data))?])).await?);
            times[1].push(timed(whole_page(page, &through_tunnel)).await?);
            times[2].push(timed(fetch(&[through_tunnel(&path(page.data))])).await?);
        }
    }
    let columns = [
        "page",
        "ours, ms",
        "tunnel to the whole site, ms",
        "tunnel, page in the browser's cache, ms",
        "tunnel : ours",
    ];
    let mut table =
        Table::new("Until a page shows its data, 1 Mbit/s up, 30 ms", &columns.map(str::to_owned));
    for (page, times) in PAGES.iter().zip(times.chunks(3)) {
        let [ours, tunnel, cached] = [0, 1, 2].map(|index| median(&times[index]));
        table.rows.push(vec![page.name.into(), ms(ours), ms(tunnel), ms(cached), number(tunnel / ours)]);
        report.record(json!({
            "what": "page", "page": page.name, "ours_ms": ours, "tunnel_ms": tunnel, "tunnel_cached_ms": cached,
        }));
    }
    table.note("Through us only the data come from home; the page comes from the bridge, over no thin line. The tunnel brings all of it.");
    report.tables.push(table);

    let ours = small_beside_large(&through_us(&path(2_000))?, &through_us(&noise_path(200_000))?).await?;
    let theirs =
        small_beside_large(&through_tunnel(&path(2_000)), &through_tunnel(&noise_path(200_000))).await?;
    let columns = ["through", "2 kB, median ms", "at most, ms", "large answers, Mbit/s"];
    let mut table = Table::new(
        "A small answer while large ones follow each other, 1 Mbit/s up",
        &columns.map(str::to_owned),
    );
    for (name, result) in [("ours", &ours), ("rathole", &theirs)] {
        let worst = result.times.iter().copied().fold(0.0, f64::max);
        table.rows.push(vec![name.into(), ms(median(&result.times)), ms(worst), number(result.mbit)]);
        report.record(json!({
            "what": "small beside large", "peer": name, "median_ms": median(&result.times), "most_ms": worst,
            "large_mbit_per_second": result.mbit,
        }));
    }
    if home.is_none() {
        table.note("Without a network namespace: the harness' proxy shaped the line.");
    }
    report.tables.push(table);
    let worst = ours.times.iter().copied().fold(0.0, f64::max);
    report.target("a small answer beside large ones at 1 Mbit/s: 500 ms at most", worst, worst < 500.0);
    Ok(())
}

/// A visitor's browser: the page itself, then what it names over a few connections, then the data.
async fn whole_page(page: &Page, target: &impl Fn(&str) -> Target) -> Result<()> {
    /// About the size of emoncms' own pages.
    const DOCUMENT: usize = 14_000;
    const PARTS: usize = 2 * CONNECTIONS;
    let part = (page.fixed - DOCUMENT) / PARTS;
    fetch(&[target(&noise_path(DOCUMENT))]).await?;
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let target = target(&noise_path(part));
        tasks.spawn(async move { fetch(&[target.clone(), target]).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    fetch(&[target(&path(page.data))]).await
}

/// One after the other, all to the same place, over a new connection.
async fn fetch(targets: &[Target]) -> Result<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let mut connection = Connection::open(first).await?;
    for _ in targets {
        connection.ask().await?;
    }
    Ok(())
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<f64> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

struct Beside {
    times: Vec<f64>,
    mbit: f64,
}

async fn small_beside_large(small: &Target, large: &Target) -> Result<Beside> {
    let mut connection = Connection::open(large).await?;
    let start = Instant::now();
    let bulk = tokio::spawn(async move {
        let mut bytes = 0;
        loop {
            match connection.ask().await {
                Ok(n) => bytes += n,
                Err(error) => return Err::<usize, _>(error),
            }
            if start.elapsed() > Duration::from_secs(12) {
                return Ok(bytes);
            }
        }
    });
    // By then the line is full and whatever adapts has adapted.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut connection = Connection::open(small).await?;
    let mut times = Vec::new();
    while times.len() < SMALL && !bulk.is_finished() {
        let asked = Instant::now();
        connection.ask().await?;
        times.push(asked.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let bytes = bulk.await??;
    Ok(Beside { times, mbit: bytes as f64 * 8.0 / start.elapsed().as_secs_f64() / 1e6 })
}

/// A namespace with a thin uplink.
fn thin_line() -> Result<Namespace, String> {
    let namespace = Namespace::new(&[])?;
    namespace.uplink(KBIT)?;
    Ok(namespace)
}
