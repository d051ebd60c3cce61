//! What a session says for itself: subscriptions, presence, farewell.

use crate::config::Broker;
use crate::membership::Command;
use remoteaccess_common::unix_now;
use remoteaccess_protocol::{Presence, State as Online};
use rumqttc::{AsyncClient, QoS};
use tokio::sync::mpsc;
use tracing::debug;

/// Commands that wait for room in the session. More are only caused by somebody who floods the presence topic.
const COMMANDS: usize = 16;

/// Hands commands to the session one after the other, so that whoever decides on them need not wait.
pub struct Courier {
    commands: mpsc::Sender<Command>,
    task: tokio::task::JoinHandle<()>,
    mqtt: AsyncClient,
}

impl Courier {
    /// A courier of the session `mqtt`; `mine` is what this installation says of itself.
    pub fn new(mqtt: AsyncClient, broker: &Broker, mine: Presence) -> Self {
        let (commands, mut queue) = mpsc::channel(COMMANDS);
        let (requests, status) = (broker.site.request_topic(), broker.site.status_topic());
        let client = mqtt.clone();
        let task = tokio::spawn(async move {
            while let Some(command) = queue.recv().await {
                let sent = match command {
                    Command::WatchPresence => mqtt.subscribe(&status, QoS::AtMostOnce).await,
                    // Nothing is subscribed to at this point; all that matters is that it is acknowledged.
                    Command::RoundTrip | Command::LeaveRequests => mqtt.unsubscribe(&requests).await,
                    Command::TakeRequests => mqtt.subscribe(&requests, QoS::AtMostOnce).await,
                    Command::TakeBack => mqtt.publish(&status, QoS::AtMostOnce, true, "").await,
                    Command::Say(state) => {
                        // An installation is as old as its process; a farewell is as old as its saying.
                        let since = if state == Online::Online { mine.since } else { unix_now() };
                        let message = Presence { state, since, ..mine.clone() }.encode();
                        mqtt.publish(&status, QoS::AtMostOnce, true, message).await
                    }
                };
                if sent.is_err() {
                    return;
                }
            }
        });
        Self { commands, task, mqtt: client }
    }

    /// Hands over commands, in order.
    pub fn send(&self, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            if self.commands.try_send(command).is_err() {
                debug!("the session is too busy for {command:?}");
            }
        }
    }

    /// Waits until all commands are handed over, then ends the session.
    pub async fn disconnect(self) {
        drop(self.commands);
        let _ = self.task.await;
        let _ = self.mqtt.disconnect().await;
    }
}
