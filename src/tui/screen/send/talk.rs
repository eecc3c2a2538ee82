//! The session, line by line as it happens, and what it came to.
//!
//! ```text
//! ── smtp.example.com [192.0.2.25] port 587 ─────── waits for a reply to RCPT  0:11 ──
//!    0.012 < 220 smtp.example.com ESMTP
//!    0.012 > EHLO host.example.com
//! ── Result ──────────────────────────────────────────────────────────────────────────
//!  ✗ smtp.example.com refused it at RCPT: 550 5.1.1 …
//!  Enter diagnoses it.
//! ```

use crate::evidence::transcript::{Left, Stop, Transcript, Way};
use crate::report::Shown;
use crate::report::human::{Ink as Said, Style};
use crate::report::send::{certificate, line, outcome, sign};
use crate::report::watch::clock;
use crate::rules::bounce::of_session;
use crate::send::Sealed;
use crate::tui::app::App;
use crate::tui::fetches;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::practice;
use crate::tui::screen::{home::cursor, turn};
use crate::tui::sendings::{self, Session};
use crate::tui::theme::Ink;
use crate::tui::update;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let page = app.page;
    match action {
        Action::Open => return sendings::diagnose(app),
        Action::Watch if app.practises() => return practice::wait(app),
        Action::Watch => return arrival(app),
        Action::Stop if app.sending.runs() => return sendings::stop(app),
        Action::Stop => app.say("It is over already."),
        Action::Again if app.sending.runs() => app.say("It is still running."),
        Action::Again => update::back(app),
        Action::Next | Action::Previous => sendings::turn(app, action == Action::Next),
        Action::CopyValue => {
            let Some(t) = app.sending.session.as_ref().and_then(Session::transcript) else { return vec![] };
            return vec![Effect::Copy { text: text(t), what: "the session".to_owned() }];
        }
        other => app.sending.top = turn(app.sending.top, other, page).unwrap_or(app.sending.top),
    }
    vec![]
}

/// Waits for the message in a mailbox, as far as it may have left.
fn arrival(app: &mut App) -> Vec<Effect> {
    let over = app.sending.session.as_ref().filter(|s| !s.runs());
    let gone: Vec<Sealed> = over.iter().flat_map(|s| s.gone()).cloned().collect();
    match gone.is_empty() {
        false => fetches::after(app, &gone),
        true if app.sending.runs() => app.say("It is still running."),
        true => app.say("The message has not left: there is nothing to wait for."),
    }
    vec![]
}

/// As the shell prints it.
fn text(t: &Transcript) -> String {
    let style = Style { colour: false, unicode: true, width: 200, full: false };
    t.lines.iter().map(|l| line(l, style, Shown::default())).collect()
}

/// What became of it, in one sentence.
pub fn headline(t: &Transcript) -> String {
    of_session(t).unwrap_or_else(|| match &t.stop {
        Some(Stop::Refused { reply }) => {
            let first = reply.lines().next().unwrap_or_default();
            format!("{} refused it at {}: {first}", t.host, t.stage.word())
        }
        _ => String::new(),
    })
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let mut doc = Doc::new(pen, area.width);
    let area = match &app.sending.session {
        Some(session) if session.letters.len() > 1 => beneath(recipients(session, pen, area.width), frame, area),
        _ => area,
    };
    match &app.sending.session {
        Some(session) => page(&mut doc, session, app.now),
        None => doc.para(1, "Nothing has been sent yet.", Ink::Plain),
    }
    let last = doc.lines.len().saturating_sub(1);
    let top = doc.draw(frame, area, app.sending.top);
    // While it runs, the end stays in sight.
    app.sending.top = if app.sending.runs() { usize::MAX } else { top };
    cursor(frame, area, last, top);
}

