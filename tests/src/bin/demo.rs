//! `make demo`: the whole chain on this machine, with a home that has something to show.

use remoteaccess_tests::bridge::Account;
use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::ports::random_hex;
use remoteaccess_tests::real_emoncms::RealEmoncms;
use remoteaccess_tests::world::{Options, World};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

const NAME: &str = "demo";

#[tokio::main]
async fn main() -> ExitCode {
    let once = std::env::args().any(|argument| argument == "--once");
    let mut terminate = signal(SignalKind::terminate()).expect("a program can listen for SIGTERM");
    let mut hang_up = signal(SignalKind::hangup()).expect("a program can listen for SIGHUP");
    let demo = async {
        let chain = Chain::start().await;
        let shown = chain.show().await;
        if !once {
            say(&chain.invitation());
            std::future::pending::<()>().await;
        }
        shown
    };
    // Whichever comes first: what the chain has started ends with it.
    tokio::select! {
        shown = demo => if shown { ExitCode::SUCCESS } else { ExitCode::FAILURE },
        _ = tokio::signal::ctrl_c() => bye(),
        _ = terminate.recv() => bye(),
        _ = hang_up.recv() => bye(),
    }
}

struct Chain {
    world: World,
    real: Option<RealEmoncms>,
    password: String,
}

impl Chain {
    async fn start() -> Self {
        say("Starting emoncms, its agent, Mosquitto with TLS and the bridge, all on this machine …\n");
        let real = match std::env::var_os("EMONCMS_SRC") {
            Some(_) => RealEmoncms::start("the demo's emoncms").await,
            None => None,
        };
        let password = random_hex::<5>();
        let options = Options {
            account: Some(Account { password: password.clone(), ..Account::new(NAME) }),
            emoncms: real.as_ref().map(|real| (real.url(), real.keys())),
            ..Options::default()
        };
        Self { world: World::with(options).await, real, password }
    }

    /// Asks for the feed list as a browser in the Internet would, and prints it. Whether that worked.
    async fn show(&self) -> bool {
        let key = &self.world.account.read_key;
        let (answer, first) = timed(&self.world.client, "/feed/list.json", key).await;
        let feeds: Option<Vec<Value>> = serde_json::from_slice(&answer.body).ok();
        let Some(feeds) = feeds.filter(|feeds| answer.status == 200 && !feeds.is_empty()) else {
            say(&format!("The feed list did not come: status {}, {}\n", answer.status, answer.text()));
            return false;
        };
        say(&table(&feeds));
        let typical = median(&self.world.client, "/feed/list.json", key).await;
        let (url, home) = self.emoncms();
        let direct = median(&Client::new(&url), "/feed/list.json", &home).await;
        say(&format!(
            "\n{} feeds of {} through bridge, Mosquitto (TLS) and agent in {first:.1?}; typically {typical:.1?}, \
             where emoncms itself takes {direct:.1?}.\n",
            feeds.len(),
            if self.real.is_some() { "a real emoncms" } else { "an emoncms stand-in" },
        ));
        true
    }

    fn emoncms(&self) -> (String, String) {
        match &self.real {
            Some(real) => (real.url(), real.keys().read),
            None => (self.world.emoncms.url(), self.world.emoncms.keys().read),
        }
    }

    fn invitation(&self) -> String {
        let (url, account) = (self.world.bridge.url(), &self.world.account);
        format!(
            "\nOpen     {url}/\nSign in  {NAME} / {}\nOr       curl '{url}/feed/list.json?apikey={}'\n\n\
             Ctrl-C ends it all.\n",
            self.password, account.read_key
        )
    }
}

async fn timed(client: &Client, path: &str, key: &str) -> (Answer, Duration) {
    let start = Instant::now();
    let answer = client.get(path, key).await;
    (answer, start.elapsed())
}

async fn median(client: &Client, path: &str, key: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..21 {
        times.push(timed(client, path, key).await.1);
    }
    times.sort();
    times[times.len() / 2]
}

fn table(feeds: &[Value]) -> String {
    let text = |feed: &Value, key: &str| match &feed[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => format!("{:.1}", number.as_f64().unwrap_or_default()),
        _ => "–".to_owned(),
    };
    let mut table = format!("{:>4}  {:<10}  {:<20}  {:>10}\n", "id", "tag", "name", "value");
    for feed in feeds {
        let (id, tag, name) = (text(feed, "id"), text(feed, "tag"), text(feed, "name"));
        let (value, unit) = (text(feed, "value"), text(feed, "unit"));
        writeln!(table, "{id:>4}  {tag:<10}  {name:<20}  {value:>10} {unit}")
            .expect("a string can be written to");
    }
    table
}

fn bye() -> ExitCode {
    say("\nEnded.\n");
    ExitCode::SUCCESS
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be there to read it.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
