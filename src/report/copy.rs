//! What is put on the clipboard: one finding in the form asked for.
//!
//! Exact: no padding, no wrapping, no frame; one final line end only after several lines.
//! Records are public and must be exact, so redaction never touches them.

use crate::evidence::{Data, Input};
use crate::remedy::Change;
use crate::rules::{Finding, Place};

/// The exact forms of "copy as"; running text is [`super::markdown`] and [`super::json`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    Value,
    NameAndValue,
    Zone,
    Dig,
}

/// The finding in this form; `record` is the record of the fix under the cursor. `None` where
/// the finding has nothing of the kind.
pub fn render(form: Form, finding: &Finding, record: usize) -> Option<String> {
    match form {
        Form::Value => value(finding, record),
        Form::NameAndValue => name_and_value(chosen(finding, record)?),
        Form::Zone => zone(finding),
        Form::Dig => dig(finding, record),
    }
}

/// The value a DNS host's form wants; the check command where no record is to be published.
pub fn value(finding: &Finding, record: usize) -> Option<String> {
    let of_record = chosen(finding, record).and_then(|change| change.after.first()).map(bare);
    of_record.or_else(|| finding.check.as_ref().map(|check| check.command.clone()))
}

/// Name and value, one a line, for a web form; every value of the set.
fn name_and_value(change: &Change) -> Option<String> {
    let values: Vec<String> = change.after.iter().map(|data| format!("{}\n{}\n", change.name, bare(data))).collect();
    (!values.is_empty()).then(|| values.concat())
}

/// Every record of the fix as zone-file lines (RFC 1035 §5.1).
pub fn zone(finding: &Finding) -> Option<String> {
    let lines: Vec<String> = finding.fix.iter().flat_map(|fix| &fix.records).flat_map(zone_lines).collect();
    match &lines[..] {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(several.join("\n") + "\n"),
    }
}

/// `name. TTL IN TYPE data`, one for each value after.
pub fn zone_lines(change: &Change) -> Vec<String> {
    let head = format!("{}. {} IN {}", change.name, change.ttl, change.kind);
    change.after.iter().map(|data| format!("{head} {data}")).collect()
}

/// The command that looks at the chosen record; else the finding's check.
fn dig(finding: &Finding, record: usize) -> Option<String> {
    match chosen(finding, record) {
        Some(change) => Some(format!("dig +short {} {}", change.kind, change.name)),
        None => finding.check.as_ref().map(|check| check.command.clone()),
    }
}

/// Where an exhibit stands, in words, and the text under it.
pub fn quote(place: &Place, input: &Input) -> (String, String) {
    match place {
        Place::Input(span) => {
            let source = input.locate(*span);
            let text = input.original.get(source.start..source.end).unwrap_or_default();
            (format!("{}, line {}", input.name, input.line_of(source.start)), one_line(text))
        }
        Place::Dns { question, text, .. } => (format!("{} {}", question.name, question.kind), text.clone()),
        Place::Fetched { errand, text } => (errand.place(), text.clone()),
        Place::Report { part, text } => (part.clone(), text.clone()),
        Place::User(said) => ("as you said".to_owned(), said.clone()),
    }
}

/// The value without quotes and splits: TXT strings joined (RFC 7208 §3.3).
pub fn bare(data: &Data) -> String {
    match data {
        Data::Txt(strings) => String::from_utf8_lossy(&strings.concat()).into_owned(),
        other => other.to_string(),
    }
}

/// The record under the cursor, else the first one that is to be published.
fn chosen(finding: &Finding, record: usize) -> Option<&Change> {
    let records = &finding.fix.as_ref()?.records;
    records.get(record).filter(|c| !c.after.is_empty()).or_else(|| records.iter().find(|c| !c.after.is_empty()))
}

fn one_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remedy::Remedy;
    use crate::tui::testing;

    fn finding(records: Vec<Change>) -> Finding {
        let fix = Remedy { records, ..Remedy::new("Publish it.") };
        Finding::new(&testing::UNALIGNED, "A title with *stars*")
            .fix(fix)
            .check("dig +short TXT a.example.com", "a value")
    }

    #[test]
    fn a_txt_value_is_whole_and_without_quotes() {
        let long = format!("v=DKIM1; p={}", "A".repeat(400));
        let found = finding(vec![Change::txt::<&str, _>("s1._domainkey.example.com", &[], &[&long])]);
        assert_eq!(value(&found, 0).as_deref(), Some(&long[..]));
        let zone = zone(&found).unwrap();
        assert!(zone.starts_with("s1._domainkey.example.com. 3600 IN TXT \"v=DKIM1; p=AAA"));
        assert_eq!(zone.matches('"').count(), 4, "two strings: {zone}");
        assert!(!zone.ends_with('\n'));
    }

    #[test]
    fn several_lines_end_in_one_line_end() {
        let found = finding(vec![
            Change::cname("a.example.com", "x.example.net"),
            Change::cname("b.example.com", "y.example.net"),
        ]);
        assert_eq!(
            zone(&found).as_deref(),
            Some("a.example.com. 3600 IN CNAME x.example.net.\nb.example.com. 3600 IN CNAME y.example.net.\n")
        );
        assert_eq!(value(&found, 1).as_deref(), Some("y.example.net."));
        assert_eq!(dig(&found, 1).as_deref(), Some("dig +short CNAME b.example.com"));
    }

    #[test]
    fn nothing_to_publish_copies_the_check() {
        let removal = Change { after: vec![], ..Change::cname("a.example.com", "x.example.net") };
        for found in [finding(vec![removal]), finding(vec![])] {
            assert_eq!(value(&found, 0).as_deref(), Some("dig +short TXT a.example.com"));
            assert_eq!(zone(&found), None);
            assert_eq!(chosen(&found, 0), None);
        }
    }
}
