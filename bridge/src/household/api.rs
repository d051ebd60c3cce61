//! `/-/homes`: an account's homes, for its owner's browser.

use super::pairing;
use crate::{
    admission,
    app::App,
    caller::{self, Caller},
    clock,
    error::Error,
    input, login, own, presence,
    store::{Credential, Home},
};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::sync::Arc;

/// A title and a name.
const MAX_BODY: usize = 2048;

#[derive(Deserialize)]
struct Asked {
    title: String,
    name: Option<String>,
}

/// `GET /-/homes`.
///
/// # Errors
/// Where nobody knows who asks, or the database is away.
pub async fn list(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Error> {
    let caller = own::identify(&app, &uri, &headers).await?;
    let mut homes = vec![];
    for home in &caller.known.homes {
        homes.push(described(&app, home).await);
    }
    Ok(own::private(Value::Array(homes)))
}

/// `POST /-/homes`: makes a home, and a code that connects it.
///
/// # Errors
/// What [`super::Household::add`] says, and where nobody has signed in.
pub async fn add(State(app): State<Arc<App>>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let caller = caller::changer(&app, &head.headers).await?;
    let asked: Asked = read(&app, &head, body).await?;
    let home = app.household.add(caller.account(), &asked.title, asked.name.as_deref()).await?;
    note(&app, &head, &caller, "home-added", &home).await?;
    let pairing = paired(&app, &head, &caller, &home).await?;
    let body = json!({"home": described(&app, &home).await, "pairing": pairing});
    Ok((StatusCode::CREATED, own::private(body)).into_response())
}

/// `PATCH /-/homes/{name}`: calls a home otherwise.
///
/// # Errors
/// What [`super::Household::rename`] says, and where nobody has signed in.
pub async fn rename(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let (_, home) = changed(&app, &head, &name).await?;
    let asked: Asked = read(&app, &head, body).await?;
    app.household.rename(&home, &asked.title).await?;
    Ok(done())
}

/// `DELETE /-/homes/{name}`.
///
/// # Errors
/// What [`super::Household::delete`] says, and where nobody has signed in.
pub async fn delete(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let (head, _) = request.into_parts();
    let (caller, home) = changed(&app, &head, &name).await?;
    app.household.delete(&home).await?;
    note(&app, &head, &caller, "home-deleted", &home).await?;
    Ok(done())
}

/// `POST /-/homes/{name}/pairing`: a code that connects a home once.
///
/// # Errors
/// [`Error::Database`], and where nobody has signed in.
pub async fn pair(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let (head, _) = request.into_parts();
    let (caller, home) = changed(&app, &head, &name).await?;
    Ok(own::private(paired(&app, &head, &caller, &home).await?))
}

/// `DELETE /-/homes/{name}/credential`: the home's agent can sign in no more.
///
/// # Errors
/// What [`super::Household::revoke`] says, and where nobody has signed in.
pub async fn cut(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Error> {
    let (head, _) = request.into_parts();
    let (caller, home) = changed(&app, &head, &name).await?;
    app.household.revoke(&home).await?;
    note(&app, &head, &caller, "credential-revoked", &home).await?;
    Ok(done())
}

/// The home that somebody who has signed in wants to change.
async fn changed(app: &App, head: &Parts, name: &str) -> Result<(Caller, Home), Error> {
    let caller = caller::changer(app, &head.headers).await?;
    let home = caller.home(Some(name))?.clone();
    Ok((caller, home))
}

/// Whether a home is there, as the account's pages hear of it.
pub async fn state(app: &App, home: &Home) -> Value {
    let mut state = json!({"name": home.name, "state": "unknown"});
    let is_told = app.check_broker().is_ok();
    let known = match is_told {
        true => app.homes.home(&home.site).await,
        false => presence::Home::Never,
    };
    let seen = home.seen.and_then(|seen| u64::try_from(seen).ok());
    match known {
        presence::Home::Online(presence) => {
            state["state"] = "online".into();
            state["since"] = presence.since.into();
            state["agent"] = presence.agent.into();
        }
        presence::Home::Offline { last_seen } => {
            state["state"] = "offline".into();
            state["last_seen"] = last_seen.max(seen).into();
        }
        presence::Home::Never => {
            // A client of 2018–2021 says nothing of itself.
            state["state"] = match (is_told, home.first_generation, seen) {
                (false, ..) | (true, true, _) => "unknown".into(),
                (true, false, Some(_)) => "offline".into(),
                (true, false, None) => "never".into(),
            };
            if seen.is_some() {
                state["last_seen"] = seen.into();
            }
        }
    }
    if home.is_cut() {
        state["cut_until"] = home.cut_until.into();
    }
    state
}

async fn described(app: &App, home: &Home) -> Value {
    let mut described = state(app, home).await;
    if described.get("agent").is_none() {
        if let Some(agent) = &home.agent {
            described["agent"] = agent.as_str().into();
        }
    }
    described["title"] = home.title.as_str().into();
    described["site"] = home.site.as_str().into();
    // Whether it had one before is no matter to who looks.
    let credential = match home.credential {
        Credential::Revoked => Credential::None,
        other => other,
    };
    described["credential"] = credential.as_str().into();
    described["first_generation"] = home.first_generation.into();
    described["created"] = home.created.into();
    described
}

async fn paired(app: &App, head: &Parts, caller: &Caller, home: &Home) -> Result<Value, Error> {
    let code = app.household.pair(home).await?;
    note(app, head, caller, "pairing-code", home).await?;
    let expires = clock::unix_now().saturating_add_signed(pairing::SECONDS);
    Ok(json!({"username": caller.account().name, "password": code.expose(), "expires": expires}))
}

async fn read<T: DeserializeOwned>(app: &App, head: &Parts, body: Body) -> Result<T, Error> {
    if input::content_type(&head.headers) != "application/json" {
        return Err(Error::BadRequest("send this as application/json".into()));
    }
    let bytes = admission::read_login(app, head, body, MAX_BODY).await?;
    let wrong = |_| Error::BadRequest(r#"send {"title":"…"}"#.into());
    serde_json::from_slice(&bytes).map_err(wrong)
}

async fn note(app: &App, head: &Parts, caller: &Caller, kind: &str, home: &Home) -> Result<(), Error> {
    login::note(app, head, caller.account(), kind, &home.name).await
}

fn done() -> Response {
    own::private(json!({"success": true}))
}
