use super::support::{
    Broken, by_word, called, consequences, dig_txt, evaluate, is_judged, is_unread, names, replaced, reported,
    reported_exhibit, reported_pass, short, text_exhibit, told_broken, txt, unread, weighed,
};
use crate::evidence::Question;
use crate::facts::Facts;
use crate::facts::spf::record::Record;
use crate::facts::spf::{Problem, ProblemKind, Published, SpfText, Whose, as_typed, checkable};
use crate::remedy::{self, Remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// The SPF record holds a typing error
    ///
    /// ## What we saw
    /// A word in the SPF record is not what the rules of SPF allow: an unknown mechanism such as `ip:`, a comma between
    /// terms, a missing blank, a value left out, quotation marks inside the record.
    ///
    /// ## Why mail suffers
    /// One wrong word spoils the whole record: receivers answer `permerror` and use none of it. A few mistakes are
    /// legal by the letter; then the record works, but not as meant.
    ///
    /// ## How to fix it
    /// Replace the marked word by the one proposed, and leave the rest of the record as it is.
    ///
    /// ## How to check
    /// Ask for the TXT record again and look at the corrected word. A new message no longer shows `spf=permerror`.
    pub RULE = "spf-syntax-error", Spf, Critical, judge,
    ["RFC 7208 §4.6", "RFC 7208 §4.6.1", "RFC 7208 §5.6", "RFC 7208 §12"]
}

fn judge(facts: &Facts) -> Verdict {
    if facts.spf_published.is_empty() {
        return Verdict::NotApplicable;
    }
    let (mut found, mut gaps) = (Vec::new(), Gaps::new());
    for at in names(facts) {
        found.extend(at.records.iter().filter_map(|record| in_record(facts, at, record)));
        // Text that means to be SPF matters where nothing else is.
        if at.records.is_empty() {
            found.extend(at.almost.iter().map(|text| almost(facts, at, text)));
        }
        if is_unread(facts, at) {
            found.extend((told_broken(facts, at) == Some(Broken::Other)).then(|| told(facts, at)));
            gaps.push(unread(&at.domain));
        }
    }
    found.extend(below(facts));
    Verdict::of(found, gaps)
}

/// The receiver called it broken, and does not say why.
fn told(facts: &Facts, at: &Published) -> Finding {
    let what =
        "a word that SPF does not know, several records at one name, too many look-ups, or an include without a record";
    by_word(facts, at, &RULE, what, format!("The receiver found the SPF record of {} broken", short(&at.domain)))
        .fix(
            Remedy::new(format!("Look at the SPF record of {}, and mend the word that breaks it.", at.domain))
                .step("With the record at hand postdoc names that word and the one to write: let it ask DNS, or paste the record."),
        )
        .check(evaluate(&at.domain), "a result other than permerror")
}

/// The problems of a record that are typing errors; what stands behind `all`, and `+all`, are not.
fn errors(record: &SpfText) -> Vec<&Problem> {
    let is_error = |p: &&Problem| p.kind == ProblemKind::Syntax || p.suggestion.is_some();
    record.problems.iter().filter(is_error).collect()
}

fn severity(facts: &Facts, at: &Published, fatal: bool) -> Severity {
    let severity = match (at.whose == Whose::Pasted, is_judged(facts, at)) {
        (true, _) => Severity::Critical,
        (false, true) if reported_pass(facts) => Severity::Low,
        (false, true) => weighed(facts, Severity::Critical, Severity::Medium),
        (false, false) => Severity::Low,
    };
    if fatal { severity } else { severity.min(Severity::Medium) }
}

fn sureness(facts: &Facts, at: &Published, fatal: bool) -> (Confidence, &'static str) {
    let permerror = fatal && is_judged(facts, at) && reported(facts) == Some("permerror");
    match at.whose {
        Whose::Pasted => (Confidence::Certain, "The record is in what you pasted."),
        _ if permerror => (Confidence::Certain, "The receiver wrote spf=permerror, and the record has this error."),
        _ => (
            Confidence::Likely,
            "The record published today has this error; it may have been another when the message came.",
        ),
    }
}

