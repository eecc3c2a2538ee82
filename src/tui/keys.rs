//! The one key table: dispatch, footer, help, palette and `postdoc keys` all read it.
//!
//! Plain characters first; nothing that needs AltGr, nothing a multiplexer takes. In a place
//! where one types, only control keys are bound, and every printable key types.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::borrow::Cow;
use std::sync::OnceLock;

/// A key as the table knows it: Shift is in the character already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
}

impl Key {
    /// What was pressed; `None` for chords with Alt and the like, which nothing is bound to.
    pub fn of(event: &KeyEvent) -> Option<Key> {
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.code {
            KeyCode::Char(c) if ctrl => Key { code: KeyCode::Char(c.to_ascii_lowercase()), ctrl },
            code => Key { code, ctrl: ctrl && matches!(code, KeyCode::Char(_)) },
        })
    }

    /// A key with Ctrl.
    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true }
    }

    /// A key by its name in the settings: `y`, `ctrl-y`, `f5`, `shift-tab`.
    pub fn named(name: &str) -> Option<Key> {
        let plain = |code| Some(Key { code, ctrl: false });
        let lower = name.to_ascii_lowercase();
        if let Some(c) = lower.strip_prefix("ctrl-").and_then(single) {
            return Some(Key::ctrl(c));
        }
        if let Some(n) = lower.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n)) {
            return plain(KeyCode::F(n));
        }
        plain(match lower.as_str() {
            "space" => KeyCode::Char(' '),
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "shift-tab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "pageup" => KeyCode::PageUp,
            "pagedown" => KeyCode::PageDown,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            _ => KeyCode::Char(single(name)?),
        })
    }

    /// How the key is written in footer and help.
    pub fn show(self) -> String {
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.ctrl => format!("Ctrl+{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift+Tab".to_owned(),
            KeyCode::Backspace => "Bksp".to_owned(),
            KeyCode::F(n) => format!("F{n}"),
            other => format!("{other:?}"),
        }
    }
}

/// Something the app can be told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
    Open,
    Back,
    NextField,
    PreviousField,
    View(View),
    Next,
    Previous,
    Filter,
    CopyValue,
    CopyAll,
    CopyAs,
    /// The record as the DNS host wants it.
    Form,
    Pick(u8),
    /// The value of the record under the cursor.
    Edit,
    /// The proposal in place of what was typed.
    Restore,
    Redact,
    LocalTime,
    Again,
    Verify,
    /// Since the run before.
    Changes,
    Watch,
    /// Send the test of a lesson.
    Test,
    /// Publish a fix in the practice zone.
    Publish,
    Pause,
    /// Go to the list of symptoms.
    Troubles,
    /// Go to the list of watches.
    Watches,
    /// Send a test message.
    Send,
    /// Receive mail here.
    Listen,
    Bell,
    /// Name the folders to look into.
    Folders,
    /// End the session.
    Stop,
    Add,
    Stated,
    /// Leave a step out.
    Skip,
    More,
    SaveReport,
    PlainPage,
    Command,
    Help,
    Log,
    Yes,
    No,
    Quit,
    Interrupt,
    Redraw,
    Suspend,
    Diagnose,
    LineStart,
    LineEnd,
    KillLine,
    KillWord,
    KillToEnd,
    DeleteBack,
    DeleteNext,
    Undo,
}

impl Action {
    /// Its name in the settings: `copy_value`, `view_verdict`.
    pub fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars().filter(|c| *c != ')') {
            let begins = c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_');
            name.extend((begins || c == '(').then_some('_'));
            name.extend((c != '(').then(|| c.to_ascii_lowercase()));
        }
        name
    }
}

/// The views of a diagnosis, in the order of their digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    Verdict,
    Findings,
    Spf,
    Dkim,
    /// Without a digit for a message; in the place of the hops for a domain, which has none.
    Dmarc,
    Hops,
    Headers,
    /// Without a digit.
    Requirements,
    /// Without a digit.
    Filters,
}

/// A set of places: screens and popups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Places(u64);

impl Places {
    pub const HOME: Places = Places(1);
    pub const SAMPLES: Places = Places(1 << 1);
    pub const INPUT: Places = Places(1 << 2);
    pub const VERDICT: Places = Places(1 << 3);
    pub const DETAIL: Places = Places(1 << 4);
    pub const SPF: Places = Places(1 << 5);
    pub const DKIM: Places = Places(1 << 6);
    pub const HOPS: Places = Places(1 << 7);
    pub const HEADERS: Places = Places(1 << 8);
    pub const STATED: Places = Places(1 << 9);
    pub const COPY: Places = Places(1 << 10);
    pub const CONFIRM: Places = Places(1 << 11);
    /// Help and palette: one widget.
    pub const FINDER: Places = Places(1 << 12);
    pub const LOG: Places = Places(1 << 13);
    /// The filter line of the list of findings.
    pub const FILTER: Places = Places(1 << 14);
    /// Which domain?
    pub const ASK: Places = Places(1 << 15);
    /// Every saved case.
    pub const CASES: Places = Places(1 << 16);
    pub const RECORDS: Places = Places(1 << 17);
    /// What a check cannot find out.
    pub const WISH: Places = Places(1 << 18);
    pub const DMARC: Places = Places(1 << 19);
    /// A record as the DNS host wants it typed in.
    pub const FORM: Places = Places(1 << 20);
    /// A proposed value, edited in place.
    pub const EDIT: Places = Places(1 << 21);
    /// Which DNS host?
    pub const HOSTS: Places = Places(1 << 22);

