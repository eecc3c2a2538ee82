use super::bulk;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::headers::is_mass;
use crate::rules::{Confidence, Finding, Verdict, rule};

rule! {
    /// Gmail's or Yahoo's demands on bulk senders are not met
    ///
    /// ## What we saw
    /// You send in bulk, by your own count to Gmail or by the message's own header to Yahoo, and not everything is in order
    /// that they ask of bulk senders.
    ///
    /// ## Why mail suffers
    /// Gmail and Yahoo ask more of bulk senders than of others: SPF and DKIM, a DMARC record, From aligned with one of them, a
    /// reverse name that leads back, TLS, one-click unsubscribing, few complaints. Since November 2025 Gmail defers and refuses
    /// what does not comply.
    ///
    /// ## How to fix it
    /// Mend what the other findings name, in this order: reverse name and TLS, SPF and DKIM, DMARC and alignment, one-click
    /// unsubscribing, then complaints.
    ///
    /// ## How to check
    /// The compliance page of Google's Postmaster Tools is all green; Yahoo's Sender Hub shows the same for a signed domain.
    pub RULE = "bulk-gmail-yahoo", Receiver, High, judge,
    ["support.google.com/mail/answer/81126", "https://senders.yahooinc.com/best-practices/"]
}

pub const ASKED: &[&str] = &["gmail", "gmail-bulk", "yahoo", "yahoo-bulk"];

fn judge(facts: &Facts) -> Verdict {
    let receiver = facts.reading.boundary.receiver.as_deref();
    let volume = bulk::by_volume(facts);
    let (name, asked, applies) = match receiver {
        Some("gmail") => ("Gmail", &ASKED[..2], volume),
        // Yahoo names no number.
        Some("yahoo") => ("Yahoo", &ASKED[2..], Some(volume == Some(true) || is_mass(facts).is_some())),
        // A check of a domain: whoever sends that much sends it there too.
        None if facts.reading.subject.as_ref().is_some_and(|s| s.domain().is_some()) => {
            ("Gmail and Yahoo", ASKED, volume)
        }
        _ => return Verdict::NotApplicable,
    };
    if applies == Some(false) || (applies.is_none() && facts.reading.subject.is_some()) {
        return Verdict::NotApplicable;
    }
    let lines = bulk::unmet(facts, asked);
    match applies {
        _ if lines.is_empty() => Verdict::Pass,
        None => Verdict::unknown(bulk::gap(name)),
        Some(_) => Finding::new(&RULE, format!("{name}: {} not met", count(lines.len())))
            .sure(Confidence::Certain, "each demand is published, and judged by what is at hand")
            .explain(format!("{name} asks this of bulk senders, and it is not so: {}.", bulk::told(&lines)))
            .exhibits(bulk::shown(facts))
            .fix(
                Remedy::new("Mend what the other findings name: first reverse name and TLS, then SPF and DKIM, DMARC and alignment, one-click.")
                    .step("See all demands line by line: the view of requirements in the app, or the table below this report.")
                    .step("Watch https://postmaster.google.com (Compliance) and https://senders.yahooinc.com (Sender Hub)."),
            )
            .check("send a new message and diagnose it", "every line of the receiver is met")
            .into(),
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 demand on bulk senders is".into() } else { format!("{n} demands on bulk senders are") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use std::sync::Arc;

    fn judged(server: &str, results: &str, fields: &str, volume: Option<u64>) -> Verdict {
        let text = format!(
            "Received: from a.example.com (a.example.com [192.0.2.4]) by {server} with ESMTPS id 1 for <bob@inbox.test>;\r\n\
             \tTue, 2 Jun 2026 10:00:03 +0000\r\nAuthentication-Results: {server}; {results}\r\n\
             From: ann@example.com\r\nTo: bob@inbox.test\r\n{fields}"
        );
        let input = Input::read("test", text.into_bytes(), Some(InputKind::Headers)).unwrap();
        let mut said = Said::default();
        said.check.volume = volume;
        let reading = Arc::new(Reading::read(&input, &said));
        judge(&Facts::gather(
            Arc::new(Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), true)),
            reading,
        ))
    }

    const GOOD: &str =
        "spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass header.from=example.com";
    const BAD: &str =
        "spf=fail smtp.mailfrom=example.com; dkim=pass header.d=example.com; dmarc=pass header.from=example.com";
    const LIST: &str = "List-Unsubscribe: <https://example.com/u>\r\n";

    #[test]
    fn it_fires_by_the_users_count_at_gmail_and_by_the_header_at_yahoo() {
        let Verdict::Found(found) = judged("mx.google.com", BAD, "", Some(6_000)) else { panic!() };
        assert_eq!(found[0].title, "Gmail: 1 demand on bulk senders is not met");
        assert!(found[0].explanation.contains("SPF passes (SPF is fail for example.com)"), "{}", found[0].explanation);
        let yahoo = "atlas-production.v2-mail-prod1-gq1.omega.yahoo.com";
        assert!(matches!(judged(yahoo, BAD, LIST, None), Verdict::Found(_)));
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        assert!(matches!(judged("mx.google.com", GOOD, "", Some(6_000)), Verdict::Pass));
        assert!(matches!(judged("mx.google.com", BAD, "", Some(10)), Verdict::NotApplicable));
        assert!(matches!(judged("mx.google.com", BAD, "", None), Verdict::NotApplicable));
        assert!(matches!(judged("mx.inbox.test", BAD, LIST, Some(6_000)), Verdict::NotApplicable));
        assert!(matches!(judged("mx.google.com", BAD, LIST, None), Verdict::Unknown(_)));
    }
}
