//! A thousand homes lose their broker at once. Real agents, so it takes some gigabytes of memory: `make faults`.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::proxy::Proxy;
use remoteaccess_tests::wait::until;
use remoteaccess_tests::world::{Options, World};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How often it is looked.
const TICK: Duration = Duration::from_millis(100);

fn homes() -> usize {
    std::env::var("HOMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// How many agents say that they are connected.
fn connected(agents: &[Agent]) -> usize {
    let says = |agent: &&Agent| agent.status().is_some_and(|status| status["state"] == "connected");
    agents.iter().filter(says).count()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a thousand processes; see make faults"]
async fn fault_a_thousand_homes_that_lose_their_broker_come_back_spread_out() {
    const WATCHES: &str = "/proc/sys/fs/inotify/max_user_instances";
    let watches = std::fs::read_to_string(WATCHES).ok().and_then(|text| text.trim().parse().ok());
    if watches.is_some_and(|watches: usize| watches < homes() + 100) {
        std::eprintln!(
            "skipped: each agent watches its settings; write {} into {WATCHES} first",
            homes() + 200
        );
        return;
    }
    let mut world = World::start().await;
    let line = Proxy::to(world.broker.ports().tls).await;
    let names: Vec<_> = (0..homes()).map(|number| format!("crowd{number:04}")).collect();
    for some in names.chunks(50) {
        let homes: Vec<_> = some.iter().map(|name| (name.as_str(), "crowd-password")).collect();
        world.broker.let_all_in(&homes).await;
    }
    let mut config = world.config(&Options::default());
    config["MQTT_PORT"] = line.port().into();
    config["MQTT_PASSWORD"] = "crowd-password".into();
    let mut agents = Vec::new();
    for name in &names {
        config["MQTT_USERNAME"] = name.as_str().into();
        agents.push(Agent::start(&config, 30));
    }
    let all = async |limit| {
        until("all homes to be connected", limit, async || {
            sleep(TICK).await;
            (connected(&agents) == agents.len()).then_some(())
        })
        .await;
    };
    all(Duration::from_secs(300)).await;
    std::eprintln!("{} homes are connected", agents.len());

    for down in [0, 10] {
        let before = line.connections();
        world.broker.kill();
        sleep(Duration::from_secs(down)).await;
        world.broker.start_again().await;
        let start = Instant::now();
        let (mut tries, mut most, mut served) = (line.connections(), 0, None);
        loop {
            sleep(TICK).await;
            let now = line.connections();
            (most, tries) = (most.max(now - tries), now);
            if served.is_none() && world.get("/feed/list.json").await.status == 200 {
                served = Some(start.elapsed());
            }
            // Counting reads a thousand files.
            let back = start.elapsed().as_millis() % 1000 < 150 && connected(&agents) == agents.len();
            if back && served.is_some() {
                break;
            }
            assert!(start.elapsed() < Duration::from_secs(180), "{} are connected", connected(&agents));
        }
        let (took, made) = (start.elapsed(), line.connections() - before);
        std::eprintln!(
            "broker away for {down} s: all back after {took:?}, a home that is asked after {:?}; {made} tries, {most} at \
             most between two looks",
            served.expect("it was served")
        );
        assert!(made < 6 * names.len() as u64, "{made} tries");
    }
}
