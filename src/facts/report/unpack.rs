//! Out of mail, zip and gzip, bounded: an archive may unpack to anything.

use crate::facts::mime;
use mail_parser::PartType;
use std::borrow::Cow;
use std::io::Read;

/// Bytes a report may unpack to. The largest of real receivers have a tenth of that.
const UNPACKED: usize = 32 * 1024 * 1024;
/// Archives inside archives.
const LAYERS: usize = 3;
/// Files of an archive, and parts of a mail, that are looked at.
const ENTRIES: usize = 32;

/// Why a report cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no DMARC or TLS report in it")]
    NoReport,
    #[error("it is empty")]
    Empty,
    #[error("it unpacks to more than {} MiB", UNPACKED / 1024 / 1024)]
    TooLarge,
    #[error("archives are packed into one another more than {LAYERS} times")]
    TooDeep,
    #[error("the {0} archive is damaged or cut off")]
    Damaged(&'static str),
    #[error("the zip archive is locked with a password")]
    Locked,
    #[error("the zip archive is packed with method {0}, which reports do not use")]
    Method(u16),
    #[error("its XML is broken at byte {at}: {what}")]
    Xml { at: u64, what: String },
    #[error("its JSON is broken: {0}")]
    Json(String),
    #[error("it names no {0}")]
    Missing(&'static str),
}

/// The first report in `text`, by its own bytes: names and media types of attachments are often wrong.
pub(super) fn unpack<'t>(
    text: &'t [u8],
    wraps: &mut Vec<&'static str>,
    unread: &mut usize,
) -> Result<Cow<'t, [u8]>, Refusal> {
    let mut inside = match looks_packed(text) || looks_bare(text) {
        true => Cow::Borrowed(text),
        false => {
            wraps.push("mail");
            attached(text, unread)?
        }
    };
    for _ in 0..=LAYERS {
        inside = match &inside[..] {
            gz if gz.starts_with(b"\x1f\x8b") => {
                wraps.push("gzip");
                let mut out = Vec::new();
                fill(flate2::read::GzDecoder::new(gz), &mut out, "gzip")?;
                Cow::Owned(out)
            }
            zip if zip.starts_with(b"PK\x03\x04") => {
                wraps.push("zip");
                Cow::Owned(unzip(zip, unread)?)
            }
            _ => return Ok(inside),
        };
    }
    Err(Refusal::TooDeep)
}

fn looks_packed(text: &[u8]) -> bool {
    text.starts_with(b"\x1f\x8b") || text.starts_with(b"PK\x03\x04")
}

/// XML or JSON, after a byte order mark and blanks.
fn looks_bare(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    matches!(text.trim_ascii_start().first(), Some(b'<' | b'{'))
}

/// The attachment that is a report; HTML beside it is none.
fn attached(text: &[u8], unread: &mut usize) -> Result<Cow<'static, [u8]>, Refusal> {
    let mail = mime::parse(text).ok_or(Refusal::NoReport)?;
    let report = |part: &[u8]| {
        let head = &part[..part.len().min(4096)];
        let has = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        let told = || has(b"<feedback") || has(b":feedback") || has(b"<report_metadata") || has(b"\"policies\"");
        looks_packed(part) || (looks_bare(part) && told())
    };
    let parts =
        mail.parts.iter().take(ENTRIES).filter(|p| !matches!(p.body, PartType::Html(_) | PartType::Multipart(_)));
    let mut parts = parts.map(|p| p.contents()).filter(|p| report(p));
    let first = parts.next().ok_or(Refusal::NoReport)?.to_vec();
    *unread += parts.count();
    Ok(Cow::Owned(first))
}

/// Unpacks at most [`UNPACKED`] bytes. What stands behind the stream is ignored, as by everyone.
fn fill(packed: impl Read, out: &mut Vec<u8>, archive: &'static str) -> Result<(), Refusal> {
    packed.take(UNPACKED as u64 + 1).read_to_end(out).map_err(|_| Refusal::Damaged(archive))?;
    if out.len() > UNPACKED { Err(Refusal::TooLarge) } else { Ok(()) }
}

/// The first file of a zip by its central directory (APPNOTE.TXT §4.3.12, §4.3.16): the sizes beside the
/// files themselves may be missing.
fn unzip(zip: &[u8], unread: &mut usize) -> Result<Vec<u8>, Refusal> {
    const DAMAGED: Refusal = Refusal::Damaged("zip");
    let from = zip.len().saturating_sub(22 + 65_535);
    let end = zip[from..].windows(4).rposition(|w| w == b"PK\x05\x06").map(|at| from + at).ok_or(DAMAGED)?;
    let count = usize::from(short(zip, end + 10).ok_or(DAMAGED)?);
    let mut at = long(zip, end + 16).ok_or(DAMAGED)?;
    let mut first = None;
    for _ in 0..count.min(ENTRIES) {
        if zip.get(at..at.saturating_add(4)) != Some(b"PK\x01\x02") {
            return Err(DAMAGED);
        }
        let field = |offset| short(zip, at + offset).ok_or(DAMAGED);
        let name = zip.get(at + 46..at + 46 + usize::from(field(28)?)).ok_or(DAMAGED)?;
        let folder = name.ends_with(b"/") || name.starts_with(b"__MACOSX/");
        match &first {
            _ if folder => {}
            None => {
                let size = long(zip, at + 20).ok_or(DAMAGED)?;
                first = Some((field(8)?, field(10)?, size, long(zip, at + 42).ok_or(DAMAGED)?));
            }
            Some(_) => *unread += 1,
        }
        at += 46 + usize::from(field(28)?) + usize::from(field(30)?) + usize::from(field(32)?);
    }
    *unread += count.saturating_sub(ENTRIES);
    let (flags, method, size, head) = first.ok_or(Refusal::NoReport)?;
    if flags & 1 != 0 {
        return Err(Refusal::Locked);
    }
    let skip = |offset| head.checked_add(offset).and_then(|at| short(zip, at)).map(usize::from).ok_or(DAMAGED);
    let start = head + 30 + skip(26)? + skip(28)?;
    let data = zip.get(start..start.saturating_add(size)).ok_or(DAMAGED)?;
    let mut out = Vec::new();
    match method {
        0 => fill(data, &mut out, "zip")?,
        8 => fill(flate2::read::DeflateDecoder::new(data), &mut out, "zip")?,
        other => return Err(Refusal::Method(other)),
    }
    Ok(out)
}

