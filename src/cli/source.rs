//! Where inputs come from: files, standard input, the built-in samples.

use crate::evidence::input::is_host;
use crate::evidence::{Input, InputKind, Refusal};
use crate::shell::command;
use anyhow::Context as _;
use std::io::{IsTerminal, Read};
use std::net::IpAddr;
use std::path::Path;

/// Reads a file, or standard input for `-`; never more than one byte over the limit.
pub fn bytes(name: &str) -> anyhow::Result<Vec<u8>> {
    let limit = Input::LIMIT as u64 + 1;
    let mut bytes = Vec::new();
    if name == "-" {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            // A terminal in cooked mode cuts lines at 4096 bytes; the app's editor does not.
            super::tell(
                "paste, then press Ctrl+D on an empty line (lines over 4096 bytes are cut: `postdoc` without arguments takes any paste)",
            );
        }
        stdin.lock().take(limit).read_to_end(&mut bytes).context("standard input cannot be read")?;
    } else {
        if Path::new(name).is_dir() {
            match &files(&[name.to_owned()])[..] {
                [only] if only == name => anyhow::bail!("the folder {name} has no files that can be read"),
                _ => anyhow::bail!(
                    "{name} is a folder, and this takes one file; all in it are read by `{}`",
                    command!("postdoc diagnose {}", name)
                ),
            }
        }
        let file = std::fs::File::open(Path::new(name)).with_context(|| format!("the file {name} cannot be opened"))?;
        file.take(limit).read_to_end(&mut bytes).with_context(|| format!("the file {name} cannot be read"))?;
    }
    Ok(bytes)
}

/// Files for inputs: a folder stands for the files in it and below it, by name. What is hidden is left out, and of a Maildir
/// what is no message. A folder without files, or one that cannot be read, stays: its result says so.
pub fn files(names: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    for name in names {
        let before = files.len();
        if name != "-" && Path::new(name).is_dir() {
            below(Path::new(name), &mut files);
        }
        if files.len() == before {
            files.push(name.clone());
        }
    }
    files
}

fn below(folder: &Path, files: &mut Vec<String>) {
    let maildir = ["cur", "new"].iter().all(|part| folder.join(part).is_dir());
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let shown = |e: &std::fs::DirEntry| !e.file_name().as_encoded_bytes().starts_with(b".");
    let wanted = |e: &std::fs::DirEntry| shown(e) && (!maildir || e.file_name() == "cur" || e.file_name() == "new");
    let mut entries: Vec<_> = listed.filter(wanted).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Not through links: they may lead back.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&path, files);
        } else if path.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
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
pub fn input(name: &str, kind: Option<InputKind>) -> Input {
    match bytes(name) {
        Ok(bytes) => recognise(name, bytes, kind),
        Err(e) => Input::unreadable(name, &Refusal::Unreadable(format!("{e:#}"))),
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
        let path = |name: &str| top.path().join(name).to_string_lossy().into_owned();
        for folder in ["box/cur", "box/new", "box/tmp", "old", "empty"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        for file in ["b.eml", "a.eml", ".hidden", "old/c.eml", "box/cur/1:2,S", "box/new/2", "box/tmp/3", "box/uidlist"]
        {
            std::fs::write(path(file), "x").unwrap();
        }
        let found = files(&[path("old/c.eml"), "-".into(), top.path().to_string_lossy().into_owned(), path("empty")]);
        let rest = ["a.eml", "b.eml", "box/cur/1:2,S", "box/new/2", "old/c.eml", "empty"].map(path);
        assert_eq!(found, [&[path("old/c.eml"), "-".into()], &rest[..]].concat());
        assert!(input(&path("empty"), None).because.contains("has no files"));
        let folder = input(&path("old"), None).because;
        assert!(folder.contains("is a folder") && folder.contains("postdoc diagnose"), "{folder}");
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
