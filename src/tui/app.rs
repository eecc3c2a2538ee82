//! The state of the app.

use super::case::{Case, Target};
use super::fetches::Fetches;
use super::keys::{Action, Places, View};
use super::listens::Listens;
use super::msg::Ticket;
use super::onboards::Onboard;
use super::popup::Popup;
use super::practice::Practice;
use super::screen::cases::Search;
use super::screen::input::Focus;
use super::sendings::Sending;
use super::theme::{Choice, Ink, Look, Theme};
use super::troubles::Troubles;
use super::warmups::WarmUp;
use super::watches::Watches;
use super::widget::editor::Editor;
use super::widget::line_edit::LineEdit;
use super::world::{Recent, Sample};
use crate::redact::Redaction;
use crate::triage::State;

/// The screens; the stack of them is the way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    Home,
    Samples,
    /// The lessons of the practice world.
    Practice,
    /// One of them.
    Lesson,
    Input,
    Verdict,
    Detail,
    Spf,
    Dkim,
    Dmarc,
    Hops,
    Headers,
    Stated,
    /// Which domain?
    Ask,
    /// Every saved case.
    Cases,
    Records,
    /// What receivers ask of senders.
    Requirements,
    /// What filters said: the receiver's, others', the user's own.
    Filters,
    /// Who sends, by a report.
    Sources,
    /// What a check cannot find out.
    Wish,
    /// What changed since the run before.
    Changes,
    Watch,
    /// What is to be watched?
    WatchForm,
    /// A record as the DNS host wants it typed in.
    Form,
    /// A warm-up, what is known of it, and a day's numbers.
    /// What is to be sent?
    SendForm,
    /// Send it?
    Send,
    /// The session in which it is sent.
    Session,
    WarmUp,
    WarmUpForm,
    WarmUpDay,
    /// A proposed value, edited in place.
    Edit,
    /// The checklist of a new sending domain, and the form behind it.
    Onboard,
    OnboardForm,
    /// What goes wrong, and the path from there to the cause.
    Troubles,
    Trouble,
    /// A message that is waited for, and which.
    Fetch,
    FetchForm,
    /// Mail that is received here, and how.
    Listen,
    ListenForm,
}

impl Screen {
    pub fn place(self) -> Places {
        match self {
            Screen::Home => Places::HOME,
            Screen::Samples => Places::SAMPLES,
            Screen::Practice => Places::PRACTICE,
            Screen::Lesson => Places::LESSON,
            Screen::Input => Places::INPUT,
            Screen::Verdict => Places::VERDICT,
            Screen::Detail => Places::DETAIL,
            Screen::Spf => Places::SPF,
            Screen::Dkim => Places::DKIM,
            Screen::Dmarc => Places::DMARC,
            Screen::Hops => Places::HOPS,
            Screen::Headers => Places::HEADERS,
            Screen::Stated => Places::STATED,
            Screen::Ask => Places::ASK,
            Screen::Cases => Places::CASES,
            Screen::Records => Places::RECORDS,
            Screen::Requirements => Places::REQUIREMENTS,
            Screen::Filters => Places::FILTERS,
            Screen::Sources => Places::SOURCES,
            Screen::Wish => Places::WISH,
            Screen::Changes => Places::CHANGES,
            Screen::Watch => Places::WATCH,
            Screen::WatchForm => Places::WATCH_FORM,
            Screen::Form => Places::FORM,
            Screen::SendForm => Places::SEND_FORM,
            Screen::Send => Places::SEND,
            Screen::Session => Places::SESSION,
            Screen::Onboard => Places::ONBOARD,
            Screen::OnboardForm => Places::ONBOARD_FORM,
            Screen::WarmUp => Places::WARMUP,
            Screen::WarmUpForm | Screen::WarmUpDay => Places::WARMUP_FORM,
            Screen::Edit => Places::EDIT,
            Screen::Troubles => Places::TROUBLES,
            Screen::Trouble => Places::TROUBLE,
            Screen::Fetch => Places::FETCH,
            Screen::FetchForm => Places::FETCH_FORM,
            Screen::Listen => Places::LISTEN,
            Screen::ListenForm => Places::LISTEN_FORM,
        }
    }

    pub fn of(view: View) -> Screen {
        match view {
            View::Verdict => Screen::Verdict,
            View::Findings => Screen::Detail,
            View::Spf => Screen::Spf,
            View::Dkim => Screen::Dkim,
            View::Dmarc => Screen::Dmarc,
            View::Hops => Screen::Hops,
            View::Headers => Screen::Headers,
            View::Requirements => Screen::Requirements,
            View::Filters => Screen::Filters,
        }
    }
}

