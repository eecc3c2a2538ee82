//! The four rows around every screen: title, rule, status, keys.
//!
//! ```text
//!  postdoc › acme.example › verdict                      pasted header 14:02
//! ─────────────────────────────────────────────────────────────────────────
//!  (the screen)
//!  Copied "s1.acme.dkim.esp.example." via tmux (24 B). Not there? press P.
//!  ↑↓ finding  Enter detail  y copy value  ? help
//! ```

use super::doc::{Pen, spread, wrap};
use crate::safe::clip;
use crate::tui::theme::Ink;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

/// What the rows say.
pub struct Bar<'a> {
    pub title: &'a str,
    pub right: &'a str,
    pub status: &'a str,
    pub status_ink: Ink,
    pub keys: &'a str,
}

/// Is there room for a title?
pub fn has_title(area: Rect) -> bool {
    area.width >= 60 && area.height >= 18
}

/// Draws the rows and returns what is left for the screen. With fewer than 20 rows title and
/// rule are one row; with fewer than 18, or in a narrow pane, there is no title at all.
pub fn draw(frame: &mut Frame, area: Rect, pen: Pen, bar: &Bar) -> Rect {
    let top = match area.height {
        _ if !has_title(area) => 0,
        h if h < 20 => 1,
        _ => 2,
    };
    let width = area.width as usize;
    let message = fit(&format!(" {}", pen.clean(bar.status)), width);
    // What it takes, or what to do, stands at its end: it is not cut while there is room.
    let most = usize::from(area.height / 5).clamp(1, 4);
    let said = if bar.status.is_empty() { Vec::new() } else { rows(&message, width, most) };
    let status_rows = (said.len() as u16).max(u16::from(area.height >= 18));
    let [head, body, status, keys] = Layout::vertical([
        Constraint::Length(top),
        Constraint::Fill(1),
        Constraint::Length(status_rows),
        Constraint::Length(1),
    ])
    .areas::<4>(area);
    let line = |text: String| clip(&text, width);
    if head.height > 0 {
        let title = spread(&pen.clean(format!(" {}", bar.title)), &pen.clean(bar.right), width.saturating_sub(1));
        let title = if head.height == 1 { format!("{} ", title.trim_end()) } else { title };
        let used = title.width();
        put(frame, head, Span::styled(title, pen.style(Ink::Strong)));
        let rule = Span::styled(
            "─".repeat(width.saturating_sub(if head.height == 1 { used } else { 0 })),
            pen.style(Ink::Faint),
        );
        match head.height {
            1 => put(
                frame,
                Rect {
                    x: head.x + (used as u16).min(head.width),
                    width: head.width.saturating_sub(used as u16),
                    ..head
                },
                rule,
            ),
            _ => put(frame, Rect { y: head.y + 1, ..head }, rule),
        }
    }
    for (row, text) in status.rows().zip(said) {
        put(frame, row, Span::styled(text, pen.style(bar.status_ink)));
    }
    put(frame, keys, Span::styled(line(bar.keys.to_owned()), pen.style(Ink::Faint)));
    body
}

/// A message over `most` rows; the rest of it is cut.
fn rows(message: &str, width: usize, most: usize) -> Vec<String> {
    if message.width() <= width {
        return vec![message.to_owned()];
    }
    let mut lines = wrap(message.trim_start(), width.saturating_sub(1));
    if lines.len() > most {
        let rest = lines.split_off(most - 1).join(" ");
        lines.push(rest);
    }
    lines.iter().map(|line| clip(&format!(" {line}"), width)).collect()
}

/// Columns of a quotation that stay.
const QUOTED: usize = 8;

/// A message that does not fit loses of what it quotes first: what came of it and what to do stand behind that.
fn fit(text: &str, width: usize) -> String {
    let over = text.width().saturating_sub(width);
    let (Some(open), Some(close)) = (text.find('"'), text.rfind('"')) else { return text.to_owned() };
    let Some(quoted) = text.get(open + 1..close).filter(|_| over > 0) else { return text.to_owned() };
    let keep = quoted.width().saturating_sub(over).max(QUOTED);
    format!("{}{}{}", &text[..=open], clip(quoted, keep), &text[close..])
}

/// One span on the first row of an area; nothing on an empty one.
pub fn put(frame: &mut Frame, area: Rect, span: Span) {
    if !area.is_empty() {
        frame.buffer_mut().set_span(area.x, area.y, &span, area.width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_its_end() {
        let text =
            " Copied \"<selector that the sending service shows>\", with a blank, via tmux (90 B). Not there? press P.";
        assert_eq!(fit(text, 200), text);
        let short = fit(text, 80);
        assert_eq!(short, " Copied \"<selector that th…\", with a blank, via tmux (90 B). Not there? press P.");
        assert_eq!(fit("no quotation, whatever the width", 10), "no quotation, whatever the width");
        assert_eq!(fit("one \" alone", 3), "one \" alone");
    }

    #[test]
    fn a_message_that_does_not_fit_takes_more_rows() {
        assert_eq!(rows(" one two three", 20, 3), [" one two three"]);
        assert_eq!(rows(" one two three", 8, 3), [" one two", " three"]);
        assert_eq!(rows(" one two three four five", 8, 2), [" one two", " three …"]);
    }
}
