//! After the first message: who tells of complaints, and how the volume grows.

use super::{Desk, Next, Stage, State, Step, step};
use crate::knowledge::receiver;
use crate::shell::command;

pub(super) fn all(desk: &Desk) -> Vec<Step> {
    let mut steps = vec![portals(desk), warm_up(desk)];
    steps.iter_mut().for_each(|s| s.state = State::Unknown);
    steps
}

/// Receivers whose portals matter to senders, by what share of mail they have.
const PORTALS: [&str; 7] = ["gmail", "microsoft", "yahoo", "mail-ru", "yandex", "orange", "icloud"];

fn portals(desk: &Desk) -> Step {
    let mut it = step(
        "feedback-loops",
        Stage::Grow,
        "Receivers tell you of complaints",
        "Whoever complains has to leave the list; the portals show the rate, and what is wrong.",
    );
    it.optional = true;
    for receiver in PORTALS.iter().filter_map(|id| receiver::all().iter().find(|r| r.id == *id)) {
        it.actions.extend(receiver.postmaster.iter().map(|l| format!("{}: {} ({})", receiver.name, l.url, l.what)));
    }
    it.actions.push("Many others: https://fbl.validity.com (Comcast, Fastmail, Rackspace, Telstra and more).".into());
    it.actions.push(format!(
        "Have ready what they ask for: name, phone and mailbox of who answers, the list of your domains and addresses, and \
         postmaster@ and abuse@{} that take mail.",
        desk.domain
    ));
    it.actions.push(
        "Keep for every address when, from where and by which page it signed up: it answers abuse complaints.".into(),
    );
    it
}

fn warm_up(desk: &Desk) -> Step {
    let mut it = step(
        "warm-up",
        Stage::Grow,
        "The volume grows day by day",
        "Receivers trust a new domain or address by what they have seen of it.",
    );
    let found: Vec<_> = desk.findings(&["warmup-needed", "domain-young"]).collect();
    desk.judged(&mut it, &found);
    let target = desk.told.volume.map_or_else(|| "N".to_owned(), |n| n.to_string());
    let platform = match &desk.told.platforms[..] {
        [one] => command!(" --platform {}", one),
        _ => String::new(),
    };
    let age =
        desk.facts().domain.age.as_ref().and_then(|a| a.days).map_or(String::new(), |d| format!(" --domain-age {d}"));
    it.actions.push(format!("postdoc warmup plan --target {target}{platform}{age}"));
    it.check = Some("postdoc warmup check --log FILE".into());
    it.next = Some(Next::WarmUp);
    it
}
