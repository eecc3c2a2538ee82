//! A mailbox on disk: Maildir, or one mbox file. Nothing is locked, moved or marked.

use crate::evidence::Input;
use crate::evidence::said::FolderRole;
use crate::facts::header::Header;
use crate::fetch::folder::{Listed, choose, others};
use crate::fetch::{Event, Fault, Find, Folder, Place, Reason, Sought, Text};
use crate::knowledge::mailbox;
use std::collections::HashSet;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::sleep;

/// Files of one folder that are looked at in the first look, newest first.
const RECENT: usize = 1000;

/// Bytes of a file that are read to see whether it is the one.
const HEADER: u64 = 256 * 1024;

/// Bytes at the end of an mbox that are looked at.
const MBOX: u64 = 64 << 20;

/// What an mbox begins with, where there is a message in it (RFC 4155, appendix A).
const MBOX_BEGINS: &[u8] = b"From ";

/// A file that has not changed for so long is written to its end.
const SETTLED: Duration = Duration::from_secs(1);

/// Looks until the message is there.
pub(super) async fn seek(
    place: &Place,
    named: &[String],
    sought: &Sought,
    header_only: bool,
    pace: Duration,
    tell: &impl Fn(Event),
) -> Result<Find, Fault> {
    let mut eye = Eye { sought: sought.clone(), header_only, seen: HashSet::new(), mbox: Mbox::default() };
    let mut told = false;
    loop {
        let (place, named) = (place.clone(), named.to_vec());
        // Disks may be slow, and the other mailboxes are waited for on this thread.
        let looking = tokio::task::spawn_blocking(move || {
            let found = eye.look(&place, &named);
            (eye, found)
        });
        let (back, found) = looking.await.map_err(|_| Fault::new(Reason::File, "reading it broke"))?;
        eye = back;
        let look = found?;
        if !told {
            tell(Event::Open { folders: look.folders, missing: look.missing, others: look.others });
        }
        if let Some(find) = look.find {
            return Ok(find);
        }
        if !told {
            tell(Event::Waiting { pushed: false });
            told = true;
        }
        sleep(pace).await;
    }
}

struct Look {
    folders: Vec<Folder>,
    missing: Vec<String>,
    others: Vec<String>,
    find: Option<Find>,
}

/// A message that fits.
struct Hit {
    folder: Folder,
    file: PathBuf,
    changed: SystemTime,
}

struct Eye {
    sought: Sought,
    header_only: bool,
    /// Files of a Maildir that were looked at, without their flags.
    seen: HashSet<PathBuf>,
    mbox: Mbox,
}

/// How far an mbox has been read.
#[derive(Default)]
struct Mbox {
    offset: u64,
    length: u64,
}

impl Eye {
    fn look(&mut self, place: &Place, named: &[String]) -> Result<Look, Fault> {
        match place {
            Place::Maildir(path) => self.maildir(path, named),
            Place::Mbox(path) => self.mbox(path),
            Place::Imap(_) => Err(Fault::new(Reason::File, "no mailbox on disk")),
        }
    }

    fn maildir(&mut self, root: &Path, named: &[String]) -> Result<Look, Fault> {
        if !root.join("cur").is_dir() && !root.join("new").is_dir() {
            let what = format!("{}: no Maildir: neither cur nor new is in it", root.display());
            return Err(Fault::new(Reason::File, what));
        }
        let listed = subfolders(root)?;
        let names: Vec<Listed> = listed.iter().map(|(listed, _)| listed.clone()).collect();
        let (folders, missing) = choose(&names, named);
        let mut hits = Vec::new();
        for folder in &folders {
            let path = listed.iter().find(|(l, _)| l.wire == folder.wire).map_or(root, |(_, path)| path);
            self.folder(folder, path, &mut hits)?;
        }
        if self.sought == Sought::Newest {
            hits.sort_by_key(|hit| std::cmp::Reverse(hit.changed));
            hits.truncate(1);
        }
        let mut find = None;
        while find.is_none() && !hits.is_empty() {
            let hit = hits.remove(0);
            find = self.read(&hit)?.map(|(message, whole)| Find {
                folder: hit.folder,
                also: hits.iter().map(|h| h.folder.clone()).collect(),
                received: jiff::Timestamp::try_from(hit.changed).ok(),
                message,
                whole,
            });
        }
        Ok(Look { others: others(&names, &folders), folders, missing, find })
    }

