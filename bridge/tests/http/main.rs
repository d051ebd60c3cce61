//! The bridge's front door, with homes played by the test.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod admission;
#[cfg(test)]
mod login;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod own;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod support;
#[cfg(test)]
mod upstream;
#[cfg(test)]
mod view;
#[cfg(test)]
mod websocket;
