use super::slim;
use super::support::{
    Broken, by_word, consequences, evaluate, judged, outcome_words, record_exhibit, record_in, replaced, reported,
    reported_exhibit, reported_pass, short, stopped, survey_of, told_broken, txt, unread, weighed,
};
use crate::evidence::Kind;
use crate::facts::Facts;
use crate::facts::lookup::Lookup;
use crate::facts::spf::survey::{Survey, survey};
use crate::facts::spf::{BranchState, Check, HOSTS, LOOKUPS, Node, Problem, ProblemKind, Published};
use crate::remedy::Remedy;
use crate::remedy::spf_trim::{self, Needless};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};

rule! {
    /// The SPF record needs too many DNS look-ups
    ///
    /// ## What we saw
    /// Each `include`, `a`, `mx`, `ptr`, `exists` and `redirect` costs a DNS look-up, and so do those inside included
    /// records. This record needs more than ten, or includes itself, or an `mx:` in it names a domain with more than ten
    /// mail servers.
    ///
    /// ## Why mail suffers
    /// Receivers stop after ten look-ups and answer `permerror`, as if the record were broken. Servers that are listed
    /// late in the record then fail.
    ///
    /// ## How to fix it
    /// Take out what you no longer use. Give a service that sends much a subdomain of its own with its own record, and
    /// write `ip4:` or `ip6:` in place of `a` and `mx` where the addresses are fixed, or the servers behind `mx` too many. Copying a service's addresses into
    /// your record works only if something keeps them up to date.
    ///
    /// ## How to check
    /// Evaluate the record again: it needs ten look-ups or fewer, and a new message no longer shows `spf=permerror`.
    pub RULE = "spf-too-many-lookups", Spf, Critical, judge,
    ["RFC 7208 §4.6.4"]
}

fn judge(facts: &Facts) -> Verdict {
    if let Some((survey, at)) = survey_of(facts) {
        return in_survey(facts, survey, at);
    }
    let mut found = Vec::new();
    let mut applies = false;
    if let Some(at) = judged(facts).filter(|at| told_broken(facts, at) == Some(Broken::Lookups)) {
        return Verdict::of(vec![told(facts, at)], smallvec::smallvec![unread(&at.domain)]);
    }
    if let Some(check) = &facts.spf {
        applies = true;
        let kind = check.problem.as_ref().map(|p| p.kind);
        if matches!(kind, Some(ProblemKind::TooManyLookups | ProblemKind::Loop)) {
            found.push(exceeded(facts, check, kind == Some(ProblemKind::Loop)));
        } else if let Some(problem) = check.problem.as_ref().filter(|p| p.kind == ProblemKind::TooManyMx) {
            found.push(crowded_for(facts, check, problem));
        } else if let Some(gap) = stopped(check) {
            return Verdict::of(found, smallvec::smallvec![gap]);
        } else if check.lookups + 1 >= LOOKUPS {
            found.push(near(facts, check));
        }
    }
    if applies { Verdict::of(found, Gaps::new()) } else { Verdict::NotApplicable }
}

/// The receiver says so, and DNS is not known.
fn told(facts: &Facts, at: &Published) -> Finding {
    let what = format!("it needs more than the {LOOKUPS} DNS look-ups that are allowed");
    by_word(facts, at, &RULE, &what, format!("SPF of {} needs more than {LOOKUPS} look-ups", short(&at.domain)))
        .fix(
            Remedy::new(format!("Bring the SPF record of {} down to {LOOKUPS} look-ups.", at.domain))
                .step("Take out services you no longer use; give one that sends much a subdomain of its own.")
                .step("With the record at hand postdoc counts the look-ups of each term: let it ask DNS."),
        )
        .check(evaluate(&at.domain), expected(LOOKUPS + 1))
}

