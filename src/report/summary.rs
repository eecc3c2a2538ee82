//! The few lines under the verdict: who vouched for whom, and whose word that is.

use super::Shown;
use crate::diagnose::Diagnosis;
use crate::evidence::{InputKind, RepairKind};
use crate::facts::bounce::MOST;
use crate::facts::dkim::signed::MOST as VERIFIED;
use crate::facts::dmarc::verdict::normal;
use crate::facts::mime::PARTS;
use crate::facts::organization::{Agreement, agree};
use crate::rules::dmarc::failure::overridden;

/// Signatures shown at most; a message may carry any number.
const SIGNATURES: usize = 4;

/// `DKIM  mailer.example  pass, not aligned`
pub struct Leg {
    pub name: &'static str,
    pub domain: String,
    pub words: String,
    /// What the result says by itself; `None` where there is none.
    pub passed: Option<bool>,
    /// With From; `None` where that is not the question, or not known.
    pub aligned: Option<bool>,
}

/// From, SPF, each signature, DMARC: what was checked and how it came out.
pub fn legs(d: &Diagnosis, shown: Shown) -> Vec<Leg> {
    let reading = &d.facts.reading;
    // Of a domain that is checked the record table says it all.
    if reading.subject.is_some() {
        return Vec::new();
    }
    let Some(from) = reading.from_domain() else { return Vec::new() };
    let leg = |name, domain: Option<&str>, words: Vec<String>| Leg {
        name,
        domain: shown.line(domain.unwrap_or("")),
        words: shown.line(&words.join(", ")),
        passed: words.first().map(|word| word.starts_with("pass")),
        aligned: words.iter().find_map(|word| match word.as_str() {
            "aligned" => Some(true),
            word if word.starts_with("not aligned") => Some(false),
            _ => None,
        }),
    };
    let mut legs = vec![leg("From", Some(from), Vec::new())];
    let aligned = |agreement: Option<Agreement>, strict: bool| {
        Some(match agreement? {
            Agreement::None => "not aligned".to_owned(),
            agreement if agreement.counts(strict) => "aligned".to_owned(),
            _ => "not aligned (strict asked for)".to_owned(),
        })
    };
    let record = d.facts.dmarc.record();
    let (strict_dkim, strict_spf) = record.map_or((false, false), |r| (r.adkim_strict, r.aspf_strict));
    let spf = d.facts.identities.mail_from.as_ref().and_then(|m| m.value.domain());
    let result = match (&reading.reported.spf, &d.facts.spf) {
        (Some(spf), _) => Some(spf.result.clone()),
        (None, Some(check)) => check.result.map(|r| format!("{} by today's DNS", r.word())),
        (None, None) => None,
    };
    if spf.is_some() || result.is_some() {
        let words = result.into_iter().chain(aligned(d.facts.alignment.spf, strict_spf).filter(|_| spf.is_some()));
        legs.push(leg("SPF", spf, words.collect()));
    }
    let against_from = |domain: Option<&str>| {
        aligned(domain.map(|name| agree(from, name, &d.facts.alignment.organizations)), strict_dkim)
    };
    for k in reading.reported.dkim.iter().take(SIGNATURES) {
        let domain = k.domain.as_deref();
        legs.push(leg("DKIM", domain, [Some(k.result.clone()), against_from(domain)].into_iter().flatten().collect()));
    }
    if reading.reported.dkim.is_empty() {
        for (n, signature) in reading.signatures.iter().take(SIGNATURES).enumerate() {
            let domain = signature.domain.as_ref().map(|s| s.value.as_str());
            let ours = d.facts.verified.iter().find(|v| v.signature == n).and_then(|v| v.result);
            let told = ours.map_or("a signature, no result".to_owned(), |r| format!("{}, checked here", r.word()));
            let words = [Some(told), against_from(domain)];
            legs.push(leg("DKIM", domain, words.into_iter().flatten().collect()));
        }
    }
    if let Some(dmarc) = &reading.reported.dmarc {
        let done = dmarc.disposition.as_deref().map(|word| match word {
            "none" => "the receiver took no action for it".to_owned(),
            word => format!("the receiver's action: {word}"),
        });
        // A list may have written From anew since.
        let judged = dmarc.domain.as_deref().map(normal);
        let then = judged.filter(|was| agree(from, was, &d.facts.alignment.organizations) == Agreement::None);
        let taken = overridden(&d.facts).map(|why| format!("taken all the same, {why}"));
        let words = [Some(dmarc.result.clone()), done, taken];
        legs.push(leg("DMARC", then.as_deref(), words.into_iter().flatten().collect()));
    } else if let Some(pass) = d.facts.alignment.dmarc {
        let word = if pass { "pass" } else { "fail" };
        legs.push(leg("DMARC", None, vec![format!("{word} by these, the receiver does not say")]));
    }
    legs
}

