//! Mosquitto cuts the connection of whom it may no longer let in, and keeps what he asked it to keep: up to an hour of what
//! MQTT 5 calls a session, with a last will that is said at its end. A connection with his client id ends all of it.
//!
//! At the homes' listeners a home's client id is its name (`use_username_as_clientid`). Here, where only bridges get in, any
//! client id can be chosen.

use super::Provisioner;
use crate::broker;
use anyhow::{Result, bail};
use remoteaccess_protocol::Site;
use rumqttc::{Event, Outgoing, Packet};
use std::time::Duration;
use tokio::time::timeout;

/// Less than the broker may take for all of a change.
const AT_MOST: Duration = Duration::from_secs(5);

impl Provisioner {
    /// Ends what `site` has at the broker. First it must have lost its rights, or the broker says its last will.
    pub(super) async fn evict(&self, site: &Site) {
        let gone = timeout(AT_MOST, self.take_its_place(site)).await;
        if let Err(error) = gone.unwrap_or_else(|_| bail!("it takes too long")) {
            tracing::warn!(home = %site, "what it made the broker keep may stay there for an hour: {error:#}");
        }
    }

    async fn take_its_place(&self, site: &Site) -> Result<()> {
        let (client, mut events) = broker::open(&broker::options(&self.broker, site.as_str())?);
        loop {
            match events.poll().await.map_err(broker::explain)? {
                Event::Incoming(Packet::ConnAck(_)) => client.try_disconnect()?,
                Event::Outgoing(Outgoing::Disconnect) => return Ok(()),
                _ => {}
            }
        }
    }
}
