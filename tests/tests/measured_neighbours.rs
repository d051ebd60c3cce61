//! One account does its worst, in its browser and at its home: another one hardly notices.

use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::client::Answer;
use remoteaccess_tests::mqtt::Peer;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{OTHER, World};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

/// Where Bob's home answers.
const ANSWERS: &str = "user/bob/response/b-1";

/// Bob, who means harm: as somebody signed in, and as the owner of a home.
struct Bob {
    cookie: String,
    /// How his requests ended.
    ends: Arc<Mutex<BTreeMap<(u16, String), usize>>>,
    /// What he has running; dropping it ends it.
    tasks: JoinSet<()>,
}

impl Bob {
    async fn of(world: &World) -> Self {
        let login = json!({"username": "bob", "password": PASSWORD});
        let signed_in = Answer::of(world.client.request(Method::POST, "/-/session").json(&login)).await;
        let cookie = signed_in.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.unwrap_or_else(|| panic!("no cookie: {}", signed_in.text())).to_owned();
        Self { cookie, ends: Arc::default(), tasks: JoinSet::new() }
    }

    /// His home: it says that it is there, and answers as `answer` makes it.
    async fn home(&mut self, world: &World, answer: fn(&Value) -> Option<Vec<u8>>) {
        let mut peer = Peer::connect(world.broker.ports().plain, OTHER, &world.other_password).await;
        assert!(peer.subscribe("user/bob/request").await);
        let online =
            json!({"v": 2, "state": "online", "agent": "evil", "install": "b", "since": 1_800_000_000});
        peer.retain("user/bob/status", online.to_string()).await;
        self.tasks.spawn(async move {
            while let Some(request) = peer.next_if_any().await {
                let request = request.json();
                let Some(answer) = request.get("action").and_then(|_| answer(&request)) else { continue };
                let client = request["clientId"].as_str().unwrap_or_default();
                peer.try_publish(&format!("user/bob/response/{client}"), answer).await;
            }
        });
    }

    /// His home says what nobody asked for, at 20 MB a second, and comes and goes all the while.
    async fn flood(&mut self, world: &World) {
        let peer = Peer::connect(world.broker.ports().plain, OTHER, &world.other_password).await;
        self.tasks.spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(3));
            for count in 0_u64.. {
                pace.tick().await;
                let head = format!("{{\"v\":2,\"id\":\"{count}\",\"seq\":0,\"status\":200}}\n");
                let mut frame = head.into_bytes();
                frame.resize(64 * 1024, b'x');
                peer.try_publish(ANSWERS, frame).await;
                // More often, and it is cut.
                if count % 500 != 0 {
                    continue;
                }
                let state = if count % 1000 == 0 { "online" } else { "offline" };
                let status = json!({"v": 2, "state": state, "agent": "evil", "install": "b", "since": count});
                if !peer.try_publish("user/bob/status", status.to_string()).await {
                    return;
                }
            }
        });
    }

    /// His home sends whole answers that nobody asked for, 20 MB a second, until it is cut off.
    async fn pours(&mut self, world: &World) {
        let peer = Peer::connect(world.broker.ports().plain, OTHER, &world.other_password).await;
        let answer = whole(&json!({"clientId": "b-1", "id": "nobody-asked"})).expect("there is always one");
        self.tasks.spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(90));
            while peer.try_publish(ANSWERS, answer.clone()).await {
                pace.tick().await;
            }
        });
    }

    /// His browser asks as fast as it can, so many at once.
    fn greedy(&mut self, world: &World, at_once: usize) {
        for _ in 0..at_once {
            let (client, cookie, ends) = (world.client.clone(), self.cookie.clone(), Arc::clone(&self.ends));
            self.tasks.spawn(async move {
                loop {
                    let request = client.request(Method::GET, "/feed/list.json").header("cookie", &cookie);
                    let Ok(answer) = request.send().await else { continue };
                    let status = answer.status().as_u16();
                    let body: Value = answer.json().await.unwrap_or_default();
                    let code = body["error"].as_str().unwrap_or_default().to_owned();
                    *ends.lock().expect("nobody panics with it").entry((status, code)).or_default() += 1;
                }
            });
        }
    }

    /// His browser asks for a lot and takes none of it.
    async fn never_reads(&mut self, world: &World, count: usize) {
        let address = world.bridge.url().trim_start_matches("http://").parse().expect("an address");
        for _ in 0..count {
            // As over a line: on one machine the system itself would take a whole answer off the bridge's hands.
            let socket = TcpSocket::new_v4().expect("there are sockets");
            socket.set_recv_buffer_size(4096).expect("a socket's buffer can be small");
            let mut socket = socket.connect(address).await.expect("the bridge listens");
            let head = format!(
                "GET /feed/csvexport.json?id=1 HTTP/1.1\r\nHost: x\r\nCookie: {}\r\n\r\n",
                self.cookie
            );
            socket.write_all(head.as_bytes()).await.expect("the bridge reads");
            self.tasks.spawn(async move {
                let _held = socket;
                std::future::pending::<()>().await;
            });
        }
    }

    fn count(&self, status: u16, code: &str) -> usize {
        let ends = self.ends.lock().expect("nobody panics with it");
        ends.get(&(status, code.to_owned())).copied().unwrap_or(0)
    }
}

