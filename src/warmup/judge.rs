//! One day's numbers: go on, hold, or step back, and why.

use super::day::{Code, Day, Snds, Tally};
use crate::facts::bounce::Action;
use crate::knowledge::ramp::{Limit, known};
use crate::knowledge::{blocklist, topic::Category};
use crate::rules::Severity;

/// What to do next; the later is the more careful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Advance,
    Hold,
    Back,
}

impl Step {
    /// The word of `check.advice[].step` in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Step::Advance => "advance",
            Step::Hold => "hold",
            Step::Back => "back",
        }
    }

    /// What one tells a person to do.
    pub fn order(self) -> &'static str {
        match self {
            Step::Advance => "go on",
            Step::Hold => "hold",
            Step::Back => "step back",
        }
    }
}

/// One thing that speaks for going on, or against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub step: Step,
    /// `deferrals`, `hard-bounces` …
    pub signal: &'static str,
    pub text: String,
    /// The rule that says more.
    pub rule: Option<&'static str>,
    /// Where the limit comes from; empty where none is involved.
    pub source: String,
}

/// Fewer than this make no rate: one complaint among fifty messages is one person.
const FEW: u64 = 3;

/// The rule for complaints, whoever counts them.
const COMPLAINTS: &str = "complaint-rate-high";

fn reason(step: Step, signal: &'static str, text: String) -> Reason {
    Reason { step, signal, text, rule: None, source: String::new() }
}

impl Reason {
    fn rule(mut self, rule: Option<&'static str>) -> Reason {
        // Decoded replies may name rules of which only a message tells.
        self.rule = rule.filter(|id| crate::rules::find(id).is_some());
        self
    }

    fn source(mut self, limit: &Limit) -> Reason {
        self.source.clone_from(&limit.source);
        self
    }
}

/// `0.12 %`, with the digits that a limit has.
pub(super) fn percent(rate: f64) -> String {
    let digits = if rate < 1.0 { 2 } else { 1 };
    format!("{rate:.digits$} %")
}

fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

fn step(rate: f64, limit: &Limit) -> Step {
    match rate {
        r if r >= limit.back => Step::Back,
        r if r > limit.hold => Step::Hold,
        _ => Step::Advance,
    }
}

/// What counts for the whole: bounces, complaints, blocklists, seeds that are not told apart.
pub(super) fn whole(day: &Day) -> Vec<Reason> {
    let total = day.total();
    let limits = &known().limits;
    let mut reasons = Vec::new();
    let bounces = rate(total.invalid, total.sent());
    if total.sent() > 0 {
        let step = if total.invalid < FEW { Step::Advance } else { step(bounces, &limits.hard_bounces) };
        let of = format!("hard bounces {} ({} of {})", percent(bounces), total.invalid, total.sent());
        let text = match step {
            Step::Advance => of,
            _ => format!(
                "{of}: the limit is {}. Take unknown addresses off the list before more mail goes out",
                percent(limits.hard_bounces.fine)
            ),
        };
        let rule = (step > Step::Advance).then_some("bounce-recipient-problem");
        reasons.push(reason(step, "hard-bounces", text).rule(rule).source(&limits.hard_bounces));
    }
    reasons.extend(complaints(&total));
    for name in &day.blocklists {
        reasons.push(listed(name));
    }
    reasons
}

/// What counts at one receiver.
pub(super) fn receiver(name: &str, tally: &Tally) -> Vec<Reason> {
    let limits = &known().limits;
    let mut reasons = Vec::new();
    if tally.open > 0 {
        let (sent, open) = (tally.sent(), tally.open);
        let step = if open < FEW { Step::Advance } else { step(rate(open, sent), &limits.undelivered) };
        let mut text = format!("delivered {} ({} of {sent})", percent(rate(tally.delivered, sent)), tally.delivered);
        if step > Step::Advance {
            text.push_str(&format!(": find out what became of the other {open}, before more mail goes out"));
        }
        reasons.push(reason(step, "delivered", text).source(&limits.undelivered));
    }
    // What the receiver puts off for its own sake says nothing of the sender.
    let counted = tally.attempts() - tally.excused;
    for (count, action, limit, signal, what) in [
        (tally.deferred, Action::Delayed, &limits.deferrals, "deferrals", "deferrals"),
        (tally.refused, Action::Failed, &limits.refusals, "refusals", "refusals"),
    ] {
        if count == 0 {
            continue;
        }
        let share = rate(count, counted);
        let code = worst(tally, action);
        let step = if count < FEW { Step::Advance } else { step(share, limit) };
        let mut text = format!("{what} {} ({count} of {counted})", percent(share));
        if let Some((key, code)) = code {
            let meaning = code.meaning.map_or(String::new(), |m| format!(": {m}"));
            text.push_str(&format!(", most with {key}{meaning}"));
        }
        if let Some(more) = (step > Step::Advance).then(|| remedy(action, code.map(|(_, c)| c))) {
            text.push_str(&format!(". {more}"));
        }
        reasons.push(reason(step, signal, text).rule(code.and_then(|(_, c)| c.rule)).source(limit));
    }
    if let Some(rate) = tally.spam_rate {
        let step = step(rate, &limits.complaints);
        let text = format!("{name} itself counts {} complaints", percent(rate));
        reasons.push(
            reason(step, "spam-rate", text)
                .rule((step > Step::Advance).then_some(COMPLAINTS))
                .source(&limits.complaints),
        );
    }
    match tally.snds {
        Some(Snds::Green) => reasons.push(reason(Step::Advance, "snds", "SNDS is green".into())),
        Some(Snds::Yellow) => {
            reasons.push(reason(
                Step::Hold,
                "snds",
                "SNDS is yellow: between a tenth and most of the mail is taken for spam".into(),
            ));
        }
        Some(Snds::Red) => {
            reasons.push(reason(Step::Back, "snds", "SNDS is red: nearly all of the mail is taken for spam".into()));
        }
        None => {}
    }
    if let Some(seeds) = tally.seeds {
        let all = seeds.inbox + seeds.spam;
        let share = rate(seeds.spam, all);
        let step = if all < FEW { Step::Advance } else { step(share, &limits.spam_placement) };
        let text = format!("{} of {all} seed mailboxes had it in spam", seeds.spam);
        reasons.push(reason(step, "placement", text).source(&limits.spam_placement));
    }
    reasons
}

