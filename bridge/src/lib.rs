//! The cloud's end of emoncms remote access: HTTP on one side, MQTT on the other.
//!
//! A request meets the modules in the order in which they are declared. [`server`] accepts its connection,
//! [`routes`] says who answers it: the web view's [`assets`], the bridge's [`own`] handlers, a [`tunnel`] to the broker for
//! homes that come by WebSocket, or [`relay`]. That one reads the
//! [`target`]; [`admission`] finds the [`caller`], what is left of the [`gate`], and the [`input`]; it looks whether the home is
//! there ([`homes`]), opens an [`exchange`] and publishes through the [`broker`]. What comes back climbs from the
//! broker through the exchange ([`pending`]) and the [`flow`] into the [`answer`].

pub mod cli;
pub mod config;
pub mod front;
pub mod setup;
pub mod server;
pub mod tls;
pub mod proxies;
pub mod patience;
pub mod under_way;
pub mod routes;
pub mod observe;
pub mod assets;
pub mod own;
pub mod account;
pub mod household;
pub mod login;
pub mod upstream;
pub mod tunnel;
pub mod relay;
pub mod target;
pub mod admission;
pub mod input;
pub mod caller;
pub mod answer;
pub mod coding;
pub mod flow;
pub mod unzstd;
pub mod app;
pub mod metrics;
pub mod tunnels;
pub mod gate;
pub mod crowd;
pub mod accounts;
pub mod origin;
pub mod session;
pub mod second_factor;
pub mod throttle;
pub mod rate;
pub mod attempts;
pub mod peer;
pub mod password;
pub mod store;
pub mod homes;
pub mod presence;
pub mod pending;
pub mod exchange;
pub mod window;
pub mod offenders;
pub mod hoard;
pub mod outbox;
pub mod provision;
pub mod patrol;
pub mod dynsec;
pub mod twin;
pub mod broker;
pub mod error;
pub mod seldom;
pub mod pulse;
pub mod systemd;
pub mod logging;
pub mod memory;
pub mod clock;

pub use config::Config;

use anyhow::Result;
use app::App;
use broker::{Connection, Event, Link, Subscription};
use error::Error;
use exchange::Exchange;
use front::Front;
use patrol::Patrol;
use presence::Home;
use pulse::Pulse;
use remoteaccess_protocol::{
    ClientId,
    topic::{self, ToBridge},
};
use std::{net::SocketAddr, sync::Arc};
use store::Store;
use tokio::task::JoinSet;

/// A bridge that listens, but does not serve yet.
pub struct Bridge {
    front: Front,
    connection: Connection,
    patrol: Patrol,
    app: Arc<App>,
}

impl Bridge {
    /// Binds the socket and gets everything ready. The broker need not be there yet.
    ///
    /// # Errors
    /// Where the address is taken, or TLS to the broker cannot be set up.
    pub async fn bind(config: Config) -> Result<Self> {
        // Whoever came first, also in a test with several bridges, has installed the same one.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = config.broker.name();
        let (connection, link) = Connection::new(&config.broker, topics(&client))?;
        let patrol = Patrol::new(&config.broker)?;
        let store = Store::open(&config.database.url).await?;
        let front = Front::bind(&config).await?;
        let app = Arc::new(App::new(&config, store, client, link)?);
        Ok(Self { front, connection, patrol, app })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.front.address()
    }

    /// Serves until `stop`, then lets what runs finish, for a bounded time.
    ///
    /// # Errors
    /// Where the socket fails for good.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self { front, connection, patrol, app } = self;
        let stopping = Arc::clone(&app);
        let stop = async move {
            stop.await;
            stopping.homes.close();
        };
        let mut tasks = JoinSet::new();
        let (pulse, heard) = (Pulse::default(), Arc::clone(&app));
        tasks.spawn(pulse.watch(connection.run(move |event| dispatch(&heard, &event))));
        tasks.spawn(prune(app.store.clone()));
        tasks.spawn(tell(Arc::clone(&app.exchange), app.link.clone()));
        if let Some(courier) = app.courier() {
            tasks.spawn(courier.run());
        }
        tasks.spawn(provision::keep(app.provisioner.clone()));
        let (exchange, count) = (Arc::clone(&app.exchange), app.metrics.homes_cut.clone());
        tasks.spawn(provision::cut_offenders(app.provisioner.clone(), exchange, count));
        let walking = Arc::clone(&app);
        tasks.spawn(async move { patrol.walk(&walking.link, walking.exchange.offenders()).await });
        let speaking = Arc::clone(&app);
        tasks.spawn(async move {
            speaking.twin.speak(&speaking.link, || speaking.provisioner.wait_until_ours()).await;
        });
        let remembering = Arc::clone(&app);
        tasks.spawn(async move { homes::remember(&remembering.homes, &remembering.store).await });
        let served = front.serve(Arc::clone(&app), pulse, stop).await;
        // Homes were needed for what ran.
        app.tunnels.close().await;
        homes::remember_at_the_end(&app.homes, &app.store).await;
        // None of them is to find the database closed, and say so.
        tasks.shutdown().await;
        // A database that is away is not waited for.
        tokio::time::timeout(homes::LAST_WRITTEN_WITHIN, app.store.close()).await.ok();
        served
    }
}

/// Statuses first: the broker answers in order, so most are known when requests may go out.
fn topics(client: &ClientId) -> Vec<Subscription> {
    vec![
        Subscription::needed(topic::ALL_STATUSES),
        Subscription::needed(client.all_responses()),
        Subscription::wanted(dynsec::ANSWERS),
        Subscription::wanted(twin::topic(client)),
    ]
}

/// Takes each of the broker's events to whom it concerns. Never waits.
fn dispatch(app: &App, event: &Event<'_>) {
    let (homes, exchange) = (&app.homes, &app.exchange);
    match event {
        Event::Begun => homes.begun(),
        Event::Ready => {
            app.metrics.broker_connections.inc();
            homes.ready();
        }
        Event::Lost => {
            homes.lost();
            app.control.lost();
            exchange.fail_all(&Error::BrokerOffline);
        }
        Event::Message { topic, payload, retained } => {
            app.metrics.broker_received.inc_by(payload.len() as u64);
            if *topic == dynsec::ANSWERS {
                return app.control.deliver(payload);
            }
            if app.twin.hear(topic, payload) {
                return;
            }
            match ToBridge::parse(topic) {
                Some(ToBridge::Response(site)) => exchange.deliver(&site, payload),
                Some(ToBridge::Status(site)) => {
                    exchange.hear_status(&site, payload);
                    if let Some(Home::Offline { last_seen }) = homes.hear(&site, payload, *retained) {
                        exchange.fail_site(&site, &Error::HomeOffline { last_seen });
                    }
                }
                None => tracing::debug!(topic, "a topic that is not ours"),
            }
        }
    }
}

/// Publishes what agents are to be told about answers under way.
async fn tell(exchange: Arc<Exchange>, link: Link) {
    loop {
        for (id, (site, control)) in exchange.outbox().take().await {
            let message = control.encode(exchange.client(), &id);
            // Without a broker there is nobody to tell.
            link.publish(site.request_topic(), message).await.ok();
        }
    }
}

/// Forgets from time to time what is too old.
async fn prune(store: Store) {
    const EACH: std::time::Duration = std::time::Duration::from_secs(6 * 3600);
    loop {
        // Trouble is told by the store; the next time will do.
        store.prune().await.ok();
        tokio::time::sleep(EACH).await;
    }
}
