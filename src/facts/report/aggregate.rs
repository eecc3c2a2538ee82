//! A DMARC aggregate report (RFC 7489 App. C, RFC 9990 App. A), row by row. Words are kept as the receiver wrote
//! them, in lower case; what it left out stays out.

use super::xml::{Met, walk};
use super::{Refusal, domain};
use crate::facts::organization::same_by_list;
use crate::knowledge::{Platform, pattern, platform};
use jiff::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;

/// Rows kept; further ones are counted.
const ROWS: usize = 50_000;
/// Results and reasons of a row that are kept.
const RESULTS: usize = 16;

#[derive(Clone, Debug, Default)]
pub struct Aggregate {
    pub org: String,
    pub email: String,
    pub id: String,
    pub begin: Option<Timestamp>,
    pub end: Option<Timestamp>,
    /// What the receiver could not do, in its words.
    pub errors: Vec<String>,
    pub policy: Policy,
    pub rows: Vec<Row>,
    /// Rows beyond the limit, those that do not say how many messages they are about, and what was cut off.
    pub unread: usize,
    /// Does the text end before the report does?
    pub cut: bool,
}

/// The policy as the receiver saw it published.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub domain: String,
    pub p: Option<String>,
    pub sp: Option<String>,
    pub np: Option<String>,
    pub adkim: Option<String>,
    pub aspf: Option<String>,
    pub pct: Option<String>,
    pub fo: Option<String>,
    pub testing: Option<String>,
    pub discovery: Option<String>,
}

/// Messages of one source with one outcome.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// From 1, in the order of the report.
    pub number: usize,
    /// `None` where it is no address.
    pub source: Option<IpAddr>,
    pub count: u64,
    pub disposition: Option<String>,
    /// DKIM and SPF as DMARC counts them: passed, and aligned.
    pub dkim: Option<bool>,
    pub spf: Option<bool>,
    pub reasons: Vec<String>,
    /// The receiver trusts an ARC seal, as its comment on the reason says (RFC 8617 §7.2.2).
    pub sealed: bool,
    pub header_from: String,
    pub envelope_from: Option<String>,
    pub envelope_to: Option<String>,
    pub signatures: Vec<Signature>,
    pub paths: Vec<Path>,
    /// The platform that what passed belongs to: by signing domain, bounce domain or selector.
    pub platform: Option<&'static Platform>,
    /// Straight from that platform: SPF passes for its own bounce domain, and it hands on nobody's mail.
    pub direct: bool,
}

/// A signature and how it came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    pub domain: String,
    pub selector: Option<String>,
    pub result: String,
    /// Of the From domain's organization, by the public suffix list.
    pub ours: bool,
}

/// SPF of MAIL FROM or HELO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    pub domain: String,
    pub helo: bool,
    pub result: String,
    pub ours: bool,
}

/// Reads the XML of a report.
pub(super) fn read(text: &[u8], others: &mut usize) -> Result<Aggregate, Refusal> {
    let mut report = Aggregate::default();
    let (mut row, mut number, mut platforms) = (Row::default(), 0_usize, Platforms::default());
    let mut counted = false;
    let walked = walk(text, |met| match met {
        Met::Start("record") => {
            number += 1;
            row = Row { number, ..Row::default() };
            counted = false;
        }
        Met::Start("record/auth_results/dkim") if row.signatures.len() < RESULTS => {
            row.signatures.push(Signature::default())
        }
        Met::Start("record/auth_results/spf") if row.paths.len() < RESULTS => row.paths.push(Path::default()),
        Met::Start(_) => {}
        Met::Leaf("record/row/count", value) => (row.count, counted) = value.parse().map_or((0, false), |n| (n, true)),
        Met::Leaf(path, value) => match path.strip_prefix("record/") {
            Some(path) => row.leaf(path, value),
            None => report.leaf(path, value),
        },
        Met::End("record") if counted && report.rows.len() < ROWS => {
            row.settle(&report.policy.domain, &mut platforms);
            report.rows.push(std::mem::take(&mut row));
        }
        Met::End("record") => report.unread += 1,
        Met::End(_) => {}
    })?;
    if let Some(at) = walked.cut {
        if report.rows.is_empty() {
            return Err(Refusal::Xml { at, what: "it ends before the report does".to_owned() });
        }
        report.unread += 1;
        report.cut = true;
    }
    *others += walked.more;
    if report.policy.domain.is_empty() {
        return Err(Refusal::Missing("domain whose policy it is about (policy_published)"));
    }
    Ok(report)
}