/// Complaints that reached the sender, against the messages that were taken.
pub(super) fn complaints(tally: &Tally) -> Option<Reason> {
    let limit = &known().limits.complaints;
    let count = tally.complaints?;
    let share = rate(count, tally.delivered);
    let of = format!("complaints {} ({count} of {} delivered)", percent(share), tally.delivered);
    let (step, text) = match step(share, limit) {
        _ if count < FEW && share > limit.fine => (Step::Advance, format!("{of}: too few to make a rate")),
        Step::Back => (
            Step::Back,
            format!(
                "{of}: from {} on receivers refuse to help. Find out which mail and which sign-up they come from",
                percent(limit.back)
            ),
        ),
        Step::Hold => (Step::Hold, format!("{of}: the limit is {}", percent(limit.hold))),
        Step::Advance if share > limit.fine => {
            (Step::Advance, format!("{of}: above {}, where one begins to look into it", percent(limit.fine)))
        }
        Step::Advance => (Step::Advance, of),
    };
    Some(reason(step, "complaints", text).rule((step > Step::Advance).then_some(COMPLAINTS)).source(limit))
}

/// What opens and clicks did, for the record: machines open and click too, so they decide nothing.
pub(super) fn engagement(today: &Tally, before: &[Tally]) -> Vec<Reason> {
    let of = |count: fn(&Tally) -> Option<u64>| {
        let share = |t: &Tally| count(t).filter(|_| t.delivered >= 20).map(|n| rate(n, t.delivered));
        let earlier: Vec<f64> = before.iter().filter_map(share).collect();
        let mean = earlier.iter().sum::<f64>() / earlier.len().max(1) as f64;
        share(today).map(|now| (now, (!earlier.is_empty()).then_some(mean)))
    };
    let say = |signal, what: &str, (now, mean): (f64, Option<f64>), why: &str| {
        let text = match mean {
            Some(mean) if now < mean / 2.0 => {
                format!("{what} {}, half of the usual {} or less: {why}", percent(now), percent(mean))
            }
            _ => format!("{what} {}", percent(now)),
        };
        reason(Step::Advance, signal, text)
    };
    let opens = of(|t| t.opens)
        .map(|o| say("opens", "opens", o, "machines open mail too, so look at where it lies before you believe it"));
    let clicks =
        of(|t| t.clicks).map(|c| say("clicks", "clicks", c, "look at where the mail lies: people may not see it"));
    opens.into_iter().chain(clicks).collect()
}

fn listed(name: &str) -> Reason {
    let same = |b: &&blocklist::Blocklist| b.zone.eq_ignore_ascii_case(name) || b.name.eq_ignore_ascii_case(name);
    let list = blocklist::all().iter().find(same);
    let heavy = list.is_none_or(|b| b.weight >= Severity::High);
    let title = list.map_or(name, |b| b.name.as_str());
    let off = list.filter(|b| !b.delist.is_empty()).map_or(String::new(), |b| format!(" ({})", b.delist));
    let (step, text) = match heavy {
        true => {
            (Step::Back, format!("listed by {title}: send nothing until the cause is found and the entry is gone{off}"))
        }
        false => (Step::Hold, format!("listed by {title}, which few receivers ask: find the cause{off}")),
    };
    reason(step, "blocklist", text).rule(Some("dnsbl-listed"))
}

/// The reply that came most often with this outcome.
fn worst(tally: &Tally, action: Action) -> Option<(&String, &Code)> {
    let excused = |c: &Code| matches!(c.category, Category::MailboxFull | Category::Network | Category::Recipient);
    let fits = |(_, c): &(&String, &Code)| c.action == action && !excused(c) && c.rule != Some("greylisted");
    tally.codes.iter().filter(fits).max_by_key(|(_, c)| c.count)
}

/// What to do about it, in the words of the rules.
fn remedy(action: Action, code: Option<&Code>) -> &'static str {
    match code.map(|c| c.category) {
        Some(Category::Authentication | Category::Configuration) => {
            "More volume does not cure it: set the records right first, with postdoc check"
        }
        Some(Category::Content) => "Look at the message and at the domains it links to",
        _ if action == Action::Failed => "Pause mail to this receiver, find the cause, and begin again with less",
        _ => {
            "Where it comes, pause mail to this receiver for ten to thirty minutes, use one connection, and grow again in small steps"
        }
    }
}
