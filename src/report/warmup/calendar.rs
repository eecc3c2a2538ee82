//! For a calendar (RFC 5545): one entry a day that lasts the whole day.

use super::Told;
use crate::report::Shown;
use jiff::civil::Date;

/// The days that are to come: those of the plan, or those after the last that was judged.
pub fn calendar(told: &Told, now: jiff::Timestamp, shown: Shown) -> String {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut out = Folded(String::new());
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//postdoc//warm-up//EN", "CALSCALE:GREGORIAN"] {
        out.line(line);
    }
    for (date, volume, receivers) in days(told) {
        let parts: Vec<String> = receivers.iter().map(|(name, n)| format!("{}: {n}", shown.line(name))).collect();
        out.line("BEGIN:VEVENT");
        out.line(&format!("UID:{}-{volume}@warm-up.postdoc.invalid", date.strftime("%Y%m%d")));
        out.line(&format!("DTSTAMP:{stamp}"));
        out.line(&format!("DTSTART;VALUE=DATE:{}", date.strftime("%Y%m%d")));
        out.line("TRANSP:TRANSPARENT");
        out.line(&format!("SUMMARY:{}", escaped(&format!("Warm-up: {volume} messages at most"))));
        let mut text = parts.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("In the evening: postdoc warmup check");
        out.line(&format!("DESCRIPTION:{}", escaped(&text)));
        out.line("END:VEVENT");
    }
    out.line("END:VCALENDAR");
    out.0
}

/// A day, its volume, and that of each receiver where it is known.
type Entry<'a> = (Date, u64, &'a [(String, u64)]);

fn days<'a>(told: &Told<'a>) -> Vec<Entry<'a>> {
    let plan = told.plan;
    let Some(check) = told.check else {
        return plan.days.iter().map(|d| (d.date, d.volume, d.receivers.as_slice())).collect();
    };
    let mut date = check.next.date;
    let mut volume = check.next.volume;
    let mut days = vec![(date, volume, check.next.receivers.as_slice())];
    while volume > 0 && volume < plan.order.target && days.len() < 400 {
        volume = plan.after(volume);
        date = date.tomorrow().unwrap_or(date);
        days.push((date, volume, &[]));
    }
    days
}

/// RFC 5545 §3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Lines of at most 75 octets (RFC 5545 §3.1).
struct Folded(String);

impl Folded {
    fn line(&mut self, line: &str) {
        let mut rest = line;
        let mut room = 75;
        while rest.len() > room {
            let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
            self.0.push_str(head);
            self.0.push_str("\r\n ");
            (rest, room) = (tail, 74);
        }
        self.0.push_str(rest);
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warmup::{Order, Plan};

    #[test]
    fn each_day_is_an_entry_and_no_line_is_too_long() {
        let order = Order {
            shares: vec![
                ("Gmail".into(), 50.0),
                ("a; very, long name of a receiver that nobody has heard of ü".repeat(3), 50.0),
            ],
            ..Order::new(100, "2026-06-01".parse().unwrap())
        };
        let plan = Plan::of(order);
        let told = Told { plan: &plan, check: None, dropped: 0 };
        let text = calendar(&told, "2026-05-30T12:00:00Z".parse().unwrap(), Shown::default());
        assert_eq!(text.matches("BEGIN:VEVENT\r\n").count(), plan.days.len());
        assert!(text.split("\r\n").all(|l| l.len() <= 75), "{text}");
        assert!(
            text.contains("DTSTART;VALUE=DATE:20260601\r\n")
                && text.contains("SUMMARY:Warm-up: 50 messages at most\r\n")
        );
        assert!(text.replace("\r\n ", "").contains("a\\; very\\, long name"));
    }
}
