//! For the ear: one fact a line, in the order of importance, words in place of marks, columns and colours.

mod waiting;

pub use waiting::{news, session, watched};

use super::diff::Diff;
use super::snippet::{self, Mark, Piece};
use super::{Shown, bounce, proof, records, requirements, sent, sources, summary, table};
use crate::diagnose::Diagnosis;
use crate::remedy::{Change, Remedy, blank};
use crate::rules::{Finding, Severity};

/// The verdict, who vouched for whom, and the findings as a numbered list.
pub fn overview(d: &Diagnosis, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    out.say(&format!("Verdict: {}. {}", d.verdict.state.word(), d.verdict.headline));
    for leg in summary::legs(d, shown) {
        let parts = [leg.domain, leg.words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        out.say(&format!("{}: {}.", leg.name, parts.join(", ")));
    }
    summary::notes(d).iter().for_each(|note| out.say(note));
    for line in bounce::lines(d, shown) {
        out.say(&format!("{}: {}. {}", line.whom, line.told(), line.said));
    }
    for row in records::rows(d) {
        let standing = table::look(row.standing).2;
        let question = &row.question;
        out.say(&format!("{}, {standing}: {}, {}: {}", row.subject.label(), question.name, question.kind, row.meaning));
    }
    for row in sources::rows(d) {
        out.say(&format!("{}, {}: {} messages. {}", row.name, table::look(row.mark).2, row.count, row.words));
    }
    for line in sent::lines(d, shown) {
        out.say(&format!("{}: {}", line.name, line.what));
        line.sent.iter().for_each(|text| out.say(&format!("Sent: {text}")));
        line.received.iter().for_each(|text| out.say(&format!("Received: {text}")));
    }
    out.say(&format!("Findings: {}.", d.every_finding().count()));
    for (n, (finding, cause)) in numbered(d).iter().enumerate() {
        let because = cause.map_or(String::new(), |cause| format!(", follows from {}", cause + 1));
        let records = match finding.fix.as_ref().map_or(0, |fix| fix.records.len()) {
            0 => String::new(),
            1 => " Fix: 1 record.".to_owned(),
            n => format!(" Fix: {n} records."),
        };
        out.say(&format!("{}. {}{because}. {}.{records}", n + 1, word(finding.severity), finding.title));
    }
    out.say(&format!("Not known: {}. In order: {}.", d.unknown.len(), d.passed.len()));
    out.text
}

/// Everything on the finding of this number in the list, from 0; `None` where there is no such number.
pub fn finding(d: &Diagnosis, number: usize, shown: Shown) -> Option<String> {
    let all = numbered(d);
    let (finding, cause) = *all.get(number)?;
    let mut out = Lines { text: String::new(), shown };
    out.say(&format!("Finding {} of {}. {}: {}.", number + 1, all.len(), word(finding.severity), finding.title));
    out.say(&format!("Rule: {}, {}.", finding.rule.id, finding.severity.word()));
    let because = if finding.because.is_empty() { String::new() } else { format!(": {}", finding.because) };
    out.say(&format!("How sure: {}{because}.", finding.confidence.word()));
    out.say(&format!("Why it matters: {}", finding.explanation));
    snippet::pieces(&d.facts.evidence.input, &finding.exhibits, shown).iter().for_each(|piece| out.evidence(piece));
    if let Some(fix) = &finding.fix {
        out.fix(d, fix);
    }
    if let Some((words, left)) = proof::words(finding) {
        out.say(&format!("Proof: {}", words.replace('→', "becomes")));
        left.iter().for_each(|(word, what)| out.say(&format!("{}: {what}", crate::rules::bounce::capital(word))));
    }
    if let Some(check) = &finding.check {
        out.say(&format!("Check: {}", check.command));
        out.say(&format!("Expect: {}", check.expect));
    }
    if let Some(cause) = cause {
        out.say(&format!("It follows from finding {}.", cause + 1));
    }
    let follow: Vec<String> =
        all.iter().enumerate().filter(|(_, (_, of))| *of == Some(number)).map(|(n, _)| (n + 1).to_string()).collect();
    if !follow.is_empty() {
        out.say(&format!("From it follow: {}.", follow.join(", ")));
    }
    Some(out.text)
}

/// What is not known, and what would settle it.
pub fn unknown(d: &Diagnosis, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    out.say(&format!("Not known: {}.", d.unknown.len()));
    for gap in &d.unknown {
        out.say(&format!("Question: {}", gap.question()));
        out.say(&format!("What would settle it: {}", gap.needs.words()));
    }
    out.text
}

/// What was looked for and not found.
pub fn passed(d: &Diagnosis, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    out.say(&format!("Looked for, and not found: {}.", d.passed.len()));
    d.passed.iter().for_each(|rule| out.say(&format!("{}, {}.", rule.title(), rule.id)));
    out.text
}

/// What receivers ask of senders, receiver by receiver.
pub fn asked(d: &Diagnosis, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    let all = d.requirements();
    if all.is_empty() {
        out.say("Nothing here is held against what receivers ask.");
    }
    for lines in requirements::receivers(&all) {
        let name = lines.first().map(|line| line.name()).unwrap_or_default();
        out.say(&format!("{name}: {}.", requirements::words(lines)));
        for line in lines {
            out.say(&format!("{}: {}. {}", line.demand.what, line.state.word(), line.because));
        }
    }
    out.text
}

/// All of it, where nobody can be asked what he wants to hear.
pub fn whole(d: &Diagnosis, shown: Shown) -> String {
    let findings = (0..).map_while(|n| finding(d, n, shown));
    let rest = [unknown(d, shown), asked(d, shown)];
    std::iter::once(overview(d, shown)).chain(findings).chain(rest).collect()
}

/// A record to publish: what changes, and where it is typed in.
pub fn record(d: &Diagnosis, change: &Change, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    out.say(&format!("Record: {}, type {}, TTL {}.", change.name, change.kind, change.ttl));
    change.before.iter().filter(|b| !change.after.contains(b)).for_each(|b| out.say(&format!("Remove: {b}")));
    change.after.iter().filter(|a| change.before.contains(a)).for_each(|a| out.say(&format!("Stays: {a}")));
    change.after.iter().filter(|a| !change.before.contains(a)).for_each(|a| out.say(&format!("Add: {a}")));
    let home = d.facts.home(&change.name);
    if change.blanks().is_empty() && change.kind != crate::evidence::Kind::Ptr {
        let form = super::fix::form(change, &home, shown);
        out.say(&format!("At your DNS host ({}): {}", home.because(), home.form_of().open));
        for entry in &form.entries {
            out.say(&entry.what());
            for field in &entry.fields {
                out.say(&format!("{}: {}", field.label, if field.text.is_empty() { field.hint } else { &field.text }));
            }
        }
        form.obstacles.iter().chain(&form.notes).for_each(|note| out.say(note));
    }
    out.text
}

/// Each finding, consequences behind their cause, with the number of the cause.
fn numbered(d: &Diagnosis) -> Vec<(&Finding, Option<usize>)> {
    let mut all = Vec::new();
    for cause in &d.findings {
        let number = all.len();
        all.push((cause, None));
        all.extend(cause.consequences.iter().map(|c| (c, Some(number))));
    }
    all
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "Fail",
        Severity::Medium | Severity::Low => "Warning",
        Severity::Info => "Note",
    }
}

