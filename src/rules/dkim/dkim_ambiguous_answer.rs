use super::subject;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::{Key, KeyRecord, KeyState};
use crate::remedy::{Change, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// Several texts stand where one key belongs
    ///
    /// ## What we saw
    /// The name of the key answers with more than one TXT record.
    ///
    /// ## Why mail suffers
    /// The standard leaves open which of them a receiver takes: some try each, some take the first that comes, and the
    /// order changes from answer to answer. Signatures then verify now and again.
    ///
    /// ## How to fix it
    /// Keep one record, that of the key the signer uses. A second key belongs under a selector of its own.
    ///
    /// ## How to check
    /// Query the name: exactly one text may answer.
    pub RULE = "dkim-ambiguous-answer", Dkim, Medium, judge,
    ["RFC 6376 §3.6.2.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let (mut findings, mut gaps, mut seen) = (Vec::new(), Gaps::new(), false);
    // A bare paste may hold the keys of several names.
    for key in subject::distinct(facts).filter(|key| !key.name.is_empty()) {
        match &key.state {
            KeyState::Found(records) => {
                seen = true;
                if records.len() > 1 {
                    findings.push(find(facts, key, records));
                }
            }
            KeyState::Unasked(_) | KeyState::Failed(_) => gaps.push(subject::gap(key)),
            KeyState::Missing(_) => {}
        }
    }
    if !seen && gaps.is_empty() { Verdict::NotApplicable } else { Verdict::of(findings, gaps) }
}

fn find(facts: &Facts, key: &Key, records: &[KeyRecord]) -> Finding {
    let question = Question::new(&key.name, Kind::Txt);
    let usable: Vec<&KeyRecord> = records.iter().filter(|r| r.usable()).collect();
    let standing = subject::worst(facts, &key.name);
    let passed = standing.as_ref().is_some_and(|s| s.passed());
    let outcome = match () {
        () if standing.as_ref().is_some_and(|s| s.accepted()) => " The receiver of this message took the right one.",
        () if passed => " Checked here, one of them fits the signature; another server may try the other only.",
        () => "",
    };
    // The receiver took the other one.
    let mistaken = usable.len() > 1 && standing.is_some_and(|s| s.failure().is_some() && s.verifies_here());
    let severity = match (passed, usable.len()) {
        (true, _) => Severity::Low,
        (false, 0 | 1) => Severity::Medium,
        // With two keys half of the answers are wrong.
        (false, _) => Severity::High,
    };
    let alias = facts.evidence.answers.get(&question).and_then(|a| a.alias());
    let remedy = Remedy::new(format!("Keep one record at {}", key.name));
    let remedy = match (alias, &usable[..]) {
        (Some(target), _) => remedy
            .step(format!("{} is a CNAME to {target}: whoever runs that name has to take the others away", key.name)),
        (None, [one]) => {
            let before: Vec<&str> = records.iter().map(|r| r.text.as_str()).collect();
            remedy.step("Only one of them is a key that can be used; the others go").record(Change::txt(
                &key.name,
                &before,
                &[one.text.as_str()],
            ))
        }
        (None, []) => remedy.step("None of them is a key that can be used: publish the one the signer shows, alone"),
        (None, _) => remedy
            .step("Several are whole keys: look up at the signer which one it uses, and keep that")
            .step("Give any other signer a selector of its own, and publish its key there"),
    };
    let pasted = facts.reading.record.as_ref();
    let exhibits = records.iter().take(4).map(|record| match pasted.and_then(|p| p.entries.get(record.index)) {
        Some(entry) => Exhibit::input(entry.span, "one of them"),
        None => Exhibit::dns(&question, &record.text, None, "one of them"),
    });
    Finding::new(&RULE, format!("{} texts stand at {}", records.len(), subject::shortened(&key.name, 44)))
        .severity(severity)
        .sure(Confidence::Certain, "all of them are there to be read")
        .explain(format!(
            "{} answers with {} texts, {} of them usable keys. Which one a receiver takes is left open.{outcome}",
            key.name,
            records.len(),
            usable.len(),
        ))
        .exhibits(exhibits)
        .fix(remedy)
        .check(question.dig(), "exactly one text")
        .leads_to(if mistaken { &["dkim-signature-invalid", "dmarc-unaligned"] } else { &[] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    #[test]
    fn the_only_usable_one_is_kept() {
        let key = format!("v=DKIM1; p={RSA_2048}");
        let found = Case::new(SIGNED).txt(KEY, &["v=spf1 -all", &key]).finding(&RULE);
        assert_eq!(found.severity, Severity::Medium);
        assert_eq!(record_of(&found).2, [key.as_str()]);
        let zone = format!("mail._domainkey.example.com TXT \"p={RSA_1024}\"\nmail._domainkey.example.com TXT \"old\"");
        let found = Case::domain("example.com").zone(&zone).finding(&RULE);
        assert_eq!(record_of(&found).2, [format!("p={RSA_1024}")]);
    }

    #[test]
    fn of_two_keys_only_the_signer_knows_the_right_one() {
        let two = [format!("p={RSA_2048}"), format!("p={RSA_1024}")];
        let two = [two[0].as_str(), two[1].as_str()];
        let found = Case::new(SIGNED).txt(KEY, &two).finding(&RULE);
        assert_eq!((found.severity, found.fix.unwrap().records.len()), (Severity::High, 0));
        assert_eq!(
            Case::new(SIGNED).reported(report("pass", "")).txt(KEY, &two).finding(&RULE).severity,
            Severity::Low
        );
    }

    #[test]
    fn pass_unknown_not_applicable() {
        assert!(matches!(Case::new(SIGNED).txt(KEY, &["p="]).judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::domain("example.com").zone("").judge(&RULE), Verdict::NotApplicable));
    }

    #[test]
    fn the_wrong_one_of_two_keys_was_taken() {
        let keys = [format!("p={RSA_2048}"), format!("p={RSA_1024}")];
        let case = || Case::new(SIGNED).reported(report("fail", "")).txt(KEY, &[&keys[0], &keys[1]]);
        assert_eq!(case().verifies().finding(&RULE).leads_to, ["dkim-signature-invalid", "dmarc-unaligned"]);
        // Where neither fits, something else is wrong as well.
        assert!(case().finding(&RULE).leads_to.is_empty());
    }

    #[test]
    fn what_the_receiver_took_is_said_only_where_it_says_so() {
        let keys = [format!("p={RSA_2048}"), format!("p={RSA_1024}")];
        let case = || Case::new(SIGNED).txt(KEY, &[&keys[0], &keys[1]]);
        let told = case().reported(report("pass", "")).finding(&RULE).explanation;
        assert!(told.contains("receiver of this message took the right one"), "{told}");
        let told = case().verifies().finding(&RULE).explanation;
        assert!(told.contains("Checked here") && !told.contains("receiver of this message"), "{told}");
        assert!(case().finding(&RULE).explanation.ends_with("is left open."));
    }
}
