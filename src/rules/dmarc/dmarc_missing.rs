use super::{failure, seen};
use crate::evidence::{Data, Kind};
use crate::facts::dmarc::{Step, record};
use crate::facts::freemail;
use crate::facts::{Facts, lookup, organization};
use crate::remedy::{Change, Remedy, TTL, text};
use crate::rules::dns::if_parked;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;
use crate::span::Span;

rule! {
    /// The From domain has no DMARC record
    ///
    /// ## What we saw
    /// There is no DMARC record at the domain in From, nor at any name above it that could speak for it.
    ///
    /// ## Why mail suffers
    /// Nobody is told what to do with mail that fakes your domain, and you get no reports. Gmail, Yahoo
    /// and Outlook.com refuse or junk bulk mail from a domain without a DMARC record.
    ///
    /// ## How to fix it
    /// Publish a record that only watches, p=none, with an address for reports. It covers all
    /// subdomains and refuses no mail; it can be made stricter when the reports look clean.
    ///
    /// ## How to check
    /// Look the record up, then send a new message: its header must say dmarc=pass.
    pub RULE = "dmarc-missing", Dmarc, High, judge, ["RFC 9989 §4.10.1", "support.google.com/mail/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(from) = facts.reading.from_domain() else { return Verdict::NotApplicable };
    let steps = &facts.dmarc.steps;
    if steps.is_empty() || freemail::provider(from).is_some() {
        return Verdict::NotApplicable;
    }
    if facts.dmarc.governs.is_some() || facts.dmarc.governs_psl.is_some() {
        return Verdict::Pass;
    }
    if let Some(step) = steps.iter().find(|s| !s.answered()) {
        let found = guessed(facts)
            .map(|span| {
                let severity = if failure::vouched(facts) { Severity::Medium } else { RULE.severity };
                (span, severity, "Microsoft", " and guessed what one would have come to. Other receivers guess nothing")
            })
            .or_else(|| Some((said_none(facts, from)?, Severity::Medium, "The receiver", "")))
            .map(|(span, severity, who, more)| {
                told(facts, from, span, &format!("{who} found no DMARC record for {from}{more}.")).severity(severity)
            });
        return Verdict::of(found.into_iter().collect(), smallvec::smallvec![seen::unread(step)]);
    }
    // Records that are there and do not count are other rules' to speak of; a second one is no cure.
    let almost = |step: &Step| step.others.iter().any(|text| record::read(text, 0).is_some());
    if steps.iter().any(|s| !s.records.is_empty() || almost(s)) {
        return Verdict::NotApplicable;
    }
    find(facts, from).into()
}

/// Microsoft's words for a domain without a record: `dmarc=bestguesspass`, and reason 109 of `compauth`.
fn guessed(facts: &Facts) -> Option<Span> {
    let reported = &facts.reading.reported;
    let guessed = reported.dmarc.as_ref().filter(|d| d.result == "bestguesspass").map(|d| d.span);
    let reason = || reported.compauth.as_ref().filter(|c| c.reason.as_deref() == Some("109")).map(|c| c.span);
    guessed.or_else(reason)
}

/// `dmarc=none` of this domain (RFC 7489 §11.2). Not where a policy is named, which some write for a failure that has no
/// consequence, nor an action: Microsoft says none of mail within an organization too.
fn said_none(facts: &Facts, from: &str) -> Option<Span> {
    let dmarc = facts.reading.reported.dmarc.as_ref().filter(|d| d.result == "none")?;
    let about = dmarc.domain.as_deref().is_none_or(|domain| domain == from);
    (about && dmarc.policy.is_none() && dmarc.disposition.is_none()).then_some(dmarc.span)
}

/// The receiver found none, and DNS is not known.
fn told(facts: &Facts, from: &str, span: Span, seen: &str) -> Finding {
    let organization = organization::psl(from).unwrap_or(from);
    let name = format!("_dmarc.{organization}");
    Finding::new(
        &RULE,
        failure::title([
            format_args!("{from} has no DMARC record"),
            format_args!("The From domain has no DMARC record"),
        ]),
    )
    .sure(Confidence::Likely, "the receiver says so of that moment; DNS has not answered here")
    .explain(format!(
        "{seen} Gmail, Yahoo and Outlook.com ask bulk senders for a record; one that only watches (p=none) is enough."
    ))
    .exhibit(Exhibit::input(span, "no record was found"))
    .fix(remedy(facts, organization, &name))
    .check(command!("dig +short TXT {}", name), "one record that begins v=DMARC1")
}

fn find(facts: &Facts, from: &str) -> Finding {
    let organization = organization::psl(from).unwrap_or(from);
    let name = format!("_dmarc.{organization}");
    let told = facts.reading.reported.dmarc.as_ref().map(|d| d.result.as_str());
    let (severity, confidence, because) = match told {
        Some("pass") => (
            Severity::Low,
            Confidence::Possible,
            "the receiver reported a DMARC pass, so it had found a record; today's DNS has none",
        ),
        Some("fail") => (Severity::High, Confidence::Likely, "the receiver had found a record; today's DNS has none"),
        _ if failure::vouched(facts) => {
            (Severity::Medium, Confidence::Certain, "every name that could hold the record was asked")
        }
        _ => (Severity::High, Confidence::Certain, "every name that could hold the record was asked"),
    };
    let exhibits = facts.dmarc.steps.iter().filter(|s| organization::psl(&s.domain).is_some()).map(|step| {
        let outcome = match (step.outcome, step.others.is_empty()) {
            (Some(crate::evidence::Outcome::NxDomain), _) => "no such name".to_owned(),
            (_, true) => "no TXT record".to_owned(),
            (_, false) => step.others.join(" | "),
        };
        Exhibit::dns(step.question(), outcome, None, "no DMARC record here")
    });
    Finding::new(&RULE, failure::title([format_args!("{from} has no DMARC record"), format_args!("The From domain has no DMARC record")]))
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "No record was found for {from}, nor at any name above it. {} A record that only watches (p=none) is enough for the bulk rules of Gmail, Yahoo and Outlook.com and refuses nothing.",
            match told {
                Some("pass" | "fail") => "The receiver did find one when the message arrived, so it has gone since, or DNS is not the same everywhere.",
                _ => "Receivers are told nothing about mail that fakes it.",
            }
        ))
        .exhibits(exhibits)
        .fix(remedy(facts, organization, &name))
        .check(command!("dig +short TXT {}", name), "one record that begins v=DMARC1")
}

