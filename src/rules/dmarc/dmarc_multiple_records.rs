use super::failure;
use super::seen::{self, Seen};
use crate::facts::Facts;
use crate::facts::dmarc::{DmarcRecord, record, walk};
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Gaps, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// Two or more DMARC records stand at one name
    ///
    /// ## What we saw
    /// More than one TXT record at the same _dmarc name begins v=DMARC1.
    ///
    /// ## Why mail suffers
    /// Receivers are told to ignore all of them, so the domain has no policy there and gets no reports.
    ///
    /// ## How to fix it
    /// Make them one record. The proposal keeps the milder policy and every report address; make it
    /// stricter yourself if you are sure that all your mail passes.
    ///
    /// ## How to check
    /// Look the name up: exactly one record may begin v=DMARC1.
    pub RULE = "dmarc-multiple-records", Dmarc, Critical, judge, ["RFC 9989 §4.10"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some(pasted) = facts.reading.record.as_ref() {
        let texts: Vec<String> = pasted.entries.iter().map(|e| walk::text_of(&e.text)).collect();
        let records: Vec<DmarcRecord> = texts.iter().enumerate().filter_map(|(n, t)| record::read(t, n)).collect();
        let counting: Vec<&DmarcRecord> = records.iter().filter(|r| r.counts()).collect();
        let all: Vec<Seen> = counting.iter().map(|record| seen::in_paste(pasted, record)).collect();
        return match all.len() {
            0 => Verdict::NotApplicable,
            1 => Verdict::Pass,
            _ => find(facts, &all).into(),
        };
    }
    let mut steps = seen::own_steps(facts).peekable();
    if steps.peek().is_none() {
        return Verdict::NotApplicable;
    }
    let mut findings = Vec::new();
    let mut gaps = Gaps::new();
    for step in steps {
        if !step.answered() {
            gaps.push(seen::unread(step));
        }
        if step.records.len() > 1 {
            let all: Vec<Seen> = step.records.iter().map(|record| seen::at(facts, step, record)).collect();
            findings.push(find(facts, &all));
        }
    }
    Verdict::of(findings, gaps)
}

fn find(facts: &Facts, all: &[Seen]) -> Finding {
    let name = all.first().map(Seen::name).unwrap_or_default();
    let passed = failure::receiver_passed(facts);
    let (severity, because) = match (passed, facts.dmarc.governs) {
        (true, _) => (Severity::Low, "all of them are in DNS today, though the receiver passed the message"),
        (_, Some(_)) => (Severity::High, "all of them are in DNS today; another name's record governs meanwhile"),
        (_, None) => (Severity::Critical, "all of them are there to be read"),
    };
    let finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{} DMARC records at {name} cancel each other", all.len()),
            format_args!("{} DMARC records at one name cancel each other", all.len()),
        ]),
    )
    .severity(severity)
    .sure(Confidence::Certain, because)
    .explain(format!(
        "{} records at {name} begin v=DMARC1. Receivers ignore them all, as if there were none.",
        all.len()
    ))
    .exhibits(all.iter().take(4).map(|seen| seen.show(Span::new(0, seen.record.text.len()), "one of them")));
    let Some((first, rest)) = all.split_first() else { return finding };
    let mut edit = Edit::of(&first.record.text);
    for other in rest {
        edit.merge(&Edit::of(&other.record.text));
    }
    let dropped: Vec<usize> = rest.iter().map(|seen| seen.record.index).collect();
    let remedy = Remedy::new(format!("Make the {} records at {name} one", all.len()))
        .step("Of the policies the milder one is kept, and every report address; check that this is what you want");
    first.check(finding.fix(first.publish(remedy, &edit.text(), &dropped)), "one record that begins v=DMARC1")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;

    const TWO: &[&str] =
        &["v=DMARC1; p=reject; rua=mailto:a@example.com", "keep=me", "v=DMARC1; p=none; x=y; rua=mailto:b@example.com"];
    const ONE: &[&str] = &["v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@example.com; x=y", "keep=me"];

    #[test]
    fn two_become_one() {
        let facts = Case::from("example.com").txt("_dmarc.example.com", TWO).nothing_else().facts();
        let finding = only(judge(&facts));
        assert_eq!(finding.severity, Severity::Critical);
        let change = &finding.fix.unwrap().records[0];
        assert_eq!(texts(&change.before), TWO);
        assert_eq!(texts(&change.after), ONE);
    }

    #[test]
    fn pasted() {
        let finding = only(judge(&Case::pasted(Some("_dmarc.example.com"), TWO).facts()));
        assert_eq!(texts(&finding.fix.unwrap().records[0].after), ONE);
        assert!(matches!(judge(&Case::pasted(None, &TWO[..2]).facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::pasted(None, &["v=spf1 -all"]).facts()), Verdict::NotApplicable));
    }

    #[test]
    fn milder_where_another_governs_or_the_receiver_passed() {
        let case = || Case::from("news.example.com").txt("_dmarc.news.example.com", TWO);
        let above = case().txt("_dmarc.example.com", &["v=DMARC1; p=none"]).nothing_else();
        assert_eq!(only(judge(&above.facts())).severity, Severity::High);
        assert_eq!(only(judge(&case().dmarc("pass").nothing_else().facts())).severity, Severity::Low);
    }

    #[test]
    fn pass_unknown_not_applicable() {
        let one = Case::from("example.com").txt("_dmarc.example.com", &TWO[..2]).nothing_else();
        assert!(matches!(judge(&one.facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::default().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::from("gmail.com").facts()), Verdict::NotApplicable));
    }
}
