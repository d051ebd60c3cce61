//! Commands on their way to the plugin: collected for a moment, sent as one message, awaited within limits.

use super::{
    TOPIC,
    command::{Command, Fault, answered},
};
use crate::broker::Link;
use remoteaccess_common::random;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};

/// How long a command waits for others that can go with it.
const COLLECTS: Duration = Duration::from_millis(15);
/// Commands in one message. The broker serves nobody else meanwhile: with 5000 homes a change takes it 0.1 s.
const MAX_COMMANDS: usize = 8;
/// Commands that wait for their message; who has more waits.
const MAX_QUEUED: usize = 256;
/// How long a message's answers may take: a hundred times what they need with thousands of homes.
const SLOWEST: Duration = Duration::from_secs(20);

type Outcome = Result<Value, Fault>;

/// A way to command the plugin, shared by all who need it.
#[derive(Clone, Debug)]
pub struct Control {
    jobs: mpsc::Sender<Job>,
    waiting: Arc<Waiting>,
}

/// Sends what is asked of a [`Control`].
#[derive(Debug)]
pub struct Courier {
    jobs: mpsc::Receiver<Job>,
    waiting: Arc<Waiting>,
    link: Link,
    /// Tells this bridge's commands from others'.
    prefix: String,
    sent: u64,
}

#[derive(Debug)]
struct Job {
    command: Command,
    outcome: oneshot::Sender<Outcome>,
}

#[derive(Debug, Default)]
struct Waiting {
    marks: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    empty: Notify,
}

impl Control {
    /// Sends through `link` while the courier runs.
    pub fn new(link: Link) -> (Self, Courier) {
        let (sender, jobs) = mpsc::channel(MAX_QUEUED);
        let waiting = Arc::<Waiting>::default();
        let prefix = random::hex_id::<8>();
        (
            Self { jobs: sender, waiting: Arc::clone(&waiting) },
            Courier { jobs, waiting, link, prefix, sent: 0 },
        )
    }

    /// Carries out one command.
    ///
    /// # Errors
    /// Why it was not carried out. After [`Fault::Silent`] and [`Fault::Offline`] it may have been.
    pub async fn run(&self, command: Command) -> Result<Value, Fault> {
        let outcome = self.submit(command).await?;
        outcome.await.unwrap_or(Err(Fault::Offline))
    }

    /// Carries out commands in their order, each whatever became of those before it.
    pub async fn run_all(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let mut pending = Vec::new();
        for command in commands {
            pending.push(self.submit(command).await);
        }
        let mut outcomes = Vec::new();
        for outcome in pending {
            outcomes.push(match outcome {
                Ok(outcome) => outcome.await.unwrap_or(Err(Fault::Offline)),
                Err(fault) => Err(fault),
            });
        }
        outcomes
    }

    /// Carries out a command whose answer has data of this type.
    ///
    /// # Errors
    /// As [`Control::run`], and where the answer is something else.
    pub async fn ask<T: DeserializeOwned>(&self, command: Command) -> Result<T, Fault> {
        let data = self.run(command).await?;
        serde_json::from_value(data).map_err(|_| Fault::Refused("an answer of another form".into()))
    }

    /// Takes in a message from [`super::ANSWERS`]. Never waits.
    pub fn deliver(&self, message: &[u8]) {
        let mut marks = self.waiting.marks();
        for (mark, result) in answered(message) {
            if let Some(outcome) = mark.and_then(|mark| marks.remove(&mark)) {
                // Whoever asked may have given up.
                outcome.send(result).ok();
            }
        }
        if marks.is_empty() {
            self.waiting.empty.notify_waiters();
        }
    }

    /// The broker is lost: no answer will come.
    pub fn lost(&self) {
        self.waiting.fail(&Fault::Offline);
    }

    async fn submit(&self, command: Command) -> Result<oneshot::Receiver<Outcome>, Fault> {
        let (outcome, receiver) = oneshot::channel();
        self.jobs.send(Job { command, outcome }).await.map_err(|_| Fault::Offline)?;
        Ok(receiver)
    }
}

impl Courier {
    /// Sends until nobody can command any more. One message is under way at a time.
    pub async fn run(mut self) {
        while let Some(job) = self.jobs.recv().await {
            let batch = self.collect(job).await;
            let (mut commands, mut outcomes) = (Vec::new(), HashMap::new());
            for Job { command, outcome } in batch {
                self.sent += 1;
                let mark = format!("{}-{}", self.prefix, self.sent);
                commands.push(command.encode(&mark));
                outcomes.insert(mark, outcome);
            }
            self.waiting.marks().extend(outcomes);
            let all_answered = self.waiting.empty.notified();
            let message = json!({"commands": commands}).to_string().into_bytes();
            let fault = match timeout(SLOWEST, self.link.publish(TOPIC.to_owned(), message)).await {
                Ok(Ok(())) => timeout(SLOWEST, all_answered).await.err().map(|_| Fault::Silent),
                Ok(Err(_)) => Some(Fault::Offline),
                Err(_) => Some(Fault::Silent),
            };
            if let Some(fault) = fault {
                self.waiting.fail(&fault);
            }
        }
    }

    async fn collect(&mut self, first: Job) -> Vec<Job> {
        let (mut batch, until) = (vec![first], Instant::now() + COLLECTS);
        while batch.len() < MAX_COMMANDS {
            match timeout_at(until, self.jobs.recv()).await {
                Ok(Some(job)) => batch.push(job),
                _ => break,
            }
        }
        batch
    }
}

impl Waiting {
    fn fail(&self, fault: &Fault) {
        for (_, outcome) in self.marks().drain() {
            outcome.send(Err(fault.clone())).ok();
        }
        self.empty.notify_waiters();
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Outcome>>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
