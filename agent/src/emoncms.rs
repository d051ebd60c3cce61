//! The local emoncms, over HTTP.

use crate::config;
use bytes::Bytes;
use remoteaccess_common::trust;
use remoteaccess_protocol::{Body, Endpoint, ErrorCode, Format, Params, Refusal, Rights};
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// An answer larger than this is not begun. emoncms' own exports end at 25 MB of CSV, raw feeds can be larger.
pub const MAX_ANSWER_BYTES: u64 = 1024 * 1024 * 1024;
/// The local web server either takes a connection at once or not at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// No piece of an answer takes longer than this.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Kept-alive connections, as many as requests run at once.
const IDLE_CONNECTIONS: usize = crate::dispatch::CONCURRENT_REQUESTS;

/// One call, already allowed.
pub struct Call<'a> {
    /// Whose key to use.
    pub rights: Rights,
    /// What to ask.
    pub endpoint: &'a Endpoint,
    /// The format to ask for.
    pub format: Format,
    /// The query.
    pub query: &'a Params,
    /// GET without one, POST with one.
    pub post: Option<Option<&'a Body>>,
    /// When the answer has to have begun.
    pub deadline: Instant,
}

impl Call<'_> {
    fn changes_nothing(&self) -> bool {
        self.post.is_none() && self.rights == Rights::Read
    }
}

/// emoncms' answer, its body still to be read.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The content type as it came.
    pub content_type: Option<String>,
    response: reqwest::Response,
    left: u64,
    deadline: Instant,
}

/// The client. Keeps connections alive between requests.
#[derive(Clone, Debug)]
pub struct Emoncms {
    http: reqwest::Client,
}

impl Emoncms {
    /// A client without proxy, redirects or idle timers: emoncms' web server ends idle connections itself.
    ///
    /// # Errors
    /// The client cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        // Almost every emoncms is reached by plain HTTP on this machine; without roots only that works.
        let tls = trust::client(None).unwrap_or_else(|_| {
            rustls::ClientConfig::builder()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth()
        });
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build()?;
        Ok(Self { http })
    }

    /// Asks, and waits for the beginning of the answer.
    ///
    /// # Errors
    /// A refusal that says in which way emoncms failed.
    pub async fn ask(&self, emoncms: &config::Emoncms, call: &Call<'_>) -> Result<Answer, Refusal> {
        let asked = async {
            match self.send(emoncms, call).await {
                // The web server may have ended a kept-alive connection at this very moment. Only a call that can
                // change nothing is made again; with the write key, a GET can.
                Err(error) if call.changes_nothing() && !error.is_connect() && !error.is_timeout() => {
                    self.send(emoncms, call).await
                }
                other => other,
            }
        };
        let response = timeout_at(call.deadline, asked).await.map_err(|_| too_slow())?;
        let response = response.map_err(|error| refusal_for(&error))?;

        let status = response.status().as_u16();
        if status == 401 {
            return Err(Refusal::new(
                ErrorCode::EmoncmsKey,
                "emoncms at home does not accept the API key of Remote Access; open Setup > Remote Access there and repair it",
            ));
        }
        if response.status().is_redirection() {
            let message =
                "emoncms at home points elsewhere instead of answering; check EMONCMS_URL in its settings";
            return Err(Refusal::new(ErrorCode::EmoncmsAnswer, message));
        }
        let encoding = response.headers().get(CONTENT_ENCODING).map(HeaderValue::as_bytes);
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            // Nobody asked for it: passed on it would be noise, and undone it may fill all memory.
            let message = "the web server of emoncms at home compresses what was not to be compressed";
            return Err(Refusal::new(ErrorCode::EmoncmsAnswer, message));
        }
        if response.content_length().is_some_and(|length| length > MAX_ANSWER_BYTES) {
            return Err(too_large());
        }
        let header = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = header.filter(|value| value.len() <= 200).map(str::to_owned);
        Ok(Answer { status, content_type, response, left: MAX_ANSWER_BYTES, deadline: call.deadline })
    }

    async fn send(
        &self,
        emoncms: &config::Emoncms,
        call: &Call<'_>,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let url = format!("{}/{}.{}", emoncms.url, call.endpoint, call.format.extension());
        let method = if call.post.is_some() { reqwest::Method::POST } else { reqwest::Method::GET };
        let mut request = self.http.request(method, url).query(&call.query.iter().collect::<Vec<_>>());
        let bearer = format!("Bearer {}", emoncms.key(call.rights).expose());
        let mut bearer =
            HeaderValue::try_from(bearer).expect("the configuration takes keys of visible ASCII only");
        bearer.set_sensitive(true);
        request = request.header(AUTHORIZATION, bearer);
        match call.post.flatten() {
            Some(Body::Form(form)) => request = request.form(&form.iter().collect::<Vec<_>>()),
            Some(Body::Json(json)) => {
                request = request.header(CONTENT_TYPE, "application/json").body(json.clone());
            }
            // Said aloud, because some web servers refuse a POST of unknown length.
            None if call.post.is_some() => request = request.header(CONTENT_LENGTH, "0"),
            None => {}
        }
        request.send().await
    }
}

impl Answer {
    /// How long the body is, where emoncms has said so.
    pub fn length(&self) -> Option<usize> {
        self.response.content_length().and_then(|length| usize::try_from(length).ok())
    }

    /// The next piece of a body that has to be there before the deadline.
    ///
    /// # Errors
    /// As [`Self::chunk`], and where it comes too late.
    pub async fn chunk_in_time(&mut self) -> Result<Option<Bytes>, Refusal> {
        timeout_at(self.deadline, self.chunk()).await.map_err(|_| too_slow())?
    }

    /// The next piece of the body; `None` at its end. Can be given up and called again.
    ///
    /// # Errors
    /// The body broke off, took too long, or is larger than [`MAX_ANSWER_BYTES`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Refusal> {
        let chunk = self.response.chunk().await.map_err(|error| refusal_for(&error))?;
        let length = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.left = self.left.checked_sub(length).ok_or_else(too_large)?;
        Ok(chunk)
    }
}

fn refusal_for(error: &reqwest::Error) -> Refusal {
    // The error's text carries the URL with its parameters: what people read says only what happened.
    if error.is_connect() {
        let hint = "emoncms at home does not answer; is its web server running?";
        Refusal::new(ErrorCode::EmoncmsUnreachable, hint)
    } else if error.is_timeout() {
        too_slow()
    } else {
        Refusal::new(ErrorCode::EmoncmsUnreachable, "emoncms at home broke off in the middle of its answer")
    }
}

fn too_slow() -> Refusal {
    Refusal::new(ErrorCode::EmoncmsTimeout, "emoncms at home is too slow; try again, or ask for less at once")
}

/// The refusal for an answer that does not fit.
pub fn too_large() -> Refusal {
    Refusal::new(
        ErrorCode::TooLarge,
        "the answer is larger than what can be relayed; ask for a shorter time span",
    )
}