fn in_record(facts: &Facts, at: &Published, record: &SpfText) -> Option<Finding> {
    let errors = errors(record);
    let fatal = errors.iter().any(|p| p.kind == ProblemKind::Syntax);
    let first = errors.iter().find(|p| (p.kind == ProblemKind::Syntax) == fatal)?;
    let mut text = format!("{} has a mistake: {}.", called(at), first.text);
    for other in errors.iter().filter(|p| p != &first).take(4) {
        text.push_str(&format!(" Also, {}.", other.text));
    }
    text.push_str(match fatal {
        true => " One such word makes receivers discard the whole record with permerror.",
        false if errors.iter().any(|p| leads_nowhere(facts, record, p)) => {
            " The record is legal by the letter, but what it includes has no SPF record: receivers answer permerror to every \
             sender that no term before it lists."
        }
        false => {
            " The record is legal by the letter, so receivers do not complain; they read it otherwise than you mean it."
        }
    });
    let severity = severity(facts, at, fatal);
    let (confidence, because) = sureness(facts, at, fatal);
    let label = |p: &Problem| match p.suggestion.as_deref() {
        None => "not valid here".to_owned(),
        Some("") => "leave this out".to_owned(),
        Some(s) => format!("write {s}"),
    };
    let exhibits: Vec<Exhibit> =
        errors.iter().take(5).filter_map(|p| text_exhibit(facts, at, record, p.span, label(p))).collect();
    let mut leads_to = Vec::new();
    if fatal && is_judged(facts, at) && severity > Severity::Low {
        leads_to.push("spf-not-authorized");
        leads_to.extend_from_slice(consequences(facts));
    }
    let finding = Finding::new(&RULE, format!("{} has a typing error", called(at)))
        .severity(severity)
        .sure(confidence, because)
        .explain(text)
        .exhibits(reported_exhibit(facts, "the receiver's result").filter(|_| leads_to.contains(&"spf-not-authorized")))
        .exhibits(exhibits)
        .fix(fix(facts, at, record))
        .check(dig_txt(&at.domain), "one record that begins v=spf1, with the word corrected")
        .leads_to(&leads_to);
    Some(finding)
}

/// An include of what is no name, or has no SPF record: a permerror (RFC 7208 §5.2).
fn leads_nowhere(facts: &Facts, record: &SpfText, problem: &Problem) -> bool {
    let word = problem.span.and_then(|span| record.text.get(span.range())).unwrap_or_default();
    let word = word.trim_start_matches(['+', '-', '~', '?']);
    let (mechanism, name) = word.split_once(':').unwrap_or_default();
    // What a macro becomes is not known here.
    if !mechanism.eq_ignore_ascii_case("include") || name.contains('%') {
        return false;
    }
    let host = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    match facts.evidence.answers.get(&txt(name)).filter(|a| !a.outcome.failed()) {
        Some(answer) => !answer.texts().any(|text| Record::is(&text)),
        None => !checkable(name) || !name.bytes().all(host),
    }
}

fn fix(facts: &Facts, at: &Published, record: &SpfText) -> Remedy {
    let Some(corrected) = remedy::spf::correct(&record.text) else {
        return Remedy::new("Correct the marked words.")
            .step("Write the record anew from the list of servers and services that send for you.");
    };
    let mut remedy = Remedy::new("Correct the marked words and leave the rest as it is.");
    for blank in &corrected.blanks {
        remedy = remedy.blank(blank.clone()).step(format!("Only you know {blank}; if nothing, leave the word out."));
    }
    replaced(facts, at, record, &corrected.record, remedy)
}

/// Text that means to be SPF and is not even recognised.
fn almost(facts: &Facts, at: &Published, text: &SpfText) -> Finding {
    let severity = severity(facts, at, true);
    let (confidence, because) = sureness(facts, at, false);
    let remedy = Remedy::new("Let the record begin with v=spf1, a blank, and then its terms.");
    let remedy = match opening(&text.text) {
        Some(new) => replaced(facts, at, text, &new, remedy),
        None => remedy
            .step("Write the record anew: v=spf1, a blank, the servers and services that send, and all at the end."),
    };
    let leads_to: &[&str] = if is_judged(facts, at) { &["spf-missing"] } else { &[] };
    let title = match at.domain.as_str() {
        "" => "Receivers do not take this for an SPF record".to_owned(),
        name => format!("Receivers do not see the SPF record of {}", short(name)),
    };
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(confidence, because)
        .explain(format!(
            "The text{} is meant as an SPF record, but does not begin with exactly v=spf1 and a blank. Receivers \
             take it for something else and find no SPF record at all.",
            if at.domain.is_empty() { String::new() } else { format!(" at {}", at.domain) }
        ))
        .exhibits(text_exhibit(facts, at, text, None, "does not begin with v=spf1 and a blank"))
        .fix(remedy)
        .check(dig_txt(&at.domain), "a record that begins v=spf1 and a blank")
        .leads_to(leads_to)
}

