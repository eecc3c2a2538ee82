//! DMARC as two kinds of receivers read it, side by side where there is room; the walk, and where
//! the reports go.
//!
//! ```text
//!  DMARC of example.com   quarantine, by p
//! ── RFC 9989 readers ─────────────────   ── RFC 7489 readers ─────────────────
//!   record    _dmarc.example.com            record    _dmarc.example.com
//!   policy    quarantine (t=y lowers p)     policy    reject (p), for 20 % of the mail
//!   ignores   pct                           ignores   t
//! ── Walk ─────────────────────────────────────────────────────────────────────
//!   ✓ _dmarc.example.com   v=DMARC1; p=reject; t=y; pct=20
//!   - _dmarc.com           no such name (NXDOMAIN)
//! ── Reports ──────────────────────────────────────────────────────────────────
//!   rua  mailto:a@reports.example   ✓ reports.example agrees
//! ```

use super::{answer, scroll};
use crate::facts::Facts;
use crate::facts::dmarc::readers::{self, Reader};
use crate::facts::dmarc::{Dmarc, DmarcRecord, Policy, Step};
use crate::facts::domain::reports::{Consent, Report};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

/// From here on the readers stand side by side.
const WIDE: usize = 100;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if scroll(app, action) {
        return vec![];
    }
    let Some(case) = &mut app.case else { return vec![] };
    match action {
        Action::More => case.answers = !case.answers,
        Action::CopyValue => {
            let record = case.diagnosis.as_ref().and_then(|d| d.facts.dmarc.record());
            if let Some(record) = record {
                return vec![Effect::Copy { what: "the DMARC record".to_owned(), text: record.text.clone() }];
            }
            app.say("There is no DMARC record to copy.");
        }
        _ => {}
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let facts = &diagnosis.facts;
    let mut doc = Doc::new(pen, area.width.min(160));
    let dmarc = &facts.dmarc;
    let from = facts.reading.from_domain();
    let Some([newer, older]) = readers::both(dmarc, from) else {
        doc.para(1, "DMARC was not looked at: there is no domain to ask for.", Ink::Plain);
        return super::page(app, frame, area, &doc);
    };
    let effective = match (dmarc.effective, newer.open) {
        (Some((policy, tag)), _) => format!("{}, by {tag}", policy.word()),
        (None, true) => "not known: an answer is missing".to_owned(),
        (None, false) => "no policy".to_owned(),
    };
    doc.hang(&format!(" DMARC of {}   ", from.unwrap_or("this record")), Ink::Strong, effective, Ink::Plain);
    both(&mut doc, dmarc, &newer, &older);
    if let Some(record) = dmarc.record() {
        doc.section("Alignment", "");
        let mode = |strict| if strict { "strict: the very same name" } else { "relaxed: any name of the organization" };
        doc.hang("  DKIM  ", Ink::Faint, mode(record.adkim_strict), Ink::Plain);
        doc.hang("  SPF   ", Ink::Faint, mode(record.aspf_strict), Ink::Plain);
    }
    walk(&mut doc, facts, case.answers);
    reports(&mut doc, facts, case.answers);
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}

/// The two readers beside each other, or below.
fn both(doc: &mut Doc, dmarc: &Dmarc, newer: &Reader, older: &Reader) {
    if doc.width < WIDE {
        one(doc, dmarc, newer);
        one(doc, dmarc, older);
        return;
    }
    let half = doc.width / 2 - 1;
    let page = |reader| {
        let mut page = Doc { pen: doc.pen, width: half, lines: Vec::new() };
        one(&mut page, dmarc, reader);
        page.lines
    };
    let (left, right) = (page(newer), page(older));
    doc.beside(left, right, half);
}

