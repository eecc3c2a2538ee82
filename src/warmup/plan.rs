//! The plan: so many messages on each day, and to each receiver.

use super::order::{Audience, Domain, Ip, Order};
use super::receiver;
use crate::knowledge::ramp::{self, Ramp, Scope, Unit};
use jiff::ToSpan;
use jiff::civil::Date;

/// Days at most; a target that is not reached by then is out of reach.
const LONGEST: usize = 400;

/// Days until receivers know a new name, and from which on older parts of a list get mail.
const KNOWN: usize = 42;

/// Whom Gmail's advice not to double binds.
const GMAIL: &str = "Gmail";

/// Day by day.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub order: Order,
    /// At least one; the last reaches the target.
    pub days: Vec<Planned>,
    /// The tables it follows, and our own rule where they say nothing.
    pub bases: Vec<Basis>,
    pub notes: Vec<Remark>,
    pub phases: Vec<Phase>,
    /// The share of a day's volume that has to be used before the next step.
    pub used: f64,
    /// What it begins with where nobody remembers the sender.
    pub cold: u64,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// From 1.
    pub day: u32,
    pub date: Date,
    /// Messages at most.
    pub volume: u64,
    /// In one hour at most, where the table says so.
    pub hourly: Option<u64>,
    /// In the order of [`Order::shares`]; they add up to the volume.
    pub receivers: Vec<(String, u64)>,
}

/// What the numbers rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    pub name: String,
    pub source: String,
    /// A, B, C, or D for a rule of ours.
    pub confidence: String,
}

/// Something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub text: String,
    /// Empty where it is about the plan itself.
    pub source: String,
    /// The flags that say what was not said, in a shell.
    pub flags: &'static str,
}

/// Who gets the mail of these days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    pub from: u32,
    pub to: Option<u32>,
    pub text: String,
    pub source: String,
}

/// Something that the volume must not exceed.
#[derive(Clone, Copy)]
enum Curve {
    /// A table, times the addresses that share it.
    Table(&'static Ramp, u64),
    /// Our rule, from this many on the first day.
    Formula(u64),
}

impl Plan {
    /// Plans; `order.target` is at least 1.
    pub fn of(order: Order) -> Plan {
        let curves = curves(&order);
        let days = days(&order, &curves);
        let bases = bases(&order, &curves, &days);
        let stages = curves.iter().any(|c| matches!(c, Curve::Table(r, _) if r.unit == Unit::Stage));
        let used = if stages { 0.95 } else { 0.5 };
        Plan {
            cold: curves.iter().filter_map(|c| c.volumes(0, order.target).next()).min().unwrap_or(1).min(order.target),
            used,
            notes: notes(&order, &curves, &days),
            phases: phases(&order, days.len()),
            bases,
            days,
            order,
        }
    }

    /// The volume of the first day.
    pub fn first(&self) -> u64 {
        self.days.first().map_or(0, |d| d.volume)
    }

    /// What may follow a day of this volume that went well.
    pub fn after(&self, volume: u64) -> u64 {
        let next = self.days.iter().map(|d| d.volume).find(|v| *v > volume);
        next.unwrap_or_else(|| grown(volume, self.order.target)).min(self.order.target.max(volume))
    }

