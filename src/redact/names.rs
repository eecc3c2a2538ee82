//! Stand-ins for names of domains and hosts, label by label: who lies below whom, who belongs to whom and what a host is
//! for stay readable. Public suffixes, names that the trade uses, and the domains of platforms stay.

use super::ours::is_ours;
use super::stock::Stock;
use crate::facts::domain::unused_label;
use crate::knowledge::public::{is_platforms_label, is_public};
use std::collections::BTreeMap;

/// What a label stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// The one below the public suffix.
    Domain,
    /// One further down.
    Host,
    Selector,
    /// An account's, at a platform.
    Token,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Sort::Domain => "domain",
            Sort::Host => "host",
            Sort::Selector => "sel",
            Sort::Token => "id",
        }
    }
}

/// A name as it is spelt, and its stand-in.
pub type Pair = (String, String);

/// The labels that have a stand-in so far.
#[derive(Debug, Default)]
pub struct Names {
    known: BTreeMap<(Sort, String), String>,
    stock: Stock,
}

impl Names {
    /// Every name in a text that is somebody's own, with the names above it.
    pub fn read(&mut self, text: &str) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for name in names(text) {
            self.name(name, &mut pairs);
            // Read, it is shown in A-labels.
            if let Some(a_labels) = idna::domain_to_ascii(name).ok().filter(|_| !name.is_ascii()) {
                self.name(&a_labels, &mut pairs);
            }
        }
        pairs
    }

    /// The stand-in of a selector by itself; `None` where it is everybody's.
    pub fn selector(&mut self, selector: &str) -> Option<String> {
        let labels: Vec<String> = selector.split('.').map(|label| self.selector_label(label)).collect();
        Some(labels.join(".")).filter(|new| new != selector)
    }

    /// Labels below public suffixes, as they are part of other words too.
    pub fn domains(&self) -> impl Iterator<Item = Pair> {
        let own = self
            .known
            .iter()
            .filter(|((sort, label), _)| *sort == Sort::Domain && label.len() > 3 && !is_common(label, 4));
        own.map(|((_, label), new)| (label.clone(), new.clone()))
    }

    fn name(&mut self, spelt: &str, pairs: &mut Vec<Pair>) {
        // RFC 7489 §7.1: one name before another.
        if let Some((about, reported_to)) = spelt.split_once("._report._dmarc.") {
            self.name(about, pairs);
            return self.name(reported_to, pairs);
        }
        let lower = spelt.to_lowercase();
        let Some((kept, owner)) = owner(&lower) else { return };
        let labels: Vec<&str> = spelt.split('.').collect();
        let own = labels.len() - kept;
        // The zone's name twice, as panels make it that append it: the one inside is the same name.
        let inner = doubled(&lower, kept).filter(|_| owner == Owner::User);
        let mut new: Vec<String> = labels.iter().map(|l| (*l).to_owned()).collect();
        for (n, label) in labels.iter().enumerate().take(own).rev() {
            let next = labels.get(n + 1).copied().unwrap_or_default();
            let below = |labels: &[String]| labels[n + 1..].join(".").trim_start_matches("_domainkey.").to_lowercase();
            let old: Vec<String> = labels.iter().map(|l| (*l).to_owned()).collect();
            new[n] = match () {
                // Made up by us, out of the name below which it is asked for.
                () if label.len() == 14 && *label == unused_label(&below(&old)) => unused_label(&below(&new)),
                () if n + 1 == own && owner == Owner::User => self.label(Sort::Domain, label),
                () if next.eq_ignore_ascii_case("_domainkey") => self.selector_label(label),
                () => self.host(label, owner),
            };
        }
        if let Some(end) = inner {
            let mut within = Vec::new();
            self.name(&labels[..end].join("."), &mut within);
            // As much of it as has a stand-in: all behind an address.
            let known = |from: &usize| within.iter().find(|(old, _)| *old == labels[*from..end].join("."));
            if let Some((from, (_, stand_in))) = (0..end).find_map(|from| Some((from, known(&from)?))) {
                new.splice(from..end, stand_in.split('.').map(str::to_owned));
            }
            pairs.append(&mut within);
        }
        // Addresses in names have stand-ins of their own.
        let first = labels.iter().take(own).rposition(|l| holds_address(l)).map_or(0, |at| at + 1);
        let last = if owner == Owner::User { own } else { own.max(1) };
        for from in first..last {
            let (old, stand_in) = (labels[from..].join("."), new[from..].join("."));
            if old.contains('.') && old != stand_in {
                pairs.push((old.to_lowercase(), stand_in.to_lowercase()));
                pairs.push((old, stand_in));
            }
        }
    }

    fn host(&mut self, label: &str, owner: Owner) -> String {
        let digits = label.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (head, number) = label.split_at(label.len() - digits);
        let lower = label.to_ascii_lowercase();
        match () {
            () if holds_address(label) => label.to_owned(),
            // `u1234567`, `em4711123`: the number is an account's.
            () if digits > 4 && head.len() < 4 => {
                let n = self.known.len() + 1;
                let new = format!("{n:0>digits$}");
                let at = new.len().saturating_sub(number.len());
                self.remember(Sort::Token, &lower, format!("{head}{}", &new[at..]))
            }
            () if owner == Owner::Public => {
                let mixed = label.bytes().any(|b| b.is_ascii_digit()) && label.bytes().any(|b| b.is_ascii_alphabetic());
                if mixed && label.len() >= 20 { self.label(Sort::Token, label) } else { label.to_owned() }
            }
            () if is_common(&lower, 4) => label.to_owned(),
            () => self.label(Sort::Host, label),
        }
    }

    fn selector_label(&mut self, label: &str) -> String {
        let lower = label.to_ascii_lowercase();
        match is_common(&lower, 8) || is_platforms_label(&lower) || is_ours(&lower) {
            true => label.to_owned(),
            false => self.label(Sort::Selector, label),
        }
    }

    /// The same for each spelling of a label.
    fn label(&mut self, sort: Sort, label: &str) -> String {
        let lower = label.to_lowercase();
        if let Some(known) = self.known.get(&(sort, lower.clone())) {
            return known.clone();
        }
        // A name that stays must not be taken for one that does not; of two letters they all look alike, and run out.
        let mut new = self.stock.next(sort.word(), label.len());
        while label.len() > 2 && is_common(&new, 8) {
            new = self.stock.next(sort.word(), label.len());
        }
        if new == lower {
            new = self.stock.next(sort.word(), label.len());
        }
        self.remember(sort, &lower, new)
    }

    fn remember(&mut self, sort: Sort, lower: &str, new: String) -> String {
        self.known.entry((sort, lower.to_owned())).or_insert(new).clone()
    }
}

