//! Who sends in the domain's name, by a DMARC report: rows gathered by source, each with what becomes of its mail.

use super::aggregate::{Aggregate, Row};
use super::known::{ASKED, Known, busiest, listing};
use crate::evidence::Question;
use crate::facts::lookup::Lookup;
use crate::facts::spf::SpfResult;
use crate::knowledge::{Platform, platform};
use std::collections::BTreeMap;
use std::net::IpAddr;

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

impl Source {
    /// Was all of it let in for the seal of who handed it on?
    pub fn is_accepted(&self, report: &Aggregate) -> bool {
        self.kept_out == 0 && self.rows.iter().filter_map(|&n| report.rows.get(n)).all(|row| row.sealed)
    }
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
    /// It is a mail gateway, which sends for its customers.
    Gateway,
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

/// What SPF gives today for a row's address and MAIL FROM, where that is the domain's own.
fn today(lookup: &Lookup, row: &Row) -> Option<SpfResult> {
    listing(lookup, row.source?, &row.path().filter(|path| path.ours)?.domain).result
}

#[cfg(test)]
mod tests {
    use super::super::aggregate::{Path, Platforms, Policy, Signature};
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
    fn what_a_platform_delivers_itself_nobody_changed_on_the_way() {
        let from = |ours: &str, its: &str, path: &str| {
            row(
                "198.2.180.60",
                false,
                false,
                &[("example.com", "k2", ours), ("mcsv.net", "k1", its)],
                &[(path, "pass")],
            )
        };
        for (ours, its) in [("permerror", "pass"), ("fail", "pass"), ("fail", "fail")] {
            let found = alone(from(ours, its, "mail60.atl161.mcsv.net"), "");
            assert_eq!(found, ("Mailchimp".into(), Standing::Unaligned), "{ours} {its}");
        }
        assert_eq!(alone(from("fail", "fail", "list.example.net"), "").1, Standing::Altered, "a list in between");
        assert_eq!(alone(from("permerror", "fail", "list.example.net"), "").1, Standing::Unaligned, "no changed body");
        // A mailbox provider hands on what others sent.
        let gmail = row("209.85.220.41", false, false, &[("example.com", "s1", "fail")], &[("gmail.com", "pass")]);
        assert_eq!(alone(gmail, "").1, Standing::Altered);
    }

    #[test]
    fn a_gateway_may_be_our_own() {
        let named = "10.42.220.91.in-addr.arpa PTR eu-smtp-delivery-10.mimecast.com\neu-smtp-delivery-10.mimecast.com A 91.220.42.10";
        let plain = |path| row("91.220.42.10", false, false, &[], &[(path, "softfail")]);
        let found = sources(vec![plain("example.com")], named);
        assert_eq!((found[0].standing, found[0].tie), (Standing::Failing, Some(Tie::Gateway)));
        assert_eq!(sources(vec![plain("other.example")], named)[0].standing, Standing::Stranger);
        let home = row("192.0.2.1", true, true, &[OURS], &[("example.com", "pass")]);
        let broken = row("91.220.42.10", false, false, &[("example.com", "s1", "fail")], &[("example.com", "fail")]);
        assert_eq!(sources(vec![home, broken], named)[1].tie, Some(Tie::Gateway));
    }

    #[test]
    fn where_spf_of_the_domain_says_nothing_nobody_is_a_stranger() {
        let plain = |result| row("198.51.100.9", false, false, &[], &[("example.com", result)]);
        assert_eq!(alone(plain("permerror"), "").1, Standing::Unclear);
        assert_eq!(alone(plain("none"), "example.com MX 10 mx.example.com").1, Standing::Unclear);
        for parked in ["", "example.com MX 0 ."] {
            assert_eq!(alone(plain("none"), parked).1, Standing::Stranger, "{parked}");
        }
        let home = row("192.0.2.1", false, true, &[], &[("example.com", "pass")]);
        assert_eq!(sources(vec![home, plain("permerror")], "")[1].standing, Standing::Stranger, "it passes elsewhere");
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
        let signed = |result| ("example.com", "s1", result);
        let foreign = row("192.0.2.1", true, true, &[("a.example", "x", "pass")], &[("a.example", "pass")]);
        assert_eq!(alone(foreign, "").1, Standing::Unclear);
        let failed = row("192.0.2.1", true, true, &[signed("fail")], &[("example.com", "fail")]);
        assert_eq!(alone(failed, "").1, Standing::Unclear);
        let half = row("192.0.2.1", true, true, &[signed("fail")], &[("example.com", "pass")]);
        assert_eq!(alone(half, "").1, Standing::Aligned, "one of the two is enough");
        assert_eq!(alone(row("192.0.2.1", true, true, &[], &[]), "").1, Standing::Aligned, "nothing is listed");
        let mut refused = row("192.0.2.1", true, true, &[OURS], &[("example.com", "pass")]);
        refused.disposition = Some("reject".into());
        assert_eq!(alone(refused.clone(), "").1, Standing::Unclear);
        refused.reasons = vec!["local_policy".into()];
        assert_eq!(alone(refused, "").1, Standing::Aligned, "the receiver says why");
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
