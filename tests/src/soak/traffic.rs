//! Who asks: for each home a few callers that ask one thing after the other.

use super::chance::Chance;
use super::estate::{EXPORT, Estate, HOMES, Known};
use super::ledger::{End, Ledger};
use crate::client::Client;
use crate::standin::fault::{EXPORT_LINE, export_line};
use reqwest::{Method, RequestBuilder, Response};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Callers of each home.
const CALLERS: usize = 4;
/// Until a caller asks again.
const PAUSE: std::ops::RangeInclusive<u64> = 5..=150;
/// The bridge waits 5 s for an answer to begin; so much more for a busy machine.
const LOST: Duration = Duration::from_secs(25);
/// The bridge waits 8 s for an answer to go on, again and again.
const STREAM_LOST: Duration = Duration::from_secs(120);
const EXPORT_PATH: &str = "/feed/csvexport.json?id=1&start=0&end=1&interval=1";

/// Callers at work.
#[derive(Debug)]
pub(super) struct Traffic {
    callers: JoinSet<()>,
    end: watch::Sender<bool>,
}

/// Begins to ask.
pub(super) fn start(estate: &Estate, ledger: &Arc<Ledger>, seed: u64) -> Traffic {
    let (end, ended) = watch::channel(false);
    let mut callers = JoinSet::new();
    for number in 0..HOMES * CALLERS {
        let mut caller = Caller {
            number,
            home: number % HOMES,
            known: Arc::clone(&estate.known),
            door: Arc::clone(&estate.door),
            ledger: Arc::clone(ledger),
            chance: Chance::new(seed ^ ((number as u64 + 1) << 32)),
            writes: 0,
        };
        let ended = ended.clone();
        callers.spawn(async move {
            while !*ended.borrow() {
                caller.ask().await;
                sleep(caller.chance.millis(PAUSE)).await;
            }
        });
    }
    Traffic { callers, end }
}

impl Traffic {
    /// Waits until each caller has its last answer.
    pub(super) async fn end(mut self) {
        self.end.send_replace(true);
        while let Some(ended) = self.callers.join_next().await {
            ended.expect("a caller does not panic");
        }
    }
}

struct Caller {
    number: usize,
    home: usize,
    known: Arc<Vec<Known>>,
    door: Arc<RwLock<Client>>,
    ledger: Arc<Ledger>,
    chance: Chance,
    writes: usize,
}

impl Caller {
    async fn ask(&mut self) {
        match self.chance.below(20) {
            0..=10 => self.read().await,
            11..=15 => self.write().await,
            16..=17 => self.export().await,
            18 => self.hang_up().await,
            _ => self.may_not().await,
        }
    }

    fn known(&self) -> &Known {
        &self.known[self.home]
    }

    fn request(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        self.door.read().expect("nobody panics with it").request(method, path).bearer_auth(key)
    }

    async fn read(&mut self) {
        let which = self.chance.below(self.known().answers.len());
        let (path, right) = &self.known().answers[which];
        let request = self.request(Method::GET, path, &self.known().account.read_key);
        let ended = timeout(LOST, whole(request)).await;
        let end = match ended {
            Err(_) => End::Wrong(format!("no answer within {LOST:?}")),
            Ok(Ok((200, body))) if body == *right => End::Right,
            Ok(Ok((200, body))) => End::Wrong(format!("{path} became {:?}", String::from_utf8_lossy(&body))),
            Ok(Ok((status, body))) => refused(status, &body).0,
            Ok(Err(end)) => end,
        };
        self.ledger.ended("read", end);
    }

    async fn write(&mut self) {
        self.writes += 1;
        let mark = format!("{{w:{}{:06}}}", self.number + 1, self.writes);
        let request = self.request(Method::POST, "/input/post.json", &self.known().account.write_key);
        let ended = timeout(LOST, whole(request.form(&[("node", "soak"), ("data", &mark)]))).await;
        let (end, settled) = match ended {
            Err(_) => (End::Wrong(format!("no answer within {LOST:?}")), false),
            Ok(Ok((200, body))) if body == b"ok" => (End::Right, false),
            Ok(Ok((200, body))) => {
                (End::Wrong(format!("a write became {:?}", String::from_utf8_lossy(&body))), false)
            }
            Ok(Ok((status, body))) => refused(status, &body),
            Ok(Err(end)) => (end, false),
        };
        self.ledger.wrote(mark, end, settled);
    }

    async fn export(&mut self) {
        let request = self.request(Method::GET, EXPORT_PATH, &self.known().account.read_key);
        let end = match timeout(STREAM_LOST, whole(request)).await {
            Err(_) => End::Wrong(format!("no end within {STREAM_LOST:?}")),
            Ok(Ok((200, body))) if is_export(&body) => End::Right,
            Ok(Ok((200, body))) => End::Wrong(format!("an export of {} bytes", body.len())),
            Ok(Ok((status, body))) => refused(status, &body).0,
            Ok(Err(end)) => end,
        };
        self.ledger.ended("export", end);
    }

    async fn hang_up(&mut self) {
        let request = self.request(Method::GET, EXPORT_PATH, &self.known().account.read_key);
        let begun = async {
            let mut answer = sent(request).await?;
            for _ in 0..3 {
                answer.chunk().await.map_err(|_| End::Broken)?;
            }
            Ok::<_, End>(())
        };
        let patience = self.chance.millis(20..=3000);
        let end = match timeout(patience, begun).await {
            Ok(Err(end)) => end,
            _ => End::HungUp,
        };
        self.ledger.ended("hang-up", end);
    }

    /// A write with a key for reading, and one that no list allows.
    async fn may_not(&mut self) {
        let which = self.chance.below(2);
        let account = &self.known().account;
        let (path, key) = match which {
            0 => ("/feed/insert.json?id=1&time=1&value=1", &account.read_key),
            _ => ("/feed/delete.json?id=1", &account.write_key),
        };
        let end = match timeout(LOST, whole(self.request(Method::GET, path, key))).await {
            Err(_) => End::Wrong(format!("no answer within {LOST:?}")),
            Ok(Ok((403, body))) if refused(403, &body).0 == End::Refused(403, "denied".into()) => End::Right,
            Ok(Ok((200, _))) => End::Wrong("what is denied was done".into()),
            Ok(Ok((status, body))) => refused(status, &body).0,
            Ok(Err(end)) => end,
        };
        self.ledger.ended("denied", end);
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, End> {
    // A connection that ends before its answer begins: the bridge was killed, or is not there.
    request.send().await.map_err(|_| End::Nobody)
}

async fn whole(request: RequestBuilder) -> Result<(u16, Vec<u8>), End> {
    let answer = sent(request).await?;
    let status = answer.status().as_u16();
    let body = answer.bytes().await.map_err(|_| End::Broken)?;
    Ok((status, body.to_vec()))
}

/// How it ended, and whether the caller was told that nothing was done.
fn refused(status: u16, body: &[u8]) -> (End, bool) {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = said["error"].as_str().unwrap_or_default();
    let settled = !code.is_empty() && said["may_have_run"] != true;
    (End::Refused(status, code.to_owned()), settled)
}

fn is_export(body: &[u8]) -> bool {
    body.len() as u64 == EXPORT
        && body.chunks(EXPORT_LINE).zip(0..).all(|(line, index)| export_line(index).starts_with(line))
}
