use super::support::{
    Own, called, consequences, dig_txt, each_record, is_judged, is_sound, lowered, record_exhibit, replaced,
    reported_pass, short, surveyed, weighed,
};
use crate::facts::Facts;
use crate::facts::spf::SpfResult;
use crate::facts::spf::record::{Mechanism, Qualifier, Term, TermKind};
use crate::remedy::{self, Remedy, spf_trial};
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};
use std::borrow::Cow;

rule! {
    /// Part of the SPF record is never read
    ///
    /// ## What we saw
    /// Something stands behind `all`, or a `redirect=` stands beside one. `all` matches every sender, so receivers stop
    /// there: nothing behind it counts, and a `redirect=` is ignored.
    ///
    /// ## Why mail suffers
    /// Servers and services that are listed behind `all` are not allowed to send, though the record looks as if they were.
    ///
    /// ## How to fix it
    /// Move what stands behind `all` in front of it, where you mean it. Of `redirect=` and `all` only one can stay: where
    /// the record lists nothing else, take out the `all`.
    ///
    /// ## How to check
    /// Ask for the record again: one `all`, at the end.
    pub RULE = "spf-after-all", Spf, Low, judge,
    ["RFC 7208 §5.1", "RFC 7208 §6.1"]
}

fn judge(facts: &Facts) -> Verdict {
    each_record(facts, unread)
}

