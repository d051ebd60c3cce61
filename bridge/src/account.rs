//! What the account page asks for: sessions, keys, password, second factor, and what happened.

use crate::{
    accounts::{check_password, new_key, token_hash},
    admission,
    app::App,
    caller::{self, Caller},
    error::Error,
    input, login, origin,
    own::private,
    second_factor,
    store::{Account, NewKey, Origin, Via},
};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::sync::Arc;

/// Two passwords, escaped at the worst.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Of what a key is called.
const MAX_LABEL_CHARS: usize = 64;
/// Events that are shown.
const SHOWN_EVENTS: i64 = 50;

type Answer = Result<Response, Error>;

/// Who changes something: signed in, on a page of this bridge.
async fn owner(app: &App, head: &Parts) -> Result<Caller, Error> {
    if !origin::is_own(&head.headers) {
        return Err(Error::Unauthorized("do this on this bridge's own page"));
    }
    caller::changer(app, &head.headers).await
}

/// Reads what the owner sent.
async fn body<T: DeserializeOwned>(app: &App, head: &Parts, body: Body) -> Result<T, Error> {
    // A form of another site cannot have this type.
    if input::content_type(&head.headers) != "application/json" {
        return Err(Error::BadRequest("send application/json".into()));
    }
    let bytes = admission::read_login(app, head, body, MAX_BODY_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|_| Error::BadRequest("this is not what is expected here".into()))
}

fn session_id(caller: &Caller) -> Option<i64> {
    match caller.known.via {
        Via::Session { id, .. } => Some(id),
        Via::Key { .. } => None,
    }
}

fn number(id: &str) -> Result<i64, Error> {
    id.parse().map_err(|_| Error::NotFound("there is nothing with this number"))
}

fn done() -> Response {
    private(json!({"success": true}))
}

/// `GET /-/account/sessions`
pub async fn sessions(State(app): State<Arc<App>>, request: Request) -> Answer {
    let caller = caller::owner(&app, request.headers()).await?;
    let current = session_id(&caller);
    let sessions = app.store.sessions(caller.account().id).await?;
    let list = sessions.iter().map(|session| {
        json!({"id": session.id.to_string(), "current": Some(session.id) == current, "created": session.created,
               "seen": session.seen, "address": session.address, "agent": session.agent})
    });
    Ok(private(Value::Array(list.collect())))
}

/// `DELETE /-/account/sessions/{id}`
pub async fn end_session(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer {
    let (head, _) = request.into_parts();
    let caller = owner(&app, &head).await?;
    if !app.store.end_session(caller.account().id, number(&id)?).await? {
        return Err(Error::NotFound("this session has ended already"));
    }
    login::note(&app, &head, caller.account(), "session-ended", "").await?;
    Ok(done())
}

/// `DELETE /-/account/sessions`: everywhere, here too.
pub async fn end_sessions(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, _) = request.into_parts();
    let caller = owner(&app, &head).await?;
    app.store.end_sessions(caller.account().id, None).await?;
    login::note(&app, &head, caller.account(), "session-ended", "everywhere").await?;
    Ok((AppendHeaders([(header::SET_COOKIE, app.cookies.clear())]), done()).into_response())
}

/// `GET /-/account/keys`
pub async fn keys(State(app): State<Arc<App>>, request: Request) -> Answer {
    let caller = caller::owner(&app, request.headers()).await?;
    let keys = app.store.keys(caller.account().id).await?;
    let list = keys.iter().map(|key| {
        json!({"id": key.id.to_string(), "label": key.label, "rights": key.rights, "program": key.program,
               "created": key.created, "used": key.used})
    });
    Ok(private(Value::Array(list.collect())))
}

#[derive(Deserialize)]
struct WantedKey {
    label: String,
    rights: Rights,
}

/// `POST /-/account/keys`
pub async fn make_key(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, sent) = request.into_parts();
    let caller = owner(&app, &head).await?;
    let WantedKey { label, rights } = body(&app, &head, sent).await?;
    let label = label.trim();
    if label.is_empty() || label.chars().count() > MAX_LABEL_CHARS || label.contains(char::is_control) {
        return Err(Error::BadRequest(format!("a label has 1 to {MAX_LABEL_CHARS} characters")));
    }
    let key = new_key();
    let new = NewKey { hash: &token_hash(&key), account: caller.account().id, rights, label, program: false };
    let id = app.store.add_key(&new).await?;
    let id = id.ok_or(Error::Conflict("you have as many keys as you may; delete one first"))?;
    login::note(&app, &head, caller.account(), "key-made", label).await?;
    Ok((StatusCode::CREATED, private(json!({"id": id.to_string(), "key": key}))).into_response())
}

