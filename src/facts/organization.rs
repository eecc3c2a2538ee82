//! Organizational domains both ways, and alignment, worked out by us (RFC 9989 §4.10.2, §5.3;
//! RFC 7489 §3.2): never taken from `dmarc=`.

use super::Reading;
use super::boundary::{Identities, MailFrom};
use super::dkim::Verification;
use super::dmarc::verdict::{Legs, normal};
use super::dmarc::{Dmarc, Step, walk};
use super::lookup::Lookup;
use super::spf::Check;
use std::collections::BTreeMap;

/// Questions for the walks of names other than From, at most; a message can carry any number of signatures.
const ASKED: usize = 14;

/// How two domains agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// The same name.
    Strict,
    /// The same organization.
    Relaxed,
    None,
}

impl Agreement {
    /// Is it as close as the record asks, where `strict` asks for the very same name (RFC 9989 §4.4)?
    pub fn counts(self, strict: bool) -> bool {
        match self {
            Agreement::Strict => true,
            Agreement::Relaxed => !strict,
            Agreement::None => false,
        }
    }
}

/// Alignment of every identifier with From.
#[derive(Clone, Debug, Default)]
pub struct Alignment {
    /// Organizational domains by name.
    pub organizations: BTreeMap<String, Organization>,
    /// MAIL FROM against From; `None` where either is unknown.
    pub spf: Option<Agreement>,
    /// The best signature against From; `None` without a From or a signature with `d=`.
    pub dkim: Option<Agreement>,
    /// Each signature against From, in the order of [`Reading::signatures`].
    pub signatures: Vec<Option<Agreement>>,
    /// Pass or fail from alignment and the results at hand (the receiver's, else computed);
    /// `None` where they do not decide.
    pub dmarc: Option<bool>,
}

/// The organizational domain of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organization {
    /// By tree walk; `None` while answers are missing or failed.
    pub tree_walk: Option<String>,
    /// By public suffix list; `None` for a public suffix itself.
    pub psl: Option<String>,
}

impl Organization {
    /// What we judge by: the tree walk where DNS told us, the list otherwise.
    pub fn domain(&self) -> Option<&str> {
        self.tree_walk.as_deref().or(self.psl.as_deref())
    }
}

/// The organizational domain by the public suffix list; `domain` is a lower-case A-label.
pub fn psl(domain: &str) -> Option<&str> {
    // `psl::domain_str` looks at every byte again, whether it is text.
    let found = psl::domain(domain.as_bytes())?.trim().as_bytes().len();
    let bare = domain.strip_suffix('.').unwrap_or(domain);
    bare.get(bare.len().checked_sub(found)?..)
}

/// How `a` and `b` agree, judged by the tree walk where it is known for both, else by the list
/// for both: one kind of answer is never held against the other.
pub fn agree(a: &str, b: &str, organizations: &BTreeMap<String, Organization>) -> Agreement {
    if a == b {
        return Agreement::Strict;
    }
    let walked = |name: &str| organizations.get(name).and_then(|o| o.tree_walk.as_deref());
    let same = match (walked(a), walked(b)) {
        (Some(a), Some(b)) => a == b,
        _ => same_by_list(a, b),
    };
    if same { Agreement::Relaxed } else { Agreement::None }
}

/// The same organization to an RFC 7489 reader; a public suffix stands for itself.
pub fn same_by_list(a: &str, b: &str) -> bool {
    let list = |name| psl(name).unwrap_or(name);
    // The last byte tells most names apart without the list.
    a == b || a.as_bytes().last() == b.as_bytes().last() && list(a) == list(b)
}

