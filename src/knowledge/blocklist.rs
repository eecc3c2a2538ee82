//! Blocklists, and what their answers mean: `assets/blocklists.toml`.

use super::shelf;
use crate::rules::Severity;
use serde::Deserialize;
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// One list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocklist {
    pub zone: String,
    pub name: String,
    /// What filters call a listing there, `*` allowed.
    #[serde(default)]
    pub tests: Vec<String>,
    pub kind: Kind,
    /// Holds IPv6 addresses too (RFC 5782 §2.4).
    #[serde(default)]
    pub v6: bool,
    /// Knows hosts below a registered domain.
    #[serde(default)]
    pub hosts: bool,
    /// How much mail of a listed sender suffers.
    pub weight: Severity,
    #[serde(default)]
    pub codes: Vec<Code>,
    /// Answers to those who are not answered: never a listing.
    #[serde(default)]
    pub refusals: Vec<Pattern>,
    /// The page that takes an entry off; empty where it ends by itself.
    #[serde(default)]
    pub delist: String,
    /// What to do first.
    #[serde(default)]
    pub first: String,
    /// What to know of its answers.
    #[serde(default)]
    pub note: String,
    pub status: Status,
    pub source: String,
    pub checked: String,
    /// A, B or C.
    pub confidence: String,
}

/// What a list is a list of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Single addresses.
    Ip,
    /// Whole networks: a listing is a neighbour's fault.
    Range,
    Domain,
    /// Domains registered of late.
    Young,
    /// Good senders.
    Allow,
    /// Mail addresses.
    Address,
}

/// Whether it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Live,
    /// Wants an account.
    Account,
    /// Wants a key in the name.
    Key,
    Private,
    /// Known from memory alone.
    Unproven,
    /// Used by hardly anybody.
    Ignored,
    /// Gone; its zone may answer anything.
    Dead,
}

/// What one answer means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    #[serde(default)]
    answer: Option<Pattern>,
    /// Bits of the last octet of `127.0.0.x`.
    #[serde(default)]
    bits: Option<u8>,
    pub means: String,
    /// Where it is not that of the list.
    #[serde(default)]
    weight: Option<Severity>,
    /// Says what an address is, not what it did.
    #[serde(default)]
    pub policy: bool,
}

/// `127.0.0.2`, or with ranges of octets: `127.0.2-20.0-3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern([(u8, u8); 4]);

/// What an answer of a list says.
#[derive(Clone, Debug)]
pub enum Meaning {
    Listed(Vec<&'static Code>),
    /// It does not answer this resolver.
    Refused,
    /// Nothing the list is known to say: perhaps a resolver's own answer in place of "no such name".
    Unheard,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shelf {
    list: Vec<Blocklist>,
}

static ALL: LazyLock<Shelf> = LazyLock::new(|| shelf::book("blocklists"));

/// Every list, also those that are not asked.
pub fn all() -> &'static [Blocklist] {
    &ALL.list
}

/// The list that a filter's test asks.
pub fn of_test(test: &str) -> Option<&'static Blocklist> {
    all().iter().find(|list| list.tests.iter().any(|name| super::pattern::glob(name, test)))
}

/// The lists that are asked.
pub fn live() -> impl Iterator<Item = &'static Blocklist> {
    all().iter().filter(|list| list.status == Status::Live)
}

impl Blocklist {
    /// What these answers mean. A refusal among them outweighs the others.
    pub fn read(&'static self, answers: &[Ipv4Addr]) -> Meaning {
        if answers.iter().any(|a| self.refusals.iter().any(|p| p.fits(*a))) {
            return Meaning::Refused;
        }
        match self.codes.iter().filter(|code| answers.iter().any(|a| code.fits(*a))).collect::<Vec<_>>() {
            none if none.is_empty() => Meaning::Unheard,
            codes => Meaning::Listed(codes),
        }
    }

    /// The weight of a code of this list.
    pub fn weight(&self, code: &Code) -> Severity {
        code.weight.unwrap_or(self.weight)
    }
}

impl Code {
    fn fits(&self, answer: Ipv4Addr) -> bool {
        let [a, b, c, last] = answer.octets();
        self.answer.is_some_and(|p| p.fits(answer))
            || self.bits.is_some_and(|bits| [a, b, c] == [127, 0, 0] && last & bits != 0)
    }
}

