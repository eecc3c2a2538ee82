//! `update`: the only place where the app's state changes in answer to a message.

use super::app::{App, Screen};
use super::case::Case;
use super::edits;
use super::fetches;
use super::keys::{self, Action, Key, Places, View};
use super::listens;
use super::msg::{Effect, Msg, Ticket};
use super::onboards;
use super::popup::{self, Popup};
use super::screen;
use super::sendings;
use super::theme::Choice;
use super::warmups;
use super::watches;
use super::world::{CopyReport, Opened, Source};
use crate::diagnose::diagnose;
use crate::evidence::{Input, InputKind, Said};
use crate::facts::Reading;
use crate::redact::Redaction;
use crate::report::Shown;
use crossterm::event::{KeyCode, KeyEvent};
use std::sync::Arc;

/// Takes a message in and says what is to be done.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => key(app, event),
        Msg::Paste(text) => paste(app, &text),
        // Also where the size is the old one again: a terminal drops what stood outside a smaller one.
        Msg::Resize => vec![Effect::Redraw],
        Msg::Tick => {
            app.spin = app.spin.wrapping_add(1);
            onboards::tick(app)
        }
        Msg::KeyMade(made) => onboards::key_made(app, made),
        Msg::Recalled(kept) => onboards::recalled(app, kept),
        Msg::Opened(ticket, result) if ticket == app.ticket => opened(app, ticket, result),
        Msg::Progress(ticket, progress) if ticket == app.ticket => {
            let over = progress.running == 0;
            if let Some(case) = &mut app.case {
                if case.diagnosis.is_none() || case.running != progress.running {
                    app.redactor = None;
                }
                let edits = case.edits.len();
                case.progress(*progress);
                let lost = edits > case.edits.len();
                if let Some(text) = over.then(|| case.settled()).flatten() {
                    app.say(text);
                }
                if lost {
                    app.warn("Another record is proposed now: what you had edited is let go.");
                }
            }
            if over && super::practice::is_cured(app) {
                app.practice.cured.extend(app.practice.lesson.map(|lesson| lesson.id));
                app.say("Cured. Esc goes back to the lesson.");
            }
            redactor(app);
            super::troubles::learn(app);
            let mut effects = onboards::heard(app, over);
            if let Some(case) = app.case.as_mut().filter(|case| case.running == 0) {
                effects.extend(edits::again(case));
            }
            effects
        }
        Msg::Opened(..) | Msg::Progress(..) => vec![],
        Msg::Copied { what, bytes, report } => {
            copied(app, &what, bytes, report);
            vec![]
        }
        Msg::Saved(Ok(path)) => {
            app.say(format!("Saved {}.", path.display()));
            vec![]
        }
        Msg::Saved(Err(why)) => {
            app.warn(format!("Not saved: {why}. Press P for a plain page, or c to copy."));
            vec![]
        }
        Msg::Watched(ticket, state) => watches::heard(app, ticket, state),
        Msg::Composed(ready) => sendings::composed(app, ready),
        Msg::Sending(ticket, state) => sendings::heard(app, ticket, state),
        Msg::Fetched(ticket, state) => fetches::heard(app, ticket, state),
        Msg::Told(ticket, told) => listens::heard(app, ticket, told),
        Msg::Tried(ticket, tried) => {
            edits::heard(app, ticket, *tried);
            vec![]
        }
        Msg::DraftLost(why) => {
            app.warn(format!("What you typed could not be kept on disk: {why}."));
            vec![]
        }
        Msg::Background(background) => {
            if app.look.theme == Choice::Auto {
                app.theme = background.into();
            }
            vec![]
        }
    }
}

/// Asks for a source to be opened; whatever was asked before is stale from here on.
pub fn open(app: &mut App, source: Source) -> Vec<Effect> {
    app.opening = true;
    vec![Effect::Open(app.next_ticket(), source)]
}

fn key(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    app.status = None;
    let place = app.place();
    let Some(key) = Key::of(&event) else { return vec![] };
    if let Some(action) = keys::find(place, key) {
        let leaves = matches!(action, Action::Back | Action::Quit | Action::Interrupt);
        let leaves = leaves && app.popup.is_none() && app.screen() == Screen::Onboard;
        let mut effects = if leaves { onboards::left(app) } else { vec![] };
        effects.extend(act(app, action));
        if leaves && app.screen() == Screen::Verdict {
            effects.extend(onboards::behind(app));
        }
        effects.extend(onboards::resume(app));
        return effects;
    }
    match key.code {
        KeyCode::Char(_) if !key.ctrl && Places::TYPING.has(place) => typed(app, event),
        _ => {
            let help = if Places::TYPING.has(place) { "F1" } else { "?" };
            app.say(format!("{} does nothing here. {help} shows the keys.", key.show()));
            vec![]
        }
    }
}

