//! A DNS change on its way: who has it, who still has the old answer, and for how long at most.
//!
//! ```text
//!  s1._domainkey.acme.example  CNAME
//!  want  s1.acme.dkim.esp.example.
//!  … 5 of 8 have it                    old answers expire in at most 37:51
//! ── Servers   zone acme.example, delegated to … ──────── cached ──── next ──
//!   ✓ ns1.dns.example 192.0.2.1   s1.acme.dkim.esp.example.             0:25
//!   … 9.9.9.9                     no such name (NXDOMAIN)    37:51     37:52
//! ── Why ────────────────────────────────────────────────────────────────────
//!  ! 1 of 2 name servers is behind: ns2.dns.example. …
//! ── Log ────────────────────────────────────────────────────────────────────
//! ```

use super::home::cursor;
use super::step;
use crate::evidence::{Kind, Question};
use crate::report::Shown;
use crate::report::human::{Ink as Said, Style};
use crate::report::watch::{clock, label, look, news, result};
use crate::rules::Place;
use crate::tui::app::{App, Screen};
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::watches::{self, Watching};
use crate::tui::widget::doc::{Doc, Pen, spread};
use crate::watch::{End, Expect, Server, Standing, Watch};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// A row is read across: no wider than this.
const WIDEST: u16 = 120;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    let Some(watching) = app.watches.shown() else {
        if action == Action::Add {
            app.screens.push(Screen::WatchForm);
        }
        return vec![];
    };
    match action {
        Action::CopyValue => {
            return vec![Effect::Copy { text: watching.command(), what: "the shell command".to_owned() }];
        }
        Action::Again if watching.runs() => {
            let ticket = watching.ticket;
            app.say("Asking the name servers now; a cache would only repeat itself.");
            return vec![Effect::AskNow(ticket)];
        }
        Action::Again => {
            let wanted = watching.wanted.clone();
            app.watches.list.remove(app.watches.at);
            return watches::begin(app, wanted);
        }
        Action::Bell => {
            app.watches.quiet = !app.watches.quiet;
            app.say(if app.watches.quiet { "No bell." } else { "A bell rings when a watch is over." });
        }
        Action::Pause => return watches::pause(app),
        Action::Add => {
            app.watches.form.add_to(&watching.wanted.clone());
            app.screens.push(Screen::WatchForm);
        }
        other => {
            let len = app.watches.list.len();
            app.watches.at = step(app.watches.at, other, len, page).unwrap_or(app.watches.at);
            watches::look(app);
        }
    }
    vec![]
}

/// `w`: watches the record under the cursor; asks for what is missing.
pub fn here(app: &mut App) -> Vec<Effect> {
    let Some((question, expect)) = subject(app) else {
        app.screens.push(Screen::WatchForm);
        return vec![];
    };
    match expect {
        Some(expect) => watches::begin(app, watches::wanted(question.name.into(), question.kind, expect, vec![])),
        None => {
            app.watches.form.fill(&question.name, question.kind);
            app.screens.push(Screen::WatchForm);
            vec![]
        }
    }
}

/// The record under the cursor, and what should be there where a fix says it.
fn subject(app: &App) -> Option<(Question, Option<Expect>)> {
    let case = app.case.as_ref()?;
    let facts = &case.diagnosis.as_ref()?.facts;
    let alone = |question: Question| Some((question, None));
    let txt = |name: &str| Question::new(name, Kind::Txt);
    match app.screen() {
        Screen::Records => alone(super::records::question(case)?),
        Screen::Spf => alone(txt(&super::spf::domain(case)?)),
        Screen::Dkim => alone(txt(&super::dkim::name(case)?)),
        Screen::Onboard => super::onboard::watched(app),
        Screen::Dmarc => alone(txt(&format!("_dmarc.{}", facts.reading.from_domain()?))),
        _ => {
            let finding = case.finding(crate::tui::popup::copy::target(app, case)?)?;
            let records = finding.fix.iter().flat_map(|fix| &fix.records);
            let at = if app.screen() == Screen::Detail { case.record } else { 0 };
            if let Some(change) = records.clone().nth(at).or(records.clone().next()) {
                let open = !change.blanks().is_empty();
                let expect = (!open).then(|| Expect::records(&change.after));
                return Some((Question::new(&change.name, change.kind), expect));
            }
            let asked = finding.exhibits.iter().find_map(|e| match &e.place {
                Place::Dns { question, .. } => Some(question.clone()),
                _ => None,
            });
            alone(asked?)
        }
    }
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width.min(WIDEST));
    let watches = &app.watches;
    let mut marked = 0;
    if watches.list.len() > 1 {
        for (n, watching) in watches.list.iter().enumerate() {
            if n == watches.at {
                marked = doc.lines.len();
            }
            let name = format!("{} {}", watching.wanted.name, watching.wanted.kind);
            doc.item(n == watches.at, &spread(&name, &watching.words(), doc.width.saturating_sub(4)));
        }
    }
    match watches.shown() {
        Some(watching) => one(&mut doc, watching, app, area),
        None => doc.para(1, "Nothing is watched. + asks what to watch; w on a record watches that.", Ink::Plain),
    }
    let top = doc.draw(frame, area, (marked + 1).saturating_sub(area.height as usize));
    cursor(frame, area, marked, top);
}

