//! DMARC policy records (RFC 9989 §4.7).

use super::{lint, uri};
use crate::facts::tags::{Tag, TagList};
use crate::span::Span;

/// What the domain owner asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    None,
    Quarantine,
    Reject,
}

impl Policy {
    pub fn word(self) -> &'static str {
        match self {
            Policy::None => "none",
            Policy::Quarantine => "quarantine",
            Policy::Reject => "reject",
        }
    }

    /// The policy word, whatever its case (RFC 9989 §4.8).
    pub fn read(word: &str) -> Option<Policy> {
        [Policy::None, Policy::Quarantine, Policy::Reject].into_iter().find(|p| word.eq_ignore_ascii_case(p.word()))
    }

    /// One level lower: what `t=y` asks for (RFC 9989 §4.7).
    pub fn lower(self) -> Policy {
        match self {
            Policy::Reject => Policy::Quarantine,
            Policy::Quarantine | Policy::None => Policy::None,
        }
    }
}

/// One record that begins `v=DMARC1`, or means to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DmarcRecord {
    /// Index among the answer's TXT records, or among the pasted entries.
    pub index: usize,
    pub text: String,
    pub tags: TagList,
    /// Explicit tags only; a missing `p` means none (RFC 9989 §4.7).
    pub p: Option<Policy>,
    pub sp: Option<Policy>,
    pub np: Option<Policy>,
    /// `y`, `n` or `u`.
    pub psd: Option<char>,
    /// `t=y`
    pub testing: bool,
    pub adkim_strict: bool,
    pub aspf_strict: bool,
    /// URIs as written.
    pub rua: Vec<String>,
    pub ruf: Vec<String>,
    pub problems: Vec<RecordProblem>,
}

impl DmarcRecord {
    /// Begins with exactly `v=DMARC1`: receivers take it for a DMARC record (RFC 9989 §4.10).
    pub fn counts(&self) -> bool {
        !self.problems.iter().any(|p| matches!(p, RecordProblem::Version(_)))
    }

    /// The first tag called `name`.
    pub fn tag(&self, name: &str) -> Option<Tag> {
        self.tags.get(self.text.as_bytes(), name)
    }

    /// The characters under a span of [`DmarcRecord::text`].
    pub fn under(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// Report addresses of `rua` that a report can be sent to.
    pub fn reports_to(&self) -> impl Iterator<Item = &str> {
        self.rua.iter().map(String::as_str).filter(|u| uri::is_valid(u))
    }

    /// Has a valid `p` and no invalid `sp` or `np`. Any other record is read as `p=none` where
    /// it names a report address and is not applied at all where it does not (RFC 9989 §4.10.1).
    pub fn has_usable_policy(&self) -> bool {
        let bad = |name, policy: Option<Policy>| policy.is_none() && self.tag(name).is_some();
        self.p.is_some() && !bad("sp", self.sp) && !bad("np", self.np)
    }

    /// The policy for the record's own domain, before `t=y`; `None` where it is not applied.
    pub fn own_policy(&self) -> Option<Policy> {
        match self.has_usable_policy() {
            true => self.p,
            false => self.reports_to().next().map(|_| Policy::None),
        }
    }
}

/// What a linter sees; spans are in [`DmarcRecord::text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordProblem {
    /// `v=DMARC1` is not first, or not exact: the record is no DMARC record.
    Version(Span),
    /// Blanks before `v=DMARC1`, which some receivers do not skip.
    LeadingBlank(Span),
    /// No `p` at all (RFC 9989 §4.7, §4.10.1); the span is the version tag.
    NoPolicy(Span),
    /// A piece without `=`; a bare `mailto:` suggests `rua=`.
    NotATag {
        span: Span,
        suggestion: Option<String>,
    },
    BadPolicy {
        tag: &'static str,
        span: Span,
    },
    /// An address without `mailto:`, or with blanks or semicolons inside.
    BadUri {
        tag: &'static str,
        span: Span,
        suggestion: Option<String>,
    },
    BadValue {
        tag: String,
        span: Span,
    },
    DuplicateTag(Span),
    UnknownTag(Span),
    /// Commas where semicolons belong, or the other way round.
    Separator(Span),
    /// Quotes, backslashes or typographic quotes inside the value.
    Quotes(Span),
    /// No-break blanks, zero-width and other characters outside printable ASCII.
    Foreign(Span),
    /// `p` stands further back than right behind the version, where RFC 7489 §6.4 wants it.
    PolicyLate(Span),
    /// `pct`, `rf`, `ri`: gone since RFC 9989 (Appendix A.6).
    Removed(Span),
}

