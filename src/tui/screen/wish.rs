//! What a check of a domain cannot find out, or does only on request.
//!
//! ```text
//! ── What DNS cannot tell ─────────────────────────────────────────────────
//! ▸ selectors           s1 google
//!   sending addresses   192.0.2.4
//! ── Asked only on request ────────────────────────────────────────────────
//!   blocklists          ‹ no ›
//!   mail hosts (SMTP)   ‹ no ›              mx1.example.com, mx2.example.com
//! ```

use super::home::caret;
use super::step;
use crate::evidence::said::{Rate, Sending, Wish};
use crate::evidence::{Data, Kind, Said, answer_at};
use crate::knowledge;
use crate::tui::app::App;
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use crate::tui::widget::line_edit::LineEdit;
use crate::warmup::log::numbers;
use ratatui::Frame;
use ratatui::layout::Rect;
use std::net::IpAddr;

/// Section and label of each line.
const LINES: [(&str, &str); 13] = [
    ("What DNS cannot tell", "selectors"),
    ("", "sending addresses"),
    ("", "HELO"),
    ("", "platforms"),
    ("", "sends no mail"),
    ("Asked only on request", "blocklists"),
    ("", "mail hosts (SMTP)"),
    ("", "more recipients"),
    ("", "registry (RDAP)"),
    ("What you know of your sending", "messages a day"),
    ("", "complaints (%)"),
    ("", "hard bounces (%)"),
    ("", "feedback loops"),
];

const SELECTORS: usize = 0;
const ADDRESSES: usize = 1;
const HELO: usize = 2;
const PLATFORMS: usize = 3;
const SILENT: usize = 4;
const BLOCKLISTS: usize = 5;
const PROBE: usize = 6;
const RECIPIENTS: usize = 7;
const RDAP: usize = 8;
const VOLUME: usize = 9;
const COMPLAINTS: usize = 10;
const BOUNCES: usize = 11;
const LOOPS: usize = 12;

/// Lines that are turned; empty stands for no, or for nothing said.
const CHOICES: [usize; 5] = [SILENT, BLOCKLISTS, PROBE, RDAP, LOOPS];

/// The form of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    pub at: usize,
    texts: [LineEdit; LINES.len()],
}

impl Form {
    pub fn new(said: &Said) -> Form {
        let wish = &said.check;
        let yes = |b: bool| if b { "yes".to_owned() } else { String::new() };
        let rate = |rate: Option<Rate>| rate.map_or(String::new(), |rate| rate.to_string());
        let ips: Vec<String> = wish.ips.iter().map(ToString::to_string).collect();
        let texts = [
            wish.selectors.join(" "),
            ips.join(" "),
            said.helo.clone().unwrap_or_default(),
            wish.platforms.join(" "),
            yes(wish.non_sending),
            yes(wish.blocklists),
            yes(wish.probe_mx),
            wish.recipients.join(" "),
            yes(wish.rdap),
            wish.volume.map_or(String::new(), |n| n.to_string()),
            rate(said.sending.complaints),
            rate(said.sending.bounces),
            said.sending.feedback_loops.map_or("", |yes| if yes { "yes" } else { "no" }).to_owned(),
        ];
        Form { at: 0, texts: texts.map(LineEdit::new) }
    }

    fn text(&self, line: usize) -> &str {
        self.texts.get(line).map_or("", |t| t.text().trim())
    }

    fn words(&self, line: usize) -> Vec<String> {
        self.text(line).split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    }

    /// What is wrong with a line; nothing blocks leaving it.
    fn complaint(&self, line: usize) -> Option<&'static str> {
        let words = self.words(line);
        match line {
            ADDRESSES if words.iter().any(|w| w.parse::<IpAddr>().is_err()) => Some("not an IP address"),
            SELECTORS if words.iter().any(|w| w.contains(['@', '/'])) => Some("a selector is one name, like s1"),
            PLATFORMS if words.iter().any(|w| !knowledge::platform::all().iter().any(|p| p.id == *w)) => {
                Some("not an id; `postdoc check --platform ?` lists them")
            }
            VOLUME if !self.text(line).is_empty() && numbers::number(self.text(line)).is_err() => {
                Some("a number, like 5000")
            }
            COMPLAINTS | BOUNCES if !self.text(line).is_empty() && self.text(line).parse::<Rate>().is_err() => {
                Some("percent, like 0.25")
            }
            RECIPIENTS if words.iter().any(|w| !w.contains('@')) => Some("not an address"),
            _ => None,
        }
    }

    /// What the form says on top of what was said; `Err` names the line that cannot be read.
    fn said(&self, said: &Said) -> Result<Said, usize> {
        if let Some(bad) = (0..LINES.len()).find(|n| self.complaint(*n).is_some()) {
            return Err(bad);
        }
        let yes = |line| self.text(line) == "yes";
        let helo = self.text(HELO);
        Ok(Said {
            helo: (!helo.is_empty()).then(|| helo.to_owned()),
            check: Wish {
                selectors: self.words(SELECTORS),
                ips: self.words(ADDRESSES).iter().filter_map(|w| w.parse().ok()).collect(),
                platforms: self.words(PLATFORMS),
                blocklists: yes(BLOCKLISTS),
                probe_mx: yes(PROBE),
                recipients: self.words(RECIPIENTS),
                rdap: yes(RDAP),
                non_sending: yes(SILENT),
                volume: numbers::number(self.text(VOLUME)).ok(),
                ..said.check.clone()
            },
            sending: Sending {
                complaints: self.text(COMPLAINTS).parse().ok(),
                bounces: self.text(BOUNCES).parse().ok(),
                feedback_loops: Some(self.text(LOOPS)).filter(|t| !t.is_empty()).map(|t| t == "yes"),
            },
            ..said.clone()
        })
    }
}

