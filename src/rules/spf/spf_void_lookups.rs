use super::support::{
    consequences, dig_txt, evaluate, is_sound, lowered, record_exhibit, record_in, replaced, reported,
    reported_exhibit, reported_pass, short, stopped, survey_of, surveyed, txt, way_to, weighed,
};
use crate::facts::Facts;
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{Branch, BranchState, Check, Node, ProblemKind, Published, VOID_LOOKUPS};
use crate::remedy::{Remedy, spf_trim};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};

rule! {
    /// The SPF record points to names that do not exist
    ///
    /// ## What we saw
    /// Terms of the SPF record, or of records it includes, ask for names that have no such records. Receivers count these
    /// empty answers, and stop at the third.
    ///
    /// ## Why mail suffers
    /// After two empty answers the third ends the evaluation with `permerror`, as if the record were broken. Mail from a
    /// server that is listed later fails.
    ///
    /// ## How to fix it
    /// Take out the terms whose names are gone, or correct the names.
    ///
    /// ## How to check
    /// Evaluate the record again: at most two void look-ups, better none.
    pub RULE = "spf-void-lookups", Spf, High, judge,
    ["RFC 7208 §4.6.4", "RFC 7208 §11.1"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some((survey, at)) = survey_of(facts) {
        let found: Vec<Finding> = in_survey(facts, survey, at).into_iter().collect();
        let gaps = survey.unanswered().map(|q| Gap::dns(open(&survey.domain), q));
        return Verdict::of(found, gaps.collect());
    }
    let Some(check) = &facts.spf else { return Verdict::NotApplicable };
    match check.problem.as_ref().map(|p| p.kind) {
        Some(ProblemKind::TooManyVoidLookups) => in_check(facts, check).into(),
        _ => Verdict::of(vec![], stopped(check).into_iter().collect()),
    }
}

fn open(domain: &str) -> String {
    match domain {
        "" => "Does every name in the SPF record exist?".to_owned(),
        domain => format!("Does every name in the SPF record of {domain} exist?"),
    }
}

/// The terms that came back empty, each with the domain of its record.
fn voids(node: &Node) -> Vec<(&str, &Branch)> {
    let mut all = Vec::new();
    for branch in &node.terms {
        if branch.state == BranchState::Void {
            all.push((node.domain.as_str(), branch));
        }
        all.extend(branch.below.iter().flat_map(|below| voids(below)));
    }
    all
}

fn in_survey(facts: &Facts, survey: &Survey, at: &Published) -> Option<Finding> {
    let over = survey.void_lookups > VOID_LOOKUPS;
    // A client over IPv6 finds no address where a host has none of its kind.
    let over_v6 = !over && survey.lists_v6 && survey.void_lookups_v6 > VOID_LOOKUPS;
    if survey.void_lookups < VOID_LOOKUPS && !over_v6 {
        return None;
    }
    let (severity, count) = match (over, over_v6) {
        (true, _) => (Severity::High, survey.void_lookups),
        (_, true) => (Severity::Medium, survey.void_lookups_v6),
        _ => (Severity::Low, survey.void_lookups),
    };
    let whose = if survey.domain.is_empty() {
        "This SPF record".to_owned()
    } else {
        format!("SPF of {}", short(&survey.domain))
    };
    let dead = voids(&survey.tree);
    let mut text = match (over, over_v6) {
        (true, _) => format!(
            "{count} terms ask for names that have no such records. Receivers stop at the third with permerror, for every sender that no earlier term lists."
        ),
        (_, true) => format!(
            "For a client over IPv6, {count} terms find no AAAA record. Receivers count these and stop at the third with permerror, though the record lists IPv6 addresses."
        ),
        _ => format!(
            "{count} terms ask for names that have no such records. That is all that receivers put up with: the next one makes them stop with permerror."
        ),
    };
    if !dead.is_empty() {
        let words: Vec<String> = dead.iter().take(6).map(|(domain, b)| named(survey, domain, b)).collect();
        text.push_str(&format!(" Empty: {}.", words.join(", ")));
    }
    let mut exhibits: Vec<Exhibit> =
        dead.iter().filter_map(|(d, b)| exhibit(facts, at, &survey.tree, d, b)).take(5).collect();
    if exhibits.is_empty() {
        exhibits.extend(record_exhibit(facts, at, 0, None, "hosts without AAAA records"));
    }
    let over = if over_v6 { " over IPv6" } else { "" };
    Some(
        Finding::new(&RULE, format!("{whose} makes {count} void look-ups{over}; {VOID_LOOKUPS} are allowed"))
            .severity(lowered(facts, at, severity))
            .sure(Confidence::Likely, "This is what DNS says today.")
            .explain(text)
            .exhibits(exhibits)
            .fix(fix(facts, survey, at, &dead))
            .check(evaluate(&survey.domain), format!("at most {VOID_LOOKUPS} void look-ups")),
    )
}

/// `a:gone.example`, or `a:gone.example in the record of spf.example.net`
fn named(survey: &Survey, domain: &str, branch: &Branch) -> String {
    match domain == survey.domain {
        true => branch.text.clone(),
        false => format!("{} in the record of {domain}", branch.text),
    }
}

fn exhibit(facts: &Facts, at: &Published, tree: &Node, domain: &str, branch: &Branch) -> Option<Exhibit> {
    let label = "no such record";
    match at.domain == domain {
        true => record_exhibit(facts, at, 0, Some(branch.span), label),
        false => Some(Exhibit::dns(&txt(domain), record_in(tree, domain)?, Some(branch.span), label)),
    }
}

fn fix(facts: &Facts, survey: &Survey, at: &Published, dead: &[(&str, &Branch)]) -> Remedy {
    let mut remedy = Remedy::new("Take out the terms whose names are gone, or correct the names.");
    for (domain, _) in dead.iter().filter(|(d, _)| *d != survey.domain).take(3) {
        let way = way_to(&survey.tree, domain).map_or("that include", |b| b.text.as_str());
        remedy = remedy.step(format!(
            "{domain} is another's record: tell whoever runs it, or take out {way} where you do not use it."
        ));
    }
    match (spf_trim::trim(survey), &at.records[..]) {
        (Some(trimmed), [text]) if is_sound(&surveyed(facts, &at.domain, &trimmed.record)) => {
            replaced(facts, at, text, &trimmed.record, remedy)
        }
        _ if dead.is_empty() => {
            remedy.step("Write ip4: and ip6: in place of hosts that have addresses of one family only.")
        }
        _ => remedy,
    }
}

/// The message's own evaluation ended in it.
fn in_check(facts: &Facts, check: &Check) -> Finding {
    let severity = match reported_pass(facts) {
        true => Severity::Low,
        false => weighed(facts, Severity::High, Severity::Medium),
    };
    let (confidence, because) = match reported(facts) {
        Some("permerror") => {
            (Confidence::Certain, "The receiver wrote spf=permerror, and DNS shows the empty answers.")
        }
        Some("pass") => (Confidence::Possible, "The receiver still saw a pass; the names may have gone since."),
        _ => (Confidence::Likely, "This is what DNS says today."),
    };
    let dead = check.tree.iter().flat_map(voids).map(|(domain, b)| format!("{} in the record of {domain}", b.text));
    let dead: Vec<String> = dead.take(6).collect();
    let mut leads_to = Vec::new();
    if severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    let problem = check.problem.as_ref();
    let record = problem.zip(check.tree.as_ref()).and_then(|(p, tree)| record_in(tree, &p.domain).map(|r| (p, r)));
    Finding::new(&RULE, format!("SPF of {} asks for names that do not exist", short(&check.domain)))
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "More than {VOID_LOOKUPS} terms ask for names that have no such records, and receivers stop there with permerror. \
             Empty so far: {}.",
            dead.join(", ")
        ))
        .exhibits(reported_exhibit(facts, "the receiver's result"))
        .exhibits(record.map(|(p, r)| Exhibit::dns(&txt(&p.domain), r, p.span, "one empty answer too many")))
        .fix(
            Remedy::new("Take out the terms whose names are gone, or correct the names.")
                .step(format!("{} shows every term with its state.", evaluate(&check.domain))),
        )
        .check(dig_txt(&check.domain), "a record without the dead names")
        .leads_to(&leads_to)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::{Kind, Outcome};

    fn dead(scene: Scene, names: u32) -> Scene {
        (0..names).fold(scene, |scene, n| scene.host(&format!("x{n}.test"), &[]))
    }

    #[test]
    fn the_third_is_one_too_many() {
        let record = "v=spf1 a:x0.test a:x1.test ip4:192.0.2.4 a:x2.test -all";
        let finding = dead(domain("example.com"), 3).txt("example.com", &[record]).found(&RULE);
        assert_eq!((finding.severity, finding.exhibits.len()), (Severity::High, 3));
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.4 -all"]);
        let finding =
            dead(domain("example.com"), 2).txt("example.com", &["v=spf1 a:x0.test a:x1.test -all"]).found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
        let finding = dead(pasted(Some("example.com"), &[record]), 3).found(&RULE);
        assert_eq!(after(&finding), ["v=spf1 ip4:192.0.2.4 -all"]);
    }

    #[test]
    fn hosts_of_one_family_are_void_to_the_other() {
        let scene = |record: &str| {
            let scene = domain("example.com").txt("example.com", &[record]);
            (0..3).fold(scene, |s, n| s.host(&format!("h{n}.test"), &["192.0.2.1"]))
        };
        let finding = scene("v=spf1 a:h0.test a:h1.test a:h2.test ip6:2001:db8::1 -all").found(&RULE);
        assert_eq!(finding.severity, Severity::Medium);
        assert_eq!(finding.title, "SPF of example.com makes 3 void look-ups over IPv6; 2 are allowed");
        scene("v=spf1 a:h0.test a:h1.test a:h2.test -all").passes(&RULE);
    }

    #[test]
    fn a_message_that_met_them() {
        let record = "v=spf1 a:x0.test a:x1.test a:x2.test -all";
        let scene = || dead(message("a@example.com", "a@example.com", "192.0.2.4"), 3).txt("example.com", &[record]);
        let finding = scene().reported("permerror").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::High, Confidence::Certain));
        assert!(finding.leads_to.contains(&"spf-not-authorized"));
        assert_eq!(scene().reported("pass").found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn anothers_record_is_not_ours_to_change() {
        let finding = dead(domain("example.com"), 3)
            .txt("example.com", &["v=spf1 include:b.test -all"])
            .txt("b.test", &["v=spf1 a:x0.test a:x1.test a:x2.test -all"])
            .found(&RULE);
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.steps[0].contains("include:b.test"), "{fix:?}");
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        domain("example.com")
            .host("a.test", &["192.0.2.1"])
            .txt("example.com", &["v=spf1 a:a.test -all"])
            .passes(&RULE);
        domain("example.com").txt("example.com", &["v=spf1 a:a.test -all"]).unknown(&RULE);
        let failing = (0..3).fold(domain("example.com"), |s, n| {
            s.fails(&format!("x{n}.test"), Kind::A, Outcome::ServFail).fails(
                &format!("x{n}.test"),
                Kind::Aaaa,
                Outcome::ServFail,
            )
        });
        let gaps = failing.txt("example.com", &["v=spf1 a:x0.test a:x1.test a:x2.test -all"]).unknown(&RULE);
        let needs: Vec<_> = gaps.iter().map(|gap| gap.needs.words()).collect();
        assert_eq!(needs, ["dig +short A x0.test", "dig +short A x1.test", "dig +short A x2.test"]);
        message("a@example.com", "a@example.com", "192.0.2.4").unknown(&RULE);
    }
}
