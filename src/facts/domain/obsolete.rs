//! Records of dead standards: the SPF type (RFC 7208 §3.1), DomainKeys (RFC 4870), ADSP (RFC 5617).

use super::Asked;
use crate::evidence::said::{Part, Wish};
use crate::evidence::{Data, Kind};
use crate::facts::lookup::Lookup;

/// A place where one may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    pub what: Dead,
    pub asked: Asked,
    /// What stands there, if it is one.
    pub found: Vec<Data>,
}

/// Which dead standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dead {
    SpfType,
    DomainKeys,
    Adsp,
    SenderSigning,
}

impl Dead {
    pub fn word(self) -> &'static str {
        match self {
            Dead::SpfType => "DNS type SPF",
            Dead::DomainKeys => "DomainKeys policy",
            Dead::Adsp => "ADSP",
            Dead::SenderSigning => "sender signing policy",
        }
    }

    /// A wildcard answers at every name: only what reads like the old record is one.
    fn is(self, data: &Data) -> bool {
        if self == Dead::SpfType {
            return true;
        }
        let Data::Txt(strings) = data else { return false };
        let text = String::from_utf8_lossy(&strings.concat()).to_ascii_lowercase();
        let mut tags = text.split(';').filter_map(|t| t.split_once('=')).map(|(n, v)| (n.trim(), v.trim()));
        match self {
            Dead::DomainKeys => tags.any(|(n, v)| n == "o" && matches!(v, "~" | "-" | "!" | "." | "^")),
            _ => tags.any(|(n, v)| match n {
                "dkim" => matches!(v, "unknown" | "all" | "discardable" | "strict"),
                "o" => matches!(v, "~" | "-" | "!" | "." | "^"),
                _ => false,
            }),
        }
    }
}

/// All places at once.
pub fn gather(lookup: &Lookup, domain: &str, wish: &Wish) -> Vec<Old> {
    let places = [
        (Part::Spf, Dead::SpfType, domain.to_owned(), Kind::Spf),
        (Part::Dkim, Dead::DomainKeys, format!("_domainkey.{domain}"), Kind::Txt),
        (Part::Dkim, Dead::Adsp, format!("_adsp._domainkey.{domain}"), Kind::Txt),
        (Part::Dkim, Dead::SenderSigning, format!("_policy._domainkey.{domain}"), Kind::Txt),
    ];
    let wanted = places.into_iter().filter(|(part, ..)| wish.wants(*part));
    let old = wanted.map(|(_, what, name, kind)| {
        let (asked, answer) = Asked::ask(lookup, &name, kind);
        let own = answer.into_iter().flat_map(|a| &a.records).filter(|r| !matches!(r.data, Data::Cname(_)));
        Old { what, asked, found: own.map(|r| r.data.clone()).filter(|d| what.is(d)).collect() }
    });
    old.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_like_one_is_one() {
        let txt = |t: &str| Data::Txt(vec![t.as_bytes().to_vec()]);
        assert!(Dead::DomainKeys.is(&txt("t=y; o=~")) && Dead::DomainKeys.is(&txt("o=-; r=a@x.test")));
        assert!(Dead::Adsp.is(&txt("dkim=all")) && Dead::SenderSigning.is(&txt("dkim=discardable; t=y")));
        for other in ["v=spf1 -all", "v=DKIM1; p=", "anything", "o=maybe"] {
            assert!(!Dead::DomainKeys.is(&txt(other)) && !Dead::Adsp.is(&txt(other)), "{other}");
        }
    }
}
