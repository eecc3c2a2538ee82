use super::failure::Failure;
use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::facts::dkim::{KeyProblem, PublicKey};
use crate::remedy::{Remedy, dkim as remedy};
use crate::rules::{Finding, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// The DKIM key record cannot be read
    ///
    /// ## What we saw
    /// There is a text record where the key should be, but it is not written as a key record: `v=` is there but not in front or not exactly `DKIM1`, a
    /// semicolon is missing, `p=` is missing or holds foreign characters, or quotes and backslashes became part of the value.
    ///
    /// ## Why mail suffers
    /// Many receivers give up on a record with such an error, and the signature fails as if there were no key.
    ///
    /// ## How to fix it
    /// Publish the record as shown. Where the key itself cannot be made out, copy it again from the system that signs, without
    /// quotes, line ends or BEGIN and END lines.
    ///
    /// ## How to check
    /// Query the record and compare it with the one shown; then look for `dkim=pass` in a new message.
    pub RULE = "dkim-record-malformed", Dkim, Critical, judge,
    ["RFC 6376 §3.2", "RFC 6376 §3.6.1", "RFC 6376 §6.1.2", "RFC 8460 §3"]
}

fn judge(facts: &Facts) -> Verdict {
    subject::judge(facts, |subject| {
        let record = subject.record;
        let unreadable = match record.public {
            // dkim-key-not-found speaks of it.
            _ if subject.is_absent() => return None,
            _ if !record.means_to_be_a_key() => {
                let finding =
                    malformed(subject, None, "is no DKIM key", "is something else than a key", Severity::Critical);
                return Some(finding);
            }
            PublicKey::Missing => Some((None, "has no p=", "has no p=, the tag that holds the key")),
            PublicKey::BadBase64 => Some((record.p, "has an unreadable p=", "has a p= that is not base64")),
            PublicKey::Unknown => {
                Some((record.p, "holds no known key", "has a p= that decodes to no key anyone knows"))
            }
            _ => None,
        };
        match (unreadable, record.problems.first()) {
            (None, None) => None,
            // The wrapping or the cut is the fault; quotes and the like go with its cure.
            (None, Some(_)) if !record.public.usable() => None,
            (None, Some(KeyProblem::NotForMail(span))) if signs_reports_only(subject) => {
                Some(for_reports(subject, *span))
            }
            (None, Some(problem)) => {
                let (span, short, long, severity) = departure(problem);
                Some(malformed(subject, Some(span), short, long, severity))
            }
            (Some((span, short, long)), problem) => {
                // A named departure says more than "cannot be read".
                let named = problem.map(departure);
                let (span, long) = named.map_or((span, long), |(s, _, l, _)| (Some(s), l));
                Some(malformed(subject, span, short, long, Severity::Critical))
            }
        }
    })
}

/// A key for the signatures of TLS reports (RFC 8460 §3), which no signature of other mail is known to name.
fn signs_reports_only(subject: &Subject) -> bool {
    subject.standing.is_none() && subject.record.services.iter().any(|s| s == "tlsrpt")
}

fn for_reports(subject: &Subject, span: Span) -> Finding {
    let finding = Finding::new(&RULE, format!("{} is for TLS reports only", subject.short()))
        .severity(Severity::Info)
        .explain(format!(
            "{} has s=tlsrpt: its key counts for the signatures of TLS reports, and for no other mail. That is as it should be, if it signs nothing else.",
            subject.the_record()
        ))
        .exhibit(subject.exhibit(Some(span), "for TLS reports only"))
        .fix(
            Remedy::new("Leave the record as it is, if its key only signs TLS reports.")
                .step("For other mail publish a key of its own under another selector, without s=."),
        );
    subject.note(finding, "s=tlsrpt, where the key signs TLS reports only")
}

