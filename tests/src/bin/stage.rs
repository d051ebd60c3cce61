//! The whole chain for tests in a browser: prints where it is as a line of JSON, then does what lines of its input
//! say, and answers each with a line. It ends with its input.
//!
//! `leave` and `arrive`: the home. `allow LIST`: what it may be asked. `fault PATH KIND`, `say PATH JSON`, `behave`,
//! `down`, `up`: its emoncms. `restore`: all of it. `seen PATH`: what that was asked. `another NAME LIST`: one more home
//! of the account, whose emoncms has these feeds.

use remoteaccess_tests::agent::Agent;
use remoteaccess_tests::bridge::PASSWORD;
use remoteaccess_tests::ports::random_hex;
use remoteaccess_tests::real_emoncms::RealEmoncms;
use remoteaccess_tests::standin::{Fault, Keys, Standin};
use remoteaccess_tests::wait;
use remoteaccess_tests::world::{Options, World, access_list};
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() {
    let real = match std::env::var_os("EMONCMS_SRC") {
        Some(_) => RealEmoncms::start("the browser's emoncms").await,
        None => None,
    };
    let emoncms = real.as_ref().map(|real| (real.url(), real.keys()));
    let mut world = World::with(Options { emoncms, ..Options::default() }).await;
    say(&json!({
        "url": world.bridge.url(), "username": world.account.name, "password": PASSWORD, "real": real.is_some(),
    }));
    let mut others = Vec::new();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match line.split(' ').collect::<Vec<_>>()[..] {
            ["another", name, ref list @ ..] => {
                others.push(another(&world, name, list.join(" ").into_bytes()).await);
                Some(json!({"done": name}))
            }
            _ => obey(&mut world, &line).await,
        };
        say(&answer.unwrap_or_else(|| json!({"error": format!("what is {line}?")})));
    }
}

async fn obey(world: &mut World, line: &str) -> Option<Value> {
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    match (word(), word(), word()) {
        ("leave", ..) => {
            world.agent.stop();
            world.goes_offline().await;
        }
        ("arrive", ..) => {
            world.agent.launch();
            world.comes_online().await;
        }
        ("allow", ..) => allow(world, serde_json::from_str(line.strip_prefix("allow ")?).ok()?).await,
        ("fault", path, kind) => world.emoncms.order(path, fault(kind)?),
        ("say", path, body) => world.emoncms.order(
            path,
            Fault::Say { status: 200, content_type: "application/json", body: body.as_bytes().to_vec() },
        ),
        ("behave", ..) => world.emoncms.behave(),
        ("restore", ..) => {
            world.emoncms.behave();
            if !world.agent.is_running() {
                world.agent.launch();
            }
            if world.agent.config()["ACCESS_CONTROL"]["feed/set"].is_null() {
                allow(world, access_list()).await;
            }
            world.comes_online().await;
        }
        ("down", ..) => world.emoncms.down().await,
        ("up", ..) => world.emoncms.up().await,
        ("seen", path, _) => {
            let seen = world.emoncms.seen_for(path);
            return Some(seen.into_iter().map(|seen| seen.target).collect());
        }
        _ => return None,
    }
    Some(json!({"done": line}))
}

/// One more home of the account, connected.
async fn another(world: &World, home: &str, list: Vec<u8>) -> (Agent, Standin) {
    let account = &world.account;
    let more = [("remoteaccess", "1"), ("home", home)];
    let answer = world.client.connects_home(&account.name, &account.password, &more).await;
    let emoncms = Standin::start(Keys::random()).await;
    emoncms.order("feed/list", Fault::Say { status: 200, content_type: "application/json", body: list });
    let mut config = world.config(&Options::default());
    let (url, keys) = (emoncms.url(), emoncms.keys());
    for (key, value) in [
        ("MQTT_USERNAME", &answer["remoteaccess"]["mqtt_username"]),
        ("MQTT_PASSWORD", &answer["remoteaccess"]["mqtt_password"]),
        ("EMONCMS_URL", &json!(url)),
        ("APIKEY_READ", &json!(keys.read)),
        ("APIKEY_WRITE", &json!(keys.write)),
    ] {
        config[key] = value.clone();
    }
    let agent = Agent::start(&config, Options::default().keep_alive);
    agent.reaches("connected").await;
    (agent, emoncms)
}

/// Until it counts, which the answer to an endpoint tells that no earlier list named.
async fn allow(world: &World, mut list: Value) {
    let new = format!("probe/{}", random_hex::<8>());
    list[&new] = json!("read");
    world.agent.edit(|config| {
        config.insert("ACCESS_CONTROL".to_owned(), list);
    });
    wait::until("the list to count", wait::SOON, async || {
        let answer = world.get(&format!("/{new}.json")).await;
        (answer.status != 403).then_some(())
    })
    .await;
}

fn fault(kind: &str) -> Option<Fault> {
    Some(match kind {
        "hang" => Fault::Hang,
        "html" => Fault::Html,
        "slow" => Fault::Slow(Duration::from_secs(6)),
        "error" => Fault::Error500,
        _ => return None,
    })
}

fn say(line: &Value) {
    let mut out = std::io::stdout().lock();
    // Where nobody reads any more, the input has ended as well.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
