//! The tree of records, as `tree(1)` draws: one term a line, with state, cost, running total and owner.

use super::super::Shown;
use super::super::human::{Ink, Style};
use crate::facts::spf::{Branch, BranchState, LOOKUPS, Node};
use unicode_width::UnicodeWidthStr;

/// One term of the tree.
pub struct Row<'t> {
    /// 0 for the terms of the topmost record.
    pub depth: usize,
    /// Whose record it stands in.
    pub domain: &'t str,
    pub branch: &'t Branch,
    /// For this term and those it hangs from, outermost first: is it the last of its record?
    pub last: Vec<bool>,
}

/// Every term in the order of evaluation.
pub fn rows(tree: &Node) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    collect(tree, &[], &mut rows);
    rows
}

/// As deep as there are terms that ask DNS at most: the evaluators see to that.
fn collect<'t>(node: &'t Node, above: &[bool], rows: &mut Vec<Row<'t>>) {
    for (n, branch) in node.terms.iter().enumerate() {
        let last = [above, &[n + 1 == node.terms.len()]].concat();
        rows.push(Row { depth: above.len(), domain: &node.domain, branch, last: last.clone() });
        if let Some(below) = &branch.below {
            collect(below, &last, rows);
        }
    }
}

/// The record of a domain in the tree.
pub fn record_of<'t>(node: &'t Node, domain: &str) -> Option<&'t str> {
    if node.domain == domain && node.record.is_some() {
        return node.record.as_deref();
    }
    node.terms.iter().filter_map(|b| b.below.as_deref()).find_map(|below| record_of(below, domain))
}

/// The state in one stable word.
pub fn word(state: &BranchState) -> &'static str {
    match state {
        BranchState::Matched(_) => "matched",
        BranchState::NoMatch => "no-match",
        BranchState::Void => "void",
        BranchState::NotReached => "not-reached",
        BranchState::Aside => "modifier",
        BranchState::Counted => "counted",
        BranchState::Varies => "varies",
        BranchState::Waiting => "unknown",
        BranchState::Failed(_) => "failed",
    }
}

/// The state for eyes.
pub fn state(row: &Row, surveyed: bool) -> (Ink, String) {
    let branch = row.branch;
    let over = branch.cost > 0 && branch.total > LOOKUPS;
    let (ink, mut text) = match &branch.state {
        // Of an included record only the passes count (RFC 7208 §5.2).
        BranchState::Matched(_) if surveyed && branch.cost == 0 && row.depth > 0 => {
            (Ink::Faint, "ends here".to_owned())
        }
        BranchState::Matched(result) if surveyed && branch.cost == 0 => {
            (Ink::Strong, format!("all others: {}", result.word()))
        }
        BranchState::Matched(result) if surveyed => (Ink::Strong, format!("ends in {}", result.word())),
        BranchState::Matched(result) => (Ink::Strong, format!("matched: {}", result.word())),
        BranchState::NoMatch => (Ink::Faint, "no match".to_owned()),
        BranchState::Void => (Ink::Warn, "void: no such record".to_owned()),
        BranchState::NotReached => (Ink::Faint, "not reached".to_owned()),
        BranchState::Aside | BranchState::Counted => (Ink::Faint, String::new()),
        BranchState::Varies => (Ink::Note, "depends on the message".to_owned()),
        BranchState::Waiting => (Ink::Note, "not answered".to_owned()),
        BranchState::Failed(why) => (Ink::Fail, why.clone()),
    };
    if over && !matches!(branch.state, BranchState::NotReached) {
        text = if text.is_empty() { "over the limit".to_owned() } else { format!("{text}, over the limit") };
    }
    if let Some(twin) = &branch.twin {
        let same = twin.text.eq_ignore_ascii_case(&branch.text);
        let words = if same { "listed before".to_owned() } else { format!("within {}", twin.text) };
        text = if text.is_empty() { words } else { format!("{text}, {words}") };
    }
    (if over { Ink::Fail } else { ink }, text)
}

/// The lines that lead to a term.
pub fn guide(last: &[bool], unicode: bool) -> String {
    let (through, gap, tee, end) =
        if unicode { ("│   ", "    ", "├── ", "└── ") } else { ("|   ", "    ", "|-- ", "`-- ") };
    let Some((own, above)) = last.split_last() else { return String::new() };
    let mut text: String = above.iter().map(|last| if *last { gap } else { through }).collect();
    text.push_str(if *own { end } else { tee });
    text
}

/// Columns of a term with its guide at most; longer ones push their state to the right.
const TERM: usize = 56;

/// The whole tree.
pub fn draw(tree: &Node, surveyed: bool, style: Style, shown: Shown) -> String {
    let rows = rows(tree);
    let lines: Vec<(String, String, &Row)> =
        rows.iter().map(|r| (guide(&r.last, style.unicode), shown.line(&r.branch.text), r)).collect();
    let widest = lines.iter().map(|(guide, text, _)| guide.width() + text.width()).max().unwrap_or(0);
    let widest = widest.max(tree.domain.width()).min(TERM);
    let pad = |used: usize| " ".repeat(widest.saturating_sub(used));
    let domain = shown.line(&tree.domain);
    let head = format!("{}{}  {:>4} {:>5}", domain, pad(domain.width()), "cost", "total");
    let mut out = style.paint(Ink::Strong, &head) + "\n";
    for (guide, text, row) in &lines {
        let (ink, words) = state(row, surveyed);
        let mut line = style.paint(Ink::Faint, guide);
        line.push_str(text);
        line.push_str(&pad(guide.width() + text.width()));
        // A term that costs nothing need not say so.
        let cost = if row.branch.cost > 0 { row.branch.cost.to_string() } else { String::new() };
        let total = if row.branch.cost > 0 { row.branch.total.to_string() } else { String::new() };
        line.push_str(&format!("  {cost:>4} {total:>5}"));
        let mut notes = Vec::new();
        if !words.is_empty() {
            notes.push(style.paint(ink, &shown.line(&words)));
        }
        if let Some(owner) = row.branch.owner.filter(|_| row.branch.cost > 0) {
            notes.push(owner.name.clone());
        }
        if let Some(ttl) = row.branch.below.as_ref().and_then(|b| b.ttl) {
            notes.push(style.paint(Ink::Faint, &format!("TTL {ttl}")));
        }
        if !notes.is_empty() {
            line.push_str("  ");
            line.push_str(&notes.join("  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
