//! Short words for what the golden messages are read as.

use remoteaccess_protocol::request::{BadRequest, parse};
use remoteaccess_protocol::{ClientId, Endpoint, Incoming, Request};

pub(crate) fn client(id: &str) -> ClientId {
    ClientId::new(id).expect("a client id")
}

pub(crate) fn endpoint(path: &str) -> Endpoint {
    Endpoint::parse(path).expect("an endpoint")
}

pub(crate) fn read(message: &str) -> Request {
    match parse(message.as_bytes()) {
        Ok(Incoming::Request(request)) => *request,
        other => panic!("{message} was read as {other:?}"),
    }
}

pub(crate) fn refused(message: &str) -> BadRequest {
    parse(message.as_bytes()).expect_err(message)
}
