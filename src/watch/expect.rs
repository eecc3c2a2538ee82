//! What the user waits for, compared as DNS compares it.

use super::canonical;
use crate::evidence::{Data, Kind};
use std::collections::BTreeSet;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// That everybody says the same, whatever it is.
    Same,
    /// That the record is gone.
    Gone,
    /// That these are among the records.
    Values(Vec<Value>),
}

/// One value, in every form that counts as it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// For screens.
    pub text: String,
    forms: BTreeSet<String>,
}

impl Expect {
    /// Reads values as users write them: no value is [`Expect::Same`], an empty one is [`Expect::Gone`].
    pub fn read(kind: Kind, values: &[String]) -> Result<Expect, String> {
        if !values.is_empty() && values.iter().all(|v| v.trim().is_empty()) {
            return Ok(Expect::Gone);
        }
        let values: Vec<Value> = values.iter().map(|v| Value::read(kind, v.trim())).collect::<Result<_, _>>()?;
        Ok(if values.is_empty() { Expect::Same } else { Expect::Values(values) })
    }

    /// Exactly these records.
    pub fn records(data: &[Data]) -> Expect {
        let value = |d: &Data| Value { text: bare(d), forms: [canonical(d)].into() };
        if data.is_empty() { Expect::Gone } else { Expect::Values(data.iter().map(value).collect()) }
    }

    /// Do the records fit? `None` where nothing in particular is waited for.
    pub fn fits(&self, said: &BTreeSet<String>) -> Option<bool> {
        match self {
            Expect::Same => None,
            Expect::Gone => Some(said.is_empty()),
            Expect::Values(values) => Some(values.iter().all(|v| !v.forms.is_disjoint(said))),
        }
    }

    /// What is waited for, in words.
    pub fn words(&self) -> String {
        match self {
            Expect::Same => "the same everywhere".to_owned(),
            Expect::Gone => "(no record)".to_owned(),
            Expect::Values(values) => values.iter().map(|v| v.text.as_str()).collect::<Vec<_>>().join(" and "),
        }
    }

    /// The values as they are shown.
    pub fn values(&self) -> Vec<String> {
        match self {
            Expect::Values(values) => values.iter().map(|v| v.text.clone()).collect(),
            Expect::Same | Expect::Gone => Vec::new(),
        }
    }
}

impl Value {
    fn read(kind: Kind, text: &str) -> Result<Value, String> {
        let is_text = matches!(kind, Kind::Txt | Kind::Spf);
        // A text counts as typed, blanks and all; and without its quotes, splits and escapes, where it has such.
        let parsed = match is_text {
            true if text.starts_with('"') => Data::parse(kind, text),
            true => Data::parse(kind, &format!("\"{text}\"")),
            false => Data::parse(kind, text),
        };
        let mut forms: BTreeSet<String> = parsed.iter().map(canonical).collect();
        if is_text {
            forms.insert(canonical(&Data::Txt(vec![text.as_bytes().to_vec()])));
        }
        let text = match parsed {
            Some(data) if !is_text => data.to_string(),
            _ => text.to_owned(),
        };
        if forms.is_empty() {
            return Err(format!("{text:?} is no {kind} record; expected something like {}", like(kind)));
        }
        Ok(Value { text, forms })
    }
}

/// The value as a form wants it: text without quotes.
fn bare(data: &Data) -> String {
    match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        other => other.to_string(),
    }
}

fn like(kind: Kind) -> &'static str {
    match kind {
        Kind::A => "192.0.2.1",
        Kind::Aaaa => "2001:db8::1",
        Kind::Mx => "\"10 mx.example.com\"",
        Kind::Caa => "'0 issue \"ca.example\"'",
        Kind::Cname | Kind::Ns | Kind::Ptr => "host.example.com",
        _ => "the record as a zone file has it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(kind: Kind, wanted: &[&str], there: &[Data]) -> bool {
        let wanted: Vec<String> = wanted.iter().map(|w| w.to_string()).collect();
        let said = there.iter().map(canonical).collect();
        Expect::read(kind, &wanted).unwrap().fits(&said).unwrap()
    }

    fn txt(strings: &[&str]) -> Data {
        Data::Txt(strings.iter().map(|s| s.as_bytes().to_vec()).collect())
    }

    #[test]
    fn quotes_and_splits_in_a_text_are_forgiven_and_nothing_else_is() {
        let there = [txt(&["v=DKIM1; p=AB", "CD"])];
        for same in ["v=DKIM1; p=ABCD", "\"v=DKIM1; p=ABCD\"", "\"v=DKIM1; p=\" \"ABCD\"", "v=DKIM1\\; p=ABCD"] {
            assert!(fits(Kind::Txt, &[same], &there), "{same}");
        }
        for other in ["v=DKIM1; p=abcd", "v=DKIM1;p=ABCD", "v=DKIM1; p=ABC", "v=DKIM1; p=AB CD"] {
            assert!(!fits(Kind::Txt, &[other], &there), "{other}");
        }
        assert!(fits(Kind::Txt, &["say \\ twice"], &[txt(&["say \\ twice"])]), "a backslash may be meant");
    }

    #[test]
    fn names_compare_without_case_and_dot_addresses_by_value() {
        assert!(fits(Kind::Cname, &["S1.ESP.example"], &[Data::Cname("s1.esp.example".into())]));
        assert!(fits(Kind::Cname, &["s1.esp.example."], &[Data::Cname("s1.esp.example".into())]));
        let mx = |preference| Data::Mx { preference, exchange: "mx.example.com".into() };
        assert!(fits(Kind::Mx, &["10 MX.example.com."], &[mx(5), mx(10)]));
        assert!(!fits(Kind::Mx, &["20 mx.example.com"], &[mx(5), mx(10)]));
        let v6 = Data::Aaaa("2001:db8::1".parse().unwrap());
        assert!(fits(Kind::Aaaa, &["2001:0db8:0:0::1"], &[v6]));
    }

    #[test]
    fn several_values_are_all_wanted_and_none_is_the_end_of_a_record() {
        let there = [txt(&["a"]), txt(&["b"]), txt(&["c"])];
        assert!(fits(Kind::Txt, &["a", "c"], &there));
        assert!(!fits(Kind::Txt, &["a", "d"], &there));
        assert!(fits(Kind::Txt, &[""], &[]) && !fits(Kind::Txt, &[""], &there));
        assert_eq!(Expect::read(Kind::Txt, &[]), Ok(Expect::Same));
        assert_eq!(Expect::records(&[]), Expect::Gone);
    }

    #[test]
    fn what_is_no_such_record_is_said() {
        let no = |kind, text: &str| Expect::read(kind, &[text.to_owned()]).unwrap_err();
        assert!(no(Kind::A, "2001:db8::1").contains("192.0.2.1"));
        assert!(no(Kind::Mx, "mx.example.com").contains("10 mx.example.com"));
    }
}
