//! One lesson: what happened before, what the receiver saw step by step, what is done next.
//!
//! ```text
//!  Nobody said who may send
//!    The shop moved to a server of its own …
//!
//!    Enter opens the diagnosis. u publishes the fix in the practice zone.
//! ── The test, as mx.inbox.example saw it ─────────────────────────────────
//!  ✓ connect    from 203.0.113.9, named mail.shop.example; not encrypted
//!  ✗ MAIL FROM  <news@shop.example>: SPF none
//!  ✗ FAIL  shop.example has no SPF record
//! ```

use super::step;
use crate::practice::{Outcome, RECEIVER};
use crate::report::receiver;
use crate::tui::app::{App, sign};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::practice::{Stage, next, practised, stage};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if action == Action::Open {
        return next(app);
    }
    let top = &mut app.practice.top;
    *top = step(*top, action, usize::MAX, app.page).unwrap_or(*top);
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(lesson) = app.practice.lesson else { return };
    let mut doc = Doc::new(pen, area.width);
    doc.row(&[(" ", Ink::Plain), (&lesson.title, Ink::Strong)]);
    doc.para(3, lesson.story.trim(), Ink::Plain);
    let stage = stage(app);
    if stage == Stage::Read(Some(Outcome::Cured)) {
        doc.blank();
        doc.para(3, lesson.learnt.trim(), Ink::Pass);
    }
    let done = !app.practice.published.is_empty() || app.practice.says.is_some();
    let what = match stage {
        Stage::Ready if done => "Enter sends the test again.",
        Stage::Ready => "Enter writes the test message, and shows it before it is sent.",
        Stage::Sending => "The test is on its way. Enter shows the session.",
        Stage::Sent => "The receiver has it. Enter waits for it in the mailbox.",
        Stage::Waiting => "Enter shows the mailbox that is waited in.",
        Stage::Arrived => "It has arrived. Enter opens the diagnosis.",
        Stage::Read(None) => "DNS is still being asked.",
        Stage::Read(Some(Outcome::Cured)) => "It passes. Enter opens the next lesson.",
        Stage::Read(Some(_)) => "Enter opens the diagnosis again. u publishes the fix in the practice zone.",
    };
    doc.blank();
    doc.para(3, what, Ink::Strong);
    if let Some(d) = practised(app.case.as_ref()) {
        doc.section(&format!("The test, as {RECEIVER} saw it"), "");
        for seen in receiver::steps(d) {
            let (mark, ink) = match seen.good {
                Some(true) => ("✓", Ink::Pass),
                Some(false) => ("✗", Ink::Fail),
                None => (" ", Ink::Faint),
            };
            doc.hang(&format!(" {mark} {:<10} ", seen.label), ink, seen.text, Ink::Plain);
        }
        let (mark, word, ink) = sign(d.verdict.state);
        doc.hang(&format!(" {mark} {word:<10} "), ink, d.verdict.headline.clone(), Ink::Strong);
    }
    if done {
        doc.section("What you did", "");
        if let Some(says) = &app.practice.says {
            doc.para(3, says, Ink::Plain);
        }
        for line in &app.practice.published {
            doc.hang(" + ", Ink::Pass, line.clone(), Ink::Plain);
        }
    }
    app.practice.top = doc.draw(frame, area, app.practice.top);
}
