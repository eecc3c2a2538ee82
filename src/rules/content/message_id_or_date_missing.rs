use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::header::Field;
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::span::Span;
use jiff::Timestamp;

rule! {
    /// Message-ID or Date is missing or wrong
    ///
    /// ## What we saw
    /// The message has no Message-ID or no Date, one of them cannot be read, or the Date is more than a day away from the time
    /// at which the first server had it.
    ///
    /// ## Why mail suffers
    /// Every mail program writes both. Where one lacks, a script is at work, and filters give points for it; the receiving server
    /// then often writes one itself, which a DKIM signature over the field does not survive.
    ///
    /// ## How to fix it
    /// Let the program write `Message-ID: <unique@your.domain>`, new for every message, and Date from a clock that is set over
    /// the network.
    ///
    /// ## How to check
    /// The source of a new message shows both.
    pub RULE = "message-id-or-date-missing", Content, Medium, judge,
    ["RFC 5322 §3.6.1", "RFC 5322 §3.6.4", "SpamAssassin MISSING_MID, MISSING_DATE, DATE_IN_PAST_*, DATE_IN_FUTURE_*"]
}

/// Seconds that Date and the first server may differ.
const DAY: i64 = 24 * 60 * 60;

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    // Without a server on the way it is a draft: the first server adds what lacks (RFC 6409 §8).
    let delivered = facts.evidence.input.kind == InputKind::Message && !reading.hops.is_empty();
    if !delivered || reading.from.field.is_none() {
        return Verdict::NotApplicable;
    }
    let field = |name: &str| reading.header.first(facts.text(), name);
    let from = field("From").map(|f| Exhibit::input(f.span(), "no such field stands beside this one"));
    let (mut findings, mut gaps) = (Vec::new(), Gaps::new());
    match field("Message-ID") {
        None => findings.push(say(RULE.severity, "The message has no Message-ID", from.clone())),
        Some(field) => findings.extend(wrong_id(facts, field)),
    }
    match field("Date") {
        None => findings.push(say(RULE.severity, "The message has no Date", from)),
        Some(field) => match (date(facts, field), reading.hops.iter().find_map(|hop| hop.at)) {
            (None, _) => {
                findings.push(say(RULE.severity, "Date cannot be read", here(facts, field, "no date (RFC 5322 §3.3)")))
            }
            (Some(written), Some(first)) => findings.extend(far(facts, field, written, first)),
            (Some(_), None) => gaps.push(Gap::new("Is the Date of the message right?", "a Received field with a time")),
        },
    }
    Verdict::of(findings, gaps)
}

fn say(severity: Severity, title: impl Into<String>, exhibit: Option<Exhibit>) -> Finding {
    let id = blank("something unique");
    let title = title.into();
    let remedy = match title.contains("Date") {
        true => Remedy::new("Let the program write Date when it sends, from a clock that is set over the network.")
            .step("Form: Date: Tue, 02 Jun 2026 10:00:00 +0000"),
        false => Remedy::new("Let the program write a Message-ID of its own into every message.")
            .step(format!("Form: Message-ID: <{id}@your.domain>, new for every message.")),
    };
    Finding::new(&RULE, title.clone())
        .severity(severity)
        .sure(Confidence::Certain, "the whole header is at hand")
        .explain(format!(
            "{title}. Mail programs write both Message-ID and Date; filters give points where one is missing or wrong, because \
             scripts forget them."
        ))
        .exhibits(exhibit)
        .fix(remedy)
        .check("send a new message and look at its source", "one Message-ID and one Date, both right")
}

/// Gmail marks the ids it had to write itself.
fn wrong_id(facts: &Facts, field: Field) -> Option<Finding> {
    let value = String::from_utf8_lossy(field.value.of(facts.text())).trim().to_owned();
    let upper = value.to_ascii_uppercase();
    if upper.contains("SMTPIN_ADDED_MISSING") || upper.contains("SMTPIN_ADDED_BROKEN") {
        let title = match upper.contains("MISSING") {
            true => "The message came without a Message-ID; Gmail wrote one",
            false => "The Message-ID was no such thing; Gmail wrote another",
        };
        return Some(say(RULE.severity, title, here(facts, field, "written by Gmail")));
    }
    let inner = value.strip_prefix('<').and_then(|v| v.split('>').next());
    let fits = inner.is_some_and(|id| {
        let sides = id.split_once('@');
        sides.is_some_and(|(left, right)| !left.is_empty() && !right.is_empty()) && !id.contains(char::is_whitespace)
    });
    (!fits).then(|| {
        say(
            Severity::Low,
            "Message-ID is not of the form <unique@domain>",
            here(facts, field, "not an id (RFC 5322 §3.6.4)"),
        )
    })
}

fn here(facts: &Facts, field: Field, label: &'static str) -> Option<Exhibit> {
    let value = field.value.of(facts.text());
    let end = field.value.start as usize + value.trim_ascii_end().len();
    Some(Exhibit::input(Span::new(field.name.start as usize, end.max(field.name.end as usize)), label))
}

fn date(facts: &Facts, field: Field) -> Option<Timestamp> {
    let value = String::from_utf8_lossy(field.value.of(facts.text())).trim().to_owned();
    let parsed = mail_parser::DateTime::parse_rfc822(&value).filter(|d| d.is_valid())?;
    Timestamp::from_second(parsed.to_timestamp()).ok()
}

fn far(facts: &Facts, field: Field, written: Timestamp, first: Timestamp) -> Option<Finding> {
    let apart = written.as_second() - first.as_second();
    if apart.abs() <= DAY {
        return None;
    }
    let days = apart.abs() / DAY;
    let span = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
    let (severity, title) = match apart > 0 {
        true => (Severity::Medium, format!("Date is {span} after the first server had the message")),
        false => (Severity::Low, format!("Date is {span} before the first server had the message")),
    };
    Some(say(severity, title, here(facts, field, "the date it claims")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    fn without(from: &str, to: &str) -> Verdict {
        judge(&facts(&message("", "x\r\n").replace(from, to)))
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        assert_eq!(only(without("Message-ID: <1@example.com>\r\n", "")).title, "The message has no Message-ID");
        assert_eq!(only(without("Date: Tue, 2 Jun 2026 10:00:00 +0000\r\n", "")).title, "The message has no Date");
        assert_eq!(
            only(without("<1@example.com>", "<1@mx.google.com.SMTPIN_ADDED_MISSING>")).severity,
            Severity::Medium
        );
        assert_eq!(only(without("<1@example.com>", "12345")).severity, Severity::Low);
        assert_eq!(
            only(without("Date: Tue, 2 Jun 2026 10:00:00 +0000", "Date: yesterday")).title,
            "Date cannot be read"
        );
        assert!(only(without("Date: Tue, 2 Jun", "Date: Thu, 4 Jun")).title.contains("a day after"));
        assert!(only(without("Date: Tue, 2 Jun 2026", "Date: Mon, 2 Jun 2025")).title.contains("365 days before"));
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        assert!(matches!(without("x", "x"), Verdict::Pass));
        // The date of a server is missing; a draft was handed to none.
        assert!(matches!(without(";\r\n\tTue, 2 Jun 2026 10:00:03 +0000", ""), Verdict::Unknown(_)));
        assert!(matches!(judge(&facts("From: ann@example.com\r\n\r\nx\r\n")), Verdict::NotApplicable));
        assert!(matches!(
            judge(&facts_of("Received: x\nFrom: ann@example.com\n", InputKind::Headers)),
            Verdict::NotApplicable
        ));
    }
}
