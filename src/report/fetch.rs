//! A fetch as text: a line of progress, a row for each mailbox, and what it came to.

use super::Shown;
use super::human::{Ink, Style, typewritten};
use super::table::cut;
use super::watch::clock;
use crate::fetch::{End, Fault, Mailbox, News, Place, Stage, Wait, words};
use crate::triage::State;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Columns of the name of an account at most.
const NAME: usize = 30;

/// Columns of the folder.
const FOLDER: usize = 20;

/// A line for stderr; `None` where it is no news for people.
pub fn progress(wait: &Wait, news: &News, several: bool) -> Option<String> {
    let mailbox = wait.boxes.get(news.n)?;
    let text = words(&mailbox.account, &news.event, &wait.order.sought)?;
    let name = if several { format!("{}: ", mailbox.account.name) } else { String::new() };
    Some(format!("{:>6}  {name}{text}", clock(news.at.as_secs())))
}

/// Mark, its ASCII form, word, ink: how a mailbox stands.
pub fn look(mailbox: &Mailbox) -> (&'static str, &'static str, &'static str, Ink) {
    let junk = mailbox.find.as_ref().is_some_and(|find| find.in_junk());
    match (&mailbox.stage, mailbox.opinion.as_ref().map(|o| o.state)) {
        (Stage::Found, Some(State::Fail)) => ("✗", "x", "fail", Ink::Fail),
        (Stage::Found, Some(State::Warn)) => ("!", "!", "warn", Ink::Warn),
        (Stage::Found, Some(State::Pass)) if junk => ("!", "!", "warn", Ink::Warn),
        (Stage::Found, Some(State::Pass)) => ("✓", "v", "pass", Ink::Pass),
        (Stage::Found, Some(State::Unknown)) => ("?", "?", "unknown", Ink::Note),
        (Stage::Found, None) => ("…", ".", "", Ink::Faint),
        (Stage::Failed(_), _) => ("✗", "x", "unread", Ink::Fail),
        (Stage::Never, _) => ("?", "?", "never", Ink::Warn),
        (Stage::Stopped, _) => ("–", "-", "stopped", Ink::Faint),
        _ => ("…", ".", "", Ink::Faint),
    }
}

/// Texts that no message holds and that may name somebody: what is sought, and where.
pub fn told(wait: &Wait) -> Vec<String> {
    let of = |mailbox: &Mailbox| {
        let (host, user) = match &mailbox.account.place {
            Place::Imap(server) => (server.host.clone(), server.user.clone()),
            Place::Maildir(path) | Place::Mbox(path) => (path.display().to_string(), None),
        };
        [Some(host), user, mailbox.fault().map(|fault| fault.said.clone())]
    };
    std::iter::once(wait.order.sought.words()).chain(wait.boxes.iter().flat_map(of).flatten()).collect()
}

fn widest(wait: &Wait) -> usize {
    wait.boxes.iter().map(|b| b.account.name.width()).max().unwrap_or_default().clamp(7, NAME)
}

/// Above the table.
pub fn heading(wait: &Wait, style: Style, shown: Shown) -> String {
    let name = widest(wait);
    let line = format!("  {:name$}  {:FOLDER$}  {:>5}  verdict", "mailbox", "folder", "after");
    format!("waiting for {}\n{}\n", shown.line(&wait.order.sought.words()), style.paint(Ink::Faint, &line))
}

/// `✓ me@gmail.com   INBOX   0:08  PASS  Everything passes.`
pub fn row(wait: &Wait, mailbox: &Mailbox, style: Style, shown: Shown) -> String {
    let (glyph, ascii, word, ink) = look(mailbox);
    let width = widest(wait);
    let fit = |text: &str, room: usize| {
        let text = cut(&shown.line(text), room, style.dots());
        let pad = " ".repeat(room.saturating_sub(text.width()));
        text + &pad
    };
    let name = fit(&mailbox.account.name, width);
    let folder = fit(&folder(mailbox), FOLDER);
    let took = mailbox.took.map(|took| clock(took.as_secs())).unwrap_or_default();
    let said = match (&mailbox.opinion, &mailbox.stage) {
        (Some(opinion), _) => opinion.headline.clone(),
        (None, Stage::Found) => String::new(),
        (None, _) => mailbox.words(),
    };
    let room = style.width.saturating_sub(width + FOLDER + 23).max(20);
    let said = cut(&shown.line(&said), room, style.dots());
    let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
    let word = style.paint(ink, &format!("{:7}", word.to_uppercase()));
    let line = format!("{mark} {name}  {folder}  {took:>5}  {word}  {said}");
    typed(format!("{}\n", line.trim_end()), style)
}

