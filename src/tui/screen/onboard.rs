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
use crate::evidence::{Data, Kind, Question};
use crate::facts::reverse::address_of;
use crate::onboarding::{self as steps, Checklist, Stage, State, Step};
use crate::remedy::Change;
use crate::remedy::form::{Form, bare};
use crate::report::export::{self, Format};
use crate::report::human::Ink as Said;
use crate::report::onboarding::{self as report, guess, headline, mail};
use crate::report::{Shown, copy};
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::onboard_form;
use crate::tui::onboards::{self, Onboard, Sheet};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use crate::watch::Expect;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

/// Columns of the list beside the details, on a screen of the usual width and on a wide one.
const LIST: u16 = 36;
const WIDE: u16 = 46;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page.max(1);
    onboards::touch(app, action == Action::Open);
    let sheet = app.onboard.sheet_mut();
    let len = sheet.list.as_ref().map_or(0, |l| l.steps.len());
    let records = sheet.step().map_or(0, |s| s.changes.len());
    match action {
        Action::Skip => return onboards::skip(app),
        Action::Open => return onboards::next(app),
        Action::Edit => onboards::edit(app),
        Action::Next => return onboards::turn(app, 1),
        Action::Previous => {
            let last = app.onboard.sheets.len() - 1;
            return onboards::turn(app, last);
        }
        Action::Left => sheet.record = sheet.record.saturating_sub(1),
        Action::Right => sheet.record = (sheet.record + 1).min(records.saturating_sub(1)),
        Action::PageDown => sheet.top = sheet.top.saturating_add(page / 2),
        Action::PageUp => sheet.top = sheet.top.saturating_sub(page / 2),
        Action::CopyValue => return copy_value(app),
        Action::CopyAs => return copy_form(app),
        Action::CopyAll => return copy_all(app),
        Action::SaveReport => return save(app),
        other => {
            if let Some(at) = moved(sheet.at, other, len, page) {
                (sheet.at, sheet.record, sheet.top) = (at, 0, 0);
            }
        }
    }
    vec![]
}

/// The record under the cursor, and what should be there: for a watch.
pub fn watched(app: &App) -> Option<(Question, Option<Expect>)> {
    let change = app.onboard.sheet().change()?;
    let whole = change.blanks().is_empty();
    Some((Question::new(&change.name, change.kind), whole.then(|| Expect::records(&change.after))))
}

fn blank(app: &mut App, what: &str) -> Vec<Effect> {
    let offered = app.onboard.sheet().step().is_some_and(|step| step.next.is_none() && !step.asked.is_empty());
    app.say(match offered {
        true => format!("Not copied: Enter first fills in the {what}."),
        false => format!("It has a blank that only a portal or you can fill in: {what}. Not copied."),
    });
    vec![]
}

fn copy_value(app: &mut App) -> Vec<Effect> {
    let Some(change) = app.onboard.sheet().change().cloned() else {
        app.say("There is no record to publish here.");
        return vec![];
    };
    if let Some(what) = change.blanks().into_iter().next() {
        return blank(app, &what);
    }
    onboards::copying(app, vec![change.clone()]);
    if let Some(text) = request(&change) {
        return vec![Effect::Copy { text, what: "the request for whoever gave you the address".to_owned() }];
    }
    let new = change.after.iter().find(|d| !change.before.contains(d)).or(change.after.first());
    let text = new.map_or(String::new(), bare);
    vec![Effect::Copy { what: format!("{:?}", crate::safe::clip(&text, 40)), text }]
}

/// What to write to whoever gave the address: a reverse name stands in no zone of the domain's owner.
fn request(change: &Change) -> Option<String> {
    match &change.after[..] {
        [Data::Ptr(host)] => Some(steps::request(&address_of(&change.name)?, host)),
        _ => None,
    }
}

