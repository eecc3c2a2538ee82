//! A name that nobody uses, and what it is answered with: a wildcard answers for any name that is
//! not there (RFC 4592).

use super::unused_label;
use crate::evidence::{Kind, Outcome, Question};
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

/// Asks for a name below `domain` that nobody uses.
pub fn gather(lookup: &Lookup, domain: &str) -> Option<Wildcard> {
    let name = format!("{}.{domain}", unused_label(domain));
    let question = (name.len() <= 253).then(|| Question::new(&name, Kind::Txt))?;
    let answer = lookup.put(question.clone());
    let texts = answer.into_iter().flat_map(|a| a.texts()).map(|t| walk::text_of(&t)).collect();
    Some(Wildcard { question, outcome: answer.map(|a| a.outcome), texts })
}
