//! What changed since the run before.
//!
//! ```text
//!  1 finding gone, 0 new, 3 as before; 1 DNS answer changed
//!  ✓ gone       example.com publishes no DMARC policy           dmarc-missing
//! ── DNS ─────────────────────────────────────────────────────────────────
//!  _dmarc.example.com TXT
//!  - no such name
//!  + "v=DMARC1; p=none"
//! ```

use super::scroll;
use crate::changes::Changed;
use crate::report::changes::words;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    scroll(app, action);
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let mut doc = Doc::new(pen, area.width.min(120));
    let Some(changes) = &case.changes else {
        doc.para(1, "There is no run before this one. r runs it again; what changed is then shown here.", Ink::Plain);
        return super::page(app, frame, area, &doc);
    };
    doc.para(1, changes.summary(), Ink::Strong);
    doc.blank();
    let lists = [
        (&changes.gone, " ✓ gone       ", Ink::Pass),
        (&changes.new, " ✗ new        ", Ink::Fail),
        (&changes.same, "   as before  ", Ink::Faint),
    ];
    for (list, head, ink) in lists {
        for told in list {
            doc.hang(head, ink, format!("{}  ({})", told.title, told.rule), Ink::Plain);
        }
    }
    if !changes.answers.is_empty() {
        doc.section("DNS", "");
    }
    for Changed { question, before, after } in &changes.answers {
        doc.hang(" ", Ink::Plain, format!("{} {}", question.name, question.kind), Ink::Strong);
        doc.hang(" - ", Ink::Fail, words(before), Ink::Plain);
        doc.hang(" + ", Ink::Pass, words(after), Ink::Plain);
    }
    super::page(app, frame, area, &doc);
}