    pub const WATCH: Places = Places(1 << 23);
    /// What is to be watched?
    pub const WATCH_FORM: Places = Places(1 << 24);
    /// What changed since the run before.
    pub const CHANGES: Places = Places(1 << 25);
    /// Who sends, by a report.
    pub const SOURCES: Places = Places(1 << 26);
    pub const REQUIREMENTS: Places = Places(1 << 27);
    /// What filters said.
    pub const FILTERS: Places = Places(1 << 28);
    /// What is to be sent?
    pub const SEND_FORM: Places = Places(1 << 29);
    /// Send it?
    pub const SEND: Places = Places(1 << 30);
    /// The session in which it is sent.
    pub const SESSION: Places = Places(1 << 31);
    /// The checklist of a new sending domain.
    pub const ONBOARD: Places = Places(1 << 32);
    /// Who sends, and from where?
    pub const ONBOARD_FORM: Places = Places(1 << 33);
    /// A warm-up.
    pub const WARMUP: Places = Places(1 << 34);
    /// What is known of it; a day's numbers.
    pub const WARMUP_FORM: Places = Places(1 << 35);

    /// The lessons of the practice world.
    pub const PRACTICE: Places = Places(1 << 36);
    pub const LESSON: Places = Places(1 << 37);
    /// A diagnosis of a test of the practice world.
    pub const PRACTISED: Places = Places(1 << 38);
    /// The session in which such a test is sent.
    pub const PRACTISED_SESSION: Places = Places(1 << 39);
    /// A message that is waited for, and which.
    pub const FETCH: Places = Places(1 << 40);
    pub const FETCH_FORM: Places = Places(1 << 41);
    /// Mail that is received here, and how.
    pub const LISTEN: Places = Places(1 << 42);
    pub const LISTEN_FORM: Places = Places(1 << 43);

    /// The symptoms, and the path from one to its cause.
    pub const TROUBLES: Places = Places(1 << 44);
    pub const TROUBLE: Places = Places(1 << 45);
    /// What only a portal knows, typed in its place.
    pub const BLANK: Places = Places(1 << 46);

    const VIEWS: Places = Self::VERDICT
        .or(Self::DETAIL)
        .or(Self::SPF)
        .or(Self::DKIM)
        .or(Self::DMARC)
        .or(Self::HOPS)
        .or(Self::HEADERS)
        .or(Self::RECORDS)
        .or(Self::CHANGES)
        .or(Self::SOURCES)
        .or(Self::FORM)
        .or(Self::REQUIREMENTS)
        .or(Self::FILTERS);
    const LISTS: Places = Self::HOME.or(Self::SAMPLES).or(Self::PRACTICE).or(Self::TROUBLES);
    /// Where plain characters are commands.
    const COMMANDS: Places = Self::LISTS
        .or(Self::VIEWS)
        .or(Self::WATCH)
        .or(Self::WARMUP)
        .or(Self::LESSON)
        .or(Self::PRACTISED_SESSION)
        .or(Self::SEND)
        .or(Self::SESSION)
        .or(Self::ONBOARD)
        .or(Self::TROUBLE)
        .or(Self::FETCH)
        .or(Self::LISTEN);
    /// Where they type.
    pub const TYPING: Places = Self::INPUT
        .or(Self::FORMS)
        .or(Self::FINDER)
        .or(Self::FILTER)
        .or(Self::ASK)
        .or(Self::EDIT)
        .or(Self::CASES)
        .or(Self::BLANK);
    const FORMS: Places = Self::STATED
        .or(Self::WISH)
        .or(Self::WATCH_FORM)
        .or(Self::WARMUP_FORM)
        .or(Self::SEND_FORM)
        .or(Self::ONBOARD_FORM)
        .or(Self::FETCH_FORM)
        .or(Self::LISTEN_FORM);
    const SCREENS: Places = Self::COMMANDS.or(Self::INPUT).or(Self::FORMS).or(Self::ASK).or(Self::EDIT).or(Self::CASES);

    /// Every single place with its name in `postdoc keys`.
    pub const NAMED: &[(Places, &str)] = &[
        (Self::HOME, "home"),
        (Self::SAMPLES, "examples"),
        (Self::PRACTICE, "practice"),
        (Self::LESSON, "lesson"),
        (Self::PRACTISED, "practice, diagnosis"),
        (Self::PRACTISED_SESSION, "practice, session"),
        (Self::TROUBLES, "symptoms"),
        (Self::TROUBLE, "path to the cause"),
        (Self::INPUT, "input"),
        (Self::VERDICT, "verdict"),
        (Self::DETAIL, "finding"),
        (Self::SPF, "SPF"),
        (Self::DKIM, "DKIM"),
        (Self::DMARC, "DMARC"),
        (Self::HOPS, "hops"),
        (Self::HEADERS, "headers"),
        (Self::RECORDS, "records"),
        (Self::SOURCES, "sources"),
        (Self::FORM, "DNS form"),
        (Self::EDIT, "edit a record"),
        (Self::REQUIREMENTS, "what receivers ask"),
        (Self::FILTERS, "what filters said"),
        (Self::STATED, "stated settings"),
        (Self::ASK, "which domain"),
        (Self::CASES, "cases"),
        (Self::WISH, "what to check"),
        (Self::CHANGES, "what changed"),
        (Self::WATCH, "watches"),
        (Self::WATCH_FORM, "what to watch"),
        (Self::SEND_FORM, "what to send"),
        (Self::SEND, "send it?"),
        (Self::SESSION, "session"),
        (Self::ONBOARD, "set up"),
        (Self::ONBOARD_FORM, "who sends"),
        (Self::WARMUP, "warm-up"),
        (Self::WARMUP_FORM, "warm-up's numbers"),
        (Self::FETCH, "fetch"),
        (Self::FETCH_FORM, "what to fetch"),
        (Self::LISTEN, "receive"),
        (Self::LISTEN_FORM, "how to receive"),
        (Self::COPY, "copy as"),
        (Self::CONFIRM, "quit?"),
        (Self::FINDER, "help, command"),
        (Self::LOG, "log"),
        (Self::HOSTS, "which DNS host"),
        (Self::BLANK, "fill in a blank"),
        (Self::FILTER, "filter"),
    ];

