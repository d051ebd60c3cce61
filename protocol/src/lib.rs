//! The wire between the cloud and an emoncms at home, once for both ends.
//!
//! Logic without I/O: no sockets, no clock, no runtime. What it describes in prose is `docs/protocol.md`.
//!
//! A request meets the modules in this order: [`topic`] says where it travels, [`request`] what it asks
//! (an [`endpoint`] with [`params`]), [`frame`] how its answer is cut, [`refusal`] what is said when there
//! is none, [`first_generation`] how the answer looked in 2018–2021, [`presence`] whether a home is there
//! at all, and [`limits`] how large any of it may be.

pub mod topic;
pub mod request;
pub mod endpoint;
pub mod params;
pub mod frame;
pub mod refusal;
pub mod first_generation;
pub mod presence;
pub mod limits;

pub use endpoint::{Endpoint, Format};
pub use frame::{Frame, Start};
pub use params::Params;
pub use presence::{Presence, State};
pub use refusal::{ErrorCode, Refusal};
pub use request::{Body, Incoming, Method, Request, Rights, V2};
pub use topic::{ClientId, Site};

/// Characters that emoncms' router keeps as they are; everything this system routes by is made of these alone
/// (emoncms `route.php` strips others, so two names that look different could be the same there).
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= limits::MAX_NAME_BYTES
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Whether JSON `text` is an object. serde reads lists into structs as well, which no message of ours is.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}
