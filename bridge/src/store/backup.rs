//! A copy of the whole database, made while it is in use.

use super::Store;
use anyhow::{Context, Result, bail};
use std::{fs, io::ErrorKind, path::Path};

impl Store {
    /// Writes a copy to `file`, which is replaced once the copy is complete.
    ///
    /// # Errors
    /// Where the database is no SQLite, or the copy cannot be written.
    pub async fn back_up(&self, file: &Path) -> Result<()> {
        let connection = self.pool().acquire().await.context("the database does not answer")?;
        if connection.backend_name() != "SQLite" {
            bail!("only SQLite is copied by this; for PostgreSQL there is pg_dump");
        }
        drop(connection);
        let beside = |end: &str| {
            let mut name = file.as_os_str().to_owned();
            name.push(end);
            name
        };
        // SQLite would take what stands there for the latest changes to the copy.
        if Path::new(&beside("-wal")).exists() {
            bail!("{} is a database in use, or was one; name another file", file.display());
        }
        let part = beside(".part");
        let part = Path::new(&part);
        match fs::remove_file(part) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("{} is in the way", part.display()));
            }
            _ => {}
        }
        super::file::make_private(part).with_context(|| format!("{} cannot be written", part.display()))?;
        let name = part.to_str().context("the name of the file is no text")?;
        let copied = sqlx::query("VACUUM INTO $1").bind(name).execute(self.pool()).await;
        copied.with_context(|| format!("{} cannot be written", part.display()))?;
        fs::File::open(part).and_then(|copy| copy.sync_all()).context("the copy is not on the disk")?;
        fs::rename(part, file).with_context(|| format!("{} cannot be replaced", file.display()))
    }
}
