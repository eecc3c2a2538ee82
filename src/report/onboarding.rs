//! A checklist as text: for eyes, for whoever owns the DNS, for `cut`.

use super::Shown;
use super::export::{self, Format, zone_line};
use super::human::{Ink, Style};
use super::markdown;
use crate::diagnose::Diagnosis;
use crate::facts::domain::who::Role;
use crate::onboarding::mail::{Outcome, Planned};
use crate::onboarding::{Blank, Checklist, Next, Stage, State, Step};
use crate::remedy::Change;
use crate::remedy::form::bare;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Running text is no wider.
const PROSE: usize = 100;

/// Mark, its ASCII form, ink. What mail arrives without is no fault where it is missing.
pub fn look(step: &Step) -> (&'static str, &'static str, Ink) {
    match step.state {
        State::ToDo if step.optional => ("·", ".", Ink::Faint),
        State::Done => ("✓", "v", Ink::Pass),
        State::ToDo => ("✗", "x", Ink::Fail),
        State::Waiting => ("…", "~", Ink::Warn),
        State::Unknown => ("?", "?", Ink::Note),
        State::Skipped => ("–", "-", Ink::Faint),
    }
}

/// Whose answers they are, one sentence.
pub fn heard(list: &Checklist) -> String {
    match &list.own[..] {
        [] => "By your resolver alone, which may repeat old answers: the zone's own servers were not heard.".to_owned(),
        hosts => format!("By the zone's own servers, {}.", hosts.join(", ")),
    }
}

/// What postdoc does about a step when it is told to.
pub fn offer(next: Next) -> &'static str {
    match next {
        Next::Ask => "asks who sends, and from where",
        Next::MakeKey => "makes the key: its private half in a file that nobody else can read",
        Next::Blocklists => "asks the blocklists: it tells them the addresses",
        Next::MailHosts => "talks SMTP to the mail hosts, up to RCPT TO",
        Next::Hosts => "connects to your hosts: HTTPS, and port 80 of your servers",
        Next::Test => "sends a test message",
        Next::Raise => "opens the step by hand",
        Next::WarmUp => "plans the warm-up",
    }
}

/// What is said before it is done, where that reaches out or cannot be taken back: whom it reaches stands first, for a
/// narrow screen cuts the end. `file` is that of a key.
pub fn caution(next: Next, file: &str, list: &Checklist) -> Option<String> {
    let named = |hosts: &[String], without: &str| if hosts.is_empty() { without.to_owned() } else { hosts.join(", ") };
    Some(match next {
        Next::Ask | Next::Test | Next::WarmUp => return None,
        Next::MakeKey => format!("Makes an RSA key of 2048 bits; the private half goes into {file}, for you alone."),
        Next::Blocklists => "Asks the blocklists, which tells them your addresses.".to_owned(),
        Next::MailHosts => {
            format!("SMTP to {}; no message is sent.", named(&list.reach.mail_hosts, "the mail hosts of the domain"))
        }
        Next::Hosts => {
            let of = |hosts: &[String], what: &str| (!hosts.is_empty()).then(|| format!("{what} {}", hosts.join(", ")));
            let both = [of(&list.reach.links, "HTTPS to"), of(&list.reach.servers, "port 80 of")];
            format!("Connects: {}.", both.into_iter().flatten().collect::<Vec<_>>().join("; "))
        }
        Next::Raise => "Nothing has shown yet that your own mail is aligned: what is not will go to spam.".to_owned(),
    })
}

/// What has a shell do the same.
fn flag(next: Next) -> Option<&'static str> {
    Some(match next {
        Next::MakeKey => "--make-key FILE",
        Next::Blocklists => "--blocklists",
        Next::MailHosts => "--probe-mx",
        Next::Hosts => "--probe-hosts",
        Next::Raise => "--raise-dmarc",
        Next::Ask | Next::Test | Next::WarmUp => return None,
    })
}

/// That a blank can be filled in, or what stands in it put right.
pub fn fills(blank: &Blank) -> String {
    match blank.text.is_empty() {
        true => format!("fills in: {}", blank.what),
        false => format!("changes what you filled in: {}", blank.what),
    }
}

