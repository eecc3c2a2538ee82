//! Onboarding as questions and numbered lists, line by line: nothing is drawn, nothing moves.

use super::{Asked, offers};
use crate::cli::exit::Exit;
use crate::cli::linear::Talk;
use crate::diagnose::Diagnosis;
use crate::knowledge::platform;
use crate::onboarding::told::{Host, Server};
use crate::onboarding::{Checklist, Next, State, Step, Told};
use crate::report::onboarding::{guess, headline, heard, mail, offer};
use crate::report::{Shown, export, linear};
use std::path::Path;

/// Asks who sends, checks, and walks through the steps in any order.
pub(super) fn run(asked: &mut Asked, domain: &str) -> anyhow::Result<Exit> {
    let mut told = asked.told(domain)?;
    let mut talk = Talk;
    talk.say(&format!("Setting up {domain}. An empty answer keeps what stands in brackets; q ends."));
    let (mut diagnosis, interrupted) = asked.check(domain, &told)?;
    if let Some(exit) = interrupted {
        return Ok(exit);
    }
    let list = Checklist::of(&diagnosis, &told);
    if !list.guesses.is_empty() {
        talk.say("What is published shows, as guesses:");
        list.guesses.iter().enumerate().for_each(|(n, g)| talk.say(&format!("{}. {}", n + 1, guess(g))));
    }
    if !questions(&mut talk, asked, domain, &mut told)? {
        return Ok(Exit::Clean);
    }
    asked.keep(domain, &told);
    loop {
        let (now, interrupted) = asked.check(domain, &told)?;
        diagnosis = now;
        if let Some(exit) = interrupted {
            return Ok(exit);
        }
        let list = Checklist::of(&diagnosis, &told);
        show(&talk, &list);
        match walk(&mut talk, asked, domain, &mut told, &list, &diagnosis) {
            After::Again => asked.keep(domain, &told),
            After::End => {
                asked.keep(domain, &told);
                talk.say(&format!("Kept. The same again: postdoc onboard {domain} --linear"));
                return Ok(Exit::of(&diagnosis, asked.global.fail_on.severity()));
            }
        }
    }
}

fn words<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    match text {
        "none" | "-" => Ok(Vec::new()),
        text => text.split([' ', ',']).filter(|w| !w.is_empty()).map(read).collect(),
    }
}

/// False where the user has had enough.
fn questions(talk: &mut Talk, asked: &Asked, domain: &str, told: &mut Told) -> anyhow::Result<bool> {
    let shown = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(" ") };
    let known = |id: &str| {
        platform::find(id)
            .map(|p| p.id.clone())
            .ok_or_else(|| format!("{id} is no platform: postdoc check --platform ? lists them"))
    };
    let now = shown(told.platforms.clone());
    if !talk.until(
        &format!("Which platforms will send? Ids with blanks between [{now}]:"),
        |a| words(a, known),
        |v| told.platforms = v,
    ) {
        return Ok(false);
    }
    let now = shown(
        told.servers.iter().map(|s| s.name.as_ref().map_or(s.ip.to_string(), |n| format!("{}={n}", s.ip))).collect(),
    );
    if !talk.until(
        &format!("Which servers of your own? IP=NAME, with blanks between [{now}]:"),
        |a| words(a, Server::read),
        |v| told.servers = v,
    ) {
        return Ok(false);
    }
    if !told.servers.is_empty() {
        let now = told.bounce.clone().unwrap_or_else(|| domain.to_owned());
        let read = |a: &str| crate::facts::dkim::name::domain(a).ok_or_else(|| format!("{a:?} is no domain"));
        if !talk.until(&format!("Which domain do their bounces go to? [{now}]:"), read, |v| told.bounce = Some(v)) {
            return Ok(false);
        }
        if told.key.is_none() {
            let Some(file) = talk.ask("A DKIM key for them: a new file for the private half, to make one now [later]:")
            else {
                return Ok(false);
            };
            if !file.is_empty()
                && let Err(e) = asked.make_key(Path::new(&file), domain, told)
            {
                talk.say(&format!("{e:#}."));
            }
        }
    }
    let now = shown(
        told.tracking.iter().map(|h| h.target.as_ref().map_or(h.name.clone(), |t| format!("{}={t}", h.name))).collect(),
    );
    if !talk.until(
        &format!("Hosts of links and pixels? HOST=TARGET, with blanks between [{now}]:"),
        |a| words(a, Host::read),
        |v| told.tracking = v,
    ) {
        return Ok(false);
    }
    let now = shown(told.mx.clone());
    let host = |a: &str| crate::facts::dkim::name::domain(a).ok_or_else(|| format!("{a:?} is no host name"));
    if !talk.until(
        &format!("Which hosts take mail for {domain}? The first one first [{now}]:"),
        |a| words(a, host),
        |v| told.mx = v,
    ) {
        return Ok(false);
    }
    let now = told.reports.clone().unwrap_or_else(|| "later".to_owned());
    Ok(talk
        .until(&format!("Mailbox for DMARC reports [{now}]:"), crate::cli::args::mailbox, |v| told.reports = Some(v)))
}

