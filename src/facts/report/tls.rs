//! A TLS report (RFC 8460 §4): how sending over TLS to the domain's mail hosts went.

use super::{Refusal, domain};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, IntoDeserializer, SeqAccess, Visitor};
use std::marker::PhantomData;

/// Policies, and failures of each, that are kept; further ones are counted.
const KEPT: usize = 400;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct TlsReport {
    #[serde(rename = "organization-name")]
    pub org: Option<String>,
    pub contact_info: Option<String>,
    #[serde(rename = "report-id")]
    pub id: Option<String>,
    pub date_range: Range,
    pub policies: Bounded<Outcome>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Range {
    #[serde(rename = "start-datetime")]
    pub start: Option<String>,
    #[serde(rename = "end-datetime")]
    pub end: Option<String>,
}

/// One policy and how sessions under it went.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Outcome {
    pub policy: Policy,
    pub summary: Summary,
    pub failure_details: Bounded<Failure>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Policy {
    /// `sts`, `tlsa`, `no-policy-found`
    #[serde(rename = "policy-type")]
    pub kind: Option<String>,
    #[serde(rename = "policy-string")]
    pub lines: Bounded<String>,
    #[serde(rename = "policy-domain")]
    pub domain: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Summary {
    #[serde(rename = "total-successful-session-count", deserialize_with = "counted")]
    pub successful: u64,
    #[serde(rename = "total-failure-session-count", deserialize_with = "counted")]
    pub failed: u64,
}

/// Sessions that failed in one way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Failure {
    /// RFC 8460 §4.3
    #[serde(deserialize_with = "filled")]
    pub result_type: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub sending_mta_ip: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub receiving_mx_hostname: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub receiving_ip: Option<String>,
    #[serde(rename = "failed-session-count", deserialize_with = "counted")]
    pub count: u64,
    #[serde(deserialize_with = "filled")]
    pub additional_information: Option<String>,
    #[serde(deserialize_with = "filled")]
    pub failure_reason_code: Option<String>,
}

/// Some write what they do not know as an empty text.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty()))
}

/// A number; some write it as a text.
fn counted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(u64),
        Text(String),
    }
    match Count::deserialize(deserializer)? {
        Count::Number(n) => Ok(n),
        Count::Text(text) => text.trim().parse().map_err(D::Error::custom),
    }
}

/// A list of which only the beginning is kept.
#[derive(Clone, Debug)]
pub struct Bounded<T> {
    pub items: Vec<T>,
    pub unread: usize,
}

