//! Where DMARC reports go, and whether those addresses accept them: a domain that publishes an
//! address of another organization needs that one's word for it (RFC 9990 §4).

use crate::evidence::{Kind, Outcome, Question};
use crate::facts::dmarc::{Dmarc, Step, walk};
use crate::facts::lookup::Lookup;
use crate::facts::organization::same_by_list;
use crate::facts::tags::TagList;
use crate::span::Span;

/// One address of `rua` or `ruf`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `rua` or `ruf`
    pub tag: &'static str,
    /// As written.
    pub uri: String,
    /// In the text of the record that governs.
    pub span: Span,
    /// The domain of the address; `None` where the URI holds none.
    pub host: Option<String>,
    pub consent: Consent,
}

/// Has the address's domain agreed to get the reports?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// It need not: the same organization.
    Own,
    /// The address cannot be read, or the name that would hold the consent is too long.
    Unreadable,
    /// Not answered yet.
    Unasked(Question),
    Failed(Question, Outcome),
    Given(Question),
    /// No `v=DMARC1` there; the texts that are.
    Missing(Question, Outcome, Vec<String>),
}

/// Addresses looked at; a reporter gives up long before (RFC 9990 §4).
const MOST: usize = 10;

/// The addresses of the record that governs, with the consent of each.
pub fn gather(lookup: &Lookup, dmarc: &Dmarc) -> Vec<Report> {
    let Some((step, record)) = dmarc.governing().and_then(|step| Some((step, step.record()?))) else {
        return Vec::new();
    };
    let mut reports = Vec::new();
    for (tag, list) in [("rua", &record.rua), ("ruf", &record.ruf)] {
        let Some(at) = record.tag(tag) else { continue };
        let mut from = at.value.start as usize;
        for uri in list.iter().take(MOST) {
            let Some(found) = record.text.get(from..).and_then(|rest| rest.find(uri.as_str())) else { continue };
            let span = Span::new(from + found, from + found + uri.len());
            from = span.end as usize;
            let host = host(uri);
            let consent = match &host {
                Some(host) => consent(lookup, step, host),
                None => Consent::Unreadable,
            };
            reports.push(Report { tag, uri: uri.clone(), span, host, consent });
        }
    }
    reports
}

/// The domain of a `mailto:` address, the host of any other URI; lower case.
fn host(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let host = match scheme.eq_ignore_ascii_case("mailto") {
        true => rest.split(['!', '?']).next()?.rsplit_once('@')?.1,
        false => rest.strip_prefix("//")?.split(['/', ':', '?', '!']).next()?,
    };
    crate::facts::dkim::name::domain(host)
}

fn consent(lookup: &Lookup, step: &Step, host: &str) -> Consent {
    if same_by_list(&step.domain, host) {
        return Consent::Own;
    }
    let name = format!("{}._report._dmarc.{host}", step.domain);
    if name.len() > 253 {
        return Consent::Unreadable;
    }
    let question = Question::new(&name, Kind::Txt);
    let Some(answer) = lookup.put(question.clone()) else { return Consent::Unasked(question) };
    if answer.outcome.failed() {
        return Consent::Failed(question, answer.outcome);
    }
    let texts: Vec<String> = answer.texts().map(|t| walk::text_of(&t)).collect();
    match texts.iter().any(|text| agrees(text)) {
        true => Consent::Given(question),
        false => Consent::Missing(question, answer.outcome, texts),
    }
}

/// Any record that begins `v=DMARC1` is a consent; it needs no other tag.
fn agrees(text: &str) -> bool {
    let bytes = text.as_bytes();
    let list = TagList::split(bytes, Span::new(0, bytes.len()));
    list.tags.first().is_some_and(|t| t.name.of(bytes).eq_ignore_ascii_case(b"v") && t.value.of(bytes) == b"DMARC1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (uri, want) in [
            ("mailto:a@Example.NET!10m", Some("example.net")),
            ("mailto:a@example.net?subject=x", Some("example.net")),
            ("https://reports.example.net:8443/x", Some("reports.example.net")),
            ("mailto:nobody", None),
            ("a@example.net", None),
        ] {
            assert_eq!(host(uri).as_deref(), want, "{uri}");
        }
    }

    #[test]
    fn a_consent_begins_with_the_version() {
        assert!(agrees("v=DMARC1") && agrees("v=DMARC1; rua=mailto:b@example.net") && agrees("v = DMARC1;"));
        assert!(!agrees("v=dmarc1") && !agrees("") && !agrees("p=none; v=DMARC1") && !agrees("v=spf1 -all"));
    }
}
