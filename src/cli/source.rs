//! Where inputs come from: files, standard input, the built-in samples.

use crate::evidence::input::is_host;
use crate::evidence::{Input, InputKind, Refusal};
use crate::shell::command;
use crate::world::state;
use anyhow::{Context as _, anyhow};
use std::io::{IsTerminal, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// An input could not be read: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unread(pub String);

/// Reads a file, or standard input for `-`; never more than one byte over the limit.
pub fn bytes(name: impl AsRef<Path>) -> Result<Vec<u8>, Unread> {
    read(name.as_ref()).map_err(|e| Unread(format!("{e:#}")))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = path.display();
    let limit = Input::LIMIT + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            // A terminal in cooked mode cuts lines at 4096 bytes; the app's editor does not.
            super::tell(
                "paste, then press Ctrl+D on an empty line (lines over 4096 bytes are cut: `postdoc` without arguments takes any paste)",
            );
        }
        stdin.lock().take(limit as u64).read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        let opened = std::fs::File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (known, file) = match opened {
            Ok((known, file)) if !known.is_dir() => (known, file),
            Err(e) if !path.is_dir() => return Err(e).with_context(|| format!("the file {name} cannot be opened")),
            _ => return Err(folder(path)),
        };
        // All at once, and once more to see that nothing follows.
        bytes.reserve_exact(limit.min(usize::try_from(known.len()).unwrap_or(limit)));
        file.take(limit as u64).read_to_end(&mut bytes).with_context(|| format!("the file {name} cannot be read"))?;
    }
    Ok(bytes)
}

/// Why a folder is no input.
fn folder(path: &Path) -> anyhow::Error {
    let name = path.display();
    if let Err(e) = std::fs::read_dir(path) {
        return anyhow::Error::new(e).context(format!("the folder {name} cannot be read"));
    }
    match &files(&[path.to_owned()])[..] {
        [only] if only == path => anyhow!("the folder {name} has no files that can be read"),
        _ => anyhow!(
            "{name} is a folder, and this takes one file; all in it are read by `{}`",
            command!("postdoc diagnose {}", name)
        ),
    }
}

/// Files for inputs: a folder stands for the files in it and below it, by name. What is hidden is left out, and of a Maildir
/// what is no message. What cannot be read stays, and so does a folder without files: its result says so.
pub fn files(names: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in names {
        let before = files.len();
        if name != Path::new("-") && name.is_dir() {
            below(name, &mut files);
        }
        if files.len() == before {
            files.push(name.clone());
        }
    }
    files
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(listed) = std::fs::read_dir(folder) else { return files.push(folder.to_owned()) };
    let maildir = is_maildir(folder);
    let wanted = |e: &std::fs::DirEntry| {
        let hidden = e.file_name().as_encoded_bytes().starts_with(b".");
        match maildir {
            // Folders of a Maildir++ stand in it, hidden.
            true => e.file_name() == "cur" || e.file_name() == "new" || (hidden && is_maildir(&e.path())),
            false => !hidden,
        }
    };
    let mut entries: Vec<_> = listed.flatten().filter(wanted).collect();
    entries.sort_by_cached_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Not through links: they may lead back.
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => below(&path, files),
            Ok(kind) if kind.is_file() => files.push(path),
            _ if path.is_file() || !path.exists() => files.push(path),
            _ => {}
        }
    }
}

fn is_maildir(folder: &Path) -> bool {
    ["cur", "new"].iter().all(|part| folder.join(part).is_dir())
}

/// The domain that a word names, in lower-case A-labels.
pub fn domain(word: &str) -> anyhow::Result<String> {
    let input = recognise(word, word.as_bytes().to_vec(), None);
    let domain = input.subject().filter(|_| input.kind == InputKind::Domain);
    domain.with_context(|| format!("{word:?} is no domain"))
}

/// Ends of file names that are no top-level domains.
const EXTENSIONS: [&str; 14] =
    ["eml", "msg", "txt", "xml", "json", "ndjson", "gz", "mbox", "log", "html", "hdr", "csv", "postdoc", "zone"];

/// Is this INPUT itself what is asked about? A domain or an address, unless a file has that name;
/// `mesage.eml` is a slip of the pen, `mail.internal` a domain without a public suffix.
pub fn names_a_host(name: &str) -> bool {
    let end = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    is_host(name)
        && !Path::new(name).exists()
        && (name.parse::<IpAddr>().is_ok() || !EXTENSIONS.contains(&end.as_str()))
}

