//! Setting up domains: the owner's answers in a form, and for each domain the checklist they lead to.
//!
//! While a checklist is looked at, the zone's own servers are asked again and again, and what they have ticks itself
//! off.

use super::app::{App, Screen};
use super::case::Case;
use super::msg::Effect;
use super::onboard_form;
use super::popup;
use super::practice;
use super::update;
use super::warmups;
use super::widget::form::Form;
use super::world::{KeyWish, Made, Source};
use crate::evidence::Evidence;
use crate::onboarding::{Blank, Checklist, Next, Proof, Stage, State, Step, Told, stale};
use crate::practice::{Cure, Setup};
use crate::remedy::Change;
use crate::report::onboarding::caution;
use jiff::{SignedDuration, Timestamp};

/// How long the zone's own servers are left alone.
pub const PACE: SignedDuration = SignedDuration::from_secs(10);

/// Without a key for so long, nobody is asked any more.
const REST: SignedDuration = SignedDuration::from_hours(1);

/// The note that the answers about a domain are kept under.
pub fn note(domain: &str) -> String {
    format!("onboarding-{domain}")
}

/// One domain.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Empty before there is one.
    pub domain: String,
    pub told: Told,
    pub list: Option<Checklist>,
    /// The check of the domain, while another case is on the screen.
    parked: Option<Case>,
    /// What is invented about it: a domain of the practice world.
    pub setup: Option<&'static Setup>,
    /// The marked step, and the record of it under the cursor.
    pub at: usize,
    pub record: usize,
    /// First line of the details.
    pub top: usize,
    /// The records that were copied last: in the practice world they can be published.
    copied: Vec<Change>,
    /// Every answer of the first check has come.
    whole: bool,
    /// When the zone's own servers were asked last.
    pub asked: Option<Timestamp>,
    /// They were asked since the whole of DNS was: the verdict behind the checklist is the older one.
    newer: bool,
}

/// All of them.
#[derive(Debug)]
pub struct Onboard {
    pub form: Form,
    /// Never empty.
    pub sheets: Vec<Sheet>,
    pub shown: usize,
    /// The next case that opens is that of the sheet on show.
    awaited: bool,
    /// What a second Enter does.
    sure: Option<Next>,
    /// The last key on this screen.
    touched: Timestamp,
}

