//! Six stories of a month, told by the logs of mail systems: the right advice on each day.

use super::*;
use crate::warmup::log::{self, Format};
use crate::warmup::order::Domain;
use jiff::ToSpan;
use jiff::civil::Date;

const START: &str = "2026-06-01";
const GMAIL: &str = "gmail-smtp-in.l.google.com";
const YAHOO: &str = "mta5.am0.yahoodns.net";

fn plan(target: u64) -> Plan {
    let start = START.parse().unwrap();
    Plan::of(Order { domain: Domain::Age(900), ..Order::new(target, start) })
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

/// One line of a log: an attempt at a host, and what it said.
fn line(format: Format, date: Date, (to, host): (&str, &str), reply: &str) -> String {
    let outcome = reply.bytes().next();
    match format {
        Format::Postfix => {
            let status = match outcome {
                Some(b'2') => "sent",
                Some(b'4') => "deferred",
                _ => "bounced",
            };
            let said =
                if status == "sent" { reply.to_owned() } else { format!("host {host}[192.0.2.1] said: {reply}") };
            format!(
                "{} 10:00:01 mx postfix/smtp[2]: A1: to=<{to}>, relay={host}[192.0.2.1]:25, delay=1, status={status} ({said})",
                date.strftime("%b %e")
            )
        }
        Format::Exim => {
            let (mark, said) = match outcome {
                Some(b'2') => ("=>", format!(" C=\"{reply}\"")),
                Some(b'4') => ("==", format!(": SMTP error from remote mail server after end of data: {reply}")),
                _ => ("**", format!(": SMTP error from remote mail server after RCPT TO:<{to}>: {reply}")),
            };
            let defer = if mark == "==" { " defer (-45)" } else { "" };
            format!("{date} 10:00:01 1uP-1 {mark} {to} R=dnslookup T=remote_smtp{defer} H={host} [192.0.2.1]{said}")
        }
        Format::Kumomta => {
            let kind = match outcome {
                Some(b'2') => "Delivery",
                Some(b'4') => "TransientFailure",
                _ => "Bounce",
            };
            let (code, content) = reply.split_at(3);
            let at = date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second() + 36_000;
            serde_json::json!({
                "type": kind, "recipient": to, "timestamp": at,
                "response": { "code": code.parse::<u16>().unwrap(), "content": content[1..] },
                "peer_address": { "name": format!("{host}."), "addr": "192.0.2.1" },
            })
            .to_string()
        }
        Format::Pmta => {
            let (kind, action) = match outcome {
                Some(b'2') => ("d", "relayed"),
                Some(b'4') => ("t", "delayed"),
                _ => ("b", "failed"),
            };
            format!("{kind},{date} 10:00:01+0000,n@example.com,{to},{action},\"smtp;{reply}\",{host} (192.0.2.1)")
        }
        Format::Akmta | Format::Csv => {
            let status = match outcome {
                Some(b'2') => "delivered",
                Some(b'4') => "deferred",
                _ => "bounced",
            };
            format!("{date} 10:00:01;{to};{status};{reply};{host}")
        }
    }
}

/// A day of `volume` messages, half to Gmail and half to Yahoo, as the log of a mail system tells it.
fn add(days: &mut Days, format: Format, date: Date, volume: u64, trouble: Trouble) {
    let head = match format {
        Format::Pmta => "type,timeLogged,orig,rcpt,dsnAction,dsnDiag,dsnMta\n",
        Format::Akmta => "date;recipient;status;response;mx\n",
        _ => "",
    };
    let half = volume / 2;
    let late = half * trouble.deferred / (100 - trouble.deferred);
    let bad = half / 1_000;
    let unusual = "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail - gsmtp";
    let unknown = "554 delivery error: dd This user doesn't have a yahoo.com account";
    let (gmail, yahoo) = (("ann@gmail.com", GMAIL), ("bea@yahoo.com", YAHOO));
    let lines =
        [(gmail, "250 2.0.0 OK", half), (gmail, unusual, late), (yahoo, "250 ok", half - bad), (yahoo, unknown, bad)];
    let all = lines.map(|(whom, reply, count)| format!("{}\n", line(format, date, whom, reply)).repeat(count as usize));
    let log = format!("{head}{}", all.concat());
    assert_eq!(log::read(&mut log.as_bytes(), Some(format), date, days).unwrap(), format);
    let day = days.day(date).unwrap();
    let complaints = volume * trouble.complaints / 10_000;
    day.receivers.entry("Yahoo".into()).or_default().complaints = Some(complaints);
    if trouble.listed {
        day.blocklists.push("zen.spamhaus.org".into());
    }
}

/// Follows the advice for a month; `trouble` says what happens on each day. The steps, and the volumes allowed.
fn month(format: Format, target: u64, trouble: impl Fn(i64) -> Trouble) -> Vec<(Step, u64, u64, String)> {
    let plan = plan(target);
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
            add(&mut days, format, date, allowed * trouble.times.max(1), trouble);
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
    let told = month(Format::Postfix, 6_000, |_| Trouble::default());
    assert!(told.iter().all(|(step, ..)| *step == Step::Advance), "{told:?}");
    assert_eq!(told[0].1, 200);
    assert!(told.windows(2).all(|w| w[1].1 >= w[0].1 && w[1].1 < w[0].1 * 2));
    assert_eq!(told.last().unwrap().1, 6_000, "the target is reached within the month");
}

#[test]
fn deferrals_at_one_receiver() {
    let told = month(Format::Exim, 20_000, |n| Trouble {
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
        let whole = if n == 11 { Step::Back } else { Step::Advance };
        assert_eq!(*step, whole, "day {n}: the other receiver goes on: {headline}");
        match n {
            8..11 => {
                assert!(headline.contains("hold at Gmail"), "{headline}");
                assert!(next > sent && *next < sent * 3 / 2, "half of it grows");
            }
            // Half at Gmail is more than Yahoo makes up for.
            11 => {
                assert!(headline.starts_with("Step back at Gmail, go on at Yahoo: deferrals 20.0 %"), "{headline}");
                assert!(next < sent);
            }
            _ => assert_eq!(headline, "Go on.", "day {n}"),
        }
    }
}

#[test]
fn a_complaint_spike() {
    let told = month(Format::Kumomta, 6_000, |n| Trouble {
        complaints: [3, 12, 40][usize::from(n == 12) + 2 * usize::from(n == 13)],
        ..Trouble::default()
    });
    assert_eq!(told[11].0, Step::Advance);
    assert_eq!((told[12].0, told[12].2), (Step::Hold, told[12].1), "{}", told[12].3);
    assert!(told[12].3.contains("complaints 0.12 %"), "{}", told[12].3);
    assert_eq!(told[13].0, Step::Back, "{}", told[13].3);
    assert!(told[13].2.abs_diff(told[13].1 / 2) <= 1, "half: {told:?}");
    // Complaints come late: two good days at the smaller volume first.
    assert_eq!((told[14].0, told[14].1, told[14].2), (Step::Hold, told[13].2, told[13].2), "{}", told[14].3);
    assert!(told[14].3.contains("2 good days"), "{}", told[14].3);
    assert_eq!((told[15].0, told[16].0), (Step::Hold, Step::Advance));
    assert!(told[16].2 > told[15].2);
}

#[test]
fn a_blocklist() {
    let told = month(Format::Akmta, 6_000, |n| Trouble { listed: (10..13).contains(&n), ..Trouble::default() });
    let before = told[10].1;
    assert_eq!((told[10].0, told[10].2), (Step::Back, 0), "{}", told[10].3);
    assert!(told[10].3.contains("Spamhaus") && told[10].3.contains("send nothing"), "{}", told[10].3);
    assert_eq!((told[11].0, told[11].1, told[11].2), (Step::Back, 0, 0));
    // Gone, and nothing sent yet: half of it.
    assert_eq!((told[13].0, told[13].2), (Step::Hold, before / 2), "{}", told[13].3);
    assert_eq!((told[14].0, told[14].1, told[14].2), (Step::Hold, before / 2, before / 2), "{}", told[14].3);
    assert_eq!((told[15].0, told[16].0), (Step::Hold, Step::Advance));
}

#[test]
fn a_jump_of_the_volume() {
    let told = month(Format::Pmta, 6_000, |n| Trouble { times: if n == 9 { 4 } else { 1 }, ..Trouble::default() });
    let (step, sent, next, headline) = &told[9];
    assert_eq!(*step, Step::Back, "{headline}");
    assert_eq!(*next, sent / 4, "back to what was planned, not below");
    assert_eq!(
        (told[10].0, told[10].1, told[10].2),
        (Step::Hold, *next, *next),
        "what came of it shows in the days after"
    );
    assert_eq!((told[11].0, told[12].0), (Step::Hold, Step::Advance));
}

#[test]
fn a_pause() {
    let told = month(Format::Postfix, 6_000, |n| Trouble { silent: (10..20).contains(&n), ..Trouble::default() });
    assert_eq!(told.len(), 20);
    let (before, after) = (&told[9], &told[10]);
    assert_eq!(after.1, before.2 / 2, "ten days cost half");
    assert!(after.2 >= after.1);
    // And what one is told on the way back.
    let plan = plan(6_000);
    let mut days = Days::default();
    add(&mut days, Format::Postfix, START.parse().unwrap(), 200, Trouble::default());
    let asked = |date: &str| check::check(&plan, &days, date.parse().unwrap()).unwrap().next;
    assert_eq!((asked("2026-06-02").volume, asked("2026-06-05").volume), (300, 300));
    assert_eq!(asked("2026-06-09").volume, 200);
    let idle = asked("2026-07-20");
    assert_eq!(idle.volume, plan.first());
    assert!(idle.because.unwrap().contains("begins anew"));
}

/// What one day says of these receivers: `(name, delivered, deferred)`, where 200 were allowed.
fn told(receivers: &[(&str, u64, u64)]) -> check::Advice {
    let start: Date = START.parse().unwrap();
    let plan = Plan::of(Order { domain: Domain::Age(900), ..Order::new(6_000, start) });
    let mut days = Days::default();
    for (name, delivered, deferred) in receivers {
        let tally = Tally { delivered: *delivered, deferred: *deferred, ..Tally::default() };
        days.day(start).unwrap().receivers.insert((*name).into(), tally);
    }
    check::check(&plan, &days, start).unwrap().advice.remove(0)
}

/// The headline, every receiver's line and the next volume say one thing.
#[test]
fn receivers_that_differ_get_one_advice() {
    let bounds = |a: &check::Advice| a.receivers.iter().map(|r| (r.name.clone(), r.bound)).collect::<Vec<_>>();
    let (gmail, yahoo) = (|s| ("Gmail".to_owned(), s), |s| ("Yahoo".to_owned(), s));

    // Too little was sent: that holds everyone, however good their numbers.
    let a = told(&[("Gmail", 30, 0), ("Yahoo", 25, 0)]);
    assert_eq!((a.step, a.next, bounds(&a)), (Step::Hold, 200, vec![gmail(Step::Hold), yahoo(Step::Hold)]));
    assert!(a.headline().starts_with("Hold: only 55 of 200 were sent"), "{}", a.headline());

    let a = told(&[("Gmail", 100, 10), ("Yahoo", 100, 0)]);
    assert_eq!((a.step, bounds(&a)), (Step::Advance, vec![gmail(Step::Hold), yahoo(Step::Advance)]));
    assert!(a.headline().starts_with("Go on, but hold at Gmail: deferrals 9.1 %"), "{}", a.headline());
    assert!(a.next > 200);

    // The one that goes on is too small to make up for the other.
    let a = told(&[("Gmail", 170, 100), ("Yahoo", 30, 0)]);
    assert_eq!((a.step, bounds(&a)), (Step::Back, vec![gmail(Step::Back), yahoo(Step::Advance)]));
    assert!(a.headline().starts_with("Step back at Gmail, go on at Yahoo: deferrals"), "{}", a.headline());
    assert!(a.next < 200);

    // Too few to be judged by themselves do as the others do.
    let a = told(&[("Gmail", 195, 20), ("Yahoo", 5, 0)]);
    assert_eq!((a.step, a.next, bounds(&a)), (Step::Hold, 200, vec![gmail(Step::Hold), yahoo(Step::Hold)]));
    assert!(a.headline().starts_with("Hold: deferrals"), "{}", a.headline());
}

/// What one day says, of which nobody knows what was planned: it is measured by itself.
fn counted(sent: u64, tally: Tally) -> check::Advice {
    let start: Date = START.parse().unwrap();
    let plan = Plan::of(Order { current: sent, ..Order::new(50_000, start) });
    let mut days = Days::default();
    days.day(start).unwrap().receivers.insert("all".into(), tally);
    check::check(&plan, &days, start).unwrap().advice.remove(0)
}

#[test]
fn what_is_not_delivered_is_no_reason_to_go_on() {
    for (delivered, step, next) in [(960, Step::Advance, 1500), (930, Step::Hold, 1000), (400, Step::Back, 500)] {
        let a = counted(1000, Tally { delivered, open: 1000 - delivered, ..Tally::default() });
        assert_eq!((a.sent, a.step, a.next), (1000, step, next), "{}", a.headline());
    }
    let a = counted(1000, Tally { delivered: 400, open: 600, ..Tally::default() });
    assert!(a.headline().starts_with("Step back: delivered 40.0 % (400 of 1000)"), "{}", a.headline());
}

#[test]
fn who_holds_sends_no_more_than_was_sent() {
    let a = counted(1000, Tally { delivered: 994, invalid: 6, ..Tally::default() });
    assert!(a.allowed > 1000);
    assert_eq!((a.step, a.next), (Step::Hold, 1000), "{}", a.headline());
    // At one receiver too.
    let start: Date = START.parse().unwrap();
    let plan = Plan::of(Order { current: 1000, ..Order::new(50_000, start) });
    let mut days = Days::default();
    let receivers = &mut days.day(start).unwrap().receivers;
    receivers.insert("Gmail".into(), Tally { delivered: 500, deferred: 40, ..Tally::default() });
    receivers.insert("Yahoo".into(), Tally { delivered: 500, ..Tally::default() });
    let a = check::check(&plan, &days, start).unwrap().advice.remove(0);
    let at = |name: &str| a.receivers.iter().find(|r| r.name == name).map(|r| (r.bound, r.next)).unwrap();
    assert!(at("Gmail").0 == Step::Hold && at("Gmail").1 <= 510, "{:?}", at("Gmail"));
    assert!(at("Yahoo").0 == Step::Advance && at("Yahoo").1 > 700, "{:?}", at("Yahoo"));
}
