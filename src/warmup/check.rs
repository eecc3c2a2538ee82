//! Day after day: what the numbers allow for the next.

use super::day::{Day, Days, Tally};
use super::judge::{self, Reason, Step};
use super::plan::Plan;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A pause of more than so many days costs half of the volume.
const PAUSE: i32 = 4;

/// After a longer one it begins anew (Twilio SendGrid: idle for more than 30 days).
const IDLE: i32 = 30;

/// Receivers with less are judged in the whole only.
const ENOUGH: u64 = 20;

/// Good days at the smaller volume before the next step, after one back: complaints and listings come days late.
const CALM: u32 = 2;

/// How far above what was allowed is still the same volume.
const SLACK: f64 = 1.2;

/// What came of each day, and what may follow the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// In the order of the days.
    pub advice: Vec<Advice>,
    /// What may be sent on the day of asking, or the day after the last.
    pub next: Next,
}

/// The next day.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    pub date: Date,
    pub volume: u64,
    pub receivers: Vec<(String, u64)>,
    /// Why it is not what the last day's advice says: a pause since.
    pub because: Option<String>,
}

/// What a day's numbers say.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    pub date: Date,
    /// What was allowed.
    pub allowed: u64,
    pub sent: u64,
    pub total: Tally,
    /// What the volume of all mail does: what goes on at one receiver may be held at another.
    pub step: Step,
    /// For the whole.
    pub reasons: Vec<Reason>,
    pub receivers: Vec<AtReceiver>,
    /// What may follow.
    pub next: u64,
}

/// What they say at one receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct AtReceiver {
    pub name: String,
    pub tally: Tally,
    /// What its own numbers say. `None`: too few messages to judge it by itself.
    pub step: Option<Step>,
    /// What is to be done there: no less careful than what binds everyone.
    pub bound: Step,
    pub reasons: Vec<Reason>,
    pub next: u64,
}

impl Advice {
    /// `Hold: …`, one sentence that agrees with every receiver's line.
    pub fn headline(&self) -> String {
        let at = |step: Step| {
            let names: Vec<&str> = self
                .receivers
                .iter()
                .filter(|r| r.step.is_some() && r.bound == step)
                .map(|r| r.name.as_str())
                .collect();
            (!names.is_empty()).then(|| format!("{} at {}", step.order(), names.join(" and ")))
        };
        let worst = self.worst();
        let apart: Vec<String> =
            [Step::Back, Step::Hold, Step::Advance].into_iter().filter(|s| *s != self.step).filter_map(at).collect();
        let text = match &apart[..] {
            [] => self.step.order().to_owned(),
            // The whole shrinks for the sake of some.
            _ if self.step == worst => at(self.step).into_iter().chain(apart).collect::<Vec<_>>().join(", "),
            _ => format!("{}, but {}", self.step.order(), apart.join(", ")),
        };
        let all =
            self.reasons.iter().chain(self.receivers.iter().filter(|r| r.step.is_some()).flat_map(|r| &r.reasons));
        let why = all.filter(|r| r.step == worst && worst > Step::Advance).map(|r| &r.text).next();
        let text = text[..1].to_uppercase() + &text[1..];
        match why {
            Some(why) => format!("{text}: {why}."),
            None => format!("{text}."),
        }
    }

    /// The most careful thing to be done anywhere.
    pub fn worst(&self) -> Step {
        self.receivers.iter().map(|r| r.bound).fold(self.step, Step::max)
    }
}

