//! `POST /user/auth.json`: a home's settings page, or a program, says a name and a password.

use super::{Device, OF_CODE, lets_in, pairing};
use crate::{
    admission,
    app::App,
    error::Error,
    input,
    login::{self, Outcome},
    origin, own,
    peer::Peer,
    store::{Account, Credential, FIRST, Home, fold},
    throttle::Attempt,
};
use axum::{
    body::Body,
    extract::{Request, State},
    http::request::Parts,
    response::Response,
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::Rights;
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};

/// A name and a password, percent-encoded at the worst.
const MAX_BODY: usize = 4096;

struct Form {
    username: String,
    password: Secret,
    /// Whether a device credential is wanted in place of API keys.
    wants_device: bool,
    home: Option<String>,
}

/// Who asks, and with what.
enum Proof {
    Password(Account),
    /// A code, which is used up now, for this home.
    Code(Account, Box<Home>, String),
}

const TOO_MANY: &str = "Too many attempts, please try again later";

/// Answers as emoncms does, whatever the password is: HTTP 200, and `success` says the rest.
///
/// # Errors
/// What is neither right nor wrong: the database or the broker is away, or there is too much to do.
pub async fn auth(State(app): State<Arc<App>>, request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    if !origin::is_own(&head.headers) {
        return Err(own::FORGED);
    }
    let form = read(&app, &head, body).await?;
    // A code that could not be kept would be lost.
    app.provisioner.check_database()?;
    let proof = match prove(&app, &head, &form).await {
        Ok(Some(proof)) => proof,
        Ok(None) => return Ok(refused("Incorrect authentication")),
        Err(error @ Error::Upstream(_)) => return Ok(refused(&error.to_string())),
        Err(Error::TooManyAttempts { .. }) => {
            return Ok(refused(TOO_MANY));
        }
        Err(Error::SecondFactor(_)) => {
            return Ok(refused(
                "This account has a second factor: make a pairing code on your account page there, and use it here in \
                 place of the password",
            ));
        }
        Err(error) => return Err(error),
    };
    // A code was paced when it was made, and is used up: it must not be lost.
    if let Proof::Password(account) = &proof {
        if app.pace_changes(account).is_err() {
            return Ok(refused(TOO_MANY));
        }
    }
    let answer = match form.wants_device {
        true => device(&app, &head, &form, &proof).await?,
        false => keys(&app, &head, &form, &proof).await?,
    };
    Ok(own::private(answer))
}

async fn device(app: &App, head: &Parts, form: &Form, proof: &Proof) -> Result<Value, Error> {
    let (account, home, anew) = match proof {
        Proof::Code(account, home, _) => (account, Home::clone(home), true),
        Proof::Password(account) => (account, wanted(app, account, form.home.as_deref()).await?, false),
    };
    let Device { username, password } = app.household.device(&home, anew).await?;
    login::note(app, head, account, "home-connected", &home.name).await?;
    Ok(json!({
        "success": true,
        "userid": account.userid,
        "remoteaccess": {
            "mqtt_username": username,
            "mqtt_password": password.expose(),
            "mqtt_port": app.homes_port,
        },
    }))
}

