//! Who sends in the domain's name, by a DMARC report: rows gathered by source, each with what becomes of its mail.

use super::aggregate::{Aggregate, Path, Row};
use crate::evidence::Question;
use crate::facts::boundary::is_public;
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use crate::facts::reverse::{self, Reverse};
use crate::facts::spf::eval::check_host;
use crate::facts::spf::{Check, SpfResult};
use crate::knowledge::{Platform, platform};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Addresses whose reverse names, or whose place in the SPF record, are asked for, the busiest first.
const ASKED: usize = 20;
/// Addresses from which a signature must come before it looks handed on by strangers.
const MANY: usize = 3;
/// Messages of one address that are too many to be forwarded, where the listed servers sent fewer.
const BUSY: u64 = 100;

/// Messages of one sender with one fate.
#[derive(Clone, Debug)]
pub struct Source {
    pub sender: Sender,
    pub standing: Standing,
    pub count: u64,
    /// Junked or refused.
    pub kept_out: u64,
    /// With the messages of each, the busiest first.
    pub addresses: Vec<(IpAddr, u64)>,
    /// Indices of [`Aggregate::rows`], the busiest first.
    pub rows: Vec<usize>,
    /// The domain that DKIM or SPF vouched for, where it is not the From domain's own.
    pub vouched: Option<String>,
    /// Why it is taken for the domain's own.
    pub tie: Option<Tie>,
    /// Whose servers they are, by the confirmed name of the busiest.
    pub run_by: Option<&'static Platform>,
    /// What SPF gives today for the busiest row, where it did not pass then.
    pub today: Option<SpfResult>,
    /// What was not answered, or not told, and could say whose the source is: a reverse name, the SPF record.
    pub open: Option<Question>,
}

/// Who it is, as far as can be told.
#[derive(Clone, Debug)]
pub enum Sender {
    Platform(&'static Platform),
    /// The organization of a confirmed reverse name.
    Host(String),
    Address(IpAddr),
    /// The report names no address.
    Nameless,
}

/// What shows that a server is the domain's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Its confirmed name is of the domain's organization.
    Name,
    /// The domain's SPF record lists it.
    Listed,
    /// Its mail carries a signature of the domain's that fails: so does what a forwarder changed.
    Signature,
}

/// What becomes of a source's mail, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// DKIM vouches for the From domain, SPF as well or for a bounce domain of the sender's.
    Aligned,
    /// SPF alone vouches for it: no aligned signature.
    SpfAlone,
    /// Vouched for as another name of the organization, which strict alignment turns down.
    Strict,
    /// Vouched for as another domain: a service to be set up.
    Unaligned,
    /// One of ours by its name or by how much it sends, which SPF does not list; its signature carries it.
    Unlisted,
    /// One of ours by its name, by SPF or by a signature; nothing passes.
    Failing,
    /// Our signature carries it, and SPF of a domain of ours came to no verdict: its record is broken or missing, or DNS did not
    /// answer. That is so whoever sends, and no mark of a forwarder.
    NoVerdict,
    /// Our signature came through a server that SPF does not list.
    Forwarded,
    /// Our signature was broken on the way, as lists and some forwarders do.
    Altered,
    /// Nothing passes, and nothing shows that it is ours.
    Stranger,
    /// The report contradicts itself, or does not tell.
    Unclear,
}

impl Standing {
    pub const ALL: [Standing; 11] = [
        Standing::Aligned,
        Standing::SpfAlone,
        Standing::Strict,
        Standing::Unaligned,
        Standing::Unlisted,
        Standing::Failing,
        Standing::NoVerdict,
        Standing::Forwarded,
        Standing::Altered,
        Standing::Stranger,
        Standing::Unclear,
    ];

