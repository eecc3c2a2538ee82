use super::support::{
    consequences, outcome_words, platform_term, record_exhibit, record_in, replaced, reported, reported_exhibit,
    reported_pass, short, stopped, survey_of, surveyed, txt, way_to, weighed,
};
use crate::evidence::Kind;
use crate::facts::Facts;
use crate::facts::spf::record::Record;
use crate::facts::spf::{Node, Problem, ProblemKind, Published};
use crate::knowledge::platform;
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// An include leads to a name without an SPF record
    ///
    /// ## What we saw
    /// An `include:` or `redirect=` names a domain that publishes no SPF record, or more than one. Often a service has
    /// moved its record to another name, or was given up, or the name is misspelt.
    ///
    /// ## Why mail suffers
    /// Receivers take that for an error of your record and answer `permerror` to every sender that no term before it
    /// lists. Your own servers fail with it when they are listed later.
    ///
    /// ## How to fix it
    /// Correct the name, or take the include out where the service no longer sends for you.
    ///
    /// ## How to check
    /// Ask for the TXT records of the included name: exactly one begins `v=spf1`.
    pub RULE = "spf-include-missing-record", Spf, High, judge,
    ["RFC 7208 §5.2", "RFC 7208 §6.1", "RFC 7208 §4.5"]
}

/// What is judged: the records, and what was found wrong below them.
struct Case<'f> {
    domain: &'f str,
    tree: &'f Node,
    at: Option<&'f Published>,
    is_message: bool,
}

fn judge(facts: &Facts) -> Verdict {
    let is_it = |p: &&Problem, top: &str| match p.kind {
        ProblemKind::IncludeWithoutRecord => true,
        ProblemKind::MultipleRecords => p.domain != top,
        _ => false,
    };
    if let Some((survey, at)) = survey_of(facts) {
        let case = Case { domain: &survey.domain, tree: &survey.tree, at: Some(at), is_message: false };
        let problems = survey.problems.iter().filter(|p| is_it(p, &survey.domain));
        let found = problems.take(5).filter_map(|p| found(facts, &case, p)).collect();
        let gaps = survey.unanswered().filter(|q| q.kind == Kind::Txt);
        return Verdict::of(found, gaps.map(|q| Gap::dns(open(&survey.domain), q)).collect());
    }
    let Some(check) = &facts.spf else { return Verdict::NotApplicable };
    let Some(tree) = &check.tree else { return Verdict::NotApplicable };
    let at = facts.spf_published.iter().find(|p| p.domain == check.domain);
    let case = Case { domain: &check.domain, tree, at, is_message: true };
    match check.problem.as_ref().filter(|p| is_it(p, &check.domain)) {
        Some(problem) => Verdict::of(found(facts, &case, problem).into_iter().collect(), Gaps::new()),
        None => Verdict::of(vec![], stopped(check).into_iter().collect()),
    }
}

fn open(domain: &str) -> String {
    match domain {
        "" => "Does every record that is included exist?".to_owned(),
        domain => format!("Does every record that SPF of {domain} includes exist?"),
    }
}

