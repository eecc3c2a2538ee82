use super::standing::Standing;
use super::subject;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::key::{Key, KeyRecord};
use crate::facts::dkim::{KeyState, Signature};
use crate::remedy::{Change, Remedy, dkim as remedy};
use crate::rules::{Exhibit, Finding, Gaps, Verdict, rule};

rule! {
    /// The key does not allow signatures for a subdomain
    ///
    /// ## What we saw
    /// The signature speaks for a user at a subdomain (`i=`), and the key record carries the flag `s` in `t=`, which
    /// allows only users at the signing domain (`d=`) itself.
    ///
    /// ## Why mail suffers
    /// Receivers reject the signature, though key and message are in order.
    ///
    /// ## How to fix it
    /// Have the signer leave out `i=`, or give it the signing domain. If it is meant to sign for subdomains, publish the
    /// key without the flag `s`.
    ///
    /// ## How to check
    /// A new message has an `i=` at the very domain of `d=`, or none, or the key record has no `s` in `t=`; and it gets
    /// `dkim=pass`.
    pub RULE = "dkim-identity-not-allowed", Dkim, High, judge,
    ["RFC 6376 §3.5", "RFC 6376 §3.6.1"]
}

fn judge(facts: &Facts) -> Verdict {
    let (mut findings, mut gaps, mut applies) = (Vec::new(), Gaps::new(), false);
    let mut seen = std::collections::BTreeSet::new();
    for key in &facts.keys {
        let Some((index, signature)) = key.signature.and_then(|n| Some((n, facts.reading.signatures.get(n)?))) else {
            continue;
        };
        let Some(identity) = signature.subdomain_identity() else { continue };
        applies = true;
        match &key.state {
            KeyState::Found(_) if seen.insert((&key.name, identity.clone())) => {
                findings.extend(forbidding(key, signature).map(|record| found(facts, index, key, record, &identity)));
            }
            KeyState::Unasked(_) | KeyState::Failed(_) => gaps.push(subject::gap(key)),
            _ => {}
        }
    }
    if applies { Verdict::of(findings, gaps) } else { Verdict::NotApplicable }
}

/// The record that forbids this signature, where every usable one does.
pub(super) fn forbidding<'k>(key: &'k Key, signature: &Signature) -> Option<&'k KeyRecord> {
    signature.subdomain_identity()?;
    let KeyState::Found(records) = &key.state else { return None };
    let usable = || records.iter().filter(|r| r.usable());
    usable().next().filter(|_| usable().all(KeyRecord::strict_identity))
}

fn found(facts: &Facts, index: usize, key: &Key, record: &KeyRecord, identity: &str) -> Finding {
    let standing = Standing::of(facts, index);
    let domain = standing.domain().unwrap_or_default();
    let question = Question::new(&key.name, Kind::Txt);
    let signed = facts.reading.signatures.get(index).and_then(|s| s.identity.as_ref());
    let alias = facts.evidence.answers.get(&question).is_some_and(|a| a.alias().is_some());
    let after = remedy::without_flag(&record.text, "s");
    let fix = Remedy::new(format!("Sign without i=, or with i=@{domain}"))
        .step("Do this where the mail is signed; nothing in DNS has to change then.");
    let fix = match alias {
        true => fix.step(
            "If the signer must name the subdomain, whoever keeps the key record has to take the flag s out of it.",
        ),
        false => fix
            .step("If the signer must name the subdomain, publish the key without the flag s, as below, instead.")
            .record(Change::txt(&key.name, &[&record.text], &[&after])),
    };
    let finding = Finding::new(&RULE, "The key forbids a signature for a subdomain")
        .explain(format!(
            "The signature of {} names a user at {identity}, and t=s in its key allows only users at {domain} itself.",
            standing.who()
        ))
        .exhibits(signed.map(|i| Exhibit::input(i.span, "for this subdomain")))
        .exhibit(Exhibit::dns(&question, &record.text, record.tag("t"), "only d= itself"))
        .fix(fix)
        .check("send a new message to the same receiver", "dkim=pass");
    standing.sure_by_dns(standing.apply(finding), &[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;
    use crate::rules::{Confidence, Severity};

    fn signed(identity: &str) -> String {
        SIGNED.replace("s=s1;", &format!("s=s1; i={identity};"))
    }

    fn key(flags: &str) -> String {
        format!("v=DKIM1; t={flags}; p={RSA_2048}")
    }

    #[test]
    fn a_subdomain_is_not_the_domain() {
        let case = Case::new(&signed("a@news.example.com")).txt(KEY, &[&key("s")]).reported(report("fail", ""));
        let found = case.finding(&RULE);
        assert_eq!((found.severity, found.confidence), (Severity::High, Confidence::Likely));
        assert_eq!(record_of(&found).2, [format!("v=DKIM1; p={RSA_2048}")]);
    }

    #[test]
    fn it_explains_the_failure_alone() {
        let case = Case::new(&signed("a@news.example.com")).txt(KEY, &[&key("s")]).reported(report("fail", ""));
        let verdict = case.judge(&crate::rules::dkim::dkim_signature_invalid::RULE);
        assert!(!matches!(verdict, Verdict::Found(_)), "{verdict:?}");
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(Case::new(&signed("a@news.example.com")).txt(KEY, &[&key("y")]).judge(&RULE), Verdict::Pass));
        for same in ["a@example.com", "@EXAMPLE.com"] {
            let verdict = Case::new(&signed(same)).txt(KEY, &[&key("s")]).judge(&RULE);
            assert!(matches!(verdict, Verdict::NotApplicable), "{verdict:?}");
        }
        assert!(matches!(Case::new(SIGNED).txt(KEY, &[&key("s")]).judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(&signed("@news.example.com")).judge(&RULE), Verdict::Unknown(_)));
    }
}
