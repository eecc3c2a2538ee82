//! Help and palette: one search box over the key table, in two orders, and over what guides say.
//!
//! ```text
//! ┌─ Help ───────────────────────────────────────────────────────────────┐
//! │ Type to search keys and actions; Enter runs the line                 │
//! │ ▸ y          copy the value of the fix                               │
//! │   Y          copy the whole record as zone lines                     │
//! │ Also answers to: clipboard, yank, record                             │
//! │ ✓ pass ✗ fail ! warn i note ? cannot tell … running ≠ not aligned    │
//! └──────────────────────────────────────────────────────────────────────┘
//! ```

use super::Popup;
use crate::evidence::input::is_host;
use crate::knowledge::guide::{self, Advice};
use crate::knowledge::reply::{self, Reply};
use crate::report::advice;
use crate::tui::app::App;
use crate::tui::keys::{self, Action, Binding, Places};
use crate::tui::msg::Effect;
use crate::tui::screen::ask;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::bar::put;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::line_edit::LineEdit;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use unicode_width::UnicodeWidthStr;

/// The order of the lines before anything is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By key table: this screen first.
    Help,
    /// By name.
    Palette,
}

/// Something that is found.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    Key(&'static Binding),
    /// What guides say; only where somebody looks for it.
    Advice(&'static Advice),
    /// A check of the domain or address that is typed.
    Check,
    /// What the code that is typed means.
    Code(&'static str, Meant),
}

/// What is known of a code.
#[derive(Clone, Copy, Debug)]
pub struct Meant {
    meaning: &'static str,
    fix: &'static str,
    rule: Option<&'static str>,
    source: &'static str,
}

/// The open search box.
#[derive(Debug)]
pub struct Finder {
    pub order: Order,
    pub query: LineEdit,
    pub marked: usize,
    /// The screen it was opened on: its lines are shown, and run there.
    pub place: Places,
}

impl Finder {
    pub fn insert(&mut self, text: &str) {
        self.query.insert(text);
        self.marked = 0;
    }

    /// The lines that match, best first. A query `'w` asks for a key.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<&'static Binding> = keys::at(self.place).collect();
        let query = self.query.text().trim();
        if let Some(key) = query.strip_prefix('\'') {
            lines.retain(|b| b.keys.iter().any(|(k, _)| k.show().starts_with(key)));
            return lines.into_iter().map(Line::Key).collect();
        }
        if query.is_empty() {
            if self.order == Order::Palette {
                lines.sort_by_key(|b| b.help);
            }
            return lines.into_iter().map(Line::Key).collect();
        }
        let mut typed: Vec<Line> = is_host(query).then_some(Line::Check).into_iter().collect();
        typed.extend(meant(query));
        let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
        let mut scored: Vec<(u32, Line)> = lines
            .into_iter()
            .filter_map(|b| {
                let named = score(b.help).map(|n| n.saturating_mul(2));
                let hidden = b.also.iter().filter_map(|word| score(word)).max();
                named.max(hidden).map(|n| (n, Line::Key(b)))
            })
            .collect();
        scored.extend(guide::suggest(query).into_iter().map(|row| {
            // The very words are as good as an action's name.
            let of = |word: &String, n: u32| if word.eq_ignore_ascii_case(query) { n.saturating_mul(2) } else { n };
            let words = row.words.iter().chain([&row.told]);
            (words.filter_map(|word| score(word).map(|n| of(word, n))).max().unwrap_or(0), Line::Advice(row))
        }));
        scored.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        typed.into_iter().chain(scored.into_iter().map(|(_, line)| line)).collect()
    }
}

/// What a code means: by the registry, and what providers say with it.
fn meant(query: &str) -> Vec<Line> {
    let reply = Reply::read(query);
    if !reply.is_coded() {
        return vec![];
    }
    let registered = reply.enhanced.iter().filter_map(|code| reply::status(code)).map(|s| {
        let meant = Meant { meaning: &s.meaning, fix: "", rule: s.rule.as_deref(), source: &s.source };
        Line::Code("registry", meant)
    });
    let said = reply.explain().into_iter().map(|row| {
        let who = reply::provider(&row.provider).map_or("servers say", |p| &p.name);
        Line::Code(who, Meant { meaning: &row.meaning, fix: &row.fix, rule: row.rule.as_deref(), source: &row.source })
    });
    registered.chain(said).collect()
}

