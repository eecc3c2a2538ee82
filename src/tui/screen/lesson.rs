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
use crate::tui::practice::{Stage, next, outcome};
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
    let outcome = outcome(app);
    if app.practice.stage == Stage::Sent && outcome == Some(Outcome::Cured) {
        doc.blank();
        doc.para(3, lesson.learnt.trim(), Ink::Pass);
    }
    let what = match (app.practice.stage, outcome) {
        (Stage::Ready, _) => "Enter sends the test message.",
        (Stage::Sending, _) => "The test is on its way.",
        (Stage::Published, _) => "Enter sends the test again.",
        (Stage::Sent, None) => "The receiver is still asking.",
        (Stage::Sent, Some(Outcome::Cured)) => "It passes. Enter opens the next lesson.",
        (Stage::Sent, Some(_)) => "Enter opens the diagnosis. u publishes the fix in the practice zone.",
    };
    doc.blank();
    doc.para(3, what, Ink::Strong);
    let diagnosis = app.case.as_ref().filter(|c| c.opened.practice).and_then(|c| c.diagnosis.as_ref());
    if let Some(d) = diagnosis {
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
    if !app.practice.published.is_empty() || app.practice.says.is_some() {
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
