//! The database goes away while a bridge runs: everybody is told at once, the log says it once, and it heals by itself.

use remoteaccess_tests::bridge::{Account, Bridge, PASSWORD, Setup};
use remoteaccess_tests::broker::Ports;
use remoteaccess_tests::client::{Answer, Client};
use remoteaccess_tests::ports;
use remoteaccess_tests::proxy::Proxy;
use remoteaccess_tests::wait::{SOON, until};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Lonely {
    bridge: Bridge,
    client: Client,
    name: String,
    key: String,
}

impl Lonely {
    /// A bridge without its broker, with one account.
    async fn start(database: &str, folder: TempDir) -> Self {
        // The database may be kept.
        let name = format!("ann-{}", ports::random_hex::<4>());
        let mut setup = Setup {
            broker: Ports::free(),
            keep_alive: 30,
            accounts: vec![Account::new(&name)],
            limits: String::new(),
        };
        let bridge = Bridge::start_on(&mut setup, database, folder).await;
        let client = Client::new(bridge.url());
        Self { bridge, client, name, key: setup.accounts.swap_remove(0).read_key }
    }

    async fn reads(&self) -> Answer {
        self.client.get("/-/session", &self.key).await
    }

    async fn signs_in(&self) -> Answer {
        let login = json!({"username": self.name, "password": PASSWORD});
        Answer::of(self.client.request(Method::POST, "/-/session").json(&login)).await
    }

    /// Everything is refused, within the time that a connection may take and then at once.
    async fn is_refused(&self) {
        until("the database to be missed", SOON, async || (self.reads().await.status == 503).then_some(()))
            .await;
        let start = Instant::now();
        for answer in
            [self.reads().await, self.signs_in().await, self.client.get_anonymously("/-/ready").await]
        {
            // Without the database nobody asks for the broker.
            let refusal = answer.refusal();
            assert!(
                refusal == (503, "database".into()) || refusal.1 == "broker_offline",
                "{}",
                answer.text()
            );
        }
        assert!(start.elapsed() < Duration::from_secs(1), "not at once: {:?}", start.elapsed());
    }

    async fn is_well_again(&self) {
        until("the database to be back", SOON, async || (self.reads().await.status == 200).then_some(()))
            .await;
        assert_eq!(self.signs_in().await.status, 200);
    }

    fn lines(&self) -> usize {
        self.bridge
            .process()
            .log()
            .lines()
            .filter(|line| line.contains("WARN") && line.contains("database"))
            .count()
    }
}

#[tokio::test]
async fn a_file_that_is_taken_away_is_missed_at_once_and_never_made_anew() {
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let (place, aside) = (folder.path().join("database"), folder.path().join("aside"));
    std::fs::create_dir(&place).expect("the temporary folder is writable");
    let url = format!("sqlite:{}", place.join("bridge.db").display());
    let lonely = Lonely::start(&url, folder).await;
    assert_eq!((lonely.reads().await.status, lonely.signs_in().await.status), (200, 200));
    for _ in 0..2 {
        std::fs::rename(&place, &aside).expect("a folder can be renamed");
        lonely.is_refused().await;
        assert!(!place.exists());
        std::fs::rename(&aside, &place).expect("a folder can be renamed");
        lonely.is_well_again().await;
    }
    std::fs::create_dir(&aside).expect("the temporary folder is writable");
    let (file, elsewhere) = (place.join("bridge.db"), aside.join("bridge.db"));
    std::fs::rename(&file, &elsewhere).expect("a file can be renamed");
    lonely.is_refused().await;
    assert!(!file.exists(), "an empty database is worse than none");
    std::fs::rename(&elsewhere, &file).expect("a file can be renamed");
    lonely.is_well_again().await;
    assert_eq!(lonely.lines(), 1, "{}", lonely.bridge.process().log());
}

// The line carries while the account is made, which waits for a command.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_goes_away_is_missed_at_once_and_found_again() {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        std::eprintln!("skipped: DATABASE_URL is not set");
        return;
    };
    let mut url = reqwest::Url::parse(&url).expect("DATABASE_URL is a URL");
    let line = Proxy::to(url.port().unwrap_or(5432)).await;
    url.set_port(Some(line.port())).expect("a URL with a host can have a port");
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let lonely = Lonely::start(url.as_str(), folder).await;
    assert_eq!((lonely.reads().await.status, lonely.signs_in().await.status), (200, 200));
    line.refuse();
    lonely.is_refused().await;
    line.mend();
    lonely.is_well_again().await;
    assert_eq!(lonely.lines(), 1, "{}", lonely.bridge.process().log());
    // Silence is noticed as well.
    line.stall();
    lonely.is_refused().await;
    line.mend();
    lonely.is_well_again().await;
}
