use crate::facts::boundary::Distrust;
use crate::facts::{Facts, Reading};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Gap, Severity, Verdict, rule};
use crate::shell::command;
use crate::span::Span;

rule! {
    /// Results in the header that the receiver did not write
    ///
    /// ## What we saw
    /// The header holds results of checks, in Authentication-Results or in an antispam field, that were not written by
    /// the server whose verdict counts. They come from servers on the way, from the sender's own side, or from someone
    /// who pretends to be the receiver.
    ///
    /// ## Why mail suffers
    /// It does not, by itself: receivers ignore such fields. People do not, and a "pass" or "none" read from the wrong
    /// field sends them after the wrong fault. A field under the receiver's own name in the wrong place, one that
    /// says the opposite of the receiver's own, or one that counts a signature or a sender that the message does not
    /// have, may be an attempt to deceive.
    ///
    /// ## How to fix it
    /// Read only the fields named as believed. If we picked the wrong server, name the right one with `--trust`.
    /// If you run the receiving server and the field carries its name, have it delete such fields from incoming mail.
    ///
    /// ## How to check
    /// The name at the start of the field you read is that of the server that received the message.
    pub RULE = "authres-untrusted", Receiver, Info, judge,
    ["RFC 8601 §5", "RFC 8601 §7.1"]
}

/// Fields shown one by one.
const SHOWN: usize = 8;

fn judge(facts: &Facts) -> Verdict {
    let r = &*facts.reading;
    let untrusted: Vec<Span> = r
        .antispam
        .iter()
        .filter(|f| f.untrusted)
        .filter_map(|f| r.header.fields.get(f.field))
        .map(|f| f.name)
        .collect();
    if r.authres.is_empty() && untrusted.is_empty() {
        return Verdict::NotApplicable;
    }
    let of = |forged: bool| {
        let all = r.boundary.distrusted.iter().filter(|(_, why)| *why != Distrust::NotChosen);
        let pretends = |why| matches!(why, Distrust::Forged | Distrust::Contradicts | Distrust::Unfitting);
        all.filter(move |(_, why)| pretends(*why) == forged).copied().collect::<Vec<_>>()
    };
    let mut findings = Vec::new();
    let forged = of(true);
    if !forged.is_empty() {
        findings.push(pretended(r, &forged));
    }
    let others = of(false);
    if !others.is_empty() || !untrusted.is_empty() {
        findings.push(not_the_receivers(r, &others, &untrusted));
    }
    // Where it stands among the Received fields tells whose a field is.
    let untold = r.is_fragment().then(|| Gap::whole_header("Did the receiver write these results?"));
    Verdict::of(findings, untold.into_iter().collect())
}

/// Fields under the receiver's name, where the receiver does not write.
fn pretended(r: &Reading, fields: &[(usize, Distrust)]) -> Finding {
    let name = fields.first().map_or_else(|| "the receiver".to_owned(), |(n, _)| writer(r, *n));
    let delete =
        format!("If you run {name}, have it delete Authentication-Results under its own name from incoming mail.");
    let one = fields.len() == 1;
    let any = |kind| fields.iter().any(|(_, why)| *why == kind);
    if any(Distrust::Unfitting) {
        return unfitting(r, fields, &name);
    }
    let (because, said) = if any(Distrust::Contradicts) {
        (
            "Two fields under one name contradict each other; the receiver's own stands above what came in.",
            format!(
                "{} the name of {name} and says the opposite of the field above. A receiver puts its own field on \
                 top, so the upper one counts; the lower came in with the message, and is most likely forged.",
                if one { "One more field bears" } else { "Of several fields, at least one bears" }
            ),
        )
    } else {
        (
            "The field stands where only servers before the receiver could put it.",
            format!(
                "{} the name of {name}, but below the point at which the receiver took the message over, where \
                 anyone before it could have written {}.",
                if one { "One field bears" } else { "Several fields bear" },
                if one { "it" } else { "them" }
            ),
        )
    };
    let title = format!("{} did not write all results under its name", shortened(&name));
    Finding::new(&RULE, title)
        .severity(Severity::Medium)
        .sure(Confidence::Likely, because)
        .explain(format!(
            "{said} Nothing that {} says is counted. {}",
            if one { "it" } else { "they" },
            r.boundary.because
        ))
        .exhibits(fields.iter().take(SHOWN).map(|(n, why)| exhibit(r, *n, label(*why))))
        .fix(Remedy::new("Take nothing from these fields, and treat the message with care.").step(delete))
        .check("postdoc diagnose FILE", "the believed field, with the reason it is believed")
}

