//! For a ticket.

use super::{Told, known, signals};
use crate::report::{Shown, markdown};
use crate::warmup::{Check, Plan, Reason, Step};
use std::fmt::Write as _;

/// The plan, and the days if there are any.
pub fn markdown(told: &Told, shown: Shown) -> String {
    let mut out = String::new();
    match told.check {
        Some(check) => days(&mut out, check, shown),
        None => plan(&mut out, told.plan, shown),
    }
    out
}

fn plan(out: &mut String, plan: &Plan, shown: Shown) {
    let text = |t: &str| markdown::text(shown, t);
    let _ = write!(out, "# Warm-up to {} messages a day\n\n{}.\n\n", plan.order.target, text(&known(&plan.order)));
    let hourly = plan.days.iter().any(|d| d.hourly.is_some());
    let names: Vec<String> = plan.order.shares.iter().map(|(n, _)| text(n)).collect();
    let mut heads = vec!["day".to_owned(), "date".into(), "a day".into()];
    if hourly {
        heads.push("an hour".into());
    }
    heads.extend(names);
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for d in &plan.days {
        let mut cells = vec![d.day.to_string(), d.date.to_string(), d.volume.to_string()];
        if hourly {
            cells.push(d.hourly.map_or(String::new(), |n| n.to_string()));
        }
        cells.extend(d.receivers.iter().map(|(_, n)| n.to_string()));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push_str("\n## Follows\n\n");
    for b in &plan.bases {
        let _ = writeln!(out, "- {} ({})", text(&b.name), text(&b.source));
    }
    if !plan.phases.is_empty() {
        out.push_str("\n## Who gets it\n\n");
        for p in &plan.phases {
            let to = p.to.map_or("on".to_owned(), |to| format!("to {to}"));
            let _ = writeln!(out, "- from day {} {to}: {}", p.from, text(&p.text));
        }
    }
    let _ = write!(out, "\n## Each evening\n\n{}\n\n## Mind\n\n", text(signals()));
    for n in &plan.notes {
        let _ = writeln!(out, "- {}", text(&super::human::remark(n)));
    }
}

fn days(out: &mut String, check: &Check, shown: Shown) {
    let text = |t: &str| markdown::text(shown, t);
    let Some(last) = check.advice.last() else { return };
    let _ = write!(out, "# {}\n\n", text(&last.headline()));
    // What a number by itself would allow is no advice: others may bind it.
    let told = |r: &Reason| match r.step {
        Step::Advance => text(&r.text),
        step => format!("{}: {}", step.order(), text(&r.text)),
    };
    for r in &last.reasons {
        let _ = writeln!(out, "- {}", told(r));
    }
    for at in &last.receivers {
        let _ = writeln!(out, "- {}: {}", text(&at.name), at.bound.order());
        for r in &at.reasons {
            let _ = writeln!(out, "  - {}", told(r));
        }
    }
    let _ = write!(out, "\n**{}: at most {} messages.**", check.next.date, check.next.volume);
    if let Some(because) = &check.next.because {
        let _ = write!(out, " {}", text(because));
    }
    out.push_str("\n\n| date | allowed | sent | delivered | deferred | hard bounces | complaints | advice | next |\n|---|---|---|---|---|---|---|---|---|\n");
    for a in &check.advice {
        let complaints = a.total.complaints.map_or(String::new(), |n| n.to_string());
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {complaints} | {} | {} |",
            a.date,
            a.allowed,
            a.sent,
            a.total.delivered,
            a.total.deferred,
            a.total.invalid,
            text(&a.headline()),
            a.next
        );
    }
}
