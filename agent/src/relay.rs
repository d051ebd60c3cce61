//! One request, from its message to its answer. Every request gets one.

use crate::config::Config;
use crate::deliver::{self, Broken, Outlet};
use crate::emoncms::{Call, Emoncms};
use crate::flow::Flow;
use crate::status::Verdict;
use remoteaccess_protocol::{
    ErrorCode, Format, Frame, Method, Refusal, Request, Rights, first_generation, request::ReplyTo,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// The server of the first generation gives up after 4 to 5 seconds; a later answer would reach nobody.
pub const FIRST_GENERATION_TIMEOUT: Duration = Duration::from_secs(5);

/// What answers: the emoncms next door, and the owner's word on what it may be asked.
#[derive(Debug)]
pub struct Home {
    /// The configuration in force, read anew for each request.
    pub config: watch::Receiver<Option<Arc<Config>>>,
    /// The local emoncms.
    pub emoncms: Emoncms,
}

/// How a request ended, for the status page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// In one word.
    pub verdict: Verdict,
    /// The HTTP status that the caller got.
    pub status: u16,
    /// The reason of a refusal.
    pub error: Option<ErrorCode>,
    /// Body bytes that went out.
    pub bytes: u64,
}

/// One request and the way back to its caller.
#[derive(Debug)]
pub struct Asked<'a> {
    /// What is asked.
    pub request: &'a Request,
    /// The message that it came as; the first generation wants it back.
    pub payload: &'a [u8],
    /// When the answer has to have begun.
    pub deadline: Instant,
    /// How much of the answer may be sent.
    pub flow: &'a Flow,
    /// Where to.
    pub outlet: &'a Outlet,
}

/// Answers, or says why not.
pub async fn answer(home: &Home, asked: &Asked<'_>) -> Outcome {
    let flow = asked.flow;
    match try_answer(home, asked).await {
        Ok((status, bytes)) => Outcome { verdict: Verdict::Answered, status, error: None, bytes },
        Err(Broken::Refused(refusal)) => {
            let reply = asked.request.reply_to();
            refuse(&reply, &refusal, asked.payload, flow.frames(), asked.outlet).await;
            Outcome { bytes: flow.sent(), ..Outcome::refused(&refusal) }
        }
        Err(Broken::Gone) => Outcome { bytes: flow.sent(), ..Outcome::CANCELLED },
    }
}

/// Tells the caller why there is no answer. `frames` have gone out before.
pub async fn refuse(reply: &ReplyTo, refusal: &Refusal, payload: &[u8], frames: u32, outlet: &Outlet) {
    let message = match &reply.id {
        Some(id) => Some(Frame::Refusal { id: id.clone(), seq: frames, refusal: refusal.clone() }.encode()),
        None => first_generation::encode_refusal(payload, &refusal.message),
    };
    if let Some(message) = message {
        // Where the session is gone, the bridge knows from the home's presence.
        let _ = outlet.publish(message).await;
    }
}

impl Outcome {
    /// The caller did not wait for the answer.
    pub const CANCELLED: Self = Self { verdict: Verdict::Cancelled, status: 0, error: None, bytes: 0 };

    /// The outcome of a refusal.
    pub fn refused(refusal: &Refusal) -> Self {
        let verdict = match refusal.code {
            ErrorCode::Denied | ErrorCode::BadRequest | ErrorCode::RequestTooLarge | ErrorCode::Busy => {
                Verdict::Refused
            }
            _ => Verdict::Failed,
        };
        Self { verdict, status: refusal.code.http_status(), error: Some(refusal.code), bytes: 0 }
    }
}

impl Home {
    /// Whether a request is allowed as things stand.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(&self, request: &Request) -> Result<(), Refusal> {
        self.allowed(request).map(|_| ())
    }

    /// With what a request is allowed: the configuration in force, and which key.
    fn allowed(&self, request: &Request) -> Result<(Arc<Config>, Rights), Refusal> {
        let config = self.config.borrow().clone().ok_or_else(not_set_up)?;
        let rights = config.access.check(&request.endpoint, request.rights())?;
        if config.emoncms.would_cut(&request.endpoint) {
            let message =
                format!("{} cannot be relayed: this emoncms would read it otherwise", request.endpoint);
            return Err(Refusal::new(ErrorCode::Denied, message));
        }
        Ok((config, rights))
    }
}

async fn try_answer(home: &Home, asked: &Asked<'_>) -> Result<(u16, u64), Broken> {
    let Asked { request, payload, deadline, flow, outlet } = *asked;
    // Once more: the list may have changed while the request waited for its turn.
    let (config, rights) = home.allowed(request).map_err(Broken::Refused)?;
    let v2 = request.v2.as_ref();
    let call = Call {
        rights,
        endpoint: &request.endpoint,
        format: v2.map_or(Format::Json, |v2| v2.format),
        query: &request.data,
        post: v2.filter(|v2| v2.method == Method::Post).map(|v2| v2.body.as_ref()),
        deadline,
    };
    let answer = home.emoncms.ask(&config.emoncms, &call).await.map_err(Broken::Refused)?;
    let cacheable = call.post.is_none();
    match v2 {
        Some(v2) => {
            let status = deliver::in_frames(answer, v2, cacheable, flow, outlet).await?;
            Ok((status, flow.sent()))
        }
        None => deliver::whole(answer, payload, outlet).await,
    }
}

fn not_set_up() -> Refusal {
    Refusal::new(ErrorCode::Busy, "remote access at home is being set up; try again in a moment")
}