impl Default for Onboard {
    fn default() -> Onboard {
        Onboard {
            form: Form::new(onboard_form::LINES),
            sheets: vec![Sheet::default()],
            shown: 0,
            awaited: false,
            sure: None,
            touched: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Sheet {
    fn new(domain: String, told: Told) -> Sheet {
        Sheet { domain, told, ..Sheet::default() }
    }

    /// The marked step.
    pub fn step(&self) -> Option<&Step> {
        self.list.as_ref()?.steps.get(self.at)
    }

    /// The place of the record under the cursor.
    pub fn record_at(&self) -> usize {
        self.record.min(self.step().map_or(0, |s| s.changes.len()).saturating_sub(1))
    }

    /// The record under the cursor.
    pub fn change(&self) -> Option<&Change> {
        self.step()?.changes.get(self.record_at())
    }

    /// Is this case the one the checklist is about?
    fn is_about(&self, case: &Case) -> bool {
        !self.domain.is_empty()
            && case.is_domain()
            && case
                .diagnosis
                .as_ref()
                .map_or(case.opened.input.name == self.domain, |d| d.facts.reading.from_domain() == Some(&self.domain))
    }

    /// Is something of it to come from the zone's servers?
    fn waits(&self) -> bool {
        let open = |s: &&Step| matches!(s.state, State::ToDo | State::Waiting) && s.stage == Stage::Records;
        self.list.as_ref().is_some_and(|list| list.steps.iter().any(|s| open(&s)))
    }

    fn keep(&self) -> Option<Effect> {
        // What is invented is not kept.
        self.setup.is_none().then(|| Effect::SaveNote {
            name: note(&self.domain),
            text: serde_json::to_string(&self.told).unwrap_or_default(),
        })
    }
}

impl Onboard {
    pub fn sheet(&self) -> &Sheet {
        &self.sheets[self.shown.min(self.sheets.len() - 1)]
    }

    pub fn sheet_mut(&mut self) -> &mut Sheet {
        let last = self.sheets.len() - 1;
        &mut self.sheets[self.shown.min(last)]
    }

    /// Does the form speak of a domain of the practice world?
    pub fn is_invented(&self) -> bool {
        self.sheet().setup.is_some_and(|setup| onboard_form::domain(&self.form) == setup.domain)
    }

    /// Takes the domains that are to be set up.
    pub fn take(&mut self, domains: Vec<(String, Told)>) {
        let sheets: Vec<Sheet> = domains.into_iter().map(|(domain, told)| Sheet::new(domain, told)).collect();
        if !sheets.is_empty() {
            (self.sheets, self.shown) = (sheets, 0);
        }
    }

    /// Judges anew what the case says; the steps that are done since.
    pub fn look(&mut self, case: &Case) -> Vec<String> {
        let sheet = self.sheet_mut();
        let Some(diagnosis) = case.diagnosis.as_ref().filter(|_| sheet.is_about(case)) else { return vec![] };
        let list = Checklist::of(diagnosis, &sheet.told);
        // The first time the mark goes where it stood when the owner left.
        if let (None, Some(id)) = (&sheet.list, sheet.told.step.take()) {
            sheet.at = list.steps.iter().position(|s| s.id == id).unwrap_or_default();
        }
        let old = sheet.list.replace(list);
        let was = |id: &str| old.as_ref().and_then(|l| l.steps.iter().find(|s| s.id == id)).map(|s| s.state);
        let done = sheet.list.iter().flat_map(|l| &l.steps).filter(|s| s.state == State::Done);
        done.filter(|s| was(&s.id).is_some_and(|state| state != State::Done)).map(|s| s.title.clone()).collect()
    }
}

/// The form is done: asks DNS everything.
pub fn done(app: &mut App) -> Vec<Effect> {
    let onboard = &mut app.onboard;
    let sheet = onboard.sheet();
    let answers = match onboard_form::read(&onboard.form, &sheet.domain, &sheet.told) {
        Ok(answers) => answers,
        Err((line, why)) => {
            onboard.form.at = line;
            app.warn(format!("{why}."));
            return vec![];
        }
    };
    let here = |domain: &String| onboard.sheets.iter().any(|s| s.domain == *domain);
    let new: Vec<String> = answers.iter().map(|(domain, _)| domain).filter(|d| !here(d)).cloned().collect();
    match new.is_empty() {
        true => answered(app, answers),
        // They may have been set up before.
        false => vec![Effect::Recall(new)],
    }
}

/// What was told of domains before, if anything: it stays where the form says nothing else.
pub fn recalled(app: &mut App, kept: Vec<(String, Option<String>)>) -> Vec<Effect> {
    let sheet = app.onboard.sheet();
    let Ok(mut answers) = onboard_form::read(&app.onboard.form, &sheet.domain, &sheet.told) else { return vec![] };
    let mut known = false;
    for (domain, told) in &mut answers {
        let text = kept.iter().find(|(of, _)| of == domain).and_then(|(_, text)| text.as_ref());
        if let Some(before) = text.and_then(|text| serde_json::from_str::<Told>(text).ok()) {
            *told = std::mem::take(told).over(before);
            known = true;
        }
    }
    if known {
        app.say("Goes on with what you said before: e shows it.");
    }
    answered(app, answers)
}

/// Takes the answers: the first domain comes on show, the others beside it.
fn answered(app: &mut App, answers: Vec<(String, Told)>) -> Vec<Effect> {
    let onboard = &mut app.onboard;
    let mut effects = Vec::new();
    for (n, (domain, told)) in answers.into_iter().enumerate() {
        if n == 0 {
            let setup = onboard.sheet().setup.filter(|s| s.domain == domain);
            *onboard.sheet_mut() = Sheet { setup, ..Sheet::new(domain, told) };
        } else if !onboard.sheets.iter().any(|s| s.domain == domain) {
            onboard.sheets.push(Sheet::new(domain, told));
            effects.extend(onboard.sheets.last().and_then(Sheet::keep));
        }
    }
    effects.extend(begin(app));
    effects
}

/// The user leaves: the mark is kept for the next time.
pub fn left(app: &mut App) -> Vec<Effect> {
    let sheet = app.onboard.sheet_mut();
    sheet.told.step = sheet.step().map(|s| s.id.clone());
    sheet.keep().into_iter().collect()
}

/// Back from the checklist to the verdict behind it: that rests on what a resolver said first, so it is asked for anew
/// where the zone's own servers were heard since.
pub fn behind(app: &mut App) -> Vec<Effect> {
    let sheet = app.onboard.sheet_mut();
    let mine = app.case.as_ref().filter(|case| sheet.is_about(case) && case.opened.recorded.is_none());
    let Some(said) = mine.map(|case| case.opened.said.clone()).filter(|_| sheet.newer) else { return vec![] };
    sheet.newer = false;
    app.say("Asking again: the checklist has heard more than this verdict rests on.");
    update::rerun(app, said)
}

/// Checks the domain of the sheet on show; the checklist opens with the case.
pub fn begin(app: &mut App) -> Vec<Effect> {
    if let Some(at) = app.screens.iter().position(|s| *s == Screen::Onboard) {
        app.screens.truncate(at);
    }
    park(app);
    // Whoever comes back to the form finds what is known, and begins from there.
    fill_in(&mut app.onboard);
    app.onboard.awaited = true;
    app.onboard.touched = app.now;
    let sheet = app.onboard.sheet_mut();
    (sheet.list, sheet.parked, sheet.whole, sheet.newer) = (None, None, false, false);
    (sheet.at, sheet.record, sheet.top) = (0, 0, 0);
    let said = Box::new(sheet.told.said(&sheet.domain));
    let source = Source::Domain { name: sheet.domain.clone(), said, practice: sheet.setup.is_some() };
    let mut effects: Vec<Effect> = sheet.keep().into_iter().collect();
    effects.extend(update::open(app, source));
    effects
}

/// Begins a domain of the practice world.
pub fn practise(app: &mut App, setup: &'static Setup) -> Vec<Effect> {
    let sheet = Sheet { setup: Some(setup), ..Sheet::new(setup.domain.clone(), setup.told()) };
    app.onboard.take(vec![(String::new(), Told::default())]);
    *app.onboard.sheet_mut() = sheet;
    let mut effects = practice::leave(app);
    if let Some(at) = app.screens.iter().position(|s| *s == Screen::Practice) {
        app.screens.truncate(at + 1);
    }
    effects.extend([Effect::Cancel, Effect::SetUp(setup)]);
    effects.extend(begin(app));
    effects
}

/// A case was opened: the checklist's own stands behind the checklist.
pub fn opened(app: &mut App) {
    if std::mem::take(&mut app.onboard.awaited) {
        let now = app.now;
        app.onboard.sheet_mut().asked = Some(now);
        app.screens.push(Screen::Onboard);
    }
}

/// Another case comes on the screen: the checklist's own is put aside.
pub fn park(app: &mut App) {
    let mine = app.case.as_ref().is_some_and(|case| app.onboard.sheet().is_about(case));
    if mine && app.screens.contains(&Screen::Onboard) {
        let case = app.case.take();
        app.onboard.sheet_mut().parked = case;
    }
}

/// The checklist is on the screen again: its case is taken up, and what is open asked for.
pub fn resume(app: &mut App) -> Vec<Effect> {
    if app.screen() != Screen::Onboard {
        return vec![];
    }
    let Some(mut case) = app.onboard.sheet_mut().parked.take() else { return vec![] };
    // What still comes of the other case is stale.
    app.next_ticket();
    (case.running, case.before) = (0, None);
    app.redactor = None;
    app.onboard.look(&case);
    app.case = Some(case);
    ask(app)
}

/// Goes to another domain.
pub fn turn(app: &mut App, by: usize) -> Vec<Effect> {
    let count = app.onboard.sheets.len();
    if count < 2 {
        app.say("One domain is set up here: e, and another name behind it, adds one.");
        return vec![];
    }
    park(app);
    app.onboard.shown = (app.onboard.shown + by) % count;
    app.onboard.sure = None;
    fill_in(&mut app.onboard);
    match app.onboard.sheet().parked {
        Some(_) => resume(app),
        None => begin(app),
    }
}

/// Is the checklist kept up to date by itself?
pub fn is_live(app: &App) -> bool {
    let sheet = app.onboard.sheet();
    let asks = |case: &Case| {
        let online = case.diagnosis.as_ref().is_some_and(|d| !d.facts.evidence.offline);
        sheet.is_about(case) && online && case.opened.recorded.is_none() && !case.stopped
    };
    app.screen() == Screen::Onboard && sheet.waits() && app.case.as_ref().is_some_and(asks) && !rests(app)
}

/// It was left alone for long.
pub fn rests(app: &App) -> bool {
    app.now.duration_since(app.onboard.touched) > REST
}

/// A second has passed.
pub fn tick(app: &mut App) -> Vec<Effect> {
    let due = app.onboard.sheet().asked.is_none_or(|asked| app.now.duration_since(asked) >= PACE);
    let free = app.case.as_ref().is_some_and(|case| case.running == 0) && !app.opening;
    match due && free && is_live(app) {
        true => ask(app),
        false => vec![],
    }
}

/// Asks again for what may have changed.
fn ask(app: &mut App) -> Vec<Effect> {
    let Some(case) = app.case.as_ref().filter(|case| app.onboard.sheet().is_about(case)) else { return vec![] };
    let Some(diagnosis) = case.diagnosis.as_ref().filter(|_| case.running == 0) else { return vec![] };
    let stale = stale(diagnosis);
    let mut fresh = Evidence::clone(&diagnosis.facts.evidence);
    fresh.answers.retain(|question, _| !stale.contains(question));
    fresh.said = app.onboard.sheet().told.said(&app.onboard.sheet().domain);
    fresh.said.resolver = diagnosis.facts.evidence.said.resolver;
    let now = app.now;
    let sheet = app.onboard.sheet_mut();
    (sheet.asked, sheet.newer) = (Some(now), true);
    if let Some(case) = &mut app.case {
        case.opened.said = fresh.said.clone();
    }
    vec![Effect::Look(app.next_ticket(), Box::new(fresh))]
}

/// A state of a case has come: the checklist looks at its own, and learns from messages and reports.
pub fn heard(app: &mut App, over: bool) -> Vec<Effect> {
    let Some(case) = app.case.take() else { return vec![] };
    let mut effects = Vec::new();
    if app.onboard.sheet().is_about(&case) {
        if over || app.onboard.sheet().list.is_none() {
            let done = app.onboard.look(&case);
            let whole = std::mem::replace(&mut app.onboard.sheet_mut().whole, over);
            if whole && !done.is_empty() {
                app.say(format!("Done: {}.", done.join(", ")));
                let kept = case.diagnosis.clone().filter(|_| !case.opened.practice);
                effects.extend(kept.map(|d| Effect::Keep(Box::new(d))));
            }
        }
    } else if let Some(diagnosis) = &case.diagnosis {
        let invented = case.opened.invented;
        for sheet in app.onboard.sheets.iter_mut().filter(|s| s.setup.is_some() == case.opened.practice && !invented) {
            // What a receiver wrote into a header is known at once; whose the rows of a report are, at the end.
            let proof = Proof::of(diagnosis, &sheet.domain).filter(|p| over || !p.report);
            let proof = proof.filter(|p| sheet.told.proof.as_ref() != Some(p));
            if proof.is_some() {
                sheet.told.proof = proof;
                effects.extend(sheet.keep());
            }
        }
    }
    app.case = Some(case);
    effects
}

/// Leaves a step out, or takes that back.
pub fn skip(app: &mut App) -> Vec<Effect> {
    let sheet = app.onboard.sheet_mut();
    let Some(id) = sheet.step().map(|s| s.id.clone()) else { return vec![] };
    let back = sheet.told.skipped.remove(&id);
    if !back {
        sheet.told.skipped.insert(id);
    }
    app.say(if back { "Taken back." } else { "Left out: it stays not done. S again takes it back." });
    judge(app)
}

/// Looks at the same answers with what is told now.
fn judge(app: &mut App) -> Vec<Effect> {
    app.redactor = None;
    if let Some(case) = app.case.take() {
        app.onboard.look(&case);
        app.case = Some(case);
    }
    app.onboard.sheet().keep().into_iter().collect()
}

/// A key was pressed on the checklist; only a second Enter in a row is sure.
pub fn touch(app: &mut App, enter: bool) {
    app.onboard.touched = app.now;
    if !enter {
        app.onboard.sure = None;
    }
}

/// Enter: does what there is to do about the marked step; what reaches out, or cannot be taken back, takes two.
pub fn next(app: &mut App) -> Vec<Effect> {
    let sure = app.onboard.sure.take();
    let sheet = app.onboard.sheet();
    let Some(step) = sheet.step() else { return vec![] };
    let Some(next) = step.next else {
        if let Some(blank) = step.to_fill(sheet.record_at()).cloned() {
            popup::blank::open(app, blank);
            return vec![];
        }
        app.say("Asking the zone's own servers.");
        return ask(app);
    };
    let file = sheet.told.key_path(&sheet.domain);
    let question = sheet.list.as_ref().and_then(|list| caution(next, &file, list));
    if let Some(question) = question.filter(|_| sure != Some(next)) {
        app.onboard.sure = Some(next);
        // What it takes stands first: on a narrow screen the end is cut.
        app.say(format!("Enter again does it. {question}"));
        return vec![];
    }
    let told = &mut app.onboard.sheet_mut().told;
    match next {
        Next::Ask => edit(app),
        Next::Test => return test(app),
        Next::WarmUp => {
            let told = app.onboard.sheet().told.clone();
            warmups::propose(app, told.volume, told.platforms.first().filter(|_| told.platforms.len() == 1));
        }
        Next::MakeKey => {
            let sheet = app.onboard.sheet();
            let wish = KeyWish { file: sheet.told.key_path(&sheet.domain), practice: sheet.setup.is_some() };
            app.say("Making the key.");
            return vec![Effect::MakeKey(Box::new(wish))];
        }
        Next::Raise => {
            told.raise = true;
            return judge(app);
        }
        Next::Blocklists | Next::MailHosts | Next::Hosts => {
            match next {
                Next::Blocklists => told.blocklists = true,
                Next::MailHosts => told.probe_mx = true,
                _ => told.https = true,
            }
            app.say("Asking.");
            return ask(app);
        }
    }
    vec![]
}

/// Takes what was typed into a blank; the next one of the record follows.
pub fn fill(app: &mut App, blank: &Blank, text: &str) -> Vec<Effect> {
    if let Err(why) = app.onboard.sheet_mut().told.fill(blank, text) {
        app.warn(format!("{why}."));
        return vec![];
    }
    app.popup = None;
    let mut effects = judge(app);
    // A new name is a new question.
    effects.extend(ask(app));
    let sheet = app.onboard.sheet();
    let open = sheet.step().and_then(|step| step.to_fill(sheet.record_at())).filter(|b| b.text.is_empty()).cloned();
    match open.filter(|b| !text.trim().is_empty() && b.what != blank.what) {
        Some(next) => popup::blank::open(app, next),
        None if text.trim().is_empty() => app.say("Taken back: the blank is open again."),
        None => app.say("Filled in: y copies the record, Enter changes what you typed."),
    }
    effects
}

/// Opens the form with the answers of the domain on show.
pub fn edit(app: &mut App) {
    fill_in(&mut app.onboard);
    app.onboard.form.at = 0;
    app.screens.push(Screen::OnboardForm);
}

/// Puts what is told of the domain on show into the form.
fn fill_in(onboard: &mut Onboard) {
    let sheet = &onboard.sheets[onboard.shown.min(onboard.sheets.len() - 1)];
    onboard_form::fill(&mut onboard.form, &sheet.domain, &sheet.told);
}

/// The key is made, or why not.
pub fn key_made(app: &mut App, made: Result<Made, String>) -> Vec<Effect> {
    match made {
        Ok(Made { record, file }) => {
            app.say(format!("The record is to be published. The private half, readable by you alone: {file}"));
            app.onboard.sheet_mut().told.take_key(record, file);
            judge(app)
        }
        Err(why) => {
            app.warn(format!("No key was made: {why}."));
            vec![]
        }
    }
}

/// Remembers what is copied: whoever owns the zone publishes that.
pub fn copying(app: &mut App, changes: Vec<Change>) {
    app.onboard.sheet_mut().copied = changes;
}

/// Sends the test message.
pub fn test(app: &mut App) -> Vec<Effect> {
    let sheet = app.onboard.sheet();
    let Some(setup) = sheet.setup else {
        let from = format!("test@{}", sheet.domain);
        let key = sheet.told.key_file.clone().map(|file| (file, sheet.told.selector().to_owned()));
        app.sending.form.propose(from, key);
        super::sendings::show(app);
        return vec![];
    };
    let sender = setup.sender(&sheet.domain, &sheet.told);
    let mut effects = vec![Effect::Publish(Box::new(Cure { sender, ..Cure::default() }))];
    effects.extend(practice::send(app));
    effects
}

/// Nothing was opened.
pub fn refused(app: &mut App) {
    app.onboard.awaited = false;
}

/// Publishes in the practice zone what was copied, or has others do their part.
pub fn publish(app: &mut App) -> Vec<Effect> {
    let sheet = app.onboard.sheet_mut();
    let Some(setup) = sheet.setup else { return vec![] };
    let copied = std::mem::take(&mut sheet.copied);
    let (records, says) = match sheet.step().and_then(|step| setup.others(step)) {
        Some((says, records)) if copied.is_empty() => (records, says),
        _ if copied.is_empty() => {
            app.say("Copy first: Y copies every record, y the marked one. u then publishes what was copied.");
            return vec![];
        }
        _ => {
            let names: Vec<&str> = copied.iter().map(|c| c.name.as_str()).collect();
            let says = format!("Published in the practice zone: {}.", crate::safe::clip(&names.join(", "), 200));
            (copied, says)
        }
    };
    app.say(says);
    let mut effects = vec![Effect::Publish(Box::new(Cure { records, ..Cure::default() }))];
    effects.extend(ask(app));
    effects
}
