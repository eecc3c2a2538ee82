use crate::evidence::InputKind;
use crate::facts::Facts;
use crate::facts::address::FromProblem;
use crate::facts::organization::psl;
use crate::remedy::{Remedy, blank};
use crate::rules::on_the_way::{SignedOne, signed_one};
use crate::rules::{Confidence, Exhibit, Finding, Gap, Gaps, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// The From line is missing, double or unreadable
    ///
    /// ## What we saw
    /// The message has no From line, more than one, several addresses in it, or one that cannot
    /// be read as an address.
    ///
    /// ## Why mail suffers
    /// From is what the reader sees and what DMARC protects. Without exactly one readable
    /// address no policy can be applied, and receivers such as Gmail refuse the message.
    ///
    /// ## How to fix it
    /// Let your software write exactly one From line with one address, the name in quotes before
    /// it: `From: "Name" <user@example.com>`. Names with letters outside ASCII are written as
    /// encoded words, which every mail library does when asked to.
    ///
    /// ## How to check
    /// Send a new message and look at its source: one From line, one address, no stray
    /// characters.
    pub RULE = "from-header-invalid", Headers, Critical, judge,
    ["RFC 5322 §3.6.2", "RFC 2047 §5", "RFC 6854", "RFC 9989 §4.1", "https://support.google.com/a/answer/81126"]
}

fn judge(facts: &Facts) -> Verdict {
    let reading = &facts.reading;
    if reading.header.fields.is_empty() {
        return Verdict::NotApplicable;
    }
    let mut findings = Vec::new();
    for problem in &reading.from.problems {
        match problem {
            FromProblem::Missing => match missing(facts) {
                Ok(finding) => findings.push(finding),
                Err(gap) => return Verdict::unknown(gap),
            },
            other => findings.extend(judge_one(facts, other)),
        }
    }
    Verdict::of(findings, Gaps::new())
}

/// From is required; but what was pasted may be a part of a header only.
fn missing(facts: &Facts) -> Result<Finding, Gap> {
    let header = &facts.reading.header;
    let usual = ["Date", "Subject", "To", "Message-ID", "MIME-Version"];
    let others = usual.iter().filter(|name| header.first(facts.text(), name).is_some()).count();
    let whole = header.body.is_some() && facts.evidence.input.kind == InputKind::Message;
    let (confidence, because) = match (whole, others) {
        (true, 1..) => (Confidence::Certain, "the whole message is here, and has none"),
        (_, 3..) => (Confidence::Likely, "the rest of the header looks complete"),
        _ => {
            let question = "Does the message have a From line?".to_owned();
            return Err(Gap::new(question, Gap::WHOLE_HEADER));
        }
    };
    let end = header.fields.last().map(|f| f.span());
    Ok(Finding::new(&RULE, "The message has no From line")
        .sure(confidence, because)
        .explain("There is no From line, so the message names no author, and no DMARC policy can be looked up for it.")
        .exhibits(end.map(|span| Exhibit::input(span, "the header ends here without a From line")))
        .fix(one_from(facts))
        .check("send a message and look at its source", "exactly one From line with one address"))
}

