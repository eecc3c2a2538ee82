//! Who vouches for From, as a picture; in words where it is narrow or was asked for.
//!
//! ```text
//!     DKIM d=                        From:                      SPF MAIL FROM
//!    ┌────────────────────┐      ┌──────────────┐      ┌────────────────────┐
//!    │ mailer.esp.example │─ ≠ ─▸│ acme.example │◂─ ≠ ─│ mailer.esp.example │
//!    │ ✓ verifies, s=k1   │      │ p=quarantine │      │ ✓ 198.51.100.24    │
//!    └────────────────────┘      └──────────────┘      └────────────────────┘
//!      ✗ not aligned               ✗ DMARC fail           ✗ not aligned
//! ```

use super::doc::Doc;
use crate::diagnose::Diagnosis;
use crate::facts::Facts;
use crate::facts::dkim::DkimResult;
use crate::facts::organization::Agreement;
use crate::facts::reported::Spf;
use crate::safe::clip;
use crate::triage::is_hearsay;
use crate::tui::theme::Ink;
use unicode_width::UnicodeWidthStr;

/// One side of the picture.
struct Side {
    domain: String,
    detail: String,
    agreement: Option<Agreement>,
    /// The record asks for the very same name.
    strict: bool,
}

impl Side {
    fn sign(&self) -> &'static str {
        match self.agreement.map(|agreement| agreement.counts(self.strict)) {
            Some(false) => "≠",
            Some(true) => "=",
            None => "?",
        }
    }

    fn words(&self) -> (&'static str, Ink) {
        match self.agreement {
            Some(Agreement::None) => ("✗ not aligned", Ink::Fail),
            Some(agreement) if agreement.counts(self.strict) => ("✓ aligned", Ink::Pass),
            Some(_) => ("✗ not aligned (strict)", Ink::Fail),
            None => ("? not known", Ink::Plain),
        }
    }
}

/// Draws the picture at 76 columns and more unless `words` are wanted.
pub fn draw(doc: &mut Doc, diagnosis: &Diagnosis, words: bool) {
    let facts = &diagnosis.facts;
    if facts.reading.header.fields.is_empty() {
        return;
    }
    let hearsay = is_hearsay(facts);
    let (dkim, spf, dmarc) = (dkim(facts, hearsay), spf(facts, hearsay), dmarc(facts, hearsay));
    let from = doc.pen.clean(facts.reading.from_domain().unwrap_or("no single From domain"));
    let policy = policy(facts);
    if words || doc.width < 76 {
        return in_words(doc, dmarc.0, &dkim, &spf, &from, &policy);
    }
    let clean = |side: &Side| (doc.pen.clean(&side.domain), doc.pen.clean(&side.detail));
    let ((dkim_domain, dkim_detail), (spf_domain, spf_detail)) = (clean(&dkim), clean(&spf));
    let policy = doc.pen.clean(policy);
    let natural = |a: &str, b: &str| a.width().max(b.width()).max(13);
    let mut widths = [natural(&dkim_domain, &dkim_detail), natural(&from, &policy), natural(&spf_domain, &spf_detail)];
    // three frames of 4, two arrows of 6, a margin of 1
    let room = doc.width.saturating_sub(25);
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    let [a, b, c] = widths;
    let total = a + b + c + 24;
    let margin = " ".repeat((doc.width.saturating_sub(total) / 2).max(1));
    let cell = |text: &str, width: usize| {
        let text = clip(text, width);
        let pad = width.saturating_sub(text.width());
        format!("{text}{}", " ".repeat(pad))
    };
    let at = |columns: [usize; 3], texts: [&str; 3]| {
        let mut line = String::new();
        for (column, text) in columns.into_iter().zip(texts) {
            let gap = column.saturating_sub(line.width());
            line += &" ".repeat(gap);
            line += text;
        }
        line
    };
    let columns = [1, a + 11, a + b + 21];
    doc.row(&[(&format!("{margin}{}", at(columns, ["DKIM d=", "From:", "SPF MAIL FROM"])), Ink::Plain)]);
    let edge = |l: &str, r: &str| {
        let side = |n: usize| format!("{l}{}{r}", "─".repeat(n + 2));
        format!("{margin}{}      {}      {}", side(a), side(b), side(c))
    };
    doc.row(&[(&edge("┌", "┐"), Ink::Plain)]);
    doc.row(&[
        (&format!("{margin}│ {} │─ {} ─▸│ ", cell(&dkim_domain, a), dkim.sign()), Ink::Plain),
        (&cell(&from, b), Ink::Strong),
        (&format!(" │◂─ {} ─│ {} │", spf.sign(), cell(&spf_domain, c)), Ink::Plain),
    ]);
    let details = format!(
        "{margin}│ {} │      │ {} │      │ {} │",
        cell(&dkim_detail, a),
        cell(&policy, b),
        cell(&spf_detail, c)
    );
    doc.row(&[(&details, Ink::Plain)]);
    doc.row(&[(&edge("└", "┘"), Ink::Plain)]);
    let (dmarc, dmarc_ink) = dmarc;
    let gap = |n: usize, text: &str| " ".repeat(n.saturating_sub(text.width()));
    doc.row(&[
        (&format!("{margin}  "), Ink::Plain),
        (dkim.words().0, dkim.words().1),
        (&gap(a + 10, dkim.words().0), Ink::Plain),
        (dmarc, dmarc_ink),
        (&gap(b + 10, dmarc), Ink::Plain),
        (spf.words().0, spf.words().1),
    ]);
}

