//! For eyes.

use super::{Told, bar, day, grouped, known};
use crate::report::Shown;
use crate::report::human::{Ink, Style};
use crate::warmup::check::{Advice, AtReceiver};
use crate::warmup::plan::Remark;
use crate::warmup::{Check, Plan, Reason, Step};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Running text is no wider.
const PROSE: usize = 100;

/// What the bars say.
const SCALE: &str = "(logarithmic)";

/// Mark, its ASCII form, ink.
fn look(step: Step) -> (&'static str, &'static str, Ink) {
    match step {
        Step::Advance => ("✓", "v", Ink::Pass),
        Step::Hold => ("!", "!", Ink::Warn),
        Step::Back => ("✗", "x", Ink::Fail),
    }
}

/// The plan, or what the days say and what follows.
pub fn human(told: &Told, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    if let Some(check) = told.check {
        days(&mut out, check, style, shown);
        if told.dropped > 0 {
            let _ = writeln!(out, "  {} older days were left out", told.dropped);
        }
        return out;
    }
    let plan = told.plan;
    let days = plan.days.len();
    let target = grouped(plan.days.last().map_or(0, |d| d.volume));
    let head = format!("Warm-up to {target} messages a day in {days} day{}", if days == 1 { "" } else { "s" });
    let _ = writeln!(out, "{}", style.paint(Ink::Strong, &head));
    let _ = writeln!(out, "  {}", shown.line(&known(&plan.order)));
    out.push('\n');
    for row in plan_rows(plan, style.width.min(PROSE), style.unicode) {
        let _ = writeln!(out, "{}", shown.line(&row));
    }
    section(&mut out, style, "Follows");
    for basis in &plan.bases {
        hang(&mut out, style, "  ", &format!("{} ({})", basis.name, basis.source), shown);
    }
    if !plan.phases.is_empty() {
        section(&mut out, style, "Who gets it");
        for phase in &plan.phases {
            let days = match phase.to {
                Some(to) => format!("days {} to {to}", phase.from),
                None => format!("from day {}", phase.from),
            };
            hang(&mut out, style, &format!("  {days:<15} "), &phase.text, shown);
        }
    }
    section(&mut out, style, "Each evening");
    hang(&mut out, style, "  ", signals(), shown);
    section(&mut out, style, "Mind");
    for note in &plan.notes {
        hang(&mut out, style, "  - ", &remark(note), shown);
    }
    out
}

/// A remark with what it rests on, or the flags that tell what it misses.
pub(super) fn remark(note: &Remark) -> String {
    let behind = if note.source.is_empty() { note.flags } else { note.source.as_str() };
    if behind.is_empty() { note.text.clone() } else { format!("{} ({behind})", note.text) }
}

/// What to look at, and the command that does.
pub fn signals() -> &'static str {
    "Go on only where deferrals at every receiver are under 5 %, hard bounces under 0.5 % and complaints under 0.1 %: \
     postdoc warmup check --log FILE reads it from the log of your mail system."
}

fn section(out: &mut String, style: Style, title: &str) {
    let _ = write!(out, "\n{}\n", style.paint(Ink::Strong, title));
}

fn hang(out: &mut String, style: Style, head: &str, text: &str, shown: Shown) {
    let width = style.width.min(PROSE).saturating_sub(head.width()).max(20);
    for (n, line) in textwrap::wrap(&shown.line(text), width).iter().enumerate() {
        let before = if n == 0 { head.to_owned() } else { " ".repeat(head.width()) };
        let _ = writeln!(out, "{before}{line}");
    }
}

/// The table of a plan with its chart, headings first; `width` columns wide at most.
pub fn plan_rows(plan: &Plan, width: usize, unicode: bool) -> Vec<String> {
    let names: Vec<&str> = plan.order.shares.iter().map(|(name, _)| name.as_str()).collect();
    let hourly = plan.days.iter().any(|d| d.hourly.is_some());
    let cells = |day: &crate::warmup::plan::Planned| {
        let mut cells = vec![grouped(day.volume)];
        if hourly {
            cells.push(day.hourly.map_or(String::new(), grouped));
        }
        cells.extend(day.receivers.iter().map(|(_, n)| grouped(*n)));
        cells
    };
    let mut heads = vec!["a day"];
    if hourly {
        heads.push("an hour");
    }
    heads.extend(&names);
    let table: Vec<Vec<String>> = plan.days.iter().map(cells).collect();
    let widths: Vec<usize> = (0..heads.len())
        .map(|n| table.iter().filter_map(|r| r.get(n)).map(|c| c.width()).max().unwrap_or(0).max(heads[n].width()))
        .collect();
    let line = |cells: &[String]| -> String {
        cells.iter().zip(&widths).map(|(c, w)| format!("  {}{c}", " ".repeat(w - c.width().min(*w)))).collect()
    };
    let owned: Vec<String> = heads.iter().map(|h| (*h).to_owned()).collect();
    let head = format!("  day  date  {}", line(&owned));
    let room = width.saturating_sub(head.width() + 3).min(40);
    // A bar of factors looks like one of numbers.
    let scale = if room >= SCALE.width() { format!("  {SCALE}") } else { String::new() };
    let mut rows = vec![head + &scale];
    let (least, most) = (plan.first(), plan.days.last().map_or(1, |d| d.volume));
    for (row, planned) in table.iter().zip(&plan.days) {
        let drawn = if room >= 8 { bar(planned.volume, least, most, room, unicode) } else { String::new() };
        let text = format!("  {:>3}  {:<6}{}  {drawn}", planned.day, day(planned.date), line(row));
        rows.push(text.trim_end().to_owned());
    }
    rows
}