fn judge_one(facts: &Facts, problem: &FromProblem) -> Option<Finding> {
    let (severity, title, text, spans): (Severity, &str, String, Vec<(Span, &str)>) = match problem {
        FromProblem::Missing => return None,
        FromProblem::Empty(span) => (
            Severity::Critical,
            "The From line is empty",
            "The From line holds no address, so no DMARC policy can be looked up for the message.".to_owned(),
            vec![(field_or(facts, *span), "no address here")],
        ),
        FromProblem::SeveralFields(_) if let Some(one) = signed_one(facts, "From") => return second(facts, &one),
        FromProblem::SeveralFields(fields) => (
            Severity::Critical,
            "The message has more than one From line",
            format!(
                "There are {} From lines. A mail program may show one and the filter check another, so receivers \
                 refuse such mail.",
                fields.len()
            ),
            fields.iter().take(5).map(|s| (*s, "a From line")).collect(),
        ),
        FromProblem::SeveralAddresses(all) => several(facts, all),
        FromProblem::Unparseable(span) => (
            Severity::Critical,
            "The From line holds no readable address",
            "What stands in From cannot be read as an address, so no DMARC policy can be looked up for the message."
                .to_owned(),
            vec![(*span, "not an address")],
        ),
        FromProblem::UnquotedName(span) => (
            Severity::Low,
            "A name in From lacks its quotes",
            "A comma in a name without quotes splits it: strict receivers read two entries, the first of which is no \
             address. Put the name in quotes."
                .to_owned(),
            vec![(*span, "read as an entry of its own")],
        ),
        FromProblem::AddressInDisplay { display, domain } => return in_display(facts, *display, domain),
        FromProblem::Raw8Bit(span) => raw(facts, *span),
        FromProblem::Group(span) => group(facts, *span),
    };
    let exhibits = spans.into_iter().map(|(span, label)| Exhibit::input(span, label));
    Some(
        Finding::new(&RULE, title)
            .severity(severity)
            .sure(Confidence::Certain, "it stands so in the header")
            .explain(text)
            .exhibits(exhibits)
            .fix(one_from(facts))
            .check("send a message and look at its source", "exactly one From line with one address"),
    )
}

/// One that was put above the one that is signed: readers see it, and nobody vouches for it (RFC 6376 §8.15).
fn second(facts: &Facts, one: &SignedOne) -> Option<Finding> {
    let reading = &facts.reading;
    let signed = *reading.header.fields.get(one.field)?;
    let signer = reading.signatures.get(one.by).and_then(|s| s.domain.as_ref()).map_or("the signer", |d| &d.value);
    let others = reading.header.all(facts.text(), "From").filter(|(n, _)| *n != one.field).take(4);
    let what = match one.added {
        true => format!(
            "The signature of {signer} names From once more than the message had it, and fits only without the other one: \
             that was added after signing."
        ),
        false => format!(
            "The signature of {signer} covers one of them only. The other was added after signing, or the sending software \
             wrote both and its signer left that open."
        ),
    };
    let remedy = Remedy::new("Find the system that put the second From there; the signed one is right.");
    let remedy = match one.added {
        true => remedy.step("Keep From twice in h=, as it is: that is what caught it."),
        false => remedy
            .step("Let the signer name From twice in h= (from:from): then a signature fails once a second From is put above the signed one.")
            .step("If your own software writes both, let it write one."),
    };
    Some(
        Finding::new(&RULE, "A second From line stands beside the signed one")
            .sure(Confidence::Certain, "both stand in the header, and the signature was checked here")
            .explain(format!(
                "There are several From lines. {what} Mail programs may show the unsigned one, as forged mail wants it; receivers refuse such mail."
            ))
            .exhibit(Exhibit::input(signed.span(), format!("signed by {signer}")))
            .exhibits(others.map(|(_, f)| Exhibit::input(f.span(), "not signed")))
            .fix(remedy)
            .check("send a message and look at its source", "exactly one From line, that of the signature"),
    )
}

type Judged = (Severity, &'static str, String, Vec<(Span, &'static str)>);

fn several(facts: &Facts, all: &[Span]) -> Judged {
    let spans = all.iter().take(5).map(|s| (*s, "an address")).collect();
    match facts.reading.from_domain() {
        Some(domain) => (
            Severity::Medium,
            "From holds several addresses",
            format!(
                "From holds {} addresses, all of {domain}. The standard allows it, but many receivers refuse or \
                 distrust such mail.",
                all.len()
            ),
            spans,
        ),
        None => (
            Severity::Critical,
            "From holds addresses of several domains",
            format!(
                "From holds {} addresses of different domains, so it is not clear whose DMARC policy applies; receivers \
                 refuse such mail.",
                all.len()
            ),
            spans,
        ),
    }
}

fn raw(facts: &Facts, span: Span) -> Judged {
    let utf8 = std::str::from_utf8(span.of(facts.text())).is_ok();
    let text = "From holds letters outside ASCII that are not written as an encoded word. Only mail sent with SMTPUTF8 \
                may do that; elsewhere the name is shown garbled, and some filters count it against the sender.";
    let severity = if utf8 { Severity::Low } else { Severity::Medium };
    (severity, "From holds unencoded letters", text.to_owned(), vec![(span, "not encoded")])
}

