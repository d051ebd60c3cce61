//! What the tests and the demo stand on: real parts where a real part can run here, and stand-ins that behave as the
//! real ones were observed to.
//!
//! A [`world::World`] is the whole chain. A request meets its parts in this order: [`client`] or [`browser`] asks the [`bridge`],
//! which publishes to the [`broker`] (a real Mosquitto with [`certs`] made on the spot), which reaches the home's
//! [`agent`] through a [`proxy`] that can be cut, stalled and throttled, which asks emoncms: the [`standin`], or a
//! [`real_emoncms`].

pub mod soak;
pub mod world;
pub mod browser;
pub mod client;
pub mod bridge;
pub mod broker;
pub mod certs;
pub mod proxy;
pub mod agent;
pub mod standin;
pub mod real_emoncms;
pub mod routes_seen;
pub mod keeper;
pub mod intruder;
pub mod mqtt;
pub mod websocket;
pub mod netns;
pub mod mount;
pub mod binaries;
pub mod process;
pub mod ports;
pub mod wait;
