//! Connect, subscribe, serve, back off.

use crate::config::{Broker, Config};
use crate::courier::Courier;
use crate::dispatch::Dispatch;
use crate::link;
use crate::membership::{Command, Ending, Membership};
use crate::relay::Home;
use crate::status::{State, Status};
use crate::trouble::Trouble;
use crate::twin::Past;
use remoteaccess_common::{Backoff, unix_now};
use remoteaccess_protocol::{Presence, State as Online};
use rumqttc::{Event, EventLoop, Outgoing, Packet, Publish};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

/// Thousands of homes lose the same server at once, and come back spread over this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// After the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Who was replaced by another agent of the same account looks after so many keep-alives whether that one has left, then
/// less and less often: each look interrupts the other.
const FIRST_LOOK: u32 = 1;
const LOOKS_EVERY: u32 = 20;
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
    /// Another agent serves; this one was up for so long.
    Replaced(Duration),
    /// The other agent has left: connect to serve.
    Vacant,
}

/// Keeps a session as the configuration asks for, until `stop` turns true.
pub async fn run(
    context: &Context,
    mut configs: watch::Receiver<Option<Arc<Config>>>,
    mut stop: watch::Receiver<bool>,
) {
    let started = unix_now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut looks = Backoff::new(context.keep_alive * FIRST_LOOK, context.keep_alive * LOOKS_EVERY);
    let mut past = Past::New;
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
            (past, told) = (Past::New, None);
            tokio::select! {
                _ = configs.changed() => continue,
                () = crate::turned_true(&mut stop) => return,
            }
        };
        if told.is_none() {
            context.status.set(State::Connecting, format!("Connecting to {}.", broker.host));
        }
        let (trouble, pause) =
            match serve(context, &broker, started, &mut past, &mut configs, &mut stop).await {
                End::Stopped => return,
                End::Reconfigured | End::SwitchedOff => {
                    backoff.reset();
                    looks.reset();
                    (past, told) = (Past::New, None);
                    continue;
                }
                End::Vacant => continue,
                End::Failed(trouble, lasted) => (trouble, backoff.pause(lasted)),
                End::Replaced(lasted) => (in_use(&broker), looks.pause(lasted)),
            };
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
            // Who saves here wants this one to serve.
            _ = configs.changed() => {
                backoff.reset();
                looks.reset();
                (past, told) = (Past::New, None);
            }
            () = crate::turned_true(&mut stop) => return,
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
    past: &mut Past,
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
    // A look leaves no last will: the other agent would take it for the word of one that served.
    let will = (!past.only_looks()).then(|| presence(Online::Offline, unix_now()));
    let opened = link::open(broker, will.as_ref(), context.keep_alive);
    let (mqtt, mut eventloop) = match opened {
        Ok(opened) => opened,
        Err(trouble) => return End::Failed(trouble, Duration::ZERO),
    };
    tokio::select! {
        connected = timeout(CONNECT_TIMEOUT, eventloop.poll()) => match connected {
            Ok(Ok(_connack)) => {}
            Ok(Err(error)) => return End::Failed(Trouble::connecting(broker, &error), Duration::ZERO),
            Err(_elapsed) => return End::Failed(Trouble::no_answer(broker, CONNECT_TIMEOUT), Duration::ZERO),
        },
        end = other_session(configs, broker) => return end,
        () = crate::turned_true(stop) => return End::Stopped,
    }

    let up = Instant::now();
    let courier = Courier::new(mqtt.clone(), broker, presence(Online::Online, started));
    let mut session = Session {
        broker,
        membership: Membership::new(&context.install, past.clone()),
        dispatch: Dispatch::new(context.home.clone(), context.status.clone(), mqtt, broker.site.clone()),
        status: &context.status,
        courier,
    };
    session.courier.send([Command::WatchPresence]);
    let end = loop {
        let mut poll = pin!(eventloop.poll());
        let event = loop {
            tokio::select! {
                event = &mut poll => break Ok(event),
                () = session.dispatch.next_ended() => {}
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
            Ok(Err(error)) => {
                *past = session.membership.past().clone();
                return End::Failed(Trouble::lost(&broker.host, &error), up.elapsed());
            }
            Err(end) => break end,
        }
        match session.membership.ending() {
            Some(Ending::StayAway) => break End::Replaced(up.elapsed()),
            Some(Ending::ComeBack) => break End::Vacant,
            None => {}
        }
    };
    *past = session.membership.past().clone();
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
                let command = self.membership.subscribed();
                self.follow(command);
            }
            Packet::UnsubAck(_) => {
                let command = self.membership.round_trip();
                self.follow(command);
            }
            _ => {}
        }
        Ok(())
    }

    fn take_message(&mut self, publish: Publish) {
        if publish.topic == self.broker.site.status_topic() {
            if publish.payload.is_empty() {
                let command = self.membership.taken_back();
                self.follow(command);
            } else if let Some(seen) = Presence::parse(&publish.payload) {
                let command = self.membership.seen(&seen);
                self.follow(command);
            }
        } else if publish.retain {
            debug!("a retained request is ignored: it would run again at every connect");
        } else if self.membership.takes_requests() {
            self.dispatch.take(publish.payload);
        }
    }

    fn follow(&mut self, command: Option<Command>) {
        if command == Some(Command::Say(Online::Online)) {
            let message = format!("Connected to {} as {}.", self.broker.host, self.broker.site);
            info!("{message}");
            self.status.set(State::Connected, message);
        }
        self.courier.send(command);
    }

    /// Finishes what runs and says goodbye, so that nobody waits for a last will.
    async fn leave(mut self, eventloop: &mut EventLoop, grace: Duration) {
        let served = self.membership.serves();
        let farewell = async {
            self.courier.send([Command::LeaveRequests]);
            self.dispatch.finish(grace).await;
            if served {
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

fn in_use(broker: &Broker) -> Trouble {
    let message = format!(
        "Another emoncms has connected to {} as {} and taken this one's place. Switch remote access off there, or use \
         another account here. This one looks every few minutes whether the other has left.",
        broker.host, broker.site
    );
    Trouble::new(State::AccountInUse, message)
}
