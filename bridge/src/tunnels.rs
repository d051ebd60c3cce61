//! The homes that come by WebSocket: how many, where they are taken to, and when they have to leave.
//!
//! Until the broker has said whether it takes somebody, he is a stranger: those have places of their own, and not for long, so that
//! they keep no home out.

use crate::{
    attempts::Attempts, config::Config, crowd::Crowd, crowd::Share, error::Error, peer::Peer, seldom::Seldom,
};
use anyhow::{Context, Result, bail};
use prometheus_client::metrics::counter::Counter;
use remoteaccess_common::trust;
use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// Strangers from one address at once, each for some seconds.
const STRANGERS_EACH: usize = 32;
/// Wrong names or passwords from one address in a quarter of an hour. A home that was sent away tries a dozen times.
const MOST_WRONG: usize = 100;
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
    places: Arc<Places>,
    leaving: watch::Sender<bool>,
    unreachable: Seldom,
    /// Wrong names or passwords.
    pub wrong: Counter,
}

#[derive(Debug)]
struct Places {
    at_once: u32,
    strangers: Room,
    homes: Room,
    wrong: Mutex<Attempts<IpAddr>>,
    full: Seldom,
}

/// So many in all, and so many of one address.
#[derive(Debug)]
struct Room {
    all: Arc<Semaphore>,
    crowd: Crowd<IpAddr>,
}

/// What one connection holds.
#[derive(Debug)]
pub struct Place {
    address: Option<IpAddr>,
    /// First a stranger's, then a home's.
    held: (OwnedSemaphorePermit, Share<IpAddr>),
    places: Arc<Places>,
    leaving: watch::Receiver<bool>,
    wrong: Counter,
}

impl Tunnels {
    /// To the broker of this configuration.
    pub fn new(config: &Config) -> Self {
        let (broker, limits) = (&config.broker, &config.limits);
        let places = Places {
            at_once: limits.websockets,
            strangers: Room::new(limits.websockets, STRANGERS_EACH.min(limits.connections_per_address)),
            homes: Room::new(limits.websockets, limits.connections_per_address),
            wrong: Mutex::new(Attempts::new(MOST_WRONG)),
            full: Seldom::default(),
        };
        Self {
            host: broker.host.clone(),
            port: broker.websocket_port(),
            tls: broker.tls,
            ca_file: broker.ca_file.clone(),
            places: Arc::new(places),
            leaving: watch::Sender::new(false),
            unreachable: Seldom::default(),
            wrong: Counter::default(),
        }
    }

    /// Lets somebody in.
    ///
    /// # Errors
    /// [`Error::NotRelayed`] where nobody is to come this way, [`Error::Crowded`], [`Error::TooManyAttempts`].
    pub fn enter(&self, peer: Peer) -> Result<Place, Error> {
        let (places, address) = (&self.places, peer.limited());
        if places.at_once == 0 {
            return Err(Error::NotRelayed);
        }
        let wait = address.and_then(|address| places.wrong().wait(&address, Instant::now()));
        if let Some(wait) = wait {
            return Err(Error::TooManyAttempts { wait });
        }
        let held = places.strangers.enter(address).filter(|_| places.homes.has_room());
        let Some(held) = held else {
            places.tell_full();
            return Err(Error::Crowded);
        };
        let (places, leaving) = (Arc::clone(places), self.leaving.subscribe());
        Ok(Place { address, held, places, leaving, wrong: self.wrong.clone() })
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

    /// How many there are, strangers as well.
    pub fn open(&self) -> usize {
        let places = &self.places;
        2 * places.at_once as usize
            - places.homes.all.available_permits()
            - places.strangers.all.available_permits()
    }

    /// Sends all of them away, and waits a little until they know.
    pub async fn close(&self) {
        self.leaving.send_replace(true);
        let places = &self.places;
        let gone = async {
            // Neither is ever closed.
            places.strangers.all.acquire_many(places.at_once).await.ok();
            places.homes.all.acquire_many(places.at_once).await.ok();
        };
        timeout(FAREWELL, gone).await.ok();
    }
}

impl Place {
    /// Takes in what the broker says first; false where there is no place for a home more.
    pub fn greeted(&mut self, greeting: &[u8]) -> bool {
        match *greeting {
            // CONNACK: no such name or wrong password, not authorised; of MQTT 3.1.1 (3.2.2.3) and of MQTT 5 (3.2.2.2).
            [0x20, _, _, 4 | 5 | 0x86 | 0x87, ..] => {
                self.wrong.inc();
                if let Some(address) = self.address {
                    self.places.wrong().begin(&address, Instant::now());
                }
                true
            }
            // Anything else that is refused: the broker hangs up.
            [0x20, _, _, code, ..] if code != 0 => true,
            _ => match self.places.homes.enter(self.address) {
                Some(held) => {
                    self.held = held;
                    true
                }
                None => {
                    self.places.tell_full();
                    false
                }
            },
        }
    }

