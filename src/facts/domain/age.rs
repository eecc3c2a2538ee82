//! How old the domain is, in the words of its registry (RDAP, RFC 9083): only where the user wishes it (`--rdap`).

use crate::evidence::Evidence;
use crate::evidence::errand::{Errand, What};
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;
use jiff::Timestamp;

/// The registration.
#[derive(Clone, Debug)]
pub struct Age {
    /// The registered domain: the one asked about, or that above it.
    pub domain: String,
    pub errand: Errand,
    /// `None`: not asked yet. Else when it was registered, or why that is not known.
    pub registered: Option<Result<Timestamp, String>>,
    /// Whole days since then.
    pub days: Option<i64>,
}

/// Asks for the registration; `None` where that is not wished for, or nobody can register such a name.
pub fn gather(lookup: &Lookup, domain: &str, evidence: &Evidence) -> Option<Age> {
    let domain = psl(domain).filter(|_| evidence.said.check.rdap)?.to_owned();
    // It knows which registry to ask (RFC 9224) and redirects there.
    let errand = Errand::Https { url: format!("https://rdap.org/domain/{domain}"), follow: true };
    let registered = lookup.fetch(errand.clone()).map(|brought| read(&brought.what));
    let days = match &registered {
        Some(Ok(at)) => Some(evidence.now.duration_since(*at).as_hours().div_euclid(24)).filter(|days| *days >= 0),
        _ => None,
    };
    Some(Age { domain, errand, registered, days })
}

fn read(what: &What) -> Result<Timestamp, String> {
    match what {
        What::Page { status: 200, body, .. } => registration(body).ok_or("the registry's answer names no date".into()),
        What::Page { status: 404, .. } => Err("no registry that answers over RDAP knows it".into()),
        What::Page { status: 429, .. } => Err("the registry wants to be asked less often".into()),
        What::Page { status, .. } => Err(format!("the registry answered with status {status}")),
        What::Failed { why, .. } => Err(why.clone()),
        _ => Err("the answer is no page".into()),
    }
}

/// The event `registration` (RFC 9083 §10.2.3) of a domain.
fn registration(body: &str) -> Option<Timestamp> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    let of_domain = json.get("objectClassName").and_then(|class| class.as_str()).is_none_or(|class| class == "domain");
    let events = json.get("events").and_then(|events| events.as_array()).filter(|_| of_domain)?;
    let event = events.iter().find(|e| e.get("eventAction").and_then(|a| a.as_str()) == Some("registration"))?;
    event.get("eventDate")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: u16, body: &str) -> What {
        What::Page { status, content_type: None, location: None, body: body.into() }
    }

    #[test]
    fn the_date_of_registration_is_read_and_no_other() {
        let body = r#"{"objectClassName":"domain","ldhName":"EXAMPLE.COM","events":[
            {"eventAction":"last changed","eventDate":"2026-08-14T07:01:34Z"},
            {"eventAction":"registration","eventDate":"1995-08-14T04:00:00Z"},
            {"eventAction":"expiration","eventDate":"2027-08-13T04:00:00Z"}]}"#;
        assert_eq!(read(&page(200, body)).unwrap().to_string(), "1995-08-14T04:00:00Z");
    }

    #[test]
    fn what_is_no_registration_is_not_known() {
        for (status, body) in [
            (200, ""),
            (200, "<html>"),
            (200, "[]"),
            (200, r#"{"events":[{"eventAction":"expiration","eventDate":"2027-08-13T04:00:00Z"}]}"#),
            (200, r#"{"events":[{"eventAction":"registration","eventDate":"soon"}]}"#),
            (
                200,
                r#"{"objectClassName":"entity","events":[{"eventAction":"registration","eventDate":"2026-01-01T00:00:00Z"}]}"#,
            ),
            (404, "{}"),
            (429, "{}"),
            (500, "{}"),
        ] {
            assert!(read(&page(status, body)).is_err(), "{status} {body}");
        }
    }
}
