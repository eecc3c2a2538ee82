//! TLS reporting: `_smtp._tls` (RFC 8460 §3).

use super::tagged::{Flaw, Published, Tagged};
use crate::facts::dmarc::lint::is_quote;
use crate::facts::lookup::Lookup;

/// The record of a domain.
pub fn gather(lookup: &Lookup, domain: &str) -> Published {
    Published::read(lookup, &format!("_smtp._tls.{domain}"), "TLSRPTv1", lint)
}

/// The text of one that was pasted; `None` for another record.
pub fn pasted(text: &[u8]) -> Option<Tagged> {
    Tagged::look(text, 0, "TLSRPTv1", lint)
}

fn lint(record: &mut Tagged) {
    let Some(rua) = record.tag("rua") else {
        return record.flaws.push(Flaw::fatal(None, "rua= is missing: nobody gets the reports"));
    };
    let mut at = rua.value.start as usize;
    let list = record.under(rua.value).to_owned();
    for uri in list.split(',') {
        let start = at + (uri.len() - uri.trim_start().len());
        let span = crate::span::Span::new(start, start + uri.trim().len());
        at += uri.len() + 1;
        record.flaws.extend(fault(uri.trim()).map(|fault| Flaw::new(Some(span), fault)));
    }
}

/// What is wrong with one address.
fn fault(uri: &str) -> Option<&'static str> {
    let one_word = !uri.contains(char::is_whitespace);
    let address = uri.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:")).and_then(|_| uri.get(7..));
    match address {
        Some(address) if address.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.') && one_word) => {
            None
        }
        Some(_) => Some("is no mail address"),
        None if uri.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")) && uri.len() > 8 => None,
        None if uri.is_empty() => Some("an address is missing between the commas"),
        None if uri.contains('@') => Some("mailto: is missing before the address"),
        None => Some("is neither mailto: nor https:"),
    }
}

/// The addresses of every `rua=` as they are meant, in one list (RFC 8460 §3); `None` where there is none.
pub fn meant<'r>(records: impl IntoIterator<Item = &'r Tagged>) -> Option<String> {
    let tags = records.into_iter().flat_map(|record| record.tags.tags.iter().map(move |tag| (record, tag)));
    let listed = tags.filter_map(|(record, t)| match t.has_equals {
        true => record.under(t.name).eq_ignore_ascii_case("rua").then(|| record.under(t.value)),
        // An address behind a semicolon.
        false => Some(record.under(t.name)),
    });
    let words = listed.flat_map(|list| list.split(|c: char| c == ',' || c.is_whitespace()));
    let mut kept: Vec<String> = Vec::new();
    for word in words.map(|word| word.trim_matches(is_quote)) {
        let uri = if word.contains(':') { word.to_owned() } else { format!("mailto:{word}") };
        if fault(&uri).is_none() && !kept.contains(&uri) {
            kept.push(uri);
        }
    }
    (!kept.is_empty()).then(|| kept.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Answers, Kind, Question};

    fn flaws(text: &str) -> Vec<(String, String)> {
        let zone = format!("_smtp._tls.x.test TXT \"{text}\"");
        let question = Question::new("_smtp._tls.x.test", Kind::Txt);
        let answer = Zone::parse(&zone).unwrap().answer(&question, jiff::Timestamp::UNIX_EPOCH);
        let answers = Answers::from([(question, answer)]);
        let at = gather(&Lookup::new(&answers), "x.test");
        let record = at.record().unwrap();
        record.flaws.iter().map(|f| (f.span.map_or("", |s| record.under(s)).to_owned(), f.text.clone())).collect()
    }

    #[test]
    fn addresses_are_looked_over_one_by_one() {
        assert_eq!(flaws("v=TLSRPTv1; rua=mailto:a@x.test,https://x.test/r"), []);
        let bad = flaws("v=TLSRPTv1; rua=tls@x.test, http://x.test");
        assert_eq!(bad[0], ("tls@x.test".into(), "mailto: is missing before the address".into()));
        assert_eq!(bad[1].0, "http://x.test");
        assert_eq!(flaws("v=TLSRPTv1; rua=mailto:a@x.test other")[0].1, "is no mail address");
        assert_eq!(flaws("v=TLSRPTv1;").len(), 1);
    }

    #[test]
    fn no_address_is_lost_that_can_be_made_out() {
        for (text, want) in [
            ("v=TLSRPTv1; rua=mailto:a@x.test; rua=mailto:b@x.test", Some("mailto:a@x.test,mailto:b@x.test")),
            ("v=TLSRPTv1; rua=a@x.test, https://x.test/r mailto:a@x.test", Some("mailto:a@x.test,https://x.test/r")),
            ("v=TLSRPTv1; rua=mailto:a@x.test; mailto:b@x.test; odd", Some("mailto:a@x.test,mailto:b@x.test")),
            ("\"v=TLSRPTv1\\; rua=mailto:a@x.test\"", Some("mailto:a@x.test")),
            ("v=TLSRPTv1; rua=http://x.test", None),
            ("v=TLSRPTv1;", None),
        ] {
            assert_eq!(meant(&pasted(text.as_bytes())).as_deref(), want, "{text}");
        }
        let two = ["v=TLSRPTv1; rua=mailto:a@x.test", "v=TLSRPTv1; rua=mailto:b@x.test"];
        let two = two.map(|text| pasted(text.as_bytes()).unwrap());
        assert_eq!(meant(&two).as_deref(), Some("mailto:a@x.test,mailto:b@x.test"));
    }
}
