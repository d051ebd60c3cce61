//! MQTT connections of the peers that are built here.

use anyhow::{Context, Result};
use remoteaccess_tests::ports::random_hex;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter, TlsConfiguration, Transport,
};
use std::path::PathBuf;
use std::time::Duration;

/// Who connects where.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The broker, by its certificate's name.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// With TLS, if it is to be believed because of this authority.
    pub(crate) ca: Option<PathBuf>,
    /// The user's name.
    pub(crate) user: String,
    /// The user's password.
    pub(crate) password: String,
}

impl Login {
    /// As command-line arguments.
    pub(crate) fn arguments(&self) -> [String; 5] {
        let ca = self.ca.as_ref().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        [self.host.clone(), self.port.to_string(), ca, self.user.clone(), self.password.clone()]
    }

    /// From command-line arguments.
    pub(crate) fn parse(arguments: &mut impl Iterator<Item = String>) -> Result<Self> {
        let mut next = || arguments.next().context("an argument is missing");
        let (host, port, ca) = (next()?, next()?.parse()?, next()?);
        let ca = (ca != "-").then(|| PathBuf::from(ca));
        Ok(Self { host, port, ca, user: next()?, password: next()? })
    }

    /// Options as agent and bridge have them.
    pub(crate) fn options(&self) -> Result<MqttOptions> {
        let id = format!("bench-{}", random_hex::<8>());
        let mut options = MqttOptions::new(id, &self.host, self.port);
        options.set_credentials(&self.user, &self.password);
        options.set_keep_alive(Duration::from_secs(600)).set_clean_session(true);
        options.set_max_packet_size(16 << 20, 16 << 20);
        if let Some(ca) = &self.ca {
            let tls = remoteaccess_common::trust::client(Some(ca))?;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.into())));
        }
        Ok(options)
    }

    /// Connects, and returns when the broker has granted all subscriptions.
    pub(crate) async fn connect(
        &self,
        topics: &[(&str, QoS)],
        nodelay: bool,
    ) -> Result<(AsyncClient, EventLoop)> {
        let (client, mut events) = AsyncClient::new(self.options()?, 1024);
        let mut network = events.network_options();
        network.set_tcp_nodelay(nodelay);
        network.set_connection_timeout(30);
        events.set_network_options(network);
        loop {
            match events.poll().await? {
                Event::Incoming(Packet::ConnAck(_)) if topics.is_empty() => return Ok((client, events)),
                Event::Incoming(Packet::ConnAck(_)) => {
                    let filters =
                        topics.iter().map(|(topic, qos)| SubscribeFilter::new((*topic).to_owned(), *qos));
                    client.try_subscribe_many(filters)?;
                }
                Event::Incoming(Packet::SubAck(_)) => return Ok((client, events)),
                _ => {}
            }
        }
    }
}
