//! Connections from callers: how many, how slow, and how they end.

use crate::{crowd::Crowd, patience::Patient, peer::Peer, proxies::Proxies};
use anyhow::Result;
use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

/// Connections at once; further ones wait in the system's own queue.
const MAX_CONNECTIONS: usize = 4096;
/// Connections from one address at once: several browsers behind one router, and not everybody's.
const MAX_CONNECTIONS_EACH: usize = 256;
/// For the whole head of a request, and for an idle connection until the next one.
const SLOWEST_HEAD: Duration = Duration::from_secs(30);
/// What a caller may leave untaken before it is given up.
const LONGEST_STALL: Duration = Duration::from_secs(60);
/// The head of a request; also what is kept ready for a caller that reads slowly.
const MAX_BUFFER: usize = 64 * 1024;
/// How long requests may go on after the end was asked for: longer than one request's deadline.
const GRACE: Duration = Duration::from_secs(20);

/// Serves until `stop`, then lets what runs finish.
///
/// # Errors
/// None at present: a connection's failure is its own.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    proxies: Arc<Proxies>,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let crowd = Crowd::new(MAX_CONNECTIONS_EACH);
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async { (place.await, listener.accept().await) };
        let (place, socket, address) = tokio::select! {
            (place, accepted) = next => match accepted {
                Ok((socket, address)) => (place, socket, address.ip()),
                Err(error) => {
                    refused(&error).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Who is behind a proxy shows only in what it sends.
        let counted = if proxies.trusts(address) { None } else { Peer::new(address).limited() };
        let Some(share) = crowd.enter(counted) else {
            tracing::debug!(%address, "too many connections from one address");
            continue;
        };
        let connection = connection(socket, address, Arc::clone(&proxies), routes.clone());
        let connection = open.watch(connection);
        tokio::spawn(async move {
            let _held = (place, share);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop(listener);
    if timeout(GRACE, open.shutdown()).await.is_err() {
        tracing::info!("requests still running after {} s are cut", GRACE.as_secs());
    }
    Ok(())
}

fn connection(
    socket: TcpStream,
    address: IpAddr,
    proxies: Arc<Proxies>,
    routes: Router,
) -> impl GracefulConnection<Error = hyper::Error> {
    // Small answers would otherwise wait for the caller's delayed acknowledgement.
    socket.set_nodelay(true).ok();
    let routes = TowerToHyperService::new(routes);
    let routes = service_fn(move |mut request: Request<Incoming>| {
        let peer = proxies.peer(address, request.headers());
        request.extensions_mut().insert(peer);
        routes.call(request)
    });
    let io = TokioIo::new(Patient::new(socket, LONGEST_STALL));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEAD)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(io, routes)
}

/// A connection that vanished before it was accepted is nothing; no more file handles need time to come free.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!("no further connection can be accepted: {error}; raise LimitNOFILE if it says so");
        sleep(Duration::from_secs(1)).await;
    }
}
