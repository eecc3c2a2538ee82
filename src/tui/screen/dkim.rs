//! One DKIM signature tag by tag, and the key it names.
//!
//! ```text
//!  Signature 1 of 2   mailer.esp.example s=k1   reported: pass
//! ── Signature ──────────────────────────────────────────────────────────
//!   d=   mailer.esp.example          ✗ not aligned with From: acme.example
//!   s=   k1                          ✓ key found, RSA 2048
//!   h=   from:to:subject:date
//! ── Key   k1._domainkey.mailer.esp.example ─────────────────────────────
//!   v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…
//! ```

use super::{answer, keys, scroll};
use crate::diagnose::Diagnosis;
use crate::evidence::{Kind, Question};
use crate::facts::Facts;
use crate::facts::dkim::forensics::{Proof, What};
use crate::facts::dkim::{DkimResult, Hash, Key, KeyRecord, KeyState, PublicKey, Signature, Verification};
use crate::facts::organization::Agreement;
use crate::facts::sent::brief;
use crate::report::{self, Shown};
use crate::tui::app::App;
use crate::tui::case::Case;
use crate::tui::keys::Action;
use crate::tui::msg::Effect;
use crate::tui::theme::Ink;
use crate::tui::widget::doc::{Doc, Pen};
use ratatui::Frame;
use ratatui::layout::Rect;

pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if scroll(app, action) {
        return vec![];
    }
    let Some(case) = &mut app.case else { return vec![] };
    let Some(diagnosis) = &case.diagnosis else { return vec![] };
    let facts = &diagnosis.facts;
    let last = match facts.reading.subject {
        Some(_) => keys::listed(facts).len(),
        None => facts.reading.signatures.len(),
    }
    .saturating_sub(1);
    let shown = case.signature.min(last);
    match action {
        Action::Next => case.signature = (shown + 1).min(last),
        Action::Previous => case.signature = shown.saturating_sub(1),
        Action::More => case.answers = !case.answers,
        Action::CopyValue => {
            let record = key_of(facts, shown).and_then(|key| match &key.state {
                KeyState::Found(records) => records.first(),
                _ => None,
            });
            match record {
                Some(record) => {
                    let what = "the key record".to_owned();
                    return vec![Effect::Copy { what, text: record.text.clone() }];
                }
                None => app.say("There is no key record to copy."),
            }
        }
        _ => {}
    }
    vec![]
}

/// The name of the key that is shown.
pub fn name(case: &Case) -> Option<String> {
    key_of(&case.diagnosis.as_ref()?.facts, case.signature).map(|key| key.name.clone())
}

fn key_of(facts: &Facts, signature: usize) -> Option<&Key> {
    if facts.reading.subject.is_some() {
        return keys::listed(facts).get(signature).map(|s| &s.key);
    }
    facts
        .keys
        .iter()
        .find(|k| k.signature == Some(signature))
        .or_else(|| facts.keys.iter().find(|k| k.signature.is_none()))
}

pub fn draw(app: &mut App, frame: &mut Frame, area: Rect, pen: Pen) {
    let Some(case) = &app.case else { return };
    let Some(diagnosis) = &case.diagnosis else { return };
    let facts = &diagnosis.facts;
    let mut doc = Doc::new(pen, area.width.min(120));
    if facts.reading.subject.is_some() {
        let shown = case.signature.min(keys::listed(facts).len().saturating_sub(1));
        keys::write(&mut doc, facts, shown, case.answers);
        super::page(app, frame, area, &doc);
        return frame.set_cursor_position(area.as_position());
    }
    let signatures = &facts.reading.signatures;
    let shown = case.signature.min(signatures.len().saturating_sub(1));
    match signatures.get(shown) {
        Some(signature) => {
            let reported = facts.reading.reported.dkim.iter().find(|d| d.signature == Some(shown));
            let said = reported.map_or("not reported".to_owned(), |r| {
                let detail = if r.detail.is_empty() { String::new() } else { format!(" ({})", r.detail) };
                format!("the receiver said {}{detail}", r.result)
            });
            doc.hang(&format!(" Signature {} of {}   ", shown + 1, signatures.len()), Ink::Strong, said, Ink::Plain);
            if let Some(found) = facts.verified.iter().find(|v| v.signature == shown) {
                doc.section("Checked here", found.result.map_or("", DkimResult::word));
                checked(&mut doc, found);
                let searched = case.running == 0 && facts.reading.beside.is_none();
                if searched && found.body_hash == Hash::Mismatch && found.altered.is_empty() {
                    doc.hang("  ? ", Ink::Strong, UNDONE, Ink::Plain);
                }
                reconciled(&mut doc, reported.map(|r| r.result.as_str()), found);
            }
            doc.section("Signature", "");
            tags(&mut doc, facts, shown, signature);
        }
        None if facts.keys.is_empty() => doc.para(1, "The message is not signed.", Ink::Plain),
        None => {}
    }
    if facts.reading.beside.is_some() {
        doc.section("Beside the sent copy", "");
        sent(&mut doc, diagnosis, Shown { redaction: app.redactor.as_ref() });
    }
    if let Some(key) = key_of(facts, shown) {
        doc.section(&format!("Key   {}", key.name), "");
        key_text(&mut doc, key);
        if case.answers && !key.name.is_empty() {
            answer::write(&mut doc, &facts.evidence, &Question::new(&key.name, Kind::Txt));
        }
    }
    super::page(app, frame, area, &doc);
    frame.set_cursor_position(area.as_position());
}

