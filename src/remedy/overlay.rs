//! The answers as they would be with records published: what a fix would make of DNS.
//!
//! Only what the changes touch is different. A question that failed still fails: no record cures a
//! server. A referral stays one, and so do keys, delegations and denials of DNSSEC.

use super::Change;
use crate::evidence::{Answer, Answers, Data, Kind, Outcome, Question, Record};
use std::collections::BTreeMap;

/// CNAMEs followed for one question.
const CHAIN: usize = 16;

/// Changes laid over answers.
pub struct Overlay<'a> {
    answers: &'a Answers,
    changes: BTreeMap<(&'a str, Kind), &'a Change>,
}

impl<'a> Overlay<'a> {
    /// A later change of the same records takes the place of an earlier one.
    pub fn new(answers: &'a Answers, changes: &'a [Change]) -> Overlay<'a> {
        Overlay { answers, changes: changes.iter().map(|c| ((c.name.as_str(), c.kind), c)).collect() }
    }

    /// Every answer at hand as it would be, and those of the changed records themselves. What would have to be
    /// asked first is left out.
    pub fn all(&self) -> Answers {
        let changed = self.changes.keys().map(|(name, kind)| Question::new(name, *kind));
        let touched = |q: &Question, a: &Answer| self.touches(q, a);
        let mut all = Answers::new();
        for (question, answer) in self.answers {
            let answer = if touched(question, answer) { self.answer(question).ok() } else { Some(answer.clone()) };
            all.extend(answer.map(|a| (question.clone(), a)));
        }
        for question in changed {
            let answer = self.answer(&question).ok();
            all.extend(answer.map(|a| (question, a)));
        }
        all
    }

    /// The answer to a question with the changes published; else the question whose answer it takes to tell.
    pub fn answer(&self, question: &Question) -> Result<Answer, Question> {
        let now = self.answers.get(question);
        if let Some(answer) = now.filter(|a| a.outcome.failed() || a.referral().next().is_some()) {
            return Ok(answer.clone());
        }
        let mut chain: Vec<Record> = Vec::new();
        let mut name = question.name.to_string();
        for _ in 0..CHAIN {
            let own = Question { name: name.clone().into(), ..question.clone() };
            let known = self.answers.get(&own).cloned().or_else(|| tail(now?, &name));
            let changed = self.changes.get(&(name.as_str(), question.kind));
            let added = changed.filter(|c| !c.after.is_empty());
            if let Some(change) = added {
                let record = |data: &Data| Record { name: name.clone(), ttl: change.ttl, data: data.clone() };
                chain.extend(change.after.iter().map(record));
                return Ok(positive(now.or(known.as_ref()), chain));
            }
            let recast = self.changes.get(&(name.as_str(), Kind::Cname)).filter(|_| question.kind != Kind::Cname);
            let alias = match recast {
                Some(change) => {
                    change.after.first().map(|data| Record { name: name.clone(), ttl: change.ttl, data: data.clone() })
                }
                None => {
                    known.as_ref().and_then(|k| k.records.first()).filter(|_| question.kind != Kind::Cname).cloned()
                }
            };
            if let Some((alias, target)) = alias.and_then(|r| target(&r).map(|t| (r, t))) {
                chain.push(alias);
                name = target;
                continue;
            }
            let Some(known) = known else { return Err(own) };
            if known.outcome.failed() {
                return Ok(Answer { records: chain, ..known });
            }
            // What stood behind an alias goes with it.
            let gone = changed.is_some() || recast.is_some();
            let records: Vec<Record> = if gone { Vec::new() } else { known.records.clone() };
            if !records.is_empty() {
                chain.extend(records);
                return Ok(positive(now.or(Some(&known)), chain));
            }
            // A name whose records go may still have others: "no such name" is never made up.
            let denied = known.outcome == Outcome::NxDomain && !self.exists(&name);
            let outcome = if denied && !gone { Outcome::NxDomain } else { Outcome::NoData };
            return Ok(Answer { outcome, records: chain, ..known });
        }
        Ok(Answer { outcome: Outcome::NoData, records: chain, ..positive(now, Vec::new()) })
    }

    /// Does some change leave records at the name or below it? Then the name exists (RFC 8020).
    fn exists(&self, name: &str) -> bool {
        let below = |n: &str| n == name || n.strip_suffix(name).is_some_and(|head| head.ends_with('.'));
        self.changes.values().any(|c| !c.after.is_empty() && below(&c.name))
    }

    fn touches(&self, question: &Question, answer: &Answer) -> bool {
        let changes = |name: &str| self.changes.keys().any(|(n, _)| *n == name);
        let last = answer.alias().unwrap_or(&question.name);
        let on_the_way = answer.records.iter().any(|r| changes(&r.name) || target(r).is_some_and(|t| changes(&t)));
        changes(&question.name) || on_the_way || (answer.outcome == Outcome::NxDomain && self.exists(last))
    }
}

