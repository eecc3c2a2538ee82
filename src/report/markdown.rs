//! For a ticket: the verdict, then each finding with evidence, fix and check.

use super::Shown;
use super::export::{published_line, zone_line};
use super::{proof, snippet, summary};
use crate::diagnose::Diagnosis;
use crate::evidence::Input;
use crate::remedy::Change;
use crate::rules::Finding;

/// The whole diagnosis.
pub fn diagnosis(d: &Diagnosis, shown: Shown) -> String {
    let mut out = format!("# {}: {}\n", d.verdict.state.word().to_uppercase(), text(shown, &d.verdict.headline));
    out.push_str(&legs(d, shown));
    for note in summary::notes(d) {
        out.push_str(&format!("\n{}\n", text(shown, &note)));
    }
    if d.facts.reading.subject.is_some() {
        out.push_str(&super::table::markdown(d, shown));
    }
    out.push_str(&super::sources::markdown(d, shown));
    if d.facts.reading.bounce.is_some() {
        out.push_str(&super::bounce::markdown(d, shown));
    }
    out.push_str(&super::sent::markdown(d, shown));
    out.push_str(&super::own_filters::markdown(d, shown));
    for f in d.every_finding() {
        out.push('\n');
        out.push_str(&finding(&d.facts.evidence.input, f, shown));
    }
    out.push_str(&super::requirements::markdown(d, shown));
    if !d.unknown.is_empty() {
        out.push_str("\n## Not known\n\n");
        for gap in &d.unknown {
            out.push_str(&format!("- {} Needs: {}\n", text(shown, &gap.question()), code(shown, &gap.needs.words())));
        }
    }
    if shown.redaction.is_some() {
        out.push_str(&format!("\n*{}*\n", crate::redact::NOTICE));
    }
    out
}

/// Who vouched for whom.
fn legs(d: &Diagnosis, shown: Shown) -> String {
    let legs = summary::legs(d, shown);
    if legs.is_empty() {
        return String::new();
    }
    let row = |leg: &summary::Leg| {
        let domain = if leg.domain.is_empty() { String::new() } else { inline(&leg.domain) };
        format!("| {} | {domain} | {} |\n", leg.name, escape(&leg.words))
    };
    format!("\n| | domain | result |\n|---|---|---|\n{}", legs.iter().map(row).collect::<String>())
}

/// What goes, marked `-`, and what comes, marked `+`.
pub(super) fn difference(change: &Change) -> Vec<String> {
    let gone = change.before.iter().filter(|data| !change.after.contains(data));
    let new = change.after.iter().filter(|data| !change.before.contains(data));
    let gone = gone.map(|data| format!("- {}", published_line(change, data)));
    gone.chain(new.map(|data| format!("+ {}", zone_line(change, data)))).collect()
}

/// One finding, for the copy menu as well.
pub fn finding(input: &Input, f: &Finding, shown: Shown) -> String {
    let mut out = format!(
        "## {}\n\n`{}`, {}, {}\n\n{}\n",
        text(shown, &f.title),
        f.rule.id,
        f.severity.word(),
        f.confidence.word(),
        text(shown, &f.explanation)
    );
    let pieces = snippet::pieces(input, &f.exhibits, shown);
    if !pieces.is_empty() {
        out.push_str("\n### Evidence\n");
    }
    for piece in pieces {
        let place = match piece.first_line {
            Some(line) => format!("{}, line {line}", piece.source),
            None => piece.source.clone(),
        };
        let lines: Vec<&str> = piece.marked_lines().into_iter().map(|l| l.map_or("…", |(_, line)| line)).collect();
        out.push_str(&format!("\n{}:\n\n{}", escape(&place), fenced(&lines.join("\n"))));
        out.push('\n');
        for mark in &piece.marks {
            let passage = piece.text.get(mark.range.clone()).unwrap_or_default().replace('\n', " ");
            out.push_str(&format!("- {}: {}\n", inline(&passage), escape(&mark.label)));
        }
    }
    if let Some(fix) = &f.fix {
        out.push_str(&format!("\n### Fix\n\n{}\n", text(shown, &fix.summary)));
        if fix.edited {
            out.push_str("\nThe records are edited by hand, not as proposed.\n");
        }
        for change in &fix.records {
            let block = difference(change).join("\n");
            out.push_str(&format!("\n{}", fenced(shown.block(&block).trim_end())));
        }
        if !fix.steps.is_empty() {
            out.push('\n');
        }
        for (n, step) in fix.steps.iter().enumerate() {
            out.push_str(&format!("{}. {}\n", n + 1, text(shown, step)));
        }
        if let Some(upkeep) = &fix.upkeep {
            out.push_str(&format!("\nUpkeep: {}\n", text(shown, upkeep)));
        }
        for blank in &fix.blanks {
            out.push_str(&format!("\nStill to fill in: {}\n", text(shown, blank)));
        }
    }
    if let Some((words, left)) = proof::words(f) {
        out.push_str(&format!("\n### Proof\n\n{}\n", text(shown, &words)));
        if !left.is_empty() {
            out.push('\n');
        }
        left.iter().for_each(|(word, what)| out.push_str(&format!("- {word}: {}\n", text(shown, what))));
    }
    if let Some(check) = &f.check {
        out.push_str(&format!(
            "\n### Check\n\n{}\nExpect: {}\n",
            fenced(&shown.line(&check.command)),
            text(shown, &check.expect)
        ));
    }
    out
}

pub fn text(shown: Shown, words: &str) -> String {
    escape(&shown.line(words))
}

/// Characters that Markdown would take for its own get a backslash.
fn escape(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

pub(super) fn code(shown: Shown, words: &str) -> String {
    inline(&shown.line(words))
}

/// A code span whose fence is longer than any run of backticks inside.
fn inline(words: &str) -> String {
    let fence = "`".repeat(longest_run(words) + 1);
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{words}{pad}{fence}")
}

pub fn fenced(block: &str) -> String {
    let fence = "`".repeat(longest_run(block).max(2) + 1);
    format!("{fence}text\n{block}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_break_out_of_code_or_text() {
        assert_eq!(inline("a``b"), "```a``b```");
        assert!(fenced("```\n# x").starts_with("````text\n"));
        assert_eq!(escape("<b>*x*</b>"), "\\<b\\>\\*x\\*\\</b\\>");
    }
}
