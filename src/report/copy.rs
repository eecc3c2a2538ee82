//! What is put on the clipboard: one finding in the form asked for.
//!
//! Exact: no padding, no wrapping, no frame; one final line end only after several lines.
//! Records are public and must be exact, so redaction never touches them.

use super::export::{self, Export, Format, Placed};
use crate::evidence::Input;
use crate::facts::Facts;
use crate::facts::home::Home;
use crate::knowledge::host::Part;
use crate::remedy::Change;
use crate::remedy::form::{self, bare};
use crate::rules::{Finding, Place};
use crate::shell::command;

/// The exact forms of "copy as"; running text is [`super::markdown`] and [`super::json`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    Value,
    NameAndValue,
    /// The fields of the DNS host's own form.
    Host,
    In(Format),
    Dig,
}

/// The finding in this form; `record` is the record of the fix under the cursor. `None` where
/// the finding has nothing of the kind.
pub fn render(form: Form, facts: &Facts, finding: &Finding, record: usize) -> Option<Export> {
    let text = match form {
        Form::Value => value(finding, record),
        Form::NameAndValue => name_and_value(chosen(finding, record)?),
        Form::Host => host_form(chosen(finding, record)?, |name| facts.home(name)),
        Form::In(format) => return written(format, facts, finding),
        Form::Dig => dig(finding, record).map(|command| facts.evidence.said.aim(command)),
    };
    text.map(|text| Export { text, warnings: Vec::new() })
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

/// The host's form in words: where to click, what to do, and each field with its text.
fn host_form(change: &Change, home: impl Fn(&str) -> Home) -> Option<String> {
    let home = home(&change.name);
    let form = form::Form::of(change, home.form_of(), &home.zone);
    let mut out = format!("{}\n", home.form_of().open);
    for entry in &form.entries {
        out.push_str(&format!("{}\n", entry.what()));
        out.push_str(&fields(&entry.fields));
    }
    (!form.entries.is_empty()).then_some(out)
}

/// `Label: text`, one a line; a text of several lines is indented.
pub fn fields(fields: &[form::Field]) -> String {
    let text = |f: &form::Field| match (f.part, f.text.is_empty()) {
        (Part::Name, true) => format!("({})", f.hint),
        _ => f.text.replace('\n', "\n    "),
    };
    fields.iter().map(|f| format!("{}: {}\n", f.label, text(f))).collect()
}

/// Every record of the fix in the words of another program; one line has no line end.
fn written(format: Format, facts: &Facts, finding: &Finding) -> Option<Export> {
    let changes = finding.fix.iter().flat_map(|fix| &fix.records);
    let placed: Vec<Placed> = changes.map(|c| Placed { change: c.clone(), home: facts.home(&c.name) }).collect();
    let mut export = export::write(format, &placed).ok()?;
    if export.text.lines().count() == 1 {
        export.text.pop();
    }
    Some(export)
}

/// Every record of the fix as zone-file lines (RFC 1035 §5.1).
pub fn zone(facts: &Facts, finding: &Finding) -> Option<String> {
    written(Format::Zone, facts, finding).map(|export| export.text)
}

/// The command that looks at the chosen record; else the finding's check.
fn dig(finding: &Finding, record: usize) -> Option<String> {
    match chosen(finding, record) {
        Some(change) => Some(command!("dig +short {} {}", change.kind, change.name)),
        None => finding.check.as_ref().map(|check| check.command.clone()),
    }
}

/// Where an exhibit stands, in words, and the text under it.
pub fn quote(place: &Place, input: &Input) -> (String, String) {
    match place {
        Place::Input(span) => {
            let source = input.locate(*span);
            let text = input.original.get(source.start..source.end).unwrap_or_default();
            (format!("{}, line {}", input.file_name(), input.line_of(source.start)), one_line(text))
        }
        Place::Dns { question, text, .. } => (format!("{} {}", question.name, question.kind), text.clone()),
        Place::Fetched { errand, text } => (errand.place(), text.clone()),
        Place::Report { part, text } | Place::Body { part, text } => (part.clone(), text.clone()),
        Place::Mailbox(seen) => ("the mailbox".to_owned(), seen.clone()),
        Place::User(said) => ("as you said".to_owned(), said.clone()),
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

    fn facts() -> Facts {
        testing::diagnosis().facts
    }

    #[test]
    fn a_txt_value_is_whole_and_without_quotes() {
        let long = format!("v=DKIM1; p={}", "A".repeat(400));
        let found = finding(vec![Change::txt::<&str, _>("s1._domainkey.example.com", &[], &[&long])]);
        assert_eq!(value(&found, 0).as_deref(), Some(&long[..]));
        let zone = zone(&facts(), &found).unwrap();
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
            zone(&facts(), &found).as_deref(),
            Some("a.example.com. 3600 IN CNAME x.example.net.\nb.example.com. 3600 IN CNAME y.example.net.\n")
        );
        assert_eq!(value(&found, 1).as_deref(), Some("y.example.net."));
        assert_eq!(dig(&found, 1).as_deref(), Some("dig +short CNAME b.example.com"));
    }

    #[test]
    fn the_form_of_an_unknown_host_is_the_usual_one() {
        let found = finding(vec![Change::txt("example.com", &["v=spf1 ~all"], &["v=spf1 mx ~all"])]);
        let form = render(Form::Host, &facts(), &found, 0).unwrap().text;
        assert!(
            form.contains("do not add a second one") && form.contains("\nName: @\nValue: v=spf1 mx ~all\n"),
            "{form}"
        );
        // No provider of Terraform belongs to it.
        assert!(render(Form::In(Format::Terraform), &facts(), &found, 0).is_none());
        assert!(render(Form::In(Format::OctoDns), &facts(), &found, 0).is_some());
    }

    #[test]
    fn nothing_to_publish_copies_the_check() {
        let removal = Change { after: vec![], ..Change::cname("a.example.com", "x.example.net") };
        for found in [finding(vec![removal]), finding(vec![])] {
            assert_eq!(value(&found, 0).as_deref(), Some("dig +short TXT a.example.com"));
            assert_eq!(zone(&facts(), &found).filter(|z| !z.is_empty()), None);
            assert_eq!(chosen(&found, 0), None);
        }
    }
}
