//! `postdoc fetch`

use super::args::{Account, Fetch as Args, Format, Global};
use super::exit::Exit;
use super::mailboxes;
use crate::diagnose::Diagnosis;
use crate::evidence::{Input, InputKind, Said};
use crate::fetch::{Event, News, Order, Sought, Stage, TIMEOUT, Wait};
use crate::redact::Redaction;
use crate::report::json::{self, fetch as events};
use crate::report::{self, Shown};
use crate::world::dns;
use crate::world::fetch::{Audience, Fetcher, PACE, Wanted};
use crate::world::signal::Signals;
use anyhow::bail;

/// Waits in every mailbox, and diagnoses what comes.
pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let copy = args.sent.as_deref().map(sent).transpose()?;
    let boxes = mailboxes::open(&args.mailboxes, &args.account.who(), &global.saved, global.offline)?;
    let copies = copy.into_iter().collect();
    let wanted = wanted(global, boxes, &args.account, args.sought.sought(), args.mailboxes.header_only, copies);
    wait(global, &wanted, (!args.no_save).then_some(args.keep_body), &Signals::listen())
}

/// What is to be waited for.
pub(super) fn wanted(
    global: &Global,
    mut boxes: Vec<mailboxes::Opened>,
    account: &Account,
    sought: Sought,
    header_only: bool,
    sent: Vec<Input>,
) -> Wanted {
    if global.redact {
        boxes.iter_mut().enumerate().for_each(|(n, (account, _))| account.name = format!("mailbox {}", n + 1));
    }
    if account.insecure_tls && !global.quiet {
        super::tell("--insecure-tls: whoever stands in between can read the password and the mail");
    }
    Wanted {
        order: Order { sought, header_only, timeout: global.timeout.unwrap_or(TIMEOUT) },
        boxes,
        insecure: account.insecure_tls,
        pace: PACE,
        said: Said { resolver: global.resolver.first().copied(), ..Said::default() },
        now: global.now,
        offline: global.offline,
        sent,
    }
}

/// Waits, and says how it goes. `save`: whether cases are saved, and bodies with them.
pub(super) fn wait(global: &Global, wanted: &Wanted, save: Option<bool>, signals: &Signals) -> anyhow::Result<Exit> {
    let mut teller = Teller::new(global, save, wanted.boxes.len());
    // The limit of the whole is that of the waiting; a diagnosis has its own.
    let settings = dns::Settings { timeout: dns::Settings::default().timeout, ..global.dns() };
    let wait = Fetcher::new(&settings)?.run(wanted, signals.stop(), &mut teller);
    teller.finish(&wait, signals.came())
}

/// The sent copy, which has to be there before anything is waited for.
fn sent(name: &str) -> anyhow::Result<Input> {
    let copy = super::source::input(name, Some(InputKind::Message));
    if copy.kind == InputKind::Message { Ok(copy) } else { bail!("the sent copy: {}", copy.because) }
}

/// Says how it goes in the format asked for.
struct Teller<'a> {
    global: &'a Global,
    style: report::human::Style,
    /// Whether cases are saved, and bodies with them.
    save: Option<bool>,
    /// More than one mailbox: a table instead of one diagnosis.
    several: bool,
    begun: bool,
    diagnoses: Vec<Diagnosis>,
    exit: Exit,
    broke: Option<std::io::Error>,
}

