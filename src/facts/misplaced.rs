//! Records under a name where nobody looks for them: pasted so, or, of SPF, DKIM and DMARC, found in
//! DNS because the right place is empty.

use super::Reading;
use super::dkim::{Key, KeyState};
use super::dmarc::Dmarc;
use super::lookup::Lookup;
use super::organization::{psl, same_by_list};
use super::spf::record::Record;
use super::spf::{Published, Whose};
use crate::evidence::{Kind, Question};

/// Keys that are looked for elsewhere, at most.
const KEYS: usize = 3;

/// Which kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Spf,
    Dkim,
    Dmarc,
    MtaSts,
    TlsRpt,
}

/// A record at the wrong name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    pub what: What,
    /// Where it stands.
    pub wrong: String,
    /// Where it belongs; a selector that is not known is a marked blank.
    pub right: String,
    pub text: String,
    /// Index among the pasted entries; `None` for one that DNS shows.
    pub pasted: Option<usize>,
    /// It may serve another sender under that name: a key of the same selector next door.
    pub maybe: bool,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            What::Spf => "SPF",
            What::Dkim => "DKIM",
            What::Dmarc => "DMARC",
            What::MtaSts => "MTA-STS",
            What::TlsRpt => "TLS report",
        }
    }

    /// What a TXT begins as.
    pub fn of(text: &[u8]) -> Option<What> {
        let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|t| t.eq_ignore_ascii_case(with));
        match () {
            () if Record::is(text) => Some(What::Spf),
            () if begins(b"v=DMARC1") => Some(What::Dmarc),
            () if begins(b"v=STSv1") => Some(What::MtaSts),
            () if begins(b"v=TLSRPTv1") => Some(What::TlsRpt),
            () if begins(b"v=DKIM1") || begins(b"k=rsa;") || begins(b"k=ed25519;") => Some(What::Dkim),
            () => None,
        }
    }
}

/// What was looked for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    pub found: Vec<Misplaced>,
    /// The first question without an answer: of a right place, or of a wrong one.
    pub open: Option<Question>,
}

/// Every misplaced record; where the right place is empty, asks for the usual wrong ones.
pub fn find(lookup: &Lookup, reading: &Reading, dmarc: &Dmarc, keys: &[Key], spf: &[Published]) -> Search {
    let mut search = Search { found: pasted(reading), open: right_place(dmarc, keys, spf) };
    missing_dmarc(&mut search, lookup, reading, dmarc);
    key_for_policy(&mut search, lookup, reading, dmarc);
    missing_keys(&mut search, lookup, reading, keys);
    missing_spf(&mut search, lookup, spf);
    search
}

/// A right place of which it is not known whether the record stands there.
fn right_place(dmarc: &Dmarc, keys: &[Key], spf: &[Published]) -> Option<Question> {
    let txt = |name: &str| Question::new(name, Kind::Txt);
    let unknown = |key: &&Key| matches!(key.state, KeyState::Unasked(_) | KeyState::Failed(_));
    let spf = spf.iter().filter(|p| p.whose == Whose::MailFrom).find(|p| p.outcome.is_none_or(|o| o.failed()));
    let dmarc = || dmarc.steps.iter().find(|s| !s.answered()).map(|s| s.question().clone());
    let key = || keys.iter().find(unknown).map(|k| txt(&k.name));
    spf.map(|p| txt(&p.domain)).or_else(dmarc).or_else(key)
}

fn pasted(reading: &Reading) -> Vec<Misplaced> {
    let Some(record) = reading.record.as_ref().filter(|r| r.kind == Kind::Txt) else { return vec![] };
    let Some(name) = record.name.as_deref().filter(|n| is_whole(n)) else { return vec![] };
    let entries = record.entries.iter().enumerate();
    let misplaced = entries.filter_map(|(index, entry)| {
        let what = What::of(&entry.text)?;
        let right = right_name(what, name);
        let text = String::from_utf8_lossy(&entry.text).into_owned();
        (right != name).then(|| Misplaced {
            what,
            wrong: name.to_owned(),
            right,
            text,
            pasted: Some(index),
            maybe: false,
        })
    });
    misplaced.collect()
}

/// Not the relative name of a zone file: `_dmarc`, `s1._domainkey`, `@`.
fn is_whole(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, top)| !top.starts_with('_')) && psl(name).is_some()
}

