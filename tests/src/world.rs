//! The whole chain, ready to be asked.

use crate::agent::Agent;
use crate::bridge::{Account, Bridge, Setup};
use crate::broker::Broker;
use crate::client::{Answer, Client};
use crate::mqtt::Peer;
use crate::proxy::{Proxy, Speed};
use crate::standin::{Keys, Standin};
use crate::wait;
use serde_json::{Value, json};
use std::path::PathBuf;

/// The account of every world.
pub const NAME: &str = "alice";

/// Another account, whose home is never online.
pub const OTHER: &str = "bob";

/// One home, connected. Dropping it ends everything.
#[derive(Debug)]
pub struct World {
    /// Asks the bridge.
    pub client: Client,
    /// The account at the bridge.
    pub account: Account,
    /// The bridge.
    pub bridge: Bridge,
    /// The home's agent.
    pub agent: Agent,
    /// The line between the agent and the broker.
    pub line: Proxy,
    /// The broker.
    pub broker: Broker,
    /// The home's emoncms.
    pub emoncms: Standin,
    /// The home's password at the broker.
    pub broker_password: String,
    /// That of [`OTHER`]'s home.
    pub other_password: String,
    /// The account [`OTHER`] at the bridge.
    pub other: Account,
}

/// What can be different in a world.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seconds between two signs of life of the agent.
    pub keep_alive: u64,
    /// The same of the bridge.
    pub bridge_keep_alive: u64,
    /// How fast the home's line is.
    pub speed: Speed,
    /// The access list.
    pub access: Value,
    /// Lines for the bridge's `[limits]`.
    pub limits: String,
    /// Whether the home comes by WebSocket.
    pub websockets: bool,
    /// Another emoncms than the stand-in, and its keys.
    pub emoncms: Option<(String, Keys)>,
    /// Whether the home's agent is started.
    pub agent: bool,
    /// Whether the bridge is told that the home speaks the first generation only.
    pub first_generation: bool,
    /// Another account than [`NAME`]'s.
    pub account: Option<Account>,
    /// An empty folder for the bridge's database, instead of its own.
    pub database: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep_alive: 30,
            bridge_keep_alive: 30,
            speed: Speed::default(),
            access: access_list(),
            limits: String::new(),
            websockets: false,
            emoncms: None,
            agent: true,
            first_generation: false,
            account: None,
            database: None,
        }
    }
}

/// What a home allows here: enough to read by, and some of what writes.
pub fn access_list() -> Value {
    json!({
        "feed/list": "read", "feed/data": "read", "feed/fetch": "read", "feed/timevalue": "read",
        "feed/value": "read", "feed/get": "read", "feed/aget": "read", "feed/getmeta": "read",
        "feed/getid": "read", "feed/csvexport": "read",
        "input/list": "read", "input/get": "read", "input/get_inputs": "read", "input/isdisabled": "read",
        "process/list": "read", "schedule/list": "read", "user/session": "read", "user/gettimezone": "read",
        "feed/set": "write", "feed/insert": "write",
        "input/post": "write", "input/process/set": "write", "input/process/get": "write",
    })
}

impl World {
    /// A world as it usually is, with the home online.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A world that differs, with the home online unless it has no agent.
    pub async fn with(options: Options) -> Self {
        let mut account = options.account.clone().unwrap_or_else(|| Account::new(NAME));
        account.first_generation = options.first_generation;
        let broker = Broker::start(&[]).await;
        let emoncms = Standin::start(Keys::random()).await;
        let mut setup = Setup {
            broker: broker.ports(),
            keep_alive: options.bridge_keep_alive,
            accounts: vec![account, Account::new(OTHER)],
            limits: options.limits.clone(),
        };
        let bridge = match &options.database {
            None => Bridge::start(&mut setup).await,
            Some(folder) => {
                let database = format!("sqlite:{}", folder.join("bridge.db").display());
                let own = tempfile::tempdir().expect("the temporary folder is writable");
                Bridge::start_on(&mut setup, &database, own).await
            }
        };
        let entrance = match options.websockets {
            true => bridge.port(),
            false => broker.ports().tls,
        };
        let line = Proxy::with_speed(entrance, options.speed).await;
        let (other, account) = (setup.accounts.remove(1), setup.accounts.remove(0));
        let client = Client::new(bridge.url());
        let agent = Agent::new(options.keep_alive);
        let (broker_password, other_password) = (account.password.clone(), String::new());
        let mut world = Self {
            client,
            account,
            bridge,
            agent,
            line,
            broker,
            emoncms,
            broker_password,
            other_password,
            other,
        };
        world.is_ready().await;
        world.connect(options.first_generation).await;
        world.agent.write_config(&world.config(&options));
        if options.agent {
            world.agent.launch();
            world.comes_online().await;
        }
        world
    }

