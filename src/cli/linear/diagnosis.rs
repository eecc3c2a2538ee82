//! A diagnosis by ear: the verdict and the list, then whatever is asked for.

use super::Talk;
use crate::diagnose::Diagnosis;
use crate::remedy::Change;
use crate::report::export::{self, Format, Placed};
use crate::report::{Shown, linear};
use std::io::IsTerminal;

const HELP: &str = "A number tells a finding in full, a all of them, f the records of every fix, r what receivers ask, \
    u what is not known, p what is in order, l the list again, h this again, q ends.";

/// Tells it, and answers until the user has had enough; all at once where the input was all there is to read.
pub fn show(d: &Diagnosis, shown: Shown) {
    if d.facts.evidence.input.name == "-" && !std::io::stdin().is_terminal() {
        Talk.say(&linear::whole(d, shown));
        return;
    }
    Talk.say(&linear::overview(d, shown));
    Talk.say(HELP);
    while let Some(answer) = Talk.ask("Which?") {
        let text = match answer.as_str() {
            "" | "h" => HELP.to_owned(),
            "l" => linear::overview(d, shown),
            "a" => linear::whole(d, shown),
            "f" => records(d),
            "r" => linear::asked(d, shown),
            "u" => linear::unknown(d, shown),
            "p" => linear::passed(d, shown),
            other => {
                let number = other.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let told = number.and_then(|n| linear::finding(d, n, shown));
                told.unwrap_or_else(|| format!("{answer:?} is none of these."))
            }
        };
        Talk.say(&text);
    }
}

/// The records as zone lines. They are to be published, so nothing stands in for anything.
fn records(d: &Diagnosis) -> String {
    let mut changes: Vec<&Change> = Vec::new();
    for change in d.every_finding().flat_map(|f| f.fix.iter().flat_map(|fix| &fix.records)) {
        if !changes.contains(&change) {
            changes.push(change);
        }
    }
    let placed: Vec<Placed> =
        changes.into_iter().map(|c| Placed { change: c.clone(), home: d.facts.home(&c.name) }).collect();
    match export::write(Format::Zone, &placed) {
        Ok(export) => export.text,
        Err(why) => format!("There is no record to publish as it stands. {}.", why.trim_end_matches('.')),
    }
}
