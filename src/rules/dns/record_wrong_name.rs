use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::misplaced::{Misplaced, What};
use crate::facts::organization::psl;
use crate::remedy::{self, Change, Remedy};
use crate::rules::aligned;
use crate::rules::spf::support::short;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// A record stands under the wrong name
    ///
    /// ## What we saw
    /// An SPF, DKIM or DMARC record is published, but not under the name at which receivers look for it; or you pasted a record
    /// of MTA-STS or TLS reports with another name than senders look at.
    ///
    /// ## Why mail suffers
    /// Each record is looked for at one exact name: SPF at the domain itself, DMARC at `_dmarc.`, a DKIM key at its
    /// selector and `._domainkey.` before the domain, MTA-STS at `_mta-sts.` (the policy file is what `mta-sts.` serves), the
    /// address for TLS reports at `_smtp._tls.`. Anywhere else it is as good as missing. Mostly a DNS panel appended
    /// the domain to a name that held it already, or dropped an underscore.
    ///
    /// ## How to fix it
    /// Publish the same value under the right name and take the other one out. In most panels the name field takes only
    /// the part before your domain.
    ///
    /// ## How to check
    /// Ask for the record at its full name: it is there, and no longer at the other one.
    pub RULE = "record-wrong-name", Dns, High, judge,
    ["RFC 7208 §3", "RFC 6376 §3.6.2.1", "RFC 9989 §4.6", "RFC 8461 §3.1", "RFC 8460 §3"]
}

fn judge(facts: &Facts) -> Verdict {
    let looked = facts.reading.record.is_some() || facts.spf.is_some() || !facts.dmarc.steps.is_empty();
    let looked = looked || !facts.keys.is_empty();
    if !looked {
        return Verdict::NotApplicable;
    }
    let search = &facts.misplaced;
    let gap = search.open.iter().map(|q| Gap::dns("Does a record stand under the wrong name?", q));
    Verdict::of(search.found.iter().map(|m| finding(facts, m)).collect(), gap.collect())
}

fn finding(facts: &Facts, misplaced: &Misplaced) -> Finding {
    let Misplaced { what, wrong, right, text, .. } = misplaced;
    let question = Question::new(wrong, Kind::Txt);
    let exhibit = match misplaced.pasted.and_then(|n| facts.reading.record.as_ref()?.entries.get(n)) {
        Some(entry) => Exhibit::input(entry.span, format!("the {} record", what.word())),
        None => Exhibit::dns(&question, text.clone(), None, format!("the {} record stands here", what.word())),
    };
    let finding = Finding::new(&RULE, format!("The {} record is at {}", what.word(), short(wrong)))
        .about(right)
        .severity(severity(facts, misplaced))
        .explain(format!(
            "{} look for it at {right}, and nowhere else.{}",
            match what {
                What::MtaSts | What::TlsRpt => "Senders",
                _ => "Receivers",
            },
            if misplaced.maybe {
                format!(" The key of this selector at {wrong} is found by mail that is signed as that domain: leave it there.")
            } else {
                format!(" Under {wrong} nobody finds it.")
            }
        ))
        .exhibit(exhibit)
        .fix(fix(facts, misplaced));
    let finding = match next_door(facts, misplaced) {
        Next::From(from, _) => finding.check("postdoc diagnose new-message.eml", format!("dkim=pass for {from}")),
        _ => finding.check(Question::new(right, Kind::Txt).dig(), format!("the {} record", what.word())),
    };
    let finding = finding.leads_to(match what {
        What::Spf => &["spf-missing"],
        What::Dkim => &["dkim-key-not-found"],
        What::Dmarc => &["dmarc-missing"],
        What::MtaSts | What::TlsRpt => &[],
    });
    match misplaced {
        Misplaced { maybe: true, .. } => {
            finding.sure(Confidence::Possible, "the right name is empty, and a key of this selector stands next door")
        }
        Misplaced { pasted: Some(_), what: What::Dkim | What::MtaSts | What::TlsRpt, .. } => finding
            .sure(Confidence::Likely, "the name is in what you pasted; only as the target of a CNAME it may be right"),
        Misplaced { pasted: Some(_), .. } => finding.sure(Confidence::Certain, "the name is in what you pasted"),
        _ => finding.sure(Confidence::Certain, "DNS has it here today, and nothing at the right name"),
    }
}

