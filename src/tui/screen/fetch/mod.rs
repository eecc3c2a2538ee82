//! A message on its way into mailboxes: where it landed, and what each copy is worth.
//!
//! ```text
//!  … waiting for X-Postdoc-Test: 7F3A-91C2                     0:42 of 5:00
//!    ██████
//! ── Mailboxes ──────────────────────────────── folder ──── after ─ verdict ─
//! ▸ … me@gmail.com     waiting, the server tells of new mail
//!   ✗ you@example.com  Junk (junk)                           0:12  FAIL
//! ── me@gmail.com ───────────────────────────────────────────────────────────
//!   0:02  read-only; looking in INBOX, [Gmail]/Spam
//! ```

pub mod form;

use super::home::cursor;
use super::step;
use crate::fetch::{Mailbox, Stage, Wait};
use crate::report::fetch::{advice, look, result};
use crate::report::human::Ink as Said;
use crate::report::watch::clock;
use crate::tui::app::{App, Screen};
use crate::tui::fetches;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::practice;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen, spread};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// A row is read across: no wider than this.
const WIDEST: u16 = 120;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Open if app.practises() => return practice::open(app),
        Action::Edit | Action::Folders if app.practises() => {
            app.say("In the practice world there is one mailbox, and one test in it.");
        }
        Action::CopyValue if app.practises() => app.say("No command does the same: that mailbox exists in here alone."),
        Action::Open => return fetches::opened(app).map_or(vec![], |opened| update::show_recorded(app, opened)),
        Action::Again => return fetches::again(app),
        Action::Add => return fetches::longer(app),
        Action::Edit => app.screens.push(Screen::FetchForm),
        Action::Folders => fetches::folders(app),
        Action::CopyValue => {
            let command = app.fetches.command();
            return command.map(|text| Effect::Copy { text, what: "the shell command".into() }).into_iter().collect();
        }
        Action::Bell => {
            app.fetches.quiet = !app.fetches.quiet;
            app.say(if app.fetches.quiet { "No bell." } else { "A bell rings when the fetch is over." });
        }
        other => {
            let len = app.fetches.state.as_ref().map_or(0, |wait| wait.boxes.len());
            app.fetches.at = step(app.fetches.at, other, len, app.page).unwrap_or(app.fetches.at);
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width.min(WIDEST));
    let fetches = &app.fetches;
    let mut marked = 0;
    match (&fetches.state, &fetches.fault) {
        (_, Some(fault)) => doc.not_begun(fault, "e changes what was asked; r begins again."),
        (None, None) => doc.para(1, "… getting the password, and connecting.", Ink::Plain),
        (Some(wait), None) => {
            head(&mut doc, wait, app);
            doc.section("Mailboxes", if doc.width >= 70 { "after   verdict" } else { "" });
            for (n, mailbox) in wait.boxes.iter().enumerate() {
                if n == fetches.at {
                    marked = doc.lines.len();
                }
                row(&mut doc, wait, mailbox, n == fetches.at);
            }
            if let Some(mailbox) = wait.boxes.get(fetches.at) {
                below(&mut doc, wait, mailbox, area);
            }
        }
    }
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}

/// How it stands as a whole, and what is left of the time.
fn head(doc: &mut Doc, wait: &Wait, app: &App) {
    let runs = app.fetches.runs();
    let passed = app.now.duration_since(wait.began).as_secs().max(0);
    let passed = u64::try_from(passed).unwrap_or_default();
    let total = wait.order.timeout.as_secs().max(1);
    if !runs || wait.end.is_some() {
        let junk = wait.boxes.iter().any(|b| b.find.as_ref().is_some_and(|f| f.in_junk()));
        let (glyph, ink) = match wait.found() == wait.boxes.len() {
            true if junk => ("!", Ink::Warn),
            true => ("✓", Ink::Pass),
            false => ("✗", Ink::Fail),
        };
        let text = if app.fetches.stopped { app.fetches.words() } else { result(wait) };
        doc.row(&[(" ", Ink::Plain), (glyph, ink), (" ", Ink::Plain), (&text, Ink::Strong)]);
        return;
    }
    let right = format!("{} of {}", clock(passed.min(total)), clock(total));
    let text = spread(&format!("waiting for {}", wait.order.sought.words()), &right, doc.width.saturating_sub(4));
    doc.row(&[(" … ", Ink::Strong), (&text, Ink::Strong)]);
    let room = doc.width.saturating_sub(6) as u64;
    let bar = usize::try_from(room * passed.min(total) / total).unwrap_or_default();
    doc.row(&[("   ", Ink::Plain), (&"█".repeat(bar), Ink::Plain)]);
}

/// `▸ ✗ me@gmail.com   [Gmail]/Spam (junk)      0:12   FAIL`
fn row(doc: &mut Doc, wait: &Wait, mailbox: &Mailbox, marked: bool) {
    let (glyph, _, word, said) = look(mailbox);
    let ink = match said {
        Said::Pass => Ink::Pass,
        Said::Fail => Ink::Fail,
        Said::Warn => Ink::Warn,
        _ => Ink::Faint,
    };
    let widest = wait.boxes.iter().map(|b| b.account.name.width()).max().unwrap_or_default();
    let widest = widest.min(doc.width * 2 / 5);
    let name = crate::safe::clip(&doc.pen.clean(&mailbox.account.name), widest);
    let pad = " ".repeat(widest.saturating_sub(name.width()));
    let took = mailbox.took.map_or(String::new(), |took| clock(took.as_secs()));
    let right = if doc.width >= 70 { format!("{took:>7}   {:<11}", word.to_uppercase()) } else { word.to_uppercase() };
    let room = doc.width.saturating_sub(widest + 8);
    let text = spread(&doc.pen.clean(mailbox.words()), &right, room);
    doc.entry(marked, &[(glyph, ink), (&format!(" {name}{pad}  {text}"), Ink::Plain)]);
}

/// What is to be known of the marked mailbox.
fn below(doc: &mut Doc, wait: &Wait, mailbox: &Mailbox, area: Rect) {
    doc.section(&mailbox.account.name, "");
    if let Some(opinion) = &mailbox.opinion {
        doc.para(2, &opinion.headline, Ink::Strong);
        doc.para(2, "Enter opens the diagnosis.", Ink::Faint);
    }
    if let Some((title, said, steps)) = advice(wait, mailbox) {
        doc.hang("  ! ", Ink::Warn, title, Ink::Strong);
        if let Some(said) = said {
            doc.hang("    it said: ", Ink::Faint, said, Ink::Plain);
        }
        for step in steps {
            doc.hang("    - ", Ink::Plain, step, Ink::Plain);
        }
    }
    let left = (area.height as usize).saturating_sub(doc.lines.len());
    let tail = if mailbox.stage.is_over() { 0 } else { 3 };
    let room = left.saturating_sub(tail);
    for entry in mailbox.log.iter().skip(mailbox.log.len().saturating_sub(room)) {
        doc.hang(&format!("{:>7}  ", clock(entry.at.as_secs())), Ink::Faint, &entry.text, Ink::Plain);
    }
    if matches!(mailbox.stage, Stage::Waiting { .. }) && area.height as usize > doc.lines.len() + 2 {
        doc.blank();
        doc.para(2, "Usually it takes 2 to 60 seconds. You can leave this screen; it keeps waiting.", Ink::Faint);
    }
}
