//! A warm-up: the plan with its chart, and what the days say.
//!
//! ```text
//!  ! Hold: deferrals 6.2 % (25 of 402), most with 421 4.7.28 …
//!    tomorrow 400 messages at most
//!  day  date       a day
//!    1  18 May        50  █
//!    2  19 May        75  ███▌
//! ── Hold or step back when ─────────────────────────────────────────────
//! ```

use super::home::{caret, cursor};
use crate::report::Shown;
use crate::report::human::Style;
use crate::report::warmup::{self as report, Told, grouped};
use crate::tui::app::{App, Screen};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::warmups;
use crate::tui::widget::doc::{Doc, Pen};
use crate::warmup::{Check, Step};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page.max(1);
    let markdown = |app: &App| {
        let plan = app.warmup.plan.as_ref()?;
        let told = Told { plan, check: app.warmup.check.as_ref(), dropped: 0 };
        Some(report::markdown(&told, Shown::default()))
    };
    let top = &mut app.warmup.top;
    match action {
        Action::Up => *top = top.saturating_sub(1),
        Action::Down => *top = top.saturating_add(1),
        Action::PageUp => *top = top.saturating_sub(page),
        Action::PageDown => *top = top.saturating_add(page),
        Action::Top => *top = 0,
        Action::Bottom => *top = usize::MAX,
        Action::Add => app.screens.push(Screen::WarmUpDay),
        Action::Open => app.screens.push(Screen::WarmUpForm),
        Action::CopyValue => {
            return vec![Effect::Copy { text: app.warmup.command(), what: "the shell command".to_owned() }];
        }
        Action::CopyAll => {
            return markdown(app).map(|text| Effect::Copy { text, what: "Markdown".to_owned() }).into_iter().collect();
        }
        Action::SaveReport => {
            let name = "postdoc-warm-up.md".to_owned();
            return markdown(app).map(|text| Effect::SaveReport { name, text }).into_iter().collect();
        }
        _ => {}
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width.min(100));
    let warmup = &app.warmup;
    if let Some(plan) = &warmup.plan {
        doc.para(1, format!("{} a day; {}", grouped(plan.order.target), report::known(&plan.order)), Ink::Plain);
        if let Some(check) = &warmup.check {
            told(&mut doc, check);
        }
        doc.section("Plan", &format!("{} days", plan.days.len()));
        for (n, row) in report::plan_rows(plan, doc.width, true).iter().enumerate() {
            doc.row(&[(row, if n == 0 { Ink::Faint } else { Ink::Plain })]);
        }
        doc.section("Hold or step back when", "");
        doc.para(1, report::signals(), Ink::Plain);
        if !plan.phases.is_empty() {
            doc.section("Who gets it", "");
        }
        for phase in &plan.phases {
            let days = phase.to.map_or(format!("from day {}", phase.from), |to| format!("days {} to {to}", phase.from));
            doc.hang(&format!(" {days:<15} "), Ink::Faint, &phase.text, Ink::Plain);
        }
        doc.section("Follows", "");
        for basis in &plan.bases {
            doc.hang(" · ", Ink::Faint, format!("{} ({})", basis.name, basis.source), Ink::Plain);
        }
        doc.section("Mind", "");
        for note in &plan.notes {
            let source = if note.source.is_empty() { String::new() } else { format!(" ({})", note.source) };
            doc.hang(" · ", Ink::Faint, format!("{}{source}", note.text), Ink::Plain);
        }
    }
    app.warmup.top = doc.draw(frame, area, app.warmup.top);
    cursor(frame, area, 0, 0);
}

fn told(doc: &mut Doc, check: &Check) {
    let Some(last) = check.advice.last() else { return };
    let (glyph, ink) = match last.worst() {
        Step::Advance => (" ✓ ", Ink::Pass),
        Step::Hold => (" ! ", Ink::Warn),
        Step::Back => (" ✗ ", Ink::Fail),
    };
    doc.section(&format!("{}   {} sent", report::day(last.date), grouped(last.sent)), "");
    doc.hang(glyph, ink, last.headline(), Ink::Strong);
    let next = match check.next.volume {
        0 => format!("{}: nothing", report::day(check.next.date)),
        n => format!("{}: {} messages at most", report::day(check.next.date), grouped(n)),
    };
    doc.hang("   ", Ink::Plain, next, Ink::Plain);
    if let Some(because) = &check.next.because {
        doc.hang("   ", Ink::Plain, because, Ink::Plain);
    }
    let style = Style { colour: false, unicode: true, width: doc.width, full: false };
    let mut text = String::new();
    report::advice(&mut text, last, style, Shown::default());
    // The headline stands above already.
    let rest = text.split_once("\n\n").map_or("", |(_, rest)| rest);
    for line in rest.lines() {
        doc.row(&[(line, Ink::Plain)]);
    }
}

/// Both forms of it.
pub mod form {
    use super::*;

    pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
        let plan = app.screen() == Screen::WarmUpForm;
        let form = if plan { &mut app.warmup.form } else { &mut app.warmup.day };
        match (form.act(action), plan) {
            (false, _) => vec![],
            (true, true) => warmups::planned(app),
            (true, false) => warmups::counted(app),
        }
    }

    pub fn insert(app: &mut App, text: &str) {
        match app.screen() {
            Screen::WarmUpForm => app.warmup.form.insert(text),
            _ => app.warmup.day.insert(text),
        }
    }

    pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
        let mut doc = Doc::new(pen, area.width);
        let plan = app.screen() == Screen::WarmUpForm;
        let (title, form, help) = match plan {
            true => (
                " How much, and from where?",
                &app.warmup.form,
                "What is not said is taken for the slower case. Nothing is sent: this only reckons.",
            ),
            false => (
                " What became of the day's mail?",
                &app.warmup.day,
                "Leave empty what you do not know. Or paste a table of days (date,receiver,sent,delivered,…) or lines of the mail log, here or on the plan; a whole log: postdoc warmup check --log FILE",
            ),
        };
        doc.row(&[(title, Ink::Strong)]);
        if area.height > 18 {
            doc.blank();
        }
        let marked = form.write(&mut doc, true);
        if area.height as usize > doc.lines.len() + 3 {
            doc.blank();
            doc.para(1, help, Ink::Plain);
        }
        let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
        caret(frame, area, marked, top);
    }
}
