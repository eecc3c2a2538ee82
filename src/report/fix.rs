//! The cure of a diagnosis: what to publish, where, typed how; and what no record cures.

use super::Shown;
use super::export::{Placed, zone_line};
use super::human::{Ink, Style};
use super::markdown;
use crate::diagnose::Diagnosis;
use crate::facts::home::Home;
use crate::knowledge::host::Part;
use crate::remedy::form::{Entry, Form, bare};
use crate::remedy::{Change, Remedy, blank};
use crate::replay::{self, Plan};
use crate::rules::Finding;
use crate::triage::State;

/// The proven plan of a diagnosis, and where each record of it goes.
pub struct Cure<'a> {
    pub before: &'a Diagnosis,
    pub plan: Plan,
    pub placed: Vec<Placed>,
}

impl<'a> Cure<'a> {
    pub fn of(before: &'a Diagnosis) -> Cure<'a> {
        let plan = replay::plan(before);
        let place = |change: &Change| Placed { change: change.clone(), home: before.facts.home(&change.name) };
        let placed = plan.changes.iter().map(place).collect();
        Cure { before, plan, placed }
    }

    /// Nothing to publish, nothing left to do.
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty() && self.remains().next().is_none()
    }

    /// Findings that no proven record cures, and that have a cure.
    pub fn remains(&self) -> impl Iterator<Item = (&Finding, &Remedy)> {
        self.plan.after.every_finding().filter_map(|f| Some((f, f.fix.as_ref()?)))
    }

    /// The records for another program: the plan, and what waits for a portal, so that it is named.
    pub fn to_write(&self) -> Vec<Placed> {
        let waiting = self.remains().flat_map(|(_, fix)| &fix.records).filter(|c| !c.blanks().is_empty());
        let waiting = waiting.map(|c| Placed { change: c.clone(), home: self.before.facts.home(&c.name) });
        self.placed.iter().cloned().chain(waiting).collect()
    }

    /// The records of each zone, zones in the order of their first record.
    pub fn zones(&self) -> Vec<(&Home, Vec<&Placed>)> {
        let mut zones: Vec<(&Home, Vec<&Placed>)> = Vec::new();
        for placed in &self.placed {
            match zones.iter_mut().find(|(home, _)| home.zone == placed.home.zone) {
                Some((_, records)) => records.push(placed),
                None => zones.push((&placed.home, vec![placed])),
            }
        }
        zones
    }

    /// One sentence: how much is cured, and by how many records.
    pub fn summary(&self) -> String {
        let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        let remains = self.remains().count();
        match (self.placed.len(), remains) {
            (0, 0) if self.before.verdict.state == State::Unknown => {
                "Cannot tell whether there is anything to fix.".to_owned()
            }
            (0, 0) => "There is nothing to fix.".to_owned(),
            (0, n) => format!("No record is proven to cure anything; {} can be acted upon.", plural(n, "finding")),
            (records, 0) => {
                format!("{} cured by {}.", plural(self.plan.cured.len(), "finding"), plural(records, "record set"))
            }
            (records, n) => format!(
                "{} cured by {}; {} left to act upon.",
                plural(self.plan.cured.len(), "finding"),
                plural(records, "record set"),
                plural(n, "finding")
            ),
        }
    }
}

/// The form of a record at its home. A name without its zone is none any more that could be hidden by itself: it is
/// the beginning of the whole name's stand-in.
pub fn form(change: &Change, home: &Home, shown: Shown) -> Form {
    let mut form = Form::of(change, home.form_of(), &home.zone);
    let names = form.entries.iter_mut().flat_map(|e| &mut e.fields).filter(|f| f.part == Part::Name);
    for field in names.filter(|f| change.name.starts_with(&f.text)) {
        let hidden = shown.hidden(&change.name);
        field.text = hidden.get(..field.text.len()).unwrap_or_default().to_owned();
    }
    form
}