/// Place, words for the title, words for the text, and what it costs.
fn departure(problem: &KeyProblem) -> (Span, &'static str, &'static str, Severity) {
    use Severity::{Critical, High};
    match *problem {
        KeyProblem::Version(s) => {
            (s, "has a wrong v=", "has a v= that is not in front, or is not exactly DKIM1", Critical)
        }
        KeyProblem::UnknownKeyType(s) => (s, "has an unknown k=", "has a k= that is neither rsa nor ed25519", Critical),
        KeyProblem::TypeMismatch(s) => {
            (s, "has the wrong k=", "holds a key of another type than its k= says (without k=, rsa is meant)", Critical)
        }
        KeyProblem::NotATag(s) => (s, "has a piece without =", "has a piece that is no tag: there is no = in it", High),
        KeyProblem::UpperCase(s) => {
            (s, "has a tag in capitals", "has a tag name in capitals, which receivers do not know", High)
        }
        KeyProblem::DuplicateTag(s) => {
            (s, "says a tag twice", "says a tag twice, which makes the record invalid", High)
        }
        KeyProblem::Quotes(s) => {
            (s, "has quotes in its value", "has quotes or backslashes as part of its value", Critical)
        }
        KeyProblem::BadCharacter(s) => {
            (s, "has foreign signs in p=", "has characters in or after p= that do not belong to the key", Critical)
        }
        KeyProblem::Glued(s) => (
            s,
            "lacks a semicolon between strings",
            "lacks a semicolon where one of its strings ends: strings are joined as they are",
            Critical,
        ),
        KeyProblem::TwoKeys(s) => (s, "holds two keys in one p=", "holds a second key inside p=", Critical),
        KeyProblem::NoHash(s) => {
            (s, "allows no known hash", "has an h= that names no hash in use, so no signature counts", Critical)
        }
        KeyProblem::NotForMail(s) => {
            (s, "is not for e-mail", "has an s= that does not name e-mail, so receivers must ignore the key", Critical)
        }
    }
}