fn one(doc: &mut Doc, watching: &Watching, app: &App, area: Rect) {
    let wanted = &watching.wanted;
    if app.watches.list.len() > 1 {
        doc.section("", "");
    }
    doc.row(&[(&format!(" {}  {}", wanted.name, wanted.kind), Ink::Strong)]);
    doc.row(&[(" want  ", Ink::Faint), (&wanted.expect.words(), Ink::Plain)]);
    let Some(watch) = &watching.state else {
        return doc.para(1, watching.words(), if watching.fault.is_some() { Ink::Warn } else { Ink::Plain });
    };
    let (glyph, ink) = match (watch.end, watching.stopped) {
        (Some(End::Agreed), _) => ("✓", Ink::Pass),
        (Some(_), _) => ("✗", Ink::Fail),
        (None, true) => ("?", Ink::Strong),
        (None, false) if watching.paused => ("?", Ink::Strong),
        (None, false) => ("…", Ink::Strong),
    };
    let old = watch.old_for(app.now).filter(|left| *left > 0);
    let old = old.map_or(String::new(), |left| format!("old answers expire in at most {}", clock(left.into())));
    let right = if watching.runs() { old } else { String::new() };
    let head = if watching.paused && watching.runs() { watching.words() } else { result(watch) };
    let head = spread(&head, &right, doc.width.saturating_sub(5));
    doc.row(&[(" ", Ink::Plain), (glyph, ink), (" ", Ink::Plain), (&head, Ink::Strong)]);
    servers(doc, watch, watching.runs(), app.now);
    let hints = watch.hints();
    if !hints.is_empty() {
        doc.section("Why", "");
    }
    for hint in &hints {
        doc.hang(" ! ", Ink::Warn, &hint.text, Ink::Plain);
    }
    let room = (area.height as usize).saturating_sub(doc.lines.len() + 3);
    if room > 2 {
        doc.section("Log", "");
        let style = Style { colour: false, unicode: true, width: 200, full: false };
        let lines: Vec<String> = watch.news.iter().map(|n| news(watch, n, style, Shown::default())).collect();
        for line in lines.iter().skip(lines.len().saturating_sub(room - 1)) {
            doc.row(&[(line.trim_end(), Ink::Faint)]);
        }
    }
    if watching.runs() && (area.height as usize) > doc.lines.len() + 1 {
        doc.blank();
        doc.para(1, "You can leave this screen; it keeps watching.", Ink::Faint);
    }
}

fn servers(doc: &mut Doc, watch: &Watch, runs: bool, now: jiff::Timestamp) {
    let zone = watch.zone().and_then(|z| z.apex.as_deref()).map_or(String::new(), |apex| format!("   zone {apex}"));
    let host = watch.dns_host().map_or(String::new(), |host| format!(" ({host})"));
    let wide = doc.width >= 70;
    doc.section(&format!("Servers{zone}{host}"), if wide { "cached    next" } else { "" });
    let widest = watch.servers.iter().map(|s| label(s).width()).max().unwrap_or_default();
    let widest = widest.min(doc.width * 2 / 5);
    for server in &watch.servers {
        row(doc, watch, server, runs, widest, now);
    }
}

fn row(doc: &mut Doc, watch: &Watch, server: &Server, runs: bool, widest: usize, now: jiff::Timestamp) {
    let standing = watch.standing(server);
    let (glyph, _, said) = look(server, standing);
    let ink = match said {
        Said::Pass => Ink::Pass,
        Said::Fail => Ink::Fail,
        Said::Warn => Ink::Warn,
        _ => Ink::Faint,
    };
    let name = crate::safe::clip(&doc.pen.clean(label(server)), widest);
    let pad = " ".repeat(widest.saturating_sub(name.width()));
    let words = [server.who.aside(), &server.words()].join(" ");
    let text = doc.pen.clean(words.trim_start());
    let heard = !matches!(standing, Standing::Waiting | Standing::Silent);
    let left = server.left(now).filter(|_| heard).map_or(String::new(), |left| clock(left.into()));
    // What is left on the wall since the clocks were last compared.
    let passed = now.duration_since(watch.last.wall).unsigned_abs();
    let next = server.next.saturating_sub(watch.last.ticks).saturating_sub(passed).as_secs();
    let next = if runs && !watch.is_resting() { clock(next) } else { String::new() };
    let right = if doc.width >= 70 { format!("{left:>8}{next:>8}") } else { format!("{left:>8}") };
    let room = doc.width.saturating_sub(6 + widest + 2);
    let text = crate::safe::clip(&text, room.saturating_sub(right.width() + 1));
    let gap = " ".repeat(room.saturating_sub(text.width() + right.width()));
    let rest = format!("{text}{gap}{right}");
    doc.row(&[
        ("  ", Ink::Plain),
        (glyph, ink),
        (" ", Ink::Plain),
        (&name, Ink::Strong),
        (&pad, Ink::Plain),
        ("  ", Ink::Plain),
        (&rest, Ink::Plain),
    ]);
}
