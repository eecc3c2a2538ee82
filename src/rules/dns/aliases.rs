//! The aliases (CNAME) under the sender's own domains, as far as the answers at hand show them.

use crate::evidence::{Answer, Data, Kind, Outcome, Question, Server};
use crate::facts::Facts;
use crate::facts::organization::psl;
use crate::knowledge::{pattern, platform};

/// One name that is an alias.
pub(super) struct Alias {
    /// The question that shows it.
    pub question: Question,
    /// Where the first alias leads.
    pub target: String,
    pub fault: Option<Break>,
    /// Nothing was found behind it, and one of the questions failed.
    pub open: bool,
}

/// What is wrong with an alias.
pub(super) enum Break {
    NoSuchName,
    /// The name behind it has no record of the kind asked for.
    NoData,
    Circle,
    /// Other records of this kind stand at the same name.
    Beside(Kind),
    /// The organization's domain itself is an alias.
    Apex,
}

/// Every alias at a name of From's or MAIL FROM's organization, each name once.
pub(super) fn gather(facts: &Facts) -> Vec<Alias> {
    let mail_from = facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let organizations: Vec<&str> =
        [facts.reading.from_domain(), mail_from].into_iter().flatten().filter_map(psl).collect();
    let own = |q: &Question| {
        let inside = |o: &&str| q.name == *o || q.name.strip_suffix(o).is_some_and(|head| head.ends_with('.'));
        q.server == Server::Resolver && !q.checking_disabled && organizations.iter().any(inside)
    };
    // Those of one name stand together.
    let mut answers: Vec<(&Question, &Answer)> = Vec::with_capacity(facts.evidence.answers.len());
    answers.extend(facts.evidence.answers.iter().filter(|(q, _)| own(q)));
    answers.chunk_by(|(a, _), (b, _)| a.name == b.name).filter_map(|chunk| alias(&chunk[0].0.name, chunk)).collect()
}

fn alias(name: &str, answers: &[(&Question, &Answer)]) -> Option<Alias> {
    let leads = |a: &Answer| {
        a.records.iter().find_map(|r| match &r.data {
            Data::Cname(target) if r.name == name => Some(target.clone()),
            _ => None,
        })
    };
    // What is needed behind it shows the most: a text, or an address.
    let needed_first = |(q, _, _): &(&Question, &Answer, String)| match q.kind {
        Kind::Txt => 0,
        Kind::A | Kind::Aaaa => 1,
        _ => 2,
    };
    let leading = answers.iter().filter_map(|(q, a)| Some((*q, *a, leads(a)?)));
    let (question, answer, target) = leading.min_by_key(needed_first)?;
    let beside = answers.iter().flat_map(|(_, a)| &a.records).find_map(|r| {
        let kind = r.data.kind().filter(|k| !matches!(k, Kind::Cname | Kind::Rrsig | Kind::Dnskey))?;
        (r.name == name).then_some(kind)
    });
    let aliased: Vec<_> = answers.iter().filter(|(_, a)| leads(a).is_some()).collect();
    // One kind is enough: a host may have addresses of one family only.
    let serves = aliased.iter().any(|(_, a)| a.outcome == Outcome::Records);
    let fault = match () {
        () if psl(name) == Some(name) => Some(Break::Apex),
        () if circle(answer) => Some(Break::Circle),
        () if beside.is_some() => beside.map(Break::Beside),
        () if aliased.iter().any(|(_, a)| a.outcome == Outcome::NxDomain) => Some(Break::NoSuchName),
        () if !serves && needed(&aliased) => Some(Break::NoData),
        () => None,
    };
    let open = fault.is_none() && !serves && answers.iter().any(|(_, a)| a.outcome.failed());
    Some(Alias { question: question.clone(), target, fault, open })
}

/// Was it asked for what must be there: a text, or an address of either family?
fn needed(asked: &[&(&Question, &Answer)]) -> bool {
    let is = |kind| asked.iter().any(|(q, a)| q.kind == kind && a.outcome == Outcome::NoData);
    is(Kind::Txt) || (is(Kind::A) && is(Kind::Aaaa))
}

/// Does a chain come back to a name that it went through?
fn circle(answer: &Answer) -> bool {
    let owners: Vec<&str> =
        answer.records.iter().filter(|r| matches!(r.data, Data::Cname(_))).map(|r| r.name.as_str()).collect();
    let back = answer.records.iter().any(|r| matches!(&r.data, Data::Cname(target) if owners.contains(&target.as_str()) && closes(answer, target, &r.name)));
    answer.outcome != Outcome::Records && back
}

/// Does following the aliases from `from` lead to `to`?
fn closes(answer: &Answer, from: &str, to: &str) -> bool {
    let mut at = from;
    for _ in 0..answer.records.len() {
        if at == to {
            return true;
        }
        let next = answer.records.iter().find_map(|r| match &r.data {
            Data::Cname(target) if r.name == at => Some(target.as_str()),
            _ => None,
        });
        let Some(next) = next else { return false };
        at = next;
    }
    at == to
}

/// The platform in whose name space a target is.
pub(super) fn platform_behind(target: &str) -> Option<&'static str> {
    let owns = |d: &String| {
        let base = d.strip_prefix("*.").unwrap_or(d);
        pattern::host(base, target) || pattern::host(&format!("*.{base}"), target)
    };
    platform::all().iter().find(|p| p.signs_as.iter().any(owns)).map(|p| p.name.as_str())
}
