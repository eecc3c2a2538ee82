//! What was changed after signing, in words, and how to stop it.

use crate::facts::Facts;
use crate::facts::dkim::forensics::{Altered, Proof, What};
use crate::facts::dkim::{Hash, Signature, Verification};
use crate::facts::sent::{Beside, FieldDifference, brief};

/// Sentences for an explanation: of the body, or of the header; empty where nothing was looked for.
pub(super) fn told(facts: &Facts, found: &Verification, of_body: bool) -> String {
    let hash = if of_body { found.body_hash } else { found.header_hash };
    if hash != Hash::Mismatch {
        return String::new();
    }
    let phrases = |proof: Proof| {
        let all: Vec<&str> = of(found, of_body).filter(|a| a.proof == proof).map(|a| a.what.phrase()).collect();
        (!all.is_empty()).then(|| all.join(", and "))
    };
    let by = of(found, of_body).next().map(place).unwrap_or_default();
    let beside = facts.reading.beside.as_deref();
    if let (Some(shown), Some(beside)) = (phrases(Proof::SentCopy), beside) {
        let signature = facts.reading.signatures.get(found.signature);
        return compared(beside, signature, &shown, &by, of_body);
    }
    let unhelpful = match beside.and_then(|b| b.signatures.get(found.signature)) {
        Some(held) if of_body && held.body == Some(false) => UNFIT,
        Some(_) if !of_body => UNFIT,
        _ => "",
    };
    let told = match (phrases(Proof::RestoredHash), phrases(Proof::Likely)) {
        (Some(proven), _) if of_body => {
            format!(" On the way {proven}{by}: with that undone, the body has the hash that was signed.")
        }
        (Some(proven), _) => format!(" On the way {proven}{by}: with that undone, the signature fits."),
        (None, Some(likely)) => {
            format!(" By its marks, {likely}{by}; that cannot be undone from what arrived, so it is not proven.")
        }
        (None, None) => {
            let settles = if beside.is_none() { SETTLES } else { "" };
            format!(
                " Undoing the changes that are usual on the way does not restore it, so what was changed is not known.{settles}"
            )
        }
    };
    format!("{told}{unhelpful}")
}

const SETTLES: &str = " The copy that was sent, held against this one, shows it (postdoc diagnose --sent FILE).";

const UNFIT: &str = " The sent copy does not fit the signature either: it was signed only after other changes, or the key is another one, so what differs from that copy proves nothing here.";

/// Differences that are told in full.
const TOLD: usize = 3;

/// Who did it, as far as that can be told: the one that could have, or one of several.
fn place(altered: &Altered) -> String {
    match (&altered.hop, &altered.could[..]) {
        (Some(hop), _) => format!(", most likely by {hop}"),
        (None, []) => String::new(),
        (None, several) => format!(", by one that had it between signing and verdict: {}", several.join(", ")),
    }
}

/// What the sent copy shows, with the words that differ.
fn compared(beside: &Beside, signature: Option<&Signature>, shown: &str, place: &str, of_body: bool) -> String {
    let quote = |text: &str| format!("\"{}\"", brief(text));
    let pair = |name: &str, was: Option<&String>, is: Option<&String>| match (was, is) {
        (Some(was), Some(is)) => format!("{name}: {} became {}", quote(was), quote(is)),
        (None, Some(is)) => format!("{name}: {} is new", quote(is)),
        (Some(was), None) => format!("{name}: {} is gone", quote(was)),
        (None, None) => name.to_owned(),
    };
    let differences = &beside.differences;
    let all: Vec<String> = match of_body {
        true => {
            differences.body.iter().flatten().map(|d| pair(&d.part, d.sent.as_ref(), d.received.as_ref())).collect()
        }
        false => {
            let signed = |d: &&FieldDifference| {
                !d.is_trace() && signature.is_some_and(|s| s.signed().any(|s| s.eq_ignore_ascii_case(&d.name)))
            };
            let fields = differences.fields.iter().filter(signed);
            fields.map(|d| pair(&d.name, d.sent.as_ref(), d.received.as_ref())).collect()
        }
    };
    let more = if all.len() > TOLD { format!("; and {} more", all.len() - TOLD) } else { String::new() };
    let told = all.into_iter().take(TOLD).collect::<Vec<_>>().join("; ");
    let fits = if of_body {
        "The body that was sent has the signed hash"
    } else {
        "The fields that were sent fit the signature"
    };
    format!(" {fits}, so it is proven: on the way {shown}{place}. {told}{more}.")
}

/// What each change asks for.
pub(super) fn cures(found: &Verification, of_body: bool) -> Vec<String> {
    let mut out: Vec<String> = of(found, of_body).map(|a| cure(a.what).to_owned()).collect();
    out.dedup();
    out
}

fn of(found: &Verification, of_body: bool) -> impl Iterator<Item = &Altered> {
    found.altered.iter().filter(move |a| a.what.in_body() == of_body)
}

fn cure(what: What) -> &'static str {
    match what {
        What::FooterAppended | What::TextPrepended | What::HtmlInserted | What::PartAdded => {
            "Switch off the footer or banner at the system that adds it, or let that system sign after it."
        }
        What::WrappedInMultipart => {
            "The list wraps the message to add its footer: switch the footer off, or let the list rewrite From and sign itself."
        }
        What::WhitespaceChanged | What::FieldRefolded | What::FieldRecased => {
            "Sign with c=relaxed/relaxed: that canonicalization would have survived this change."
        }
        What::LineEndsChanged => {
            "Hand the signer the message as it goes out, with CR LF at every line end (RFC 6376 §5.3); it was given LF."
        }
        What::EmptyLinesChanged => {
            "A system that writes the header anew miscounts the empty lines behind it: let it sign, or mend it."
        }
        What::BlankLinesDoubled => "A system doubles the line ends: hand mail over with CR LF, once.",
        What::DotStuffing => "A system does not undo the doubled dots of SMTP (RFC 5321 §4.5.2): it has to be mended.",
        What::FromEscaped => "A mailbox file of mbox format escaped the line: sign after it, or keep mail in Maildir.",
        What::TransferEncodingChanged => {
            "Send in a form that no server has to re-encode: 7 bit, or quoted-printable, made before signing."
        }
        What::CharsetChanged => {
            "Send UTF-8 in quoted-printable or base64, made before signing, so that nothing converts it."
        }
        What::LinesWrapped => "Send lines of at most 998 characters (RFC 5322 §2.1.1): quoted-printable does it.",
        What::LinksRewritten => {
            "A security gateway rewrites links: it must check DKIM before it does, and the receiving side must trust its verdict."
        }
        What::SubjectTag | What::SubjectChanged => {
            "Let the list or gateway leave Subject alone, or rewrite From and sign itself."
        }
        What::FromRewritten => "From was rewritten on purpose: then the rewriting system must sign in its own name.",
        What::ReplyToChanged | What::FieldAdded => {
            "Your signature protects fields that are not there; a list that adds one breaks it. Do not list absent fields such as Reply-To in h= if your mail goes to lists."
        }
        What::PartRemoved | What::StructureChanged | What::BodyChanged => {
            "Let the system that changes the text or its parts sign after it, or take it out of the way."
        }
        What::FieldChanged
        | What::FieldRemoved
        | What::RecipientsChanged
        | What::DateChanged
        | What::MessageIdChanged
        | What::ContentTypeChanged => "Let the system that writes these fields anew stand before the signer.",
    }
}
