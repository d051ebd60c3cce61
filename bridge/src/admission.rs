//! Who gets a place, and when: first it is known who asks, then a place is taken, then the body is read.

use crate::{
    app::App,
    caller::{self, Caller},
    error::Error,
    gate::Place,
    input::{self, Pairs, Posted},
    peer::Peer,
};
use axum::{
    body::Body,
    http::{Method, request::Parts},
};
use bytes::Bytes;

/// A request whose caller is known, with its places.
#[derive(Debug)]
pub struct Admitted {
    /// Who asks.
    pub caller: Caller,
    /// What the address says, without the key.
    pub query: Pairs,
    /// What was posted, without the key.
    pub posted: Posted,
    /// Among all requests, and among those to this home.
    pub places: [Place; 2],
}

/// Lets a request to one of the caller's homes in and reads its body.
///
/// # Errors
/// Where nobody knows who asks, there is no place, or what was sent is malformed.
pub async fn admit(app: &App, home: Option<&str>, head: &Parts, body: Body) -> Result<Admitted, Error> {
    let mut query = input::pairs(head.uri.query().unwrap_or_default().as_bytes())?;
    let in_query = caller::take_key(&mut query);
    let posts = head.method == Method::POST;
    match caller::identify(app, &head.headers, in_query.as_ref()).await {
        Ok(caller) => {
            let places = places(app, home, &caller)?;
            let mut posted = if posts { input::posted(&head.headers, body).await? } else { Posted::Nothing };
            // As in emoncms, a key in the query comes first, and one in the form before the session.
            match posted.take_key().filter(|_| in_query.is_none()) {
                None => Ok(Admitted { caller, query, posted, places }),
                Some(key) => {
                    drop(places);
                    let caller = caller::identify(app, &head.headers, Some(&key)).await?;
                    let places = self::places(app, home, &caller)?;
                    Ok(Admitted { caller, query, posted, places })
                }
            }
        }
        Err(_) if posts && in_query.is_none() && input::is_form(&head.headers) => {
            let _small_place = app.gate.enter_unknown(Peer::of(&head.extensions))?;
            let mut posted = input::posted(&head.headers, body).await?;
            let caller = caller::identify(app, &head.headers, posted.take_key().as_ref()).await?;
            let places = places(app, home, &caller)?;
            Ok(Admitted { caller, query, posted, places })
        }
        Err(error) => {
            input::discard(&head.headers, body).await;
            Err(error)
        }
    }
}

/// Reads a body of somebody who has yet to sign in.
///
/// # Errors
/// As [`input::read`], and where many others are at it.
pub async fn read_login(app: &App, head: &Parts, body: Body, limit: usize) -> Result<Bytes, Error> {
    let _small_place = app.gate.enter_unknown(Peer::of(&head.extensions))?;
    input::read(&head.headers, body, limit).await
}

fn places(app: &App, home: Option<&str>, caller: &Caller) -> Result<[Place; 2], Error> {
    app.pace(caller)?;
    Ok([app.gate.enter()?, app.gate.enter_home(&caller.home(home)?.site)?])
}
