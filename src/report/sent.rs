//! The sent copy beside the received one, as text: for eyes and for `cut`; the screen shows the same.

use super::Shown;
use super::human::{Ink, Style, wrapped};
use crate::diagnose::Diagnosis;
use crate::facts::dkim::{DkimResult, Signature, Verification};
use crate::facts::sent::{Beside, BodyDifference, Change, FieldDifference};
use crate::safe::clip;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Differences shown at most where eyes read them.
pub const MOST: usize = 40;

/// Columns of one copy's words.
const WIDE: usize = 240;

/// One difference.
pub struct Line {
    /// `~` changed, `+` added, `-` removed.
    pub mark: &'static str,
    /// The field, or the part of the body.
    pub name: String,
    /// What happened to it.
    pub what: String,
    /// The words of each copy, on one line.
    pub sent: Option<String>,
    pub received: Option<String>,
}

/// Every difference; empty without a sent copy, and where nothing differs.
pub fn lines(d: &Diagnosis, shown: Shown) -> Vec<Line> {
    let Some(beside) = d.facts.reading.beside.as_deref() else { return Vec::new() };
    let fields = beside.differences.fields.iter().filter(|f| !f.is_trace()).map(|f| field(f, shown));
    let body = beside.differences.body.iter().flatten().map(|b| part(b, shown));
    fields.chain(body).take(MOST).collect()
}

/// What stands above the lines and below them.
pub fn notes(d: &Diagnosis) -> Vec<String> {
    let mut out = Vec::new();
    let Some(beside) = d.facts.reading.beside.as_deref() else { return out };
    let differences = &beside.differences;
    if beside.another {
        out.push("The Message-IDs differ: is it the same message?".to_owned());
    }
    let mut trace: BTreeMap<&str, usize> = BTreeMap::new();
    differences.fields.iter().filter(|f| f.is_trace()).for_each(|f| *trace.entry(&f.name).or_default() += 1);
    if !trace.is_empty() {
        let counted =
            trace.iter().take(8).map(|(name, n)| if *n > 1 { format!("{name} ({n})") } else { (*name).to_owned() });
        let more = if trace.len() > 8 { ", …" } else { "" };
        out.push(format!("Servers on the way added: {}{more}.", counted.collect::<Vec<_>>().join(", ")));
    }
    out.extend(whence(d, beside));
    match &differences.body {
        None => out.push("The body cannot be compared: one of the two is a header alone.".to_owned()),
        Some(body) if body.is_empty() => out.push("The body is the same, byte for byte.".to_owned()),
        Some(_) => {}
    }
    if differences.fields.iter().all(FieldDifference::is_trace) {
        out.push("No other field differs.".to_owned());
    }
    out
}

/// When what differs was changed, or by whom it may have been; `None` where nothing differs.
fn whence(d: &Diagnosis, beside: &Beside) -> Option<String> {
    let differences = &beside.differences;
    // It is taken out where a message is handed in (RFC 5322 §3.6.3).
    let is_bcc = |f: &FieldDifference| f.change == Change::Removed && f.name.eq_ignore_ascii_case("Bcc");
    let fields = || differences.fields.iter().filter(|f| !f.is_trace() && !is_bcc(f));
    let body = differences.body.as_ref().is_some_and(|b| !b.is_empty());
    if fields().next().is_none() && !body {
        let bcc = differences.fields.iter().any(is_bcc);
        return bcc.then(|| "Bcc is taken out where a message is handed in, as it should be.".to_owned());
    }
    let since = |v: &&Verification| {
        let borne = beside.signatures.get(v.signature).is_none_or(|held| held.borne);
        v.result == Some(DkimResult::Pass) && !borne
    };
    let covers =
        |s: &&Signature| fields().all(|f| s.signs(&f.name.to_ascii_lowercase())) && (!body || s.length.is_none());
    let signatures = &d.facts.reading.signatures;
    let made = d.facts.verified.iter().filter(since).filter_map(|v| signatures.get(v.signature)).find(covers);
    // Of another message nobody changed anything.
    let same = !beside.another || beside.signatures.iter().any(|held| held.borne || held.body == Some(true));
    match (made.and_then(|s| s.domain.as_ref()), &beside.way[..]) {
        (Some(domain), _) => Some(format!(
            "What differs was changed before {} signed: that signature is not in the sent copy, and fits what arrived.",
            domain.value
        )),
        (None, []) => None,
        (None, _) if !same => None,
        (None, [only]) => Some(format!("What differs was changed on the way to {only}, or there.")),
        (None, several) => {
            Some(format!("These had it since, and one of them changed what differs: {}.", several.join(", ")))
        }
    }
}

