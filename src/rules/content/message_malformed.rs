use super::{body, some};
use crate::evidence::InputKind;
use crate::evidence::lines::lines;
use crate::facts::Facts;
use crate::facts::content::{Fault, LONGEST};
use crate::facts::dkim::Hash;
use crate::facts::dkim::forensics::{Altered, Proof, What};
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
    /// What is cut short shows just this.
    of_a_cut: bool,
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
    let lost = lost(facts);
    let words: Vec<String> = told.iter().map(|t| t.words.clone()).collect();
    let title = crate::safe::clip(&crate::rules::bounce::capital(&first.words), 70);
    let severity = first.severity;
    let cut_alone = told.iter().all(|t| t.of_a_cut);
    let finding = Finding::new(&RULE, title)
        .severity(severity)
        .sure(Confidence::Likely, "it stands so in the message at hand; a program that saved it may have changed it")
        .exhibits(told.into_iter().flat_map(|t| t.exhibits).take(8))
        .explain(match &lost {
            Some(lost) if cut_alone => lost.explanation(&words),
            _ => format!(
                "The message does not follow the standards of form: {}. Some servers refuse such mail, others repair it, and the \
                 repair breaks signatures.",
                some(&words, 6)
            ),
        });
    let mend = Remedy::new("Mend the program that writes the message.")
        .step("Let a library for mail build it: it writes each field once, folds long lines and encodes what is not ASCII.")
        .step("If a system on the way makes the fault, let it leave the message alone, or sign after it.");
    let again = ("send a new message and save its source", "none of these faults; dkim=pass");
    let Some(lost) = lost else { return finding.fix(mend).check(again.0, again.1).into() };
    // Its hash fits no more, whatever else is right.
    let finding = finding.leads_to(&["dkim-body-hash-mismatch"]);
    match cut_alone {
        true => finding.fix(lost.remedy()).check("postdoc diagnose whole-message.eml", "the last boundary is there"),
        false => finding.fix(mend.step(WHOLE)).check(again.0, again.1),
    }
    .into()
}

/// Where the end of a multipart was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// When it was saved: the receiver had it whole, for it verified another body.
    Saved,
    /// Not known.
    Somewhere,
}

/// `None`: it was written so, for the signature covers what is here; or no end is missing.
fn lost(facts: &Facts) -> Option<Lost> {
    let content = facts.reading.content.as_ref()?;
    content.faults.iter().find(|f| matches!(f, Fault::Unclosed { .. }))?;
    let whole = |n: usize| facts.reading.signatures.get(n).is_some_and(|s| s.length.is_none());
    if facts.verified.iter().any(|v| v.body_hash == Hash::Match && whole(v.signature)) {
        return None;
    }
    let passed = |n: usize| facts.reading.reported.dkim.iter().any(|d| d.signature == Some(n) && d.result == "pass");
    let saved = facts.verified.iter().any(|v| v.body_hash == Hash::Mismatch && passed(v.signature));
    Some(if saved { Lost::Saved } else { Lost::Somewhere })
}

const WHOLE: &str =
    "Download its source as a file (“show original”, “save as”): viewers and copies cut long messages short.";

impl Lost {
    fn explanation(self, words: &[String]) -> String {
        let what = format!("What stands here is cut short: {}.", some(words, 6));
        match self {
            Lost::Saved => format!(
                "{what} The receiver found the signature of the whole message good (dkim=pass), so the end was lost when the message \
                 was saved or copied, and the sender's program is not at fault."
            ),
            Lost::Somewhere => format!(
                "{what} The end was lost when the message was saved or copied, or on the way, or the program that wrote it left it out."
            ),
        }
    }

