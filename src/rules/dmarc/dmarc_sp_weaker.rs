use super::dmarc_rua_missing::not_seen;
use super::failure;
use super::seen::{self, Seen};
use crate::facts::Facts;
use crate::facts::dmarc::Policy;
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Gaps, Verdict, rule};

rule! {
    /// Subdomains are less protected than the domain itself
    ///
    /// ## What we saw
    /// The DMARC record asks for a weaker policy for subdomains (sp), or for names that do not exist (np), than
    /// for the domain itself (p).
    ///
    /// ## Why mail suffers
    /// Your own mail does not. Who wants to fake it takes a subdomain instead, an invented one too, and no
    /// receiver is asked to keep that out.
    ///
    /// ## How to fix it
    /// Begin with np, which speaks only of names that do not exist: no honest mail comes from those. Raise sp
    /// when the reports show that everything your subdomains send passes; a subdomain that is not ready can
    /// have a record of its own until it is.
    ///
    /// ## How to check
    /// Look the record up, and keep reading the reports after each step.
    pub RULE = "dmarc-sp-weaker", Dmarc, Low, judge, ["RFC 9989 §4.7", "RFC 9989 §4.10.1"]
}

fn judge(facts: &Facts) -> Verdict {
    // A message is judged by the one policy that governs it.
    if facts.reading.record.is_none() && facts.reading.subject.is_none() {
        return Verdict::NotApplicable;
    }
    let Some(seen) = seen::governing(facts) else { return not_seen(facts) };
    let record = seen.record;
    if !record.counts() || !record.has_usable_policy() {
        return Verdict::NotApplicable;
    }
    let p = record.p.unwrap_or(Policy::None);
    let sp = record.sp.unwrap_or(p);
    let np = record.np.unwrap_or(sp);
    if sp >= p && np >= p {
        return Verdict::Pass;
    }
    let names = (np < p).then(|| find(&seen, "np", np, names_first(&seen, p)));
    let subdomains = (sp < p).then(|| find(&seen, "sp", sp, subdomains_later(p)));
    Verdict::of(names.into_iter().chain(subdomains).collect(), Gaps::new())
}

fn names_first(seen: &Seen, p: Policy) -> Remedy {
    let remedy = Remedy::new(format!("Protect names that do not exist like the domain itself (np={})", p.word()))
        .step("np speaks only of names that DNS does not know. Make sure that everything you send from does exist there, then publish it")
        .step("Receivers that follow the older standard do not know np and go on by sp");
    let mut edit = Edit::of(&seen.record.text);
    edit.set("np", p.word());
    seen.publish(remedy, &edit.text(), &[])
}

fn subdomains_later(p: Policy) -> Remedy {
    Remedy::new("Raise sp when the reports of your subdomains are clean").step(format!(
        "When the reports show for some weeks that all your subdomains' mail passes, and not before, raise sp step by step to {}; a subdomain that is not ready can have a record of its own",
        p.word()
    ))
}

fn find(seen: &Seen, tag: &str, policy: Policy, mut remedy: Remedy) -> Finding {
    let what = if tag == "sp" { "subdomains" } else { "invented names" };
    if seen.record.reports_to().next().is_none() {
        remedy = remedy.step("First name an address in rua: without reports every step is blind");
    }
    // Without np the subdomains' policy is theirs.
    let written = if seen.record.tag(tag).is_some() { tag } else { "sp" };
    let p = seen.record.p.unwrap_or(Policy::None).word();
    let finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{} protects {what} less ({written}={})", seen.called(), policy.word()),
            format_args!("The DMARC record protects {what} less ({written}={})", policy.word()),
        ]),
    )
    .sure(Confidence::Certain, "the text itself shows it")
    .explain(format!(
        "{} asks for {p} for the domain itself and for {} for {what}. A forger takes one of those instead.",
        seen.called(),
        policy.word()
    ))
    .exhibit(seen.show_tag("p", "for the domain itself"))
    .exhibit(seen.show_tag(written, format!("for {what}")))
    .fix(remedy);
    seen.check(finding, "the policies you have decided on")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;

    fn pasted(text: &str) -> Verdict {
        judge(&Case::pasted(Some("_dmarc.example.com"), &[text]).facts())
    }

    #[test]
    fn names_that_do_not_exist_come_first_and_the_rest_stays() {
        let Verdict::Found(found) = pasted("v=DMARC1; p=reject; sp=none; x=y; rua=mailto:a@example.com") else {
            panic!()
        };
        let [names, subdomains] = &found[..] else { panic!("{found:?}") };
        let fix = names.fix.as_ref().unwrap();
        assert_eq!(
            texts(&fix.records[0].after),
            ["v=DMARC1; p=reject; sp=none; x=y; rua=mailto:a@example.com; np=reject"]
        );
        let later = subdomains.fix.as_ref().unwrap();
        assert!(later.records.is_empty() && later.steps.iter().any(|s| s.contains("raise sp step by step to reject")));
    }

    #[test]
    fn sp_alone_is_advice_without_a_record() {
        let fix = only(pasted("v=DMARC1; p=reject; sp=none; np=reject")).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps.iter().any(|s| s.contains("rua")), "{fix:?}");
        let fix = only(pasted("v=DMARC1; p=quarantine; np=none")).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=quarantine; np=quarantine"]);
    }

    #[test]
    fn pass_unknown_not_applicable() {
        for good in
            ["v=DMARC1; p=reject", "v=DMARC1; p=none; sp=reject", "v=DMARC1; p=quarantine; sp=reject; np=quarantine"]
        {
            assert!(matches!(pasted(good), Verdict::Pass), "{good}");
        }
        assert!(matches!(judge(&Case::domain("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::domain("example.com").zone("").facts()), Verdict::NotApplicable));
        assert!(matches!(pasted("v=DMARC1; p=x"), Verdict::NotApplicable));
        let message = Case::from("example.com").txt("_dmarc.example.com", &["v=DMARC1; p=reject; sp=none"]);
        assert!(matches!(judge(&message.nothing_else().facts()), Verdict::NotApplicable));
    }
}
