//! For eyes: the verdict, then each finding with its evidence as compilers show it. May change.

use super::Shown;
use super::diff::Diff;
use super::{bounce, excerpt, own_filters, proof, requirements, sent, snippet, sources, summary, table};
use crate::diagnose::Diagnosis;
use crate::remedy::{Change, Remedy, blank};
use crate::rules::{Finding, Gap, Severity};
use crate::triage::State;
use textwrap::{WordSeparator, WordSplitter};
use unicode_width::UnicodeWidthStr;

/// How the terminal wants it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colour: bool,
    pub unicode: bool,
    /// Columns.
    pub width: usize,
    /// Consequences as fully as their cause.
    pub full: bool,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Fail,
    Warn,
    Note,
    Pass,
    Strong,
    /// Frame lines, secondary words.
    Faint,
    Add,
    Remove,
}

impl Style {
    /// Colours mean nothing alone: every one stands with a word or a mark.
    pub fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            _ if !self.colour || text.is_empty() => return text.to_owned(),
            Ink::Fail => "1;31",
            Ink::Warn => "35",
            Ink::Note => "34",
            Ink::Pass => "36",
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Add => "32",
            Ink::Remove => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub fn dots(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    fn prose(self) -> usize {
        self.width.min(PROSE)
    }
}

/// Running text is no wider than this on any terminal.
const PROSE: usize = 100;

/// Where the text of a finding's parts begins.
const INDENT: &str = "        ";

/// Verdict, findings, unknowns.
pub fn diagnosis(d: &Diagnosis, style: Style, shown: Shown) -> String {
    let mut out = Page { text: String::new(), style, shown };
    out.verdict(d);
    if d.facts.reading.subject.is_some() {
        out.blank();
        out.text.push_str(&table::human(d, style, shown));
    }
    if d.facts.reading.report.as_ref().is_some_and(|r| r.content.is_ok()) {
        out.blank();
        out.text.push_str(&sources::human(d, style, shown));
    }
    if d.facts.reading.bounce.is_some() {
        out.blank();
        out.text.push_str(&bounce::human(d, style, shown));
    }
    if d.facts.reading.beside.is_some() {
        out.blank();
        out.text.push_str(&sent::human(d, style, shown));
    }
    let opinions = own_filters::human(d, style, shown);
    if !opinions.is_empty() {
        out.blank();
        out.text.push_str(&opinions);
    }
    let mut consequences = false;
    for finding in &d.findings {
        out.blank();
        out.finding(d, finding);
        if finding.consequences.is_empty() {
            continue;
        }
        if style.full {
            for consequence in &finding.consequences {
                out.blank();
                out.row(&style.paint(Ink::Strong, "because of this:"));
                out.finding(d, consequence);
            }
        } else {
            consequences = true;
            out.blank();
            out.row(&format!("  {}", style.paint(Ink::Strong, "because of this:")));
            finding.consequences.iter().for_each(|c| out.consequence(c));
        }
    }
    if consequences {
        out.blank();
        out.prose("Mend the cause first; -v shows evidence and fix of what follows from it.", "");
    }
    let asked = requirements::human(d, style, shown);
    if !asked.is_empty() {
        out.blank();
        out.text.push_str(&asked);
    }
    out.unknown(&d.unknown);
    if style.unicode { out.text } else { typewritten(&out.text) }
}

/// Findings without a verdict, and what is not known.
pub fn findings(d: &Diagnosis, findings: &[&Finding], unknown: &[Gap], style: Style, shown: Shown) -> String {
    let mut out = Page { text: String::new(), style, shown };
    for finding in findings {
        out.blank();
        out.finding(d, finding);
    }
    out.unknown(unknown);
    if style.unicode { out.text } else { typewritten(&out.text) }
}

struct Page<'a> {
    text: String,
    style: Style,
    shown: Shown<'a>,
}

