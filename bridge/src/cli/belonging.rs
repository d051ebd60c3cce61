//! `remoteaccess-bridge broker …`

use super::{USAGE, say};
use crate::{Config, dynsec::Direct, provision::Provisioner, store::Store};
use anyhow::{Result, bail};

pub(super) async fn run(config: &Config, store: &Store, arguments: &[&str]) -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let Direct { control, link, .. } = &Direct::connect(&config.broker).await?;
    let broker = Provisioner::new(store.clone(), control.clone(), link.clone(), config);
    match arguments {
        [] => say(&format!("{}\n", broker.census().await?)),
        ["adopt"] => {
            let before = broker.census().await?;
            broker.adopt().await?;
            if before.agrees() {
                return say("the broker belongs to this database already\n");
            }
            say(&format!(
                "the broker belongs to this database now; a running bridge sends away {} homes that are not in it\n",
                before.unknown
            ))
        }
        ["mend"] => match broker.mend_bridges().await? {
            true => say("bridges have the rights that this version needs, and connect anew\n"),
            false => say("bridges have the rights that this version needs; nothing was changed\n"),
        },
        _ => bail!(USAGE),
    }
}