/// How it stands as a whole, one sentence.
pub fn headline(list: &Checklist) -> String {
    let of = |state| list.count(state);
    let needed = list.steps.iter().filter(|s| !s.optional && s.state == State::ToDo).count();
    let rest = format!(
        "{} done, {} to do, {} waiting, {} not known",
        of(State::Done),
        of(State::ToDo),
        of(State::Waiting),
        of(State::Unknown)
    );
    let skipped = if of(State::Skipped) > 0 { format!(", {} left out", of(State::Skipped)) } else { String::new() };
    let rest = format!("{rest}{skipped}");
    match (list.is_ready(), needed) {
        (true, _) => format!("{}: everything that mail needs is published. {rest}.", list.domain),
        (false, 0) => format!("{}: what is needed is not all known. {rest}.", list.domain),
        (false, 1) => format!("{}: 1 step is needed before mail. {rest}.", list.domain),
        (false, n) => format!("{}: {n} steps are needed before mail. {rest}.", list.domain),
    }
}

/// What a planned message would get, one sentence.
pub fn mail(planned: &Planned) -> String {
    let Planned { what, spf, dkim, dmarc } = planned;
    format!("{what}: spf={} dkim={} dmarc={}", spf.word(), dkim.word(), dmarc.word())
}

/// What a guess says, one line.
pub fn guess(guess: &crate::onboarding::checklist::Guess) -> String {
    let what = match guess.role {
        Role::DnsHost => "DNS host",
        Role::Mailboxes => "mailboxes",
        Role::Gateway => "filter before the mailboxes",
        Role::Sender => "may send",
    };
    let told = if guess.told { ", as you said" } else { "" };
    format!("{what}: {}{told} ({})", guess.name, guess.because)
}

/// A change, a line each: `+ name TYPE value`.
pub fn lines(change: &Change) -> Vec<(Ink, String)> {
    let line = |sign: &str, data| format!("{sign} {} {} {}", change.name, change.kind, bare(data));
    let gone = change.before.iter().filter(|d| !change.after.contains(d)).map(|d| (Ink::Remove, line("-", d)));
    let new = change.after.iter().filter(|d| !change.before.contains(d)).map(|d| (Ink::Add, line("+", d)));
    gone.chain(new).collect()
}

/// For eyes.
pub fn human(list: &Checklist, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    let width = style.width.min(PROSE);
    let mut say = |head: &str, text: &str| {
        let room = width.saturating_sub(head.width()).max(20);
        for piece in shown.block(text).lines() {
            for (n, line) in textwrap::wrap(piece, room).iter().enumerate() {
                let before = if n == 0 { head.to_owned() } else { " ".repeat(head.width()) };
                let _ = writeln!(out, "{}", format!("{before}{line}").trim_end());
            }
        }
    };
    say("", &headline(list));
    say("  Zone  ", &list.home);
    say("  ", &heard(list));
    for g in &list.guesses {
        say("  Guess ", &guess(g));
    }
    for m in &list.mail {
        say("  Once all is published, mail ", &mail(m));
    }
    for stage in Stage::ALL {
        let steps: Vec<&Step> = list.steps.iter().filter(|s| s.stage == stage).collect();
        if steps.is_empty() {
            continue;
        }
        let title = stage.word();
        out.push_str(&format!("\n{}\n", style.paint(Ink::Strong, &(title[..1].to_uppercase() + &title[1..]))));
        steps.iter().for_each(|s| step(&mut out, s, style, shown));
    }
    out
}

fn step(out: &mut String, s: &Step, style: Style, shown: Shown) {
    let (glyph, ascii, ink) = look(s);
    let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
    let optional = if s.optional { ", mail arrives without it" } else { "" };
    let _ = writeln!(
        out,
        "  {mark} {}  {}",
        style.paint(Ink::Strong, &shown.line(&s.title)),
        style.paint(Ink::Faint, &format!("{}{optional} [{}]", s.state.words(), shown.line(&s.id)))
    );
    let width = style.width.min(PROSE).saturating_sub(6).max(20);
    let mut say = |ink: Ink, text: &str| {
        for piece in shown.block(text).lines() {
            for line in textwrap::wrap(piece, width) {
                let _ = writeln!(out, "      {}", style.paint(ink, &line));
            }
        }
    };
    if s.state == State::Done {
        s.proof.iter().for_each(|p| say(Ink::Faint, p));
        return;
    }
    say(Ink::Faint, &s.why);
    s.proof.iter().for_each(|p| say(Ink::Faint, &format!("now: {p}")));
    s.actions.iter().for_each(|a| say(Ink::Note, a));
    for (ink, line) in s.changes.iter().flat_map(lines) {
        // Records are copied: never wrapped.
        let _ = writeln!(out, "    {}", style.paint(ink, &shown.line(&line)));
    }
    if let Some((next, flag)) = s.next.and_then(|next| Some((next, flag(next)?))) {
        let _ = writeln!(out, "      {flag} {}", offer(next));
    }
    if let Some(check) = &s.check {
        let _ = writeln!(out, "      check: {}", shown.line(check));
    }
}