/// Draws what always stands on top; the area beneath it.
fn beneath(head: Doc, frame: &mut Frame, area: Rect) -> Rect {
    let lines = u16::try_from(head.lines.len()).unwrap_or(u16::MAX).min(area.height / 2);
    head.draw(frame, Rect { height: lines, ..area }, 0);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// `▸ ✓ me@gmail.com   accepted`
fn recipients<'a>(session: &Session, pen: Pen<'a>, width: u16) -> Doc<'a> {
    let mut doc = Doc::new(pen, width);
    let width = session.letters.iter().map(|l| l.draft.to.to_string().width()).max().unwrap_or_default();
    for (n, letter) in session.letters.iter().enumerate() {
        let state = session.states.get(n);
        let (glyph, ink, text) = match state {
            Some(p) if !p.over => ("…", Ink::Strong, "being sent".to_owned()),
            Some(p) if p.transcript.left == Left::Yes => ("✓", Ink::Pass, outcome(Some(&p.transcript))),
            Some(p) => ("✗", Ink::Fail, outcome(Some(&p.transcript))),
            None if session.runs() => (" ", Ink::Faint, "to be sent".to_owned()),
            None => ("–", Ink::Faint, outcome(None)),
        };
        let text = format!(" {:<width$}  {text}", letter.draft.to.to_string());
        doc.entry(n == session.shown(), &[(glyph, ink), (&text, Ink::Plain)]);
    }
    doc.para(1, "n and N show the session of the next and the previous.", Ink::Faint);
    doc
}

fn page(doc: &mut Doc, session: &Session, now: jiff::Timestamp) {
    if let Some(why) = &session.fault {
        return doc.para(1, format!("Nothing was sent: {why}."), Ink::Warn);
    }
    let Some(progress) = session.progress() else {
        let text = if session.states.is_empty() && session.runs() { "Reading the secret." } else { "Not begun with." };
        return doc.para(1, text, Ink::Plain);
    };
    let t = &progress.transcript;
    let place = match t.address {
        Some(address) => format!("{} [{}] port {}", t.host, address.ip(), address.port()),
        None => t.host.clone(),
    };
    doc.section(&place, t.security.word());
    for line in &t.lines {
        let (sign, said) = sign(line);
        let ink = match said {
            Some(Said::Fail) => Ink::Fail,
            Some(_) => Ink::Faint,
            None => Ink::Plain,
        };
        let at = format!("{:>8.3} {sign} ", f64::from(line.at_ms) / 1000.0);
        for (n, text) in line.text.lines().enumerate() {
            let at = if n == 0 { at.clone() } else { format!("{:>8} {sign} ", "") };
            doc.hang(&at, Ink::Faint, text, ink);
        }
        if line.way == Way::Note && line.text.starts_with("TLS") {
            certificate(t).iter().skip(1).for_each(|c| doc.hang("           ", Ink::Faint, c, Ink::Faint));
        }
    }
    if let Some(wait) = progress.waiting.as_ref().filter(|_| !progress.over) {
        let goes = if wait.resumes { "goes on in" } else { "gives up in" };
        let left = session.left(now).map_or(String::new(), |left| format!("   {goes} {}", clock(left)));
        let stop = if session.stopping { "   stopping" } else { "" };
        doc.row(&[("         … ", Ink::Strong), (&format!("waits for {}{left}{stop}", wait.what), Ink::Strong)]);
    }
    if progress.over {
        doc.section("Result", "");
        let (glyph, ink) = match (&t.stop, t.left) {
            (_, Left::Yes) => ("✓", Ink::Pass),
            (Some(Stop::Cancelled), Left::No) => ("?", Ink::Strong),
            _ => ("✗", Ink::Fail),
        };
        doc.hang(&format!(" {glyph} "), ink, headline(t), Ink::Strong);
        if t.left != Left::No
            && let Some(id) = session.letter().and_then(|l| l.composed.message_id.as_ref())
        {
            doc.hang("   ", Ink::Plain, format!("Look for Message-ID {id}"), Ink::Plain);
            let key = if session.practice { "Enter" } else { "w" };
            let what = format!("{key} waits for it in a mailbox, and holds what arrives against what was sent.");
            doc.para(3, what, Ink::Faint);
        }
        if session.practice {
            return doc.para(3, "Esc goes back; m sends the test again there.", Ink::Faint);
        }
        let more = match &t.stop {
            Some(Stop::Cancelled) | None => "Enter opens the case",
            Some(_) => "Enter leads to the diagnosis",
        };
        doc.para(3, format!("{more}; r goes back to the form."), Ink::Faint);
    }
}
