//! What was changed after signing, in words, and how to stop it.

use super::witness;
use crate::facts::Facts;
use crate::facts::dkim::forensics::{Altered, Proof, What};
use crate::facts::dkim::{Hash, Signature, Verification};
use crate::facts::header::is_trace;
use crate::facts::sent::{Beside, FieldDifference, Held, brief};
use crate::rules::on_the_way::says_altered;
use std::borrow::Cow;

/// Sentences for an explanation: of the body, or of the header; empty where nothing was looked for.
pub(super) fn told(facts: &Facts, found: &Verification, of_body: bool) -> String {
    if hash(found, of_body) != Hash::Mismatch {
        return String::new();
    }
    let phrases = |proof: Proof| {
        let mut all: Vec<Cow<str>> =
            of(found, of_body).filter(|a| a.proof == proof).map(|a| phrase(facts, a)).collect();
        all.dedup();
        (!all.is_empty()).then(|| all.join(", and "))
    };
    let by = of(found, of_body).next().map(place).unwrap_or_default();
    let beside = facts.reading.beside.as_deref();
    let witnesses = witness::told(facts, found, of_body);
    if let (Some(shown), Some(beside)) = (phrases(Proof::SentCopy), beside) {
        let signature = facts.reading.signatures.get(found.signature);
        return format!("{}{witnesses}", compared(beside, signature, &shown, &by, of_body));
    }
    if let Some(held) = broken_before(facts, found, of_body) {
        return already(held, found, phrases(Proof::RestoredHash), of_body);
    }
    let unhelpful = match held(facts, found) {
        Some(held) if of_body && held.body == Some(false) => UNFIT,
        Some(_) if !of_body => UNFIT,
        _ => "",
    };
    let fits = if of_body { "the body has the hash that was signed" } else { "the signature fits" };
    let told = match (phrases(Proof::RestoredHash), phrases(Proof::Likely)) {
        (Some(proven), _) if maybe_saved(facts, found, of_body) => {
            let by = by.trim_start_matches(", ");
            let by = if by.is_empty() { String::new() } else { format!(" If that happened on the way, then {by}.") };
            format!(" With the change undone, {fits}: {proven}.{by}")
        }
        (Some(proven), _) => format!(" On the way {proven}{by}: with that undone, {fits}."),
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
    format!("{told}{unhelpful}{witnesses}")
}

/// Why a proof of what was changed is none of a fault on the way.
pub(super) const UNPLACED: &str =
    "with the change undone it fits; whether it was changed on the way or when it was saved is not known";

const SAVE_AGAIN: &str =
    "Save the message again, as its raw source, and diagnose that: if it passes, only the saving was at fault.";

const SETTLES: &str = " The copy that was sent, held against this one, shows it (postdoc diagnose --sent FILE).";

const UNFIT: &str = " The sent copy does not fit the signature either: it was signed only after other changes, or the key is another one, so what differs from that copy proves nothing here.";

/// Differences that are told in full.
const TOLD: usize = 3;

fn hash(found: &Verification, of_body: bool) -> Hash {
    if of_body { found.body_hash } else { found.header_hash }
}

fn held<'f>(facts: &'f Facts, found: &Verification) -> Option<&'f Held> {
    facts.reading.beside.as_deref()?.signatures.get(found.signature)
}

/// The sent copy bears the signature and does not fit it: nobody who had the message since broke it.
pub(super) fn broken_before<'f>(facts: &'f Facts, found: &Verification, of_body: bool) -> Option<&'f Held> {
    let shown = of(found, of_body).any(|a| a.proof == Proof::SentCopy);
    // Without its key nothing is known of the header.
    held(facts, found).filter(|h| h.was_broken(of_body) && hash(found, of_body) == Hash::Mismatch && !shown)
}

