//! What filters of the user's own say, set apart from the receiver's verdict.

use super::Shown;
use super::human::{Ink, Style, wrapped};
use crate::diagnose::Diagnosis;
use crate::facts::own_filters::{Heard, Opinion, State};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// What stands above them.
pub const TITLE: &str = "Your own filters, not the receiver's";

/// Symbols in words, each on a line of its own; the others are named.
const LINES: usize = 20;

/// One filter.
pub struct Told {
    /// `SpamAssassin at 127.0.0.1:783`
    pub who: String,
    /// `spam, 12.3 points; from 5 on it calls mail spam`; why it says nothing.
    pub says: String,
    /// The same in a few words.
    pub brief: String,
    pub spam: Option<bool>,
    /// What it found: its name with points, and words.
    pub symbols: Vec<(String, String)>,
    /// Names nobody explains.
    pub others: Vec<String>,
}

/// Every filter that was to be asked.
pub fn told(d: &Diagnosis) -> Vec<Told> {
    d.facts.own_filters.iter().map(one).collect()
}

fn one(opinion: &Opinion) -> Told {
    let place = opinion.errand.place();
    let at = place.split_once(" at ").map_or(place.as_str(), |(_, at)| at);
    let who = format!("{} at {at}", opinion.which.name());
    let silent = |says: String| {
        let brief = says.split(':').next().unwrap_or_default().to_owned();
        Told { who: who.clone(), says, brief, spam: None, symbols: Vec::new(), others: Vec::new() }
    };
    match &opinion.state {
        State::Unasked => silent("not asked".to_owned()),
        State::Unaskable(needs) => silent(format!("not asked: it would need {needs}")),
        State::Failed(why) => silent(format!("no opinion: {why}")),
        State::Heard(heard) => {
            let (symbols, others) = symbols(heard);
            let brief = brief(heard);
            Told { who, says: format!("{brief}{}", limit(heard)), brief, spam: Some(heard.spam), symbols, others }
        }
    }
}

/// `spam, 12.3 points`
fn brief(heard: &Heard) -> String {
    format!("{}, {} points", if heard.spam { "spam" } else { "not spam" }, rounded(heard.score))
}

/// `; from 5 on it calls mail spam`
fn limit(heard: &Heard) -> String {
    match (&heard.action, heard.required) {
        (Some(action), Some(required)) => format!("; it would do: {action}, and refuses from {required} on"),
        (Some(action), None) => format!("; it would do: {action}"),
        (None, Some(required)) => format!("; from {required} on it calls mail spam"),
        (None, None) => String::new(),
    }
}

fn symbols(heard: &Heard) -> (Vec<(String, String)>, Vec<String>) {
    let mut told = Vec::new();
    let mut others = Vec::new();
    for symbol in &heard.symbols {
        let points = symbol.points.map_or(String::new(), |p| format!(" {:+}", rounded(p)));
        let counts = symbol.points.is_none_or(|points| rounded(points) != 0.0);
        match symbol.words().filter(|_| counts && told.len() < LINES) {
            Some(words) => told.push((format!("{}{points}", symbol.name), words.to_owned())),
            None if counts => others.push(format!("{}{points}", symbol.name)),
            None => others.push(symbol.name.clone()),
        }
    }
    (told, others)
}

/// To hundredths: filters reckon in floating point.
fn rounded(points: f64) -> f64 {
    (points * 100.0).round() / 100.0 + 0.0
}

/// As a block of its own; empty where none was to be asked.
pub fn human(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    let all = told(d);
    if all.is_empty() {
        return out;
    }
    let _ = writeln!(out, "{}:", style.paint(Ink::Strong, &TITLE.to_lowercase()));
    let mut rows = |text: &str, hang: &str| {
        wrapped(text, style.width.min(100), hang).iter().for_each(|row| out.push_str(&format!("{row}\n")));
    };
    for filter in all {
        rows(&format!("  {}", shown.line(&format!("{}: {}", filter.who, filter.says))), "    ");
        let widest = filter.symbols.iter().map(|(name, _)| name.width()).max().unwrap_or(0).min(32);
        for (name, words) in &filter.symbols {
            let head = format!("      {:widest$}  ", shown.line(name));
            rows(&format!("{head}{}", shown.line(words)), &" ".repeat(head.width()));
        }
        if !filter.others.is_empty() {
            rows(&format!("      also: {}", shown.line(&filter.others.join(", "))), "            ");
        }
    }
    out
}

/// For a ticket.
pub fn markdown(d: &Diagnosis, shown: Shown) -> String {
    let mut out = String::new();
    let text = |words: &str| super::markdown::text(shown, words);
    for (n, filter) in told(d).into_iter().enumerate() {
        if n == 0 {
            let _ = writeln!(out, "\n## {TITLE}\n");
        }
        let _ = writeln!(out, "- {}: {}", text(&filter.who), text(&filter.says));
        for (name, words) in &filter.symbols {
            let _ = writeln!(out, "  - {}: {}", super::markdown::code(shown, name), text(words));
        }
        if !filter.others.is_empty() {
            let _ = writeln!(out, "  - also: {}", text(&filter.others.join(", ")));
        }
    }
    out
}