impl Page<'_> {
    fn row(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn unknown(&mut self, gaps: &[Gap]) {
        if gaps.is_empty() {
            return;
        }
        self.blank();
        self.row(&self.style.paint(Ink::Strong, "not known:"));
        for gap in gaps {
            self.prose(&format!("  ? {}", self.shown.line(&gap.question())), "    ");
            match self.shown.line(&gap.needs.words()) {
                command if command.starts_with("dig ") => self.row(&format!("      {command}")),
                words => self.prose(&format!("      {words}"), "      "),
            }
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Running text; `indent` is for its further lines.
    fn prose(&mut self, text: &str, indent: &str) {
        wrapped(text, self.style.prose(), indent).iter().for_each(|row| self.row(row));
    }

    /// Text after a word in the margin.
    fn part(&mut self, word: &str, text: &str) {
        let text = wrapped(&format!("{INDENT}{}", self.shown.line(text)), self.style.prose(), INDENT);
        for (n, row) in text.iter().enumerate() {
            let rest = row.strip_prefix(INDENT).unwrap_or(row);
            let margin = if n == 0 { word } else { "" };
            // Painting must not change the columns: the margin is filled first.
            let margin = format!("  {margin:w$}", w = INDENT.len() - 2);
            self.row(&format!("{}{rest}", self.style.paint(Ink::Strong, &margin)));
        }
    }

    fn verdict(&mut self, d: &Diagnosis) {
        let (glyph, ascii, word, ink) = match d.verdict.state {
            State::Pass => ("✓", "v", "PASS", Ink::Pass),
            State::Warn => ("!", "!", "WARN", Ink::Warn),
            State::Fail => ("✗", "x", "FAIL", Ink::Fail),
            State::Unknown => ("?", "?", "UNKNOWN", Ink::Note),
        };
        let badge = format!("{} {word}", if self.style.unicode { glyph } else { ascii });
        let hang = " ".repeat(badge.width() + 2);
        let rows = wrapped(&format!("{hang}{}", self.shown.line(&d.verdict.headline)), self.style.prose(), &hang);
        for (n, row) in rows.iter().enumerate() {
            let text = self.style.paint(Ink::Strong, row.trim_start());
            let head = if n == 0 { format!("{}  ", self.style.paint(ink, &badge)) } else { hang.clone() };
            self.row(&format!("{head}{text}"));
        }
        let legs = summary::legs(d, self.shown);
        let notes = summary::notes(d);
        if !legs.is_empty() || !notes.is_empty() {
            self.blank();
        }
        let widest = legs.iter().map(|leg| leg.domain.width()).max().unwrap_or(0).min(40);
        for leg in legs {
            let name = self.style.paint(Ink::Faint, &format!("{:5}", leg.name));
            // Words go below where the domain leaves them no room.
            let beside = self.style.prose().saturating_sub(11 + widest.max(leg.domain.width()));
            let (head, room) = match leg.words.width().min(24) <= beside {
                true => (format!("{:widest$}  ", leg.domain), beside),
                false => (format!("{}\n{}", leg.domain, " ".repeat(9)), self.style.prose() - 9),
            };
            let hang = " ".repeat(self.style.prose() - room);
            let words = wrapped(&leg.words, room, "").join(&format!("\n{hang}"));
            self.row(&format!("  {name}  {head}{words}"));
        }
        for note in notes {
            self.prose(&format!("  {}", self.shown.line(&note)), "  ");
        }
    }

    fn finding(&mut self, d: &Diagnosis, finding: &Finding) {
        self.title("", finding);
        let pieces = snippet::pieces(&d.facts.evidence.input, &finding.exhibits, self.shown);
        self.text.push_str(&excerpt::draw(&pieces, self.style, look(finding.severity).1));
        self.blank();
        self.part("why", &finding.explanation);
        if let Some(fix) = &finding.fix {
            self.fix(d, fix);
        }
        self.proof(finding);
        if let Some(check) = &finding.check {
            // Never wrapped: what is shown is what is copied.
            let word = self.style.paint(Ink::Strong, "  check ");
            self.row(&format!("{word}{}", self.shown.line(&check.command)));
            self.prose(&format!("{INDENT}expect {}", self.shown.line(&check.expect)), INDENT);
        }
        let because = sentence(&finding.because);
        self.part(
            "sure",
            &format!("{}{}{because}", finding.confidence.word(), if because.is_empty() { "" } else { ". " }),
        );
    }

    fn title(&mut self, indent: &str, finding: &Finding) {
        let (word, ink) = look(finding.severity);
        let head = format!("{word}[{}]:", finding.rule.id);
        let hang = format!("{indent}  ");
        let rows = wrapped(&format!("{indent}{head} {}", self.shown.line(&finding.title)), self.style.prose(), &hang);
        for (n, row) in rows.iter().enumerate() {
            let painted = match row.trim_start().strip_prefix(&head).filter(|_| n == 0) {
                Some(title) => {
                    format!("{indent}{}{}", self.style.paint(ink, &head), self.style.paint(Ink::Strong, title))
                }
                None => format!("{hang}{}", self.style.paint(Ink::Strong, row.trim_start())),
            };
            self.row(&painted);
        }
    }

    fn consequence(&mut self, finding: &Finding) {
        self.title("    ", finding);
        let why = self.shown.line(&finding.explanation);
        self.prose(&format!("{INDENT}{why}"), INDENT);
    }

    fn fix(&mut self, d: &Diagnosis, fix: &Remedy) {
        self.part("fix", &fix.summary);
        if !fix.records.is_empty() {
            self.blank();
            fix.records.iter().for_each(|change| self.record(d, change));
            self.blank();
        }
        for (n, step) in fix.steps.iter().enumerate() {
            let head = if fix.steps.len() > 1 { format!("{}. ", n + 1) } else { String::new() };
            let hang = format!("{INDENT}{}", " ".repeat(head.len()));
            self.prose(&format!("{INDENT}{head}{}", self.shown.line(step)), &hang);
        }
        if let Some(upkeep) = &fix.upkeep {
            self.prose(&format!("{INDENT}! upkeep: {}", self.shown.line(upkeep)), &format!("{INDENT}  "));
        }
        if !fix.blanks.is_empty() {
            let blanks: Vec<String> = fix.blanks.iter().map(|b| blank(b)).collect();
            let hang = format!("{INDENT}  ");
            self.prose(&format!("{INDENT}? still to fill in: {}", self.shown.line(&blanks.join(", "))), &hang);
        }
    }

    fn proof(&mut self, finding: &Finding) {
        let Some((words, left)) = proof::words(finding) else { return };
        self.part("proof", &words);
        for (word, what) in left {
            self.prose(&format!("{INDENT}{word}: {}", self.shown.line(&what)), &format!("{INDENT}  "));
        }
    }

    /// An RRset before and after, one line each, never wrapped: what is shown is what is copied.
    fn record(&mut self, d: &Diagnosis, change: &Change) {
        self.row(&format!("{INDENT}{}", self.shown.line(&format!("{}.  {}", change.name, change.kind))));
        let gone = change.before.iter().filter(|b| !change.after.contains(b)).map(|b| (Ink::Remove, '-', b));
        let after = change.after.iter().map(|a| match change.before.contains(a) {
            true => (Ink::Faint, ' ', a),
            false => (Ink::Add, '+', a),
        });
        for (ink, sign, data) in gone.chain(after) {
            let line = format!("{sign} {}", self.shown.line(&data.to_string()));
            self.row(&format!("{INDENT}{}", self.style.paint(ink, &line)));
        }
        for (word, text) in Diff::of(&d.facts, change).words() {
            let hang = format!("{INDENT}  {}", " ".repeat(word.len() + 1));
            self.prose(&format!("{INDENT}  {word} {}", self.shown.line(&text)), &hang);
        }
    }
}

fn look(severity: Severity) -> (&'static str, Ink) {
    match severity {
        Severity::Critical | Severity::High => ("error", Ink::Fail),
        Severity::Medium | Severity::Low => ("warning", Ink::Warn),
        Severity::Info => ("note", Ink::Note),
    }
}

/// Lines of at most `width` columns, cut at blanks only: names, addresses and links stay whole.
pub fn wrapped(text: &str, width: usize, indent: &str) -> Vec<String> {
    let options = textwrap::Options::new(width)
        .subsequent_indent(indent)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).into_iter().map(|row| row.into_owned()).collect()
}

/// With a capital and a full stop, whoever wrote it.
fn sentence(text: &str) -> String {
    let mut rest = text.trim().chars();
    let Some(first) = rest.next() else { return String::new() };
    let text: String = first.to_uppercase().chain(rest).collect();
    if text.ends_with(['.', '?', '!']) { text } else { text + "." }
}

/// Our own typographic marks as a typewriter has them; strangers' letters stay.
pub(super) fn typewritten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '“' | '”' => out.push('"'),
            '‘' | '’' => out.push('\''),
            '…' => out.push_str("..."),
            '–' | '—' => out.push('-'),
            '→' => out.push_str("->"),
            _ => out.push(c),
        }
    }
    out
}
