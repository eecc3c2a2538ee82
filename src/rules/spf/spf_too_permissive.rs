use super::spf_after_all::{choice, ended};
use super::support::{
    Own, called, dig_txt, evaluate, is_unread, lists_nobody, lowered, names, record_exhibit, replaced, short,
    survey_of, txt, unread,
};
use crate::evidence::Kind;
use crate::facts::Facts;
use crate::facts::spf::record::{Mechanism, Qualifier, Record, Term};
use crate::facts::spf::{Branch, BranchState, Node, Published, SpfResult, SpfText, Whose};
use crate::remedy::spf::SENDERS;
use crate::remedy::{Remedy, blank};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};
use crate::shell::command;
use crate::span::Span;

rule! {
    /// The SPF record lets everyone send
    ///
    /// ## What we saw
    /// The SPF record ends in `+all`, or in `all` without a sign, which means the same: every server in
    /// the world passes. Or a record that it includes does so, or it lists a network of millions of addresses.
    ///
    /// ## Why mail suffers
    /// Anyone can send mail in the domain's name that passes SPF, and with it DMARC. Receivers know such
    /// records and trust them less than none.
    ///
    /// ## How to fix it
    /// List the servers and services that really send, and end the record with `~all`; `-all` where
    /// nothing else sends. `~all` alone allows nobody. First make sure that every sender of yours is listed.
    ///
    /// ## How to check
    /// Look the record up again: it has no `+all` any more, and no `all` without a sign.
    pub RULE = "spf-too-permissive", Spf, Critical, judge,
    ["RFC 7208 §5.1", "RFC 7208 §11.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let (mut found, mut gaps, mut any) = (Vec::new(), Gaps::new(), false);
    for at in names(facts).filter(|at| at.whose != Whose::Helo) {
        if is_unread(facts, at) {
            gaps.push(unread(&at.domain));
        }
        if let [only] = &at.records[..] {
            any = true;
            found.extend(open(facts, at, only));
            found.extend(wide(facts, at, only));
        }
    }
    found.extend(below(facts));
    match any || !gaps.is_empty() {
        true => Verdict::of(found, gaps),
        false => Verdict::NotApplicable,
    }
}

fn open(facts: &Facts, at: &Published, text: &SpfText) -> Option<Finding> {
    let record = text.sound()?;
    let (term, _) = record.all().filter(|(_, d)| d.qualifier == Qualifier::Pass)?;
    let fix = Remedy::new("End the record with ~all in place of +all, once every sender of yours is listed").step(
        "List every server and service that sends for the domain first: with ~all, what is missing fails softly.",
    );
    let own = Own { at, text, record };
    let fix = match choice(facts, &own, "~all") {
        Some(choice) => fix.steps(choice),
        None => {
            let closed = ended(&own, "~all");
            match lists_nobody(&closed) {
                // Closed as it is it would shut everyone out.
                true => {
                    let open = ended(&own, &format!("{} ~all", blank(SENDERS)));
                    replaced(facts, at, text, &open, fix.blank(SENDERS))
                }
                false => replaced(facts, at, text, &closed, fix),
            }
        }
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
                command!("dig +short {} {}", Kind::Txt, name),
                "one record that begins v=spf1, without +all and without a bare all",
            ),
    )
}

/// A network so large that strangers send from it too; what a service lists in its own record is its business.
fn wide(facts: &Facts, at: &Published, text: &SpfText) -> Option<Finding> {
    let record = text.sound()?;
    let bits = |m: &Mechanism| match m {
        Mechanism::Ip4 { prefix, .. } if *prefix < 16 => Some((*prefix, 32 - *prefix)),
        Mechanism::Ip6 { prefix, .. } if *prefix < 32 => Some((*prefix, 128 - *prefix)),
        _ => None,
    };
    let all = record.all().map(|(all, _)| all.span);
    let before = |t: &Term| all.is_none_or(|all| t.span < all);
    let passes = record.directives().filter(|(t, d)| d.qualifier == Qualifier::Pass && before(t));
    let (term, (prefix, free)) = passes.filter_map(|(t, d)| Some((t, bits(&d.mechanism)?))).min_by_key(|(_, b)| *b)?;
    let word = String::from_utf8_lossy(term.span.of(text.text.as_bytes())).into_owned();
    // Below /8 no owner has all of it.
    let (severity, confidence) = match prefix < 8 {
        true => (Severity::Critical, Confidence::Likely),
        false => (Severity::Medium, Confidence::Possible),
    };
    Some(
        Finding::new(&RULE, format!("{} lets a huge network send", called(at)))
            .severity(lowered(facts, at, severity))
            .sure(confidence, "The term is there to read; whose addresses they are, only you know.")
            .explain(format!(
                "{word} covers 2^{free} addresses. Whoever sends from one of them passes SPF for this domain, and DMARC with it."
            ))
            .exhibits(record_exhibit(facts, at, 0, Some(term.span), "all of these may send"))
            .fix(
                Remedy::new("List the addresses that really send in its place.")
                    .blank("the addresses of your servers")
                    .step(format!("Is the prefix a slip? {word} means the whole network.")),
            )
            .check(dig_txt(&at.domain), "networks no larger than yours"),
    )
}

