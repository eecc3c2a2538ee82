//! The stories of `tests/scenarios`, one a folder: `input` (what was pasted), `zone` (the invented DNS, see
//! `postdoc::evidence::zone`; without it nothing is asked), `said` (what the user stated, a `key=value` a line),
//! `fetched` (what errands brought, a JSON object of the case file a line), `sent` (the copy that was sent), `transcript` (a
//! session of our own, as the case file keeps it) and `expect`.

mod redacted;
mod replay;

use postdoc::evidence::case::Done;
use postdoc::evidence::said::{FoundIn, Part};
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Fetched, Input, Said, Transcript};
use postdoc::samples::settle;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut stories: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    stories.sort();
    stories
}

/// Everything there is to know in the story's world.
pub fn evidence(story: &Path) -> Evidence {
    let bare = bare(story);
    match std::fs::read_to_string(story.join("zone")) {
        Ok(text) => settle(bare, &Zone::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", story.display()))),
        Err(_) => bare,
    }
}

/// Before anything is asked.
pub fn bare(story: &Path) -> Evidence {
    let read = |name: &str| std::fs::read(story.join(name)).map(|bytes| Input::read("story", bytes, None).unwrap());
    let input = match read("sent") {
        Ok(sent) => read("input").unwrap().beside(sent),
        Err(_) => read("input").unwrap(),
    };
    Evidence {
        input: Arc::new(input),
        said: said(&std::fs::read_to_string(story.join("said")).unwrap_or_default()),
        answers: Default::default(),
        fetched: fetched(&std::fs::read_to_string(story.join("fetched")).unwrap_or_default()),
        transcript: transcript(story),
        now: "2026-06-10T12:00:00Z".parse().unwrap(),
        offline: !story.join("zone").exists(),
    }
}

/// The session in which the message was to be sent.
fn transcript(story: &Path) -> Option<Arc<Transcript>> {
    let json = std::fs::read(story.join("transcript")).ok()?;
    Some(Arc::new(serde_json::from_slice(&json).unwrap()))
}

fn fetched(text: &str) -> Fetched {
    text.lines().map(|line| serde_json::from_str::<Done>(line).unwrap()).map(|d| (d.errand, d.brought)).collect()
}

fn said(text: &str) -> Said {
    let mut said = Said::default();
    for (key, value) in text.lines().filter_map(|l| l.split_once('=')) {
        let value = value.trim().to_owned();
        let c = &mut said.configured;
        let check = &mut said.check;
        match key.trim() {
            "ip" => said.ip = Some(value.parse().unwrap()),
            "helo" => said.helo = Some(value),
            "mail-from" => said.mail_from = Some(value),
            "trust" => said.trust = Some(value),
            "folder" => said.folder = Some(FoundIn::told(&value)),
            "check.ip" => check.ips.push(value.parse().unwrap()),
            "check.selector" => check.selectors.push(value),
            "check.non-sending" => check.non_sending = true,
            "check.probe-links" => check.probe_links = true,
            "filters.spamd" => said.filters.spamd = Some(value),
            "filters.rspamd" => said.filters.rspamd = Some(value),
            "check.blocklists" => check.blocklists = true,
            "check.probe-mx" => check.probe_mx = true,
            "check.recipient" => check.recipients.push(value),
            "check.volume" => check.volume = Some(value.parse().unwrap()),
            "check.rdap" => check.rdap = true,
            "sending.complaints" => said.sending.complaints = Some(value.parse().unwrap()),
            "sending.bounces" => said.sending.bounces = Some(value.parse().unwrap()),
            "sending.feedback-loops" => said.sending.feedback_loops = Some(value == "yes"),
            "configured.from" => c.from = Some(value),
            "configured.mail-from" => c.mail_from = Some(value),
            "configured.mail-from-type" => c.mail_from_type = Some(value),
            "configured.helo" => c.helo = Some(value),
            "configured.selector" => c.selector = Some(value),
            "configured.secondary-selector" => c.secondary_selector = Some(value),
            "configured.ip" => c.ip = Some(value.parse().unwrap()),
            "configured.pool" => c.pool = Some(value),
            "configured.virtual-sender" => c.virtual_sender = Some(value),
            "configured.template-sender" => c.template_sender = Some(value),
            "check.platform" => check.platforms.push(value),
            "check.only" => check.only.push(Part::ALL.into_iter().find(|p| p.word() == value).unwrap()),
            other => panic!("unknown statement {other}"),
        }
    }
    said
}
