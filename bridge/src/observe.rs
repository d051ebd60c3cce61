//! What happens to every request: it gets an id, it counts for its address, and how it ended is told.

use crate::{
    app::App,
    error::{Code, Error},
    peer::Peer,
    seldom::Seldom,
    target::Target,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use remoteaccess_common::random;
use remoteaccess_protocol::ErrorCode;
use std::{sync::Arc, time::Instant};
use tracing::Instrument;

/// Names a request in the log and in its answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the operator should know of, once.
#[derive(Debug, Default)]
pub struct Told {
    full: Seldom,
    fast: Seldom,
}

/// Stands around whatever answers a request.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (id, start) = (random::hex_id::<8>(), Instant::now());
    // Neither the path nor the query: people put keys there.
    let route = route(&request);
    let span = tracing::debug_span!("http", request = id);
    let (method, peer) = (request.method().clone(), Peer::of(request.extensions()));
    let mut response = answered(&app, peer, request, next).instrument(span.clone()).await;

    let code = response.extensions().get::<Code>().copied();
    let (status, after) = (response.status(), start.elapsed());
    if code == Some(Code::Database) {
        app.metrics.database_errors.inc();
    }
    app.metrics.answered(route.kind, code, status, after);
    span.in_scope(|| {
        tell(&app.told, code, status);
        let (method, route, status) = (method_name(&method), &route.name, status.as_u16());
        tracing::debug!(method, route, status, code = ?code, ms = after.as_millis(), peer = peer.address_text(), "done");
    });
    let id = HeaderValue::try_from(id).expect("hexadecimal digits make a header");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

async fn answered(app: &App, peer: Peer, request: Request, next: Next) -> Response {
    let allowed = peer.limited().map_or(Ok(()), |address| app.address_rates.take(address, Instant::now()));
    match allowed {
        Ok(()) => next.run(request).await,
        Err(wait) => Error::TooFast { wait }.into_response(),
    }
}

fn tell(told: &Told, code: Option<Code>, status: StatusCode) {
    match (code, status) {
        (Some(Code::Relay(ErrorCode::Busy)), StatusCode::SERVICE_UNAVAILABLE) => told.full.say(|| {
            tracing::warn!(
                "requests are refused because too many run: see limits.requests, and what is slow"
            );
        }),
        (Some(Code::Relay(ErrorCode::Busy)), _) => told.fast.say(|| {
            tracing::info!("somebody asks too often and is told to wait; RUST_LOG=debug shows who");
        }),
        _ => {}
    }
}

struct Route {
    kind: &'static str,
    name: String,
}

fn route(request: &Request) -> Route {
    match request.extensions().get::<MatchedPath>().map(MatchedPath::as_str) {
        Some(path) if path == "/" || ["/-/assets/", "/-/static/"].iter().any(|p| path.starts_with(p)) => {
            Route { kind: "page", name: path.to_owned() }
        }
        Some("/mqtt") => Route { kind: "own", name: "/mqtt".to_owned() },
        Some(path) if path.starts_with("/-/") && !path.starts_with("/-/h/") => {
            Route { kind: "own", name: path.to_owned() }
        }
        _ => {
            let target = Target::parse(request.uri().path());
            let name = target.map_or_else(|| "-".to_owned(), |target| target.endpoint.to_string());
            Route { kind: "relay", name }
        }
    }
}

/// A caller may invent methods as it likes.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
