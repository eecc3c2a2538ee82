use super::support::{called, is_judged, is_unread, judged, record_exhibit, reported, short, spf_domain, unread};
use crate::evidence::said::Part;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::spf::record::{Mechanism, Qualifier};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Verdict, rule};

rule! {
    /// -all may refuse forwarded mail before DKIM is looked at
    ///
    /// ## What we saw
    /// The SPF record of a domain that sends mail ends in `-all`, and the domain has a DMARC policy; or a message of it
    /// was forwarded and failed SPF.
    ///
    /// ## Why mail suffers
    /// Some receivers refuse a message on SPF alone, before its DKIM signature is looked at. A forwarded message fails SPF
    /// by nature, and a good signature would have carried it through DMARC. With `~all` the DMARC policy decides, and
    /// forgeries are refused all the same.
    ///
    /// ## How to fix it
    /// Nothing is broken. If your mail is forwarded, or services send that the record does not list, `~all` with an
    /// enforced DMARC policy is the safer pair. Keep `-all` on names that never send. It is your choice.
    ///
    /// ## How to check
    /// Have a message forwarded to a mailbox elsewhere, and see that it arrives.
    pub RULE = "spf-hardfail-risk", Spf, Info, judge,
    ["RFC 7208 §8.4", "RFC 7208 Appendix G.2", "RFC 9989"]
}

fn judge(facts: &Facts) -> Verdict {
    let checked = facts.reading.subject.is_some();
    let forwarded = facts.reading.relay_mark().is_some() && matches!(reported(facts), Some("fail" | "hardfail"));
    let Some(at) = judged(facts).filter(|at| (checked || forwarded) && is_judged(facts, at)) else {
        return Verdict::NotApplicable;
    };
    if is_unread(facts, at) {
        return Verdict::unknown(unread(&at.domain));
    }
    let [text] = &at.records[..] else { return Verdict::NotApplicable };
    let Some(record) = text.sound() else {
        return Verdict::NotApplicable;
    };
    let lists = record.directives().any(|(_, d)| d.mechanism != Mechanism::All);
    let Some((all, _)) = record.all().filter(|(_, d)| lists && d.qualifier == Qualifier::Fail) else {
        return Verdict::Pass;
    };
    let Some((domain, _)) = spf_domain(facts) else { return Verdict::NotApplicable };
    let mut exhibits: Vec<Exhibit> =
        record_exhibit(facts, at, 0, Some(all.span), "refused on SPF alone").into_iter().collect();
    if let Some(mark) = facts.reading.relay_mark().filter(|_| forwarded) {
        exhibits.push(Exhibit::input(mark, "it was handed on"));
    } else {
        // Without a DMARC policy nothing else would refuse forgeries.
        if facts.dmarc.is_absent() {
            return Verdict::Pass;
        }
        if !facts.evidence.said.check.wants(Part::Dmarc) {
            return Verdict::NotApplicable;
        }
        if facts.dmarc.record().is_none() {
            let question = Question::new(&format!("_dmarc.{domain}"), Kind::Txt);
            return Verdict::unknown(Gap::dns(format!("Has {domain} a DMARC policy?"), &question));
        }
    }
    let gentle = format!("{}~all{}", &text.text[..all.span.start as usize], &text.text[all.span.end as usize..]);
    Finding::new(&RULE, format!("-all of {} may refuse forwarded mail", short(domain)))
        .sure(Confidence::Possible, "It depends on the receiver, and on whether your mail is forwarded.")
        .explain(format!(
            "{} ends in -all, which some receivers act on before they look at DKIM. Mail that is forwarded comes from a \
             server that the record does not list. With DMARC in force, ~all refuses no less and is safer.",
            called(at)
        ))
        .exhibits(exhibits)
        .fix(
            Remedy::new("Your choice: ~all, where mail is forwarded or services may be missing from the list.")
                .step(format!("The record would be: {gentle}"))
                .step("Keep -all where you accept that; it is right for names that never send."),
        )
        .check("postdoc diagnose forwarded-message.eml", "the forwarded message arrived, and dmarc=pass")
        .into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, domain, message};
    use super::*;
    use crate::evidence::Outcome;
    use crate::rules::Severity;
    use crate::span::Span;

    fn forwarded() -> Scene {
        let mut scene = message("a@example.com", "a@example.com", "192.0.2.4").reported("fail");
        scene.reading.lists.forwarder.push(Span::new(1, 5));
        scene
    }

    #[test]
    fn a_forwarded_message_that_failed() {
        let finding = forwarded().txt("example.com", &["v=spf1 mx -all"]).found(&RULE);
        assert_eq!(finding.severity, Severity::Info);
        assert!(finding.fix.unwrap().records.is_empty(), "the owner's qualifier is the owner's");
        forwarded().txt("example.com", &["v=spf1 mx ~all"]).passes(&RULE);
    }

    #[test]
    fn a_domain_with_a_policy() {
        let scene = |record: &str| domain("example.com").txt("example.com", &[record]);
        let finding = scene("v=spf1 mx -all").txt("_dmarc.example.com", &["v=DMARC1; p=reject"]).found(&RULE);
        assert_eq!(finding.confidence, Confidence::Possible);
        scene("v=spf1 mx -all").txt("_dmarc.example.com", &[]).txt("_dmarc.com", &[]).passes(&RULE);
        scene("v=spf1 mx -all").fails("_dmarc.example.com", Kind::Txt, Outcome::Timeout).unknown(&RULE);
        scene("v=spf1 -all").passes(&RULE);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 mx -all"])
            .not_applicable(&RULE);
        domain("example.com").unknown(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::ServFail).unknown(&RULE);
    }
}
