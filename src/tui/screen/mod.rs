//! The screens, one small file each: what it draws, and what keys do there.

pub mod answer;
pub mod ask;
pub mod bounce;
pub mod cases;
pub mod changes;
pub mod detail;
pub mod dkim;
pub mod dmarc;
pub mod edit;
pub mod fetch;
pub mod filters;
pub mod form;
pub mod headers;
pub mod home;
pub mod hops;
pub mod input;
pub mod keys;
pub mod lesson;
pub mod listen;
pub mod onboard;
pub mod practice;
pub mod records;
pub mod requirements;
pub mod samples;
pub mod send;
pub mod sources;
pub mod spf;
pub mod stated;
pub mod trouble;
pub mod troubles;
pub mod verdict;
pub mod warmup;
pub mod watch;
pub mod watch_form;
pub mod wish;

use super::app::{App, Screen};
use super::keys::Action;
use super::msg::Effect;
use super::widget::doc::{Doc, Pen};
use crate::safe::Safe;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Gives an action to the screen that is open.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match app.screen() {
        Screen::Home => home::act(app, action),
        Screen::Samples => samples::act(app, action),
        Screen::Practice => practice::act(app, action),
        Screen::Lesson => lesson::act(app, action),
        Screen::Troubles => troubles::act(app, action),
        Screen::Trouble => trouble::act(app, action),
        Screen::Input => input::act(app, action),
        Screen::Verdict => verdict::act(app, action),
        Screen::Detail => detail::act(app, action),
        Screen::Spf => spf::act(app, action),
        Screen::Dkim => dkim::act(app, action),
        Screen::Dmarc => dmarc::act(app, action),
        Screen::Hops => hops::act(app, action),
        Screen::Headers => headers::act(app, action),
        Screen::Stated => stated::act(app, action),
        Screen::Ask => ask::act(app, action),
        Screen::Cases => cases::act(app, action),
        Screen::Records => records::act(app, action),
        Screen::Requirements => requirements::act(app, action),
        Screen::Filters => filters::act(app, action),
        Screen::Sources => sources::act(app, action),
        Screen::Wish => wish::act(app, action),
        Screen::Changes => changes::act(app, action),
        Screen::Watch => watch::act(app, action),
        Screen::WatchForm => watch_form::act(app, action),
        Screen::Form => form::act(app, action),
        Screen::SendForm => send::form::act(app, action),
        Screen::Send => send::confirm::act(app, action),
        Screen::Session => send::talk::act(app, action),
        Screen::Onboard => onboard::act(app, action),
        Screen::OnboardForm => onboard::form::act(app, action),
        Screen::WarmUp => warmup::act(app, action),
        Screen::WarmUpForm | Screen::WarmUpDay => warmup::form::act(app, action),
        Screen::Edit => edit::act(app, action),
        Screen::Fetch => fetch::act(app, action),
        Screen::FetchForm => fetch::form::act(app, action),
        Screen::Listen => listen::act(app, action),
        Screen::ListenForm => listen::form::act(app, action),
    }
}

/// Draws the screen that is open.
pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    match app.screen() {
        Screen::Home => home::draw(app, frame, area, pen),
        Screen::Samples => samples::draw(app, frame, area, pen),
        Screen::Practice => practice::draw(app, frame, area, pen),
        Screen::Lesson => lesson::draw(app, frame, area, pen),
        Screen::Troubles => troubles::draw(app, frame, area, pen),
        Screen::Trouble => trouble::draw(app, frame, area, pen),
        Screen::Input => input::draw(app, frame, area, pen),
        Screen::Verdict => verdict::draw(app, frame, area, pen),
        Screen::Detail => detail::draw(app, frame, area, pen),
        Screen::Spf => spf::draw(app, frame, area, pen),
        Screen::Dkim => dkim::draw(app, frame, area, pen),
        Screen::Dmarc => dmarc::draw(app, frame, area, pen),
        Screen::Hops => hops::draw(app, frame, area, pen),
        Screen::Headers => headers::draw(app, frame, area, pen),
        Screen::Stated => stated::draw(app, frame, area, pen),
        Screen::Ask => ask::draw(app, frame, area, pen),
        Screen::Cases => cases::draw(app, frame, area, pen),
        Screen::Records => records::draw(app, frame, area, pen),
        Screen::Requirements => requirements::draw(app, frame, area, pen),
        Screen::Filters => filters::draw(app, frame, area, pen),
        Screen::Sources => sources::draw(app, frame, area, pen),
        Screen::Wish => wish::draw(app, frame, area, pen),
        Screen::Changes => changes::draw(app, frame, area, pen),
        Screen::Watch => watch::draw(app, frame, area, pen),
        Screen::WatchForm => watch_form::draw(app, frame, area, pen),
        Screen::Form => form::draw(app, frame, area, pen),
        Screen::SendForm => send::form::draw(app, frame, area, pen),
        Screen::Send => send::confirm::draw(app, frame, area, pen),
        Screen::Session => send::talk::draw(app, frame, area, pen),
        Screen::Onboard => onboard::draw(app, frame, area, pen),
        Screen::OnboardForm => onboard::form::draw(app, frame, area, pen),
        Screen::WarmUp => warmup::draw(app, frame, area, pen),
        Screen::WarmUpForm | Screen::WarmUpDay => warmup::form::draw(app, frame, area, pen),
        Screen::Edit => edit::draw(app, frame, area, pen),
        Screen::Fetch => fetch::draw(app, frame, area, pen),
        Screen::FetchForm => fetch::form::draw(app, frame, area, pen),
        Screen::Listen => listen::draw(app, frame, area, pen),
        Screen::ListenForm => listen::form::draw(app, frame, area, pen),
    }
}

