use super::{body, some};
use crate::evidence::InputKind;
use crate::evidence::lines::lines;
use crate::facts::Facts;
use crate::facts::content::{Fault, LONGEST};
use crate::facts::dkim::verify::mangled;
use crate::facts::header::{Field, is_trace};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};
use crate::span::Span;

rule! {
    /// The message breaks the rules of form
    ///
    /// ## What we saw
    /// A field that may stand once stands there twice, a line is longer than 998 octets, bytes beyond 7 bit stand where none
    /// may, a multipart lacks its boundary or its end, or a part cannot be decoded.
    ///
    /// ## Why mail suffers
    /// Gmail and others refuse what does not follow RFC 5322. Servers that take it repair it, cutting lines and encoding bytes
    /// anew, and the repair breaks the DKIM signature.
    ///
    /// ## How to fix it
    /// Mend the program that writes the message: each field once, CRLF at line ends, quoted-printable or base64 for long lines
    /// and for letters beyond ASCII, encoded words (RFC 2047) in the header, a boundary that opens and closes every part.
    ///
    /// ## How to check
    /// A new message shows none of this, and its DKIM signature passes at the receiver.
    pub RULE = "message-malformed", Content, Medium, judge,
    ["RFC 5322 §3.6", "RFC 5322 §2.1.1", "RFC 2045 §6", "RFC 2046 §5.1.1", "Gmail SMTP error 5.7.1"]
}

/// At most once each (RFC 5322 §3.6, RFC 2045 §3). From has a rule of its own.
const ONCE: [&str; 13] = [
    "Date",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// One fault: how bad, in words, and where.
struct Told {
    severity: Severity,
    words: String,
    exhibits: Vec<Exhibit>,
}

fn judge(facts: &Facts) -> Verdict {
    if facts.evidence.input.kind != InputKind::Message || facts.reading.header.fields.is_empty() {
        return Verdict::NotApplicable;
    }
    let mut told = header(facts);
    let gap = match body(facts) {
        Some(Ok(content)) => {
            told.extend(content.faults.iter().map(of_body));
            None
        }
        Some(Err(gap)) => Some(gap),
        None => None,
    };
    let Some(first) = told.iter().max_by_key(|t| t.severity) else {
        return gap.map_or(Verdict::Pass, Verdict::unknown);
    };
    let words: Vec<String> = told.iter().map(|t| t.words.clone()).collect();
    let title = crate::safe::clip(&crate::rules::bounce::capital(&first.words), 70);
    let severity = first.severity;
    Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Likely, "it stands so in the message at hand; a program that saved it may have changed it")
        .explain(format!(
            "The message does not follow the standards of form: {}. Some servers refuse such mail, others repair it, and the repair \
             breaks signatures.",
            some(&words, 6)
        ))
        .exhibits(told.into_iter().flat_map(|t| t.exhibits).take(8))
        .fix(
            Remedy::new("Mend the program that writes the message.")
                .step("Let a library for mail build it: it writes each field once, folds long lines and encodes what is not ASCII.")
                .step("If a system on the way makes the fault, let it leave the message alone, or sign after it."),
        )
        .check("send a new message and save its source", "none of these faults; dkim=pass")
        .into()
}

fn header(facts: &Facts) -> Vec<Told> {
    let (header, text) = (&facts.reading.header, facts.text());
    let mut out = Vec::new();
    let mut times = [0; ONCE.len()];
    for name in header.fields.iter().map(|f| f.name.of(text)) {
        if let Some(n) = ONCE.iter().position(|once| name.eq_ignore_ascii_case(once.as_bytes())) {
            times[n] += 1;
        }
    }
    for (name, _) in ONCE.into_iter().zip(times).filter(|(_, times)| *times > 1) {
        let all: Vec<Field> = header.all(text, name).map(|(_, field)| field).collect();
        let form = name.starts_with("Content") || name.starts_with("MIME");
        out.push(Told {
            severity: if form { Severity::Low } else { Severity::Medium },
            words: format!("{name} stands there {} times", all.len()),
            exhibits: all.iter().take(3).map(|f| Exhibit::input(f.span(), "may stand once")).collect(),
        });
    }
    // What a paste did to lines and letters is not the message's doing.
    if mangled(&facts.evidence) {
        return out;
    }
    let own = |f: &&Field| !is_trace(&String::from_utf8_lossy(f.name.of(text)));
    // Internationalized mail writes UTF-8 as it is (RFC 6532): in Message-ID there is no other way to.
    let utf8 = facts.reading.hops.iter().filter_map(|h| h.with.as_ref()).any(|w| w.value.starts_with("UTF8"))
        || header.first(text, "Message-ID").is_some_and(|f| {
            let id = f.value.of(text);
            !id.is_ascii() && std::str::from_utf8(id).is_ok()
        });
    let raw: Vec<&Field> =
        header.fields.iter().filter(|f| !utf8 && !f.span().of(text).is_ascii()).filter(own).take(3).collect();
    if let Some(first) = raw.first() {
        out.push(Told {
            severity: Severity::Low,
            words: format!(
                "{} holds letters beyond ASCII that are not encoded",
                String::from_utf8_lossy(first.name.of(text))
            ),
            exhibits: raw.iter().map(|f| Exhibit::input(f.span(), "not encoded (RFC 2047)")).collect(),
        });
    }
    let long = |f: &&Field| f.span().len() > LONGEST && lines(f.span().of(text), 0).any(|l| l.end - l.start > LONGEST);
    let long: Vec<&Field> = header.fields.iter().filter(long).filter(own).take(3).collect();
    if let Some(first) = long.first() {
        let place = Span { end: first.value.start, ..first.name };
        out.push(Told {
            severity: Severity::Medium,
            words: format!("a line of {} is longer than 998 octets", String::from_utf8_lossy(first.name.of(text))),
            exhibits: vec![Exhibit::input(place, "longer than 998 octets (RFC 5322 §2.1.1)")],
        });
    }
    let typed = header.first(text, "Content-Type").filter(|f| {
        f.value.of(text).trim_ascii_start().get(..10).is_some_and(|t| t.eq_ignore_ascii_case(b"multipart/"))
    });
    let encoded = header.first(text, "Content-Transfer-Encoding");
    if let Some(field) = typed.or(encoded).filter(|_| header.first(text, "MIME-Version").is_none()) {
        out.push(Told {
            severity: Severity::Low,
            words: "MIME-Version is missing beside other fields of MIME".into(),
            exhibits: vec![Exhibit::input(field.span(), "asks for MIME-Version: 1.0 (RFC 2045 §4)")],
        });
    }
    out
}

