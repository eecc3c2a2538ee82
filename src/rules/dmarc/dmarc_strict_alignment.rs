use super::{failure, seen};
use crate::facts::Facts;
use crate::facts::dmarc::verdict::{Leg, Legs};
use crate::facts::organization::Agreement;
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// The DMARC record asks for the very same name, and the mail has a subdomain
    ///
    /// ## What we saw
    /// The record sets adkim=s or aspf=s, strict alignment. The message passes for another name of
    /// the same organization, which strict alignment does not count.
    ///
    /// ## Why mail suffers
    /// Without that setting DMARC would accept this pass. With it the message fails, or stands on one
    /// leg only.
    ///
    /// ## How to fix it
    /// Take adkim=s or aspf=s out of the record; the default accepts any name of the organization.
    /// Or have the mail signed, or bounced to, exactly the domain in From.
    ///
    /// ## How to check
    /// Look the record up again, then send a new message: its header must say dmarc=pass.
    pub RULE = "dmarc-strict-alignment", Dmarc, Medium, judge, ["RFC 9989 §4.4.1", "RFC 9989 §4.4.2", "RFC 9989 §4.7"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(from) = facts.reading.from_domain() else { return Verdict::NotApplicable };
    let Some(record) = facts.dmarc.governing().and_then(|step| step.record()) else {
        let open = facts.dmarc.missing.first();
        return open.map_or(Verdict::NotApplicable, |q| Verdict::unknown(Gap::about(from, seen::asked_of, q)));
    };
    if !record.adkim_strict && !record.aspf_strict {
        return Verdict::Pass;
    }
    let mut legs = facts.legs().clone();
    let checked = facts.reading.subject.is_some();
    // Nothing was sent yet: what the user says of MAIL FROM is judged as if it passed.
    for leg in legs.spf.iter_mut().filter(|leg| checked && leg.passed.is_none()) {
        leg.passed = Some(true);
    }
    let (Some(seen), Some(fix)) = (seen::governing(facts), remedy(facts, &legs)) else { return Verdict::Pass };
    let fails = facts.alignment.dmarc == Some(false);
    let excused = failure::receiver_passed(facts);
    let title = match checked {
        true => format!("Strict alignment: {} does not count for {from}", names(&legs)),
        false => format!("Strict alignment: {} passes, {from} is asked for", names(&legs)),
    };
    let mut finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{title}"),
            format_args!("Strict alignment turns a pass of the same organization down"),
        ]),
    )
    .severity(match (fails, excused) {
        (_, true) => Severity::Info,
        (true, false) => failure::severity(facts),
        (false, false) => Severity::Low,
    })
    .explain(format!(
        "{} asks for strict alignment ({}), so only a pass for exactly {from} counts. This message passes for {}, of the same organization, which would count otherwise.{}",
        seen.called(),
        tags(&legs).join(", "),
        names(&legs),
        match (fails, excused) {
            (_, true) => " The receiver reported a DMARC pass all the same.",
            (true, false) => " Nothing else passes, so DMARC fails.",
            (false, false) => " DMARC passes by the other check.",
        }
    ))
    .exhibits(tags(&legs).iter().map(|tag| seen.show_tag(&tag[..tag.len() - 2], "asks for the very same name")))
    .exhibits(failure::exhibits(facts, &legs))
    .fix(fix);
    if checked {
        finding = finding.severity(Severity::Medium).explain(format!(
            "{} asks for strict alignment ({}), so only a pass for exactly {from} counts. Mail with {} in its Return-Path gets none from SPF, and passes only where DKIM signs as exactly {from}.",
            seen.called(),
            tags(&legs).join(", "),
            names(&legs)
        ));
    }
    finding = match excused {
        _ if checked => finding.sure(Confidence::Certain, "you named the address, and the record stands in DNS now"),
        true => finding.sure(Confidence::Possible, "the receiver did not mind"),
        // The record is today's; the message was judged by the one of its day.
        false => finding.sure(Confidence::Likely, "the record as it stands in DNS today"),
    };
    if fails {
        finding = finding.leads_to(&["dmarc-unaligned"]);
    }
    seen.check(finding, format!("no {}", tags(&legs).join(" and no "))).into()
}

