//! Everything that listens, and what keeps an eye on it.

use crate::{
    app::App,
    config::Config,
    metrics::Traffic,
    proxies::Proxies,
    pulse::Pulse,
    routes,
    server::{self, Door},
    systemd,
    tls::{self, Certificate},
};
use anyhow::{Context, Result};
use std::{future::pending, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinSet};

/// Prometheus, and somebody who looks at what it gets.
const METRICS_CONNECTIONS: usize = 16;

/// Bound sockets.
pub struct Front {
    listener: TcpListener,
    certificate: Option<Arc<Certificate>>,
    metrics: Option<TcpListener>,
    proxies: Arc<Proxies>,
    connections: usize,
    connections_each: usize,
}

impl Front {
    /// Binds the sockets and reads the certificate.
    ///
    /// # Errors
    /// Where an address is taken, or the certificate does not serve.
    pub async fn bind(config: &Config) -> Result<Self> {
        let metrics = match config.metrics {
            Some(metrics) => Some(bind(metrics.listen).await?),
            None => None,
        };
        Ok(Self {
            listener: bind(config.listen).await?,
            certificate: config.tls.clone().map(Certificate::load).transpose().context("no TLS")?,
            metrics,
            proxies: Arc::clone(&config.proxies),
            connections: config.limits.connections,
            connections_each: config.limits.connections_per_address,
        })
    }

    /// Where callers come in.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().context("the socket has no address")
    }

    /// Serves until `stop`, then lets what runs finish.
    ///
    /// # Errors
    /// Where a socket or a signal fails for good.
    pub async fn serve(self, app: Arc<App>, pulse: Pulse, stop: impl Future<Output = ()>) -> Result<()> {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        tracing::info!("listening on {scheme}://{}", self.address()?);
        // Ends its tasks when it goes out of scope.
        let mut tasks = JoinSet::new();
        if let Some(listener) = self.metrics {
            tracing::info!("metrics on http://{}/metrics", listener.local_addr()?);
            tasks.spawn(server::serve(metrics_door(listener), routes::metrics(Arc::clone(&app)), pending()));
        }
        let tls = self.certificate.as_ref().map(Certificate::acceptor).transpose()?;
        tasks.spawn(tls::keep_up(self.certificate));
        let told = Arc::clone(&app);
        let door = Door {
            listener: self.listener,
            tls,
            proxies: self.proxies,
            connections: self.connections,
            connections_each: self.connections_each,
            traffic: app.metrics.traffic.clone(),
        };
        let stop = async {
            stop.await;
            systemd::stopping();
        };
        let served = pulse.watch(server::serve(door, routes::router(app), stop));
        systemd::ready();
        tasks.spawn(async move {
            systemd::keep_informed(pulse, || sentence(&told)).await;
            Ok(())
        });
        served.await
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

fn metrics_door(listener: TcpListener) -> Door {
    Door {
        listener,
        tls: None,
        proxies: Arc::default(),
        connections: METRICS_CONNECTIONS,
        connections_each: METRICS_CONNECTIONS,
        traffic: Traffic::default(),
    }
}

/// What `systemctl status` says.
fn sentence(app: &App) -> String {
    if let Some(trouble) = app.store.trouble() {
        return format!("No database: {trouble}");
    }
    if app.provisioner.check_database().is_err() {
        return "Another database than the broker's; see the journal".to_owned();
    }
    match app.link.is_up() {
        true => format!("Serving; {} homes are online", app.homes.online()),
        false => "No connection to the broker; see the journal".to_owned(),
    }
}
