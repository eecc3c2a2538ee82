//! The recipients of a bounce.

use crate::facts::bounce::{Bounce, Recipient};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct BouncePart {
    reporting_mta: Option<String>,
    recipients: Vec<RecipientPart>,
    /// `abuse`, `auth-failure` … of a feedback report.
    feedback: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct RecipientPart {
    address: Option<String>,
    action: &'static str,
    permanent: bool,
    status: Option<String>,
    reply: Option<String>,
    category: &'static str,
    server: Option<String>,
    step: Option<&'static str>,
}

pub(super) fn bounce(b: &Bounce) -> BouncePart {
    let recipient = |r: &Recipient| RecipientPart {
        address: r.address.as_ref().map(|a| a.value.clone()),
        action: r.action.word(),
        permanent: r.is_permanent(),
        status: r.status.clone(),
        reply: r.reply.as_ref().map(|reply| reply.value.clone()),
        category: r.category.word(),
        server: r.server.clone(),
        step: r.step.map(|s| s.word()),
    };
    BouncePart {
        reporting_mta: b.reporting_mta.as_ref().map(|mta| mta.value.clone()),
        recipients: b.recipients.iter().map(recipient).collect(),
        feedback: b.feedback.as_ref().map(|f| f.kind.word()),
    }
}
