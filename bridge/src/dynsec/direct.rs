//! Commands without a running bridge, for the command line.

use super::{ANSWERS, Control};
use crate::{
    broker::{Connection, Event, Subscription},
    config::BrokerConfig,
};
use anyhow::{Context, Result};
use std::time::Duration;
use tokio::{task::JoinSet, time::timeout};

/// How long the broker may take to be there.
const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// A connection to the broker for nothing but commands. Dropping it ends it.
#[derive(Debug)]
pub struct Direct {
    /// What to command by.
    pub control: Control,
    /// How to say for a home that it is gone.
    pub link: crate::broker::Link,
    _tasks: JoinSet<()>,
}

impl Direct {
    /// Connects as a bridge does.
    ///
    /// # Errors
    /// Where the broker is not there, or does not let a bridge manage its clients.
    pub async fn connect(config: &BrokerConfig) -> Result<Self> {
        let topics = vec![Subscription::needed(ANSWERS)];
        let (connection, link) = Connection::new(config, topics)?;
        let (control, courier) = Control::new(link.clone());
        let mut tasks = JoinSet::new();
        let ear = control.clone();
        tasks.spawn(connection.run(move |event| match event {
            Event::Message { payload, .. } => ear.deliver(payload),
            Event::Lost => ear.lost(),
            Event::Begun | Event::Ready => {}
        }));
        tasks.spawn(courier.run());
        let (host, port) = (&config.host, config.port());
        timeout(CONNECTS_WITHIN, link.wait_until_up())
            .await
            .with_context(|| format!("the broker at {host}:{port} does not let this program in"))?;
        Ok(Self { control, link, _tasks: tasks })
    }
}
