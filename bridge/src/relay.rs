//! One API call: from HTTP to a home and back.

use crate::{
    admission::{Admitted, admit},
    answer::{self, Asked},
    app::App,
    caller::Caller,
    coding,
    error::{Code, Error},
    flow::Flow,
    gate::Place,
    input::{self, Pairs, Posted},
    presence,
    store::Home,
    target::Target,
};
use axum::{
    Json,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, Method as HttpMethod, Version, header},
    response::{IntoResponse, Response},
};
use remoteaccess_protocol::{
    ErrorCode, Method, Params, Refusal, Request, Rights, V2, frame, limits::INITIAL_CREDIT, request::Body,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Span, field::Empty};

/// How much earlier than the bridge an agent gives up: then its refusal, which knows more, arrives in time.
const AGENT_GIVES_UP_EARLIER: Duration = Duration::from_millis(500);

/// Answers everything that is not this bridge's own.
pub async fn relay(State(app): State<Arc<App>>, request: HttpRequest) -> Response {
    let (home, path) = of_home(request.uri().path());
    let home = home.map(str::to_owned);
    let Some(target) = Target::parse(path) else {
        return Error::NotRelayed.into_response();
    };
    let (old_route, start) = (target.old_route, Instant::now());
    let span = tracing::debug_span!("request", id = Empty, home = Empty, endpoint = %target.endpoint);
    let result = answered(&app, home.as_deref(), target, request).instrument(span.clone()).await;
    let ms = start.elapsed().as_millis();
    span.in_scope(|| match &result {
        Ok(response) => tracing::debug!(status = response.status().as_u16(), ms, "answered"),
        Err(error) => tracing::debug!(code = ?error.code(), ms, "refused"),
    });
    match result {
        Ok(response) => response,
        // All that the cloud of 2018–2021 ever said, and what its callers look for.
        Err(error)
            if old_route
                && matches!(
                    error.code(),
                    Code::Relay(ErrorCode::HomeOffline | ErrorCode::HomeTimeout | ErrorCode::EmoncmsTimeout)
                ) =>
        {
            let mut response = Json("API Timeout").into_response();
            response.extensions_mut().insert(error.code());
            response
        }
        Err(error) => error.into_response(),
    }
}

/// `/-/h/<name>/…` asks one of the account's homes by its name, anything else the first.
fn of_home(path: &str) -> (Option<&str>, &str) {
    let named = path.strip_prefix("/-/h/").and_then(|rest| rest.find('/').map(|end| rest.split_at(end)));
    named.map_or((None, path), |(name, path)| (Some(name), path))
}

async fn answered(
    app: &App,
    name: Option<&str>,
    target: Target,
    request: HttpRequest,
) -> Result<Response, Error> {
    let method = match *request.method() {
        HttpMethod::GET => Method::Get,
        HttpMethod::POST => Method::Post,
        _ => return Err(Error::Method),
    };
    let (head, body) = request.into_parts();
    let Admitted { caller, query, posted, places } = admit(app, name, &head, body).await?;

    let etag = known_etag(&head.headers);
    let asked = Asked {
        target,
        takes_zstd: coding::takes(&head.headers, "zstd"),
        has_etag: etag.is_some(),
        tells_breaks: head.version >= Version::HTTP_11,
    };
    let call = Call { caller, method, query, posted, etag };
    ask(app, name, asked, call, places).await
}

struct Call {
    caller: Caller,
    method: Method,
    query: Pairs,
    posted: Posted,
    etag: Option<String>,
}

async fn ask(
    app: &App,
    name: Option<&str>,
    asked: Asked,
    call: Call,
    places: [Place; 2],
) -> Result<Response, Error> {
    let caller = call.caller.clone();
    let home = caller.home(name)?;
    // Before looking whether the home is there: what goes from here on ends this wait.
    app.exchange.check(&home.site)?;
    let mut pending = app.exchange.open(&home.site);
    let speaks_v2 = speaks_v2(app, home, caller.rights).await?;
    let request = request(app, &asked.target, call, speaks_v2, pending.id())?;
    let message = input::encode(&request)?;

    Span::current().record("id", pending.id()).record("home", home.site.as_str());
    let deadline = Instant::now() + app.limits.request_timeout;
    let sent = timeout_at(deadline, app.link.publish(home.site.request_topic(), message)).await;
    sent.map_err(|_| Error::BrokerOffline)??;
    pending.published(speaks_v2);
    let first = timeout_at(deadline, pending.next()).await.unwrap_or(Err(Error::HomeTimeout));
    let told = |error: Error| match caller.rights {
        Rights::Write => error.once_sent(),
        // Nothing could be done with these.
        Rights::Read => error,
    };
    let flow = Flow::new(pending, app.limits.idle_timeout, places);
    first.and_then(|first| answer::build(&asked, first, flow)).map_err(told)
}

/// Whether the caller's home takes requests, and of which generation.
async fn speaks_v2(app: &App, home: &Home, rights: Rights) -> Result<bool, Error> {
    app.check_broker()?;
    // An old client that can connect may be there, or not.
    let says_nothing = home.first_generation && home.credential.lets_in();
    match app.homes.home(&home.site).await {
        presence::Home::Online(_) => Ok(true),
        presence::Home::Offline { last_seen } => Err(Error::HomeOffline { last_seen }),
        // Such a home cannot be told what its caller may do: its list alone decides, and may allow writing.
        presence::Home::Never if says_nothing && rights < Rights::Write => {
            let why = "your home's old client cannot tell who may only look; use the write key, or sign in";
            Err(Error::Refused(Refusal::new(ErrorCode::Denied, why)))
        }
        presence::Home::Never if says_nothing => Ok(false),
        presence::Home::Never if home.seen.is_some() => {
            Err(Error::HomeOffline { last_seen: home.seen.and_then(|seen| u64::try_from(seen).ok()) })
        }
        presence::Home::Never => Err(Error::HomeNever),
    }
}

fn request(app: &App, target: &Target, call: Call, speaks_v2: bool, id: &str) -> Result<Request, Error> {
    let (method, data, body) = content(target, call.method, call.query, call.posted, speaks_v2)?;
    let timeout = app.limits.request_timeout.saturating_sub(AGENT_GIVES_UP_EARLIER);
    Ok(Request {
        client: app.exchange.client().clone(),
        endpoint: target.endpoint.clone(),
        data,
        v2: Some(V2 {
            id: id.to_owned(),
            rights: call.caller.rights,
            method,
            format: target.format,
            body,
            zstd: true,
            timeout: timeout.max(AGENT_GIVES_UP_EARLIER),
            etag: call.etag,
            credit: INITIAL_CREDIT,
        }),
    })
}

/// Where parameters go: the first generation knows nothing but `data`, and its route sends nothing else.
fn content(
    target: &Target,
    method: Method,
    query: Pairs,
    posted: Posted,
    speaks_v2: bool,
) -> Result<(Method, Params, Option<Body>), Error> {
    if target.old_route {
        return Ok((Method::Get, input::one_of(query, posted)?, None));
    }
    if !speaks_v2 {
        return Ok((method, input::merged(query, posted)?, None));
    }
    let (data, body) = input::for_v2(query, posted)?;
    Ok((method, data, body))
}

/// The one answer that the caller has already.
fn known_etag(headers: &HeaderMap) -> Option<String> {
    let mut tags = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let tag = tags.next().filter(|_| tags.next().is_none())?.to_str().ok()?.trim();
    frame::is_etag(tag).then(|| tag.to_owned())
}
