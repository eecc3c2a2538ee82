//! Folders among the temporary files that go with the program, whichever way it ends.
//!
//! A folder goes with its value. Where the program ends and drops nothing, [`remove_all`] comes first; what a killed one
//! left behind, the next one removes: nobody holds its lock any more.

use super::{random, state};
use std::fs::{DirEntry, File};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file in each, locked as long as its process lives.
const LOCK: &str = "lock";

/// Those that this process made, and that still stand.
static STANDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder that nobody else can look into.
pub struct Folder {
    path: PathBuf,
    /// Held open for its lock.
    _lock: File,
}

impl Folder {
    /// `postdoc-KIND-…`
    pub fn make(kind: &str) -> Result<Folder> {
        let (place, begins) = (std::env::temp_dir(), format!("postdoc-{kind}-"));
        sweep(&place, &begins);
        let name = random::marker().ok_or_else(|| Error::other("the system gives no random bytes"))?;
        let path = place.join(begins + &name);
        standing().push(path.clone());
        state::private_folder(&path)?;
        let lock = File::create_new(path.join(LOCK))?;
        // Where a file system knows no locks, nobody takes this one either.
        let _ = lock.try_lock();
        Ok(Folder { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        standing().retain(|path| *path != self.path);
        // Whoever cleans up temporary files finds what is left.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Removes what still stands: for the ends at which nothing is dropped.
pub fn remove_all() {
    for path in std::mem::take(&mut *standing()) {
        let _ = std::fs::remove_dir_all(path);
    }
}

fn standing() -> MutexGuard<'static, Vec<PathBuf>> {
    STANDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what processes left that are no more.
fn sweep(place: &Path, begins: &str) {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begins) && is_own(entry)) {
        let path = entry.path();
        if File::open(path.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

/// A folder of this user's: among the temporary files of all, a name says nothing of who gave it.
#[cfg(unix)]
fn is_own(entry: &DirEntry) -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == own)
}

/// Each user has temporary files of their own.
#[cfg(not(unix))]
fn is_own(entry: &DirEntry) -> bool {
    entry.metadata().is_ok_and(|metadata| metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_processes_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let make = |name: &str, lock: bool| {
            std::fs::create_dir(at(name)).unwrap();
            lock.then(|| File::create_new(at(name).join(LOCK)).unwrap())
        };
        drop(make("postdoc-x-dead", true));
        drop(make("postdoc-y-other-kind", true));
        drop(make("postdoc-x-not-ours", false));
        let alive = make("postdoc-x-alive", true).unwrap();
        alive.lock().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("postdoc-y-other-kind"), at("postdoc-x-link")).unwrap();
        sweep(place.path(), "postdoc-x-");
        assert!(!at("postdoc-x-dead").exists());
        for stays in ["postdoc-y-other-kind", "postdoc-x-not-ours", "postdoc-x-alive"] {
            assert!(at(stays).is_dir(), "{stays}");
        }
        drop(alive);
        sweep(place.path(), "postdoc-x-");
        assert!(!at("postdoc-x-alive").exists());
    }

    #[test]
    fn it_goes_with_its_value_and_no_other_sweeps_it_before() {
        let folder = Folder::make("test").unwrap();
        let path = folder.path().to_owned();
        sweep(&std::env::temp_dir(), "postdoc-test-");
        assert!(path.is_dir() && standing().contains(&path));
        drop(folder);
        assert!(!path.exists() && !standing().contains(&path));
    }
}
