//! Connect, subscribe, serve, back off.

use crate::config::{Broker, Config};
use crate::courier::Courier;
use crate::dispatch::Dispatch;
use crate::link;
use crate::membership::{Command, Membership};
use crate::relay::Home;
use crate::status::{State, Status};
use crate::trouble::Trouble;
use remoteaccess_common::{Backoff, unix_now};
use remoteaccess_protocol::{Presence, State as Online};
use rumqttc::{Event, EventLoop, Outgoing, Packet, Publish};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

/// Thousands of homes lose the same server at once, and come back spread over this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// After the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Name look-up, TCP, TLS and MQTT together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long running requests may take to finish when the agent stops or connects elsewhere.
const GRACE: Duration = Duration::from_secs(5);
/// What a session still has to say when it ends in peace.
const FAREWELL: Duration = Duration::from_secs(3);
/// All that sessions have in common.
#[derive(Debug)]
pub struct Context {
    /// What answers requests.
    pub home: Arc<Home>,
    /// Where to say how it goes.
    pub status: Arc<Status>,
    /// This agent's name: the installation's, a dash, and this process's.
    pub install: String,
    /// How often an idle session makes sure that it is alive.
    pub keep_alive: Duration,
}

#[derive(PartialEq, Eq)]
enum End {
    /// The agent is to stop.
    Stopped,
    /// The configuration asks for another session.
    Reconfigured,
    /// The configuration asks for none.
    SwitchedOff,
    /// It went wrong after it had been up for so long.
    Failed(Trouble, Duration),
}

/// Keeps a session as the configuration asks for, until `stop` turns true.
pub async fn run(
    context: &Context,
    mut configs: watch::Receiver<Option<Arc<Config>>>,
    mut stop: watch::Receiver<bool>,
) {
    let started = unix_now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut told = None;
    loop {
        let config = configs.borrow_and_update().clone();
        let broker = config.as_ref().and_then(|config| wanted(config));
        let server = broker.as_ref().map(|broker| format!("{}:{}", broker.host, broker.port));
        context.status.set_server(server, broker.as_ref().map(|broker| broker.site.to_string()));
        let Some(broker) = broker else {
            if config.is_some() {
                info!("remote access is switched off");
                context.status.set(State::Disabled, "Remote access is switched off.");
            }
            tokio::select! {
                _ = configs.changed() => continue,
                () = crate::turned_true(&mut stop) => return,
            }
        };
        if told.is_none() {
            context.status.set(State::Connecting, format!("Connecting to {}.", broker.host));
        }
        match serve(context, &broker, started, &mut configs, &mut stop).await {
            End::Stopped => return,
            End::Reconfigured | End::SwitchedOff => {
                backoff.reset();
                told = None;
            }
            End::Failed(trouble, lasted) => {
                let pause = backoff.pause(lasted);
                context.status.set(trouble.state, trouble.message.clone());
                // The same trouble over and over is one line in the journal.
                if told.as_ref() == Some(&trouble) {
                    debug!("{} Next try in {:.0} s.", trouble.message, pause.as_secs_f32());
                } else {
                    warn!("{} Next try in {:.0} s.", trouble.message, pause.as_secs_f32());
                }
                told = Some(trouble);
                tokio::select! {
                    () = sleep(pause) => {}
                    _ = configs.changed() => {
                        backoff.reset();
                        told = None;
                    }
                    () = crate::turned_true(&mut stop) => return,
                }
            }
        }
    }
}

/// The session that a configuration asks for, if any.
fn wanted(config: &Config) -> Option<Broker> {
    config.broker.clone().filter(|_| config.enabled)
}

async fn serve(
    context: &Context,
    broker: &Broker,
    started: u64,
    configs: &mut watch::Receiver<Option<Arc<Config>>>,
    stop: &mut watch::Receiver<bool>,
) -> End {
    let presence = |state, since| Presence {
        v: 2,
        state,
        agent: env!("CARGO_PKG_VERSION").into(),
        install: context.install.clone(),
        since,
    };
    let opened = link::open(broker, &presence(Online::Offline, unix_now()), context.keep_alive);
    let (mqtt, mut eventloop) = match opened {
        Ok(opened) => opened,
        Err(trouble) => return End::Failed(trouble, Duration::ZERO),
    };
    tokio::select! {
        connected = timeout(CONNECT_TIMEOUT, eventloop.poll()) => match connected {
            Ok(Ok(_connack)) => {}
            Ok(Err(error)) => return End::Failed(Trouble::connecting(&broker.host, broker.port, &error), Duration::ZERO),
            Err(_elapsed) => return End::Failed(no_answer(broker), Duration::ZERO),
        },
        end = other_session(configs, broker) => return end,
        () = crate::turned_true(stop) => return End::Stopped,
    }

    let up = Instant::now();
    let courier = Courier::new(mqtt.clone(), broker, presence(Online::Online, started));
    let mut session = Session {
        broker,
        membership: Membership::new(presence(Online::Online, started)),
        dispatch: Dispatch::new(context.home.clone(), context.status.clone(), mqtt, broker.site.clone()),
        status: &context.status,
        courier,
    };
    session.courier.send([Command::WatchPresence]);
    let end = loop {
        let mut poll = pin!(eventloop.poll());
        let event = loop {
            let deadline = session.membership.deadline().map(Instant::from_std);
            tokio::select! {
                event = &mut poll => break Ok(event),
                () = session.dispatch.next_ended() => {}
                () = at(deadline) => session.time_passed(),
                end = other_session(configs, broker) => break Err(end),
                () = crate::turned_true(stop) => break Err(End::Stopped),
            }
        };
        match event {
            Ok(Ok(Event::Incoming(packet))) => {
                if let Err(trouble) = session.take(packet) {
                    break End::Failed(trouble, up.elapsed());
                }
            }
            Ok(Ok(Event::Outgoing(_))) => {}
            Ok(Err(error)) => return End::Failed(Trouble::lost(&broker.host, &error), up.elapsed()),
            Err(end) => break end,
        }
    };
    // Who switches off wants nothing more to leave the house.
    let grace = if end == End::SwitchedOff { Duration::ZERO } else { GRACE };
    session.leave(&mut eventloop, grace).await;
    end
}

