//! One self-contained page, for a ticket or a customer: the verdict, who vouched for whom, findings, fixes before and
//! after. No script, nothing fetched.

use super::snippet::{self, Piece};
use super::{Shown, proof, summary};
use crate::diagnose::Diagnosis;
use crate::remedy::{Change, Remedy};
use crate::rules::{Finding, Severity};
use std::fmt::Write as _;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem;border-left:.4rem solid;padding-left:.7rem}h2{font-size:1.15rem;margin-top:2.2rem}\
h3{font-size:1rem;margin-bottom:.3rem}\
.fail{border-color:#b3261e}.warn{border-color:#a15c00}.pass{border-color:#12715b}.unknown{border-color:#777}\
table{border-collapse:collapse;width:100%}td{border:1px solid #8886;padding:.3rem .6rem;vertical-align:top}\
pre{overflow-x:auto;background:#8882;padding:.7rem;border-radius:.3rem}\
mark{background:#ffd54a;color:#000}del{color:#b3261e;text-decoration:none}ins{color:#12715b;text-decoration:none}\
small{color:#777}";

/// The whole diagnosis.
pub fn diagnosis(d: &Diagnosis, shown: Shown) -> String {
    let state = d.verdict.state.word();
    let headline = text(shown, &d.verdict.headline);
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    let _ = writeln!(out, "<title>{headline}</title>\n<style>{STYLE}</style>\n</head>\n<body>");
    let _ = writeln!(out, "<h1 class=\"{state}\">{}: {headline}</h1>", state.to_uppercase());
    let because = &d.facts.reading.boundary.because;
    if !because.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", text(shown, because));
    }
    legs(&mut out, d, shown);
    d.every_finding().for_each(|f| finding(&mut out, d, f, shown));
    requirements(&mut out, d, shown);
    if !d.unknown.is_empty() {
        out.push_str("<h2>Not known</h2>\n<ul>\n");
        for gap in &d.unknown {
            let _ = writeln!(
                out,
                "<li>{} Needs: <code>{}</code></li>",
                text(shown, &gap.question),
                text(shown, &gap.needs)
            );
        }
        out.push_str("</ul>\n");
    }
    let redacted = match shown.redaction {
        Some(_) => {
            " Persons, subjects, message-ids and the addresses of machines are stand-ins; domains are as they were."
        }
        None => "",
    };
    let now = d.facts.evidence.now.strftime("%Y-%m-%d %H:%M UTC");
    let tool = env!("CARGO_PKG_VERSION");
    let _ =
        writeln!(out, "<p><small>postdoc {tool}, by the evidence of {now}.{redacted}</small></p>\n</body>\n</html>");
    out
}

/// Who vouched for whom.
fn legs(out: &mut String, d: &Diagnosis, shown: Shown) {
    let legs = summary::legs(d, shown);
    if legs.is_empty() {
        return;
    }
    out.push_str("<table>\n");
    for leg in legs {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            leg.name,
            escape(&leg.domain),
            escape(&leg.words)
        );
    }
    out.push_str("</table>\n");
}

fn finding(out: &mut String, d: &Diagnosis, f: &Finding, shown: Shown) {
    let class = match f.severity {
        Severity::Critical | Severity::High => "fail",
        Severity::Medium | Severity::Low => "warn",
        Severity::Info => "unknown",
    };
    let _ = writeln!(out, "<h2 class=\"{class}\">{}</h2>", text(shown, &f.title));
    let (severity, confidence) = (f.severity.word(), f.confidence.word());
    let _ = writeln!(out, "<p><small>{}, {severity}, {confidence}</small></p>", f.rule.id);
    let _ = writeln!(out, "<p>{}</p>", text(shown, &f.explanation));
    let pieces = snippet::pieces(&d.facts.evidence.input, &f.exhibits, shown);
    if !pieces.is_empty() {
        out.push_str("<h3>Evidence</h3>\n");
        pieces.iter().for_each(|p| piece(out, p));
    }
    if let Some(fix) = &f.fix {
        remedy(out, fix, shown);
    }
    if let Some((words, remains)) = proof::words(f) {
        let _ = writeln!(out, "<h3>Proof</h3>\n<p>{}</p>", text(shown, &words));
        list(out, "ul", remains.iter().map(|left| text(shown, left)));
    }
    if let Some(check) = &f.check {
        let (command, expect) = (text(shown, &check.command), text(shown, &check.expect));
        let _ = writeln!(out, "<h3>Check</h3>\n<pre>{command}</pre>\n<p>Expect: {expect}</p>");
    }
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
    fix.records.iter().for_each(|change| records(out, change, shown));
    list(out, "ol", fix.steps.iter().map(|step| text(shown, step)));
    if let Some(upkeep) = &fix.upkeep {
        let _ = writeln!(out, "<p>Upkeep: {}</p>", text(shown, upkeep));
    }
    for blank in &fix.blanks {
        let _ = writeln!(out, "<p>Still to fill in: {}</p>", text(shown, blank));
    }
}

fn records(out: &mut String, change: &Change, shown: Shown) {
    let line = |data: &crate::evidence::Data| {
        text(shown, &format!("{}. {} IN {} {data}", change.name, change.ttl, change.kind))
    };
    out.push_str("<pre>");
    for before in change.before.iter().filter(|b| !change.after.contains(b)) {
        let _ = writeln!(out, "<del>- {}</del>", line(before));
    }
    for after in change.after.iter().filter(|a| !change.before.contains(a)) {
        let _ = writeln!(out, "<ins>+ {}</ins>", line(after));
    }
    out.push_str("</pre>\n");
}

fn requirements(out: &mut String, d: &Diagnosis, shown: Shown) {
    if d.requirements.is_empty() {
        return;
    }
    out.push_str("<h2>What receivers ask</h2>\n<table>\n");
    for line in &d.requirements {
        let cells = [
            text(shown, &line.name()),
            text(shown, &line.demand.what),
            line.demand.since.map_or(String::new(), |day| day.to_string()),
            line.state.word().into(),
            text(shown, &line.because),
        ];
        let _ = writeln!(out, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
    }
    out.push_str("</table>\n");
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
            for tag in ["pre", "table", "ul", "ol", "h2", "p", "mark", "ins", "del"] {
                let count = |what: String| page.matches(&what).count();
                assert_eq!(count(format!("<{tag}")) - count(format!("<{tag}re")), count(format!("</{tag}>")), "{tag}");
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
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>"), "{page}");
    }
}
