//! An SPF record with terms written out as the addresses behind them: the last resort, for from then on
//! somebody has to keep the addresses up to date.

use super::spf::plain;
use crate::evidence::{Answers, Data, Kind, answer_at};
use crate::facts::spf::record::{Directive, Mechanism, Prefix, Qualifier, Record};
use crate::facts::spf::survey::Survey;
use crate::facts::spf::{Branch, Node};
use std::collections::BTreeSet;

/// What leaves room in a datagram (RFC 7208 §3.4).
const LONGEST: usize = 450;

/// The record as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    pub record: String,
    pub replaced: Vec<Replaced>,
}

/// A term that addresses stand in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// As written.
    pub term: String,
    /// The addresses and ranges behind it, as terms.
    pub ranges: Vec<String>,
    /// Look-ups it costs, with all below it.
    pub cost: u32,
    /// Seconds for which what stands behind it is kept; after that it may be another.
    pub ttl: Option<u32>,
    /// The owner's hosts come before other people's records, and those before a platform's.
    rank: u8,
}

/// The surveyed record with as few terms written out as bring it down to `most` look-ups; `None` where not all
/// is known, where what is behind the terms is no list of addresses, or where the list would be too long.
pub fn flatten(answers: &Answers, survey: &Survey, most: u32) -> Option<Flat> {
    let text = survey.tree.record.as_deref()?;
    let record = Record::parse(text.as_bytes()).filter(|r| !r.broken)?;
    if !survey.is_complete() {
        return None;
    }
    let room = LONGEST.checked_sub(text.len())?;
    let chosen = chosen(candidates(answers, survey, &record, text), survey.lookups.saturating_sub(most), room)?;
    let mut known = BTreeSet::new();
    let words = record.terms.iter().filter_map(|term| text.get(term.span.range()));
    let words = words.flat_map(|word| match chosen.iter().find(|r| r.term == word) {
        Some(replaced) => replaced.ranges.clone(),
        None => vec![word.to_owned()],
    });
    let words = words.filter(|word| known.insert(plain(word)));
    Some(Flat { record: words.fold(text.get(..6)?.to_owned(), |all, word| all + " " + &word), replaced: chosen })
}

impl Replaced {
    /// Bytes that it adds to the record.
    fn longer(&self) -> usize {
        self.ranges.join(" ").len().saturating_sub(self.term.len())
    }
}

/// One term that is enough, where there is one, with the fewest ranges to keep; else as many as it takes.
fn chosen(mut all: Vec<Replaced>, needed: u32, mut room: usize) -> Option<Vec<Replaced>> {
    let enough = all.iter().filter(|r| r.cost >= needed && r.longer() <= room);
    if let Some(one) = enough.min_by_key(|r| (r.rank, r.ranges.len())) {
        return Some(vec![one.clone()]);
    }
    all.sort_by_key(|r| (r.rank, r.longer() / (r.cost.max(1) as usize)));
    let mut saved = 0;
    all.retain(|r| {
        let takes = saved < needed && r.longer() <= room;
        if takes {
            room -= r.longer();
            saved += r.cost;
        }
        takes
    });
    // A later one may have made an earlier one needless.
    let mut spare = saved.checked_sub(needed)?;
    all.retain(|r| {
        let needless = r.cost <= spare;
        spare -= if needless { r.cost } else { 0 };
        !needless
    });
    Some(all)
}

