//! What concerns the operator alone: `[tls]` and `[metrics]`.

use serde::Deserialize;
use std::{net::SocketAddr, path::PathBuf};

/// A certificate of the bridge's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// Where Prometheus asks.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// A listener that answers nothing else; whoever reaches it may read it.
    pub listen: SocketAddr,
}
