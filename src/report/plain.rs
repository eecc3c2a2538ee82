//! For `cut` and `grep`: one fact a line, tab separated, stable.
//!
//! The first column says what the line is; new kinds of line may be added.

use super::{Shown, blocklists, records, sources};
use crate::diagnose::Diagnosis;
use crate::facts::organization::Agreement;

/// `input`, `verdict`, `recipient`, `identity`, `reported`, `alignment`, `answer`, `blocklist`, `source`, `sent`, `finding`, `record`,
/// `requirement`, `unknown` lines.
pub fn diagnosis(d: &Diagnosis, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    let input = &d.facts.evidence.input;
    out.row(&["input", &input.name, input.kind.word(), &input.bytes().to_string()]);
    out.row(&["verdict", d.verdict.state.word(), d.verdict.cause.map_or("", |r| r.id), &d.verdict.headline]);
    if let Some(bounce) = &d.facts.reading.bounce {
        if let Some(mta) = &bounce.reporting_mta {
            out.row(&["identity", "reporting-mta", &mta.value]);
        }
        for r in &bounce.recipients {
            out.row(&[
                "recipient",
                r.action.word(),
                r.address.as_ref().map_or("", |a| &a.value),
                r.status.as_deref().unwrap_or(""),
                r.category.word(),
                r.server.as_deref().unwrap_or(""),
                r.step.map_or("", |s| s.word()),
                r.text().unwrap_or(""),
            ]);
        }
    }
    let identities = &d.facts.identities;
    if let Some(a) = d.facts.reading.from.address() {
        out.row(&["identity", "from", &format!("{}@{}", a.local, a.domain)]);
    }
    if let Some(m) = &identities.mail_from {
        out.row(&["identity", "mail-from", m.value.domain().unwrap_or("<>")]);
    }
    if let Some(h) = &identities.helo {
        out.row(&["identity", "helo", &h.value]);
    }
    if let Some(ip) = &identities.source_ip {
        out.row(&["identity", "source-ip", &ip.value.to_string()]);
    }
    let reported = &d.facts.reading.reported;
    if let Some(s) = &reported.spf {
        out.row(&["reported", "spf", &s.result, s.domain.as_deref().unwrap_or("")]);
    }
    for k in &reported.dkim {
        out.row(&[
            "reported",
            "dkim",
            &k.result,
            k.domain.as_deref().unwrap_or(""),
            k.selector.as_deref().unwrap_or(""),
        ]);
    }
    if let Some(m) = &reported.dmarc {
        out.row(&[
            "reported",
            "dmarc",
            &m.result,
            m.domain.as_deref().unwrap_or(""),
            m.disposition.as_deref().unwrap_or(""),
        ]);
    }
    for (leg, agreement) in [("spf", d.facts.alignment.spf), ("dkim", d.facts.alignment.dkim)] {
        let word = match agreement {
            Some(Agreement::Strict) => "strict",
            Some(Agreement::Relaxed) => "relaxed",
            Some(Agreement::None) => "none",
            None => continue,
        };
        out.row(&["alignment", leg, word]);
    }
    for row in records::rows(d) {
        let outcome = row.outcome().map_or("", |o| o.word());
        let standing = super::table::look(row.standing).2;
        let name = row.question.name.as_str();
        out.row(&["answer", row.subject.label(), standing, name, row.question.kind.word(), outcome, &row.meaning]);
    }
    for entry in blocklists::entries(d) {
        out.row(&["blocklist", blocklists::word(entry), &entry.about.to_string(), &entry.list.zone]);
    }
    for row in sources::rows(d) {
        let standing = super::table::look(row.mark).2;
        out.row(&["source", &row.name, standing, &row.count.to_string(), &row.words]);
    }
    for line in super::sent::lines(d, shown) {
        let [sent, received] = [line.sent.as_deref(), line.received.as_deref()].map(Option::unwrap_or_default);
        out.row(&["sent", line.mark, &line.name, &line.what, sent, received]);
    }
    for f in d.every_finding() {
        out.row(&["finding", f.rule.id, f.severity.word(), f.confidence.word(), &f.title]);
        for change in f.fix.iter().flat_map(|fix| &fix.records) {
            for before in change.before.iter().filter(|b| !change.after.contains(b)) {
                out.row(&["record", f.rule.id, "-", &change.name, &change.kind.to_string(), &before.to_string()]);
            }
            for after in change.after.iter().filter(|a| !change.before.contains(a)) {
                out.row(&["record", f.rule.id, "+", &change.name, &change.kind.to_string(), &after.to_string()]);
            }
        }
    }
    for line in d.requirements() {
        let cure = line.cure.map_or("", |rule| rule.id);
        out.row(&["requirement", &line.id(), line.state.word(), &line.demand.what, cure, &line.because]);
    }
    for gap in &d.unknown {
        out.row(&["unknown", &gap.question(), &gap.needs.words()]);
    }
    out.text
}

pub(super) struct Lines<'a> {
    pub text: String,
    pub shown: Shown<'a>,
}

impl Lines<'_> {
    /// A line; tabs and line ends inside a column have become blanks.
    pub fn row(&mut self, columns: &[&str]) {
        for (n, column) in columns.iter().enumerate() {
            if n > 0 {
                self.text.push('\t');
            }
            self.text.push_str(&self.shown.line(column));
        }
        self.text.push('\n');
    }
}