fn folder(mailbox: &Mailbox) -> String {
    mailbox.find.as_ref().map_or_else(|| "-".into(), |find| find.words())
}

/// One sentence: how it came out.
pub fn result(wait: &Wait) -> String {
    let after = clock(wait.elapsed.as_secs());
    if let [mailbox] = &wait.boxes[..] {
        return match (&mailbox.find, mailbox.took) {
            (Some(find), Some(took)) => format!("found in {} after {}", find.words(), clock(took.as_secs())),
            _ => match &mailbox.stage {
                Stage::Failed(fault) => format!("not read: {}", fault.title(&mailbox.account)),
                Stage::Never => format!("not found within {after}: {}", wait.order.sought.words()),
                _ => format!("stopped after {after}"),
            },
        };
    }
    let (found, of) = (wait.found(), wait.boxes.len());
    let junk = wait.boxes.iter().filter(|b| b.find.as_ref().is_some_and(|f| f.in_junk())).count();
    let junk = if junk > 0 { format!(", {junk} of them in the junk") } else { String::new() };
    match wait.end {
        Some(End::Stopped) => format!("stopped after {after}: found in {found} of {of} mailboxes{junk}"),
        Some(End::TimedOut) => format!("time is up after {after}: found in {found} of {of} mailboxes{junk}"),
        _ => format!("found in {found} of {of} mailboxes{junk}"),
    }
}

/// What a mailbox needs that did not show the message: a title, what was said, and what to do.
pub fn advice(wait: &Wait, mailbox: &Mailbox) -> Option<(String, Option<String>, Vec<String>)> {
    match &mailbox.stage {
        Stage::Failed(fault) => {
            let said = Some(fault.said.clone()).filter(|said| !said.is_empty());
            Some((fault.title(&mailbox.account), said, fault.steps(&mailbox.account)))
        }
        Stage::Never => Some(("it did not arrive in the time there was".into(), None, never(wait, mailbox))),
        _ => twice(mailbox).map(|step| ("it arrived more than once".into(), None, vec![step])),
    }
}

/// Where a message may be that is nowhere.
fn never(wait: &Wait, mailbox: &Mailbox) -> Vec<String> {
    let names: Vec<&str> = mailbox.folders.iter().map(|f| f.name.as_str()).collect();
    let mut steps = vec![
        "The receiver may put off strangers for a quarter of an hour (greylisting): wait longer (--timeout 30m; in the app + while it waits)."
            .to_owned(),
        "It may have been refused after all: look for a bounce in the mailbox of MAIL FROM, and paste it here.".into(),
        format!("Only {} was looked into; a filter may have moved it: name more (--folders; f in the app).", names.join(", ")),
        "Some receivers keep it in quarantine, or drop it without a word: the log of the receiving server tells."
            .into(),
    ];
    if wait.order.sought == crate::fetch::Sought::Newest {
        steps.truncate(1);
    }
    steps
}

/// Two copies are two deliveries.
fn twice(mailbox: &Mailbox) -> Option<String> {
    let find = mailbox.find.as_ref().filter(|find| !find.also.is_empty())?;
    Some(format!(
        "Copies are in {}. Two recipients of one test share this mailbox, the same message took two ways (an alias and a list, say), or the sender sent it again because the reply to the end of the data was lost (RFC 1047). Compare the Received fields of both.",
        find.words()
    ))
}

