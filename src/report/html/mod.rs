//! One self-contained page, for a ticket or a customer: the verdict, who vouched for whom, findings, fixes before and
//! after. No script, nothing fetched.

mod picture;

use super::snippet::{self, Piece};
use super::{Shown, bounce, proof, records, requirements, sources, summary, table};
use crate::diagnose::Diagnosis;
use crate::evidence::Data;
use crate::remedy::{Change, Remedy};
use crate::report::human::Ink;
use crate::rules::{Finding, Severity, requirement};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

/// The whole diagnosis.
pub fn diagnosis(d: &Diagnosis, shown: Shown) -> String {
    let state = d.verdict.state.word();
    let headline = text(shown, &d.verdict.headline);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    let _ = writeln!(out, "<title>{headline}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>");
    let _ = writeln!(out, "<header class=\"{state}\">\n<b>{}</b>", state.to_uppercase());
    let _ = writeln!(out, "<h1>{headline}</h1>\n</header>");
    picture::draw(&mut out, &summary::legs(d, shown));
    for note in summary::notes(d) {
        let _ = writeln!(out, "<p>{}</p>", text(shown, &note));
    }
    recipients(&mut out, d, shown);
    answers(&mut out, d, shown);
    senders(&mut out, d, shown);
    for cause in &d.findings {
        finding(&mut out, d, cause, false, shown);
        cause.consequences.iter().for_each(|c| finding(&mut out, d, c, true, shown));
    }
    asked(&mut out, d, shown);
    if !d.unknown.is_empty() {
        out.push_str("<section class=\"unknown\">\n<h2>Not known</h2>\n");
        let gap = |gap: &crate::rules::Gap| {
            format!("{} Needs: <code>{}</code>", text(shown, &gap.question()), text(shown, &gap.needs.words()))
        };
        list(&mut out, "ul", d.unknown.iter().map(gap));
        out.push_str("</section>\n");
    }
    let redacted = shown.redaction.map_or(String::new(), |_| format!(" {}", crate::redact::NOTICE));
    let now = d.facts.evidence.now.strftime("%Y-%m-%d %H:%M UTC");
    let tool = env!("CARGO_PKG_VERSION");
    let _ =
        writeln!(out, "<p><small>postdoc {tool}, by the evidence of {now}.{redacted}</small></p>\n</body>\n</html>");
    out
}

/// A table whose rows begin with a state in colour and in words.
fn rows(out: &mut String, title: &str, rows: impl Iterator<Item = (Ink, &'static str, Vec<String>)>) {
    let rows: String = rows
        .map(|(ink, word, cells)| {
            let class = match ink {
                Ink::Fail => "fail",
                Ink::Warn => "warn",
                Ink::Pass => "pass",
                _ => "unknown",
            };
            format!("<tr><td class=\"state {class}\">{word}</td><td>{}</td></tr>\n", cells.join("</td><td>"))
        })
        .collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "<h3>{title}</h3>\n<table>\n{rows}</table>");
    }
}

/// What became of a bounced message, recipient by recipient.
fn recipients(out: &mut String, d: &Diagnosis, shown: Shown) {
    let row = |line: bounce::Line| {
        (line.look.2, line.fate, vec![escape(&line.whom), escape(&line.about), escape(&line.said)])
    };
    rows(out, "Recipients", bounce::lines(d, shown).into_iter().map(row));
}

/// What DNS says of a checked domain.
fn answers(out: &mut String, d: &Diagnosis, shown: Shown) {
    if d.facts.reading.subject.is_none() {
        return;
    }
    let row = |row: &records::Row| {
        let (_, _, word, ink) = table::look(row.standing);
        let name = format!("<code>{}</code>", text(shown, &row.question.name));
        (ink, word, vec![row.subject.label().to_owned(), name, text(shown, &row.meaning)])
    };
    rows(out, "Records", records::rows(d).iter().map(row));
}

