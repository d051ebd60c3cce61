//! The MQTT connection's settings: TLS, transport, limits, last will.

use crate::config::Broker;
use crate::trouble::Trouble;
use remoteaccess_common::random;
use remoteaccess_protocol::{Presence, limits};
use rumqttc::{AsyncClient, EventLoop, LastWill, MqttOptions, QoS, TlsConfiguration, Transport};
use std::sync::Arc;
use std::time::Duration;

/// Messages between the answers and the socket. Few: what is queued here cannot be overtaken by a small answer.
const QUEUE: usize = 4;
/// One message has to leave the socket within this time; 2 MB of a first-generation answer at 0.4 Mbit/s do.
const FLUSH_TIMEOUT_SECONDS: u64 = 45;

/// A session that has not connected yet. Nothing of an earlier one is in it.
///
/// # Errors
/// The roots cannot be read.
pub fn open(
    broker: &Broker,
    will: Option<&Presence>,
    keep_alive: Duration,
) -> Result<(AsyncClient, EventLoop), Trouble> {
    // A name of its own for each session. A broker that goes by the account's name instead knows one session for each
    // account, and it is the last.
    let client_id = format!("ra-{}", random::hex_id::<8>());
    let host = if broker.websockets {
        let scheme = if broker.tls { "wss" } else { "ws" };
        format!("{scheme}://{}:{}/mqtt", broker.host, broker.port)
    } else {
        broker.host.clone()
    };
    let mut options = MqttOptions::new(client_id, host, broker.port);
    options
        .set_credentials(broker.site.as_str(), broker.password.expose())
        .set_keep_alive(keep_alive)
        .set_clean_session(true)
        .set_max_packet_size(limits::MAX_PACKET_BYTES, limits::MAX_PACKET_BYTES)
        .set_transport(transport(broker)?);
    if let Some(will) = will {
        let topic = broker.site.status_topic();
        options.set_last_will(LastWill::new(topic, will.encode(), QoS::AtMostOnce, true));
    }
    let (client, mut eventloop) = AsyncClient::new(options, QUEUE);
    let mut network = eventloop.network_options();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(FLUSH_TIMEOUT_SECONDS);
    eventloop.set_network_options(network);
    Ok((client, eventloop))
}

fn transport(broker: &Broker) -> Result<Transport, Trouble> {
    Ok(match (broker.tls, broker.websockets) {
        (false, false) => Transport::tcp(),
        (false, true) => Transport::ws(),
        (true, websockets) => {
            // Never without TLS instead: a server that cannot prove who it is gets no password.
            let tls = broker.trust()?;
            let tls = TlsConfiguration::Rustls(Arc::new(tls));
            if websockets { Transport::wss_with_config(tls) } else { Transport::tls_with_config(tls) }
        }
    })
}