fn already(held: &Held, found: &Verification, proven: Option<String>, of_body: bool) -> String {
    let undone = proven.map(|p| format!(" Before that {p}: with that undone, it fits.")).unwrap_or_default();
    let body = match held.body {
        Some(true) if !of_body && found.body_hash == Hash::Match => {
            " The body is as it was signed, so the key in DNS is not the partner of the one that signed, or a signed field was changed between the signer and the place where that copy was taken."
        }
        _ => "",
    };
    format!(
        " The sent copy bears this very signature and does not fit it either: it failed already when that copy was taken, and nothing that happened since is to blame.{undone}{body}"
    )
}

/// What differs is of the kind that mail programs make when they save a message, and no receiver says that it failed: then
/// it is not known where it came about.
pub(super) fn maybe_saved(facts: &Facts, found: &Verification, of_body: bool) -> bool {
    let marks = [
        What::LineEndsChanged,
        What::WhitespaceChanged,
        What::EmptyLinesChanged,
        What::BlankLinesDoubled,
        What::DotStuffing,
        What::FromEscaped,
        What::FieldRefolded,
    ];
    let mut proven = of(found, of_body).filter(|a| a.proof == Proof::RestoredHash).peekable();
    let said = || facts.reading.reported.dkim.iter().filter(|r| r.signature == Some(found.signature));
    proven.peek().is_some()
        && proven.all(|a| marks.contains(&a.what))
        && !said().any(|r| r.result == "fail" || says_altered(r))
}

/// What happened, for a sentence that begins with "On the way"; a field is named where its name tells more.
fn phrase<'a>(facts: &Facts, altered: &'a Altered) -> Cow<'a, str> {
    let Some(field) = altered.field.as_deref().map(brief) else { return altered.what.phrase().into() };
    match altered.what {
        What::FieldAdded if is_doubled(facts, &field) && !is_trace(&field) => {
            format!("a second {field} was put above the one that was signed").into()
        }
        What::FieldAdded => format!("{field} was added, whose absence is signed").into(),
        What::FieldChanged => format!("the signed field {field} was changed").into(),
        What::FieldRemoved => format!("the signed field {field} was removed").into(),
        What::AddressRespelled => {
            format!("{field} was written otherwise, with other quotes, brackets or blanks around the same words").into()
        }
        what => what.phrase().into(),
    }
}

fn is_doubled(facts: &Facts, field: &str) -> bool {
    facts.reading.header.all(facts.text(), field).nth(1).is_some()
}

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
pub(super) fn cures(facts: &Facts, found: &Verification, of_body: bool) -> Vec<String> {
    let mut out: Vec<String> = of(found, of_body).map(|a| cure(facts, a).into_owned()).collect();
    if maybe_saved(facts, found, of_body) {
        out.insert(0, SAVE_AGAIN.to_owned());
    }
    out.dedup();
    out
}

pub(super) fn of(found: &Verification, of_body: bool) -> impl Iterator<Item = &Altered> {
    found.altered.iter().filter(move |a| a.what.in_body() == of_body)
}

fn cure(facts: &Facts, altered: &Altered) -> Cow<'static, str> {
    match (altered.what, altered.field.as_deref().map(brief)) {
        (What::FieldAdded, Some(field)) => added(facts, &field).into(),
        (What::ReplyToChanged, Some(field)) if !is_replaced(facts, &field) => added(facts, &field).into(),
        (what, _) => usual(what).into(),
    }
}

/// There was another one when it was signed: the sent copy has it, or the system that changed it kept it.
fn is_replaced(facts: &Facts, field: &str) -> bool {
    let sent = facts.reading.beside.as_deref().map(|b| &b.differences.fields[..]).unwrap_or_default();
    let there = |name: &str| facts.reading.header.first(facts.text(), name).is_some();
    sent.iter().any(|d| d.name.eq_ignore_ascii_case(field) && d.sent.is_some())
        || ["X-Original-Reply-To", "X-Reply-To"].into_iter().any(there)
}