fn exceeded(facts: &Facts, check: &Check, is_loop: bool) -> Finding {
    let severity = match reported_pass(facts) {
        true => Severity::Low,
        false => weighed(facts, Severity::Critical, Severity::Medium),
    };
    let (confidence, because) = match reported(facts) {
        Some("permerror") => {
            (Confidence::Certain, "The receiver wrote spf=permerror, and today's records need more than ten look-ups.")
        }
        Some("pass") => {
            (Confidence::Possible, "The receiver still saw a pass; the records of a service may have grown since.")
        }
        _ => (Confidence::Likely, "This is what today's records need; the receiver's result does not name the reason."),
    };
    let problem = check.problem.as_ref();
    let text = match (is_loop, problem) {
        (true, Some(p)) => format!(
            "The SPF record of {} never ends: {}. Receivers run into their limit of ten look-ups and answer permerror.",
            check.domain, p.text
        ),
        _ => format!(
            "Checking {} against the SPF record of {} takes more than {LOOKUPS} DNS look-ups, and receivers stop there. \
             Look-ups by term, with all below it: {}.",
            check.ip,
            check.domain,
            check.tree.as_ref().map(by_term).unwrap_or_default()
        ),
    };
    let title = match is_loop {
        true => format!("The SPF record of {} includes itself", short(&check.domain)),
        false => format!("SPF of {} needs more than {LOOKUPS} look-ups", short(&check.domain)),
    };
    let mut leads_to = Vec::new();
    if severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    finding(facts, check, title)
        .severity(severity)
        .sure(confidence, because)
        .explain(text)
        .exhibits(reported_exhibit(facts, "the receiver's result"))
        .leads_to(&leads_to)
        .fix(match problem {
            Some(problem) if is_loop => unloop(&problem.domain),
            _ => shorter_or_goal(facts, check, LOOKUPS + 1).0,
        })
        .check(evaluate(&check.domain), expected(LOOKUPS + 1))
}

/// The message's own evaluation ended at a domain with too many mail servers.
fn crowded_for(facts: &Facts, check: &Check, problem: &Problem) -> Finding {
    let severity = match reported_pass(facts) {
        true => Severity::Low,
        false => weighed(facts, Severity::Critical, Severity::Medium),
    };
    let mut leads_to = Vec::new();
    if severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    let finding = crowded(facts, &check.domain, check.tree.as_ref(), judged(facts), problem).severity(severity);
    let finding = match reported(facts) {
        Some("permerror") => finding
            .exhibits(reported_exhibit(facts, "the receiver's result"))
            .sure(Confidence::Certain, "The receiver wrote spf=permerror, and DNS has that many mail servers."),
        Some("pass") => finding.sure(
            Confidence::Possible,
            "The receiver still saw a pass; the mail servers may have grown in number since.",
        ),
        _ => finding,
    };
    finding.leads_to(&leads_to)
}

/// RFC 7208 §4.6.4: more than ten MX records behind an `mx` are a permerror.
fn crowded(facts: &Facts, domain: &str, tree: Option<&Node>, at: Option<&Published>, problem: &Problem) -> Finding {
    let record = tree.and_then(|tree| record_in(tree, &problem.domain));
    let term = record.zip(problem.span).and_then(|(r, span)| r.get(span.range())).unwrap_or("mx");
    let whose = if domain.is_empty() { "This SPF record".to_owned() } else { format!("SPF of {}", short(domain)) };
    let own = at.filter(|_| problem.domain == domain);
    let exhibit = match own {
        Some(at) => record_exhibit(facts, at, 0, problem.span, "too many mail servers"),
        None => record.map(|r| Exhibit::dns(&txt(&problem.domain), r, problem.span, "too many mail servers")),
    };
    let remedy = Remedy::new(format!("Write the addresses of the servers that send in place of {term}."));
    Finding::new(&RULE, format!("{whose} names more than {HOSTS} mail servers by one mx"))
        .severity(Severity::Critical)
        .sure(Confidence::Likely, "This is what DNS says today.")
        .explain(format!(
            "{}. Receivers that meet {term} stop with permerror, as if the record were broken: only what stands before it still passes.",
            problem.text
        ))
        .exhibits(exhibit)
        .fix(match own {
            Some(_) => remedy.step("Mail servers that only receive need no term: list those that send, by ip4: and ip6:."),
            None => remedy.step(format!("It stands in the record of {}: tell whoever runs that.", problem.domain)),
        })
        .check(evaluate(domain), "no permerror")
}

