//! For a spreadsheet (RFC 4180).

use super::Told;
use crate::report::Shown;
use std::fmt::Write as _;

/// The plan, or the days with their advice; strangers' words are safe and start no formula.
pub fn csv(told: &Told, shown: Shown) -> String {
    let cell = |text: &str| cell(&shown.line(text));
    let mut out = String::new();
    if let Some(check) = told.check {
        out.push_str("date,allowed,sent,delivered,deferred,hard,refused,complaints,step,next,advice\r\n");
        for a in &check.advice {
            let t = &a.total;
            let complaints = t.complaints.map_or(String::new(), |n| n.to_string());
            let _ = write!(
                out,
                "{},{},{},{},{},{},{},{complaints},{},{},{}\r\n",
                a.date,
                a.allowed,
                a.sent,
                t.delivered,
                t.deferred,
                t.invalid,
                t.refused,
                a.step.word(),
                a.next,
                cell(&a.headline())
            );
        }
        return out;
    }
    out.push_str("day,date,volume,hourly");
    for (name, _) in &told.plan.order.shares {
        let _ = write!(out, ",{}", cell(name));
    }
    out.push_str("\r\n");
    for d in &told.plan.days {
        let _ = write!(out, "{},{},{},{}", d.day, d.date, d.volume, d.hourly.map_or(String::new(), |n| n.to_string()));
        for (_, n) in &d.receivers {
            let _ = write!(out, ",{n}");
        }
        out.push_str("\r\n");
    }
    out
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
