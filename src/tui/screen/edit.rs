//! A proposed value, edited in place; what it would do follows as one types.
//!
//! ```text
//! ── acme.example   TXT ─────────────────────────────────────── edited by you ─────
//!  v=spf1 include:_spf.google.example incldue:esp.example ~all
//! ── Proposal ─────────────────────────────────────────────── Ctrl+R: take it ─────
//!  v=spf1 include:_spf.google.example ~all
//! ── Wrong ────────────────────────────────────────────────────────────────────────
//!   1 │ v=spf1 include:_spf.google.example incldue:esp.example ~all
//!     │                                    ━━━━━━━━━━━━━━━━━━━ 1 no such mechanism
//! ── What it does ─────────────────────────────────────────────────────────────────
//!  in: incldue:esp.example
//!  Proof  edited by you, and this breaks: …
//! ```

use super::detail;
use super::home::caret;
use crate::evidence::{Data, Kind};
use crate::remedy;
use crate::remedy::form::bare;
use crate::replay::edit::Tried;
use crate::report::diff::Diff;
use crate::report::proof;
use crate::safe::clip;
use crate::tui::app::{App, Screen};
use crate::tui::edits;
use crate::tui::keys::Action;
use crate::tui::msg::{Effect, Ticket};
use crate::tui::popup::copy::target;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::excerpt::{self, from_column};
use crate::tui::widget::line_edit::LineEdit;
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// The value under the cursor.
#[derive(Debug)]
pub struct Editing {
    pub line: LineEdit,
    /// Place of the record in the fix, and of the value in the record.
    pub record: usize,
    pub value: usize,
    pub ticket: Ticket,
    /// Of this very text.
    pub tried: Option<Tried>,
    /// The text is no value of the record's type; the last one that was stays in the fix.
    pub fault: Option<String>,
}

/// Opens the record under the cursor.
pub fn open(app: &mut App) -> Vec<Effect> {
    let Some(case) = &app.case else { return vec![] };
    let shown = target(app, case);
    let records = shown.and_then(|t| case.finding(t)).and_then(|f| f.fix.as_ref()).map(|fix| &fix.records[..]);
    let record = case.record.min(records.map_or(0, <[_]>::len).saturating_sub(1));
    let change = records.and_then(|records| records.get(record));
    // What is published already is not what one came to edit.
    let new = |change: &remedy::Change| change.after.iter().position(|data| !change.before.contains(data)).unwrap_or(0);
    let value = change.map_or(0, new);
    let (Some(target), Some(data)) = (shown, change.and_then(|change| change.after.get(value))) else {
        app.say("There is no new value here to edit.");
        return vec![];
    };
    let (text, blank) = (bare(data), change.and_then(|change| change.blanks().into_iter().next()));
    let blank = blank.map(|what| remedy::blank(&what));
    let behind = blank.and_then(|blank| Some(text.find(&blank)? + blank.len())).unwrap_or(text.len());
    let line = LineEdit::new(text).at(behind);
    let Some(case) = &mut app.case else { return vec![] };
    case.target = target;
    case.record = record;
    case.top = 0;
    case.editing = Some(Editing { line, record, value, ticket: Ticket::default(), tried: None, fault: None });
    let effect = edits::attempt(case);
    app.screens.push(Screen::Edit);
    effect.into_iter().collect()
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(case) = &mut app.case else { return vec![] };
    let Some(editing) = &mut case.editing else { return vec![] };
    match action {
        Action::Open => update::back(app),
        Action::Restore => {
            let effect = edits::restore(case);
            let text = shown(app).map(|change| change.1);
            if let (Some(editing), Some(text)) = (app.case.as_mut().and_then(|c| c.editing.as_mut()), text) {
                (editing.line, editing.fault) = (LineEdit::new(text), None);
            }
            app.say("This is the proposal again.");
            return effect.into_iter().collect();
        }
        other => {
            let before = editing.line.text().to_owned();
            if editing.line.edit(other) && editing.line.text() != before {
                return changed(app);
            }
        }
    }
    vec![]
}

