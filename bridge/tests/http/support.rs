//! A bridge without sockets: requests go in by `oneshot`, what would be published comes out of a queue, and the
//! test plays the homes.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use remoteaccess_bridge::{
    Config,
    accounts::token_hash,
    app::App,
    broker::Link,
    metrics::Traffic,
    proxies::Proxies,
    routes,
    server::{self, Door},
    store::{Credential, NewAccount, NewKey, Store},
};
use remoteaccess_common::Secret;
use remoteaccess_protocol::{
    ClientId, Frame, Refusal, Rights, Site, Start,
    request::{self, Incoming},
};
use rumqttc::{AsyncClient, Request as Publish};
use std::{
    net::SocketAddr,
    sync::{Arc, mpsc},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const ANN_READ: &str = "00112233445566778899aabbccddeeff";
pub(crate) const ANN_WRITE: &str = "ffeeddccbbaa99887766554433221100";
pub(crate) const BOB_READ: &str = "b0112233445566778899aabbccddeeff";
pub(crate) const BOB_WRITE: &str = "bfeeddccbbaa99887766554433221100";
/// Of `PASSWORD`, with little work.
const HASH: &str =
    "$argon2id$v=19$m=1024,t=1,p=1$cmVtb3RlYWNjZXNzLXRlc3Q$+qOjv3pQxbwWa7Y+7vHKzMNOEAZefpmmxxfs9vy7OUM";

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Ann has an agent of today, Bob a client of 2018.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) routes: Router,
    published: flume::Receiver<Publish>,
    broker: watch::Sender<Option<AsyncClient>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `Err` where the transfer broke off.
    pub(crate) body: Result<Bytes, String>,
}

impl World {
    /// Connected to its broker; Ann is online.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// As [`World::new`], with lines for `[limits]`.
    pub(crate) async fn with(limits: &str) -> Self {
        Self::configured(&format!("[limits]\n{limits}")).await
    }

    /// As [`World::new`], with more of a configuration.
    pub(crate) async fn configured(more: &str) -> Self {
        let text = format!(
            "https = false\nsecret = \"{SECRET}\"\n[database]\nurl = \"sqlite::memory:\"\n[accounts]\n\
             argon2_memory_kib = 8192\n[broker]\nhost = \"localhost\"\n{more}\n"
        );
        let config = Config::parse(&text).unwrap();
        let holding = hold_time();
        let store = Store::open(&config.database.url).await.unwrap();
        add_account(&store, "ann", 7, [ANN_READ, ANN_WRITE], false).await;
        add_account(&store, "bob", 8, [BOB_READ, BOB_WRITE], true).await;
        drop(holding);
        hold_time_for(&store);
        let (sender, published) = flume::bounded(64);
        let (broker, client) = watch::channel(Some(AsyncClient::from_senders(sender)));
        let name = ClientId::new("b-test").unwrap();
        let app = Arc::new(App::new(&config, store, name, Link::new(client)).unwrap());
        // Nobody tells the broker anything about its clients here.
        drop(app.courier());
        let world = Self { routes: routes::router(Arc::clone(&app)), app, published, broker };
        world.app.homes.begun();
        world.presence("ann", "online");
        world
    }

    pub(crate) fn presence(&self, name: &str, state: &str) {
        let message =
            format!(r#"{{"v":2,"state":"{state}","agent":"1.2.3","install":"i","since":1800000000}}"#);
        let gone = self.app.homes.hear(&site(name), message.as_bytes(), false);
        if gone.is_some() {
            let error = remoteaccess_bridge::error::Error::HomeOffline { last_seen: Some(1_800_000_000) };
            self.app.exchange.fail_site(&site(name), &error);
        }
    }

    pub(crate) fn lose_broker(&self) {
        self.broker.send_replace(None);
        self.app.exchange.fail_all(&remoteaccess_bridge::error::Error::BrokerOffline);
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes()).map_err(|error| error.to_string());
        Answer { status: head.status, headers: head.headers, body }
    }

    /// Listens on `address` until the runtime ends.
    pub(crate) async fn listen(&self, address: &str) -> SocketAddr {
        self.listen_behind(address, Arc::default()).await
    }

    /// The same, with proxies that are believed.
    pub(crate) async fn listen_behind(&self, address: &str, proxies: Arc<Proxies>) -> SocketAddr {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        serve(self.routes.clone(), listener, proxies, Traffic::default(), std::future::pending()).0
    }

