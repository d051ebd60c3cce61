//! Somebody who has taken over the bridge, or the broker's account of one, and talks to a home directly.

use crate::broker::{BRIDGE_PASSWORD, BRIDGE_USER};
use crate::mqtt::Peer;
use crate::ports;
use crate::world::{NAME, World};
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
        let id = format!("b-{}", ports::random_hex::<4>());
        assert!(peer.subscribe(&format!("user/{NAME}/response/{id}")).await);
        Self { peer, id, count: 0 }
    }

    /// Sends a request of the second generation, and gives the head of its answer's first frame.
    pub async fn ask(&mut self, request: &Value) -> Value {
        self.count += 1;
        let mut message = json!({
            "clientId": self.id, "v": 2, "id": format!("r{}", self.count), "rights": "write",
            "method": "GET", "format": "json", "subaction": "", "data": {}, "timeout_ms": 5000,
        });
        for (key, value) in request.as_object().expect("a request is an object") {
            message[key] = value.clone();
        }
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
        let answer = self.peer.next().await.payload;
        let head = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
        serde_json::from_slice(head).unwrap_or_else(|_| panic!("{request} got no frame: {answer:?}"))
    }

    /// Sends a request of the first generation, and gives its result.
    pub async fn ask_old(&mut self, request: &Value) -> Value {
        let mut message = json!({"clientId": self.id, "subaction": "", "data": []});
        for (key, value) in request.as_object().expect("a request is an object") {
            message[key] = value.clone();
        }
        self.peer.publish(&format!("user/{NAME}/request"), message.to_string()).await;
        self.peer.next().await.json()["result"].clone()
    }
}
