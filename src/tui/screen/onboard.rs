//! The checklist of a new sending domain, and the marked step with what it takes.
//!
//! ```text
//!  Records             │  SPF allows those who send              to do
//!   ✓ Name servers     │  Receivers look up whether the server may …
//!  ▸✗ SPF allows …     │  + acme.example TXT v=spf1 ip4:192.0.2.4 ~all
//!   … DMARC watches    │  At: Cloudflare, by its name servers …
//! ```

use super::home::cursor;
use super::step as moved;
use crate::evidence::{Kind, Question};
use crate::onboarding::{Stage, State, Step};
use crate::remedy::form::{Form, bare};
use crate::report::export::{self, Format};
use crate::report::human::Ink as Said;
use crate::report::onboarding::{self as report, guess, headline, mail};
use crate::report::{Shown, copy};
use crate::tui::app::{App, Screen};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::onboards::{self, Onboard};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use crate::watch::Expect;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// Columns of the list beside the details.
const LIST: u16 = 36;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page.max(1);
    let len = app.onboard.list.as_ref().map_or(0, |l| l.steps.len());
    let records = app.onboard.step().map_or(0, |s| s.changes.len());
    match action {
        Action::Skip => return onboards::skip(app),
        Action::Open | Action::Edit => app.screens.push(Screen::OnboardForm),
        Action::Left => app.onboard.record = app.onboard.record.saturating_sub(1),
        Action::Right => app.onboard.record = (app.onboard.record + 1).min(records.saturating_sub(1)),
        Action::PageDown => app.onboard.top = app.onboard.top.saturating_add(page / 2),
        Action::PageUp => app.onboard.top = app.onboard.top.saturating_sub(page / 2),
        Action::CopyValue => return copy_value(app),
        Action::CopyAs => return copy_form(app),
        Action::CopyAll => return copy_all(app),
        Action::SaveReport => return save(app),
        other => {
            let onboard = &mut app.onboard;
            if let Some(at) = moved(onboard.at, other, len, page) {
                (onboard.at, onboard.record, onboard.top) = (at, 0, 0);
            }
        }
    }
    vec![]
}

/// The record under the cursor, and what should be there: for a watch.
pub fn watched(app: &App) -> Option<(Question, Option<Expect>)> {
    let change = app.onboard.change()?;
    let whole = change.blanks().is_empty();
    Some((Question::new(&change.name, change.kind), whole.then(|| Expect::records(&change.after))))
}

fn blank(app: &mut App, what: &str) -> Vec<Effect> {
    app.say(format!("It has a blank that only a portal or you can fill in: {what}. Not copied."));
    vec![]
}

fn copy_value(app: &mut App) -> Vec<Effect> {
    let Some(change) = app.onboard.change() else {
        app.say("There is no record to publish here.");
        return vec![];
    };
    if let Some(what) = change.blanks().into_iter().next() {
        return blank(app, &what);
    }
    let new = change.after.iter().find(|d| !change.before.contains(d)).or(change.after.first());
    let text = new.map_or(String::new(), bare);
    vec![Effect::Copy { what: format!("{:?}", crate::safe::clip(&text, 40)), text }]
}

/// The fields of the DNS host's own form.
fn copy_form(app: &mut App) -> Vec<Effect> {
    let Some(change) = app.onboard.change().cloned() else {
        app.say("There is no record to publish here.");
        return vec![];
    };
    if let Some(what) = change.blanks().into_iter().next() {
        return blank(app, &what);
    }
    let Some(diagnosis) = app.case.as_ref().and_then(|c| c.diagnosis.as_ref()) else { return vec![] };
    let home = diagnosis.facts.home(&change.name);
    let form = Form::of(&change, home.form_of(), &home.zone);
    let text: String = form.entries.iter().map(|e| format!("{}\n{}", e.what(), copy::fields(&e.fields))).collect();
    match text.is_empty() {
        true => app.say(form.obstacles.first().cloned().unwrap_or_else(|| "There is nothing to type in.".to_owned())),
        false => return vec![Effect::Copy { text, what: "the form of the DNS host".to_owned() }],
    }
    vec![]
}

/// Everything that can be published as it stands.
fn copy_all(app: &mut App) -> Vec<Effect> {
    let (Some(list), Some(case)) = (&app.onboard.list, &app.case) else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let left = list.blanks().len();
    match export::write(Format::Zone, &list.placed(diagnosis, false)) {
        Ok(export) => {
            let note = if left > 0 { format!(" ({left} with a blank left out)") } else { String::new() };
            app.log.extend(export.warnings);
            vec![Effect::Copy { text: export.text, what: format!("every record as zone lines{note}") }]
        }
        Err(why) => {
            app.say(format!("Nothing to copy: {why}."));
            vec![]
        }
    }
}

fn save(app: &App) -> Vec<Effect> {
    let (Some(list), Some(case)) = (&app.onboard.list, &app.case) else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let text = report::written(list, diagnosis, Shown::default());
    vec![Effect::SaveReport { name: format!("postdoc-onboard-{}.md", list.domain), text }]
}

