//! The editor for what was pasted.
//!
//! ```text
//!  64 lines · 5.1 KiB
//! ───────────────────────────────────────────────────────────────────
//!   1 Delivered-To: test@gmail.example
//!   2 Return-Path: <bounce+8842@mailer.esp.example>
//! ───────────────────────────────────────────────────────────────────
//!  This does not look like mail. I see 1 line, 40 characters.
//!   [ Diagnose ]   [ Read as header ]   [ Read as record ]   [ Clear ]
//! ```

use crate::evidence::{Input, InputKind};
use crate::tui::app::{App, Screen};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

/// What keys go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Text,
    Button(usize),
}

const BUTTONS: &[&str] = &["Diagnose", "Read as header", "Read as record", "Clear"];

/// Something that is not a message, header or record: shows it and asks.
pub fn ask(app: &mut App, input: &Input) {
    let text = String::from_utf8_lossy(&input.original).into_owned();
    if app.editor.text() != text {
        app.editor.set(&text);
    }
    let (lines, characters) = (app.editor.lines(), text.chars().count());
    let seen = match input.kind {
        InputKind::Unknown => "This does not look like mail.",
        _ => "",
    };
    let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
    app.question = format!(
        "{seen} I see {lines}, {characters} characters, and can diagnose a message, its header, a bounce, a reply, a DNS record or a domain. Is it one of those? Tab goes to the choices."
    );
    app.focus = Focus::Text;
    if app.screen() != Screen::Input {
        app.screens.push(Screen::Input);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match (action, app.focus) {
        (Action::Diagnose, _) => return diagnose(app, None),
        (Action::NextField, Focus::Text) => app.focus = Focus::Button(0),
        (Action::NextField, Focus::Button(n)) if n + 1 < BUTTONS.len() => app.focus = Focus::Button(n + 1),
        (Action::NextField, Focus::Button(_)) => app.focus = Focus::Text,
        (Action::PreviousField, Focus::Text) => app.focus = Focus::Button(BUTTONS.len() - 1),
        (Action::PreviousField | Action::Left, Focus::Button(n)) if n > 0 => app.focus = Focus::Button(n - 1),
        (Action::PreviousField | Action::Up, Focus::Button(_)) => app.focus = Focus::Text,
        (Action::Right, Focus::Button(n)) => app.focus = Focus::Button((n + 1).min(BUTTONS.len() - 1)),
        (Action::Open, Focus::Button(n)) => return press(app, n),
        (_, Focus::Button(_)) => {}
        (edit, Focus::Text) => {
            let moves = matches!(
                edit,
                Action::Up
                    | Action::Down
                    | Action::Left
                    | Action::Right
                    | Action::PageUp
                    | Action::PageDown
                    | Action::LineStart
                    | Action::LineEnd
            );
            if app.editor.edit(edit, app.page) && !moves {
                return small_draft(app);
            }
        }
    }
    vec![]
}

fn press(app: &mut App, button: usize) -> Vec<Effect> {
    match button {
        0 => diagnose(app, None),
        1 => diagnose(app, Some(InputKind::Headers)),
        2 => diagnose(app, Some(InputKind::Record)),
        _ => {
            app.editor = Default::default();
            app.focus = Focus::Text;
            app.question.clear();
            draft(app)
        }
    }
}

fn diagnose(app: &mut App, kind: Option<InputKind>) -> Vec<Effect> {
    if app.editor.is_empty() {
        app.say("Nothing to diagnose yet: paste a message or its header.");
        return vec![];
    }
    let mut effects = draft(app);
    effects.extend(update::diagnose_text(app, kind));
    effects
}

/// A printable key.
pub fn typed(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    app.focus = Focus::Text;
    app.editor.input(event);
    small_draft(app)
}

/// A paste into the editor; into an empty one, that is the whole wish.
pub fn pasted(app: &mut App, text: &str) -> Vec<Effect> {
    let first = app.editor.is_empty();
    app.focus = Focus::Text;
    app.editor.insert(text);
    if first {
        return diagnose(app, None);
    }
    app.say(format!("Pasted {} B. Ctrl+D diagnoses.", text.len()));
    draft(app)
}

fn draft(app: &App) -> Vec<Effect> {
    vec![Effect::SaveDraft(app.editor.text())]
}

/// Bytes of a draft that is written on every key; a larger one is when it is pasted or diagnosed.
const SMALL: usize = 64 * 1024;

fn small_draft(app: &App) -> Vec<Effect> {
    if app.editor.bytes() <= SMALL { draft(app) } else { vec![] }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut foot = Doc::new(pen, area.width);
    if !app.question.is_empty() {
        foot.hang(" ? ", Ink::Strong, &app.question, Ink::Plain);
    }
    let mut buttons: Vec<(String, Ink)> = vec![];
    for (n, name) in BUTTONS.iter().enumerate() {
        let on = app.focus == Focus::Button(n);
        buttons.push(("  ".to_owned(), Ink::Plain));
        buttons.push((format!("{}[ {name} ]", if on { "▸" } else { " " }), if on { Ink::Marked } else { Ink::Plain }));
    }
    let buttons: Vec<(&str, Ink)> = buttons.iter().map(|(t, i)| (&t[..], *i)).collect();
    foot.row(&buttons);
    let small = area.height < 12;
    let foot_rows = if small { foot.lines.len().min(2) } else { foot.lines.len() + 1 } as u16;
    let [head, text, tail] = Layout::vertical([
        Constraint::Length(if small { 0 } else { 2 }),
        Constraint::Fill(1),
        Constraint::Length(foot_rows),
    ])
    .areas::<3>(area);
    let mut top = Doc::new(pen, area.width);
    let size = match app.editor.bytes() {
        n if n < 1024 => format!("{n} B"),
        n if n < 1024 * 1024 => format!("{}.{} KiB", n / 1024, n % 1024 * 10 / 1024),
        n => format!("{}.{} MiB", n >> 20, ((n % (1 << 20)) * 10) >> 20),
    };
    let lines = app.editor.lines();
    match app.editor.is_empty() {
        true => top.row(&[(" Paste the message or its header here, or type it. Ctrl+D diagnoses.", Ink::Plain)]),
        false => top.row(&[(&format!(" {lines} line{} · {size}", if lines == 1 { "" } else { "s" }), Ink::Plain)]),
    }
    top.section("", "");
    top.draw(frame, head, 0);
    app.editor.draw(frame, text, pen, app.focus == Focus::Text);
    if !small {
        let mut rule = Doc::new(pen, area.width);
        rule.section("", "");
        rule.lines.append(&mut foot.lines);
        foot = rule;
    }
    foot.draw(frame, tail, 0);
}
