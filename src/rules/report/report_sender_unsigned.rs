use super::offer::offer;
use super::support::{addresses, busiest, messages, mostly_signed, not_yet, report, rows, signing, standing, who};
use crate::facts::Facts;
use crate::facts::report::{Aggregate, Sender, Source, Standing};
use crate::remedy::Remedy;
use crate::rules::dmarc::failure;
use crate::rules::{Confidence, Finding, Gaps, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// A sender of yours passes by SPF alone
    ///
    /// ## What we saw
    /// A DMARC report lists mail that passes because SPF vouches for your domain, while no DKIM signature of yours does.
    ///
    /// ## Why mail suffers
    /// SPF ends at the first forwarder: the same mail, forwarded, fails DMARC. Gmail, Yahoo and Outlook.com also ask
    /// senders of bulk mail for DKIM.
    ///
    /// ## How to fix it
    /// Let the sender sign with DKIM as your own domain, and publish the key.
    ///
    /// ## How to check
    /// A report of a later day must show DKIM passing for this source.
    pub RULE = "report-sender-unsigned", Report, Low, judge, ["RFC 9989 §7.4", "RFC 6376 §1", "RFC 7208 §10.3"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(report) = report(facts) else { return Verdict::NotApplicable };
    let found = standing(facts, &[Standing::SpfAlone]).map(|source| find(facts, report, source));
    Verdict::of(found.collect(), Gaps::new())
}

fn find(facts: &Facts, report: &Aggregate, source: &Source) -> Finding {
    let domain = &report.policy.domain;
    let row = busiest(report, source);
    let fix = Remedy::new(format!("Let {} sign with DKIM as {domain}", source.sender));
    let fix = match &source.sender {
        // There is one, which does not pass: another would not mend it.
        _ if row.is_some_and(|row| row.unverified().is_some()) => {
            Remedy::new(format!("Let the signature of {domain} pass")).step(signing(facts, report, row))
        }
        Sender::Platform(platform) => offer(fix, facts, report, platform),
        _ => fix.step("Make a key at the server that sends, publish its record, and switch signing on"),
    };
    // What is signed elsewhere is the rule, and this the exception.
    let seldom = mostly_signed(facts, source);
    let title = match seldom {
        true => failure::title([
            format_args!("{} from {} have no signature that counts", messages(source.count), who(source)),
            format_args!("Some mail of yours has no signature that counts"),
        ]),
        false => failure::title([
            format_args!("{} sends as {domain} without a signature that counts", who(source)),
            format_args!("{} sends without a signature that counts", who(source)),
            format_args!("A sender of yours signs nothing that counts"),
        ]),
    };
    Finding::new(&RULE, title)
        .severity(if seldom { Severity::Info } else { Severity::Low })
        .sure(Confidence::Certain, "the receiver says so")
        .explain(format!(
            "{} from {} pass DMARC at {} by SPF alone. Where such mail is forwarded, nothing is left that passes.{}",
            messages(source.count),
            addresses(source),
            report.reporter(),
            if seldom { " Most mail of this sender is signed and passes." } else { not_yet(report) }
        ))
        .exhibits(rows(report, source, 3, "SPF alone"))
        .fix(fix)
        .check(command!("postdoc check {} --only dkim", domain), "a key of the sender's")
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn unsigned_mail_that_passes_is_told() {
        let unsigned = Record("192.0.2.7", 9, "none", "fail", "pass", "", "example.com pass");
        let found = only(judge(&of("none", &[BOTH, unsigned])));
        assert_eq!(found.title, "192.0.2.7 sends as example.com without a signature that counts");
        assert!(found.explanation.starts_with("9 messages from 192.0.2.7"));
    }

    #[test]
    fn a_few_of_many_are_an_exception() {
        let few = Record("192.0.2.1", 4, "none", "fail", "pass", "example.com s1 neutral", "example.com pass");
        let found = only(judge(&of("none", &[BOTH, few])));
        assert_eq!(
            (found.severity, &found.title[..]),
            (Severity::Info, "4 messages from 192.0.2.1 have no signature that counts")
        );
        assert!(found.explanation.ends_with("is signed and passes."), "{}", found.explanation);
    }

    #[test]
    fn a_signature_that_could_not_be_looked_at_is_not_missing() {
        let unseen = Record("192.0.2.7", 9, "none", "fail", "pass", "example.com s1 temperror", "example.com pass");
        let told = |zone| only(judge(&facts(&xml("none", &[unseen]), Some(zone)))).fix.unwrap();
        let missing = told("");
        assert!(missing.steps[0].contains("no key stands there"), "{}", missing.steps[0]);
        let fix = told("s1._domainkey.example.com TXT \"v=DKIM1; p=MII\"");
        assert_eq!(fix.summary, "Let the signature of example.com pass");
        assert!(fix.steps[0].contains("no answer for s1._domainkey.example.com (temperror)"), "{}", fix.steps[0]);
    }

    #[test]
    fn passes_and_does_not_apply() {
        assert!(matches!(judge(&of("none", &[BOTH, STRANGER, PLATFORM])), Verdict::Pass));
        assert!(matches!(judge(&other()), Verdict::NotApplicable));
    }
}
