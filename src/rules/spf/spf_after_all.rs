use super::support::{Own, called, dig_txt, each_record, is_sound, record_exhibit, replaced, short, surveyed};
use crate::facts::Facts;
use crate::facts::spf::record::{Mechanism, Qualifier, Term, TermKind};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Finding, Verdict, rule};
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
    /// Move what stands behind `all` in front of it, where you mean it. Take out the `redirect=`, or the `all`.
    ///
    /// ## How to check
    /// Ask for the record again: one `all`, at the end.
    pub RULE = "spf-after-all", Spf, Low, judge,
    ["RFC 7208 §5.1", "RFC 7208 §6.1"]
}

fn judge(facts: &Facts) -> Verdict {
    each_record(facts, |own| unread(facts, &own))
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
    let mut remedy = Remedy::new("Put `all` at the end, and leave out what is not meant.");
    match directive.qualifier == Qualifier::Pass {
        true => remedy = remedy.step("The record lets everyone send: settle that first."),
        false => {
            let new = moved(own, all);
            let survey = surveyed(facts, &own.at.domain, &new);
            remedy = match is_sound(&survey) {
                true => replaced(facts, own.at, own.text, &new, remedy)
                    .step("What stood behind `all` counts from then on: leave out what should not send."),
                false => {
                    remedy.step("All of it together is too much for one record: leave out what is not in use first.")
                }
            };
        }
    }
    Some(
        Finding::new(&RULE, title)
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
            .check(dig_txt(&own.at.domain), "one record that begins v=spf1, with one all at its end"),
    )
}

/// The record with its first `all` behind every other mechanism, without `redirect=` and further `all`.
fn moved(own: &Own, all: &Term) -> String {
    let is_all = |t: &Term| matches!(&t.kind, TermKind::Directive(d) if d.mechanism == Mechanism::All);
    let last = own.record.terms.iter().rfind(|t| matches!(t.kind, TermKind::Directive(_)) && !is_all(t));
    let behind = last.map_or(all.span, |t| t.span.max(all.span));
    let all = own.word(all.span);
    own.rewritten(|t| {
        let word = own.word(t.span);
        match &t.kind {
            TermKind::Redirect(_) => None,
            _ if t.span == behind && is_all(t) => Some(Cow::Borrowed(all)),
            _ if t.span == behind => Some(Cow::Owned(format!("{word} {all}"))),
            _ if is_all(t) => None,
            _ => Some(Cow::Borrowed(word)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    #[test]
    fn all_comes_last() {
        for (record, right) in [
            ("v=spf1 mx -all ip4:192.0.2.1", "v=spf1 mx ip4:192.0.2.1 -all"),
            ("v=spf1 ~all mx exp=a.test", "v=spf1 mx ~all exp=a.test"),
            ("v=spf1 mx -all -all", "v=spf1 mx -all"),
            ("v=spf1 redirect=a.test mx ~all", "v=spf1 mx ~all"),
            ("v=spf1 -all redirect=a.test", "v=spf1 -all"),
        ] {
            let finding = pasted(None, &[record]).found(&RULE);
            assert_eq!(after(&finding), [right], "{record}");
            pasted(None, &[right]).passes(&RULE);
        }
        let finding = pasted(None, &["v=spf1 +all mx"]).found(&RULE);
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