/// The title line: where we are, and what it is about.
pub fn title(app: &App) -> (String, String) {
    let (title, right) = place(app);
    let fetch = if app.screen() == Screen::Fetch { "" } else { app.fetches.mark() };
    let watches = if app.screen() == Screen::Watch { String::new() } else { app.watches.mark() };
    let listens = if app.screen() == Screen::Listen { String::new() } else { app.listens.mark() };
    let all = format!("{fetch}{listens}{watches}{right}");
    (title, if right.is_empty() { all.trim_end_matches(" · ").to_owned() } else { all })
}

fn place(app: &App) -> (String, String) {
    let case = app.case.as_ref();
    let name = case.map(|c| c.name()).unwrap_or_default();
    let here = match app.screen() {
        Screen::Home => return (format!("postdoc {}", env!("CARGO_PKG_VERSION")), String::new()),
        Screen::Samples => return ("postdoc › examples".to_owned(), String::new()),
        Screen::Practice => return ("postdoc › practice".to_owned(), PRACTICE.to_owned()),
        Screen::Lesson => {
            let id = app.practice.lesson.map_or("", |lesson| lesson.id);
            return (format!("postdoc › practice › {id}"), PRACTICE.to_owned());
        }
        Screen::Troubles => return ("postdoc › find out why mail fails".to_owned(), String::new()),
        Screen::Trouble => {
            let id = app.troubles.symptom.map_or("", |symptom| &symptom.id);
            let right = if app.practises() { PRACTICE } else { "" };
            return (format!("postdoc › find out why › {id}"), right.to_owned());
        }
        Screen::Input => return ("postdoc › diagnose › input".to_owned(), "kept as draft".to_owned()),
        Screen::Verdict => "verdict",
        Screen::Detail => "finding",
        Screen::Spf => "SPF",
        Screen::Dkim => "DKIM",
        Screen::Dmarc => "DMARC",
        Screen::Hops => "hops",
        Screen::Headers => "headers",
        Screen::Stated if case.is_some_and(|case| case.form.tries) => "try an address",
        Screen::Stated => "stated settings",
        Screen::Ask => return ("postdoc › check a domain".to_owned(), String::new()),
        Screen::Cases => return ("postdoc › cases".to_owned(), String::new()),
        Screen::Records => "records",
        Screen::Requirements => "what receivers ask",
        Screen::Filters => "what filters said",
        Screen::Sources => "sources",
        Screen::Wish => "what to check",
        Screen::Changes => "what changed",
        Screen::Watch => return ("postdoc › watch".to_owned(), bell(app)),
        Screen::WatchForm => return ("postdoc › watch a DNS change".to_owned(), String::new()),
        Screen::Form => "DNS form",
        Screen::SendForm => return ("postdoc › send a test message".to_owned(), String::new()),
        Screen::Send => return path(app, "send › nothing has left yet", "", "send it?"),
        Screen::Session => return path(app, "send › session", "", "session"),
        Screen::Onboard => "set up",
        Screen::OnboardForm => {
            let right = if app.practises() { PRACTICE } else { "" };
            return ("postdoc › set up a sending domain".to_owned(), right.to_owned());
        }
        Screen::WarmUp => return ("postdoc › warm-up".to_owned(), String::new()),
        Screen::WarmUpForm => return ("postdoc › warm-up › what is known".to_owned(), String::new()),
        Screen::WarmUpDay => return ("postdoc › warm-up › a day's numbers".to_owned(), String::new()),
        Screen::Edit => "edit",
        Screen::Fetch => return path(app, "fetch", "read-only", "mailbox"),
        Screen::FetchForm => return ("postdoc › fetch a message".to_owned(), String::new()),
        Screen::Listen => return ("postdoc › receive mail here".to_owned(), "relays nothing".to_owned()),
        Screen::ListenForm => return ("postdoc › receive mail here › how".to_owned(), String::new()),
    };
    let tries = case.filter(|case| case.running > 0).and_then(|case| case.opened.input.effort().progress());
    let right = case.map_or(String::new(), |case| match case.running {
        _ if tries.is_some() => {
            let (tried, of) = tries.unwrap_or_default();
            format!("{} trying {} of {} changes", spinner(app), grouped(tried), grouped(of))
        }
        0 if case.stopped => "stopped".to_owned(),
        0 => case.opened.input.file_name().to_owned(),
        1 => format!("{} 1 DNS question", spinner(app)),
        n => format!("{} {n} DNS questions", spinner(app)),
    });
    let redacted = if app.redact { "redacted · " } else { "" };
    if case.is_some_and(|case| case.opened.practice) {
        let running = if case.is_some_and(|case| case.running > 0) { format!("{right} · ") } else { String::new() };
        return (format!("postdoc › practice › {name} › {here}"), format!("{redacted}{running}{PRACTICE}"));
    }
    (format!("postdoc › {name} › {here}"), format!("{redacted}{right}"))
}