/// The text with a sound beginning, where what follows is then sound.
fn opening(text: &str) -> Option<String> {
    let typed = as_typed(text);
    let start = typed.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let rest = after_version(start);
    let (before, rest) = match rest {
        Some(rest) => ("", rest),
        // Terms that stand before the version; anything else there is no part of the record.
        None => {
            let at = typed.to_ascii_lowercase().find("v=spf1 ")?;
            let (before, from) = typed.split_at_checked(at)?;
            let probe = format!("v=spf1 {before}");
            let record = Record::parse(probe.trim_end().as_bytes())?;
            let terms = record.terms.len() == record.directives().count();
            (if terms { before } else { "" }, from.get(6..)?)
        }
    };
    // `v=spf10` is no slip of the blank bar.
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start_matches([' ', ';', ',', ':', '=']).trim_end_matches([';', ' ']);
    let record = format!("v=spf1 {before}{rest}");
    if Record::parse(record.as_bytes()).is_some_and(|r| !r.broken) {
        return Some(record);
    }
    remedy::spf::correct(&record).filter(|c| c.blanks.is_empty()).map(|c| c.record)
}

/// What follows `v=spf1`, `v = spf 1` or `spf1`.
fn after_version(text: &str) -> Option<&str> {
    let start = match text.get(..1)?.eq_ignore_ascii_case("v") {
        true => text.get(1..)?.trim_start_matches([' ', '=', ':']),
        false => text,
    };
    let rest = start.get(..3).filter(|s| s.eq_ignore_ascii_case("spf")).and_then(|_| start.get(3..))?;
    rest.trim_start_matches(' ').strip_prefix('1')
}