/// What keeps a field that was added from breaking a signature.
fn added(facts: &Facts, field: &str) -> String {
    let lower = field.to_ascii_lowercase();
    match &lower[..] {
        name if is_trace(name) || matches!(name, "bcc" | "resent-bcc") => unsigned(field),
        _ if is_doubled(facts, field) => format!(
            "Keep h= as it is: it names {field} once more than the message had it, and so caught the second one (RFC 6376 §8.15). Find the system that put that on top."
        ),
        // RFC 6409 §8.2 and §8.3 for Date and Message-ID.
        "date" | "message-id" | "mime-version" | "content-type" | "content-transfer-encoding" => format!(
            "Let the sending software write {field} before the message is signed: servers add it where it is missing (RFC 6409 §8)."
        ),
        _ => format!(
            "Your signature protects the absence of {field}; a list that adds it breaks it. Do not list it in h= while it is absent, if your mail goes to lists."
        ),
    }
}

fn unsigned(field: &str) -> String {
    format!(
        "Take {field} out of h= at the signer: servers on the way write, change or remove it by right (RFC 6376 §5.4)."
    )
}

/// Signed fields that servers write anew or take out by right, as `h=` names them: that alone can break a signature.
pub(super) fn fragile<'s>(facts: &Facts, signature: &'s Signature) -> Option<&'s str> {
    let there = |name: &str| facts.reading.header.first(facts.text(), name).is_some();
    signature.signed().find(|name| match *name {
        "return-path" | "received" | "delivered-to" => true,
        // Taken out where the message is handed in (RFC 5322 §3.6.3).
        "bcc" | "resent-bcc" => !there(name),
        _ => false,
    })
}

/// For an explanation and a fix: what a signature over such a field is in for.
pub(super) fn of_fragile(name: &str) -> (String, String) {
    let field = match name {
        "return-path" => "Return-Path",
        "received" => "Received",
        "delivered-to" => "Delivered-To",
        "resent-bcc" => "Resent-Bcc",
        _ => "Bcc",
    };
    let why = format!(
        " It covers {field}, which servers on the way write, change or remove by right: that alone can break it."
    );
    (why, unsigned(field))
}

