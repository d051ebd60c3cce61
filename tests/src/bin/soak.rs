//! `make soak MINUTES=n`: mixed traffic under random faults, and a reckoning at the end.

use remoteaccess_tests::soak;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

fn say(text: &str) {
    // Nobody listens any more where this fails.
    writeln!(std::io::stderr(), "{text}").ok();
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let minutes: f64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5.0);
    let seed = arguments.next().and_then(|text| text.parse().ok());
    let seed =
        seed.unwrap_or_else(|| u64::from(u32::from_le_bytes(remoteaccess_tests::ports::random_bytes())));
    say(&format!("soaking for {minutes} minutes; the same again: make soak MINUTES={minutes} SEED={seed}"));
    let report = soak::run(Duration::from_secs_f64(minutes * 60.0), seed, say).await;
    say(&format!("\n{}", report.table));
    for fault in &report.faults {
        say(&format!("FAULT: {fault}"));
    }
    match report.faults.is_empty() {
        true => {
            say("No answer was lost, wrong or doubled, nothing grew, and all homes are well.");
            ExitCode::SUCCESS
        }
        false => ExitCode::FAILURE,
    }
}