/// A screen that shows the user's own mail, or that of a lesson or of a new domain.
fn path(app: &App, own: &str, right: &str, practised: &str) -> (String, String) {
    let lesson = app.practice.lesson.map(|lesson| lesson.id);
    let about = lesson.or_else(|| app.onboard.sheet().setup.map(|setup| &*setup.domain));
    match about.filter(|_| app.practises()) {
        Some(about) => (format!("postdoc › practice › {about} › {practised}"), PRACTICE.to_owned()),
        None => (format!("postdoc › {own}"), right.to_owned()),
    }
}

/// `1,200`
fn grouped(n: u32) -> String {
    if n < 1_000 { n.to_string() } else { format!("{},{:03}", n / 1_000, n % 1_000) }
}

/// How long the watch on the screen has run, and how it tells of its end.
fn bell(app: &App) -> String {
    let state = app.watches.shown().filter(|w| w.runs()).and_then(|w| w.state.as_ref());
    let Some(watch) = state else { return String::new() };
    let passed = app.now.duration_since(watch.began.wall).as_secs().max(0);
    let clock = crate::report::watch::clock(u64::try_from(passed).unwrap_or_default());
    if watch.is_resting() {
        return format!("paused at {clock}");
    }
    format!("running {clock} · {}", if app.watches.quiet { "no bell" } else { "bell when over" })
}

/// The mark of everything that is invented.
const PRACTICE: &str = "PRACTICE: nothing here is real";

/// One cell that turns while something runs.
fn spinner(app: &App) -> char {
    match app.look.motion {
        true => ['-', '\\', '|', '/'][app.spin % 4],
        false => '…',
    }
}

/// Moves the top of a page of text that belongs to no case.
fn turn(top: usize, action: Action, page: usize) -> Option<usize> {
    Some(match action {
        Action::Up => top.saturating_sub(1),
        Action::Down => top.saturating_add(1),
        Action::PageUp => top.saturating_sub(page.max(1)),
        Action::PageDown => top.saturating_add(page.max(1)),
        Action::Top => 0,
        Action::Bottom => usize::MAX,
        _ => return None,
    })
}

/// Moves the top of a page of text; `false` where the action does not scroll.
fn scroll(app: &mut App, action: Action) -> bool {
    let page = app.page.max(1);
    let Some(case) = &mut app.case else { return false };
    case.top = match action {
        Action::Up => case.top.saturating_sub(1),
        Action::Down => case.top.saturating_add(1),
        Action::PageUp => case.top.saturating_sub(page),
        Action::PageDown => case.top.saturating_add(page),
        Action::Top => 0,
        Action::Bottom => usize::MAX,
        _ => return false,
    };
    true
}

/// Moves a mark in a list of `len` lines.
pub(super) fn step(marked: usize, action: Action, len: usize, page: usize) -> Option<usize> {
    let last = len.saturating_sub(1);
    Some(match action {
        Action::Up => marked.min(last).saturating_sub(1),
        Action::Down => (marked + 1).min(last),
        Action::PageUp => marked.saturating_sub(page),
        Action::PageDown => (marked + page).min(last),
        Action::Top => 0,
        Action::Bottom => last,
        _ => return None,
    })
}

/// Draws a page of the case and keeps its top inside.
fn page(app: &mut App, frame: &mut Frame, area: Rect, doc: &Doc) {
    let top = app.case.as_ref().map_or(0, |case| case.top);
    let top = doc.scrolled(frame, area, top);
    if let Some(case) = &mut app.case {
        case.top = top;
    }
}

/// Leaves the screen with plain text to select from: the records of the finding under the
/// cursor, or the header.
pub fn plain_page(app: &App) -> Vec<Effect> {
    let Some(case) = &app.case else { return vec![] };
    let target = super::popup::copy::target(app, case);
    let text = match (app.screen(), target.and_then(|t| case.finding(t))) {
        (Screen::Verdict | Screen::Detail | Screen::Form, Some(finding)) => detail::plain(finding),
        _ => Safe::block(&case.opened.input.text).into_string(),
    };
    let text = app.redactor.as_ref().map_or(text.clone(), |r| r.apply(&text));
    vec![Effect::PlainPage(Safe::block(text).into_string())]
}

/// The key of a line of a list: 1 to 9, 0 for the tenth, none after it.
fn digit(line: usize) -> char {
    u32::try_from(line).ok().filter(|n| *n < 10).and_then(|n| char::from_digit((n + 1) % 10, 10)).unwrap_or(' ')
}