/// The input of this name. What cannot be read at all becomes an input of unknown kind whose
/// `because` says why, so that every input has its one result.
pub fn input(name: impl AsRef<Path>, kind: Option<InputKind>) -> Input {
    let (path, name) = (name.as_ref(), name.as_ref().to_string_lossy());
    let unreadable = |why: String| Input::unreadable(&name, &Refusal::Unreadable(why));
    let is_case = |bytes: &[u8]| name.contains(".postdoc") && state::read_case(path, bytes).is_ok();
    match bytes(path) {
        Ok(bytes) if is_case(&bytes) => {
            unreadable(format!("{name} is a saved case: {} takes it in", command!("postdoc cases import {}", name)))
        }
        Ok(bytes) => recognise(&name, bytes, kind),
        Err(e) => unreadable(e.to_string()),
    }
}

/// As [`input`], for bytes at hand.
pub fn recognise(name: &str, bytes: Vec<u8>, kind: Option<InputKind>) -> Input {
    Input::read(name, bytes, kind).unwrap_or_else(|refusal| Input::unreadable(name, &refusal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_the_files_below_it() {
        let top = tempfile::tempdir().unwrap();
        let path = |name: &str| top.path().join(name);
        for folder in ["box/cur", "box/new", "box/tmp", "box/.Junk/cur", "box/.Junk/new", "box/.git", "old", "empty"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        let written =
            ["b.eml", "a.eml", ".hidden", "old/c.eml", "box/cur/1:2,S", "box/new/2", "box/tmp/3", "box/uidlist"];
        for file in written.into_iter().chain(["box/.Junk/new/4", "box/.git/config"]) {
            std::fs::write(path(file), "x").unwrap();
        }
        let found = files(&[path("old/c.eml"), "-".into(), top.path().to_owned(), path("empty")]);
        let rest = ["a.eml", "b.eml", "box/.Junk/new/4", "box/cur/1:2,S", "box/new/2", "old/c.eml", "empty"].map(path);
        assert_eq!(found, [&[path("old/c.eml"), "-".into()], &rest[..]].concat());
        assert!(input(path("empty"), None).because.contains("has no files"));
        let folder = input(path("old"), None).because;
        assert!(folder.contains("is a folder") && folder.contains("postdoc diagnose"), "{folder}");
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_read_below_a_folder_has_its_result() {
        use std::os::unix::ffi::OsStrExt;
        let top = tempfile::tempdir().unwrap();
        let latin = top.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.eml"));
        std::fs::write(&latin, "example.com").unwrap();
        std::os::unix::fs::symlink("gone.eml", top.path().join("link.eml")).unwrap();
        let found = files(&[top.path().to_owned()]);
        assert_eq!(found, [latin.clone(), top.path().join("link.eml")]);
        let read = input(&latin, None);
        assert!(read.is_read() && read.name.ends_with("caf\u{fffd}.eml"));
        assert!(input(&found[1], None).because.contains("cannot be opened"));
    }

    #[test]
    fn a_saved_case_is_named_as_one() {
        let top = tempfile::tempdir().unwrap();
        let evidence = crate::evidence::Evidence::new(
            Input::read("m", *b"From: ann@example.com\n\nhello\n", None).unwrap(),
            Default::default(),
            jiff::Timestamp::UNIX_EPOCH,
            true,
        );
        let case = crate::evidence::case::Case::new(&evidence, false).write();
        for (name, bytes) in
            [("a.postdoc", case.clone().into_bytes()), ("b.postdoc.gz", state::packed(case.as_bytes()).unwrap())]
        {
            std::fs::write(top.path().join(name), bytes).unwrap();
            assert!(input(top.path().join(name), None).because.contains("postdoc cases import"), "{name}");
        }
    }

    #[test]
    fn a_domain_is_one_whatever_it_is_written_in() {
        for (word, domain) in [
            ("Acme.Test.", "acme.test"),
            ("foo@acme.test", "acme.test"),
            ("https://acme.test/x", "acme.test"),
            ("_spf.acme.test", "_spf.acme.test"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(super::domain(word).unwrap(), domain);
        }
        for word in ["", ".", "com", "a b", "192.0.2.1", "2001:db8::1", "-all", "v=spf1 -all"] {
            assert!(super::domain(word).is_err(), "{word:?}");
        }
    }

    #[test]
    fn domains_need_no_public_suffix_and_file_names_are_none() {
        for host in ["example.com", "acme.example", "mail.internal", "example.test.", "192.0.2.1", "2001:db8::1"] {
            assert!(names_a_host(host), "{host}");
        }
        for other in ["mesage.eml", "header.TXT", "report.xml.gz", "localhost", "a b.example", ""] {
            assert!(!names_a_host(other), "{other}");
        }
    }
}
