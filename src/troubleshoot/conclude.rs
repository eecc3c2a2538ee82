//! Which finding explains a symptom, and what is said at the end of the path.

use super::{Answers, Cause, Conclusion, Kind, Piece, State, Step, Symptom, Template};
use crate::diagnose::Diagnosis;
use crate::facts::bounce::{Bounce, TakenBy};
use crate::knowledge::topic::Category;
use crate::rules::{Confidence, Finding, Group, Severity};

/// The finding that explains the symptom best.
pub struct Hit<'d> {
    pub held: usize,
    pub finding: &'d Finding,
    /// Severe, or known for just this symptom.
    pub strong: bool,
}

/// Does a finding of this evidence explain the symptom?
type Pass<'p> = &'p dyn Fn(&Diagnosis, &Finding) -> bool;

/// The best of the findings that the steps speak of: evidence in the order in which the steps ask for it, within a
/// diagnosis in the order of its triage.
pub fn hit<'d>(templates: &[&Template], held: &[&'d Diagnosis]) -> Option<Hit<'d>> {
    let mut order: Vec<usize> = (0..held.len()).collect();
    let rank = |n: &usize| {
        let piece = Piece::of(held[*n].facts.evidence.input.kind);
        let wanted = templates.iter().flat_map(|t| &t.get).position(|p| Some(*p) == piece);
        // What the symptom does not ask for comes last.
        wanted.unwrap_or(usize::MAX)
    };
    order.sort_by_key(rank);
    let named = |f: &Finding| templates.iter().any(|t| t.names(f.rule));
    let noted = |f: &Finding| templates.iter().any(|t| t.notes(f.rule));
    let looked = |f: &Finding| named(f) || templates.iter().any(|t| t.looks_at(f.rule.group));
    let weight = |f: &Finding| f.consequences.iter().map(|c| c.severity).fold(f.severity, Ord::max);
    // What the server that refused says in its own words explains the refusal, however mild.
    let told = |d: &Diagnosis, f: &Finding| {
        let bounce = d.facts.reading.bounce.as_ref();
        bounce.is_some_and(|b| b.recipients.iter().any(|r| r.action.is_bad() && r.decoded.rule() == Some(f.rule.id)))
    };
    let passes: [Pass; 3] = [
        &|_, f| weight(f) >= Severity::High || (named(f) && f.severity > Severity::Info) || noted(f),
        &|d, f| f.rule.group == Group::Bounce || told(d, f),
        &|_, f| weight(f) > Severity::Info,
    ];
    for (pass, fits) in passes.iter().enumerate() {
        for &n in &order {
            let relevant = |f: &&Finding| looked(f) || f.consequences.iter().any(looked);
            if let Some(finding) = held[n].findings.iter().find(|f| relevant(f) && fits(held[n], f)) {
                return Some(Hit { held: n, finding, strong: pass < 2 });
            }
        }
    }
    None
}

/// Does the message authenticate, by its receiver's word or else by ours?
fn authenticates(d: &Diagnosis) -> bool {
    let is_message = Piece::of(d.facts.evidence.input.kind) == Some(Piece::Message);
    let said = d.facts.reading.reported.dmarc.as_ref().map(|dmarc| dmarc.result == "pass");
    is_message && said.or(d.facts.alignment.dmarc) == Some(true)
}

/// The host that took every message over, by the lines of a log.
fn taken_over<'d>(held: &[&'d Diagnosis]) -> Option<&'d str> {
    let bounce = held.iter().find_map(|d| d.facts.reading.bounce.as_ref().filter(|b| b.is_good_news()))?;
    let away = bounce.recipients.iter().all(|r| r.taken_by == Some(TakenBy::Host));
    bounce.recipients.first().filter(|_| away)?.server.as_deref()
}

/// Is the cause something else than who the sender proves to be?
fn beside_authentication(d: &Diagnosis, finding: &Finding) -> bool {
    match finding.rule.group {
        Group::Receiver | Group::Content | Group::Reputation => authenticates(d),
        Group::Bounce => d.facts.reading.bounce.as_ref().is_some_and(|b| !b.concerns_authentication() && !is_vague(b)),
        _ => false,
    }
}