fn group(facts: &Facts, span: Span) -> Judged {
    let spans = vec![(span, "a group")];
    match facts.reading.from.address() {
        None => (
            Severity::High,
            "From is a group without an address",
            "From is written as a group without an address. That is allowed in theory, but there is no domain for \
             which a DMARC policy could be looked up."
                .to_owned(),
            spans,
        ),
        Some(address) => (
            Severity::Low,
            "From wraps its address in a group",
            format!(
                "From wraps the address {}@{} in a group. Few programs expect that, and some read no address at all.",
                address.local, address.domain
            ),
            spans,
        ),
    }
}

/// An address in the name misleads, unless it is the organization's own or a list's `… via List`.
fn in_display(facts: &Facts, display: Span, domain: &str) -> Option<Finding> {
    let lists = &facts.reading.lists;
    let from = facts.reading.from_domain()?;
    if (psl(domain).is_some() && psl(domain) == psl(from)) || lists.list_id.is_some() || !lists.list_manager.is_empty()
    {
        return None;
    }
    Some(
        Finding::new(&RULE, "The name in From shows another address")
            .severity(Severity::Medium)
            .sure(Confidence::Certain, "it stands so in the header")
            .explain(format!(
                "The name in From contains an address of {domain}, while the message is from {from}. Readers see the \
                 name first: that is how forged mail disguises itself, and filters count it."
            ))
            .exhibit(Exhibit::input(display, format!("shows an address of {domain}")))
            .exhibits(facts.reading.from.address().map(|a| Exhibit::input(a.span, "the real address")))
            .fix(Remedy::new("Put a name, not an address, before the address in From."))
            .check("send a message and look at its From line", "no second address in the name"),
    )
}

fn one_from(facts: &Facts) -> Remedy {
    let remedy = Remedy::new("Write exactly one From line with exactly one address.");
    let several = facts.reading.from.problems.iter().any(|p| matches!(p, FromProblem::SeveralFields(_)));
    // Which of several is the author's is not known.
    match facts.reading.from.address().filter(|_| !several) {
        Some(address) => {
            let spec = format!("{}@{}", quoted(&address.local), address.domain);
            remedy.step(format!("Let the sending software write: From: \"{}\" <{spec}>", blank("name")))
        }
        None => {
            remedy.step(format!("Let the sending software write: From: \"{}\" <{}>", blank("name"), blank("address")))
        }
    }
    .step("Have the software encode names with letters outside ASCII; every mail library can (RFC 2047).")
    .blank("the sender's name and address, as your sending software is to write them")
}

