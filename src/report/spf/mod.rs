//! An SPF evaluation, or a survey, for eyes and scripts: what `postdoc spf` tells.

pub mod tree;

use super::human::{self, Ink, Style};
use super::plain::Lines;
use super::{Shown, excerpt, markdown, snippet};
use crate::diagnose::Diagnosis;
use crate::evidence::{Kind, Question};
use crate::facts::spf::{Check, LOOKUPS, Node, Problem, ProblemKind, SpfResult, Survey, VOID_LOOKUPS};
use crate::rules::{Exhibit, Finding, Gap, Group};
use std::fmt::Write as _;

/// What is told of one domain.
pub struct Evaluated<'d> {
    pub domain: String,
    /// For one client; `None` for a survey alone.
    pub check: Option<Check>,
    pub survey: Option<&'d Survey>,
    pub findings: Vec<&'d Finding>,
    pub unknown: Vec<Gap>,
    /// The diagnosis that the findings belong to.
    pub of: &'d Diagnosis,
}

/// Gaps told at most.
const GAPS: usize = 20;

impl<'d> Evaluated<'d> {
    /// `of`: a check of the domain without a client, which the record itself is judged by.
    pub fn new(domain: &str, check: Option<Check>, of: &'d Diagnosis) -> Evaluated<'d> {
        let survey = of.facts.spf_survey.as_ref();
        let findings = of.every_finding().filter(|f| f.rule.group == Group::Spf).collect();
        let mut unknown: Vec<Gap> = Vec::new();
        let mut open = |gap: Gap| {
            if unknown.len() < GAPS && !unknown.contains(&gap) {
                unknown.push(gap);
            }
        };
        let of_check = check.iter().flat_map(|c| c.missing.iter().chain(&c.failed));
        let questions = of_check.chain(survey.iter().flat_map(|s| s.unanswered()));
        questions.for_each(|q| open(Gap::records(q)));
        let said = &of.facts.evidence.said;
        unknown.iter_mut().for_each(|gap| gap.aim(said));
        Evaluated { domain: domain.to_owned(), check, survey, findings, unknown, of }
    }

    /// What check_host() gives: to the client, or to every client alike; `None`: it depends, or is not known.
    pub fn result(&self) -> Option<SpfResult> {
        match (&self.check, self.survey) {
            (Some(check), _) => check.result,
            (None, Some(survey)) => match survey.problems.first().filter(|p| p.domain == survey.domain).map(|p| p.kind)
            {
                Some(ProblemKind::Syntax | ProblemKind::MultipleRecords) => Some(SpfResult::PermError),
                Some(ProblemKind::Dns) if survey.tree.record.is_none() => Some(SpfResult::TempError),
                _ => survey.default.filter(|d| *d == SpfResult::None),
            },
            (None, None) => None,
        }
    }

    /// Is anything open that would matter?
    pub fn is_open(&self) -> bool {
        match &self.check {
            Some(check) => matches!(check.result, None | Some(SpfResult::TempError)),
            None => self.survey.is_none_or(|s| !s.is_complete()),
        }
    }

    pub fn tree(&self) -> Option<&Node> {
        match &self.check {
            Some(check) => check.tree.as_ref(),
            None => self.survey.map(|s| &s.tree),
        }
    }

    /// Look-ups, and void ones; `None` where not even the record is known.
    pub fn counts(&self) -> Option<(u32, u32)> {
        match (&self.check, self.survey) {
            (Some(check), _) => {
                let known = check.tree.as_ref().map_or(check.result.is_some(), Node::is_known);
                known.then_some((check.lookups, check.void_lookups))
            }
            (None, Some(survey)) => survey.tree.is_known().then_some((survey.lookups, survey.void_lookups)),
            (None, None) => None,
        }
    }

    /// The look-ups counted are a lower bound.
    fn may_cost_more(&self) -> bool {
        self.check.is_none() && self.survey.is_some_and(Survey::may_cost_more)
    }

    /// The error that ended the evaluation.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.check {
            Some(check) => check.problem.as_ref(),
            None => self.survey?.problems.first(),
        }
    }

    /// One sentence: the result, for whom.
    pub fn headline(&self) -> String {
        let domain = &self.domain;
        match (&self.check, self.result()) {
            (Some(check), Some(result)) => format!("{} for {} from {}", result.word(), check.sender, check.ip),
            (Some(check), None) => format!("not known for {} from {}", check.sender, check.ip),
            (None, Some(SpfResult::None)) => format!("{domain} publishes no SPF record"),
            (None, Some(result)) => format!("{} for every sender of {domain}", result.word()),
            (None, None) => match self.survey.and_then(|s| s.default) {
                Some(default) => format!("{domain}: a sender that no term lists gets {}", default.word()),
                None if self.of.facts.evidence.offline => format!("{domain}: offline, nothing was asked"),
                None => format!("{domain}: not known what a sender gets that no term lists"),
            },
        }
    }

    /// `look-ups 11 of 10`, with a lower bound marked.
    fn cost(&self) -> String {
        let survey = self.survey.filter(|_| self.check.is_none());
        let least = |bound: bool| if bound { "at least " } else { "" };
        let (most, voids) = (least(self.may_cost_more()), least(survey.is_some_and(|s| !s.is_complete())));
        let (lookups, void_lookups) = self.counts().unwrap_or_default();
        let mut text = format!("look-ups {most}{lookups} of {LOOKUPS}   void {voids}{void_lookups} of {VOID_LOOKUPS}");
        if let Some(survey) = survey.filter(|s| s.void_lookups_v6 > s.void_lookups) {
            let _ = write!(text, " (over IPv6 {})", survey.void_lookups_v6);
        }
        if let Some(matched) = self.check.as_ref().and_then(|c| c.matched.as_ref()) {
            let _ = write!(text, "   matched {matched}");
        }
        if let Some(ttl) = self.survey.and_then(|s| s.ttl) {
            let _ = write!(text, "   lowest TTL {ttl} s");
        }
        text
    }

    fn ink(&self) -> (Ink, &'static str, &'static str) {
        match self.result() {
            Some(SpfResult::Pass) => (Ink::Pass, "✓", "v"),
            Some(SpfResult::Fail | SpfResult::PermError) => (Ink::Fail, "✗", "x"),
            Some(SpfResult::SoftFail | SpfResult::Neutral | SpfResult::None) => (Ink::Warn, "!", "!"),
            Some(SpfResult::TempError) => (Ink::Note, "?", "?"),
            None if self.is_open() => (Ink::Note, "?", "?"),
            None if self.survey.is_some_and(|s| s.problems.is_empty()) => (Ink::Pass, "✓", "v"),
            None => (Ink::Fail, "✗", "x"),
        }
    }

    /// Where the evaluation ended, as an exhibit.
    fn fault(&self) -> Option<Exhibit> {
        let problem = self.problem().filter(|p| p.span.is_some())?;
        let record = tree::record_of(self.tree()?, &problem.domain)?;
        let question = Question::new(&problem.domain, Kind::Txt);
        Some(Exhibit::dns(&question, record, problem.span, problem.text.clone()))
    }
}