/// A printable key where one types.
fn typed(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    let KeyCode::Char(c) = event.code else { return vec![] };
    let text = c.to_string();
    match (&mut app.popup, app.screens.last()) {
        (Some(Popup::Finder(finder)), _) => finder.insert(&text),
        (Some(Popup::Blank(filling)), _) => filling.line.insert(&text),
        (None, Some(Screen::Input)) => return screen::input::typed(app, event),
        (None, Some(Screen::Stated)) => screen::stated::insert(app, &text),
        (None, Some(Screen::Ask)) => app.domain.insert(&text),
        (None, Some(Screen::Cases)) => screen::cases::insert(app, &text),
        (None, Some(Screen::Wish)) => wished(app, &text),
        (None, Some(Screen::WatchForm)) => screen::watch_form::insert(&mut app.watches.form, &text),
        (None, Some(Screen::SendForm)) => screen::send::form::insert(&mut app.sending.form, &text),
        (None, Some(Screen::OnboardForm)) => app.onboard.form.insert(&text),
        (None, Some(Screen::WarmUpForm | Screen::WarmUpDay)) => screen::warmup::form::insert(app, &text),
        (None, Some(Screen::FetchForm)) => screen::fetch::form::insert(app, &text),
        (None, Some(Screen::ListenForm)) => screen::listen::form::insert(app, &text),
        (None, Some(Screen::Edit)) => return screen::edit::insert(app, &text),
        (None, Some(Screen::Verdict)) => screen::verdict::insert(app, &text),
        _ => {}
    }
    vec![]
}

fn wished(app: &mut App, text: &str) {
    if let Some(case) = &mut app.case {
        screen::wish::insert(&mut case.wish, text);
    }
}

/// In a field a paste is its text, unless it is a whole header or more; anywhere else it is something to diagnose.
fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    app.status = None;
    let filtering = app.place() == Places::FILTER;
    let editing = app.popup.is_none() && app.screen() == Screen::Input;
    if app.popup.is_none()
        && matches!(app.screen(), Screen::WarmUp | Screen::WarmUpDay)
        && let Some(effects) = warmups::pasted(app, text)
    {
        return effects;
    }
    if !editing && Input::is_evidence(text) {
        return diagnose_paste(app, text);
    }
    match (&mut app.popup, app.screens.last()) {
        (Some(Popup::Finder(finder)), _) => {
            finder.insert(text.trim_end());
            return vec![];
        }
        (Some(Popup::Blank(filling)), _) => {
            filling.line.insert(text.trim());
            return vec![];
        }
        (None, Some(Screen::Input)) => return screen::input::pasted(app, text),
        (None, Some(Screen::Stated)) => {
            screen::stated::insert(app, text.trim());
            return vec![];
        }
        (None, Some(Screen::Wish)) => {
            wished(app, text.trim());
            return vec![];
        }
        (None, Some(Screen::WatchForm)) => {
            screen::watch_form::insert(&mut app.watches.form, text.trim());
            return vec![];
        }
        (None, Some(Screen::SendForm)) => {
            screen::send::form::insert(&mut app.sending.form, text.trim());
            return vec![];
        }
        (None, Some(Screen::OnboardForm)) => {
            app.onboard.form.insert(text.trim());
            return vec![];
        }
        (None, Some(Screen::WarmUpForm | Screen::WarmUpDay)) => {
            screen::warmup::form::insert(app, text.trim());
            return vec![];
        }
        (None, Some(Screen::FetchForm)) => {
            screen::fetch::form::insert(app, text.trim());
            return vec![];
        }
        (None, Some(Screen::ListenForm)) => {
            screen::listen::form::insert(app, text.trim());
            return vec![];
        }
        (None, Some(Screen::Edit)) => return screen::edit::insert(app, text.trim()),
        (None, Some(Screen::Ask)) if crate::evidence::input::is_host(text.trim()) => {
            app.domain.insert(text.trim());
            // Typed faster than a terminal hands out keys, or pasted with its line end.
            return if text.ends_with(['\n', '\r']) { screen::ask::check(app) } else { vec![] };
        }
        (None, Some(Screen::Verdict)) if filtering => {
            screen::verdict::insert(app, text.trim());
            return vec![];
        }
        _ => {}
    }
    diagnose_paste(app, text)
}

