//! What was asked, and how it ended.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// With the right answer.
    Right,
    /// With a refusal of this status and code.
    Refused(u16, String),
    /// With a broken transfer, which nobody takes for an answer.
    Broken,
    /// The bridge was not there.
    Nobody,
    /// Its caller hung up.
    HungUp,
    /// With an answer to something else, a doubled or cut one, or none at all.
    Wrong(String),
}

/// Of all requests.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    ends: Mutex<BTreeMap<(&'static str, End), usize>>,
    writes: Mutex<Vec<(String, End, bool)>>,
}

impl Ledger {
    pub(super) fn ended(&self, kind: &'static str, end: End) {
        *lock(&self.ends).entry((kind, end)).or_default() += 1;
    }

    /// A write with this mark ended so; `settled` where its caller was told that it did not run.
    pub(super) fn wrote(&self, mark: String, end: End, settled: bool) {
        self.ended("write", end.clone());
        lock(&self.writes).push((mark, end, settled));
    }

    /// What should not have been, as far as callers could see.
    pub(super) fn faults(&self) -> Vec<String> {
        let ends = lock(&self.ends);
        let wrong = ends.iter().filter_map(|((kind, end), count)| match end {
            End::Wrong(why) => Some(format!("{count} × {kind}: {why}")),
            End::Refused(status, code) if !is_refusal(*status, code) => {
                Some(format!("{count} × {kind}: {status} {code:?} is no refusal"))
            }
            _ => None,
        });
        wrong.collect()
    }

    /// What should not have been, as far as emoncms could see: it counted how often each write `ran`.
    pub(super) fn reckon(&self, ran: &HashMap<String, usize>) -> Vec<String> {
        let mut faults = Vec::new();
        for (mark, end, settled) in lock(&self.writes).iter() {
            let runs = ran.get(mark).copied().unwrap_or(0);
            let fine = match end {
                End::Right => runs == 1,
                _ if *settled => runs == 0,
                _ => runs <= 1,
            };
            if !fine {
                faults.push(format!(
                    "the write {mark} ran {runs} times and ended as {end:?}, settled: {settled}"
                ));
            }
        }
        faults
    }

    pub(super) fn table(&self) -> String {
        let mut text = String::from(
            "| what | right | refused | broken off | hung up | bridge down | wrong |\n|---|---|---|---|---|---|---|\n",
        );
        let (ends, mut refusals) = (lock(&self.ends), BTreeMap::<String, usize>::new());
        let kinds: std::collections::BTreeSet<_> = ends.keys().map(|(kind, _)| *kind).collect();
        for kind in kinds {
            let mut counts = [0; 6];
            for ((_, end), count) in ends.iter().filter(|((of, _), _)| *of == kind) {
                let column = match end {
                    End::Right => 0,
                    End::Refused(status, code) => {
                        *refusals.entry(format!("{status} {code}")).or_default() += count;
                        1
                    }
                    End::Broken => 2,
                    End::HungUp => 3,
                    End::Nobody => 4,
                    End::Wrong(_) => 5,
                };
                counts[column] += count;
            }
            let counts = counts.map(|count| count.to_string()).join(" | ");
            writeln!(text, "| {kind} | {counts} |").expect("a string");
        }
        let refusals: Vec<_> = refusals.iter().map(|(code, count)| format!("{code}: {count}")).collect();
        writeln!(text, "\nrefusals: {}\n", refusals.join(", ")).expect("a string");
        text
    }
}

/// The table of refusals; 500 is what a broken PHP says itself.
fn is_refusal(status: u16, code: &str) -> bool {
    let table: &[(u16, &[&str])] = &[
        (429, &["busy"]),
        (500, &[""]),
        (502, &["emoncms_unreachable", "emoncms_answer", "bad_answer", "too_large"]),
        (503, &["busy", "home_offline", "broker_offline"]),
        (504, &["home_timeout", "emoncms_timeout"]),
    ];
    table.iter().any(|(given, codes)| *given == status && codes.contains(&code))
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().expect("nobody panics with it")
}
