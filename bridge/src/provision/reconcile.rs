//! Broker and database compared as a whole: after each connection, and once a minute.

use super::{Provisioner, Told, steps::tag};
use crate::{
    dynsec::{Client, Clients, Command, Fault},
    seldom::Seldom,
    store::{Credential, Home},
};
use anyhow::{Context, Result};
use remoteaccess_common::random;
use remoteaccess_protocol::Site;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// Between two comparisons, and how much more at random, so that several bridges don't do it together.
const EACH: Duration = Duration::from_secs(60);
const MORE: Duration = Duration::from_secs(10);
/// Between two tries to find out whose the broker's homes are, and looks whether this database is given another one's.
const SOONER: Duration = Duration::from_secs(5);
/// Clients in one page of the broker's list.
const PAGE: usize = 500;
/// Homes that are put right together; then the broker gets as much time for everybody else as that took.
const TOGETHER: usize = 4;
/// Keeps the broker as the database says, for ever.
pub async fn keep(provisioner: Provisioner) {
    let mut connection = provisioner.link.watch();
    let told = Seldom::default();
    loop {
        provisioner.link.wait_until_up().await;
        connection.mark_unchanged();
        if let Err(error) = reconcile(&provisioner).await {
            told.say(|| tracing::warn!("broker and database could not be compared: {error:#}"));
        }
        // Until it is known that the homes there are ours, none can be told to the broker.
        let pause = if provisioner.known.are_ours() { EACH + random::part_of(MORE) } else { SOONER };
        // A new connection may be one to a broker that has lost its clients, or to another one.
        if timeout(pause, connection.changed()).await.is_ok() {
            provisioner.known.forget();
        }
    }
}

/// One comparison. Homes that are right already are not touched, nor are those of another database.
async fn reconcile(provisioner: &Provisioner) -> Result<()> {
    if !provisioner.compare_database().await? {
        return Ok(());
    }
    match provisioner.mend_bridges().await {
        // This connection ends, and it is looked again on the next one.
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(fault) => tracing::warn!("bridges may lack rights at the broker: {fault}"),
    }
    // The broker first: what is made meanwhile is in the database before it is there.
    let clients = clients(provisioner).await?;
    let homes = provisioner.store.all_homes().await.context("the database does not answer")?;
    let dirty = provisioner.store.dirty_homes().await.context("the database does not answer")?;
    let mut wrong: BTreeSet<Site> = dirty.into_iter().map(|home| home.site).collect();
    wrong.extend(
        homes.iter().filter(|home| differs(home, clients.get(home.site.as_str()))).map(|h| h.site.clone()),
    );
    wrong.extend(superfluous(&homes, &clients));
    wrong.retain(|site| {
        let is_free = clients.get(site.as_str()).is_none_or(Client::is_home);
        if !is_free {
            tracing::error!(home = %site, "it cannot be let in: {}", Fault::Taken);
        }
        is_free
    });
    if wrong.is_empty() {
        return Ok(());
    }
    tracing::info!("{} homes may have to be put right at the broker", wrong.len());
    let wrong: Vec<_> = wrong.into_iter().collect();
    for some in wrong.chunks(TOGETHER) {
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        for site in some {
            let (provisioner, site) = (provisioner.clone(), site.clone());
            tasks.spawn(async move { provisioner.apply(&site, None).await });
        }
        for told in tasks.join_all().await {
            if told.context("the database does not answer")? == Told::Later {
                anyhow::bail!("the broker did not take a change");
            }
        }
        sleep(start.elapsed()).await;
    }
    Ok(())
}

pub(super) async fn clients(provisioner: &Provisioner) -> Result<HashMap<String, Client>> {
    let mut all = HashMap::new();
    let mut offset = 0;
    loop {
        let page = Command::ListClients { count: PAGE, offset };
        let Clients { total, clients } = provisioner.control.ask(page).await?;
        offset += clients.len();
        let is_last = clients.is_empty() || offset >= total;
        all.extend(clients.into_iter().map(|client| (client.username.clone(), client)));
        if is_last {
            return Ok(all);
        }
    }
}

/// Whether a home of an account in use has to be looked at.
fn differs(home: &Home, client: Option<&Client>) -> bool {
    match (home.credential, client) {
        (Credential::None | Credential::Revoked, client) => client.is_some(),
        (Credential::Device, None) => true,
        // Its owner has to say the password.
        (Credential::Account, None) => false,
        (Credential::Device, Some(client)) => {
            client.tag != tag(home) || client.disabled != home.is_cut() || is_otherwise(home, client)
        }
        // With an earlier password it is disabled, until its owner says the new one.
        (Credential::Account, Some(client)) => {
            client.disabled != (client.tag != tag(home) || home.is_cut()) || is_otherwise(home, client)
        }
    }
}

/// Whether a client's role is another one than this home's, or has the rights of an earlier version.
fn is_otherwise(home: &Home, client: &Client) -> bool {
    !client.is_home_of(&home.site) || !client.has_rights()
}

/// Clients of homes that are in no account in use; those that may not connect anyhow can stay.
pub(super) fn superfluous(homes: &[Home], clients: &HashMap<String, Client>) -> Vec<Site> {
    let known: HashSet<_> = homes.iter().map(|home| home.site.as_str()).collect();
    let of_homes = clients.values().filter(|client| client.is_home() && !client.disabled);
    let unknown = of_homes.filter(|client| !known.contains(client.username.as_str()));
    unknown.filter_map(|client| Site::new(&client.username)).collect()
}
