//! `remoteaccess-agent`: flags, logging, and one thread.

use anyhow::{Context, Result, bail};
use remoteaccess_agent::{Options, config::Config, run, watch};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

const HELP: &str = "\
Serves the emoncms on this machine to its owner through a server in the cloud,
and only what the owner allows under Setup > Remote Access.

Usage: remoteaccess-agent [OPTIONS]
       remoteaccess-agent --check FILE

Options:
  --config FILE         settings, written by emoncms, watched and applied at once
                        [/var/lib/emoncms-remoteaccess/remoteaccess.json]
  --status FILE         what the page in emoncms shows of this program
                        [/run/emoncms-remoteaccess/status.json]
  --keep-alive SECONDS  how often an idle connection is tested, 5 to 600 [30]
  --check FILE          say whether FILE is a valid settings file, and what is
                        wrong if not; exit status 0 or 1
  -h, --help            this text
  -V, --version         the version

Environment:
  RUST_LOG              how much to log: error, warn, info, debug [info];
                        debug names each request, never what is in it

Signals: SIGTERM and SIGINT finish what runs, tell the server, and end.
";

enum Command {
    Run(Options),
    Check(PathBuf),
    Print(String),
}

fn main() -> ExitCode {
    // The only call: whoever had been there before would have chosen the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command(lexopt::Parser::from_env()) {
        Ok(Command::Run(options)) => {
            start_logging();
            // In words and in one line: it is what an owner finds in the journal.
            daemon(options).map_or_else(|error| fail(&format!("{error:#}")), |()| ExitCode::SUCCESS)
        }
        Ok(Command::Check(file)) => check(&file),
        Ok(Command::Print(text)) => print(&text),
        Err(error) => fail(&format!("{error:#}\nTry remoteaccess-agent --help")),
    }
}

fn command(mut arguments: lexopt::Parser) -> Result<Command> {
    use lexopt::prelude::{Long, Short, ValueExt};
    let mut options = Options {
        config: "/var/lib/emoncms-remoteaccess/remoteaccess.json".into(),
        status: "/run/emoncms-remoteaccess/status.json".into(),
        keep_alive: Duration::from_secs(remoteaccess_protocol::limits::KEEP_ALIVE_SECONDS),
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("config") => options.config = arguments.value()?.into(),
            Long("status") => options.status = arguments.value()?.into(),
            Long("keep-alive") => {
                let seconds: u64 = arguments.value()?.parse()?;
                if !(5..=600).contains(&seconds) {
                    bail!("--keep-alive takes 5 to 600 seconds");
                }
                options.keep_alive = Duration::from_secs(seconds);
            }
            Long("check") => return Ok(Command::Check(arguments.value()?.into())),
            Long("help") | Short('h') => return Ok(Command::Print(HELP.into())),
            Long("version") | Short('V') => {
                return Ok(Command::Print(format!("remoteaccess-agent {}\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Run(options))
}

fn daemon(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        run(options, async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            tracing::info!("stopping");
        })
        .await
    })
}

fn check(file: &Path) -> ExitCode {
    let checked = watch::read(file).and_then(|text| Config::parse(&text).map_err(|error| error.to_string()));
    match checked {
        Ok(config) => {
            let remarks: String = config.remarks().iter().map(|remark| format!("note: {remark}\n")).collect();
            print(&format!(
                "{remarks}{} is fine: {} entries in the access list\n",
                file.display(),
                config.access.len()
            ))
        }
        Err(error) => fail(&format!("{}: {error}", file.display())),
    }
}

/// To the journal where systemd reads along, else to stderr.
fn start_logging() {
    let filter: Targets = std::env::var("RUST_LOG")
        .ok()
        .and_then(|wish| wish.parse().ok())
        .unwrap_or_else(|| Targets::new().with_target("remoteaccess_agent", tracing::Level::INFO));
    let journal = stderr_is_the_journal().then(tracing_journald::layer).and_then(Result::ok);
    let stderr = journal
        .is_none()
        .then(|| tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false));
    tracing_subscriber::registry().with(filter).with(journal).with(stderr).init();
}

/// As systemd.exec(5) says: the variable may be inherited by a program whose output goes elsewhere.
fn stderr_is_the_journal() -> bool {
    let stderr = std::fs::metadata("/proc/self/fd/2").map(|file| format!("{}:{}", file.dev(), file.ino()));
    stderr.is_ok_and(|stderr| std::env::var("JOURNAL_STREAM").is_ok_and(|journal| journal == stderr))
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn fail(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "remoteaccess-agent: {text}");
    ExitCode::FAILURE
}
