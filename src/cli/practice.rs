//! `postdoc practice`: the app in the practice world; without a terminal, the list of lessons or a walk through one.

use super::args::{Format, Global, Practice as Args};
use super::exit::Exit;
use crate::practice::{self, Lesson, Outcome, Setup};
use crate::report::export::zone_line;
use crate::report::human::{Ink, Style};
use crate::report::json::{self, received as event};
use crate::report::{Shown, receiver};
use crate::triage::State;
use crate::world::listen::Received;
use crate::world::practice::Practice;
use crate::world::signal::Signals;
use anyhow::anyhow;
use std::io::IsTerminal;

pub fn run(global: &Global, args: &Args) -> anyhow::Result<Exit> {
    let setup = args.lesson.as_deref().and_then(practice::find_setup).filter(|_| !args.list);
    let lesson = args.lesson.as_deref().filter(|_| setup.is_none()).map(find).transpose()?;
    let screen = std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb");
    let screen = screen && !global.linear();
    if screen && global.format.is_none() && !global.json && !args.list {
        return match setup {
            Some(setup) => super::app::set_up(global, setup),
            None => super::app::practise(global, lesson),
        };
    }
    if let Some(setup) = setup {
        return stoppable(|| set_up(global, setup));
    }
    match lesson.filter(|_| !args.list) {
        Some(lesson) => stoppable(|| walk(global, lesson)),
        None => list(global),
    }
}

/// A signal does not end it before the practice world is taken away.
fn stoppable(run: impl FnOnce() -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let signals = Signals::listen();
    let exit = run()?;
    Ok(signals.came().map_or(exit, Exit::Interrupted))
}

fn find(id: &str) -> anyhow::Result<&'static Lesson> {
    let ids = || practice::all().iter().map(|l| l.id).chain(practice::setups().iter().map(|s| s.id));
    let names = || ids().collect::<Vec<_>>().join(", ");
    practice::find(id).ok_or_else(|| anyhow!("there is no lesson {id:?}; there are {}", names()))
}

fn list(global: &Global) -> anyhow::Result<Exit> {
    let lessons = practice::all().iter().map(|l| (l.id, &l.title[..], Some(&l.rule[..]), l.story.trim()));
    let all = lessons.chain(practice::setups().iter().map(|s| (s.id, &s.title[..], None, s.story.trim())));
    let text: String = match global.format() {
        Format::Json | Format::Ndjson => super::list::rows(
            global,
            all.map(|(id, title, rule, story)| {
                serde_json::json!({ "id": id, "title": title, "rule": rule, "story": story })
            }),
        ),
        Format::Plain => {
            all.map(|(id, title, rule, _)| format!("lesson\t{id}\t{}\t{title}\n", rule.unwrap_or_default())).collect()
        }
        Format::Human => all.map(|(id, title, ..)| format!("{id:<21}  {title}\n")).collect(),
        Format::Markdown => all.map(|(id, title, ..)| format!("- `{id}`: {title}\n")).collect(),
    };
    super::put(&text)?;
    Ok(Exit::Clean)
}

/// A new domain from nothing to its test, by its checklist.
fn set_up(global: &Global, setup: &'static Setup) -> anyhow::Result<Exit> {
    let told = Teller { global, style: super::look::style(global.color, global.verbose) };
    told.title(&format!("practice: {}", setup.title), setup.story.trim())?;
    let mut lines = Vec::new();
    let (list, test) = crate::world::practice::set_up(setup, |says, records| {
        lines.push(("done", says.to_owned()));
        let new = records.iter().flat_map(|c| c.after.iter().map(|data| zone_line(c, data)));
        lines.extend(new.map(|line| ("published", line)));
    })
    .map_err(|e| anyhow!(e))?;
    for (what, text) in &lines {
        told.line(what, text)?;
    }
    told.line("checklist", &crate::report::onboarding::headline(&list))?;
    told.sent(&test)?;
    Ok(if list.is_ready() && test.diagnosis.verdict.state == State::Pass { Exit::Clean } else { Exit::Found })
}

/// Send, read, take the fix, publish, send again.
fn walk(global: &Global, lesson: &'static Lesson) -> anyhow::Result<Exit> {
    let told = Teller { global, style: super::look::style(global.color, global.verbose) };
    let mut world = Practice::begin(lesson).map_err(|e| anyhow!(e))?;
    told.title(&format!("practice: {}", lesson.title), lesson.story.trim())?;
    let broken = world.send().map_err(|e| anyhow!(e))?;
    told.sent(&broken)?;
    let finding =
        lesson.finding(&broken.diagnosis).ok_or_else(|| anyhow!("the fault of {} was not found", lesson.id))?;
    let cure = lesson.cure(finding);
    world.apply(&cure);
    told.line("finding", &finding.title)?;
    if let Some(fix) = &finding.fix {
        told.line("fix", &fix.summary)?;
    }
    if let Some(says) = &cure.says {
        told.line("done", says)?;
    }
    for change in &cure.records {
        for data in &change.after {
            told.line("published", &zone_line(change, data))?;
        }
    }
    let after = world.send().map_err(|e| anyhow!(e))?;
    told.sent(&after)?;
    let outcome = lesson.outcome(&after.diagnosis);
    told.line("learnt", lesson.learnt.trim())?;
    Ok(if outcome == Outcome::Cured { Exit::Clean } else { Exit::Found })
}

struct Teller<'a> {
    global: &'a Global,
    style: Style,
}

impl Teller<'_> {
    fn title(&self, title: &str, story: &str) -> anyhow::Result<()> {
        match self.global.format() {
            Format::Human | Format::Markdown => {
                let story = textwrap::fill(story, self.style.width.min(100));
                super::put(&format!("{}\n{story}\n", self.style.paint(Ink::Strong, title)))?;
            }
            Format::Plain => self.line("lesson", title)?,
            Format::Json | Format::Ndjson => {}
        }
        Ok(())
    }

    /// What came of a test.
    fn sent(&self, received: &Received) -> anyhow::Result<()> {
        let d = &received.diagnosis;
        let (state, headline) = (d.verdict.state.word(), &d.verdict.headline);
        let folder = if received.junk { "Junk" } else { "INBOX" };
        match self.global.format() {
            Format::Human | Format::Markdown => {
                let steps = receiver::human(d, self.style, Shown::default());
                super::put(&format!("\nthe test, as {} saw it:\n{steps}", practice::RECEIVER))?;
                self.line("arrived", &format!("in {folder} of {}", practice::READER))?;
                self.line(state, headline)
            }
            Format::Plain => {
                self.line("arrived", folder)?;
                self.line(state, headline)
            }
            Format::Json | Format::Ndjson => {
                super::put(&json::line(&event::found(received), Shown::default()))?;
                Ok(())
            }
        }
    }

    fn line(&self, what: &str, text: &str) -> anyhow::Result<()> {
        let text = Shown::default().line(text);
        match self.global.format() {
            Format::Human | Format::Markdown => {
                let options = textwrap::Options::new(self.style.width.min(100))
                    .initial_indent("")
                    .subsequent_indent("           ");
                super::put(&format!("{}\n", textwrap::fill(&format!("{what:<9}  {text}"), options)))?;
            }
            Format::Plain => drop(super::put(&format!("{what}\t{text}\n"))?),
            Format::Json | Format::Ndjson => {}
        }
        Ok(())
    }
}
