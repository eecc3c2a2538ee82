use super::support::{Own, called, dig_txt, each_record, lowered, record_exhibit, replaced, short, surveyed};
use crate::facts::Facts;
use crate::facts::organization::psl;
use crate::facts::spf::record::{Qualifier, TermKind};
use crate::facts::spf::{SpfResult, Whose};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Finding, Severity, Verdict, rule};
use std::borrow::Cow;

rule! {
    /// The SPF record says nothing about servers it does not list
    ///
    /// ## What we saw
    /// The SPF record has no `all` and no `redirect=` at its end, or it ends in `?all`. A server that no term lists then
    /// gets the result `neutral`, which is what a domain without any record gets.
    ///
    /// ## Why mail suffers
    /// Anyone can forge the domain in the Return-Path without a mark against it, and receivers trust such a record less.
    /// Your own mail passes as before.
    ///
    /// ## How to fix it
    /// Make sure that every server and service that sends is listed, then end the record with `~all`. `-all` is for
    /// names that never send, or where you are certain of the list. A record that others only take in by `include:` needs no
    /// `all`.
    ///
    /// ## How to check
    /// Evaluate the record for an address that is not yours: the result is `softfail`, no longer `neutral`.
    pub RULE = "spf-neutral-or-no-all", Spf, Medium, judge,
    ["RFC 7208 §4.7", "RFC 7208 §5.1", "RFC 7208 §8.2"]
}

fn judge(facts: &Facts) -> Verdict {
    each_record(facts, open_end)
}

fn open_end(facts: &Facts, own: &Own) -> Option<Finding> {
    if own.at.whose == Whose::Pasted && is_for_include(&own.at.domain) {
        return None;
    }
    let all = own.record.all();
    let (span, new) = match (all, own.record.redirect()) {
        (Some((term, directive)), _) if directive.qualifier == Qualifier::Neutral => {
            let closed = |t: &crate::facts::spf::record::Term| {
                Some(if t.span == term.span { Cow::Borrowed("~all") } else { Cow::Borrowed(own.word(t.span)) })
            };
            (Some(term.span), Some(own.rewritten(closed)))
        }
        (Some(_), _) => return None,
        (None, Some((term, _))) => {
            // The record it leads to decides; what that says is known to a survey alone.
            let survey = surveyed(facts, &own.at.domain, &own.text.text);
            if !survey.is_complete() || survey.default != Some(SpfResult::Neutral) {
                return None;
            }
            (Some(term.span), None)
        }
        (None, None) => (None, closed(own)),
    };
    let redirected = new.is_none() && span.is_some();
    let severity = lowered(facts, own.at, Severity::Medium);
    let title = match own.at.domain.as_str() {
        "" => "This SPF record leaves unlisted servers neutral".to_owned(),
        domain => format!("SPF of {} leaves unlisted servers neutral", short(domain)),
    };
    let label = match (redirected, span) {
        (true, _) => "the record this leads to has no verdict at its end",
        (false, Some(_)) => "neutral: no verdict on anyone else",
        (false, None) => "no all at the end",
    };
    let mut remedy = Remedy::new("End the record with ~all, once every sender of yours is listed.").step(
        "List every server and service that sends for the domain first: with ~all, what is missing fails softly.",
    );
    if redirected {
        remedy = remedy.step("Whoever runs the record that redirect= names must end it with ~all.");
    } else if let Some(new) = new {
        remedy = replaced(facts, own.at, own.text, &new, remedy);
    } else {
        remedy = remedy.step("The record lists nobody: where the domain never sends, it should be v=spf1 -all.");
    }
    Some(
        Finding::new(&RULE, title)
            .severity(severity)
            .sure(Confidence::Certain, "The record is there to read.")
            .explain(format!(
                "{} gives no verdict on servers that it does not list: receivers get `neutral`, as if there were no \
                 record. Mail of your own servers passes, and so does nothing else, but forged mail is not marked either.",
                called(own.at)
            ))
            .exhibits(record_exhibit(facts, own.at, 0, span, label))
            .fix(remedy)
            .check(
                dig_txt(&own.at.domain),
                match redirected {
                    true => "one record that begins v=spf1; and the one that redirect= names ends in ~all or -all",
                    false => "one record that begins v=spf1 and ends in ~all or -all",
                },
            ),
    )
}

/// Does a record of this name serve others' `include:`, as `_spf` and `_netblocks` do? There only a pass counts, and any `all`
/// that does not pass is as good as none (RFC 7208 §5.2).
fn is_for_include(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    first.starts_with('_') || first.trim_end_matches(|c: char| c.is_ascii_digit()) == "spf" && psl(name) != Some(name)
}

/// The record with `~all` behind its last mechanism; `None` where it has none.
fn closed(own: &Own) -> Option<String> {
    let last = own.record.terms.iter().rfind(|t| matches!(t.kind, TermKind::Directive(_)))?.span;
    Some(own.rewritten(|t| {
        let word = own.word(t.span);
        Some(if t.span == last { Cow::Owned(format!("{word} ~all")) } else { Cow::Borrowed(word) })
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    #[test]
    fn no_all_and_a_neutral_all() {
        for (record, right) in [
            ("v=spf1 mx", "v=spf1 mx ~all"),
            ("v=spf1  mx exp=why.test", "v=spf1 mx ~all exp=why.test"),
            ("v=spf1 mx ?ALL", "v=spf1 mx ~all"),
        ] {
            let finding = domain("example.com").txt("example.com", &[record]).found(&RULE);
            assert_eq!((finding.severity, after(&finding)), (Severity::Medium, vec![right.to_owned()]), "{record}");
            assert_eq!(after(&pasted(None, &[record]).found(&RULE)), [right]);
        }
        let finding = pasted(None, &["v=spf1"]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        let message = message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1 mx"]);
        assert_eq!(message.found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn a_redirect_is_followed() {
        let scene = || domain("example.com").txt("example.com", &["v=spf1 redirect=b.test"]);
        let finding = scene().txt("b.test", &["v=spf1 ip4:192.0.2.1"]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
        scene().txt("b.test", &["v=spf1 ip4:192.0.2.1 -all"]).passes(&RULE);
        scene().fails("b.test", Kind::Txt, Outcome::Timeout).passes(&RULE);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        // Parts for `include:` need none.
        for name in ["_spf.example.com", "_netblocks2.example.com", "_spf1", "spf.example.com"] {
            pasted(Some(name), &["v=spf1 ip4:192.0.2.0/24"]).passes(&RULE);
            pasted(Some(name), &["v=spf1 ip4:192.0.2.0/24 ?all"]).passes(&RULE);
        }
        for name in ["example.com", "spf.example", "spfoo.example.com"] {
            pasted(Some(name), &["v=spf1 mx"]).found(&RULE);
        }
        pasted(None, &["v=spf1 mx ~all"]).passes(&RULE);
        domain("example.com").txt("example.com", &[]).not_applicable(&RULE);
        domain("example.com").fails("example.com", Kind::Txt, Outcome::ServFail).unknown(&RULE);
        assert_eq!(domain("example.com").unknown(&RULE).len(), 1);
    }
}
