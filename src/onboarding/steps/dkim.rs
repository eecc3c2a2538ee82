//! DKIM: the keys of each platform, and the own servers' key.

use super::{Desk, Next, Stage, State, Step, done, step};
use crate::evidence::{Data, Kind};
use crate::facts::dkim::name;
use crate::facts::domain::who::Role;
use crate::knowledge::{Platform, pattern, platform};
use crate::onboarding::signer::Key;
use crate::remedy::{self, Change, dkim};
use crate::rules::Finding;
use crate::shell::command;

/// Rules of a key.
const KEY: &[&str] = &[
    "dkim-key-weak",
    "dkim-weak-signature",
    "dkim-key-truncated",
    "dkim-key-wrong-encoding",
    "dkim-key-revoked",
    "dkim-record-malformed",
    "dkim-testing-flag",
    "dkim-ed25519-only",
    "dkim-ambiguous-answer",
    "cname-broken",
    "cname-proxied",
    "txt-literal-quotes",
    "record-wrong-name",
];

const WHY: &str = "A signature in your own name is what DMARC counts; it survives forwarding.";

pub(super) fn all(desk: &Desk) -> Vec<Step> {
    let platforms = desk.told.platforms.iter().filter_map(|id| platform::find(id));
    let signs = |p: &&Platform| !p.dkim.is_empty() || p.dkim_setting.is_some();
    let mut steps: Vec<Step> = platforms.filter(signs).map(|p| of_platform(desk, p)).collect();
    if desk.told.signs() {
        steps.push(of_servers(desk));
    }
    steps
}

fn of_platform(desk: &Desk, platform: &Platform) -> Step {
    let domain = desk.domain;
    let mut it =
        step(format!("dkim:{}", platform.id), Stage::Records, format!("{} signs as {domain}", platform.name), WHY);
    if let Some(setting) = &platform.dkim_setting {
        it.actions.push(remedy::platform::place(setting, domain));
    }
    let changes = remedy::platform::keys(platform, domain, &desk.facts().evidence.answers);
    it.check = changes.first().filter(|c| !c.name.contains('<')).map(|c| command!("dig +short TXT {}", c.name));
    let mut names: Vec<String> = changes.iter().map(|c| c.name.clone()).collect();
    let nameless = changes.is_empty() || changes.iter().any(|c| c.name.contains('<'));
    let known = if nameless { shown(desk, platform).or_else(|| said(desk, platform)) } else { None };
    names.extend(known.iter().map(|(name, _)| name.clone()));
    let found: Vec<&Finding> = desk.findings(KEY).filter(|f| Desk::concerns(f, &names)).collect();
    if let Some((_, clue)) = known {
        it = done(it, clue);
        desk.judged(&mut it, &found);
        return it;
    }
    if nameless {
        it.actions.push(format!(
            "{} makes names of its own: publish what its portal shows, and say the selectors here; then this ticks itself off.",
            platform.name
        ));
    }
    let (mut waiting, mut silent) = (0, false);
    for change in &changes {
        match standing(desk, change) {
            Standing::Key => it.proof.push(desk.says(&change.name, Kind::Txt)),
            Standing::Alias(target) => {
                waiting += 1;
                it.proof.push(format!("{} leads to {target}, and no key stands there yet", change.name));
            }
            Standing::Nothing => it.changes.push(change.clone()),
            Standing::Unknown => {
                silent = true;
                it.proof.push(desk.says(&change.name, Kind::Txt));
            }
        }
    }
    it.state = match (it.changes.is_empty(), waiting) {
        // Only the portal knows what to publish.
        (true, 0) if changes.is_empty() => State::ToDo,
        (true, _) if silent => State::Unknown,
        (true, 0) => State::Done,
        (true, _) => State::Waiting,
        (false, _) => State::ToDo,
    };
    if waiting > 0 {
        it.actions.push(format!(
            "{} makes the keys once it has verified the domain: press its button for that.",
            platform.name
        ));
    }
    // An alias to nothing is the very thing that is waited for.
    let found: Vec<&Finding> = found.into_iter().filter(|f| waiting == 0 || f.rule.id != "cname-broken").collect();
    desk.judged(&mut it, &found);
    it
}

/// What stands at the name of a key.
enum Standing {
    /// A key that can verify.
    Key,
    /// An alias whose target has no key.
    Alias(String),
    Nothing,
    /// Nobody answered.
    Unknown,
}

fn standing(desk: &Desk, change: &Change) -> Standing {
    let wanted = change.after.first();
    let alias = desk.alias(&change.name);
    let selector = desk.facts().domain.keys.at(&change.name);
    let usable = selector.is_some_and(|s| !s.wildcard && s.records().iter().any(|r| r.usable()));
    let silent = [Kind::Txt, Kind::Cname].into_iter().all(|kind| desk.unasked(&change.name, kind));
    match (wanted, alias) {
        _ if silent && !change.name.contains('<') => Standing::Unknown,
        (Some(Data::Cname(target)), Some(alias)) if !target.contains('<') && *target != alias => Standing::Nothing,
        (_, _) if usable => Standing::Key,
        (Some(Data::Cname(_)), Some(alias)) => Standing::Alias(alias),
        _ => Standing::Nothing,
    }
}

