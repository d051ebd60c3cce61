//! The connection to the MQTT broker, and the only task that polls it.

use crate::{config::BrokerConfig, error::Error};
use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use remoteaccess_common::{Backoff, random, trust};
use remoteaccess_protocol::limits::MAX_PACKET_BYTES;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, EventLoop, MqttOptions, NetworkOptions, Packet, QoS,
    SubscribeReasonCode, TlsConfiguration, Transport,
};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

/// At most once, for everything: brokers with our settings take nothing else from homes, as what has to be acknowledged has to
/// be stored.
pub(crate) const QUALITY: QoS = QoS::AtMostOnce;

/// Messages on their way to the poller; who publishes more waits.
const MAX_QUEUED: usize = 64;

/// For the connection, its handshakes, and for each flush: rumqttc uses one limit for all of them.
const SLOWEST_STEP_SECONDS: u64 = 10;

/// Before the second try, and what the pause grows to.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the broker's connection tells.
#[derive(Debug)]
pub enum Event<'a> {
    /// A connection begins: what is said from now on is new.
    Begun,
    /// The subscriptions stand: requests may go out.
    Ready,
    /// A message came.
    Message {
        /// On this topic.
        topic: &'a str,
        /// With these bytes.
        payload: &'a Bytes,
        /// Whether it was said before this bridge came.
        retained: bool,
    },
    /// Nothing more will come, and what was queued is gone.
    Lost,
}

/// A way to publish, while there is one.
#[derive(Clone, Debug)]
pub struct Link {
    client: watch::Receiver<Option<AsyncClient>>,
    /// Bytes of messages that went out.
    pub sent: Counter,
    /// Messages that wait for room in the queue.
    pub waiting: Gauge,
}

impl Link {
    /// Publishes through whatever client `client` holds.
    pub fn new(client: watch::Receiver<Option<AsyncClient>>) -> Self {
        Self { client, sent: Counter::default(), waiting: Gauge::default() }
    }

    /// Whether requests can go out.
    pub fn is_up(&self) -> bool {
        self.client.borrow().is_some()
    }

    /// Waits until requests can go out.
    pub async fn wait_until_up(&self) {
        // It ends with the connection, after which nothing matters.
        self.client.clone().wait_for(Option::is_some).await.ok();
    }

    /// Tells of each connection that begins or ends.
    pub fn watch(&self) -> watch::Receiver<Option<AsyncClient>> {
        self.client.clone()
    }

    /// Says something that the broker keeps for whoever comes later; an empty payload takes back what it keeps.
    ///
    /// # Errors
    /// As [`Link::publish`].
    pub async fn retain(&self, topic: String, payload: Vec<u8>) -> Result<(), Error> {
        self.send(topic, payload, true).await
    }

    /// Publishes at most once, never later than on this connection.
    ///
    /// # Errors
    /// [`Error::BrokerOffline`] where there is no connection, or none any more.
    pub async fn publish(&self, topic: String, payload: Vec<u8>) -> Result<(), Error> {
        self.send(topic, payload, false).await
    }

    async fn send(&self, topic: String, payload: Vec<u8>, retain: bool) -> Result<(), Error> {
        let client = self.client.borrow().clone().ok_or(Error::BrokerOffline)?;
        let bytes = payload.len() as u64;
        let waits = Waits::new(&self.waiting);
        let sent = client.publish_bytes(topic, QUALITY, retain, payload.into()).await;
        drop(waits);
        sent.map_err(|_| Error::BrokerOffline)?;
        self.sent.inc_by(bytes);
        Ok(())
    }
}

/// Counts as waiting until dropped, also by a caller who has gone.
struct Waits<'a>(&'a Gauge);