impl Aggregate {
    fn leaf(&mut self, path: &str, value: &str) {
        let text = || value.to_owned();
        let word = || some(value);
        let policy = &mut self.policy;
        match path {
            "report_metadata/org_name" => self.org = text(),
            "report_metadata/email" => self.email = text(),
            "report_metadata/report_id" => self.id = text(),
            "report_metadata/date_range/begin" => self.begin = time(value),
            "report_metadata/date_range/end" => self.end = time(value),
            "report_metadata/error" if self.errors.len() < RESULTS && !value.is_empty() => self.errors.push(text()),
            "policy_published/domain" => policy.domain = domain(value),
            "policy_published/p" => policy.p = word(),
            "policy_published/sp" => policy.sp = word(),
            "policy_published/np" => policy.np = word(),
            "policy_published/adkim" => policy.adkim = word(),
            "policy_published/aspf" => policy.aspf = word(),
            "policy_published/pct" => policy.pct = word(),
            "policy_published/fo" => policy.fo = word(),
            "policy_published/testing" => policy.testing = word(),
            "policy_published/discovery_method" => policy.discovery = word(),
            _ => {}
        }
    }

    /// Who sent it: the organization, where that is empty its address.
    pub fn reporter(&self) -> &str {
        [self.org.as_str(), self.email.as_str()]
            .into_iter()
            .find(|w| !w.is_empty())
            .unwrap_or("a receiver that does not name itself")
    }

    /// Messages, all rows together.
    pub fn messages(&self) -> u64 {
        self.rows.iter().fold(0, |sum, row| sum.saturating_add(row.count))
    }

    /// What the policy asks for a row: for a subdomain `sp` where it is set (RFC 9989 §4.7).
    pub fn asked(&self, row: &Row) -> Option<&str> {
        let below = !row.header_from.is_empty() && row.header_from != self.policy.domain;
        let sp = self.policy.sp.as_deref().filter(|_| below);
        sp.or(self.policy.p.as_deref())
    }

    /// What passes in a row for another name of the organization, with the tag that turns it down (RFC 9989 §4.4.1, §4.4.2).
    pub fn turned_down<'r>(&self, row: &'r Row) -> Vec<(&'static str, &'r str)> {
        let from =
            [row.header_from.as_str(), &self.policy.domain].into_iter().find(|d| !d.is_empty()).unwrap_or_default();
        let strict = |tag: &Option<String>, counted: Option<bool>| tag.as_deref() == Some("s") && counted != Some(true);
        let dkim =
            row.signatures.iter().filter(|s| s.ours && s.result == "pass").map(|s| ("adkim=s", s.domain.as_str()));
        let spf = row.paths.iter().filter(|p| p.ours && p.passes()).map(|p| ("aspf=s", p.domain.as_str()));
        let dkim = dkim.filter(|_| strict(&self.policy.adkim, row.dkim));
        let spf = spf.filter(|_| strict(&self.policy.aspf, row.spf));
        dkim.chain(spf).filter(|(_, domain)| *domain != from).collect()
    }

    /// Those that pass DMARC.
    pub fn passing(&self) -> u64 {
        self.rows.iter().filter(|row| row.passes()).fold(0, |sum, row| sum.saturating_add(row.count))
    }
}

impl Row {
    fn leaf(&mut self, path: &str, value: &str) {
        let word = || value.to_ascii_lowercase();
        match path {
            "row/source_ip" => self.source = value.parse().ok(),
            "row/policy_evaluated/disposition" => self.disposition = some(value),
            "row/policy_evaluated/dkim" => self.dkim = passed(value),
            "row/policy_evaluated/spf" => self.spf = passed(value),
            "row/policy_evaluated/reason/type" if self.reasons.len() < RESULTS && !value.is_empty() => {
                self.reasons.push(word())
            }
            "row/policy_evaluated/reason/comment" => self.sealed |= word().contains("arc=pass"),
            // The draft of 2012 called the identifiers so.
            "identifiers/header_from" | "identities/header_from" => self.header_from = domain(value),
            "identifiers/envelope_from" => self.envelope_from = some(&domain(value)),
            "identifiers/envelope_to" => self.envelope_to = some(&domain(value)),
            _ => {}
        }
        if let (Some(signature), Some(name)) = (self.signatures.last_mut(), path.strip_prefix("auth_results/dkim/")) {
            match name {
                "domain" => signature.domain = domain(value),
                "selector" => signature.selector = some(value),
                "result" => signature.result = word(),
                _ => {}
            }
        }
        if let (Some(spf), Some(name)) = (self.paths.last_mut(), path.strip_prefix("auth_results/spf/")) {
            match name {
                "domain" => spf.domain = domain(value),
                "scope" => spf.helo = value.eq_ignore_ascii_case("helo"),
                "result" => spf.result = word(),
                _ => {}
            }
        }
    }