/// Aligns every identifier of the message with its From domain; with them, held against it.
pub fn align(
    lookup: &Lookup,
    reading: &Reading,
    identities: &Identities,
    dmarc: &Dmarc,
    spf: Option<&Check>,
    verified: &[Verification],
) -> (Alignment, Legs) {
    let from = reading.from_domain();
    let mail_from = reverse_path(identities);
    let legs = Legs::read(reading, identities, spf, verified);
    let mut alignment = Alignment::default();
    if let Some(from) = from {
        let walked = Organization { tree_walk: dmarc.organizational.clone(), psl: psl(from).map(str::to_owned) };
        alignment.organizations.insert(from.to_owned(), walked);
    }
    let mut asked = 0;
    for name in mail_from.iter().chain(legs.all().map(|leg| &leg.domain)) {
        if alignment.organizations.contains_key(name) {
            continue;
        }
        let names = walk::names(name);
        let ask = from.is_some() && asked + names.len() <= ASKED;
        asked += if ask { names.len() } else { 0 };
        let steps: Vec<Step> = if ask { walk::take(lookup, &names) } else { Vec::new() };
        let tree_walk = walk::conclude(&steps).map(|c| c.organizational);
        let list = psl(name).map(str::to_owned);
        alignment.organizations.insert(name.clone(), Organization { tree_walk, psl: list });
    }
    let record = dmarc.governing().and_then(Step::record);
    let legs = legs.held(from, record, &alignment.organizations);
    let Some(from) = from else { return (alignment, legs) };
    let organizations = &alignment.organizations;
    let signed = |name: &str| agree(from, &normal(name), organizations);
    alignment.spf = mail_from.map(|name| agree(from, &name, organizations));
    alignment.signatures = reading.signatures.iter().map(|s| s.domain.as_ref().map(|d| signed(&d.value))).collect();
    alignment.dkim = match alignment.signatures.iter().any(Option::is_some) {
        true => alignment.signatures.iter().flatten().copied().min_by_key(|a| *a as u8),
        // A-R may speak of signatures that the paste left out.
        false => legs.dkim.iter().map(|leg| leg.agreement).min_by_key(|a| *a as u8),
    };
    alignment.dmarc = legs.pass();
    (alignment, legs)
}

