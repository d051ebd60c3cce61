//! The bridge's command line.

use anyhow::{Context, Result, bail};
use remoteaccess_bridge::{
    Bridge, Config, cli, config, logging, memory,
    setup::{self, Wishes},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
remoteaccess-bridge - lets people see the emoncms at their home from anywhere

  remoteaccess-bridge [--config FILE]   run; FILE is /etc/emoncms-remoteaccess/bridge.toml unless given
  remoteaccess-bridge setup [--host NAME] [--certificate FILE --key FILE] [--root DIR]
                                        write what a new server needs: Mosquitto's configuration and accounts,
                                        FILE, and the database; again, it changes nothing. It copies the
                                        certificate for the broker. DIR stands for / where an image is prepared
  remoteaccess-bridge --check FILE      say what is wrong with FILE; exit status 0 if nothing is
  remoteaccess-bridge --help            show this
  remoteaccess-bridge --version         show the version

For who operates it:

{commands}
Messages go to standard error, or to the journal under systemd; RUST_LOG sets how many (default: info). SIGTERM and
SIGINT let running requests finish, then end the program. SIGHUP reads the certificate anew.
";

enum Command {
    Run(PathBuf),
    Check(PathBuf),
    Operate(PathBuf, Vec<String>),
    Setup(Wishes),
    Say(String),
}

fn main() -> ExitCode {
    let done = command(std::env::args().skip(1)).and_then(|command| match command {
        Command::Run(path) => run(&path),
        Command::Check(path) => check(&path),
        Command::Operate(path, arguments) => operate(&path, &arguments),
        Command::Setup(wishes) => say(&setup::run(&wishes)?.to_string()),
        Command::Say(text) => say(&text),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, nobody is there to be told.
            writeln!(io::stderr(), "remoteaccess-bridge: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: impl Iterator<Item = String>) -> Result<Command> {
    let arguments: Vec<_> = arguments.collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (path, words) = match words[..] {
        ["--config", path, ref rest @ ..] => (path, rest),
        ref rest => (config::DEFAULT_PATH, rest),
    };
    let owned = || words.iter().map(|&word| word.to_owned()).collect();
    Ok(match words {
        [] => Command::Run(path.into()),
        ["--check", path] => Command::Check(path.into()),
        ["--help" | "-h"] | [_, "--help" | "-h"] => Command::Say(HELP.replace("{commands}", cli::HELP)),
        ["setup", wishes @ ..] => Command::Setup(Wishes::parse(wishes)?),
        ["--version" | "-V"] => Command::Say(format!("remoteaccess-bridge {}\n", env!("CARGO_PKG_VERSION"))),
        [word, ..] if !word.starts_with('-') => Command::Operate(path.into(), owned()),
        _ => bail!("these arguments make no command; see remoteaccess-bridge --help"),
    })
}

fn run(path: &Path) -> Result<()> {
    logging::start();
    let config = load(path)?;
    for warning in config.warnings(path) {
        tracing::warn!("{warning}");
    }
    let most = config.limits.worst_case();
    if let Some(allowed) = memory::allowed().filter(|allowed| *allowed < most) {
        tracing::info!(
            "if every caller and every home did its worst, {} MB would be needed, and there are {}: see [limits]",
            megabytes(most),
            megabytes(allowed)
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("no runtime")?.block_on(async {
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            tracing::info!("stopping: running requests may finish");
        };
        Bridge::bind(config).await?.serve(stop).await
    })
}

fn check(path: &Path) -> Result<()> {
    let config = load(path)?;
    config.check_files().with_context(|| does_not_serve(path))?;
    let most = megabytes(config.limits.worst_case());
    let fine =
        format!("{} is fine; with its limits the bridge takes {most} MB at the very worst\n", path.display());
    let warnings = config.warnings(path).into_iter().map(|warning| format!("but: {warning}\n"));
    say(&(fine + &warnings.collect::<String>()))
}

fn megabytes(bytes: usize) -> usize {
    bytes >> 20
}

fn load(path: &Path) -> Result<Config> {
    Config::load(path).with_context(|| does_not_serve(path))
}

fn does_not_serve(path: &Path) -> String {
    format!("{} does not serve", path.display())
}

fn operate(path: &Path, arguments: &[String]) -> Result<()> {
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let done = cli::run(&load(path)?, &words);
    done.unwrap_or_else(|| bail!("there is no command {:?}; see remoteaccess-bridge --help", words[0]))
}

fn say(text: &str) -> Result<()> {
    io::stdout().write_all(text.as_bytes()).context("standard output is closed")
}
