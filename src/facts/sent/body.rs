//! The body, part by part.

use super::BodyDifference;
use crate::evidence::lines::lines;
use crate::facts::dkim::canon::Canon;
use crate::facts::dkim::forensics::What;
use crate::facts::header::Header;
use crate::facts::mime::{self, Leaf};
use std::borrow::Cow;
use std::collections::HashMap;

/// Characters of the lines that differ.
const SHOWN: usize = 200;

/// A message and where its body begins.
type Side<'a> = (&'a [u8], usize);

/// `the body`: what concerns no single part.
pub const WHOLE: &str = "the body";

pub fn compare(sent: Side, received: Side) -> Vec<BodyDifference> {
    if plain(&sent.0[sent.1..]) == plain(&received.0[received.1..]) {
        return Vec::new();
    }
    let leaves = |text| mime::leaves(text, &Header::split(text));
    match (leaves(sent.0), leaves(received.0)) {
        (Some(was), Some(is)) => parts(sent, received, &was, &is),
        // Nested too deep to be taken apart.
        _ => text(WHOLE, &lossy(&sent.0[sent.1..]), &lossy(&received.0[received.1..])),
    }
}

fn parts(sent: Side, received: Side, was: &[Leaf], is: &[Leaf]) -> Vec<BodyDifference> {
    let pairs = pair(was, is);
    let mut out = Vec::new();
    let multipart = |(text, _): Side| kind(text).starts_with("multipart/");
    if !multipart(sent) && multipart(received) {
        out.push(BodyDifference {
            what: What::WrappedInMultipart,
            part: WHOLE.into(),
            sent: Some(kind(sent.0)),
            received: Some(kind(received.0)),
        });
    }
    for (n, part) in is.iter().enumerate() {
        match pairs.iter().find(|(_, is)| *is == Some(n)) {
            Some((Some(m), _)) => changed(&was[*m], part, (sent.0, received.0), &mut out),
            _ => out.push(BodyDifference {
                what: What::PartAdded,
                part: titled(part),
                sent: None,
                received: Some(beginning(part)),
            }),
        }
    }
    for (m, _) in pairs.iter().filter(|(_, is)| is.is_none()) {
        if let Some(part) = m.and_then(|m| was.get(m)) {
            out.push(BodyDifference {
                what: What::PartRemoved,
                part: titled(part),
                sent: Some(beginning(part)),
                received: None,
            });
        }
    }
    if out.is_empty() {
        // The parts are the same: what differs stands between them.
        out.push(BodyDifference { what: What::StructureChanged, part: WHOLE.into(), sent: None, received: None });
    }
    out
}

/// Which part was which: those with the same content first, then in order those of the same kind.
fn pair(was: &[Leaf], is: &[Leaf]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut same: HashMap<(&str, &[u8]), Vec<usize>> = HashMap::new();
    was.iter().enumerate().rev().for_each(|(m, l)| same.entry((&l.kind, l.bytes())).or_default().push(m));
    let mut found: Vec<Option<usize>> =
        is.iter().map(|l| same.get_mut(&(l.kind.as_str(), l.bytes())).and_then(Vec::pop)).collect();
    let mut left: Vec<usize> = (0..was.len()).filter(|m| !found.contains(&Some(*m))).collect();
    for (n, part) in is.iter().enumerate().filter(|(n, _)| found[*n].is_none()).collect::<Vec<_>>() {
        if let Some(at) = left.iter().position(|m| was[*m].kind == part.kind) {
            found[n] = Some(left.remove(at));
        }
    }
    let pairs = found.into_iter().enumerate().map(|(n, m)| (m, Some(n)));
    pairs.chain(left.into_iter().map(|m| (Some(m), None))).collect()
}