/// What it was taken for, why the receiver is believed, what was repaired.
pub fn notes(d: &Diagnosis) -> Vec<String> {
    let input = &d.facts.evidence.input;
    let mut notes = Vec::new();
    match input.kind {
        InputKind::Message | InputKind::Headers | InputKind::Unknown | InputKind::Domain | InputKind::Ip => {}
        InputKind::Record => {
            let name = d.facts.reading.record.as_ref().and_then(|r| r.name.as_deref());
            let rest = match name {
                Some(name) => format!("What else stands at {name} was not asked: postdoc check shows it."),
                None => "No name came with it, so DNS was not asked for others beside it.".to_owned(),
            };
            notes.push(format!("Read as a DNS record: {}. {rest}", input.because));
        }
        // Of its own session the program need not say what it took it for.
        _ if d.facts.evidence.transcript.is_some() => {}
        kind => notes.push(format!("Read as a {}: {}.", kind.word(), input.because)),
    }
    match d.facts.reading.bounce.as_ref().filter(|b| b.cut) {
        Some(bounce) if bounce.recipients.len() >= MOST => {
            notes.push(format!("It tells of more recipients than the {MOST} that are shown."));
        }
        Some(_) => notes.push("It is longer than any bounce has to be: only its beginning was read.".into()),
        None => {}
    }
    if d.facts.reading.content.as_ref().is_some_and(|c| c.many) {
        notes.push(format!("It has more than {PARTS} parts: no others were looked at."));
    }
    let signatures = d.facts.reading.signatures.len();
    if signatures > VERIFIED {
        notes.push(format!("It carries {signatures} signatures: the {VERIFIED} on top were verified."));
    }
    if !d.facts.reading.boundary.because.is_empty() {
        notes.push(d.facts.reading.boundary.because.clone());
    }
    for repair in &input.repairs {
        let lines = match repair.lines.len() {
            1 => "1 line".to_owned(),
            n => format!("{n} lines"),
        };
        notes.push(match repair.kind {
            RepairKind::HashComment => format!(
                "Left out what begins with # ({lines}): in a zone file only ; begins a comment (RFC 1035 §5.1), and a name \
                 server takes such a line for a record."
            ),
            RepairKind::MboxRest => {
                format!("It is an mbox: only its first message is read, and {lines} of the others are left out.")
            }
            kind => format!("Repaired the paste: {} ({lines})", kind.word()),
        });
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::zone::Zone;
    use crate::evidence::{Evidence, Input, Said};
    use crate::facts::Reading;

    #[test]
    fn strict_alignment_counts_the_very_same_name_alone() {
        let told = |tags: &str| {
            let text = "Authentication-Results: mx.inbox.test; spf=pass smtp.mailfrom=bounce.example.com; \
                 dkim=pass header.d=bounce.example.com; dkim=pass header.d=example.net\r\n\
                 Received: from a.example.com (a.example.com [192.0.2.4]) by mx.inbox.test with ESMTPS id 1; \
                 Tue, 2 Jun 2026 10:00:03 +0000\r\nReturn-Path: <x@bounce.example.com>\r\nFrom: ann@example.com\r\n";
            let input = Input::read("test", text.as_bytes(), Some(InputKind::Headers)).unwrap();
            let zone = format!("_dmarc.example.com TXT \"v=DMARC1; p=none; {tags}\"");
            let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, false);
            let evidence = crate::samples::settle(evidence, &Zone::parse(&zone).unwrap());
            let reading = Reading::read(&evidence.input, &evidence.said);
            let legs = legs(&crate::diagnose::diagnose(evidence.into(), reading.into()), Shown::default());
            legs.into_iter()
                .filter(|l| l.name == "SPF" || l.name == "DKIM")
                .map(|l| (l.words, l.aligned))
                .collect::<Vec<_>>()
        };
        let (yes, no) = (("pass, aligned".to_owned(), Some(true)), ("pass, not aligned".to_owned(), Some(false)));
        let strict = ("pass, not aligned (strict asked for)".to_owned(), Some(false));
        assert_eq!(told("adkim=r"), [yes.clone(), yes.clone(), no.clone()]);
        assert_eq!(told("adkim=s"), [yes.clone(), strict.clone(), no.clone()]);
        assert_eq!(told("aspf=s"), [strict, yes, no]);
    }
}