/// A network that no owner has all of, in a record that one leads to, and whose record that is.
fn world(node: &Node) -> Option<(&Node, Span)> {
    let record = node.record.as_ref().and_then(|r| Record::parse(r.as_bytes())).filter(|r| !r.broken)?;
    let all = record.all().map(|(all, _)| all.span);
    let passes = |span: Span| {
        let directive = record.directives().find(|(t, _)| t.span == span).map(|(_, d)| d);
        all.is_none_or(|all| span < all) && directive.is_none_or(|d| d.qualifier == Qualifier::Pass)
    };
    let huge =
        |m: &Mechanism| matches!(m, Mechanism::Ip4 { prefix, .. } | Mechanism::Ip6 { prefix, .. } if *prefix < 8);
    let own = record.directives().find(|(t, d)| huge(&d.mechanism) && passes(t.span));
    let further = || node.terms.iter().filter(|b| passes(b.span)).find_map(|b| world(b.below.as_ref()?));
    own.map(|(term, _)| (node, term.span)).or_else(further)
}

/// A record that ours leads to lets everyone in, and ours with it (RFC 7208 §5.2).
fn below(facts: &Facts) -> Option<Finding> {
    let (survey, at) = survey_of(facts)?;
    let ends = |b: &&Branch| b.cost > 0 && matches!(b.state, BranchState::Matched(SpfResult::Pass));
    let Some((branch, target)) = survey.tree.terms.iter().find(ends).and_then(|b| Some((b, b.below.as_ref()?))) else {
        return wide_below(facts, &survey.tree, at);
    };
    Some(
        Finding::new(&RULE, format!("{} lets everyone send, by way of an include", called(at)))
            .sure(Confidence::Likely, "This is what DNS says today.")
            .explain(format!(
                "{} leads to the record of {}, which lets every server in the world send. With it this record does too.",
                branch.text, target.domain
            ))
            .exhibits(record_exhibit(facts, at, 0, Some(branch.span), "lets everyone in"))
            .exhibits(target.record.as_ref().map(|r| Exhibit::dns(&txt(&target.domain), r, None, "ends in +all")))
            .fix(
                Remedy::new(format!("Take {} out, or have {} corrected.", branch.text, target.domain))
                    .step(format!("Tell whoever runs {} about it.", target.domain)),
            )
            .check(evaluate(&at.domain), "a sender that no term lists gets softfail or fail"),
    )
}

