//! The verdict: one sentence, the picture, the list of findings.
//!
//! ```text
//!  ✗ FAIL   DMARC fails: SPF and DKIM both pass, but for mailer.esp.example.
//!  mx.google.example did: quarantine.
//!     (the picture, see widget::picture)
//! ── Findings   1 fail · 2 warn · 1 note · 6 pass ────────────────────────────
//! ▸ ✗ FAIL  DKIM signs as mailer.esp.example, not acme.example   fix: 1 CNAME
//!     └ so  SPF cannot align: Return-Path is mailer.esp.example
//!   ✓ PASS  6 checks                                            Enter to list
//! ```

use super::home::cursor;
use super::{detail, headers, step};
use crate::diagnose::Diagnosis;
use crate::report::export::zone_line;
use crate::report::{self, copy};
use crate::rules::Finding;
use crate::tui::app::{self, App};
use crate::tui::case::{Case, Target};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::popup::copy as copy_popup;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::bar::put;
use crate::tui::widget::doc::{Doc, Pen, section, spread, wrap};
use crate::tui::widget::picture;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthStr;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    if action == Action::More {
        app.words = !app.words;
        return vec![];
    }
    let Some(case) = &mut app.case else { return vec![] };
    if case.filtering && case.filter.edit(action) {
        case.marked = 0;
        return vec![];
    }
    let lines = case.lines();
    match action {
        Action::Filter => case.filtering = true,
        Action::Open if case.filtering => case.filtering = false,
        Action::Open => detail::open_marked(app),
        Action::CopyValue | Action::CopyAll => return copy_of(app, action),
        other => case.marked = step(case.marked, other, lines.len(), page).unwrap_or(case.marked),
    }
    vec![]
}

/// Typing goes to the filter line.
pub fn insert(app: &mut App, text: &str) {
    if let Some(case) = &mut app.case {
        case.filter.insert(text);
        case.marked = 0;
    }
}

/// Esc clears the filter first.
pub fn back(app: &mut App) -> Vec<Effect> {
    match &mut app.case {
        Some(case) if case.filtering || !case.filter.is_empty() => {
            case.filtering = false;
            case.filter = Default::default();
            case.marked = 0;
        }
        _ => update::back(app),
    }
    vec![]
}

/// `y` and `Y` on the finding under the cursor.
pub fn copy_of(app: &mut App, action: Action) -> Vec<Effect> {
    let finding = app.case.as_ref().and_then(|case| {
        let target = copy_popup::target(app, case)?;
        Some((&case.diagnosis.as_ref()?.facts, case.finding(target)?, case.record))
    });
    let Some((facts, finding, record)) = finding else {
        app.say("No fix here to copy.");
        return vec![];
    };
    let record = if app.screen() == app::Screen::Detail { record } else { 0 };
    let text = match action {
        Action::CopyAll => copy::zone(facts, finding).or_else(|| copy::value(finding, record)),
        _ => copy::value(finding, record),
    };
    match text {
        Some(text) => {
            let blanks = finding.fix.iter().flat_map(|fix| &fix.blanks);
            let open = blanks.map(|b| crate::remedy::blank(b)).any(|blank| text.contains(&blank));
            let open = if open { ", with a blank," } else { "" };
            let what = format!("{}{open}{}", named(&text), copy_popup::by_whom(finding));
            vec![Effect::Copy { text, what }]
        }
        None => {
            app.say("This finding has no value to copy; c offers Markdown.");
            vec![]
        }
    }
}

