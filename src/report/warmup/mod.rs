//! A warm-up plan and what the days say, as text: for eyes, for a ticket, for a spreadsheet, for a calendar.

mod calendar;
mod chart;
mod human;
mod markdown;
mod table;

pub use calendar::calendar;
pub use chart::bar;
pub use human::{advice, human, plan_rows, signals};
pub use markdown::markdown;
pub use table::{csv, plain};

use crate::warmup::order::{Audience, Domain, Order};
use crate::warmup::{Check, Plan};

/// What is shown: the plan, and the days if there are any.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub plan: &'a Plan,
    pub check: Option<&'a Check>,
    /// Days that were too old to be kept.
    pub dropped: u64,
}

/// `50 000`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// What is known, in a line.
pub fn known(order: &Order) -> String {
    let ips = match order.ips {
        1 => format!("one {} address", order.ip.word()),
        n => format!("{n} {} addresses", order.ip.word()),
    };
    let domain = match order.domain {
        Domain::Unsaid => "a domain taken for new".to_owned(),
        Domain::Age(1) => "a domain one day old".to_owned(),
        Domain::Age(days) => format!("a domain {days} days old"),
    };
    let audience = match order.audience {
        Audience::Active => "to people who expect it",
        Audience::Mixed => "to a mixed list",
        Audience::Outreach => "to people who never asked",
    };
    let now = if order.current > 0 { format!(", {} a day now", grouped(order.current)) } else { String::new() };
    let platform = order.platform.as_ref().map_or(String::new(), |p| format!(", {p}"));
    format!("{ips}, {domain}, {audience}{now}{platform}")
}

/// `1 Jun`.
pub fn day(date: jiff::civil::Date) -> String {
    date.strftime("%-d %b").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1 000"), (1_234_567, "1 234 567")] {
            assert_eq!(grouped(n), text);
        }
    }
}