/// The name under which a record that stands at `name` is looked for; `name` itself where that is right.
fn right_name(what: What, name: &str) -> String {
    let name = undoubled(name).unwrap_or(name);
    let (key, report) = (name.split_once("._domainkey."), name.contains("._report._dmarc."));
    let domain = match (name.strip_prefix("_dmarc."), key) {
        (Some(domain), _) | (None, Some((_, domain))) => domain,
        _ => name,
    };
    match what {
        What::Spf => domain.to_owned(),
        What::MtaSts => below("_mta-sts", &["mta-sts"], name, domain),
        What::TlsRpt => below("_smtp._tls", &["smtp", "tls"], name, domain),
        What::Dmarc if report => name.to_owned(),
        What::Dmarc => {
            format!("_dmarc.{}", domain.strip_prefix("dmarc.").filter(|d| psl(d).is_some()).unwrap_or(domain))
        }
        What::Dkim if key.is_some() => name.to_owned(),
        What::Dkim => {
            let selector = crate::remedy::blank("selector");
            if let Some((selector, domain)) = name.split_once(".domainkey.") {
                return format!("{selector}._domainkey.{domain}");
            }
            let domain = domain.strip_prefix("_domainkey.").unwrap_or(domain);
            // `s1.example.com`: the first label below the zone is the selector.
            match domain.split_once('.') {
                Some((selector, rest)) if domain == name && psl(rest).is_some() => {
                    format!("{selector}._domainkey.{rest}")
                }
                _ => format!("{selector}._domainkey.{domain}"),
            }
        }
    }
}

/// The name below `label` of the domain that is meant, where labels before it were written otherwise (`_tls`, `mta-sts`).
fn below(label: &str, near: &[&str], name: &str, domain: &str) -> String {
    // Behind it stands the domain, or in front of it what a CNAME leads to.
    if name
        .split_once(label)
        .is_some_and(|(head, rest)| rest.starts_with('.') && (head.is_empty() || head.ends_with('.')))
    {
        return name.to_owned();
    }
    let mut domain = domain;
    while let Some((first, rest)) = domain.split_once('.').filter(|(_, rest)| psl(rest).is_some()) {
        if !first.starts_with('_') && !near.contains(&first) {
            break;
        }
        domain = rest;
    }
    format!("{label}.{domain}")
}

/// `_dmarc.example.com` of `_dmarc.example.com.example.com`: a panel appended the zone to a whole name.
fn undoubled(name: &str) -> Option<&str> {
    let dots: Vec<usize> = name.match_indices('.').map(|(n, _)| n).collect();
    dots.iter().rev().find_map(|&dot| {
        let (head, zone) = (name.get(..dot)?, name.get(dot + 1..)?);
        let twice = head.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        (twice && psl(zone).is_some()).then_some(head)
    })
}

impl Search {
    /// Takes the first record of this kind that stands at one of these names, each with whether it may serve
    /// another sender there; all are asked for at once.
    fn look(&mut self, lookup: &Lookup, what: What, right: &str, names: impl IntoIterator<Item = (String, bool)>) {
        let found: Vec<_> =
            names.into_iter().filter_map(|(wrong, maybe)| self.at(lookup, what, wrong, right, maybe)).collect();
        self.found.extend(found.into_iter().next());
    }

    /// The record at a name, if it is there; asks.
    fn at(&mut self, lookup: &Lookup, what: What, wrong: String, right: &str, maybe: bool) -> Option<Misplaced> {
        if wrong.len() > 253 || wrong == right {
            return None;
        }
        let question = Question::new(&wrong, Kind::Txt);
        let Some(answer) = lookup.put(question.clone()).filter(|a| !a.outcome.failed()) else {
            self.open.get_or_insert(question);
            return None;
        };
        // Behind an alias the record belongs to another name.
        let text = answer.texts().find(|t| What::of(t) == Some(what)).filter(|_| answer.alias().is_none())?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Some(Misplaced { what, wrong, right: right.to_owned(), text, pasted: None, maybe })
    }
}

fn missing_dmarc(search: &mut Search, lookup: &Lookup, reading: &Reading, dmarc: &Dmarc) {
    let Some(from) = reading.from_domain().filter(|_| dmarc.is_absent()) else { return };
    let Some(organization) = psl(from) else { return };
    let above = Some(organization).filter(|o| *o != from);
    let found = search.found.len();
    for domain in std::iter::once(from).chain(above) {
        let right = format!("_dmarc.{domain}");
        let wrong = [format!("{right}.{domain}"), domain.to_owned(), format!("dmarc.{domain}")];
        search.look(lookup, What::Dmarc, &right, wrong.map(|w| (w, false)));
    }
    // One is enough: the nearest.
    search.found.truncate(found + 1);
}

/// A DKIM record where the policy should stand.
fn key_for_policy(search: &mut Search, lookup: &Lookup, reading: &Reading, dmarc: &Dmarc) {
    let Some(from) = reading.from_domain().filter(|_| dmarc.is_absent()) else { return };
    let wrong = format!("_dmarc.{from}");
    let right = right_name(What::Dkim, &wrong);
    search.look(lookup, What::Dkim, &right, [(wrong, false)]);
}