fn field(f: &FieldDifference, shown: Shown) -> Line {
    let (mark, what) = match f.change {
        Change::Changed => ("~", "changed"),
        Change::Refolded => ("~", "folded otherwise"),
        Change::Recased => ("~", "name written otherwise"),
        Change::Added => ("+", "added"),
        Change::Removed => ("-", "removed"),
    };
    let words = |text: &Option<String>| {
        text.as_deref().filter(|_| mark != "~" || f.change == Change::Changed).map(|t| one(t, shown))
    };
    Line { mark, name: shown.line(&f.name), what: what.into(), sent: words(&f.sent), received: words(&f.received) }
}

fn part(b: &BodyDifference, shown: Shown) -> Line {
    let mark = match (&b.sent, &b.received) {
        (None, Some(_)) => "+",
        (Some(_), None) => "-",
        _ => "~",
    };
    let words = |text: &Option<String>| text.as_deref().map(|t| one(t, shown));
    Line {
        mark,
        name: shown.line(&b.part),
        what: b.what.phrase().into(),
        sent: words(&b.sent),
        received: words(&b.received),
    }
}

fn one(text: &str, shown: Shown) -> String {
    let text = shown.hidden(text);
    clip(&shown.line(&text.split_whitespace().collect::<Vec<_>>().join(" ")), WIDE)
}

/// Each difference with the words of both copies below; empty without a sent copy.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let Some(beside) = d.facts.reading.beside.as_deref() else { return String::new() };
    let head = format!("beside the sent copy {}:", shown.line(&beside.name));
    let mut out = format!("{}\n", style.paint(Ink::Strong, &head));
    for line in lines(d, shown) {
        let ink = match line.mark {
            "+" => Ink::Add,
            "-" => Ink::Remove,
            _ => Ink::Warn,
        };
        let _ =
            writeln!(out, "  {} {}: {}", style.paint(ink, line.mark), style.paint(Ink::Strong, &line.name), line.what);
        for (word, text) in [("sent", &line.sent), ("received", &line.received)] {
            let Some(text) = text else { continue };
            let row = format!("      {word:8}  {text}");
            wrapped(&row, style.width.min(100), "                ")
                .iter()
                .for_each(|r| out.push_str(&format!("{r}\n")));
        }
    }
    for note in notes(d) {
        wrapped(&format!("  {}", shown.line(&note)), style.width.min(100), "  ")
            .iter()
            .for_each(|r| out.push_str(&format!("{r}\n")));
    }
    out
}

/// The same for a ticket; empty without a sent copy.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    if d.facts.reading.beside.is_none() {
        return String::new();
    }
    let quoted = |text: &str| text.replace('`', "'");
    let mut out = "\n## Beside the sent copy\n\n".to_owned();
    for line in lines(d, shown) {
        let _ = writeln!(out, "- `{}` {}", quoted(&line.name), line.what);
        for (word, text) in [("sent", &line.sent), ("received", &line.received)] {
            if let Some(text) = text {
                let _ = writeln!(out, "  - {word}: `{}`", quoted(text));
            }
        }
    }
    for note in notes(d) {
        let _ = writeln!(out, "- {}", shown.line(&note));
    }
    out
}
