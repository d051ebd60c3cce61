//! The MQTT connection's settings: TLS, transport, limits, last will.

use crate::config::Broker;
use crate::identity;
use crate::status::State;
use crate::trouble::Trouble;
use remoteaccess_protocol::{Presence, limits};
use rumqttc::{AsyncClient, EventLoop, LastWill, MqttOptions, QoS, TlsConfiguration, Transport};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
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
    will: &Presence,
    keep_alive: Duration,
) -> Result<(AsyncClient, EventLoop), Trouble> {
    // A name of its own for each session: two with one name would cut each other off for ever.
    let client_id = format!("ra-{}", identity::random_hex());
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
        .set_last_will(LastWill::new(broker.site.status_topic(), will.encode(), QoS::AtLeastOnce, true))
        .set_transport(transport(broker)?);
    let (client, mut eventloop) = AsyncClient::new(options, QUEUE);
    let mut network = eventloop.network_options();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(FLUSH_TIMEOUT_SECONDS);
    eventloop.set_network_options(network);
    Ok((client, eventloop))
}

/// TLS with the roots in `ca_file`, or the system's.
///
/// # Errors
/// There are no roots: without them no server can prove who it is, and going on without TLS is no way out.
pub fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, Trouble> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let unreadable = |error: &dyn std::fmt::Display| {
                Trouble::new(
                    State::TlsError,
                    format!("MQTT_CA_FILE {} cannot be used: {error}", file.display()),
                )
            };
            let pem = std::fs::read(file).map_err(|error| unreadable(&error))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| unreadable(&error))?;
                roots.add(certificate).map_err(|error| unreadable(&error))?;
            }
            if roots.is_empty() {
                return Err(unreadable(&"there is no certificate in it"));
            }
        }
        None => {
            // One broken file among the system's roots must not take the good ones along.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let message =
                    "This machine has no certificate authorities. Install the package ca-certificates.";
                return Err(Trouble::new(State::TlsError, message));
            }
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn transport(broker: &Broker) -> Result<Transport, Trouble> {
    Ok(match (broker.tls, broker.websockets) {
        (false, false) => Transport::tcp(),
        (false, true) => Transport::ws(),
        (true, websockets) => {
            let tls = TlsConfiguration::Rustls(Arc::new(tls(broker.ca_file.as_deref())?));
            if websockets { Transport::wss_with_config(tls) } else { Transport::tls_with_config(tls) }
        }
    })
}

/// TLS that trusts nobody, for where no certificate is ever looked at: plain HTTP on this machine.
pub fn without_roots() -> ClientConfig {
    ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}