/// The terms that addresses can stand in for.
fn candidates(answers: &Answers, survey: &Survey, record: &Record, text: &str) -> Vec<Replaced> {
    let end = record.all().map(|(term, _)| term.span);
    let in_force = record.directives().filter(|(term, _)| end.is_none_or(|end| term.span < end));
    let candidate = |(term, directive): (&crate::facts::spf::record::Term, &Directive)| {
        let at = survey.tree.terms.iter().position(|b| b.span == term.span)?;
        let branch = survey.tree.terms.get(at).filter(|b| b.cost > 0)?;
        let before = at.checked_sub(1).and_then(|n| survey.tree.terms.get(n)).map_or(0, |b| b.total);
        let mut list = List { answers, ttl: None, ranges: Vec::new() };
        list.directive(directive, branch)?;
        // Who lists nobody today may do so tomorrow; nothing stands in for that.
        if list.ranges.is_empty() {
            return None;
        }
        let sign = directive.qualifier_span.and_then(|span| text.get(span.range())).unwrap_or_default();
        let rank = match (branch.owner, &directive.mechanism) {
            (None, Mechanism::A { .. } | Mechanism::Mx { .. }) => 0,
            (None, _) => 1,
            (Some(_), _) => 2,
        };
        Some(Replaced {
            term: branch.text.clone(),
            ranges: list.ranges.into_iter().map(|range| format!("{sign}{range}")).collect(),
            cost: branch.total.saturating_sub(before),
            ttl: list.ttl,
            rank,
        })
    };
    in_force.filter_map(candidate).collect()
}

/// The addresses behind a term, as they are gathered.
struct List<'a> {
    answers: &'a Answers,
    ttl: Option<u32>,
    ranges: Vec<String>,
}

