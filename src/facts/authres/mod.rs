//! Authentication-Results (RFC 8601) and Received-SPF (RFC 7208 §9.1), read field by field.
//!
//! Nothing here is believed: [`super::boundary`] decides that.

pub mod comment;
mod encoded;
mod lexer;
mod received_spf;
mod registry;
#[cfg(test)]
mod tests;
mod value;

pub use received_spf::received_spf;
pub use value::read_value;

use super::header::Header;
use crate::span::{Span, Spanned};
use std::borrow::Cow;

/// One Authentication-Results value, or the value of an ARC-Authentication-Results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthRes {
    /// Index of the field.
    pub field: usize,
    /// The whole value.
    pub span: Span,
    /// Lower case; `None` where the writer left it out (Outlook).
    pub authserv_id: Option<Spanned<String>>,
    pub version: Option<u32>,
    /// `i=` of an ARC-Authentication-Results.
    pub instance: Option<u32>,
    /// `none`: no check was done.
    pub none: bool,
    pub results: Vec<MethodResult>,
    pub departures: Vec<Departure>,
}

/// `method=result`, with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodResult {
    /// Lower case: `spf`, `dkim`, `dmarc`, `arc`, `compauth` …
    pub method: Cow<'static, str>,
    /// `dkim/1`; `None` where the writer left it out.
    pub version: Option<u32>,
    /// Lower case, as written otherwise (`bestguesspass`, `dkim_pass`).
    pub result: Cow<'static, str>,
    /// `method=result`.
    pub head: Span,
    /// The whole resinfo.
    pub span: Span,
    pub reason: Option<Spanned<String>>,
    /// Text of the comments, parentheses off.
    pub comments: Vec<Spanned<String>>,
    pub props: Vec<Prop>,
}

/// `ptype.property=value`; a bare `action=none` has an empty ptype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prop {
    pub ptype: Cow<'static, str>,
    pub property: Cow<'static, str>,
    /// Unquoted.
    pub value: String,
    /// `ptype.property=value`.
    pub span: Span,
    pub value_span: Span,
}

impl MethodResult {
    /// The first value of `ptype.property`.
    pub fn prop(&self, ptype: &str, property: &str) -> Option<&Prop> {
        self.props.iter().find(|p| p.ptype == ptype && p.property == property)
    }
}

/// A real-world departure from RFC 8601 that was met and read all the same. Each has one
/// named branch in the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Departure {
    /// The first segment is already a result (Exchange Online).
    NoAuthservId,
    /// A host name as a segment of its own, where there is no authserv-id (Exchange Online).
    AuthservIdInTheMiddle,
    /// A semicolon with nothing after it (Yahoo, Outlook).
    TrailingSemicolon,
    /// A second result, or the first one after the authserv-id, without a semicolon before it.
    MissingSemicolon,
    /// A word that is neither a result nor a property.
    StrayWord,
    /// `header.from=;`
    EmptyValue,
    /// `action=none`: a property without a ptype.
    BareProperty,
    /// `reason=good`, a word without quotes (numbers are not noted: `reason=100`).
    UnquotedReason,
    /// A property after a semicolon; it belongs to the result before.
    PropertyInOwnSegment,
    /// `dmarc=pass(p=REJECT)`
    NoSpaceBeforeComment,
    /// The whole value is RFC 2047-encoded; spans cover the encoded words.
    EncodedWord,
    /// A comment without its end.
    UnclosedComment,
    /// A quoted string without its end.
    UnclosedQuote,
    /// A method that is in no registry and is not private (`x-…`).
    UnknownMethod,
    /// A result not registered for its method (`dkim_pass`, `bestguesspass`).
    UnregisteredResult,
}

impl Departure {
    /// Every departure, in order.
    pub const ALL: [Departure; 15] = [
        Departure::NoAuthservId,
        Departure::AuthservIdInTheMiddle,
        Departure::TrailingSemicolon,
        Departure::MissingSemicolon,
        Departure::StrayWord,
        Departure::EmptyValue,
        Departure::BareProperty,
        Departure::UnquotedReason,
        Departure::PropertyInOwnSegment,
        Departure::NoSpaceBeforeComment,
        Departure::EncodedWord,
        Departure::UnclosedComment,
        Departure::UnclosedQuote,
        Departure::UnknownMethod,
        Departure::UnregisteredResult,
    ];
}

/// One Received-SPF field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceivedSpf {
    pub field: usize,
    pub span: Span,
    /// Lower case.
    pub result: String,
    pub result_span: Span,
    pub comment: Option<Spanned<String>>,
    pub client_ip: Option<Spanned<std::net::IpAddr>>,
    pub envelope_from: Option<Spanned<String>>,
    pub helo: Option<Spanned<String>>,
    pub receiver: Option<Spanned<String>>,
    /// `mailfrom` or `helo`.
    pub identity: Option<Spanned<String>>,
}

/// What the field is called; and what Exchange calls one that came in with the message, where it stood.
const NAMES: [&str; 2] = ["Authentication-Results", "Authentication-Results-Original"];

/// Every Authentication-Results field, top to bottom.
pub fn read(header: &Header, text: &[u8]) -> Vec<AuthRes> {
    let fields = NAMES.iter().flat_map(|name| header.all(text, name));
    let mut all: Vec<AuthRes> =
        fields.map(|(field, f)| AuthRes { field, ..read_value(f.value.of(text), f.value.start as usize) }).collect();
    all.sort_by_key(|a| a.field);
    all
}
