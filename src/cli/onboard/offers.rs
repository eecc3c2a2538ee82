//! What postdoc does about a step, by ear: the offers that the checklist on a screen has on Enter.

use super::Asked;
use crate::cli::args::{Cli, Command};
use crate::cli::linear::{Talk, complete};
use crate::cli::{parsed, send, warmup};
use crate::onboarding::{Checklist, Next, Told};
use crate::report::onboarding::caution;
use std::ffi::OsString;
use std::path::Path;

/// Does it, once its reach is agreed to; true where the checklist may have changed by it.
pub(super) fn take(talk: &mut Talk, asked: &Asked, list: &Checklist, told: &mut Told, next: Next) -> bool {
    let domain = list.domain.as_str();
    let file = told.key_path(domain);
    if let Some(caution) = caution(next, &file, list)
        && talk.ask(&format!("{caution} y does it:")).as_deref() != Some("y")
    {
        return false;
    }
    let result = match next {
        // The questions are asked by whoever has them.
        Next::Ask => return false,
        Next::MakeKey => asked.make_key(Path::new(&file), domain, told),
        Next::Blocklists => {
            told.blocklists = true;
            Ok(())
        }
        Next::MailHosts => {
            told.probe_mx = true;
            Ok(())
        }
        Next::Hosts => {
            told.https = true;
            Ok(())
        }
        Next::Raise => {
            told.raise = true;
            Ok(())
        }
        Next::Test => test(asked, domain, told),
        Next::WarmUp => warm_up(talk, asked, told),
    };
    if let Err(e) = &result {
        talk.say(&format!("{e:#}."));
    }
    result.is_ok()
}

fn line(words: Vec<String>) -> Vec<OsString> {
    std::iter::once("postdoc".to_owned()).chain(words).map(OsString::from).collect()
}

fn command(line: &[OsString]) -> anyhow::Result<Option<Command>> {
    Ok(parsed(line).map(|(Cli { command, .. }, _)| command)?)
}

fn test(asked: &Asked, domain: &str, told: &Told) -> anyhow::Result<()> {
    let mut words = vec!["send".to_owned(), format!("--from=test@{domain}")];
    if let Some(file) = &told.key_file {
        words.extend([format!("--dkim-key={file}"), format!("--dkim-selector={}", told.selector())]);
    }
    // What it lacks is asked for.
    let Some(line) = complete(&line(words)) else { return Ok(()) };
    if let Some(Command::Send(args)) = command(&line)? {
        send::run(asked.global, &args)?;
    }
    Ok(())
}

fn warm_up(talk: &Talk, asked: &Asked, told: &Told) -> anyhow::Result<()> {
    let target = match told.volume {
        Some(volume) => volume.to_string(),
        None => match talk.ask("How many messages a day in the end?") {
            Some(answer) if !answer.is_empty() => answer,
            _ => return Ok(()),
        },
    };
    let mut words = vec!["warmup".to_owned(), "plan".to_owned(), format!("--target={target}")];
    if let [platform] = &told.platforms[..] {
        words.push(format!("--platform={platform}"));
    }
    if let Some(Command::Warmup(args)) = command(&line(words))? {
        warmup::run(asked.global, &args)?;
    }
    Ok(())
}
