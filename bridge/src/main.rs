//! The bridge's command line.

use anyhow::{Context, Result, bail};
use remoteaccess_bridge::{
    Bridge, Config, config, logging, memory, new_account,
    setup::{self, Wishes},
};
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};

const HELP: &str = "\
remoteaccess-bridge - lets people see the emoncms at their home from anywhere

  remoteaccess-bridge [--config FILE]   run; FILE is /etc/emoncms-remoteaccess/bridge.toml unless given
  remoteaccess-bridge setup [--host NAME] [--certificate FILE --key FILE] [--root DIR]
                                        write what a new server needs: Mosquitto's configuration and accounts,
                                        and FILE; again, it changes nothing. It copies the certificate for the
                                        broker. DIR stands for / where an image is prepared
  remoteaccess-bridge --check FILE      say what is wrong with FILE; exit status 0 if nothing is
  remoteaccess-bridge account NAME      read a password from standard input and print an [[account]] with new
                                        keys, to be added to FILE
  remoteaccess-bridge --help            show this
  remoteaccess-bridge --version         show the version

Messages go to standard error, or to the journal under systemd; RUST_LOG sets how many (default: info). SIGTERM and SIGINT let running requests
finish, then end the program. SIGHUP reads the certificate anew.
";

enum Command {
    Run(PathBuf),
    Check(PathBuf),
    Account(String),
    Setup(Wishes),
    Say(String),
}

fn main() -> ExitCode {
    let done = command(std::env::args().skip(1)).and_then(|command| match command {
        Command::Run(path) => run(&path),
        Command::Check(path) => check(&path),
        Command::Account(name) => account(&name),
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
    Ok(match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Command::Run(config::DEFAULT_PATH.into()),
        ["--config", path] => Command::Run(path.into()),
        ["--check", path] => Command::Check(path.into()),
        ["account", name] if !name.starts_with('-') => Command::Account(name.to_owned()),
        ["setup", ref wishes @ ..] => Command::Setup(Wishes::parse(wishes)?),
        ["--help" | "-h"] => Command::Say(HELP.to_owned()),
        ["--version" | "-V"] => Command::Say(format!("remoteaccess-bridge {}\n", env!("CARGO_PKG_VERSION"))),
        _ => bail!("these arguments make no command; see remoteaccess-bridge --help"),
    })
}

fn run(path: &Path) -> Result<()> {
    logging::start();
    let config = load(path)?;
    warn_about(path, &config);
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
    let most = megabytes(config.limits.worst_case());
    say(&format!(
        "{} is fine; with its limits the bridge takes {most} MB at the very worst\n",
        path.display()
    ))
}

fn megabytes(bytes: usize) -> usize {
    bytes >> 20
}

fn load(path: &Path) -> Result<Config> {
    Config::load(path).with_context(|| format!("{} does not serve", path.display()))
}

/// Things that work, but not as somebody may think.
fn warn_about(path: &Path, config: &Config) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o004 != 0 {
        tracing::warn!("{} holds keys and can be read by everybody: chmod o-r it", path.display());
    }
    if config.accounts.is_empty() {
        tracing::warn!("there are no accounts, so nobody can ask; see remoteaccess-bridge account NAME");
    }
    if config.session_secret.is_none() {
        tracing::info!("no session_secret is set: people have to sign in again after each restart");
    }
    let most = config.limits.worst_case();
    if let Some(allowed) = memory::allowed().filter(|allowed| *allowed < most) {
        tracing::info!(
            "if every caller and every home did its worst, {} MB would be needed, and there are {}: see [limits]",
            megabytes(most),
            megabytes(allowed)
        );
    }
    if !config.https && !config.listen.ip().is_loopback() {
        tracing::warn!("https = false on {}: passwords travel unencrypted", config.listen);
    }
}

fn account(name: &str) -> Result<()> {
    /// The longest password that can sign in.
    const MAX_PASSWORD: u64 = 1024;
    let mut password = String::new();
    io::stdin().take(MAX_PASSWORD + 2).read_to_string(&mut password).context("no password was read")?;
    say(&new_account(name, password.lines().next().unwrap_or_default())?)
}

fn say(text: &str) -> Result<()> {
    io::stdout().write_all(text.as_bytes()).context("standard output is closed")
}
