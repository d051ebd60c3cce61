//! A stand-in of the chain of 2018–2021: what made it slow, and nothing else of it.
//!
//! As observed of the real one: the cloud opens a new MQTT connection for each HTTP request, subscribes to its answer
//! with QoS 2, publishes with QoS 0, and looks every 10 ms whether something came; the home looks every 10 ms too,
//! serves one request at a time, each with a new HTTP connection, and echoes the request in its answer.
//! Left out, and so faster than the real one: PHP and Python themselves, the web server before PHP, emoncms' login.

use crate::mqtt::Login;
use anyhow::{Context, Result};
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
};
use remoteaccess_tests::ports::random_hex;
use rumqttc::{Event, Packet, Publish, QoS};
use serde_json::{Value, json, value::RawValue};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// The home's MQTT name.
pub(crate) const SITE: &str = "oldhome";

/// How often either side looks.
const POLL: Duration = Duration::from_millis(10);
/// When the cloud gives up; more than the original's 5 s, or nothing could be measured of 128 at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// Its home: arguments are the login, the emoncms and its key.
pub(crate) async fn home(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let login = Login::parse(&mut arguments)?;
    let (url, key) = arguments.next().zip(arguments.next()).context("no emoncms")?;
    let topic = format!("user/{SITE}/request");
    let (mqtt, mut events) = login.connect(&[(&topic, QoS::AtMostOnce)], false).await?;
    crate::say("ready\n");
    let (sender, mut requests) = mpsc::unbounded_channel::<Publish>();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Packet::Publish(publish)) = event {
                sender.send(publish).ok();
            }
        }
    });
    loop {
        sleep(POLL).await;
        // One a turn: the real one came to 57 requests a second however many were asked at once.
        if let Ok(publish) = requests.try_recv() {
            let request: Value = serde_json::from_slice(&publish.payload)?;
            let asked = format!(
                "{url}/{}/{}.json?id={}",
                text(&request["controller"]),
                text(&request["action"]),
                text(&request["data"]["id"])
            );
            let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
            let roots = rustls::RootCertStore::empty();
            let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let http = http.tls_backend_preconfigured(tls).build()?;
            let answer =
                http.get(asked).header("Authorization", format!("Bearer {key}")).send().await?.text().await?;
            let result: Value = serde_json::from_str(&answer)?;
            let message = json!({ "request": request, "result": result }).to_string();
            let to = format!("user/{SITE}/response/{}", text(&request["clientId"]));
            mqtt.publish(to, QoS::AtMostOnce, false, message).await?;
        }
    }
}

/// Its cloud: arguments are the login.
pub(crate) async fn cloud(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let login = Arc::new(Login::parse(&mut arguments)?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    crate::say(&format!("listening on http://{}\n", listener.local_addr()?));
    let routes = Router::new().fallback(relay).with_state(login);
    axum::serve(listener, routes).await.context("serving failed")
}

async fn relay(State(login): State<Arc<Login>>, request: Request) -> Result<Bytes, StatusCode> {
    let answer = timeout(PATIENCE, exchange(&login, request.uri().query().unwrap_or_default())).await;
    answer.map_err(|_| StatusCode::GATEWAY_TIMEOUT)?.map_err(|_| StatusCode::BAD_GATEWAY)
}

async fn exchange(login: &Login, query: &str) -> Result<Bytes> {
    let id = random_hex::<8>();
    let data = query.strip_prefix("id=").context("only id is asked for here")?;
    let topic = format!("user/{SITE}/response/{id}");
    let (mqtt, mut events) = login.connect(&[(&topic, QoS::ExactlyOnce)], false).await?;
    let (sender, mut answers) = mpsc::unbounded_channel::<Publish>();
    let polling = tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Packet::Publish(publish)) = event {
                sender.send(publish).ok();
            }
        }
    });
    let message = json!({"clientId": id, "controller": "feed", "action": "data", "subaction": "", "data": {"id": data}});
    mqtt.publish(format!("user/{SITE}/request"), QoS::AtMostOnce, false, message.to_string()).await?;
    let answer = loop {
        sleep(POLL).await;
        match answers.try_recv() {
            Ok(answer) => break answer,
            Err(mpsc::error::TryRecvError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
    };
    mqtt.try_disconnect()?;
    polling.await?;
    let answer: serde_json::Map<String, Value> = serde_json::from_slice(&answer.payload)?;
    let result = answer.get("result").context("an answer without a result")?;
    let result: Box<RawValue> = serde_json::value::to_raw_value(result)?;
    Ok(Bytes::from(result.get().to_owned()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