/// Types; behind a blank, in its place.
pub fn insert(app: &mut App, text: &str) -> Vec<Effect> {
    let blanks = shown(app).map_or(Vec::new(), |(change, _)| change.blanks());
    let Some(editing) = app.case.as_mut().and_then(|c| c.editing.as_mut()) else { return vec![] };
    let blanks = blanks.iter().map(|what| remedy::blank(what));
    if let Some(blank) = blanks.into_iter().find(|blank| editing.line.before().ends_with(blank)) {
        editing.line.delete_back(blank.len());
    }
    editing.line.insert(text);
    changed(app)
}

fn changed(app: &mut App) -> Vec<Effect> {
    let kind = shown(app).map(|(change, _)| change.kind);
    let Some(case) = &mut app.case else { return vec![] };
    let (Some(editing), Some(kind)) = (&mut case.editing, kind) else { return vec![] };
    editing.tried = None;
    let text = editing.line.text().trim();
    let data = match kind {
        Kind::Txt => Some(remedy::text(text)).filter(|_| !text.is_empty()),
        kind => Data::parse(kind, text),
    };
    match data {
        Some(data) => {
            editing.fault = None;
            edits::set(case, data).into_iter().collect()
        }
        None => {
            editing.fault = Some(format!("This is no value of a {kind} record yet; the last one that was is kept."));
            vec![]
        }
    }
}

/// The record that is edited, and its value as text.
fn shown(app: &App) -> Option<(&remedy::Change, String)> {
    let case = app.case.as_ref()?;
    let editing = case.editing.as_ref()?;
    let change = case.finding(case.target)?.fix.as_ref()?.records.get(editing.record)?;
    Some((change, change.after.get(editing.value).map(bare).unwrap_or_default()))
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let (Some((change, _)), Some(case)) = (shown(app), &app.case) else { return };
    let (Some(editing), Some(finding)) = (&case.editing, case.finding(case.target)) else { return };
    let Some(facts) = case.diagnosis.as_ref().map(|d| &d.facts) else { return };
    // What is typed is shown as it is: records are public, and copied exactly.
    let mut doc = Doc::new(Pen { redact: None, ..pen }, area.width.min(120));
    let proposal = case.edits.proposal(finding, editing.record);
    let whose = if proposal.is_some() { "edited by you" } else { "the proposal" };
    doc.section(&format!("{}   {}", change.name, change.kind), whose);
    let room = doc.width.saturating_sub(2).max(1);
    let at = typed(&mut doc, &editing.line, room);
    if let Some(fault) = &editing.fault {
        doc.hang(" ! ", Ink::Warn, fault, Ink::Plain);
    }
    if let Some(proposed) = proposal.and_then(|change| change.after.get(editing.value)) {
        doc.section("Proposal", "Ctrl+R: take it again");
        doc.hang(" ", Ink::Plain, bare(proposed), Ink::Faint);
    }
    if let Some(tried) = editing.tried.as_ref().filter(|t| !t.marks.is_empty()) {
        doc.section("Wrong", "");
        excerpt::evidence(&mut doc, &tried.input, &tried.marks);
    }
    doc.section("What it does", "");
    for (word, text) in Diff::of(facts, change).words() {
        doc.hang(&format!(" {word} "), Ink::Faint, text, Ink::Plain);
    }
    match proof::words(finding) {
        Some((words, left)) => detail::proven(&mut doc, &words, &left),
        None => doc.para(1, "Nothing is known of it yet.", Ink::Faint),
    }
    doc.draw(frame, area, 0);
    caret(frame, area, (1 + at / room, 1 + at % room), 0);
}

/// Writes the text over as many rows as it takes, cut anywhere, and returns the column of the cursor in all.
fn typed(doc: &mut Doc, line: &LineEdit, room: usize) -> usize {
    let clean = doc.pen.clean(line.text());
    let at = doc.pen.clean(line.before()).width();
    // One column more: the cursor may stand behind the text.
    for row in 0..=clean.width().max(at) / room {
        let piece = clip(&from_column(&clean, row * room), room);
        doc.row(&[(" ", Ink::Plain), (&piece, Ink::Strong)]);
    }
    at
}