fn short(zip: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(zip.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(zip: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(zip.get(at..at.checked_add(4)?)?.try_into().ok()?)).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use flate2::{Compression, write};
    use std::io::Write;

    pub fn gzip(text: &[u8]) -> Vec<u8> {
        let mut out = write::GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    /// A zip of these files; sizes stand in the central directory alone, as streaming writers leave it.
    pub fn zip(files: &[(&str, &[u8])], flags: u16) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, text) in files {
            let mut packed = write::DeflateEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(text).unwrap();
            let packed = packed.finish().unwrap();
            let head = out.len() as u32;
            let common = |sizes: bool| {
                let mut part = vec![20, 0];
                part.extend((flags | 8).to_le_bytes());
                part.extend([8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                let size = |n: usize| if sizes { n as u32 } else { 0 };
                part.extend(size(packed.len()).to_le_bytes());
                part.extend(size(text.len()).to_le_bytes());
                part.extend((name.len() as u16).to_le_bytes());
                part.extend([0, 0]);
                part
            };
            out.extend(b"PK\x03\x04");
            out.extend(common(false));
            out.extend(name.as_bytes());
            out.extend(&packed);
            directory.extend(b"PK\x01\x02\x14\x00");
            directory.extend(common(true));
            directory.extend([0; 10]);
            directory.extend(head.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (at, size, count) = (out.len() as u32, directory.len() as u32, files.len() as u16);
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(size.to_le_bytes());
        out.extend(at.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn inside(text: &[u8]) -> Result<(Vec<u8>, Vec<&'static str>, usize), Refusal> {
        let (mut wraps, mut unread) = (Vec::new(), 0);
        let text = unpack(text, &mut wraps, &mut unread)?.into_owned();
        Ok((text, wraps, unread))
    }

    #[test]
    fn archives_are_unpacked_and_what_else_is_in_them_is_counted() {
        let text = b"<feedback/>";
        assert_eq!(inside(text).unwrap(), (text.to_vec(), vec![], 0));
        assert_eq!(inside(&gzip(text)).unwrap(), (text.to_vec(), vec!["gzip"], 0));
        let two = zip(&[("a/", b""), ("r.xml", text), ("s.xml", text)], 0);
        assert_eq!(inside(&two).unwrap(), (text.to_vec(), vec!["zip"], 1));
        assert_eq!(inside(&gzip(&two)).unwrap().1, ["gzip", "zip"]);
    }

    #[test]
    fn bombs_locks_and_cuts_are_refused_by_name() {
        let bomb = gzip(&vec![b' '; UNPACKED + 1]);
        assert_eq!(inside(&bomb), Err(Refusal::TooLarge));
        assert_eq!(inside(&zip(&[("r.xml", &vec![0; UNPACKED + 1])], 0)), Err(Refusal::TooLarge));
        let nested = (0..6).fold(b"<feedback/>".to_vec(), |inner, _| gzip(&inner));
        assert_eq!(inside(&nested), Err(Refusal::TooDeep));
        assert_eq!(inside(&zip(&[("r.xml", b"x")], 1)), Err(Refusal::Locked));
        assert_eq!(inside(&zip(&[("a/", b"")], 0)), Err(Refusal::NoReport));
        let whole = zip(&[("r.xml", b"<feedback/>")], 0);
        assert_eq!(inside(&whole[..whole.len() - 30]), Err(Refusal::Damaged("zip")));
        assert_eq!(inside(&bomb[..200]), Err(Refusal::Damaged("gzip")));
    }

    #[test]
    fn html_beside_a_report_is_not_taken_for_it() {
        let mail = |kind: &str| {
            format!(
                "From: a@example.net\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<div>your <feedback></div>\n--b\nContent-Type: {kind}\n\n<feedback/>\n--b--\n"
            )
        };
        for kind in ["text/xml", "application/octet-stream", "text/plain"] {
            let (text, wraps, unread) = inside(mail(kind).as_bytes()).unwrap();
            assert_eq!((text.trim_ascii(), wraps, unread), (&b"<feedback/>"[..], vec!["mail"], 0), "{kind}");
        }
        assert_eq!(inside(mail("text/html").as_bytes()), Err(Refusal::NoReport));
    }

    #[test]
    fn no_archive_however_broken_panics() {
        let whole = zip(&[("r.xml", b"<feedback/>"), ("s.xml", b"y")], 0);
        for at in 0..whole.len() {
            for bit in [0x01, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[at] ^= bit;
                let _ = inside(&broken);
                let _ = inside(&broken[..at]);
            }
        }
    }
}
