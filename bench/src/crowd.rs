//! Many homes in one process: each an MQTT session with TLS that says and hears what an agent does, and no more.

use crate::mqtt::Login;
use anyhow::{Context, Result};
use base64ct::{Base64, Encoding};
use remoteaccess_protocol::{Frame, Presence, Site, Start, State, request, request::Incoming};
use remoteaccess_tests::broker::{guest_role, home_rights};
use remoteaccess_tests::ports::{random_bytes, random_hex};
use ring::pbkdf2;
use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, Publish, QoS, TlsConfiguration, Transport};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

/// The homes' password, all the same: what costs is that there are many.
pub(crate) const PASSWORD: &str = "crowd-password";
/// Handshakes at once.
const CONNECTING: usize = 32;

/// The name of a home, as account and at the broker.
pub(crate) fn name(index: usize) -> String {
    format!("crowd{index:05}")
}

/// Writes homes into the file of Mosquitto's dynamic security, while the broker is down: telling a running one would
/// rewrite the whole file for each of them. All have one salt, and so one hash.
pub(crate) fn let_in(file: &Path, homes: usize) -> Result<()> {
    const ITERATIONS: NonZeroU32 = NonZeroU32::new(101).expect("it is not zero");
    let mut all: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let salt = random_bytes::<12>();
    let mut hash = [0; 64];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, ITERATIONS, &salt, PASSWORD.as_bytes(), &mut hash);
    let (salt, hash) = (Base64::encode_string(&salt), Base64::encode_string(&hash));
    let mut add = |kind: &str, what: Value| {
        all[kind].as_array_mut().map(|list| list.push(what)).with_context(|| format!("no {kind}"))
    };
    for name in (0..homes).map(name) {
        let role = guest_role(&name);
        add("roles", json!({"rolename": role, "acls": home_rights(&name)}))?;
        add(
            "clients",
            json!({
                "username": name, "roles": [{"rolename": role}],
                "password": hash, "salt": salt, "iterations": ITERATIONS.get(),
            }),
        )?;
    }
    std::fs::write(file, all.to_string())?;
    Ok(())
}

/// Connects homes and keeps them: arguments are a login whose user does not matter, the first one's number, and how many.
pub(crate) async fn serve(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let login = Login::parse(&mut arguments)?;
    let mut number = || anyhow::Ok(arguments.next().context("a number is missing")?.parse::<usize>()?);
    let (first, count) = (number()?, number()?);
    let mut tls = remoteaccess_common::trust::client(login.ca.as_deref())?;
    // Each home is a machine of its own and knows no earlier session of another one.
    tls.resumption = rustls::client::Resumption::disabled();
    let tls = TlsConfiguration::Rustls(Arc::new(tls));
    let (door, (sender, mut online)) = (Arc::new(Semaphore::new(CONNECTING)), mpsc::channel(64));
    for index in first..first + count {
        let mut options = MqttOptions::new(format!("ra-{}", random_hex::<8>()), &login.host, login.port);
        options.set_transport(Transport::tls_with_config(tls.clone()));
        tokio::spawn(keep(options, name(index), Arc::clone(&door), sender.clone()));
    }
    for _ in 0..count {
        online.recv().await.context("no home is left")?;
    }
    crate::say("all online\n");
    std::future::pending().await
}

async fn keep(mut options: MqttOptions, name: String, door: Arc<Semaphore>, online: mpsc::Sender<()>) {
    let Some(site) = Site::new(&name) else { return };
    let said = |state| {
        let install = random_hex::<4>();
        Presence { v: 2, state, agent: "bench".into(), install, since: 1 }.encode()
    };
    options.set_credentials(&name, PASSWORD).set_keep_alive(Duration::from_secs(30)).set_clean_session(true);
    options.set_last_will(LastWill::new(site.status_topic(), said(State::Offline), QoS::AtMostOnce, true));
    loop {
        let place = door.acquire().await;
        let (client, mut events) = AsyncClient::new(options.clone(), 8);
        let mut network = events.network_options();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(60);
        events.set_network_options(network);
        let mut place = Some(place);
        while let Ok(event) = events.poll().await {
            let done = match event {
                Event::Incoming(Packet::ConnAck(_)) => client
                    .try_subscribe(site.status_topic(), QoS::AtMostOnce)
                    .and_then(|()| client.try_subscribe(site.request_topic(), QoS::AtMostOnce))
                    .and_then(|()| {
                        client.try_publish(site.status_topic(), QoS::AtMostOnce, true, said(State::Online))
                    })
                    // Answered when all of that is done.
                    .and_then(|()| client.try_unsubscribe("nothing")),
                Event::Incoming(Packet::UnsubAck(_)) => {
                    if place.take().is_some() {
                        online.send(()).await.ok();
                    }
                    Ok(())
                }
                Event::Incoming(Packet::Publish(publish)) => answer(&client, &site, &publish),
                _ => Ok(()),
            };
            if done.is_err() {
                break;
            }
        }
        drop(place);
        sleep(Duration::from_secs(1)).await;
    }
}

fn answer(client: &AsyncClient, site: &Site, publish: &Publish) -> Result<(), rumqttc::ClientError> {
    let Ok(Incoming::Request(request)) = request::parse(&publish.payload) else { return Ok(()) };
    let Some(v2) = request.v2 else { return Ok(()) };
    let content_type = Some("application/json".to_owned());
    let start = Start { status: 200, content_type, zstd: false, etag: None };
    let frame = Frame::Piece { id: v2.id, seq: 0, last: true, start: Some(start), body: b"[]" };
    client.try_publish(site.response_topic(&request.client), QoS::AtMostOnce, false, frame.encode())
}