/// The same in three lines.
fn in_words(doc: &mut Doc, dmarc: &str, dkim: &Side, spf: &Side, from: &str, policy: &str) {
    doc.hang(" From  ", Ink::Faint, format!("{from}  {dmarc}  {policy}"), Ink::Plain);
    for (head, side) in [(" DKIM  ", dkim), (" SPF   ", spf)] {
        doc.hang(head, Ink::Faint, format!("{}  {}  {}", side.domain, side.words().0, side.detail), Ink::Plain);
    }
}

/// The signature that helps most: aligned before not, reported pass before other.
fn dkim(facts: &Facts, hearsay: bool) -> Side {
    let reading = &facts.reading;
    let mut reports = vec![None; reading.signatures.len()];
    for result in reading.reported.dkim.iter().rev() {
        if let Some(report) = result.signature.and_then(|n| reports.get_mut(n)) {
            *report = Some(result);
        }
    }
    let strict = facts.dmarc.record().is_some_and(|r| r.adkim_strict);
    let report = |n: usize| reports.get(n).copied().flatten();
    let rank = |n: &usize| {
        let aligned = facts.alignment.signatures.get(*n).copied().flatten();
        let passes = report(*n).is_some_and(|r| r.result == "pass");
        (
            passes,
            aligned.is_some_and(|a| a.counts(strict)),
            aligned.is_some_and(|a| a != Agreement::None),
            std::cmp::Reverse(*n),
        )
    };
    if let Some(best) = (0..reading.signatures.len()).max_by_key(rank) {
        let signature = reading.signatures.get(best);
        let word = |tag: Option<&crate::span::Spanned<String>>| tag.map_or("?".to_owned(), |t| t.value.clone());
        let selector = word(signature.and_then(|s| s.selector.as_ref()));
        // What no receiver speaks of, we found ourselves.
        let ours = facts.verified.iter().find(|v| v.signature == best).and_then(|v| v.result);
        let result = report(best).map(|r| r.result.as_str()).or(ours.map(DkimResult::word));
        return Side {
            domain: word(signature.and_then(|s| s.domain.as_ref())),
            detail: format!("{}, s={selector}", said(result, "verifies", hearsay)),
            agreement: facts.alignment.signatures.get(best).copied().flatten(),
            strict,
        };
    }
    match reading.reported.dkim.first() {
        Some(result) => Side {
            domain: result.domain.clone().unwrap_or_else(|| "?".to_owned()),
            detail: said(Some(&result.result), "verifies", hearsay),
            agreement: facts.alignment.dkim,
            strict,
        },
        None => {
            Side { domain: "no signature".to_owned(), detail: String::new(), agreement: facts.alignment.dkim, strict }
        }
    }
}

fn spf(facts: &Facts, hearsay: bool) -> Side {
    let reported = facts.reading.reported.spf.as_ref();
    let computed = facts.spf.as_ref();
    let mail_from = facts.identities.mail_from.as_ref();
    let domain = match mail_from.map(|m| &m.value) {
        Some(crate::facts::boundary::MailFrom::Null) => "<> (no sender)".to_owned(),
        Some(path) => path.domain().unwrap_or("?").to_owned(),
        None => reported.and_then(|r| r.domain.clone()).unwrap_or_else(|| "not known".to_owned()),
    };
    let result = reported.map(word).or(computed.and_then(|c| c.result).map(|r| r.word()));
    let ip = facts.identities.source_ip.as_ref().map(|ip| ip.value.to_string());
    let detail = match (result, ip) {
        (Some("pass"), Some(ip)) if !hearsay => format!("✓ {ip}"),
        (result, Some(ip)) => format!("{} {ip}", said(result, "pass", hearsay)),
        (result, None) => said(result, "pass", hearsay),
    };
    let strict = facts.dmarc.record().is_some_and(|r| r.aspf_strict);
    Side { domain, detail, agreement: facts.alignment.spf, strict }
}