/// Takes the strict tags out that turn a pass of this message down; `None` where none does.
pub fn remedy(facts: &Facts, legs: &Legs) -> Option<Remedy> {
    let tags = tags(legs);
    let seen = seen::governing(facts).filter(|_| !tags.is_empty())?;
    let from = facts.reading.from_domain()?;
    let mut edit = Edit::of(&seen.record.text);
    for tag in &tags {
        edit.remove(tag.split('=').next().unwrap_or(tag));
    }
    let remedy = Remedy::new(format!(
        "Take {} out of the record, so that any name of the organization counts",
        tags.join(" and ")
    ))
    .step(format!(
        "If strict alignment is wanted, sign with d={from}, or use a Return-Path at exactly {from}, instead"
    ));
    Some(seen.publish(remedy, &edit.text(), &[]))
}

fn turned_down(leg: &&Leg) -> bool {
    leg.passed == Some(true) && leg.agreement == Agreement::Relaxed && leg.strict
}

/// The tags that turn a pass down.
fn tags(legs: &Legs) -> Vec<&'static str> {
    let dkim = legs.dkim.iter().any(|leg| turned_down(&leg)).then_some("adkim=s");
    dkim.into_iter().chain(legs.spf.iter().any(|leg| turned_down(&leg)).then_some("aspf=s")).collect()
}

fn names(legs: &Legs) -> String {
    let mut names: Vec<&str> = legs.all().filter(turned_down).map(|leg| leg.domain.as_str()).collect();
    names.dedup();
    names.truncate(2);
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;

    const RECORD: &str = "v=DMARC1; p=reject; adkim=s; aspf=s; x=keep; rua=mailto:a@example.com";

    fn case(dkim: &str, spf: &str) -> Facts {
        let case = Case::from("example.com").dkim("pass", dkim).spf("pass", spf);
        case.txt("_dmarc.example.com", &[RECORD]).nothing_else().facts()
    }

    #[test]
    fn a_subdomain_is_turned_down() {
        let finding = only(judge(&case("mail.example.com", "mailer.test")));
        assert_eq!(finding.severity, Severity::Critical);
        assert_eq!(finding.leads_to, ["dmarc-unaligned"]);
        let change = &finding.fix.unwrap().records[0];
        assert_eq!(texts(&change.before), [RECORD]);
        assert_eq!(texts(&change.after), ["v=DMARC1; p=reject; aspf=s; x=keep; rua=mailto:a@example.com"]);
    }

    #[test]
    fn of_a_domain_what_is_said_of_mail_from_counts() {
        let zone = format!("_dmarc.example.com TXT \"{RECORD}\"");
        let case = Case::domain("example.com").mail_from("bounce.example.com").zone(&zone);
        let finding = only(judge(&case.facts()));
        assert_eq!((finding.severity, finding.leads_to.len()), (Severity::Medium, 0));
        assert!(finding.title.contains("bounce.example.com does not count"), "{}", finding.title);
        let exact = Case::domain("example.com").mail_from("example.com").zone(&zone);
        assert!(matches!(judge(&exact.facts()), Verdict::Pass));
    }

    #[test]
    fn one_leg_left_is_low() {
        let finding = only(judge(&case("example.com", "bounce.example.com")));
        assert_eq!((finding.severity, finding.leads_to.len()), (Severity::Low, 0));
    }

    #[test]
    fn passes_where_it_turns_nothing_down() {
        assert!(matches!(judge(&case("example.com", "example.com")), Verdict::Pass));
        assert!(matches!(judge(&case("mailer.test", "mailer.test")), Verdict::Pass));
        let relaxed =
            Case::from("example.com").dkim("pass", "mail.example.com").txt("_dmarc.example.com", &["v=DMARC1; p=none"]);
        assert!(matches!(judge(&relaxed.facts()), Verdict::Pass));
    }

    #[test]
    fn unknown_and_not_applicable() {
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &[RECORD]).facts()), Verdict::NotApplicable));
    }
}
