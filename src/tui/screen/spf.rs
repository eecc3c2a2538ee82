//! The SPF evaluation, or the survey of a domain: result, cost, the records as a tree, and the term under the cursor
//! with its raw answer.
//!
//! ```text
//!  Now   softfail for bounce+8842@mailer.esp.example, from 198.51.100.24
//!  Cost  look-ups 3/10 ███   void 0/2   matched ~all
//! ── mailer.esp.example ────────────────────────────────── cost  total ──
//! ▸ ▾ ├── include:_spf.esp.example      no match                1      1
//!     │   └── ip4:198.51.100.0/28       no match                       1
//!   = └── ~all                          matched: softfail              1
//! ── include:_spf.esp.example ───────────────────────────────────────────
//!   v=spf1 ip4:198.51.100.0/28 -all   TTL 300
//!   dig +short TXT _spf.esp.example
//! ```

mod term;

use super::home::cursor;
use super::{scroll, step};
use crate::facts::Facts;
use crate::facts::spf::{BranchState, Check, LOOKUPS, Node, Survey, VOID_LOOKUPS, Whose};
use crate::report::Shown;
use crate::report::spf::tree::{Row, guide, rows, state};
use crate::tui::app::App;
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen, spread};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// Where the user stands in the tree.
#[derive(Debug, Default)]
pub struct View {
    /// Index into the terms in sight.
    at: usize,
    /// Terms whose records are folded away, by record and text.
    folded: BTreeSet<(String, String)>,
    /// The answer takes most of the screen.
    wide: bool,
}

/// The tree on show: a client's evaluation, or the survey of the domain.
fn tree(facts: &Facts) -> Option<&Node> {
    let check = facts.evaluated().and_then(|c| c.tree.as_ref());
    check.or(facts.spf_survey.as_ref().map(|s| &s.tree)).filter(|tree| tree.record.is_some())
}

fn key(row: &Row) -> (String, String) {
    (row.domain.to_owned(), row.branch.text.clone())
}

/// The rows that no folded term hides.
fn in_sight<'t>(facts: &'t Facts, folded: &BTreeSet<(String, String)>) -> Vec<Row<'t>> {
    let Some(tree) = tree(facts) else { return Vec::new() };
    let mut hidden_below = usize::MAX;
    let mut shown = rows(tree);
    shown.retain(|row| {
        if row.depth > hidden_below {
            return false;
        }
        hidden_below = if folded.contains(&key(row)) { row.depth } else { usize::MAX };
        true
    });
    shown
}

/// The domain whose record the marked term stands in.
pub fn domain(case: &Case) -> Option<String> {
    let facts = &case.diagnosis.as_ref()?.facts;
    let rows = in_sight(facts, &case.spf.folded);
    let marked = rows.get(case.spf.at.min(rows.len().saturating_sub(1))).map(|row| row.domain.to_owned());
    marked.or_else(|| facts.spf_published.first().map(|p| p.domain.to_string()))
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &mut app.case else { return vec![] };
    let Some(facts) = case.diagnosis.as_ref().map(|d| &d.facts) else { return vec![] };
    let rows = in_sight(facts, &case.spf.folded);
    let at = case.spf.at.min(rows.len().saturating_sub(1));
    let Some(row) = rows.get(at) else {
        return match (action, facts.spf_published.iter().flat_map(|p| &p.records).next()) {
            (Action::CopyValue, Some(record)) => copy("the SPF record", &record.text),
            (Action::CopyValue, None) => {
                app.say("There is no SPF record to copy.");
                vec![]
            }
            _ => {
                scroll(app, action);
                vec![]
            }
        };
    };
    let shown = Shown { redaction: app.redactor.as_ref() };
    match action {
        Action::Left if row.branch.below.is_some() && case.spf.folded.insert(key(row)) => {}
        Action::Left => {
            let above = rows.iter().take(at).rposition(|r| r.depth < row.depth);
            case.spf.at = above.unwrap_or(at);
        }
        Action::Right => {
            let unfolded = case.spf.folded.remove(&key(row));
            case.spf.at = if !unfolded && row.branch.below.is_some() { at + 1 } else { at };
        }
        Action::Open => case.spf.wide = !case.spf.wide,
        Action::CopyValue => {
            let record =
                tree(facts).and_then(|t| crate::report::spf::tree::record_of(t, row.domain)).unwrap_or_default();
            return copy(&format!("the SPF record of {}", row.domain), &shown.hidden(record));
        }
        Action::CopyAll => match &row.branch.question {
            Some(question) => return copy("the dig command", &shown.hidden(&facts.evidence.said.aim(question.dig()))),
            None => app.say("This term asks DNS nothing."),
        },
        other => case.spf.at = step(at, other, rows.len(), page / 2).unwrap_or(at),
    }
    vec![]
}

