//! Who refused, and the reply for each recipient, under the verdict of a bounce.
//!
//! ```text
//!  ✗ ada@example.net  failed, 5.1.1, RCPT, recipient
//!    mx.example.net: 550 5.1.1 <ada@example.net>: User unknown
//! ```

use crate::diagnose::Diagnosis;
use crate::report::Shown;
use crate::report::bounce::lines;
use crate::report::human::Ink as Paint;
use crate::safe::clip;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, wrap};

/// At most `room` rows; false where the input is no bounce.
pub fn brief(doc: &mut Doc, diagnosis: &Diagnosis, room: usize) -> bool {
    let all = lines(diagnosis, Shown::default());
    if all.is_empty() {
        return false;
    }
    let mut left = room;
    for (n, line) in all.iter().enumerate() {
        let width = doc.width.saturating_sub(4);
        let mut said = wrap(&doc.pen.clean(&line.said), width);
        // The reply of one recipient in full, of many the beginning.
        let rows = if all.len() == 1 { 4 } else { 1 };
        if said.len() > rows {
            let rest = said.split_off(rows - 1).join(" ");
            said.push(clip(&rest, width));
        }
        let more = usize::from(n + 1 < all.len());
        if left < 1 + said.len() + more {
            doc.row(&[(&format!("   and {} more", all.len() - n), Ink::Faint)]);
            break;
        }
        left -= 1 + said.len();
        let (glyph, _, paint) = line.look;
        let whom = doc.pen.clean(&line.whom);
        doc.row(&[
            (" ", Ink::Plain),
            (glyph, ink(paint)),
            (" ", Ink::Plain),
            (&whom, Ink::Strong),
            (&format!("  {}", line.told()), Ink::Plain),
        ]);
        for row in &said {
            doc.row(&[("   ", Ink::Plain), (row, Ink::Plain)]);
        }
    }
    true
}

fn ink(paint: Paint) -> Ink {
    match paint {
        Paint::Fail => Ink::Fail,
        Paint::Warn => Ink::Warn,
        Paint::Pass => Ink::Pass,
        _ => Ink::Note,
    }
}
