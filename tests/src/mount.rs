//! A folder on a disk of its own, so small or so protected that nothing can be written.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file system in memory over a folder. Dropping it gives the folder back as it was.
#[derive(Debug)]
pub struct Mount(PathBuf);

impl Mount {
    /// Puts a disk of `kilobytes` over `folder`; what stood there is on it, with its rights. `None`, with a word about it,
    /// where this machine does not let us: it takes root.
    pub fn over(folder: &Path, kilobytes: usize) -> Option<Self> {
        let aside = tempfile::tempdir().expect("the temporary folder is writable");
        let copy = |from: &Path, to: &Path| {
            let copied = run("cp", &["-a", &format!("{}/.", from.display()), &to.display().to_string()]);
            assert!(copied.status.success(), "{}", said(&copied));
        };
        copy(folder, aside.path());
        let size = format!("size={kilobytes}k,mode=0755");
        let mounted = run("mount", &["-t", "tmpfs", "-o", &size, "none", &folder.display().to_string()]);
        if !mounted.status.success() {
            std::eprintln!("skipped: a disk of its own takes root ({})", said(&mounted));
            return None;
        }
        let mount = Self(folder.to_owned());
        copy(aside.path(), folder);
        Some(mount)
    }

    /// Lets nothing more be written, or lets it again. Fails while a file is open for writing, as on any disk.
    pub fn read_only(&self, yes: bool) -> bool {
        let how = if yes { "remount,ro" } else { "remount,rw" };
        run("mount", &["-o", how, &self.0.display().to_string()]).status.success()
    }

    /// Writes until there is no room any more.
    pub fn fill(&self) {
        let mut fills = std::fs::File::create(self.0.join("fills")).expect("there is a byte of room");
        let piece = [0; 1024];
        while std::io::Write::write(&mut fills, &piece).is_ok_and(|written| written > 0) {}
    }

    /// Makes room again.
    pub fn clear(&self) {
        std::fs::remove_file(self.0.join("fills")).expect("it was filled before");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it until its end.
        run("umount", &["--lazy", &self.0.display().to_string()]);
    }
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("every Linux has this program")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