/// The account's keys, for a program or an old client. A code is given away for one home, and opens nothing else.
async fn keys(app: &App, head: &Parts, form: &Form, proof: &Proof) -> Result<Value, Error> {
    let account = match proof {
        Proof::Code(account, home, hash) => {
            first_generation(app, head, account, home, &form.password, &format!("{OF_CODE}{hash}")).await?;
            return Ok(json!({"success": true, "userid": account.userid}));
        }
        Proof::Password(account) => account,
    };
    let homes = app.store.homes(account.id).await?;
    if let Some(home) = homes.iter().find(|home| may_be_first_generation(home)) {
        let stands_for = account.password_hash.expose();
        match first_generation(app, head, account, home, &form.password, stands_for).await {
            // The keys are answered all the same.
            Ok(()) | Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    login::note(app, head, account, "key-made", "auth.json").await?;
    Ok(json!({
        "success": true,
        "userid": account.userid,
        "apikey_write": own::program_key(app, account, Rights::Write).await?,
        "apikey_read": own::program_key(app, account, Rights::Read).await?,
    }))
}

/// A program that signs in for its keys must neither put an end to a home's connection nor bring back one that was ended.
fn may_be_first_generation(home: &Home) -> bool {
    home.name == FIRST
        && match home.credential {
            Credential::None => true,
            Credential::Account => !home.nonce.starts_with(OF_CODE),
            Credential::Device | Credential::Revoked => false,
        }
}

async fn first_generation(
    app: &App,
    head: &Parts,
    account: &Account,
    home: &Home,
    password: &Secret,
    stands_for: &str,
) -> Result<(), Error> {
    app.household.first_generation(home, password, stands_for).await?;
    if !lets_in(home, stands_for) {
        login::note(app, head, account, "home-connected", &home.name).await?;
    }
    Ok(())
}

/// The home of this name, or the first one; made if it isn't there.
async fn wanted(app: &App, account: &Account, name: Option<&str>) -> Result<Home, Error> {
    let homes = app.store.homes(account.id).await?;
    let found = match name {
        None => homes.into_iter().next(),
        Some(name) => homes.into_iter().find(|home| home.name == name),
    };
    match found {
        Some(home) => Ok(home),
        None => app.household.add(account, name.unwrap_or(&account.name), name).await,
    }
}

async fn prove(app: &App, head: &Parts, form: &Form) -> Result<Option<Proof>, Error> {
    let Form { username, password, .. } = form;
    let mut wrong_code = None;
    if let Some(hash) = pairing::hash(password) {
        let attempt = Attempt::with_code(Peer::of(&head.extensions), &fold(username));
        app.throttle.begin(&attempt, Instant::now()).map_err(|wait| Error::TooManyAttempts { wait })?;
        if !app.link.is_up() {
            app.throttle.not_checked(&attempt);
            return Err(Error::BrokerOffline);
        }
        if let Some((account, home)) = with_code(app, username, &hash).await? {
            app.throttle.succeeded(&attempt);
            return Ok(Some(Proof::Code(account, Box::new(home), hash)));
        }
        wrong_code = Some(attempt);
    }
    let outcome = login::check(app, head, username, password.clone(), None).await;
    match (&wrong_code, &outcome) {
        (None, _) | (_, Err(Error::TooManyAttempts { .. })) => {}
        // It was a password that looks like a code.
        (Some(attempt), Ok(Outcome::Right(_) | Outcome::CodeNeeded(_))) => app.throttle.not_checked(attempt),
        (Some(attempt), _) => app.throttle.counted_twice(attempt),
    }
    match outcome? {
        Outcome::Right(account) => Ok(Some(Proof::Password(account))),
        Outcome::CodeNeeded(_) => Err(Error::SecondFactor("a pairing code is needed")),
        Outcome::Wrong => Ok(None),
    }
}

async fn with_code(app: &App, username: &str, hash: &str) -> Result<Option<(Account, Home)>, Error> {
    let account = app.store.account_named(username).await?.filter(|account| !account.disabled);
    let Some(account) = account else { return Ok(None) };
    let Some(home) = app.store.take_pairing(account.id, hash).await? else { return Ok(None) };
    let homes = app.store.homes(account.id).await?;
    Ok(homes.into_iter().find(|known| known.id == home).map(|home| (account, home)))
}

async fn read(app: &App, head: &Parts, body: Body) -> Result<Form, Error> {
    let bytes = admission::read_login(app, head, body, MAX_BODY).await?;
    let pairs = input::pairs(&bytes)?;
    let value = |wanted| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    Ok(Form {
        username: value("username").unwrap_or_default(),
        password: Secret::new(value("password").unwrap_or_default()),
        wants_device: value("remoteaccess").is_some_and(|wish| wish == "1"),
        home: value("home").filter(|name| !name.is_empty()),
    })
}

fn refused(message: &str) -> Response {
    own::private(json!({"success": false, "message": message}))
}
