//! What is attached, and what large receivers would not take.

use crate::facts::mime::Leaf;
use crate::knowledge::content::words;
use serde::{Deserialize, Serialize};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub kind: String,
    /// Decoded.
    pub bytes: usize,
    pub risks: Vec<Risk>,
}

/// Why a receiver may refuse it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Its name ends in this.
    Blocked(String),
    /// A file of such a name is in the archive.
    Holds(String),
    /// The archive cannot be looked into without a password.
    Encrypted,
    /// It carries macros.
    Macros,
    /// It is called one kind of file and is another: `invoice.pdf.exe`, or with a sign that turns the text around.
    Disguised,
}

/// Names in an archive that are read.
const ENTRIES: usize = 1_000;

pub fn read(leaf: &Leaf) -> Option<Attachment> {
    let multimedia = ["image/", "multipart/", "message/"].iter().any(|k| leaf.kind.starts_with(k));
    if leaf.name.is_none() && (!leaf.attached || multimedia) {
        return None;
    }
    let name = leaf.name.clone().unwrap_or_default();
    let mut risks = Vec::new();
    let known = words();
    if let Some(extension) = extension(&name).filter(|e| known.blocked.has(e)) {
        risks.push(Risk::Blocked(extension.clone()));
        let before = name.len().saturating_sub(extension.len() + 1);
        let stem = name.get(..before).and_then(crate::facts::content::attachment::extension);
        if stem.is_some_and(|s| ["pdf", "doc", "docx", "xls", "xlsx", "jpg", "png", "txt", "zip"].contains(&s.as_str()))
        {
            risks.push(Risk::Disguised);
        }
    }
    // U+202E and its kin turn what follows around: exe.fdp is read as pdf.exe.
    if name.contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}']) {
        risks.push(Risk::Disguised);
    }
    let mut macros = extension(&name).is_some_and(|e| known.macros.has(&e));
    if let Some(entries) = zip(leaf.bytes()) {
        if entries.iter().any(|(_, encrypted)| *encrypted) {
            risks.push(Risk::Encrypted);
        }
        let inside = entries.iter().filter(|(n, _)| extension(n).is_some_and(|e| known.blocked.has(&e)));
        risks.extend(inside.take(3).map(|(n, _)| Risk::Holds(n.clone())));
        macros |= entries.iter().any(|(n, _)| n.to_ascii_lowercase().ends_with("vbaproject.bin"));
    }
    macros |= ole_macros(leaf.bytes());
    if macros {
        risks.push(Risk::Macros);
    }
    Some(Attachment { name, kind: leaf.kind.clone(), bytes: leaf.bytes().len(), risks })
}

fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.trim().rsplit_once('.')?;
    (!stem.is_empty() && (1..=12).contains(&extension.len())).then(|| extension.to_ascii_lowercase())
}

/// The names in a ZIP archive, by its directory at the end, and whether each is encrypted (APPNOTE 4.3.12, 4.4.4);
/// nothing is unpacked.
fn zip(bytes: &[u8]) -> Option<Vec<(String, bool)>> {
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let two = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?) as usize);
    let four = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    // The end record is 22 bytes and a comment of at most 65,535.
    let from = bytes.len().saturating_sub(22 + 65_535);
    let end = from + bytes.get(from..)?.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let (count, mut at) = (two(end + 10)?, four(end + 16)?);
    let mut out = Vec::new();
    for _ in 0..count.min(ENTRIES) {
        if bytes.get(at..at + 4) != Some(b"PK\x01\x02") {
            break;
        }
        let (flags, name, extra, comment) = (two(at + 8)?, two(at + 28)?, two(at + 30)?, two(at + 32)?);
        let text = bytes.get(at + 46..at + 46 + name)?;
        out.push((String::from_utf8_lossy(text).into_owned(), flags & 1 == 1));
        at += 46 + name + extra + comment;
    }
    Some(out)
}

/// An old Office document (MS-CFB) with a macro project in it.
fn ole_macros(bytes: &[u8]) -> bool {
    let name: Vec<u8> = "_VBA_PROJECT".encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) && bytes.windows(name.len()).any(|w| w == name)
}