fn unread(facts: &Facts, own: &Own) -> Option<Finding> {
    let (all, directive) = own.record.all()?;
    let lost = |t: &&Term| match &t.kind {
        TermKind::Directive(_) => t.span > all.span,
        TermKind::Redirect(_) => true,
        _ => false,
    };
    let first = own.record.terms.iter().find(lost)?;
    let words: Vec<&str> = own.record.terms.iter().filter(lost).take(5).map(|t| own.word(t.span)).collect();
    let title = match own.at.domain.as_str() {
        "" => "Part of this SPF record is never read".to_owned(),
        domain => format!("Part of the SPF record of {} is never read", short(domain)),
    };
    let alone = is_redirect_alone(own);
    let choice = choice(facts, own, own.word(all.span));
    let mut remedy = Remedy::new(match alone {
        true => "Take out the `all`: beside it, `redirect=` is ignored, and nobody is listed.",
        false => "Put `all` at the end, and leave out what is not meant.",
    });
    let mut costs = false;
    match (directive.qualifier == Qualifier::Pass, choice) {
        (true, _) => remedy = remedy.step("The record lets everyone send: settle that first."),
        (false, Some(choice)) => remedy.steps.extend(choice),
        (false, None) => {
            let new = ended(own, own.word(all.span));
            let sound = is_sound(&surveyed(facts, &own.at.domain, &new));
            costs = sound && is_cure(facts, own, &new);
            remedy = match (sound, alone) {
                (true, true) => replaced(facts, own.at, own.text, &new, remedy),
                (true, false) => replaced(facts, own.at, own.text, &new, remedy)
                    .step("What stood behind `all` counts from then on: leave out what should not send."),
                (false, true) => remedy.step("Put the record right that `redirect=` leads to, first."),
                (false, false) => {
                    remedy.step("All of it together is too much for one record: leave out what is not in use first.")
                }
            };
        }
    }
    let severity = match (costs, alone) {
        (true, _) => weighed(facts, Severity::Critical, Severity::Low),
        (false, true) => lowered(facts, own.at, Severity::High),
        (false, false) => RULE.severity,
    };
    let mut leads_to = Vec::new();
    if costs {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    Some(
        Finding::new(&RULE, title)
            .severity(severity)
            .leads_to(&leads_to)
            .sure(Confidence::Certain, "The record is there to read.")
            .explain(format!(
                "In {} receivers stop at {}, which matches everyone. They never read: {}.",
                called(own.at).replacen("The", "the", 1).replacen("This", "this", 1),
                own.word(all.span),
                words.join(", ")
            ))
            .exhibits(record_exhibit(facts, own.at, 0, Some(first.span), "never read"))
            .exhibits(record_exhibit(facts, own.at, 0, Some(all.span), "receivers stop here"))
            .fix(remedy)
            .check(
                dig_txt(&own.at.domain),
                match alone {
                    true => "one record that begins v=spf1, with redirect= and no all",
                    false => "one record that begins v=spf1, with one all at its end",
                },
            ),
    )
}

/// Was the message refused that the record, read to its end, allows?
fn is_cure(facts: &Facts, own: &Own, new: &str) -> bool {
    let Some(check) = facts.spf.as_ref().filter(|c| is_judged(facts, own.at) && c.domain == own.at.domain) else {
        return false;
    };
    let refused = matches!(check.result, Some(SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral));
    let helo = facts.identities.helo.as_ref().map(|h| h.value.as_str());
    refused
        && !reported_pass(facts)
        && spf_trial::run(&facts.evidence.answers, check, helo, new).result == Some(SpfResult::Pass)
}

fn is_all(term: &Term) -> bool {
    matches!(&term.kind, TermKind::Directive(d) if d.mechanism == Mechanism::All)
}

/// Is a `redirect=` all that the record lists beside `all`? Then it was meant, and `all` was not (RFC 7208 §6.1).
fn is_redirect_alone(own: &Own) -> bool {
    own.record.terms.iter().any(|t| matches!(t.kind, TermKind::Redirect(_)))
        && own.record.directives().all(|(term, _)| is_all(term))
}

/// The record with `end` behind every other mechanism, without `redirect=` and further `all`; or with `redirect=` and
/// no `all`.
pub(super) fn ended(own: &Own, end: &str) -> String {
    if is_redirect_alone(own) {
        return own.rewritten(|t| (!is_all(t)).then(|| Cow::Borrowed(own.word(t.span))));
    }
    let behind = own.record.terms.iter().rfind(|t| matches!(t.kind, TermKind::Directive(_))).map(|t| t.span);
    own.rewritten(|t| {
        let word = own.word(t.span);
        match &t.kind {
            TermKind::Redirect(_) => None,
            _ if Some(t.span) == behind && is_all(t) => Some(Cow::Owned(end.to_owned())),
            _ if Some(t.span) == behind => Some(Cow::Owned(format!("{word} {end}"))),
            _ if is_all(t) => None,
            _ => Some(Cow::Borrowed(word)),
        }
    })
}

/// A `redirect=` among mechanisms and `all` was ignored, and may have been meant: only the owner knows. Both records, each with
/// when it is right.
pub(super) fn choice(facts: &Facts, own: &Own, end: &str) -> Option<[String; 2]> {
    let redirect = own.record.terms.iter().find(|t| matches!(t.kind, TermKind::Redirect(_)))?;
    let (_, target) = own.word(redirect.span).split_once('=').filter(|_| !is_redirect_alone(own))?;
    let without = ended(own, end);
    let with = remedy::spf::merge(&without, &[&format!("include:{target}")]);
    is_sound(&surveyed(facts, &own.at.domain, &with)).then(|| {
        [
            format!("If what {target} lists sends for you too, the record becomes: {with}"),
            format!("If it does not, the record becomes: {without}"),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    #[test]
    fn all_comes_last() {
        for (record, right) in [
            ("v=spf1 mx -all ip4:192.0.2.1", "v=spf1 mx ip4:192.0.2.1 -all"),
            ("v=spf1 ~all mx exp=a.test", "v=spf1 mx ~all exp=a.test"),
            ("v=spf1 mx -all -all", "v=spf1 mx -all"),
            ("v=spf1 redirect=a.test ~all", "v=spf1 redirect=a.test"),
            ("v=spf1 -all redirect=a.test exp=b.test", "v=spf1 redirect=a.test exp=b.test"),
        ] {
            let finding = pasted(None, &[record]).found(&RULE);
            assert_eq!(after(&finding), [right], "{record}");
            pasted(None, &[right]).passes(&RULE);
        }
        let finding = pasted(None, &["v=spf1 +all mx"]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn whether_a_redirect_beside_mechanisms_was_meant_is_asked() {
        let fix = |target: &[&str]| {
            let scene =
                domain("example.com").txt("example.com", &["v=spf1 mx redirect=a.test -all"]).txt("a.test", target);
            scene.mx("example.com", "mx.example.com").host("mx.example.com", &["192.0.2.1"]).found(&RULE).fix.unwrap()
        };
        let asked = fix(&["v=spf1 ip4:192.0.2.4 -all"]);
        assert!(asked.records.is_empty());
        assert!(asked.steps[0].ends_with("v=spf1 mx include:a.test -all"), "{:?}", asked.steps);
        assert!(asked.steps[1].ends_with("v=spf1 mx -all"), "{:?}", asked.steps);
        // What leads to no record cannot have been meant so.
        assert_eq!(fix(&[]).records[0].after, [remedy::text("v=spf1 mx -all")]);
    }

    #[test]
    fn what_is_never_read_and_would_let_the_message_pass_is_the_cause() {
        let sent = |record: &str| {
            message("a@example.com", "a@example.com", "192.0.2.4")
                .txt("example.com", &[record])
                .txt("b.test", &["v=spf1 ip4:192.0.2.4 -all"])
        };
        for record in ["v=spf1 redirect=b.test ~all", "v=spf1 ip4:192.0.2.1 -all ip4:192.0.2.4"] {
            let finding = sent(record).found(&RULE);
            assert_eq!(finding.severity, Severity::Critical, "{record}");
            assert_eq!(finding.leads_to, ["spf-not-authorized", "dmarc-unaligned"]);
            assert_eq!(sent(record).cured(&RULE), SpfResult::Pass);
        }
        let other = sent("v=spf1 ip4:192.0.2.4 -all ip4:192.0.2.1").found(&RULE);
        assert_eq!((other.severity, other.leads_to.len()), (Severity::Low, 0));
        let finding = domain("example.com").txt("example.com", &["v=spf1 redirect=b.test ~all"]).txt("b.test", &[]);
        let finding = finding.found(&RULE);
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn it_proposes_nothing_over_the_limits() {
        let many: Vec<String> = (0..11).map(|n| format!("a:h{n}.test")).collect();
        let finding = pasted(None, &[&format!("v=spf1 -all {}", many.join(" "))]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=spf1 mx -all exp=a.test x=y"]).passes(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::Timeout).unknown(&RULE);
    }
}
