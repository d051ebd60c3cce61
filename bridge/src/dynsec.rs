//! Mosquitto's dynamic security: who may connect to the broker and do what there, told over MQTT itself.
//!
//! What is true of Mosquitto 2.0: each command rewrites the plugin's whole file, while the broker does nothing else; each
//! change of a client cuts its sessions at once and without their last will; every answer goes to all who listen, hence
//! [`Control`] marks its own. Passwords can't be read back, so a client's `textname` says which one it has, and
//! its `textdescription` which rights.

mod command;
mod control;
mod direct;
mod file;
mod rights;

pub use command::{Client, Clients, Command, Fault, Role, answered};
pub use control::{Control, Courier};
pub use direct::Direct;
pub use file::{Entry, initial, lets_bridges, lets_in};
pub use rights::{BRIDGE, DATABASE, home_role, homes_rights, is_home_role, of_bridge};

/// Where commands go.
pub const TOPIC: &str = "$CONTROL/dynamic-security/v1";
/// Where all answers come.
pub const ANSWERS: &str = "$CONTROL/dynamic-security/v1/response";
