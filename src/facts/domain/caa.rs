//! Who may issue certificates (RFC 8659), for the names that mail needs one for.

use super::Asked;
use super::mx::Mx;
use super::tagged::Flaw;
use crate::evidence::{Data, Kind, Outcome};
use crate::facts::lookup::Lookup;

/// Names climbed at most.
const CLIMB: usize = 8;
/// Hosts that are climbed from.
const HOSTS: usize = 6;

/// The climbs: of the domain, of its MTA-STS host, of its own mail hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caa {
    pub climbs: Vec<Climb>,
}

/// From a name upwards until a name has CAA records (RFC 8659 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climb {
    pub host: String,
    pub steps: Vec<Step>,
    /// The step whose records count; `None` with every step answered: anybody may issue.
    pub governs: Option<usize>,
    /// A question on the way is open or failed, so that nothing is known.
    pub open: bool,
}

/// One name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub asked: Asked,
    pub records: Vec<Property>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub critical: bool,
    /// Lower case (RFC 8659 §4.1).
    pub tag: String,
    pub value: String,
    /// Of `issue` and its kind: the issuer's domain; `None` where nobody may.
    pub issuer: Option<String>,
    pub flaw: Option<Flaw>,
}

impl Climb {
    /// The records that count.
    pub fn records(&self) -> &[Property] {
        self.governs.and_then(|n| self.steps.get(n)).map(|s| &s.records[..]).unwrap_or_default()
    }

    /// The step that counts.
    pub fn governing(&self) -> Option<&Step> {
        self.governs.and_then(|n| self.steps.get(n))
    }

    /// The issuers that `tag` lets issue; `None` where it restricts nobody.
    pub fn issuers(&self, tag: &str) -> Option<Vec<&str>> {
        let mut of_tag = self.records().iter().filter(|r| r.tag == tag).peekable();
        of_tag.peek()?;
        Some(of_tag.filter(|r| r.flaw.is_none()).filter_map(|r| r.issuer.as_deref()).collect())
    }
}

/// Climbs from every name at once.
pub fn gather(lookup: &Lookup, domain: &str, mx: Option<&Mx>) -> Caa {
    let mut hosts = vec![domain.to_owned(), format!("mta-sts.{domain}")];
    hosts.extend(mx.into_iter().flat_map(|m| &m.servers).filter(|s| s.own).map(|s| s.host.clone()).take(HOSTS));
    hosts.dedup();
    Caa { climbs: hosts.into_iter().map(|host| climb(lookup, host)).collect() }
}

fn climb(lookup: &Lookup, host: String) -> Climb {
    let names = std::iter::successors(Some(host.as_str()), |n| n.split_once('.').map(|(_, parent)| parent));
    let steps: Vec<Step> = names
        .take(CLIMB)
        .map(|name| {
            let (asked, answer) = Asked::ask(lookup, name, Kind::Caa);
            let records = answer.into_iter().flat_map(|a| &a.records).filter_map(|r| property(&r.data)).collect();
            Step { asked, records }
        })
        .collect();
    let first = steps.iter().position(|s| !s.asked.answered() || s.asked.outcome == Some(Outcome::Records));
    let open = first.and_then(|n| steps.get(n)).is_some_and(|s| !s.asked.answered());
    let governs = first.filter(|_| !open);
    Climb { host, steps, governs, open }
}

fn property(data: &Data) -> Option<Property> {
    let Data::Caa { flags, tag, value } = data else { return None };
    let tag = tag.to_ascii_lowercase();
    let value = String::from_utf8_lossy(value).into_owned();
    let critical = flags & 0x80 != 0;
    let mut property = Property { critical, tag, value, issuer: None, flaw: None };
    match property.tag.as_str() {
        "issue" | "issuewild" | "issuemail" | "issuevmc" => issuer(&mut property),
        "iodef" => {
            let (scheme, _) = property.value.split_once(':').unwrap_or_default();
            if !["mailto", "http", "https"].iter().any(|s| scheme.eq_ignore_ascii_case(s)) {
                property.flaw = Some(Flaw::new(None, "iodef wants mailto:, http: or https:"));
            }
        }
        "contactemail" | "contactphone" => {}
        // RFC 8659 §4.1: who does not know a critical property must not issue.
        _ if critical => property.flaw = Some(Flaw::fatal(None, "nobody knows this critical property")),
        _ => property.flaw = Some(Flaw::new(None, "nobody knows this property")),
    }
    Some(property)
}

/// RFC 8659 §4.2: a domain name, then parameters behind a semicolon; nothing before it means nobody.
fn issuer(property: &mut Property) {
    let name = property.value.split(';').next().unwrap_or_default().trim();
    if name.is_empty() {
        return;
    }
    let label = |l: &str| {
        !l.is_empty()
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let flaw = match () {
        () if name.contains("://") => Some("an issuer is named by its domain, not by an address with ://"),
        () if name.split_whitespace().count() > 1 => Some("one record names one issuer"),
        () if !name.contains('.') || !name.split('.').all(label) => Some("is no domain name of an issuer"),
        () => None,
    };
    property.issuer = Some(name.to_ascii_lowercase());
    property.flaw = flaw.map(|text| Flaw::new(None, text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Answers;

    fn climbs(lines: &str) -> Vec<Climb> {
        let world = crate::evidence::zone::Zone::parse(lines).unwrap();
        let mut answers = Answers::new();
        let lookup = Lookup::new(&answers);
        gather(&lookup, "example.com", None);
        for q in lookup.into_missing() {
            let answer = world.answer(&q, jiff::Timestamp::UNIX_EPOCH);
            answers.insert(q, answer);
        }
        gather(&Lookup::new(&answers), "example.com", None).climbs
    }

    #[test]
    fn the_nearest_name_with_records_counts() {
        let found = climbs("example.com CAA 0 issue \"letsencrypt.org\"\nmta-sts.example.com CAA 0 issue \";\"");
        assert_eq!(found[0].issuers("issue"), Some(vec!["letsencrypt.org"]));
        assert_eq!(found[1].issuers("issue"), Some(vec![]));
        assert_eq!(found[1].issuers("issuevmc"), None);
        assert_eq!(climbs("")[0].issuers("issue"), None);
    }

    #[test]
    fn a_failure_on_the_way_is_unknown() {
        let found = climbs("mta-sts.example.com SERVFAIL\nexample.com CAA 0 issue \"ca.test\"");
        assert!(!found[0].open && found[1].open && found[1].governs.is_none());
    }

    #[test]
    fn values_are_looked_over() {
        let flaw = |text: &str| property(&Data::parse(Kind::Caa, text).unwrap()).unwrap().flaw;
        for good in [
            "0 issue \"ca.test; account=1\"",
            "0 issue \";\"",
            "0 iodef \"mailto:a@x.test\"",
            "0 issuemail \"ca.test\"",
        ] {
            assert_eq!(flaw(good), None, "{good}");
        }
        for bad in [
            "0 issue \"https://ca.test\"",
            "0 issue \"ca\"",
            "0 issue \"a.test b.test\"",
            "0 iodef \"a@x.test\"",
            "0 isue \"ca.test\"",
        ] {
            assert!(flaw(bad).is_some_and(|f| !f.fatal), "{bad}");
        }
        assert!(flaw("128 future \"x\"").is_some_and(|f| f.fatal));
    }
}