    /// The files of one folder that are new to us and fit.
    fn folder(&mut self, folder: &Folder, path: &Path, hits: &mut Vec<Hit>) -> Result<(), Fault> {
        let mut files = Vec::new();
        for part in ["new", "cur"] {
            let entries = match std::fs::read_dir(path.join(part)) {
                Ok(entries) => entries,
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                Err(e) => return Err(io(path, &e)),
            };
            for entry in entries.flatten() {
                if let Ok(about) = entry.metadata()
                    && about.is_file()
                    && !self.seen.contains(&unique(path, &entry.path()))
                {
                    files.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
                }
            }
        }
        files.sort_by_key(|(changed, _)| std::cmp::Reverse(*changed));
        for (n, (changed, file)) in files.into_iter().enumerate() {
            if n < RECENT {
                // Moved from new to cur meanwhile, where it cannot be opened: seen next time.
                let Ok(head) = beginning(&file, HEADER) else { continue };
                if self.sought.fits(&head) {
                    hits.push(Hit { folder: folder.clone(), file, changed });
                    continue;
                }
            }
            self.seen.insert(unique(path, &file));
        }
        Ok(())
    }

    fn read(&self, hit: &Hit) -> Result<Option<Text>, Fault> {
        let limit = Input::LIMIT as u64;
        match beginning(&hit.file, limit + 1) {
            Ok(bytes) => Ok(Some(self.cut(&bytes))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io(&hit.file, &e)),
        }
    }

    /// The header alone, where that is wanted or all that may be.
    fn cut(&self, bytes: &[u8]) -> Text {
        if self.header_only || bytes.len() > Input::LIMIT {
            let end = Header::split(bytes).body.map_or(bytes.len(), |at| at as usize);
            return (Arc::from(&bytes[..end.min(HEADER as usize)]), false);
        }
        (Arc::from(bytes), true)
    }

    fn mbox(&mut self, path: &Path) -> Result<Look, Fault> {
        let mut file = File::open(path).map_err(|e| io(path, &e))?;
        let about = file.metadata().map_err(|e| io(path, &e))?;
        let length = about.len();
        if length < self.mbox.offset {
            self.mbox = Mbox::default();
        }
        let still = about.modified().ok().and_then(|m| m.elapsed().ok()).is_some_and(|age| age >= SETTLED);
        let settled = still || length == self.mbox.length;
        self.mbox.length = length;
        let folder = of_file(path);
        let nothing =
            |folder: &Folder| Look { folders: vec![folder.clone()], missing: vec![], others: vec![], find: None };
        let start = self.mbox.offset.max(length.saturating_sub(MBOX));
        if start == length {
            return Ok(nothing(&folder));
        }
        let mut bytes = Vec::new();
        (&file).take(64).read_to_end(&mut bytes).map_err(|e| io(path, &e))?;
        let head = bytes.trim_ascii_start();
        if !head.starts_with(MBOX_BEGINS) && !MBOX_BEGINS.starts_with(head) {
            let what = format!("{}: no mbox: it does not begin with a line From", path.display());
            return Err(Fault::new(Reason::File, what));
        }
        bytes.clear();
        file.seek(SeekFrom::Start(start)).map_err(|e| io(path, &e))?;
        file.take(MBOX).read_to_end(&mut bytes).map_err(|e| io(path, &e))?;
        let mut parts = messages(&bytes);
        if !settled {
            // The last one may still be written.
            let half = parts.pop().map_or(0, |part| part.start);
            self.mbox.offset = start + half as u64;
        } else {
            self.mbox.offset = start + bytes.len() as u64;
        }
        let mut hits: Vec<Vec<u8>> =
            parts.into_iter().map(|part| unquoted(&bytes[part])).filter(|m| self.sought.fits(m)).collect();
        let several = hits.len();
        let last = hits.pop();
        let copies = if self.sought == Sought::Newest { 1 } else { several };
        let find = last.map(|message| {
            let (message, whole) = self.cut(&message);
            let also = vec![folder.clone(); copies - 1];
            Find { folder: folder.clone(), also, received: None, message, whole }
        });
        Ok(Look { find, ..nothing(&folder) })
    }
}

/// The folders below a Maildir, in the form of Maildir++ (`.Junk`) or of the file system (`Junk`).
fn subfolders(root: &Path) -> Result<Vec<(Listed, PathBuf)>, Fault> {
    let entries = std::fs::read_dir(root).map_err(|e| io(root, &e))?;
    let mut all = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.join("cur").is_dir()) {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            let wire = name.strip_prefix('.').unwrap_or(name).to_owned();
            all.push((Listed { wire, delimiter: Some(".".into()), marked: None, no_select: false }, path));
        }
    }
    all.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(all)
}

/// A file's name without its flags: those change, and it moves from new to cur.
fn unique(folder: &Path, file: &Path) -> PathBuf {
    let name = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    folder.join(name.split(':').next().unwrap_or(name))
}

fn of_file(path: &Path) -> Folder {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let role = if mailbox::names_junk(&stem) { FolderRole::Junk } else { FolderRole::Inbox };
    Folder { wire: name.clone(), name, role, all: false }
}

