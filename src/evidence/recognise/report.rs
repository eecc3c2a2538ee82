//! Aggregate reports: DMARC (RFC 9990) and TLS (RFC 8460), packed or not.

use super::Guess;
use crate::evidence::input::InputKind;
use crate::evidence::lines::{head, visible};
use crate::facts::header::Header;
use crate::rules::Confidence;
use std::io::Read;

/// As much of an archive as is unpacked to see what is inside.
const UNPACKED: u64 = 4096;

pub(super) fn guess(text: &[u8]) -> Option<Guess> {
    let say = |sure, because| Some(Guess::new(InputKind::Report, sure, because));
    if let Some((archive, inside)) = unpack(text) {
        return match of(&inside) {
            Some(what) => say(Confidence::Certain, format!("a {archive} archive with {what} inside")),
            None => say(Confidence::Possible, format!("a {archive} archive, as reports are sent in")),
        };
    }
    of(head(text)).and_then(|what| say(Confidence::Certain, what.to_owned()))
}

/// Bytes of a mail looked at for the name of a report.
const NAMED: usize = 256 * 1024;

/// A mail that carries a report: the file's name says so (`receiver!domain!begin!end`, RFC 7489 §7.2.1.1), the
/// subject (ibid.), or a field of its own (RFC 8460 §5.3).
pub(super) fn mail(text: &[u8], header: &Header) -> Option<Guess> {
    let text = &text[..text.len().min(NAMED)];
    let subject = header.first(text, "Subject").map(|f| f.value.of(text).trim_ascii_start());
    let titled = |s: &[u8]| s.get(..14).is_some_and(|s| s.eq_ignore_ascii_case(b"report domain:"));
    let holds = |words: &[u8]| text.windows(words.len()).any(|w| w.eq_ignore_ascii_case(words));
    // Some send the XML as text.
    let attached = || holds(b"application/") || holds(b"text/xml") || holds(b".xml");
    let kind = header.first(text, "Content-Type").map(|f| f.value.of(text).trim_ascii_start());
    let tls = |kind: &[u8]| kind.get(..18).is_some_and(|k| k.eq_ignore_ascii_case(b"application/tlsrpt"));
    let because = if header.first(text, "TLS-Report-Domain").is_some() || kind.is_some_and(tls) {
        "a mail that says it carries a TLS report"
    } else if subject.is_some_and(titled) && attached() {
        "a mail whose subject is a DMARC report's"
    } else if named(text) {
        "a mail with a report attached"
    } else {
        return None;
    };
    Some(Guess::new(InputKind::Report, Confidence::Likely, because))
}

/// `!1718236800!1718323199`: begin and end in seconds.
fn named(text: &[u8]) -> bool {
    let seconds = |at: &[u8]| at.iter().take(11).take_while(|b| b.is_ascii_digit()).count();
    memchr::memchr_iter(b'!', text).any(|at| {
        let digits = seconds(&text[at + 1..]);
        let second = text.get(at + 1 + digits).is_some_and(|b| *b == b'!');
        digits >= 9 && second && seconds(&text[at + 2 + digits..]) >= 9
    })
}

/// Files that people take for messages, to say so.
pub(super) fn foreign(text: &[u8]) -> Option<Guess> {
    let unknown = |because: &str| Some(Guess::new(InputKind::Unknown, Confidence::Likely, because));
    if text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF") {
        return unknown("a text in UTF-16 that is damaged or cut off; save it as UTF-8");
    }
    // Compound File Binary, the container of Outlook's own format ([MS-CFB] §2.2).
    if text.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return unknown("an Outlook .msg file; save the message as .eml or copy its header");
    }
    None
}

fn of(text: &[u8]) -> Option<&'static str> {
    // Most texts begin with what can be seen, and can be no report.
    if text.first().is_some_and(|b| b.is_ascii_graphic() && !b"<{".contains(b)) {
        return None;
    }
    let text = visible(text);
    let text = text.trim_ascii_start();
    let has = |needle: &[u8]| text.windows(needle.len()).any(|w| w == needle);
    match text.first()? {
        b'<' if has(b"<feedback") || has(b":feedback") || has(b"<policy_published") || has(b"<report_metadata") => {
            Some("a DMARC aggregate report in XML")
        }
        b'{' if has(b"\"policies\"") && (has(b"\"organization-name\"") || has(b"\"report-id\"")) => {
            Some("a TLS report in JSON")
        }
        _ => None,
    }
}

/// The beginning of a gzip stream (RFC 1952) or of the first file in a zip.
fn unpack(text: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let mut inside = Vec::new();
    let archive = if text.starts_with(b"\x1f\x8b") {
        // A damaged stream shows as nothing inside.
        flate2::read::GzDecoder::new(text).take(UNPACKED).read_to_end(&mut inside).ok();
        "gzip"
    } else if text.starts_with(b"PK\x03\x04") {
        let word = |at: usize| text.get(at..at + 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
        let data = 30 + word(26).unwrap_or(0) + word(28).unwrap_or(0);
        let data = text.get(data..).unwrap_or_default();
        match word(8) {
            Some(8) => drop(flate2::read::DeflateDecoder::new(data).take(UNPACKED).read_to_end(&mut inside)),
            Some(0) => inside.extend_from_slice(&data[..data.len().min(UNPACKED as usize)]),
            _ => {}
        }
        "zip"
    } else {
        return None;
    };
    Some((archive, inside))
}
