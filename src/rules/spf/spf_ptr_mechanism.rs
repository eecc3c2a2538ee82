use super::support::{Own, called, dig_txt, each_record, record_exhibit, replaced, short};
use crate::facts::Facts;
use crate::facts::spf::domain_spec::{DomainSpec, Part};
use crate::facts::spf::record::{Mechanism, Term, TermKind};
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Finding, Verdict, rule};
use std::borrow::Cow;

rule! {
    /// The SPF record uses ptr, which should not be used
    ///
    /// ## What we saw
    /// The SPF record holds the mechanism `ptr`, or the macro `%{p}`. Both ask for the reverse name of the sending address
    /// and then for the addresses of that name.
    ///
    /// ## Why mail suffers
    /// The standard says not to publish it: it is slow, it breaks when the reverse zone does, and some receivers ignore
    /// it or drop the record for it. Mail that only `ptr` lets through then fails.
    ///
    /// ## How to fix it
    /// Replace it by the addresses of the servers it stands for, with `ip4:`, `ip6:` or `a:`.
    ///
    /// ## How to check
    /// Ask for the record again: neither `ptr` nor `%{p}` is in it.
    pub RULE = "spf-ptr-mechanism", Spf, Low, judge,
    ["RFC 7208 §5.5", "RFC 7208 §7.2"]
}

fn judge(facts: &Facts) -> Verdict {
    each_record(facts, reverse)
}

fn reverse(facts: &Facts, own: &Own) -> Option<Finding> {
    let term = own.record.terms.iter().find(|t| asks_reverse(t))?;
    let servers = "ip4: or ip6: of each server meant";
    let new = own.rewritten(|t| {
        Some(match &t.kind {
            TermKind::Directive(d) if matches!(d.mechanism, Mechanism::Ptr(_)) => Cow::Owned(blank(servers)),
            _ => Cow::Borrowed(own.word(t.span)),
        })
    });
    let remedy = Remedy::new("Write the addresses of the servers in its place.");
    let remedy = match new == own.rewritten(|t| Some(Cow::Borrowed(own.word(t.span)))) {
        true => remedy.step("Write the name in place of the macro %{p}, or list the addresses."),
        false => replaced(facts, own.at, own.text, &new, remedy)
            .blank(servers)
            .step("Where ptr lets nobody in any more, leave it out."),
    };
    let word = own.word(term.span);
    let title = match own.at.domain.as_str() {
        "" => "This SPF record relies on reverse names (ptr)".to_owned(),
        domain => format!("SPF of {} relies on reverse names (ptr)", short(domain)),
    };
    Some(
        Finding::new(&RULE, title)
            .sure(Confidence::Certain, "The record is there to read.")
            .explain(format!(
                "{} holds {word}, which the standard tells nobody to publish any more. It makes every receiver ask for the \
                 reverse name of every sender, and some do not.",
                called(own.at)
            ))
            .exhibits(record_exhibit(facts, own.at, 0, Some(term.span), "do not use"))
            .fix(remedy)
            .check(dig_txt(&own.at.domain), "a record without ptr and %{p}"),
    )
}

fn asks_reverse(term: &Term) -> bool {
    let has = |spec: &DomainSpec| spec.parts.iter().any(|p| matches!(p, Part::Macro(m) if m.letter == b'p'));
    match &term.kind {
        TermKind::Redirect(spec) | TermKind::Exp(spec) => has(spec),
        TermKind::Directive(directive) => match &directive.mechanism {
            Mechanism::Ptr(_) => true,
            Mechanism::Include(spec) | Mechanism::Exists(spec) => has(spec),
            Mechanism::A { domain, .. } | Mechanism::Mx { domain, .. } => domain.as_ref().is_some_and(has),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    #[test]
    fn ptr_and_its_macro() {
        let finding = domain("example.com").txt("example.com", &["v=spf1 mx ptr:example.com -all"]).found(&RULE);
        assert_eq!(after(&finding), ["v=spf1 mx <ip4: or ip6: of each server meant> -all"]);
        let finding = pasted(None, &["v=spf1 exists:%{p}.x.test -all"]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1 ptr ~all"]).found(&RULE);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=spf1 mx exists:%{i}.ptr.test ~all"]).passes(&RULE);
        pasted(None, &["v=spf1 ptr/24 -all"]).not_applicable(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::Refused).unknown(&RULE);
    }
}
