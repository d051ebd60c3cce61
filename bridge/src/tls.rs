//! TLS of the bridge's own, with a certificate that is renewed while it runs.

use crate::config::TlsConfig;
use anyhow::{Context, Result};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fs,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::interval,
};
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The certificate in use.
#[derive(Debug)]
pub struct Certificate {
    files: TlsConfig,
    current: RwLock<Arc<CertifiedKey>>,
}

/// By what a changed file is told: both files' times and sizes.
type Look = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads the certificate for the first time.
    ///
    /// # Errors
    /// Where the files are none that serve.
    pub fn load(files: TlsConfig) -> Result<Arc<Self>> {
        let current = RwLock::new(Arc::new(read(&files)?));
        Ok(Arc::new(Self { files, current }))
    }

    /// Greets callers with whatever certificate is in use then.
    ///
    /// # Errors
    /// None in practice.
    pub fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor> {
        let versions = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .context("no TLS version can be used")?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config).into())
    }

    fn reload(&self) {
        match read(&self.files) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                tracing::info!("certificate read anew from {}", self.files.certificate.display());
            }
            // One file may be new while the other is about to be: the next look sees it.
            Err(error) => tracing::warn!("the certificate in use stays: {error:#}"),
        }
    }

    fn look(&self) -> Look {
        [&self.files.certificate, &self.files.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

/// Takes renewed certificates into use, and SIGHUP for a question after them. Runs for ever.
///
/// # Errors
/// Where SIGHUP cannot be heard.
pub async fn keep_up(certificate: Option<Arc<Certificate>>) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let Some(certificate) = certificate else {
        // Without a certificate there is nothing to read, and nothing to end for.
        while hangup.recv().await.is_some() {}
        return Ok(());
    };
    let mut clock = interval(LOOK_EVERY);
    let mut seen = certificate.look();
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            _ = clock.tick() => false,
        };
        let now = certificate.look();
        if asked || now != seen {
            seen = now;
            certificate.reload();
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(files: &TlsConfig) -> Result<CertifiedKey> {
    let chain = chain(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .with_context(|| format!("{} cannot be used as a key", files.key.display()))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).with_context(|| {
        format!("{} and {} do not go together", files.certificate.display(), files.key.display())
    })
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = || format!("{} cannot be used as a certificate", path.display());
    let chain = CertificateDer::pem_file_iter(path).with_context(unusable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().with_context(unusable)?;
    anyhow::ensure!(!chain.is_empty(), "there is no certificate in {}", path.display());
    Ok(chain)
}
