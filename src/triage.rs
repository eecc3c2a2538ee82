//! Cause before consequence: folds and orders findings, and says the verdict in one sentence.

mod check;
mod report;

use crate::evidence::{InputKind, Kind, Outcome};
use crate::facts::Facts;
use crate::facts::antispam::Leaning;
use crate::facts::dkim::{DkimResult, Hash, Verification};
use crate::facts::dmarc::verdict::{Leg, normal};
use crate::facts::organization::{Agreement, agree};
use crate::facts::spf::SpfResult;
use crate::facts::subject::Subject;
use crate::remedy::{Change, Remedy};
pub use crate::rules::State;
use crate::rules::dmarc::failure::overridden;
use crate::rules::spf::spf_allows_nobody::sends_nothing;
use crate::rules::{Confidence, Finding, Gap, Rule, Severity};
pub use check::beside;

/// The verdict of a diagnosis.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub state: State,
    /// One sentence.
    pub headline: String,
    /// The rule that is the cause.
    pub cause: Option<&'static Rule>,
}

/// Folds consequences under their cause, orders what remains (cause first), and says it.
pub fn triage(facts: &Facts, found: Vec<Finding>, gaps: &[Gap]) -> (Verdict, Vec<Finding>) {
    let findings = fold(found);
    let worst = findings.iter().map(|f| weight(f).0).max();
    let state = match worst {
        Some(Severity::Critical | Severity::High) => State::Fail,
        Some(Severity::Medium | Severity::Low) => State::Warn,
        _ if cleared(facts) => State::Pass,
        _ => State::Unknown,
    };
    let cause = findings.first().filter(|_| matches!(state, State::Fail | State::Warn));
    let headline = match (&facts.reading.bounce, cause, state) {
        // What a server that kept the message says of it is no news of where it is.
        (Some(_), Some(finding), _) if finding.rule.id == "local-delivery-blackhole" => sentence(&finding.title),
        // What became of the message comes first; why, below it.
        (Some(bounce), ..) => {
            let session = facts.evidence.transcript.as_deref().and_then(crate::rules::bounce::of_session);
            let told = session.or_else(|| crate::rules::bounce::headline(bounce));
            told.unwrap_or_else(|| unknown(facts, gaps))
        }
        (None, Some(finding), _) => taken(facts, &finding.title).unwrap_or_else(|| sentence(&finding.title)),
        (None, None, State::Pass) => passing(facts),
        (None, None, _) => unknown(facts, gaps),
    };
    let verdict = Verdict { state, headline, cause: cause.map(|f| f.rule) };
    (verdict, findings)
}

/// DMARC failed, and the message was delivered all the same: who reads only one sentence has to know both.
fn taken(facts: &Facts, title: &str) -> Option<String> {
    let why = overridden(facts)?;
    Some(format!(
        "{}; DMARC fails, and the receiver took the message all the same, {why}.",
        title.trim_end_matches('.')
    ))
}

/// What decides a finding's place: its own severity and confidence, or those of the worst it leads to.
fn weight(finding: &Finding) -> (Severity, Confidence) {
    let own = (finding.severity, finding.confidence);
    finding.consequences.iter().map(|c| (c.severity, c.confidence)).fold(own, Ord::max)
}

/// Moves every finding that another one explains under that other one. A finding with several
/// causes goes to the first of them; chains end at the root, and a circle breaks at its first member.
fn fold(mut found: Vec<Finding>) -> Vec<Finding> {
    let order: Vec<&str> = found.iter().map(|f| f.rule.id).collect();
    // Stable: among equals the order of the rules stays.
    found.sort_by_key(|f| std::cmp::Reverse((f.severity, f.confidence)));
    let parents: Vec<Option<usize>> =
        (0..found.len()).map(|n| (0..found.len()).find(|&m| m != n && found[m].explains(&found[n]))).collect();
    let root = |mut n: usize| {
        // At most as many steps as there are findings; a circle is cut at its smallest index.
        for _ in 0..parents.len() {
            match parents[n] {
                Some(parent) => n = parent,
                None => return Some(n),
            }
        }
        None
    };
    let roots: Vec<usize> = (0..found.len()).map(|n| root(n).unwrap_or(n)).collect();
    let mut slots: Vec<Option<Finding>> = found.into_iter().map(Some).collect();
    for (n, &root) in roots.iter().enumerate() {
        if root != n
            && let Some(consequence) = slots[n].take()
            && let Some(cause) = slots[root].as_mut()
        {
            cause.consequences.push(consequence);
        }
    }
    let mut folded: Vec<Finding> = slots.into_iter().flatten().collect();
    for cause in &mut folded {
        one_cure(cause);
    }
    folded.sort_by_key(|f| (std::cmp::Reverse(weight(f)), order.iter().position(|id| *id == f.rule.id)));
    folded
}