/// `DELETE /-/account/keys/{id}`
pub async fn delete_key(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer {
    let (head, _) = request.into_parts();
    let caller = owner(&app, &head).await?;
    if !app.store.delete_key(caller.account().id, number(&id)?).await? {
        return Err(Error::NotFound("there is no such key any more"));
    }
    login::note(&app, &head, caller.account(), "key-revoked", &id).await?;
    Ok(done())
}

#[derive(Deserialize)]
struct Passwords {
    old: Secret,
    new: Secret,
}

/// `POST /-/account/password`
pub async fn password(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, sent) = request.into_parts();
    let caller = owner(&app, &head).await?;
    let account = caller.account();
    let Passwords { old, new } = body(&app, &head, sent).await?;
    if account.origin != Origin::Local {
        return Err(Error::Conflict("your password is that of your emoncms account; change it there"));
    }
    check_password(new.expose()).map_err(Error::BadRequest)?;
    login::confirm(&app, &head, account, old).await?;
    let hash = app.passwords.hash(new.clone()).await?;
    app.store.set_password(account.id, &hash, session_id(&caller)).await?;
    login::note(&app, &head, account, "password-changed", "").await?;
    let changed = Account { password_hash: hash, ..account.clone() };
    app.household.password_proved(&changed, &new).await?;
    Ok(done())
}

#[derive(Deserialize)]
struct Proof {
    password: Secret,
    code: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// `POST /-/account/second-factor`: a secret, which counts once a code of it was sent.
pub async fn begin_second_factor(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, sent) = request.into_parts();
    let caller = owner(&app, &head).await?;
    let account = caller.account();
    let Proof { password, .. } = body(&app, &head, sent).await?;
    login::confirm(&app, &head, account, password).await?;
    let secret = second_factor::new_secret();
    if !app.store.begin_second_factor(account.id, &app.vault.seal(account.id, &secret)).await? {
        return Err(Error::Conflict("your second factor is on; switch it off first"));
    }
    let uri = second_factor::uri(&account.name, &secret);
    Ok(private(json!({"secret": second_factor::base32(&secret), "qr": picture(&uri), "uri": uri})))
}

/// `PUT /-/account/second-factor`: switches it on.
pub async fn confirm_second_factor(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, sent) = request.into_parts();
    let caller = owner(&app, &head).await?;
    let Code { code } = body(&app, &head, sent).await?;
    // Not from the cache: it was written just now, maybe by another bridge.
    let account =
        app.store.account(caller.account().id).await?.ok_or(Error::NotFound("there is no account"))?;
    let pending = account.totp_pending.as_ref();
    let pending = pending.ok_or(Error::Conflict("there is no second factor to switch on; begin again"))?;
    let attempt = login::begin_code(&app, &head, &account)?;
    let step = second_factor::step_of(&app, account.id, pending, &code);
    let step =
        step.ok_or(Error::SecondFactor("the code is wrong; does your phone's clock agree with ours?"))?;
    app.throttle.not_checked(&attempt);
    // The password alone opens the broker no longer, either.
    app.household.end_passwords(&account).await?;
    let (codes, hashes) = second_factor::recovery_codes(account.id);
    app.store.set_second_factor(account.id, pending, step, &hashes).await?;
    login::note(&app, &head, &account, "second-factor-on", "").await?;
    Ok(private(json!({"recovery_codes": codes})))
}

/// `DELETE /-/account/second-factor`: switches it off.
pub async fn end_second_factor(State(app): State<Arc<App>>, request: Request) -> Answer {
    let (head, sent) = request.into_parts();
    let caller = owner(&app, &head).await?;
    let account = caller.account();
    let Proof { password, code } = body(&app, &head, sent).await?;
    login::confirm(&app, &head, account, password).await?;
    let attempt = login::begin_code(&app, &head, account)?;
    if second_factor::take(&app, account, code.as_deref().unwrap_or_default()).await?.is_none() {
        return Err(Error::SecondFactor("the code is wrong"));
    }
    app.throttle.not_checked(&attempt);
    app.store.clear_second_factor(account.id).await?;
    login::note(&app, &head, account, "second-factor-off", "").await?;
    Ok(done())
}

/// `GET /-/account/events`
pub async fn events(State(app): State<Arc<App>>, request: Request) -> Answer {
    let caller = caller::owner(&app, request.headers()).await?;
    let events = app.store.events(Some(caller.account().id), SHOWN_EVENTS).await?;
    let list = events.iter().map(
        |event| json!({"at": event.at, "kind": event.kind, "address": event.address, "detail": event.detail}),
    );
    Ok(private(Value::Array(list.collect())))
}

fn picture(text: &str) -> String {
    use qrcode::{QrCode, render::svg};
    let code = QrCode::new(text).expect("an address of this length has a picture");
    code.render::<svg::Color<'_>>().min_dimensions(200, 200).build()
}
