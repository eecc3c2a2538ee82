//! Changes that touch a whole body, and their undoing. Each gives candidates for what was signed.

use super::What;
use super::mime::{field, parts, splice};
use crate::evidence::lines::lines;
use crate::facts::dkim::material;
use base64::Engine;

/// What a body may have been before; at most a handful each.
pub(super) type Undo = fn(body: &[u8], header: &[u8]) -> Vec<Vec<u8>>;

/// In the order of how often they happen.
pub(super) const ALL: &[(What, Undo)] = &[
    (What::TransferEncodingChanged, transfer_encoding),
    (What::TransferEncodingChanged, rewritten),
    (What::LinksRewritten, links),
    (What::WhitespaceChanged, blanks),
    (What::EmptyLinesChanged, top),
    (What::BlankLinesDoubled, doubled),
    (What::FromEscaped, escaped),
    (What::DotStuffing, dots),
    (What::LinesWrapped, wrapped),
    (What::CharsetChanged, charset),
];

/// Every line passed through `change`, with CRLF; nothing where no line changes.
fn by_line(body: &[u8], change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut changed = false;
    for line in lines(body, 0) {
        match change(line.of(body)) {
            Some(other) => {
                changed = true;
                out.extend_from_slice(&other);
            }
            None => out.extend_from_slice(line.of(body)),
        }
        out.extend_from_slice(b"\r\n");
    }
    if changed { vec![out] } else { Vec::new() }
}

fn blanks(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let stripped = |mark: &'static [u8]| {
        by_line(body, move |line| {
            let end = line.trim_ascii_end();
            // The mark of a signature has a blank at its end, which many systems take off (RFC 3676 §4.3).
            let was = if end == b"--" { mark } else { end };
            (was != line).then(|| was.to_vec())
        })
    };
    let marked = by_line(body, |line| (line == b"--").then(|| b"-- ".to_vec()));
    // Runs of blanks within lines that were single ones.
    let single = by_line(body, |line| {
        let blank = |b: &u8| matches!(b, b' ' | b'\t');
        let mut was = line.to_vec();
        was.dedup_by(|next, before| blank(next) && blank(before));
        (was != line).then_some(was)
    });
    [stripped(b"--"), stripped(b"-- "), marked, single].concat()
}

/// Empty lines at the top come and go with whoever writes the header anew.
fn top(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let first = lines(body, 0).find(|l| l.start < l.end).map_or(0, |l| l.start);
    let fewer = (first > 0).then(|| body[first..].to_vec());
    fewer.into_iter().chain([[b"\r\n", body].concat()]).collect()
}

fn doubled(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let all: Vec<&[u8]> = lines(body, 0).map(|l| l.of(body)).collect();
    let twice = all.len() > 3 && all.chunks(2).all(|pair| pair.get(1).is_none_or(|second| second.is_empty()));
    if !twice {
        return Vec::new();
    }
    let kept = all.iter().step_by(2).flat_map(|line| [line, &b"\r\n"[..]].concat());
    vec![kept.collect()]
}

/// `>From ` of mbox files; a body may also have lost the mark.
fn escaped(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    by_line(body, |line| line.starts_with(b">From ").then(|| line[1..].to_vec()))
}

fn dots(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let stuffed = by_line(body, |line| line.starts_with(b"..").then(|| line[1..].to_vec()));
    let lost = by_line(body, |line| line.starts_with(b".").then(|| [b".", line].concat()));
    stuffed.into_iter().chain(lost).collect()
}

/// Lines that are as long as servers let them be go on in the next (RFC 5321 §4.5.3.1.6); sendmail
/// marks the break with `!`.
fn wrapped(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let join = |breaks: &dyn Fn(&[u8]) -> Option<usize>, skip: usize| {
        let mut out = Vec::with_capacity(body.len());
        let (mut changed, mut joined) = (false, false);
        for line in lines(body, 0) {
            let text = line.of(body);
            let text = if joined { text.get(skip..).unwrap_or_default() } else { text };
            joined = false;
            match breaks(text) {
                Some(keep) => {
                    out.extend_from_slice(&text[..keep]);
                    (changed, joined) = (true, true);
                }
                None => {
                    out.extend_from_slice(text);
                    out.extend_from_slice(b"\r\n");
                }
            }
        }
        changed.then_some(out)
    };
    let full = |line: &[u8]| (988..=1000).contains(&line.len()).then_some(line.len());
    let bang = |line: &[u8]| (line.len() > 900 && line.ends_with(b"!")).then(|| line.len() - 1);
    let long = [join(&full, 0), join(&full, 1), join(&bang, 0), join(&bang, 1)].into_iter().flatten();
    long.chain(joined(body)).collect()
}

/// Each paragraph on one line, as programs write that leave it to the reader's to break it.
fn joined(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut changed = false;
    let mut rest = lines(body, 0).map(|l| l.of(body)).peekable();
    while let Some(line) = rest.next() {
        let goes_on = !line.is_empty() && rest.peek().is_some_and(|next| !next.is_empty());
        out.extend_from_slice(if goes_on { line.trim_ascii_end() } else { line });
        out.extend_from_slice(if goes_on { b" " } else { b"\r\n" });
        changed |= goes_on;
    }
    changed.then_some(out)
}

