//! What the practice world has on disk: a Maildir among the temporary files, with a folder of junk in it, and keys.

use crate::fetch::{Account, Place};
use crate::practice::READER;
use crate::world::state;
use crate::world::temporary::Folder;
use std::io::Result;
use std::path::{Path, PathBuf};

/// It goes with this value.
pub struct Mailbox(Folder);

impl Mailbox {
    pub fn make() -> Result<Mailbox> {
        let mailbox = Mailbox(Folder::make("practice")?);
        for folder in [mailbox.folder(false), mailbox.folder(true)] {
            for part in ["cur", "new", "tmp"] {
                state::private_folder(&folder.join(part))?;
            }
        }
        Ok(mailbox)
    }

    /// INBOX, or the junk of a Maildir++.
    pub fn folder(&self, junk: bool) -> PathBuf {
        let root = self.0.path();
        if junk { root.join(".Junk") } else { root.to_owned() }
    }

    /// A folder beside it for private keys.
    pub fn keys(&self) -> Result<PathBuf> {
        let keys = self.0.path().join("keys");
        state::private_folder(&keys)?;
        Ok(keys)
    }

    /// As a fetch looks into it.
    pub fn account(&self) -> Account {
        Account { name: READER.to_owned(), ..Account::new(Place::Maildir(self.0.path().to_owned())) }
    }
}

/// Delivers as a Maildir wants it: written elsewhere, then moved, so that nobody reads half a message.
pub fn deliver(folder: &Path, id: &str, message: &[u8]) -> Result<()> {
    let written = folder.join("tmp").join(id);
    state::write_new(&written, message)?;
    std::fs::rename(&written, folder.join("new").join(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_whoever_made_it() {
        let mailbox = Mailbox::make().unwrap();
        deliver(&mailbox.folder(true), "1", b"x").unwrap();
        let root = mailbox.folder(false);
        assert!(root.join(".Junk/new/1").is_file() && root.join("new").is_dir());
        drop(mailbox);
        assert!(!root.exists());
        assert!(deliver(&root, "2", b"x").is_err(), "too late is no reason to panic");
    }
}