impl<'a> Teller<'a> {
    fn new(global: &'a Global, save: Option<bool>, mailboxes: usize) -> Teller<'a> {
        Teller {
            global,
            style: super::look::style(global.color, global.verbose),
            save,
            several: mailboxes > 1,
            begun: false,
            diagnoses: Vec::new(),
            exit: Exit::Clean,
            broke: None,
        }
    }

    fn put(&mut self, text: &str) {
        if self.broke.is_none() && !text.is_empty() {
            self.broke = match super::put(text) {
                Ok(true) => None,
                Ok(false) => Some(std::io::ErrorKind::BrokenPipe.into()),
                Err(e) => Some(e),
            };
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.global.format(), Format::Json | Format::Ndjson)
    }

    /// By all that came so far, so that one name has one stand-in from the first line to the last.
    fn redaction(&self, wait: &Wait) -> Option<Redaction> {
        let facts = self.diagnoses.iter().map(|d| &d.facts);
        self.global.redact.then(|| Redaction::with(facts, &report::fetch::told(wait)))
    }

    /// A line of news, on the stream where it belongs.
    fn news(&mut self, wait: &Wait, news: &News) {
        let Some(mailbox) = wait.boxes.get(news.n) else { return };
        let redaction = self.redaction(wait);
        let shown = Shown { redaction: redaction.as_ref() };
        if self.is_json() {
            if let Some(event) = events::news(wait, news) {
                self.put(&json::line(&event, shown));
            }
            return;
        }
        if !self.global.quiet
            && self.global.format() == Format::Human
            && let Some(line) = report::fetch::progress(wait, news, self.several)
        {
            super::note(shown.hidden(&line));
        }
        let row = matches!(news.event, Event::Judged { .. } | Event::Failed(_) | Event::Never);
        if row && self.several {
            let row = match self.global.format() {
                Format::Human => report::fetch::row(wait, mailbox, self.style, shown),
                Format::Plain => report::fetch::plain(mailbox, shown),
                _ => String::new(),
            };
            self.put(&row);
        }
    }

    /// What it came to, and the status.
    fn finish(mut self, wait: &Wait, signal: Option<u8>) -> anyhow::Result<Exit> {
        let redaction = self.redaction(wait);
        let shown = Shown { redaction: redaction.as_ref() };
        if self.is_json() {
            self.put(&json::line(&events::done(wait), shown));
        } else {
            let text = match self.global.format() {
                Format::Human => report::fetch::summary(wait, self.style, shown),
                Format::Markdown => report::fetch::markdown(wait, shown),
                Format::Plain if !self.several => wait.boxes.iter().map(|b| report::fetch::plain(b, shown)).collect(),
                _ => String::new(),
            };
            self.put(&text);
            if !self.several {
                for diagnosis in std::mem::take(&mut self.diagnoses) {
                    if self.broke.is_none() {
                        super::diagnose::print(self.global, &diagnosis, false)?;
                    }
                }
            }
        }
        for mailbox in &wait.boxes {
            self.exit = self.exit.and(match &mailbox.stage {
                Stage::Never => Exit::TimedOut,
                Stage::Failed(fault) if fault.reason.is_setting() => Exit::Usage,
                Stage::Failed(_) => Exit::Unknown,
                _ => Exit::Clean,
            });
        }
        match self.broke {
            Some(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
            _ => Ok(signal.map_or(self.exit, Exit::Interrupted)),
        }
    }
}

impl Audience for Teller<'_> {
    fn heard(&mut self, wait: &mut Wait) {
        if !std::mem::replace(&mut self.begun, true) {
            let redaction = self.redaction(wait);
            let shown = Shown { redaction: redaction.as_ref() };
            let text = match self.global.format() {
                Format::Json | Format::Ndjson => json::line(&events::begun(wait), shown),
                Format::Human if self.several => report::fetch::heading(wait, self.style, shown),
                _ => String::new(),
            };
            self.put(&text);
        }
        for news in wait.take_news() {
            self.news(wait, &news);
        }
    }

    fn judged(&mut self, wait: &Wait, n: usize, diagnosis: &Diagnosis) -> Option<String> {
        self.exit = self.exit.and(Exit::of(diagnosis, self.global.fail_on.severity()));
        let judged = diagnosis.facts.evidence.input.kind.is_judged();
        let case =
            self.save.filter(|_| judged).and_then(|bodies| super::diagnose::keep(self.global, diagnosis, bodies));
        self.diagnoses.push(diagnosis.clone());
        if self.is_json() {
            let redaction = self.redaction(wait);
            let shown = Shown { redaction: redaction.as_ref() };
            self.put(&json::line(&events::diagnosis(wait, n, case.as_deref(), diagnosis), shown));
        }
        case
    }
}