fn severity(facts: &Facts, misplaced: &Misplaced) -> Severity {
    match (misplaced.pasted, misplaced.what) {
        // What they ask for is about mail to the domain.
        (_, What::MtaSts | What::TlsRpt) => Severity::Low,
        (Some(_), _) => Severity::High,
        (None, What::Dmarc) => Severity::Medium,
        (None, _) if aligned::dkim(facts).is_some() => Severity::Low,
        (None, _) => Severity::High,
    }
}

fn fix(facts: &Facts, misplaced: &Misplaced) -> Remedy {
    let Misplaced { wrong, right, text, .. } = misplaced;
    let remedy = match next_door(facts, misplaced) {
        Next::None => Remedy::new(format!("Publish it at {right}, and take it out at {wrong}.")),
        Next::Other => Remedy::new(format!("Publish the signer's key at {right} as well.")),
        Next::From(from, strict) => {
            let same =
                format!("Compare the public key that the signer shows with the one at {wrong}: they must be the same.");
            if strict {
                return Remedy::new(format!("Sign as {from} (d={from}), where the key of this selector is."))
                    .step(same)
                    .step(format!(
                        "A key at {right} would not do: the DMARC record asks for the very name (adkim=s)."
                    ));
            }
            Remedy::new(format!(
                "Publish the signer's key at {right} as well, or sign as {from} (d={from}), where it is."
            ))
            .step(same)
        }
    };
    let remedy = match psl(right)
        .and_then(|zone| Some((right.strip_suffix(&zone)?.trim_end_matches('.').to_owned(), zone)))
    {
        Some((name, zone)) if name.is_empty() => remedy.step(format!(
            "If the panel of {zone} appends the domain by itself, leave the name field empty or write @."
        )),
        Some((name, zone)) => remedy
            .step(format!("If the panel of {zone} appends the domain by itself, the name field takes only: {name}")),
        None => remedy,
    };
    let remedy = remedy.marked(Change::txt(right, &[] as &[&str], &[text]));
    // A key next door may be in use there.
    let out = remedy::spf::change(&facts.evidence.answers, wrong, |t| t == text.as_bytes(), None);
    out.filter(|_| misplaced.pasted.is_none() && !misplaced.maybe).into_iter().fold(remedy, Remedy::record)
}

/// Whose a key is that stands at another domain than the signature's.
enum Next<'f> {
    /// It is not: the name is wrong.
    None,
    /// The domain's in From; and that asks for its very name (`adkim=s`).
    From(&'f str, bool),
    Other,
}