fn ink(state: State) -> (&'static str, Ink) {
    let (glyph, _, said) = report::look(state);
    let ink = match said {
        Said::Pass => Ink::Pass,
        Said::Fail => Ink::Fail,
        Said::Warn => Ink::Warn,
        Said::Note => Ink::Note,
        _ => Ink::Faint,
    };
    (glyph, ink)
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(list) = &app.onboard.list else {
        let mut doc = Doc::new(pen, area.width);
        doc.para(1, format!("Asking DNS about {}.", app.onboard.domain), Ink::Plain);
        doc.draw(frame, area, 0);
        return cursor(frame, area, 0, 0);
    };
    let mut head = Doc::new(pen, area.width);
    head.para(1, headline(list), Ink::Strong);
    for m in list.mail.iter().filter(|_| area.height >= 18) {
        head.para(1, format!("Once all is published, mail {}", mail(m)), Ink::Plain);
    }
    let top = (head.lines.len() as u16).min(area.height / 3);
    head.draw(frame, Rect { height: top, ..area }, 0);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let beside = area.width >= 76;
    let (left, right) = match beside {
        true => {
            let width = LIST.min(area.width / 2 - 2);
            (Rect { width, ..rest }, Rect { x: rest.x + width + 2, width: (rest.width - width - 2).min(100), ..rest })
        }
        false => {
            let height = rest.height / 2;
            (Rect { height, ..rest }, Rect { y: rest.y + height, height: rest.height - height, ..rest })
        }
    };
    let mut steps = Doc::new(pen, left.width);
    let marked = steps_of(&mut steps, &app.onboard);
    let first = (marked + 1).saturating_sub(usize::from(left.height).saturating_sub(2).max(1));
    let first = steps.draw(frame, left, first);
    let mut details = Doc::new(pen, right.width);
    if let Some(step) = app.onboard.step() {
        detail(&mut details, app, step);
    }
    let top = details.draw(frame, right, app.onboard.top);
    app.onboard.top = top;
    cursor(frame, left, marked, first);
}

/// The list; the line of the marked step.
fn steps_of(doc: &mut Doc, onboard: &Onboard) -> usize {
    let Some(list) = &onboard.list else { return 0 };
    let mut marked = 0;
    let mut stage = None;
    for (n, step) in list.steps.iter().enumerate() {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            doc.section(title(step.stage), "");
        }
        let (glyph, ink) = ink(step.state);
        let here = n == onboard.at;
        if here {
            marked = doc.lines.len();
        }
        match here {
            true => doc.item(true, &format!("{glyph} {}", step.title)),
            false => doc.row(&[("  ", Ink::Plain), (glyph, ink), (" ", Ink::Plain), (&step.title, Ink::Plain)]),
        }
    }
    marked
}

fn title(stage: Stage) -> &'static str {
    match stage {
        Stage::Plan => "Plan",
        Stage::Records => "Records",
        Stage::Prove => "Prove",
        Stage::Grow => "Grow",
    }
}

fn detail(doc: &mut Doc, app: &App, step: &Step) {
    let optional = if step.optional { ", optional" } else { "" };
    doc.section("", &format!("{}{optional}", step.state.words()));
    doc.para(1, &step.title, Ink::Strong);
    doc.para(1, &step.why, Ink::Plain);
    for proof in &step.proof {
        doc.hang(" now  ", Ink::Faint, proof, Ink::Plain);
    }
    let chosen = app.onboard.record.min(step.changes.len().saturating_sub(1));
    for (n, change) in step.changes.iter().enumerate() {
        doc.blank();
        let sign = if step.changes.len() > 1 && n == chosen { "▸" } else { " " };
        for (said, line) in report::lines(change) {
            let ink = if said == Said::Add { Ink::Strong } else { Ink::Faint };
            doc.hang(&format!("{sign} "), Ink::Plain, line, ink);
        }
    }
    if let (Some(change), Some(d)) = (step.changes.get(chosen), app.case.as_ref().and_then(|c| c.diagnosis.as_ref()))
        && change.kind != Kind::Ptr
    {
        let home = d.facts.home(&change.name);
        doc.blank();
        doc.hang(" at   ", Ink::Faint, home.because(), Ink::Plain);
        doc.hang(" open ", Ink::Faint, &home.form_of().open, Ink::Plain);
    }
    if !step.actions.is_empty() {
        doc.blank();
    }
    for action in &step.actions {
        for (n, line) in action.split('\n').enumerate() {
            doc.hang(if n == 0 { " · " } else { "     " }, Ink::Faint, line, Ink::Plain);
        }
    }
    if let Some(check) = &step.check {
        doc.blank();
        doc.hang(" check ", Ink::Faint, check, Ink::Plain);
    }
    if step.id == "who-sends" {
        for g in app.onboard.list.iter().flat_map(|l| &l.guesses) {
            doc.hang(" guess ", Ink::Faint, guess(g), Ink::Plain);
        }
    }
    if step.state == State::Skipped {
        doc.blank();
        doc.para(1, "Left out: it stays not done here and in the report.", Ink::Plain);
    }
}

/// Who sends, and from where?
pub mod form {
    use super::*;

    pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
        match app.onboard.form.act(action) {
            true => onboards::done(app),
            false => vec![],
        }
    }

    pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
        let mut doc = Doc::new(pen, area.width);
        doc.row(&[(" Who sends, and from where?", Ink::Strong)]);
        if area.height > 19 {
            doc.blank();
        }
        let marked = app.onboard.form.write(&mut doc);
        if area.height as usize > doc.lines.len() + 2 {
            doc.blank();
            doc.para(1, "Only the domain is needed: what is published is read first. Asking sends nothing but DNS questions, unless you say yes above.", Ink::Plain);
        }
        let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
        let y = marked.0.saturating_sub(top);
        match marked.1 < area.width as usize && y < area.height as usize {
            true => frame.set_cursor_position(Position::new(area.x + marked.1 as u16, area.y + y as u16)),
            false => cursor(frame, area, marked.0, top),
        }
    }
}