impl<T> Default for Bounded<T> {
    fn default() -> Bounded<T> {
        Bounded { items: Vec::new(), unread: 0 }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(List(PhantomData))
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Bounded<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Bounded<T>, E> {
        Ok(Bounded::default())
    }

    /// Some write a list of one as what is in it.
    fn visit_str<E: Error>(self, text: &str) -> Result<Bounded<T>, E> {
        Ok(Bounded { items: vec![T::deserialize(text.into_deserializer())?], unread: 0 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bounded<T>, A::Error> {
        let mut list = Bounded::default();
        while list.items.len() < KEPT {
            match seq.next_element()? {
                Some(item) => list.items.push(item),
                None => return Ok(list),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            list.unread += 1;
        }
        Ok(list)
    }
}

/// Reads the JSON of a report.
pub(super) fn read(text: &[u8]) -> Result<TlsReport, Refusal> {
    let mut report: TlsReport = serde_json::from_slice(text).map_err(|e| Refusal::Json(e.to_string()))?;
    if report.policies.items.is_empty() {
        return Err(Refusal::Missing("policy (policies)"));
    }
    for policy in report.policies.items.iter_mut().map(|o| &mut o.policy) {
        policy.domain = policy.domain.take().map(|d| domain(&d));
        policy.kind = policy.kind.take().map(|k| k.to_ascii_lowercase());
        // A policy that is one text has its lines in it (RFC 8461 §3.2).
        if let [whole] = &policy.lines.items[..] {
            policy.lines.items = whole.lines().take(KEPT).map(str::to_owned).collect();
        }
    }
    Ok(report)
}

impl TlsReport {
    pub fn reporter(&self) -> &str {
        self.org.as_deref().or(self.contact_info.as_deref()).unwrap_or("a sender that does not name itself")
    }

    /// The domain it is about: that of the first policy.
    pub fn domain(&self) -> &str {
        self.policies.items.iter().find_map(|o| o.policy.domain.as_deref()).unwrap_or("?")
    }

    pub fn successful(&self) -> u64 {
        self.policies.items.iter().fold(0, |sum, o| sum.saturating_add(o.summary.successful))
    }

    pub fn failed(&self) -> u64 {
        self.policies.items.iter().fold(0, |sum, o| sum.saturating_add(o.failed()))
    }
}

impl Failure {
    /// The policy itself was not to be had: the sender goes by an older one, or delivers as if there were none
    /// (RFC 8461 §3.3).
    pub fn is_of_the_policy(&self) -> bool {
        let kind = self.result_type.as_deref();
        matches!(kind, Some("sts-policy-fetch-error" | "sts-policy-invalid" | "sts-webpki-invalid"))
    }
}

impl Outcome {
    /// Does the policy name this mail host (RFC 8461 §4.1)? `None` where the report does not tell.
    pub fn names(&self, host: &str) -> Option<bool> {
        let lines = self.policy.lines.items.iter().filter_map(|l| l.split_once(':'));
        let named = lines.filter(|(key, _)| key.trim() == "mx").map(|(_, name)| domain(name));
        let named: Vec<String> = named.filter(|_| self.policy.kind.as_deref() == Some("sts")).collect();
        let host = domain(host);
        let below = |suffix: &str| host.split_once('.').is_some_and(|(_, rest)| rest == suffix);
        let fits = |name: &String| *name == host || name.strip_prefix("*.").is_some_and(below);
        (!named.is_empty()).then(|| named.iter().any(fits))
    }

    /// The usages of the TLSA records that the sender went by, each line `3 1 1 …` (RFC 8460 §4.2); `None` where it went by
    /// none.
    pub fn usages(&self) -> Option<impl Iterator<Item = u8>> {
        let data = |line: &str| {
            line.rsplit_once("TLSA").map_or(line, |(_, data)| data).split_whitespace().next()?.parse().ok()
        };
        let dane = self.policy.kind.as_deref() == Some("tlsa");
        dane.then(|| self.policy.lines.items.iter().filter_map(move |line| data(line)))
    }

    /// Does anything of it keep mail out?
    pub fn keeps_out(&self) -> bool {
        let details = &self.failure_details.items;
        self.enforced() == Some(true) && (details.is_empty() || details.iter().any(|f| !f.is_of_the_policy()))
    }

    /// Some sum up less than they list, or nothing at all.
    pub fn failed(&self) -> u64 {
        let listed = self.failure_details.items.iter().fold(0_u64, |sum, f| sum.saturating_add(f.count));
        self.summary.failed.max(listed)
    }

    /// Does a failure keep mail from being delivered? `None` where the report does not tell.
    pub fn enforced(&self) -> Option<bool> {
        let mode = self.policy.lines.items.iter().find_map(|l| l.split_once(':').filter(|(k, _)| k.trim() == "mode"));
        match (self.policy.kind.as_deref(), mode) {
            // RFC 7672 §2.2: where usable TLSA records stand, TLS is mandatory.
            (Some("tlsa"), _) => Some(true),
            (Some("sts"), Some((_, mode))) => Some(mode.trim() == "enforce"),
            (Some("no-policy-found"), _) => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{"organization-name":"Company-X","date-range":{"start-datetime":"2016-04-01T00:00:00Z"},"report-id":"5",
        "policies":[{"policy":{"policy-type":"STS","policy-string":["version: STSv1","mode: enforce"],"policy-domain":"Example.com","mx-host":["a"]},
        "summary":{"total-successful-session-count":10,"total-failure-session-count":1},
        "failure-details":[{"result-type":"certificate-expired","receiving-mx-hostname":"mx.example.com","failed-session-count":2}]}]}"#;

    #[test]
    fn what_is_empty_is_not_told() {
        let text = br#"{"policies":[{"failure-details":[{"result-type":"sts-policy-fetch-error","sending-mta-ip":"",
            "receiving-mx-hostname":" ","failed-session-count":1,"failure-reason-code":null}]}]}"#;
        let report = read(text).unwrap();
        let failure = &report.policies.items[0].failure_details.items[0];
        assert_eq!(failure.result_type.as_deref(), Some("sts-policy-fetch-error"));
        let rest = [&failure.sending_mta_ip, &failure.receiving_mx_hostname, &failure.failure_reason_code];
        assert!(rest.iter().all(|text| text.is_none()), "{failure:?}");
    }

    #[test]
    fn a_report_is_read() {
        let report = read(REPORT.as_bytes()).unwrap();
        assert_eq!(
            (report.reporter(), report.domain(), report.successful(), report.failed()),
            ("Company-X", "example.com", 10, 2)
        );
        assert_eq!(report.policies.items[0].enforced(), Some(true));
        let testing = REPORT.replace("enforce", "testing");
        assert_eq!(read(testing.as_bytes()).unwrap().policies.items[0].enforced(), Some(false));
    }

    #[test]
    fn counts_and_policies_written_as_texts() {
        let text = REPORT.replace("count\":10", "count\":\"10\"").replace("count\":2", "count\":\"2\"");
        let report = read(text.as_bytes()).unwrap();
        assert_eq!((report.successful(), report.failed()), (10, 2));
        let text = REPORT.replace("[\"version: STSv1\",\"mode: enforce\"]", "\"version: STSv1\\r\\nmode: enforce\"");
        assert_eq!(read(text.as_bytes()).unwrap().policies.items[0].enforced(), Some(true));
        assert!(matches!(read(REPORT.replace("count\":10", "count\":\"-1\"").as_bytes()), Err(Refusal::Json(_))));
    }

    #[test]
    fn a_policy_names_hosts_one_label_deep() {
        let lines = r#""mode: enforce","mx: mail.example.com","mx: *.example.net""#;
        let report = read(REPORT.replace(r#""mode: enforce""#, lines).as_bytes()).unwrap();
        let names = |host| report.policies.items[0].names(host);
        assert_eq!((names("Mail.example.com."), names("a.example.net")), (Some(true), Some(true)));
        assert_eq!(
            (names("mx9.example.com"), names("a.b.example.net"), names("example.net")),
            (Some(false), Some(false), Some(false))
        );
        assert_eq!(read(REPORT.as_bytes()).unwrap().policies.items[0].names("a"), None);
    }

    #[test]
    fn usages_are_those_of_dane() {
        let of = |kind: &str| {
            let lines = r#""3 1 1 ab","_25._tcp.mx.example.com. IN TLSA 2 0 1 cd","odd""#;
            let text = REPORT.replace(r#""mode: enforce""#, lines).replace("STS\"", &format!("{kind}\""));
            read(text.as_bytes()).unwrap().policies.items[0].usages().map(Iterator::collect::<Vec<u8>>)
        };
        assert_eq!((of("tlsa"), of("sts")), (Some(vec![3, 2]), None));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert!(matches!(read(b"{\"policies\":[]}"), Err(Refusal::Missing(_))));
        assert!(matches!(
            read(b"{\"policies\":[{\"summary\":{\"total-failure-session-count\":\"x\"}}]}"),
            Err(Refusal::Json(_))
        ));
        assert!(matches!(read("[".repeat(100_000).as_bytes()), Err(Refusal::Json(_))));
    }

    #[test]
    fn lists_without_end_are_counted_not_kept() {
        let many = format!("{{\"policies\":[{{\"failure-details\":[{}{{}}]}}]}}", "{},".repeat(KEPT));
        let details = &read(many.as_bytes()).unwrap().policies.items[0].failure_details;
        assert_eq!((details.items.len(), details.unread), (KEPT, 1));
    }
}