/// Judges every day; `today` is the day of asking.
pub fn check(plan: &Plan, days: &Days, today: Date) -> Option<Check> {
    let begun = days.days.keys().next().and_then(|date| plan.on(*date)).map_or(plan.first(), |d| d.volume);
    let mut allowed = begun.max(plan.order.current);
    let mut earlier: Vec<Tally> = Vec::new();
    let mut advice: Vec<Advice> = Vec::new();
    // The volume to come back to while a blocklist forbids any.
    let mut listed = false;
    let mut calm = 0;
    let mut last_sent: Option<Date> = None;
    for (date, day) in &days.days {
        let total = day.total();
        let mut reasons = Vec::new();
        if total.sent() > 0 {
            if let Some(last) = last_sent {
                let (after, pause) = paused(plan, allowed, last, *date);
                allowed = after;
                reasons.extend(pause);
            }
            last_sent = Some(*date);
        } else if day.blocklists.is_empty() && advice.last().is_none_or(|a| a.next > 0) {
            continue;
        }
        let sent = total.sent();
        reasons.extend(volume(sent, allowed, plan.used));
        reasons.extend(judge::whole(day));
        reasons.extend(judge::engagement(&total, &earlier));
        let worst = |reasons: &[Reason]| reasons.iter().map(|r| r.step).max().unwrap_or(Step::Advance);
        if sent > 0 && calm > 0 && worst(&reasons) == Step::Advance {
            reasons.push(settling(calm));
            calm -= 1;
        }
        let all = worst(&reasons);
        if all == Step::Back {
            calm = CALM;
        }
        let is_listed = reasons.iter().any(|r| r.signal == "blocklist" && r.step == Step::Back);
        let overshot = reasons.iter().any(|r| r.signal == "volume" && r.step == Step::Back);
        let others = reasons.iter().any(|r| r.step == Step::Back && r.signal != "volume");
        // What was sent beyond what was allowed proves nothing: the step is taken from the lesser.
        let base = allowed;
        let goal = plan.after(base.min(sent)).max(base);
        // Who stops for what the mail met stops where that was seen, not at what was allowed.
        let met = sent.clamp(1, base.max(1));
        let halts = reasons.iter().any(|r| r.step > Step::Advance && !matches!(r.signal, "volume" | "calm"));
        let stay = if halts { met } else { base };
        let mut receivers = each(plan, day, (stay, met, goal), all, overshot && !others);
        let step = together(&receivers, all, base);
        let mut next = match receivers.iter().any(|r| r.next > 0) {
            true => receivers.iter().map(|r| r.next).sum(),
            false => resume(step, stay, goal),
        };
        if sent == 0 {
            next = base;
        }
        allowed = next.max(1);
        if is_listed {
            // Once for an entry, however long it stays.
            allowed = if listed { base } else { (stay / 2).max(1) };
            next = 0;
            receivers.iter_mut().for_each(|r| r.next = 0);
        } else if listed && sent == 0 {
            reasons.push(Reason {
                step: Step::Hold,
                signal: "blocklist",
                text: "the entry on the blocklist is gone: begin again with half of what you sent before".into(),
                rule: None,
                source: String::new(),
            });
            receivers.iter_mut().for_each(|r| r.bound = r.bound.max(Step::Hold));
        }
        let step = if listed && !is_listed && sent == 0 { Step::Hold } else { step };
        listed = is_listed;
        advice.push(Advice { date: *date, allowed: base, sent, total: total.clone(), step, reasons, receivers, next });
        earlier.push(total);
        if earlier.len() > 7 {
            earlier.remove(0);
        }
    }
    let last = advice.last()?;
    let tomorrow = last.date.tomorrow().unwrap_or(last.date);
    let date = today.max(tomorrow);
    let (volume, pause) = match last_sent.filter(|_| last.next > 0) {
        Some(sent) => paused(plan, last.next, sent, date),
        None => (last.next, None),
    };
    let shrunk =
        |n: u64| if last.next == 0 { 0 } else { (u128::from(n) * u128::from(volume) / u128::from(last.next)) as u64 };
    let receivers = last.receivers.iter().map(|r| (r.name.clone(), shrunk(r.next))).collect();
    Some(Check { next: Next { date, volume, receivers, because: pause.map(|r| r.text) }, advice })
}

/// A good day after a step back.
fn settling(left: u32) -> Reason {
    let days = if left == 1 { "a good day".to_owned() } else { format!("{left} good days") };
    Reason {
        step: Step::Hold,
        signal: "calm",
        text: format!("{days} at this volume first: complaints and listings come days after the mail"),
        rule: None,
        source: "a rule of ours".into(),
    }
}

/// What is left of a volume after days without mail.
fn paused(plan: &Plan, allowed: u64, last: Date, now: Date) -> (u64, Option<Reason>) {
    let days = now.since(last).map_or(0, |span| span.get_days()) - 1;
    let say = |text: String| {
        // What it costs is in the volume already; the day itself is judged by its numbers.
        Some(Reason {
            step: Step::Advance,
            signal: "pause",
            text,
            rule: None,
            source: "Twilio SendGrid: an address idle for more than 30 days is warmed up again".into(),
        })
    };
    match days {
        d if d > IDLE => (
            plan.cold.min(allowed),
            say(format!("nothing was sent for {d} days: receivers have forgotten you, so it begins anew")),
        ),
        d if d > PAUSE => {
            let half = (allowed / 2).max(plan.cold.min(allowed));
            (half, say(format!("nothing was sent for {d} days: half of the volume, then on")))
        }
        _ => (allowed, None),
    }
}