/// Whose the registered domain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    User,
    Public,
}

/// Names for private use, and for examples.
const RESERVED: &[&str] =
    &["example", "test", "invalid", "local", "internal", "lan", "home", "corp", "localdomain", "intranet"];

/// Public domains below which each customer has a name of his own.
const TENANTS: &[&str] = &["onmicrosoft.com", "zendesk.com", "freshdesk.com", "atlassian.net", "salesforce.com"];

/// How many labels at the end of a name stay, and whose it is; `None` for what is no name of anybody.
fn owner(name: &str) -> Option<(usize, Owner)> {
    let top = name.rsplit('.').next()?;
    let known = psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
    if top == "arpa" || !(known || RESERVED.contains(&top)) {
        return None;
    }
    let registered = psl::domain_str(name).filter(|registered| !registered.starts_with('_'))?;
    let labels = registered.split('.').count();
    let tenants = |t: &&&str| name.strip_suffix(**t).is_some_and(|head| head.ends_with('.'));
    match TENANTS.iter().find(tenants) {
        Some(tenants) => Some((tenants.split('.').count(), Owner::User)),
        None if is_public(registered) => Some((labels, Owner::Public)),
        None => Some((labels - 1, Owner::User)),
    }
}

/// How many labels at the beginning of a name end in the very domain that the whole ends in, of whose suffix `kept`
/// labels are public: `_dmarc.example.com` of `_dmarc.example.com.example.com`.
fn doubled(name: &str, kept: usize) -> Option<usize> {
    let labels: Vec<&str> = name.split('.').collect();
    let (head, registered) = labels.split_at(labels.len().checked_sub(kept + 1)?);
    let at = head.windows(registered.len()).rposition(|w| w == registered)?;
    Some(at + registered.len())
}

