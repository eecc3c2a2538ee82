use super::shown;
use crate::evidence::{Data, Kind};
use crate::facts::Facts;
use crate::facts::domain::caa::{Caa, Climb, Step};
use crate::remedy::{Change, Remedy, TTL, blank};
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Verdict, rule};
use std::borrow::Cow;

rule! {
    /// A CAA record keeps a certificate from being issued that mail needs
    ///
    /// ## What we saw
    /// The CAA records that apply to a mail server, to the MTA-STS host or to the domain's logo let no authority issue a
    /// certificate, or hold a value that names none.
    ///
    /// ## Why mail suffers
    /// The certificate in use works until it expires; the next one is refused. Then TLS to the mail server, or the MTA-STS
    /// policy, fails.
    ///
    /// ## How to fix it
    /// Add your certificate authority to the CAA records that are there. Never create a first CAA record just for this: no
    /// CAA at all is fine, and lets every authority issue.
    ///
    /// ## How to check
    /// The CAA answer names your authority, and a renewal (a dry run will do) succeeds.
    pub RULE = "caa-blocks-issuer", Dns, Low, judge,
    ["RFC 8659 §3", "RFC 8659 §4", "RFC 9495"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(caa) = &facts.domain.caa else { return Verdict::NotApplicable };
    let (mut found, mut gaps): (Vec<Finding>, _) = (Vec::new(), Gaps::new());
    for climb in wanted(facts, caa) {
        if climb.open {
            let open = climb.steps.iter().find_map(|s| s.asked.open());
            gaps.extend(open.map(|q| Gap::dns(format!("Who may issue certificates for {}?", climb.host), q)));
        }
        // One RRset, one finding, though it stands for many hosts.
        let told = climb.governing().is_some_and(|s| found.iter().any(|f| shows(f, s)));
        if !told {
            found.extend(look(facts, climb));
        }
    }
    Verdict::of(found, gaps)
}

fn shows(finding: &Finding, step: &Step) -> bool {
    finding
        .exhibits
        .iter()
        .any(|e| matches!(&e.place, crate::rules::Place::Dns { question, .. } if *question == step.asked.question))
}

/// The names that need a certificate for mail; the domain itself where it has none of them.
fn wanted<'f>(facts: &'f Facts, caa: &'f Caa) -> impl Iterator<Item = &'f Climb> {
    let domain = facts.reading.from_domain().unwrap_or_default().to_owned();
    let sts = facts.domain.mta_sts.as_ref().is_some_and(|s| !s.record.records.is_empty());
    let policy = format!("mta-sts.{domain}");
    caa.climbs.iter().filter(move |c| c.host != policy || sts)
}

fn look(facts: &Facts, climb: &Climb) -> Option<Finding> {
    let step = climb.governing()?;
    let domain = facts.reading.from_domain().unwrap_or_default();
    if let Some(record) = step.records.iter().find(|r| r.flaw.is_some()) {
        let flaw = record.flaw.as_ref()?;
        let what = format!("{} \"{}\": {}", record.tag, record.value, flaw.text);
        let finding = finding(
            facts,
            step,
            format!("A CAA record of {} is wrong", short(&step.asked.question.name)),
            what.clone(),
        );
        let effect = match flaw.fatal {
            true => "No authority may issue as long as it stands there",
            false => "Authorities pass it over, or take it to name nobody",
        };
        return Some(
            finding.explain(format!("The CAA records at {} hold {what}. {effect}.", step.asked.question.name)),
        );
    }
    let nobody = |tag: &str| climb.issuers(tag).is_some_and(|i| i.is_empty());
    // Without issuewild, issue rules wildcards too (RFC 8659 §4.3); a wildcard certificate would do for a host.
    let host = nobody("issue") && climb.issuers("issuewild").is_none_or(|i| i.is_empty()) && climb.host != domain;
    let logo = climb.host == domain
        && nobody("issuevmc")
        && facts.domain.bimi.iter().flat_map(|b| &b.records).any(|r| r.value("a").is_some_and(|a| !a.is_empty()));
    let (what, tag) = match (host, logo) {
        (true, _) => (format!("a certificate for {}", climb.host), "issue"),
        (_, true) => ("a certificate for the logo (VMC)".to_owned(), "issuevmc"),
        _ => return None,
    };
    let finding = finding(facts, step, format!("CAA lets nobody issue for {}", short(&climb.host)), "nobody may issue");
    let finding = finding.explain(format!(
        "The CAA records at {} let no authority issue {what}. The one in use works until it expires, and cannot be renewed.",
        step.asked.question.name
    ));
    Some(finding.fix(allow(facts, step, tag)))
}

fn finding(facts: &Facts, step: &Step, title: String, label: impl Into<Cow<'static, str>>) -> Finding {
    let exhibit: Exhibit = shown::exhibit(facts, &step.asked.question, label);
    Finding::new(&RULE, title)
        .sure(Confidence::Certain, "this is what DNS says today")
        .exhibit(exhibit)
        .fix(
            Remedy::new("Set the record right: the domain of the authority in quotes, and nothing else.")
                .step("The right name is in the documentation of your certificate authority: letsencrypt.org, digicert.com, pki.goog and so on."),
        )
        .check(step.asked.question.dig(), "0 issue \"<domain of your certificate authority>\"")
}

/// The RRset with one more authority, and without the `;` that forbids all.
fn allow(facts: &Facts, step: &Step, tag: &str) -> Remedy {
    let what = "domain of your certificate authority";
    let answer = facts.evidence.answers.get(&step.asked.question);
    let before: Vec<Data> = answer
        .into_iter()
        .flat_map(|a| &a.records)
        .filter(|r| matches!(r.data, Data::Caa { .. }))
        .map(|r| r.data.clone())
        .collect();
    let forbids = |data: &Data| match data {
        Data::Caa { tag: own, value, .. } => {
            own.eq_ignore_ascii_case(tag) && value.trim_ascii().first().is_none_or(|b| *b == b';')
        }
        _ => false,
    };
    let mut after: Vec<Data> = before.iter().filter(|d| !forbids(d)).cloned().collect();
    after.push(Data::Caa { flags: 0, tag: tag.to_owned(), value: blank(what).into_bytes() });
    let remedy = Remedy::new("Let your certificate authority issue.").blank(what);
    match answer.and_then(|a| a.alias()) {
        Some(target) => remedy.step(format!("The name is an alias of {target}: the CAA records stand there.")),
        None => remedy.record(Change {
            name: step.asked.question.name.to_string(),
            kind: Kind::Caa,
            ttl: TTL,
            before,
            after,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, message};
    use super::*;
    use crate::rules::Severity;

    const MAIL: &str = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n";

    fn with(caa: &str) -> String {
        format!("{MAIL}{caa}")
    }

    #[test]
    fn nobody_may_issue_for_the_mail_server() {
        let finding = found(
            &RULE,
            "example.com",
            Some(&with("example.com CAA 0 issue \";\"\nexample.com CAA 0 iodef \"mailto:a@example.com\"")),
        );
        let fix = finding.fix.unwrap();
        assert_eq!((fix.records[0].before.len(), fix.records[0].after.len(), fix.blanks.len()), (2, 2, 1));
        assert_eq!(finding.severity, Severity::Low);
    }

    #[test]
    fn values_that_name_nobody_and_properties_that_nobody_knows() {
        for (caa, word) in [
            ("example.com CAA 0 issue \"https://ca.test\"", "://"),
            ("example.com CAA 128 future \"x\"", "No authority"),
        ] {
            let finding = found(&RULE, "example.com", Some(&with(caa)));
            assert!(finding.explanation.contains(word), "{}", finding.explanation);
        }
    }

    #[test]
    fn a_logo_needs_its_own_permission() {
        let logo = "example.com CAA 0 issuevmc \";\"\ndefault._bimi.example.com TXT \"v=BIMI1; l=https://e.test/l.svg; a=https://e.test/v.pem\"";
        assert!(found(&RULE, "example.com", Some(&with(logo))).explanation.contains("logo"));
    }

    #[test]
    fn it_passes_does_not_apply_and_waits() {
        for caa in [
            "",
            "example.com CAA 0 issue \"ca.test\"",
            "example.com CAA 0 issue \";\"\nmx.example.com CAA 0 issue \"ca.test\"",
            "example.com CAA 0 issue \";\"\nexample.com CAA 0 issuewild \"ca.test\"",
        ] {
            assert!(matches!(judge(&RULE, "example.com", Some(&with(caa))), Verdict::Pass), "{caa}");
        }
        // A domain that takes mail elsewhere and has no certificate of its own may forbid all.
        let foreign = "example.com MX 10 mx.other.test\nmx.other.test A 192.0.2.9\nexample.com CAA 0 issue \";\"";
        assert!(matches!(judge(&RULE, "example.com", Some(foreign)), Verdict::Pass));
        assert!(matches!(judge(&RULE, &message("a@example.com", "b@example.com"), Some("")), Verdict::NotApplicable));
        assert!(matches!(judge(&RULE, "example.com", Some("example.com SERVFAIL")), Verdict::Unknown(_)));
    }
}