fn found(facts: &Facts, case: &Case, problem: &Problem) -> Option<Finding> {
    let several = problem.kind == ProblemKind::MultipleRecords;
    // For several records the problem stands at the included name, else at the term that names it.
    let (holder, target) = match several {
        true => (case.domain, problem.domain.as_str()),
        false => (problem.domain.as_str(), ""),
    };
    let term = match several {
        true => way_to(case.tree, target)?.text.clone(),
        false => record_in(case.tree, holder)?.get(problem.span?.range())?.to_owned(),
    };
    let named = term.split_once([':', '=']).map_or(term.as_str(), |(_, name)| name);
    let target = if several { target } else { named };
    let whose =
        if case.domain.is_empty() { "This SPF record".to_owned() } else { format!("SPF of {}", short(case.domain)) };
    let severity = match (case.is_message, reported_pass(facts)) {
        (false, _) => Severity::High,
        (true, true) => Severity::Low,
        (true, false) => weighed(facts, Severity::High, Severity::Medium),
    };
    let (confidence, because) = match reported(facts).filter(|_| case.is_message) {
        Some("permerror") => (Confidence::Certain, "The receiver wrote spf=permerror, and the record is not there."),
        Some("pass") => (Confidence::Possible, "The receiver still saw a pass; the record may have gone since."),
        _ => (Confidence::Likely, "This is what DNS says today."),
    };
    let answer = facts.evidence.answers.get(&txt(target));
    let said = match (several, answer) {
        (true, _) => "more than one SPF record",
        (false, Some(answer)) => outcome_words(answer.outcome),
        (false, None) => "no name that can be asked for",
    };
    let mut exhibits: Vec<Exhibit> = Vec::new();
    let place = if several { way_to(case.tree, target).map(|b| b.span) } else { problem.span };
    match (holder == case.domain, case.at) {
        (true, Some(at)) => exhibits.extend(record_exhibit(facts, at, 0, place, "leads to no record")),
        _ => exhibits.extend(
            record_in(case.tree, holder).map(|r| Exhibit::dns(&txt(holder), r, problem.span, "leads to no record")),
        ),
    }
    if answer.is_some() {
        exhibits.push(Exhibit::dns(&txt(target), said, None, "what DNS says"));
    }
    let mut leads_to = Vec::new();
    if case.is_message && severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    let (verb, word) = match is_redirect(&term) {
        true => ("redirects to", "redirect="),
        false => ("includes", "include"),
    };
    let title = match several {
        true => format!("{whose} {verb} {}, which has several records", short(target)),
        false => format!("{whose} {verb} {}, which has no SPF", short(target)),
    };
    Some(
        Finding::new(&RULE, cut(&title))
            .severity(severity)
            .sure(confidence, because)
            .explain(format!(
                "{term} in the record of {} leads to {target}, and DNS has {said} there. Receivers answer permerror to every \
                 sender that no term before it lists.",
                if holder.is_empty() { "this name" } else { holder }
            ))
            .exhibits(reported_exhibit(facts, "the receiver's result").filter(|_| confidence == Confidence::Certain))
            .exhibits(exhibits)
            .fix(fix(facts, case, holder, &term, target, several))
            .check(txt(target).dig(), format!("exactly one record that begins v=spf1, or the {word} gone from your record"))
            .leads_to(&leads_to),
    )
}

fn is_redirect(term: &str) -> bool {
    term.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("redirect="))
}

/// At most 70 characters.
fn cut(title: &str) -> String {
    if title.chars().count() <= 70 { title.to_owned() } else { title.chars().take(69).chain(['…']).collect() }
}

fn fix(facts: &Facts, case: &Case, holder: &str, term: &str, target: &str, several: bool) -> Remedy {
    let meant = if several { None } else { meant(term) };
    let summary = match (several, &meant) {
        (true, _) => format!("Have {target} publish one record, or take {term} out of yours."),
        (false, Some(meant)) => format!("Write {meant} in place of {term}."),
        (false, None) => format!("Correct {term}, or take it out where the service no longer sends for you."),
    };
    let remedy = Remedy::new(summary);
    if holder != case.domain {
        let way = way_to(case.tree, holder).map_or("the include that leads there", |b| b.text.as_str());
        return remedy.step(format!(
            "It stands in the record of {holder}: tell whoever runs that, or take out {way} where you do not use it."
        ));
    }
    let Some((at, text)) = case.at.and_then(|at| Some((at, at.records.first()?))) else { return remedy };
    let Some(record) = Record::parse(text.text.as_bytes()) else { return remedy };
    let word = |t: &crate::facts::spf::record::Term| text.text.get(t.span.range()).unwrap_or_default();
    let there = |meant: &String| record.terms.iter().any(|t| word(t).eq_ignore_ascii_case(meant));
    let written = meant.as_ref().filter(|meant| !there(meant));
    let terms = record.terms.iter().filter_map(|t| match word(t) == term {
        true => written.map(String::as_str),
        false => Some(word(t)),
    });
    let new = terms.fold("v=spf1".to_owned(), |record, t| record + " " + t);
    let remedy = match meant {
        Some(_) => remedy.step("If the service no longer sends for you, take the term out instead."),
        None => remedy.step("Look up what the service wants listed today, if you still send through it."),
    };
    // Without its redirect= a record has no verdict at its end.
    if is_redirect(term)
        || !surveyed(facts, &at.domain, &new).problems.iter().all(|p| matches!(p.kind, ProblemKind::Dns))
    {
        return remedy;
    }
    replaced(facts, at, text, &new, remedy)
}

