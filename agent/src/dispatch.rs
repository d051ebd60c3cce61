//! From messages on the request topic to answers: a task and a permit for each request.

use crate::deliver::Outlet;
use crate::flow::Flow;
use crate::relay::{self, Asked, Home, Outcome};
use crate::status::Status;
use crate::uplink::Uplink;
use bytes::Bytes;
use remoteaccess_protocol::{
    ClientId, ErrorCode, Refusal, Request, Site,
    limits::INITIAL_CREDIT,
    request::{self, Incoming, ReplyTo},
};
use rumqttc::AsyncClient;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;
use tracing::{Instrument, debug, debug_span, error};

/// Requests that run at once; what emoncms on a Pi can do with its processors.
pub const CONCURRENT_REQUESTS: usize = 8;
/// Requests that wait for their turn; what comes on top is told `busy`.
const QUEUED_REQUESTS: usize = 56;
/// Tasks in all, refusals included; messages beyond that go unanswered.
const MAX_TASKS: usize = 1024;

/// How long the refusals of what still runs may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The requests of one session. Dropping it ends them.
#[derive(Debug)]
pub struct Dispatch {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

#[derive(Debug)]
struct Shared {
    home: Arc<Home>,
    status: Arc<Status>,
    mqtt: AsyncClient,
    site: Site,
    uplink: Arc<Uplink>,
    places: Arc<Semaphore>,
    permits: Arc<Semaphore>,
    running: Mutex<HashMap<Key, Running>>,
}

type Key = (ClientId, String);

#[derive(Debug)]
struct Running {
    flow: Arc<Flow>,
    task: AbortHandle,
}

impl Dispatch {
    /// For a session that has just begun.
    pub fn new(home: Arc<Home>, status: Arc<Status>, mqtt: AsyncClient, site: Site) -> Self {
        let shared = Shared {
            home,
            status,
            mqtt,
            site,
            uplink: Arc::new(Uplink::default()),
            places: Arc::new(Semaphore::new(CONCURRENT_REQUESTS + QUEUED_REQUESTS)),
            permits: Arc::new(Semaphore::new(CONCURRENT_REQUESTS)),
            running: Mutex::default(),
        };
        Self { shared: Arc::new(shared), tasks: JoinSet::new(), stop: watch::Sender::new(false) }
    }

    /// Takes one message. Never waits.
    pub fn take(&mut self, payload: Bytes) {
        match request::parse(&payload) {
            Ok(Incoming::Request(request)) => self.start(*request, payload),
            Ok(Incoming::Credit { client, id, credit, received }) => {
                let flow = self.shared.running(|running| running.get(&(client, id)).map(|r| r.flow.clone()));
                if let Some(flow) = flow {
                    flow.grant(credit, received);
                }
            }
            Ok(Incoming::Cancel { client, id }) => {
                let running = self.shared.running(|running| running.remove(&(client, id)));
                if let Some(Running { task, .. }) = running {
                    task.abort();
                }
            }
            Ok(Incoming::Ignored) => {}
            Err(bad) => {
                debug!("a message that is no request: {}", bad.refusal.message);
                if let Some(reply) = bad.reply {
                    self.refuse("?".into(), reply, bad.refusal, payload);
                }
            }
        }
    }

    /// Waits for a task to end, for ever where there is none.
    pub async fn next_ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Err(failed)) if failed.is_panic() => error!("a request's task panicked; please report this"),
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// Refuses what waits, and what still runs after `grace`.
    pub async fn finish(&mut self, grace: Duration) {
        self.shared.permits.close();
        let finished = async {
            while !self.tasks.is_empty() {
                self.next_ended().await;
            }
        };
        if tokio::time::timeout(grace, finished).await.is_err() {
            self.stop.send_replace(true);
            let refused = async {
                while !self.tasks.is_empty() {
                    self.next_ended().await;
                }
            };
            let _ = tokio::time::timeout(LAST_WORDS, refused).await;
        }
    }

