//! Home.
//!
//! ```text
//!   What do you have?
//!
//! ▸ 1  Diagnose mail, a header, a report paste it now, or Enter for the editor
//!   2  Set up a new sending domain       records, keys, checks, one by one
//!   3  Send a test message               see the session, and why it is refused
//!   4  Check a domain                    live DNS
//!   …
//!   0  Practice                          broken domains in an invented internet
//!
//!   Paste works here, on any screen …
//! ── Recent ─────────────────────────────────────────────────────────────────
//!      acme.example          ✗ FAIL  DMARC not aligned               14:02
//! ```

use super::{cases, step};
use crate::tui::app::{App, Screen};
use crate::tui::fetches;
use crate::tui::keys::Action;
use crate::tui::listens;
use crate::tui::msg::Effect;
use crate::tui::sendings;
use crate::tui::theme::Ink;
use crate::tui::troubles;
use crate::tui::update;
use crate::tui::warmups;
use crate::tui::watches;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::world::{Recent, Source};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// What works, in the order of the digits.
const ENTRIES: &[(&str, &str)] = &[
    ("Diagnose mail, a header, a report", "paste it now, or Enter for the editor"),
    ("Set up a new sending domain", "records, keys, checks, one by one"),
    ("Send a test message", "see the session, and why it is refused"),
    ("Check a domain", "live DNS: SPF, DKIM, DMARC, MX, PTR …"),
    ("Watch a DNS change", "until every server has it"),
    ("Warm up a domain or an address", "how much on which day, when to go on"),
    ("Fetch a message from a mailbox", "wait for it, see the folder, diagnose it"),
    ("Find out why mail fails", "from what you see to the cause"),
    ("Show me an example", "a header with a fault, explained"),
    ("Practice", "broken and new domains, all invented"),
    ("Receive mail here", "a private mail tester"),
];

/// Cases shown here; the others are a key away.
const RECENT: usize = 9;

fn recent(app: &App) -> &[Recent] {
    app.recent.get(..RECENT).unwrap_or(&app.recent)
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let len = ENTRIES.len() + recent(app).len();
    match action {
        Action::Filter => app.screens.push(Screen::Cases),
        Action::Open => return open(app, app.home),
        Action::Pick(digit @ 1..) if digit as usize <= len => return open(app, digit as usize - 1),
        Action::Pick(_) => app.say("There is no such line."),
        other => app.home = step(app.home, other, len, app.page).unwrap_or(app.home),
    }
    vec![]
}

fn open(app: &mut App, line: usize) -> Vec<Effect> {
    app.home = line;
    match line {
        0 => app.screens.push(Screen::Input),
        1 => app.screens.push(Screen::OnboardForm),
        2 => sendings::show(app),
        3 => app.screens.push(Screen::Ask),
        4 if app.watches.list.is_empty() => app.screens.push(Screen::WatchForm),
        4 => watches::show(app),
        5 => warmups::show(app),
        6 => fetches::show(app),
        7 => troubles::show(app),
        8 => app.screens.push(Screen::Samples),
        9 => app.screens.push(Screen::Practice),
        10 => listens::show(app),
        n => {
            if let Some(recent) = recent(app).get(n - ENTRIES.len()) {
                let source = Source::Case(recent.id.clone());
                return update::open(app, source);
            }
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let wide = area.width >= 60 && area.height >= 14;
    if wide {
        doc.blank();
    }
    doc.row(&[("  What do you have?", Ink::Strong)]);
    if wide {
        doc.blank();
    }
    let mut marked = 0;
    for (n, (name, hint)) in ENTRIES.iter().enumerate() {
        if n == app.home {
            marked = doc.lines.len();
        }
        let kept = n == 0 && !app.editor.is_empty();
        let hint = if kept { "paste it now; Enter opens the draft you left" } else { hint };
        let digit = super::digit(n);
        let text = if area.width >= 76 { format!("{digit}  {name:<34} {hint}") } else { format!("{digit}  {name}") };
        doc.item(n == app.home, &text);
    }
    if wide {
        doc.blank();
    }
    let help = "Paste works on any screen: a message, a header block, a TXT record, a DMARC or TLS \
        report, a domain. Diagnosing sends out nothing but DNS queries.";
    if area.width >= 60 {
        doc.para(2, help, Ink::Plain);
        doc.blank();
    }
    if !app.recent.is_empty() {
        doc.section("Recent", "/: search all");
    }
    for (n, case) in recent(app).iter().enumerate() {
        let at = n + ENTRIES.len();
        if at == app.home {
            marked = doc.lines.len();
        }
        let digit = super::digit(at);
        let text = format!("{digit}  {}", cases::line(app, pen, case, usize::from(area.width).saturating_sub(7)));
        doc.item(at == app.home, &text);
    }
    if area.height >= 24 && area.width >= 76 {
        doc.blank();
        doc.section("From the shell", "");
        doc.row(&[("  postdoc message.eml               the same, from a file", Ink::Plain)]);
        doc.row(&[("  pbpaste | postdoc                 diagnose the clipboard", Ink::Plain)]);
        doc.row(&[("  postdoc check example.com         ask DNS everything about a domain", Ink::Plain)]);
    }
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}

/// The terminal's cursor where one types, a line and a column; at the start of the line where that is out of sight.
pub fn caret(frame: &mut Frame, area: Rect, at: (usize, usize), top: usize) {
    let (line, column) = at;
    match (u16::try_from(column), u16::try_from(line.saturating_sub(top))) {
        (Ok(x), Ok(y)) if x < area.width && y < area.height => {
            frame.set_cursor_position(Position::new(area.x + x, area.y + y));
        }
        _ => cursor(frame, area, line, top),
    }
}

/// The terminal's cursor on the marked line, where screen readers look.
pub fn cursor(frame: &mut Frame, area: Rect, line: usize, top: usize) {
    let y = line.saturating_sub(top);
    if !area.is_empty() && y < area.height as usize {
        frame.set_cursor_position(Position::new(area.x, area.y + y as u16));
    }
}
