//! Why there is no answer: one code for each reason, and the HTTP status that goes with it.

use serde::{Deserialize, Serialize};

/// An answer given without emoncms, or instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What happened, for programs.
    pub code: ErrorCode,
    /// What happened, for people.
    pub message: String,
}

/// What happened. The names stand on the wire and in the bridge's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not signed in, or a wrong key.
    Unauthorized,
    /// Not something that is relayed from a home.
    NotRelayed,
    /// The home is not connected.
    HomeOffline,
    /// The bridge itself has no connection to its broker.
    BrokerOffline,
    /// No answer before the deadline.
    HomeTimeout,
    /// The endpoint is not in the home's access list.
    Denied,
    /// Malformed: names, parameters, method.
    BadRequest,
    /// The request is larger than the limit.
    RequestTooLarge,
    /// Too many requests at once.
    Busy,
    /// emoncms at home does not answer.
    EmoncmsUnreachable,
    /// emoncms at home is too slow.
    EmoncmsTimeout,
    /// emoncms at home does not accept the agent's key.
    EmoncmsKey,
    /// emoncms at home answered with a web page, or with what cannot be passed on.
    EmoncmsAnswer,
    /// The answer is larger than the limit.
    TooLarge,
    /// The home sent what is no answer.
    BadAnswer,
}

impl ErrorCode {
    /// The HTTP status for the caller.
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Denied => 403,
            Self::NotRelayed => 404,
            Self::RequestTooLarge => 413,
            Self::EmoncmsUnreachable
            | Self::EmoncmsKey
            | Self::EmoncmsAnswer
            | Self::TooLarge
            | Self::BadAnswer => 502,
            Self::HomeOffline | Self::BrokerOffline | Self::Busy => 503,
            Self::HomeTimeout | Self::EmoncmsTimeout => 504,
        }
    }

    /// Seconds after which another try makes sense, where that is known.
    pub fn retry_after(self) -> Option<u16> {
        match self {
            Self::Busy => Some(1),
            Self::BrokerOffline => Some(5),
            _ => None,
        }
    }
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The request is malformed.
    pub fn bad_request(message: &str) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// The request is larger than [`crate::limits::MAX_REQUEST_BYTES`].
    pub fn request_too_large() -> Self {
        let limit = crate::limits::MAX_REQUEST_BYTES / 1024;
        Self::new(ErrorCode::RequestTooLarge, format!("a request may have {limit} kB at most"))
    }
}