fn near(facts: &Facts, check: &Check) -> Finding {
    let (fix, lookups) = shorter_or_goal(facts, check, check.lookups);
    finding(facts, check, format!("SPF of {} uses {} of {LOOKUPS} look-ups", short(&check.domain), check.lookups))
        .severity(Severity::Low)
        .sure(Confidence::Likely, "This is what today's records need.")
        .explain(format!(
            "The SPF record of {} still works, but the next service you add, or one more include at a service you use, \
             breaks it. Look-ups by term, with all below it: {}.",
            check.domain,
            check.tree.as_ref().map(by_term).unwrap_or_default()
        ))
        .fix(fix)
        .check(evaluate(&check.domain), expected(lookups))
}

fn finding(facts: &Facts, check: &Check, title: String) -> Finding {
    let mut exhibits: Vec<Exhibit> = Vec::new();
    let problem = check.problem.as_ref();
    let term = problem.filter(|p| p.domain == check.domain).and_then(|p| p.span);
    let costly = check.tree.as_ref().and_then(|t| t.terms.iter().find(|b| b.cost > 0)).map(|b| b.span);
    if let Some(at) = judged(facts) {
        exhibits.extend(record_exhibit(
            facts,
            at,
            0,
            term.or(costly),
            if term.is_some() { "one too many" } else { "look-ups begin here" },
        ));
    }
    let below = problem.filter(|p| p.domain != check.domain);
    let record = below.and_then(|p| record_in(check.tree.as_ref()?, &p.domain));
    exhibits.extend(
        below.zip(record).map(|(p, record)| Exhibit::dns(&txt(&p.domain), record, p.span, "the limit is reached here")),
    );
    Finding::new(&RULE, title).exhibits(exhibits)
}

/// `include:a.example 3, mx 1, include:b.example not reached`
fn by_term(tree: &Node) -> String {
    let mut before = 0;
    let mut words = Vec::new();
    for branch in &tree.terms {
        let cost = branch.total.saturating_sub(before);
        before = before.max(branch.total);
        let asks = ["include:", "exists:", "redirect="].iter().any(|w| branch.text.to_ascii_lowercase().contains(w));
        if cost > 0 {
            words.push(format!("{} {cost}", branch.text));
        } else if asks && branch.state == BranchState::NotReached {
            words.push(format!("{} not reached", branch.text));
        }
        if words.len() == 20 {
            words.push("and so on".to_owned());
            break;
        }
    }
    words.join(", ")
}

/// The cure, and how many look-ups there are: what the whole record costs decides, not only what this sender met.
fn shorter_or_goal(facts: &Facts, check: &Check, met: u32) -> (Remedy, u32) {
    let Some(at) = judged(facts) else { return (Remedy::new(goal(&check.domain, met)), met) };
    let survey = survey(&Lookup::new(&facts.evidence.answers), &check.domain);
    let lookups = survey.lookups.max(met);
    (shorter(facts, &survey, at, lookups), lookups)
}

fn goal(domain: &str, lookups: u32) -> String {
    let record = if domain.is_empty() { "this SPF record".to_owned() } else { format!("the SPF record of {domain}") };
    match lookups > LOOKUPS {
        true => format!("Bring {record} down to {LOOKUPS} look-ups."),
        false => format!("Make room in {record}: let it need fewer than {lookups} look-ups."),
    }
}

/// What a look at the record then shows.
fn expected(lookups: u32) -> String {
    match lookups > LOOKUPS {
        true => format!("look-ups: {LOOKUPS} or fewer"),
        false => format!("look-ups: fewer than {lookups}"),
    }
}

fn unloop(at: &str) -> Remedy {
    Remedy::new(format!("Take the include that leads back out of the record of {at}."))
        .step("A record must not include itself, neither directly nor through another.")
}