/// For eyes.
pub fn human(cure: &Cure, style: Style, shown: Shown) -> String {
    let mut out = vec![shown.line(&cure.before.verdict.headline), style.paint(Ink::Strong, &cure.summary())];
    if !cure.placed.is_empty() {
        let after = &cure.plan.after.verdict;
        out.push(format!("Then: {}, {}", after.state.word().to_uppercase(), shown.line(&after.headline)));
    }
    for (home, records) in cure.zones() {
        out.push(String::new());
        let assumed = if home.assumed { " (assumed)" } else { "" };
        out.push(style.paint(Ink::Strong, &format!("Zone {}{assumed}", shown.line(&home.zone))));
        out.push(format!("  DNS host: {}", shown.line(&home.because())));
        out.push(format!("  Open: {}", shown.line(&home.form_of().open)));
        for placed in &records {
            out.push(String::new());
            record(&mut out, placed, style, shown);
        }
        let mut notes: Vec<String> = records.iter().flat_map(|p| form(&p.change, &p.home, shown).notes).collect();
        let mut seen = std::collections::BTreeSet::new();
        notes.retain(|note| seen.insert(note.clone()));
        out.push(String::new());
        out.extend(notes.iter().map(|note| format!("  Mind: {}", shown.line(note))));
    }
    if !cure.plan.cured.is_empty() {
        out.push(format!("\n{}", style.paint(Ink::Strong, "Cured")));
        let line =
            |(rule, title): &(&'static crate::rules::Rule, String)| format!("  {} ({})", shown.line(title), rule.id);
        out.extend(cure.plan.cured.iter().map(line));
    }
    let remains: Vec<_> = cure.remains().collect();
    if !remains.is_empty() {
        out.push(format!("\n{}", style.paint(Ink::Strong, "Remains, by other means than proven records")));
    }
    for (finding, fix) in remains {
        out.push(format!("  {} ({})", shown.line(&finding.title), finding.rule.id));
        out.push(format!("    {}", shown.line(&fix.summary)));
        out.extend(
            fix.records.iter().flat_map(|c| c.after.iter().map(|d| format!("    + {}", shown.line(&zone_line(c, d))))),
        );
        out.extend(fix.steps.iter().enumerate().map(|(n, step)| format!("    {}. {}", n + 1, shown.line(step))));
        out.extend(fix.upkeep.iter().map(|upkeep| format!("    ! Upkeep: {}", shown.line(upkeep))));
        out.extend(fix.blanks.iter().map(|b| format!("    ? {}: only the portal can tell", shown.line(&blank(b)))));
    }
    let gaps = &cure.plan.after.unknown;
    if !gaps.is_empty() {
        out.push(format!("\n{}", style.paint(Ink::Strong, "Not known")));
        out.extend(
            gaps.iter()
                .map(|gap| format!("  ? {} Needs: {}", shown.line(&gap.question()), shown.line(&gap.needs.words()))),
        );
    }
    out.join("\n") + "\n"
}

/// A record before and after, and how it is typed in.
fn record(out: &mut Vec<String>, placed: &Placed, style: Style, shown: Shown) {
    let change = &placed.change;
    out.push(format!("  {}", style.paint(Ink::Strong, &shown.line(&format!("{}.  {}", change.name, change.kind)))));
    for data in &change.before {
        let stays = change.after.contains(data);
        let line = format!("{} {}", if stays { "=" } else { "-" }, shown.line(&bare(data)));
        out.push(format!("    {}", if stays { line } else { style.paint(Ink::Remove, &line) }));
    }
    for data in change.after.iter().filter(|data| !change.before.contains(data)) {
        out.push(format!("    {}", style.paint(Ink::Add, &format!("+ {}", shown.line(&bare(data))))));
    }
    let form = form(change, &placed.home, shown);
    for entry in &form.entries {
        out.push(format!("    {}", shown.line(&entry.what())));
        out.extend(fields(entry).iter().map(|(label, text)| format!("      {label:<14} {}", shown.line(text))));
    }
    out.extend(form.obstacles.iter().map(|o| format!("    ! {}", shown.line(o))));
}

/// Label and text of each field, a line each.
fn fields(entry: &Entry) -> Vec<(String, String)> {
    let lines = entry.fields.iter().flat_map(|f| {
        let hint = if f.hint.is_empty() { String::new() } else { format!("   ({})", f.hint) };
        let text = f.text.clone();
        text.split('\n')
            .enumerate()
            .map(|(n, line)| match n {
                0 => (f.label.clone(), format!("{line}{hint}")),
                _ => (String::new(), line.to_owned()),
            })
            .collect::<Vec<_>>()
    });
    lines.collect()
}

/// One value a line, tab separated: what to do, name, type, TTL (of what is added), data.
pub fn table(cure: &Cure, shown: Shown) -> String {
    let mut out = String::new();
    for Placed { change, .. } in &cure.placed {
        let ttl = change.ttl.to_string();
        let gone = change.before.iter().filter(|d| !change.after.contains(d)).map(|d| ("remove", "", d));
        let new = change.after.iter().filter(|d| !change.before.contains(d)).map(|d| ("add", &ttl[..], d));
        for (deed, ttl, data) in gone.chain(new) {
            let row = [deed, &change.name, change.kind.word(), ttl, &data.to_string()].join("\t");
            out.push_str(&row.split('\t').map(|cell| shown.line(cell)).collect::<Vec<_>>().join("\t"));
            out.push('\n');
        }
    }
    out
}

/// For a ticket.
pub fn markdown(cure: &Cure, shown: Shown) -> String {
    let text = |words: &str| markdown::text(shown, words);
    let mut out = format!("# {}\n\n{}\n", text(&cure.summary()), text(&cure.before.verdict.headline));
    for (home, records) in cure.zones() {
        let assumed = if home.assumed { " (assumed)" } else { "" };
        out.push_str(&format!("\n## Zone {}{assumed}\n\n", text(&home.zone)));
        out.push_str(&format!("DNS host: {}\n\nOpen: {}\n", text(&home.because()), text(&home.form_of().open)));
        for placed in records {
            let change = &placed.change;
            out.push_str(&format!("\n### {} {}\n\n", text(&change.name), change.kind));
            let lines: Vec<String> = markdown::difference(change).iter().map(|line| shown.line(line)).collect();
            out.push_str(&markdown::fenced(&lines.join("\n")));
            let form = form(change, &placed.home, shown);
            for entry in &form.entries {
                out.push_str(&format!("\n{}\n", text(&entry.what())));
                if !entry.fields.is_empty() {
                    let lines = fields(entry);
                    let lines: Vec<String> = lines.iter().map(|(l, t)| format!("{l:<14} {}", shown.line(t))).collect();
                    out.push_str(&format!("\n{}", markdown::fenced(&lines.join("\n"))));
                }
            }
            out.extend(form.obstacles.iter().map(|o| format!("\n**{}**\n", text(o))));
        }
    }
    if !cure.plan.cured.is_empty() {
        out.push_str("\n## Cured\n\n");
        out.extend(cure.plan.cured.iter().map(|(rule, title)| format!("- {} (`{}`)\n", text(title), rule.id)));
    }
    for (n, (finding, fix)) in cure.remains().enumerate() {
        if n == 0 {
            out.push_str("\n## Remains\n\n");
        }
        out.push_str(&format!("- {} (`{}`): {}\n", text(&finding.title), finding.rule.id, text(&fix.summary)));
        out.extend(fix.steps.iter().map(|step| format!("  - {}\n", text(step))));
        out.extend(fix.upkeep.iter().map(|upkeep| format!("  - upkeep: {}\n", text(upkeep))));
        out.extend(fix.blanks.iter().map(|b| format!("  - still to fill in: {}\n", text(b))));
    }
    out
}