/// For eyes: the result, the tree with its cost, where it broke, and what is wrong with the record.
pub fn human(e: &Evaluated, style: Style, shown: Shown) -> String {
    let (ink, glyph, ascii) = e.ink();
    let mut out = String::new();
    let glyph = style.paint(ink, if style.unicode { glyph } else { ascii });
    out.push_str(&format!("{glyph} {}\n", style.paint(Ink::Strong, &shown.line(&e.headline()))));
    if let Some(explanation) = e.check.as_ref().and_then(|c| c.explanation.as_ref()) {
        out.push_str(&format!("  the domain says: {}\n", shown.line(explanation)));
    }
    if e.tree().is_some_and(|t| t.record.is_some()) {
        out.push_str(&format!("  {}\n", shown.line(&e.cost())));
    }
    if let Some(tree) = e.tree().filter(|t| t.record.is_some()) {
        out.push('\n');
        out.push_str(&tree::draw(tree, e.check.is_none(), style, shown));
    }
    // What a finding shows need not be shown twice.
    if e.findings.is_empty()
        && let Some(fault) = e.fault()
    {
        out.push('\n');
        let pieces = snippet::pieces(&e.of.facts.evidence.input, &[fault], shown);
        out.push_str(&excerpt::draw(&pieces, style, Ink::Fail));
    }
    out.push_str(&human::findings(e.of, &e.findings, &e.unknown, style, shown));
    out
}

/// For `cut`: `spf`, `term`, `finding` and `unknown` lines.
pub fn plain(e: &Evaluated, shown: Shown) -> String {
    let mut out = Lines { text: String::new(), shown };
    let ip = e.check.as_ref().map_or_else(String::new, |c| c.ip.to_string());
    let matched = e.check.as_ref().and_then(|c| c.matched.as_deref()).unwrap_or("");
    let result = e.result().map_or("", SpfResult::word);
    let (lookups, voids) = e.counts().map(|(n, voids)| (n.to_string(), voids.to_string())).unwrap_or_default();
    out.row(&["spf", &e.domain, &ip, result, &lookups, &voids, matched]);
    for row in e.tree().map(tree::rows).unwrap_or_default() {
        let (cost, total) = (row.branch.cost.to_string(), row.branch.total.to_string());
        let owner = row.branch.owner.map_or("", |p| p.id.as_str());
        let state = tree::word(&row.branch.state);
        out.row(&["term", &row.depth.to_string(), row.domain, &row.branch.text, state, &cost, &total, owner]);
    }
    for f in &e.findings {
        out.row(&["finding", f.rule.id, f.severity.word(), f.confidence.word(), &f.title]);
    }
    for gap in &e.unknown {
        out.row(&["unknown", &gap.question(), &gap.needs.words()]);
    }
    out.text
}

/// For a ticket.
pub fn markdown(e: &Evaluated, shown: Shown) -> String {
    let mut out = format!("# SPF: {}\n", markdown::text(shown, &e.headline()));
    if let Some(tree) = e.tree().filter(|t| t.record.is_some()) {
        let style = Style { colour: false, unicode: true, width: 120, full: false };
        let drawn = tree::draw(tree, e.check.is_none(), style, shown);
        let _ = write!(out, "\n{}\n\n{}", markdown::text(shown, &e.cost()), markdown::fenced(drawn.trim_end()));
    }
    for finding in &e.findings {
        out.push('\n');
        out.push_str(&markdown::finding(&e.of.facts.evidence.input, finding, shown));
    }
    if !e.unknown.is_empty() {
        out.push_str("\n## Not known\n\n");
        for gap in &e.unknown {
            let (question, needs) = (markdown::text(shown, &gap.question()), markdown::code(shown, &gap.needs.words()));
            let _ = writeln!(out, "- {question} Needs: {needs}");
        }
    }
    out
}
