use super::body;
use crate::facts::Facts;
use crate::remedy::Remedy;
use crate::rules::headers::is_mass;
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// Mass mail shows no way out in its text
    ///
    /// ## What we saw
    /// The message is sent to many by its own header, and its text holds no link or words by which a reader could
    /// unsubscribe; or nothing in it looks like a postal address.
    ///
    /// ## Why mail suffers
    /// Gmail asks marketing mail for a link in the text as well as for the one in the header. Readers who find none press
    /// "spam". Several countries ask commercial mail for the sender's postal address, among them the USA (CAN-SPAM).
    ///
    /// ## How to fix it
    /// Put a plain link to unsubscribe, and the postal address of the sender, at the end of every mailing.
    ///
    /// ## How to check
    /// Look at a new message as its reader sees it.
    pub RULE = "unsubscribe-not-visible", Content, Medium, judge,
    ["support.google.com/mail/answer/81126", "15 U.S.C. §7704(a)(5)"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(mass) = is_mass(facts) else { return Verdict::NotApplicable };
    let content = match body(facts) {
        None => return Verdict::NotApplicable,
        Some(Err(gap)) => return Verdict::unknown(gap),
        Some(Ok(content)) => content,
    };
    if content.text.is_none() && content.html.is_none() {
        return Verdict::NotApplicable;
    }
    let missing = |title: &str, severity, because: &'static str| {
        Finding::new(&RULE, title)
            .severity(severity)
            .sure(Confidence::Likely, because)
            .exhibit(Exhibit::input(mass, "sent to many"))
    };
    let mut findings = Vec::new();
    if !content.unsubscribe {
        findings.push(
            missing(
                "The text of this mass mail shows no way to unsubscribe",
                RULE.severity,
                "no such words are in it, in the languages that are known here; a picture may show them",
            )
            .explain(
                "The header says that the message is sent to many. In its text there is no link to unsubscribe, which Gmail asks \
                 of marketing mail beside the one in the header; who finds none presses “spam”.",
            )
            .fix(Remedy::new("Put a link to unsubscribe at the end of the text, where readers look for it."))
            .check("look at a new message as its reader sees it", "a link to unsubscribe"),
        );
    }
    if !content.postal {
        findings.push(
            missing(
                "Nothing in this mass mail looks like a postal address",
                Severity::Info,
                "addresses are written in many ways, and a picture may show one",
            )
            .sure(Confidence::Possible, "addresses are written in many ways, and a picture may show one")
            .explain(
                "Several countries ask commercial mail for the sender's postal address (USA: CAN-SPAM). None was recognised in \
                 the text; mail that is not commercial needs none.",
            )
            .fix(Remedy::new("Where the mail is commercial, name the sender's postal address at its end.")),
        );
    }
    Verdict::of(findings, Gaps::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    const FINE: &str = "Example Inc, 1 Example Street\r\nTo unsubscribe: https://example.com/u\r\n";

    #[test]
    fn no_way_out_weighs_more_than_no_address() {
        let Verdict::Found(found) = judge(&facts(&message(LIST, "Hello\r\n"))) else { panic!() };
        assert_eq!(found.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Medium, Severity::Info]);
        let address = only(judge(&facts(&message(LIST, "Hello, unsubscribe at https://example.com/u\r\n"))));
        assert_eq!((address.severity, address.confidence), (Severity::Info, Confidence::Possible));
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        three_ways(&RULE, &message(LIST, FINE));
        assert!(matches!(judge(&facts(&message("", "Hello\r\n"))), Verdict::NotApplicable));
    }
}
