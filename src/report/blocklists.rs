//! What blocklists said of a checked domain and its addresses: the lists that hold nothing, too.

use super::records::Standing;
use crate::diagnose::Diagnosis;
use crate::facts::domain::blocklists::{About, Entry, State};
use crate::knowledge::blocklist::Kind;

/// All lists on one address, or one domain.
#[derive(Clone, Debug)]
pub struct Row {
    pub about: String,
    pub standing: Standing,
    /// `on none of 4 lists: Spamhaus ZEN, …`
    pub words: String,
}

/// How a list stands to what it was asked about, in one stable word.
pub fn word(entry: &Entry) -> &'static str {
    match entry.state {
        State::Listed(..) => "listed",
        State::Clear => "clear",
        _ => "unknown",
    }
}

/// The entries of a check; a list of good senders is no blocklist.
pub fn entries(d: &Diagnosis) -> impl Iterator<Item = &Entry> {
    let checked = d.facts.reading.subject.is_some();
    let all = d.facts.domain.blocklists.iter().filter(move |_| checked).flat_map(|b| &b.entries);
    all.filter(|e| e.list.kind != Kind::Allow)
}

/// A row for each address and domain, in the order of asking.
pub fn rows(d: &Diagnosis) -> Vec<Row> {
    let mut about: Vec<&About> = Vec::new();
    for entry in entries(d) {
        if !about.contains(&&entry.about) {
            about.push(&entry.about);
        }
    }
    about.into_iter().map(|about| row(about, &entries(d).filter(|e| e.about == *about).collect::<Vec<_>>())).collect()
}

fn row(about: &About, entries: &[&Entry]) -> Row {
    let of = |state: &str| {
        let names: Vec<&str> = entries.iter().filter(|e| word(e) == state).map(|e| e.list.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let (listed, clear, silent) = (of("listed"), of("clear"), of("unknown"));
    let weights = entries.iter().filter_map(|e| match &e.state {
        State::Listed(codes, _) => codes.iter().map(|c| e.list.weight(c)).max(),
        _ => None,
    });
    let standing = match (weights.max(), &silent) {
        (Some(weight), _) => Standing::Found(weight),
        (None, Some(_)) => Standing::Unknown,
        (None, None) => Standing::Good,
    };
    let words = [("on", listed), ("not on", clear), ("no answer from", silent)];
    let words = words.into_iter().filter_map(|(what, names)| Some(format!("{what} {}", names?)));
    Row { about: about.to_string(), standing, words: words.collect::<Vec<_>>().join("; ") }
}