/// A local part as it must be written (RFC 5321 §4.1.2).
fn quoted(local: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    match !local.is_empty() && local.chars().all(plain) {
        true => local.to_owned(),
        false => format!("\"{}\"", local.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// The span, or the whole From field where it is empty and nothing could be underlined.
fn field_or(facts: &Facts, span: Span) -> Span {
    let field = facts.reading.from.field.and_then(|n| facts.reading.header.fields.get(n));
    if span.is_empty() { field.map_or(span, |f| f.span()) } else { span }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::address::From;
    use crate::facts::header::Header;
    use crate::rules::source::testing::Case;

    fn case(text: &str) -> Case {
        let mut case = Case::new("192.0.2.4", "mail.example.com");
        case.text = text.into();
        case.reading.header = Header::split(text.as_bytes());
        case.reading.from = From::read(&case.reading.header, text.as_bytes());
        case
    }

    fn severities(from: &str) -> Vec<Severity> {
        match judge(&case(&format!("Date: x\nTo: y\n{from}\n\nbody")).facts()) {
            Verdict::Found(findings) => findings.iter().map(|f| f.severity).collect(),
            Verdict::Pass => vec![],
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_problem_has_its_weight() {
        for (from, expected) in [
            ("From: \"Jane\" <jane@example.com>", vec![]),
            ("Subject: no author", vec![Severity::Critical]),
            ("From:", vec![Severity::Critical]),
            ("From: , ,", vec![Severity::Critical]),
            ("From: Jane", vec![Severity::Critical]),
            ("From: a@example.com\nFrom: b@example.com", vec![Severity::Critical]),
            ("From: a@example.com, b@example.net", vec![Severity::Critical]),
            ("From: a@example.com, b@example.com", vec![Severity::Medium]),
            ("From: Doe, Jane <jane@example.com>", vec![Severity::Low]),
            ("From: Nobody: ;", vec![Severity::High]),
            ("From: Staff: a@example.com;", vec![Severity::Low]),
            ("From: J\u{fc} <a@example.com>", vec![Severity::Low]),
            ("From: \"ceo@example.net\" <a@example.com>", vec![Severity::Medium]),
            ("From: \"a@example.com\" <a@mail.example.com>", vec![]),
        ] {
            assert_eq!(severities(from), expected, "{from}");
        }
    }

    #[test]
    fn exhibits_stand_on_something_and_the_fix_names_the_address() {
        let Verdict::Found(found) = judge(&case("Date: x\nFrom: \"ceo@example.net\" <a@example.com>\n\n").facts())
        else {
            panic!()
        };
        assert!(found[0].exhibits.len() == 2 && found[0].explanation.contains("example.net"));
        let Verdict::Found(found) = judge(&case("Date: x\nFrom: a b@example.com, c@example.com\n\n").facts()) else {
            panic!()
        };
        assert!(found[0].fix.as_ref().unwrap().steps[0].contains("<b@example.com>"));
    }

    #[test]
    fn a_lists_name_in_from_is_its_own_affair() {
        let mut case = case("Date: x\nFrom: \"jane@example.net via List\" <list@example.com>\n\n");
        case.reading.lists.list_manager = vec![Span::new(0, 4)];
        assert!(matches!(judge(&case.facts()), Verdict::Pass));
    }

    #[test]
    fn a_part_of_a_header_tells_nothing_and_no_header_is_not_judged() {
        let mut part = case("Received: from x by y; z\n");
        assert!(matches!(judge(&part.facts()), Verdict::Unknown(_)));
        part.reading.header = Header::default();
        assert!(matches!(judge(&part.facts()), Verdict::NotApplicable));
        let likely = case("Date: x\nTo: y\nSubject: z\nMessage-ID: <a>\n");
        assert!(matches!(judge(&likely.facts()), Verdict::Found(f) if f[0].confidence == Confidence::Likely));
    }

    #[test]
    fn of_two_from_lines_the_signed_one_is_named() {
        use crate::facts::dkim::testing::{RELAXED, Signing, gathered};
        const TWICE: Signing = Signing { fields: &["From", "From", "To", "Subject"], ..RELAXED };
        let message = "From: Ann <ann@example.com>\r\nTo: b@example.net\r\nSubject: Hello\r\n\r\nhello\r\n";
        let judged = |text: &str, signing| {
            let Verdict::Found(found) = judge(&gathered(text, None, signing)) else { panic!("{text}") };
            let fix = found[0].fix.clone().unwrap();
            (found[0].title.clone(), found[0].explanation.clone(), format!("{} {}", fix.summary, fix.steps.join(" ")))
        };
        let eve = "From: Eve <eve@evil.example>\r\n";
        for (signing, why, cure) in
            [(TWICE, "was added after signing", "Keep From twice"), (RELAXED, "covers one of them", "(from:from)")]
        {
            let (title, told, fix) = judged(&format!("{eve}{}", signing.sign(message)), signing);
            assert!(title.contains("second From") && told.contains(why) && fix.contains(cure), "{told} {fix}");
            assert!(!fix.contains("eve@evil.example"));
        }
        // Both are signed, or neither: which one is the author's is not known.
        for text in [TWICE.sign(&format!("{eve}{message}")), format!("{eve}{message}")] {
            let (title, _, fix) = judged(&text, TWICE);
            assert!(title.contains("more than one") && !fix.contains("eve@") && !fix.contains("ann@"), "{fix}");
        }
    }
}