/// Where messages stand in an mbox, each with its `From ` line (RFC 4155).
fn messages(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut starts = Vec::new();
    let (mut at, mut blank) = (0, true);
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n + 1);
        let line = &bytes[at..end];
        if blank && line.starts_with(b"From ") {
            starts.push(at);
        }
        blank = matches!(line, b"\n" | b"\r\n");
        at = end;
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The message as it was delivered: without the `From ` line, the blank line at its end, and the mark before lines
/// that begin like one.
fn unquoted(part: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(part.len());
    for line in part.split_inclusive(|b| *b == b'\n').skip(1) {
        let marks = line.iter().take_while(|b| **b == b'>').count();
        let marked = marks > 0 && line[marks..].starts_with(b"From ");
        out.extend_from_slice(if marked { &line[1..] } else { line });
    }
    for end in [&b"\n\r\n"[..], b"\n\n"] {
        if out.ends_with(end) {
            out.truncate(out.len() - (end.len() - 1));
            break;
        }
    }
    out
}

/// At most so many bytes of a file.
fn beginning(path: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn io(path: &Path, error: &std::io::Error) -> Fault {
    Fault::new(Reason::File, format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eye(sought: Sought) -> Eye {
        Eye { sought, header_only: false, seen: HashSet::new(), mbox: Mbox::default() }
    }

    fn message(marker: &str, body: &str) -> String {
        format!("Message-ID: <{marker}@example.com>\nX-Postdoc-Test: {marker}\n\n{body}")
    }

    fn put(folder: &Path, part: &str, name: &str, text: &str) {
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        std::fs::write(folder.join(part).join(name), text).unwrap();
    }

    #[test]
    fn a_maildir_with_its_junk() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        put(root, "cur", "1:2,S", &message("OTHER-1", "x\n"));
        put(&root.join(".Junk"), "new", "2", &message("OTHER-2", "x\n"));
        let mut eye = eye(Sought::marker("WANTED").unwrap());
        let place = Place::Maildir(root.into());
        let look = eye.look(&place, &["Lists".into()]).unwrap();
        assert!(look.find.is_none() && look.missing == ["Lists"]);
        assert_eq!(look.folders.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["INBOX", "Junk"]);
        put(&root.join(".Junk"), "new", "3", &message("WANTED", "y\n"));
        let find = eye.look(&place, &[]).unwrap().find.unwrap();
        assert_eq!((find.words(), find.in_junk(), find.whole), ("Junk (junk)".into(), true, true));
        assert_eq!(&*find.message, message("WANTED", "y\n").as_bytes());
        // Read and moved, it is still the one.
        std::fs::rename(root.join(".Junk/new/3"), root.join(".Junk/cur/3:2,S")).unwrap();
        put(root, "new", "4", &message("WANTED", "y\n"));
        assert_eq!(eye.look(&place, &[]).unwrap().find.unwrap().words(), "twice: INBOX, Junk (junk)");
    }

    #[test]
    fn the_header_alone_and_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "cur", "1", &message("A", "body\n"));
        let mut eye = Eye { header_only: true, ..eye(Sought::Newest) };
        let find = eye.look(&Place::Maildir(dir.path().into()), &[]).unwrap().find.unwrap();
        assert_eq!((&*find.message, find.whole), (message("A", "").as_bytes(), false));
        let mut broken = super::tests::eye(Sought::Newest);
        let fault = broken.look(&Place::Maildir(dir.path().join("cur")), &[]).err().unwrap();
        assert_eq!(fault.reason, Reason::File);
    }

    #[test]
    fn an_mbox_that_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spam.mbox");
        let part = |marker: &str, body: &str| {
            format!("From x@example.com Mon Jun  1 12:00:00 2026\n{}\n", message(marker, body))
        };
        let mut text = part("OTHER", "one\nFrom here on\n>From there\n");
        std::fs::write(&path, &text).unwrap();
        let place = Place::Mbox(path.clone());
        let mut eye = eye(Sought::marker("WANTED").unwrap());
        assert!(eye.look(&place, &[]).unwrap().find.is_none());
        text += &part("WANTED", "two\n\n>From afar\n>>From further\n");
        std::fs::write(&path, &text).unwrap();
        // The first look after the change cannot know whether more is to come.
        eye.look(&place, &[]).unwrap();
        let find = eye.look(&place, &[]).unwrap().find.unwrap();
        assert_eq!((find.words(), find.also.len()), ("spam.mbox (junk)".into(), 0));
        assert_eq!(String::from_utf8_lossy(&find.message), message("WANTED", "two\n\nFrom afar\n>From further\n"));
        text += &part("WANTED", "two\n");
        std::fs::write(&path, &text).unwrap();
        let written = File::options().write(true).open(&path).unwrap();
        written.set_modified(SystemTime::now() - 10 * SETTLED).unwrap();
        let mut anew = super::tests::eye(Sought::marker("WANTED").unwrap());
        assert_eq!(anew.look(&place, &[]).unwrap().find.unwrap().words(), "twice: spam.mbox (junk), spam.mbox (junk)");
        // Emptied, and begun anew.
        std::fs::write(&path, part("NEXT", "x\n")).unwrap();
        anew.sought = Sought::Newest;
        anew.look(&place, &[]).unwrap();
        assert!(anew.look(&place, &[]).unwrap().find.is_some());
    }
}