impl Pattern {
    fn fits(self, answer: Ipv4Addr) -> bool {
        self.0.iter().zip(answer.octets()).all(|((low, high), octet)| (*low..=*high).contains(&octet))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        let octet = |part: &str| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            Some((low.parse().ok()?, high.parse().ok()?))
        };
        let octets: Option<Vec<(u8, u8)>> = text.split('.').map(octet).collect();
        octets
            .and_then(|o| o.try_into().ok())
            .map(Pattern)
            .ok_or_else(|| format!("{text:?} is no pattern of addresses"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(zone: &str) -> &'static Blocklist {
        all().iter().find(|l| l.zone == zone).unwrap()
    }

    /// What an answer means, in short.
    fn means(zone: &str, answers: &[[u8; 4]]) -> String {
        let answers: Vec<Ipv4Addr> = answers.iter().map(|a| (*a).into()).collect();
        match list(zone).read(&answers) {
            Meaning::Refused => "refused".into(),
            Meaning::Unheard => "unheard".into(),
            Meaning::Listed(codes) => {
                codes.iter().map(|c| c.means.split(':').next().unwrap()).collect::<Vec<_>>().join("+")
            }
        }
    }

    #[test]
    fn answers_mean_what_the_lists_say() {
        for (zone, answers, want) in [
            ("zen.spamhaus.org", &[[127, 0, 0, 2]][..], "SBL"),
            ("zen.spamhaus.org", &[[127, 0, 0, 4], [127, 0, 0, 11]], "XBL+PBL"),
            ("zen.spamhaus.org", &[[127, 255, 255, 254]], "refused"),
            ("zen.spamhaus.org", &[[127, 0, 0, 2], [127, 255, 255, 255]], "refused"),
            ("zen.spamhaus.org", &[[203, 0, 113, 7]], "unheard"),
            ("zen.spamhaus.org", &[[127, 0, 0, 1]], "unheard"),
            ("dbl.spamhaus.org", &[[127, 0, 1, 255]], "refused"),
            ("multi.surbl.org", &[[127, 0, 0, 24]], "PH+MW"),
            ("multi.surbl.org", &[[127, 0, 0, 1]], "refused"),
            ("multi.uribl.com", &[[127, 0, 0, 2]], "black"),
            ("multi.uribl.com", &[[127, 0, 0, 1]], "refused"),
            ("multi.uribl.com", &[[127, 0, 0, 255]], "refused"),
            ("list.dnswl.org", &[[127, 0, 5, 2]], "known as a good sender"),
            ("list.dnswl.org", &[[127, 0, 0, 255]], "refused"),
        ] {
            assert_eq!(means(zone, answers), want, "{zone} {answers:?}");
        }
    }

    #[test]
    fn what_a_policy_says_weighs_little() {
        let zen = list("zen.spamhaus.org");
        let weights: Vec<_> = zen.codes.iter().map(|c| (zen.weight(c), c.policy)).collect();
        assert_eq!(weights[0], (Severity::Critical, false));
        assert_eq!(weights[5], (Severity::Low, true));
    }

    #[test]
    fn every_list_says_whence_and_every_one_asked_what_to_do() {
        let mut zones = std::collections::BTreeSet::new();
        for l in all() {
            assert!(zones.insert(&l.zone), "{} twice", l.zone);
            assert!(!l.name.is_empty() && !l.source.is_empty(), "{}", l.zone);
            assert!(["A", "B", "C"].contains(&&*l.confidence), "{}", l.zone);
            assert!(l.checked.parse::<jiff::civil::Date>().is_ok(), "{}", l.zone);
            assert!(l.delist.is_empty() || l.delist.starts_with("https://"), "{}", l.zone);
            assert!(
                l.codes.iter().all(|c| c.answer.is_some() != c.bits.is_some() && !c.means.is_empty()),
                "{}",
                l.zone
            );
        }
        for l in live() {
            assert!(!l.codes.is_empty(), "{}", l.zone);
            assert!(l.kind == Kind::Allow || !l.first.is_empty(), "{}", l.zone);
        }
        assert!(live().count() >= 16);
    }

    #[test]
    fn the_dead_are_known_and_never_asked() {
        for zone in ["dnsbl.sorbs.net", "ix.dnsbl.manitu.net", "cbl.abuseat.org", "relays.ordb.org"] {
            assert_eq!(list(zone).status, Status::Dead);
            assert!(live().all(|l| l.zone != zone));
        }
    }
}
