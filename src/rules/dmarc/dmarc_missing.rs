use super::{failure, seen};
use crate::evidence::{Data, Kind};
use crate::facts::dmarc::{Step, record};
use crate::facts::freemail;
use crate::facts::{Facts, lookup, organization};
use crate::remedy::{Change, Remedy, TTL, text};
use crate::rules::dns::if_parked;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;

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
        return Verdict::unknown(seen::unread(step));
    }
    // Records that are there and do not count are other rules' to speak of; a second one is no cure.
    let almost = |step: &Step| step.others.iter().any(|text| record::read(text, 0).is_some());
    if steps.iter().any(|s| !s.records.is_empty() || almost(s)) {
        return Verdict::NotApplicable;
    }
    find(facts, from).into()
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
