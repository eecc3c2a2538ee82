//! A name that nobody uses, and what it is answered with: a wildcard answers for any name that is
//! not there (RFC 4592).

use super::unused_label;
use crate::evidence::{Answers, Kind, Outcome, Question};
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
        let data = |name: &str| {
            let answer = answers.get(&Question::new(name, Kind::Txt))?;
            Some(answer.records.iter().map(|r| &r.data).collect::<Vec<_>>()).filter(|data| !data.is_empty())
        };
        let same = || {
            let (own, any) = (data(name)?, data(&self.question.name)?);
            Some(own.len() == any.len() && own.iter().all(|d| any.contains(d)))
        };
        below && same() == Some(true)
    }
}

/// Asks for a name below `domain` that nobody uses.
pub fn gather(lookup: &Lookup, domain: &str) -> Option<Wildcard> {
    let name = format!("{}.{domain}", unused_label(domain));
    let question = (name.len() <= 253).then(|| Question::new(&name, Kind::Txt))?;
    let answer = lookup.put(question.clone());
    let texts = answer.into_iter().flat_map(|a| a.texts()).map(|t| walk::text_of(&t)).collect();
    Some(Wildcard { question, outcome: answer.map(|a| a.outcome), texts })
}
