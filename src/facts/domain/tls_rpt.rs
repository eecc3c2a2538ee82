//! TLS reporting: `_smtp._tls` (RFC 8460 §3).

use super::tagged::{Flaw, Published, Tagged};
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
        let uri = uri.trim();
        let one_word = !uri.contains(char::is_whitespace);
        let address = uri.get(..7).filter(|s| s.eq_ignore_ascii_case("mailto:")).and_then(|_| uri.get(7..));
        let fault = match address {
            Some(address)
                if address.split_once('@').is_some_and(|(l, d)| !l.is_empty() && d.contains('.') && one_word) =>
            {
                continue;
            }
            Some(_) => "is no mail address",
            None if uri.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://")) && uri.len() > 8 => continue,
            None if uri.is_empty() => "an address is missing between the commas",
            None if uri.contains('@') => "mailto: is missing before the address",
            None => "is neither mailto: nor https:",
        };
        record.flaws.push(Flaw::new(Some(span), fault));
    }
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
}
