//! The watches of this session: they go on while the user is elsewhere.

use super::app::{App, Screen};
use super::msg::{Effect, Ticket};
use super::screen::watch_form::Form;
use crate::report;
use crate::shell::word;
use crate::watch::{End, Expect, INTERVAL, TIMEOUT, Watch};
use crate::world::watch::Wanted;

/// At once at most.
const MOST: usize = 8;

/// One watch, running or over.
#[derive(Debug)]
pub struct Watching {
    pub ticket: Ticket,
    pub wanted: Wanted,
    /// `None` until the first state arrives.
    pub state: Option<Watch>,
    pub stopped: bool,
    /// Why it could not begin.
    pub fault: Option<String>,
    /// It rests: nobody is asked.
    pub paused: bool,
    /// The user has looked at how it ended.
    pub seen: bool,
}

impl Watching {
    pub fn runs(&self) -> bool {
        !self.stopped && self.fault.is_none() && self.state.as_ref().is_none_or(|w| w.end.is_none())
    }

    /// How it stands, in a few words.
    pub fn words(&self) -> String {
        match (&self.fault, &self.state) {
            (Some(fault), _) => fault.clone(),
            (None, Some(watch)) if self.stopped => format!("stopped; {}", report::watch::result(watch)),
            (None, Some(watch)) if self.paused && self.runs() => format!("paused; {}", report::watch::result(watch)),
            (None, Some(watch)) => report::watch::result(watch),
            (None, None) => "looking up the zone".to_owned(),
        }
    }

    /// What does the same in a shell.
    pub fn command(&self) -> String {
        let Wanted { name, kind, expect, servers, resolvers, .. } = &self.wanted;
        let values = match expect {
            Expect::Gone => vec![String::new()],
            expect => expect.values(),
        };
        let expect: String = values.iter().map(|v| format!(" --expect {}", word(v))).collect();
        let servers: String = servers.iter().map(|s| format!(" --server {}", word(s))).collect();
        let resolvers: String = resolvers.iter().map(|r| format!(" --resolver {r}")).collect();
        format!("postdoc watch {} {kind}{expect}{servers}{resolvers}", word(name))
    }
}

/// All of them, the newest last.
#[derive(Debug, Default)]
pub struct Watches {
    pub list: Vec<Watching>,
    /// The one on the screen.
    pub at: usize,
    /// No bell when one is over.
    pub quiet: bool,
    pub form: Form,
    last: u64,
}

impl Watches {
    pub fn running(&self) -> usize {
        self.list.iter().filter(|w| w.runs()).count()
    }

    pub fn shown(&self) -> Option<&Watching> {
        self.list.get(self.at)
    }

    /// What a title says of them on other screens.
    pub fn mark(&self) -> String {
        let over = self.list.iter().filter(|w| !w.runs() && !w.seen).count();
        let count = |n: usize, what: &str| match n {
            0 => String::new(),
            1 => format!("1 watch{what} · "),
            n => format!("{n} watches{what} · "),
        };
        format!("{}{}", count(over, " over"), count(self.running(), ""))
    }
}

/// Begins a watch and shows it.
pub fn begin(app: &mut App, wanted: Wanted) -> Vec<Effect> {
    let same = |w: &Watching| w.runs() && w.wanted.name == wanted.name && w.wanted.kind == wanted.kind;
    let mut effects = Vec::new();
    if let Some(at) = app.watches.list.iter().position(|w| same(w) && w.wanted.expect == wanted.expect) {
        let old = &app.watches.list[at];
        if old.wanted.servers == wanted.servers && old.wanted.resolvers == wanted.resolvers {
            app.watches.at = at;
            show(app);
            app.say("This is being watched already.");
            return vec![];
        }
        // Somebody else is to be asked as well: it begins anew, with all of them.
        effects.push(Effect::Unwatch(old.ticket));
        app.watches.list.remove(at);
    }
    if app.watches.running() >= MOST {
        app.warn(format!("{MOST} watches run already: stop one first (Ctrl+C on its screen)."));
        return vec![];
    }
    let watches = &mut app.watches;
    watches.last += 1;
    let ticket = Ticket(watches.last);
    let effect = Effect::Watch(ticket, Box::new(wanted.clone()));
    watches.list.push(Watching { ticket, wanted, state: None, stopped: false, fault: None, paused: false, seen: true });
    watches.at = watches.list.len() - 1;
    show(app);
    effects.push(effect);
    effects
}

/// Goes to the screen of watches.
pub fn show(app: &mut App) {
    if app.screen() != Screen::Watch {
        app.screens.push(Screen::Watch);
    }
    look(app);
}

/// The user sees the one that is marked.
pub fn look(app: &mut App) {
    let at = app.watches.at;
    if let Some(watching) = app.watches.list.get_mut(at) {
        watching.seen = true;
    }
}

/// What is to be watched, with the intervals of a screen.
pub fn wanted(name: String, kind: crate::evidence::Kind, expect: Expect, servers: Vec<String>) -> Wanted {
    Wanted { name, kind, expect, servers, resolvers: vec![], interval: INTERVAL, timeout: TIMEOUT }
}

/// News of a watch.
pub fn heard(app: &mut App, ticket: Ticket, state: Result<Box<Watch>, String>) -> Vec<Effect> {
    let looking = app.screen() == Screen::Watch;
    let Watches { list, at, quiet, .. } = &mut app.watches;
    let Some(place) = list.iter().position(|w| w.ticket == ticket && w.runs()) else { return vec![] };
    let watching = &mut list[place];
    match state {
        Ok(state) => watching.state = Some(*state),
        Err(why) => watching.fault = Some(why),
    }
    if watching.runs() {
        return vec![];
    }
    watching.seen = looking && *at == place;
    let text = format!("{} {}: {}.", watching.wanted.name, watching.wanted.kind, watching.words());
    let (bell, good) = (!*quiet, watching.state.as_ref().is_some_and(|w| w.end == Some(End::Agreed)));
    match good {
        true => app.say(text),
        false => app.warn(text),
    }
    if bell { vec![Effect::Bell] } else { vec![] }
}

/// Has the one on the screen rest, or go on.
pub fn pause(app: &mut App) -> Vec<Effect> {
    let at = app.watches.at;
    let Some(watching) = app.watches.list.get_mut(at).filter(|w| w.runs()) else {
        app.say("This watch is over; r begins it again.");
        return vec![];
    };
    watching.paused = !watching.paused;
    let (ticket, paused) = (watching.ticket, watching.paused);
    app.say(match paused {
        true => "Paused: nobody is asked, and the time does not count. Space goes on.",
        false => "Goes on.",
    });
    vec![Effect::Rest(ticket, paused)]
}

/// Stops the one on the screen.
pub fn stop(app: &mut App) -> Vec<Effect> {
    let at = app.watches.at;
    let Some(watching) = app.watches.list.get_mut(at).filter(|w| w.runs()) else { return vec![] };
    watching.stopped = true;
    let ticket = watching.ticket;
    app.say("Stopped watching; what was seen is kept.");
    vec![Effect::Unwatch(ticket)]
}