    /// DMARC passes by either (RFC 9989 §5.3.6).
    pub fn passes(&self) -> bool {
        self.dkim == Some(true) || self.spf == Some(true)
    }

    /// Does what is listed contradict what DMARC is said to have counted: a pass, and no aligned name that passes; or a
    /// pass that was junked or refused for no reason that is given?
    pub fn is_impossible(&self) -> bool {
        let lists = |listed: usize, passes: bool| listed == 0 || listed == RESULTS || passes;
        let signed = lists(self.signatures.len(), self.signatures.iter().any(|s| s.ours && s.result == "pass"));
        let came = lists(self.paths.len(), self.paths.iter().any(|p| p.ours && p.result == "pass"));
        let counted = (self.dkim == Some(true) && signed) || (self.spf == Some(true) && came);
        self.passes() && (!counted || (self.kept_out() && self.reasons.is_empty()))
    }

    /// Was it junked or refused?
    pub fn kept_out(&self) -> bool {
        matches!(self.disposition.as_deref(), Some("quarantine" | "reject"))
    }

    /// What the names in the row say, once all of it is read.
    pub(super) fn settle(&mut self, policy_domain: &str, platforms: &mut Platforms) {
        let from = [self.header_from.as_str(), policy_domain].into_iter().find(|d| !d.is_empty()).unwrap_or_default();
        let ours = |domain: &str| !domain.is_empty() && same_by_list(domain, from);
        for signature in &mut self.signatures {
            signature.ours = ours(&signature.domain);
        }
        for path in &mut self.paths {
            path.ours = ours(&path.domain);
        }
        let signed = || self.signatures.iter().filter(|s| s.result == "pass");
        let signs = signed().find_map(|s| platforms.that_signs_as(&s.domain));
        let bounces = self.paths.iter().filter(|p| p.passes()).find_map(|p| platforms.bouncing_to(&p.domain));
        // Longer than a name may be: no platform's.
        let selectors = || signed().filter_map(|s| s.selector.as_deref()).filter(|s| s.len() <= 253);
        let marked = |p: &&Platform| selectors().any(|s| p.marks.selectors.iter().any(|m| pattern::glob(m, s)));
        self.platform = signs.or(bounces).or_else(|| platform::all().iter().find(marked));
        let sends_only = |p: &&Platform| matches!(p.kind.as_str(), "marketing" | "transactional" | "saas");
        self.direct = bounces.filter(sends_only).is_some_and(|p| self.platform == Some(p));
    }

    /// A signature of the From domain's organization that was there and did not pass.
    pub fn unverified(&self) -> Option<&Signature> {
        self.signatures.iter().find(|s| s.ours && !matches!(s.result.as_str(), "pass" | "none" | ""))
    }

    /// What SPF was asked of: MAIL FROM, else HELO.
    pub fn path(&self) -> Option<&Path> {
        self.paths.iter().find(|p| !p.helo).or(self.paths.first())
    }

    /// Does the receiver call the source a list or a forwarder?
    pub fn is_relayed(&self) -> bool {
        self.reasons.iter().any(|r| matches!(r.as_str(), "forwarded" | "mailing_list" | "trusted_forwarder"))
    }

    /// A domain of somebody else's that DKIM or SPF vouched for.
    pub fn foreign(&self) -> Option<&str> {
        let signed = self.signatures.iter().filter(|s| s.result == "pass" && !s.ours).map(|s| s.domain.as_str());
        let bounced = self.paths.iter().filter(|p| p.passes() && !p.ours).map(|p| p.domain.as_str());
        signed.chain(bounced).find(|domain| !domain.is_empty())
    }

