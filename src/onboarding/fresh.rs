//! Which answers are worth asking for again while the owner publishes.

use crate::diagnose::Diagnosis;
use crate::evidence::{Answer, Outcome, Question, Server};
use crate::facts::dkim::name;

/// What may have changed since it was asked: what the zone's own servers said of the records, reverse names that are
/// missing, and aliases that lead to nothing yet. Resolvers are spared the rest: a "no" they keep is a "no" for as long
/// as it holds (RFC 2308).
pub fn stale(d: &Diagnosis) -> Vec<Question> {
    let evidence = &d.facts.evidence;
    let published = &evidence.said.check.published;
    let apex = d.facts.domain.zone.as_ref().and_then(|z| z.apex.as_deref());
    let reverse = |q: &Question| q.name.ends_with(".arpa");
    let dangling = |a: &Answer| a.alias().is_some() && a.outcome != Outcome::Records;
    // Without servers of its own that speak, the resolver is all there is.
    let deaf = crate::replay::own::servers(&d.facts).is_empty();
    let again = |q: &Question, a: &Answer| match q.server {
        Server::At(_) => apex.is_some_and(|apex| name::within(&q.name, apex)),
        Server::Resolver => {
            (reverse(q) && a.outcome != Outcome::Records)
                || dangling(a)
                || (deaf && published.iter().any(|p| p.name == q.name && p.kind == q.kind))
        }
    };
    let mut all: Vec<Question> = evidence.answers.iter().filter(|(q, a)| again(q, a)).map(|(q, _)| q.clone()).collect();
    // Where an alias leads is asked by itself.
    let targets: Vec<&str> = evidence.answers.values().filter(|a| dangling(a)).filter_map(Answer::alias).collect();
    let more = evidence.answers.keys().filter(|q| q.server == Server::Resolver && targets.contains(&q.name.as_str()));
    all.extend(more.cloned());
    all.sort();
    all.dedup();
    all
}