fn next_door<'f>(facts: &'f Facts, misplaced: &Misplaced) -> Next<'f> {
    if !misplaced.maybe {
        return Next::None;
    }
    let from = facts.reading.from_domain().filter(|from| {
        misplaced.wrong.split_once("._domainkey.").is_some_and(|(_, domain)| domain.eq_ignore_ascii_case(from))
    });
    let strict = facts.dmarc.governing().and_then(|step| step.record()).is_some_and(|record| record.adkim_strict);
    from.map_or(Next::Other, |from| Next::From(from, strict))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, judge, judge_said, message};
    use super::*;

    fn texts(finding: &Finding) -> Vec<(String, usize, usize)> {
        let changes = &finding.fix.as_ref().unwrap().records;
        changes.iter().map(|c| (c.name.clone(), c.before.len(), c.after.len())).collect()
    }

    #[test]
    fn a_pasted_record_under_another_name() {
        for (paste, right) in [
            ("example.com. TXT \"v=DMARC1; p=none\"", "_dmarc.example.com"),
            ("_dmarc.example.com.example.com. TXT \"v=DMARC1; p=none\"", "_dmarc.example.com"),
            ("_dmarc.example.com. TXT \"v=spf1 -all\"", "example.com"),
            ("s1.example.com. TXT \"v=DKIM1; p=\"", "s1._domainkey.example.com"),
            ("mta-sts.example.com. TXT \"v=STSv1; id=20260101\"", "_mta-sts.example.com"),
            ("_tls.example.com. TXT \"v=TLSRPTv1; rua=mailto:a@example.com\"", "_smtp._tls.example.com"),
        ] {
            let finding = found(&RULE, paste, None);
            assert_eq!(texts(&finding), [(right.to_owned(), 0, 1)], "{paste}");
        }
        for right in [
            "_smtp._tls.example.com. TXT \"v=TLSRPTv1; rua=mailto:a@example.com\"",
            "_mta-sts.example.com. TXT \"v=STSv1; id=1\"",
            "_dmarc.example.com. TXT \"v=DMARC1; p=none\"",
            "example.com. TXT \"v=spf1 -all\"",
            "v=DMARC1; p=none",
        ] {
            assert!(matches!(judge(&RULE, right, None), Verdict::Pass), "{right}");
        }
    }

    #[test]
    fn what_is_missing_at_its_place_is_found_at_another() {
        let paste = message("a@example.com", "b@example.com");
        let finding =
            found(&RULE, &paste, Some("example.com TXT \"v=spf1 -all\"\nexample.com TXT \"v=DMARC1; p=none\""));
        assert_eq!(texts(&finding), [("_dmarc.example.com".to_owned(), 0, 1), ("example.com".to_owned(), 2, 1)]);
        assert_eq!(finding.leads_to, ["dmarc-missing"]);
        let there = "_dmarc.example.com TXT \"v=DMARC1; p=none\"\n";
        let finding = found(&RULE, &paste, Some(&format!("{there}example.com.example.com TXT \"v=spf1 -all\"")));
        assert_eq!(texts(&finding)[0].0, "example.com");
        let signed = paste.replace(
            "Subject:",
            "DKIM-Signature: v=1; a=rsa-sha256; d=mail.example.com; s=s1; h=from; bh=YQ==; b=YQ==\r\nSubject:",
        );
        let zone = format!("{there}example.com TXT \"v=spf1 -all\"\n");
        let finding = found(&RULE, &signed, Some(&format!("{zone}s1.mail.example.com TXT \"v=DKIM1; p=YQ==\"")));
        assert_eq!(texts(&finding)[0].0, "s1._domainkey.mail.example.com");
        let finding = found(&RULE, &signed, Some(&format!("{zone}s1._domainkey.example.com TXT \"v=DKIM1; p=YQ==\"")));
        assert_eq!((finding.confidence, texts(&finding).len()), (Confidence::Possible, 1));
        // The domain in From has the key: it is to sign as that, and what others use stays.
        let fix = finding.fix.unwrap();
        assert!(
            fix.summary.contains("or sign as example.com (d=example.com)")
                && !format!("{fix:?}").contains("take it out"),
            "{fix:?}"
        );
        // Where the very name is asked for, another record would not do.
        let strict = zone.replace("p=none", "p=none; adkim=s");
        let finding =
            found(&RULE, &signed, Some(&format!("{strict}s1._domainkey.example.com TXT \"v=DKIM1; p=YQ==\"")));
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_key_that_the_user_names_is_looked_for_too() {
        let mut said = crate::evidence::Said::default();
        said.check.selectors = vec!["s1".into()];
        let zone = "example.com TXT \"v=spf1 mx -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"\n";
        for wrong in ["s1._domainkey.example.com.example.com", "s1.example.com", "s1.domainkey.example.com"] {
            let zone = format!("{zone}{wrong} TXT \"v=DKIM1; p=YQ==\"");
            let Verdict::Found(found) = judge_said(&RULE, "example.com", &zone, said.clone()) else {
                panic!("{wrong}")
            };
            assert_eq!(texts(&found[0])[0].0, "s1._domainkey.example.com", "{wrong}");
            // Nobody looks for selectors that were only tried.
            assert!(matches!(judge(&RULE, "example.com", Some(&zone)), Verdict::Pass), "{wrong}");
        }
    }

    #[test]
    fn it_passes_and_waits() {
        let paste = message("a@example.com", "b@example.com");
        let zone = "example.com TXT \"v=spf1 -all\"\n_dmarc.example.com TXT \"v=DMARC1; p=none\"";
        assert!(matches!(judge(&RULE, &paste, Some(zone)), Verdict::Pass));
        assert!(matches!(judge(&RULE, &paste, None), Verdict::Unknown(_)));
        // An answer that failed shows nothing, at the right name or at a wrong one.
        for (failed, gap) in [
            ("_dmarc.example.com SERVFAIL\nexample.com TXT \"v=spf1 -all\"", "_dmarc.example.com"),
            ("_dmarc.example.com TXT \"v=DMARC1; p=none\"\nexample.com TIMEOUT", "TXT example.com"),
            ("example.com TXT \"v=spf1 -all\"\ndmarc.example.com REFUSED", "TXT dmarc.example.com"),
        ] {
            let Verdict::Unknown(gaps) = judge(&RULE, &paste, Some(failed)) else { panic!("{failed}") };
            assert!(gaps[0].needs.words().ends_with(gap), "{gaps:?}");
        }
        assert!(matches!(judge(&RULE, "Subject: x\r\nTo: a@example.com\r\n", None), Verdict::NotApplicable));
    }
}