/// A record that ours leads to lists half the world, or all of it.
fn wide_below(facts: &Facts, tree: &Node, at: &Published) -> Option<Finding> {
    // What stands behind `all` is not followed.
    let lets_in = |b: &&Branch| !b.text.starts_with(['-', '~', '?']);
    let (branch, (node, span)) =
        tree.terms.iter().filter(lets_in).find_map(|b| Some((b, world(b.below.as_ref()?)?)))?;
    let text = node.record.as_deref().unwrap_or_default();
    let term = text.get(span.range()).unwrap_or_default();
    let whose = if at.domain.is_empty() { "this record".to_owned() } else { short(&at.domain) };
    Some(
        Finding::new(&RULE, format!("An include of {whose} lets strangers send"))
            .severity(lowered(facts, at, Severity::Critical))
            .sure(Confidence::Likely, "This is what DNS says today.")
            .explain(format!(
                "{} leads to the record of {}, and {term} in it covers networks of owners all over the world. Whoever sends from one of these addresses passes SPF for this domain, and DMARC with it.",
                branch.text, node.domain
            ))
            .exhibits(record_exhibit(facts, at, 0, Some(branch.span), "leads there"))
            .exhibit(Exhibit::dns(&txt(&node.domain), text, Some(span), "all of these may send"))
            .fix(
                Remedy::new(format!("Take {} out, or have {} corrected.", branch.text, node.domain))
                    .step(format!("Tell whoever runs {} about it.", node.domain)),
            )
            .check(evaluate(&at.domain), "a sender that no term lists gets softfail or fail"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;

    #[test]
    fn everyone_is_let_in_by_plus_all_and_by_a_bare_all() {
        for (record, right) in [
            ("v=spf1 mx +all", "v=spf1 mx ~all"),
            ("v=spf1 include:a.example all", "v=spf1 include:a.example ~all"),
            ("v=spf1 ip4:192.0.2.9 all include:a.example", "v=spf1 ip4:192.0.2.9 include:a.example ~all"),
            ("v=spf1 redirect=a.example +all", "v=spf1 redirect=a.example"),
        ] {
            let finding = pasted(Some("example.com"), &[record]).found(&RULE);
            assert_eq!(after(&finding), [right], "{record}");
            assert!(finding.fix.unwrap().blanks.is_empty(), "{record}");
        }
    }

    #[test]
    fn a_record_that_lists_nobody_else_is_not_closed_as_it_is() {
        for (record, right) in [
            ("v=spf1 +all", "v=spf1 <ip4: or include: of your servers> ~all"),
            ("v=spf1 all exp=a.example", "v=spf1 <ip4: or include: of your servers> ~all exp=a.example"),
            ("v=spf1 -ip4:192.0.2.1 +all", "v=spf1 -ip4:192.0.2.1 <ip4: or include: of your servers> ~all"),
        ] {
            let finding = pasted(Some("example.com"), &[record]).found(&RULE);
            assert_eq!(after(&finding), [right], "{record}");
            assert_eq!(finding.fix.unwrap().blanks, ["ip4: or include: of your servers"], "{record}");
        }
        let fix = pasted(Some("example.com"), &["v=spf1 mx redirect=a.example +all"]).found(&RULE).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[1].ends_with("v=spf1 mx include:a.example ~all"), "{fix:?}");
    }

    #[test]
    fn a_huge_network_and_an_include_that_lets_everyone_in() {
        for (term, severity) in [
            ("ip4:0.0.0.0/1", Severity::Critical),
            ("ip4:20.0.0.0/8", Severity::Medium),
            ("ip6:2000::/3", Severity::Critical),
        ] {
            let finding = pasted(None, &[&format!("v=spf1 {term} ~all")]).found(&RULE);
            assert_eq!(finding.severity, severity, "{term}");
        }
        pasted(None, &["v=spf1 ip4:20.1.0.0/16 ip6:2001:db8::/32 -ip4:0.0.0.0/0 ~all ip4:0.0.0.0/0"]).passes(&RULE);
        let finding = domain("example.com")
            .txt("example.com", &["v=spf1 include:a.test -all"])
            .txt("a.test", &["v=spf1 +all"])
            .found(&RULE);
        assert_eq!((finding.severity, finding.exhibits.len()), (Severity::Critical, 2));
        let by = |ours: &str, theirs: &str| {
            domain("example.com")
                .txt("example.com", &[ours])
                .txt("a.test", &["v=spf1 include:b.test ?all"])
                .txt("b.test", &[theirs])
        };
        let wide = "v=spf1 ip4:0.0.0.0/0 -all";
        let finding = by("v=spf1 include:a.test -all", wide).found(&RULE);
        assert_eq!((finding.severity, finding.exhibits.len()), (Severity::Critical, 2));
        assert!(finding.explanation.contains("the record of b.test"), "{}", finding.explanation);
        assert_eq!(by("v=spf1 redirect=a.test", wide).found(&RULE).severity, Severity::Critical);
        for (ours, theirs) in [
            ("v=spf1 ?include:a.test -all", wide),
            ("v=spf1 -all include:a.test", wide),
            ("v=spf1 include:a.test -all", "v=spf1 -ip4:0.0.0.0/0 ip4:192.0.2.0/24 -all"),
            ("v=spf1 include:a.test -all", "v=spf1 ip4:12.0.0.0/8 -all"),
        ] {
            by(ours, theirs).passes(&RULE);
        }
    }

    #[test]
    fn it_passes_with_any_other_end_and_says_nothing_without_a_record() {
        for record in ["v=spf1 mx ~all", "v=spf1 mx", "v=spf1 redirect=a.example"] {
            assert!(matches!(pasted(None, &[record]).judge(&RULE), Verdict::Pass), "{record}");
        }
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=DMARC1; p=none"]).not_applicable(&RULE);
    }

    #[test]
    fn it_does_not_know_what_nobody_answered() {
        let verdict = message("a@example.com", "b@example.com", "192.0.2.1").judge(&RULE);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    }
}