/// The part of an answer that begins at a name on its chain.
fn tail(answer: &Answer, name: &str) -> Option<Answer> {
    if let Some(at) = answer.records.iter().position(|r| r.name == name) {
        return Some(Answer { records: answer.records[at..].to_vec(), ..answer.clone() });
    }
    let dangling = answer.records.last().and_then(target).is_some_and(|t| t == name);
    dangling.then(|| Answer { records: Vec::new(), ..answer.clone() })
}

fn target(record: &Record) -> Option<String> {
    match &record.data {
        Data::Cname(target) => Some(target.clone()),
        _ => None,
    }
}

/// An answer with these records; where, when and how safely it was got stays as it was.
fn positive(like: Option<&Answer>, records: Vec<Record>) -> Answer {
    let like = like.cloned().unwrap_or_else(|| Answer::new(Outcome::Records, Vec::new(), jiff::Timestamp::UNIX_EPOCH));
    Answer {
        outcome: Outcome::Records,
        records,
        negative_ttl: None,
        authority: Vec::new(),
        glue: Vec::new(),
        extended: Vec::new(),
        ..like
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;

    const WORLD: &str = "
        example.com TXT \"v=spf1 -all\"
        example.com TXT \"site=1\"
        example.com SOA ns.example.com host.example.com 1 2 3 4 50
        s1._domainkey.example.com CNAME k.vendor.example
        k.vendor.example TXT \"p=one\"
        down.example.com SERVFAIL
        @192.0.2.1 example.com REFERRAL ns1.example.com
        x.a.example.com A 192.0.2.7
    ";

    fn ask(question: &Question) -> Answer {
        Zone::parse(WORLD).unwrap().answer(question, jiff::Timestamp::UNIX_EPOCH)
    }

    fn world(questions: &[Question]) -> Answers {
        questions.iter().map(|q| (q.clone(), ask(q))).collect()
    }

    fn txt(name: &str) -> Question {
        Question::new(name, Kind::Txt)
    }

    fn told(answer: &Answer) -> (Outcome, Vec<String>) {
        (answer.outcome, answer.records.iter().map(|r| format!("{} {}", r.name, r.data)).collect())
    }

    fn set(name: &str, after: &[&str]) -> Change {
        Change::txt(name, &[] as &[&str], after)
    }

    #[test]
    fn a_changed_set_is_told_by_everybody_who_was_asked() {
        let ns = |n: u8| txt("example.com").at([192, 0, 2, n].into());
        let answers = world(&[txt("example.com"), ns(53), ns(1), Question::new("example.com", Kind::Mx)]);
        let changes = [set("example.com", &["v=spf1 mx -all", "site=1"])];
        let all = Overlay::new(&answers, &changes).all();
        let new = ["example.com \"v=spf1 mx -all\"", "example.com \"site=1\""].map(str::to_owned).to_vec();
        assert_eq!(told(&all[&txt("example.com")]), (Outcome::Records, new.clone()));
        assert_eq!(told(&all[&ns(53)]), (Outcome::Records, new));
        assert!(all[&ns(53)].authoritative);
        // The parent only refers, and other types are as they were.
        assert_eq!(all[&ns(1)], answers[&ns(1)]);
        let mx = Question::new("example.com", Kind::Mx);
        assert_eq!(all[&mx], answers[&mx]);
    }

    #[test]
    fn a_new_name_makes_those_above_it_exist() {
        let answers = world(&[txt("a.b.example.com"), txt("b.example.com"), txt("c.example.com")]);
        let changes = [set("a.b.example.com", &["x"])];
        let all = Overlay::new(&answers, &changes).all();
        assert_eq!(all[&txt("a.b.example.com")].outcome, Outcome::Records);
        assert_eq!(all[&txt("b.example.com")].outcome, Outcome::NoData);
        assert_eq!(all[&txt("b.example.com")].zone_cut(), Some("example.com"));
        assert_eq!(all[&txt("c.example.com")].outcome, Outcome::NxDomain);
        let other = Question::new("a.b.example.com", Kind::A);
        assert_eq!(Overlay::new(&answers, &changes).answer(&other), Err(other), "nobody was asked");
    }

    #[test]
    fn what_is_removed_leaves_no_data_and_no_denial() {
        let answers = world(&[txt("example.com"), txt("s1._domainkey.example.com")]);
        let gone = |name: &str, kind| Change { kind, ..set(name, &[]) };
        let changes = [gone("example.com", Kind::Txt), gone("s1._domainkey.example.com", Kind::Cname)];
        let all = Overlay::new(&answers, &changes).all();
        for name in ["example.com", "s1._domainkey.example.com"] {
            assert_eq!(told(&all[&txt(name)]), (Outcome::NoData, vec![]), "{name}");
        }
        // In place of the alias a record of its own.
        let changes = [changes[1].clone(), set("s1._domainkey.example.com", &["p=own"])];
        let all = Overlay::new(&answers, &changes).all();
        let own = vec!["s1._domainkey.example.com \"p=own\"".to_owned()];
        assert_eq!(told(&all[&txt("s1._domainkey.example.com")]), (Outcome::Records, own));
    }

    #[test]
    fn an_alias_is_followed_to_what_is_known_and_else_names_what_to_ask() {
        let alias = [Change::cname("s2._domainkey.example.com", "k.vendor.example")];
        let question = txt("s2._domainkey.example.com");
        let answers = world(std::slice::from_ref(&question));
        let overlay = Overlay::new(&answers, &alias);
        assert_eq!(overlay.answer(&question), Err(txt("k.vendor.example")));
        assert!(!overlay.all().contains_key(&question));
        let answers = world(&[question.clone(), txt("k.vendor.example")]);
        let records = |last: &str| {
            let first = "s2._domainkey.example.com k.vendor.example.".to_owned();
            (Outcome::Records, vec![first, format!("k.vendor.example \"{last}\"")])
        };
        assert_eq!(told(&Overlay::new(&answers, &alias).all()[&question]), records("p=one"));
        // The target changes too, and so does what leads to it already.
        let both = [alias[0].clone(), set("k.vendor.example", &["p=two"])];
        let answers = world(&[question.clone(), txt("s1._domainkey.example.com")]);
        let all = Overlay::new(&answers, &both).all();
        assert_eq!(told(&all[&question]), records("p=two"));
        assert_eq!(all[&txt("s1._domainkey.example.com")].texts().collect::<Vec<_>>(), [b"p=two"]);
    }

    #[test]
    fn a_failure_stays_one() {
        let answers = world(&[txt("down.example.com")]);
        let all = Overlay::new(&answers, &[set("down.example.com", &["x"])]).all();
        assert_eq!(all[&txt("down.example.com")].outcome, Outcome::ServFail);
        let circle = [Change::cname("a.example", "b.example"), Change::cname("b.example", "a.example")];
        let answer = Overlay::new(&answers, &circle).answer(&txt("a.example")).unwrap();
        assert_eq!((answer.outcome, answer.records.len()), (Outcome::NoData, CHAIN));
    }
}