const UNDONE: &str = "what was changed: undoing what is usual on the way did not restore it; the copy that was sent would show it (postdoc diagnose --sent FILE)";

/// One line a tag, with what we know of it.
fn tags(doc: &mut Doc, facts: &Facts, n: usize, signature: &Signature) {
    let text = |tag: Option<&crate::span::Spanned<String>>| tag.map_or("(missing)".to_owned(), |t| t.value.clone());
    let from = facts.reading.from_domain().unwrap_or("?");
    let strict = facts.dmarc.record().is_some_and(|r| r.adkim_strict);
    let aligned = match facts.alignment.signatures.get(n).copied().flatten() {
        Some(Agreement::None) => format!("✗ not aligned with From: {from}"),
        Some(Agreement::Relaxed) if strict => {
            format!("✗ same organization as From: {from}, but strict alignment is asked for")
        }
        Some(Agreement::Relaxed) => format!("✓ same organization as From: {from}"),
        Some(Agreement::Strict) => format!("✓ the same as From: {from}"),
        None => String::new(),
    };
    line(doc, "d=", &text(signature.domain.as_ref()), &aligned);
    let key = key_of(facts, n).map(|key| state_in_short(&key.state)).unwrap_or_default();
    line(doc, "s=", &text(signature.selector.as_ref()), &key);
    line(doc, "a=", &text(signature.algorithm.as_ref()), "");
    let (header, body) = &signature.canonicalization;
    line(doc, "c=", &format!("{header}/{body}"), "");
    // Blanks around the colons let the list break at a name.
    line(doc, "h=", &signature.signed.replace(':', " : "), "");
    if let Some(identity) = &signature.identity {
        line(doc, "i=", &identity.value, "");
    }
    line(doc, "bh=", &signature.body_hash, "");
    line(doc, "b=", &crate::safe::clip(&signature.signature, 64), "");
    for (tag, time) in [("t=", &signature.signed_at), ("x=", &signature.expires)] {
        if let Some(time) = time {
            let at = i64::try_from(time.value).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
            line(doc, tag, &time.value.to_string(), &at.map(|t| t.to_string()).unwrap_or_default());
        }
    }
    if let Some(length) = &signature.length {
        line(doc, "l=", &length.value.to_string(), "only that many bytes of the body are signed");
    }
    for problem in &signature.problems {
        doc.hang("  ! ", Ink::Warn, problem, Ink::Plain);
    }
}

/// What our own verification found, header and body apart.
fn checked(doc: &mut Doc, found: &Verification) {
    let state = |hash: Hash| match hash {
        Hash::Match => ("  ✓ ", Ink::Pass),
        Hash::Mismatch => ("  ✗ ", Ink::Fail),
        Hash::Unknown => ("  ? ", Ink::Faint),
    };
    let header = match found.header_hash {
        Hash::Match => "header: the signed fields are as they were signed",
        Hash::Mismatch => "header: a signed field was changed, or the key is another one",
        Hash::Unknown => "header: cannot be checked without the key, or from a mangled paste",
    };
    let body = match found.body_hash {
        Hash::Match => "body: as it was signed",
        Hash::Mismatch => "body: changed after it was signed",
        Hash::Unknown => "body: not here to be checked",
    };
    for (hash, text) in [(found.header_hash, header), (found.body_hash, body)] {
        let (glyph, ink) = state(hash);
        doc.hang(glyph, ink, text, Ink::Plain);
    }
    for altered in &found.altered {
        let sure = match altered.proof {
            Proof::RestoredHash => "proven: undone, the hash agrees",
            Proof::SentCopy => "proven by the copy that was sent",
            Proof::Likely => "likely, by its marks",
        };
        let by = match (&altered.hop, &altered.could[..]) {
            (Some(hop), _) => format!("; most likely by {hop}"),
            (None, []) => String::new(),
            (None, several) => format!("; by one of {}", several.join(", ")),
        };
        let nameless = matches!(altered.what, What::FieldAdded | What::FieldChanged | What::FieldRemoved);
        let field = altered.field.as_ref().filter(|_| nameless).map(|f| format!(" [{}]", brief(f))).unwrap_or_default();
        doc.hang("  ! ", Ink::Warn, format!("{}{field} ({sure}){by}", altered.what.phrase()), Ink::Plain);
    }
}