/// How long Alice waits for each of so many answers, the longest last.
async fn waits(world: &World, count: usize) -> Vec<Duration> {
    let mut waits = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let answer = world.get("/feed/timevalue.json?id=1").await;
        waits.push(start.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    waits.sort_unstable();
    waits
}

fn tell(what: &str, waits: &[Duration]) -> (Duration, Duration) {
    let (half, most) = (waits[waits.len() / 2], waits[waits.len() - 1]);
    std::eprintln!("{what}: {:.1} ms p50, {:.1} ms at most", ms(half), ms(most));
    (half, most)
}

fn told(what: &str, waits: &[Duration]) {
    let (half, most) = tell(what, waits);
    assert!(half < Duration::from_millis(500), "{what}: half of the answers took {half:?} or more");
    assert!(most < Duration::from_secs(5), "{what}: one answer took {most:?}");
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// An answer of the first generation that is as large as one may be.
fn whole(request: &Value) -> Option<Vec<u8>> {
    let data = "1,".repeat(900_000);
    Some(format!("{{\"request\":{request},\"result\":[{data}1]}}").into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_a_greedy_browser_is_held_back_and_nobody_else_is() {
    let world = World::start().await;
    told("alone", &waits(&world, 100).await);
    let mut bob = Bob::of(&world).await;
    bob.home(&world, |request| {
        let id = request["id"].as_str()?;
        Some(format!("{{\"v\":2,\"id\":\"{id}\",\"seq\":0,\"last\":true,\"status\":200}}\n[]").into_bytes())
    })
    .await;
    bob.greedy(&world, 50);
    until("the browser to be told to wait", SOON * 2, async || (bob.count(429, "busy") > 2000).then_some(()))
        .await;
    told("beside a greedy browser", &waits(&world, 200).await);
    assert!(bob.count(200, "") >= 1000, "{:?}", bob.ends);
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_a_home_that_never_answers_and_floods_slows_nobody_else() {
    let world = World::start().await;
    let mut bob = Bob::of(&world).await;
    bob.home(&world, |_| None).await;
    bob.greedy(&world, 100);
    until("the home to be full", SOON * 2, async || (bob.count(429, "busy") > 0).then_some(())).await;
    bob.flood(&world).await;
    told("beside a home that never answers and floods", &waits(&world, 100).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_a_home_that_pours_out_megabytes_is_cut_off_and_others_go_on() {
    let world = World::start().await;
    told("alone", &waits(&world, 100).await);
    let mut bob = Bob::of(&world).await;
    bob.home(&world, whole).await;
    bob.greedy(&world, 10);
    bob.pours(&world).await;
    let mut beside = Vec::new();
    until("the home to be cut off", SOON * 4, async || {
        beside.extend(waits(&world, 1).await);
        world.bridge.process().log().contains("the home bob sent far more than").then_some(())
    })
    .await;
    beside.extend(waits(&world, 50).await);
    beside.sort_unstable();
    // Each of them came. How late one may be depends on who has built the bridge: debug code reads 10 MB a second here.
    tell("beside a home that pours out megabytes", &beside);
    until("the home to be away", SOON, async || (bob.count(503, "home_offline") > 0).then_some(())).await;
    bob.tasks.abort_all();
    until("the record of it", SOON, async || {
        let events = world.client.request(Method::GET, "/-/account/events").header("cookie", &bob.cookie);
        Answer::of(events).await.text().contains("home-cut").then_some(())
    })
    .await;
    let refused = Peer::try_connect(world.broker.ports().plain, OTHER, &world.other_password).await;
    assert!(refused.is_err(), "it may not come back at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_browsers_that_never_read_hold_little_and_slow_nobody() {
    let world = World::start().await;
    let mut bob = Bob::of(&world).await;
    bob.home(&world, whole).await;
    bob.never_reads(&world, 60).await;
    until("answers to be refused for want of room", SOON * 2, async || {
        world.bridge.process().log().contains("no room for an answer that came whole").then_some(())
    })
    .await;
    // The burst itself holds up whoever comes just then; what stays of it does not.
    waits(&world, 1).await;
    told("beside browsers that never read", &waits(&world, 100).await);
    let (_, most) = world.bridge.process().memory_kb();
    std::eprintln!("the bridge had {} MB at most", most >> 10);
    // What of 60 answers of 1.8 MB is held at once is limited to 64 MB in all, and to a quarter of it for one home.
    assert!(most < 200 << 10, "the bridge had {most} kB");
}
