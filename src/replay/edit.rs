//! A record that the user edited, tried like a proposal; and what the rules say of its text by itself.

use super::trial;
use crate::diagnose::{Diagnosis, diagnose};
use crate::evidence::{Evidence, Input, InputKind, Kind, Said};
use crate::facts::Reading;
use crate::remedy::form::bare;
use crate::rules::{Exhibit, Finding, Place, Proof, Severity};
use std::sync::Arc;

/// Marks at most: who has more wrong looks at the first ones first.
const MARKS: usize = 4;

/// An edit to be tried.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The edited fix stands in it.
    pub diagnosis: Diagnosis,
    /// The finding whose fix it is.
    pub rule: &'static str,
    pub title: String,
    /// The value that is being edited: place among the records, and among the values of that.
    pub record: usize,
    pub value: usize,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Tried {
    pub proof: Option<Proof>,
    /// The text as it would be pasted.
    pub input: Input,
    /// What is wrong with it, each at its characters.
    pub marks: Vec<Exhibit>,
}

impl Attempt {
    /// Costs what one replay costs.
    pub fn run(&self) -> Tried {
        let mine = |f: &&Finding| f.rule.id == self.rule && f.title == self.title;
        let finding = self.diagnosis.every_finding().find(mine);
        let proof = finding.and_then(|f| trial::run(&self.diagnosis, f)).map(|trial| trial.proof);
        let change = finding.and_then(|f| f.fix.as_ref()?.records.get(self.record));
        let text = change.and_then(|c| c.after.get(self.value)).map(bare).unwrap_or_default();
        let input = Input::read("record", text.into_bytes(), Some(InputKind::Record))
            .unwrap_or_else(|refusal| Input::unreadable("record", &refusal));
        // A text with a blank in it is not written yet.
        let whole = change.is_some_and(|c| c.kind == Kind::Txt && c.blanks().is_empty());
        let marks = if whole { marks(&input) } else { Vec::new() };
        Tried { proof, input, marks }
    }
}

/// The rules for a pasted record, without any answer: only what the text alone shows.
fn marks(input: &Input) -> Vec<Exhibit> {
    let evidence = Evidence::new(input.clone(), Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
    let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
    let found = diagnose(Arc::new(evidence), reading);
    let bad = found.every_finding().filter(|f| f.severity >= Severity::Medium);
    let here = bad.flat_map(|f| f.exhibits.iter().filter(|e| matches!(e.place, Place::Input(_))));
    let mut marks: Vec<Exhibit> = here.cloned().collect();
    marks.truncate(MARKS);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::remedy::text;
    use crate::samples::settle;

    const ZONE: &str = r#"
        example.com TXT "v=spf1 ip:192.0.2.4 mx -all"
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.5
        _dmarc.example.com TXT "v=DMARC1; p=reject; rua=mailto:d@example.com"
    "#;

    fn tried(edited: &str) -> Tried {
        let input = Input::read("-", &b"example.com"[..], None).unwrap();
        let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
        let evidence = settle(evidence, &Zone::parse(ZONE).unwrap());
        let reading = Arc::new(Reading::read(&evidence.input, &evidence.said));
        let mut diagnosis = diagnose(Arc::new(evidence), reading);
        let finding = diagnosis.findings.iter_mut().find(|f| f.rule.id == "spf-syntax-error").unwrap();
        let title = finding.title.clone();
        finding.fix.as_mut().unwrap().records[0].after = vec![text(edited)];
        Attempt { diagnosis, rule: "spf-syntax-error", title, record: 0, value: 0 }.run()
    }

    #[test]
    fn an_edit_is_proven_or_said_to_break() {
        let good = tried("v=spf1 ip4:192.0.2.4 mx a:mx.example.com -all");
        assert!(matches!(good.proof, Some(Proof::Proven { .. })), "{:?}", good.proof);
        assert!(good.marks.is_empty(), "{:?}", good.marks);
        let bad = tried("v=spf1 ip4:192.0.2.4 mx/33 -all");
        let Some(Proof::Disproven { why }) = &bad.proof else { panic!("{:?}", bad.proof) };
        assert!(why.starts_with("it stays:") || why.starts_with("of the new record:"), "{why}");
        let Place::Input(span) = bad.marks[0].place else { panic!("{:?}", bad.marks) };
        assert_eq!(std::str::from_utf8(span.of(&bad.input.text)).unwrap(), "mx/33");
        let open = tried("v=spf1 include:unasked.example -all");
        assert!(matches!(open.proof, Some(Proof::Open { .. })), "{:?}", open.proof);
    }
}
