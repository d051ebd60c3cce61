//! Looks what homes had the broker keep. Their presence is to be there, and the bridge hears it like everybody; a kept answer would be
//! memory that only a restart of the broker frees.

use crate::{
    broker::{self, QUALITY},
    config::BrokerConfig,
    offenders::{Offence, Offenders},
};
use anyhow::{Result, bail};
use remoteaccess_protocol::topic::{ALL_RESPONSES, ToBridge};
use rumqttc::{Event, MqttOptions, Packet, SubscribeReasonCode};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Between two walks.
const EACH: Duration = Duration::from_secs(60);
/// One walk.
const SLOWEST: Duration = Duration::from_secs(30);
/// Messages taken back in one walk; the others are there the next time.
const AT_ONCE: usize = 10_000;

/// A second connection to the broker, for a moment each minute. The one that answers come through hears what is kept only once,
/// when it subscribes.
pub struct Patrol {
    options: MqttOptions,
}

impl Patrol {
    /// At this broker.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(config: &BrokerConfig) -> Result<Self> {
        Ok(Self { options: broker::options(config, &broker::client_id())? })
    }

    /// Walks for ever.
    pub async fn walk(&self, link: &broker::Link, offenders: &Offenders) {
        loop {
            link.wait_until_up().await;
            match timeout(SLOWEST, self.once(offenders)).await.unwrap_or_else(|_| bail!("it takes too long"))
            {
                Ok(0) => {}
                Ok(count) => tracing::warn!("took back {count} messages that homes had made the broker keep"),
                // The bridge's own connection tells of a broker that is away.
                Err(_) if !link.is_up() => {}
                Err(error) => tracing::warn!("cannot see what homes make the broker keep: {error:#}"),
            }
            sleep(EACH).await;
        }
    }

    /// The broker does one thing after the other, and what it keeps, it sends when it is subscribed to: so the end of that
    /// subscription is the end of the list, and one more such answer says that all of it was taken back.
    async fn once(&self, offenders: &Offenders) -> Result<usize> {
        let (client, mut events) = broker::open(&self.options);
        client.try_subscribe(ALL_RESPONSES, QUALITY)?;
        client.try_unsubscribe(ALL_RESPONSES)?;
        let mut kept = Vec::new();
        loop {
            match events.poll().await.map_err(broker::explain)? {
                Event::Incoming(Packet::SubAck(answer))
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) =>
                {
                    bail!(
                        "it refuses a subscription to {ALL_RESPONSES}; the role of this bridge there lacks it"
                    );
                }
                Event::Incoming(Packet::Publish(message)) if message.retain && kept.len() < AT_ONCE => {
                    if let Some(ToBridge::Response(site)) = ToBridge::parse(&message.topic) {
                        offenders.put(&site, Offence::Hoards, Instant::now());
                    }
                    kept.push(message.topic);
                }
                Event::Incoming(Packet::UnsubAck(_)) => break,
                _ => {}
            }
        }
        let found = kept.len();
        let taking = async {
            for topic in kept {
                client.publish(topic, QUALITY, true, "").await?;
            }
            client.unsubscribe(ALL_RESPONSES).await?;
            // The connection lasts as long as somebody could use it.
            std::future::pending::<Result<usize>>().await
        };
        let answered = async {
            while !matches!(
                events.poll().await.map_err(broker::explain)?,
                Event::Incoming(Packet::UnsubAck(_))
            ) {}
            Ok(found)
        };
        tokio::select! {
            trouble = taking => trouble,
            answered = answered => answered,
        }
    }
}
