//! A name that nobody uses, and what it is answered with: a wildcard answers for any name that is
//! not there (RFC 4592).

use super::unused_label;
use crate::evidence::{Answer, Answers, Kind, Outcome, Question, answer_at};
use crate::facts::dmarc::walk;
use crate::facts::lookup::Lookup;

/// What DNS says to a name below the domain that nobody uses.
#[derive(Clone, Debug)]
pub struct Wildcard {
    pub question: Question,
    /// `None`: not answered yet.
    pub outcome: Option<Outcome>,
    /// TXT that any name gets.
    pub texts: Vec<String>,
}

impl Wildcard {
    /// Is what answers at `name` the wildcard's, and no record of the name itself (RFC 4592 §3.3.1)? So it is where a
    /// name that nobody uses gets the same.
    pub fn answers(&self, answers: &Answers, name: &str) -> bool {
        let below = self
            .question
            .name
            .split_once('.')
            .is_some_and(|(_, domain)| name.strip_suffix(domain).is_some_and(|head| head.ends_with('.')));
        let txt = |name: &str| answer_at(answers, name, Kind::Txt);
        below && txt(name).zip(txt(&self.question.name)).is_some_and(|(own, any)| same(own, any))
    }
}

/// Does a name have just what a name that nobody uses has?
pub fn same(own: &Answer, any: &Answer) -> bool {
    let (own, any) = (&own.records, &any.records);
    !own.is_empty() && own.len() == any.len() && own.iter().all(|r| any.iter().any(|a| a.data == r.data))
}

/// The name of a key of this domain that nobody uses.
pub fn unused_key(domain: &str) -> String {
    format!("{}._domainkey.{domain}", unused_label(domain))
}

/// Asks for the key that nobody uses beside the one of this name.
pub fn ask_beside(lookup: &Lookup, key: &str) {
    if let Some(name) = beside(key) {
        lookup.ask(&name, Kind::Txt);
    }
}

/// Is what answers at the name of a key a wildcard's, and no record of the name itself (RFC 4592 §3.3.1)? `None`: not
/// known.
pub fn answers_for_key(answers: &Answers, key: &str) -> Option<bool> {
    let txt = |name: &str| answer_at(answers, name, Kind::Txt).filter(|a| !a.outcome.failed());
    Some(same(txt(key)?, txt(&beside(key)?)?))
}

fn beside(key: &str) -> Option<String> {
    let (_, domain) = key.split_once("._domainkey.")?;
    Some(unused_key(domain)).filter(|name| name.len() <= 253 && name != key)
}

/// Asks for a name below `domain` that nobody uses.
pub fn gather(lookup: &Lookup, domain: &str) -> Option<Wildcard> {
    let name = format!("{}.{domain}", unused_label(domain));
    let question = (name.len() <= 253).then(|| Question::new(&name, Kind::Txt))?;
    let answer = lookup.put(question.clone());
    let texts = answer.into_iter().flat_map(|a| a.texts()).map(|t| walk::text_of(&t)).collect();
    Some(Wildcard { question, outcome: answer.map(|a| a.outcome), texts })
}
