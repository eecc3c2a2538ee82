//! What only a message, or the reports on many, can prove.

use super::{Desk, Stage, State, Step, dmarc, step};

pub(super) fn all(desk: &Desk) -> Vec<Step> {
    vec![test(desk), unsubscribe(desk), dmarc::raise(desk)]
}

fn test(desk: &Desk) -> Step {
    let mut it = step(
        "test",
        Stage::Prove,
        "A test message passes",
        "DNS shows what should happen; a message shows what does: panel, template and campaign may each set another sender.",
    );
    it.state = State::Unknown;
    it.actions.push(format!(
        "Send a real message as {} to a mailbox of yours at Gmail and at Outlook.com, show its original, and paste the header.",
        desk.domain
    ));
    it.check = Some("postdoc diagnose HEADER.txt".into());
    it
}

fn unsubscribe(desk: &Desk) -> Step {
    let mut it = step(
        "unsubscribe",
        Stage::Prove,
        "Leaving takes one click",
        "Gmail and Yahoo ask bulk senders for it; both fields have to be signed (RFC 8058).",
    );
    it.state = State::Unknown;
    it.optional = true;
    it.actions.push(format!(
        "List-Unsubscribe: <https://{}/unsubscribe?id=…>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
        desk.told.tracking.first().map_or(desk.domain, |h| h.name.as_str())
    ));
    it.actions
        .push("Honour it within two days. The test message shows whether the fields are there and signed.".into());
    it
}
