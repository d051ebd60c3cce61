//! MQTT over WebSocket (MQTT 3.1.1, section 6), for homes whose network lets only web traffic out. The bridge takes the WebSocket
//! off, and passes what is inside on to the broker as it is: the broker decides who may connect, as for every home.

mod frames;
mod handshake;
mod pump;

pub use frames::{Broken, Frames, Piece};

use crate::{app::App, error::Error, peer::Peer};
use axum::{
    extract::{Request, State},
    response::Response,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;

/// `GET /mqtt`, where MQTT clients look for it.
///
/// # Errors
/// Where it is no WebSocket for MQTT, there are too many, or the broker is not there.
pub async fn open(State(app): State<Arc<App>>, mut request: Request) -> Result<Response, Error> {
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (head, _) = request.into_parts();
    let place = app.tunnels.enter(Peer::of(&head.extensions))?;
    let accepted = handshake::accept(&head)?;
    let upgrade = upgrade.ok_or(handshake::NO_WEBSOCKET)?;
    let broker = app.tunnels.connect().await?;
    tokio::spawn(async move {
        match upgrade.await {
            Ok(home) => pump::pass(TokioIo::new(home), broker, place).await,
            Err(error) => tracing::debug!(%error, "a WebSocket ended before it began"),
        }
    });
    Ok(accepted)
}
