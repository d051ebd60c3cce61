//! What breaks, for how long, and when all is well again.

use super::chance::Chance;
use super::estate::{Estate, HOMES, Home};
use crate::bridge::PASSWORD;
use crate::client::Client;
use crate::mqtt::Peer;
use crate::standin;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// After a fault is mended, homes are well again within this. Here hardly a session lasts a minute, so that an agent's pauses
/// double up to their longest, two minutes; a try that was under way is given up after 20 s.
const WELL_WITHIN: Duration = Duration::from_secs(150);

/// Something that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    BrokerRestarted,
    BrokerKilled,
    BrokerHangs,
    BridgeKilled,
    BridgeRestarted,
    BridgeHangs,
    AgentKilled,
    AgentRestarted,
    AgentHangs,
    LineCut,
    LineFlaps,
    LineDead,
    EmoncmsDown,
    EmoncmsHangs,
    EmoncmsSlow,
    EmoncmsFails,
    EmoncmsSaysPages,
    EmoncmsHangsUp,
    EmoncmsLies,
    HomeFloods,
    ManyAtOnce,
    SlowReaders,
    WrongPasswords,
}

use Fault::*;

/// What ends processes whose growth is to be seen afterwards.
const STORM: [Fault; 4] = [BridgeKilled, BridgeRestarted, AgentKilled, AgentRestarted];
const ALWAYS: [Fault; 19] = [
    BrokerRestarted,
    BrokerKilled,
    BrokerHangs,
    BridgeHangs,
    AgentHangs,
    LineCut,
    LineFlaps,
    LineDead,
    EmoncmsDown,
    EmoncmsHangs,
    EmoncmsSlow,
    EmoncmsFails,
    EmoncmsSaysPages,
    EmoncmsHangsUp,
    EmoncmsLies,
    HomeFloods,
    ManyAtOnce,
    SlowReaders,
    WrongPasswords,
];

