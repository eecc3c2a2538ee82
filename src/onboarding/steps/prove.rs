//! What only a message, or the reports on many, can prove.

use super::{Desk, Next, Stage, State, Step, dmarc, step};
use crate::knowledge::platform;
use crate::remedy;

/// `keys`: the steps in which senders get their keys.
pub(super) fn all(desk: &Desk, keys: &[Step]) -> Vec<Step> {
    let unsigned: Vec<&Step> = keys.iter().filter(|s| matches!(s.state, State::ToDo | State::Waiting)).collect();
    let mut steps: Vec<Step> = panel(desk).into_iter().collect();
    steps.extend([test(desk), unsubscribe(desk), dmarc::raise(desk, &unsigned)]);
    steps
}

/// What the panels are set to: no answer of DNS tells.
fn panel(desk: &Desk) -> Option<Step> {
    let mut it = step(
        "panel",
        Stage::Prove,
        "The panels say the same",
        "What a sender, a pool, a template or a campaign sets wins over what the domain has.",
    );
    for platform in desk.told.platforms.iter().filter_map(|id| platform::find(id)) {
        let settings = platform.dkim_setting.iter().chain(&platform.return_path_setting);
        it.actions.extend(settings.map(|s| remedy::platform::place(s, desk.domain)));
        it.actions.extend(platform.notes.iter().map(|n| remedy::platform::place(n, desk.domain)));
    }
    it.actions.dedup();
    it.check = Some("postdoc diagnose HEADER.txt --configured from=…,mail-from=…,selector=…".into());
    it.state = State::Unknown;
    Some(it).filter(|s| !s.actions.is_empty())
}

fn test(desk: &Desk) -> Step {
    let mut it = step(
        "test",
        Stage::Prove,
        "A test message passes",
        "DNS shows what should happen; a message shows what does: panel, template and campaign may each set another sender.",
    );
    it.next = Some(Next::Test);
    it.check = Some("postdoc diagnose HEADER.txt".into());
    if let Some(proof) = desk.told.proof.as_ref().filter(|p| !p.report) {
        it.proof.push(format!("{} said {}, {}", proof.by, proof.words, proof.at.strftime("%Y-%m-%d %H:%M UTC")));
        it.state = if proof.passed { State::Done } else { State::ToDo };
    } else {
        it.state = State::Unknown;
    }
    if it.state != State::Done {
        it.actions.push(format!(
            "Send a real message as {} to a mailbox of yours at Gmail and at Outlook.com, show its original, and paste the header.",
            desk.domain
        ));
    }
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