    /// Gets the homes' passwords at the broker, as their settings pages do.
    async fn connect(&mut self, first_generation: bool) {
        if first_generation {
            let answer = self.client.connects_home(&self.account.name, &self.account.password, &[]).await;
            assert_eq!(answer["success"], true, "{answer}");
        } else {
            let (name, password) = (self.account.name.clone(), self.account.password.clone());
            self.broker_password = self.client.device_password(&name, &password).await;
        }
        self.other_password = self.client.device_password(&self.other.name, &self.other.password).await;
    }

    /// The home's configuration.
    pub fn config(&self, options: &Options) -> Value {
        let standin = || (self.emoncms.url(), self.emoncms.keys());
        let (url, keys) = options.emoncms.clone().unwrap_or_else(standin);
        json!({
            "APP_ENV": "production",
            "MQTT_HOST": "localhost", "MQTT_PORT": self.line.port(),
            "MQTT_USERNAME": self.account.name, "MQTT_PASSWORD": self.broker_password,
            // A bridge alone has no TLS here.
            "MQTT_TLS": !options.websockets, "MQTT_TRANSPORT": if options.websockets { "websockets" } else { "tcp" },
            "MQTT_CA_FILE": self.broker.ca(),
            "EMONCMS_URL": url, "APIKEY_READ": keys.read, "APIKEY_WRITE": keys.write,
            "ACCESS_CONTROL": options.access,
        })
    }

    /// Asks the bridge where it listens now, after it was started again.
    pub fn meet_bridge(&mut self) {
        self.client = Client::new(self.bridge.url());
    }

    /// Waits until the bridge has its broker and its database.
    pub async fn is_ready(&self) {
        let mut said = String::new();
        wait::until("the bridge to reach its broker", wait::SOON * 4, async || {
            let ready = self.client.get_anonymously("/-/ready").await;
            if ready.text() != said {
                said = ready.text();
                std::eprintln!("the bridge says: {said}");
            }
            (ready.status == 200).then_some(())
        })
        .await;
    }

    /// Waits until the agent is connected and the bridge knows it.
    pub async fn comes_online(&self) {
        self.agent.reaches("connected").await;
        self.is_served().await;
    }

    /// Waits until the bridge no longer says that the home, or its broker, is not there.
    pub async fn is_served(&self) {
        wait::until("the home to be served", wait::SOON * 4, async || {
            // No list can allow this, so that nothing but the answer tells that it was asked.
            let answer = self.get("/nobody/asks.json").await;
            (!matches!(answer.refusal().1.as_str(), "home_offline" | "broker_offline")).then_some(())
        })
        .await;
    }

    /// Waits until the bridge says that the home is not there.
    pub async fn goes_offline(&self) {
        wait::until("the home to be offline", wait::SOON * 2, async || {
            let answer = self.get("/nobody/asks.json").await;
            (answer.refusal().1 == "home_offline").then_some(())
        })
        .await;
    }

    /// Whether the broker takes a home's name and password.
    pub async fn can_connect(&self, name: &str, password: &str) -> bool {
        Peer::try_connect(self.broker.ports().plain, name, password).await.is_ok()
    }

    /// Asks with the key for reading.
    pub async fn get(&self, path: &str) -> Answer {
        self.client.get(path, &self.account.read_key).await
    }

    /// Asks with the key for everything.
    pub async fn get_as_owner(&self, path: &str) -> Answer {
        self.client.get(path, &self.account.write_key).await
    }

    /// Posts a form with the key for everything.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.client.post(path, &self.account.write_key, form).await
    }
}
