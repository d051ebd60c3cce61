//! What went wrong with a session, in words for the owner.

use crate::config::Broker;
use crate::status::State;
use remoteaccess_common::trust::TrustError;
use rumqttc::{ConnectReturnCode, ConnectionError};
use rustls::{CertificateError, pki_types::pem};
use std::error::Error;
use std::io;
use std::time::Duration;

/// The port of MQTT may be all that a network keeps from going out.
const WAY_OUT: &str =
    " If this network lets only web pages through, choose that under Remote Access, Advanced.";

/// Why there is no session: a state for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which kind.
    pub state: State,
    /// What happened, and what to do.
    pub message: String,
}

impl Trouble {
    /// A trouble of this kind.
    pub fn new(state: State, message: impl Into<String>) -> Self {
        Self { state, message: message.into() }
    }

    /// What a failed attempt to connect to `broker` says.
    pub fn connecting(broker: &Broker, error: &ConnectionError) -> Self {
        let host = &broker.host;
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::new(State::TlsError, certificate_trouble(host, broker.port, tls));
        }
        if let ConnectionError::ConnectionRefused(code) = error {
            return refused_by_server(host, *code);
        }
        Self::new(State::Unreachable, network_trouble(broker, error))
    }

    /// What an attempt to connect to `broker` says that came to nothing in the time `waited`.
    pub fn no_answer(broker: &Broker, waited: Duration) -> Self {
        let Broker { host, port, .. } = broker;
        let message = format!(
            "{host} did not answer at port {port} within {} seconds.{}",
            waited.as_secs(),
            way_out(broker)
        );
        Self::new(State::Unreachable, message)
    }

    /// What the end of a session that had been up says.
    pub fn lost(host: &str, error: &ConnectionError) -> Self {
        let message = match error {
            ConnectionError::MqttState(rumqttc::StateError::AwaitPingResp) => {
                format!(
                    "The connection to {host} went dead: nothing came back for a minute. Connecting again."
                )
            }
            other => format!("The connection to {host} was lost ({}). Connecting again.", cause(other)),
        };
        Self::new(State::Connecting, message)
    }
}

impl From<TrustError> for Trouble {
    fn from(error: TrustError) -> Self {
        let message = match error {
            TrustError::File(path, pem::Error::Io(error)) => {
                format!(
                    "The file with the server's authority, {}, cannot be read: {}. Check MQTT_CA_FILE.",
                    path.display(),
                    plain(&error)
                )
            }
            TrustError::NoSystemRoots => {
                "This machine has no certificate authorities. Install the package ca-certificates.".into()
            }
            other => format!("No server can be checked: {other}. Check MQTT_CA_FILE."),
        };
        Self::new(State::TlsError, message)
    }
}

fn refused_by_server(host: &str, code: ConnectReturnCode) -> Trouble {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => Trouble::new(
            State::WrongPassword,
            format!(
                "{host} does not accept the user name and password. Enter them again under Remote Access."
            ),
        ),
        ConnectReturnCode::ServiceUnavailable => {
            Trouble::new(State::Unreachable, format!("{host} is up, but takes no connections at the moment."))
        }
        other => Trouble::new(State::Unreachable, format!("{host} refused the connection ({other:?}).")),
    }
}

fn certificate_trouble(host: &str, port: u16, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("The certificate of {host} has expired. Is the clock of this machine right?")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                format!("The certificate of {host} is not valid yet. Is the clock of this machine right?")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "The server that answers is not {host}: its certificate is for another name. Check the host name."
                )
            }
            CertificateError::UnknownIssuer => format!(
                "The certificate of {host} comes from no authority that this machine knows. \
                 Update ca-certificates, or name the server's own authority in MQTT_CA_FILE."
            ),
            other => format!("The certificate of {host} is not acceptable ({other:?})."),
        },
        rustls::Error::InvalidMessage(_) => {
            format!("What answers at {host} port {port} does not speak TLS. Check the port.")
        }
        other => format!("No secure connection to {host} could be made ({other})."),
    }
}

fn network_trouble(broker: &Broker, error: &ConnectionError) -> String {
    let Broker { host, port, .. } = broker;
    match find::<io::Error>(error) {
        Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
            format!(
                "{host} is there, but nothing answers at port {port}. Check the port, or try again later.{}",
                way_out(broker)
            )
        }
        Some(io)
            if matches!(io.kind(), io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) =>
        {
            format!("{host} cannot be reached ({}).{}", plain(io), way_out(broker))
        }
        // The standard library has no kind for it; the text is its own (std::sys lookup).
        Some(io) if io.to_string().contains("failed to lookup address") => {
            format!(
                "The name {host} could not be looked up. Is there an Internet connection, and is the name right?"
            )
        }
        Some(io) if matches!(io.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            hung_up(host, *port)
        }
        _ if matches!(error, ConnectionError::MqttState(rumqttc::StateError::ConnectionAborted)) => {
            hung_up(host, *port)
        }
        _ if declines_websocket(error) => format!(
            "{host} answers at port {port}, but not by MQTT over WebSocket. Choose the MQTT port instead under Remote \
             Access, Advanced."
        ),
        _ => format!("{host} cannot be reached ({}).", cause(error)),
    }
}

fn way_out(broker: &Broker) -> &'static str {
    if broker.websockets { "" } else { WAY_OUT }
}

/// As a web server does that does not know of it. One that is busy, or not well, may take it later.
fn declines_websocket(error: &ConnectionError) -> bool {
    match error {
        // The text is tungstenite's own.
        ConnectionError::Websocket(error) => {
            let text = error.to_string();
            text.starts_with("HTTP error: ") && !text.contains(": 429") && !text.contains(": 5")
        }
        ConnectionError::ResponseValidation(_) => true,
        _ => false,
    }
}

fn hung_up(host: &str, port: u16) -> String {
    format!(
        "{host} hangs up at port {port} before a word is said. Check MQTT_PORT and MQTT_TLS: do they belong together?"
    )
}

/// What the system says, without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().map(str::to_owned).unwrap_or(text)
}

/// The innermost error's text: the outer ones only say which library it came through.
fn cause(error: &ConnectionError) -> String {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Looks for an error of type `E` in the chain, also inside I/O errors that merely carry another one.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inside.and_then(|inside| find::<E>(inside)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