    /// The word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Aligned => "aligned",
            Standing::SpfAlone => "spf-alone",
            Standing::Strict => "strict",
            Standing::Unaligned => "unaligned",
            Standing::Unlisted => "unlisted",
            Standing::Failing => "failing",
            Standing::NoVerdict => "no-verdict",
            Standing::Forwarded => "forwarded",
            Standing::Altered => "altered",
            Standing::Stranger => "stranger",
            Standing::Unclear => "unclear",
        }
    }

    /// Mail of the domain's own, as it leaves its senders.
    pub fn is_own(self) -> bool {
        !matches!(self, Standing::Forwarded | Standing::Altered | Standing::Stranger | Standing::Unclear)
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sender::Platform(platform) => f.write_str(&platform.name),
            Sender::Host(domain) => f.write_str(domain),
            Sender::Address(ip) => ip.fmt(f),
            Sender::Nameless => f.write_str("no address given"),
        }
    }
}

/// Gathers the rows by sender and fate, the busiest first.
pub fn gather(lookup: &Lookup, report: &Aggregate) -> Vec<Source> {
    let known = Known::of(lookup, report);
    let mut groups: BTreeMap<(String, Standing), Source> = BTreeMap::new();
    for (n, row) in report.rows.iter().enumerate() {
        let (sender, standing) = (known.sender(row), known.standing(report, row));
        let source = groups.entry((sender.to_string(), standing)).or_insert_with(|| Source {
            sender,
            standing,
            count: 0,
            kept_out: 0,
            addresses: Vec::new(),
            rows: Vec::new(),
            vouched: row.foreign().map(str::to_owned),
            tie: None,
            run_by: None,
            today: None,
            open: None,
        });
        source.count = source.count.saturating_add(row.count);
        source.kept_out = source.kept_out.saturating_add(if row.kept_out() { row.count } else { 0 });
        source.rows.push(n);
    }
    let mut sources: Vec<Source> = groups.into_values().collect();
    for source in &mut sources {
        source.rows.sort_by_key(|&n| std::cmp::Reverse(report.rows[n].count));
        source.addresses = busiest(source.rows.iter().map(|&n| &report.rows[n]));
        source.open = source.addresses.iter().find_map(|(ip, _)| known.open(*ip));
    }
    sources.sort_by_key(|s| std::cmp::Reverse(s.count));
    let to_cure = sources.iter_mut().filter(|s| matches!(s.standing, Standing::Failing | Standing::Unlisted));
    for (n, source) in to_cure.enumerate() {
        let Some(row) = source.rows.first().map(|&n| &report.rows[n]) else { continue };
        source.tie = known.tie(row);
        source.run_by = row.source.and_then(|ip| platform::that_run(known.name(ip)?).first().copied());
        source.today = if n < ASKED { today(lookup, row) } else { None };
    }
    sources
}