fn malformed(subject: &Subject, span: Option<Span>, short: &'static str, long: &str, severity: Severity) -> Finding {
    let text = &subject.record.text;
    let summary = "Publish the record in the right form";
    let fix = match remedy::tidy(&subject.record.unglued()) {
        Some(after) => subject.replaced(summary, &after),
        // `s=` may be meant: only the owner knows whether the key is for mail.
        None if subject.record.public.usable() => {
            let after = remedy::without_tag(text, "s");
            if remedy::record(&after).usable() {
                subject.replaced("Publish the record without s=, if the key is meant for mail", &after)
            } else {
                subject.replaced(summary, &subject.opened())
            }
        }
        None => subject.replaced(summary, &subject.opened()),
    };
    let finding = Finding::new(&RULE, format!("{} {short}", subject.short()))
        .severity(severity)
        .explain(format!("{} {long}. Receivers that go by the standard cannot use it.", subject.the_record()))
        .exhibit(subject.exhibit(span, short))
        .fix(fix);
    subject.finish(finding, &[Failure::Syntax], "the record as shown, and nothing else")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Data, Outcome};
    use crate::facts::dkim::samples::*;
    use crate::rules::Confidence;
    use crate::rules::dkim::testing::*;

    #[test]
    fn what_can_be_read_all_the_same_is_put_right() {
        let right = format!("v=DKIM1; k=rsa; p={RSA_2048}");
        for text in [
            format!("\"v=DKIM1; k=rsa; p={RSA_2048}\""),
            format!("v=DKIM1\\; k=rsa\\; p={RSA_2048}"),
            format!("k=rsa; v=DKIM1; p={RSA_2048}"),
            format!("v=DKIM1; k=rsa2048; p={RSA_2048}"),
            format!("v=DKIM1 k=rsa p={RSA_2048}"),
            format!("v=DKIM1; k=rsa; {RSA_2048}"),
        ] {
            let found = Case::new(SIGNED).reported(report("permerror", "bad format")).txt(KEY, &[&text]).finding(&RULE);
            assert_eq!(found.confidence, Confidence::Certain);
            assert!(found.severity >= Severity::High, "{text}");
            assert_eq!(record_of(&found).2, std::slice::from_ref(&right), "{text}");
        }
    }

    #[test]
    fn a_thousand_records_are_bounded_and_it_is_said() {
        let texts = vec!["v=DKIM1; k=rsa; p=***"; 1_000];
        let Verdict::Found(found) =
            Case::new(SIGNED).reported(report("permerror", "bad format")).txt(KEY, &texts).judge(&RULE)
        else {
            panic!("nothing found");
        };
        assert_eq!(found.len(), 8);
        assert!(found[0].explanation.contains("992 more records"), "{}", found[0].explanation);
    }

    #[test]
    fn what_cannot_is_asked_of_the_signer() {
        for text in ["v=DKIM1; k=rsa", "v=DKIM1; k=rsa; p=***", "v=DKIM1; k=rsa; p=AAAA"] {
            let found = Case::pasted(Some(KEY), text).finding(&RULE);
            assert_eq!(found.severity, Severity::Critical);
            assert_eq!(record_of(&found).2, ["v=DKIM1; k=rsa; p=<public key from your signer>"]);
        }
        let found = Case::new(SIGNED).txt(KEY, &["v=spf1 -all"]).finding(&RULE);
        assert!(found.title.ends_with("is no DKIM key"));
        assert_eq!(record_of(&found).2, ["v=DKIM1; k=rsa; p=<public key from your signer>"]);
    }

    #[test]
    fn behind_an_alias_that_may_be_a_wildcards_nothing_is_sure() {
        let alias = |text: &str| {
            let data = vec![Data::Cname("parking.example.net".into()), Data::Txt(vec![text.as_bytes().to_vec()])];
            Case::new(SIGNED).answer(KEY, Outcome::Records, data)
        };
        let steps = |case: Case| case.finding(&RULE).fix.unwrap().steps.join(" ");
        let beside = crate::facts::domain::wildcard::unused_key("example.com");
        assert!(steps(alias("v=spf1 -all")).contains("Unless it is a wildcard"));
        assert!(!steps(alias("v=spf1 -all").nothing(&beside, Outcome::NxDomain)).contains("wildcard"));
        assert!(!steps(alias("v=DKIM1; k=rsa; p=***")).contains("wildcard"));
    }

    #[test]
    fn a_key_for_another_service_is_named() {
        let reports = format!("s=tlsrpt; p={RSA_2048}");
        for case in [Case::pasted(None, &format!("s=other; p={RSA_2048}")), Case::new(SIGNED).txt(KEY, &[&reports])] {
            let found = case.finding(&RULE);
            assert!(found.title.ends_with("is not for e-mail"));
            assert_eq!(record_of(&found).2, [format!("p={RSA_2048}")]);
        }
        // A key that TLS reports are signed with says so (RFC 8460 §3).
        let found = Case::pasted(Some(KEY), &reports).finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::Info, Confidence::Certain));
        assert!(found.fix.unwrap().summary.starts_with("Leave the record"));
    }

    #[test]
    fn what_the_receiver_passed_is_only_noted() {
        let case = Case::new(SIGNED).reported(report("pass", ""));
        assert_eq!(case.txt(KEY, &[&format!("k=rsa; v=DKIM1; p={RSA_2048}")]).finding(&RULE).severity, Severity::Low);
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        for good in ["v=DKIM1; k=rsa; p=", "k=rsa; t=s; n=\"x\"; p="] {
            assert!(matches!(Case::new(SIGNED).txt(KEY, &[&format!("{good}{RSA_2048};")]).judge(&RULE), Verdict::Pass));
        }
        // A wrapped or cut key, a withdrawn one, and a second record beside a good key are others' business.
        let cut = format!("p={}", &RSA_2048[..100]);
        for other in
            [&[&format!("p={RSA_1024_SSH}")[..]][..], &[&cut], &["v=DKIM1; p="], &[&format!("p={RSA_2048}"), "x"]]
        {
            assert!(matches!(Case::new(SIGNED).txt(KEY, other).judge(&RULE), Verdict::Pass), "{other:?}");
        }
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
    }
}