    fn remedy(self) -> Remedy {
        let remedy = Remedy::new("Get the whole source of the message: its end is missing here.").step(WHOLE);
        match self {
            Lost::Saved => remedy,
            Lost::Somewhere => remedy.step(
                "If the end is missing there as well: have the program that writes the message close each multipart with its boundary \
                 and two hyphens, and look for a system on the way that cuts long messages.",
            ),
        }
    }
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
    for (name, _) in ONCE.into_iter().zip(times).filter(|(name, times)| *times > 1 && !was_added(facts, name)) {
        let all: Vec<Field> = header.all(text, name).map(|(_, field)| field).collect();
        let form = name.starts_with("Content") || name.starts_with("MIME");
        out.push(Told {
            severity: if form { Severity::Low } else { Severity::Medium },
            words: format!("{name} stands there {} times", all.len()),
            exhibits: all.iter().take(3).map(|f| Exhibit::input(f.span(), "may stand once")).collect(),
            of_a_cut: false,
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
            of_a_cut: false,
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
            of_a_cut: false,
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
            of_a_cut: false,
        });
    }
    out
}

/// A signature shows that it was put on after signing: dkim-signature-invalid says so, and no program is to be mended.
fn was_added(facts: &Facts, name: &str) -> bool {
    let added = |a: &Altered| {
        let is_it = a.field.as_ref().is_some_and(|field| field.eq_ignore_ascii_case(name));
        is_it && a.what == What::FieldAdded && a.proof == Proof::RestoredHash
    };
    facts.verified.iter().flat_map(|v| &v.altered).any(added)
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
    let of_a_cut = matches!(fault, Fault::Unclosed { .. } | Fault::Damaged { .. });
    Told { severity, exhibits: vec![Exhibit::body(place, words.clone(), "breaks the form")], words, of_a_cut }
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
    fn what_was_put_on_after_signing_is_nobodys_program() {
        use crate::facts::dkim::{DkimResult, Reason, Verification};
        let faults = |proof| {
            let mut facts = facts_of(&message("Subject: Again\r\n", "x\r\n"), InputKind::Message);
            let field = Some("Subject".to_owned());
            facts.verified.push(Verification {
                signature: 0,
                header_hash: Hash::Mismatch,
                body_hash: Hash::Match,
                result: Some(DkimResult::Fail),
                reason: Some(Reason::SignatureMismatch),
                altered: vec![Altered { what: What::FieldAdded, proof, field, hop: None, could: vec![] }],
            });
            judge(&facts)
        };
        assert!(matches!(faults(Proof::RestoredHash), Verdict::Pass));
        assert!(only(faults(Proof::Likely)).title.starts_with("Subject stands there"));
    }

    const CUT: &str = "Content-Type: multipart/mixed; boundary=b\r\n";

    #[test]
    fn a_message_without_its_end_is_to_be_got_whole() {
        let cut = judged(&message(CUT, "--b\r\n\r\nx\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nJVB"));
        assert!(cut.explanation.contains("cut short") && cut.explanation.contains("or the program"), "{cut:?}");
        let fix = cut.fix.unwrap();
        assert!(fix.summary.starts_with("Get the whole source") && fix.steps.len() == 2, "{fix:?}");
        assert_eq!(cut.leads_to, ["dkim-body-hash-mismatch"]);
        let both = judged(&message(&format!("{CUT}Subject: Again\r\n"), "--b\r\n\r\nx\r\n"));
        assert!(both.fix.unwrap().summary.starts_with("Mend the program"));
    }

    #[test]
    fn a_signature_tells_where_the_end_was_lost() {
        let text = message(CUT, "--b\r\n\r\nx\r\n").replacen(
            "From:",
            "Authentication-Results: mx.inbox.test; dkim=pass header.d=example.com header.s=s\r\n\
             DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; bh=BH; b=eA==\r\nFrom:",
            1,
        );
        let with = |bh: &str| judged(&text.replace("BH", bh));
        let other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let saved = with(other);
        assert!(saved.explanation.contains("dkim=pass"), "{}", saved.explanation);
        assert_eq!(saved.fix.unwrap().steps.len(), 1);
        // Of this very body.
        assert!(
            with("1m/caqr0Y3HNk4KDsVQTRwKfm6S1SZsytS2Hv88XusY=").fix.unwrap().summary.starts_with("Mend the program"),
            "it was signed so"
        );
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
