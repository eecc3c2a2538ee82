//! What was changed after signing: known mutations are undone one at a time and in pairs until the
//! hash agrees. What agrees is proof; what cannot be undone from the bytes at hand is only likely.

pub mod body;
mod effort;
mod header;
mod likely;
mod mime;
mod undo;
mod who;
mod wrapped;

pub use effort::Effort;
pub use header::{Changed, Chosen, restore as restore_header};
pub use likely::likely;
pub(in crate::facts) use undo::{percent_decoded, unwrapped as link_behind};
pub use who::{Proven, covers, suspects};
pub use wrapped::{content_fields, unwrapped};

use serde::{Deserialize, Serialize};

/// One thing that was done to a message.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Altered {
    pub what: What,
    pub proof: Proof,
    /// Of the header: the field, as it stands there or as `h=` names it; `None` where it is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Who most likely did it: the name of a server of the Received chain.
    pub hop: Option<String>,
    /// Where that may be one of several: the servers that had it between signing and verdict, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub could: Vec<String>,
}

/// How an alteration is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Undone, the hash is the signed one.
    RestoredHash,
    /// The copy that was sent shows it.
    SentCopy,
    /// It leaves marks, but cannot be undone from what arrived.
    Likely,
}

impl Proof {
    /// The word of the JSON output (CONTRACT `computed.dkim[].altered[].proof`).
    pub fn word(self) -> &'static str {
        match self {
            Proof::RestoredHash => "restored-hash",
            Proof::SentCopy => "sent-copy",
            Proof::Likely => "likely",
        }
    }
}

/// What systems on the way do to messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    FooterAppended,
    TextPrepended,
    HtmlInserted,
    PartAdded,
    WrappedInMultipart,
    LineEndsChanged,
    WhitespaceChanged,
    EmptyLinesChanged,
    BlankLinesDoubled,
    DotStuffing,
    FromEscaped,
    TransferEncodingChanged,
    CharsetChanged,
    LinesWrapped,
    PartRemoved,
    StructureChanged,
    BodyChanged,
    LinksRewritten,
    SubjectTag,
    SubjectChanged,
    FromRewritten,
    AddressRespelled,
    ReplyToChanged,
    RecipientsChanged,
    DateChanged,
    MessageIdChanged,
    ContentTypeChanged,
    FieldAdded,
    FieldRefolded,
    FieldRecased,
    FieldChanged,
    FieldRemoved,
}

impl What {
    /// The word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            What::FooterAppended => "footer-appended",
            What::TextPrepended => "text-prepended",
            What::HtmlInserted => "html-inserted",
            What::PartAdded => "part-added",
            What::WrappedInMultipart => "wrapped-in-multipart",
            What::LineEndsChanged => "line-ends-changed",
            What::WhitespaceChanged => "whitespace-changed",
            What::EmptyLinesChanged => "empty-lines-changed",
            What::BlankLinesDoubled => "blank-lines-doubled",
            What::DotStuffing => "dot-stuffing",
            What::FromEscaped => "from-escaped",
            What::TransferEncodingChanged => "transfer-encoding-changed",
            What::CharsetChanged => "charset-changed",
            What::LinesWrapped => "lines-wrapped",
            What::PartRemoved => "part-removed",
            What::StructureChanged => "structure-changed",
            What::BodyChanged => "body-changed",
            What::LinksRewritten => "links-rewritten",
            What::SubjectTag => "subject-tag",
            What::SubjectChanged => "subject-changed",
            What::FromRewritten => "from-rewritten",
            What::AddressRespelled => "address-respelled",
            What::ReplyToChanged => "reply-to-changed",
            What::RecipientsChanged => "recipients-changed",
            What::DateChanged => "date-changed",
            What::MessageIdChanged => "message-id-changed",
            What::ContentTypeChanged => "content-type-changed",
            What::FieldAdded => "field-added",
            What::FieldRefolded => "field-refolded",
            What::FieldRecased => "field-recased",
            What::FieldChanged => "field-changed",
            What::FieldRemoved => "field-removed",
        }
    }

    /// For a sentence that begins with "On the way".
    pub fn phrase(self) -> &'static str {
        match self {
            What::FooterAppended => "a footer was appended",
            What::TextPrepended => "text was put above the message",
            What::HtmlInserted => "HTML was put into the message",
            What::PartAdded => "a part was added",
            What::WrappedInMultipart => "the message was wrapped into a multipart",
            What::LineEndsChanged => "LF at its line ends, over which it was signed, became CR LF",
            What::WhitespaceChanged => "blanks at line ends or between words were changed",
            What::EmptyLinesChanged => "an empty line at the top came or went",
            What::BlankLinesDoubled => "line ends were doubled",
            What::DotStuffing => "dots at the beginning of lines were doubled or lost",
            What::FromEscaped => "lines that begin with From were escaped with >",
            What::TransferEncodingChanged => "the transfer encoding was changed or written anew",
            What::CharsetChanged => "the character set was changed",
            What::LinesWrapped => "long lines were broken",
            What::PartRemoved => "a part was removed",
            What::StructureChanged => "the boundaries of its parts or their fields were written anew",
            What::BodyChanged => "text was changed",
            What::LinksRewritten => "links were rewritten",
            What::SubjectTag => "a tag was put into Subject",
            What::SubjectChanged => "Subject was changed",
            What::FromRewritten => "From was rewritten",
            What::AddressRespelled => "addresses were written otherwise, with other quotes, brackets or blanks",
            What::ReplyToChanged => "Reply-To was added or changed",
            What::RecipientsChanged => "To or Cc was changed",
            What::DateChanged => "Date was changed",
            What::MessageIdChanged => "Message-ID was changed",
            What::ContentTypeChanged => "Content-Type or its kin were changed",
            What::FieldAdded => "a field was added whose absence is signed",
            What::FieldRefolded => "fields were folded or spaced otherwise",
            What::FieldRecased => "names of fields were written otherwise",
            What::FieldChanged => "a signed field was changed",
            What::FieldRemoved => "a signed field was removed",
        }
    }

    /// It happens in the body; otherwise in the header.
    pub fn in_body(self) -> bool {
        self <= What::LinksRewritten
    }

    /// `relaxed` canonicalization would have survived it.
    pub fn relaxed_survives(self) -> bool {
        matches!(self, What::WhitespaceChanged | What::FieldRefolded | What::FieldRecased)
    }
}

#[cfg(test)]
mod tests;
