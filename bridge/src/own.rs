//! What the bridge answers itself.

use crate::{
    accounts::{new_key, token_hash},
    admission,
    app::App,
    caller::{self, Caller},
    error::Error,
    household, input, login,
    login::Outcome,
    origin, session,
    store::{Account, NewKey, Via},
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Uri, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// A name and a password, percent-encoded at the worst.
const MAX_LOGIN_BYTES: usize = 4096;

/// Who comes from another site's page, whoever they are.
pub(crate) const FORGED: Error = Error::Unauthorized("sign in on this bridge's own page");
const WRONG: Error = Error::Unauthorized("the name or the password is wrong");

#[derive(Deserialize)]
struct Login {
    username: String,
    password: Secret,
    code: Option<String>,
}

/// `POST /-/session`: signs in.
pub async fn sign_in(State(app): State<Arc<App>>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    if !origin::is_own(&head.headers) {
        return Err(FORGED);
    }
    // A form of another site cannot have this type.
    if input::content_type(&head.headers) != "application/json" {
        return Err(Error::BadRequest("sign in with application/json".into()));
    }
    let bytes = admission::read_login(&app, &head, body, MAX_LOGIN_BYTES).await?;
    let login: Login = serde_json::from_slice(&bytes)
        .map_err(|_| Error::BadRequest(r#"sign in with {"username":"…","password":"…"}"#.into()))?;
    let password = login.password;
    let code = login.code.as_deref().filter(|code| !code.trim().is_empty());
    let account = match login::check(&app, &head, &login.username, password.clone(), code).await? {
        Outcome::Right(account) => account,
        Outcome::CodeNeeded(_) if code.is_none() => {
            return Err(Error::SecondFactor("the code of your second factor is needed as well"));
        }
        Outcome::CodeNeeded(_) => return Err(Error::SecondFactor("the code is wrong, or was used already")),
        Outcome::Wrong => return Err(WRONG),
    };
    // A home that signs in to the broker with it may have been forgotten there.
    app.household.password_proved(&account, &password).await?;
    let cookie = session::begin(&app, &head, &account).await?;
    let body = private(who(&account, Rights::Write));
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), body).into_response())
}

/// `GET /-/session`: who is asking.
pub async fn session(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Error> {
    let caller = identify(&app, &uri, &headers).await?;
    let body = private(who(caller.account(), caller.rights));
    let renewed = match caller.known.via {
        Via::Session { .. } => session::renewed(&app, &headers).await?,
        Via::Key { .. } => None,
    };
    Ok((AppendHeaders(renewed.map(|cookie| (header::SET_COOKIE, cookie))), body).into_response())
}

/// `DELETE /-/session`: signs out.
pub async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Error> {
    if !origin::is_own(&headers) {
        return Err(FORGED);
    }
    session::end(&app, &headers).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, app.cookies.clear())]);
    Ok((cookie, private(json!({"success": true}))).into_response())
}

/// `GET /-/home`: whether the caller's home is there.
pub async fn home(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Error> {
    let caller = identify(&app, &uri, &headers).await?;
    let home = caller.home(None)?;
    app.check_broker()?;
    let _place = app.gate.enter()?;
    Ok(private(household::state(&app, home).await))
}

/// `GET /-/health`: that somebody answers.
pub async fn health() -> Response {
    private(json!({"success": true}))
}

/// `GET /-/ready`: whether requests can be served at all, or what is missing.
pub async fn ready(State(app): State<Arc<App>>) -> Result<Response, Error> {
    if !app.link.is_up() {
        return Err(Error::BrokerOffline);
    }
    // No account has this number: the question is whether the database answers.
    app.store.account(0).await?;
    app.store.check_writes().await?;
    app.provisioner.check_database()?;
    app.twin.check()?;
    Ok(private(json!({"success": true, "broker": "connected", "database": "connected"})))
}

/// A new key for a program that signed in.
pub(crate) async fn program_key(app: &App, account: &Account, rights: Rights) -> Result<String, Error> {
    let key = new_key();
    let new =
        NewKey { hash: &token_hash(&key), account: account.id, rights, label: "auth.json", program: true };
    app.store.add_key(&new).await?;
    Ok(key)
}

pub(crate) async fn identify(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Caller, Error> {
    let key = caller::take_key(&mut input::pairs(uri.query().unwrap_or_default().as_bytes())?);
    let caller = caller::identify(app, headers, key.as_ref()).await?;
    app.pace(&caller)?;
    Ok(caller)
}

fn who(account: &Account, rights: Rights) -> Value {
    json!({
        "success": true,
        "username": account.name,
        "userid": account.userid,
        "rights": rights,
        "origin": account.origin.as_str(),
        "second_factor": account.totp_secret.is_some(),
    })
}

/// Nothing of this is for a cache.
pub(crate) fn private(body: Value) -> Response {
    let mut response = Json(body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
