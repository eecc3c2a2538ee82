//! The domain as its zone's own servers have it: what a resolver remembers may be older than what is published.

use super::replay;
use crate::diagnose::Diagnosis;
use crate::evidence::{Answer, Data, Kind, Question};
use crate::facts::Facts;
use crate::facts::domain::names;
use crate::remedy::{Change, TTL};
use std::collections::BTreeSet;

/// Name servers that say the same.
#[derive(Clone, Debug)]
pub struct Own {
    /// Their names.
    pub hosts: Vec<String>,
    /// What they were asked, and answered with authority (AA, RFC 1035 §4.1.1).
    pub heard: BTreeSet<(String, Kind)>,
    /// What they say otherwise than the resolver.
    pub news: Vec<Change>,
}

/// The zone's own servers, as far as they were heard on what is being published; those that say the same are one.
pub fn servers(facts: &Facts) -> Vec<Own> {
    let Some(zone) = &facts.domain.zone else { return Vec::new() };
    let wish = &facts.evidence.said.check;
    let mut all: Vec<Own> = Vec::new();
    for (host, ip) in names::own(zone) {
        let mut own = Own { hosts: vec![host.to_owned()], heard: BTreeSet::new(), news: Vec::new() };
        for question in names::published(wish, zone) {
            let answers = &facts.evidence.answers;
            let said = answers.get(&question.clone().at(ip)).filter(|a| a.authoritative && !a.outcome.failed());
            let Some(said) = said else { continue };
            own.heard.insert((question.name.to_string(), question.kind));
            for change in news(question, said, answers.get(question)) {
                if !own.news.iter().any(|c| c.name == change.name && c.kind == change.kind) {
                    own.news.push(change);
                }
            }
        }
        let same = |other: &&mut Own| other.heard == own.heard && after(&other.news) == after(&own.news);
        match all.iter_mut().find(same) {
            Some(other) => other.hosts.append(&mut own.hosts),
            None if own.heard.is_empty() => {}
            None => all.push(own),
        }
    }
    all
}

/// What would have to be asked to see the domain with their eyes.
pub(super) fn questions(d: &Diagnosis) -> BTreeSet<Question> {
    let others = servers(&d.facts).into_iter().filter(|own| !own.news.is_empty());
    others.flat_map(|own| replay(d, &own.news, None).questions).collect()
}

fn after(news: &[Change]) -> Vec<(&str, Kind, BTreeSet<String>)> {
    news.iter().map(|c| (c.name.as_str(), c.kind, words(&c.after))).collect()
}

/// How the server's answer differs from the resolver's, at the name itself: where an alias leads is for others to say.
fn news(question: &Question, own: &Answer, resolver: Option<&Answer>) -> Vec<Change> {
    let at = |answer: Option<&Answer>, kind: Kind| -> Vec<Data> {
        let records = answer.map_or(&[][..], |a| &a.records);
        records
            .iter()
            .filter(|r| r.name == question.name && r.data.kind() == Some(kind))
            .map(|r| r.data.clone())
            .collect()
    };
    let differs = |kind: Kind| {
        let (before, after) = (at(resolver, kind), at(Some(own), kind));
        let ttl = own.records.first().map_or(TTL, |r| r.ttl);
        (words(&before) != words(&after)).then(|| Change { name: question.name.to_string(), kind, ttl, before, after })
    };
    let aliased = !at(Some(own), Kind::Cname).is_empty();
    let kinds = [Some(Kind::Cname), Some(question.kind).filter(|kind| *kind != Kind::Cname && !aliased)];
    kinds.into_iter().flatten().filter_map(differs).collect()
}

fn words(data: &[Data]) -> BTreeSet<String> {
    data.iter().map(ToString::to_string).collect()
}
