//! The copy that was sent beside the one that arrived: what was changed on the way, byte for byte.

mod beside;
mod body;
mod fields;

pub use beside::{Beside, Held};

use crate::facts::dkim::forensics::What;
use crate::facts::header::{Header, is_trace};
use crate::span::Span;

/// What differs between two copies of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// In the order of the received copy, then those that are gone. What servers write on the way (Received and its
    /// like) is among the added ones.
    pub fields: Vec<FieldDifference>,
    /// `None` where one of the copies is a header alone.
    pub body: Option<Vec<BodyDifference>>,
}

/// One header field that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDifference {
    /// As the received copy spells it, else the sent one.
    pub name: String,
    pub change: Change,
    /// The value, folds and all; `None` where this copy lacks the field.
    pub sent: Option<String>,
    pub received: Option<String>,
    /// The field in the received copy.
    pub at: Option<Span>,
}

/// What happened to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    Changed,
    /// Other folds or blanks, the same words.
    Refolded,
    /// Its name in other letters.
    Recased,
    Added,
    Removed,
}

impl Change {
    /// The word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Change::Changed => "changed",
            Change::Refolded => "refolded",
            Change::Recased => "recased",
            Change::Added => "added",
            Change::Removed => "removed",
        }
    }
}

/// One thing in the body that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyDifference {
    pub what: What,
    /// `text/html`, or `the body` for what concerns all of it.
    pub part: String,
    /// The lines that differ, shortened; `None` where this copy has none.
    pub sent: Option<String>,
    pub received: Option<String>,
}

impl BodyDifference {
    /// It quotes the text, and not only its form.
    pub fn quotes(&self) -> bool {
        let form = [What::TransferEncodingChanged, What::CharsetChanged, What::WrappedInMultipart];
        !form.contains(&self.what) && (self.part.starts_with("text/") || self.part == body::WHOLE)
    }
}

impl FieldDifference {
    /// Servers on the way write such fields; that they are there is no change of the message.
    pub fn is_trace(&self) -> bool {
        self.change == Change::Added && is_trace(&self.name)
    }

    /// As the forensics of signatures call it.
    pub fn what(&self) -> What {
        fields::what(self)
    }
}

impl Differences {
    /// Nothing differs but what servers on the way add.
    pub fn is_empty(&self) -> bool {
        self.fields.iter().all(FieldDifference::is_trace) && self.body.as_ref().is_none_or(Vec::is_empty)
    }
}

/// A value on one line and shortened, as a sentence quotes it.
pub fn brief(text: &str) -> String {
    crate::safe::clip(&text.split_whitespace().collect::<Vec<_>>().join(" "), 100)
}

/// Compares two copies of a message, each as its bytes: the header field by field, the body part by part. Pure; line
/// ends do not count, because a mailbox keeps them in its own way. Linear in the sizes.
pub fn differences(sent: &[u8], received: &[u8]) -> Differences {
    let (was, is) = (Header::split(sent), Header::split(received));
    let body = |header: &Header, text: &[u8]| header.body.filter(|at| (*at as usize) < text.len());
    let bodies = body(&was, sent).zip(body(&is, received));
    Differences {
        fields: fields::compare((&was, sent), (&is, received)),
        body: bodies.map(|(was, is)| body::compare((sent, was as usize), (received, is as usize))),
    }
}

#[cfg(test)]
mod tests;