/// Addresses with their messages, the busiest first.
fn busiest<'r>(rows: impl Iterator<Item = &'r Row>) -> Vec<(IpAddr, u64)> {
    let mut counts: BTreeMap<IpAddr, u64> = BTreeMap::new();
    for row in rows {
        if let Some(ip) = row.source {
            let count = counts.entry(ip).or_default();
            *count = count.saturating_add(row.count);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// What SPF gives today for a row's address and MAIL FROM, where that is the domain's own.
fn today(lookup: &Lookup, row: &Row) -> Option<SpfResult> {
    listing(lookup, row.source?, &row.path().filter(|path| path.ours)?.domain).result
}

fn listing(lookup: &Lookup, ip: IpAddr, domain: &str) -> Check {
    check_host(lookup, ip, domain, &format!("postmaster@{domain}"), None, false)
}

/// What the report as a whole says of signatures and addresses.
struct Known<'a> {
    domain: &'a str,
    reverse: BTreeMap<IpAddr, Reverse>,
    /// Does the domain's SPF record list the address today? Of those from which nothing passes.
    spf: BTreeMap<IpAddr, Check>,
    /// Addresses from which SPF passed for the From domain.
    listed: BTreeSet<IpAddr>,
    /// Signatures of the From domain's that passed where SPF did too: they are made there.
    home: BTreeSet<(&'a str, Option<&'a str>)>,
    /// Messages of the From domain's for which SPF passed.
    at_home: u64,
    /// Addresses from which each of them came where SPF did not pass.
    handed_on: BTreeMap<(&'a str, Option<&'a str>), BTreeSet<IpAddr>>,
}

impl<'a> Known<'a> {
    fn of(lookup: &Lookup, report: &'a Aggregate) -> Known<'a> {
        let public =
            |rows: Vec<(IpAddr, u64)>| rows.into_iter().map(|(ip, _)| ip).filter(|ip| is_public(*ip)).take(ASKED);
        let reverse =
            public(busiest(report.rows.iter())).filter_map(|ip| Some((ip, reverse::of(lookup, ip)?))).collect();
        let domain = report.policy.domain.as_str();
        let failing = public(busiest(report.rows.iter().filter(|row| !row.passes() && row.foreign().is_none())));
        let mut known = Known {
            domain,
            reverse,
            spf: failing.map(|ip| (ip, listing(lookup, ip, domain))).collect(),
            listed: BTreeSet::new(),
            home: BTreeSet::new(),
            at_home: 0,
            handed_on: BTreeMap::new(),
        };
        for row in &report.rows {
            let own = own_signatures(row);
            if row.spf == Some(true) {
                known.listed.extend(row.source);
                known.home.extend(own);
                known.at_home = known.at_home.saturating_add(row.count);
            } else {
                own.for_each(|s| known.handed_on.entry(s).or_default().extend(row.source));
            }
        }
        known
    }

    fn sender(&self, row: &Row) -> Sender {
        match (row.platform, row.source) {
            (Some(platform), _) => Sender::Platform(platform),
            (None, None) => Sender::Nameless,
            (None, Some(ip)) => {
                self.name(ip).and_then(psl).map_or(Sender::Address(ip), |host| Sender::Host(host.to_owned()))
            }
        }
    }

    /// The confirmed reverse name of an address.
    fn name(&self, ip: IpAddr) -> Option<&str> {
        let names = &self.reverse.get(&ip)?.names;
        names.iter().find(|n| n.confirmed == Some(true)).map(|n| n.name.as_str())
    }

    /// The question about an address that nobody has answered.
    fn open(&self, ip: IpAddr) -> Option<Question> {
        let reverse = self.reverse.get(&ip)?;
        if reverse.outcome.is_none_or(|o| o.failed()) {
            return Some(reverse.question.clone());
        }
        let settled = reverse.names.iter().any(|n| n.confirmed == Some(true));
        let name = reverse.names.iter().find(|n| n.confirmed.is_none() && !settled).map(|n| n.forward.clone());
        name.or_else(|| self.spf.get(&ip)?.unanswered().cloned())
    }

    /// Has it a name of the domain's own?
    fn named(&self, ip: IpAddr) -> bool {
        self.name(ip).is_some_and(|n| psl(n).is_some() && psl(n) == psl(self.domain))
    }

    /// Does it look like a server of the domain's own, by its name or by what passed elsewhere in the report?
    fn own(&self, row: &Row) -> bool {
        row.source.is_some_and(|ip| self.listed.contains(&ip) || self.named(ip))
    }

    /// Does the SPF record of today list it? One that lets everybody pass says nothing.
    fn listed_today(&self, ip: IpAddr) -> bool {
        let passes = |c: &Check| c.result == Some(SpfResult::Pass);
        let all =
            |c: &Check| c.matched.as_deref().is_some_and(|m| m.trim_start_matches('+').eq_ignore_ascii_case("all"));
        self.spf.get(&ip).is_some_and(|c| passes(c) && !all(c))
    }

    /// Why a row from which nothing passes is taken for the domain's own.
    fn tie(&self, row: &Row) -> Option<Tie> {
        match row.source {
            Some(ip) if self.named(ip) => Some(Tie::Name),
            Some(ip) if self.listed.contains(&ip) || self.listed_today(ip) => Some(Tie::Listed),
            _ => broken_signatures(row).next().map(|_| Tie::Signature),
        }
    }

    fn standing(&self, report: &Aggregate, row: &Row) -> Standing {
        let relayed = row.is_relayed();
        let platform = row.platform.is_some();
        let own = own_signatures(row).next().is_some();
        let foreign = row.foreign().is_some();
        match (row.dkim, row.spf) {
            (None, None) => Standing::Unclear,
            (Some(true), Some(true)) => Standing::Aligned,
            (Some(true), _) if relayed => Standing::Forwarded,
            (Some(true), _) => {
                let made = own_signatures(row).any(|s| self.home.contains(&s));
                let many = own_signatures(row).any(|s| self.handed_on.get(&s).is_some_and(|a| a.len() >= MANY));
                let bounces_elsewhere = row.paths.iter().any(|p| p.passes() && !p.ours);
                match () {
                    // SPF passed as well, and strict alignment does not count it.
                    _ if row.paths.iter().any(|p| p.passes() && p.ours) => Standing::Aligned,
                    _ if row.path().is_some_and(Path::is_undecided) => Standing::NoVerdict,
                    _ if self.own(row) => Standing::Unlisted,
                    // A service that takes its bounces itself: SPF passes for its own domain.
                    _ if bounces_elsewhere && (platform || !made) => Standing::Aligned,
                    // A forwarder hands on what others sent it: hardly more than they send.
                    _ if !many && row.count >= BUSY && row.count > self.at_home => Standing::Unlisted,
                    _ if made || many => Standing::Forwarded,
                    _ if platform => Standing::Unlisted,
                    _ => Standing::Forwarded,
                }
            }
            (_, Some(true)) => Standing::SpfAlone,
            _ if !report.turned_down(row).is_empty() => Standing::Strict,
            // What vouches for our own name, and yet does not count, is the reporter's riddle.
            _ if own || row.paths.iter().any(|p| p.passes() && p.ours) => Standing::Unclear,
            _ if relayed => Standing::Altered,
            _ => {
                let broken = broken_signatures(row).next().is_some();
                let made_here = broken_signatures(row).any(|s| self.home.contains(&s));
                match () {
                    _ if broken && (made_here || row.paths.iter().any(Path::passes)) && !self.own(row) => {
                        Standing::Altered
                    }
                    _ if platform || foreign => Standing::Unaligned,
                    _ if self.tie(row).is_some() => Standing::Failing,
                    // The receiver could not look at our signature.
                    _ if signatures(row, |result| result == "temperror").next().is_some() => Standing::Unclear,
                    _ => Standing::Stranger,
                }
            }
        }
    }
}

/// Signatures of the From domain's organization that passed, by domain and selector.
fn own_signatures(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    signatures(row, |result| result == "pass")
}

/// Those that were there and failed.
fn broken_signatures(row: &Row) -> impl Iterator<Item = (&str, Option<&str>)> {
    signatures(row, |result| !matches!(result, "pass" | "none" | "temperror" | ""))
}

fn signatures(row: &Row, came_out: fn(&str) -> bool) -> impl Iterator<Item = (&str, Option<&str>)> {
    let ours = row.signatures.iter().filter(move |s| s.ours && came_out(&s.result));
    ours.map(|s| (s.domain.as_str(), s.selector.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::{Platforms, Policy, Signature};
    use super::*;
    use crate::evidence::Answers;
    use crate::evidence::zone::Zone;

    fn row(ip: &str, dkim: bool, spf: bool, signatures: &[(&str, &str, &str)], mail_from: &[(&str, &str)]) -> Row {
        let signature = |(d, s, r): &(&str, &str, &str)| Signature {
            domain: d.to_string(),
            selector: Some(s.to_string()),
            result: r.to_string(),
            ..Signature::default()
        };
        let path = |(d, r): &(&str, &str)| Path { domain: d.to_string(), result: r.to_string(), ..Path::default() };
        let mut row = Row {
            source: ip.parse().ok(),
            count: 2,
            dkim: Some(dkim),
            spf: Some(spf),
            header_from: "example.com".into(),
            signatures: signatures.iter().map(signature).collect(),
            paths: mail_from.iter().map(path).collect(),
            ..Row::default()
        };
        row.settle("example.com", &mut Platforms::default());
        row
    }

    fn sources(rows: Vec<Row>, zone: &str) -> Vec<Source> {
        let report = Aggregate {
            policy: Policy { domain: "example.com".into(), ..Policy::default() },
            rows,
            ..Aggregate::default()
        };
        let zone = Zone::parse(zone).unwrap();
        let mut answers = Answers::new();
        loop {
            let lookup = Lookup::new(&answers);
            let sources = gather(&lookup, &report);
            let missing = lookup.into_missing();
            if missing.is_empty() {
                return sources;
            }
            answers.extend(missing.into_iter().map(|q| (q.clone(), zone.answer(&q, jiff::Timestamp::UNIX_EPOCH))));
        }
    }

    fn alone(row: Row, zone: &str) -> (String, Standing) {
        let found = sources(vec![row], zone);
        (found[0].sender.to_string(), found[0].standing)
    }

    const OURS: (&str, &str, &str) = ("example.com", "s1", "pass");

    #[test]
    fn what_passes() {
        let both = row("192.0.2.1", true, true, &[OURS], &[("example.com", "pass")]);
        assert_eq!(alone(both, "").1, Standing::Aligned);
        let spf = row("192.0.2.1", false, true, &[], &[("example.com", "pass")]);
        assert_eq!(alone(spf, "").1, Standing::SpfAlone);
        let bounces = row("192.0.2.1", true, false, &[OURS], &[("bounces.example.net", "pass")]);
        assert_eq!(alone(bounces, "").1, Standing::Aligned, "a bounce domain of the service's");
    }

    #[test]
    fn a_platform_that_is_to_be_set_up() {
        let signed =
            row("192.0.2.1", false, false, &[("sendgrid.net", "smtpapi", "pass")], &[("u1.sendgrid.net", "pass")]);
        assert_eq!(alone(signed, ""), ("Twilio SendGrid".into(), Standing::Unaligned));
        let unknown = row("192.0.2.1", false, false, &[("service.example", "x", "pass")], &[]);
        let found = sources(vec![unknown], "");
        assert_eq!((found[0].standing, found[0].vouched.as_deref()), (Standing::Unaligned, Some("service.example")));
    }

    #[test]
    fn forwarding_is_told_from_a_server_that_spf_lacks() {
        let home = row("192.0.2.1", true, true, &[OURS], &[("example.com", "pass")]);
        let away = |ip| row(ip, true, false, &[OURS], &[("example.com", "softfail")]);
        let found = sources(vec![home.clone(), away("198.51.100.1"), away("198.51.100.2")], "");
        assert!(found.iter().skip(1).all(|s| s.standing == Standing::Forwarded), "{found:#?}");
        let named = "1.100.51.198.in-addr.arpa PTR mail.example.com\nmail.example.com A 198.51.100.1";
        assert_eq!(alone(away("198.51.100.1"), named), ("example.com".into(), Standing::Unlisted));
        // A name that does not lead back proves nothing.
        let forged = "1.100.51.198.in-addr.arpa PTR mail.example.com";
        assert_eq!(alone(away("198.51.100.1"), forged).1, Standing::Forwarded);
        let mut listed = row("198.51.100.3", true, false, &[OURS], &[("list.example.net", "pass")]);
        listed.reasons = vec!["mailing_list".into()];
        assert_eq!(alone(listed, "").1, Standing::Forwarded);
        let rewritten = row("198.51.100.3", true, false, &[OURS], &[("srs.example.net", "pass")]);
        assert_eq!(sources(vec![home, rewritten], "")[1].standing, Standing::Forwarded);
    }

    #[test]
    fn a_signature_broken_on_the_way() {
        let home = row("192.0.2.1", true, true, &[OURS], &[("example.com", "pass")]);
        let list = row(
            "198.51.100.1",
            false,
            false,
            &[("example.com", "s1", "fail"), ("list.example.net", "l", "pass")],
            &[("list.example.net", "pass")],
        );
        assert_eq!(sources(vec![home.clone(), list], "")[1].standing, Standing::Altered);
        let own = row("192.0.2.1", false, false, &[("example.com", "s1", "fail")], &[("example.com", "temperror")]);
        assert_eq!(sources(vec![home, own], "")[1].standing, Standing::Failing);
    }

    #[test]
    fn strangers_and_our_own_that_fail() {
        let plain = || row("198.51.100.9", false, false, &[], &[("example.com", "fail")]);
        assert_eq!(alone(plain(), ""), ("198.51.100.9".into(), Standing::Stranger));
        let named = "9.100.51.198.in-addr.arpa PTR old.example.com\nold.example.com A 198.51.100.9";
        assert_eq!(alone(plain(), named), ("example.com".into(), Standing::Failing));
        let found = sources(vec![plain()], "9.100.51.198.in-addr.arpa TIMEOUT");
        assert!(found[0].open.is_some());
        assert!(sources(vec![plain()], "")[0].open.is_none());
    }

    #[test]
    fn what_the_spf_record_lists_is_ours_whatever_its_envelope() {
        let shop = || row("198.51.100.9", false, false, &[], &[("shop.example.com", "none")]);
        let found = sources(vec![shop()], "example.com TXT \"v=spf1 ip4:198.51.100.0/24 -all\"");
        assert_eq!(
            (found[0].standing, found[0].tie, found[0].today),
            (Standing::Failing, Some(Tie::Listed), Some(SpfResult::None))
        );
        let all = sources(vec![shop()], "example.com TXT \"v=spf1 +all\"");
        assert_eq!(all[0].standing, Standing::Stranger, "everybody is listed");
        let silent = sources(vec![shop()], "example.com SERVFAIL");
        assert_eq!((silent[0].standing, silent[0].open.is_some()), (Standing::Stranger, true));
    }

    #[test]
    fn a_broken_signature_is_a_weak_tie() {
        let shared = row("40.107.1.10", false, false, &[("example.com", "s1", "fail")], &[("example.com", "fail")]);
        let named = "10.1.107.40.in-addr.arpa PTR mail-db5.outbound.protection.outlook.com\nmail-db5.outbound.protection.outlook.com A 40.107.1.10";
        let found = sources(vec![shared], named);
        assert_eq!((found[0].standing, found[0].tie), (Standing::Failing, Some(Tie::Signature)));
        assert_eq!(found[0].run_by.map(|p| p.id.as_str()), Some("microsoft-365"));
        let unseen =
            row("198.51.100.9", false, false, &[("example.com", "s1", "temperror")], &[("example.com", "temperror")]);
        assert_eq!(alone(unseen, "").1, Standing::Unclear);
    }

    #[test]
    fn strict_alignment_turns_our_own_down() {
        let signed = [("mail.example.com", "s1", "pass")];
        let path = [("bounce.example.com", "pass")];
        let strict = |dkim, spf, from_dkim: &[(&str, &str, &str)]| {
            let policy = Policy {
                domain: "example.com".into(),
                adkim: Some("s".into()),
                aspf: Some("s".into()),
                ..Policy::default()
            };
            let report =
                Aggregate { policy, rows: vec![row("192.0.2.4", dkim, spf, from_dkim, &path)], ..Aggregate::default() };
            gather(&Lookup::new(&Answers::new()), &report)[0].standing
        };
        assert_eq!(strict(false, false, &signed), Standing::Strict);
        assert_eq!(strict(true, false, &[OURS]), Standing::Aligned, "SPF passed, and is not counted");
        assert_eq!(alone(row("192.0.2.4", false, false, &signed, &path), "").1, Standing::Unclear, "relaxed: a riddle");
    }

    #[test]
    fn a_report_that_contradicts_itself_accuses_nobody() {
        let riddle = row("198.51.100.9", false, false, &[OURS], &[]);
        assert_eq!(alone(riddle, "").1, Standing::Unclear);
        let mut silent = row("198.51.100.9", false, false, &[], &[]);
        (silent.dkim, silent.spf) = (None, None);
        assert_eq!(alone(silent, "").1, Standing::Unclear);
    }

    #[test]
    fn at_most_twenty_addresses_are_asked_for() {
        let rows = (0..200).map(|n| row(&format!("198.51.100.{n}"), false, false, &[], &[])).collect();
        let report = Aggregate { rows, ..Aggregate::default() };
        let answers = Answers::new();
        let lookup = Lookup::new(&answers);
        gather(&lookup, &report);
        assert_eq!(lookup.into_missing().len(), ASKED);
    }
}
