//! Hours in minutes: several homes under mixed traffic, one fault after the other, and then a reckoning.
//!
//! An [`estate`] is what runs. [`traffic`] asks it and writes into the [`ledger`] how each request ended; [`faults`] breaks
//! and mends one thing at a time, chosen by [`chance`]; [`growth`] looks at memory, descriptors and threads. At the end
//! all homes must be well, no answer lost, wrong or doubled, and nothing grown.

mod chance;
mod estate;
mod traffic;
mod ledger;
mod faults;
mod growth;

use chance::Chance;
use estate::Estate;
use faults::{Fault, Mended};
use growth::Growth;
use ledger::Ledger;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Of the whole time, so much may end whole processes; what has lived since then must not have grown at the end.
const STORM: f64 = 0.4;

/// Between two faults.
const CALM: Duration = Duration::from_secs(2);

/// What came out of it.
#[derive(Debug)]
pub struct Report {
    /// For people.
    pub table: String,
    /// What should not have been.
    pub faults: Vec<String>,
}

/// Runs for so long, with this seed for what happens when.
pub async fn run(lasting: Duration, seed: u64, say: impl Fn(&str)) -> Report {
    let start = Instant::now();
    let mut chance = Chance::new(seed);
    let mut estate = Estate::start().await;
    let ledger = Arc::new(Ledger::default());
    let traffic = traffic::start(&estate, &ledger, seed);
    let (mut mended, mut growth): (Vec<Mended>, _) = (Vec::new(), None::<Growth>);
    while start.elapsed() < lasting {
        let stormy = start.elapsed() < lasting.mul_f64(STORM);
        if !stormy && growth.is_none() {
            sleep(CALM * 2).await;
            growth = Some(Growth::since_now(&estate));
        }
        let fault = Fault::any(&mut chance, stormy);
        let (seconds, memory) = (start.elapsed().as_secs(), estate.bridge.process().memory_kb().0 / 1024);
        say(&format!("{seconds:>5} s  {fault} (the bridge has {memory} MB)"));
        mended.push(faults::strike(&mut estate, fault, &mut chance).await);
        if let Some(growth) = &mut growth {
            growth.look(&estate, start.elapsed() > lasting.mul_f64(f64::midpoint(STORM, 1.0)));
        }
        sleep(CALM).await;
    }
    traffic.end().await;
    let well = estate.is_well(Duration::from_secs(30)).await;
    let mut report = Report { table: String::new(), faults: ledger.faults() };
    if let Err(who) = well {
        report.faults.push(format!("not well at the end: {who}"));
    }
    report.faults.extend(ledger.reckon(&estate.writes()));
    report.faults.extend(estate.left_over().await);
    report.faults.extend(mended.iter().filter_map(Mended::fault));
    writeln!(report.table, "seed {seed}, {} homes, {} s\n", estate::HOMES, start.elapsed().as_secs())
        .expect("a string");
    report.table += &ledger.table();
    report.table += &faults::table(&mended);
    if let Some(growth) = growth {
        let (table, faults) = growth.reckon(&estate);
        report.table += &table;
        report.faults.extend(faults);
    }
    report
}
