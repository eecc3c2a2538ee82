use super::failure;
use super::seen::{self, Seen};
use crate::facts::Facts;
use crate::facts::dmarc::{DmarcRecord, Policy, RecordProblem, record};
use crate::remedy::Remedy;
use crate::remedy::dmarc::Edit;
use crate::rules::{Confidence, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// The DMARC record has a mistake in it
    ///
    /// ## What we saw
    /// The text of the record is not what DMARC readers expect: a piece that is no tag, an unknown policy
    /// word, an address without mailto:, a comma for a semicolon, quotes inside the value, or a
    /// version that is not exactly v=DMARC1 at the very front.
    ///
    /// ## Why mail suffers
    /// Depending on the mistake receivers ignore the whole record, read the policy as none, or send no reports.
    ///
    /// ## How to fix it
    /// Replace the record by the corrected text. Your tags, addresses and their order are kept.
    ///
    /// ## How to check
    /// Look the record up: the text must be the corrected one, without quotes or backslashes of its own.
    pub RULE = "dmarc-record-malformed", Dmarc, High, judge, ["RFC 9989 §4.7", "RFC 9989 §4.8", "RFC 9989 §4.10.1"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some(pasted) = facts.reading.record.as_ref() {
        let Some(record) = facts.dmarc.pasted.as_ref() else { return Verdict::NotApplicable };
        return find(facts, seen::in_paste(pasted, record)).map_or(Verdict::Pass, Verdict::from);
    }
    let mut findings = Vec::new();
    let mut gaps = Gaps::new();
    let mut looked = false;
    for step in seen::own_steps(facts) {
        if !step.answered() {
            gaps.push(seen::unread(step));
            continue;
        }
        // Several records at one name are ignored whatever they say.
        if let Some(record) = step.record() {
            looked = true;
            findings.extend(find(facts, seen::at(facts, step, record)));
        } else if step.records.is_empty() {
            for record in almost(facts, step) {
                looked = true;
                findings.extend(find(facts, seen::at(facts, step, &record)));
            }
        }
        // What stands above the record that governs matters to nobody here.
        if facts.dmarc.governing().is_some_and(|g| g.domain == step.domain) {
            break;
        }
    }
    if !looked && findings.is_empty() && gaps.is_empty() {
        return Verdict::NotApplicable;
    }
    Verdict::of(findings, gaps)
}

/// TXT at a step that means to be a DMARC record and does not count as one.
fn almost(facts: &Facts, step: &crate::facts::dmarc::Step) -> Vec<DmarcRecord> {
    let Some(answer) = facts.evidence.answers.get(step.question()) else { return Vec::new() };
    let texts = answer.texts().enumerate();
    texts.filter_map(|(n, bytes)| record::read(&crate::facts::dmarc::walk::text_of(&bytes), n)).collect()
}

fn find(facts: &Facts, seen: Seen) -> Option<Finding> {
    let record = seen.record;
    let counts = record.counts();
    let faults: Vec<(&RecordProblem, Harm, String)> =
        record.problems.iter().filter_map(|p| harm(record, counts, p).map(|(harm, what)| (p, harm, what))).collect();
    let worst = faults.iter().map(|(_, harm, _)| *harm).max()?;
    let (severity, consequence) = match worst {
        Harm::Ignored => (Severity::High, "Receivers ignore the whole record, so there is no policy and no report."),
        Harm::Policy => (Severity::High, "Receivers may ignore the record or read its policy as none."),
        Harm::Reports => (Severity::Medium, "Reports are not sent where you want them."),
        Harm::Detail => (Severity::Low, "Receivers use the default in its place, or differ in how they read it."),
    };
    let passed = failure::receiver_passed(facts);
    let (_, _, first) = faults.first()?;
    let edit = corrected(record);
    let short = match seen.domain() {
        blank if blank.starts_with('<') => format!("This record is faulty: {first}"),
        domain => format!("DMARC of {domain} is faulty: {first}"),
    };
    let finding = Finding::new(
        &RULE,
        failure::title([
            format_args!("{} is faulty: {first}", seen.called()),
            format_args!("{short}"),
            format_args!("The DMARC record is faulty: {first}"),
            format_args!("{} has a mistake in it", seen.called()),
            format_args!("The DMARC record has a mistake in it"),
        ]),
    )
    .severity(if passed { severity.min(Severity::Low) } else { severity })
    .sure(
        if passed { Confidence::Likely } else { Confidence::Certain },
        if passed {
            "the mistake is in DNS today, though the receiver passed the message"
        } else {
            "the text itself shows it"
        },
    )
    .explain(format!(
        "{} has a mistake: {}. {consequence}",
        seen.called(),
        faults.iter().take(5).map(|(_, _, what)| what.as_str()).collect::<Vec<_>>().join("; ")
    ))
    .exhibits(faults.iter().take(5).map(|(problem, _, what)| seen.show(problem.span(), what.clone())));
    let fix = remedy(facts, &seen, &edit);
    // Whatever else is to change in the record: it would go out with the mistake in it.
    let held = fix.records.is_empty();
    let reports = record.reports_to().next().is_none() && edit.get("rua").is_some();
    let finding = match (held, reports) {
        (true, _) => finding.leads_to(SAME_RECORD).bars(true),
        (false, true) => finding.leads_to(&["dmarc-rua-missing"]),
        (false, false) => finding,
    }
    .fix(fix);
    Some(seen.check(finding, edit.text()))
}

fn remedy(facts: &Facts, seen: &Seen, edit: &Edit) -> Remedy {
    let text = edit.text();
    let mut remedy = Remedy::new(format!("Correct {}", seen.name()));
    let left = record::read(&text, 0);
    if left.as_ref().is_some_and(|r| r.problems.iter().any(|p| harm(r, r.counts(), p).is_some())) {
        // What was meant cannot be told; the owner has to say.
        return remedy.step(format!("Say what is meant where the text cannot tell: {text}"));
    }
    let in_force = if seen.record.counts() { seen.record.own_policy() } else { None };
    let strict = left.and_then(|r| r.own_policy()).filter(|p| *p > Policy::None);
    if let Some(policy) = strict.filter(|p| in_force.unwrap_or(Policy::None) < *p) {
        let word = policy.word();
        remedy = remedy.step(match facts.alignment.dmarc {
            Some(false) => format!(
                "First cure what makes this message fail: once corrected, the record really asks receivers to {word} it; publish p=none until then"
            ),
            _ => format!("Once corrected, the record really asks receivers to {word} what fails; use p=none if you are not sure that all your mail passes"),
        });
    }
    for problem in &seen.record.problems {
        remedy = match problem {
            // The defaults of RFC 9989 §4.7.
            RecordProblem::BadPolicy { tag: "sp", .. } if edit.get("sp").is_none() => {
                remedy.step("sp= is left out: without it p= holds for subdomains too.")
            }
            RecordProblem::BadPolicy { tag: "np", .. } if edit.get("np").is_none() => {
                remedy.step("np= is left out: without it sp=, or else p=, holds for names that do not exist.")
            }
            RecordProblem::BadValue { tag, .. } if tag == "t" && edit.get("t").is_none() => remedy.step(
                "t= is left out: what cannot be read counts as t=n, so the policy stays in force as it is. t=y would ask for a test: \
                 p=reject would then count as quarantine, and p=quarantine as none.",
            ),
            RecordProblem::BadValue { tag, .. } if matches!(edit.get(tag), Some("s")) => remedy.step(format!(
                "Receivers read {tag} as r (relaxed) today. {tag}=s asks for the very same name as in From: leave the tag out unless all \
                 your mail has that."
            )),
            _ => remedy,
        };
    }
    seen.publish(remedy, &text, &[])
}

/// The record as it was meant.
fn corrected(record: &DmarcRecord) -> Edit {
    let mut edit = Edit::of(&record.text);
    if edit.get("p").is_none() {
        // What receivers read it as.
        edit.set("p", Policy::None.word());
    }
    if record.problems.iter().any(|p| matches!(p, RecordProblem::PolicyLate(_)))
        && let Some(policy) = edit.get("p").map(str::to_owned)
    {
        edit.remove("p");
        edit.set("p", &policy);
    }
    edit
}

/// Rules whose cure is another version of the same record.
const SAME_RECORD: &[&str] = &["dmarc-rua-missing", "dmarc-removed-tags", "dmarc-sp-weaker", "dmarc-policy-none"];

/// What a mistake does, mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    Detail,
    Reports,
    Policy,
    Ignored,
}