/// Runs of letters, digits, dots, hyphens and underscores that may be names; what stands before an `@` is none.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let start = at + rest.find(part)?;
            let run = &text[start..];
            let end = start + run.find(|c| !part(c)).unwrap_or(run.len());
            at = end;
            let name = text[start..end].trim_matches(['.', '-']);
            let whole = !name.split('.').any(str::is_empty) && name.contains('.') && name.len() < 254;
            if whole && !text[end..].starts_with('@') {
                return Some(name);
            }
        }
    })
}

/// Four numbers, or a number by itself, as in names of machines and of lists of addresses.
fn holds_address(label: &str) -> bool {
    let numbers = label.split('-').filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())).count();
    numbers >= 4 || (label.len() < 4 && label.bytes().all(|b| b.is_ascii_digit()))
}

/// Is it a label that says what something is for, and not whose it is? A number of so many digits may follow.
pub fn is_common(label: &str, digits: usize) -> bool {
    let word = |part: &str| {
        let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
        part.len() - bare.len() <= digits && (bare.len() <= 2 || WORDS.split_ascii_whitespace().any(|w| w == bare))
    };
    label.starts_with('_') || label == "*" || label.split(['-', '_']).all(word)
}

/// Words of names that the trade uses for everybody.
const WORDS: &str = "\
    mail email smtp mx mta msa imap pop www web ns dns em news newsletter newsletters info bounce bounces link links click \
    clicks track tracking trk out outbound in inbound relay gw gateway host hosts server servers srv vps static dyn dynamic \
    dynip pool dsl adsl cable client clients customer customers cust user users ip ipv unassigned unknown dialup dial ppp \
    fiber ftth broadband res residential mobile mailer mailout mailin send sender sending sendmail return returnpath rp reply \
    noreply autodiscover autoconfig sts dmarc dkim spf bimi tls rpt default selector sel google key keys list lists marketing \
    promo crm shop store blog app apps api cdn img image images pixel assets status help support docs cloud edge internal \
    localhost local mbox mailbox webmail secure vpn test tests staging dev prod hostmaster postmaster abuse admin root report \
    reports rua ruf ftp proxy fw firewall router lb node vm exchange ex owa autoreply transactional notify notifications alerts \
    service services to the no pass fail none neutral softfail permerror temperror reject quarantine policy arc mandrill rsa \
    ed sha verp parked old new backup primary secondary first second main own other forward forwarder forwarding srs open";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> BTreeMap<String, String> {
        Names::default().read(text).into_iter().collect()
    }

    #[test]
    fn the_order_of_names_stays_readable() {
        let got = of("ann-laptop.acme-shop.co.uk acme-shop.co.uk mail.acme-shop.co.uk, other.example");
        assert_eq!(got["acme-shop.co.uk"], "domain1xx.co.uk");
        assert_eq!(got["mail.acme-shop.co.uk"], "mail.domain1xx.co.uk");
        assert_eq!(got["ann-laptop.acme-shop.co.uk"], "host1xxxxx.domain1xx.co.uk");
        assert_eq!(got["other.example"], "d2xxx.example");
    }

    #[test]
    fn short_names_have_short_stand_ins() {
        for name in ["x.com", "hp.com", "dc.ad.local", "ibm.com", "é.example", "a1.b2.c3.de"] {
            let got = of(name);
            assert!(got.iter().all(|(old, new)| old.len() == new.len() && old != new), "{name}: {got:?}");
        }
        // More of them than there are stand-ins.
        let many: String = (b'a'..=b'z')
            .flat_map(|a| (b'a'..=b'z').map(move |b| [a, b]))
            .map(|l| format!("{}.de ", String::from_utf8_lossy(&l)))
            .collect();
        let got = of(&many);
        let left: Vec<&str> = many.split_whitespace().filter(|name| !got.contains_key(*name)).collect();
        assert_eq!(left, ["co.de", "my.de"], "public suffixes stay");
    }

    #[test]
    fn a_name_in_u_labels_is_hidden_in_a_labels_too() {
        let mut names = Names::default();
        let got: BTreeMap<_, _> = names.read("mx.über-shop.de").into_iter().collect();
        let spelt: Vec<&str> = got.keys().map(String::as_str).collect();
        let all = ["mx.xn--ber-shop-55a.de", "mx.über-shop.de", "xn--ber-shop-55a.de", "über-shop.de"];
        assert_eq!(spelt, all);
    }

    #[test]
    fn what_is_everybodys_stays() {
        for text in [
            "_spf.google.com",
            "mx.google.com",
            "spf.protection.outlook.com",
            "5.7.26",
            "192.0.2.1",
            "1.2.0.192.in-addr.arpa",
            "ann.name@example.com",
            "header.from",
            "smtp.mailfrom",
        ] {
            let got = of(text);
            assert!(got.keys().all(|k| k == "example.com"), "{text}: {got:?}");
        }
    }

    #[test]
    fn a_name_within_a_name_is_the_same_name() {
        let got = of("_dmarc.acme.com.acme.com k7._domainkey.mail.acme.com.mail.acme.com \
            static.44.113.0.203.acme.com.acme.com acme.com");
        assert_eq!(got["_dmarc.acme.com.acme.com"], format!("_dmarc.{0}.{0}", got["acme.com"]));
        assert_eq!(got["acme.com.acme.com"], format!("{0}.{0}", got["acme.com"]));
        let mail = format!("mail.{}", got["acme.com"]);
        assert_eq!(got["mail.acme.com.mail.acme.com"], format!("{mail}.{mail}"));
    }

    #[test]
    fn accounts_at_platforms_are_somebodys() {
        let got = of("u1234567.wl123.sendgrid.net contoso.onmicrosoft.com");
        assert_eq!(got["u1234567.wl123.sendgrid.net"], "u0000001.wl123.sendgrid.net");
        assert_eq!(got["contoso.onmicrosoft.com"], "domain1.onmicrosoft.com");
    }

    #[test]
    fn an_address_within_a_name_is_left_to_those_who_hide_addresses() {
        let got = of("static.44.113.0.203.acme-shop.de 4.3.2.1.acme-shop.de host-1-2-3-4.acme-shop.de");
        assert_eq!(got.keys().collect::<Vec<_>>(), ["acme-shop.de"]);
    }

    #[test]
    fn selectors_are_hidden_where_they_name_somebody() {
        let mut names = Names::default();
        let got: BTreeMap<_, _> =
            names.read("acmekey._domainkey.acme.example s1._domainkey.acme.example").into_iter().collect();
        assert_eq!(got["acmekey._domainkey.acme.example"], "sel1xxx._domainkey.d1xx.example");
        assert_eq!(got["s1._domainkey.acme.example"], "s1._domainkey.d1xx.example");
        assert_eq!(names.selector("acmekey").as_deref(), Some("sel1xxx"));
        assert_eq!(names.selector("selector2"), None);
    }

    #[test]
    fn each_spelling_has_the_same_stand_in() {
        let got = of("Mail.ACME.example acme.example");
        assert_eq!(got["Mail.ACME.example"], "Mail.d1xx.example");
        assert_eq!(got["mail.acme.example"], "mail.d1xx.example");
        assert_eq!(got["ACME.example"], got["acme.example"]);
    }
}