/// What a term that leads nowhere was meant to be: the term of the service that it names, which may have moved, or
/// that of the one it misspells.
fn meant(term: &str) -> Option<String> {
    let sign = term.get(..1).filter(|s| ["+", "-", "~", "?"].contains(s)).unwrap_or_default();
    let typed = Record::parse(format!("v=spf1 {term}").as_bytes())
        .and_then(|record| record.faults.into_iter().find_map(|f| f.suggestion))
        .filter(|typed| !typed.contains(' ') && !typed.ends_with(':'));
    let plain = typed.as_deref().unwrap_or(term);
    let known = platform::of_spf_term(plain).and_then(platform_term).or_else(|| platform::near_spf_term(plain));
    let meant = known.map(|known| format!("{sign}{known}")).or(typed)?;
    (!meant.eq_ignore_ascii_case(term)).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::Outcome;

    #[test]
    fn a_redirect_is_called_one() {
        let scene = domain("example.com").txt("example.com", &["v=spf1 redirect=nope.test"]).txt("nope.test", &[]);
        let finding = scene.found(&RULE);
        assert_eq!(finding.title, "SPF of example.com redirects to nope.test, which has no SPF");
        assert!(finding.check.unwrap().expect.ends_with("or the redirect= gone from your record"));
    }

    #[test]
    fn an_include_that_leads_nowhere() {
        for outcome in [Outcome::NxDomain, Outcome::NoData] {
            let finding = domain("example.com")
                .txt("example.com", &["v=spf1 include:gone.test ip4:192.0.2.4 -all"])
                .fails("gone.test", Kind::Txt, outcome)
                .found(&RULE);
            assert_eq!(
                (finding.severity, after(&finding)),
                (Severity::High, vec!["v=spf1 ip4:192.0.2.4 -all".to_owned()])
            );
        }
        let finding =
            pasted(Some("example.com"), &["v=spf1 redirect=gone.test"]).txt("gone.test", &["other=1"]).found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn a_slip_is_corrected_and_never_cured_by_listing_nobody() {
        for (wrong, right) in [
            ("v=spf1 include:spf.protection.outlok.com -all", "v=spf1 include:spf.protection.outlook.com -all"),
            ("v=spf1 include:https://sendgrid.net -all", "v=spf1 include:sendgrid.net -all"),
            ("v=spf1 mx ~include:sendgird.net ~all", "v=spf1 mx ~include:sendgrid.net ~all"),
            ("v=spf1 include:sendgrid.net include:sendgird.net ~all", "v=spf1 include:sendgrid.net ~all"),
        ] {
            let gone = ["spf.protection.outlok.com", "https://sendgrid.net", "sendgird.net"];
            let scene = domain("example.com").txt("example.com", &[wrong]).txt("sendgrid.net", &["v=spf1 a -all"]);
            let scene = gone.into_iter().fold(scene, |s, name| s.fails(name, Kind::Txt, Outcome::NxDomain));
            assert_eq!(after(&scene.found(&RULE)), [right]);
        }
        let finding = domain("example.com").txt("example.com", &["v=spf1 include:gone.test -all"]);
        let fix = finding.txt("gone.test", &[]).found(&RULE).fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps.iter().any(|s| s.contains("list nobody")), "{fix:?}");
    }

    #[test]
    fn several_records_below() {
        let finding = domain("example.com")
            .txt("example.com", &["v=spf1 include:two.test -all"])
            .txt("two.test", &["v=spf1 -all", "v=spf1 mx -all"])
            .found(&RULE);
        assert!(finding.title.contains("several"), "{}", finding.title);
        // Nobody would be listed any more.
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps.iter().any(|s| s.contains("list nobody")), "{fix:?}");
        // At the top, another rule speaks.
        domain("example.com").txt("example.com", &["v=spf1 -all", "v=spf1 mx -all"]).passes(&RULE);
    }

    #[test]
    fn deep_down_it_is_anothers() {
        let finding = domain("example.com")
            .txt("example.com", &["v=spf1 include:b.test -all"])
            .txt("b.test", &["v=spf1 include:gone.test -all"])
            .txt("gone.test", &[])
            .found(&RULE);
        assert!(finding.exhibits[0].label.contains("no record"));
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("include:b.test"), "{fix:?}");
    }

    #[test]
    fn a_message_that_met_it() {
        let scene = || {
            message("a@example.com", "a@example.com", "192.0.2.4")
                .txt("example.com", &["v=spf1 include:gone.test ip4:192.0.2.4 -all"])
                .txt("gone.test", &[])
        };
        let finding = scene().reported("permerror").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Certain));
        assert_eq!(scene().cured(&RULE), crate::facts::spf::SpfResult::Pass);
        assert_eq!(scene().reported("pass").found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        let scene = || domain("example.com").txt("example.com", &["v=spf1 include:b.test -all"]);
        scene().txt("b.test", &["v=spf1 -all"]).passes(&RULE);
        scene().unknown(&RULE);
        let gaps = scene().fails("b.test", Kind::Txt, Outcome::ServFail).unknown(&RULE);
        assert_eq!(gaps[0].needs.words(), "dig +short TXT b.test");
    }
}