/// The harm of one problem of a record that [`DmarcRecord::counts`] or not, and the few words that name it; `None` where there is none.
fn harm(record: &DmarcRecord, counts: bool, problem: &RecordProblem) -> Option<(Harm, String)> {
    let written = record.under(problem.span());
    let short: String = if written.chars().count() > 40 {
        written.chars().take(39).chain(['…']).collect()
    } else {
        written.to_owned()
    };
    let whole = if counts { Harm::Policy } else { Harm::Ignored };
    Some(match problem {
        RecordProblem::Version(span) if span.is_empty() => (Harm::Ignored, "v=DMARC1 is missing".to_owned()),
        RecordProblem::Version(_) => (Harm::Ignored, "it does not begin with exactly v=DMARC1;".to_owned()),
        RecordProblem::LeadingBlank(_) => (Harm::Policy, "a blank stands before v=DMARC1".to_owned()),
        RecordProblem::NoPolicy(_) if record.reports_to().next().is_some() => {
            (Harm::Detail, "p= is missing and counts as p=none".to_owned())
        }
        RecordProblem::NoPolicy(_) => (Harm::Ignored, "p= is missing, and so is an address for reports".to_owned()),
        RecordProblem::NotATag { suggestion: Some(right), .. } if right.starts_with("rua=") => {
            (whole, format!("{short} lacks rua="))
        }
        RecordProblem::NotATag { .. } => (whole, format!("{short} is no tag")),
        RecordProblem::BadPolicy { .. } if written.ends_with('=') => (Harm::Policy, format!("{short} is empty")),
        RecordProblem::BadPolicy { tag, .. } => (Harm::Policy, format!("{short} is no policy for {tag}")),
        RecordProblem::BadUri { .. } if written.is_empty() || written.ends_with('=') => {
            (Harm::Reports, format!("{short} names no address"))
        }
        RecordProblem::BadUri { .. } => (Harm::Reports, format!("{short} is no mailto: address")),
        RecordProblem::BadValue { .. } => (Harm::Detail, format!("{short} has no meaning")),
        RecordProblem::DuplicateTag(_) => (whole, format!("{short} comes twice")),
        RecordProblem::Separator(span) if span.is_empty() => {
            (Harm::Detail, "an address is missing at a comma".to_owned())
        }
        RecordProblem::Separator(_) => (whole, format!("the separator is wrong at “{}”", short.trim())),
        RecordProblem::Quotes(_) => (whole, format!("{short} is part of the value")),
        RecordProblem::Foreign(_) => (whole, "a character outside plain ASCII is in it".to_owned()),
        RecordProblem::PolicyLate(_) => {
            (Harm::Detail, format!("{short} is not right behind the version, where older receivers want it"))
        }
        // Unknown tags are ignored by all; removed ones have a rule of their own.
        RecordProblem::UnknownTag(_) | RecordProblem::Removed(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, only, texts};
    use super::*;
    use crate::evidence::{Kind, Outcome};
    use crate::rules::Place;

    const BARE: &str = "v=DMARC1; p=reject; sp=reject; mailto:report@example.com";
    const RIGHT: &str = "v=DMARC1; p=reject; sp=reject; rua=mailto:report@example.com";

    #[test]
    fn a_pasted_bare_mailto() {
        let facts = Case::pasted(None, &[BARE]).facts();
        let finding = only(judge(&facts));
        assert_eq!(finding.title, "This DMARC record is faulty: mailto:report@example.com lacks rua=");
        assert_eq!((finding.severity, finding.leads_to.as_slice()), (Severity::High, &["dmarc-rua-missing"][..]));
        let Place::Input(span) = finding.exhibits[0].place else { panic!() };
        assert_eq!(span.of(facts.text()), b"mailto:report@example.com");
        let fix = finding.fix.unwrap();
        assert_eq!(texts(&fix.records[0].before), [BARE]);
        assert_eq!(texts(&fix.records[0].after), [RIGHT]);
        assert_eq!(fix.records[0].name, "_dmarc.<your domain>");
        assert_eq!(fix.blanks, ["your domain"]);
    }

    #[test]
    fn in_dns_all_else_at_the_name_stays() {
        let facts = Case::from("example.com").txt("_dmarc.example.com", &["other", BARE]).nothing_else().facts();
        let finding = only(judge(&facts));
        assert!(matches!(&finding.exhibits[0].place, Place::Dns { span: Some(_), text, .. } if text == BARE));
        assert_eq!(texts(&finding.fix.unwrap().records[0].after), ["other", RIGHT]);
    }

    #[test]
    fn a_record_that_does_not_count_is_found_all_the_same() {
        let facts =
            Case::from("example.com").txt("_dmarc.example.com", &["other", "v=dmarc1; p=none"]).nothing_else().facts();
        let finding = only(judge(&facts));
        assert_eq!(texts(&finding.fix.unwrap().records[0].after), ["other", "v=DMARC1; p=none"]);
    }

    #[test]
    fn a_stricter_policy_than_was_in_force_is_announced() {
        let facts = Case::from("example.com")
            .spf("pass", "mailer.test")
            .dkim("pass", "mailer.test")
            .txt("_dmarc.example.com", &["v=dmarc1; p=reject"])
            .nothing_else()
            .facts();
        let fix = only(judge(&facts)).fix.unwrap();
        assert!(fix.steps[0].starts_with("First cure what makes this message fail"), "{fix:?}");
    }

    #[test]
    fn the_policy_goes_behind_the_version() {
        let fix = only(judge(&Case::pasted(None, &["v=DMARC1; sp=none; x=y; p=reject"]).facts())).fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; sp=none; x=y"]);
    }

    #[test]
    fn an_empty_tag_is_left_out_for_its_default() {
        let fix = only(judge(&Case::pasted(None, &["v=DMARC1; p=reject; sp=; rua=mailto:a@example.com"]).facts())).fix;
        let fix = fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; rua=mailto:a@example.com"]);
        // In force is p=none: RFC 9989 §4.10.1.
        assert!(fix.steps[0].contains("really asks receivers to reject"), "{:?}", fix.steps);
        assert!(fix.steps[1].starts_with("sp= is left out"), "{:?}", fix.steps);
    }

    #[test]
    fn a_test_mode_that_cannot_be_read_is_none() {
        let fix =
            only(judge(&Case::pasted(None, &["v=DMARC1; p=reject; t=yes; rua=mailto:a@example.com"]).facts())).fix;
        let fix = fix.unwrap();
        assert_eq!(texts(&fix.records[0].after), ["v=DMARC1; p=reject; rua=mailto:a@example.com"]);
        assert!(fix.steps.iter().any(|s| s.starts_with("t= is left out")), "{fix:?}");
        let strict = only(judge(&Case::pasted(None, &["v=DMARC1; p=reject; aspf=strict"]).facts())).fix.unwrap();
        assert!(strict.steps.iter().any(|s| s.starts_with("Receivers read aspf as r")), "{strict:?}");
    }

    #[test]
    fn what_cannot_be_told_is_asked() {
        let fix = only(judge(&Case::pasted(None, &["v=DMARC1; p=monitor"]).facts())).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("p=monitor"), "{fix:?}");
        // What other rules would change of the same record has to wait.
        let finding = only(judge(&Case::pasted(None, &["v=DMARC1; p=monitor"]).facts()));
        assert!(finding.bars && finding.leads_to.contains(&"dmarc-rua-missing"));
    }

    #[test]
    fn severity_follows_the_harm() {
        for (text, severity) in [
            ("v=DMARC1 p=none", Severity::High),
            ("v=DMARC1", Severity::High),
            ("v=DMARC1; p=none; sp=x", Severity::High),
            ("v=DMARC1; p=none; rua=a@example.com", Severity::Medium),
            ("v=DMARC1; p=none; adkim=x", Severity::Low),
            ("v=DMARC1; rua=mailto:a@example.com", Severity::Low),
            ("v=DMARC1; sp=none; p=none", Severity::Low),
        ] {
            assert_eq!(only(judge(&Case::pasted(None, &[text]).facts())).severity, severity, "{text}");
        }
        let passed = Case::from("example.com").dmarc("pass").txt("_dmarc.example.com", &[BARE]).nothing_else();
        assert_eq!(only(judge(&passed.facts())).severity, Severity::Low);
    }

    #[test]
    fn behind_a_cname_the_text_goes_to_whoever_runs_it() {
        let data = vec![crate::evidence::Data::Cname("d.vendor.test".into()), crate::remedy::text(BARE)];
        let case = Case::from("example.com").answer("_dmarc.example.com", Kind::Txt, Outcome::Records, data);
        let fix = only(judge(&case.nothing_else().facts())).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps.iter().any(|s| s.contains("d.vendor.test") && s.contains(RIGHT)));
    }

    #[test]
    fn pass_unknown_not_applicable() {
        for text in [RIGHT, "v=DMARC1; p=none; x=y; pct=10"] {
            assert!(matches!(judge(&Case::pasted(None, &[text]).facts()), Verdict::Pass));
            let facts = Case::from("example.com").txt("_dmarc.example.com", &[text]).nothing_else().facts();
            assert!(matches!(judge(&facts), Verdict::Pass));
        }
        assert!(matches!(judge(&Case::from("example.com").facts()), Verdict::Unknown(_)));
        assert!(matches!(judge(&Case::from("example.com").nothing_else().facts()), Verdict::NotApplicable));
        assert!(matches!(judge(&Case::pasted(None, &["v=spf1 -all"]).facts()), Verdict::NotApplicable));
    }
}