    pub const fn or(self, other: Places) -> Places {
        Places(self.0 | other.0)
    }

    pub const fn has(self, place: Places) -> bool {
        self.0 & place.0 != 0
    }

    /// The names of the places in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.iter().filter(move |(p, _)| self.has(*p)).map(|(_, n)| *n)
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What running the line from help or palette does.
    pub action: Action,
    /// Every key with its action; a line may hold a pair (`n` next, `N` previous).
    pub keys: Cow<'static, [(Key, Action)]>,
    /// How many of them footer and help show.
    pub shown: usize,
    pub places: Places,
    /// In the footer, where not empty.
    pub label: &'static str,
    /// In help and palette.
    pub help: &'static str,
    /// Hidden synonyms.
    pub also: &'static [&'static str],
}

impl Binding {
    /// The shown keys: `↑↓`, `n N`, `Enter`, `1-9`.
    pub fn keys_label(&self) -> String {
        let names: Vec<String> = self.keys.iter().take(self.shown).map(|(key, _)| key.show()).collect();
        let all = |test: fn(char) -> bool| names.iter().all(|n| n.chars().count() == 1 && n.chars().all(test));
        let between = match () {
            _ if all(|c| "↑↓←→".contains(c)) => "",
            _ if all(|c| c.is_ascii_digit()) => "-",
            _ => " ",
        };
        names.join(between)
    }
}

/// The one character of a text.
fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

