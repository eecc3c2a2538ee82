//! The machine-readable part of a delivery status notification (RFC 3464 §2), also where it stands in plain text.

use super::letter::Piece;
use super::{Action, Bounce, MOST, Recipient, forward, said};
use crate::facts::header::{Field, Header};
use crate::span::{Span, Spanned};

/// Reads the groups of fields in a piece: that of the message, then one a recipient. True where there is any.
pub(super) fn read(piece: &Piece, bounce: &mut Bounce) -> bool {
    let text = piece.text();
    let before = bounce.recipients.len();
    let mut at = 0;
    while at < text.len() && bounce.recipients.len() <= MOST {
        let header = Header::within(text, at, text.len());
        let group = Group { header: &header, piece };
        if bounce.reporting_mta.is_none() {
            bounce.reporting_mta = group
                .typed("Reporting-MTA")
                .and_then(|mta| said::host(&mta.value.to_ascii_lowercase()).map(|name| Spanned::new(name, mta.span)));
        }
        if let Some(recipient) = group.recipient() {
            bounce.recipients.push(recipient);
        }
        match header.body {
            Some(body) if body as usize > at => at = body as usize,
            _ => break,
        }
    }
    bounce.recipients.len() > before
}

struct Group<'p> {
    header: &'p Header,
    piece: &'p Piece<'p>,
}

impl Group<'_> {
    fn field(&self, name: &str) -> Option<(String, Field)> {
        let field = self.header.first(self.piece.text(), name)?;
        let value = said::one_line(&String::from_utf8_lossy(field.value.of(self.piece.text())));
        (!value.is_empty()).then_some((value, field))
    }

    fn span(&self, field: Field) -> Span {
        self.piece.place(field.span().range())
    }

    /// The value after its type: `rfc822; ann@example.com`, `dns; mx.example.com`.
    fn typed(&self, name: &str) -> Option<Spanned<String>> {
        let (value, field) = self.field(name)?;
        let typed = value.split_once(';').filter(|(kind, _)| {
            let kind = kind.trim();
            !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        let value = typed.map_or(value.as_str(), |(_, rest)| rest).trim().to_owned();
        (!value.is_empty()).then(|| Spanned::new(value, self.span(field)))
    }

    /// A recipient's group has Final-Recipient, Action and Status (RFC 3464 §2.3); some leave one out.
    fn recipient(&self) -> Option<Recipient> {
        let address = |name: &str| self.typed(name).map(|a| Spanned::new(bare(&a.value), a.span));
        let original = address("Original-Recipient");
        // Addresses of other systems, such as X.400, mean nothing to who sent it by mail.
        let foreign = self.field("Final-Recipient").is_some_and(|(value, _)| is_foreign(&value));
        let written = address("Final-Recipient").filter(|_| !foreign || original.is_none());
        let final_recipient = written.or_else(|| original.clone());
        let word = self.field("Action").and_then(|(value, _)| {
            Action::of(value.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default())
        });
        let status = self.field("Status").and_then(|(value, _)| said::status_at(&value).map(str::to_owned));
        let diagnostic = self.typed("Diagnostic-Code");
        let told = status.is_some() || diagnostic.is_some();
        if word.is_none() && !(final_recipient.is_some() && told) {
            return None;
        }
        // The group of the message, into which some write what is a recipient's.
        if final_recipient.is_none() && self.header.first(self.piece.text(), "Reporting-MTA").is_some() {
            return None;
        }
        let whole = self.header.fields.first().zip(self.header.fields.last());
        let span = whole.map_or(Span::default(), |(a, b)| self.piece.place(a.span().join(b.span()).range()));
        let said_text = diagnostic.as_ref().map(|r| r.value.clone()).unwrap_or_default();
        let (reply, words) = diagnostic.map_or((None, None), split);
        let remote = self.typed("Remote-MTA").and_then(|mta| said::host(&mta.value.to_ascii_lowercase()));
        let class =
            || status.as_deref().or(reply.as_ref().and_then(|r| said::code(&r.value))).and_then(Action::of_code);
        Some(Recipient {
            forwarded: original
                .filter(|a| final_recipient.as_ref().is_some_and(|now| forward::elsewhere(&a.value, &now.value))),
            address: final_recipient,
            action: word.or_else(class).unwrap_or(Action::Failed),
            server: remote.or_else(|| said::replier(&said_text)),
            step: said::step(&said_text.to_ascii_lowercase()),
            status: status.or_else(|| said::enhanced(&said_text)),
            reply,
            words,
            ..Recipient::blank(span)
        })
    }
}

/// Is the type of this address another than that of mail (RFC 3464 §2.1.2)?
fn is_foreign(recipient: &str) -> bool {
    recipient.split_once(';').is_some_and(|(kind, _)| kind.trim().eq_ignore_ascii_case("x400"))
}

/// A reply, or words without one.
fn split(text: Spanned<String>) -> (Option<Spanned<String>>, Option<Spanned<String>>) {
    match said::reply(&text.value) {
        Some(at) => (Some(Spanned::new(text.value[at..].to_owned(), text.span)), None),
        None => (None, Some(text)),
    }
}

/// The address without brackets and comments.
fn bare(address: &str) -> String {
    let inside = address.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(inside, _)| inside);
    inside.or(address.split_whitespace().next()).unwrap_or(address).trim_matches(['<', '>', '"']).to_owned()
}