    /// The row on one line, in the words of Authentication-Results.
    pub fn line(&self) -> String {
        let source = self.source.map_or("no address".to_owned(), |ip| ip.to_string());
        let word = |pass: Option<bool>| pass.map_or("none", |p| if p { "pass" } else { "fail" });
        let mut line = format!(
            "{source} count={} from={} dmarc: dkim={} spf={}",
            self.count,
            self.header_from,
            word(self.dkim),
            word(self.spf)
        );
        if let Some(disposition) = &self.disposition {
            line += &format!(" disposition={disposition}");
        }
        for reason in &self.reasons {
            line += &format!(" reason={reason}");
        }
        for s in self.signatures.iter().take(4) {
            let selector = s.selector.as_ref().map_or(String::new(), |s| format!(" s={s}"));
            line += &format!("; dkim={} d={}{selector}", s.result, s.domain);
        }
        for p in self.paths.iter().take(2) {
            line += &format!("; spf={} {}={}", p.result, if p.helo { "helo" } else { "mailfrom" }, p.domain);
        }
        line
    }
}

impl Path {
    /// SPF passed for MAIL FROM.
    pub fn passes(&self) -> bool {
        self.result == "pass" && !self.helo
    }

    /// Did SPF of this very domain, and not of a name below it, come to nothing for good (RFC 7208 §2.6.1, §2.6.7)?
    pub fn says_nothing(&self, domain: &str) -> bool {
        self.domain == domain && matches!(self.result.as_str(), "none" | "permerror")
    }

    /// Did a domain of ours give no verdict, whoever asked (RFC 7208 §2.6.1, §2.6.6, §2.6.7)?
    pub fn is_undecided(&self) -> bool {
        self.ours && matches!(self.result.as_str(), "none" | "temperror" | "permerror")
    }
}

/// Platforms by domain; a report names the same few again and again.
#[derive(Default)]
pub(super) struct Platforms {
    signing: HashMap<String, Option<&'static Platform>>,
    bouncing: HashMap<String, Option<&'static Platform>>,
}

impl Platforms {
    fn that_signs_as(&mut self, domain: &str) -> Option<&'static Platform> {
        remembered(&mut self.signing, domain, platform::that_signs_as)
    }

    fn bouncing_to(&mut self, domain: &str) -> Option<&'static Platform> {
        let takes = |p: &Platform, domain: &str| {
            p.marks.return_path.iter().any(|m| !m.contains('@') && pattern::host(m, domain))
        };
        remembered(&mut self.bouncing, domain, |domain| platform::all().iter().find(|p| takes(p, domain)))
    }
}

fn remembered(
    known: &mut HashMap<String, Option<&'static Platform>>,
    domain: &str,
    find: impl Fn(&str) -> Option<&'static Platform>,
) -> Option<&'static Platform> {
    if let Some(found) = known.get(domain) {
        return *found;
    }
    let found = find(domain);
    known.insert(domain.to_owned(), found);
    found
}

fn some(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_ascii_lowercase())
}

fn passed(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "pass" => Some(true),
        "" => None,
        _ => Some(false),
    }
}

