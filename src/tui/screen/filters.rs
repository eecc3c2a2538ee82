//! What filters said, each with whose word it is: the receiver's, others', and those of the user's own.
//!
//! ```text
//! ── SpamAssassin   whose it is, the header does not tell ─────────────────
//!   ! RDNS_NONE      the sending address has no reverse name
//! ── Your own filters, not the receiver's ─────────────────────────────────
//!  SpamAssassin at 127.0.0.1:783: spam, 7.1 points; from 5 on it calls mail spam
//!    SUBJ_ALL_CAPS   the subject is all capitals
//! ```

use super::scroll;
use crate::facts::antispam::{Field, Item, Leaning, summary};
use crate::knowledge::receiver;
use crate::report::own_filters;
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
    let reading = &diagnosis.facts.reading;
    let ours = reading.boundary.receiver.as_deref();
    let explained = |field: &&Field| field.items.iter().any(|item| item.meaning.is_some());
    for field in reading.antispam.iter().filter(explained) {
        written(&mut doc, field, ours);
    }
    let own = own_filters::told(diagnosis);
    if !own.is_empty() {
        doc.section(own_filters::TITLE, "");
    }
    for filter in &own {
        let ink = match filter.spam {
            Some(true) => Ink::Warn,
            Some(false) => Ink::Pass,
            None => Ink::Plain,
        };
        doc.hang(&format!(" {}: ", filter.who), Ink::Strong, &filter.says, ink);
        for (name, words) in &filter.symbols {
            doc.hang(&format!("   {name}  "), Ink::Plain, words, Ink::Faint);
        }
        if !filter.others.is_empty() {
            doc.hang("   also: ", Ink::Faint, filter.others.join(", "), Ink::Plain);
        }
    }
    if doc.lines.is_empty() {
        doc.para(1, "No filter's word is in the header. Your own SpamAssassin or Rspamd can be asked about a whole message: t, then its address.", Ink::Plain);
    }
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}

fn written(doc: &mut Doc, field: &Field, ours: Option<&str>) {
    let name = receiver::find(field.vendor).map_or(field.vendor, |r| &r.name);
    let whose = match (field.untrusted, ours, summary::counts(field, ours)) {
        (true, ..) => "the sending side's: shown, not counted",
        (_, Some(id), _) if id == field.vendor => "the receiver's own word",
        (_, Some(_), true) => "of a filter that works for the receiver",
        (_, Some(_), false) => "not the receiver's: shown, not counted",
        (_, None, _) => "which server wrote it, the header does not tell",
    };
    doc.section(&format!("{name}   {whose}"), "");
    let (known, unknown): (Vec<&Item>, Vec<&Item>) = field.items.iter().partition(|item| item.meaning.is_some());
    for (item, meaning) in known.iter().filter_map(|item| Some((item, item.meaning.as_ref()?))) {
        let (glyph, ink) = match meaning.leaning {
            Leaning::Good => ("✓", Ink::Pass),
            Leaning::Bad => ("✗", Ink::Fail),
            Leaning::Warn => ("!", Ink::Warn),
            Leaning::Neutral | Leaning::Info => ("i", Ink::Note),
        };
        doc.hang(&format!("  {glyph} {}  ", said(item)), ink, meaning.text, Ink::Plain);
    }
    // Rules of one's own, and what nobody here knows.
    let tests: Vec<String> = unknown.into_iter().filter(|item| is_test(item)).map(said).collect();
    if !tests.is_empty() {
        doc.hang("  also: ", Ink::Faint, tests.join(", "), Ink::Plain);
    }
}

fn is_test(item: &Item) -> bool {
    item.key == "test" || item.key == "symbol"
}

/// With the points that it gave, where it gave any.
fn said(item: &Item) -> String {
    let name = match item.key.is_empty() || is_test(item) {
        true => item.value.clone(),
        false => format!("{} {}", item.key, item.value),
    };
    match item.points.filter(|points| *points != 0) {
        Some(points) => format!("{name} {}", f64::from(points) / 1000.0),
        None => name,
    }
}