/// What the message line calls a copied text.
pub fn named(text: &str) -> String {
    match text.trim_end().lines().count() {
        0 | 1 => format!("\"{}\"", crate::safe::clip(text.trim_end(), 40)),
        n => format!("{n} lines"),
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else {
        let mut doc = Doc::new(pen, area.width);
        doc.para(1, "… Reading.", Ink::Plain);
        doc.draw(frame, area, 0);
        return;
    };
    let whole = frame.area();
    let mut head = Doc::new(pen, area.width);
    sentence(&mut head, diagnosis);
    let roomy = whole.width >= 60 && whole.height >= 18;
    if roomy {
        if case.is_domain() {
            super::records::brief(&mut head, diagnosis, (area.height as usize / 2).max(3));
        }
        if case.is_report() {
            super::sources::brief(&mut head, diagnosis, (area.height as usize / 2).max(3));
        }
        let bounced = super::bounce::brief(&mut head, diagnosis, (area.height as usize / 2).max(4));
        receiver(&mut head, diagnosis, whole.height >= 24);
        own_filters(&mut head, diagnosis);
        // The list needs the room that a bounce's own lines take.
        let pictured = !case.is_domain() && !case.is_report() && (!bounced || whole.height >= 30);
        if pictured && whole.height >= 24 {
            head.blank();
        }
        if pictured {
            picture::draw(&mut head, diagnosis, app.words || whole.height < 22);
        }
    }
    let rows = (head.lines.len() as u16).min(area.height.saturating_sub(3));
    let [top, below] = Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas::<2>(area);
    head.draw(frame, top, 0);
    match whole.width {
        140.. => beside(app, frame, below, pen),
        100.. if whole.height >= 30 => {
            let lines = case.lines().len() as u16;
            let list_rows = (lines + 1).min(below.height / 2).max(3);
            let [list_area, preview_area] =
                Layout::vertical([Constraint::Length(list_rows), Constraint::Fill(1)]).areas::<2>(below);
            list(case, frame, list_area, pen, true);
            preview(case, frame, preview_area, pen);
        }
        _ => list(case, frame, below, pen, roomy),
    }
}

/// The headline, hanging under its word.
fn sentence(doc: &mut Doc, diagnosis: &Diagnosis) {
    let (glyph, word, ink) = app::sign(diagnosis.verdict.state);
    let head = format!(" {glyph} {word}  ");
    let indent = if doc.width < 60 { 1 } else { head.width() };
    let headline = doc.pen.clean(&diagnosis.verdict.headline);
    let first = doc.width.saturating_sub(head.width());
    let most = if doc.width < 60 { 3 } else { 6 };
    let mut lines = wrap(&headline, first).into_iter();
    let opening = lines.next().unwrap_or_default();
    doc.row(&[(&head, ink), (&opening, Ink::Strong)]);
    let rest = lines.collect::<Vec<_>>().join(" ");
    if !rest.is_empty() {
        let rest = wrap(&rest, doc.width.saturating_sub(indent));
        let cut = rest.len() > most - 1;
        for (n, line) in rest.into_iter().take(most - 1).enumerate() {
            // the list must stay in sight; the whole sentence is in the copies and reports
            let line = if cut && n == most - 2 {
                format!("{}…", crate::safe::clip(&line, doc.width.saturating_sub(indent + 1)).trim_end_matches('…'))
            } else {
                line
            };
            doc.row(&[(&" ".repeat(indent), Ink::Plain), (&line, Ink::Strong)]);
        }
    }
}

/// What the receiver did, in its own word, and why it is believed.
fn receiver(doc: &mut Doc, diagnosis: &Diagnosis, why: bool) {
    let reading = &diagnosis.facts.reading;
    let boundary = &reading.boundary;
    let done = reading.reported.dmarc.as_ref().and_then(|d| d.disposition.as_deref());
    match (&boundary.authserv_id, done) {
        (Some(who), Some("none")) => doc.hang(" ", Ink::Plain, format!("{who} took no action."), Ink::Plain),
        (Some(who), Some(done)) => doc.hang(" ", Ink::Plain, format!("{who} did: {done}."), Ink::Plain),
        (Some(who), None) => doc.hang(" ", Ink::Plain, format!("Receiver: {who}."), Ink::Plain),
        (None, _) if !boundary.because.is_empty() => doc.hang(" ", Ink::Plain, &boundary.because, Ink::Plain),
        (None, _) => {}
    }
    if why && boundary.authserv_id.is_some() {
        doc.hang(" ", Ink::Plain, &boundary.because, Ink::Faint);
    }
}

/// What filters of the user's own say, a line each.
fn own_filters(doc: &mut Doc, diagnosis: &Diagnosis) {
    for filter in report::own_filters::told(diagnosis) {
        let ink = if filter.spam == Some(true) { Ink::Warn } else { Ink::Plain };
        let who = filter.who.split(" at ").next().unwrap_or_default();
        doc.hang(" ", Ink::Plain, format!("Your own {who}, not the receiver: {}.", filter.brief), ink);
    }
}

/// The list with its titled rule.
fn list(case: &Case, frame: &mut Frame, area: Rect, pen: Pen, words: bool) {
    let [rule, area] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas::<2>(area);
    let filter = case.filter.text();
    let narrow = area.width < 60;
    let title = match (case.filtering, filter.is_empty()) {
        (true, _) => format!("Filter: {filter}"),
        (false, false) => format!("Findings matching {filter}"),
        (false, true) if narrow => case.counts(),
        (false, true) => format!("Findings   {}", case.counts()),
    };
    put(frame, rule, ratatui::text::Span::raw(""));
    let spans = section(pen, &title, "", rule.width as usize);
    frame.buffer_mut().set_line(rule.x, rule.y, &ratatui::text::Line::from(spans), rule.width);
    let mut doc = Doc::new(pen, area.width);
    let lines = case.lines();
    for (n, target) in lines.iter().enumerate() {
        row(&mut doc, case, *target, n == case.marked, words);
    }
    match (lines.is_empty(), filter.is_empty()) {
        (true, false) => doc.para(2, "No finding matches. Esc clears the filter.", Ink::Plain),
        (true, true) => doc.para(2, "No findings.", Ink::Plain),
        _ => {}
    }
    let top = doc.draw(frame, area, (case.marked + 1).saturating_sub(area.height as usize));
    match case.filtering {
        true => {
            let x = (rule.x + 11 + pen.clean(case.filter.before()).width() as u16).min(rule.right().saturating_sub(1));
            frame.set_cursor_position(ratatui::layout::Position::new(x, rule.y));
        }
        false => cursor(frame, area, case.marked, top),
    }
}

/// One line of the list; the marked one in reverse, without colour inside.
fn row(doc: &mut Doc, case: &Case, target: Target, marked: bool, words: bool) {
    let gaps = case.diagnosis.as_ref().map_or(0, |d| d.unknown.len());
    let passed = case.diagnosis.as_ref().map_or(0, |d| d.passed.len());
    let plural = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let (indent, glyph, word, ink, text, right) = match (target, case.finding(target)) {
        (Target::Consequence(..), Some(finding)) => {
            // It goes on after "so".
            let title = match finding.title.strip_prefix("The ") {
                Some(rest) => format!("the {rest}"),
                None => finding.title.clone(),
            };
            ("  └ ", "so", "", Ink::Faint, title, String::new())
        }
        (_, Some(finding)) => {
            let (glyph, word, ink) = app::mark(finding.severity);
            ("", glyph, word, ink, finding.title.clone(), fix_in_short(finding))
        }
        (Target::Unknown, None) => {
            ("", "?", "", Ink::Strong, format!("{} open", plural(gaps, "question")), "Enter to list".to_owned())
        }
        (_, None) => ("", "✓", "PASS", Ink::Pass, plural(passed, "check"), "Enter to list".to_owned()),
    };
    let word = match (words, indent.is_empty()) {
        (true, true) => format!("{word:<6}"),
        _ => String::new(),
    };
    let head = format!("{indent}{glyph} ");
    let used = 2 + head.width() + word.width();
    let rest = spread(&doc.pen.clean(text), &right, doc.width.saturating_sub(used + 1));
    doc.entry(marked, &[(&head, ink), (&word, ink), (&rest, Ink::Plain)]);
}

/// `fix: 1 CNAME`, `fix: edit TXT`, `fix: 2 steps`.
fn fix_in_short(finding: &Finding) -> String {
    let Some(fix) = &finding.fix else { return String::new() };
    match (&fix.records[..], fix.steps.len()) {
        ([], 0) => String::new(),
        ([], 1) => "fix: 1 step".to_owned(),
        ([], n) => format!("fix: {n} steps"),
        ([one], _) if one.after.is_empty() => format!("fix: remove {}", one.kind),
        ([one], _) if !one.before.is_empty() => format!("fix: edit {}", one.kind),
        ([one], _) => format!("fix: 1 {}", one.kind),
        (several, _) => format!("fix: {} records", several.len()),
    }
}

/// A few lines on the marked finding.
fn preview(case: &Case, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    doc.section("Preview", "");
    let input = &case.opened.input;
    if let Some(finding) = case.marked_target().and_then(|t| case.finding(t)) {
        for (n, exhibit) in finding.exhibits.iter().take(2).enumerate() {
            let (whence, text) = copy::quote(&exhibit.place, input);
            let head = if n == 0 { " Evidence  " } else { "           " };
            doc.hang(head, Ink::Faint, format!("{whence}: {}", crate::safe::clip(&text, 200)), Ink::Plain);
        }
        doc.hang(" Why       ", Ink::Faint, finding.explanation.lines().next().unwrap_or_default(), Ink::Plain);
        if let Some(fix) = &finding.fix {
            doc.hang(" Fix       ", Ink::Faint, &fix.summary, Ink::Plain);
            let lines = fix.records.iter().flat_map(|c| c.after.iter().map(move |data| zone_line(c, data)));
            for line in lines.take(3) {
                doc.row(&[("           ", Ink::Plain), (&line, Ink::Strong)]);
            }
        }
        if let Some(check) = &finding.check {
            doc.hang(" Check     ", Ink::Faint, &check.command, Ink::Plain);
        }
    } else {
        detail::other(&mut doc, case, case.marked_target().unwrap_or_default());
    }
    doc.draw(frame, area, 0);
}

/// From 140 columns on: list, detail; from 200 on the raw header beside them.
fn beside(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let raw = if area.width >= 200 { Constraint::Fill(1) } else { Constraint::Length(0) };
    let middle = if area.width >= 200 { Constraint::Length(100) } else { Constraint::Fill(1) };
    let [left, _, middle, _, right] =
        Layout::horizontal([Constraint::Length(44), Constraint::Length(1), middle, Constraint::Length(1), raw])
            .areas::<5>(area);
    let Some(case) = &mut app.case else { return };
    let marked = case.marked_target().unwrap_or_default();
    let mut doc = Doc::new(pen, middle.width.min(100));
    detail::page(&mut doc, case, marked, app.more);
    doc.draw(frame, middle, 0);
    if !right.is_empty() {
        headers::beside(case, marked, frame, right, pen);
    }
    list(case, frame, left, pen, true);
}
