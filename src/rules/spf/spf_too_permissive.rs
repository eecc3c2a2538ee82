use super::support::{names, record_exhibit, short, unread};
use crate::evidence::Kind;
use crate::facts::Facts;
use crate::facts::spf::record::{Qualifier, Record};
use crate::facts::spf::{Published, SpfText, Whose};
use crate::remedy::{self, Remedy};
use crate::rules::spf::support::{is_unread, pasted_change};
use crate::rules::{Confidence, Finding, Verdict, rule};

rule! {
    /// The SPF record lets everyone send
    ///
    /// ## What we saw
    /// The SPF record ends in `+all`, or in `all` without a sign, which means the same: every server in
    /// the world passes.
    ///
    /// ## Why mail suffers
    /// Anyone can send mail in the domain's name that passes SPF, and with it DMARC. Receivers know such
    /// records and trust them less than none.
    ///
    /// ## How to fix it
    /// List the servers and services that really send, and end the record with `~all`; `-all` where
    /// nothing else sends. First make sure that every sender of yours is listed.
    ///
    /// ## How to check
    /// Look the record up again: it ends in `~all` or `-all`.
    pub RULE = "spf-too-permissive", Spf, Critical, judge,
    ["RFC 7208 §5.1", "RFC 7208 §11.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let (mut found, mut gaps, mut any) = (Vec::new(), Vec::new(), false);
    for at in names(facts).into_iter().filter(|at| at.whose != Whose::Helo) {
        if is_unread(facts, at) {
            gaps.push(unread(&at.domain));
        }
        if let [only] = &at.records[..] {
            any = true;
            found.extend(open(facts, at, only));
        }
    }
    match any || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        false => Verdict::NotApplicable,
    }
}

fn open(facts: &Facts, at: &Published, text: &SpfText) -> Option<Finding> {
    let record = Record::parse(text.text.as_bytes()).filter(|r| !r.broken)?;
    let (term, _) = record.all().filter(|(_, d)| d.qualifier == Qualifier::Pass)?;
    let closed = format!("{}~all{}", &text.text[..term.span.start as usize], &text.text[term.span.end as usize..]);
    let change = match at.whose {
        Whose::Pasted => pasted_change(facts, at, |n| n == text.index, Some(&closed)).map(|(change, _)| change),
        _ => remedy::spf::change(&facts.evidence.answers, &at.domain, |t| t == text.text.as_bytes(), Some(&closed)),
    };
    let fix = Remedy::new("End the record with ~all in place of +all, once every sender of yours is listed").step(
        "List every server and service that sends for the domain first: with ~all, what is missing fails softly.",
    );
    let fix = match change {
        Some(change) if at.domain.is_empty() => fix.record(change).blank("your domain"),
        Some(change) => fix.record(change),
        None => fix.step(format!("Publish: {closed}")),
    };
    let (name, shown) = match at.domain.as_str() {
        "" => ("<your domain>", "This SPF record".to_owned()),
        domain => (domain, format!("The SPF record of {}", short(domain))),
    };
    Some(
        Finding::new(&RULE, format!("{shown} lets everyone send"))
            .sure(Confidence::Certain, "The record is there to read.")
            .explain(format!(
                "{} in the record means that every server passes SPF. Anyone can send as the domain.",
                String::from_utf8_lossy(term.span.of(text.text.as_bytes()))
            ))
            .exhibits(record_exhibit(facts, at, 0, Some(term.span), "everyone passes"))
            .fix(fix)
            .check(
                format!("dig +short {} {name}", Kind::Txt),
                "one record that begins v=spf1 and ends in ~all or -all",
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{message, pasted};
    use super::*;

    #[test]
    fn everyone_is_let_in_by_plus_all_and_by_a_bare_all() {
        for (record, right) in
            [("v=spf1 mx +all", "v=spf1 mx ~all"), ("v=spf1 include:a.example all", "v=spf1 include:a.example ~all")]
        {
            let verdict = pasted(Some("example.com"), &[record]).judge(&RULE);
            let Verdict::Found(found) = verdict else { panic!("{record}: {verdict:?}") };
            let fix = found[0].fix.clone().unwrap();
            assert_eq!(fix.records[0].after, [remedy::text(right)], "{record}");
        }
    }

    #[test]
    fn it_passes_with_any_other_end_and_says_nothing_without_a_record() {
        for record in ["v=spf1 mx ~all", "v=spf1 mx", "v=spf1 redirect=a.example"] {
            assert!(matches!(pasted(None, &[record]).judge(&RULE), Verdict::Pass), "{record}");
        }
        assert!(matches!(pasted(None, &["v=DMARC1; p=none"]).judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn it_does_not_know_what_nobody_answered() {
        let verdict = message("a@example.com", "b@example.com", "192.0.2.1").judge(&RULE);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    }
}
