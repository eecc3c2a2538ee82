//! DKIM keys of a domain that is checked. Nothing in DNS lists its selectors, so they are tried:
//! those the user names, those of the platforms that send for it, and a few that many use.

use super::who::{Party, Role};
use super::wildcard;
use crate::evidence::{Answer, Data, Kind, Outcome, Question, Said};
use crate::facts::dkim::{Key, KeyRecord, KeyState, key, name};
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use crate::knowledge::{Platform, platform};

/// The keys of a domain, as far as they can be found.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// Selectors tried, the user's first; each name once.
    pub selectors: Vec<Selector>,
    /// The same at the organization, where the domain is a name inside one: its keys sign for that name as well, and are
    /// looked over where the organization is checked.
    pub above: Vec<Selector>,
    /// What stands at `_domainkey`; `None` where it is not looked at.
    pub below: Option<Below>,
    /// A selector that nobody uses, and what it is answered with.
    pub unused: Option<Key>,
    /// Platforms that send for the domain: those the user names, then those that DNS shows.
    pub platforms: Vec<Sender>,
}

/// Are there names below `_domainkey`?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Not answered yet.
    Unasked,
    /// The question failed.
    Failed(Outcome),
    /// The name exists, with or without records of its own: something stands below it.
    Something,
    /// No such name, so nothing is below it (RFC 8020).
    Nothing,
    /// No such name, though a name below it, or below another name denied, exists: the server
    /// denies names that own nothing themselves, and this one tells nothing.
    Denied,
}

/// One selector that was tried.
#[derive(Clone, Debug)]
pub struct Selector {
    pub selector: String,
    pub whence: Whence,
    /// What stands at its name.
    pub key: Key,
    /// The names its CNAMEs lead to, in order.
    pub chain: Vec<String>,
    /// Seconds.
    pub ttl: Option<u32>,
    /// Whose it is: by the CNAME, else by the platform it was tried for.
    pub platform: Option<&'static Platform>,
    /// The answer is that of a selector nobody uses.
    pub wildcard: bool,
}

/// Why a selector was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whence {
    /// The user named it.
    Said,
    /// A platform that sends for the domain uses it.
    Platform(&'static Platform),
    /// Many use it.
    Usual,
}

/// A platform that sends for the domain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sender {
    pub platform: &'static Platform,
    /// The user said so; else its SPF record, MX or a CNAME shows it.
    pub said: bool,
}

/// Selectors that are in wide use, whoever the platform.
const USUAL: [&str; 11] = ["default", "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "k3", "mail", "dkim"];

/// Selectors tried at most.
const MOST: usize = 40;

/// Tries every selector at once; for a name inside an organization at the organization too, which may sign for it.
pub fn gather(lookup: &Lookup, domain: &str, said: &Said, who: &[Party]) -> Keys {
    // The SPF record says who sends; every other check asks for it as well.
    lookup.ask(domain, Kind::Txt);
    let platforms = senders(said, who);
    let below = lookup.ask(&format!("_domainkey.{domain}"), Kind::Txt);
    let (unused, selectors) = tried(lookup, domain, said, &platforms);
    let organization = psl(domain).filter(|o| *o != domain);
    let above = organization.map_or_else(Vec::new, |o| tried(lookup, o, said, &platforms).1);
    let exists = selectors.iter().any(|s| matches!(s.key.state, KeyState::Found(_)));
    let below = match below.map(|a| (a.outcome, a.records.is_empty())) {
        None => Below::Unasked,
        Some((outcome, _)) if outcome.failed() => Below::Failed(outcome),
        Some((Outcome::NxDomain, true)) if exists || lookup.denies_empty_names(domain) => Below::Denied,
        Some((Outcome::NxDomain, true)) => Below::Nothing,
        Some(_) => Below::Something,
    };
    Keys { selectors, above, below: Some(below), unused: Some(unused), platforms }
}

/// What a selector that nobody uses is answered with at a domain, and every one that may be in use.
fn tried(lookup: &Lookup, domain: &str, said: &Said, platforms: &[Sender]) -> (Key, Vec<Selector>) {
    let (unused, any) = look(lookup, &wildcard::unused_key(domain));
    let mut selectors: Vec<Selector> = Vec::new();
    for (selector, below, whence) in candidates(said, platforms) {
        let Some(selector) = name::selector(selector.trim()) else { continue };
        let at = below.map_or_else(|| domain.to_owned(), |label| format!("{label}.{domain}"));
        let Some(name) = name::key(&selector, &at) else { continue };
        if selectors.len() == MOST || selectors.iter().any(|s| s.key.name == name) {
            continue;
        }
        let (key, answer) = look(lookup, &name);
        let chain: Vec<String> = answer.map(chain).unwrap_or_default();
        let by_target = chain.iter().find_map(|target| platform::of_dkim_target(target));
        let tried_for = match whence {
            Whence::Platform(platform) if chain.is_empty() => Some(platform),
            _ => None,
        };
        selectors.push(Selector {
            selector,
            whence,
            wildcard: answer.zip(any).is_some_and(|(own, any)| wildcard::same(own, any)),
            ttl: answer.and_then(Answer::ttl),
            platform: by_target.or(tried_for.filter(|_| matches!(key.state, KeyState::Found(_)))),
            key,
            chain,
        });
    }
    (unused, selectors)
}

/// Selectors with the label between `_domainkey` and the domain, and why; the surest first.
fn candidates<'a>(
    said: &'a Said,
    platforms: &'a [Sender],
) -> impl Iterator<Item = (&'a str, Option<&'static str>, Whence)> {
    let configured = [&said.configured.selector, &said.configured.secondary_selector];
    let named = said.check.selectors.iter().chain(configured.into_iter().flatten());
    let named = named.map(|s| (s.as_str(), None, Whence::Said));
    let of_platforms = platforms.iter().flat_map(|sender| {
        let fixed = sender.platform.dkim.iter().filter(|setup| setup.is_fixed());
        fixed.map(|s| (s.selector.as_str(), s.below.as_deref(), Whence::Platform(sender.platform)))
    });
    // What its customers use without having to: one that is not there is no fault.
    let hints =
        platforms.iter().flat_map(|sender| sender.platform.selectors.iter().chain(&sender.platform.marks.selectors));
    let hints = hints.map(String::as_str).filter(|s| !s.contains('*'));
    named.chain(of_platforms).chain(hints.chain(USUAL).map(|s| (s, None, Whence::Usual)))
}