/// For a ticket, and for whoever owns the DNS.
pub fn written(list: &Checklist, d: &Diagnosis, shown: Shown) -> String {
    let text = |t: &str| markdown::text(shown, t);
    let mut out = format!(
        "# {}\n\n{}\n\nZone: {}\n\n{}\n",
        text(&list.domain),
        text(&headline(list)),
        text(&list.home),
        text(&heard(list))
    );
    for m in &list.mail {
        let _ = write!(out, "\nOnce all is published, mail {}\n", text(&mail(m)));
    }
    let placed = list.placed(d, true);
    if let Ok(zone) = export::write(Format::Zone, &placed) {
        let _ = write!(out, "\n## Records to publish\n\n{}", markdown::fenced(shown.block(&zone.text).trim_end()));
    }
    let blanks = list.blanks();
    if !blanks.is_empty() {
        out.push_str("\n## Still to be filled in\n\n");
        for (step, blank) in blanks {
            let _ = writeln!(out, "- {}: {}", text(&step.title), text(&blank));
        }
    }
    for stage in Stage::ALL {
        let mut first = true;
        for s in list.steps.iter().filter(|s| s.stage == stage) {
            if std::mem::take(&mut first) {
                let title = stage.word();
                let _ = write!(out, "\n## {}{}\n\n", title[..1].to_uppercase(), &title[1..]);
            }
            let tick = if s.state == State::Done { "x" } else { " " };
            let optional = if s.optional { ", optional" } else { "" };
            let _ = writeln!(out, "- [{tick}] **{}** ({}{optional})", text(&s.title), s.state.words());
            let note = |out: &mut String, t: &str| {
                for line in shown.block(t).lines() {
                    let _ = writeln!(out, "  - {}", markdown::text(Shown::default(), line));
                }
            };
            if s.state == State::Done {
                s.proof.iter().for_each(|p| note(&mut out, p));
                continue;
            }
            s.actions.iter().for_each(|a| note(&mut out, a));
            for change in &s.changes {
                for data in change.after.iter().filter(|d| !change.before.contains(d)) {
                    let _ = writeln!(out, "  - `{}`", shown.line(&zone_line(change, data)).replace('`', "'"));
                }
            }
            if let Some(check) = &s.check {
                let _ = writeln!(out, "  - check: {}", markdown::code(shown, check));
            }
        }
    }
    out
}

/// One fact a line, tab separated.
pub fn plain(list: &Checklist, shown: Shown) -> String {
    let mut out = String::new();
    let mut row = |cells: &[&str]| {
        let cells: Vec<String> = cells.iter().map(|c| shown.line(c)).collect();
        let _ = writeln!(out, "{}", cells.join("\t"));
    };
    for s in &list.steps {
        row(&["step", &s.id, s.stage.word(), s.state.word(), if s.optional { "optional" } else { "needed" }, &s.title]);
        for change in &s.changes {
            for data in change.after.iter().filter(|d| !change.before.contains(d)) {
                row(&["record", &s.id, &change.name, change.kind.word(), &bare(data)]);
            }
        }
    }
    for m in &list.mail {
        row(&["mail", &m.what, m.spf.word(), m.dkim.word(), m.dmarc.word()]);
    }
    out
}

/// Would every planned message pass DMARC?
pub fn passes(list: &Checklist) -> bool {
    !list.mail.is_empty() && list.mail.iter().all(|m| m.dmarc == Outcome::Pass)
}
