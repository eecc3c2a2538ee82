use super::standing::{self, Standing};
use super::subject::{self, Subject};
use crate::facts::Facts;
use crate::facts::dkim::Signature;
use crate::facts::dkim::signed::Body;
use crate::remedy::{Remedy, dkim as remedy};
use crate::rules::{Confidence, Exhibit, Finding, Gaps, Severity, Verdict, rule};

rule! {
    /// The signature leaves a door open
    ///
    /// ## What we saw
    /// The signature, or its key record, uses the dead hash SHA-1, does not cover the From field, or covers only the first part of
    /// the body (`l=`).
    ///
    /// ## Why mail suffers
    /// Receivers must not accept SHA-1, nor a signature that leaves From out: such mail counts as unsigned. With `l=` anyone can
    /// add text below what was signed, so some receivers refuse or ignore it.
    ///
    /// ## How to fix it
    /// Let the signer use `rsa-sha256`, put From into `h=`, and leave `l=` out. If the key record allows only `sha1`, remove its `h=`.
    ///
    /// ## How to check
    /// The DKIM-Signature of a new message has `a=rsa-sha256`, From in `h=` and no `l=`.
    pub RULE = "dkim-weak-signature", Dkim, Medium, judge,
    ["RFC 8301 §3.1", "RFC 6376 §5.4", "RFC 6376 §8.2"]
}

fn judge(facts: &Facts) -> Verdict {
    let mut findings = Vec::new();
    for (index, signature) in standing::signatures(facts) {
        let standing = Standing::of(facts, index);
        findings.extend(
            [sha1(signature, &standing), from(facts, signature, &standing), length(facts, index, signature, &standing)]
                .into_iter()
                .flatten(),
        );
    }
    let keys = subject::judge(facts, only_sha1);
    match keys {
        Verdict::Found(more) => findings.extend(more),
        // What the signatures say is known, whatever DNS says of their keys.
        Verdict::Unknown(gaps) => return Verdict::of(findings, gaps),
        Verdict::NotApplicable if facts.reading.signatures.is_empty() => return Verdict::NotApplicable,
        _ => {}
    }
    Verdict::of(findings, Gaps::new())
}

fn sha1(signature: &Signature, standing: &Standing) -> Option<Finding> {
    let algorithm = signature.algorithm.as_ref().filter(|a| a.value == "rsa-sha1")?;
    Some(finding(
        standing,
        Severity::Critical,
        "The signature uses SHA-1",
        "is made with rsa-sha1, which receivers must not accept any more",
        Exhibit::input(algorithm.span, "a dead hash"),
        "Set the signing algorithm to rsa-sha256",
        "a=rsa-sha256",
    ))
}

fn from(facts: &Facts, signature: &Signature, standing: &Standing) -> Option<Finding> {
    let h = signature.tag(facts.text(), "h").filter(|_| !signature.signed.is_empty() && !signature.signs_from())?;
    Some(finding(
        standing,
        Severity::Critical,
        "The signature does not cover From",
        "does not name From in h=, so anyone may change the sender, and the standard makes it invalid",
        Exhibit::input(h, "From is not among them"),
        "Put From into the list of signed fields",
        "From in h=",
    ))
}

fn length(facts: &Facts, index: usize, signature: &Signature, standing: &Standing) -> Option<Finding> {
    let length = signature.length.as_ref()?;
    let at = |body: &Body| match body {
        Body::Match { unsigned: 0 } => Some("all that this message has"),
        Body::Short { .. } => Some("more than this message has"),
        _ => None,
    };
    let body = facts.reading.signed.get(index).and_then(Option::as_ref).map(|signed| &signed.body);
    let (title, what) = match (body.and_then(at), body) {
        (Some(all), _) => (
            "The signature lets text be added (l=)",
            format!(
                "counts {} bytes of the body (l=), {all}, so anyone may add more; some receivers refuse that",
                length.value
            ),
        ),
        (None, body) => {
            let open = match body {
                Some(Body::Match { unsigned: 1 }) => {
                    ". Of this message 1 byte stands behind them, not covered".to_owned()
                }
                Some(Body::Match { unsigned: more }) => {
                    format!(". Of this message {more} bytes stand behind them, not covered")
                }
                _ => String::new(),
            };
            (
                "The signature covers only part of the body",
                format!(
                    "covers only the first {} bytes of the body (l=), so anyone may add to it; some receivers refuse that{open}",
                    length.value
                ),
            )
        }
    };
    Some(finding(
        standing,
        Severity::Medium,
        title,
        &what,
        Exhibit::input(signature.tag(facts.text(), "l").unwrap_or(length.span), "only so much is signed"),
        "Switch the body length limit (l=) off",
        "no l= in the signature",
    ))
}

fn finding(
    standing: &Standing,
    severity: Severity,
    title: &str,
    what: &str,
    exhibit: Exhibit,
    fix: &str,
    expect: &str,
) -> Finding {
    let who = standing.who();
    let passed = standing.passed();
    // Weak it is whatever the receiver said; but what it accepted did not fail.
    let severity = if passed { severity.min(Severity::Medium) } else { standing.weigh(severity) };
    let accepted = match () {
        () if standing.accepted() => " This receiver accepted it; others do not.",
        () if passed => " It verifies, checked here; that receivers accept it is not sure.",
        () => "",
    };
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Certain, "it stands in the signature")
        .explain(format!("The signature of {who} {what}.{accepted}"))
        .exhibit(exhibit)
        .fix(Remedy::new(fix).step(format!("{fix} at the system that signs as {who}.")))
        .check("look at the DKIM-Signature of a new message", expect)
        .leads_to(if severity == Severity::Critical { standing.consequences() } else { &[] })
}