/// An error in a record that ours includes: only its owner can correct it.
fn below(facts: &Facts) -> Option<Finding> {
    let (domain, problem) = match (&facts.spf_survey, &facts.spf) {
        (Some(survey), _) => {
            let below = |p: &&Problem| p.kind == ProblemKind::Syntax && p.domain != survey.domain;
            (survey.domain.as_str(), survey.problems.iter().find(below)?)
        }
        (None, Some(check)) => {
            let below = |p: &&Problem| p.kind == ProblemKind::Syntax && p.domain != check.domain;
            (check.domain.as_str(), check.problem.as_ref().filter(below)?)
        }
        (None, None) => return None,
    };
    let question: Question = txt(&problem.domain);
    let record = facts.evidence.answers.get(&question)?.texts().find(|t| Record::is(t))?;
    let whose = if domain.is_empty() { "This SPF record".to_owned() } else { format!("SPF of {}", short(domain)) };
    let severity = match reported_pass(facts) {
        true => Severity::Low,
        false => weighed(facts, Severity::Critical, Severity::Medium),
    };
    let (confidence, because) = match reported(facts) {
        Some("permerror") => {
            (Confidence::Certain, "The receiver wrote spf=permerror, and an included record has this error.")
        }
        _ => (Confidence::Likely, "The included record has this error today."),
    };
    let leads_to: &[&str] = if severity > Severity::Low { &["spf-not-authorized"] } else { &[] };
    Some(
        Finding::new(&RULE, format!("{whose} includes a broken record"))
            .severity(severity)
            .sure(confidence, because)
            .explain(format!(
                "{whose} leads to the record of {}, and there {}. An error there makes this one a permerror too.",
                problem.domain, problem.text
            ))
            .exhibit(Exhibit::dns(&question, String::from_utf8_lossy(&record), problem.span, "not valid here"))
            .fix(
                Remedy::new(format!("Have {} corrected, or take it out of your record.", problem.domain))
                    .step(format!("Tell whoever runs {} about the error.", problem.domain))
                    .step("If you no longer send through that service, delete its include from your record."),
            )
            .check(question.dig(), "a record without the marked error")
            .leads_to(leads_to)
            .leads_to(if severity > Severity::Low { consequences(facts) } else { &[] }),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, after, message, pasted};
    use super::*;

    #[test]
    fn ip_means_ip4() {
        let finding = pasted(None, &["v=spf1 a mx ip: -all"]).found(&RULE);
        assert_eq!((finding.severity, finding.confidence), (Severity::Critical, Confidence::Certain));
        assert!(finding.exhibits[0].label.contains("ip4:"));
        let fix = finding.fix.unwrap();
        assert_eq!(fix.blanks.len(), 2);
        assert_eq!(fix.records[0].name, "<your domain>");
        assert_eq!(fix.records[0].after, [remedy::text("v=spf1 a mx ip4:<address> -all")]);
    }

    #[test]
    fn the_published_record_is_replaced() {
        let finding = message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["site=1", "v=spf1 ipv4:192.0.2.4, include:a.test -all"])
            .reported("permerror")
            .found(&RULE);
        assert_eq!(after(&finding), ["site=1", "v=spf1 ip4:192.0.2.4 include:a.test -all"]);
        assert!(finding.leads_to.contains(&"spf-not-authorized"));
        assert_eq!(finding.confidence, Confidence::Certain);
    }

    #[test]
    fn legal_but_not_meant_is_at_most_medium() {
        let finding = pasted(None, &["v=spf1 include=a.test ~all"]).found(&RULE);
        assert_eq!(finding.severity, Severity::Medium);
        assert!(finding.explanation.contains("receivers do not complain"));
        for word in ["include:https://spf.example.net", "?include:bob@example.net", "include:spf..example.net"] {
            let finding = pasted(None, &[&format!("v=spf1 {word} -all")]).found(&RULE);
            assert!(finding.explanation.contains("receivers answer permerror"), "{}", finding.explanation);
        }
        // A name without a record is a permerror; an address that is no name only does not match (RFC 7208 §5.3).
        let sent = |word: &str| {
            let record = format!("v=spf1 {word} -all");
            message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &[&record])
        };
        let glued = "include:a.test-all";
        let finding = sent(glued)
            .fails("a.test-all", crate::evidence::Kind::Txt, crate::evidence::Outcome::NxDomain)
            .found(&RULE);
        assert!(finding.explanation.contains("receivers answer permerror"), "{}", finding.explanation);
        for scene in [sent(glued).txt("a.test-all", &["v=spf1 -all"]), sent("a:https://a.test")] {
            assert!(scene.found(&RULE).explanation.contains("receivers do not complain"));
        }
        pasted(None, &["v=spf1 +all"]).passes(&RULE);
        pasted(None, &["v=spf1 -all mx"]).passes(&RULE);
    }

    #[test]
    fn a_record_nobody_recognises() {
        for (text, new) in [
            ("v=spf1include:a.test -all", Some("v=spf1 include:a.test -all")),
            ("\"v=spf1 mx -all\"", Some("v=spf1 mx -all")),
            ("spf1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf1; mx; -all", Some("v=spf1 mx -all")),
            ("v = spf1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf 1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf1\u{a0}mx\u{a0}-all", Some("v=spf1 mx -all")),
            ("“v=spf1 mx –all”", Some("v=spf1 mx -all")),
            ("&quot;v=spf1 mx -all&quot;", Some("v=spf1 mx -all")),
            ("include:a.test v=spf1 mx -all", Some("v=spf1 include:a.test mx -all")),
            ("site=1 v=spf1 mx -all", Some("v=spf1 mx -all")),
            ("v=spf2 mx -all", None),
            ("v=spf10", None),
        ] {
            assert_eq!(opening(text).as_deref(), new, "{text}");
        }
        let finding =
            message("a@example.com", "a@example.com", "192.0.2.4").txt("example.com", &["v=spf1;mx -all"]).found(&RULE);
        assert_eq!(finding.leads_to, ["spf-missing"]);
        assert_eq!(after(&finding), ["v=spf1 mx -all"]);
    }

    #[test]
    fn an_included_record_is_not_ours_to_correct() {
        let finding = message("a@example.com", "a@example.com", "192.0.2.4")
            .txt("example.com", &["v=spf1 include:a.test -all"])
            .txt("a.test", &["v=spf1 ip4 -all"])
            .found(&RULE);
        assert!(finding.fix.unwrap().records.is_empty());
    }

    #[test]
    fn quiet_otherwise() {
        Scene::default().not_applicable(&RULE);
        pasted(None, &["v=spf1 mx include:a.test -all"]).passes(&RULE);
        assert_eq!(message("a@example.com", "a@example.com", "").unknown(&RULE).len(), 1);
        let finding = message("a@example.com", "a@example.com", "")
            .txt("example.com", &["v=spf1 ip: -all"])
            .reported("pass")
            .found(&RULE);
        assert_eq!(finding.severity, Severity::Low);
    }
}