/// What was sent against what was allowed.
fn volume(sent: u64, allowed: u64, used: f64) -> Option<Reason> {
    let times = sent as f64 / allowed.max(1) as f64;
    let (step, text) = match times {
        _ if sent == 0 => return None,
        t if t > 2.0 => (
            Step::Back,
            format!(
                "{sent} were sent where {allowed} were planned: more than double at once looks like an account taken over. Back to {allowed}"
            ),
        ),
        t if t > SLACK => (
            Step::Hold,
            format!("{sent} were sent where {allowed} were planned: the next step comes when {allowed} went well"),
        ),
        t if t < used => {
            (Step::Hold, format!("only {sent} of {allowed} were sent: the next step comes when this one was used"))
        }
        _ => return None,
    };
    Some(Reason {
        step,
        signal: "volume",
        text,
        rule: (step > Step::Hold).then_some("warmup-needed"),
        source: "Google: email sender guidelines (81126): no sudden jumps".into(),
    })
}

/// The volume after a step.
fn resume(step: Step, stay: u64, goal: u64) -> u64 {
    match step {
        Step::Advance => goal,
        Step::Hold => stay,
        Step::Back => (stay / 2).max(1),
    }
}

/// What the whole does where receivers do different things: it shrinks only where its volume does.
fn together(receivers: &[AtReceiver], all: Step, base: u64) -> Step {
    let bounds = || receivers.iter().map(|r| r.bound);
    let (Some(least), Some(worst)) = (bounds().min(), bounds().max()) else { return all };
    let next: u64 = receivers.iter().map(|r| r.next).sum();
    if worst == Step::Back && next < base { worst } else { least }
}

/// Each receiver by itself; `all` binds everyone, `keep` where the only fault of the day was its volume. Where too few
/// messages went, what the others may do holds. The volumes: where everyone stays, where one stays that has trouble of
/// its own, and where one goes on to.
fn each(plan: &Plan, day: &Day, (stay, met, goal): (u64, u64, u64), all: Step, keep: bool) -> Vec<AtReceiver> {
    // Of what was put off, a message is tried several times a day.
    let weight = |t: &Tally| t.sent() + t.deferred.div_ceil(4);
    let weights: u64 = day.receivers.values().map(weight).sum();
    let several = day.receivers.len() > 1;
    let part = |whole: u64, tally: &Tally| whole as f64 * weight(tally) as f64 / weights.max(1) as f64;
    let own = |(name, tally): (&String, &Tally)| {
        let mut reasons = judge::receiver(name, tally);
        if several {
            reasons.extend(judge::complaints(tally));
        }
        let enough = !several || tally.attempts() >= ENOUGH;
        let step = enough.then(|| reasons.iter().map(|r| r.step).max().unwrap_or(Step::Advance));
        AtReceiver { name: name.clone(), tally: tally.clone(), step, bound: all, reasons, next: 0 }
    };
    let mut each: Vec<AtReceiver> = day.receivers.iter().map(own).collect();
    let others = each.iter().filter_map(|r| r.step).min().unwrap_or(Step::Advance);
    for at in &mut each {
        let step = at.step.unwrap_or(others);
        at.bound = step.max(all);
        let stay = if step > Step::Advance { met } else { stay };
        let next = match if keep { step.max(Step::Hold) } else { at.bound } {
            Step::Advance => part(goal, &at.tally),
            Step::Hold => part(stay, &at.tally),
            Step::Back => part(stay, &at.tally) / 2.0,
        };
        at.next = next.round() as u64;
    }
    each.sort_by_key(|r| std::cmp::Reverse(r.tally.attempts()));
    // Rounding must not lose what is allowed.
    let target = plan.order.target;
    let sum: u64 = each.iter().map(|r| r.next).sum();
    if sum > target
        && sum <= target + each.len() as u64
        && let Some(first) = each.first_mut()
    {
        first.next -= sum - target;
    }
    each
}

/// The volumes of a check by receiver, of all days: for a table of shares.
pub fn shares(days: &Days) -> Vec<(String, f64)> {
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, tally) in days.days.values().flat_map(|d| &d.receivers) {
        *sums.entry(name).or_default() += tally.attempts();
    }
    let total: u64 = sums.values().sum();
    let mut shares: Vec<(String, f64)> =
        sums.into_iter().map(|(name, n)| (name.to_owned(), n as f64 * 100.0 / total.max(1) as f64)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}