fn copy(what: &str, text: &str) -> Vec<Effect> {
    vec![Effect::Copy { what: what.to_owned(), text: text.to_owned() }]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let facts = &diagnosis.facts;
    let mut doc = Doc::new(pen, area.width.min(140));
    head(&mut doc, facts);
    let rows = in_sight(facts, &case.spf.folded);
    let at = case.spf.at.min(rows.len().saturating_sub(1));
    let Some(marked) = rows.get(at) else {
        published(&mut doc, facts);
        super::page(app, frame, area, &doc);
        frame.set_cursor_position(area.as_position());
        return;
    };
    let surveyed = facts.evaluated().is_none_or(|c| c.tree.is_none());
    doc.section(tree(facts).map_or("", |t| &t.domain), "cost  total");
    let first = doc.lines.len();
    for (n, row) in rows.iter().enumerate() {
        line(&mut doc, row, n == at, surveyed, case.spf.folded.contains(&key(row)));
    }
    let behind = doc.lines.len();
    published(&mut doc, facts);
    let pane = if case.spf.wide { area.height * 2 / 3 } else { (area.height / 3).min(8) };
    let [list, below] = if area.height >= 14 {
        Layout::vertical([Constraint::Fill(1), Constraint::Length(pane)]).areas::<2>(area)
    } else {
        [area, Rect::ZERO]
    };
    // The last term brings what stands behind the tree into sight.
    let line = if at + 1 == rows.len() && at > 0 {
        doc.lines.len().min(first + at + list.height as usize / 2)
    } else {
        first + at + 2
    };
    let start = line.saturating_sub(list.height as usize);
    // A heading with nothing under it in sight would say that nothing is published.
    let cut = start + list.height as usize == behind + 1;
    let list = Rect { height: list.height.saturating_sub(u16::from(cut)), ..list };
    let top = doc.draw(frame, list, start);
    cursor(frame, list, first + at, top);
    let mut doc = Doc::new(pen, below.width);
    term::describe(&mut doc, facts, marked, surveyed);
    doc.draw(frame, below, 0);
}

fn head(doc: &mut Doc, facts: &Facts) {
    if let Some(reported) = &facts.reading.reported.spf {
        let domain = reported.domain.as_deref().unwrap_or("?");
        doc.hang(" Then  ", Ink::Faint, format!("the receiver said {} for {domain}", reported.result), Ink::Plain);
    }
    match (facts.evaluated(), &facts.spf_survey) {
        (Some(check), _) => evaluation(doc, check),
        (None, Some(survey)) => bill(doc, survey),
        (None, None) => doc.hang(
            " Now   ",
            Ink::Faint,
            "not evaluated: the domain or the client's address is not known (t sets them)",
            Ink::Plain,
        ),
    }
}

fn evaluation(doc: &mut Doc, check: &Check) {
    let result = match check.result {
        Some(result) => result.word().to_owned(),
        None => format!("not known ({} of DNS missing)", answers(check.missing.len())),
    };
    let helo = if check.is_helo { ", the HELO name, as the sender is empty" } else { "" };
    doc.hang(" Now   ", Ink::Faint, format!("{result} for {}{helo}, from {}", check.sender, check.ip), Ink::Strong);
    let matched = check.matched.as_ref().map_or(String::new(), |m| format!("   matched {m}"));
    cost(doc, [check.lookups, check.void_lookups], [""; 2], &matched);
    if let Some(problem) = &check.problem {
        doc.hang(" ✗     ", Ink::Fail, format!("{}: {}", problem.domain, problem.text), Ink::Plain);
    }
}

/// What a sender costs that no term lists.
fn bill(doc: &mut Doc, survey: &Survey) {
    let text = match survey.default {
        Some(default) => format!("a sender that no term lists gets {}; t tries an address", default.word()),
        None if !survey.is_complete() => format!("not known ({} of DNS missing)", answers(survey.unanswered().count())),
        None => "the record cannot be evaluated to its end".to_owned(),
    };
    doc.hang(" Now   ", Ink::Faint, text, Ink::Strong);
    let v6 = survey.void_lookups_v6;
    let v6 = if v6 > survey.void_lookups { format!(" (over IPv6 {v6})") } else { String::new() };
    let more = survey.ttl.map_or(v6.clone(), |ttl| format!("{v6}   lowest TTL {ttl} s"));
    let least = |bound: bool| if bound { "at least " } else { "" };
    let bounds = [least(survey.may_cost_more()), least(!survey.is_complete())];
    cost(doc, [survey.lookups, survey.void_lookups], bounds, &more);
    for problem in survey.problems.iter().take(3) {
        doc.hang(" ✗     ", Ink::Fail, format!("{}: {}", problem.domain, problem.text), Ink::Plain);
    }
}