fn diagnose_paste(app: &mut App, text: &str) -> Vec<Effect> {
    app.popup = None;
    app.editor.set(&text.replace("\r\n", "\n").replace('\r', "\n"));
    let mut effects = vec![Effect::SaveDraft(app.editor.text())];
    effects.extend(diagnose_text(app, None));
    effects
}

/// Opens what is in the editor; `kind` overrules the recogniser.
pub fn diagnose_text(app: &mut App, kind: Option<InputKind>) -> Vec<Effect> {
    let bytes: Arc<[u8]> = app.editor.text().into_bytes().into();
    open(app, Source::Text { name: PASTED.to_owned(), bytes, kind })
}

/// A paste before it is known what it is.
const PASTED: &str = "paste";

fn opened(app: &mut App, ticket: Ticket, result: Result<Box<Opened>, String>) -> Vec<Effect> {
    app.opening = false;
    let mut opened = match result {
        Ok(opened) => *opened,
        Err(why) => {
            onboards::refused(app);
            app.warn(why);
            return vec![];
        }
    };
    if !opened.input.kind.is_judged() {
        screen::input::ask(app, &opened.input);
        return vec![];
    }
    app.question.clear();
    if opened.input.name == PASTED {
        let what = match opened.input.kind {
            InputKind::Headers => "header",
            kind => kind.word(),
        };
        Arc::make_mut(&mut opened.input).name = format!("pasted {what}");
    }
    run(app, ticket, opened)
}

/// Shows the verdict of a case that starts to run.
fn run(app: &mut App, ticket: Ticket, opened: Opened) -> Vec<Effect> {
    app.redactor = None;
    onboards::park(app);
    let mut case = Case::new(opened.clone());
    case.before = opened.earlier.clone().map(|evidence| {
        // On the thread of the app nothing is searched for.
        let evidence = Arc::new(evidence.at_a_glance());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        diagnose(evidence, reading)
    });
    app.case = Some(case);
    app.view(Screen::Verdict);
    onboards::opened(app);
    vec![Effect::Run(ticket, Box::new(opened))]
}

/// Shows a diagnosis that was made elsewhere.
pub fn show_recorded(app: &mut App, opened: Opened) -> Vec<Effect> {
    app.opening = false;
    let ticket = app.next_ticket();
    run(app, ticket, opened)
}

/// Runs the open case again, with these statements.
pub fn rerun(app: &mut App, said: Said) -> Vec<Effect> {
    let ticket = app.next_ticket();
    let Some(case) = &mut app.case else { return vec![] };
    case.begin_again();
    case.opened.said = said.clone();
    app.opening = false;
    vec![Effect::rerun(ticket, &case.opened, said)]
}

