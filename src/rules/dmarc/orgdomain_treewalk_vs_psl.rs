use super::{failure, seen};
use crate::evidence::{Data, Kind};
use crate::facts::dmarc::{Policy, Step};
use crate::facts::freemail;
use crate::facts::{Facts, organization};
use crate::remedy::dmarc::Edit;
use crate::remedy::{Change, Remedy, TTL, text};
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::shell::command;

rule! {
    /// Newer and older receivers see different organizations behind the From domain
    ///
    /// ## What we saw
    /// Receivers that follow the standard of 2026 find the organization by asking DNS for DMARC records
    /// upwards; older ones look it up in a public list of suffixes. For this name the two disagree.
    ///
    /// ## Why mail suffers
    /// What belongs together for one receiver is foreign to another: the same message can pass here and
    /// fail there, and different policies can apply.
    ///
    /// ## How to fix it
    /// Publish a DMARC record at the name that stands for the whole organization, so that both ways end there.
    /// Set psd=n only where a name is meant to stand for itself.
    ///
    /// ## How to check
    /// Look that record up; then the two ways give one answer.
    pub RULE = "orgdomain-treewalk-vs-psl", Dmarc, Info, judge, ["RFC 9989 §4.10.2", "RFC 7489 §3.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let Some(from) = facts.reading.from_domain() else { return Verdict::NotApplicable };
    // Without any record there is nothing to apply, to either.
    if facts.dmarc.governs.is_none() && facts.dmarc.governs_psl.is_none() {
        return super::dmarc_rua_missing::not_seen(facts);
    }
    if freemail::provider(from).is_some() {
        return Verdict::NotApplicable;
    }
    let Some(walked) = facts.dmarc.organizational.as_deref() else {
        return super::dmarc_rua_missing::not_seen(facts);
    };
    let list = organization::psl(from).unwrap_or(from);
    if walked == list && facts.dmarc.governs == facts.dmarc.governs_psl {
        return posing(facts).map_or(Verdict::Pass, |step| alone(facts, step).into());
    }
    let legs = facts.legs();
    // The disagreement is the fault itself where a pass is foreign by one way and at home by the other.
    let decides = facts.alignment.dmarc == Some(false)
        && !failure::receiver_passed(facts)
        && legs.all().any(|l| l.passed_in_vain() && !l.strict && organization::same_by_list(from, &l.domain));
    let policies = match facts.dmarc.governs == facts.dmarc.governs_psl {
        true => String::new(),
        false => format!(
            " The policy comes from {} for the newer and from {} for the older.",
            name(facts.dmarc.governing()),
            name(facts.dmarc.governs_psl.and_then(|n| facts.dmarc.steps.get(n)))
        ),
    };
    let title = match walked.strip_suffix(list).is_some_and(|head| head.ends_with('.')) {
        true => format!("Receivers disagree whether {walked} belongs to {list}"),
        false => format!("Receivers disagree on the organization: {walked} or {list}"),
    };
    let mut finding = Finding::new(&RULE, failure::title([
        format_args!("{title}"),
        format_args!("Receivers disagree on the organization of the From domain"),
    ]))
    .sure(Confidence::Certain, "both ways were followed with today's DNS and list")
    .explain(format!(
        "By the DNS tree walk the organization of {from} is {walked}; by the public suffix list it is {list}.{policies}{}",
        if decides { " A pass on this message counts for the older receivers only." } else { "" }
    ))
    .exhibits(facts.dmarc.steps.iter().filter_map(|step| {
        let record = step.record()?;
        Some(Exhibit::dns(step.question(), &record.text, None, "a record on the way up"))
    }))
    .check(command!("dig +short TXT _dmarc.{}", list), "one record that begins v=DMARC1, without psd");
    if decides {
        finding = finding.severity(failure::severity(facts)).leads_to(&["dmarc-unaligned"]);
    }
    finding
        .fix(remedy(facts, from).unwrap_or_else(|| {
            Remedy::new("Nothing to change, if this is meant")
                .step(format!("Sign and bounce with exactly {from}: that is the same to every receiver"))
        }))
        .into()
}

/// The sender's own record that says psd=y, which is for those under whose name others register (RFC 9989 §4.7).
fn posing(facts: &Facts) -> Option<&Step> {
    seen::own_steps(facts).find(|step| step.record().is_some_and(|r| r.psd == Some('y')))
}

/// Nobody disagrees on this name, but on those below it.
fn alone(facts: &Facts, step: &Step) -> Finding {
    let domain = &step.domain;
    let (text, tag) = step.record().map_or(("", None), |r| (r.text.as_str(), r.tag("psd")));
    Finding::new(&RULE, failure::title([
        format_args!("psd=y at {domain}, which is no public suffix"),
        format_args!("psd=y at a domain that is no public suffix"),
    ]))
    .severity(Severity::Low)
    .sure(Confidence::Likely, "the public suffix list does not name it; the list may lag behind")
    .explain(format!(
        "The DMARC record of {domain} says psd=y: that others register names below it. Newer receivers then take each name \
         right below {domain} for an organization of its own, so mail from there that is signed or bounced as {domain} fails DMARC."
    ))
    .exhibit(Exhibit::dns(step.question(), text, tag.map(|t| t.name.join(t.value)), "for public suffixes only"))
    .fix(unposed(facts, step))
    .check(command!("dig +short TXT {}", step.name()), "one record that begins v=DMARC1, without psd")
}

fn unposed(facts: &Facts, step: &Step) -> Remedy {
    let remedy = Remedy::new(format!("Take psd=y out, so that the names below {0} belong to {0}", step.domain))
        .step(format!("Leave it if others register names below {}", step.domain));
    let Some(record) = step.record() else { return remedy };
    let mut edit = Edit::of(&record.text);
    edit.remove("psd");
    seen::at(facts, step, record).publish(remedy, &edit.text(), &[])
}

fn name(step: Option<&Step>) -> &str {
    step.map_or("nowhere", Step::name)
}

/// A record at the organization's own name, where it has none; or psd= taken out, where that
/// makes the difference. `None` where neither cures.
pub fn remedy(facts: &Facts, from: &str) -> Option<Remedy> {
    let list = organization::psl(from)?;
    let walked = facts.dmarc.organizational.as_deref().filter(|w| *w != list)?;
    if let Some(step) = seen::own_steps(facts).find(|s| s.domain == walked)
        && let Some(record) = step.record().filter(|r| r.psd == Some('n'))
    {
        let mut edit = Edit::of(&record.text);
        edit.remove("psd");
        let remedy = Remedy::new(format!("Take psd=n out, so that {walked} belongs to {list} again"))
            .step(format!("Leave it if {walked} is meant to stand for itself; then sign and bounce below {walked}"));
        return Some(seen::at(facts, step, record).publish(remedy, &edit.text(), &[]));
    }
    if let Some(step) = posing(facts).filter(|step| step.domain == list) {
        return Some(unposed(facts, step));
    }
    let above = facts.dmarc.steps.iter().find(|s| s.domain == list)?;
    let answer = facts.evidence.answers.get(above.question())?;
    let meant = |text: &String| crate::facts::dmarc::record::read(text, 0).is_some();
    // Only where the walk ended lower for want of a record there, and nothing but TXT stands at the name.
    let lower = walked.strip_suffix(list).is_some_and(|head| head.ends_with('.'));
    if !lower
        || !above.answered()
        || !above.records.is_empty()
        || above.others.iter().any(meant)
        || answer.alias().is_some()
    {
        return None;
    }
    let mut edit = Edit::default();
    edit.set("p", Policy::None.word());
    let rua = facts.dmarc.governing().and_then(Step::record).and_then(|r| {
        let addresses: Vec<&str> = r.reports_to().collect();
        (!addresses.is_empty()).then(|| addresses.join(","))
    });
    if let Some(addresses) = rua {
        edit.set("rua", &addresses);
    }
    let before: Vec<Data> = answer.records.iter().map(|r| r.data.clone()).collect();
    let after = before.iter().cloned().chain([text(&edit.text())]).collect();
    Some(
        Remedy::new(format!("Publish a DMARC record at {list}, so that all its names belong together"))
            .step(format!("It only watches, and covers names below {list} that have no record of their own"))
            .record(Change { name: above.name().to_owned(), kind: Kind::Txt, ttl: TTL, before, after }),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::rules::Severity;

    const SUB: &str = "v=DMARC1; p=reject; rua=mailto:a@example.com";

    #[test]
    fn a_subdomain_with_the_only_record_stands_for_itself() {
        let case = Case::from("news.example.com").txt("_dmarc.news.example.com", &[SUB]).nothing_else();
        let finding = only(judge(&case.facts()));
        assert_eq!(finding.title, "Receivers disagree whether news.example.com belongs to example.com");
        assert_eq!(finding.severity, Severity::Info);
        let change = &finding.fix.unwrap().records[0];
        assert_eq!(change.name, "_dmarc.example.com");
        assert_eq!(texts(&change.after), ["v=DMARC1; p=none; rua=mailto:a@example.com"]);
    }

    #[test]
    fn it_is_the_cause_where_a_pass_depends_on_it_and_the_record_cures() {
        let case = || Case::from("news.example.com").spf("fail", "mailer.test").dkim("pass", "example.com");
        let broken = case().txt("_dmarc.news.example.com", &[SUB]).nothing_else().facts();
        let finding = only(judge(&broken));
        assert_eq!((finding.severity, &finding.leads_to[..]), (Severity::Critical, &["dmarc-unaligned"][..]));
        let new = texts(&finding.fix.unwrap().records[0].after);
        let cured = case().txt("_dmarc.news.example.com", &[SUB]).txt("_dmarc.example.com", &[new[0].as_str()]);
        let cured = cured.nothing_else().facts();
        assert_eq!(cured.alignment.dmarc, Some(true));
        assert!(matches!(judge(&cured), Verdict::Pass));
    }

    #[test]
    fn psd_n_can_be_taken_out() {
        let facts = Case::from("a.news.example.com")
            .txt("_dmarc.news.example.com", &["v=DMARC1; p=none; psd=n; x=y"])
            .txt("_dmarc.example.com", &["v=DMARC1; p=reject"])
            .nothing_else()
            .facts();
        let finding = only(judge(&facts));
        assert!(finding.explanation.contains("_dmarc.news.example.com for the newer and from _dmarc.example.com"));
        assert_eq!(texts(&finding.fix.unwrap().records[0].after), ["v=DMARC1; p=none; x=y"]);
    }

    #[test]
    fn pass_unknown_not_applicable() {
        let agreed = Case::from("news.example.com").txt("_dmarc.example.com", &[SUB]).nothing_else();
        assert!(matches!(judge(&agreed.facts()), Verdict::Pass));
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &[SUB]).facts()), Verdict::NotApplicable));
    }

    #[test]
    fn a_domain_that_poses_as_a_public_suffix() {
        let says = |from: &str| {
            let case =
                Case::from(from).txt("_dmarc.example.com", &["v=DMARC1; p=reject; psd=y; rua=mailto:a@example.com"]);
            only(judge(&case.nothing_else().facts()))
        };
        for (from, severity) in [("example.com", Severity::Low), ("news.example.com", Severity::Info)] {
            let finding = says(from);
            assert_eq!(finding.severity, severity, "{from}");
            let change = &finding.fix.unwrap().records[0];
            assert_eq!(texts(&change.after), ["v=DMARC1; p=reject; rua=mailto:a@example.com"]);
        }
        // A public suffix may say so.
        let suffix = Case::from("example.com").txt("_dmarc.com", &["v=DMARC1; p=none; psd=y"]);
        let suffix = suffix.txt("_dmarc.example.com", &["v=DMARC1; p=none"]).nothing_else();
        assert!(matches!(judge(&suffix.facts()), Verdict::Pass));
    }
}