/// The one status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub text: String,
    pub ink: Ink,
}

/// Everything the screens show.
pub struct App {
    pub look: Look,
    pub theme: Theme,
    /// Never empty; the first is Home.
    pub screens: Vec<Screen>,
    pub popup: Option<Popup>,
    /// Every saved case, the newest first.
    pub recent: Vec<Recent>,
    pub cases: Search,
    pub samples: Vec<Sample>,
    /// Marked lines of Home and of the examples.
    pub home: usize,
    pub sample: usize,
    pub editor: Editor,
    /// The domain that is asked for.
    pub domain: LineEdit,
    pub focus: Focus,
    /// Why the input screen asks; empty when it does not.
    pub question: String,
    pub case: Option<Case>,
    pub watches: Watches,
    pub practice: Practice,
    pub sending: Sending,
    pub warmup: WarmUp,
    pub onboard: Onboard,
    pub troubles: Troubles,
    pub fetches: Fetches,
    pub listens: Listens,
    /// The last ticket given out.
    pub ticket: Ticket,
    /// An input is being opened.
    pub opening: bool,
    pub status: Option<Status>,
    pub log: Vec<String>,
    pub redact: bool,
    pub redactor: Option<Redaction>,
    pub local_time: bool,
    /// The picture in words.
    pub words: bool,
    /// The long explanation.
    pub more: bool,
    pub spin: usize,
    pub now: jiff::Timestamp,
    /// Rows of the body at the last draw: a page.
    pub page: usize,
}

impl App {
    pub fn new(look: Look, now: jiff::Timestamp) -> App {
        App {
            theme: match look.theme {
                Choice::Auto => Theme::Ansi,
                Choice::Fixed(theme) => theme,
            },
            look,
            screens: vec![Screen::Home],
            popup: None,
            recent: Vec::new(),
            cases: Search::default(),
            samples: Vec::new(),
            home: 0,
            sample: 0,
            editor: Editor::default(),
            domain: LineEdit::default(),
            focus: Focus::Text,
            question: String::new(),
            case: None,
            watches: Watches::default(),
            practice: Practice::default(),
            sending: Sending::default(),
            warmup: WarmUp::default(),
            onboard: Onboard::default(),
            troubles: Troubles::default(),
            fetches: Fetches::default(),
            listens: Listens::default(),
            ticket: Ticket::default(),
            opening: false,
            status: None,
            log: Vec::new(),
            redact: false,
            redactor: None,
            local_time: false,
            words: false,
            more: false,
            spin: 0,
            now,
            page: 10,
        }
    }

    pub fn screen(&self) -> Screen {
        self.screens.last().copied().unwrap_or(Screen::Home)
    }

    /// Where keys go.
    pub fn place(&self) -> Places {
        match &self.popup {
            Some(popup) => popup.place(),
            None if self.screen() == Screen::Verdict && self.case.as_ref().is_some_and(|c| c.filtering) => {
                Places::FILTER
            }
            None if self.practises() => match self.screen() {
                Screen::Verdict | Screen::Detail | Screen::Onboard => self.screen().place().or(Places::PRACTISED),
                Screen::Session => Places::PRACTISED_SESSION,
                other => other.place(),
            },
            None => self.screen().place(),
        }
    }

    /// Has the action something to work on here? What is over cannot be stopped, what runs not be begun again.
    pub fn offers(&self, action: Action) -> bool {
        match (self.screen(), &self.case) {
            _ if self.popup.is_some() => true,
            (screen, _) if action == Action::Watch && screen != Screen::Session && self.practises() => false,
            (Screen::Session, _) => self.sending.offers(action),
            (Screen::Watch, _) if action == Action::Pause => self.watches.shown().is_some_and(|w| w.runs()),
            (Screen::Fetch, _) => self.fetches.offers(action),
            (Screen::Listen, _) => self.listens.offers(action),
            (screen, _) if action == Action::Publish && screen != Screen::Onboard => {
                super::practice::finding(self).is_some()
            }
            (Screen::Verdict, Some(case)) => self.offers_of(case, case.marked_target(), action),
            (Screen::Detail, Some(case)) => self.offers_of(case, Some(case.target), action),
            _ => true,
        }
    }

    /// A finding without records has none to edit, publish or watch.
    fn offers_of(&self, case: &Case, target: Option<Target>, action: Action) -> bool {
        let finding = target.and_then(|target| case.finding(target));
        let records = finding.and_then(|f| f.fix.as_ref()).map_or(0, |fix| fix.records.len());
        match action {
            Action::Edit | Action::Form | Action::Watch | Action::CopyAll => records > 0,
            Action::Right => records > 1,
            Action::Open if self.screen() == Screen::Detail => finding.is_some(),
            Action::CopyValue | Action::CopyAs | Action::Verify => finding.is_some(),
            _ => true,
        }
    }