fn remedy(facts: &Facts, organization: &str, name: &str) -> Remedy {
    let mailbox = super::mailbox(facts, organization);
    let value = format!("v=DMARC1; p=none; rua=mailto:{mailbox}");
    let mut remedy = Remedy::new(format!("Publish a DMARC record for {organization} that only watches"))
        .step(super::mailbox_first(organization, &mailbox));
    remedy = remedy.steps(if_parked(facts));
    if lookup::is_absent(&facts.evidence.answers, organization) {
        return remedy.step(format!("{organization} does not exist yet: once it does, publish at {name}: {value}"));
    }
    let step = facts.dmarc.steps.iter().find(|s| s.name() == name);
    // What a wildcard answers there is no record of the name: it ends with the first one.
    let answer = step.filter(|_| !facts.is_starred(name)).and_then(|s| facts.evidence.answers.get(s.question()));
    if let Some(target) = answer.and_then(|a| a.alias()) {
        // No other record may stand beside a CNAME (RFC 1034 §3.6.2).
        remedy = remedy
            .step(format!("{name} is a CNAME to {target}, where no DMARC record is: have it published there, or remove the CNAME first"))
            .record(Change {
                name: name.to_owned(),
                kind: Kind::Cname,
                ttl: TTL,
                before: vec![Data::Cname(target.to_owned())],
                after: vec![],
            });
    }
    let records = answer.filter(|a| a.alias().is_none()).map_or(&[][..], |a| &a.records);
    let before: Vec<Data> = records.iter().map(|r| r.data.clone()).filter(|d| matches!(d, Data::Txt(_))).collect();
    let after = before.iter().cloned().chain([text(&value)]).collect();
    remedy.marked(Change { name: name.to_owned(), kind: Kind::Txt, ttl: TTL, before, after })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::evidence::Outcome;
    use crate::facts::mail_hosts::{MailHosts, Reception};

    #[test]
    fn nothing_anywhere() {
        let finding = only(judge(&Case::from("news.example.co.uk").nothing_else().facts()));
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(finding.exhibits.len(), 2);
        let fix = finding.fix.unwrap();
        assert_eq!(fix.records[0].name, "_dmarc.example.co.uk");
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=none; rua=mailto:dmarc@example.co.uk"]);
        assert!(fix.steps[0].contains("create the mailbox dmarc@example.co.uk"));
    }

    #[test]
    fn what_microsoft_guessed_had_no_record() {
        let text = |result: &str, reason: &str| {
            format!(
                "Authentication-Results: spf=pass (sender IP is 192.0.2.4) smtp.mailfrom=example.com; dkim=none (message not signed)\r\n header.d=none;dmarc={result} action=none header.from=example.com;compauth=pass reason={reason}\r\nReceived: from a.example.com (192.0.2.4) by AM6EUR05FT047.mail.protection.outlook.com (10.0.0.1) with Microsoft SMTP Server id 15.20.1; Tue, 2 Jun 2026 10:00:05 +0000\r\nFrom: ann@example.com\r\n"
            )
        };
        let judged = |result, reason| {
            judge(&crate::rules::testing::facts(&text(result, reason), crate::evidence::InputKind::Headers))
        };
        for (result, reason) in [("bestguesspass", "109"), ("bestguesspass", "100"), ("none", "109")] {
            let finding = only(judged(result, reason));
            assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely), "{result}");
            assert_eq!(finding.fix.unwrap().records[0].name, "_dmarc.example.com");
            assert_eq!(finding.open.len(), 1, "what stands there today is asked");
        }
        assert!(matches!(judged("pass", "100"), Verdict::Unknown(_)));
        assert!(matches!(judged("none", "100"), Verdict::Unknown(_)), "mail within an organization");
        // What DNS says today goes before.
        let there = Case::from("example.com").zone("_dmarc.example.com TXT \"v=DMARC1; p=none\"").facts();
        assert!(matches!(judge(&there), Verdict::Pass));
    }

    #[test]
    fn a_receiver_that_found_none_says_so() {
        let judged = |dmarc: &str| {
            let text = format!(
                "Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com; {dmarc}\r\nReceived: from out.example.com (out.example.com [192.0.2.4]) by mx.example.net with ESMTPS id 1; Tue, 2 Jun 2026 10:00:05 +0000\r\nFrom: ann@example.com\r\n"
            );
            judge(&crate::rules::testing::facts(&text, crate::evidence::InputKind::Headers))
        };
        for dmarc in ["dmarc=none header.from=example.com", "dmarc=none"] {
            let finding = only(judged(dmarc));
            assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Likely), "{dmarc}");
            assert!(finding.explanation.starts_with("The receiver found no DMARC record"), "{}", finding.explanation);
        }
        for dmarc in
            ["dmarc=none (p=none dis=none) header.from=example.com", "dmarc=none header.from=example.org", "dmarc=pass"]
        {
            assert!(matches!(judged(dmarc), Verdict::Unknown(_)), "{dmarc}");
        }
    }

    /// RFC 7505: nobody can write to a domain with a null MX.
    #[test]
    fn reports_go_where_mail_is_taken() {
        let mut facts = Case::domain("example.com").zone("example.com TXT \"v=spf1 -all\"").facts();
        facts.mail_hosts = vec![MailHosts { domain: "example.com".into(), reception: Reception::Null }];
        let fix = only(judge(&facts)).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=none; rua=mailto:<mailbox for the reports>"]);
        assert_eq!(fix.blanks, ["mailbox for the reports"]);
        assert!(fix.steps[0].contains("takes no mail"), "{:?}", fix.steps);
    }

    #[test]
    fn a_receiver_that_passed_it_makes_it_low() {
        let finding = only(judge(&Case::from("example.com").dmarc("pass").nothing_else().facts()));
        assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Possible));
    }

    #[test]
    fn other_text_at_the_name_stays_and_a_cname_goes() {
        let facts = Case::from("example.com").txt("_dmarc.example.com", &["v=spf1 -all"]).nothing_else().facts();
        let change = &only(judge(&facts)).fix.unwrap().records[0];
        assert_eq!(texts(&change.after), ["v=spf1 -all", "v=DMARC1; p=none; rua=mailto:dmarc@example.com"]);
        let target = Data::Cname("gone.vendor.test".into());
        let dangling =
            Case::from("example.com").answer("_dmarc.example.com", Kind::Txt, Outcome::NxDomain, vec![target.clone()]);
        let records = only(judge(&dangling.nothing_else().facts())).fix.unwrap().records;
        assert_eq!((records[0].kind, &records[0].before[..], records[0].after.len()), (Kind::Cname, &[target][..], 0));
        assert_eq!(records[1].before, []);
    }

    /// RFC 4592: what any name gets is no record of this one.
    #[test]
    fn a_wildcards_answer_is_neither_kept_nor_removed() {
        for star in ["*.example.com TXT \"v=spf1 -all\"", "*.example.com CNAME example.com"] {
            let zone = format!("example.com TXT \"v=spf1 -all\"\n{star}");
            for case in [Case::domain("example.com"), Case::from("example.com"), Case::from("news.example.com")] {
                let records = only(judge(&case.zone(&zone).facts())).fix.unwrap().records;
                let [change] = &records[..] else { panic!("{records:?}") };
                assert_eq!((change.kind, change.before.len()), (Kind::Txt, 0), "{star}");
                assert_eq!(texts(&change.after), ["v=DMARC1; p=none; rua=mailto:dmarc@example.com"], "{star}");
            }
        }
    }

    #[test]
    fn passes_with_a_record_of_its_own_or_above() {
        for name in ["_dmarc.news.example.com", "_dmarc.example.com", "_dmarc.com"] {
            let facts = Case::from("news.example.com").txt(name, &["v=DMARC1; p=none; psd=y"]).nothing_else().facts();
            assert!(matches!(judge(&facts), Verdict::Pass), "{name}");
        }
    }

    #[test]
    fn a_failure_or_no_answer_is_not_an_absence() {
        for outcome in [Outcome::ServFail, Outcome::Refused, Outcome::Timeout] {
            let case = Case::from("example.com").answer("_dmarc.example.com", Kind::Txt, outcome, vec![]);
            assert!(matches!(judge(&case.nothing_else().facts()), Verdict::Unknown(_)));
        }
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
    }

    #[test]
    fn never_proposes_a_second_record() {
        for texts in [&["v=DMARC1; p=none", "v=DMARC1; p=reject"][..], &["v=dmarc1; p=none"]] {
            let facts = Case::from("example.com").txt("_dmarc.example.com", texts).nothing_else().facts();
            assert!(matches!(judge(&facts), Verdict::NotApplicable));
        }
        assert!(matches!(judge(&Case::pasted(None, &["v=DMARC1"]).facts()), Verdict::NotApplicable));
    }
}
