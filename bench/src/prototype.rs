//! The yardstick: the same way through the same parts (axum, one MQTT connection at each end, TLS on the home's leg,
//! a kept-alive HTTP client) without anything that makes it a product. No checks, limits, frames, credit, compression,
//! presence or status.

use crate::mqtt::Login;
use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
};
use bytes::Bytes;
use rumqttc::{AsyncClient, Event, EventLoop, Packet, QoS};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The home's MQTT name.
pub(crate) const SITE: &str = "prototype";

/// Bytes of the id before each payload.
const ID: usize = 8;

/// Its home: arguments are the login, the emoncms and its key.
pub(crate) async fn home(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let login = Login::parse(&mut arguments)?;
    let (url, key) = arguments.next().zip(arguments.next()).context("no emoncms")?;
    let (bearer, http) = (format!("Bearer {key}"), client()?);
    let topic = format!("user/{SITE}/request");
    let (mqtt, mut events) = login.connect(&[(&topic, QoS::AtMostOnce)], true).await?;
    crate::say("ready\n");
    loop {
        let Event::Incoming(Packet::Publish(publish)) = events.poll().await? else { continue };
        let (id, path) = publish.payload.split_at(ID);
        let asked = http.get(format!("{url}{}", std::str::from_utf8(path)?)).header("Authorization", &bearer);
        let (mqtt, mut message) = (mqtt.clone(), id.to_vec());
        tokio::spawn(async move {
            message.extend_from_slice(&asked.send().await?.bytes().await?);
            mqtt.publish(format!("user/{SITE}/response/prototype"), QoS::AtMostOnce, false, message).await?;
            anyhow::Ok(())
        });
    }
}

#[derive(Debug)]
struct Cloud {
    mqtt: AsyncClient,
    next: AtomicU64,
    waiting: Mutex<HashMap<[u8; ID], oneshot::Sender<Bytes>>>,
}

/// Its cloud: arguments are the login.
pub(crate) async fn cloud(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let login = Login::parse(&mut arguments)?;
    let (mqtt, events) = login.connect(&[("user/+/response/prototype", QoS::AtMostOnce)], true).await?;
    let cloud = Arc::new(Cloud { mqtt, next: AtomicU64::new(0), waiting: Mutex::default() });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    crate::say(&format!("listening on http://{}\n", listener.local_addr()?));
    let routes = Router::new().fallback(relay).with_state(Arc::clone(&cloud));
    let serving = async {
        use axum::serve::ListenerExt;
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        axum::serve(listener, routes).await.context("serving failed")
    };
    tokio::try_join!(poll(events, &cloud), serving).map(|((), ())| ())
}

async fn poll(mut events: EventLoop, cloud: &Cloud) -> Result<()> {
    loop {
        let Event::Incoming(Packet::Publish(publish)) = events.poll().await? else { continue };
        let id: [u8; ID] = publish.payload[..ID].try_into()?;
        let waits = cloud.waiting.lock().expect("nothing panics while it holds the map").remove(&id);
        if let Some(waits) = waits {
            // Whoever asked may have gone.
            waits.send(publish.payload.slice(ID..)).ok();
        }
    }
}

async fn relay(State(cloud): State<Arc<Cloud>>, request: Request) -> Result<Bytes, StatusCode> {
    let id = cloud.next.fetch_add(1, Ordering::Relaxed).to_le_bytes();
    let (sender, answer) = oneshot::channel();
    cloud.waiting.lock().expect("nothing panics while it holds the map").insert(id, sender);
    let path = request.uri().path_and_query().ok_or(StatusCode::BAD_REQUEST)?;
    let message = [&id[..], path.as_str().as_bytes()].concat();
    let topic = format!("user/{SITE}/request");
    let sent = cloud.mqtt.publish(topic, QoS::AtMostOnce, false, message).await;
    sent.map_err(|_| StatusCode::BAD_GATEWAY)?;
    answer.await.map_err(|_| StatusCode::BAD_GATEWAY)
}

fn client() -> Result<reqwest::Client> {
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).pool_idle_timeout(None);
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    client.tls_backend_preconfigured(tls).build().context("no HTTP client")
}
