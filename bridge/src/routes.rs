//! The one URL table, and what stands on every answer.

use crate::{
    account, app::App, assets, error::Error, household, metrics, observe::observe, own, relay::relay, tunnel,
};
use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::Response,
    routing::{any, delete, get, patch, post},
};
use std::sync::Arc;

/// Everything that the bridge answers.
///
/// emoncms' controllers never start with a dash, so `/-/` is free for the bridge's own.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(assets::index))
        .route("/-/assets/{name}", get(assets::hashed))
        .route("/-/static/{name}", get(assets::named))
        .route("/-/session", get(own::session).post(own::sign_in).delete(own::sign_out))
        .route("/-/account/sessions", get(account::sessions).delete(account::end_sessions))
        .route("/-/account/sessions/{id}", delete(account::end_session))
        .route("/-/account/keys", get(account::keys).post(account::make_key))
        .route("/-/account/keys/{id}", delete(account::delete_key))
        .route("/-/account/password", post(account::password))
        .route(
            "/-/account/second-factor",
            post(account::begin_second_factor)
                .put(account::confirm_second_factor)
                .delete(account::end_second_factor),
        )
        .route("/-/account/events", get(account::events))
        .route("/-/home", get(own::home))
        .route("/-/homes", get(household::list).post(household::add))
        .route("/-/homes/events", get(household::events))
        .route("/-/homes/{name}", patch(household::rename).delete(household::delete))
        .route("/-/homes/{name}/pairing", post(household::pair))
        .route("/-/homes/{name}/credential", delete(household::cut))
        .route("/-/health", get(own::health))
        .route("/-/ready", get(own::ready))
        .route("/-/metrics", any(async || Error::NotRelayed))
        // No controller of emoncms has this name; where MQTT clients look for it by default.
        .route("/mqtt", get(tunnel::open))
        .route("/user/auth.json", post(household::auth).fallback(relay))
        .method_not_allowed_fallback(async || Error::OwnMethod)
        .fallback(relay)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), observe))
        .layer(middleware::map_response_with_state(Arc::clone(&app), secure))
        .with_state(app)
}

/// What Prometheus is answered, on a listener of its own.
pub fn metrics(app: Arc<App>) -> Router {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text =
        async |State(app): State<Arc<App>>| ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics::text(&app));
    Router::new()
        .route("/metrics", get(text))
        .route("/-/metrics", get(text))
        .layer(middleware::map_response_with_state(Arc::clone(&app), secure))
        .with_state(app)
}

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Headers that every answer carries, unless it has its own.
async fn secure(State(app): State<Arc<App>>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=()");
    if app.https {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