/// The record of a checked domain, or a pasted one: what a sender costs that nothing lists.
fn in_survey(facts: &Facts, survey: &Survey, at: &Published) -> Verdict {
    let question = match &survey.domain[..] {
        "" => "Does this SPF record stay within ten look-ups?".to_owned(),
        domain => format!("Does SPF of {} stay within ten look-ups?", short(domain)),
    };
    // Only a record that was not read can hold more of them.
    let unread = survey.unanswered().filter(|q| survey.lookups <= LOOKUPS && q.kind == Kind::Txt);
    let gaps: Gaps = unread.map(|q| Gap::dns(question.clone(), q)).collect();
    let looped = survey.problem(ProblemKind::Loop);
    let crowd = survey.problem(ProblemKind::TooManyMx);
    let mut found: Vec<Finding> =
        crowd.map(|p| crowded(facts, &survey.domain, Some(&survey.tree), Some(at), p)).into_iter().collect();
    let over = survey.lookups > LOOKUPS;
    if !over && looped.is_none() && survey.lookups + 1 < LOOKUPS {
        return Verdict::of(found, gaps);
    }
    let at_least = if survey.may_cost_more() { "at least " } else { "" };
    let by_term = format!("Look-ups by term, with all below it: {}.", by_term(&survey.tree));
    let (severity, title, text) = match (over, looped) {
        (_, Some(problem)) => (
            Severity::Critical,
            format!("{} includes itself", whose(survey)),
            format!(
                "The record never ends: {}. Receivers run into their limit of ten look-ups and answer permerror.",
                problem.text
            ),
        ),
        (true, None) => (
            Severity::Critical,
            format!("{} needs {at_least}{} look-ups; {LOOKUPS} are allowed", whose(survey), survey.lookups),
            format!(
                "A sender that no term lists costs {at_least}{} DNS look-ups, and receivers stop after {LOOKUPS} with permerror. Senders that are listed late fail. {by_term}",
                survey.lookups
            ),
        ),
        (false, None) => (
            Severity::Low,
            format!("{} uses {at_least}{} of {LOOKUPS} look-ups", whose(survey), survey.lookups),
            format!(
                "The record still works, but the next service you add, or one more include at a service you use, breaks it. {by_term}"
            ),
        ),
    };
    let problem = looped.or(survey.problem(ProblemKind::TooManyLookups));
    let own = problem.filter(|p| p.domain == survey.domain).and_then(|p| p.span);
    let costly = survey.tree.terms.iter().find(|b| b.cost > 0).map(|b| b.span);
    let label = if own.is_some() { "one too many" } else { "look-ups begin here" };
    let below = problem.filter(|p| p.domain != survey.domain);
    let below = below.and_then(|p| Some((p, record_in(&survey.tree, &p.domain)?)));
    let finding = Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Likely, "This is what DNS says today.")
        .explain(text)
        .exhibits(record_exhibit(facts, at, 0, own.or(costly), label))
        .exhibits(below.map(|(p, r)| Exhibit::dns(&txt(&p.domain), r, p.span, "the limit is reached here")))
        .exhibits(dead(facts, survey))
        .fix(match looped {
            Some(problem) => unloop(&problem.domain),
            None => shorter(facts, survey, at, survey.lookups),
        })
        .check(evaluate(&survey.domain), expected(if looped.is_some() { LOOKUPS + 1 } else { survey.lookups }));
    found.push(finding);
    Verdict::of(found, gaps)
}

fn whose(survey: &Survey) -> String {
    if survey.domain.is_empty() { "This SPF record".to_owned() } else { format!("SPF of {}", short(&survey.domain)) }
}

fn shorter(facts: &Facts, survey: &Survey, at: &Published, lookups: u32) -> Remedy {
    let (remedy, record) = slim::slim(facts, survey, Remedy::new(goal(&survey.domain, lookups)));
    match (&at.records[..], record) {
        ([text], Some(record)) => replaced(facts, at, text, &record, remedy),
        _ => remedy,
    }
}

