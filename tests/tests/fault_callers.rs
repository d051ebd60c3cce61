//! Callers who come by the thousand, and callers who hardly read.

use remoteaccess_tests::standin::Fault;
use remoteaccess_tests::wait::{SOON, until};
use remoteaccess_tests::world::{Options, World};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Connects so that hardly anything is taken off the bridge's hands.
async fn narrow(world: &World) -> TcpStream {
    let address = world.bridge.url().trim_start_matches("http://").parse().expect("an address");
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(2048).expect("a socket's buffer can be small");
    socket.connect(address).await.expect("the bridge listens")
}

fn export(world: &World) -> String {
    let key = &world.account.read_key;
    format!("GET /feed/csvexport.json?id=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n")
}

#[tokio::test]
async fn measured_browsers_that_read_a_byte_a_second_keep_nobody_waiting() {
    let limits = "request_timeout_ms = 60000".into();
    let world = World::with(Options { limits, ..Options::default() }).await;
    world.emoncms.order("feed/csvexport", Fault::Export(200_000_000));
    const SLOW: usize = 12;
    let mut slow = JoinSet::new();
    for _ in 0..SLOW {
        let mut socket = narrow(&world).await;
        socket.write_all(export(&world).as_bytes()).await.expect("the bridge reads");
        slow.spawn(async move {
            let start = Instant::now();
            while socket.read_u8().await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
            start.elapsed()
        });
    }
    // More than the home answers at a time: those whose callers are slow give up their turns.
    let begun = async || (world.emoncms.seen().len() == SLOW).then_some(());
    until("all exports to have begun", SOON * 3, begun).await;
    let mut times = Vec::new();
    for _ in 0..10 {
        let start = Instant::now();
        let answer = world.get("/feed/timevalue.json?id=1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        times.push(start.elapsed());
    }
    std::eprintln!("small answers beside them took {times:?}");
    times.sort();
    assert!(times[9] < Duration::from_secs(5), "{times:?}");
    let ((bridge, _), (agent, _)) = (world.bridge.process().memory_kb(), world.agent.process().memory_kb());
    std::eprintln!("the bridge has {} MB, the agent {} MB", bridge >> 10, agent >> 10);
    assert!(bridge < 120 << 10 && agent < 60 << 10, "{bridge} kB and {agent} kB");
    slow.abort_all();
    until("emoncms to be let go", SOON, async || (world.emoncms.abandoned() >= 8).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn measured_ten_thousand_requests_at_once_each_end_and_the_next_is_served() {
    const MANY: usize = 10_000;
    /// Connections: so many as this process and the bridge may have, and each asks again and again.
    const CONNECTIONS: usize = 400;
    let world = World::start().await;
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..CONNECTIONS {
        let address = world.bridge.url().trim_start_matches("http://").to_owned();
        let key = world.account.read_key.clone();
        callers.spawn(async move {
            let mut socket = TcpStream::connect(address).await.expect("the bridge listens");
            // All at once: nobody waits for an answer before the next question.
            let ask = format!(
                "GET /feed/timevalue.json?id=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
            );
            let mut all = ask.repeat(MANY / CONNECTIONS - 1);
            all.push_str(&ask.replace("Host: x", "Host: x\r\nConnection: close"));
            socket.write_all(all.as_bytes()).await.expect("the bridge reads");
            let mut answers = Vec::new();
            socket.read_to_end(&mut answers).await.expect("the bridge answers");
            String::from_utf8_lossy(&answers).into_owned()
        });
    }
    let mut ends = BTreeMap::<String, usize>::new();
    while let Some(answers) = callers.join_next().await {
        for status in answers.expect("a caller does not panic").split("HTTP/1.1 ").skip(1) {
            *ends.entry(status[..3].to_owned()).or_default() += 1;
        }
    }
    let took = start.elapsed();
    std::eprintln!("{MANY} requests ended as {ends:?} within {took:?}");
    assert_eq!(ends.values().sum::<usize>(), MANY);
    assert!(ends.keys().all(|status| ["200", "429", "503"].contains(&status.as_str())), "{ends:?}");
    assert!(ends["200"] >= 64, "{ends:?}");
    let start = Instant::now();
    until("the next one to be served", SOON, async || {
        (world.get("/feed/timevalue.json?id=1").await.status == 200).then_some(())
    })
    .await;
    std::eprintln!("the next one was served after {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(5));
    let (_, most) = world.bridge.process().memory_kb();
    assert!(most < 200 << 10, "the bridge had {most} kB");
}
