//! Is the domain's zone signed, and does it verify (RFC 4035)?

use super::Asked;
use super::zone::Zone;
use crate::evidence::{ExtendedError, Kind, Outcome, Question};
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;

/// What DNS shows of a zone's signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dnssec {
    /// At the zone above.
    pub ds: Asked,
    pub dnskey: Asked,
    pub state: Security,
}

/// How a zone stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not known yet, or a question failed.
    Unknown(Question),
    /// Signed, and the resolver found it good.
    Signed,
    /// No DS and no keys.
    Unsigned,
    /// It has keys, and the zone above has no DS: to everybody else it is unsigned.
    Unanchored,
    /// Signed; this resolver does not say whether it verifies.
    Unvalidated,
    /// The signatures do not verify: resolvers that check them get nothing.
    Bogus {
        /// Failed here, and past validation did not.
        question: Question,
        /// The resolver's words.
        extended: Vec<ExtendedError>,
        /// The resolver itself names a fault of validation.
        named: bool,
    },
}

impl Security {
    pub fn word(&self) -> &'static str {
        match self {
            Security::Unknown(_) => "unknown",
            Security::Signed => "signed",
            Security::Unsigned => "unsigned",
            Security::Unanchored => "unanchored",
            Security::Unvalidated => "unvalidated",
            Security::Bogus { .. } => "bogus",
        }
    }
}

/// Looks at the zone's DS and keys, and past validation where the resolver fails.
pub fn gather(lookup: &Lookup, domain: &str, zone: Option<&Zone>) -> Dnssec {
    // Until the cut is known the organization's domain is the likeliest apex; the zone above answers for its DS
    // even where the zone itself is bogus.
    let apex = zone
        .and_then(|z| z.apex.clone())
        .or_else(|| psl(domain).map(str::to_owned))
        .unwrap_or_else(|| domain.to_owned());
    let (ds, _) = Asked::ask(lookup, &apex, Kind::Ds);
    let (dnskey, _) = Asked::ask(lookup, &apex, Kind::Dnskey);
    let (soa, answer) = Asked::ask(lookup, domain, Kind::Soa);
    let has = |asked: &Asked| asked.outcome == Some(Outcome::Records);
    let state = match answer {
        Some(answer) if answer.outcome == Outcome::ServFail => {
            let named = answer.extended.iter().any(ExtendedError::is_validation);
            let past = lookup.put(soa.question.clone().unchecked()).is_some_and(|a| !a.outcome.failed());
            // A zone without DS is not validated; what fails there is something else.
            match past && (named || has(&ds)) {
                true => Security::Bogus { question: soa.question.clone(), extended: answer.extended.clone(), named },
                false => Security::Unknown(soa.question.clone()),
            }
        }
        _ => match [&ds, &soa].into_iter().find_map(|a| a.open()) {
            Some(open) => Security::Unknown(open.clone()),
            None if has(&ds) && soa.authentic => Security::Signed,
            None if has(&ds) => Security::Unvalidated,
            None if has(&dnskey) => Security::Unanchored,
            None if dnskey.answered() => Security::Unsigned,
            None => Security::Unknown(dnskey.question.clone()),
        },
    };
    Dnssec { ds, dnskey, state }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;

    fn state(lines: &str) -> Security {
        let world = crate::evidence::zone::Zone::parse(lines).unwrap();
        let mut answers = Answers::new();
        for _ in 0..9 {
            let lookup = Lookup::new(&answers);
            let found = gather(&lookup, "example.com", None);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return found.state;
            }
            for q in missing {
                let answer = world.answer(&q, jiff::Timestamp::UNIX_EPOCH);
                answers.insert(q, answer);
            }
        }
        panic!("never settles");
    }

    const SOA: &str = "example.com SOA ns.example.com h.example.com 1 1 1 1 1\n";
    const DS: &str = "example.com DS 1 13 2 00ff\n";
    const KEY: &str = "example.com DNSKEY 257 3 13 AAAA\n";

    #[test]
    fn every_state() {
        assert_eq!(state(SOA), Security::Unsigned);
        assert_eq!(state(&[SOA, KEY].concat()), Security::Unanchored);
        assert_eq!(state(&[SOA, DS, KEY].concat()), Security::Unvalidated);
        assert_eq!(state(&[SOA, DS, KEY, "example.com SIGNED"].concat()), Security::Signed);
        assert!(matches!(state("example.com TIMEOUT"), Security::Unknown(_)));
        // A server that fails, signed or not, is not bogus.
        assert!(matches!(state("example.com SERVFAIL 22"), Security::Unknown(_)));
        let bogus = state(&[SOA, "example.com SERVFAIL 7 signature expired"].concat());
        let Security::Bogus { extended, named: true, .. } = bogus else { panic!("{bogus:?}") };
        assert_eq!(extended[0].text, "signature expired");
    }
}
