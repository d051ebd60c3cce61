//! Files that the configuration names.

use super::Config;
use crate::tls::Certificate;
use anyhow::{Context, Result};
use remoteaccess_common::trust;
use std::{fs::File, io, path::Path};

impl Config {
    /// That they are there and serve. Whether the service's own user may read them, only that user can say.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn check_files(&self) -> Result<()> {
        // Whoever came first has installed the same one.
        rustls::crypto::ring::default_provider().install_default().ok();
        if let Some(files) = &self.tls {
            let checked = readable(&files.certificate).and_then(|()| readable(&files.key));
            checked.and_then(|()| Certificate::load(files.clone()).map(|_| ())).context("[tls]")?;
        }
        if let Some(file) = &self.broker.ca_file {
            let checked = readable(file).and_then(|()| Ok(trust::client(Some(file)).map(|_| ())?));
            checked.context("broker.ca_file")?;
        }
        Ok(())
    }
}

fn readable(path: &Path) -> Result<()> {
    File::open(path).map(|_| ()).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("{} may not be read by the user who checks this", path.display())
        }
        _ => anyhow::anyhow!("{} cannot be read: {error}", path.display()),
    })
}