/// The fields of the DNS host's own form.
fn copy_form(app: &mut App) -> Vec<Effect> {
    let Some(change) = app.onboard.sheet().change().cloned() else {
        app.say("There is no record to publish here.");
        return vec![];
    };
    if let Some(what) = change.blanks().into_iter().next() {
        return blank(app, &what);
    }
    if change.kind == Kind::Ptr {
        return copy_value(app);
    }
    onboards::copying(app, vec![change.clone()]);
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
    let (Some(list), Some(case)) = (&app.onboard.sheet().list, &app.case) else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let left = list.open_blanks(false).len();
    let placed = list.placed(diagnosis, false);
    match export::write(Format::Zone, &placed) {
        Ok(export) => {
            onboards::copying(app, placed.into_iter().map(|p| p.change).collect());
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
    let (Some(list), Some(case)) = (&app.onboard.sheet().list, &app.case) else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let text = report::written(list, diagnosis, Shown { redaction: app.redactor.as_ref() });
    vec![Effect::SaveReport { name: format!("postdoc-onboard-{}.md", list.domain), text }]
}

fn ink(step: &Step) -> (&'static str, Ink) {
    let (glyph, _, said) = report::look(step);
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
    let sheet = app.onboard.sheet();
    let Some(list) = &sheet.list else {
        let mut doc = Doc::new(pen, area.width);
        doc.para(1, format!("Asking DNS about {}.", sheet.domain), Ink::Plain);
        doc.draw(frame, area, 0);
        return cursor(frame, area, 0, 0);
    };
    let mut head = Doc::new(pen, area.width);
    head.para(1, headline(list), Ink::Strong);
    if app.onboard.sheets.len() > 1 {
        head.para(1, domains(&app.onboard), Ink::Plain);
    }
    head.para(1, asked(app, list), Ink::Faint);
    for m in list.mail.iter().filter(|_| area.height >= 18) {
        head.para(1, format!("Once all is published, mail {}", mail(m)), Ink::Plain);
    }
    let top = (head.lines.len() as u16).min(area.height / 3);
    head.draw(frame, Rect { height: top, ..area }, 0);
    let rest = Rect { y: area.y + top, height: area.height - top, ..area };
    let beside = area.width >= 76;
    let (left, right) = match beside {
        true => {
            let width = if area.width >= 140 { WIDE } else { LIST.min(area.width / 2 - 2) };
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
    if let Some(step) = app.onboard.sheet().step() {
        detail(&mut details, app, step);
    }
    let top = details.scrolled(frame, right, app.onboard.sheet().top);
    app.onboard.sheet_mut().top = top;
    cursor(frame, left, marked, first);
}

/// The domains side by side: what is done of each.
fn domains(onboard: &Onboard) -> String {
    let each = onboard.sheets.iter().enumerate().map(|(n, sheet)| {
        let mark = if n == onboard.shown { "▸ " } else { "" };
        match &sheet.list {
            Some(list) => format!("{mark}{} {} of {}", sheet.domain, list.count(State::Done), list.steps.len()),
            None => format!("{mark}{} not asked", sheet.domain),
        }
    });
    format!("{}   (n: next)", each.collect::<Vec<_>>().join("   "))
}

/// Who was asked, and when that happens again.
fn asked(app: &App, list: &Checklist) -> String {
    let by = report::heard(list);
    let ago = app.onboard.sheet().asked.map(|at| app.now.duration_since(at).as_secs().max(0));
    match (onboards::is_live(app), ago) {
        (true, Some(ago)) => {
            let pace = onboards::PACE.as_secs();
            match &list.own[..] {
                [] => format!("By your resolver alone, which may repeat old answers; asked every {pace} s."),
                own => format!("By {}, {ago} s ago; asked every {pace} s.", own.join(", ")),
            }
        }
        (false, _) if onboards::rests(app) => format!("{by} Nothing was pressed for an hour: r asks again."),
        _ => by,
    }
}

/// The list; the line of the marked step.
fn steps_of(doc: &mut Doc, onboard: &Onboard) -> usize {
    let sheet = onboard.sheet();
    let Some(list) = &sheet.list else { return 0 };
    let mut marked = 0;
    let mut stage = None;
    for (n, step) in list.steps.iter().enumerate() {
        if stage != Some(step.stage) {
            stage = Some(step.stage);
            doc.section(title(step.stage), "");
        }
        let (glyph, ink) = ink(step);
        let others = others(onboard, &step.id);
        let here = n == sheet.at;
        if here {
            marked = doc.lines.len();
        }
        doc.entry(here, &[(glyph, ink), (&others, Ink::Faint), (" ", Ink::Plain), (&step.title, Ink::Plain)]);
    }
    marked
}

/// How the same step stands for the other domains, a column each.
fn others(onboard: &Onboard, id: &str) -> String {
    let rest = onboard.sheets.iter().enumerate().filter(|(n, _)| *n != onboard.shown);
    let mark = |sheet: &Sheet| sheet.list.as_ref()?.steps.iter().find(|s| s.id == id).map(|s| ink(s).0);
    rest.map(|(_, sheet)| mark(sheet).unwrap_or(" ")).collect()
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
    let chosen = app.onboard.sheet().record.min(step.changes.len().saturating_sub(1));
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
        for g in app.onboard.sheet().list.iter().flat_map(|l| &l.guesses) {
            doc.hang(" guess ", Ink::Faint, guess(g), Ink::Plain);
        }
    }
    let offer = match step.next.filter(|_| step.state != State::Done) {
        Some(next) => Some(report::offer(next).to_owned()),
        None => step.to_fill(chosen).map(report::fills),
    };
    if let Some(offer) = offer {
        doc.blank();
        doc.hang(" Enter ", Ink::Strong, offer, Ink::Plain);
    }
    if let Some(setup) = app.onboard.sheet().setup {
        doc.blank();
        match step.id == "who-sends" {
            true => doc.para(1, setup.story.trim(), Ink::Plain),
            false => doc.para(
                1,
                "Practice: Y or y copies, u publishes what was copied in the practice zone, m sends the test.",
                Ink::Faint,
            ),
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
        // A name alone is enough to begin with: who sends is asked beside what is published.
        if action == Action::Open && onboard_form::is_a_name_alone(&app.onboard.form) {
            return onboards::done(app);
        }
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
        let marked = app.onboard.form.write(&mut doc, true);
        if area.height as usize > doc.lines.len() + 2 {
            doc.blank();
            doc.para(1, "Only the domain is needed: Enter on it reads what is published. Asking sends nothing but DNS questions, unless you say yes above.", Ink::Plain);
        }
        let top = doc.draw(frame, area, (marked.0 + 1).saturating_sub(area.height as usize));
        let y = marked.0.saturating_sub(top);
        match marked.1 < area.width as usize && y < area.height as usize {
            true => frame.set_cursor_position(Position::new(area.x + marked.1 as u16, area.y + y as u16)),
            false => cursor(frame, area, marked.0, top),
        }
    }
}