fn show(talk: &Talk, list: &Checklist) {
    talk.say(&headline(list));
    talk.say(&heard(list));
    list.mail.iter().for_each(|m| talk.say(&format!("Once all is published, mail {}", mail(m))));
    for (n, step) in list.steps.iter().enumerate() {
        let optional = if step.optional { ", optional" } else { "" };
        talk.say(&format!("{}. {}: {}{optional}", n + 1, step.title, step.state.words()));
    }
}

/// What follows a round.
enum After {
    Again,
    End,
}

const HELP: &str = "A number shows that step, d and a number does what postdoc can about it, v and a number fills in what \
    only a portal or you know, s and a number leaves it out, a shows all records, e asks the questions again, r or nothing \
    checks again, h this again, q ends.";

fn walk(talk: &mut Talk, asked: &Asked, domain: &str, told: &mut Told, list: &Checklist, d: &Diagnosis) -> After {
    talk.say(HELP);
    loop {
        let Some(answer) = talk.ask("Which?") else { return After::End };
        let (letter, number) = match answer.strip_prefix(['d', 's', 'v']) {
            Some(rest) => (answer.chars().next().unwrap_or(' '), rest.trim()),
            None => (' ', answer.as_str()),
        };
        let step = number.parse::<usize>().ok().and_then(|n| list.steps.get(n.checked_sub(1)?));
        match (answer.as_str(), letter, step) {
            ("r" | "", ..) => return After::Again,
            ("h", ..) => talk.say(HELP),
            ("e", ..) => return again(talk, asked, domain, told),
            ("a", ..) => {
                match export::write(export::Format::Zone, &list.placed(d, false)) {
                    Ok(export) => talk.say(export.text.trim_end()),
                    Err(why) => talk.say(&format!("There is no record to publish: {why}.")),
                }
                list.blanks().iter().for_each(|(s, b)| talk.say(&format!("Still to be filled in: {} ({b})", s.title)));
            }
            (_, 's' | 'd' | 'v', Some(step)) if step.state == State::Done => talk.say("That step is done."),
            (_, 's', Some(step)) => {
                if !told.skipped.remove(&step.id) {
                    told.skipped.insert(step.id.clone());
                    talk.say(&format!(
                        "{}: left out; it stays not done. s and the number again takes it back.",
                        step.title
                    ));
                } else {
                    talk.say(&format!("{}: taken back.", step.title));
                }
            }
            (_, 'd', Some(step)) => match step.next {
                None => talk.say(&format!("{}: nothing that postdoc can do; r checks again.", step.title)),
                Some(Next::Ask) => return again(talk, asked, domain, told),
                Some(next) => match offers::take(talk, asked, list, told, next) {
                    true => return After::Again,
                    false => talk.say("Nothing has changed."),
                },
            },
            (_, 'v', Some(step)) => {
                if fill(talk, told, step) {
                    return After::Again;
                }
            }
            (_, ' ', Some(step)) => tell(talk, step, d, number),
            _ => talk.say(&format!("{answer:?} is none of these.")),
        }
    }
}

fn again(talk: &mut Talk, asked: &Asked, domain: &str, told: &mut Told) -> After {
    match questions(talk, asked, domain, told) {
        Ok(true) => After::Again,
        _ => After::End,
    }
}

/// Asks for each blank of a step; true where one was filled in.
fn fill(talk: &Talk, told: &mut Told, step: &Step) -> bool {
    if step.asked.is_empty() {
        talk.say(&format!("{}: there is no blank in it.", step.title));
    }
    let mut filled = false;
    for blank in &step.asked {
        let now = if blank.text.is_empty() { "later" } else { &blank.text };
        let question = format!("{}, for {} {} [{now}]:", blank.what, blank.proposed.name, blank.proposed.kind);
        // What is typed is tried on the answers themselves: they take it, or say why not.
        let mut next = told.clone();
        let read = |text: &str| next.fill(blank, text);
        if !talk.until(&question, read, |()| filled = true) {
            break;
        }
        *told = next;
    }
    filled
}

fn tell(talk: &Talk, step: &Step, d: &Diagnosis, number: &str) {
    talk.say(&format!("{}: {}", step.title, step.state.words()));
    talk.say(&step.why);
    step.proof.iter().for_each(|p| talk.say(&format!("Now: {p}")));
    step.actions.iter().for_each(|a| talk.say(a));
    for change in &step.changes {
        talk.say(&linear::record(d, change, Shown::default()));
        change.blanks().iter().for_each(|b| talk.say(&format!("Still to be filled in: {b}")));
    }
    if let Some(check) = &step.check {
        talk.say(&format!("Check: {check}"));
    }
    if step.state == State::Done {
        return;
    }
    if let Some(next) = step.next {
        talk.say(&format!("d {number} {}.", offer(next)));
    }
    if !step.asked.is_empty() {
        talk.say(&format!("v {number} fills in what is missing, or changes what you filled in."));
    }
}
