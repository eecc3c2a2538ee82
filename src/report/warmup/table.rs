//! As rows: for a spreadsheet (RFC 4180), and for `cut`.

use super::Told;
use crate::report::Shown;
use crate::report::plain::Lines;

/// The plan, or the days with their advice; strangers' words are safe and start no formula.
pub fn csv(told: &Told, shown: Shown) -> String {
    let line = |row: Vec<String>| row.iter().map(|text| cell(&shown.line(text))).collect::<Vec<_>>().join(",") + "\r\n";
    rows(told).into_iter().map(line).collect()
}

/// The same, tab separated.
pub fn plain(told: &Told, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    rows(told).iter().for_each(|row| out.row(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    out.text
}

/// The names of the columns, then a row a day.
fn rows(told: &Told) -> Vec<Vec<String>> {
    let count = |n: Option<u64>| n.map_or_else(String::new, |n| n.to_string());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let Some(check) = told.check else {
        let mut head = names(&["day", "date", "volume", "hourly"]);
        head.extend(told.plan.order.shares.iter().map(|(name, _)| name.clone()));
        let days = told.plan.days.iter().map(|d| {
            let row = [d.day.to_string(), d.date.to_string(), d.volume.to_string(), count(d.hourly)];
            row.into_iter().chain(d.receivers.iter().map(|(_, n)| n.to_string())).collect::<Vec<_>>()
        });
        return std::iter::once(head).chain(days).collect();
    };
    let head = names(&[
        "date",
        "allowed",
        "sent",
        "delivered",
        "deferred",
        "hard",
        "refused",
        "complaints",
        "step",
        "next",
        "advice",
    ]);
    let days = check.advice.iter().map(|a| {
        let t = &a.total;
        let sums = [a.allowed, a.sent, t.delivered, t.deferred, t.invalid, t.refused].map(|n| n.to_string());
        let advice = [count(t.complaints), a.step.word().to_owned(), a.next.to_string(), a.headline()];
        std::iter::once(a.date.to_string()).chain(sums).chain(advice).collect::<Vec<_>>()
    });
    std::iter::once(head).chain(days).collect()
}

fn cell(text: &str) -> String {
    // Spreadsheets run what begins like this.
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_start_no_formula() {
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(cell("=1+1"), "'=1+1");
    }
}