/// A key that is the platform's by where its alias leads, whatever it is called.
fn shown(desk: &Desk, platform: &Platform) -> Option<(String, String)> {
    let below = format!("._domainkey.{}", desk.domain);
    let keys = &desk.facts().domain.keys;
    let whose = desk.facts().domain.who.iter().filter(|p| p.role == Role::Sender && p.id == platform.id);
    let clue = whose.flat_map(|p| &p.clues).find(|c| {
        c.question.name.ends_with(&below)
            && keys.at(&c.question.name).is_none_or(|s| s.records().iter().any(|r| r.usable()))
    })?;
    Some((clue.question.name.to_string(), format!("{} leads to {}", clue.question.name, clue.text)))
}

/// A key at a selector that its portal showed: an alias has to lead to the platform, a key of its own is taken at the
/// owner's word.
fn said(desk: &Desk, platform: &Platform) -> Option<(String, String)> {
    let targets: Vec<String> = platform
        .dkim
        .iter()
        .filter_map(|k| k.target.as_deref())
        .map(|t| pattern::open(&Platform::fill(t, desk.domain)))
        .collect();
    let others = desk.told.platforms.iter().filter_map(|id| platform::find(id)).filter(|p| p.id != platform.id);
    let theirs: Vec<String> = others.flat_map(|p| &p.dkim).map(|k| k.name(desk.domain)).collect();
    let mut names =
        desk.told.selectors.iter().filter_map(|s| name::key(s, desk.domain)).filter(|n| !theirs.contains(n));
    let name = names.find(|name| {
        let usable =
            desk.facts().domain.keys.at(name).is_some_and(|s| !s.wildcard && s.records().iter().any(|r| r.usable()));
        let leads = match (desk.alias(name), targets.is_empty()) {
            (Some(alias), false) => targets.iter().any(|t| pattern::glob(t, &alias)),
            (None, false) => platform.dkim.iter().any(|k| k.target.is_none()),
            (_, true) => true,
        };
        usable && leads
    })?;
    let words = desk.says(&name, Kind::Txt);
    Some((name, words))
}

fn of_servers(desk: &Desk) -> Step {
    let (domain, selector) = (desk.domain, desk.told.selector());
    // That anything signs with it only a message shows.
    let mut it = step("dkim:own", Stage::Records, "Your servers' DKIM key is in DNS", WHY);
    let Some(key) = name::key(selector, domain) else { return it };
    if let Some(platform) = desk.told.whose(selector) {
        it.next = Some(Next::Ask);
        it.actions.push(format!(
            "The key of {} stands at the selector {selector} already: two keys at one name are none. Choose another selector.",
            platform.name
        ));
        return it;
    }
    it.check = Some(command!("dig +short TXT {}", key));
    it.proof.push(desk.says(&key, Kind::Txt));
    let found: Vec<&Finding> = desk.findings(KEY).filter(|f| Desk::concerns(f, std::slice::from_ref(&key))).collect();
    if desk.unasked(&key, Kind::Txt) {
        it.state = State::Unknown;
    } else {
        let published = desk.facts().domain.keys.at(&key).filter(|s| !s.wildcard);
        let records = published.map_or(&[][..], |s| s.records());
        let same = |text: &str| match desk.told.key.as_deref() {
            None => true,
            Some(made) => value(text) == value(made),
        };
        it.state = match records.iter().any(|r| r.usable() && same(&r.text)) {
            true => State::Done,
            false => State::ToDo,
        };
    }
    // A key in the wrong form is put right as it is; only without one there is one to be made.
    let cured = found.iter().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.records);
    let cured = desk.told.key.is_none() && cured.clone().any(|c| c.name == key && c.blanks().is_empty());
    if it.state == State::ToDo && !cured {
        let made = desk.told.key.clone().unwrap_or_else(|| dkim::open_record("rsa"));
        it.changes.push(desk.change(&key, Kind::Txt, vec![remedy::text(&made)], |_| true));
        if desk.told.key.is_none() {
            it.next = Some(Next::MakeKey);
            it.actions.push(format!(
                "Make the key here, or take the record that your signer shows. In a shell: postdoc dkim keygen {domain} --selector \
                 {selector} --out {selector}.{domain}.pem --for opendkim (or rspamd, postfix, exim, akmta, gomail, stalwart)."
            ));
        }
    }
    it.actions.push("Publish the record before the signer uses the key.".into());
    if let (Some(signer), Some(file)) = (desk.told.signer, desk.told.key_file.as_deref()) {
        let key = Key { domain, selector, file, ed25519: false };
        it.actions.push(format!("The signer:\n{}", signer.configuration(key).trim_end()));
    }
    desk.judged(&mut it, &found);
    it
}

/// The key itself, however the record around it is written.
fn value(record: &str) -> String {
    let read = dkim::record(record);
    let p = read.p.and_then(|span| read.text.get(span.range())).unwrap_or_default();
    p.chars().filter(|c| !c.is_whitespace()).collect()
}
