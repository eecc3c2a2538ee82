//! A DNS record that was pasted: bare, quoted, a zone-file line, or `dig` output.

mod value;

use crate::evidence::zone_line::{self, Zone};
use crate::evidence::{Data, Kind};
use crate::span::Span;
use value::Value;

/// The pasted record(s) of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// Owner name, lower case, no trailing dot; `None` for a bare value.
    pub name: Option<String>,
    pub kind: Kind,
    pub entries: Vec<Entry>,
    /// CNAME records beside them, each with its owner.
    pub aliases: Vec<(String, Entry)>,
    /// Records of other names or types in the paste, and those beyond what one name can hold.
    pub unread: usize,
}

impl Pasted {
    /// Is it a record that mail knows? A bare text can be anything.
    pub fn is_known(&self) -> bool {
        let known = |text: &[u8]| {
            zone_line::policy(text).is_some() || zone_line::is_spf_terms(text) || text.windows(2).any(|w| w == b"p=")
        };
        self.name.is_some() || self.kind != Kind::Txt || self.entries.iter().any(|entry| known(&entry.text))
    }
}

/// Records of one name that are read: more fit into no DNS answer (RFC 1035 §4.2.2).
const MOST: usize = 64;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub data: Data,
    /// The joined text of a TXT.
    pub text: Vec<u8>,
    /// For each byte of `text`, its place in the input.
    pub places: Vec<u32>,
    /// The whole entry in the input.
    pub span: Span,
    /// Was it written in quotes?
    pub quoted: bool,
    /// An MX that was written without its preference.
    pub unranked: bool,
}

impl Entry {
    /// Where a span of `text` stands in the input.
    pub fn place(&self, span: Span) -> Span {
        let at = |n: usize| self.places.get(n).map(|&p| p as usize);
        match (at(span.start as usize), at((span.end as usize).wrapping_sub(1))) {
            (Some(start), Some(end)) => Span::new(start, end + 1),
            _ => self.span,
        }
    }
}

/// Reads a pasted record; `None` where there is none.
///
/// Of several names or types only those of the first TXT record are kept, or else of the
/// first record: an alias in front of a key is the way to it.
pub fn read(text: &[u8]) -> Option<Pasted> {
    let found = statements(text);
    let main = found.iter().find(|s| s.kind == Kind::Txt).or(found.first())?;
    // The owner of the whole chain is the name that was asked for.
    let name = found.first().filter(|first| first.kind == Kind::Cname).unwrap_or(main).name.clone();
    let (owner, kind) = (main.name.clone(), main.kind);
    let all = found.len();
    let (mut entries, mut aliases, mut passed) = (Vec::new(), Vec::new(), 0);
    for s in found {
        match (s.kind, s.name) {
            (of, name) if of == kind && name == owner && entries.len() < MOST => entries.push(s.entry),
            (Kind::Cname, name) if kind != Kind::Cname => {
                passed += 1;
                aliases.extend(name.filter(|_| passed <= MOST).map(|name| (name, s.entry)));
            }
            _ => {}
        }
    }
    let unread = all - passed - entries.len();
    Some(Pasted { name, kind, entries, aliases, unread })
}

/// One record as it was found.
struct Statement {
    name: Option<String>,
    kind: Kind,
    entry: Entry,
}