fn changed(was: &Leaf, is: &Leaf, (sent, received): (&[u8], &[u8]), out: &mut Vec<BodyDifference>) {
    if plain(&sent[was.raw.clone()]) == plain(&received[is.raw.clone()]) {
        return;
    }
    let part = titled(is);
    if was.encoding != is.encoding {
        out.push(BodyDifference {
            what: What::TransferEncodingChanged,
            part: part.clone(),
            sent: Some(encoding(was)),
            received: Some(encoding(is)),
        });
    }
    if was.charset != is.charset {
        out.push(BodyDifference {
            what: What::CharsetChanged,
            part: part.clone(),
            sent: Some(was.charset.clone()),
            received: Some(is.charset.clone()),
        });
    }
    let before = out.len();
    if was.kind.starts_with("text/") {
        out.extend(text(&part, &was.text(), &is.text()));
    } else if was.bytes() != is.bytes() {
        let size = |leaf: &Leaf| Some(format!("{} bytes", leaf.bytes().len()));
        out.push(BodyDifference { what: What::BodyChanged, part: part.clone(), sent: size(was), received: size(is) });
    }
    // The same content in the same encoding, and yet other bytes: lines broken elsewhere.
    if out.len() == before && was.encoding == is.encoding && was.charset == is.charset {
        out.push(BodyDifference { what: What::LinesWrapped, part, sent: None, received: None });
    }
}

/// What became of a text. The first and the last lines that are the same are set aside; the rest differs.
fn text(part: &str, was: &str, is: &str) -> Vec<BodyDifference> {
    if plain(was.as_bytes()) == plain(is.as_bytes()) {
        return Vec::new();
    }
    let say = |what, sent: Option<String>, received: Option<String>| {
        vec![BodyDifference { what, part: part.to_owned(), sent, received }]
    };
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if words(was) == words(is) {
        let unbroken = |text: &str| text.lines().count();
        let what = if unbroken(was) == unbroken(is) { What::WhitespaceChanged } else { What::LinesWrapped };
        return say(what, None, None);
    }
    let split = |text: &'_ str| -> Vec<String> {
        lines(text.as_bytes(), 0).map(|l| String::from_utf8_lossy(l.of(text.as_bytes())).into_owned()).collect()
    };
    let (a, b) = (split(was), split(is));
    let top = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - top;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    let (gone, new) = (&a[top..a.len() - end], &b[top..b.len() - end]);
    let blank = |lines: &[String]| lines.iter().all(|l| l.trim().is_empty());
    let what = match (blank(gone), blank(new)) {
        _ if relinked(gone, new) => What::LinksRewritten,
        (true, false) if top == 0 => What::TextPrepended,
        (true, false) if end == 0 || blank(&b[b.len() - end..]) => What::FooterAppended,
        (true, false) if part.starts_with("text/html") => What::HtmlInserted,
        _ => What::BodyChanged,
    };
    let shown = |lines: &[String]| (!blank(lines)).then(|| crate::safe::clip(lines.join("\n").trim(), SHOWN));
    say(what, shown(gone), shown(new))
}

/// The same lines, but for where their links lead.
fn relinked(gone: &[String], new: &[String]) -> bool {
    let bare = |lines: &[String]| -> (String, usize) {
        let text = lines.join(" ");
        let (mut rest, mut out, mut links) = (text.as_str(), String::new(), 0);
        while let Some(at) = rest.find("http://").into_iter().chain(rest.find("https://")).min() {
            let (before, link) = rest.split_at(at);
            out.push_str(before);
            rest = &link[link.find(|c: char| c.is_whitespace() || "\"'<>)]".contains(c)).unwrap_or(link.len())..];
            links += 1;
        }
        out.push_str(rest);
        (out.split_whitespace().collect::<Vec<_>>().join(" "), links)
    };
    let ((was, before), (is, after)) = (bare(gone), bare(new));
    before > 0 && before == after && was == is
}

fn kind(text: &[u8]) -> String {
    let header = Header::split(text);
    let value = header.first(text, "Content-Type").map(|f| lossy(f.value.of(text)));
    let kind = value.as_deref().map(|v| v.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    kind.filter(|k| !k.is_empty()).unwrap_or_else(|| "text/plain".into())
}

fn encoding(leaf: &Leaf) -> String {
    if leaf.encoding.is_empty() { "none".into() } else { leaf.encoding.into() }
}

/// `text/html`, or with the name of the file: `application/pdf "a.pdf"`.
fn titled(leaf: &Leaf) -> String {
    match &leaf.name {
        Some(name) => format!("{} \"{name}\"", leaf.kind),
        None => leaf.kind.clone(),
    }
}

/// How a part begins, or how large it is.
fn beginning(leaf: &Leaf) -> String {
    match leaf.kind.starts_with("text/") {
        true => crate::safe::clip(leaf.text().trim(), SHOWN),
        false => format!("{} bytes", leaf.bytes().len()),
    }
}

/// Line ends made alike.
fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    Canon::Simple.body(text)
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
