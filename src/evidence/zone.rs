//! A small invented internet, written as zone lines: what the samples and the scenarios live in.
//!
//! ```text
//! example.com               300 TXT  "v=spf1 ip4:192.0.2.4 ~all"
//! s1._domainkey.example.com     CNAME s1.dkim.esp.example
//! slow.example.com              TIMEOUT
//! ```
//!
//! Names are absolute; a name that owns nothing, and has nothing below it, does not exist
//! (RFC 8020). `SERVFAIL`, `REFUSED` and `TIMEOUT` in the place of a type make every question for
//! that name, or for names below it, come out so.

use super::{Answer, Data, Kind, Outcome, Question, Record};
use std::collections::BTreeMap;

/// TTL where a line gives none, seconds.
const TTL: u32 = 3600;

/// CNAMEs followed at most.
const CHAIN: usize = 8;

/// All the records there are.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    records: BTreeMap<String, Vec<Record>>,
    faults: BTreeMap<String, Outcome>,
}

/// A line that is no zone line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text:?} is not NAME [TTL] TYPE DATA")]
pub struct BadLine {
    pub line: usize,
    pub text: String,
}

impl Zone {
    /// Reads zone lines; `;` and `#` begin comments at the start of a line.
    pub fn parse(text: &str) -> Result<Zone, BadLine> {
        let mut zone = Zone::default();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with([';', '#']) {
                zone.add(line).ok_or_else(|| BadLine { line: n + 1, text: line.to_owned() })?;
            }
        }
        Ok(zone)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = rest.trim_start();
        let fault = match rest {
            "SERVFAIL" => Some(Outcome::ServFail),
            "REFUSED" => Some(Outcome::Refused),
            "TIMEOUT" => Some(Outcome::Timeout),
            _ => None,
        };
        if let Some(outcome) = fault {
            self.faults.insert(name, outcome);
            return Some(());
        }
        let mut ttl = TTL;
        if let Some((first, more)) = rest.split_once(char::is_whitespace)
            && let Ok(seconds) = first.parse()
        {
            ttl = seconds;
            rest = more.trim_start();
        }
        let (kind, data) = rest.split_once(char::is_whitespace)?;
        let kind: Kind = serde_json::from_value(kind.into()).ok()?;
        let data = Data::parse(kind, data.trim())?;
        self.records.entry(name.clone()).or_default().push(Record { name, ttl, data });
        Some(())
    }

    /// What a resolver in this world says to a question.
    pub fn answer(&self, question: &Question, at: jiff::Timestamp) -> Answer {
        let mut answer =
            Answer { outcome: Outcome::NoData, records: Vec::new(), negative_ttl: None, at, elapsed_ms: 1 };
        let mut name = question.name.clone();
        for _ in 0..CHAIN {
            if let Some(fault) = self.fault(&name) {
                answer.outcome = fault;
                answer.records.clear();
                return answer;
            }
            let here = self.records.get(&name).map(Vec::as_slice).unwrap_or_default();
            let before = answer.records.len();
            answer.records.extend(here.iter().filter(|r| r.data.kind() == Some(question.kind)).cloned());
            if answer.records.len() > before {
                answer.outcome = Outcome::Records;
                return answer;
            }
            match here.iter().find(|r| matches!(r.data, Data::Cname(_))) {
                Some(alias) => {
                    answer.records.push(alias.clone());
                    if let Data::Cname(target) = &alias.data {
                        name = target.clone();
                    }
                }
                None => break,
            }
        }
        answer.outcome = if self.exists(&name) { Outcome::NoData } else { Outcome::NxDomain };
        answer.negative_ttl = Some(300);
        answer
    }

    fn fault(&self, name: &str) -> Option<Outcome> {
        std::iter::successors(Some(name), |n| n.split_once('.').map(|(_, parent)| parent))
            .find_map(|n| self.faults.get(n).copied())
    }

    fn exists(&self, name: &str) -> bool {
        self.records.keys().any(|k| k == name || k.strip_suffix(name).is_some_and(|head| head.ends_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(zone: &str, name: &str, kind: Kind) -> (Outcome, usize) {
        let answer = Zone::parse(zone).unwrap().answer(&Question::new(name, kind), jiff::Timestamp::UNIX_EPOCH);
        (answer.outcome, answer.records.len())
    }

    const ZONE: &str = "
        ; a comment
        example.com 60 TXT \"v=spf1 -all\"
        mx.a.example.com A 192.0.2.1
        alias.example.com CNAME mx.a.example.com
        dead.example.com CNAME nothing.example.com
        broken.example.com SERVFAIL
    ";

    #[test]
    fn every_outcome_is_told_apart() {
        assert_eq!(outcome(ZONE, "example.com", Kind::Txt), (Outcome::Records, 1));
        assert_eq!(outcome(ZONE, "example.com", Kind::Mx), (Outcome::NoData, 0));
        assert_eq!(outcome(ZONE, "a.example.com", Kind::A), (Outcome::NoData, 0));
        assert_eq!(outcome(ZONE, "b.example.com", Kind::A), (Outcome::NxDomain, 0));
        assert_eq!(outcome(ZONE, "alias.example.com", Kind::A), (Outcome::Records, 2));
        assert_eq!(outcome(ZONE, "dead.example.com", Kind::A), (Outcome::NxDomain, 1));
        assert_eq!(outcome(ZONE, "x.broken.example.com", Kind::A), (Outcome::ServFail, 0));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        assert_eq!(Zone::parse("\nexample.com WHAT 1").unwrap_err().line, 2);
    }
}