/// Every record in the text, in order.
fn statements(text: &[u8]) -> Vec<Statement> {
    let mut found: Vec<Statement> = Vec::new();
    let mut origin: Option<String> = None;
    let mut commented = false;
    // Where `dig` names its sections, only the answer counts.
    let sections = lines(text).any(|(start, end)| is_section(&text[start..end]));
    let mut answer = !sections;
    let mut done = 0;
    let mut open = value::OPEN;
    for (start, end) in lines(text) {
        let line = &text[start..end];
        let trimmed = line.trim_ascii();
        commented |= trimmed.starts_with(b";");
        if is_section(line) {
            answer = line.starts_with(b";; ANSWER");
        }
        if start < done || !answer || trimmed.is_empty() || trimmed.starts_with(b";") {
            continue;
        }
        if let Some(directive) = trimmed.strip_prefix(b"$") {
            origin = directive.strip_prefix(b"ORIGIN").map(|name| owner(name.trim_ascii(), None)).unwrap_or(origin);
            continue;
        }
        let begin = start + line.len() - line.trim_ascii_start().len();
        let statement = match zone_line::read(line) {
            Some(zone) => {
                let indented = line.first().is_some_and(u8::is_ascii_whitespace);
                let name = match &zone.name {
                    Some(name) => owner(&line[name.clone()], origin.as_deref()),
                    None if indented => found.last().and_then(|s| s.name.clone()),
                    None => None,
                };
                stated(text, (start, end), &zone, name, &mut open)
            }
            None if is_value(trimmed) => {
                Some(Statement { name: None, kind: Kind::Txt, entry: txt(text, begin, begin, &mut open) })
            }
            None => short(begin, trimmed),
        };
        if let Some(statement) = statement {
            done = statement.entry.span.end as usize;
            found.push(statement);
        }
    }
    // Told that it is a record, whatever it looks like: the text of one TXT.
    if found.is_empty()
        && !commented
        && let Some(at) = text.iter().position(|b| !b.is_ascii_whitespace())
    {
        found.push(Statement { name: None, kind: Kind::Txt, entry: txt(text, at, at, &mut open) });
    }
    found
}

/// A record with its type.
fn stated(
    text: &[u8],
    (start, end): (usize, usize),
    zone: &Zone,
    name: Option<String>,
    open: &mut u32,
) -> Option<Statement> {
    let at = start + zone.data.start;
    if matches!(zone.kind, Kind::Txt | Kind::Spf) {
        let begin = zone.name.as_ref().map_or(at, |n| start + n.start);
        return Some(Statement { name, kind: zone.kind, entry: txt(text, begin, at, open) });
    }
    let written = zone_line::comment_cut(std::str::from_utf8(&text[at..end]).ok()?);
    let unranked = zone.kind == Kind::Mx && zone_line::is_host(written);
    let data = match unranked {
        true => Data::parse(Kind::Mx, &format!("0 {written}"))?,
        false => Data::parse(zone.kind, written)?,
    };
    Some(Statement { name, kind: zone.kind, entry: Entry { unranked, ..plain(data, start, end) } })
}

fn txt(text: &[u8], begin: usize, at: usize, open: &mut u32) -> Entry {
    let Value { strings, places, quoted, end } = value::read(text, at, open);
    let span = Span::new(begin, end);
    Entry { text: strings.concat(), data: Data::Txt(strings), places, span, quoted, unranked: false }
}

/// What `dig +short` prints for MX and addresses.
fn short(begin: usize, line: &[u8]) -> Option<Statement> {
    let word = std::str::from_utf8(line).ok()?;
    let of = |kind| Data::parse(kind, word).map(|data| (kind, data));
    let (kind, data) = of(Kind::A).or_else(|| of(Kind::Aaaa)).or_else(|| of(Kind::Mx))?;
    Some(Statement { name: None, kind, entry: plain(data, begin, begin + line.len()) })
}

fn plain(data: Data, start: usize, end: usize) -> Entry {
    let (text, places, span) = (Vec::new(), Vec::new(), Span::new(start, end));
    Entry { data, text, places, span, quoted: false, unranked: false }
}

fn is_value(line: &[u8]) -> bool {
    line.starts_with(b"\"") || zone_line::policy(line).is_some() || zone_line::is_spf_terms(line)
}

fn is_section(line: &[u8]) -> bool {
    line.starts_with(b";; ") && line.trim_ascii_end().ends_with(b" SECTION:")
}

/// An owner name in full, where the origin is known.
fn owner(written: &[u8], origin: Option<&str>) -> Option<String> {
    let name = String::from_utf8_lossy(written).to_ascii_lowercase();
    match (name.strip_suffix('.'), origin) {
        (Some(absolute), _) => Some(absolute.to_owned()),
        (None, origin) if name == "@" => origin.map(str::to_owned),
        (None, Some(origin)) => Some(format!("{name}.{origin}")),
        (None, None) => Some(name),
    }
}

/// Start and end of each line's content.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut at = 0;
    text.split(|&b| b == b'\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, start + line.strip_suffix(b"\r").unwrap_or(line).len())
    })
}

#[cfg(test)]
mod tests;
