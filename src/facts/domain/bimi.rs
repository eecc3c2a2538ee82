//! Logos beside mail: `default._bimi` (draft-brand-indicators-for-message-identification).

use super::tagged::{Flaw, Published, Tagged};
use crate::evidence::Errand;
use crate::facts::lookup::Lookup;
use crate::facts::organization::psl;

/// The record of the domain, then that of its organization, which a reader falls back to.
pub fn gather(lookup: &Lookup, domain: &str) -> Vec<Published> {
    let organization = psl(domain).filter(|o| *o != domain).map(str::to_owned);
    let names = [Some(domain.to_owned()), organization];
    let read = |d: String| Published::read(lookup, &format!("default._bimi.{d}"), "BIMI1", lint);
    let all: Vec<Published> = names.into_iter().flatten().map(read).collect();
    for errand in governing(&all).into_iter().flat_map(|(_, record)| [logo(record), certificate(record)]).flatten() {
        lookup.fetch(errand);
    }
    all
}

/// The domain's own record, else its organization's.
pub fn governing(all: &[Published]) -> Option<(&Published, &Tagged)> {
    all.iter().find_map(|p| Some((p, p.records.first().or(p.almost.first())?)))
}

/// Fetches the logo that a record names.
pub fn logo(record: &Tagged) -> Option<Errand> {
    page(record, "l")
}

/// Fetches the certificate for it.
pub fn certificate(record: &Tagged) -> Option<Errand> {
    page(record, "a")
}

fn page(record: &Tagged, tag: &str) -> Option<Errand> {
    let url = record.value(tag).filter(|url| https(url))?.to_owned();
    Some(Errand::Https { url, follow: true })
}

/// It says that there is no logo: both tags empty (§4.3 of the draft).
pub fn declines(record: &Tagged) -> bool {
    let empty = |name| record.value(name).is_none_or(str::is_empty);
    record.tag("l").is_some() && empty("l") && empty("a")
}

/// The text of one that was pasted; `None` for another record.
pub fn pasted(text: &[u8]) -> Option<Tagged> {
    Tagged::look(text, 0, "BIMI1", lint)
}

fn lint(record: &mut Tagged) {
    let Some(logo) = record.tag("l") else {
        return record.flaws.push(Flaw::fatal(None, "l= with the address of the logo is missing"));
    };
    if declines(record) {
        return;
    }
    let address = record.under(logo.value).to_owned();
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let fault = match () {
        () if address.is_empty() => Some("l= is empty, though a= names a certificate"),
        () if !https(&address) => Some("the logo must be at an https address"),
        () if !path.ends_with(".svg") && !path.ends_with(".svgz") => {
            Some("the logo must be an SVG file of the profile Tiny PS")
        }
        () => None,
    };
    if let Some(fault) = fault {
        record.flaws.push(Flaw::new(Some(if address.is_empty() { logo.name } else { logo.value }), fault));
    }
    if let Some(certificate) = record.tag("a").filter(|a| !a.value.is_empty()) {
        let value = record.under(certificate.value).to_owned();
        if !https(&value) && !value.eq_ignore_ascii_case("self") {
            record.flaws.push(Flaw::new(Some(certificate.value), "the certificate must be at an https address"));
        }
    }
    if let Some(avatar) = record.tag("avp") {
        let value = record.under(avatar.value).to_owned();
        if !["brand", "personal"].iter().any(|w| value.eq_ignore_ascii_case(w)) {
            record.flaws.push(Flaw::new(Some(avatar.value), "avp= must be brand or personal"));
        }
    }
}

fn https(address: &str) -> bool {
    address.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")) && address.len() > 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answers, Kind, Question};

    fn record(text: &str) -> Tagged {
        let zone = format!("default._bimi.x.test TXT \"{text}\"");
        let question = Question::new("default._bimi.x.test", Kind::Txt);
        let answer = Zone::parse(&zone).unwrap().answer(&question, jiff::Timestamp::UNIX_EPOCH);
        let answers = Answers::from([(question, answer)]);
        gather(&Lookup::new(&answers), "x.test").remove(0).records.remove(0)
    }

    #[test]
    fn logo_certificate_and_avatar() {
        for (text, flaws) in [
            ("v=BIMI1; l=https://x.test/logo.svg; a=https://x.test/vmc.pem", 0),
            ("v=BIMI1; l=https://x.test/logo.svg; a=; avp=brand", 0),
            ("v=BIMI1; l=http://x.test/logo.svg", 1),
            ("v=BIMI1; l=https://x.test/logo.png; avp=mine", 2),
            ("v=BIMI1; a=https://x.test/vmc.pem", 1),
            ("v=BIMI1; l=; a=http://x.test/vmc.pem", 2),
        ] {
            assert_eq!(record(text).flaws.len(), flaws, "{text}");
        }
        assert!(declines(&record("v=BIMI1; l=; a=;")));
        assert!(!declines(&record("v=BIMI1; l=https://x.test/logo.svg")));
    }
}
