//! Where files go, and to whom they belong.

use super::Report;
use anyhow::{Context, Result};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown, lchown},
    path::{Path, PathBuf},
};

/// The folder that stands for `/`.
#[derive(Debug)]
pub(super) struct Root(PathBuf);

/// Whose a file is; where there is no such user or group here, root's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) user: Option<&'static str>,
    pub(super) group: Option<&'static str>,
}

pub(super) const MOSQUITTO: Owner = Owner { user: Some("mosquitto"), group: Some("mosquitto") };
/// Root's, readable by the bridge.
pub(super) const FOR_THE_BRIDGE: Owner = Owner { user: None, group: Some(SERVICE) };
/// The bridge's own.
pub(super) const THE_BRIDGES: Owner = Owner { user: Some(SERVICE), group: Some(SERVICE) };

/// The service's user and group.
const SERVICE: &str = "emoncms-remoteaccess-bridge";

impl Root {
    pub(super) fn new(root: Option<&Path>) -> Self {
        Self(root.unwrap_or(Path::new("/")).to_owned())
    }

    /// Whether it is this machine's own.
    pub(super) fn is_system(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Where `path`, which begins with a slash, is to be found.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// Makes a folder with its parents, which everybody may see.
    pub(super) fn folder(&self, path: &str, mode: u32, owner: Owner, report: &mut Report) -> Result<()> {
        let folder = self.path(path);
        if folder.is_dir() {
            return Ok(());
        }
        let made = || -> io::Result<()> {
            if let Some(parent) = folder.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::DirBuilder::new().mode(mode).create(&folder)
        };
        made().with_context(|| format!("{} cannot be made", folder.display()))?;
        self.give(&folder, owner, report)
    }

    /// Writes a file at once or not at all, with its owner from the start.
    pub(super) fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Owner,
        report: &mut Report,
    ) -> Result<()> {
        let file = self.path(path);
        let new = self.path(&format!("{path}.setup"));
        let mut written = || -> Result<()> {
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            // One that an interrupted run left behind may have another mode.
            fs::remove_file(&new).ok();
            let mut options = fs::OpenOptions::new();
            let mut open = options.write(true).create_new(true).mode(mode).open(&new)?;
            io::Write::write_all(&mut open, content)?;
            open.sync_all()?;
            self.give(&new, owner, report)?;
            Ok(fs::rename(&new, &file)?)
        };
        written().with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Gives a file to its owner, where this program may and the owner exists.
    pub(super) fn give(&self, file: &Path, owner: Owner, report: &mut Report) -> Result<()> {
        let number =
            |list: &str, name: Option<&str>| name.map(|name| (name.to_owned(), self.number(list, name)));
        let (user, group) = (number("/etc/passwd", owner.user), number("/etc/group", owner.group));
        for (name, number) in [&user, &group].into_iter().flatten() {
            if number.is_none() {
                // Its final name: it is renamed when it is complete.
                let file =
                    file.with_extension(file.extension().filter(|e| *e != "setup").unwrap_or_default());
                report.todo(format!("there is no {name} on this system: give it {}", file.display()));
            }
        }
        let id = |found: Option<(String, Option<u32>)>| found.and_then(|(_, number)| number);
        match chown(file, id(user), id(group)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !self.is_system() => Ok(()),
            done => done.with_context(|| format!("{} cannot be given to its owner", file.display())),
        }
    }

    /// Gives back a file that somebody else, most likely root, has made; true if it was somebody else's. What is no file
    /// but leads to one is left alone, as its owner may have put it there.
    pub(super) fn give_back(&self, file: &Path, owner: Owner) -> Result<bool> {
        let Some(user) = owner.user.and_then(|name| self.number("/etc/passwd", name)) else {
            return Ok(false);
        };
        let group = owner.group.and_then(|name| self.number("/etc/group", name));
        let metadata = match fs::symlink_metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be seen", file.display())),
        };
        if metadata.uid() == user || !metadata.is_file() {
            return Ok(false);
        }
        match lchown(file, Some(user), group) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && !self.is_system() => Ok(false),
            done => done
                .map(|()| true)
                .with_context(|| format!("{} cannot be given to its owner", file.display())),
        }
    }

    fn number(&self, list: &str, name: &str) -> Option<u32> {
        let list = fs::read_to_string(self.path(list)).ok()?;
        let entry = list.lines().find(|line| line.split(':').next() == Some(name))?;
        entry.split(':').nth(2)?.parse().ok()
    }
}