/// The key at a name, and the answer it was read from.
fn look<'a>(lookup: &Lookup<'a>, name: &str) -> (Key, Option<&'a Answer>) {
    let question = Question::new(name, Kind::Txt);
    let answer = lookup.put(question.clone());
    let state = answer.map_or(KeyState::Unasked(question), key::state);
    (Key { signature: None, name: name.to_owned(), state }, answer)
}

/// Where the CNAMEs of an answer lead, in order.
fn chain(answer: &Answer) -> Vec<String> {
    let targets = answer.records.iter().filter_map(|r| match &r.data {
        Data::Cname(target) => Some(target.clone()),
        _ => None,
    });
    targets.collect()
}

/// Who sends for the domain: as the user says, and as DNS shows.
fn senders(said: &Said, who: &[Party]) -> Vec<Sender> {
    let named = said.check.platforms.iter().map(|id| (id.trim(), true));
    let shown = who.iter().filter(|p| matches!(p.role, Role::Sender | Role::Mailboxes)).map(|p| (p.id, false));
    let mut senders: Vec<Sender> = Vec::new();
    for (id, said) in named.chain(shown) {
        if let Some(platform) = platform::find(id)
            && !senders.iter().any(|s| s.platform == platform)
        {
            senders.push(Sender { platform, said });
        }
    }
    senders
}

impl Keys {
    /// The selector whose key stands at this name.
    pub fn at(&self, name: &str) -> Option<&Selector> {
        self.selectors.iter().chain(&self.above).find(|s| s.key.name == name)
    }

    /// Keys that a rule can speak of: those found, and whatever came of the user's own selectors.
    pub fn judged(&self) -> impl Iterator<Item = &Selector> {
        self.selectors.iter().filter(|s| !s.wildcard && (s.is_found() || s.whence == Whence::Said))
    }

    /// Keys that can verify a signature.
    pub fn usable(&self) -> impl Iterator<Item = (&Selector, &KeyRecord)> {
        let found = self.selectors.iter().chain(&self.above).filter(|s| !s.wildcard);
        found.flat_map(|s| s.records().iter().filter(|r| r.usable()).map(move |r| (s, r)))
    }
}

impl Selector {
    /// TXT stands at its name.
    pub fn is_found(&self) -> bool {
        matches!(self.key.state, KeyState::Found(_))
    }

    /// There is surely nothing at its name.
    pub fn is_missing(&self) -> bool {
        matches!(self.key.state, KeyState::Missing(_))
    }

    /// There is surely no key of its own: nothing at its name, or what any name gets, which is no key either.
    pub fn is_absent(&self) -> bool {
        self.is_missing() || (self.wildcard && !self.records().iter().any(KeyRecord::usable))
    }

    /// The records at its name.
    pub fn records(&self) -> &[KeyRecord] {
        match &self.key.state {
            KeyState::Found(records) => records,
            _ => &[],
        }
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
