//! The SPF evaluation: result, cost, and the records as a tree.
//!
//! ```text
//!  SPF now: softfail for bounce+8842@mailer.esp.example from 198.51.100.24
//!  Lookups 3/10   Void 0/2   Matched: ~all
//! ── mailer.esp.example ─────────────────────────────────────────────────
//!  v=spf1 include:_spf.esp.example ~all                      cost  total
//!  include:_spf.esp.example      no match                       1      1
//!    ip4:198.51.100.0/28         no match                       0      1
//!  ~all                          matched: softfail              0      1
//! ```

use super::scroll;
use crate::facts::Facts;
use crate::facts::spf::{BranchState, Check, Node, Whose};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen, spread};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if scroll(app, action) || action != Action::CopyValue {
        return vec![];
    }
    let facts = app.case.as_ref().and_then(|c| c.diagnosis.as_ref()).map(|d| &d.facts);
    let of_tree = facts.and_then(|f| f.spf.as_ref()?.tree.as_ref()?.record.clone());
    let text = of_tree
        .or_else(|| facts.and_then(|f| Some(f.spf_published.iter().flat_map(|p| &p.records).next()?.text.clone())));
    match text {
        Some(text) => vec![Effect::Copy { what: "the SPF record".to_owned(), text }],
        None => {
            app.say("There is no SPF record to copy.");
            vec![]
        }
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(diagnosis) = app.case.as_ref().and_then(|c| c.diagnosis.as_ref()) else { return };
    let facts = &diagnosis.facts;
    let mut doc = Doc::new(pen, area.width.min(120));
    if let Some(reported) = &facts.reading.reported.spf {
        let domain = reported.domain.as_deref().unwrap_or("?");
        doc.hang(" Then  ", Ink::Faint, format!("the receiver said {} for {domain}", reported.result), Ink::Plain);
    }
    match &facts.spf {
        Some(check) => evaluation(&mut doc, check),
        None => doc.hang(
            " Now   ",
            Ink::Faint,
            "not evaluated: the domain or the client's address is not known (t sets them)",
            Ink::Plain,
        ),
    }
    published(&mut doc, facts);
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}

fn evaluation(doc: &mut Doc, check: &Check) {
    let result = match check.result {
        Some(result) => result.word().to_owned(),
        None => format!("not known ({} of DNS missing)", answers(check.missing.len())),
    };
    let helo = if check.is_helo { ", the HELO name, as the sender is empty" } else { "" };
    doc.hang(" Now   ", Ink::Faint, format!("{result} for {}{helo}, from {}", check.sender, check.ip), Ink::Strong);
    let matched = check.matched.as_ref().map_or(String::new(), |m| format!("   Matched: {m}"));
    doc.hang(
        " Cost  ",
        Ink::Faint,
        format!("lookups {}/10   void {}/2{matched}", check.lookups, check.void_lookups),
        Ink::Plain,
    );
    if let Some(problem) = &check.problem {
        doc.hang(" ✗     ", Ink::Fail, format!("{}: {}", problem.domain, problem.text), Ink::Plain);
    }
    if let Some(tree) = check.tree.as_ref().filter(|tree| tree.record.is_some() || check.result.is_some()) {
        doc.section(&tree.domain, "cost  total");
        branches(doc, tree);
    }
}

/// The tree, term by term; depth is walked with a stack of our own.
fn branches(doc: &mut Doc, root: &Node) {
    doc.para(1, root.record.as_deref().unwrap_or("(no SPF record)"), Ink::Faint);
    let mut stack = vec![(0usize, root.terms.iter())];
    while let Some((depth, terms)) = stack.last_mut() {
        let depth = *depth;
        let Some(branch) = terms.next() else {
            stack.pop();
            continue;
        };
        let (glyph, state, ink) = match &branch.state {
            BranchState::Matched(result) => ("=", format!("matched: {}", result.word()), Ink::Strong),
            BranchState::NoMatch => (" ", "no match".to_owned(), Ink::Plain),
            BranchState::Void => ("!", "void: no such record".to_owned(), Ink::Warn),
            BranchState::NotReached => (" ", "not reached".to_owned(), Ink::Faint),
            BranchState::Waiting => ("…", "waiting for DNS".to_owned(), Ink::Plain),
            BranchState::Failed(why) => ("✗", why.clone(), Ink::Fail),
        };
        let text = doc.pen.clean(format!("{}{}", "  ".repeat(depth), branch.text));
        let left = format!("{text:<40} {}", doc.pen.clean(state));
        let numbers = format!("{:>4} {:>6}", branch.cost, branch.total);
        let rest = spread(&left, &numbers, doc.width.saturating_sub(8));
        doc.row(&[(&format!(" {glyph} "), ink), (&rest, if ink == Ink::Faint { ink } else { Ink::Plain })]);
        if let Some(below) = &branch.below {
            if below.record.is_none() {
                doc.row(&[(&format!("   {}(no SPF record)", "  ".repeat(depth + 1)), Ink::Faint)]);
            }
            stack.push((depth + 1, below.terms.iter()));
        }
    }
}

fn answers(n: usize) -> String {
    if n == 1 { "1 answer".to_owned() } else { format!("{n} answers") }
}

fn published(doc: &mut Doc, facts: &Facts) {
    for entry in &facts.spf_published {
        let whose = match entry.whose {
            Whose::MailFrom => "MAIL FROM",
            Whose::Helo => "HELO",
            Whose::From => "From",
            Whose::Pasted => "pasted",
        };
        doc.section(&format!("{}   {whose}", entry.domain), "published");
        match entry.outcome {
            None if entry.whose != Whose::Pasted => doc.para(1, "… not answered yet", Ink::Plain),
            Some(outcome) if outcome.failed() => doc.para(1, "? DNS did not answer", Ink::Plain),
            _ if entry.records.is_empty() => doc.para(1, "(no SPF record)", Ink::Plain),
            _ => {}
        }
        for text in &entry.records {
            doc.hang(" ", Ink::Plain, &text.text, Ink::Plain);
        }
        for text in entry.almost.iter().chain(&entry.sender_id) {
            doc.hang(" ! not an SPF record: ", Ink::Warn, &text.text, Ink::Plain);
        }
    }
}