fn usual(what: What) -> &'static str {
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
        What::AddressRespelled => {
            "Write names before addresses the way relays do, in quotes, before the message is signed; or stop the system that writes them anew."
        }
        What::FromRewritten => "From was rewritten on purpose: then the rewriting system must sign in its own name.",
        What::FieldAdded => {
            "Your signature protects fields that are not there; a list that adds one breaks it. Do not list absent fields in h= if your mail goes to lists."
        }
        What::PartRemoved | What::StructureChanged | What::BodyChanged => {
            "Let the system that changes the text or its parts sign after it, or take it out of the way."
        }
        What::FieldChanged
        | What::FieldRemoved
        | What::RecipientsChanged
        | What::ReplyToChanged
        | What::DateChanged
        | What::MessageIdChanged
        | What::ContentTypeChanged => "Let the system that writes these fields anew stand before the signer.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::dkim::testing::{RELAXED, SIMPLE, Signing, gathered};

    const MESSAGE: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: Hello\r\n\
        Date: Tue, 2 Jun 2026 10:00:00 +0000\r\n\r\nDear Bob,\r\nFrom here on\r\n-- \r\nAnn\r\n";
    /// Absences are signed as well.
    const OVER: Signing = Signing {
        fields: &["From", "From", "To", "Subject", "Subject", "Date", "Message-ID", "Reply-To", "Cc", "Received"],
        ..RELAXED
    };
    const HOP: &str = "Received: from out.example.com by mx.example.net; Tue, 2 Jun 2026 10:00:01 +0000\r\n";

    fn header(field: &str) -> (String, String) {
        let facts = gathered(&format!("{field}\r\n{}", OVER.sign(MESSAGE)), None, OVER);
        let found = &facts.verified[0];
        (told(&facts, found, false), cures(&facts, found, false).join(" "))
    }

    #[test]
    fn a_field_that_was_added_is_named_and_has_its_own_cure() {
        for (field, what, cure) in [
            ("From: Eve <eve@evil.example>", "a second From was put above", "Keep h= as it is"),
            ("Subject: another", "a second Subject was put above", "Keep h= as it is"),
            ("Cc: c@example.org", "Cc was added", "Do not list it in h="),
            ("Message-ID: <1@example.net>", "Message-ID was added", "write Message-ID before"),
            (HOP.trim_end(), "Received was added", "Take Received out of h="),
        ] {
            let (told, cures) = header(field);
            assert!(told.contains(what) && cures.contains(cure), "{told} {cures}");
        }
        assert!(header("Reply-To: team@example.net").1.contains("absence of Reply-To"));
        // One that was there is not absent.
        let sent = format!("Reply-To: ann@example.com\r\n{MESSAGE}");
        let signed = OVER.sign(&sent).replace("Reply-To: ann@example.com", "Reply-To: team@example.net");
        let facts = gathered(&signed, Some(&sent), OVER);
        let cures = cures(&facts, &facts.verified[0], false).join(" ");
        assert!(cures.starts_with("Let the system that writes"), "{cures}");
    }

    #[test]
    fn a_name_that_was_only_quoted_is_no_other_sender() {
        let quoted = RELAXED.sign(MESSAGE).replace("From: Ann <", "From: \"Ann\" <");
        let facts = gathered(&quoted, None, RELAXED);
        let found = &facts.verified[0];
        let (told, cures) = (told(&facts, found, false), cures(&facts, found, false).join(" "));
        assert!(told.contains("From was written otherwise") && cures.contains("in quotes"), "{told} {cures}");
    }

    #[test]
    fn what_saving_does_as_well_is_not_laid_to_a_server() {
        let signed = SIMPLE.sign(MESSAGE);
        let told = |received: &str| {
            let facts = gathered(received, None, SIMPLE);
            told(&facts, &facts.verified[0], true)
        };
        for saved in [signed.replace("\r\n-- \r\n", "\r\n--\r\n"), signed.replace("\r\nFrom here", "\r\n>From here")] {
            assert!(told(&saved).contains("With the change undone"), "{}", told(&saved));
            // The receiver had it before anybody saved it.
            let said = "Authentication-Results: mx.example.net; dkim=fail header.d=example.com header.s=s1\r\n";
            let said = format!("{said}{HOP}{saved}");
            assert!(told(&said).contains("On the way") && told(&said).contains("with that undone"), "{}", told(&said));
        }
        assert!(told(&format!("{signed}\r\n-- \r\nScanned by Example AV\r\n")).contains("On the way"));
    }

    #[test]
    fn a_later_signature_that_fits_clears_who_came_after_it() {
        let hop = |from: &str, by: &str| format!("Received: from {from} by {by}; Tue, 2 Jun 2026 10:00:01 +0000\r\n");
        let (inner, footer) = (RELAXED.sign(MESSAGE), "\r\n-- \r\nScanned by Example AV\r\n");
        let taken = format!("{}{inner}{footer}", hop("out.example.com", "relay.example.org"));
        let arrived = |text: &str| format!("{}{text}", hop("relay.example.org", "mx.example.net"));
        let facts = gathered(&arrived(&RELAXED.sign(&taken)), None, RELAXED);
        let broken = facts.verified.iter().find(|v| v.body_hash == Hash::Mismatch).unwrap();
        assert_eq!(broken.altered[0].could, ["out.example.com", "relay.example.org"]);
        assert!(told(&facts, broken, true).contains("made later, fits the body"));
        let alone = gathered(&arrived(&taken), None, RELAXED);
        assert!(alone.verified[0].altered[0].could.contains(&"mx.example.net".to_owned()));
        assert!(!told(&alone, &alone.verified[0], true).contains("made later"));
        // What `relaxed` bears can have come after it.
        let strict = format!("{}{}", hop("out.example.com", "relay.example.org"), SIMPLE.sign(MESSAGE));
        let both = arrived(&RELAXED.sign(&strict)).replace("\r\n-- \r\n", "\r\n--\r\n");
        let facts = gathered(&both, None, RELAXED);
        let broken = facts.verified.iter().find(|v| v.body_hash == Hash::Mismatch).unwrap();
        assert!(!told(&facts, broken, true).contains("made later"), "{}", told(&facts, broken, true));
        assert!(broken.altered[0].could.contains(&"mx.example.net".to_owned()));
    }
}
