//! Records row by row: those of old guides with the verdict that is known of each, and other projects' tests.
#![allow(clippy::unwrap_used, reason = "tests")]

use postdoc::diagnose::{Diagnosis, diagnose};
use postdoc::evidence::said::Wish;
use postdoc::evidence::zone::Zone;
use postdoc::evidence::{Evidence, Input, InputKind, Said};
use postdoc::facts::Reading;
use postdoc::facts::domain::sts_policy;
use postdoc::rules::Severity;
use postdoc::samples::settle;
use std::sync::Arc;

/// What a domain has where a row says nothing of it.
const BASE: &str = r#"
example.com SOA ns1.dns.example hostmaster.example.com 1 3600 600 86400 60
example.com NS ns1.dns.example
example.com NS ns2.dns.example
ns1.dns.example A 192.0.2.53
ns2.dns.example A 198.51.100.53
example.com MX 10 mail.example.com
mail.example.com A 192.0.2.4
4.2.0.192.in-addr.arpa PTR mail.example.com
example.com TXT "v=spf1 ip4:192.0.2.4 ~all"
_dmarc.example.com TXT "v=DMARC1; p=none; rua=mailto:dmarc@example.com"
"#;

/// `lines` in the place of what [`BASE`] has at the same name and type.
fn zone(lines: &[&str]) -> Zone {
    let key = |line: &str| line.split(' ').take(2).map(str::to_owned).collect::<Vec<_>>();
    let taken: Vec<_> = lines.iter().map(|l| key(l)).collect();
    let rest = BASE.lines().filter(|l| !taken.contains(&key(l)));
    Zone::parse(&rest.chain(lines.iter().copied()).collect::<Vec<_>>().join("\n")).unwrap()
}

fn check(domain: &str, lines: &[&str]) -> Diagnosis {
    let input = Input::read("-", domain.as_bytes(), Some(InputKind::Domain)).unwrap();
    let wish = Wish { selectors: vec!["s1".into()], ips: vec!["192.0.2.4".parse().unwrap()], ..Wish::default() };
    let wish = if lines.iter().any(|l| l.contains("_domainkey")) { wish } else { Wish { selectors: vec![], ..wish } };
    let wish = Wish { blocklists: lines.iter().any(|l| l.contains("spamhaus")), ..wish };
    let said = Said { check: wish, ..Said::default() };
    let evidence = Evidence::new(input, said, "2026-06-10T12:00:00Z".parse().unwrap(), false);
    judge(settle(evidence, &zone(lines)))
}

fn judge(evidence: Evidence) -> Diagnosis {
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    diagnose(Arc::new(evidence), reading)
}

#[test]
fn records_of_old_guides_get_the_verdict_that_is_known() {
    let mut rows = 0;
    for row in include_str!("guides.txt").split("\n== ").skip(1) {
        let (title, lines) = row.split_once('\n').unwrap();
        let lines: Vec<&str> = lines.lines().filter(|l| !l.is_empty()).collect();
        let (verdicts, records): (Vec<&str>, Vec<&str>) = lines.iter().partition(|l| l.starts_with(['>', '!', '@']));
        let domain = verdicts.iter().find_map(|v| v.strip_prefix("@ ")).unwrap_or("example.com");
        let d = check(domain, &records);
        let found: Vec<&str> = d.every_finding().map(|f| f.rule.id).collect();
        for verdict in verdicts {
            match verdict.split_at(2) {
                ("> ", "fine") => {
                    let bad = d.every_finding().find(|f| f.severity > Severity::Low);
                    assert!(bad.is_none(), "{title}: {}", bad.unwrap().title);
                }
                ("> ", rule) => assert!(found.contains(&rule), "{title}: {rule} is not in {found:?}"),
                ("! ", rule) => assert!(!found.contains(&rule), "{title}: {rule} is in {found:?}"),
                _ => {}
            }
        }
        rows += 1;
    }
    assert!(rows >= 40, "{rows}");
}

/// Lines as guides print them, pasted alone, and the rule that must speak; none, where nothing is wrong.
const PASTED: &[(&str, &str)] = &[
    ("example.com. MX mta-1.example.com.", "mx-missing-or-invalid"),
    ("example.com.  MX  10  mail.example.com.", ""),
    ("v=spf1 ip4:192.0.2.4 -all", ""),
    ("spf2.0/pra include:spf.akmta.net ip4:192.0.2.4 -all", "obsolete-auth-records"),
    ("example.com SPF \"spf2.0/pra include:spf.akmta.net -all\"", "obsolete-auth-records"),
    ("o=-;", "obsolete-auth-records"),
    ("_domainkey TXT o=-;", "obsolete-auth-records"),
    ("_policy._domainkey\tTXT\to=-;", "obsolete-auth-records"),
    ("_domainkey.example.com. TXT \"o=~\"", "obsolete-auth-records"),
    ("_dmarc TXT v=DMARC1; p=none; rua=mailto:dmarc@example.com; sp=none", "dmarc-policy-none"),
    ("v=DMARC1; p=reject; sp=reject; mailto:report@example.com", "dmarc-record-malformed"),
    ("v=DMARC1; p=quarantine; pct=20; rua=mailto:dmarc@example.com", "dmarc-removed-tags"),
    ("v=DKIM1; k=rsa; p=", "dkim-key-revoked"),
    ("v=spf1 a mx ip: -all", "spf-syntax-error"),
    ("v=spf1 +all", "spf-too-permissive"),
    ("v=spf1 ptr -all", "spf-ptr-mechanism"),
    ("v=spf1 -all", ""),
    ("v=spf1 ip6:1080::8:800:200C:417A/96 -all", ""),
    ("v=spf1 redirect=a.example redirect=b.example", "spf-syntax-error"),
    ("default._bimi.example.com TXT v=BIMI1; l=https://example.com/bimi/bimi.svg", "bimi-not-eligible"),
    ("_smtp._tls.example.com TXT \"v=TLSRPTv1; rua=mailto:admin@example.com\"", ""),
    ("v=TLSRPTv1; rua=admin@example.com", "mta-sts-or-dane-broken"),
    ("_mta-sts.example.com TXT \"v=STSv1; id=20250101\"", ""),
    ("trk.example.com CNAME trk.aksend.net", ""),
    ("ac-bounces.example.com IN CNAME akmta.net", ""),
    ("example.com CAA 0 issue \"letsencrypt.org\"", ""),
    ("4.2.0.192.in-addr.arpa. PTR mail.example.com.", ""),
];

