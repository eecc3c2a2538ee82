//! Six stories of a month: the right advice on each day.

use super::*;
use crate::facts::bounce::{Action, Recipient};
use crate::warmup::day::{Event, What};
use crate::warmup::order::Domain;
use jiff::ToSpan;
use jiff::civil::Date;

const START: &str = "2026-06-01";
const GMAIL: &str = "gmail-smtp-in.l.google.com";
const YAHOO: &str = "mta5.am0.yahoodns.net";

fn plan() -> Plan {
    let start = START.parse().unwrap();
    Plan::of(Order { domain: Domain::Age(900), ..Order::new(50_000, start) })
}

/// What happens on a day: of `volume` messages half go to Gmail, half to Yahoo.
#[derive(Clone, Copy, Default)]
struct Trouble {
    /// Percent of attempts that Gmail puts off.
    deferred: u64,
    /// Per 10,000 delivered.
    complaints: u64,
    listed: bool,
    /// Times the volume that was allowed.
    times: u64,
    silent: bool,
}

fn add(days: &mut Days, date: Date, volume: u64, trouble: Trouble) {
    let mut tell = |host: &str, domain: &str, action, reply: &str, count: u64| {
        for _ in 0..count {
            let told = Recipient::told(action, Some(host.into()), None, Some(reply.into()));
            days.count(Event { date, domain: domain.into(), what: What::Attempt(Box::new(told)) });
        }
    };
    let half = volume / 2;
    let late = half * trouble.deferred / (100 - trouble.deferred);
    tell(GMAIL, "gmail.com", Action::Delivered, "250 2.0.0 OK", half);
    tell(
        GMAIL,
        "gmail.com",
        Action::Delayed,
        "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail - gsmtp",
        late,
    );
    let bad = half / 1_000;
    tell(YAHOO, "yahoo.com", Action::Delivered, "250 ok", half - bad);
    tell(YAHOO, "yahoo.com", Action::Failed, "554 delivery error: dd This user doesn't have a yahoo.com account", bad);
    let day = days.day(date).unwrap();
    let complaints = volume * trouble.complaints / 10_000;
    day.receivers.entry("Yahoo".into()).or_default().complaints = Some(complaints);
    if trouble.listed {
        day.blocklists.push("zen.spamhaus.org".into());
    }
}

/// Follows the advice for a month; `trouble` says what happens on each day. The steps, and the volumes allowed.
fn month(trouble: impl Fn(i64) -> Trouble) -> Vec<(Step, u64, u64, String)> {
    let plan = plan();
    let start: Date = START.parse().unwrap();
    let mut days = Days::default();
    let mut told = Vec::new();
    for n in 0..30 {
        let date = start.checked_add(n.days()).unwrap();
        let allowed = match check::check(&plan, &days, date) {
            Some(check) => check.next.volume,
            None => plan.first(),
        };
        let trouble = trouble(n);
        if trouble.silent {
            continue;
        }
        if allowed == 0 && !trouble.listed {
            // The entry is gone; nothing went out that day.
            days.day(date).unwrap().receivers.entry("Gmail".into()).or_default();
        } else if allowed == 0 {
            days.day(date).unwrap().blocklists.push("zen.spamhaus.org".into());
        } else {
            // Small numbers are as good as large ones, and quicker to make.
            add(&mut days, date, allowed.min(50_000) * trouble.times.max(1), trouble);
        }
        let check = check::check(&plan, &days, date).unwrap();
        let advice = check.advice.last().unwrap();
        assert_eq!(advice.date, date);
        told.push((advice.step, advice.sent, advice.next, advice.headline()));
    }
    told
}

#[test]
fn smooth() {
    let told = month(|_| Trouble::default());
    assert!(told.iter().all(|(step, ..)| *step == Step::Advance), "{told:?}");
    assert_eq!(told[0].1, 200);
    assert!(told.windows(2).all(|w| w[1].1 >= w[0].1 && w[1].1 < w[0].1 * 2));
    assert_eq!(told.last().unwrap().1, 50_000, "the target is reached within the month");
}

#[test]
fn deferrals_at_one_receiver() {
    let told = month(|n| Trouble {
        deferred: if (8..11).contains(&n) {
            7
        } else if n == 11 {
            20
        } else {
            0
        },
        ..Trouble::default()
    });
    for (n, (step, sent, next, headline)) in told.iter().enumerate() {
        assert_eq!(*step, Step::Advance, "day {n}: the other receiver goes on: {headline}");
        match n {
            8..11 => {
                assert!(headline.contains("hold at Gmail"), "{headline}");
                assert!(next > sent && *next < sent * 3 / 2, "half of it grows");
            }
            11 => assert!(headline.contains("step back at Gmail"), "{headline}"),
            _ => assert_eq!(headline, "Go on.", "day {n}"),
        }
    }
}

#[test]
fn a_complaint_spike() {
    let told = month(|n| Trouble {
        complaints: [3, 15, 40][usize::from(n == 12) + 2 * usize::from(n == 13)],
        ..Trouble::default()
    });
    assert_eq!(told[11].0, Step::Advance);
    assert_eq!((told[12].0, told[12].2), (Step::Hold, told[12].1), "{}", told[12].3);
    assert!(told[12].3.contains("complaints 0.15 %"), "{}", told[12].3);
    assert_eq!(told[13].0, Step::Back, "{}", told[13].3);
    assert!(told[13].2.abs_diff(told[13].1 / 2) <= 1, "half: {told:?}");
    assert_eq!(told[14].0, Step::Advance);
    assert_eq!(told[14].1, told[13].2);
}

#[test]
fn a_blocklist() {
    let told = month(|n| Trouble { listed: (10..13).contains(&n), ..Trouble::default() });
    let before = told[10].1;
    assert_eq!((told[10].0, told[10].2), (Step::Back, 0), "{}", told[10].3);
    assert!(told[10].3.contains("Spamhaus") && told[10].3.contains("send nothing"), "{}", told[10].3);
    assert_eq!((told[11].0, told[11].1, told[11].2), (Step::Back, 0, 0));
    // Gone, and nothing sent yet: half of it.
    assert_eq!((told[13].0, told[13].2), (Step::Hold, before / 2), "{}", told[13].3);
    assert_eq!((told[14].0, told[14].1), (Step::Advance, before / 2));
}

#[test]
fn a_jump_of_the_volume() {
    let told = month(|n| Trouble { times: if n == 9 { 4 } else { 1 }, ..Trouble::default() });
    let (step, sent, next, headline) = &told[9];
    assert_eq!(*step, Step::Back, "{headline}");
    assert_eq!(*next, sent / 4, "back to what was planned, not below");
    assert_eq!((told[10].0, told[10].1), (Step::Advance, *next));
}

#[test]
fn a_pause() {
    let told = month(|n| Trouble { silent: (10..20).contains(&n), ..Trouble::default() });
    assert_eq!(told.len(), 20);
    let (before, after) = (&told[9], &told[10]);
    assert_eq!(after.1, before.2 / 2, "ten days cost half");
    assert!(after.2 >= after.1);
    // And what one is told on the way back.
    let plan = plan();
    let mut days = Days::default();
    add(&mut days, START.parse().unwrap(), 200, Trouble::default());
    let asked = |date: &str| check::check(&plan, &days, date.parse().unwrap()).unwrap().next;
    assert_eq!((asked("2026-06-02").volume, asked("2026-06-05").volume), (300, 300));
    assert_eq!(asked("2026-06-09").volume, 200);
    let idle = asked("2026-07-20");
    assert_eq!(idle.volume, plan.first());
    assert!(idle.because.unwrap().contains("begins anew"));
}