/// DMARC does not count a best guess, whatever it says.
fn word(spf: &Spf) -> &str {
    if spf.best_guess { "best guess" } else { &spf.result }
}

/// A result with its glyph.
fn said(result: Option<&str>, pass: &str, hearsay: bool) -> String {
    match result {
        Some("pass") if hearsay => "? said to pass".to_owned(),
        Some("pass") => format!("✓ {pass}"),
        Some(result @ ("best guess" | "none" | "neutral" | "temperror" | "policy")) => format!("? {result}"),
        Some(result) => format!("✗ {result}"),
        None => "? not checked".to_owned(),
    }
}

fn policy(facts: &Facts) -> String {
    match (&facts.dmarc.effective, facts.reading.reported.dmarc.as_ref().and_then(|d| d.policy.as_ref())) {
        (Some((policy, tag)), _) => format!("{tag}={}", policy.word()),
        (None, Some(policy)) => format!("p={policy}"),
        (None, None) => "policy not known".to_owned(),
    }
}

fn dmarc(facts: &Facts, hearsay: bool) -> (&'static str, Ink) {
    let reported = facts.reading.reported.dmarc.as_ref().map(|d| d.result.as_str());
    match (reported, facts.alignment.dmarc) {
        (Some("pass"), _) if !hearsay => ("✓ DMARC pass", Ink::Pass),
        (Some("fail"), _) | (None, Some(false)) => ("✗ DMARC fail", Ink::Fail),
        (None, Some(true)) => ("✓ DMARC pass", Ink::Pass),
        _ => ("? DMARC not known", Ink::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::tui::theme::Theme;
    use crate::tui::widget::doc::Pen;

    fn drawn(header: &str) -> String {
        let input = Input::read("test", header.as_bytes(), Some(InputKind::Headers)).unwrap();
        let reading = Reading::read(&input, &Said::default());
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
        let diagnosis = diagnose(evidence.into(), reading.into());
        let mut doc = Doc::new(Pen { theme: Theme::Mono, redact: None }, 120);
        draw(&mut doc, &diagnosis, true);
        doc.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    #[test]
    fn a_best_guess_is_no_pass() {
        let picture = drawn(
            "Authentication-Results: mx.inbox.test; spf=pass (mx.inbox.test: best guess record for domain of \
             ann@example.com designates 192.0.2.4 as permitted sender) smtp.mailfrom=ann@example.com\r\n\
             Received: from a.example.com (a.example.com [192.0.2.4]) by mx.inbox.test with ESMTPS id 1; \
             Tue, 2 Jun 2026 10:00:03 +0000\r\nFrom: Ann <ann@example.com>\r\n",
        );
        assert!(picture.contains("? best guess 192.0.2.4"), "{picture}");
    }

    #[test]
    fn strict_alignment_turns_the_same_organization_down() {
        for (strict, sign, words) in [(false, "=", "✓ aligned"), (true, "≠", "✗ not aligned (strict)")] {
            let side =
                Side { domain: String::new(), detail: String::new(), agreement: Some(Agreement::Relaxed), strict };
            assert_eq!((side.sign(), side.words().0), (sign, words));
        }
        let same =
            Side { domain: String::new(), detail: String::new(), agreement: Some(Agreement::Strict), strict: true };
        assert_eq!((same.sign(), same.words().0), ("=", "✓ aligned"));
    }

    #[test]
    fn what_only_a_server_on_the_way_said_is_not_shown_as_known() {
        let results = "Authentication-Results: lists.example.org; spf=pass smtp.mailfrom=ann@example.com; \
                       dmarc=pass header.from=example.com\r\n\
                       Received: from mx.example.com (mx.example.com [192.0.2.32]) by lists.example.org; \
                       Tue, 2 Jun 2026 10:00:01 +0000\r\nFrom: ann@example.com\r\n";
        let received = drawn(results);
        assert!(received.contains("✓ DMARC pass") && received.contains("✓ 192.0.2.32"), "{received}");
        let passed_on = drawn(&format!(
            "Received: from lists.example.org (lists.example.org [203.0.113.2]) by mail.reader.example; \
             Tue, 2 Jun 2026 10:00:03 +0000\r\n{results}"
        ));
        assert!(passed_on.contains("? DMARC not known") && passed_on.contains("? said to pass"), "{passed_on}");
    }
}
