//! `make bench`: what remote access costs and how fast it is, beside its peers, all on this machine.
//!
//! Each peer runs as processes of its own; some of them are this program in another [`roles`] role. What is compared
//! is measured in turns within one run.

mod backend;
mod chain;
mod crowd;
mod first_generation;
mod homes;
mod idle;
mod load;
mod mqtt;
mod peers;
mod prototype;
mod rathole;
mod report;
mod stats;
mod throughput;
mod uplink;
mod usage;

use anyhow::{Context, Result, bail};
use report::Report;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const HELP: &str = "\
Measures remote access beside its peers. Usage: bench [OPTIONS]

  --only PARTS   of relay,idle,uplink,homes; separated by commas. Also: load, which asks our
                 chain for --bytes [2000], 32 at once, and says who to look at with a profiler
  --rounds N     how often each pair is measured [5]
  --millis N     how long each measurement lasts [600]
  --homes N      the most homes at once [5000]
  --out FOLDER   where bench.md and bench.json go [target/bench]
";

/// What is measured, how long.
#[derive(Debug)]
pub(crate) struct Plan {
    only: Vec<String>,
    /// How often each pair is measured.
    pub(crate) rounds: usize,
    /// How long each measurement lasts.
    pub(crate) lasting: Duration,
    /// What `load` asks for.
    pub(crate) bytes: usize,
    /// How many homes at most.
    pub(crate) homes: usize,
    out: PathBuf,
}

fn main() -> Result<()> {
    // Whoever came first has installed the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("role") {
        let name = arguments.next().context("no role")?;
        return role(&name, arguments);
    }
    many_files();
    quiet()?;
    let plan = plan(lexopt::Parser::from_env())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(&plan))
}

/// Thousands of homes are as many sockets; what is started here inherits this limit.
fn many_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, as many homes as fit are measured and the others are an error.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}

/// The programs under test log as in production; what they inherit says so.
fn quiet() -> Result<()> {
    const QUIET: [(&str, &str); 3] =
        [("AGENT_LOG", "info"), ("BRIDGE_LOG", "info"), ("BROKER_LOG", "error warning notice")];
    if std::env::var_os("BROKER_LOG").is_some() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    let error = again.args(std::env::args_os().skip(1)).envs(QUIET).exec();
    Err(error).context("cannot start again")
}

async fn measure(plan: &Plan) -> Result<()> {
    let start = Instant::now();
    let mut report = Report::new(about());
    say(&format!("{}\n", report.about));
    if plan.wants("relay") || plan.wants("idle") || plan.wants("load") {
        say("Starting all peers …\n");
        let peers = peers::Peers::start().await?;
        if plan.wants("idle") {
            say("Idle, and loaded …\n");
            idle::measure(&peers, plan, &mut report).await?;
        }
        if plan.only.iter().any(|part| part == "load") {
            peers.load(plan).await?;
        }
        if plan.wants("relay") {
            say("Latency and throughput …\n");
            throughput::measure(&peers, plan, &mut report).await?;
        }
    }
    if plan.wants("uplink") {
        say("A thin uplink …\n");
        uplink::measure(plan, &mut report).await?;
    }
    if plan.wants("homes") {
        say("Many homes …\n");
        homes::measure(plan, &mut report).await?;
    }
    report.write(&plan.out)?;
    say(&report.markdown());
    say(&format!("\n{:.0} s; also in {}\n", start.elapsed().as_secs_f64(), plan.out.display()));
    Ok(())
}

fn about() -> String {
    let date = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    let date =
        date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    format!("{date}, {}, load {:.1} before it began", usage::machine(), usage::load_average())
}

fn plan(mut arguments: lexopt::Parser) -> Result<Plan> {
    use lexopt::prelude::{Long, Short, ValueExt};
    let root = remoteaccess_tests::binaries::project_root();
    let mut plan = Plan {
        only: Vec::new(),
        rounds: 5,
        lasting: Duration::from_millis(600),
        homes: 5000,
        bytes: backend::SIZES[0],
        out: root.join("target/bench"),
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => plan.only = arguments.value()?.string()?.split(',').map(str::to_owned).collect(),
            Long("rounds") => plan.rounds = arguments.value()?.parse()?,
            Long("millis") => plan.lasting = Duration::from_millis(arguments.value()?.parse()?),
            Long("bytes") => plan.bytes = arguments.value()?.parse()?,
            Long("homes") => plan.homes = arguments.value()?.parse()?,
            Long("out") => plan.out = arguments.value()?.into(),
            Long("help") | Short('h') => {
                say(HELP);
                std::process::exit(0);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(plan)
}

impl Plan {
    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }
}

/// What this program is for the bench: one thread at home, several in the cloud, as with agent and bridge.
fn role(name: &str, arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut runtime = match name {
        "prototype-cloud" | "old-cloud" => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    runtime.enable_all().build()?.block_on(async {
        match name {
            "backend" => backend::serve().await,
            "prototype-home" => prototype::home(arguments).await,
            "prototype-cloud" => prototype::cloud(arguments).await,
            "old-home" => first_generation::home(arguments).await,
            "crowd" => crowd::serve(arguments).await,
            "old-cloud" => first_generation::cloud(arguments).await,
            _ => bail!("there is no role {name}"),
        }
    })
}

/// Writes to the terminal.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be there to read it.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
