//! Connections from callers: how many, how slow, and how they end.

use crate::{
    crowd::Crowd,
    metrics::Traffic,
    patience::Patient,
    peer::Peer,
    proxies::Proxies,
    seldom::Seldom,
    under_way::{Sent, UnderWay},
};
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
    service::TowerToHyperService,
};
use socket2::SockRef;
use std::{future::poll_fn, io, net::IpAddr, pin::pin, sync::Arc, task::Poll, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

/// For greeting one another in TLS.
const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(10);
/// For the whole head of a request, and for an idle connection until the next one.
const SLOWEST_HEAD: Duration = Duration::from_secs(30);
/// What a caller may leave untaken before it is given up.
const LONGEST_STALL: Duration = Duration::from_secs(60);
/// The head of a request; also what is kept ready for a caller that reads slowly.
pub const MAX_BUFFER: usize = 64 * 1024;
/// What the system may hold of an answer that the line does not take yet; without it, megabytes of each.
const MOST_UNSENT: u32 = 128 * 1024;
/// How long requests may go on after the end was asked for: longer than one request's deadline.
const GRACE: Duration = Duration::from_secs(20);

/// Where callers come in.
pub struct Door {
    /// The socket.
    pub listener: TcpListener,
    /// For HTTPS.
    pub tls: Option<TlsAcceptor>,
    /// Who speaks for others.
    pub proxies: Arc<Proxies>,
    /// Connections at once.
    pub connections: usize,
    /// Connections from one address at once.
    pub connections_each: usize,
    /// What goes through.
    pub traffic: Traffic,
}

/// Serves until `stop`, then lets what is under way finish, and nothing else.
///
/// # Errors
/// None at present: a connection's failure is its own.
pub async fn serve(door: Door, routes: Router, stop: impl Future<Output = ()>) -> Result<()> {
    let Door { listener, tls, proxies, connections, connections_each, traffic } = door;
    let places = Arc::new(Semaphore::new(connections));
    let crowd = Crowd::new(connections_each);
    let (end, ends) = watch::channel(());
    let full = Seldom::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async { (place(&places, &full).await, listener.accept().await) };
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
        let caller = Caller { address, proxies: Arc::clone(&proxies), routes: routes.clone() };
        let (tls, traffic, ends) = (tls.clone(), traffic.clone(), ends.clone());
        tokio::spawn(async move {
            let _held = (place, share);
            if let Err(error) = meet(socket, tls, traffic, caller, ends).await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
    drop((listener, ends));
    end.send_replace(());
    if timeout(GRACE, end.closed()).await.is_err() {
        tracing::info!("requests still running after {} s are cut", GRACE.as_secs());
    }
    Ok(())
}

async fn place(places: &Arc<Semaphore>, full: &Seldom) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    full.say(|| tracing::warn!("all connections are taken; further callers wait: see limits.connections"));
    // It is never closed.
    Arc::clone(places).acquire_owned().await.ok()
}

struct Caller {
    address: IpAddr,
    proxies: Arc<Proxies>,
    routes: Router,
}

/// One connection, from its greeting to its end.
async fn meet(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    traffic: Traffic,
    caller: Caller,
    mut ends: watch::Receiver<()>,
) -> Result<()> {
    // Small answers would otherwise wait for the caller's delayed acknowledgement.
    socket.set_nodelay(true).ok();
    SockRef::from(&socket).set_tcp_notsent_lowat(MOST_UNSENT).ok();
    let under_way = UnderWay::default();
    let socket = Patient::new(socket, LONGEST_STALL, traffic, under_way.clone());
    match tls {
        None => converse(socket, caller, &under_way, ends).await?,
        Some(tls) => {
            let greeted = tokio::select! {
                greeted = timeout(SLOWEST_HANDSHAKE, tls.accept(socket)) => greeted,
                _ = ends.changed() => return Ok(()),
            };
            let socket = greeted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            converse(socket, caller, &under_way, ends).await?;
        }
    }
    Ok(())
}

async fn converse(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    caller: Caller,
    under_way: &UnderWay,
    mut ends: watch::Receiver<()>,
) -> hyper::Result<()> {
    let Caller { address, proxies, routes } = caller;
    let routes = TowerToHyperService::new(routes);
    let routes = service_fn(move |mut request: Request<Incoming>| {
        let peer = proxies.peer(address, request.headers());
        request.extensions_mut().insert(peer);
        let held = under_way.begin();
        let answer = routes.call(request);
        async move { answer.await.map(|answer| answer.map(|body| Sent::new(body, held))) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST_HEAD)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(socket), routes)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = &mut connection => return ended,
        _ = ends.changed() => connection.as_mut().graceful_shutdown(),
    }
    // Who has half a head to say is not waited for. What is under way changes only while the connection is polled.
    poll_fn(|cx| match connection.as_mut().poll(cx) {
        Poll::Pending if under_way.is_nothing() => Poll::Ready(Ok(())),
        polled => polled,
    })
    .await
}

/// A connection that vanished before it was accepted is nothing; no more file handles need time to come free.
async fn refused(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!("no further connection can be accepted: {error}; raise LimitNOFILE if it says so");
        sleep(Duration::from_secs(1)).await;
    }
}