/// Fields that speak of something else than the message they stand in.
fn unfitting(r: &Reading, fields: &[(usize, Distrust)], name: &str) -> Finding {
    Finding::new(&RULE, format!("The results of {} do not fit this message", shortened(name)))
        .severity(Severity::Medium)
        .sure(
            Confidence::Likely,
            "It counts a signature that the message does not bear, or SPF for another sender than Return-Path.",
        )
        .explain(format!(
            "A field that bears the name of {name} says that a check passed, for a DKIM signature that is not in this \
             message or for another envelope sender than the one in Return-Path. It stands where any server before the \
             receiver could have put it: it was made up, or the message was changed after it was written. Nothing that \
             it says is counted. {}",
            r.boundary.because
        ))
        .exhibits(fields.iter().take(SHOWN).map(|(n, why)| exhibit(r, *n, label(*why))))
        .fix(Remedy::new("Take nothing from these fields, and treat the message with care.").step(format!(
            "If you run {name}, have it delete Authentication-Results under its own name from incoming mail."
        )))
        .check("postdoc diagnose FILE", "the believed field, with the reason it is believed")
}

fn not_the_receivers(r: &Reading, fields: &[(usize, Distrust)], untrusted: &[Span]) -> Finding {
    let count = fields.len() + untrusted.len();
    // A long name leaves no room for itself.
    let id = r.boundary.authserv_id.as_ref().filter(|id| id.len() <= 18);
    let title = match (id, count) {
        (Some(id), 1) => format!("One field of results is not by {id} and is not counted"),
        (Some(id), n) => format!("{n} fields of results are not by {id} and are not counted"),
        (None, 1) => "One field of results is not the receiver's and is not counted".to_owned(),
        (None, n) => format!("{n} fields of results are not the receiver's and are not counted"),
    };
    let mut said = vec![r.boundary.because.clone()];
    let named = |kind: Distrust| {
        let mut names: Vec<String> =
            fields.iter().filter(|(_, why)| *why == kind).take(SHOWN).map(|(n, _)| writer(r, *n)).collect();
        names.dedup();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = named(Distrust::Foreign) {
        said.push(format!("Written by another server: {names}."));
    }
    if let Some(names) = named(Distrust::BelowForeign) {
        said.push(format!("Further down, where anyone may have written it: {names}."));
    }
    if let Some(names) = named(Distrust::Outdated) {
        said.push(format!("Written on the way, before the body was changed: {names}."));
    }
    if let Some(names) = named(Distrust::SendersOwn) {
        said.push(format!(
            "Written on the sending side before the message left: {names}. What such a field says of SPF, DKIM or \
             DMARC is not what a receiver saw, and a domain in it may be the recipient's."
        ));
    }
    if !untrusted.is_empty() {
        said.push("The antispam fields shown came in with the message: a filter before the receiver wrote them (the sender's, a forwarder's, a gateway's), or the receiver marked them so (-Untrusted).".to_owned());
    }
    let chosen = r.boundary.authserv_id.as_deref().unwrap_or("AUTHSERV-ID");
    Finding::new(&RULE, title)
        .sure(
            Confidence::Likely,
            "Judged by the names in the fields and by where they stand among the Received fields.",
        )
        .explain(said.join(" "))
        .exhibits(fields.iter().take(SHOWN).map(|(n, why)| exhibit(r, *n, label(*why))))
        .exhibits(untrusted.iter().take(SHOWN).map(|s| Exhibit::input(*s, "came in with the message")))
        .fix(Remedy::new("Nothing to repair. To believe another server, name it with --trust."))
        .check(command!("postdoc diagnose FILE --trust {}", chosen), "the results of the server you named")
}

fn writer(r: &Reading, n: usize) -> String {
    match r.authres.get(n).and_then(|a| a.authserv_id.as_ref()) {
        Some(id) => id.value.clone(),
        None => "a server that gives no name (Exchange Online does not)".to_owned(),
    }
}

/// A name for a title.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(26) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn label(why: Distrust) -> &'static str {
    match why {
        Distrust::Foreign => "another server's",
        Distrust::BelowForeign => "anyone may have written this",
        Distrust::SendersOwn => "written on the sending side",
        Distrust::Forged => "not written by this server",
        Distrust::Contradicts => "contradicts the field above",
        Distrust::Unfitting => "does not fit this message",
        Distrust::Outdated => "written before the body was changed",
        Distrust::NotChosen => "not the server you chose",
    }
}

