//! Whom the bridge believes to be its broker.

use anyhow::{Context, Result, bail};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};

/// A TLS client that trusts the certificates in `ca_file`, or the system's where there is none.
///
/// # Errors
/// Where no usable certificate is found: never falls back to trusting nobody in particular.
pub fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path)
                .with_context(|| format!("ca_file {} cannot be read", path.display()))?;
            for certificate in certificates {
                let certificate =
                    certificate.with_context(|| format!("ca_file {} is damaged", path.display()))?;
                roots
                    .add(certificate)
                    .with_context(|| format!("ca_file {} holds no usable authority", path.display()))?;
            }
            if roots.is_empty() {
                bail!("ca_file {} holds no certificate", path.display());
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            // Old systems carry a few certificates that rustls rejects; the others serve.
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                bail!("the system has no root certificates: install ca-certificates or set broker.ca_file");
            }
        }
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}
