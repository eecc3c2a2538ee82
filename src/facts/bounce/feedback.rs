//! A feedback report (RFC 5965), or the report of a failed authentication (RFC 6591).

use super::letter::Piece;
use super::{Action, Bounce, MOST, Recipient, said};
use crate::facts::header::{Field, Header};
use crate::span::{Span, Spanned};

/// What a receiver reports of a message it had taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    pub kind: FeedbackKind,
    /// `Feedback-Type` as written.
    pub span: Span,
    /// Whom the report is about.
    pub mail_from: Option<Spanned<String>>,
    /// `Authentication-Results` in the report, whole fields.
    pub results: Vec<Field>,
}

/// The registered types (IANA, RFC 5965 §7.3, RFC 6430, RFC 6591).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeedbackKind {
    Abuse,
    Fraud,
    Virus,
    NotSpam,
    AuthFailure,
    Other,
}

impl FeedbackKind {
    pub fn word(self) -> &'static str {
        match self {
            FeedbackKind::Abuse => "abuse",
            FeedbackKind::Fraud => "fraud",
            FeedbackKind::Virus => "virus",
            FeedbackKind::NotSpam => "not-spam",
            FeedbackKind::AuthFailure => "auth-failure",
            FeedbackKind::Other => "other",
        }
    }

    pub(super) fn of(word: &str) -> FeedbackKind {
        match word.to_ascii_lowercase().as_str() {
            "abuse" | "opt-out" | "opt-out-list" | "miscategorized" => FeedbackKind::Abuse,
            "fraud" => FeedbackKind::Fraud,
            "virus" => FeedbackKind::Virus,
            "not-spam" => FeedbackKind::NotSpam,
            "auth-failure" => FeedbackKind::AuthFailure,
            _ => FeedbackKind::Other,
        }
    }
}

/// Microsoft's junk mail reports have no machine-readable part: the subject names the address that the message came
/// from, and the returned message whom it was for.
pub(super) fn junk_report(top: &Header, text: &[u8], bounce: &mut Bounce) {
    let Some(subject) = top.first(text, "Subject") else { return };
    let value = String::from_utf8_lossy(subject.value.of(text)).to_ascii_lowercase();
    let (Some((_, ip)), Some(place)) = (value.split_once("complaint about message from "), bounce.returned) else {
        return;
    };
    bounce.source_ip = ip.trim().parse().ok().map(|ip| Spanned::new(ip, subject.value));
    bounce.feedback =
        Some(Feedback { kind: FeedbackKind::Abuse, span: subject.span(), mail_from: None, results: vec![] });
    let returned = Header::within(text, place.start as usize, place.end as usize);
    let whom = returned
        .first(text, "X-HmXmrOriginalRecipient")
        .map(|f| Spanned::new(said::one_line(&String::from_utf8_lossy(f.value.of(text))), f.value));
    bounce.recipients =
        vec![Recipient { address: whom, action: Action::Delivered, ..Recipient::blank(subject.span()) }];
}

/// Reads the machine-readable part.
pub(super) fn read(piece: &Piece, bounce: &mut Bounce) {
    let text = piece.text();
    let header = Header::split(text);
    let all = |name: &str| -> Vec<Spanned<String>> {
        let fields = header.all(text, name).take(MOST);
        let values = fields.map(|(_, f)| {
            let value = said::one_line(&String::from_utf8_lossy(f.value.of(text)));
            Spanned::new(value, piece.place(f.span().range()))
        });
        values.filter(|v| !v.value.is_empty()).collect()
    };
    let one = |name: &str| all(name).into_iter().next();
    let bare = |v: Spanned<String>| Spanned::new(v.value.trim_matches(['<', '>', ' ']).to_owned(), v.span);
    let kind = one("Feedback-Type");
    bounce.reporting_mta = one("Reporting-MTA").and_then(|v| {
        let name = v.value.rsplit(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        said::host(&name).map(|name| Spanned::new(name, v.span))
    });
    bounce.source_ip =
        one("Source-IP").and_then(|v| Some(Spanned::new(v.value.trim_matches(['[', ']']).parse().ok()?, v.span)));
    // Fields are read where they stand in the input: an encoded report has none there.
    let verbatim = |f: &Field| {
        let (name, value) = (piece.place(f.name.range()), piece.place(f.value.range()));
        Field { name, value }
    };
    bounce.feedback = Some(Feedback {
        kind: kind.as_ref().map_or(FeedbackKind::Other, |k| FeedbackKind::of(&k.value)),
        span: kind.map_or(piece.whole(), |k| k.span),
        mail_from: one("Original-Mail-From").map(bare),
        results: match piece.is_verbatim() {
            true => header.all(text, "Authentication-Results").take(MOST).map(|(_, f)| verbatim(&f)).collect(),
            false => vec![],
        },
    });
    let span = bounce.feedback.as_ref().map_or(Span::default(), |f| f.span);
    let told = all("Original-Rcpt-To").into_iter().map(bare);
    let mut recipients: Vec<Recipient> =
        told.map(|a| Recipient { span: a.span, address: Some(a), ..Recipient::blank(span) }).collect();
    if recipients.is_empty() {
        recipients.push(Recipient::blank(span));
    }
    // It had been delivered, else nobody could have complained; of one that failed authentication the report says what
    // was done with it (RFC 6591 §3.1).
    let rejected = one("Delivery-Result").is_some_and(|v| v.value.eq_ignore_ascii_case("reject"));
    let action = if rejected { Action::Failed } else { Action::Delivered };
    recipients.iter_mut().for_each(|r| r.action = action);
    bounce.recipients = recipients;
}
