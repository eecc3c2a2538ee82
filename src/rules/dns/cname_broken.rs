use super::aliases::{self, Alias, Break};
use super::shown;
use crate::evidence::{Data, Kind};
use crate::facts::Facts;
use crate::remedy::{Change, Remedy, TTL};
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// An alias (CNAME) leads nowhere, or stands where it must not
    ///
    /// ## What we saw
    /// A name of the domain is an alias of a name that does not exist or has no record of the kind that is needed; aliases
    /// lead round in a circle; an alias stands beside other records; or the domain itself is an alias.
    ///
    /// ## Why mail suffers
    /// Whoever asks for the key, the bounce domain or the policy behind the alias gets nothing. An alias beside other records
    /// makes some of them disappear, depending on who asks first. And where the target was once a service of yours, a
    /// stranger may register it there and publish in your name.
    ///
    /// ## How to fix it
    /// Point the alias to the target that the service shows today, or delete it if the service is no longer used. At a name
    /// with an alias nothing else may stand. The domain itself needs address records, or the provider's flattened alias.
    ///
    /// ## How to check
    /// Ask for the name: the answer shows the alias, and behind it the record that is needed.
    pub RULE = "cname-broken", Dns, High, judge,
    ["RFC 1034 §3.6.2", "RFC 2181 §10.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let names = aliases::gather(facts);
    if names.is_empty() {
        return Verdict::NotApplicable;
    }
    let mut found: Vec<Finding> = Vec::new();
    let broken = names.iter().filter_map(|alias| Some((alias, alias.fault.as_ref()?)));
    for (alias, fault) in broken {
        // A wildcard makes every name an alias of the same target: one finding tells it.
        let told =
            found.iter().any(|f| f.exhibits.iter().any(|e| e.label.contains(&format!("an alias of {}", alias.target))));
        if !told {
            found.push(finding(facts, alias, fault));
        }
    }
    let gap =
        |a: &Alias| Gap::dns(format!("Is anything behind the alias {} → {}?", a.question.name, a.target), &a.question);
    Verdict::of(found, names.iter().filter(|alias| alias.open).map(gap).collect())
}

fn finding(facts: &Facts, alias: &Alias, fault: &Break) -> Finding {
    let (name, target) = (&alias.question.name, &alias.target);
    let (title, what) = match fault {
        Break::NoSuchName => (
            format!("{} is an alias of nothing", short(name)),
            format!("{name} is an alias of {target}, and there is no such name."),
        ),
        Break::NoData => (
            format!("{} is an alias without a record", short(name)),
            format!("{name} is an alias of {target}, and that name has no {} record.", alias.question.kind),
        ),
        Break::Circle => (
            format!("{} is an alias in a circle", short(name)),
            format!("{name} is an alias of {target}, which leads back in a circle."),
        ),
        Break::Beside(kind) => (
            format!("{} is an alias and has {kind} records too", short(name)),
            format!(
                "{name} is an alias of {target} and has {kind} records of its own. Only one of the two can be seen by any one resolver."
            ),
        ),
        Break::Apex => (
            format!("{} itself is an alias", short(name)),
            format!(
                "The domain {name} is itself an alias of {target}. Its own MX, SPF and other records cannot be seen: whoever asks gets those of {target}."
            ),
        ),
    };
    let (key, policy) = (name.contains("._domainkey."), name.starts_with("_dmarc."));
    let used = facts.reading.subject.is_none() && (key || is_mail_from(facts, name));
    let severity = match fault {
        _ if used => Severity::Critical,
        Break::NoSuchName | Break::NoData if !policy => Severity::Medium,
        _ => Severity::High,
    };
    let service =
        super::aliases::platform_behind(target).map_or(String::new(), |p| format!(" The target is one of {p}."));
    let risk = match fault {
        Break::NoSuchName => " A stranger who gets hold of that target could publish in your name.",
        _ => "",
    };
    let confidence =
        if matches!(fault, Break::NoSuchName | Break::Apex) { Confidence::Certain } else { Confidence::Likely };
    let finding = Finding::new(&RULE, title)
        .about(name.as_str())
        .severity(severity)
        .sure(confidence, "this is what DNS says today")
        .explain(format!("{what}{service}{risk}"))
        .exhibit(shown::exhibit(facts, &alias.question, format!("an alias of {target}")))
        .fix(cure(alias, fault))
        .check(alias.question.dig(), "the alias, and the record behind it");
    match (key, is_mail_from(facts, name)) {
        (true, _) => finding.leads_to(&["dkim-key-not-found"]),
        (_, true) => finding.leads_to(&["return-path-unusable", "spf-missing"]),
        _ if policy => finding.leads_to(&["dmarc-missing"]),
        _ => finding,
    }
}

fn is_mail_from(facts: &Facts, name: &str) -> bool {
    facts.identities.mail_from.as_ref().and_then(|m| m.value.domain()) == Some(name)
}