/// The key record allows SHA-1 alone.
fn only_sha1(subject: &Subject) -> Option<Finding> {
    let record = subject.record;
    if !record.usable() || record.hashes.is_empty() || record.hashes.iter().any(|h| h == "sha256" || h == "*") {
        return None;
    }
    let after = remedy::without_tag(&record.text, "h");
    let finding = Finding::new(&RULE, format!("{} allows no usable hash", subject.short()))
        .severity(Severity::Critical)
        .explain(format!(
            "{} names h={} as the only hash. Receivers accept sha256 alone, so no signature made with this key can pass.",
            subject.the_record(),
            record.hashes.join(":")
        ))
        .exhibit(subject.exhibit(record.tag("h"), "sha256 is not among them"))
        .fix(subject.replaced("Remove h= from the record: without it every hash in use is allowed", &after));
    Some(subject.finish(finding, &[], "no h= in the record, or sha256 in it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Evidence, Input, InputKind, Said};
    use crate::facts::Reading;
    use crate::facts::dkim::samples::*;
    use crate::rules::dkim::testing::*;

    fn case(from: &str, to: &str) -> Case {
        Case::new(&SIGNED.replace(from, to)).txt(KEY, &[&format!("p={RSA_2048}")])
    }

    #[test]
    fn sha1_and_an_unsigned_from_make_it_worthless() {
        let found = case("rsa-sha256", "rsa-sha1").finding(&RULE);
        assert_eq!((found.severity, found.leads_to.as_slice()), (Severity::Critical, &["dmarc-unaligned"][..]));
        let found = case("h=from:to", "h=to:subject").finding(&RULE);
        assert_eq!(found.severity, Severity::Critical);
        let found = case("rsa-sha256", "rsa-sha1").reported(report("pass", "")).finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
    }

    #[test]
    fn a_length_is_a_door_left_open() {
        let found = case("h=from:to;", "h=from:to; l=120;").finding(&RULE);
        assert_eq!((found.severity, found.leads_to.len()), (Severity::Medium, 0));
        assert!(found.explanation.contains("first 120 bytes"));
    }

    #[test]
    fn what_stands_behind_the_length_is_counted() {
        let told = |length: u32, body: &str| {
            let signed = SIGNED.replace("h=from", &format!("c=relaxed/relaxed; l={length}; h=from"));
            let text = format!("From: a@example.com\r\n{signed}\r\n{body}");
            let input = Input::read("test", text.as_bytes(), Some(InputKind::Message)).unwrap();
            let reading = Reading::read(&input, &Said::default());
            let evidence = Evidence::new(input, Said::default(), jiff::Timestamp::UNIX_EPOCH, true);
            let facts = Facts::gather(evidence.into(), reading.into());
            length_of(&facts).explanation
        };
        assert!(told(0, "Buy now\r\n").contains("9 bytes stand behind them"), "{}", told(0, "Buy now\r\n"));
        assert!(!told(0, "").contains("behind them"));
        // Another body than the signed one: where the signed part ends is not known.
        assert!(!told(4, "Buy now\r\n").contains("behind them"));
    }

    fn length_of(facts: &Facts) -> Finding {
        length(facts, 0, &facts.reading.signatures[0], &Standing::of(facts, 0)).unwrap()
    }

    #[test]
    fn who_accepted_it_is_told_apart() {
        let open = || case("h=from:to;", "h=from:to; l=120;");
        for (case, words) in [
            (open().reported(report("pass", "")), " This receiver accepted it; others do not."),
            (open().verifies(), " It verifies, checked here; that receivers accept it is not sure."),
        ] {
            assert!(case.finding(&RULE).explanation.ends_with(words));
        }
    }

    #[test]
    fn a_key_for_sha1_alone_is_opened() {
        let found = Case::new(SIGNED).txt(KEY, &[&format!("v=DKIM1; h=sha1; k=rsa; p={RSA_2048}")]).finding(&RULE);
        assert_eq!(record_of(&found).2, [format!("v=DKIM1; k=rsa; p={RSA_2048}")]);
        let found = Case::pasted(None, &format!("h=sha1; p={RSA_2048}")).finding(&RULE);
        assert_eq!(record_of(&found).2, [format!("p={RSA_2048}")]);
    }

    #[test]
    fn it_passes_is_silent_and_waits() {
        assert!(matches!(case("", "").judge(&RULE), Verdict::Pass));
        assert!(matches!(
            Case::new(SIGNED).txt(KEY, &[&format!("h=sha1:sha256; p={RSA_2048}")]).judge(&RULE),
            Verdict::Pass
        ));
        // Without h= it is no signature at all, which another rule says.
        assert!(matches!(case("h=from:to;", "").judge(&RULE), Verdict::Pass));
        assert!(matches!(Case::new("").judge(&RULE), Verdict::NotApplicable));
        assert!(matches!(Case::new(SIGNED).judge(&RULE), Verdict::Unknown(_)));
    }
}