    /// The day of the plan with this date.
    pub fn on(&self, date: Date) -> Option<&Planned> {
        self.days.iter().find(|d| d.date == date)
    }
}

/// The day after `volume` by our rule.
fn grown(volume: u64, target: u64) -> u64 {
    let formula = &ramp::known().formula;
    let times = (volume as f64 * formula.factor) as u64;
    let plus = volume.saturating_add((target as f64 * formula.part) as u64);
    times.min(plus).max(volume.saturating_add(1))
}

fn curves(order: &Order) -> Vec<Curve> {
    let formula = &ramp::known().formula;
    let ips = u64::from(order.ips.max(1));
    let table = |r: &'static Ramp| Curve::Table(r, if r.scope == Scope::Ip { ips } else { 1 });
    let outreach = (order.audience == Audience::Outreach).then_some("outreach");
    if let Some(chosen) = order.ramp.as_deref().or(outreach).and_then(ramp::find) {
        return vec![table(chosen)];
    }
    let published = |scope| order.platform.as_deref().and_then(|p| ramp::of_platform(p, scope));
    let mut curves = Vec::new();
    if order.ip.is_cold() {
        curves.push(published(Scope::Ip).map_or(Curve::Formula(formula.first_ip * ips), table));
    }
    if order.domain.is_young() {
        curves.push(published(Scope::Domain).map_or(Curve::Formula(formula.first_domain), table));
    }
    if curves.is_empty() {
        // Both are known: what is new is the volume.
        curves.push(Curve::Formula(formula.first_ip * ips));
    }
    curves
}

impl Curve {
    /// The volumes that it allows, day by day, from the first above `current`; without end.
    fn volumes(self, current: u64, target: u64) -> Box<dyn Iterator<Item = u64>> {
        let start = match self {
            Curve::Formula(first) if current == 0 => first,
            Curve::Formula(_) => grown(current, target),
            Curve::Table(..) => 0,
        };
        let Curve::Table(ramp, times) = self else {
            return Box::new(std::iter::successors(Some(start), move |v| Some(grown(*v, target))));
        };
        let times = times * if ramp.unit == Unit::Hour { 24 } else { 1 };
        let last = ramp.steps.last().copied().unwrap_or((1, 1));
        let table = (1..=last.0).map(move |day| {
            let step = ramp.steps.iter().rfind(|(from, _)| *from <= day).map_or(0, |(_, volume)| *volume);
            step.saturating_mul(times)
        });
        // Where the table ends, our rule goes on.
        let top = last.1.saturating_mul(times).max(current);
        let beyond = std::iter::successors(Some(grown(top, target)), move |v| Some(grown(*v, target)));
        Box::new(table.skip_while(move |v| *v <= current).chain(beyond))
    }
}

fn days(order: &Order, curves: &[Curve]) -> Vec<Planned> {
    let mut volumes: Vec<_> = curves.iter().map(|c| c.volumes(order.current, order.target)).collect();
    let hourly = curves.iter().any(|c| matches!(c, Curve::Table(r, _) if r.unit == Unit::Hour));
    let mut days: Vec<Planned> = Vec::new();
    while days.len() < LONGEST {
        let allowed = volumes.iter_mut().filter_map(Iterator::next).min().unwrap_or(order.target);
        let before = days.last();
        let receivers = split(order, allowed.min(order.target), before);
        let volume = match receivers.is_empty() {
            true => allowed.min(order.target),
            false => receivers.iter().map(|(_, n)| n).sum(),
        };
        let day = before.map_or(1, |d| d.day + 1);
        let date = order.start.checked_add(i64::from(day - 1).days()).unwrap_or(order.start);
        let hourly = hourly.then_some(volume.div_ceil(24));
        days.push(Planned { day, date, volume, hourly, receivers });
        if volume >= order.target {
            break;
        }
    }
    days
}

/// The volume by receiver; what Gmail may not get yet is not given to others.
fn split(order: &Order, volume: u64, before: Option<&Planned>) -> Vec<(String, u64)> {
    let total: f64 = order.shares.iter().map(|(_, share)| share).sum();
    if total <= 0.0 {
        return Vec::new();
    }
    let exact = |share: f64| volume as f64 * share / total;
    let mut parts: Vec<(String, u64)> =
        order.shares.iter().map(|(name, share)| (name.clone(), exact(*share) as u64)).collect();
    // The rest of the rounding goes where most was cut off.
    let mut rest = volume.saturating_sub(parts.iter().map(|(_, n)| n).sum());
    let mut by_rest: Vec<usize> = (0..parts.len()).collect();
    by_rest.sort_by(|a, b| exact(order.shares[*b].1).fract().total_cmp(&exact(order.shares[*a].1).fract()));
    for n in by_rest {
        let one = u64::from(rest > 0);
        parts[n].1 += one;
        rest -= one;
    }
    for (name, volume) in parts.iter_mut().filter(|(name, _)| name == GMAIL) {
        let earlier = before.and_then(|b| b.receivers.iter().find(|(n, _)| n == name)).map(|(_, v)| *v);
        if let Some(earlier) = earlier.filter(|v| *v > 1) {
            *volume = (*volume).min(earlier * 2 - 1);
        }
    }
    parts
}

fn bases(order: &Order, curves: &[Curve], days: &[Planned]) -> Vec<Basis> {
    let formula = &ramp::known().formula;
    let rule = |what: &str| Basis {
        name: format!("{what}: at most half as much again as the day before"),
        source: formula.source.clone(),
        confidence: formula.confidence.clone(),
    };
    let mut bases = Vec::new();
    for curve in curves {
        match curve {
            Curve::Table(ramp, times) => {
                let last = ramp.steps.last().copied().unwrap_or((1, 1));
                let each = match (ramp.scope, ramp.unit) {
                    (Scope::Ip, _) if *times > 1 => format!("{}, times {times} addresses", ramp.name),
                    _ => ramp.name.clone(),
                };
                bases.push(Basis { name: each, source: ramp.source.clone(), confidence: ramp.confidence.clone() });
                let top = last.1.saturating_mul(*times * if ramp.unit == Unit::Hour { 24 } else { 1 });
                if days.iter().any(|d| d.volume > top) {
                    bases.push(rule(&format!("above {top}, where that table ends")));
                }
            }
            Curve::Formula(first) => {
                let whom = match () {
                    _ if order.domain.is_young() && *first == formula.first_domain => "a domain nobody knows",
                    _ if order.ip.is_cold() => "a new address",
                    _ => "more volume than before",
                };
                bases.push(rule(whom));
            }
        }
    }
    bases
}

fn notes(order: &Order, curves: &[Curve], days: &[Planned]) -> Vec<Remark> {
    let known = ramp::known();
    let mut notes = Vec::new();
    let remark = |text: &str, source: &str, flags| Remark { text: text.to_owned(), source: source.to_owned(), flags };
    let mut own = |text: &str, flags| notes.push(remark(text, "", flags));
    if order.domain == Domain::Unsaid {
        own("How old the domain is was not said, so it is taken for new, the slower case.", "--domain-age DAYS");
    }
    if order.ip == Ip::Shared {
        own(
            "The addresses are shared: their reputation is the platform's matter, and only the domain is warmed up.",
            "",
        );
    }
    if order.audience == Audience::Outreach {
        own("The numbers are for one mailbox. Mail to people who never asked brings complaints, and those decide.", "");
    }
    if days.last().is_some_and(|d| d.volume < order.target) {
        own("The target is not reached in 400 days: use more addresses, or ask the platform.", "");
    }
    if order.domain.is_young() && order.audience == Audience::Mixed && days.len() < KNOWN {
        let fastest = format!(
            "{} is the fastest way to that volume: an evening that is not good adds a day. Trust in a new name comes later than \
             the volume does, so until day {KNOWN} only people who read your mail get it.",
            match days.len() {
                1 => "One day".to_owned(),
                n => format!("A plan of {n} days"),
            }
        );
        own(&fastest, "");
    }
    for curve in curves {
        if let Curve::Table(ramp, _) = curve
            && !ramp.note.is_empty()
        {
            notes.push(remark(&ramp.note, &ramp.source, ""));
        }
    }
    let sent_to =
        |name: &str| order.shares.is_empty() || order.shares.iter().any(|(n, share)| n == name && *share > 0.0);
    let fits = |n: &&ramp::Note| match (&n.receiver, n.platforms.is_empty()) {
        _ if n.young && !order.domain.is_young() => false,
        (Some(receiver), _) => sent_to(receiver),
        (None, true) => true,
        (None, false) => order.platform.as_ref().is_some_and(|p| n.platforms.contains(p)),
    };
    // The platform's own word before that of the receivers.
    let mut told: Vec<&ramp::Note> = known.note.iter().filter(fits).collect();
    told.sort_by_key(|n| n.platforms.is_empty());
    notes.extend(told.into_iter().map(|n| remark(&n.text, &n.source, "")));
    if order.shares.is_empty() {
        notes.push(remark(
            "How your list is spread over the receivers was not said: with their shares, or a log, there is a plan for each.",
            "",
            "--share gmail=40 --share microsoft=20",
        ));
    }
    notes
}

fn phases(order: &Order, length: usize) -> Vec<Phase> {
    if order.audience != Audience::Mixed {
        return Vec::new();
    }
    let all = ramp::known().audience.iter();
    all.filter(|a| a.from as usize <= length.max(KNOWN + 1))
        .map(|a| Phase { from: a.from, to: a.to, text: a.text.clone(), source: a.source.clone() })
        .collect()
}

/// The receivers of a list of addresses or domains, a line each, with their shares in percent.
pub fn shares(lines: impl Iterator<Item = impl AsRef<str>>) -> Vec<(String, f64)> {
    let mut counts: std::collections::BTreeMap<&'static str, u64> = Default::default();
    for line in lines {
        let line = line.as_ref();
        let domain = line.rsplit('@').next().unwrap_or(line).trim().trim_end_matches('>').to_ascii_lowercase();
        if domain.contains('.') {
            *counts.entry(receiver::of(&domain, "")).or_default() += 1;
        }
    }
    let total: u64 = counts.values().sum();
    let mut shares: Vec<(String, f64)> =
        counts.into_iter().map(|(name, n)| (name.to_owned(), n as f64 * 100.0 / total as f64)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(target: u64) -> Order {
        Order { domain: Domain::Age(400), ..Order::new(target, "2026-06-01".parse().unwrap()) }
    }

    fn volumes(plan: &Plan) -> Vec<u64> {
        plan.days.iter().map(|d| d.volume).collect()
    }

    #[test]
    fn a_published_table_is_followed_to_the_letter() {
        for ramp in &ramp::known().ramp {
            let top = ramp.steps.last().unwrap().1 * if ramp.unit == Unit::Hour { 24 } else { 1 };
            let plan = Plan::of(Order { ramp: Some(ramp.id.clone()), ..order(top) });
            for (day, volume) in &ramp.steps {
                let planned = &plan.days[*day as usize - 1];
                match ramp.unit {
                    Unit::Hour => assert_eq!(planned.hourly, Some(*volume), "{} day {day}", ramp.id),
                    _ => assert_eq!(planned.volume, *volume, "{} day {day}", ramp.id),
                }
            }
            assert_eq!(plan.bases.len(), 1);
            assert_eq!(plan.bases[0].source, ramp.source);
        }
    }

    #[test]
    fn a_plan_shorter_than_it_takes_to_be_known_says_so() {
        let told = |age: u32, word: &str| {
            let plan = Plan::of(Order { domain: Domain::Age(age), ..order(50_000) });
            (plan.days.len() < KNOWN, plan.notes.iter().filter(|n| n.text.contains(word)).count())
        };
        assert_eq!(told(3, "until day 42"), (true, 1));
        assert_eq!(told(3, "about six weeks"), (true, 1));
        assert_eq!(told(400, "until day 42"), (true, 0));
        assert_eq!(told(400, "about six weeks"), (true, 0));
    }

    #[test]
    fn the_platforms_own_table_is_found_and_two_addresses_carry_twice_as_much() {
        let plan = Plan::of(Order { platform: Some("sparkpost".into()), ips: 2, ..order(8_000) });
        assert_eq!(volumes(&plan), [400, 1000, 2000, 4000, 8000]);
        assert_eq!(plan.days[4].date.to_string(), "2026-06-05");
        assert!(plan.bases[0].name.contains("times 2 addresses"));
    }

    #[test]
    fn a_domain_nobody_knows_is_slower_than_any_table_for_addresses() {
        let known = Plan::of(Order { platform: Some("sparkpost".into()), ..order(5_000) });
        let young = Plan::of(Order { domain: Domain::Age(10), ..known.order.clone() });
        assert_eq!(young.first(), 50);
        assert!(young.days.iter().zip(&known.days).all(|(a, b)| a.volume <= b.volume));
        assert_eq!(young.days.last().unwrap().volume, 5_000);
        assert_eq!(young.bases.len(), 2);
        let unsaid = Plan::of(Order { domain: Domain::Unsaid, ..known.order.clone() });
        assert_eq!(volumes(&unsaid), volumes(&young));
        assert!(unsaid.notes.iter().any(|n| n.flags.contains("--domain-age")));
    }

    #[test]
    fn our_own_rule_never_doubles_and_ends_at_the_target() {
        let plan = Plan::of(order(20_000));
        let volumes = volumes(&plan);
        assert_eq!((volumes[0], *volumes.last().unwrap()), (200, 20_000));
        assert!(volumes.windows(2).all(|w| w[1] > w[0] && w[1] < 2 * w[0]));
        assert_eq!(plan.bases[0].confidence, "D");
        let tiny = Plan::of(order(1));
        assert_eq!(tiny.days.len(), 1);
    }

    #[test]
    fn what_is_sent_already_is_the_beginning() {
        let plan = Plan::of(Order { current: 3_000, ip: Ip::Used, ..order(10_000) });
        assert_eq!(volumes(&plan), [4_500, 6_750, 9_750, 10_000]);
        let table = Plan::of(Order { current: 1_500, platform: Some("sparkpost".into()), ..order(10_000) });
        assert_eq!(volumes(&table), [2_000, 5_000, 10_000]);
    }

    #[test]
    fn receivers_add_up_and_gmail_never_doubles() {
        let shares = vec![("Gmail".to_owned(), 50.0), ("Yahoo".to_owned(), 30.0), ("others".to_owned(), 20.0)];
        let plan = Plan::of(Order { platform: Some("sparkpost".into()), shares, ..order(40_000) });
        for pair in plan.days.windows(2) {
            assert!(pair[1].receivers[0].1 < 2 * pair[0].receivers[0].1, "{pair:?}");
        }
        for day in &plan.days {
            assert_eq!(day.receivers.iter().map(|(_, n)| n).sum::<u64>(), day.volume);
        }
        assert_eq!(plan.days.last().unwrap().volume, 40_000);
        assert_eq!(plan.days.last().unwrap().receivers[0].1, 20_000);
    }

    #[test]
    fn shares_are_counted_from_a_list() {
        let list = "a@gmail.com\nb@GMAIL.com\n<c@acme.example>\nyahoo.de\n\nno address";
        let shares = shares(list.lines());
        assert_eq!(shares[0], ("Gmail".to_owned(), 50.0));
        assert_eq!(shares.iter().map(|(_, s)| s).sum::<f64>(), 100.0);
    }
}