    /// Is what the screen shows of the practice world?
    pub fn practises(&self) -> bool {
        match self.screen() {
            Screen::Practice | Screen::Lesson => true,
            Screen::Send => self.sending.ready.as_ref().is_some_and(|ready| ready.practice),
            Screen::Session => self.sending.session.as_ref().is_some_and(|session| session.practice),
            Screen::Fetch => self.fetches.practises(),
            Screen::Onboard => self.onboard.sheet().setup.is_some(),
            Screen::OnboardForm => self.onboard.is_invented(),
            Screen::Home | Screen::Samples | Screen::Input | Screen::Ask => false,
            Screen::SendForm | Screen::FetchForm | Screen::WatchForm => false,
            Screen::Watch | Screen::WarmUp | Screen::WarmUpForm | Screen::WarmUpDay => false,
            Screen::Trouble => super::troubles::practises(self),
            Screen::Troubles | Screen::Listen | Screen::ListenForm => false,
            _ => self.case.as_ref().is_some_and(|case| case.opened.practice),
        }
    }

    /// Does anything run that quitting would stop?
    pub fn runs(&self) -> bool {
        self.busy() || self.watches.running() > 0 || self.sending.runs() || self.fetches.runs() || self.listens.runs()
    }

    /// Is an input read or diagnosed?
    pub fn busy(&self) -> bool {
        self.opening || self.case.as_ref().is_some_and(|case| case.running > 0)
    }

    pub fn say(&mut self, text: impl Into<String>) {
        self.tell(text, Ink::Plain);
    }

    /// Something went wrong.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.tell(text, Ink::Warn);
    }

    fn tell(&mut self, text: impl Into<String>, ink: Ink) {
        let text = text.into();
        self.log.push(text.clone());
        self.status = Some(Status { text, ink });
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.ticket = Ticket(self.ticket.0 + 1);
        self.ticket
    }

    /// The screen of a view: a domain has no header and no hops, it has records and a policy; a report has sources.
    pub fn screen_of(&self, view: View) -> Screen {
        let report = self.case.as_ref().is_some_and(Case::is_report);
        if report && !matches!(view, View::Verdict | View::Findings) {
            return Screen::Sources;
        }
        match (Screen::of(view), self.case.as_ref().is_some_and(Case::is_domain)) {
            (Screen::Headers, true) => Screen::Records,
            (Screen::Hops, true) => Screen::Dmarc,
            (screen, _) => screen,
        }
    }

    /// Goes to a screen of the case, which stands on the verdict.
    pub fn view(&mut self, screen: Screen) {
        // What is opened from a checklist stands on it.
        let base = self.screens.iter().rposition(|s| *s == Screen::Onboard).map_or(0, |at| at + 1);
        if let Some(at) = self.screens[base..].iter().position(|s| *s == Screen::Verdict) {
            self.screens.truncate(base + at + 1);
        } else {
            self.screens.push(Screen::Verdict);
        }
        if screen != Screen::Verdict {
            self.screens.push(screen);
        }
        if let Some(case) = &mut self.case {
            case.top = 0;
        }
    }

    /// What stays on the normal screen after quitting.
    pub fn summary(&self) -> Option<String> {
        let case = self.case.as_ref()?;
        let verdict = &case.diagnosis.as_ref()?.verdict;
        let (glyph, word, _) = sign(verdict.state);
        let mut summary = format!("{glyph} {word}  {}\n{}", verdict.headline, case.counts());
        if case.opened.recorded.is_none() && !case.opened.practice {
            summary.push_str("\n  postdoc resume     open it again");
        }
        Some(summary)
    }
}

/// Glyph, word and colour of a verdict.
pub fn sign(state: State) -> (&'static str, &'static str, Ink) {
    match state {
        State::Pass => ("✓", "PASS", Ink::Pass),
        State::Warn => ("!", "WARN", Ink::Warn),
        State::Fail => ("✗", "FAIL", Ink::Fail),
        State::Unknown => ("?", "UNKNOWN", Ink::Strong),
    }
}

/// Glyph, word and colour of a finding.
pub fn mark(severity: crate::rules::Severity) -> (&'static str, &'static str, Ink) {
    use crate::rules::Severity;
    match severity {
        Severity::Critical | Severity::High => ("✗", "FAIL", Ink::Fail),
        Severity::Medium | Severity::Low => ("!", "WARN", Ink::Warn),
        Severity::Info => ("i", "NOTE", Ink::Note),
    }
}