/// Keys that a signature names, or the user.
fn missing_keys(search: &mut Search, lookup: &Lookup, reading: &Reading, keys: &[Key]) {
    let mut missing: Vec<&Key> = Vec::new();
    for key in keys.iter().filter(|k| matches!(k.state, KeyState::Missing(_))) {
        if missing.len() < KEYS && !missing.iter().any(|m| m.name == key.name) {
            missing.push(key);
        }
    }
    let from = reading.from_domain();
    for key in missing {
        let name = &key.name;
        let Some((selector, domain)) = name.split_once("._domainkey.") else { continue };
        // Another organization's keys are not the sender's to move.
        if from.is_some_and(|from| !same_by_list(from, domain)) {
            continue;
        }
        // The zone above, or that of From, whose keys may be meant for it where nothing is signed with them yet.
        let organization = psl(domain);
        let mut near: Vec<&str> = from.into_iter().chain(organization).filter(|d| *d != domain).collect();
        near.dedup();
        let own =
            [format!("{name}.{domain}"), format!("{selector}.{domain}"), format!("{selector}.domainkey.{domain}")];
        let near =
            near.into_iter().filter(|_| key.signature.is_some()).map(|d| (format!("{selector}._domainkey.{d}"), true));
        search.look(lookup, What::Dkim, name, own.into_iter().map(|w| (w, false)).chain(near));
    }
}

fn missing_spf(search: &mut Search, lookup: &Lookup, spf: &[Published]) {
    let empty = |p: &&Published| p.records.is_empty() && p.almost.is_empty() && p.outcome.is_some_and(|o| !o.failed());
    let Some(at) = spf.iter().filter(|p| p.whose == Whose::MailFrom).find(empty) else { return };
    let domain = &at.domain;
    if psl(domain).is_some() {
        let wrong = [format!("{domain}.{domain}"), format!("_dmarc.{domain}")];
        search.look(lookup, What::Spf, domain, wrong.map(|w| (w, false)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_zone_is_undone() {
        for (name, want) in [
            ("_dmarc.example.com.example.com", Some("_dmarc.example.com")),
            ("example.com.example.com", Some("example.com")),
            ("s1._domainkey.mail.example.co.uk.mail.example.co.uk", Some("s1._domainkey.mail.example.co.uk")),
            ("_dmarc.example.com", None),
            ("com.com", None),
            ("a.a.example.com", None),
        ] {
            assert_eq!(undoubled(name), want, "{name}");
        }
    }

    #[test]
    fn the_right_name_of_each_kind() {
        for (what, name, want) in [
            (What::Dmarc, "example.com", "_dmarc.example.com"),
            (What::Dmarc, "dmarc.example.com", "_dmarc.example.com"),
            (What::Dmarc, "_dmarc.example.com.example.com", "_dmarc.example.com"),
            (What::Dmarc, "s1._domainkey.example.com", "_dmarc.example.com"),
            (What::Dmarc, "_dmarc.example.com", "_dmarc.example.com"),
            (What::Dmarc, "example.com._report._dmarc.other.net", "example.com._report._dmarc.other.net"),
            (What::Dkim, "s1.example.com", "s1._domainkey.example.com"),
            (What::Dkim, "s1.domainkey.example.com", "s1._domainkey.example.com"),
            (What::Dkim, "_domainkey.example.com", "<selector>._domainkey.example.com"),
            (What::Dkim, "_dmarc.example.com", "<selector>._domainkey.example.com"),
            (What::Dkim, "example.com", "<selector>._domainkey.example.com"),
            (What::Dkim, "s1._domainkey.example.com.example.com", "s1._domainkey.example.com"),
            (What::Dkim, "s1._domainkey.example.com", "s1._domainkey.example.com"),
            (What::MtaSts, "_mta-sts.mail.example.com", "_mta-sts.mail.example.com"),
            (What::MtaSts, "mta-sts.example.com", "_mta-sts.example.com"),
            (What::MtaSts, "example.com", "_mta-sts.example.com"),
            (What::MtaSts, "_mta_sts.example.com", "_mta-sts.example.com"),
            (What::MtaSts, "_mta-sts.example.com.example.com", "_mta-sts.example.com"),
            (What::MtaSts, "customer._mta-sts.example.net", "customer._mta-sts.example.net"),
            (What::TlsRpt, "_smtp._tls.tls.example.com", "_smtp._tls.tls.example.com"),
            (What::TlsRpt, "_tls.example.com", "_smtp._tls.example.com"),
            (What::TlsRpt, "_smtp.tls.example.com", "_smtp._tls.example.com"),
            (What::TlsRpt, "_smtp-tls.example.com", "_smtp._tls.example.com"),
            (What::TlsRpt, "_dmarc.example.com", "_smtp._tls.example.com"),
            (What::Spf, "_dmarc.example.com", "example.com"),
            (What::Spf, "s1._domainkey.example.com", "example.com"),
            (What::Spf, "_spf.example.com", "_spf.example.com"),
            (What::Spf, "www.example.com", "www.example.com"),
        ] {
            assert_eq!(right_name(what, name), want, "{name}");
        }
        assert!(!is_whole("_dmarc") && !is_whole("s1._domainkey") && !is_whole("@") && is_whole("example.com"));
    }
}