/// A consequence goes away with its cause: another record for the same name would compete with
/// the cause's, and who publishes both breaks both.
fn one_cure(cause: &mut Finding) {
    let Some(fix) = &cause.fix else { return };
    for other in cause.consequences.iter_mut().filter_map(|c| c.fix.as_mut()) {
        if cause.bars {
            *other = Remedy::new(fix.summary.clone()).step("Nothing can be published before that; check again then.");
            continue;
        }
        // Nothing may stand beside an alias (RFC 1034 §3.6.2).
        let alias = |c: &Change| c.kind == Kind::Cname && !c.after.is_empty();
        let meet = |a: &Change, b: &Change| a.name == b.name && (a.kind == b.kind || alias(a) || alias(b));
        let competes = |c: &Change| fix.records.iter().any(|own| meet(own, c) && own != c);
        if other.records.iter().any(competes) {
            *other = Remedy::new(fix.summary.clone()).step("The record that cures it is shown with the cause.");
        }
    }
}

/// Does something at hand clear the message: the receiver's verdict, or our own from DNS? A receiver's
/// failure that no rule explains clears nothing.
fn cleared(facts: &Facts) -> bool {
    let reported = &facts.reading.reported;
    match facts.evidence.input.kind {
        InputKind::Record => return facts.reading.record.as_ref().is_some_and(|r| r.unread == 0 && r.is_known()),
        InputKind::Report => return report::cleared(facts),
        InputKind::Domain | InputKind::Ip => return check::decided(facts),
        kind if !kind.is_judged() => return false,
        _ => {}
    }
    if let Some(bounce) = facts.reading.bounce.as_ref().filter(|b| !b.overtaken) {
        return bounce.is_good_news();
    }
    if facts.reading.inside.is_some() {
        return false;
    }
    let says = |result: Option<&str>, word: &str| result == Some(word);
    let record_unread = facts.dmarc.record().is_none() && !facts.dmarc.is_absent();
    let dmarc = reported.dmarc.as_ref().map(|m| m.result.as_str());
    let compauth = reported.compauth.as_ref().map(|c| c.result.as_str());
    if says(dmarc, "fail") || says(compauth, "fail") || facts.alignment.dmarc == Some(false) {
        return false;
    }
    if is_hearsay(facts) {
        return false;
    }
    // A filter's line alone is about the filter; of a sender it says nothing.
    let asks_filter = facts.reading.from.mailboxes.is_empty();
    let filters = facts.reading.antispam.iter().filter(|f| !f.untrusted).flat_map(|f| &f.items);
    let mut leanings = filters.filter_map(|i| i.meaning.as_ref()).map(|m| m.leaning);
    says(dmarc, "pass")
        || says(compauth, "pass")
        // Neither the receiver nor we could read the record: what it asks for is not known.
        || (facts.alignment.dmarc == Some(true) && !(record_unread && says(dmarc, "temperror")))
        || (asks_filter && leanings.any(|l| l == Leaning::Good))
}

/// Is the verdict that of a server on the way, which nothing confirms? Those after it may have made it up.
pub fn is_hearsay(facts: &Facts) -> bool {
    facts.reading.boundary.handed_on.is_some() && !proven(facts)
}

/// Does a signature of From's organization verify here?
fn proven(facts: &Facts) -> bool {
    let aligned = |v: &Verification| {
        let agreement = facts.alignment.signatures.get(v.signature).copied().flatten();
        matches!(agreement, Some(Agreement::Strict | Agreement::Relaxed))
    };
    let holds = |v: &Verification| match v.body_hash {
        Hash::Mismatch => false,
        _ => v.header_hash == Hash::Match,
    };
    facts.verified.iter().any(|v| holds(v) && aligned(v))
}

/// Why a check came to nothing.
fn undecided(facts: &Facts, gaps: &[Gap]) -> String {
    let failed: Vec<_> = facts.evidence.answers.values().filter(|a| a.outcome.failed()).collect();
    let silent = failed.iter().filter(|a| a.outcome == Outcome::Timeout).count();
    match (facts.evidence.offline, failed.len(), gaps.first()) {
        (true, ..) => "Cannot tell: DNS was not asked (--offline).".into(),
        (_, 1, _) => "Cannot tell: 1 DNS question that would decide got no answer.".into(),
        (_, 2.., _) => {
            format!("Cannot tell: {} DNS questions went unanswered ({silent} by silence).", failed.len())
        }
        (_, _, Some(gap)) => format!("Cannot tell yet: {}", sentence(&gap.question())),
        (_, _, None) => "Cannot tell yet.".into(),
    }
}