    /// Sends a request whose answer the test has yet to give.
    pub(crate) fn start(&self, request: Request<Body>) -> JoinHandle<Answer> {
        let routes = self.routes.clone();
        tokio::spawn(async move {
            let response = routes.oneshot(request).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).map_err(|error| error.to_string());
            Answer { status: head.status, headers: head.headers, body }
        })
    }

    /// The next message to `name`'s home, as text and as its agent reads it.
    pub(crate) async fn asked(&self, name: &str) -> (String, Incoming) {
        let next = tokio::time::timeout(Duration::from_secs(5), self.published.recv_async());
        let Publish::Publish(message) = next.await.expect("something is published").unwrap() else {
            panic!()
        };
        assert_eq!(message.topic, format!("user/{name}/request"));
        assert!(!message.retain && message.qos == rumqttc::QoS::AtMostOnce);
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        let incoming = request::parse(&message.payload).unwrap();
        (text, incoming)
    }

    /// The next request to `name`'s home.
    pub(crate) async fn request(&self, name: &str) -> remoteaccess_protocol::Request {
        match self.asked(name).await.1 {
            Incoming::Request(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn nothing_published(&self) -> bool {
        self.published.is_empty()
    }

    /// `name`'s home sends a piece.
    pub(crate) fn piece(
        &self,
        name: &str,
        id: &str,
        seq: u32,
        last: bool,
        start: Option<Start>,
        body: &[u8],
    ) {
        let frame = Frame::Piece { id: id.to_owned(), seq, last, start, body };
        self.app.exchange.deliver(&site(name), &frame.encode().into());
    }

    /// `name`'s home refuses.
    pub(crate) fn refuse(&self, name: &str, id: &str, refusal: Refusal) {
        let frame = Frame::Refusal { id: id.to_owned(), seq: 0, refusal };
        self.app.exchange.deliver(&site(name), &frame.encode().into());
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.body.as_ref().unwrap()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap()
    }

    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// Serves until `stop`; what is served ends after what was under way.
pub(crate) fn serve(
    routes: Router,
    listener: TcpListener,
    proxies: Arc<Proxies>,
    traffic: Traffic,
    stop: impl Future<Output = ()> + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let address = listener.local_addr().unwrap();
    let door = Door { listener, tls: None, proxies, connections: 4096, connections_each: 256, traffic };
    let served = server::serve(door, routes, stop);
    (address, tokio::spawn(async move { served.await.unwrap() }))
}

async fn add_account(store: &Store, name: &str, userid: i64, keys: [&str; 2], first_generation: bool) {
    let password_hash = Secret::new(HASH);
    let name = name.to_owned();
    let new = NewAccount { name, upstream_id: None, userid: Some(userid), password_hash, first_generation };
    let account = store.add_account(&new).await.unwrap().unwrap().id;
    if first_generation {
        let home = &store.homes(account).await.unwrap()[0];
        assert!(store.set_credential(home, Credential::Account, "a password").await.unwrap());
    }
    for (key, rights) in keys.into_iter().zip([Rights::Read, Rights::Write]) {
        let hash = token_hash(key);
        let new = NewKey { hash: &hash, account, rights, label: "test", program: false };
        store.add_key(&new).await.unwrap().unwrap();
    }
}

/// A paused clock runs on as soon as the runtime has nothing to do, which it does not have while the database's own
/// thread works; what blocks keeps it. Until this is dropped.
fn hold_time() -> mpsc::Sender<()> {
    let (holding, held) = mpsc::channel();
    tokio::task::spawn_blocking(move || held.recv().ok());
    holding
}

/// Holds a paused clock whenever the database is at work.
fn hold_time_for(store: &Store) {
    let mut at_work = store.at_work();
    tokio::spawn(async move {
        while at_work.wait_for(|count| *count > 0).await.is_ok() {
            let _holding = hold_time();
            at_work.wait_for(|count| *count == 0).await.map(drop).ok();
        }
    });
}

pub(crate) fn site(name: &str) -> Site {
    Site::new(name).unwrap()
}

/// A whole answer's beginning.
pub(crate) fn start(content_type: &str) -> Option<Start> {
    Some(Start { status: 200, content_type: Some(content_type.to_owned()), zstd: false, etag: None })
}

/// A request with headers.
pub(crate) fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(uri).header("host", "cloud.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// A GET in Ann's name.
pub(crate) fn get(uri: &str) -> Request<Body> {
    request("GET", uri, &[("authorization", &format!("Bearer {ANN_READ}"))], "")
}