fn days(out: &mut String, check: &Check, style: Style, shown: Shown) {
    let Some(last) = check.advice.last() else { return };
    advice(out, last, style, shown);
    let next = &check.next;
    let text = match next.volume {
        0 => format!("{}: nothing", day(next.date)),
        n => format!("{}: {} messages at most", day(next.date), grouped(n)),
    };
    section(out, style, "Next");
    let _ = writeln!(out, "  {}", style.paint(Ink::Strong, &text));
    if let Some(because) = &next.because {
        hang(out, style, "  ", because, shown);
    }
    if next.receivers.len() > 1 {
        let parts: Vec<String> = next.receivers.iter().map(|(name, n)| format!("{name} {}", grouped(*n))).collect();
        hang(out, style, "  ", &parts.join(", "), shown);
    }
    if check.advice.len() > 1 {
        section(out, style, "Day by day");
        for a in &check.advice {
            let (glyph, ascii, ink) = look(a.worst());
            let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
            let head = format!("{:<7} {:>10}  ", day(a.date), grouped(a.sent));
            let room = style.width.min(PROSE).saturating_sub(head.width() + 4);
            let text = crate::safe::clip(&shown.line(&a.headline()), room);
            let _ = writeln!(out, "  {mark} {head}{text}");
        }
    }
}

/// One day in full.
pub fn advice(out: &mut String, a: &Advice, style: Style, shown: Shown) {
    let (glyph, ascii, ink) = look(a.worst());
    let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
    let date = a.date.strftime("%-d %B %Y").to_string();
    for (n, line) in
        textwrap::wrap(&shown.line(&a.headline()), style.width.min(PROSE).saturating_sub(2)).iter().enumerate()
    {
        let head = if n == 0 { format!("{mark} ") } else { "  ".to_owned() };
        let _ = writeln!(out, "{head}{}", style.paint(Ink::Strong, line));
    }
    let delivered = match a.sent {
        0 => "nothing was sent".to_owned(),
        sent => {
            let share = a.total.delivered as f64 * 100.0 / sent as f64;
            format!("{} sent of {} allowed, {share:.1} % delivered", grouped(sent), grouped(a.allowed))
        }
    };
    let _ = writeln!(out, "  {date}: {delivered}");
    out.push('\n');
    for r in &a.reasons {
        reason(out, r, style, shown);
    }
    for at in &a.receivers {
        receiver(out, at, style, shown);
    }
}

fn receiver(out: &mut String, at: &AtReceiver, style: Style, shown: Shown) {
    let order = at.bound.order();
    let order = match at.step {
        None => format!("{order}; too few to judge by themselves"),
        Some(own) if own < at.bound => format!("{order}, for the reason above"),
        Some(_) => order.to_owned(),
    };
    let name = style.paint(Ink::Strong, &shown.line(&at.name));
    let _ = writeln!(out, "  {name}: {} sent, {order}", grouped(at.tally.sent()));
    for r in &at.reasons {
        reason(out, r, style, shown);
    }
}

fn reason(out: &mut String, r: &Reason, style: Style, shown: Shown) {
    let (glyph, ascii, ink) = look(r.step);
    let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
    let more = r.rule.map_or(String::new(), |rule| format!(" (postdoc explain {rule})"));
    let width = style.width.min(PROSE).saturating_sub(6).max(20);
    for (n, line) in textwrap::wrap(&shown.line(&format!("{}{more}", r.text)), width).iter().enumerate() {
        let head = if n == 0 { format!("    {mark} ") } else { " ".repeat(6) };
        let _ = writeln!(out, "{head}{line}");
    }
}