/// Look-ups and void ones, with a word before each that is a lower bound.
fn cost(doc: &mut Doc, [lookups, voids]: [u32; 2], [least, least_void]: [&str; 2], more: &str) {
    let bar = "█".repeat(lookups.min(LOOKUPS + 1) as usize);
    let ink = if lookups > LOOKUPS || voids > VOID_LOOKUPS { Ink::Fail } else { Ink::Plain };
    let text = format!("look-ups {least}{lookups}/{LOOKUPS} {bar}   void {least_void}{voids}/{VOID_LOOKUPS}{more}");
    doc.hang(" Cost  ", Ink::Faint, text, ink);
}

/// One term: fold or glyph, the way to it, its text; state; cost and total.
fn line(doc: &mut Doc, row: &Row, marked: bool, surveyed: bool, folded: bool) {
    let branch = row.branch;
    let (_, words) = state(row, surveyed);
    let (glyph, ink) = match &branch.state {
        _ if branch.cost > 0 && branch.total > LOOKUPS => ("✗", Ink::Fail),
        BranchState::Matched(_) => ("=", Ink::Strong),
        BranchState::Void => ("!", Ink::Warn),
        BranchState::Failed(_) => ("✗", Ink::Fail),
        BranchState::Waiting => ("…", Ink::Plain),
        BranchState::Varies => ("?", Ink::Plain),
        BranchState::NotReached | BranchState::Aside => (" ", Ink::Faint),
        BranchState::NoMatch | BranchState::Counted => (" ", Ink::Plain),
    };
    let fold = match (&branch.below, folded) {
        (Some(below), true) => format!("▸ {} hidden  ", rows(below).len()),
        (Some(_), false) => "▾ ".to_owned(),
        (None, _) => String::new(),
    };
    let room = doc.width.saturating_sub(6);
    // Terms and states share what the numbers leave.
    let column = (room * 11 / 20).min(60);
    let term = doc.pen.clean(format!("{}{fold}{}", guide(&row.last, true), branch.text));
    let pad = " ".repeat(column.saturating_sub(term.width()));
    let owner =
        branch.owner.filter(|_| branch.cost > 0 && doc.width >= 90).map_or(String::new(), |p| format!("  {}", p.name));
    let left = format!("{term}{pad}  {}", doc.pen.clean(format!("{words}{owner}")));
    let cost = if branch.cost > 0 { branch.cost.to_string() } else { String::new() };
    let text = spread(&left, &format!("{cost:>4} {:>6}", branch.total), room);
    let plain = if ink == Ink::Faint { Ink::Faint } else { Ink::Plain };
    doc.entry(marked, &[(glyph, ink), (" ", Ink::Plain), (&text, plain)]);
}

fn answers(n: usize) -> String {
    if n == 1 { "1 answer".to_owned() } else { format!("{n} answers") }
}

fn published(doc: &mut Doc, facts: &Facts) {
    for entry in &facts.spf_published {
        let whose = match entry.whose {
            _ if facts.reading.subject.is_some() => "",
            Whose::MailFrom => "   MAIL FROM",
            Whose::Helo => "   HELO",
            Whose::From => "   From",
            Whose::Pasted => "   pasted",
        };
        doc.section(&format!("{}{whose}", entry.domain), "published");
        match entry.outcome {
            None if entry.whose != Whose::Pasted => doc.para(1, "… not answered yet", Ink::Plain),
            Some(outcome) if outcome.failed() => doc.para(1, "? DNS did not answer", Ink::Plain),
            _ if entry.records.is_empty() => doc.para(1, "(no SPF record)", Ink::Plain),
            _ => {}
        }
        for text in &entry.records {
            doc.hang(" ", Ink::Plain, &text.text, Ink::Plain);
        }
        for text in entry.almost.iter().chain(&entry.sender_id) {
            doc.hang(" ! not an SPF record: ", Ink::Warn, &text.text, Ink::Plain);
        }
        if facts.reading.subject.is_some() {
            // From and MAIL FROM are the same here.
            break;
        }
    }
}
