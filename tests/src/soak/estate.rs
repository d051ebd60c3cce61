//! What runs: a broker, a bridge, and homes, each with an agent, a line and an emoncms.

use crate::agent::Agent;
use crate::bridge::{Account, Bridge, Setup};
use crate::broker::Broker;
use crate::client::Client;
use crate::proxy::Proxy;
use crate::standin::{Fault, Keys, Standin};
use crate::{wait, world};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::time::Instant;

/// How many homes there are.
pub(super) const HOMES: usize = 4;
/// Their names are told from one another in each answer.
const FEEDS: usize = 11;
/// An export's size, no multiple of anything.
pub(super) const EXPORT: u64 = 3_000_001;

/// Everything.
#[derive(Debug)]
pub(super) struct Estate {
    pub(super) broker: Broker,
    pub(super) bridge: Bridge,
    pub(super) homes: Vec<Home>,
    /// Where the bridge listens now.
    pub(super) door: Arc<RwLock<Client>>,
    pub(super) known: Arc<Vec<Known>>,
}

/// One home.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) agent: Agent,
    pub(super) line: Proxy,
    pub(super) emoncms: Standin,
    /// At the broker.
    pub(super) password: String,
}

/// What callers know of a home.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) account: Account,
    /// What it answers, by path.
    pub(super) answers: Vec<(String, Vec<u8>)>,
}

impl Estate {
    pub(super) async fn start() -> Self {
        let broker = Broker::start(&[]).await;
        let accounts = (0..HOMES).map(|number| Account::new(&format!("home{number}"))).collect();
        let limits = "request_timeout_ms = 5000\nidle_timeout_ms = 8000\n[metrics]\nlisten = \"127.0.0.1:0\"";
        let mut setup = Setup { broker: broker.ports(), keep_alive: 5, accounts, limits: limits.to_owned() };
        let bridge = Bridge::start(&mut setup).await;
        let client = Client::new(bridge.url());
        wait::until("the bridge to reach its broker", wait::SOON, async || {
            (client.get_anonymously("/-/ready").await.status == 200).then_some(())
        })
        .await;
        let (mut homes, mut known) = (Vec::new(), Vec::new());
        for account in setup.accounts {
            let (home, answers) = Home::start(&account, &client, &broker).await;
            homes.push(home);
            known.push(Known { account, answers });
        }
        let estate =
            Self { broker, bridge, homes, door: Arc::new(RwLock::new(client)), known: Arc::new(known) };
        estate.is_well(wait::SOON * 2).await.expect("all homes are well at the start");
        estate
    }

    /// The bridge listens elsewhere after each start.
    pub(super) fn meet_bridge(&self) {
        *self.door.write().expect("nobody panics with it") = Client::new(self.bridge.url());
    }

    /// Waits until each home has given a right answer; else who has not.
    pub(super) async fn is_well(&self, limit: Duration) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        for known in self.known.iter() {
            let (path, right) = &known.answers[0];
            loop {
                let client = self.door.read().expect("nobody panics with it").clone();
                let answer = client.get(path, &known.account.read_key).await;
                if answer.status == 200 && answer.body == *right {
                    break;
                }
                if Instant::now() > deadline {
                    return Err(format!("{}: {} {}", known.account.name, answer.status, answer.text()));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// How often each write ran.
    pub(super) fn writes(&self) -> HashMap<String, usize> {
        let mut runs = HashMap::new();
        for seen in self.homes.iter().flat_map(|home| home.emoncms.seen_for("input/post")) {
            *runs.entry(seen.form("data").unwrap_or_default().to_owned()).or_default() += 1;
        }
        runs
    }

    /// What the bridge still holds although nobody asks any more.
    pub(super) async fn left_over(&self) -> Option<String> {
        let line = self.bridge.process().log();
        let place = line
            .lines()
            .rev()
            .find_map(|line| line.split_once("metrics on ").map(|(_, url)| url.trim().to_owned()));
        let metrics = Client::new(&place.expect("it says where metrics are"));
        let left = async || {
            let text = metrics.get_anonymously("").await.text();
            let gauges = ["requests_in_flight", "answers_pending", "words_pending", "broker_queue_waiting"];
            let held = |name: &&str| {
                let line =
                    text.lines().find(|line| line.starts_with(&format!("remoteaccess_bridge_{name} ")));
                !line.is_some_and(|line| line.ends_with(" 0"))
            };
            gauges.into_iter().filter(held).collect::<Vec<_>>()
        };
        let deadline = Instant::now() + wait::SOON;
        loop {
            let left = left().await;
            if left.is_empty() {
                return None;
            }
            if Instant::now() > deadline {
                return Some(format!("the bridge still holds {left:?}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Home {
    async fn start(account: &Account, client: &Client, broker: &Broker) -> (Self, Vec<(String, Vec<u8>)>) {
        let emoncms = Standin::start(Keys::random()).await;
        let answers = answers(&account.name, &emoncms).await;
        emoncms.keep_only("input/post");
        let line = Proxy::to(broker.ports().tls).await;
        let password = client.device_password(&account.name, &account.password).await;
        let keys = emoncms.keys();
        let config = json!({
            "MQTT_HOST": "localhost", "MQTT_PORT": line.port(), "MQTT_CA_FILE": broker.ca(),
            "MQTT_USERNAME": account.name, "MQTT_PASSWORD": password,
            "EMONCMS_URL": emoncms.url(), "APIKEY_READ": keys.read, "APIKEY_WRITE": keys.write,
            "ACCESS_CONTROL": world::access_list(),
        });
        let home = Self { agent: Agent::start(&config, 5), line, emoncms, password };
        home.behave();
        (home, answers)
    }

    /// No fault any more, but exports as they are here.
    pub(super) fn behave(&self) {
        self.emoncms.order_only("feed/csvexport", Fault::Export(EXPORT));
    }
}

/// Gives each feed a name that no other home has, and asks emoncms itself what is asked through the cloud later.
async fn answers(home: &str, emoncms: &Standin) -> Vec<(String, Vec<u8>)> {
    let (direct, keys) = (Client::new(&emoncms.url()), emoncms.keys());
    emoncms.stop_clock();
    let mut paths = Vec::new();
    for feed in 1..=FEEDS {
        let fields = format!("%7B%22name%22:%22{home}-{feed}%22%7D");
        let set = direct.get(&format!("/feed/set.json?id={feed}&fields={fields}"), &keys.write).await;
        assert_eq!(set.json()["success"], true, "{}", set.text());
        paths.push(format!("/feed/get.json?id={feed}&field=name"));
        paths.push(format!("/feed/aget.json?id={feed}"));
    }
    paths.push("/feed/list.json".to_owned());
    let mut answers = Vec::new();
    for path in paths {
        let answer = direct.get(&path, &keys.read).await;
        assert!(answer.status == 200 && answer.text().contains(home), "{path}: {}", answer.text());
        answers.push((path, answer.body));
    }
    answers
}
