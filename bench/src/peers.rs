//! All that are compared, up at the same time and idle while another one is measured.

use crate::backend::{self, KEY};
use crate::chain::{self, Cloud, Home};
use crate::load::Target;
use crate::rathole::{self, Place, Tunnel};
use crate::{Plan, first_generation, prototype};
use anyhow::Result;
use remoteaccess_tests::ports;
use remoteaccess_tests::process::Process;
use rustix::process::Signal;
use std::net::{Ipv4Addr, SocketAddr};

/// One of those that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Straight to the backend.
    Direct,
    /// Our chain.
    Ours,
    /// The bare prototype.
    Prototype,
    /// The tunnel.
    Rathole,
    /// The stand-in of the first generation.
    Old,
}

impl Peer {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 5] = [Self::Direct, Self::Ours, Self::Prototype, Self::Rathole, Self::Old];

    /// What the table calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Ours => "ours",
            Self::Prototype => "prototype",
            Self::Rathole => "rathole",
            Self::Old => "old",
        }
    }
}

/// Everything that runs for the comparison.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Our cloud; the broker serves the prototype and the stand-in as well.
    pub(crate) cloud: Cloud,
    homes: Vec<Home>,
    backend: Process,
    backend_address: SocketAddr,
    prototype: [Process; 2],
    prototype_address: SocketAddr,
    old: [Process; 2],
    old_address: SocketAddr,
    tunnel: Tunnel,
}

/// Our homes. One takes 64 requests at once and refuses more, so 128 are spread over three.
const HOMES: [&str; 3] = ["alice", "bob", "carol"];
/// What a home is asked at once: its places come free a moment after their callers have their answers.
const MOST_PER_HOME: usize = 48;

impl Peers {
    /// Starts all.
    pub(crate) async fn start() -> Result<Self> {
        let program = rathole::program()?;
        let cloud = Cloud::start(&HOMES, &[prototype::SITE, first_generation::SITE], &[]).await?;
        let backend = chain::role("backend", &[], None)?;
        let backend_address = chain::listens(&backend).await?;
        let emoncms = format!("http://{backend_address}");

        let mut homes = Vec::new();
        for name in HOMES {
            homes.push(cloud.home(&cloud.home_login(name)?, &emoncms, None).await?);
        }
        let pair = async |home: &'static str, at_cloud: &'static str, site: &str| {
            let mut arguments = cloud.home_login(site)?.arguments().to_vec();
            arguments.extend([emoncms.clone(), KEY.to_owned()]);
            let home = chain::role(home, &arguments, None)?;
            home.logged("ready").await;
            let at_cloud = chain::role(at_cloud, &cloud.cloud_login().arguments(), None)?;
            let address = chain::listens(&at_cloud).await?;
            anyhow::Ok(([home, at_cloud], address))
        };
        let (prototype, prototype_address) =
            pair("prototype-home", "prototype-cloud", prototype::SITE).await?;
        let (old, old_address) = pair("old-home", "old-cloud", first_generation::SITE).await?;

        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
        let place = Place {
            program: &program,
            server,
            reached_at: server,
            emoncms: backend_address,
            namespace: None,
        };
        let tunnel = Tunnel::start(place).await?;
        let peers = Self {
            cloud,
            homes,
            backend,
            backend_address,
            prototype,
            prototype_address,
            old,
            old_address,
            tunnel,
        };
        for peer in Peer::ALL {
            chain::up(&peers.target(peer, HOMES[0], backend::SIZES[0], false)?).await;
        }
        peers.rest(Peer::Old);
        Ok(peers)
    }

    /// Where to ask a peer for an answer of `size` when so many are asked at once.
    pub(crate) fn targets(
        &self,
        peer: Peer,
        size: usize,
        in_flight: usize,
        zstd: bool,
    ) -> Result<Vec<Target>> {
        let homes = in_flight.div_ceil(MOST_PER_HOME);
        HOMES.iter().take(homes).map(|home| self.target(peer, home, size, zstd)).collect()
    }

    fn target(&self, peer: Peer, home: &str, size: usize, zstd: bool) -> Result<Target> {
        let path = backend::path(size);
        let target = match peer {
            Peer::Ours => self.cloud.target(home, &path)?,
            Peer::Direct => Target::get(self.backend_address, &path, KEY),
            Peer::Rathole => Target::get(self.tunnel.visitors, &path, KEY),
            Peer::Prototype => Target::get(self.prototype_address, &path, KEY),
            Peer::Old => Target::get(self.old_address, &path, KEY),
        };
        Ok(if zstd && peer == Peer::Ours {
            target.with_header("Accept-Encoding: gzip, deflate, br, zstd")
        } else if peer == Peer::Old {
            // It writes JSON anew, without the blanks at the end.
            target
        } else {
            target.expecting(size)
        })
    }

    /// The processes of a peer at home and in the cloud.
    pub(crate) fn pids(&self, peer: Peer, homes: usize) -> (Vec<u32>, Vec<u32>) {
        let pids = |processes: &[Process; 2]| (vec![processes[0].pid()], vec![processes[1].pid()]);
        match peer {
            Peer::Direct => (Vec::new(), vec![self.backend.pid()]),
            Peer::Ours => (
                self.homes.iter().take(homes).map(|home| home.agent.pid()).collect(),
                vec![self.cloud.bridge.process().pid()],
            ),
            Peer::Prototype => pids(&self.prototype),
            Peer::Rathole => (vec![self.tunnel.client.pid()], vec![self.tunnel.server.pid()]),
            Peer::Old => pids(&self.old),
        }
    }

    /// Asks for answers, for who looks at it meanwhile.
    pub(crate) async fn load(&self, plan: &Plan) -> Result<()> {
        for peer in [Peer::Ours, Peer::Prototype] {
            crate::say(&format!("{} now: home and cloud are {:?}\n", peer.name(), self.pids(peer, 1)));
            let targets = self.targets(peer, plan.bytes, 32, false)?;
            let outcome = crate::load::run(&targets, 32, plan.lasting).await?;
            crate::say(&format!("{} requests\n", outcome.micros.len()));
        }
        Ok(())
    }

    /// Lets a peer's processes go on.
    pub(crate) fn wake(&self, peer: Peer) {
        self.signal(peer, Signal::CONT);
    }

    /// Stops the stand-in's polling while others are measured.
    pub(crate) fn rest(&self, peer: Peer) {
        self.signal(peer, Signal::STOP);
    }

    fn signal(&self, peer: Peer, signal: Signal) {
        if peer == Peer::Old {
            self.old.iter().for_each(|process| process.signal(signal));
        }
    }
}