impl<'a> Waits<'a> {
    fn new(waiting: &'a Gauge) -> Self {
        waiting.inc();
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Something to hear.
#[derive(Clone, Debug)]
pub struct Subscription {
    filter: String,
    needed: bool,
}

impl Subscription {
    /// Without it the connection is of no use.
    pub fn needed(filter: impl Into<String>) -> Self {
        Self { filter: filter.into(), needed: true }
    }

    /// Without it some things don't work.
    pub fn wanted(filter: impl Into<String>) -> Self {
        Self { needed: false, ..Self::needed(filter) }
    }
}

/// The broker's connection, yet to be kept up.
pub struct Connection {
    options: MqttOptions,
    topics: Vec<Subscription>,
    state: watch::Sender<Option<AsyncClient>>,
}

impl Connection {
    /// Prepares a connection that hears `topics`, a few.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(config: &BrokerConfig, topics: Vec<Subscription>) -> Result<(Self, Link)> {
        let (state, client) = watch::channel(None);
        Ok((Self { options: options(config, &client_id())?, topics, state }, Link::new(client)))
    }

    /// Keeps the connection up for ever. `on_event` must not wait.
    pub async fn run(self, mut on_event: impl FnMut(Event<'_>)) {
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let start = Instant::now();
            let error = self.session(&mut on_event).await;
            let was_up = self.state.send_replace(None).is_some();
            on_event(Event::Lost);
            let pause = backoff.pause(start.elapsed());
            let what = if was_up { "broker lost" } else { "broker not reached" };
            tracing::warn!("{what}: {error:#}; next try in {:.1} s", pause.as_secs_f32());
            sleep(pause).await;
        }
    }

    /// One connection, from its beginning to the error that ended it.
    ///
    /// Client and event loop are new each time: a queue that outlived its connection would send requests late whose
    /// callers have long been refused.
    async fn session(&self, on_event: &mut impl FnMut(Event<'_>)) -> anyhow::Error {
        let (client, mut events) = open(&self.options);
        match self.poll(&client, &mut events, on_event).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn poll(
        &self,
        client: &AsyncClient,
        events: &mut EventLoop,
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<std::convert::Infallible> {
        let mut answered = 0;
        loop {
            let event = events.poll().await.map_err(explain)?;
            let rumqttc::Event::Incoming(packet) = event else { continue };
            match packet {
                Packet::ConnAck(_) => {
                    on_event(Event::Begun);
                    for Subscription { filter, .. } in &self.topics {
                        client.try_subscribe(filter, QUALITY).context("a new queue has room for a few")?;
                    }
                }
                Packet::SubAck(answer) => {
                    // The broker answers in order.
                    let Some(topic) = self.topics.get(answered) else { continue };
                    answered += 1;
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        refused(topic)?;
                    }
                    if answered == self.topics.len() {
                        on_event(Event::Ready);
                        self.state.send_replace(Some(client.clone()));
                        let (host, port) = self.options.broker_address();
                        tracing::info!("broker connected: {host}:{port}");
                    }
                }
                Packet::Publish(message) => on_event(Event::Message {
                    topic: &message.topic,
                    payload: &message.payload,
                    retained: message.retain,
                }),
                _ => {}
            }
        }
    }
}

/// A client id for a bridge's connection.
///
/// It is nobody's business: whoever connects with it takes the connection's place, under whatever account (MQTT 3.1.1, section
/// 3.1.4). A home connects with its own name, and none can have a colon. It is not the client id that homes answer to.
pub(crate) fn client_id() -> String {
    format!("bridge:{}", random::hex_id::<16>())
}

/// How to connect.
///
/// # Errors
/// Where TLS cannot be set up.
pub(crate) fn options(config: &BrokerConfig, client_id: &str) -> Result<MqttOptions> {
    let mut options = MqttOptions::new(client_id, &config.host, config.port());
    options.set_keep_alive(Duration::from_secs(config.keep_alive_seconds));
    options.set_max_packet_size(MAX_PACKET_BYTES, MAX_PACKET_BYTES);
    if let (Some(username), Some(password)) = (&config.username, &config.password) {
        options.set_credentials(username, password.expose());
    }
    if config.tls {
        let tls = trust::client(config.ca_file.as_deref()).context("no TLS to the broker")?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.into())));
    }
    Ok(options)
}

/// A connection that is yet to be polled.
pub(crate) fn open(options: &MqttOptions) -> (AsyncClient, EventLoop) {
    let (client, mut events) = AsyncClient::new(options.clone(), MAX_QUEUED);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(SLOWEST_STEP_SECONDS);
    events.set_network_options(network);
    (client, events)
}

fn refused(topic: &Subscription) -> Result<()> {
    let filter = &topic.filter;
    if topic.needed {
        bail!(
            "it refuses a subscription to {filter}: the role of this bridge there lacks it. Give it what this version \
             needs: remoteaccess-bridge broker mend"
        );
    }
    tracing::warn!("the broker does not let this bridge hear {filter}: its role there lacks it");
    Ok(())
}

/// Says what an operator can do about it.
pub(crate) fn explain(error: ConnectionError) -> anyhow::Error {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => anyhow!("it does not accept broker.username and broker.password"),
        ConnectionError::NetworkTimeout => anyhow!("it does not answer"),
        ConnectionError::FlushTimeout => anyhow!("it takes no more data"),
        // Its own text has the cause in it already.
        other => anyhow!("{other}"),
    }
}
