//! The diagnosis on show, and where the user stands in it.

use super::edits::Edits;
use super::screen::edit::Editing;
use super::screen::spf::View;
use super::screen::stated::Form;
use super::screen::wish;
use super::verify::Verifying;
use super::widget::line_edit::LineEdit;
use super::widget::raw::Raw;
use super::world::Opened;
use crate::changes::Changes;
use crate::diagnose::Diagnosis;
use crate::evidence::InputKind;
use crate::rules::{Finding, Severity};
use crate::world::run::Progress;

/// What a line of the list of findings stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Index into [`Diagnosis::findings`].
    Finding(usize),
    /// A consequence of a finding.
    Consequence(usize, usize),
    /// What is not known.
    Unknown,
    /// What was looked for and not found.
    #[default]
    Passed,
}

/// One open case.
#[derive(Debug)]
pub struct Case {
    pub opened: Opened,
    /// `None` until the first state arrives.
    pub diagnosis: Option<Diagnosis>,
    /// Questions not answered yet.
    pub running: usize,
    /// Stopped by the user before the last answer.
    pub stopped: bool,
    /// What the run that goes on is held against.
    pub before: Option<Diagnosis>,
    /// Since the run before the last.
    pub changes: Option<Changes>,
    pub verifying: Option<Verifying>,
    /// Marked line of the list.
    pub marked: usize,
    pub filter: LineEdit,
    pub filtering: bool,
    /// What the detail shows.
    pub target: Target,
    /// Record of the fix under the cursor.
    pub record: usize,
    /// Field of its DNS form under the cursor.
    pub field: usize,
    /// What the user made of proposals, and the value that is being edited.
    pub edits: Edits,
    pub editing: Option<Editing>,
    /// Evidence under the cursor, from 1.
    pub exhibit: usize,
    pub hop: usize,
    /// Signature, or key of a domain, that is shown.
    pub signature: usize,
    pub spf: View,
    /// Raw answers are shown.
    pub answers: bool,
    /// First line in sight of the page that is open.
    pub top: usize,
    pub raw: Raw,
    pub form: Form,
    /// The form of a check.
    pub wish: wish::Form,
    /// Marked row of the record table.
    pub row: usize,
}

impl Case {
    pub fn new(opened: Opened) -> Case {
        Case {
            form: Form::new(&opened.said),
            wish: wish::Form::new(&opened.said),
            row: 0,
            opened,
            diagnosis: None,
            running: 0,
            stopped: false,
            before: None,
            changes: None,
            verifying: None,
            marked: 0,
            filter: LineEdit::default(),
            filtering: false,
            target: Target::default(),
            record: 0,
            field: 0,
            edits: Edits::default(),
            editing: None,
            exhibit: 1,
            hop: usize::MAX,
            signature: 0,
            spf: View::default(),
            answers: false,
            top: 0,
            raw: Raw::default(),
        }
    }

    /// Is it a check of a domain or an address?
    pub fn is_domain(&self) -> bool {
        matches!(self.opened.input.kind, InputKind::Domain | InputKind::Ip)
    }

    /// Is it an aggregate report?
    pub fn is_report(&self) -> bool {
        self.opened.input.kind == InputKind::Report
    }