/// The end, for eyes.
pub fn summary(wait: &Wait, style: Style, shown: Shown) -> String {
    let junk = wait.boxes.iter().any(|b| b.find.as_ref().is_some_and(|f| f.in_junk()));
    let ink = match wait.end {
        Some(End::Found) if junk => Ink::Warn,
        Some(End::Found) => Ink::Pass,
        _ => Ink::Fail,
    };
    let several = wait.boxes.len() > 1;
    let mut out = if several { "\n".to_owned() } else { String::new() };
    let _ = writeln!(out, "{}", style.paint(ink, &shown.line(&result(wait))));
    for mailbox in &wait.boxes {
        let Some((title, said, steps)) = advice(wait, mailbox) else { continue };
        let name = if several { format!("{}: ", mailbox.account.name) } else { String::new() };
        let _ = writeln!(out, "\n{} {}", style.paint(Ink::Warn, "!"), shown.line(&format!("{name}{title}")));
        if let Some(said) = said {
            let _ = writeln!(out, "  it said: {}", shown.line(&said));
        }
        for step in steps {
            let _ = writeln!(out, "{}", wrapped(&shown.line(&step), style));
        }
    }
    let cases = wait.boxes.iter().filter_map(|b| Some((b, b.opinion.as_ref()?.case.as_ref()?)));
    if several {
        for (n, (mailbox, case)) in cases.enumerate() {
            let gap = if n == 0 { "\n" } else { "" };
            let _ = writeln!(out, "{gap}postdoc cases show {case}   {}", shown.line(&mailbox.account.name));
        }
    } else if wait.found() > 0 {
        out.push('\n');
    }
    typed(out, style)
}

fn wrapped(step: &str, style: Style) -> String {
    let options = textwrap::Options::new(style.width.clamp(20, 100))
        .initial_indent("  - ")
        .subsequent_indent("    ")
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(step, options)
}

/// For `cut`: mailbox, state, folder, role, seconds, verdict, headline, case.
pub fn plain(mailbox: &Mailbox, shown: Shown) -> String {
    let find = mailbox.find.as_ref();
    let opinion = mailbox.opinion.as_ref();
    let columns = [
        mailbox.account.name.clone(),
        mailbox.stage.word().to_owned(),
        find.map_or(String::new(), |f| f.folder.name.clone()),
        find.map_or(String::new(), |f| f.folder.role.word().to_owned()),
        mailbox.took.map_or(String::new(), |took| took.as_secs().to_string()),
        opinion.map_or(String::new(), |o| o.state.word().to_owned()),
        opinion.map(|o| o.headline.clone()).or_else(|| mailbox.fault().map(reason)).unwrap_or_default(),
        opinion.and_then(|o| o.case.clone()).unwrap_or_default(),
    ];
    format!("{}\n", columns.map(|c| shown.line(&c)).join("\t"))
}

fn reason(fault: &Fault) -> String {
    format!("{}: {}", fault.reason.word(), fault.said)
}

/// For a ticket.
pub fn markdown(wait: &Wait, shown: Shown) -> String {
    let text = |t: &str| super::markdown::text(shown, t);
    let mut out = format!("## {}\n\n{}\n\n", text(&wait.order.sought.words()), text(&result(wait)));
    out.push_str("| mailbox | folder | after | verdict | |\n|---|---|---|---|---|\n");
    for mailbox in &wait.boxes {
        let took = mailbox.took.map(|took| clock(took.as_secs())).unwrap_or_default();
        let said = mailbox.opinion.as_ref().map_or_else(|| mailbox.words(), |o| o.headline.clone());
        let cells =
            [text(&mailbox.account.name), text(&folder(mailbox)), took, look(mailbox).2.to_owned(), text(&said)];
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    for mailbox in &wait.boxes {
        let Some((title, said, steps)) = advice(wait, mailbox) else { continue };
        let _ = write!(out, "\n**{}**: {}", text(&mailbox.account.name), text(&title));
        let _ = writeln!(out, "{}\n", said.map_or(String::new(), |said| format!(" ({})", text(&said))));
        for step in steps {
            let _ = writeln!(out, "- {}", text(&step));
        }
    }
    out.push('\n');
    out
}

fn typed(text: String, style: Style) -> String {
    if style.unicode { text } else { typewritten(&text) }
}