pub fn insert(form: &mut Form, text: &str) {
    if !CHOICES.contains(&form.at)
        && let Some(line) = form.texts.get_mut(form.at)
    {
        line.insert(text);
    }
}

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(case) = &mut app.case else { return vec![] };
    let form = &mut case.wish;
    let choice = CHOICES.contains(&form.at);
    match action {
        Action::Diagnose => return done(app),
        Action::Open if form.at + 1 == LINES.len() => return done(app),
        Action::Open | Action::NextField => form.at = (form.at + 1).min(LINES.len() - 1),
        Action::PreviousField => form.at = form.at.saturating_sub(1),
        Action::Up | Action::Down | Action::PageUp | Action::PageDown => {
            form.at = step(form.at, action, LINES.len(), page).unwrap_or(form.at);
        }
        Action::Left | Action::Right if choice => {
            let next = match (form.at, form.text(form.at), action) {
                (LOOPS, "", Action::Left) | (LOOPS, "yes", Action::Right) => "no",
                (LOOPS, "no", Action::Left) | (_, "", _) => "yes",
                _ => "",
            };
            if let Some(line) = form.texts.get_mut(form.at) {
                *line = LineEdit::new(next);
            }
        }
        edit if !choice => {
            if let Some(line) = form.texts.get_mut(form.at) {
                line.edit(edit);
            }
        }
        _ => {}
    }
    vec![]
}

/// Checks again with what the form says.
fn done(app: &mut App) -> Vec<Effect> {
    let Some(case) = &mut app.case else { return vec![] };
    match case.wish.said(&case.opened.said) {
        Ok(said) => {
            update::back(app);
            app.say("Checking again with what you said.");
            update::rerun(app, said)
        }
        Err(line) => {
            case.wish.at = line;
            app.warn("One line cannot be read; the mark is on it.");
            vec![]
        }
    }
}

/// The hosts that would be talked to: whoever says yes has read their names.
fn hosts(case: &Case) -> String {
    let Some(diagnosis) = &case.diagnosis else { return String::new() };
    let Some(domain) = diagnosis.facts.reading.from_domain() else { return String::new() };
    let answer = answer_at(&diagnosis.facts.evidence.answers, domain, Kind::Mx);
    let names = answer.iter().flat_map(|a| &a.records).filter_map(|r| match &r.data {
        Data::Mx { exchange, .. } if !exchange.is_empty() => Some(exchange.clone()),
        _ => None,
    });
    let names: Vec<_> = names.collect();
    if names.is_empty() { "no mail host is known".to_owned() } else { names.join(", ") }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let form = &case.wish;
    let mut doc = Doc::new(pen, area.width);
    let mut marked = (0, 0);
    for (n, (title, label)) in LINES.iter().enumerate() {
        if !title.is_empty() {
            doc.section(title, "");
        }
        let text = form.texts.get(n).map_or("", LineEdit::text);
        let choice = CHOICES.contains(&n);
        let hint = match n {
            BLOCKLISTS => "  it tells the lists which addresses you ask about".to_owned(),
            PROBE => format!("  connects to {}", hosts(case)),
            RDAP => "  asks rdap.org over HTTPS how old the domain is".to_owned(),
            _ => String::new(),
        };
        let shown = match choice {
            true => format!(
                "‹ {} ›{hint}",
                match (n, text) {
                    (LOOPS, "") => "not said",
                    (_, "yes") => "yes",
                    _ => "no",
                }
            ),
            false => text.to_owned(),
        };
        let line = form.texts.get(n).filter(|_| n == form.at && !choice);
        let window = line.map(|line| line.window(doc.width.saturating_sub(2 + 20), |text| pen.clean(text)));
        let (shown, typed) = window.unwrap_or((shown, 0));
        if n == form.at {
            marked = (doc.lines.len(), 2 + 20 + typed);
        }
        let complaint = form.complaint(n).map_or(String::new(), |c| format!("   ! {c}"));
        doc.item(n == form.at, &format!("{label:<19} {shown}{complaint}"));
    }
    if area.height >= 16 {
        doc.blank();
        doc.para(1, "Several words in a line: with blanks between. Talking to the mail hosts ends before any message: they are offered recipients, and told that nothing follows.", Ink::Plain);
    }
    let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
    caret(frame, area, marked, top);
}
