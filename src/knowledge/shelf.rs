//! The compiled-in files of `assets/`, and how one is read.

use serde::de::DeserializeOwned;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Reads a shelf, in the order of the file names. A broken file is a bug that the tests of this
/// folder find; in a release it is left out rather than taking the program down.
pub(super) fn load<T: DeserializeOwned>(files: &[(&str, &str)]) -> Vec<T> {
    let read = |(name, text): &(&str, &str)| {
        let parsed = serde_json::from_str(text);
        debug_assert!(parsed.is_ok(), "{name}.toml: {:?}", parsed.as_ref().err());
        parsed.ok()
    };
    files.iter().filter_map(read).collect()
}

/// Reads `assets/NAME.toml`; as empty as can be where there is none.
pub fn book<T: DeserializeOwned + Default>(name: &str) -> T {
    let files: Vec<_> = BOOKS.iter().copied().filter(|(file, _)| *file == name).collect();
    debug_assert!(!files.is_empty(), "{name}.toml");
    load(&files).pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::host::{LongTxt, MxPriority, Part};
    use crate::knowledge::{DnsHost, Platform, Receiver};

    /// Parses every file and hands back `(file name, thing)`.
    fn every<T: DeserializeOwned>(files: &'static [(&str, &str)]) -> Vec<(&'static str, T)> {
        files
            .iter()
            .map(|(name, text)| (*name, serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}.toml: {e}"))))
            .collect()
    }

    fn day(name: &str, checked: &str) {
        assert!(checked.parse::<jiff::civil::Date>().is_ok(), "{name}: checked = {checked:?}");
    }

    #[test]
    fn every_platform_parses_and_says_whence() {
        let all = every::<Platform>(PLATFORMS);
        assert!(all.len() >= 46);
        for (name, p) in all {
            assert_eq!(p.id, name);
            assert!(!p.name.is_empty() && !p.source.is_empty(), "{name}");
            assert!(["A", "B", "C"].contains(&&*p.confidence), "{name}");
            assert!(
                ["marketing", "transactional", "mailbox", "saas", "forwarding", "self-hosted"].contains(&&*p.kind),
                "{name}"
            );
            day(name, &p.checked);
            for d in &p.dkim {
                assert!(["CNAME", "TXT"].contains(&&*d.record), "{name}: {}", d.record);
                assert!(!d.selector.is_empty(), "{name}");
            }
            if let Some(r) = &p.return_path {
                assert!(["CNAME", "MX"].contains(&&*r.record), "{name}: {}", r.record);
            }
        }
    }

    #[test]
    fn every_host_parses_and_its_patterns_compile() {
        let all = every::<DnsHost>(HOSTS);
        assert!(all.len() >= 40);
        for (name, h) in all {
            assert_eq!(h.id, name);
            assert!(["", "@", "zone"].contains(&&*h.apex), "{name}: {}", h.apex);
            for part in [Part::Type, Part::Name, Part::Value] {
                assert!(h.fields.contains(&part), "{name}: {part:?}");
            }
            let own_field = h.mx_priority == MxPriority::OwnField;
            assert_eq!(h.fields.contains(&Part::Priority), own_field, "{name}");
            let limited = matches!(h.long_txt, LongTxt::Limited | LongTxt::Lines);
            assert!(!limited || h.txt_limit.is_some(), "{name}");
            assert!(["A", "B", "C"].contains(&&*h.confidence), "{name}");
            assert!(!h.open.is_empty() && !h.source.is_empty(), "{name}");
            day(name, &h.checked);
            for ns in &h.ns {
                regex_lite::Regex::new(ns).unwrap_or_else(|e| panic!("{name}: {ns}: {e}"));
            }
        }
    }

    #[test]
    fn every_receiver_parses_and_every_row_says_whence() {
        for (name, r) in every::<Receiver>(RECEIVERS) {
            assert_eq!(r.id, name);
            assert!(!r.name.is_empty() && !r.source.is_empty(), "{name}");
            day(name, &r.checked);
            for (f, v) in r.field.iter().flat_map(|f| f.value.iter().map(move |v| (f, v))) {
                assert!(!v.meaning.is_empty() && !v.source.is_empty(), "{name}: {:?} {}", f.names, v.value);
                assert!(["A", "B", "C"].contains(&&*v.confidence), "{name}: {:?} {}", f.names, v.value);
                let sure = v.confidence != "C" || v.leaning != crate::facts::antispam::Leaning::Bad;
                assert!(sure, "{name}: {:?} {}: a finding must not rest on memory", f.names, v.value);
            }
            for q in &r.requirement {
                assert!(!q.what.is_empty() && !q.source.is_empty(), "{name}");
            }
        }
    }
}
