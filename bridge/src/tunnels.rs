//! The homes that come by WebSocket: how many, where they are taken to, and when they have to leave.

use crate::{config::Config, crowd::Crowd, crowd::Share, error::Error, peer::Peer, seldom::Seldom};
use anyhow::{Context, Result, bail};
use remoteaccess_common::trust;
use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// For the broker to take a connection.
const SLOWEST_CONNECTION: Duration = Duration::from_secs(10);
/// For homes to be told that the bridge ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// Both ways to the broker.
pub trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Both for S {}

/// A connection to the broker's listener for homes.
pub type Broker = Box<dyn Both>;

/// All of them.
#[derive(Debug)]
pub struct Tunnels {
    host: String,
    port: u16,
    tls: bool,
    ca_file: Option<PathBuf>,
    at_once: u32,
    places: Arc<Semaphore>,
    crowd: Crowd<IpAddr>,
    leaving: watch::Sender<bool>,
    full: Seldom,
    unreachable: Seldom,
}

/// What one of them holds.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _share: Share<IpAddr>,
    leaving: watch::Receiver<bool>,
}

impl Place {
    /// Returns when the bridge ends.
    pub async fn is_withdrawn(&mut self) {
        self.leaving.wait_for(|leaving| *leaving).await.ok();
    }
}

impl Tunnels {
    /// To the broker of this configuration.
    pub fn new(config: &Config) -> Self {
        let (broker, limits) = (&config.broker, &config.limits);
        Self {
            host: broker.host.clone(),
            port: broker.websocket_port(),
            tls: broker.tls,
            ca_file: broker.ca_file.clone(),
            at_once: limits.websockets,
            places: Arc::new(Semaphore::new(limits.websockets as usize)),
            crowd: Crowd::new(limits.connections_per_address),
            leaving: watch::Sender::new(false),
            full: Seldom::default(),
            unreachable: Seldom::default(),
        }
    }

    /// Lets a home in.
    ///
    /// # Errors
    /// [`Error::NotRelayed`] where none is to come this way, [`Error::Crowded`].
    pub fn enter(&self, peer: Peer) -> Result<Place, Error> {
        if self.at_once == 0 {
            return Err(Error::NotRelayed);
        }
        let share = self.crowd.enter(peer.limited()).ok_or(Error::Crowded)?;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.full.say(|| tracing::warn!("no more homes can come by WebSocket: see limits.websockets"));
            return Err(Error::Crowded);
        };
        Ok(Place { _place: place, _share: share, leaving: self.leaving.subscribe() })
    }

    /// Connects to where the broker takes homes.
    ///
    /// # Errors
    /// [`Error::BrokerOffline`].
    pub async fn connect(&self) -> Result<Broker, Error> {
        let connected = timeout(SLOWEST_CONNECTION, self.try_connect()).await;
        connected.unwrap_or_else(|_| bail!("it does not answer")).map_err(|error| {
            self.unreachable.say(|| {
                tracing::warn!(
                    "homes that come by WebSocket cannot be let in: no connection to {} port {}: {error:#}; see \
                     broker.websocket_port, and Mosquitto's listeners",
                    self.host,
                    self.port
                );
            });
            Error::BrokerOffline
        })
    }

    async fn try_connect(&self) -> Result<Broker> {
        let socket = TcpStream::connect((self.host.as_str(), self.port)).await?;
        socket.set_nodelay(true)?;
        if !self.tls {
            return Ok(Box::new(socket));
        }
        let trusted = trust::client(self.ca_file.as_deref()).context("the broker cannot be checked")?;
        let name = ServerName::try_from(self.host.clone()).context("broker.host is no name")?;
        Ok(Box::new(TlsConnector::from(Arc::new(trusted)).connect(name, socket).await?))
    }

    /// How many there are.
    pub fn open(&self) -> usize {
        self.at_once as usize - self.places.available_permits()
    }

    /// Sends all of them away, and waits a little until they know.
    pub async fn close(&self) {
        self.leaving.send_replace(true);
        timeout(FAREWELL, self.places.acquire_many(self.at_once)).await.ok();
    }
}