/// MAIL FROM's domain; with an empty reverse path it is `postmaster@helo` (RFC 7208 §2.4).
fn reverse_path(identities: &Identities) -> Option<String> {
    match &identities.mail_from.as_ref()?.value {
        MailFrom::Path { domain, .. } => Some(normal(domain)),
        MailFrom::Null => identities.helo.as_ref().map(|helo| normal(&helo.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Answer, Answers, Kind, Outcome, Question, Record};
    use crate::facts::address::{Address, From, Mailbox};
    use crate::facts::boundary::{Identity, Origin};
    use crate::facts::dkim::Signature;
    use crate::facts::dmarc;
    use crate::facts::reported;
    use crate::span::{Span, Spanned};

    fn reading(from: &str, signers: &[&str]) -> Reading {
        let span = Span::default();
        let address = Address { local: "news".into(), domain: from.into(), span, domain_span: span };
        let mailboxes = vec![Mailbox { display: String::new(), address: Some(address), span }];
        let signature =
            |d: &&str| Signature { domain: Some(Spanned::new((*d).to_owned(), span)), ..Signature::default() };
        Reading {
            from: From { mailboxes, ..From::default() },
            signatures: signers.iter().map(signature).collect(),
            ..Reading::default()
        }
    }

    fn identities(mail_from: Option<MailFrom>, helo: Option<&str>) -> Identities {
        let mail_from = mail_from.map(|value| Identity { value, origin: Origin::ReturnPath, span: None });
        let helo = helo.map(|h| Identity { value: h.to_owned(), origin: Origin::Received, span: None });
        Identities { mail_from, helo, ..Identities::default() }
    }

    fn path(domain: &str) -> Option<MailFrom> {
        Some(MailFrom::Path { local: None, domain: domain.into() })
    }

    /// A DMARC record at each name, no such name everywhere else.
    fn zone(reading: &Reading, who: &Identities, records: &[&str]) -> Answers {
        let mut answers = Answers::new();
        loop {
            let lookup = Lookup::new(&answers);
            look(&lookup, reading, who);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return answers;
            }
            for question in missing {
                let there = records.contains(&question.name.as_str());
                let data = crate::remedy::text("v=DMARC1; p=none");
                let record = there.then(|| Record { name: question.name.to_string(), ttl: 60, data });
                let outcome = if there { Outcome::Records } else { Outcome::NxDomain };
                let answer = Answer::new(outcome, record.into_iter().collect(), jiff::Timestamp::UNIX_EPOCH);
                answers.insert(question, answer);
            }
        }
    }

    fn look(lookup: &Lookup, reading: &Reading, who: &Identities) -> Alignment {
        align(lookup, reading, who, &dmarc::gather(lookup, reading), None, &[]).0
    }

    #[test]
    fn the_list_judges_until_dns_has_answered_for_both() {
        let (r, who) = (reading("news.example.com", &["example.com"]), identities(path("b.example.com"), None));
        let none = Answers::new();
        let early = look(&Lookup::new(&none), &r, &who);
        assert_eq!((early.spf, early.dkim), (Some(Agreement::Relaxed), Some(Agreement::Relaxed)));
        // The only record is at the subdomain: by tree walk it is an organization of its own.
        let answers = zone(&r, &who, &["_dmarc.news.example.com"]);
        let late = look(&Lookup::new(&answers), &r, &who);
        assert_eq!((late.spf, late.dkim), (Some(Agreement::None), Some(Agreement::None)));
        assert_eq!(late.organizations["news.example.com"].tree_walk.as_deref(), Some("news.example.com"));
        // With one walk open, the list judges both.
        let mut open = answers;
        open.remove(&Question::new("_dmarc.example.com", Kind::Txt));
        assert_eq!(look(&Lookup::new(&open), &r, &who).dkim, Some(Agreement::Relaxed));
    }

    #[test]
    fn the_best_signature_counts_and_absence_is_null() {
        let r = reading("example.com", &["mailer.test", "mail.example.com"]);
        let none = Answers::new();
        let got = look(&Lookup::new(&none), &r, &identities(None, None));
        assert_eq!(got.signatures, [Some(Agreement::None), Some(Agreement::Relaxed)]);
        assert_eq!((got.dkim, got.spf, got.dmarc), (Some(Agreement::Relaxed), None, None));
        let bare = look(&Lookup::new(&none), &reading("example.com", &[]), &identities(None, None));
        assert_eq!((bare.dkim, bare.spf, bare.dmarc), (None, None, None));
    }

    #[test]
    fn results_without_signatures_in_the_paste() {
        let mut r = reading("example.com", &[]);
        r.reported.dkim.push(reported::Dkim {
            result: "pass".into(),
            domain: Some("Example.COM".into()),
            selector: None,
            signature_start: None,
            detail: String::new(),
            span: Span::default(),
            domain_span: None,
            signature: None,
        });
        let none = Answers::new();
        let got = look(&Lookup::new(&none), &r, &identities(None, None));
        assert_eq!((got.dkim, got.dmarc), (Some(Agreement::Strict), Some(true)));
    }

    #[test]
    fn an_empty_reverse_path_stands_for_the_helo_name() {
        let r = reading("example.com", &[]);
        let none = Answers::new();
        let got = look(&Lookup::new(&none), &r, &identities(Some(MailFrom::Null), Some("mx.example.com")));
        assert_eq!(got.spf, Some(Agreement::Relaxed));
    }

    #[test]
    fn a_best_guess_and_the_receivers_own_verdict_do_not_count() {
        let mut r = reading("example.com", &[]);
        r.reported.spf = Some(reported::Spf {
            result: "pass".into(),
            domain: Some("example.com".into()),
            is_helo: false,
            best_guess: true,
            span: Span::default(),
            domain_span: None,
            comment: None,
        });
        r.reported.dmarc = Some(reported::Dmarc {
            result: "pass".into(),
            domain: None,
            disposition: None,
            policy: None,
            span: Span::default(),
            domain_span: None,
        });
        let none = Answers::new();
        assert_eq!(look(&Lookup::new(&none), &r, &identities(path("example.com"), None)).dmarc, Some(false));
    }

    #[test]
    fn many_signatures_do_not_mean_many_questions() {
        let names: Vec<String> = (0..500).map(|n| format!("d{n}.test")).collect();
        let signers: Vec<&str> = names.iter().map(String::as_str).collect();
        let r = reading("example.com", &signers);
        let none = Answers::new();
        let lookup = Lookup::new(&none);
        assert_eq!(look(&lookup, &r, &identities(None, None)).signatures.len(), 500);
        assert!(lookup.into_missing().len() <= 8 + ASKED);
    }

    #[test]
    fn public_suffixes() {
        assert_eq!(psl("a.b.example.co.uk"), Some("example.co.uk"));
        assert_eq!(psl("co.uk"), None);
        assert!(same_by_list("a.example.com", "example.com") && !same_by_list("a.co.uk", "b.co.uk"));
    }
}
