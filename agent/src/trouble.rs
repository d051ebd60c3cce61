//! What went wrong with a session, in words for the owner.

use crate::status::State;
use rumqttc::{ConnectReturnCode, ConnectionError};
use rustls::CertificateError;
use std::error::Error;
use std::io;

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

    /// What a failed attempt to connect to `host` says.
    pub fn connecting(host: &str, port: u16, error: &ConnectionError) -> Self {
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::new(State::TlsError, certificate_trouble(host, port, tls));
        }
        if let ConnectionError::ConnectionRefused(code) = error {
            return refused_by_server(host, *code);
        }
        Self::new(State::Unreachable, network_trouble(host, port, error))
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

fn network_trouble(host: &str, port: u16, error: &ConnectionError) -> String {
    match find::<io::Error>(error) {
        Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
            format!(
                "{host} is there, but nothing answers at port {port}. Check the port, or try again later."
            )
        }
        // The standard library has no kind for it; the text is its own (std::sys lookup).
        Some(io) if io.to_string().contains("failed to lookup address") => {
            format!(
                "The name {host} could not be looked up. Is there an Internet connection, and is the name right?"
            )
        }
        _ => format!("{host} cannot be reached ({}).", cause(error)),
    }
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