fn charset(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    if body.is_ascii() {
        return Vec::new();
    }
    match std::str::from_utf8(body) {
        Ok(text) if text.chars().all(|c| u32::from(c) < 256) => {
            vec![text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()]
        }
        Ok(_) => Vec::new(),
        Err(_) => vec![body.iter().map(|&b| char::from(b)).collect::<String>().into_bytes()],
    }
}

/// The body, or each of its parts, in the other encodings of RFC 2045 §6.
fn transfer_encoding(body: &[u8], header: &[u8]) -> Vec<Vec<u8>> {
    let parts = parts(body);
    if parts.is_empty() {
        let encoding = field(header, "Content-Transfer-Encoding").unwrap_or_default();
        return others(body, &encoding).into_iter().map(|(_, content)| content).collect();
    }
    let mut out = Vec::new();
    // From the last to the first, so that offsets stay true.
    for wanted in ["8bit", "7bit", "quoted-printable", "base64"] {
        let (mut whole, mut changed) = (body.to_vec(), false);
        for part in parts.iter().rev() {
            let head = part.header_of(body);
            let encoding = field(head, "Content-Transfer-Encoding").unwrap_or_default();
            if field(head, "Content-Type").is_some_and(|t| !t.starts_with("text/")) || encoding == wanted {
                continue;
            }
            let spelled = if wanted == "7bit" { "8bit" } else { wanted };
            let Some((_, content)) =
                others(part.content_of(body), &encoding).into_iter().find(|(as_, _)| *as_ == spelled)
            else {
                continue;
            };
            let renamed = rename(head, wanted);
            whole = splice(&whole, part.header, part.end, &[renamed, content].concat());
            changed = true;
        }
        if changed {
            out.push(whole);
        }
    }
    out
}

/// The header of a part with another Content-Transfer-Encoding.
fn rename(header: &[u8], encoding: &str) -> Vec<u8> {
    let split = crate::facts::header::Header::split(header);
    match split.first(header, "Content-Transfer-Encoding") {
        Some(f) => splice(header, f.value.start as usize, f.value.end as usize, format!(" {encoding}").as_bytes()),
        None => header.to_vec(),
    }
}

/// The content as it would be in each other encoding.
fn others(content: &[u8], encoding: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain = match encoding {
        "base64" => base64_decoded(content),
        "quoted-printable" => Some(quoted_decoded(content)),
        _ => Some(content.to_vec()),
    };
    let Some(plain) = plain else { return Vec::new() };
    let mut out = Vec::new();
    if encoding == "base64" || encoding == "quoted-printable" {
        out.push(("8bit", plain.clone()));
    }
    if encoding != "quoted-printable" {
        out.push(("quoted-printable", quoted(&plain)));
    }
    if encoding != "base64" {
        out.push(("base64", base64_lines(&plain)));
    }
    out
}

/// Parts that are tried by themselves, each in every way.
const SINGLE: usize = 6;

/// The same encoding, written otherwise: base64 in lines of another length, quoted-printable with other breaks or codes.
fn rewritten(body: &[u8], header: &[u8]) -> Vec<Vec<u8>> {
    let whole = |content: &[u8], encoding: &str| match encoding {
        "base64" => rows(content),
        "quoted-printable" => requoted(content),
        _ => Vec::new(),
    };
    let parts = parts(body);
    if parts.is_empty() {
        let mut out = whole(body, &field(header, "Content-Transfer-Encoding").unwrap_or_default());
        out.retain(|other| other != body);
        return out;
    }
    // From the last to the first, so that offsets stay true; one system writes all parts alike, or one of them.
    let (mut out, mut single): (Vec<Vec<u8>>, Vec<Vec<u8>>) = Default::default();
    for part in parts.iter().rev() {
        let encoding = field(part.header_of(body), "Content-Transfer-Encoding").unwrap_or_default();
        let content = part.content_of(body);
        for (way, other) in whole(content, &encoding).into_iter().enumerate() {
            // The line end before a boundary is the boundary's.
            let other =
                if content.ends_with(b"\r\n") { &other[..] } else { other.strip_suffix(b"\r\n").unwrap_or(&other) };
            out.resize(out.len().max(way + 1), body.to_vec());
            out[way] = splice(&out[way], part.content, part.end, other);
            if single.len() < SINGLE && other != content {
                single.push(part.with_content(body, other));
            }
        }
    }
    out.retain(|other| other != body);
    out.extend(single);
    out
}

/// Base64 in lines of 76, 64, 72 and 60 characters, and in one.
fn rows(content: &[u8]) -> Vec<Vec<u8>> {
    let code = material::without_blanks(content);
    let row = |width: usize| code.chunks(width).flat_map(|row| [row, b"\r\n"].concat()).collect::<Vec<u8>>();
    let widths = [76, 64, 72, 60, code.len().max(1)];
    widths.into_iter().map(row).collect()
}

