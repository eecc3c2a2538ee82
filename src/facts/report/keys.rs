//! The keys that a DMARC report makes one look for: those of signatures as the domain that did not pass, and those that a
//! platform to be set up would want.

use super::aggregate::{Aggregate, Signature};
use super::known::ASKED;
use super::source::{Sender, Source, Standing};
use crate::evidence::{Kind, Question};
use crate::facts::lookup::Lookup;

impl Signature {
    /// Where its key stands (RFC 6376 §3.6.2.1); `None` where the report names no selector that can stand in DNS.
    pub fn key(&self) -> Option<Question> {
        let selector = self.selector.as_deref()?;
        let name = format!("{selector}._domainkey.{}", self.domain);
        let plain = |label: &str| {
            (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        (name.len() <= 253 && name.split('.').all(plain)).then(|| Question::new(&name, Kind::Txt))
    }
}

/// Asks for the keys of what is to be mended, of the busiest rows.
pub(super) fn ask(lookup: &Lookup, report: &Aggregate, sources: &[Source]) {
    let mended = |s: &&Source| matches!(s.standing, Standing::Unaligned | Standing::Failing | Standing::SpfAlone);
    for source in sources.iter().filter(mended).take(ASKED) {
        let row = source.rows.first().and_then(|&n| report.rows.get(n));
        if let Some(question) = row.and_then(|row| row.unverified()?.key()) {
            lookup.put(question);
        }
        if let (Sender::Platform(platform), Standing::Unaligned | Standing::SpfAlone) =
            (&source.sender, source.standing)
        {
            for setup in platform.dkim.iter().filter(|setup| setup.is_fixed()) {
                lookup.ask(&setup.name(&report.policy.domain), Kind::Txt);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_below_its_domain_and_no_name_is_made_of_anything_else() {
        let key = |selector: Option<&str>| {
            let signature = Signature {
                domain: "example.com".into(),
                selector: selector.map(str::to_owned),
                ..Signature::default()
            };
            signature.key().map(|q| q.name.to_string())
        };
        assert_eq!(key(Some("s1.mail")).as_deref(), Some("s1.mail._domainkey.example.com"));
        for odd in [None, Some("a b"), Some("a..b"), Some("\u{1b}[2J")] {
            assert_eq!(key(odd), None, "{odd:?}");
        }
    }
}
