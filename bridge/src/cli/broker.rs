//! The broker, as far as a command changes what it knows.

use super::say;
use crate::{
    Config,
    broker::Link,
    dynsec::{Control, Direct},
    household::Household,
    provision::{Provisioner, Told},
    store::Store,
};
use anyhow::Result;
use tokio::sync::watch;

/// A household whose changes reach the broker, if it is there.
pub(super) struct AtBroker {
    pub(super) household: Household,
    _direct: Option<Direct>,
}

/// Connects to the broker for a moment. Where it is away, changes wait for a bridge to tell it.
pub(super) async fn connect(config: &Config, store: &Store) -> AtBroker {
    rustls::crypto::ring::default_provider().install_default().ok();
    let Ok(direct) = Direct::connect(&config.broker).await else {
        return AtBroker { household: away(config, store), _direct: None };
    };
    let (control, link) = (direct.control.clone(), direct.link.clone());
    let provisioner = Provisioner::new(store.clone(), control, link, config);
    // Where it is another database's, it says so and is not told.
    provisioner.compare_database().await.ok();
    AtBroker { household: Household::new(store.clone(), provisioner), _direct: Some(direct) }
}

/// A household for what the broker need not know.
pub(super) fn away(config: &Config, store: &Store) -> Household {
    let link = Link::new(watch::channel(None).1);
    let control = Control::new(link.clone()).0;
    Household::new(store.clone(), Provisioner::new(store.clone(), control, link, config))
}

/// Says where a change has not reached the broker yet.
pub(super) fn report(told: Told) -> Result<()> {
    match told {
        Told::Now => Ok(()),
        Told::Later => say(
            "the broker is not there, or is another database's; a running bridge tells it as soon as it is\n",
        ),
    }
}