    /// A new state arrived: the mark stays on the same finding, wherever that is now.
    pub fn progress(&mut self, progress: Progress) {
        let marked = self.lines().get(self.marked).copied();
        let name = |target: Option<Target>| target.and_then(|t| self.finding(t)).map(|f| (f.rule.id, f.title.clone()));
        let (marked, shown) = (marked.map(|t| (t, name(Some(t)))), (self.target, name(Some(self.target))));
        let untouched = self.marked == 0;
        self.running = progress.running;
        self.diagnosis = Some(progress.diagnosis);
        if let Some(diagnosis) = &mut self.diagnosis {
            self.edits.lay_over(diagnosis, progress.running == 0);
        }
        let lines = self.lines();
        let place = |case: &Case, old: Target, name: &Option<(&str, String)>| -> Option<Target> {
            let Some((rule, title)) = name else { return lines.iter().copied().find(|t| *t == old) };
            let same = |exact: bool| {
                lines
                    .iter()
                    .copied()
                    .find(|t| case.finding(*t).is_some_and(|f| f.rule.id == *rule && (!exact || f.title == *title)))
            };
            same(true).or_else(|| same(false))
        };
        if let Some((old, name)) = marked
            && !untouched
        {
            let new = place(self, old, &name);
            self.marked = new.and_then(|t| lines.iter().position(|l| *l == t)).unwrap_or(0);
        }
        self.marked = self.marked.min(lines.len().saturating_sub(1));
        self.target = place(self, shown.0, &shown.1).or(lines.first().copied()).unwrap_or_default();
    }

    /// The lines of the list: findings with their consequences below them, then what is not
    /// known, then what passed; those that match the filter.
    pub fn lines(&self) -> Vec<Target> {
        let Some(diagnosis) = &self.diagnosis else { return Vec::new() };
        let mut lines = Vec::new();
        for (n, finding) in diagnosis.findings.iter().enumerate() {
            lines.push(Target::Finding(n));
            lines.extend((0..finding.consequences.len()).map(|m| Target::Consequence(n, m)));
        }
        let needle = self.filter.text().trim().to_lowercase();
        if !needle.is_empty() {
            lines.retain(|t| {
                self.finding(*t)
                    .is_some_and(|f| f.title.to_lowercase().contains(&needle) || f.rule.id.contains(&needle[..]))
            });
            return lines;
        }
        if !diagnosis.unknown.is_empty() {
            lines.push(Target::Unknown);
        }
        if !diagnosis.passed.is_empty() {
            lines.push(Target::Passed);
        }
        lines
    }

    pub fn finding(&self, target: Target) -> Option<&Finding> {
        let findings = &self.diagnosis.as_ref()?.findings;
        match target {
            Target::Finding(n) => findings.get(n),
            Target::Consequence(n, m) => findings.get(n)?.consequences.get(m),
            Target::Unknown | Target::Passed => None,
        }
    }

    /// The finding under the cursor: the marked one of the list.
    pub fn marked_target(&self) -> Option<Target> {
        self.lines().get(self.marked).copied()
    }

    /// The name of the case: the From domain where there is one, else that of the input.
    pub fn name(&self) -> String {
        let from = self.diagnosis.as_ref().and_then(|d| d.facts.reading.from_domain());
        from.unwrap_or_else(|| self.opened.input.file_name()).to_owned()
    }

    /// `1 fail · 2 warn · 1 note · 6 pass`
    pub fn counts(&self) -> String {
        let Some(diagnosis) = &self.diagnosis else { return String::new() };
        let all = diagnosis.findings.iter().flat_map(|f| std::iter::once(f).chain(&f.consequences));
        let mut counts = [0usize; 3];
        for finding in all {
            counts[match finding.severity {
                Severity::Critical | Severity::High => 0,
                Severity::Medium | Severity::Low => 1,
                Severity::Info => 2,
            }] += 1;
        }
        let words = ["fail", "warn", "note", "pass", "unknown"];
        let counts = [counts[0], counts[1], counts[2], diagnosis.passed.len(), diagnosis.unknown.len()];
        let parts: Vec<String> =
            counts.iter().zip(words).filter(|(n, _)| **n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        parts.join(" · ")
    }
}

/// The finding a line stands for, to be changed.
pub fn finding_mut(diagnosis: &mut Diagnosis, target: Target) -> Option<&mut Finding> {
    match target {
        Target::Finding(n) => diagnosis.findings.get_mut(n),
        Target::Consequence(n, m) => diagnosis.findings.get_mut(n)?.consequences.get_mut(m),
        Target::Unknown | Target::Passed => None,
    }
}