fn cure(alias: &Alias, fault: &Break) -> Remedy {
    let (name, target) = (&alias.question.name, &alias.target);
    let delete = || Change {
        name: name.to_string(),
        kind: Kind::Cname,
        ttl: TTL,
        before: vec![Data::Cname(target.clone())],
        after: vec![],
    };
    match fault {
        Break::Apex => Remedy::new(format!("Replace the alias at {name} by address records, or by your DNS host's flattened alias."))
            .step("Many DNS hosts call it ALIAS, ANAME or CNAME flattening: it answers with addresses, and leaves MX and TXT alone.")
            .step("Then publish the MX, SPF and other records at the domain itself."),
        Break::Beside(kind) => Remedy::new(format!("Keep either the alias at {name} or its other records."))
            .step(format!("If a service asked for the alias, remove the {kind} and any other record at {name}; if not, remove the alias.")),
        Break::Circle => Remedy::new(format!("Point {name} to the name that the service shows, or delete it.")).record(delete()),
        Break::NoSuchName | Break::NoData => {
            Remedy::new(format!("Point {name} to the target that the service shows today, or delete the alias."))
                .step(format!("If you use the service still: open its page for domain authentication and compare the target with {target}, letter by letter. Some panels append your own domain to a target without a trailing dot."))
                .step("If not, delete the alias.")
                .record(delete())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge};
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answer, Evidence, Input, Outcome, Question, Said};
    use crate::facts::Reading;
    use crate::samples::settle;
    use std::sync::Arc;

    fn one(zone: &str) -> Finding {
        found(&RULE, "example.com", Some(zone))
    }

    #[test]
    fn nothing_behind_it_a_circle_and_company() {
        for (zone, word, severity) in [
            ("default._bimi.example.com CNAME gone.esp.test", "no such name", Severity::Medium),
            ("_smtp._tls.example.com CNAME bare.esp.test\nbare.esp.test A 192.0.2.1", "no TXT", Severity::Medium),
            (
                "_mta-sts.example.com CNAME b.example.com\nb.example.com CNAME _mta-sts.example.com",
                "circle",
                Severity::High,
            ),
            ("example.com CNAME www.test\nwww.test A 192.0.2.1\nwww.test TXT \"x\"", "itself an alias", Severity::High),
        ] {
            let finding = one(zone);
            assert!(finding.explanation.contains(word), "{zone}: {}", finding.explanation);
            assert_eq!(finding.severity, severity, "{zone}");
        }
    }

    #[test]
    fn what_is_needed_behind_it_is_what_is_asked_for() {
        let finding = one("_dmarc.example.com CNAME gone.esp.test");
        assert_eq!(finding.check.unwrap().command, "dig +short TXT _dmarc.example.com");
        let crate::rules::Place::Dns { question, .. } = &finding.exhibits[0].place else { panic!("no answer") };
        assert_eq!(question.kind, Kind::Txt);
        let steps = finding.fix.unwrap().steps;
        assert!(steps.iter().all(|step| step.ends_with('.')), "{steps:?}");
    }

    #[test]
    fn beside_other_records() {
        let zone = "mx.example.com A 192.0.2.1\nexample.com MX 10 mx.example.com\nmx.example.com CNAME other.test\nother.test AAAA 2001:db8::1";
        let finding = one(zone);
        assert!(finding.title.contains("has A records too"), "{}", finding.title);
    }

    #[test]
    fn a_wildcard_is_told_once() {
        let zone = "default._bimi.example.com CNAME gone.test\n_smtp._tls.example.com CNAME gone.test";
        one(zone);
    }

    #[test]
    fn it_passes_does_not_apply_and_a_failure_is_no_alias() {
        let good = "_dmarc.example.com CNAME d.vendor.test\nd.vendor.test TXT \"v=DMARC1; p=none\"";
        assert!(matches!(judge(&RULE, "example.com", Some(good)), Verdict::Pass));
        assert!(matches!(judge(&RULE, "example.com", Some("")), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, "example.com", Some("example.com SERVFAIL")), Verdict::NotApplicable));
        // A strangers' alias is a stranger's.
        let foreign = "example.com MX 10 mx.other.test\nmx.other.test CNAME gone.other.test";
        assert!(matches!(judge(&RULE, "example.com", Some(foreign)), Verdict::NotApplicable));
    }

    #[test]
    fn half_an_answer_decides_nothing() {
        let zone = "example.com MX 10 mx.example.com\nmx.example.com CNAME b.test\nb.test TXT x";
        let input = Input::read("-", &b"example.com"[..], None).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
        let mut evidence = settle(evidence, &Zone::parse(zone).unwrap());
        let mut judged = || {
            let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
            let verdict = (RULE.judge)(&Facts::gather(Arc::new(evidence.clone()), reading));
            let v6 = Question::new("mx.example.com", Kind::Aaaa);
            evidence.answers.insert(v6, Answer::new(Outcome::ServFail, vec![], jiff::Timestamp::UNIX_EPOCH));
            verdict
        };
        assert!(matches!(judged(), Verdict::Found(_)), "no address of either family");
        let Verdict::Unknown(gaps) = judged() else { panic!("there may be one over IPv6") };
        assert_eq!(gaps[0].question(), "Is anything behind the alias mx.example.com → b.test?");
    }
}