impl RecordProblem {
    pub fn span(&self) -> Span {
        match self {
            RecordProblem::Version(span)
            | RecordProblem::LeadingBlank(span)
            | RecordProblem::NoPolicy(span)
            | RecordProblem::NotATag { span, .. }
            | RecordProblem::BadPolicy { span, .. }
            | RecordProblem::BadUri { span, .. }
            | RecordProblem::BadValue { span, .. }
            | RecordProblem::DuplicateTag(span)
            | RecordProblem::UnknownTag(span)
            | RecordProblem::Separator(span)
            | RecordProblem::Quotes(span)
            | RecordProblem::Foreign(span)
            | RecordProblem::PolicyLate(span)
            | RecordProblem::Removed(span) => *span,
        }
    }
}

/// Reads one TXT record; `None` where it is nothing like DMARC.
pub fn read(text: &str, index: usize) -> Option<DmarcRecord> {
    means_dmarc(text).then(|| lint::lint(text, index))
}

/// Begins like a DMARC record in spite of case, blanks and quotes, has its version further on,
/// or has a policy and no version.
fn means_dmarc(text: &str) -> bool {
    let head: String = text
        .chars()
        .filter(|&c| !c.is_whitespace() && !lint::is_quote(c) && !lint::is_invisible(c) && c != '\'')
        .take(8)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if ["v=dmarc", "v:dmarc", "vdmarc", "dmarc1"].iter().any(|start| head.starts_with(start)) {
        return true;
    }
    let bytes = text.as_bytes();
    let list = TagList::split(bytes, Span::new(0, bytes.len()));
    let value = |tag: Tag| text.get(tag.value.range()).unwrap_or_default();
    match list.get(bytes, "v") {
        Some(version) => value(version).eq_ignore_ascii_case("DMARC1"),
        None => list.get(bytes, "p").is_some_and(|p| Policy::read(value(p)).is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(text: &str) -> DmarcRecord {
        read(text, 0).unwrap()
    }

    /// Each problem as a word with the text under it.
    fn problems(text: &str) -> Vec<String> {
        let record = record(text);
        let word = |p: &RecordProblem| {
            let debug = format!("{p:?}");
            debug.split([' ', '(']).next().unwrap_or_default().to_owned()
        };
        record.problems.iter().map(|p| format!("{} {}", word(p), record.under(p.span()))).collect()
    }

    #[test]
    fn a_full_record() {
        let r = record(
            "v=DMARC1; p=reject; sp=Quarantine; np=reject; adkim=s; aspf=r; t=y; psd=n; fo=1:d; \
             rua=mailto:a@example.com , mailto:b@example.net!10m; ruf=mailto:c@example.com;",
        );
        assert_eq!((r.p, r.sp, r.np), (Some(Policy::Reject), Some(Policy::Quarantine), Some(Policy::Reject)));
        assert!(r.adkim_strict && !r.aspf_strict && r.testing);
        assert_eq!(r.psd, Some('n'));
        assert_eq!(r.rua, ["mailto:a@example.com", "mailto:b@example.net!10m"]);
        assert_eq!(r.ruf, ["mailto:c@example.com"]);
        assert_eq!(r.problems, []);
        assert!(r.counts() && r.has_usable_policy());
    }

    #[test]
    fn what_is_nothing_like_dmarc() {
        for text in [
            "",
            "v=spf1 -all",
            "v=DKIM1; k=rsa; p=MIIBIjAN",
            "k=rsa; p=MIIBIjAN",
            "p=",
            "google-site-verification=abc",
            "v=BIMI1; l=https://example.com/a.svg",
            "spf2.0/pra -all",
        ] {
            assert_eq!(read(text, 0), None, "{text}");
        }
    }

    #[test]
    fn a_version_that_does_not_count() {
        for text in [
            "v=dmarc1; p=none",
            "v=DMARC1 p=none",
            "v=DMARC1, p=none",
            "v=DMARC2; p=none",
            "v=DMARC; p=none",
            "p=none; v=DMARC1",
            "p=none; rua=mailto:a@example.com",
            "DMARC1; p=none",
            "\"v=DMARC1; p=none\"",
            "“v=DMARC1; p=none”",
            "v=DMARC1\\; p=none",
            "\u{feff}v=DMARC1; p=none",
            "v:DMARC1; p=none",
        ] {
            assert!(!record(text).counts(), "{text}");
        }
        for text in ["v=DMARC1", "v=DMARC1;", "V = DMARC1 ; p=none", " v=DMARC1; p=none"] {
            assert!(record(text).counts(), "{text}");
        }
    }

    #[test]
    fn the_bare_mailto() {
        let r = record("v=DMARC1; p=reject; sp=reject; mailto:report@example.com");
        let [RecordProblem::NotATag { span, suggestion }] = &r.problems[..] else { panic!("{:?}", r.problems) };
        assert_eq!(r.under(*span), "mailto:report@example.com");
        assert_eq!(suggestion.as_deref(), Some("rua=mailto:report@example.com"));
        assert!(r.counts() && r.has_usable_policy() && r.rua.is_empty());
    }

    #[test]
    fn each_fault_with_its_place() {
        let cases: &[(&str, &[&str])] = &[
            ("v=DMARC1 p=none", &["Version v=DMARC1 p=none", "Separator  p=none"]),
            ("v=DMARC1, p=none", &["Version v=DMARC1, p=none", "Separator , p=none"]),
            (" v=DMARC1; p=none", &["LeadingBlank  "]),
            ("v=DMARC1; rua=mailto:a@example.com", &["NoPolicy v=DMARC1"]),
            // The p= inside sp= is no p.
            ("v=DMARC1; sp=none", &["NoPolicy v=DMARC1"]),
            ("v=DMARC1; p=monitor", &["BadPolicy p=monitor"]),
            ("v=DMARC1; p=", &["BadPolicy p="]),
            ("v=DMARC1; p=none; sp=nonep=none", &["BadPolicy sp=nonep=none"]),
            ("v=DMARC1; p=none sp=none", &["BadPolicy p=none sp=none", "Separator  sp=none"]),
            ("v=DMARC1; p reject", &["NotATag p reject"]),
            ("v=DMARC1; p=none; report@example.com", &["NotATag report@example.com"]),
            ("v=DMARC1; p=none; nonsense", &["NotATag nonsense"]),
            ("v=DMARC1; p=none; mailto:a@example.com?subject=x", &["NotATag mailto:a@example.com?subject=x"]),
            ("v=DMARC1; p=none; rua=a@example.com", &["BadUri a@example.com"]),
            ("v=DMARC1; p=none; rua=", &["BadUri rua="]),
            ("v=DMARC1; p=none; rua=mailto:a@example.com,", &["Separator "]),
            ("v=DMARC1; p=none; rua=mailto:a@example.com; mailto:b@example.com", &["Separator mailto:b@example.com"]),
            (
                "v=DMARC1; p=none; rua=mailto:a@example.com, ruf=mailto:b@example.com",
                &["BadUri ruf=mailto:b@example.com", "Separator , ruf=mailto:b@example.com"],
            ),
            ("v=DMARC1; p=none; adkim=x; aspf=strict", &["BadValue adkim=x", "BadValue aspf=strict"]),
            ("v=DMARC1; p=none; t=1; psd=x; fo=2", &["BadValue t=1", "BadValue psd=x", "BadValue fo=2"]),
            ("v=DMARC1; p=none; p=reject", &["DuplicateTag p=reject"]),
            ("v=DMARC1; p=none; x=y", &["UnknownTag x=y"]),
            ("v=DMARC1; sp=none; p=reject", &["PolicyLate p=reject"]),
            ("v=DMARC1; p=none; pct=50; rf=afrf; ri=86400", &["Removed pct=50", "Removed rf=afrf", "Removed ri=86400"]),
            (
                "v=DMARC1; p=none; rua=\"mailto:a@example.com\"",
                &["Quotes \"", "BadUri \"mailto:a@example.com\"", "Quotes \""],
            ),
            ("v=DMARC1;\u{a0}p=none", &["Foreign \u{a0}", "UnknownTag \u{a0}p=none", "NoPolicy v=DMARC1"]),
        ];
        for (text, want) in cases {
            let mut got = problems(text);
            let mut want: Vec<String> = want.iter().map(|w| (*w).to_owned()).collect();
            got.sort();
            want.sort();
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn a_policy_that_cannot_be_used() {
        let own = |text: &str| record(text).own_policy();
        assert_eq!(own("v=DMARC1; p=reject"), Some(Policy::Reject));
        assert_eq!(own("v=DMARC1; p=reject; sp=x; rua=mailto:a@example.com"), Some(Policy::None));
        assert_eq!(own("v=DMARC1; p=reject; sp=x"), None);
        assert_eq!(own("v=DMARC1"), None);
        assert_eq!(own("v=DMARC1; rua=mailto:a@example.com"), Some(Policy::None));
        assert_eq!(own("v=DMARC1; rua=a@example.com"), None);
    }

    #[test]
    fn a_huge_record_takes_linear_time() {
        for unit in ["a", ";", "v=DMARC1", "\"x", " p", "rua=,", "mailto:a@b.c,", ", "] {
            let text = format!("v=DMARC1; p=none; rua={}", unit.repeat(20_000));
            assert!(read(&text, 0).is_some());
        }
    }

    #[test]
    fn records_of_other_projects_tests() {
        let Some(corpus) = std::env::var_os("POSTDOC_CORPUS") else { return };
        let rows = std::fs::read_to_string(std::path::Path::new(&corpus).join("strings/dns-records.jsonl")).unwrap();
        let mut seen = 0;
        for row in rows.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()) {
            if row["kind"] == "dmarc" && row["expect"] != "invalid" {
                let r = record(row["record"].as_str().unwrap());
                let old = |p: &RecordProblem| matches!(p, RecordProblem::Removed(_) | RecordProblem::UnknownTag(_));
                assert!(r.counts() && r.has_usable_policy() && r.problems.iter().all(old), "{row}");
                seen += 1;
            } else if row["kind"] == "dmarc" && row["record"] != "" {
                assert!(!record(row["record"].as_str().unwrap()).problems.is_empty(), "{row}");
            }
        }
        assert!(seen > 4);
    }

    fn inside(record: &DmarcRecord) -> bool {
        let within = |s: Span| record.text.get(s.range()).is_some();
        record.problems.iter().all(|p| within(p.span()))
            && record.tags.tags.iter().all(|t| within(t.name) && within(t.value))
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_spans_lie_inside(text in "\\PC{0,200}") {
            prop_assert!(read(&text, 0).is_none_or(|r| inside(&r)));
            prop_assert!(inside(&lint::lint(&text, 0)));
        }

        #[test]
        fn any_bytes_too(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = crate::facts::dmarc::walk::text_of(&bytes);
            prop_assert!(inside(&lint::lint(&text, 0)));
            let begun = ["v=DMARC1;", &text].concat();
            prop_assert!(inside(&lint::lint(&begun, 0)));
        }

        #[test]
        fn and_near_records(pieces in proptest::collection::vec(
            "(v=DMARC1|v=dmarc1|p=none|sp=|rua=mailto:a@example\\.com|mailto:|[;,\"\\\\“ =;]{1,3}|t=y|pct=5|\u{a0})", 0..12)) {
            let text = pieces.concat();
            prop_assert!(read(&text, 0).is_none_or(|r| inside(&r)));
        }
    }
}