/// Does an action wherever the user is.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Interrupt if app.popup.as_ref().is_some_and(|p| matches!(p, Popup::Confirm { .. })) => {
            return vec![Effect::Quit];
        }
        Action::Interrupt if app.screen() == Screen::Watch && app.watches.shown().is_some_and(|w| w.runs()) => {
            return watches::stop(app);
        }
        Action::Interrupt if app.screen() == Screen::Session && app.sending.runs() => return sendings::stop(app),
        Action::Interrupt if app.screen() == Screen::Fetch && app.fetches.runs() => return fetches::stop(app),
        Action::Interrupt if app.screen() == Screen::Listen && app.listens.runs() => return listens::stop(app),
        Action::Interrupt if app.busy() => return stop(app),
        Action::Interrupt if app.runs() => {
            app.popup = Some(Popup::Confirm { leave: false });
            return vec![];
        }
        Action::Interrupt => return vec![Effect::Quit],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if app.popup.is_some() {
        return popup::act(app, action);
    }
    match action {
        Action::Help => popup::finder::open(app, popup::finder::Order::Help),
        Action::Command => popup::finder::open(app, popup::finder::Order::Palette),
        Action::Log => app.popup = Some(Popup::Log { top: usize::MAX }),
        Action::Quit if app.runs() => app.popup = Some(Popup::Confirm { leave: false }),
        Action::Quit => return vec![Effect::Quit],
        Action::Redact => {
            app.redact = !app.redact;
            redactor(app);
            let text = match app.redact {
                true => "Redacted: domains, persons, subjects, IPs. Records to publish are copied exactly.",
                false => "Redaction off.",
            };
            app.say(text);
        }
        Action::Test if app.screen() == Screen::Onboard || app.practice.lesson.is_none() => return onboards::test(app),
        Action::Publish if app.screen() == Screen::Onboard => return onboards::publish(app),
        Action::Test => return super::practice::send(app),
        Action::Publish => return super::practice::publish(app),
        Action::Verify => return super::verify::verify(app),
        Action::Changes => app.view(Screen::Changes),
        Action::Watch if app.screen() != Screen::Session && app.practises() => {
            app.say("Nothing to wait for here: what is published in the practice zone is there at once.");
        }
        Action::Watch if app.screen() != Screen::Session => return screen::watch::here(app),
        Action::Watches => watches::show(app),
        Action::Send => sendings::show(app),
        Action::Listen => listens::show(app),
        Action::Troubles => super::troubles::show(app),
        Action::Again if !matches!(app.screen(), Screen::Watch | Screen::Fetch | Screen::Session | Screen::Listen) => {
            if let Some(case) = &mut app.case {
                let said = case.opened.said.clone();
                // What was recorded is the run before; an example knows no other.
                if !case.opened.invented {
                    case.opened.recorded = None;
                }
                app.say("Asking again.");
                return rerun(app, said);
            }
        }
        Action::View(View::Findings) => screen::detail::open_marked(app),
        Action::View(view) => app.view(app.screen_of(view)),
        Action::Stated => screen::stated::open(app),
        Action::CopyAs if app.screen() != Screen::Onboard => popup::copy::open(app),
        Action::Form => screen::form::open(app),
        Action::SaveReport if !matches!(app.screen(), Screen::WarmUp | Screen::Onboard) => return save_report(app),
        Action::Edit if !matches!(app.screen(), Screen::Onboard | Screen::Fetch | Screen::Listen) => {
            return screen::edit::open(app);
        }
        Action::PlainPage => return screen::plain_page(app),
        Action::Back if app.screen() == Screen::Verdict => return screen::verdict::back(app),
        Action::Back => back(app),
        other => return screen::act(app, other),
    }
    vec![]
}

/// One step back; never quits, never discards.
pub fn back(app: &mut App) {
    if app.screens.len() > 1 {
        app.screens.pop();
        if let Some(case) = &mut app.case {
            case.top = 0;
        }
    }
}

/// Stops what runs and keeps what is done.
fn stop(app: &mut App) -> Vec<Effect> {
    app.next_ticket();
    app.opening = false;
    if let Some(case) = &mut app.case {
        case.stopped = case.running > 0;
        case.running = 0;
    }
    app.say("Stopped; what was found so far is kept. r runs it again.");
    vec![Effect::Cancel]
}

/// The redactor of the open case, made when first wanted.
pub(super) fn redactor(app: &mut App) {
    let wanted = app.redact && app.redactor.is_none();
    if let (true, Some(diagnosis)) = (wanted, app.case.as_ref().and_then(|c| c.diagnosis.as_ref())) {
        app.redactor = Some(Redaction::with([&diagnosis.facts], &app.onboard.sheet().told));
    }
    if !app.redact {
        app.redactor = None;
    }
}

fn save_report(app: &mut App) -> Vec<Effect> {
    let Some(case) = &app.case else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let shown = Shown { redaction: app.redactor.as_ref() };
    let text = crate::report::markdown::diagnosis(diagnosis, shown);
    let name: String = case
        .name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' })
        .collect();
    vec![Effect::SaveReport { name: format!("postdoc-{}.md", name.trim_matches('.')), text }]
}

fn copied(app: &mut App, what: &str, bytes: usize, report: CopyReport) {
    match report {
        CopyReport::Copied { via } => app.say(format!("Copied {what} via {via} ({bytes} B). Not there? press P.")),
        CopyReport::Sent { via } => {
            app.say(format!("Sent {what} via {via} ({bytes} B), not confirmed. Not there? press P."))
        }
        CopyReport::Failed { why } => app.warn(format!("Not copied: {why}. P shows it plain, s saves a report.")),
    }
}