/// What DNS says of the terms that are dead.
fn dead<'f>(facts: &'f Facts, survey: &Survey) -> impl Iterator<Item = Exhibit> + use<'f> {
    let dropped = spf_trim::trim(survey).map_or(Vec::new(), |trimmed| trimmed.dropped);
    let questions = dropped.into_iter().filter_map(|d| match d.why {
        Needless::Dead(question) => Some((d.term, question?)),
        _ => None,
    });
    questions.take(5).filter_map(|(term, question)| {
        let answer = facts.evidence.answers.get(&question)?;
        Some(Exhibit::dns(&question, outcome_words(answer.outcome), None, format!("what {term} leads to")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, domain, message, pasted};
    use super::*;
    use crate::evidence::Outcome;

    /// Eleven includes over two levels.
    fn eleven() -> Scene {
        let mut scene = message("a@example.com", "a@example.com", "192.0.2.4");
        let top: Vec<String> = (1..=3).map(|n| format!("include:i{n}.test")).collect();
        scene = scene.txt("example.com", &[&format!("v=spf1 {} -all", top.join(" "))]);
        let below = |range: std::ops::RangeInclusive<u32>| {
            let terms: Vec<String> = range.map(|n| format!("include:j{n}.test")).collect();
            format!("v=spf1 {} ?all", terms.join(" "))
        };
        scene =
            scene.txt("i1.test", &[&below(1..=4)]).txt("i2.test", &[&below(5..=8)]).txt("i3.test", &["v=spf1 ?all"]);
        (1..=8).fold(scene, |s, n| s.txt(&format!("j{n}.test"), &["v=spf1 ip4:203.0.113.9 ?all"]))
    }

    #[test]
    fn a_domain_with_more_than_ten_mail_servers_behind_mx() {
        let of = |scene: Scene, n: u16| {
            let hosts: Vec<String> = (0..n).map(|n| format!("m{n}.test")).collect();
            let scene =
                scene.txt("example.com", &["v=spf1 mx:big.test ip4:192.0.2.4 -all"]).mail_servers("big.test", &hosts);
            hosts.iter().fold(scene, |s, host| s.host(host, &["203.0.113.9"]))
        };
        let finding = of(domain("example.com"), 11).found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Likely));
        assert!(finding.explanation.contains("big.test has 11 mail servers"), "{}", finding.explanation);
        of(domain("example.com"), 10).passes(&RULE);
        let sent = || message("a@example.com", "a@example.com", "192.0.2.4");
        let finding = of(sent().reported("permerror"), 11).found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert_eq!(finding.leads_to, ["spf-not-authorized", "dmarc-unaligned"]);
        of(sent(), 10).passes(&RULE);
    }

    #[test]
    fn eleven_includes_over_two_levels() {
        let finding = eleven().reported("permerror").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert!(finding.leads_to.contains(&"spf-not-authorized"));
        assert!(
            finding.explanation.contains("include:i1.test 5, include:i2.test 5, include:i3.test 1"),
            "{}",
            finding.explanation
        );
    }

    #[test]
    fn a_pass_reported_makes_it_small() {
        let finding = eleven().reported("pass").found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Low, Confidence::Possible));
    }

    #[test]
    fn a_loop() {
        let finding = message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 include:b.test -all"])
            .txt("b.test", &["v=spf1 include:example.com -all"])
            .found(&RULE);
        assert!(finding.title.contains("includes itself"));
    }

    #[test]
    fn nine_is_a_warning() {
        let terms: Vec<String> = (1..=9).map(|n| format!("include:k{n}.test")).collect();
        let scene = message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &[&format!("v=spf1 {} ip4:192.0.2.4 -all", terms.join(" "))]);
        let scene = (1..=9).fold(scene, |s, n| s.txt(&format!("k{n}.test"), &["v=spf1 -all"]));
        assert_eq!(scene.found(&RULE).severity, Severity::Low);
    }

    #[test]
    fn what_is_asked_is_not_met_already() {
        let with = |scene: Scene, n: u32| {
            let terms: String = (0..n).map(|n| format!("include:k{n}.test ")).collect();
            let scene = scene.txt("example.com", &[&format!("v=spf1 {terms}ip4:192.0.2.4 -all")]);
            (0..n).fold(scene, |s, n| s.txt(&format!("k{n}.test"), &["v=spf1 ip4:203.0.113.9 -all"])).found(&RULE)
        };
        for scene in [|| domain("example.com"), || message("a@example.com", "a@example.com", "192.0.2.4")] {
            for (n, goal, expect) in [
                (9, "fewer than 9 look-ups", "look-ups: fewer than 9"),
                (10, "fewer than 10 look-ups", "look-ups: fewer than 10"),
                (11, "down to 10 look-ups", "look-ups: 10 or fewer"),
            ] {
                let finding = with(scene(), n);
                assert_eq!(finding.check.as_ref().unwrap().expect, expect);
                assert!(finding.fix.as_ref().unwrap().summary.contains(goal), "{finding:?}");
            }
        }
    }

    #[test]
    fn a_domain_is_judged_on_the_whole_tree() {
        let mut scene = eleven();
        scene.reading = Default::default();
        let subject = crate::facts::subject::Subject::Domain("example.com".to_owned());
        scene.reading.subject = Some(subject);
        let finding = scene.found(&RULE);
        assert_eq!(finding.severity, Severity::Critical);
        assert!(finding.title.contains("needs 11 look-ups"), "{}", finding.title);
        assert!(finding.explanation.contains("include:i1.test 5, include:i2.test 5, include:i3.test 1"));
        let finding = domain("example.com")
            .txt("example.com", &["v=spf1 include:b.test -all"])
            .txt("b.test", &["v=spf1 include:example.com -all"])
            .found(&RULE);
        assert!(finding.title.contains("includes itself"));
    }

    #[test]
    fn what_is_needless_goes_where_that_is_enough() {
        let includes: Vec<String> = (0..10).map(|n| format!("include:k{n}.test")).collect();
        let scene = |record: &str| {
            let scene = domain("example.com").txt("example.com", &[record]).host("gone.test", &[]);
            (0..10).fold(scene, |s, n| s.txt(&format!("k{n}.test"), &["v=spf1 ip4:203.0.113.9 -all"]))
        };
        let ten = includes.join(" ");
        let finding = scene(&format!("v=spf1 a:gone.test {ten} include:k3.test ~all")).found(&RULE);
        assert_eq!(after(&finding), [format!("v=spf1 {ten} ~all")]);
        let steps = &finding.fix.unwrap().steps;
        let first = "Take out a:gone.test (nothing is there), include:k3.test (stands twice). That shuts nobody out; look-ups: 12 → 10.";
        assert_eq!(steps[0], first);
        assert!(finding.exhibits.iter().any(|e| e.label == "what a:gone.test leads to"), "{:?}", finding.exhibits);
    }

    #[test]
    fn a_dead_include_goes_with_its_evidence() {
        let includes: Vec<String> = (0..10).map(|n| format!("include:k{n}.test")).collect();
        let ten = includes.join(" ");
        let scene = domain("example.com").txt("example.com", &[&format!("v=spf1 include:dead.test {ten} ~all")]);
        let scene = scene.fails("dead.test", crate::evidence::Kind::Txt, crate::evidence::Outcome::NxDomain);
        let scene = (0..10).fold(scene, |s, n| s.txt(&format!("k{n}.test"), &["v=spf1 ip4:203.0.113.9 -all"]));
        let finding = scene.found(&RULE);
        assert_eq!(after(&finding), [format!("v=spf1 {ten} ~all")]);
        let evidence = finding.exhibits.iter().find(|e| e.label == "what include:dead.test leads to").unwrap();
        assert!(matches!(&evidence.place, crate::rules::Place::Dns { text, .. } if text == "no such name"));
    }

    #[test]
    fn over_the_limit_streams_move_first_and_addresses_come_last() {
        let includes: Vec<String> = (0..11).map(|n| format!("include:k{n}.test")).collect();
        let record = format!("v=spf1 {} ~all", includes.join(" "));
        let scene = domain("example.com").txt("example.com", &[&record]);
        let scene = (0..11).fold(scene, |s, n| s.txt(&format!("k{n}.test"), &["v=spf1 ip4:203.0.113.9 -all"]));
        let finding = scene.found(&RULE);
        assert_eq!(after(&finding), [record.replace("include:k0.test", "ip4:203.0.113.9")]);
        let fix = finding.fix.unwrap();
        assert!(fix.steps[0].starts_with("Ask for each include"), "{:?}", fix.steps);
        assert!(fix.steps[1].starts_with("Let what sends through include:k0.test write from a subdomain"));
        assert!(fix.steps[2].ends_with("1 address or range; look-ups: 11 → 10."), "{}", fix.steps[2]);
        assert!(fix.upkeep.unwrap().starts_with("Whoever runs include:k0.test may change"));
    }

    #[test]
    fn what_is_no_list_is_not_written_out() {
        let includes: Vec<String> = (0..11).map(|n| format!("exists:%{{i}}.k{n}.test")).collect();
        let finding =
            domain("example.com").txt("example.com", &[&format!("v=spf1 {} ~all", includes.join(" "))]).found(&RULE);
        let fix = finding.fix.unwrap();
        assert!(fix.records.is_empty() && fix.upkeep.is_none(), "{fix:?}");
    }

    #[test]
    fn what_failed_below_may_cost_more() {
        let with = |n: u32| {
            let includes: String = (0..n).map(|n| format!("include:i{n}.test ")).collect();
            let scene = domain("example.com").txt("example.com", &[&format!("v=spf1 {includes}a:h.test -all")]);
            let scene = (1..n).fold(scene, |s, n| s.txt(&format!("i{n}.test"), &["v=spf1 -all"]));
            scene.host("h.test", &["192.0.2.1"]).fails("i0.test", Kind::Txt, Outcome::ServFail)
        };
        let [gap] = &with(2).unknown(&RULE)[..] else { panic!("one gap") };
        assert_eq!(gap.question(), "Does SPF of example.com stay within ten look-ups?");
        assert_eq!(gap.needs.words(), "dig +short TXT i0.test");
        let finding = with(8).found(&RULE);
        assert_eq!(finding.title, "SPF of example.com uses at least 9 of 10 look-ups");
        assert!(finding.fix.unwrap().records.is_empty(), "how much there is to save is not known");
        assert_eq!(finding.open.len(), 1);
        // An address costs nothing beyond its term.
        let host = with(2).txt("i0.test", &["v=spf1 -all"]);
        host.fails("h.test", Kind::A, Outcome::Timeout).passes(&RULE);
        let [gap] = &pasted(None, &["v=spf1 include:i0.test -all"]).unknown(&RULE)[..] else { panic!("one gap") };
        assert_eq!(gap.question(), "Does this SPF record stay within ten look-ups?");
    }

    #[test]
    fn a_broken_record_is_told_by_the_receivers_word_alone() {
        use crate::rules::spf::{spf_multiple_records, spf_syntax_error};
        let judged = |rule: &crate::rules::Rule, result: &str, comment: &str, dkim: &str| {
            let text = format!(
                "Authentication-Results: mx.google.com; dkim=pass header.d={dkim}; spf={result} (google.com: permanent error in processing during lookup of b@example.com{comment}) smtp.mailfrom=b@example.com\r\nFrom: ann@example.com\r\n"
            );
            (rule.judge)(&crate::rules::testing::facts(&text, crate::evidence::InputKind::Headers))
        };
        let lookups = ": too many DNS lookups";
        let finding = crate::rules::testing::complete(judged(&RULE, "permerror", lookups, "example.com"));
        assert_eq!((finding.severity, finding.confidence), (Severity::Medium, Confidence::Certain));
        assert_eq!(finding.open.len(), 1);
        let finding = crate::rules::testing::complete(judged(&RULE, "permerror", lookups, "mailer.example"));
        assert_eq!(finding.severity, Severity::Critical);
        // Nobody knows whether it would list the server.
        assert_eq!(finding.leads_to, ["spf-not-authorized"]);
        let others = [(&spf_multiple_records::RULE, ": multiple SPF records"), (&spf_syntax_error::RULE, "")];
        for (rule, comment) in others {
            crate::rules::testing::complete(judged(rule, "permerror", comment, "example.com"));
            assert!(!matches!(judged(rule, "permerror", lookups, "example.com"), Verdict::Found(_)), "{}", rule.id);
            assert!(!matches!(judged(&RULE, "permerror", comment, "example.com"), Verdict::Found(_)), "{}", rule.id);
            assert!(!matches!(judged(rule, "fail", comment, "example.com"), Verdict::Found(_)), "{}", rule.id);
        }
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=spf1 mx -all"]).passes(&RULE);
        pasted(None, &[&format!("v=spf1 {}-all", "mx ".repeat(11))]).found(&RULE);
        domain("example.com").txt("example.com", &["v=spf1 include:b.test -all"]).unknown(&RULE);
        message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1 -all"]).passes(&RULE);
        assert_eq!(message("a@example.com", "a@example.com", "192.0.2.4").unknown(&RULE).len(), 1);
    }
}