/// Who sends in a domain's name, by a report.
fn senders(out: &mut String, d: &Diagnosis, shown: Shown) {
    let row = |row: &sources::Row| {
        let (_, _, word, ink) = table::look(row.mark);
        (ink, word, vec![text(shown, &row.name), row.count.to_string(), text(shown, &row.words)])
    };
    rows(out, "Sources", sources::rows(d).iter().map(row));
}

fn finding(out: &mut String, d: &Diagnosis, f: &Finding, follows: bool, shown: Shown) {
    let (class, word) = match f.severity {
        Severity::Critical | Severity::High => ("fail", "FAIL"),
        Severity::Medium | Severity::Low => ("warn", "WARN"),
        Severity::Info => ("unknown", "NOTE"),
    };
    let of = if follows { " of" } else { "" };
    let _ = writeln!(out, "<section class=\"{class}{of}\">\n<h2><b>{word}</b>{}</h2>", text(shown, &f.title));
    let follows = if follows { "; follows from the finding above" } else { "" };
    let (severity, confidence) = (f.severity.word(), f.confidence.word());
    let _ = writeln!(out, "<p><small>{}, {severity}, {confidence}{follows}</small></p>", f.rule.id);
    let _ = writeln!(out, "<p>{}</p>", text(shown, &f.explanation));
    let pieces = snippet::pieces(&d.facts.evidence.input, &f.exhibits, shown);
    if !pieces.is_empty() {
        out.push_str("<h3>Evidence</h3>\n");
        pieces.iter().for_each(|p| piece(out, p));
    }
    if let Some(fix) = &f.fix {
        remedy(out, fix, shown);
    }
    if let Some((words, left)) = proof::words(f) {
        let _ = writeln!(out, "<h3>Proof</h3>\n<p>{}</p>", text(shown, &words));
        list(out, "ul", left.iter().map(|(word, what)| format!("{word}: {}", text(shown, what))));
    }
    if let Some(check) = &f.check {
        let (command, expect) = (text(shown, &check.command), text(shown, &check.expect));
        let _ = writeln!(out, "<h3>Check</h3>\n<pre>{command}</pre>\n<p>Expect: {expect}</p>");
    }
    out.push_str("</section>\n");
}

/// The lines with the passages marked, and a word on each.
fn piece(out: &mut String, piece: &Piece) {
    let place = match piece.first_line {
        Some(line) => format!("{}, line {line}", piece.source),
        None => piece.source.clone(),
    };
    let _ = writeln!(out, "<p><small>{}</small></p>", escape(&place));
    let mut marked = String::new();
    for line in piece.marked_lines() {
        let Some((_, line)) = line else {
            marked.push_str("…\n");
            continue;
        };
        let start = line.as_ptr().addr() - piece.text.as_ptr().addr();
        let mut at = 0;
        let mut marks: Vec<_> = piece.marks.iter().map(|m| m.range.clone()).collect();
        marks.sort_by_key(|r| (r.start, r.end));
        for range in marks {
            let within = |n: usize| n.saturating_sub(start).min(line.len());
            let (from, to) = (within(range.start).max(at), within(range.end));
            if from < to {
                let part = |a, b| escape(line.get(a..b).unwrap_or_default());
                let _ = write!(marked, "{}<mark>{}</mark>", part(at, from), part(from, to));
                at = to;
            }
        }
        marked.push_str(&escape(line.get(at..).unwrap_or_default()));
        marked.push('\n');
    }
    let _ = writeln!(out, "<pre>{}</pre>", marked.trim_end());
    list(
        out,
        "ul",
        piece.marks.iter().map(|mark| {
            let passage = piece.text.get(mark.range.clone()).unwrap_or_default().replace('\n', " ");
            format!("<code>{}</code>: {}", escape(&passage), escape(&mark.label))
        }),
    );
}