/// What differs from the copy that was sent, with the words of both.
fn sent(doc: &mut Doc, diagnosis: &Diagnosis, shown: Shown) {
    for line in report::sent::lines(diagnosis, shown) {
        doc.hang(&format!("  {} ", line.mark), Ink::Warn, format!("{}: {}", line.name, line.what), Ink::Plain);
        for (word, text) in [("sent", &line.sent), ("received", &line.received)] {
            if let Some(text) = text {
                doc.hang(&format!("    {word:8}  "), Ink::Faint, text, Ink::Plain);
            }
        }
    }
    for note in report::sent::notes(diagnosis) {
        doc.hang("  i ", Ink::Note, shown.line(&note), Ink::Plain);
    }
}

/// Why the receiver then and we now may say different things.
fn reconciled(doc: &mut Doc, reported: Option<&str>, found: &Verification) {
    let Some(then) = reported else { return };
    let why = match (then == "pass", found.result) {
        (true, Some(DkimResult::Fail)) => {
            "The receiver saw it pass. What is here is not byte for byte what it saw (mail programs and \"Show original\" change blanks and lines), or it was changed after the check."
        }
        (true, Some(DkimResult::PermError)) => {
            "The receiver saw it pass. The key in DNS was changed or taken out since, as after a rotation."
        }
        (false, Some(DkimResult::Pass)) => {
            "It verifies now. The key was not to be seen then, or was another one, or the receiver changed the message before it checked."
        }
        (false, Some(DkimResult::Neutral)) if found.header_hash == Hash::Match && then == "fail" => {
            "The signed fields are as they were signed, so what failed is the body."
        }
        _ => return,
    };
    doc.hang("  i ", Ink::Note, why, Ink::Plain);
}

fn line(doc: &mut Doc, tag: &str, value: &str, note: &str) {
    let value = crate::safe::clip(value, 240);
    let text = if note.is_empty() { value } else { format!("{value}   {note}") };
    doc.hang(&format!("  {tag:<4} "), Ink::Faint, text, Ink::Plain);
}

pub(super) fn state_in_short(state: &KeyState) -> String {
    match state {
        KeyState::Unasked(_) => "… key not asked for yet".to_owned(),
        KeyState::Failed(outcome) => format!("? {}", answer::outcome(Some(*outcome))),
        KeyState::Missing(outcome) => format!("✗ no key there: {}", answer::outcome(Some(*outcome))),
        KeyState::Found(records) => match &records[..] {
            [one] => material(&one.public),
            several => format!("! {} records there", several.len()),
        },
    }
}

fn material(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { bits: bits @ ..1024 } => format!("✗ key found, RSA {bits}: too short, it counts for nothing"),
        PublicKey::Rsa { bits: bits @ ..2048 } => format!("! key found, RSA {bits}: short, 2048 bits are recommended"),
        PublicKey::Rsa { bits } => format!("✓ key found, RSA {bits}"),
        PublicKey::Ed25519 => "✓ key found, Ed25519".to_owned(),
        PublicKey::Revoked => "✗ revoked (empty p=)".to_owned(),
        PublicKey::Missing => "✗ no p= in the record".to_owned(),
        PublicKey::Wrapped { .. } => "✗ the key is in the wrong format".to_owned(),
        PublicKey::Truncated { has, says } => format!("✗ cut off: {has} of {says} bytes"),
        PublicKey::BadBase64 => "✗ p= is not base64".to_owned(),
        PublicKey::Unknown => "✗ p= is no key we know".to_owned(),
    }
}

pub(super) fn key_text(doc: &mut Doc, key: &Key) {
    match &key.state {
        KeyState::Found(records) => {
            for record in records {
                one_key(doc, record);
            }
        }
        other => doc.para(2, state_in_short(other), Ink::Plain),
    }
}

fn one_key(doc: &mut Doc, record: &KeyRecord) {
    doc.para(2, &record.text, Ink::Plain);
    let strings: Vec<String> = record.strings.iter().map(usize::to_string).collect();
    let many = if strings.len() == 1 { "1 string" } else { "strings" };
    doc.hang(
        "  ",
        Ink::Plain,
        format!("{}; {many} of {} bytes", material(&record.public), strings.join(" + ")),
        Ink::Faint,
    );
    if !record.flags.is_empty() {
        doc.hang("  ", Ink::Plain, format!("t={}", record.flags.join(":")), Ink::Faint);
    }
}
