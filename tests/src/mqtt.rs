//! A bare MQTT client, to play agents and servers of the first generation, and those who mean harm.

use crate::wait::{SOON, within};
use rumqttc::{AsyncClient, ConnectReturnCode, ConnectionError, Event, LastWill, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// One client, connected without TLS. Dropping it cuts its connection.
#[derive(Debug)]
pub struct Peer {
    client: AsyncClient,
    events: mpsc::UnboundedReceiver<Happened>,
    polling: JoinHandle<()>,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// Whether the broker had kept it.
    pub retained: bool,
}

impl Message {
    /// What it says, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).expect("the message is JSON")
    }
}

#[derive(Debug)]
enum Happened {
    Message(Message),
    Subscribed(bool),
    /// Everything published before has reached the broker.
    Pong,
    Lost(String),
}

impl Peer {
    /// Connects to a listener without TLS on this machine, and says why the broker refuses.
    pub async fn try_connect(port: u16, user: &str, password: &str) -> Result<Self, ConnectReturnCode> {
        Self::begin(port, user, password, &random_id(), None).await
    }

    /// Connects under a client id of one's choice, which takes it from whoever has it.
    pub async fn connect_as(port: u16, user: &str, password: &str, client_id: &str) -> Self {
        let peer = Self::begin(port, user, password, client_id, None).await;
        peer.unwrap_or_else(|code| panic!("the broker refuses {user}: {code:?}"))
    }

    /// Connects with a last will, which the broker keeps when it says it.
    pub async fn connect_with_will(port: u16, user: &str, password: &str, topic: &str, will: &str) -> Self {
        let will = LastWill::new(topic, will, QoS::AtLeastOnce, true);
        let peer = Self::begin(port, user, password, &random_id(), Some(will)).await;
        peer.unwrap_or_else(|code| panic!("the broker refuses {user}: {code:?}"))
    }

    async fn begin(
        port: u16,
        user: &str,
        password: &str,
        id: &str,
        will: Option<LastWill>,
    ) -> Result<Self, ConnectReturnCode> {
        let mut options = MqttOptions::new(id, "127.0.0.1", port);
        options
            .set_credentials(user, password)
            .set_clean_session(true)
            .set_keep_alive(Duration::from_secs(30));
        options.set_max_packet_size(64 << 20, 64 << 20);
        if let Some(will) = will {
            options.set_last_will(will);
        }
        let (client, mut connection) = AsyncClient::new(options, 100);
        match within("the broker to take a client", SOON, connection.poll()).await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {}
            Err(ConnectionError::ConnectionRefused(code)) => return Err(code),
            other => panic!("the broker says {other:?} to a new client"),
        }
        let (sender, events) = mpsc::unbounded_channel();
        let polling = tokio::spawn(async move {
            loop {
                let happened = match connection.poll().await {
                    Ok(Event::Incoming(Packet::Publish(publish))) => Happened::Message(Message {
                        topic: publish.topic,
                        payload: publish.payload.to_vec(),
                        retained: publish.retain,
                    }),
                    Ok(Event::Incoming(Packet::SubAck(ack))) => Happened::Subscribed(
                        ack.return_codes
                            .iter()
                            .all(|code| matches!(code, rumqttc::SubscribeReasonCode::Success(_))),
                    ),
                    Ok(Event::Incoming(Packet::PubAck(_))) => Happened::Pong,
                    Ok(_) => continue,
                    Err(error) => Happened::Lost(error.to_string()),
                };
                let lost = matches!(happened, Happened::Lost(_));
                if sender.send(happened).is_err() || lost {
                    return;
                }
            }
        });
        Ok(Self { client, events, polling })
    }

    /// Connects to a listener without TLS on this machine.
    pub async fn connect(port: u16, user: &str, password: &str) -> Self {
        let peer = Self::try_connect(port, user, password).await;
        peer.unwrap_or_else(|code| panic!("the broker refuses {user}: {code:?}"))
    }

    /// Subscribes, and waits until the broker has said yes or no.
    pub async fn subscribe(&mut self, topic: &str) -> bool {
        self.subscribe_at(topic, QoS::AtMostOnce).await
    }

    /// Subscribes at a quality of service, and waits until the broker has said yes or no.
    pub async fn subscribe_at(&mut self, topic: &str, quality: QoS) -> bool {
        self.client.subscribe(topic, quality).await.expect("the client runs");
        loop {
            match self.next_event("a subscription").await {
                Happened::Subscribed(granted) => return granted,
                Happened::Lost(error) => panic!("lost the broker: {error}"),
                // Kept messages follow the subscription and cannot come before.
                Happened::Message(_) | Happened::Pong => {}
            }
        }
    }

    /// Publishes at most once.
    pub async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtMostOnce, false, payload).await.expect("the client runs");
    }

    /// Publishes at most once; false where the connection has ended.
    pub async fn try_publish(&self, topic: &str, payload: impl Into<Vec<u8>>) -> bool {
        self.client.publish(topic, QoS::AtMostOnce, false, payload).await.is_ok()
    }

    /// Publishes for whoever subscribes later, too, and waits until the broker has it.
    pub async fn retain(&mut self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, true, payload).await.expect("the client runs");
        loop {
            match self.next_event("an acknowledgement").await {
                Happened::Pong => return,
                Happened::Lost(error) => panic!("lost the broker: {error}"),
                Happened::Message(_) | Happened::Subscribed(_) => {}
            }
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Message {
        loop {
            match self.next_event("a message").await {
                Happened::Message(message) => return message,
                Happened::Lost(error) => panic!("lost the broker: {error}"),
                Happened::Subscribed(_) | Happened::Pong => {}
            }
        }
    }

    /// The next message, however long it takes; `None` once the connection has ended.
    pub async fn next_if_any(&mut self) -> Option<Message> {
        loop {
            match self.events.recv().await? {
                Happened::Message(message) => return Some(message),
                Happened::Lost(_) => return None,
                Happened::Subscribed(_) | Happened::Pong => {}
            }
        }
    }

    /// The next message, if one comes within `limit`.
    pub async fn next_within(&mut self, limit: Duration) -> Option<Message> {
        let next = async {
            loop {
                match self.events.recv().await? {
                    Happened::Message(message) => return Some(message),
                    Happened::Lost(error) => panic!("lost the broker: {error}"),
                    Happened::Subscribed(_) | Happened::Pong => {}
                }
            }
        };
        tokio::time::timeout(limit, next).await.ok().flatten()
    }

    /// Waits until the broker has ended the session.
    pub async fn is_cut(&mut self) {
        while self.events.recv().await.is_some_and(|event| !matches!(event, Happened::Lost(_))) {}
    }

    /// Leaves in good order, so that no last will is published.
    pub async fn leave(self) {
        self.client.disconnect().await.expect("the client runs");
        let mut peer = self;
        within("the client to be gone", SOON, peer.is_cut()).await;
    }

    async fn next_event(&mut self, what: &str) -> Happened {
        within(what, SOON, self.events.recv()).await.expect("the client runs")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

fn random_id() -> String {
    format!("peer-{}", crate::ports::random_hex::<6>())
}