/// A title as a sentence.
fn sentence(title: &str) -> String {
    let title = title.trim_end();
    if title.ends_with(['.', '?', '!']) { title.to_owned() } else { [title, "."].concat() }
}

fn passing(facts: &Facts) -> String {
    if facts.evidence.input.kind == InputKind::Record {
        return "What is checked in this record has no fault.".into();
    }
    if facts.evidence.input.kind == InputKind::Report {
        return report::passing(facts);
    }
    if let Some(subject) = &facts.reading.subject {
        return match subject {
            Subject::Ip(ip) => format!("Nothing is wrong with {ip} as far as DNS tells."),
            Subject::Domain(domain) if sends_nothing(facts) => {
                let why = if facts.evidence.said.check.non_sending { "as you said" } else { "for SPF allows nobody" };
                format!("Nothing is wrong with {domain} as a domain that sends no mail, {why}.")
            }
            Subject::Domain(domain) => format!("Nothing is wrong with {domain} as far as DNS tells."),
        };
    }
    let Some(from) = facts.reading.from_domain() else {
        return "The receiver's verdict is clean.".into();
    };
    let reported = &facts.reading.reported;
    let nobody_said = reported.spf.is_none() && reported.dkim.is_empty() && reported.dmarc.is_none();
    if nobody_said && reported.compauth.is_none() {
        return match facts.alignment.dmarc {
            Some(true) => {
                format!("By today's DNS {} for {from}; the header holds no receiver's verdict.", vouching(facts))
            }
            _ => "The receiver's verdict is clean.".into(),
        };
    }
    let who = match vouches(facts) {
        Some(who) => who,
        None => {
            let judged = reported.dmarc.as_ref().filter(|dmarc| dmarc.result == "pass");
            let judged = judged.and_then(|dmarc| dmarc.domain.as_deref()).map(normal);
            // Lists write From anew once they have checked it.
            let another = |was: &String| agree(from, was, &facts.alignment.organizations) == Agreement::None;
            if let Some(was) = judged.filter(another) {
                return format!("Authentication passed for {was}, which From named then; now it names {from}.");
            }
            "so says the receiver"
        }
    };
    let error = reported.dmarc.as_ref().map(|d| d.result.as_str()).filter(|r| matches!(*r, "temperror" | "permerror"));
    let error = error.map_or(String::new(), |word| format!("; the receiver could not judge DMARC ({word})"));
    format!("Authentication passes for {from}: {who}{error}.")
}

/// What passes for the From domain.
fn vouches(facts: &Facts) -> Option<&'static str> {
    let legs = facts.legs();
    let counts = |leg: &Leg| leg.counts() == Some(true);
    match (legs.dkim.iter().any(counts), legs.spf.as_ref().is_some_and(counts)) {
        (true, true) => Some("SPF and DKIM both vouch for it"),
        (true, false) => Some("DKIM vouches for it"),
        (false, true) => Some("SPF vouches for it"),
        (false, false) => None,
    }
}

/// What makes DMARC pass where no receiver speaks.
fn vouching(facts: &Facts) -> &'static str {
    let aligned = |a: Option<Agreement>| matches!(a, Some(Agreement::Strict | Agreement::Relaxed));
    let signed = |v: &Verification| aligned(facts.alignment.signatures.get(v.signature).copied().flatten());
    let dkim = facts.verified.iter().any(|v| v.result == Some(DkimResult::Pass) && signed(v));
    let spf = facts.spf.as_ref().is_some_and(|check| check.result == Some(SpfResult::Pass));
    match (dkim, aligned(facts.alignment.spf) && spf) {
        (true, true) => "SPF and DKIM pass",
        (true, false) => "DKIM passes",
        (false, _) => "SPF passes",
    }
}

