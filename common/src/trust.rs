//! Whom a TLS client believes.

use rustls::pki_types::{CertificateDer, pem, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};

/// There is nobody to believe. Going on without TLS is no way out of that.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file with the roots cannot be read, or is damaged.
    #[error("{0} cannot be used: {1}")]
    File(PathBuf, pem::Error),
    /// A certificate in the file is no authority that can be used.
    #[error("{0} holds a certificate that cannot be used: {1}")]
    Certificate(PathBuf, rustls::Error),
    /// The file holds no certificate.
    #[error("there is no certificate in {0}")]
    Empty(PathBuf),
    /// The system has no roots.
    #[error("this machine has no certificate authorities; install the package ca-certificates")]
    NoSystemRoots,
}

/// A TLS client that believes the authorities in `ca_file`, or the system's where there is none.
///
/// # Errors
/// [`TrustError`]
pub fn client(ca_file: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let roots = match ca_file {
        Some(file) => in_file(file)?,
        None => of_the_system()?,
    };
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn in_file(file: &Path) -> Result<RootCertStore, TrustError> {
    let damaged = |error| TrustError::File(file.to_owned(), error);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(damaged)? {
        let added = roots.add(certificate.map_err(damaged)?);
        added.map_err(|error| TrustError::Certificate(file.to_owned(), error))?;
    }
    if roots.is_empty() { Err(TrustError::Empty(file.to_owned())) } else { Ok(roots) }
}

fn of_the_system() -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    // One broken file among the system's roots must not take the good ones along.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TrustError::NoSystemRoots) } else { Ok(roots) }
}
