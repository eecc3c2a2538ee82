//! What large receivers ask of senders, and which of it this message and domain meet.
//!
//! ```text
//! ── Gmail, bulk   3 of 7 met, 2 unknown ────────────────────────────────────
//!   ✓ SPF passes                 pass for example.com
//!   ✗ DKIM passes                no signature              dkim-missing
//! ```

use super::scroll;
use crate::report::human::Ink as ReportInk;
use crate::report::requirements::{look, receivers, words};
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
    let Some(diagnosis) = app.case.as_ref().and_then(|c| c.diagnosis.as_ref()) else { return };
    let mut doc = Doc::new(pen, area.width.min(120));
    let asked = diagnosis.requirements();
    if asked.is_empty() {
        doc.para(1, "Receivers ask it of messages and domains; this is neither.", Ink::Plain);
    }
    for lines in receivers(&asked) {
        let Some(first) = lines.first() else { continue };
        let count = words(lines);
        doc.section(&format!("{}   {}", first.name(), count.split(';').next().unwrap_or_default()), "");
        for line in lines {
            let (glyph, _, ink) = look(line.state);
            let ink = match ink {
                ReportInk::Pass => Ink::Pass,
                ReportInk::Fail => Ink::Fail,
                _ => Ink::Strong,
            };
            doc.hang(&format!("  {glyph} "), ink, &line.demand.what, Ink::Plain);
            let cure = line.cure.map_or(String::new(), |rule| format!("; see {}", rule.id));
            let since = line.demand.since.map_or(String::new(), |day| format!("; asked since {day}"));
            doc.hang("      ", Ink::Plain, format!("{}{cure}{since}", line.because), Ink::Faint);
        }
    }
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}