#[test]
fn lines_of_old_guides_are_judged_when_they_are_pasted() {
    for (line, rule) in PASTED {
        let input = Input::read("-", line.as_bytes(), None).unwrap();
        assert_eq!(input.kind, InputKind::Record, "{line}");
        let d = judge(Evidence::new(input, Said::default(), "2026-06-10T12:00:00Z".parse().unwrap(), true));
        let found: Vec<&str> = d.every_finding().map(|f| f.rule.id).collect();
        match *rule {
            "" => assert!(found.is_empty(), "{line}: {found:?}"),
            rule => assert!(found.contains(&rule), "{line}: {rule} is not in {found:?}"),
        }
    }
}

#[test]
fn eleven_includes_over_two_levels_are_shown_as_a_tree() {
    let mut lines = vec!["example.com TXT \"v=spf1 include:a.test include:b.test ip4:192.0.2.4 ~all\"".to_owned()];
    for (level, count) in [("a", 5), ("b", 4)] {
        let includes: Vec<String> = (1..=count).map(|n| format!("include:{level}{n}.test")).collect();
        lines.push(format!("{level}.test TXT \"v=spf1 {} -all\"", includes.join(" ")));
        lines.extend((1..=count).map(|n| format!("{level}{n}.test TXT \"v=spf1 ip4:203.0.113.{n} -all\"")));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let d = check("example.com", &lines);
    assert!(d.every_finding().any(|f| f.rule.id == "spf-too-many-lookups"));
    let survey = d.facts.spf_survey.as_ref().unwrap();
    assert_eq!(survey.lookups, 11);
    let costs: Vec<u32> = survey.tree.terms.iter().map(|b| b.total).collect();
    assert_eq!(costs[..2], [6, 11]);
    assert_eq!(survey.tree.terms[1].below.as_ref().unwrap().terms.len(), 5);
}

/// Rows that we judge otherwise, by the start of their source.
const OTHERWISE: [(&str, &str); 2] = [
    // Unknown tags are passed over, however they are written; so is an empty piece at the end.
    ("mox/mtasts/parse_test.go:4", "an unknown tag"),
    ("mox/tlsrpt/parse_test.go:4", "an unknown tag, an empty piece"),
];
/// A blank at the end of a line of a policy: mentioned, and harmless.
const MENTIONED: &str = "mox/mtasts/parse_test.go:88";

/// What is no SPF, DKIM or DMARC; the readers of those have their own tests.
#[test]
fn records_of_other_projects_get_their_verdict() {
    let Some(corpus) = std::env::var_os("POSTDOC_CORPUS") else { return };
    let rows = std::fs::read_to_string(std::path::Path::new(&corpus).join("strings/dns-records.jsonl")).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for row in rows.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()) {
        let record = row["record"].as_str().unwrap();
        let sound = match row["kind"].as_str().unwrap() {
            "mtasts" => sound("_mta-sts", record, |d| d.domain.mta_sts.as_ref().map(|s| &s.record)),
            "tlsrpt" => sound("_smtp._tls", record, |d| d.domain.tls_rpt.as_ref()),
            "bimi" => sound("default._bimi", record, |d| d.domain.bimi.first()),
            "mtasts-policy" => sts_policy::read(record, Some("text/plain")).flaws.is_empty(),
            _ => continue,
        };
        seen += 1;
        let source = row["source"].as_str().unwrap_or_default();
        let lenient = OTHERWISE.iter().any(|(start, _)| source.starts_with(start) && record.contains("; "));
        if (sound && lenient) || (!sound && source == MENTIONED) {
            continue;
        }
        if row["expect"].as_str().is_some_and(|expect| sound != (expect == "valid")) {
            wrong.push(format!("{record:?}: sound {sound}, {}", row["source"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 30, "{seen}");
}

/// Has a record at this label no flaw?
fn sound(
    label: &str,
    record: &str,
    at: impl Fn(&postdoc::facts::Facts) -> Option<&postdoc::facts::domain::tagged::Published>,
) -> bool {
    let line = format!("{label}.example.com TXT \"{}\"", record.replace('\\', "\\\\").replace('"', "\\\""));
    let d = check("example.com", &[&line]);
    at(&d.facts).and_then(|p| p.record()).is_some_and(|r| r.flaws.is_empty())
}
