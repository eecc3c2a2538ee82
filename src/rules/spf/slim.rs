//! An SPF record brought down to ten look-ups, by what hurts least first: what lets nobody in goes, what can send
//! from a name of its own moves there, and only then addresses stand in place of names.

use super::support::{is_sound, surveyed};
use crate::facts::Facts;
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{LOOKUPS, Node};
use crate::remedy::spf_move::{self, Stream};
use crate::remedy::spf_trim::{self, Dropped, Needless};
use crate::remedy::{Remedy, spf_flat};

/// The remedy with what is to be done, step by step, and the record that does as much of it as a record can;
/// `None` where that would not be enough.
pub fn slim(facts: &Facts, survey: &Survey, remedy: Remedy) -> (Remedy, Option<String>) {
    let trimmed = spf_trim::trim(survey).map(|t| (surveyed(facts, &survey.domain, &t.record), t));
    let trimmed = trimmed.filter(|(new, _)| new.lookups < survey.lookups);
    let (now, record, remedy) = match trimmed {
        Some((new, trimmed)) => {
            let words: Vec<String> = trimmed.dropped.iter().map(Dropped::words).collect();
            let words = words.join(", ");
            let hold = match trimmed.dropped.iter().any(|d| matches!(d.why, Needless::Included(_))) {
                true => "shuts nobody out as long as the records they stand in stay so",
                false => "shuts nobody out",
            };
            let remedy =
                remedy.step(format!("Take out {words}. That {hold}; look-ups: {} → {}.", survey.lookups, new.lookups));
            (std::borrow::Cow::Owned(new), Some(trimmed.record), remedy)
        }
        None => (std::borrow::Cow::Borrowed(survey), None, remedy),
    };
    let remedy = remedy.step(match costliest(&now.tree) {
        Some(terms) => format!(
            "Ask for each include who still sends through it: what nobody uses, and what sends with a Return-Path of its own, needs no term here. The costliest: {terms}."
        ),
        None => "Take out the terms of servers and services that no longer send.".to_owned(),
    });
    let remedy =
        spf_move::streams(&now).into_iter().fold(remedy, |remedy, stream| remedy.step(moved(facts, &now, stream)));
    if record.is_some() && is_sound(&now) {
        return (remedy, record);
    }
    match now.lookups > LOOKUPS {
        true => written_out(facts, &now, remedy),
        false => (remedy, None),
    }
}

/// The terms that cost most, with all below them.
fn costliest(tree: &Node) -> Option<String> {
    let mut includes: Vec<(u32, &str)> = Vec::new();
    let mut before = 0;
    for branch in &tree.terms {
        let cost = branch.total.saturating_sub(before);
        before = before.max(branch.total);
        if branch.below.is_some() {
            includes.push((cost, branch.text.as_str()));
        }
    }
    includes.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
    let costliest: Vec<&str> = includes.iter().take(3).map(|(_, text)| *text).collect();
    (!costliest.is_empty()).then(|| costliest.join(", "))
}

fn moved(facts: &Facts, now: &Survey, stream: Stream) -> String {
    let Stream { term, cost, how } = stream;
    let strict = match facts.dmarc.record().is_some_and(|r| r.aspf_strict) {
        true => " DMARC says aspf=s: from a subdomain only DKIM will align.",
        false => "",
    };
    let mut how = how.chars();
    let how: String = how.next().map_or(String::new(), |first| first.to_uppercase().chain(how).collect());
    let fewer = now.lookups.saturating_sub(cost);
    format!("{how} Take {term} out once that works; look-ups: {} → {fewer}.{strict}", now.lookups)
}

/// The last resort, with what it costs from then on.
fn written_out(facts: &Facts, now: &Survey, remedy: Remedy) -> (Remedy, Option<String>) {
    let flat = spf_flat::flatten(&facts.evidence.answers, now, LOOKUPS);
    let flat = flat.map(|flat| (surveyed(facts, &now.domain, &flat.record), flat));
    let Some((new, flat)) = flat.filter(|(new, _)| is_sound(new) && new.lookups <= LOOKUPS) else {
        let own =
            "Where `a` or `mx` stand for fixed addresses of your own, write ip4: or ip6: instead: those cost nothing.";
        return (remedy.step(own), None);
    };
    let terms: Vec<&str> = flat.replaced.iter().map(|r| r.term.as_str()).collect();
    let terms = terms.join(", ");
    let ranges: usize = flat.replaced.iter().map(|r| r.ranges.len()).sum();
    let entries = if ranges == 1 { "1 address or range".to_owned() } else { format!("{ranges} addresses and ranges") };
    let ttl = flat.replaced.iter().filter_map(|r| r.ttl).min();
    let kept = ttl.map_or(String::new(), |ttl| format!(" (what DNS says of them is good for {ttl} s)"));
    let remedy = remedy
        .step(format!(
            "Only where none of this is enough: the record here lists what is behind {terms} today, {entries}; look-ups: {} → {}.",
            now.lookups, new.lookups
        ))
        .kept_up(format!(
            "Whoever runs {terms} may change these addresses without telling you{kept}, and mail from new ones then fails. \
             Let a program compare them with DNS every day and rewrite the record."
        ));
    (remedy, Some(flat.record))
}