const fn ch(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: false }
}
const fn ctrl(c: char) -> Key {
    Key::ctrl(c)
}
const fn on(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

/// One table line: `action, [key => action, …], shown, places, "label", "help", [synonyms]`.
macro_rules! rows {
    ($($action:expr, [$($key:expr => $does:expr),* $(,)?], $shown:literal, $places:expr, $label:literal, $help:literal, [$($also:literal),*];)*) => {
        &[$(Binding { action: $action, keys: Cow::Borrowed(&[$(($key, $does)),*]), shown: $shown, places: $places,
            label: $label, help: $help, also: &[$($also),*] }),*]
    };
}

use Action as A;
use KeyCode as K;
use Places as P;

/// Actions of one place first, those of all places after them: the order of the footer.
static TABLE: &[Binding] = rows! {
    // practice
    A::Open, [on(K::Enter) => A::Open], 1, P::ONBOARD, "do it", "do what postdoc can about the step, fill in its blank, or ask the zone's own servers now", ["go", "next", "make key", "blocklists", "added", "blank", "portal"];
    A::Open, [on(K::Enter) => A::Open], 1, P::LESSON, "next", "do what comes next in the lesson", ["go", "send", "again"];
    A::Publish, [ch('u') => A::Publish], 1, P::LESSON.or(P::PRACTISED), "publish", "publish the fix, or what was copied, in the practice zone", ["fix", "cure", "record"];
    A::Watch, [on(K::Enter) => A::Watch, ch('w') => A::Watch], 2, P::PRACTISED_SESSION, "wait for it", "wait for the test in the mailbox", ["fetch", "arrive", "next"];
    A::Test, [ch('m') => A::Test], 1, P::LESSON.or(P::PRACTISED).or(P::ONBOARD), "send", "send a test message", ["test", "again", "mail"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::LESSON, "scroll", "scroll", ["down", "up"];
    // from symptom to cause
    A::Open, [on(K::Enter) => A::Open], 1, P::TROUBLE, "do it", "do this step, take this answer, open the finding", ["next", "go", "answer"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::TROUBLE, "step", "choose a step", ["select", "arrow"];
    A::Restore, [ch('r') => A::Restore], 1, P::TROUBLE, "begin again", "begin the path again, without evidence", ["reset", "forget", "new"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::TROUBLE.or(P::TROUBLES), "back", "back one step; keeps the work", ["cancel"];
    A::Command, [ch(':') => A::Command, on(K::F(2)) => A::Command], 1, P::TROUBLE, "", "run a command by name", ["palette"];
    A::Quit, [ch('q') => A::Quit], 1, P::TROUBLE, "", "quit; asks only while something runs", ["exit", "leave"];
    // moving
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::LISTS, "choose", "move the mark", ["select", "arrow"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::VERDICT, "finding", "choose a finding", ["select", "arrow"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::HOPS, "hop", "choose a hop", ["received", "server"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::RECORDS, "answer", "choose an answer", ["record"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::SOURCES, "source", "choose a source", ["sender"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::FETCH, "mailbox", "choose a mailbox", ["account"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::DETAIL, "", "scroll", ["down", "up"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::DKIM.or(P::DMARC).or(P::HEADERS).or(P::CHANGES).or(P::REQUIREMENTS).or(P::FILTERS), "scroll", "scroll", ["down", "up"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::SPF, "term", "choose a term", ["include", "mechanism"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::FORM, "", "choose a field", ["select", "arrow"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::HOSTS, "choose", "move the mark", [];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down], 2, P::COPY.or(P::CONFIRM).or(P::FINDER).or(P::LOG).or(P::CASES), "choose", "move the mark", [];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down], 2, P::INPUT, "", "move by a line", [];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down], 2, P::FORMS, "line", "move to another line", [];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::WATCH, "watch", "choose a watch", ["which"];
    A::Yes, [ch('y') => A::Yes], 1, P::SEND, "send", "yes: send it", ["confirm", "go"];
    A::More, [ch('i') => A::More], 1, P::SEND, "bytes", "show or hide the bytes of the message", ["dry run", "raw", "source"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::SEND, "copy", "copy the message", ["clipboard"];
    A::Stop, [ch('s') => A::Stop], 1, P::SESSION.or(P::PRACTISED_SESSION), "stop", "stop it; says whether the message may have left", ["cancel", "abort"];
    A::Open, [on(K::Enter) => A::Open], 1, P::SESSION, "diagnose", "what the session means, and what to do", ["why", "refused", "bounce"];
    A::Watch, [ch('w') => A::Watch], 1, P::SESSION, "wait for it", "wait for the message in a mailbox", ["fetch", "arrive", "imap"];
    A::Next, [ch('n') => A::Next, ch('N') => A::Previous], 2, P::SESSION, "", "the session of the next, previous recipient, where there are several", ["recipients"];
    A::Again, [ch('r') => A::Again], 1, P::SESSION, "form", "back to the form, to send again", ["retry", "again"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::SESSION.or(P::PRACTISED_SESSION), "copy", "copy the session; secrets stand in no line of it", ["clipboard", "yank", "transcript"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::SEND_FORM, "show it", "done: write it and show it; nothing leaves yet", ["go", "send"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::WARMUP.or(P::SEND).or(P::SESSION).or(P::PRACTISED_SESSION), "scroll", "scroll", ["down", "up"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::ONBOARD, "step", "choose a step", ["checklist"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::ONBOARD, "copy", "copy the value of the record", ["clipboard", "yank"];
    A::CopyAs, [ch('c') => A::CopyAs], 1, P::ONBOARD, "form", "copy the record as the DNS host's form wants it", ["host", "fields"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::ONBOARD, "all", "copy every record that has no blank, as zone lines", ["zone file"];
    A::Right, [on(K::Left) => A::Left, on(K::Right) => A::Right, ch('h') => A::Left, ch('l') => A::Right], 2, P::ONBOARD, "", "previous, next record of the step", [];
    A::Again, [ch('r') => A::Again, ch('R') => A::Again], 1, P::ONBOARD, "ask again", "ask DNS again: what is published ticks itself off", ["refresh", "check"];
    A::Edit, [ch('e') => A::Edit], 1, P::ONBOARD, "answers", "say who sends, and from where", ["platform", "server", "edit"];
    A::Next, [ch('n') => A::Next, ch('N') => A::Previous], 2, P::ONBOARD, "", "next, previous domain", ["several", "other"];
    A::Skip, [ch('S') => A::Skip], 1, P::ONBOARD, "skip", "leave the step out, or take that back; it stays not done", ["later"];
    A::Watch, [ch('w') => A::Watch], 1, P::ONBOARD, "watch", "watch this record until it is everywhere", ["propagation", "dns wait"];
    A::SaveReport, [ch('s') => A::SaveReport], 1, P::ONBOARD, "", "save the checklist as Markdown, for whoever owns the DNS", ["export", "ticket"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::ONBOARD_FORM, "check", "ask DNS, and show the checklist", ["done", "go"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::ONBOARD, "back", "back one step; keeps the work", ["cancel"];
    A::Open, [on(K::Enter) => A::Open], 1, P::WARMUP, "edit", "change what the plan rests on", ["target", "numbers"];
    A::Add, [ch('+') => A::Add], 1, P::WARMUP, "today's numbers", "enter the numbers of a day", ["check", "advance", "hold", "step back"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::WARMUP, "copy", "copy the plan as Markdown", ["table", "ticket"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::WARMUP, "", "copy the shell command that makes the same plan", ["clipboard", "yank"];
    A::SaveReport, [ch('s') => A::SaveReport], 1, P::WARMUP, "save", "save the plan to a file", ["export", "markdown"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::WARMUP_FORM, "done", "done: reckon", ["go"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::WARMUP, "back", "back one step; keeps the work", ["cancel"];
    A::Open, [on(K::Enter) => A::Open], 1, P::LISTS, "open", "open what is marked", ["go", "choose"];
    A::Open, [on(K::Enter) => A::Open], 1, P::VERDICT, "detail", "open the finding", ["explain", "evidence", "why"];
    A::Open, [on(K::Enter) => A::Open], 1, P::SOURCES, "detail", "open the finding on this source, with its fix", ["explain", "why"];
    A::Open, [on(K::Enter) => A::Open], 1, P::HOPS, "raw line", "show this Received line in the header", ["source"];
    A::Right, [on(K::Left) => A::Left, on(K::Right) => A::Right, ch('h') => A::Left, ch('l') => A::Right], 2, P::SPF, "fold", "fold, unfold the records below a term", ["tree", "expand", "collapse"];
    A::Open, [on(K::Enter) => A::Open], 1, P::SPF, "answer", "more or less room for the raw answer", ["dig", "ttl", "record"];
    A::Open, [on(K::Enter) => A::Open], 1, P::COPY.or(P::CONFIRM).or(P::FINDER).or(P::FILTER).or(P::HOSTS), "run", "run the marked line", [];
    A::Open, [on(K::Enter) => A::Open], 1, P::BLANK, "take it", "take what was typed; nothing takes it back", [];
    A::Open, [on(K::Enter) => A::Open], 1, P::FORMS, "next line", "next line; on the last, done", [];
    A::Open, [on(K::Enter) => A::Open], 1, P::ASK, "check", "ask DNS", ["go", "diagnose"];
    A::Open, [on(K::Enter) => A::Open], 1, P::EDIT, "", "done; the text is kept", [];
    A::Restore, [ctrl('r') => A::Restore], 1, P::EDIT, "proposal", "take the proposal again", ["restore", "undo", "reset", "original"];
    A::Open, [on(K::Enter) => A::Open], 1, P::INPUT, "", "new line; on a button, press it", [];
    // views and findings
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::INPUT.or(P::STATED).or(P::WISH), "diagnose", "diagnose what is here", ["done", "go", "check"];
    A::NextField, [on(K::Tab) => A::NextField, on(K::BackTab) => A::PreviousField], 1, P::INPUT, "buttons", "text, buttons", ["as header", "as record", "clear"];
    A::NextField, [on(K::Tab) => A::NextField, on(K::BackTab) => A::PreviousField], 1, P::FORMS, "", "next, previous line", [];
    A::Right, [on(K::Left) => A::Left, on(K::Right) => A::Right], 2, P::FORMS, "change", "change a choice; move in a text", ["trust", "authserv-id"];
    A::Right, [on(K::Left) => A::Left, on(K::Right) => A::Right], 2, P::INPUT.or(P::FINDER).or(P::FILTER).or(P::ASK).or(P::EDIT).or(P::BLANK), "", "move in the text", [];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::VERDICT.or(P::DETAIL), "copy", "copy the value of the fix", ["clipboard", "yank", "record"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::VERDICT, "records", "copy the whole record as zone lines", ["zone file", "bind"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::FORM, "copy", "copy this field", ["clipboard", "yank", "value", "name"];
    A::NextField, [on(K::Tab) => A::NextField, on(K::BackTab) => A::PreviousField], 1, P::FORM, "next field", "next, previous field", ["form"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::FORM, "all", "copy all fields", ["record"];
    A::Open, [on(K::Enter) => A::Open], 1, P::FORM, "host", "choose another DNS host", ["provider", "registrar", "cloudflare", "route 53", "godaddy"];
    A::Edit, [ch('e') => A::Edit], 1, P::DETAIL.or(P::FORM), "edit", "edit the proposed value; what it would do follows as you type", ["change", "replace", "blank", "fill in"];
    A::Form, [ch('p') => A::Form], 1, P::DETAIL, "DNS form", "the record as your DNS host wants it, field by field", ["publish", "provider", "host", "registrar", "paste"];
    A::CopyAs, [ch('c') => A::CopyAs], 1, P::DETAIL.or(P::FORM), "copy as", "copy as the DNS host's form, zone lines, Route 53, Terraform, dig, Markdown, JSON …", ["ticket", "export", "clipboard"];
    A::Verify, [ch('v') => A::Verify], 1, P::DETAIL, "verify", "verify: ask DNS again for this finding", ["live", "check", "cured", "published"];
    A::Watch, [ch('w') => A::Watch], 1, P::DETAIL, "watch", "watch this record until it is everywhere", ["propagation", "dns wait", "ttl", "nxdomain"];
    A::Next, [ch('n') => A::Next, ch('N') => A::Previous], 2, P::DETAIL, "next", "next, previous finding", ["following"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::DETAIL, "records", "copy the whole record as zone lines", ["zone file", "bind"];
    A::Open, [on(K::Enter) => A::Open], 1, P::DETAIL, "evidence", "show the evidence in the raw header", ["source", "raw", "proof"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::WATCH_FORM, "watch", "begin to watch", ["done", "go"];
    A::Pause, [ch(' ') => A::Pause], 1, P::WATCH, "pause", "pause, go on", ["rest", "hold", "continue"];
    A::Again, [ch('r') => A::Again], 1, P::WATCH, "ask now", "ask the name servers now; begin again what is over", ["refresh", "retry"];
    A::Add, [ch('+') => A::Add], 1, P::WATCH, "add", "ask another server or resolver as well; with another name, watch that too", ["new", "another", "resolver"];
    A::Bell, [ch('b') => A::Bell], 1, P::WATCH, "bell", "bell on or off when a watch is over", ["sound", "quiet"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::WATCH, "copy", "copy the shell command that watches the same", ["clipboard", "yank"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::FETCH_FORM, "fetch", "begin to wait", ["done", "go"];
    A::Open, [on(K::Enter) => A::Open], 1, P::FETCH, "diagnosis", "open the diagnosis of what was found", ["message", "verdict"];
    A::Again, [ch('r') => A::Again], 1, P::FETCH, "again", "begin again what is over", ["retry", "refresh"];
    A::Add, [ch('+') => A::Add], 1, P::FETCH, "5 min", "wait five minutes more", ["longer", "timeout"];
    A::Folders, [ch('f') => A::Folders], 1, P::FETCH, "folders", "name the folders to look into besides INBOX and junk", ["imap", "archive", "lists"];
    A::Edit, [ch('e') => A::Edit], 1, P::FETCH, "change", "change what is fetched, or from where", ["password", "mailbox"];
    A::Bell, [ch('b') => A::Bell], 1, P::FETCH, "", "bell on or off when the fetch is over", ["sound", "quiet"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::FETCH, "copy", "copy the shell command that fetches the same", ["clipboard", "yank"];
    A::Diagnose, [ctrl('d') => A::Diagnose], 1, P::LISTEN_FORM, "listen", "begin to listen", ["done", "go"];
    A::Open, [on(K::Enter) => A::Open], 1, P::LISTEN, "diagnosis", "open the diagnosis of the message", ["verdict"];
    A::Down, [on(K::Up) => A::Up, on(K::Down) => A::Down, ch('k') => A::Up, ch('j') => A::Down], 2, P::LISTEN, "message", "choose a message", ["select", "arrow"];
    A::Stop, [ch('s') => A::Stop], 1, P::LISTEN, "stop", "stop listening; what has come is kept", ["end", "close"];
    A::Again, [ch('r') => A::Again], 1, P::LISTEN, "again", "listen again", ["retry", "restart"];
    A::Edit, [ch('e') => A::Edit], 1, P::LISTEN, "change", "change where it listens, and for whom", ["port", "certificate", "recipient"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::LISTEN, "copy address", "copy the address to send to", ["clipboard", "yank"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::LISTEN, "", "copy the shell command that listens the same", ["clipboard", "command"];
    A::Bell, [ch('b') => A::Bell], 1, P::LISTEN, "", "bell on or off when a message comes", ["sound", "quiet"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::HOPS.or(P::HEADERS), "copy line", "copy the header field", ["clipboard", "yank"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::RECORDS, "copy", "copy the records of this answer", ["clipboard", "yank"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::RECORDS, "dig", "copy the dig command that asks the same", ["command"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::SPF, "copy record", "copy the SPF record the term stands in", ["clipboard", "yank"];
    A::CopyAll, [ch('Y') => A::CopyAll], 1, P::SPF, "", "copy the dig command of the term", ["question", "command"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::DKIM, "copy key", "copy the key record", ["clipboard", "yank"];
    A::CopyValue, [ch('y') => A::CopyValue], 1, P::DMARC, "copy record", "copy the DMARC record", ["clipboard", "yank"];
    A::Next, [ch('n') => A::Next, ch('N') => A::Previous], 2, P::HEADERS, "evidence", "next, previous piece of evidence", ["exhibit", "highlight"];
    A::Next, [ch('n') => A::Next, ch('N') => A::Previous], 2, P::DKIM, "next", "next, previous signature or key", ["selector"];
    A::Filter, [ch('/') => A::Filter], 1, P::HOME, "", "every saved case: search by domain, verdict, rule, day", ["cases", "history", "find", "reopen", "resume"];
    A::Open, [on(K::Enter) => A::Open], 1, P::CASES, "open", "open the case", ["resume"];
    A::Filter, [ch('/') => A::Filter], 1, P::VERDICT, "filter", "filter the findings", ["search", "find"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::DETAIL.or(P::SPF).or(P::DKIM).or(P::DMARC).or(P::HOPS).or(P::HEADERS).or(P::RECORDS).or(P::SOURCES).or(P::FORM).or(P::SAMPLES).or(P::PRACTICE).or(P::LESSON).or(P::WATCH).or(P::FETCH).or(P::LISTEN).or(P::CHANGES).or(P::REQUIREMENTS).or(P::FILTERS).or(P::SEND).or(P::SESSION).or(P::PRACTISED_SESSION), "back", "back one step; keeps the work", ["cancel"];
    A::View(View::Verdict), [ch('1') => A::View(View::Verdict)], 1, P::VIEWS, "views", "view: verdict", ["overview", "summary"];
    A::View(View::Findings), [ch('2') => A::View(View::Findings)], 1, P::VIEWS, "views", "view: findings", ["detail"];
    A::View(View::Spf), [ch('3') => A::View(View::Spf)], 1, P::VIEWS, "views", "view: SPF", ["lookups", "include", "tree"];
    A::View(View::Dkim), [ch('4') => A::View(View::Dkim)], 1, P::VIEWS, "views", "view: DKIM", ["signature", "selector", "key"];
    A::View(View::Hops), [ch('5') => A::View(View::Hops)], 1, P::VIEWS, "views", "view: hops; DMARC of a domain", ["received", "delay", "timeline"];
    A::View(View::Headers), [ch('6') => A::View(View::Headers)], 1, P::VIEWS, "views", "view: headers; records of a domain; sources of a report", ["raw", "source", "evidence", "answers"];
    A::View(View::Filters), [], 0, P::VIEWS, "", "view: what spam filters said: the receiver's, others', your own", ["spam", "spamassassin", "rspamd", "score", "verdicts", "scl"];
    A::View(View::Requirements), [], 0, P::VIEWS, "", "view: what Gmail, Yahoo, Outlook.com … ask of senders", ["requirements", "bulk", "matrix", "guidelines"];
    A::View(View::Dmarc), [], 0, P::VIEWS, "", "view: DMARC, as two kinds of receivers read it", ["policy", "rua", "reports", "tree walk"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::VERDICT, "back", "back one step; keeps the work", ["cancel"];
    A::Form, [ch('p') => A::Form], 1, P::VERDICT, "", "the record as your DNS host wants it, field by field", ["publish", "provider", "host", "registrar", "paste"];
    A::CopyAs, [ch('c') => A::CopyAs], 1, P::VERDICT, "copy as", "copy as the DNS host's form, zone lines, Route 53, Terraform, dig, Markdown, JSON …", ["ticket", "export", "clipboard"];
    A::Pick(1), [ch('1') => A::Pick(1), ch('9') => A::Pick(9), ch('2') => A::Pick(2), ch('3') => A::Pick(3), ch('4') => A::Pick(4), ch('5') => A::Pick(5), ch('6') => A::Pick(6), ch('7') => A::Pick(7), ch('8') => A::Pick(8), ch('0') => A::Pick(10)], 2, P::LISTS, "", "open that line", [];
    A::Pick(1), [ch('1') => A::Pick(1), ch('9') => A::Pick(9), ch('0') => A::Pick(0), ch('2') => A::Pick(2), ch('3') => A::Pick(3), ch('4') => A::Pick(4), ch('5') => A::Pick(5), ch('6') => A::Pick(6), ch('7') => A::Pick(7), ch('8') => A::Pick(8)], 2, P::COPY, "copy", "copy that form", [];
    A::Right, [on(K::Left) => A::Left, on(K::Right) => A::Right, ch('h') => A::Left, ch('l') => A::Right], 2, P::DETAIL.or(P::FORM), "record", "previous, next record of the fix", [];
    A::Stated, [ch('t') => A::Stated], 1, P::SPF, "try an IP", "try an address, a sender and a HELO name", ["what if", "ip", "evaluate"];
    A::Stated, [ch('t') => A::Stated], 1, P::VERDICT.or(P::DETAIL).or(P::DKIM).or(P::DMARC).or(P::HOPS).or(P::HEADERS).or(P::RECORDS), "", "try with other values: what the panel says, IP, HELO, whom to trust; your sending, your own filters; for a domain selectors, addresses, blocklists", ["selector", "blocklist", "volume", "complaints", "spamassassin", "rspamd", "certificates", "probe", "configured", "settings", "said", "trust", "authserv-id", "ip"];
    A::More, [ch('i') => A::More], 1, P::VERDICT, "", "picture or text", ["accessible", "screen reader"];
    A::More, [ch('i') => A::More], 1, P::DETAIL, "more", "more or less explanation", ["why", "manual", "sources"];
    A::More, [ch('i') => A::More], 1, P::DKIM.or(P::DMARC), "answers", "the raw answers of DNS, and the dig commands", ["dig", "raw", "ttl"];
    A::Again, [ch('r') => A::Again, ch('R') => A::Again], 1, P::VIEWS, "", "run this again: ask DNS everything anew", ["refresh", "dns", "ask again", "ttl"];
    A::Verify, [ch('v') => A::Verify], 1, P::VERDICT, "", "verify: ask DNS again for this finding", ["live", "check", "cured", "published"];
    A::Changes, [], 0, P::VIEWS, "", "what changed since the run before", ["diff", "compare", "history"];
    A::Watch, [ch('w') => A::Watch], 1, P::VERDICT.or(P::SPF).or(P::DKIM).or(P::DMARC).or(P::RECORDS), "", "watch this record until it is everywhere", ["propagation", "dns wait", "ttl", "nxdomain"];
    A::SaveReport, [ch('s') => A::SaveReport], 1, P::VIEWS, "", "save a report to a file", ["export", "markdown", "ticket"];
    A::LocalTime, [ch('z') => A::LocalTime], 1, P::HOPS, "UTC or local", "local time or UTC", ["timezone", "clock"];
    A::Redact, [ch('x') => A::Redact], 1, P::VIEWS, "", "redact on or off: addresses, names, IPs, subjects", ["privacy", "hide", "anonymise", "anonymize"];
    // the quit question
    A::No, [ch('n') => A::No], 1, P::CONFIRM, "stay", "stay", [];
    A::Yes, [ch('y') => A::Yes, ch('q') => A::Yes], 2, P::CONFIRM, "quit", "quit", [];
    // typing
    A::LineStart, [on(K::Home) => A::LineStart, ctrl('a') => A::LineStart], 2, P::TYPING, "", "start of the line", [];
    A::LineEnd, [on(K::End) => A::LineEnd, ctrl('e') => A::LineEnd], 2, P::TYPING, "", "end of the line", [];
    A::KillLine, [ctrl('u') => A::KillLine], 1, P::TYPING, "clear line", "clear the line", ["delete", "empty"];
    A::KillWord, [ctrl('w') => A::KillWord], 1, P::TYPING, "", "delete the word before", [];
    A::KillToEnd, [ctrl('k') => A::KillToEnd], 1, P::TYPING, "", "delete to the end of the line", [];
    A::DeleteBack, [on(K::Backspace) => A::DeleteBack], 1, P::TYPING, "", "delete the character before", [];
    A::DeleteNext, [on(K::Delete) => A::DeleteNext], 1, P::TYPING, "", "delete the character after", [];
    A::Undo, [ctrl('_') => A::Undo, ctrl('7') => A::Undo], 1, P::INPUT, "", "undo", [];
    // everywhere
    A::PageDown, [on(K::PageDown) => A::PageDown, on(K::PageUp) => A::PageUp], 2, P::SCREENS.or(P::FINDER).or(P::LOG).or(P::HOSTS), "", "page down, up", [];
    A::PageDown, [ctrl('d') => A::PageDown, ctrl('u') => A::PageUp], 2, P::COMMANDS, "", "page down, up", [];
    A::Top, [ch('g') => A::Top, ch('G') => A::Bottom, on(K::Home) => A::Top, on(K::End) => A::Bottom], 2, P::COMMANDS, "", "top, bottom", ["start", "end"];
    A::Back, [on(K::Esc) => A::Back], 1, P::INPUT.or(P::FORMS).or(P::ASK).or(P::EDIT).or(P::CASES), "back, kept", "back; the text is kept", ["cancel"];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back, ch('q') => A::Back], 1, P::COPY.or(P::LOG).or(P::HOSTS), "close", "close", [];
    A::Back, [on(K::Esc) => A::Back, on(K::Backspace) => A::Back], 1, P::CONFIRM, "stay", "close and stay", [];
    A::Back, [on(K::Esc) => A::Back], 1, P::FINDER.or(P::FILTER).or(P::BLANK), "close", "close", [];
    A::PlainPage, [ch('P') => A::PlainPage], 1, P::VIEWS, "", "plain page: without frame, to select with the mouse", ["select", "mouse", "text"];
    A::Troubles, [], 0, P::LISTS.or(P::VIEWS), "", "find out why mail fails: from a symptom to its cause", ["troubleshoot", "symptom", "rejected", "spam", "late", "complaint", "wizard", "guide"];
    A::Watches, [], 0, P::LISTS.or(P::VIEWS), "", "watches: what is waited for", ["propagation", "background", "running"];
    A::Send, [], 0, P::LISTS.or(P::VIEWS), "", "send a test message, or look at the one that is being sent", ["smtp", "submission", "transcript"];
    A::Listen, [], 0, P::LISTS.or(P::VIEWS), "", "receive mail here, or look at what has come: a private mail tester", ["smtp", "listen", "mail-tester", "server"];
    A::Log, [], 0, P::SCREENS, "", "log: every message so far", ["messages", "history", "errors"];
    A::Command, [ch(':') => A::Command, on(K::F(2)) => A::Command], 1, P::LISTS, "command", "run a command by name", ["palette"];
    A::Command, [ch(':') => A::Command, on(K::F(2)) => A::Command], 1, P::VIEWS.or(P::WATCH).or(P::WARMUP).or(P::SEND).or(P::SESSION).or(P::PRACTISED_SESSION).or(P::ONBOARD).or(P::FETCH).or(P::LISTEN), "", "run a command by name", ["palette"];
    A::Command, [on(K::F(2)) => A::Command], 1, P::INPUT.or(P::FORMS).or(P::ASK).or(P::EDIT).or(P::CASES), "", "run a command by name", ["palette"];
    A::Help, [ch('?') => A::Help, on(K::F(1)) => A::Help], 1, P::COMMANDS, "help", "help: search keys and actions", ["keys", "manual"];
    A::Help, [on(K::F(1)) => A::Help], 1, P::INPUT.or(P::FORMS).or(P::ASK).or(P::EDIT).or(P::CASES), "help", "help: search keys and actions", ["keys", "manual"];
    A::Quit, [ch('q') => A::Quit], 1, P::LISTS, "quit", "quit", ["exit", "leave"];
    A::Quit, [ch('q') => A::Quit], 1, P::VIEWS.or(P::LESSON).or(P::WATCH).or(P::WARMUP).or(P::SEND).or(P::SESSION).or(P::PRACTISED_SESSION).or(P::ONBOARD).or(P::FETCH).or(P::LISTEN), "", "quit; asks only while something runs", ["exit", "leave"];
    A::Interrupt, [ctrl('c') => A::Interrupt], 1, P(u64::MAX), "", "stop what runs, else quit; twice always leaves", ["cancel", "abort"];
    A::Redraw, [ctrl('l') => A::Redraw], 1, P(u64::MAX), "", "redraw the screen", ["refresh", "garbage"];
    A::Suspend, [ctrl('z') => A::Suspend], 1, P(u64::MAX), "", "suspend to the shell", ["background", "fg"];
};

/// The table with the user's own keys.
static OWN: OnceLock<Vec<Binding>> = OnceLock::new();

/// Takes the user's keys, once, before anything asks for one.
pub fn take(own: Vec<Binding>) {
    OWN.get_or_init(|| own);
}

/// Every line, in the order of footer and help.
pub fn table() -> &'static [Binding] {
    OWN.get().map_or(TABLE, Vec::as_slice)
}

/// The lines valid at a place.
pub fn at(place: Places) -> impl Iterator<Item = &'static Binding> {
    table().iter().filter(move |b| b.places.has(place))
}

/// What a key does at a place.
pub fn find(place: Places, key: Key) -> Option<Action> {
    at(place).flat_map(|b| b.keys.iter()).find(|(k, _)| *k == key).map(|(_, a)| *a)
}

/// The footer of a place, cut to `width` columns at whole entries; the way to help and out
/// stays. Lines in a row that share a label are one entry: `1-6 views`. What `offers` denies has nothing to work on.
pub fn footer(place: Places, width: usize, offers: impl Fn(Action) -> bool) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut entries: Vec<(String, &Binding)> = Vec::new();
    for binding in at(place).filter(|b| !b.label.is_empty() && offers(b.action)) {
        match entries.last_mut() {
            Some((keys, last)) if last.label == binding.label => {
                *keys = format!("{}-{}", last.keys_label(), binding.keys_label());
            }
            _ => entries.push((binding.keys_label(), binding)),
        }
    }
    let (tail, rest): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(_, b)| matches!(b.action, Action::Help | Action::Quit));
    let write = |(keys, b): (String, &Binding)| format!("{keys} {}", b.label);
    let tail = tail.into_iter().map(write).collect::<Vec<_>>().join("  ");
    let mut out = String::from(" ");
    for text in rest.into_iter().map(write) {
        if out.width() + text.width() + 2 + tail.width() <= width {
            out.push_str(&text);
            out.push_str("  ");
        }
    }
    out.push_str(&tail);
    out.trim_end().to_owned()
}