fn one(doc: &mut Doc, dmarc: &Dmarc, reader: &Reader) {
    doc.section(&format!("{} readers", reader.standard), "");
    let found = match (reader.at.and_then(|n| dmarc.steps.get(n)), reader.record(dmarc), reader.open) {
        (Some(step), ..) => step.name().to_owned(),
        (None, Some(_), _) => "the pasted one".to_owned(),
        (None, None, true) => "? an answer is missing".to_owned(),
        (None, None, false) => "none found".to_owned(),
    };
    doc.hang("  record    ", Ink::Faint, found, Ink::Plain);
    if let Some(organization) = &reader.organizational {
        doc.hang("  organization  ", Ink::Faint, organization, Ink::Plain);
    }
    let policy = match reader.policy {
        Some((policy, tag)) => format!("{}{}", policy.word(), how(reader, reader.record(dmarc), policy, tag)),
        None if reader.open => "? not known".to_owned(),
        None => "none is applied".to_owned(),
    };
    doc.hang("  policy    ", Ink::Faint, policy, Ink::Strong);
    let ignores = if reader.ignores.is_empty() { "nothing".to_owned() } else { reader.ignores.join(", ") };
    doc.hang("  ignores   ", Ink::Faint, ignores, Ink::Plain);
}

/// Where the policy comes from, and what lessens it.
fn how(reader: &Reader, record: Option<&DmarcRecord>, policy: Policy, tag: &str) -> String {
    let lowered = reader.standard == "RFC 9989" && record.is_some_and(|r| r.testing);
    match (lowered, reader.share) {
        (true, _) => format!(" ({tag}, one level less by t=y)"),
        (false, share) if share < 100 && policy > Policy::None => {
            format!(" ({tag}) for {share} % of what fails, {} for the rest", policy.lower().word())
        }
        _ => format!(" ({tag})"),
    }
}

fn walk(doc: &mut Doc, facts: &Facts, answers: bool) {
    if facts.dmarc.steps.is_empty() {
        return;
    }
    doc.section("Walk", "");
    for step in &facts.dmarc.steps {
        let (glyph, ink, said) = state(step);
        doc.hang(&format!("  {glyph} {}   ", step.name()), ink, said, Ink::Plain);
        if answers {
            answer::write(doc, &facts.evidence, step.question());
        }
    }
}

fn state(step: &Step) -> (&'static str, Ink, String) {
    match (&step.records[..], step.outcome) {
        ([one], _) => ("✓", Ink::Pass, one.text.clone()),
        ([_, _, ..], _) => ("✗", Ink::Fail, format!("{} records, which cancel each other", step.records.len())),
        ([], Some(outcome)) if outcome.failed() => ("?", Ink::Plain, answer::outcome(step.outcome).to_owned()),
        ([], None) => ("…", Ink::Faint, answer::outcome(None).to_owned()),
        ([], _) if !step.others.is_empty() => ("!", Ink::Warn, format!("no DMARC record: {}", step.others.join(" | "))),
        ([], outcome) => ("-", Ink::Faint, answer::outcome(outcome).to_owned()),
    }
}

fn reports(doc: &mut Doc, facts: &Facts, answers: bool) {
    let Some(record) = facts.dmarc.record() else { return };
    doc.section("Reports", "");
    if record.rua.is_empty() && record.ruf.is_empty() {
        return doc.para(2, "No address is named: nobody sends reports.", Ink::Plain);
    }
    if facts.domain.reports.is_empty() {
        for (tag, uri) in record.rua.iter().map(|u| ("rua", u)).chain(record.ruf.iter().map(|u| ("ruf", u))) {
            doc.hang(&format!("  {tag}  "), Ink::Faint, uri, Ink::Plain);
        }
    }
    for report in &facts.domain.reports {
        let (said, question) = consent(report);
        doc.hang(&format!("  {}  ", report.tag), Ink::Faint, format!("{}   {said}", report.uri), Ink::Plain);
        if let Some(question) = question.filter(|_| answers) {
            answer::write(doc, &facts.evidence, question);
        }
    }
}

fn consent(report: &Report) -> (String, Option<&crate::evidence::Question>) {
    let host = report.host.as_deref().unwrap_or("?");
    match &report.consent {
        Consent::Own => ("✓ the same organization".to_owned(), None),
        Consent::Unreadable => ("✗ cannot be read".to_owned(), None),
        Consent::Unasked(question) => ("… not answered yet".to_owned(), Some(question)),
        Consent::Failed(question, outcome) => (format!("? {}", answer::outcome(Some(*outcome))), Some(question)),
        Consent::Given(question) => (format!("✓ {host} accepts them"), Some(question)),
        Consent::Missing(question, ..) => (format!("✗ {host} has not agreed: none are sent"), Some(question)),
    }
}
