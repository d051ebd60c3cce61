//! Every reason why there is no answer, and how it is told.

use crate::clock;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use remoteaccess_protocol::{ErrorCode, Refusal};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// Why a caller gets no answer from home. The texts are for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not signed in, a wrong key, or a cookie that another site's page made the browser send.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The password is right, and a code is missing or wrong.
    #[error("{0}")]
    SecondFactor(&'static str),
    /// The emoncms that knows the account does not help; the text says why.
    #[error("{0}")]
    Upstream(&'static str),
    /// The database does not answer.
    #[error("the bridge's database does not answer at present; try again in a few seconds")]
    Database,
    /// The database can be read and not be written.
    #[error(
        "the bridge cannot write to its database at present, so nobody can sign in and nothing be changed; what needs no \
         writing goes on"
    )]
    Unwritable,
    /// The broker's homes are in another database.
    #[error(
        "the bridge has been given another database than its broker's; whoever operates it finds in its journal what to do"
    )]
    WrongDatabase,
    /// There is no such thing of this account.
    #[error("{0}")]
    NotFound(&'static str),
    /// It exists already, or there are too many.
    #[error("{0}")]
    Conflict(&'static str),
    /// Too many wrong passwords, for one name or from one address.
    #[error("too many attempts to sign in; wait {} and try again", wait_in_words(*.wait))]
    TooManyAttempts {
        /// Until the next attempt counts.
        wait: Duration,
    },
    /// A path that is not relayed from a home.
    #[error("this address is not relayed; try /feed/list.json")]
    NotRelayed,
    /// Neither GET nor POST.
    #[error("only GET and POST are relayed")]
    Method,
    /// A method that one of the bridge's own addresses does not take.
    #[error("this address does not take that method; the header Allow names those that it takes")]
    OwnMethod,
    /// It has to be a WebSocket.
    #[error("{0}")]
    UpgradeRequired(&'static str),
    /// Malformed.
    #[error("{0}")]
    BadRequest(String),
    /// Larger than the limit.
    #[error("{}", Refusal::request_too_large().message)]
    RequestTooLarge,
    /// The home has never been seen.
    #[error("your home has never been connected; set up remote access in your emoncms first")]
    HomeNever,
    /// The home is not connected now.
    #[error("your home is not connected{}", last_seen_in_words(*.last_seen))]
    HomeOffline {
        /// When it was last seen, in seconds since 1970, where that is known.
        last_seen: Option<u64>,
    },
    /// The bridge has no connection to its broker.
    #[error("the bridge has lost its message broker and is reconnecting; try again in a few seconds")]
    BrokerOffline,
    /// Another bridge has this one's name.
    #[error("another bridge at this broker has the same broker.instance; give each one its own, 1 to 4")]
    Twin,
    /// Nothing came from home before the deadline.
    #[error("your home did not answer in time; its connection may be slow or just lost")]
    HomeTimeout,
    /// Too many requests to one home at once.
    #[error("too many requests to your home at once; try again in a moment")]
    HomeBusy,
    /// The home sends so much that it would slow down others.
    #[error("your home sends more than it may; try again in a moment, or ask for less at once")]
    HomeTooMuch,
    /// Too many requests to the bridge at once.
    #[error("the bridge is busy; try again in a moment")]
    Busy,
    /// Too many homes by WebSocket, from one address or in all.
    #[error("too many homes are connected over WebSocket already; try again later")]
    Crowded,
    /// Too many requests from one address, or in one account's name.
    #[error("too many requests in a short time; wait a moment and try again")]
    TooFast {
        /// Until the next one is let in.
        wait: Duration,
    },
    /// The answer is larger than the limit.
    #[error("the answer is too large for your home's old client; update it, or ask for less")]
    AnswerTooLarge,
    /// What came from home is no answer.
    #[error("your home sent what is no valid answer: {0}")]
    BadAnswer(&'static str),
    /// The home, or emoncms there, refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// This happened after the request had gone out: what it asks for may have been done.
    #[error("{0}")]
    Unsettled(Box<Error>),
}

/// What happened, for programs: what also stands on the wire, and what only this bridge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A code that is missing or wrong.
    SecondFactor,
    /// The emoncms that knows the account.
    Upstream,
    /// The database.
    Database,
    /// No such thing.
    NotFound,
    /// It is there already, or too much.
    Conflict,
    /// Whatever a request to a home can end with.
    #[serde(untagged)]
    Relay(ErrorCode),
}

impl Code {
    fn http_status(self) -> u16 {
        match self {
            Self::SecondFactor => 401,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Upstream | Self::Database => 503,
            Self::Relay(code) => code.http_status(),
        }
    }

    /// Seconds after which another try makes sense, where that is known.
    fn retry_after(self) -> Option<u64> {
        match self {
            Self::Database => Some(2),
            Self::Relay(code) => code.retry_after().map(u64::from),
            _ => None,
        }
    }
}

impl Error {
    /// A refusal from home. What only the bridge can know is not taken from there: a home must not be able to
    /// sign its owner out.
    pub fn from_home(refusal: &Refusal) -> Self {
        match refusal.code {
            ErrorCode::Unauthorized
            | ErrorCode::BrokerOffline
            | ErrorCode::HomeOffline
            | ErrorCode::NotRelayed => Self::BadAnswer("a refusal that a home cannot give"),
            code => Self::Refused(Refusal::new(code, legible(&refusal.message))),
        }
    }

    /// What this means once the request has gone out. An agent that refuses has not asked emoncms; one that tells of
    /// emoncms' failure has.
    pub fn once_sent(self) -> Self {
        let settled = match &self {
            Self::Refused(refusal) => !matches!(
                refusal.code,
                ErrorCode::EmoncmsUnreachable
                    | ErrorCode::EmoncmsTimeout
                    | ErrorCode::EmoncmsAnswer
                    | ErrorCode::TooLarge
                    | ErrorCode::BadAnswer
            ),
            Self::Unsettled(_) => true,
            _ => false,
        };
        if settled { self } else { Self::Unsettled(Box::new(self)) }
    }

    /// What happened, for programs.
    pub fn code(&self) -> Code {
        Code::Relay(match self {
            Self::Unsettled(error) => return error.code(),
            Self::SecondFactor(_) => return Code::SecondFactor,
            Self::Upstream(_) => return Code::Upstream,
            Self::Database | Self::Unwritable | Self::WrongDatabase => return Code::Database,
            Self::NotFound(_) => return Code::NotFound,
            Self::Conflict(_) => return Code::Conflict,
            Self::Unauthorized(_) => ErrorCode::Unauthorized,
            Self::NotRelayed => ErrorCode::NotRelayed,
            Self::Method | Self::OwnMethod | Self::UpgradeRequired(_) | Self::BadRequest(_) => {
                ErrorCode::BadRequest
            }
            Self::RequestTooLarge => ErrorCode::RequestTooLarge,
            Self::HomeNever | Self::HomeOffline { .. } => ErrorCode::HomeOffline,
            Self::BrokerOffline | Self::Twin => ErrorCode::BrokerOffline,
            Self::HomeTimeout => ErrorCode::HomeTimeout,
            Self::HomeBusy
            | Self::HomeTooMuch
            | Self::Busy
            | Self::Crowded
            | Self::TooManyAttempts { .. }
            | Self::TooFast { .. } => ErrorCode::Busy,
            Self::AnswerTooLarge => ErrorCode::TooLarge,
            Self::BadAnswer(_) => ErrorCode::BadAnswer,
            Self::Refused(refusal) => refusal.code,
        })
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unsettled(error) => error.status(),
            Self::Method | Self::OwnMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::UpgradeRequired(_) => StatusCode::UPGRADE_REQUIRED,
            Self::HomeBusy
            | Self::HomeTooMuch
            | Self::Crowded
            | Self::TooManyAttempts { .. }
            | Self::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
            other => StatusCode::from_u16(other.code().http_status()).expect("a code's status is a status"),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            // Who tries again might do it twice.
            Self::Unsettled(_) => None,
            Self::TooManyAttempts { wait } | Self::TooFast { wait } => Some(wait.as_secs() + 1),
            other => other.code().retry_after(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut body = json!({"success": false, "message": self.to_string(), "error": self.code()});
        let happened = match &self {
            Self::Unsettled(error) => {
                body["may_have_run"] = true.into();
                error
            }
            other => other,
        };
        if let Self::HomeOffline { last_seen: Some(seconds) } = happened {
            body["last_seen"] = (*seconds).into();
        }
        let mut response = (self.status(), Json(body)).into_response();
        response.extensions_mut().insert(self.code());
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        match self {
            Self::Unauthorized(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // For its own addresses, the router names them.
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            }
            // RFC 9110, section 15.5.22, and RFC 6455, section 4.4.
            Self::UpgradeRequired(_) => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}

/// A text from home without what is not seen but changes what is: control characters, and those that turn the
/// direction of writing.
fn legible(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(unseen, "\u{fffd}")
}

fn last_seen_in_words(last_seen: Option<u64>) -> String {
    last_seen.map_or_else(String::new, |seconds| format!("; it was last seen at {}", clock::rfc3339(seconds)))
}

fn wait_in_words(wait: Duration) -> String {
    match wait.as_secs() / 60 + 1 {
        1 => "a minute".into(),
        minutes => format!("{minutes} minutes"),
    }
}
