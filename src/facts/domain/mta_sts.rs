//! MTA-STS: the record `_mta-sts`, and the policy that it announces (RFC 8461).

use super::sts_policy::{self, Policy};
use super::tagged::{Flaw, Published, Tagged};
use crate::evidence::Errand;
use crate::evidence::errand::{Step, What};
use crate::facts::lookup::Lookup;

/// What a domain says of TLS towards its mail hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MtaSts {
    pub record: Published,
    /// `None` where no record announces one.
    pub policy: Option<Fetch>,
    /// Where the policy is to be found.
    pub url: String,
}

/// What came of asking for the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Not fetched yet.
    Waiting,
    Read(Policy),
    /// An HTTP answer that is no policy: only 200 counts, redirections do not (RFC 8461 §3.3).
    Status(u16),
    Failed {
        step: Step,
        why: String,
    },
}

/// The record of a domain; where there is a usable one, its policy too.
pub fn gather(lookup: &Lookup, domain: &str) -> MtaSts {
    let record = Published::read(lookup, &format!("_mta-sts.{domain}"), "STSv1", lint);
    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let announced = record.record().is_some_and(|r| !r.is_void());
    let policy = announced.then(|| fetch(lookup, &url));
    MtaSts { record, policy, url }
}

fn fetch(lookup: &Lookup, url: &str) -> Fetch {
    match lookup.fetch(Errand::Https { url: url.to_owned(), follow: false }).map(|b| &b.what) {
        None => Fetch::Waiting,
        Some(What::Page { status: 200, content_type, body, .. }) => {
            Fetch::Read(sts_policy::read(body, content_type.as_deref()))
        }
        Some(What::Page { status, .. }) => Fetch::Status(*status),
        Some(What::Failed { step, why }) => Fetch::Failed { step: *step, why: why.clone() },
        Some(_) => Fetch::Failed { step: Step::Answer, why: String::new() },
    }
}

/// The text of one that was pasted; `None` for another record.
pub fn pasted(text: &[u8]) -> Option<Tagged> {
    Tagged::look(text, 0, "STSv1", lint)
}

/// RFC 8461 §3.1: `id` is one to 32 letters and digits.
fn lint(record: &mut Tagged) {
    let Some(id) = record.tag("id") else {
        return record.flaws.push(Flaw::fatal(None, "id= is missing"));
    };
    let value = record.under(id.value);
    let fault = match value.len() {
        0 => "id= is empty",
        33.. => "id= is longer than 32 characters",
        _ if !value.bytes().all(|b| b.is_ascii_alphanumeric()) => "id= may hold letters and digits only",
        _ => return,
    };
    let span = if value.is_empty() { id.name } else { id.value };
    record.flaws.push(Flaw::fatal(Some(span), fault));
}

impl MtaSts {
    /// The policy, where it was read.
    pub fn read(&self) -> Option<&Policy> {
        match &self.policy {
            Some(Fetch::Read(policy)) => Some(policy),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answers, Kind, Question};

    fn at(text: &str) -> (MtaSts, usize) {
        let zone = format!("_mta-sts.x.test TXT \"{text}\"");
        let question = Question::new("_mta-sts.x.test", Kind::Txt);
        let answer = Zone::parse(&zone).unwrap().answer(&question, jiff::Timestamp::UNIX_EPOCH);
        let answers = Answers::from([(question, answer)]);
        let lookup = Lookup::new(&answers);
        let found = gather(&lookup, "x.test");
        (found, lookup.into_open().1.len())
    }

    #[test]
    fn a_good_record_sends_for_its_policy() {
        let (found, errands) = at("v=STSv1; id=20260101T000000Z;");
        assert_eq!((found.policy, errands), (Some(Fetch::Waiting), 1));
    }

    #[test]
    fn an_identifier_is_letters_and_digits() {
        for (text, word) in [
            ("v=STSv1;", "missing"),
            ("v=STSv1; id=2026-01-01", "letters and digits"),
            ("v=STSv1; id=", "empty"),
            ("v=STSv1; id=123456789012345678901234567890123", "longer"),
        ] {
            let (found, errands) = at(text);
            assert!(found.record.records[0].flaws[0].text.contains(word), "{text}");
            assert_eq!((found.policy, errands), (None, 0), "{text}");
        }
    }
}