    /// Returns when the bridge ends.
    pub async fn is_withdrawn(&mut self) {
        self.leaving.wait_for(|leaving| *leaving).await.ok();
    }
}

impl Places {
    fn tell_full(&self) {
        self.full.say(|| tracing::warn!("no more homes can come by WebSocket: see limits.websockets"));
    }

    fn wrong(&self) -> MutexGuard<'_, Attempts<IpAddr>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn new(all: u32, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all as usize)), crowd: Crowd::new(each) }
    }

    fn has_room(&self) -> bool {
        self.all.available_permits() > 0
    }

    fn enter(&self, address: Option<IpAddr>) -> Option<(OwnedSemaphorePermit, Share<IpAddr>)> {
        let share = self.crowd.enter(address)?;
        Some((Arc::clone(&self.all).try_acquire_owned().ok()?, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEN: &[u8] = &[0x20, 2, 0, 0];
    const WRONG: &[u8] = &[0x20, 2, 0, 5];

    fn tunnels(at_once: u32) -> Tunnels {
        let text = format!(
            "secret = \"0123456789abcdef0123456789abcdef\"\n[broker]\nhost = \"localhost\"\n[limits]\nwebsockets = {at_once}"
        );
        Tunnels::new(&Config::parse(&text).unwrap())
    }

    fn peer(number: u8) -> Peer {
        Peer::new([192, 0, 2, number].into())
    }

    #[test]
    fn strangers_leave_room_for_homes_and_for_strangers_from_elsewhere() {
        let tunnels = tunnels(100);
        let mut strangers: Vec<_> = (0..STRANGERS_EACH).map(|_| tunnels.enter(peer(1)).unwrap()).collect();
        assert_eq!(tunnels.enter(peer(1)).unwrap_err(), Error::Crowded);
        let mut home = tunnels.enter(peer(2)).unwrap();
        assert!(home.greeted(TAKEN));
        assert_eq!(tunnels.open(), STRANGERS_EACH + 1);
        // Who turns out to be a home makes room for another stranger.
        assert!(strangers[0].greeted(TAKEN));
        strangers.push(tunnels.enter(peer(1)).unwrap());
        drop((strangers, home));
        assert_eq!(tunnels.open(), 0);
    }

    #[test]
    fn there_are_so_many_homes_and_no_more() {
        let tunnels = tunnels(2);
        let mut homes: Vec<_> = (0..2).map(|number| tunnels.enter(peer(number)).unwrap()).collect();
        assert_eq!(tunnels.enter(peer(3)).unwrap_err(), Error::Crowded);
        assert!(homes[0].greeted(TAKEN));
        let mut third = tunnels.enter(peer(3)).unwrap();
        assert!(third.greeted(TAKEN) && !homes[1].greeted(TAKEN));
        assert_eq!(tunnels.enter(peer(4)).unwrap_err(), Error::Crowded, "no home more could be taken");
    }

    #[test]
    fn who_is_wrong_too_often_has_to_wait_and_others_need_not() {
        let tunnels = tunnels(100);
        for _ in 0..MOST_WRONG {
            assert!(tunnels.enter(peer(1)).unwrap().greeted(WRONG));
        }
        assert!(matches!(tunnels.enter(peer(1)), Err(Error::TooManyAttempts { .. })));
        assert!(tunnels.enter(peer(2)).is_ok());
        assert_eq!((tunnels.wrong.get(), tunnels.open()), (MOST_WRONG as u64, 0));
    }
}