    fn start(&mut self, request: Request, payload: Bytes) {
        let endpoint = request.endpoint.to_string();
        // What is not allowed need not wait for its turn.
        if let Err(refusal) = self.shared.home.check(&request) {
            return self.refuse(endpoint, request.reply_to(), refusal, payload);
        }
        let Ok(place) = self.shared.places.clone().try_acquire_owned() else {
            let refusal = busy("this home is answering as many requests as it can; try again in a moment");
            return self.refuse(endpoint, request.reply_to(), refusal, payload);
        };
        let key = request.v2.as_ref().map(|v2| (request.client.clone(), v2.id.clone()));
        if key.as_ref().is_some_and(|key| self.shared.running(|running| running.contains_key(key))) {
            return debug!("a request with the id of one that is still running is ignored");
        }
        let credit = request.v2.as_ref().map_or(INITIAL_CREDIT, |v2| v2.credit);
        let flow = Arc::new(Flow::new(self.shared.uplink.clone(), credit));
        let span =
            debug_span!("request", id = key.as_ref().map_or("first generation", |(_, id)| id), %endpoint);

        let (shared, stop) = (self.shared.clone(), self.stop.subscribe());
        let ending = Ending {
            shared: shared.clone(),
            key: key.clone(),
            flow: flow.clone(),
            endpoint,
            began: Instant::now(),
            outcome: None,
        };
        let answer = answer(shared, request, payload, flow.clone(), stop, ending);
        let task = self.tasks.spawn(
            async move {
                answer.await;
                drop(place);
            }
            .instrument(span),
        );
        if let Some(key) = key {
            // The task has not begun: there is one thread, and this is it.
            self.shared.running(|running| running.insert(key, Running { flow, task }));
        }
    }

    fn refuse(&mut self, endpoint: String, reply: ReplyTo, refusal: Refusal, payload: Bytes) {
        self.shared.status.count(endpoint, &Outcome::refused(&refusal), Duration::ZERO);
        if self.tasks.len() >= MAX_TASKS {
            return debug!("too many messages at once: one goes unanswered");
        }
        let outlet = self.shared.outlet(&reply.client);
        // Only the first generation wants its message back; a flood of large ones is not kept for nothing.
        let payload = if reply.id.is_some() { Bytes::new() } else { payload };
        self.tasks.spawn(async move { relay::refuse(&reply, &refusal, &payload, 0, &outlet).await });
    }
}

impl Shared {
    fn outlet(&self, client: &ClientId) -> Outlet {
        Outlet { mqtt: self.mqtt.clone(), topic: self.site.response_topic(client) }
    }

    fn running<T>(&self, work: impl FnOnce(&mut HashMap<Key, Running>) -> T) -> T {
        work(&mut self.running.lock().expect("nothing panics while it holds the map"))
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request,
    payload: Bytes,
    flow: Arc<Flow>,
    mut stop: watch::Receiver<bool>,
    mut ending: Ending,
) {
    let outlet = shared.outlet(&request.client);
    let refuse = async |refusal: Refusal| {
        relay::refuse(&request.reply_to(), &refusal, &payload, flow.frames(), &outlet).await;
        Outcome { bytes: flow.sent(), ..Outcome::refused(&refusal) }
    };
    let patience = request.v2.as_ref().map_or(relay::FIRST_GENERATION_TIMEOUT, |v2| v2.timeout);
    let deadline = ending.began + patience;
    let permit = tokio::time::timeout_at(deadline, shared.permits.clone().acquire_owned()).await;
    let asked = Asked { request: &request, payload: &payload, deadline, flow: &flow, outlet: &outlet };
    let outcome = match permit {
        Ok(Ok(permit)) => {
            flow.begin_turn(permit);
            tokio::select! {
            outcome = relay::answer(&shared.home, &asked) => outcome,
            // Not as busy: emoncms may be at it, and who comes again would have it done twice.
            () = crate::turned_true(&mut stop) => refuse(Refusal::new(
                ErrorCode::EmoncmsTimeout,
                "the home's agent had to stop before emoncms answered",
            )).await,
            }
        }
        Ok(Err(_closed)) => refuse(busy("the home's agent is stopping")).await,
        Err(_elapsed) => {
            refuse(busy("this home did not get round to the request; try again in a moment")).await
        }
    };
    flow.end_turn();
    ending.outcome = Some(outcome);
}

/// Notes how a request ended, also when its task was aborted because the caller had gone.
struct Ending {
    shared: Arc<Shared>,
    key: Option<Key>,
    flow: Arc<Flow>,
    endpoint: String,
    began: Instant,
    outcome: Option<Outcome>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        // After a cancel, the same id may already name another request.
        if let Some(key) = &self.key {
            self.shared.running(|running| {
                if running.get(key).is_some_and(|running| Arc::ptr_eq(&running.flow, &self.flow)) {
                    running.remove(key);
                }
            });
        }
        let outcome = self.outcome.unwrap_or(Outcome::CANCELLED);
        let took = self.began.elapsed();
        debug!(
            "{:?} {} after {} ms, {} bytes",
            outcome.verdict,
            outcome.status,
            took.as_millis(),
            outcome.bytes
        );
        self.shared.status.count(std::mem::take(&mut self.endpoint), &outcome, took);
    }
}

fn busy(message: &str) -> Refusal {
    Refusal::new(ErrorCode::Busy, message)
}