pub fn open(app: &mut App, order: Order) {
    let place = app.place();
    app.popup = Some(Popup::Finder(Finder { order, query: LineEdit::default(), marked: 0, place }));
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(Popup::Finder(finder)) = &mut app.popup else { return vec![] };
    let last = finder.lines().len().saturating_sub(1);
    match action {
        Action::Up => finder.marked = finder.marked.saturating_sub(1),
        Action::Down => finder.marked = (finder.marked + 1).min(last),
        Action::PageUp => finder.marked = finder.marked.saturating_sub(page),
        Action::PageDown => finder.marked = (finder.marked + page).min(last),
        Action::Open => match finder.lines().get(finder.marked) {
            Some(Line::Key(binding)) => {
                app.popup = None;
                return update::act(app, binding.action);
            }
            Some(Line::Advice(row)) => {
                app.popup = None;
                return vec![Effect::Copy { text: advice::text(row), what: "what holds".to_owned() }];
            }
            Some(Line::Check) => {
                app.domain = LineEdit::new(finder.query.text().trim());
                app.popup = None;
                return ask::check(app);
            }
            Some(Line::Code(_, meant)) => {
                let text = [meant.meaning, meant.fix].join(". ").trim_end_matches([' ', '.']).to_owned();
                app.popup = None;
                return vec![Effect::Copy { text, what: "what it means".to_owned() }];
            }
            None => {}
        },
        other => {
            if finder.query.edit(other) {
                finder.marked = 0;
            }
        }
    }
    vec![]
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(Popup::Finder(finder)) = &app.popup else { return };
    let title = match finder.order {
        Order::Help => "Help",
        Order::Palette => "Command",
    };
    let height = match finder.order {
        Order::Help => area.height.saturating_sub(4).max(8),
        Order::Palette => 14,
    };
    let inside = super::frame_box(frame, area, pen, title, 72, height);
    let lines = finder.lines();
    let told = told(lines.get(finder.marked).copied(), pen, inside.width);
    let tail = if inside.height > 8 { told.lines.len() as u16 } else { 0 };
    let [head, list, tail] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(2), Constraint::Length(tail)]).areas::<3>(inside);
    let before = pen.clean(finder.query.before());
    let query = match finder.query.is_empty() {
        true if finder.order == Order::Palette => {
            pen.span("Type an action, a domain, an IP address or a reply code", Ink::Faint)
        }
        true => pen.span("Type to search keys and actions; Enter runs the line", Ink::Faint),
        false => pen.span(finder.query.text(), Ink::Strong),
    };
    put(frame, Rect { x: head.x + 1.min(head.width), width: head.width.saturating_sub(1), ..head }, query);
    if !head.is_empty() {
        let x = (head.x + 1 + before.width() as u16).min(head.right().saturating_sub(1));
        frame.set_cursor_position(Position::new(x, head.y));
    }
    let mut doc = Doc::new(pen, list.width);
    for (n, line) in lines.iter().enumerate() {
        let (keys, text) = match line {
            Line::Key(binding) => (binding.keys_label(), binding.help.to_owned()),
            Line::Advice(row) => ("guides say".to_owned(), format!("“{}”", row.told)),
            Line::Check => ("check".to_owned(), finder.query.text().trim().to_owned()),
            Line::Code(who, meant) => ((*who).to_owned(), meant.meaning.to_owned()),
        };
        let pad = " ".repeat(11usize.saturating_sub(keys.width()));
        doc.item(n == finder.marked, &format!("{keys}{pad} {text}"));
    }
    if lines.is_empty() {
        doc.para(1, "No action is called that. Esc closes.", Ink::Plain);
    }
    let top = (finder.marked + 1).saturating_sub(list.height as usize);
    doc.draw(frame, list, top);
    told.draw(frame, tail, 0);
}

/// What is said of the marked line, below the list.
fn told(line: Option<Line>, pen: Pen, width: u16) -> Doc {
    let mut doc = Doc::new(pen, width);
    doc.blank();
    match line {
        Some(Line::Advice(row)) => {
            doc.para(1, &row.holds, Ink::Plain);
            let more = row.rule.as_ref().map_or(String::new(), |rule| format!(" · more: postdoc explain {rule}"));
            doc.para(1, format!("{}{more} · Enter copies it", row.source), Ink::Faint);
        }
        Some(Line::Check) => doc.para(1, "Enter asks DNS everything about it, and explains the answer.", Ink::Plain),
        Some(Line::Code(_, meant)) => {
            doc.para(1, meant.fix, Ink::Plain);
            let more = meant.rule.map_or(String::new(), |rule| format!(" · more: postdoc explain {rule}"));
            doc.para(1, format!("{}{more} · Enter copies it", meant.source), Ink::Faint);
        }
        line => {
            match line {
                Some(Line::Key(binding)) if !binding.also.is_empty() => {
                    doc.row(&[(&format!(" Also answers to: {}", binding.also.join(", ")), Ink::Faint)]);
                }
                _ => doc.blank(),
            }
            doc.row(&[(" ✓ pass ✗ fail ! warn i note ? cannot tell … running ≠ not aligned", Ink::Faint)]);
        }
    }
    doc
}