/// Quoted-printable with capitals in its codes, with small letters, and encoded anew.
fn requoted(content: &[u8]) -> Vec<Vec<u8>> {
    let lettered = |change: fn(&u8) -> u8| {
        let mut out = content.to_vec();
        for at in 0..out.len().saturating_sub(2) {
            if out[at] == b'=' && out[at + 1..at + 3].iter().all(u8::is_ascii_hexdigit) {
                out[at + 1] = change(&out[at + 1]);
                out[at + 2] = change(&out[at + 2]);
            }
        }
        out
    };
    vec![lettered(u8::to_ascii_uppercase), lettered(u8::to_ascii_lowercase), quoted(&quoted_decoded(content))]
}

/// Does this header say that its content is base64?
pub(super) fn is_base64(header: &[u8]) -> bool {
    field(header, "Content-Transfer-Encoding").as_deref() == Some("base64")
}

pub(super) fn base64_decoded(content: &[u8]) -> Option<Vec<u8>> {
    material::decode(&material::without_blanks(content))
}

pub(super) fn base64_lines(plain: &[u8]) -> Vec<u8> {
    // Text has CRLF on the wire.
    let plain: Vec<u8> = lines(plain, 0).flat_map(|l| [l.of(plain), b"\r\n"].concat()).collect();
    let code = base64::engine::general_purpose::STANDARD.encode(plain);
    let rows = code.as_bytes().chunks(76).flat_map(|row| [row, b"\r\n"].concat());
    rows.collect()
}

/// RFC 2045 §6.7.
fn quoted_decoded(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for line in lines(content, 0) {
        let text = line.of(content).trim_ascii_end();
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |t| (t, true));
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&b| b == b'=') {
            out.extend_from_slice(&rest[..at]);
            let code = rest.get(at + 1..at + 3).and_then(|c| u8::from_str_radix(std::str::from_utf8(c).ok()?, 16).ok());
            match code {
                Some(byte) => {
                    out.push(byte);
                    rest = &rest[at + 3..];
                }
                None => {
                    out.push(b'=');
                    rest = &rest[at + 1..];
                }
            }
        }
        out.extend_from_slice(rest);
        if !soft {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

/// As most encoders write it: lines of 76, `=`, controls and 8-bit coded, blanks only at line ends.
fn quoted(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 8);
    for line in lines(plain, 0) {
        let text = line.of(plain);
        let mut width = 0;
        for (n, &byte) in text.iter().enumerate() {
            let last = n + 1 == text.len();
            let literal = matches!(byte, 33..=60 | 62..=126) || (matches!(byte, b' ' | b'\t') && !last);
            let needs = if literal { 1 } else { 3 };
            // The last character of a line may use the place of the soft break's `=`.
            if width + needs > if last { 76 } else { 75 } {
                out.extend_from_slice(b"=\r\n");
                width = 0;
            }
            match literal {
                true => out.push(byte),
                false => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
            }
            width += needs;
        }
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Links as they were before a gateway led them past itself.
fn links(body: &[u8], _: &[u8]) -> Vec<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(body) else { return Vec::new() };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find("https://") {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| c.is_whitespace() || "\"'<>)]".contains(c)).map_or(rest.len(), |n| at + n);
        let link = &rest[at..end];
        match unwrapped(link) {
            // In HTML an ampersand is written out, in the gateway's link as in the one it hides.
            Some(original) if link.contains("&amp;") => {
                out.push_str(&original.replace('&', "&amp;"));
                changed = true;
            }
            Some(original) => {
                out.push_str(&original);
                changed = true;
            }
            None => out.push_str(link),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    if changed { vec![out.into_bytes()] } else { Vec::new() }
}

/// The link inside a gateway's: Safe Links, URL Defense 1 to 3, Barracuda.
pub(in crate::facts) fn unwrapped(link: &str) -> Option<String> {
    let (host, path) = link.strip_prefix("https://")?.split_once('/')?;
    let query = |name: &str| {
        let (_, query) = path.split_once('?')?;
        let pairs = query.split('&').map(|p| p.strip_prefix("amp;").unwrap_or(p));
        pairs.filter_map(|p| p.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value.to_owned())
    };
    if host.ends_with("safelinks.protection.outlook.com") {
        return percent_decoded(&query("url")?);
    }
    if host.ends_with("linkprotect.cudasvc.com") {
        return percent_decoded(&query("a")?);
    }
    if host == "urldefense.proofpoint.com" && path.starts_with("v1/") {
        return percent_decoded(&query("u")?);
    }
    if host == "urldefense.proofpoint.com" && path.starts_with("v2/") {
        return percent_decoded(&query("u")?.replace('-', "%").replace('_', "/"));
    }
    if host == "urldefense.com" {
        let (_, inside) = path.split_once("v3/__")?;
        let (inside, _) = inside.split_once("__;")?;
        return (!inside.contains('*')).then(|| inside.to_owned());
    }
    None
}

pub(in crate::facts) fn percent_decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let code = std::str::from_utf8(after.get(..2)?).ok()?;
            out.push(u8::from_str_radix(code, 16).ok()?);
            rest = &after[2..];
        } else {
            out.push(first);
            rest = after;
        }
    }
    String::from_utf8(out).ok()
}