fn of_body(fault: &Fault) -> Told {
    let part = |name: &str| name.to_owned();
    let (severity, words, place) = match fault {
        Fault::LongLine { longest, count } => {
            let lines = if *count == 1 { "a line is".to_owned() } else { format!("{count} lines are") };
            (Severity::Medium, format!("{lines} longer than 998 octets (the longest has {longest})"), part("body"))
        }
        Fault::EightBit { part: kind } => {
            (Severity::Low, format!("the part {kind} holds bytes beyond 7 bit without saying so"), part(kind))
        }
        Fault::NoCharset { part: kind } => {
            (Severity::Low, format!("the part {kind} does not name its charset"), part(kind))
        }
        Fault::Nul => (Severity::Medium, "the body holds NUL bytes".into(), part("body")),
        Fault::NoBoundary => (Severity::Medium, "the multipart names no boundary".into(), part("Content-Type")),
        Fault::NoParts { boundary } => {
            (Severity::Medium, format!("the boundary {} never comes", crate::safe::clip(boundary, 40)), part("body"))
        }
        Fault::Unclosed { boundary } => (
            Severity::Low,
            format!("the last boundary --{}-- is missing", crate::safe::clip(boundary, 40)),
            part("body"),
        ),
        Fault::Damaged { part: kind } => {
            (Severity::Low, format!("the part {kind} cannot be decoded whole"), part(kind))
        }
    };
    Told { severity, exhibits: vec![Exhibit::body(place, words.clone(), "breaks the form")], words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    fn judged(text: &str) -> Finding {
        only(judge(&facts(text)))
    }

    #[test]
    fn faults_of_the_header_are_told_with_their_place() {
        let twice = judged(&message("Subject: Again\r\n", "x\r\n"));
        assert_eq!((twice.severity, twice.exhibits.len()), (Severity::Medium, 2));
        assert_eq!(twice.title, "Subject stands there 2 times");
        assert!(judged(&message("X-Note: a\r\nKeywords: gr\u{fc}n\r\n", "x\r\n")).title.starts_with("Keywords holds"));
        let long = judged(&message(&format!("Keywords: {}\r\n", "x".repeat(1_000)), "x\r\n"));
        assert_eq!(long.title, "A line of Keywords is longer than 998 octets");
        let bare = message("Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\nx\r\n--b--\r\n");
        assert!(judged(&bare.replace("MIME-Version: 1.0\r\n", "")).title.starts_with("MIME-Version"));
    }

    #[test]
    fn faults_of_the_body_are_told() {
        let long = judged(&message("", &format!("{}\r\n", "x".repeat(1_200))));
        assert_eq!(long.title, "A line is longer than 998 octets (the longest has 1200)");
        assert!(judged(&message("Content-Type: multipart/mixed\r\n", "x\r\n")).title.contains("no boundary"));
        assert_eq!(judged(&message("", "gr\u{fc}n\r\n")).severity, Severity::Low);
    }

    #[test]
    fn what_servers_write_and_what_a_paste_did_is_not_the_messages() {
        let trace = format!("X-Google-DKIM-Signature: {}\r\n", "x".repeat(1_200));
        assert!(matches!(judge(&facts(&message(&trace, "x\r\n"))), Verdict::Pass));
        let quoted: String = message("Keywords: gr\u{fc}n\r\n", "x\r\n").lines().map(|l| format!("> {l}\n")).collect();
        assert!(!matches!(judge(&facts(&quoted)), Verdict::Found(_)));
        let wide = message("X-Note: gr\u{fc}n\r\n", "x\r\n").replacen("Message-ID: <", "Message-ID: <gr\u{fc}n.", 1);
        assert!(wide.contains("<gr\u{fc}n.") && matches!(judge(&facts(&wide)), Verdict::Pass));
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        three_ways(&RULE, &message("", "Hello\r\n"));
    }
}