fn unknown(facts: &Facts, gaps: &[Gap]) -> String {
    let kind = facts.evidence.input.kind;
    match kind {
        InputKind::Message | InputKind::Headers => {}
        InputKind::Record if let Some(record) = facts.reading.record.as_ref().filter(|r| r.unread > 0) => {
            return format!(
                "Only part was judged: {} more records stand in the paste; paste one name at a time.",
                record.unread
            );
        }
        InputKind::Record if facts.reading.record.is_some() => {
            return "This is no record that mail uses: expected SPF, DKIM, DMARC, MTA-STS, TLS-RPT or BIMI, or a line of a zone."
                .into();
        }
        InputKind::Record => return "This looks like a DNS record, but none could be read from it.".into(),
        InputKind::Bounce | InputKind::Reply => return "Nothing in it says who refused what.".into(),
        InputKind::Report => return report::unknown(facts),
        InputKind::Domain | InputKind::Ip => return undecided(facts, gaps),
        InputKind::Unknown if facts.evidence.input.original.is_empty() => {
            return sentence(&capital(&facts.evidence.input.because));
        }
        InputKind::Unknown => {
            return "This does not look like mail: expected a header block, a message or a DNS record; paste the whole header.".into();
        }
    }
    if let Some(inside) = &facts.reading.inside {
        return format!(
            "This message never left {}: it does not tell how receivers elsewhere judge your mail.",
            inside.by
        );
    }
    if facts.reading.reported.dmarc.as_ref().is_some_and(|m| m.result == "fail") {
        return "The receiver says that DMARC failed, and nothing at hand shows why.".into();
    }
    let boundary = &facts.reading.boundary;
    if let (Some(last), Some(before)) = (&boundary.handed_on, &boundary.authserv_id)
        && facts.reading.reported.dmarc.as_ref().is_some_and(|m| m.result == "pass")
    {
        return format!(
            "Cannot tell: {before} says that it passed, but {last} had the message after it and wrote no verdict, and no signature was verified here."
        );
    }
    let unjudged = facts.reading.reported.dmarc.as_ref().is_some_and(|m| m.result == "temperror");
    if let (true, Some(from), Some(who)) = (unjudged, facts.reading.from_domain(), vouches(facts)) {
        let asked =
            if facts.evidence.offline { "DNS was not asked here (--offline)" } else { "it gets no answer here either" };
        return format!(
            "Cannot tell whether DMARC passes for {from}: {who}, but the receiver could not read its record, and {asked}."
        );
    }
    if let Some(c) = facts.reading.reported.compauth.as_ref().filter(|c| c.result == "fail") {
        let reason = c.reason.as_ref().map_or(String::new(), |r| format!(" reason={r}"));
        return format!(
            "Microsoft does not take the sender for genuine (compauth=fail{reason}), and nothing at hand shows why."
        );
    }
    let said = match facts.reading.reported.dmarc.as_ref().map(|m| m.result.as_str()).filter(|word| !word.is_empty()) {
        Some(word) => format!("the receiver's own verdict is dmarc={word}"),
        None => "no receiver's verdict is in the header".into(),
    };
    let failed = facts.evidence.answers.values().filter(|a| a.outcome.failed()).count();
    let timeouts = facts.evidence.answers.values().filter(|a| a.outcome == Outcome::Timeout).count();
    if failed > 0 {
        return format!("Cannot tell: {failed} DNS questions went unanswered ({timeouts} by silence), and {said}.");
    }
    match (facts.evidence.offline, gaps.first()) {
        (true, _) => format!("Cannot tell: {said}, and DNS was not asked (--offline)."),
        (false, Some(gap)) => format!("Cannot tell yet: {}", sentence(&gap.question())),
        (false, None) => format!("Cannot tell: {said}, and DNS alone does not decide."),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::diagnose;
    use crate::evidence::{Evidence, Input, Said};
    use crate::facts::Reading;
    use crate::rules::{Group, Verdict as RuleVerdict};

    static RULES: [Rule; 4] = [rule("a"), rule("b"), rule("c"), rule("d")];

    const fn rule(id: &'static str) -> Rule {
        Rule { id, group: Group::Dmarc, severity: Severity::High, doc: "", sources: &[], judge: |_| RuleVerdict::Pass }
    }

    fn finding(n: usize, severity: Severity, leads_to: &[&'static str]) -> Finding {
        Finding::new(&RULES[n], RULES[n].id).severity(severity).leads_to(leads_to)
    }

    fn shape(findings: &[Finding]) -> Vec<(&str, Vec<&str>)> {
        findings.iter().map(|f| (f.rule.id, f.consequences.iter().map(|c| c.rule.id).collect())).collect()
    }

    #[test]
    fn a_verdict_that_settles_nothing_is_named() {
        let headline = |results: &str| {
            let text = format!(
                "Authentication-Results: {results}\r\nReceived: from a.example.com (192.0.2.4) by \
                 AM1.mail.protection.outlook.com (10.1.1.1) with Microsoft SMTP Server id 15.20.1; Tue, 2 Jun 2026 \
                 10:00:03 +0000\r\nDKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=from; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=; b=AAAA\r\nFrom: Ann <ann@example.com>\r\n"
            );
            let input = Input::read("test", text.as_bytes(), Some(InputKind::Headers)).unwrap();
            let reading = Reading::read(&input, &Said::default());
            let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
            diagnose(evidence.into(), reading.into()).verdict.headline
        };
        let passed = "spf=pass (sender IP is 192.0.2.4) smtp.mailfrom=example.com; dkim=pass header.d=example.com;dmarc=pass action=none header.from=example.com";
        let told = headline(&format!("{passed};compauth=fail reason=601"));
        assert!(told.contains("compauth=fail reason=601"), "{told}");
        let told = headline("dmarc=temperror header.from=example.com");
        assert!(told.contains("the receiver's own verdict is dmarc=temperror"), "{told}");
    }

    #[test]
    fn a_chain_folds_under_its_root_and_takes_the_weight_of_its_worst() {
        let folded = fold(vec![
            finding(0, Severity::Critical, &["b"]),
            finding(1, Severity::Medium, &[]),
            finding(2, Severity::High, &["a"]),
            finding(3, Severity::High, &[]),
        ]);
        assert_eq!(shape(&folded), [("c", vec!["a", "b"]), ("d", vec![])]);
    }

    #[test]
    fn what_speaks_of_another_name_is_no_consequence() {
        let key = |n, leads_to, name: &str| finding(n, Severity::High, leads_to).about(name);
        let alias = || key(0, &["b"], "s1._domainkey.example.com");
        for (other, folded) in [
            (key(1, &[], "s1._domainkey.example.com"), vec![("a", vec!["b"])]),
            (key(1, &[], "s5._domainkey.example.com"), vec![("a", vec![]), ("b", vec![])]),
            (finding(1, Severity::High, &[]), vec![("a", vec!["b"])]),
        ] {
            assert_eq!(shape(&fold(vec![alias(), other])), folded);
        }
    }

    #[test]
    fn a_consequence_brings_no_record_of_its_own_for_the_causes_name() {
        let with = |n, leads_to, value: &str| {
            let change = Change::txt("example.com", &[] as &[&str], &[value]);
            finding(n, Severity::High, leads_to).fix(Remedy::new("publish").record(change))
        };
        let folded = fold(vec![with(0, &["b", "c"], "one"), with(1, &[], "two"), with(2, &[], "one")]);
        let records = |f: &Finding| f.fix.as_ref().unwrap().records.len();
        assert_eq!(records(&folded[0]), 1);
        assert_eq!(folded[0].consequences.iter().map(records).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn nothing_stands_beside_the_alias_of_the_cause() {
        let text = Change::txt("b.example.com", &[] as &[&str], &["v=spf1 -all"]);
        let alias = Change {
            kind: Kind::Cname,
            after: vec![crate::evidence::Data::Cname("mailer.test".into())],
            ..text.clone()
        };
        let with = |n, leads_to, change: Change| {
            finding(n, Severity::High, leads_to).fix(Remedy::new("publish").record(change))
        };
        // An alias that goes makes room.
        let gone = Change { before: alias.after.clone(), after: vec![], ..alias.clone() };
        for (change, left) in [(alias, 0), (gone, 1)] {
            let folded = fold(vec![with(0, &["b"], change), with(1, &[], text.clone())]);
            assert_eq!(folded[0].consequences[0].fix.as_ref().unwrap().records.len(), left);
        }
    }

    #[test]
    fn among_equals_the_order_of_the_rules_decides_whatever_they_lead_to() {
        let folded = fold(vec![
            finding(0, Severity::High, &["b"]),
            finding(1, Severity::Critical, &[]),
            finding(2, Severity::Critical, &[]),
        ]);
        assert_eq!(shape(&folded), [("a", vec!["b"]), ("c", vec![])]);
    }

    #[test]
    fn a_circle_loses_nothing() {
        let folded = fold(vec![finding(0, Severity::Low, &["b"]), finding(1, Severity::Low, &["a"])]);
        assert_eq!(folded.len(), 2);
    }

    #[test]
    fn the_surer_of_two_equals_comes_first() {
        let folded =
            fold(vec![finding(0, Severity::High, &[]).sure(Confidence::Possible, ""), finding(1, Severity::High, &[])]);
        assert_eq!(shape(&folded), [("b", vec![]), ("a", vec![])]);
    }
}