impl Fault {
    pub(super) fn any(chance: &mut Chance, stormy: bool) -> Self {
        // As often as not while they may.
        if stormy && chance.below(2) == 0 { chance.of(&STORM) } else { chance.of(&ALWAYS) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in format!("{self:?}").chars().enumerate() {
            if letter.is_uppercase() && index > 0 {
                f.write_char(' ')?;
            }
            f.write_char(letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// A fault that is over.
#[derive(Debug)]
pub(super) struct Mended {
    fault: Fault,
    well_after: Result<Duration, String>,
}

impl Mended {
    pub(super) fn fault(&self) -> Option<String> {
        self.well_after.as_ref().err().map(|who| format!("after {}: {who}", self.fault))
    }
}

/// Breaks something, mends it, and waits until all homes are well.
pub(super) async fn strike(estate: &mut Estate, fault: Fault, chance: &mut Chance) -> Mended {
    let number = chance.below(HOMES);
    let lasts = chance.millis(500..=8000);
    match fault {
        BrokerRestarted | BrokerKilled => {
            if fault == BrokerKilled {
                estate.broker.kill();
            } else {
                estate.broker.stop();
            }
            sleep(lasts / 2).await;
            estate.broker.start_again().await;
        }
        BrokerHangs => {
            estate.broker.freeze();
            sleep(lasts * 2).await;
            estate.broker.thaw();
        }
        BridgeKilled | BridgeRestarted => {
            if fault == BridgeKilled {
                estate.bridge.kill();
            } else {
                estate.bridge.process_mut().stop();
            }
            estate.bridge.start_again().await;
            estate.meet_bridge();
        }
        BridgeHangs => hang(estate.bridge.process(), lasts).await,
        ManyAtOnce => many_at_once(estate, number).await,
        SlowReaders => slow_readers(estate, number, lasts).await,
        WrongPasswords => wrong_passwords(estate, number).await,
        HomeFloods => {
            let port = estate.broker.ports().plain;
            let (name, home) = (&estate.known[number].account.name, &estate.homes[number]);
            flood(port, name, &home.password, lasts).await;
        }
        of_a_home => at_home(&mut estate.homes[number], of_a_home, lasts).await,
    }
    let start = Instant::now();
    Mended { fault, well_after: estate.is_well(WELL_WITHIN).await.map(|()| start.elapsed()) }
}

async fn at_home(home: &mut Home, fault: Fault, lasts: Duration) {
    match fault {
        AgentKilled => {
            home.agent.kill();
            sleep(lasts / 4).await;
            home.agent.launch();
        }
        AgentRestarted => {
            home.agent.stop();
            home.agent.launch();
        }
        AgentHangs => hang(home.agent.process(), lasts * 2).await,
        LineCut => home.line.cut(),
        LineFlaps => {
            for _ in 0..3 {
                home.line.refuse();
                sleep(Duration::from_secs(2)).await;
                home.line.mend();
                sleep(Duration::from_secs(2)).await;
            }
        }
        LineDead => {
            home.line.stall();
            sleep(lasts * 2).await;
            home.line.mend();
        }
        EmoncmsDown => {
            home.emoncms.down().await;
            sleep(lasts).await;
            home.emoncms.up().await;
        }
        _ => {
            let fault = match fault {
                EmoncmsSlow => standin::Fault::Slow(lasts / 2),
                EmoncmsFails => standin::Fault::Error500,
                EmoncmsSaysPages => standin::Fault::Html,
                EmoncmsHangsUp => standin::Fault::HangUp,
                EmoncmsLies => standin::Fault::WrongLength,
                _ => standin::Fault::Hang,
            };
            // Who is slow answers with what it has, and that is not the export that was ordered.
            let paths =
                if matches!(fault, standin::Fault::Slow(_)) { &["feed/get", "input"][..] } else { &[""] };
            for path in paths {
                home.emoncms.order(path, fault.clone());
            }
            sleep(lasts).await;
            home.behave();
        }
    }
}

async fn hang(process: &crate::process::Process, lasts: Duration) {
    process.signal(Signal::STOP);
    sleep(lasts).await;
    process.signal(Signal::CONT);
}

/// Five hundred at once, of whom most are told to come again.
async fn many_at_once(estate: &Estate, number: usize) {
    // Its connections end with it.
    let (known, client) = (&estate.known[number], Client::new(estate.bridge.url()));
    let mut callers = JoinSet::new();
    for _ in 0..500 {
        let (client, key, path) =
            (client.clone(), known.account.read_key.clone(), known.answers[0].0.clone());
        callers.spawn(async move {
            client.request(reqwest::Method::GET, &path).bearer_auth(key).send().await.is_ok()
        });
    }
    callers.join_all().await;
}

/// Ten who ask for a lot and read a byte a second.
async fn slow_readers(estate: &Estate, number: usize, lasts: Duration) {
    let key = &estate.known[number].account.read_key;
    let address = estate.bridge.url().trim_start_matches("http://").to_owned();
    let ask =
        format!("GET /feed/csvexport.json?id=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    let mut readers = JoinSet::new();
    for _ in 0..10 {
        let (address, ask) = (address.clone(), ask.clone());
        readers.spawn(async move {
            let Ok(mut socket) = TcpStream::connect(address).await else { return };
            if socket.write_all(ask.as_bytes()).await.is_err() {
                return;
            }
            while socket.read_u8().await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
    }
    sleep(lasts).await;
    readers.shutdown().await;
}

/// Somebody who guesses.
async fn wrong_passwords(estate: &Estate, number: usize) {
    let client = estate.door.read().expect("nobody panics with it").clone();
    for guess in 0..20 {
        let login = serde_json::json!({"username": estate.known[number].account.name, "password": format!("{PASSWORD}{guess}")});
        client.request(reqwest::Method::POST, "/-/session").json(&login).send().await.ok();
    }
}

/// Somebody who has a home's password says what nobody asked for.
async fn flood(port: u16, name: &str, password: &str, lasts: Duration) {
    let Ok(peer) = Peer::try_connect(port, name, password).await else { return };
    let pouring = async {
        for count in 0_u64.. {
            let frame =
                format!("{{\"v\":2,\"id\":\"{count}\",\"seq\":0,\"status\":200}}\n{}", "x".repeat(2000));
            if !peer.try_publish(&format!("user/{name}/response/b-1"), frame).await {
                return;
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(lasts, pouring).await.ok();
}

pub(super) fn table(mended: &[Mended]) -> String {
    let mut faults = BTreeMap::<Fault, (usize, Duration)>::new();
    for Mended { fault, well_after } in mended {
        let (times, longest) = faults.entry(*fault).or_default();
        *times += 1;
        *longest = well_after.as_ref().map_or(*longest, |took| (*took).max(*longest));
    }
    let mut text = String::from("| fault | times | well again after, s at most |\n|---|---|---|\n");
    for (fault, (times, longest)) in faults {
        writeln!(text, "| {fault} | {times} | {:.1} |", longest.as_secs_f32()).expect("a string");
    }
    text + "\n"
}
