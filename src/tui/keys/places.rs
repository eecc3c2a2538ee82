//! Where keys go: screens and popups.

/// A set of places: screens and popups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Places(pub(super) u64);

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

    pub(super) const VIEWS: Places = Self::VERDICT
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
    pub(super) const LISTS: Places = Self::HOME.or(Self::SAMPLES).or(Self::PRACTICE).or(Self::TROUBLES);
    /// Where plain characters are commands.
    pub(super) const COMMANDS: Places = Self::LISTS
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
    /// Where one types a line.
    pub(super) const LINES: Places = Places(Self::TYPING.0 & !Self::INPUT.0);
    pub(super) const FORMS: Places = Self::STATED
        .or(Self::WISH)
        .or(Self::WATCH_FORM)
        .or(Self::WARMUP_FORM)
        .or(Self::SEND_FORM)
        .or(Self::ONBOARD_FORM)
        .or(Self::FETCH_FORM)
        .or(Self::LISTEN_FORM);
    pub(super) const SCREENS: Places =
        Self::COMMANDS.or(Self::INPUT).or(Self::FORMS).or(Self::ASK).or(Self::EDIT).or(Self::CASES);

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
