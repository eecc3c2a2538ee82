//! What is about to leave, and the yes that it takes.
//!
//! ```text
//!  Send this?
//!    From       Ann <ann@example.com>
//!    MAIL FROM  <bounce@example.com>
//!    To         me@gmail.example
//!    Server     smtp.example.com port 587
//!    TLS        STARTTLS, required, with a good certificate
//!  ! MAIL FROM is at …
//! ```

use crate::send::{Composed, Draft, Sealed, confirmation};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::screen::{home::cursor, turn};
use crate::tui::sendings;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

/// Lines of a message that are shown.
const LINES: usize = 2000;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    match action {
        // Whoever has never been written to takes a yes of its own.
        Action::Yes if !app.sending.agreed => app.sending.agreed = true,
        Action::Yes => return sendings::begin(app),
        Action::More => {
            app.sending.bytes = !app.sending.bytes;
            app.sending.top = 0;
        }
        Action::CopyAll => {
            let Some(ready) = &app.sending.ready else { return vec![] };
            let Some(first) = ready.letters.first() else { return vec![] };
            let text = String::from_utf8_lossy(&first.composed.bytes).into_owned();
            return vec![Effect::Copy { text, what: "the message".to_owned() }];
        }
        other => app.sending.top = turn(app.sending.top, other, page).unwrap_or(app.sending.top),
    }
    vec![]
}

fn strangers(all: &[String]) -> String {
    match all {
        [one] => format!(
            "{one} has not been written to before. Press y if it is yours, or if its owner expects a test; it is then \
             noted, and asked about no more."
        ),
        all => format!(
            "{} have not been written to before. Press y if they are yours, or if their owners expect a test; they are \
             then noted, and asked about no more.",
            all.join(", ")
        ),
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width.min(100));
    let sending = &app.sending;
    let Some(ready) = &sending.ready else {
        return doc.para(1, "There is nothing to send.", Ink::Plain);
    };
    let drafts: Vec<Draft> = ready.letters.iter().map(|l| l.draft.clone()).collect();
    let (insecure, agreed) = (drafts.iter().any(|d| d.insecure), sending.agreed);
    let question = match (agreed, ready.strangers.len()) {
        (true, _) => " Send this?",
        (false, 0 | 1) => " Is this recipient meant?",
        (false, _) => " Are these recipients meant?",
    };
    doc.row(&[(question, Ink::Strong)]);
    doc.blank();
    for (label, value) in confirmation(&drafts) {
        let bad = label == "TLS" && (insecure || value.starts_with("none"));
        doc.hang(&format!("   {label:<10} "), Ink::Faint, value, if bad { Ink::Fail } else { Ink::Plain });
    }
    if let [Sealed { composed: Composed { message_id: Some(id), .. }, .. }] = &ready.letters[..] {
        doc.hang(&format!("   {:<10} ", "Message-ID"), Ink::Faint, id, Ink::Plain);
    }
    doc.blank();
    for warning in &ready.warnings {
        let ink = if insecure && warning.contains("not checked") { Ink::Fail } else { Ink::Warn };
        doc.hang(" ! ", ink, warning, if ink == Ink::Fail { Ink::Fail } else { Ink::Plain });
    }
    match agreed {
        true if ready.practice => doc.para(1, "y sends it. i shows the message. Esc goes back.", Ink::Plain),
        true => doc.para(1, "y sends it. Esc goes back to the form.", Ink::Plain),
        false => doc.para(1, strangers(&ready.strangers), Ink::Strong),
    }
    for composed in ready.letters.iter().map(|l| &l.composed).filter(|_| sending.bytes) {
        doc.section(&format!("Message   {} bytes", composed.bytes.len()), "");
        for line in composed.bytes.split(|b| *b == b'\n').take(LINES) {
            doc.para(1, line.strip_suffix(b"\r").unwrap_or(line), Ink::Plain);
        }
    }
    let top = doc.draw(frame, area, sending.top);
    app.sending.top = top;
    cursor(frame, area, 0, top);
}