struct Session<'a> {
    broker: &'a Broker,
    membership: Membership,
    dispatch: Dispatch,
    status: &'a Status,
    courier: Courier,
}

impl Session<'_> {
    fn take(&mut self, packet: Packet) -> Result<(), Trouble> {
        match packet {
            Packet::Publish(publish) => self.take_message(publish),
            Packet::SubAck(ack) => {
                let refused = ack.return_codes.contains(&rumqttc::SubscribeReasonCode::Failure);
                if refused && self.membership.takes_requests() {
                    let message = format!("{} does not let this account receive requests.", self.broker.host);
                    return Err(Trouble::new(State::Unreachable, message));
                }
                let commands = self.membership.subscribed();
                self.follow(commands);
            }
            Packet::UnsubAck(_) => {
                let commands = self.membership.round_trip(std::time::Instant::now());
                self.follow(commands);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_message(&mut self, publish: Publish) {
        if publish.topic == self.broker.site.status_topic() {
            if let Some(seen) = Presence::parse(&publish.payload) {
                let commands = self.membership.seen(&seen, std::time::Instant::now());
                self.follow(commands);
            }
        } else if publish.retain {
            debug!("a retained request is ignored: it would run again at every connect");
        } else if self.membership.takes_requests() {
            self.dispatch.take(publish.payload);
        }
    }

    fn time_passed(&mut self) {
        let commands = self.membership.time_passed(std::time::Instant::now());
        self.follow(commands);
    }

    fn follow(&mut self, commands: Vec<Command>) {
        if commands.contains(&Command::Say(Online::Online)) {
            let message = format!("Connected to {} as {}.", self.broker.host, self.broker.site);
            info!("{message}");
            self.status.set(State::Connected, message);
        } else if self.membership.twin().is_some() {
            let message = format!(
                "Another emoncms is connected to {} as {}. Switch remote access off there, \
                 or use another account here; this one takes over as soon as the other leaves.",
                self.broker.host, self.broker.site
            );
            // Once, not at every probe: two homes may stay like this for years.
            if self.status.set(State::AccountInUse, message.clone()) {
                warn!("{message}");
            }
        }
        self.courier.send(commands);
    }

    /// Finishes what runs and says goodbye, so that nobody waits for a last will.
    async fn leave(mut self, eventloop: &mut EventLoop, grace: Duration) {
        let served = self.membership.serves();
        let farewell = async {
            if served {
                self.courier.send([Command::LeaveRequests]);
                self.dispatch.finish(grace).await;
                self.courier.send([Command::Say(Online::Offline)]);
            }
            self.courier.disconnect().await;
        };
        let gone = async {
            while !matches!(eventloop.poll().await, Err(_) | Ok(Event::Outgoing(Outgoing::Disconnect))) {}
        };
        let _ = timeout(grace + FAREWELL, async { tokio::join!(farewell, gone) }).await;
    }
}

/// Returns when the configuration asks for something else than the session with `broker`.
async fn other_session(configs: &mut watch::Receiver<Option<Arc<Config>>>, broker: &Broker) -> End {
    let asked = |config: &Option<Arc<Config>>| config.as_ref().and_then(|config| wanted(config));
    match configs.wait_for(|config| asked(config).as_ref() != Some(broker)).await {
        Ok(config) if asked(&config).is_none() => End::SwitchedOff,
        Ok(_) => End::Reconfigured,
        Err(_) => std::future::pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn no_answer(broker: &Broker) -> Trouble {
    let message = format!(
        "{} did not answer at port {} within {} seconds.",
        broker.host,
        broker.port,
        CONNECT_TIMEOUT.as_secs()
    );
    Trouble::new(State::Unreachable, message)
}
