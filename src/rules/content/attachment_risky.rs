use super::{body, some};
use crate::facts::Facts;
use crate::facts::content::{Attachment, Risk};
use crate::remedy::Remedy;
use crate::rules::{Confidence, Exhibit, Finding, Severity, Verdict, rule};

rule! {
    /// A file is attached that receivers refuse
    ///
    /// ## What we saw
    /// The message carries a program, a script, a document with macros, an archive that holds one of these or that cannot
    /// be looked into, or a file whose name disguises its kind.
    ///
    /// ## Why mail suffers
    /// Such files are how malware travels. Gmail refuses them outright, also inside archives; Microsoft and others put the
    /// message into quarantine or take the file out.
    ///
    /// ## How to fix it
    /// Put the file on a site of your own and send the https link, or send a PDF in place of the document.
    ///
    /// ## How to check
    /// The message without the file arrives.
    pub RULE = "attachment-risky", Content, Medium, judge,
    ["support.google.com/mail/answer/6590", "Gmail SMTP error 5.7.0"]
}

fn judge(facts: &Facts) -> Verdict {
    let content = match body(facts) {
        None => return Verdict::NotApplicable,
        Some(Err(gap)) => return Verdict::unknown(gap),
        Some(Ok(content)) => content,
    };
    let risky: Vec<&Attachment> = content.attachments.iter().filter(|a| !a.risks.is_empty()).collect();
    let Some(first) = risky.first() else { return Verdict::Pass };
    let told: Vec<String> = risky.iter().map(|a| format!("{} {}", named(a), some(&words(a), 3))).collect();
    let refused = risky.iter().any(|a| a.risks.iter().any(refused));
    let fix = Remedy::new("Send a link to the file in place of the file.")
        .step("Put it on a site of your own, reachable over https, and link to it.")
        .step("Of a document with macros, send a PDF, or the document without them.");
    Finding::new(
        &RULE,
        crate::safe::clip(
            &format!("The attachment {} {}", named(first), words(first).first().map_or("", String::as_str)),
            70,
        ),
    )
    .severity(if refused { Severity::Medium } else { Severity::Low })
    .sure(Confidence::Certain, "the names in the message and in its archives say so; nothing was opened")
    .explain(format!(
        "Attached: {}. Gmail and other large receivers refuse such files, also inside archives, or take them out.",
        some(&told, 3)
    ))
    .exhibits(risky.iter().take(5).map(|a| Exhibit::body(a.kind.clone(), a.name.clone(), words(a).join(", "))))
    .fix(fix)
    .check("send the message without the file to the same receiver", "it arrives")
    .into()
}

/// Gmail publishes that it refuses these; macros only where they are malicious.
fn refused(risk: &Risk) -> bool {
    matches!(risk, Risk::Blocked(_) | Risk::Holds(_) | Risk::Encrypted)
}

fn named(a: &Attachment) -> String {
    if a.name.is_empty() { format!("of kind {}", a.kind) } else { brief(&a.name) }
}

/// What a file is, its end says: that stays.
fn brief(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 8 => {
            format!("{}.{extension}", crate::safe::clip(stem, 23 - extension.len()))
        }
        _ => crate::safe::clip(name, 24),
    }
}

fn words(a: &Attachment) -> Vec<String> {
    let word = |risk: &Risk| match risk {
        Risk::Blocked(extension) => format!("is of a kind that Gmail refuses: .{extension}"),
        Risk::Holds(name) => format!("holds {}", brief(name)),
        Risk::Encrypted => "is an archive with a password".to_owned(),
        Risk::Macros => "carries macros".to_owned(),
        Risk::Disguised => "disguises its kind".to_owned(),
    };
    a.risks.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::content::testing::*;

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(brief("invoice.pdf.js"), "invoice.pdf.js");
        assert_eq!(brief("20160523_211439.jpg_.jpg_photo.js"), "20160523_211439.jpg_….js");
        assert_eq!(brief("a_name_without_any_end_at_all_of_it"), "a_name_without_any_end_…");
    }

    fn with(name: &str) -> String {
        message(
            "Content-Type: multipart/mixed; boundary=b\r\n",
            &format!(
                "--b\r\n\r\nHello\r\n--b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
                 Content-Disposition: attachment; filename=\"{name}\"\r\n\r\nx\r\n--b--\r\n"
            ),
        )
    }

    #[test]
    fn what_gmail_refuses_is_told_and_macros_weigh_less() {
        let found = only(judge(&facts(&with("tool.exe"))));
        assert_eq!((found.severity, found.exhibits.len()), (Severity::Medium, 1));
        assert_eq!(found.title, "The attachment tool.exe is of a kind that Gmail refuses: .exe");
        assert_eq!(only(judge(&facts(&with("plan.docm")))).severity, Severity::Low);
    }

    #[test]
    fn it_passes_is_silent_and_cannot_know() {
        three_ways(&RULE, &with("plan.pdf"));
    }
}