fn remedy(out: &mut String, fix: &Remedy, shown: Shown) {
    let _ = writeln!(out, "<h3>Fix</h3>\n<p>{}</p>", text(shown, &fix.summary));
    if fix.edited {
        out.push_str("<p>The records are edited by hand, not as proposed.</p>\n");
    }
    fix.records.iter().for_each(|change| record(out, change, shown));
    list(out, "ol", fix.steps.iter().map(|step| text(shown, step)));
    if let Some(upkeep) = &fix.upkeep {
        let _ = writeln!(out, "<p>Upkeep: {}</p>", text(shown, upkeep));
    }
    for blank in &fix.blanks {
        let _ = writeln!(out, "<p>Still to fill in: {}</p>", text(shown, blank));
    }
}

/// The whole set as it is published, and as it is to be.
fn record(out: &mut String, change: &Change, shown: Shown) {
    let lines = |tag: &str, all: &[Data]| -> String {
        let line = |data: &Data| format!("<{tag}>{}</{tag}>", text(shown, &data.to_string()));
        all.iter().map(line).collect()
    };
    let name = text(shown, &format!("{}. {} TTL {}", change.name, change.kind, change.ttl));
    let _ = writeln!(out, "<p><code>{name}</code></p>\n<dl class=\"rows\">");
    for (word, tag, all) in [("before", "del", &change.before), ("after", "ins", &change.after)] {
        let lines = if all.is_empty() { "(no record)".to_owned() } else { lines(tag, all) };
        let _ = writeln!(out, "<dt>{word}</dt><dd><pre>{lines}</pre></dd>");
    }
    out.push_str("</dl>\n");
}

/// What receivers ask of senders, line by line.
fn asked(out: &mut String, d: &Diagnosis, shown: Shown) {
    let row = |line: &requirement::Line| {
        let since = line.demand.since.map_or(String::new(), |day| day.to_string());
        let cells = [text(shown, &line.name()), text(shown, &line.demand.what), since, text(shown, &line.because)];
        (requirements::look(line.state).2, line.state.word(), cells.to_vec())
    };
    rows(out, "What receivers ask", d.requirements().iter().map(row));
}

/// A list of ready items; none at all is no list.
fn list(out: &mut String, tag: &str, items: impl Iterator<Item = String>) {
    let items: String = items.map(|item| format!("<li>{item}</li>\n")).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<{tag}>\n{items}</{tag}>");
    }
}

fn text(shown: Shown, words: &str) -> String {
    escape(&shown.line(words))
}

/// Nothing of a stranger's is markup.
fn escape(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::{Evidence, Input, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn of(evidence: Evidence) -> Diagnosis {
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        crate::replay::prove(diagnose(Arc::new(evidence), reading)).diagnosis
    }

    #[test]
    fn a_page_holds_every_finding_with_fix_and_proof() {
        for sample in crate::samples::all() {
            let d = of(sample.evidence(jiff::Timestamp::UNIX_EPOCH, Said::default()));
            let page = diagnosis(&d, Shown::default());
            for f in d.every_finding() {
                assert!(page.contains(&escape(&f.title)), "{}: {}", sample.name, f.rule.id);
                assert!(f.fix.as_ref().is_none_or(|fix| page.contains(&escape(&fix.summary))), "{}", f.rule.id);
            }
            for tag in
                ["pre", "table", "tr", "td", "ul", "ol", "h2", "p", "mark", "ins", "del", "section", "figure", "div"]
            {
                let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
                assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{}: {tag}", sample.name);
            }
        }
    }

    #[test]
    fn a_strangers_markup_stays_text() {
        let header = "Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.net with ESMTP id 1;\r\n\
            \tMon, 2 Nov 2026 10:00:00 +0000\r\n\
            Authentication-Results: mx.example.net; dmarc=fail header.from=example.com; spf=fail smtp.mailfrom=\"<script>x</script>\"\r\n\
            From: \"<img src=x onerror=y>\" <ann@example.com>\r\nSubject: <b>&amp;\r\n";
        let input = Input::read("<i>", header.as_bytes(), None).unwrap();
        let page =
            diagnosis(&of(Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true)), Shown::default());
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>&"), "{page}");
    }
}