/// Seconds since 1970; some write fractions, milliseconds, or a date in words, of UTC where they name no zone.
fn time(value: &str) -> Option<Timestamp> {
    /// Seconds have fewer digits until the year 5138.
    const MILLISECONDS: i64 = 100_000_000_000;
    match value.split('.').next()?.parse::<i64>() {
        Ok(seconds) if seconds < MILLISECONDS => Timestamp::from_second(seconds).ok(),
        Ok(milliseconds) => Timestamp::from_millisecond(milliseconds).ok(),
        Err(_) => {
            let civil = || value.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
            value.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "<feedback><version>1.0</version><report_metadata><org_name>Receiver</org_name><email>a@example.net</email><report_id>7</report_id>\
        <date_range><begin>1718236800</begin><end>1718323199.5</end></date_range><error>late</error></report_metadata>\
        <policy_published><domain>Example.COM.</domain><adkim>r</adkim><p>None</p><sp></sp><testing>n</testing><discovery_method>treewalk</discovery_method></policy_published>\
        <record><row><source_ip>2001:db8::7</source_ip><count>3</count><policy_evaluated><disposition>none</disposition><dkim>PASS</dkim><spf>fail</spf>\
        <reason><type>mailing_list</type><comment>x</comment></reason></policy_evaluated></row>\
        <identifiers><envelope_from>list.example.net</envelope_from><header_from>news.example.com</header_from></identifiers>\
        <auth_results><dkim><domain>example.com</domain><selector>s1</selector><result>pass</result></dkim><dkim><domain>example.net</domain><result>fail</result></dkim>\
        <spf><domain>list.example.net</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record>\
        <record><row><source_ip>nonsense</source_ip><count>1</count><policy_evaluated/></row></record></feedback>";

    #[test]
    fn every_field_is_read_and_what_is_absent_stays_out() {
        let report = read(REPORT.as_bytes()).unwrap();
        assert_eq!((report.reporter(), report.id.as_str(), report.errors.len()), ("Receiver", "7", 1));
        assert_eq!(report.end.unwrap().as_second(), 1_718_323_199);
        assert_eq!(
            (report.policy.domain.as_str(), report.policy.p.as_deref(), report.policy.sp.as_deref()),
            ("example.com", Some("none"), None)
        );
        assert_eq!((report.messages(), report.passing()), (4, 3));
        let row = &report.rows[0];
        assert_eq!((row.number, row.dkim, row.spf), (1, Some(true), Some(false)));
        assert_eq!(
            (row.signatures[0].ours, row.signatures[1].ours, row.foreign()),
            (true, false, Some("list.example.net"))
        );
        assert_eq!(
            row.line(),
            "2001:db8::7 count=3 from=news.example.com dmarc: dkim=pass spf=fail disposition=none reason=mailing_list; dkim=pass d=example.com s=s1; dkim=fail d=example.net; spf=pass mailfrom=list.example.net"
        );
        let row = &report.rows[1];
        assert_eq!((row.source, row.count, row.dkim, row.spf), (None, 1, None, None));
    }

    fn read(text: &[u8]) -> Result<Aggregate, Refusal> {
        super::read(text, &mut 0)
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let told = |text| time(text).map(|t| t.to_string());
        for text in ["1796000000", "1796000000.5", "1796000000000", "2026-11-30T00:53:20Z", "2026-11-30 00:53:20"] {
            assert_eq!(told(text).as_deref(), Some("2026-11-30T00:53:20Z"), "{text}");
        }
        assert_eq!((told(""), told("yesterday"), told("99999999999999999999")), (None, None, None));
    }

    #[test]
    fn rows_before_a_cut_are_kept() {
        let cut = |at: &str| read(&REPORT.as_bytes()[..REPORT.find(at).unwrap()]);
        let report = cut("<count>1</count>").unwrap();
        assert_eq!((report.rows.len(), report.unread, report.cut), (1, 1, true));
        assert!(matches!(cut("<auth_results>"), Err(Refusal::Xml { .. })), "no row is whole");
        assert!(!read(REPORT.as_bytes()).unwrap().cut);
    }

    #[test]
    fn a_row_that_does_not_say_how_many_is_not_read() {
        for count in ["<count>abc</count>", "<count>-5</count>", "<count>1,000</count>", "<count></count>", ""] {
            let report = read(REPORT.replace("<count>1</count>", count).as_bytes()).unwrap();
            assert_eq!((report.messages(), report.rows.len(), report.unread), (3, 1, 1), "{count}");
        }
    }

    #[test]
    fn a_policy_is_the_subdomains_where_it_has_one() {
        let mut report = read(REPORT.as_bytes()).unwrap();
        assert_eq!((report.asked(&report.rows[0]), report.asked(&report.rows[1])), (Some("none"), Some("none")));
        (report.policy.p, report.policy.sp) = (Some("reject".into()), Some("none".into()));
        assert_eq!((report.asked(&report.rows[0]), report.asked(&report.rows[1])), (Some("none"), Some("reject")));
    }

    #[test]
    fn strict_alignment_turns_other_names_down() {
        let mut report = read(REPORT.as_bytes()).unwrap();
        report.rows[0].dkim = Some(false);
        assert!(report.turned_down(&report.rows[0]).is_empty(), "relaxed");
        report.policy.adkim = Some("s".into());
        assert_eq!(report.turned_down(&report.rows[0]), [("adkim=s", "example.com")], "From is news.example.com");
        report.rows[0].header_from = "example.com".into();
        assert!(report.turned_down(&report.rows[0]).is_empty(), "the very same name");
    }

    #[test]
    fn a_report_about_nothing_is_refused() {
        assert!(matches!(read(b"<feedback></feedback>"), Err(Refusal::Missing(_))));
    }

    #[test]
    fn rows_and_results_without_end_are_counted_not_kept() {
        let results = "<dkim><domain>a.example</domain><result>pass</result></dkim>".repeat(1000);
        let many = "<record><row><count>1</count></row></record>".repeat(ROWS);
        let text = format!(
            "<feedback><policy_published><domain>example.com</domain></policy_published><record><row><count>1</count></row><auth_results>{results}</auth_results></record>{many}</feedback>"
        );
        let report = read(text.as_bytes()).unwrap();
        assert_eq!((report.rows.len(), report.unread, report.rows[0].signatures.len()), (ROWS, 1, RESULTS));
    }
}