/// Does it leave open what it was refused for? A rule of the receiver's may be one on authentication.
fn is_vague(bounce: &Bounce) -> bool {
    let vague = |c: Category| matches!(c, Category::Policy | Category::Configuration | Category::Unknown);
    bounce.recipients.iter().any(|r| r.action.is_bad() && r.client.is_none() && vague(r.category))
}

pub fn conclude(
    symptom: &Symptom,
    steps: &[Step],
    held: &[&Diagnosis],
    hit: Option<&Hit>,
    answers: &Answers,
) -> Conclusion {
    let chosen = |step: &&Step| {
        let answer = answers.get(&step.template.id)?;
        step.template.choices.iter().find(|choice| choice.id == *answer)
    };
    let answered = steps.iter().filter_map(|step| chosen(&step)).flat_map(|choice| choice.look.iter().cloned());
    let answered: Vec<String> = answered.collect();
    let look: Vec<String> = answered.iter().cloned().chain(symptom.look.iter().cloned()).collect();
    let Some(hit) = hit else { return without(steps, held, if held.is_empty() { answered } else { look }) };
    let d = held[hit.held];
    let finding = hit.finding;
    let beside = beside_authentication(d, finding);
    let title = finding.title.trim_end_matches('.');
    let domain_alone = Piece::of(d.facts.evidence.input.kind) == Some(Piece::Domain);
    let text = match (hit.strong, domain_alone) {
        (true, true) => {
            format!("Published so today: {title}. A header or a bounce would show that this is what hit the message.")
        }
        (true, false) if beside => format!("Not authentication: {title}."),
        (true, false) if finding.confidence == Confidence::Certain => format!("The cause: {title}."),
        (true, false) => format!("The {} cause: {title}.", finding.confidence.word()),
        (false, _) => format!("Found: {title}. That alone may not explain it."),
    };
    let kind = if hit.strong && !domain_alone { Kind::Cause } else { Kind::Suspect };
    let cause = Cause {
        held: hit.held,
        rule: finding.rule,
        title: finding.title.clone(),
        fix: finding.fix.as_ref().map(|fix| fix.summary.clone()),
        proven: finding.proof.as_ref().is_some_and(|proof| proof.turned().is_some()),
    };
    let vague = finding.rule.group == Group::Bounce && d.facts.reading.bounce.as_ref().is_some_and(is_vague);
    let look = if kind == Kind::Cause && !beside && !vague { Vec::new() } else { look };
    Conclusion { kind, text, cause: Some(cause), look }
}

/// What is said where no finding explains it.
fn without(steps: &[Step], held: &[&Diagnosis], look: Vec<String>) -> Conclusion {
    let open = |text: &str, look| Conclusion { kind: Kind::Open, text: text.to_owned(), cause: None, look };
    let elsewhere = |text: String, look| Conclusion { kind: Kind::Elsewhere, text, cause: None, look };
    let slow = steps.iter().find_map(|step| match &step.state {
        State::Found(title) if step.template.delay => Some(title),
        _ => None,
    });
    let getting = steps.iter().any(|s| s.state == State::Next && !s.template.get.is_empty());
    match () {
        () if slow.is_some_and(|_| !held.is_empty()) => {
            let title = slow.map(String::as_str).unwrap_or_default();
            elsewhere(format!("Not authentication: {title}. That server, or the one before it, knows why."), look)
        }
        () if taken_over(held).is_some() => {
            let server = taken_over(held).unwrap_or_default();
            let text = format!(
                "It left this server: {server} took it over, and said so. What became of it then, the log of {server} or \
                 the recipient's mailbox and its junk folder tell."
            );
            elsewhere(text, look)
        }
        () if held.iter().any(|d| authenticates(d)) => {
            let text = "Not authentication: the message passes DMARC for its From domain, and no rule found a fault that explains this.";
            elsewhere(text.to_owned(), look)
        }
        () if held.is_empty() => open("Nothing is known yet.", look),
        () if getting => open("Nothing found so far explains it; the next step may.", vec![]),
        () => {
            open("No rule found a fault that explains it, and nothing at hand proves that authentication passes.", look)
        }
    }
}