impl List<'_> {
    /// `None`: what is behind it is no list.
    fn directive(&mut self, directive: &Directive, branch: &Branch) -> Option<()> {
        let name = || Some(branch.question.as_ref()?.name.clone());
        match &directive.mechanism {
            Mechanism::Include(_) => self.record(branch.below.as_deref()?),
            Mechanism::A { prefix, .. } => self.host(&name()?, *prefix),
            Mechanism::Mx { prefix, .. } => self.exchanges(&name()?, *prefix),
            // What these ask depends on the message.
            Mechanism::Ptr(_) | Mechanism::Exists(_) => None,
            Mechanism::All => None,
            Mechanism::Ip4 { network, prefix: 32 } => self.add(format!("ip4:{network}")),
            Mechanism::Ip4 { network, prefix } => self.add(format!("ip4:{network}/{prefix}")),
            Mechanism::Ip6 { network, prefix: 128 } => self.add(format!("ip6:{network}")),
            Mechanism::Ip6 { network, prefix } => self.add(format!("ip6:{network}/{prefix}")),
        }
    }

    /// Everybody whom a record allows; one that makes exceptions is no list.
    fn record(&mut self, node: &Node) -> Option<()> {
        let text = node.record.as_deref()?;
        let record = Record::parse(text.as_bytes()).filter(|r| !r.broken)?;
        self.kept(node.ttl);
        for (term, directive) in record.directives() {
            match (&directive.mechanism, directive.qualifier) {
                (Mechanism::All, Qualifier::Pass) => return None,
                // An include asks who passes; how the record ends for others is nothing to it (RFC 7208 §5.2).
                (Mechanism::All, _) => return Some(()),
                (_, Qualifier::Pass) => {}
                _ => return None,
            }
            self.directive(directive, node.terms.iter().find(|b| b.span == term.span)?)?;
        }
        match record.redirect() {
            Some((term, _)) => self.record(node.terms.iter().find(|b| b.span == term.span)?.below.as_deref()?),
            None => Some(()),
        }
    }

    fn exchanges(&mut self, name: &str, prefix: Prefix) -> Option<()> {
        let answer = answer_at(self.answers, name, Kind::Mx).filter(|a| !a.outcome.failed())?;
        self.kept(answer.ttl());
        for record in &answer.records {
            match &record.data {
                Data::Mx { exchange, .. } if !exchange.is_empty() => self.host(exchange, prefix)?,
                _ => {}
            }
        }
        Some(())
    }

    fn host(&mut self, name: &str, prefix: Prefix) -> Option<()> {
        for kind in [Kind::A, Kind::Aaaa] {
            let answer = answer_at(self.answers, name, kind).filter(|a| !a.outcome.failed())?;
            self.kept(answer.ttl());
            for record in &answer.records {
                match record.data {
                    Data::A(ip) if prefix.v4 == 32 => self.add(format!("ip4:{ip}"))?,
                    Data::A(ip) => self.add(format!("ip4:{ip}/{}", prefix.v4))?,
                    Data::Aaaa(ip) if prefix.v6 == 128 => self.add(format!("ip6:{ip}"))?,
                    Data::Aaaa(ip) => self.add(format!("ip6:{ip}/{}", prefix.v6))?,
                    _ => {}
                }
            }
        }
        Some(())
    }

    fn add(&mut self, range: String) -> Option<()> {
        // More than fits is no list for anybody to keep.
        let fits = self.ranges.len() < LONGEST / 8;
        if fits && !self.ranges.contains(&range) {
            self.ranges.push(range);
        }
        fits.then_some(())
    }

    fn kept(&mut self, ttl: Option<u32>) {
        self.ttl = [self.ttl, ttl].into_iter().flatten().min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::facts::lookup::Lookup;
    use crate::facts::spf::survey::survey_text;

    const WORLD: &str = r#"
        mx.example.com A 192.0.2.1
        mx.example.com AAAA 2001:db8::1
        example.com MX 10 mx.example.com
        list.test TXT "v=spf1 ip4:198.51.100.0/24 include:deep.test ~all"
        deep.test TXT "v=spf1 a:host.test redirect=more.test"
        host.test A 203.0.113.9
        more.test TXT "v=spf1 ip6:2001:db8:5::/48 ?all"
        picky.test TXT "v=spf1 -ip4:192.0.2.9 ip4:192.0.2.0/24 -all"
        all.test TXT "v=spf1 +all"
        nobody.test TXT "v=spf1 -all"
        macro.test TXT "v=spf1 exists:%{i}.x.test -all"
    "#;

    fn flat(record: &str, most: u32) -> Option<String> {
        let zone = Zone::parse(WORLD).unwrap();
        let mut answers = Answers::new();
        loop {
            let survey = survey_text(&Lookup::new(&answers), "example.com", record);
            if survey.missing.is_empty() {
                return flatten(&answers, &survey, most).map(|f| f.record);
            }
            let now = jiff::Timestamp::UNIX_EPOCH;
            answers.extend(survey.missing.into_iter().map(|q| (q.clone(), zone.answer(&q, now))));
        }
    }

    #[test]
    fn addresses_stand_in_for_terms_and_no_more_of_them_than_it_takes() {
        let all = "ip4:198.51.100.0/24 ip4:203.0.113.9 ip6:2001:db8:5::/48";
        let host = "ip4:192.0.2.1 ip6:2001:db8::1";
        for (record, most, right) in [
            ("v=spf1 mx include:list.test -all", 4, Some(format!("v=spf1 {host} include:list.test -all"))),
            ("v=spf1 mx include:list.test -all", 0, Some(format!("v=spf1 {host} {all} -all"))),
            ("v=spf1 mx/24 ~all", 0, Some("v=spf1 ip4:192.0.2.1/24 ip6:2001:db8::1 ~all".to_owned())),
            ("v=spf1 mx//64 ~all", 0, Some("v=spf1 ip4:192.0.2.1 ip6:2001:db8::1/64 ~all".to_owned())),
            // The sign goes with every address, and what stands already is not said twice.
            ("v=spf1 ?a:host.test -all", 0, Some("v=spf1 ?ip4:203.0.113.9 -all".to_owned())),
            ("v=spf1 ip4:203.0.113.9 a:host.test -all", 0, Some("v=spf1 ip4:203.0.113.9 -all".to_owned())),
            // Nothing of these is a list of addresses.
            ("v=spf1 include:picky.test -all", 0, None),
            ("v=spf1 include:all.test -all", 0, None),
            ("v=spf1 include:macro.test -all", 1, None),
            ("v=spf1 ptr -all", 0, None),
            ("v=spf1 redirect=list.test", 0, None),
        ] {
            assert_eq!(flat(record, most), right, "{record}");
        }
    }

    #[test]
    fn a_list_that_would_not_fit_is_none() {
        let full: String = (0..28).map(|n| format!(" ip4:203.0.113.{n}")).collect();
        assert_eq!(flat(&format!("v=spf1 include:list.test{full} -all"), 0), None);
        assert_eq!(flat("v=spf1 include:gone.test -all", 0), None);
        assert_eq!(flat("v=spf1 include:nobody.test -all", 0), None);
    }
}