/// The name in the field, or the whole field where it has none.
fn exhibit(r: &Reading, n: usize, label: &'static str) -> Exhibit {
    let field = r.authres.get(n);
    let span = field.map(|a| a.authserv_id.as_ref().map_or(a.span, |id| id.span));
    Exhibit::input(span.unwrap_or_default(), label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::antispam;
    use crate::facts::boundary::testing::{facts, reading};

    const GOOD: &str = "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.com\n\
        Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.org\n";

    fn found(text: &str) -> Vec<Finding> {
        match judge(&facts(text, reading(text))) {
            Verdict::Found(findings) => findings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn not_applicable_without_results_and_pass_with_the_receivers_alone() {
        let text = "From: a@example.com\n";
        assert!(matches!(judge(&facts(text, reading(text))), Verdict::NotApplicable));
        assert!(matches!(judge(&facts(GOOD, reading(GOOD))), Verdict::Pass));
    }

    #[test]
    fn a_relays_field_is_a_note() {
        let text = format!("{GOOD}Authentication-Results: relay.example.net; dkim=fail header.d=example.com\n");
        let [f] = &found(&text)[..] else { panic!() };
        assert_eq!(
            (f.severity, &f.title[..]),
            (Severity::Info, "One field of results is not by mx.example.org and is not counted")
        );
        assert!(f.explanation.contains("Written by another server: relay.example.net."), "{}", f.explanation);
        assert!(f.title.len() <= 70 && f.exhibits.len() == 1);
    }

    #[test]
    fn a_forged_field_is_more_than_a_note() {
        let text = format!("{GOOD}Authentication-Results: mx.example.org; dkim=pass header.d=bank.example\n");
        let [f] = &found(&text)[..] else { panic!() };
        assert_eq!((f.severity, f.confidence), (Severity::Medium, Confidence::Likely));
        assert_eq!(f.title, "mx.example.org did not write all results under its name");
        let crate::rules::Place::Input(span) = &f.exhibits[0].place else { panic!() };
        assert_eq!(span.of(text.as_bytes()), b"mx.example.org");
        assert!(span.start as usize > GOOD.len());
    }

    #[test]
    fn exchange_onlines_leftover_and_untrusted_antispam_fields_are_named() {
        let text = format!(
            "{GOOD}X-Forefront-Antispam-Report-Untrusted: SCL:1;\nAuthentication-Results: dkim=none (message not signed) header.d=none;gmail.com; dmarc=none action=none header.from=example.com;\n"
        );
        let mut r = reading(&text);
        r.antispam.push(antispam::Field {
            field: 2,
            vendor: "microsoft",
            untrusted: true,
            outbound: false,
            items: vec![],
        });
        let Verdict::Found(all) = judge(&facts(&text, r)) else { panic!() };
        let [f] = &all[..] else { panic!() };
        assert!(f.explanation.contains("on the sending side") && f.explanation.contains("-Untrusted"));
        assert_eq!(f.exhibits.len(), 2);
    }

    #[test]
    fn lines_without_the_rest_of_the_header_may_be_anybodys() {
        let text = "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.com\n";
        let Verdict::Unknown(gaps) = judge(&facts(text, reading(text))) else { panic!() };
        assert_eq!(gaps[0].needs.words(), Gap::WHOLE_HEADER);
    }

    #[test]
    fn what_the_user_set_aside_is_no_finding() {
        let text = format!("{GOOD}Authentication-Results: relay.example.net; dkim=fail header.d=example.com\n");
        let mut r = reading(&text);
        for (_, why) in &mut r.boundary.distrusted {
            *why = Distrust::NotChosen;
        }
        assert!(matches!(judge(&facts(&text, r)), Verdict::Pass));
    }
}
