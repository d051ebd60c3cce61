//! Somebody who has taken over the bridge, or the broker's account of one, and talks to a home directly.

use crate::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use crate::mqtt::Peer;
use crate::world::{NAME, World};
use remoteaccess_protocol::topic::BRIDGES;
use serde_json::{Value, json};

/// Talks to the home as somebody would who has taken over the bridge.
#[derive(Debug)]
pub struct Intruder {
    /// Their connection to the broker.
    pub peer: Peer,
    /// What they call themselves.
    pub id: String,
    count: u32,
}

impl Intruder {
    /// Connects to the broker of this world as its bridge does.
    pub async fn enter(world: &World) -> Self {
        let mut peer = Peer::connect(world.broker.ports().plain, BRIDGE_USER, BRIDGE_PASSWORD).await;
        let id = BRIDGES[3].to_owned();
        assert!(peer.subscribe(&format!("user/{NAME}/response/{id}")).await);
        Self { peer, id, count: 0 }
    }

    /// Sends a request of the second generation, and gives the head of its answer's first frame.
    pub async fn ask(&mut self, request: &Value) -> Value {
        self.request(request).await;
        self.frame().await.0
    }

    /// Sends a request of the second generation.
    pub async fn request(&mut self, request: &Value) {
        self.count += 1;
        let message = json!({
            "id": format!("r{}", self.count), "rights": "write", "method": "GET", "format": "json",
            "subaction": "", "data": {}, "timeout_ms": 5000,
        });
        self.control(&with(message, request)).await;
    }

    /// Sends any message of the second generation, such as credit or a cancel.
    pub async fn control(&mut self, message: &Value) {
        let message = with(json!({"clientId": self.id, "v": 2}), message);
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
    }

    /// The next frame that comes: its head and its part of the body.
    pub async fn frame(&mut self) -> (Value, Vec<u8>) {
        let frame = self.peer.next().await.payload;
        let (head, body) = match frame.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&frame[..end], &frame[end + 1..]),
            None => (&frame[..], &[][..]),
        };
        let head = serde_json::from_slice(head).unwrap_or_else(|_| panic!("this is no frame: {frame:?}"));
        (head, body.to_vec())
    }

    /// Sends a request of the first generation, and gives its result.
    pub async fn ask_old(&mut self, request: &Value) -> Value {
        let message = with(json!({"clientId": self.id, "subaction": "", "data": []}), request);
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
        self.peer.next().await.json()["result"].clone()
    }
}

/// `message` with what `changes` says in place of its own.
fn with(mut message: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().expect("a message is an object") {
        message[key] = value.clone();
    }
    message
}
