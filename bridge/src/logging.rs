//! Where the log goes.

use std::os::unix::fs::MetadataExt;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// That the database is away is said once, and not by each try to reach it; PostgreSQL remarks at each start that there are tables.
const USUAL: &str = "info,sqlx_core::pool=off,sqlx::postgres::notice=warn";

/// To the journal where systemd reads along, with levels and fields of its own; else to standard error. `RUST_LOG`
/// says how much.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let journal = stderr_is_the_journal().then(tracing_journald::layer).and_then(Result::ok);
    let stderr = journal
        .is_none()
        .then(|| tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false));
    tracing_subscriber::registry().with(filter).with(journal).with(stderr).init();
}

/// As systemd.exec(5) says: the variable may be inherited by a program whose output goes elsewhere.
fn stderr_is_the_journal() -> bool {
    let stderr = std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    stderr.is_ok_and(|stderr| std::env::var("JOURNAL_STREAM").is_ok_and(|journal| journal == stderr))
}
