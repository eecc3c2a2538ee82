//! A DNS answer as it came, and the command that asks the same.
//!
//! ```text
//!   $ dig +short TXT s1._domainkey.example.com
//!   s1._domainkey.example.com 3600 CNAME s1.dkim.esp.example.
//! ```

use crate::evidence::{Evidence, ExtendedError, Outcome, Question};
use crate::tui::theme::Ink;
use crate::tui::widget::doc::Doc;

/// What came of a question, in a word or two.
pub fn outcome(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "not answered yet",
        Some(Outcome::Records) => "records",
        Some(Outcome::NoData) => "no such record (NODATA)",
        Some(Outcome::NxDomain) => "no such name (NXDOMAIN)",
        Some(Outcome::ServFail) => "the server failed (SERVFAIL)",
        Some(Outcome::Refused) => "refused (REFUSED)",
        Some(Outcome::Timeout) => "no answer (timeout)",
        Some(Outcome::Truncated) => "cut short, no whole answer",
    }
}

/// The command, then every record, or what came instead.
pub fn write(doc: &mut Doc, evidence: &Evidence, question: &Question) {
    doc.hang("  $ ", Ink::Faint, evidence.said.aim(question.dig()), Ink::Plain);
    let Some(answer) = evidence.answers.get(question) else {
        return doc.hang("  ", Ink::Plain, outcome(None), Ink::Faint);
    };
    for record in &answer.records {
        let kind = record.data.kind().map_or("", |kind| kind.word());
        let line = format!("{} {} {kind} {}", record.name, record.ttl, record.data);
        doc.hang("  ", Ink::Plain, line, Ink::Plain);
    }
    if answer.outcome != Outcome::Records {
        doc.hang("  ", Ink::Plain, outcome(Some(answer.outcome)), Ink::Faint);
    }
    for error in &answer.extended {
        let word = ExtendedError::word(error).unwrap_or("unknown code");
        doc.hang("  ", Ink::Plain, format!("extended error {} {word} {}", error.code, error.text), Ink::Faint);
    }
}