struct Lines<'a> {
    text: String,
    shown: Shown<'a>,
}

impl Lines<'_> {
    fn say(&mut self, text: &str) {
        self.text.push_str(self.shown.line(text).trim_end());
        self.text.push('\n');
    }

    /// The passages with their places; what stands around them only where it is another line.
    fn evidence(&mut self, piece: &Piece) {
        for mark in &piece.marks {
            let passage = piece.text.get(mark.range.clone()).unwrap_or_default().replace('\n', " ");
            self.say(&format!("Evidence, {}: {passage}", place(piece, mark)));
            if !mark.label.is_empty() {
                self.say(&format!("This is: {}", mark.label));
            }
        }
        for (number, line) in piece.marked_lines().into_iter().flatten() {
            let head = if piece.first_line.is_some() { format!("Line {number}") } else { "The text".to_owned() };
            self.say(&format!("{head}: {}", line.trim()));
        }
    }

    fn fix(&mut self, d: &Diagnosis, fix: &Remedy) {
        self.say(&format!("Fix: {}", fix.summary));
        for change in &fix.records {
            self.text.push_str(&record(d, change, self.shown));
            for (word, text) in Diff::of(&d.facts, change).words() {
                self.say(&format!("{word}: {text}"));
            }
        }
        for (n, step) in fix.steps.iter().enumerate() {
            self.say(&format!("Step {} of {}: {step}", n + 1, fix.steps.len()));
        }
        if let Some(upkeep) = &fix.upkeep {
            self.say(&format!("Upkeep: {upkeep}"));
        }
        fix.blanks.iter().for_each(|b| self.say(&format!("Still to be filled in: {}", blank(b))));
    }
}

/// `header, line 7, characters 27 to 45`
fn place(piece: &Piece, mark: &Mark) -> String {
    let Some(first) = piece.first_line else { return piece.source.clone() };
    let before = piece.text.get(..mark.range.start).unwrap_or_default();
    let line = first + before.matches('\n').count();
    let column = piece.column(mark.range.start);
    let passage = piece.text.get(mark.range.clone()).unwrap_or_default();
    let end = column + passage.split('\n').next().unwrap_or_default().chars().count().saturating_sub(1);
    format!("{}, line {line}, characters {column} to {}", piece.source, end.max(column))
}
