//! A sending as text: what is asked before, the session line by line, and what it came to.

use super::Shown;
use super::human::{Ink, Style};
use crate::diagnose::Diagnosis;
use crate::evidence::transcript::{Left, Line, Stop, Transcript, Way};
use crate::facts::domain::certificate::Certificate;
use crate::safe::Safe;
use crate::send::{Composed, Draft, Sent};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Columns of the label in a confirmation.
const LABEL: usize = 10;

/// What whoever says yes has to have read.
pub fn confirmation(drafts: &[Draft], warnings: &[String], style: Style) -> String {
    let mut out = String::new();
    let insecure = drafts.iter().any(|d| d.insecure);
    for (label, value) in crate::send::confirmation(drafts) {
        // Without a good certificate: in red words.
        let bad = label == "TLS" && (insecure || value.starts_with("none"));
        let value = Safe::line(&value).into_string();
        let value = if bad { style.paint(Ink::Fail, &value) } else { value };
        let _ = writeln!(out, "{label:<LABEL$} {value}");
    }
    for warning in warnings {
        let ink = if insecure && warning.contains("not checked") { Ink::Fail } else { Ink::Warn };
        let _ = writeln!(out, "{}", style.paint(ink, &format!("! {}", Safe::line(warning))));
    }
    out
}

/// `   0.012 > MAIL FROM:<ann@example.com>`, a line each for a reply of several.
pub fn line(line: &Line, style: Style, shown: Shown) -> String {
    let (sign, ink) = sign(line);
    let paint = |text: String| ink.map_or(text.clone(), |ink| style.paint(ink, &text));
    let at = format!("{:>8.3}", f64::from(line.at_ms) / 1000.0);
    let mut out = String::new();
    for (n, text) in line.text.lines().chain(line.text.is_empty().then_some("")).enumerate() {
        let at = if n == 0 { at.clone() } else { " ".repeat(at.len()) };
        let _ = writeln!(out, "{} {sign} {}", style.paint(Ink::Faint, &at), paint(shown.line(text)));
    }
    out
}

/// `>` sent, `<` heard, `*` what happened beside; a refusal stands out.
pub fn sign(line: &Line) -> (char, Option<Ink>) {
    match line.way {
        Way::Sent => ('>', None),
        Way::Heard if line.text.starts_with(['4', '5']) => ('<', Some(Ink::Fail)),
        Way::Heard => ('<', None),
        Way::Note if line.text.contains("not trusted") => ('*', Some(Ink::Fail)),
        Way::Note => ('*', Some(Ink::Faint)),
    }
}

/// Milliseconds, sent or heard, the text on one line.
pub fn plain(t: &Transcript, line: &Line, shown: Shown) -> String {
    let way = match line.way {
        Way::Sent => "sent",
        Way::Heard => "heard",
        Way::Note => "note",
    };
    format!("{}\t{way}\t{}\t{}\n", line.at_ms, t.stage.word(), shown.line(&line.text.replace('\n', " ")))
}

/// `accepted`, `refused`, `failed`, `timeout`, `interrupted`.
pub fn result(t: &Transcript) -> &'static str {
    match &t.stop {
        _ if t.left == Left::Yes => "accepted",
        Some(Stop::Refused { .. }) => "refused",
        Some(Stop::Broke { .. }) => "failed",
        Some(Stop::TimedOut) => "timeout",
        Some(Stop::Cancelled) | None => "interrupted",
    }
}

/// Above the session of one message of several.
pub fn heading(draft: &Draft, n: usize, of: usize, style: Style, shown: Shown) -> String {
    let text = format!("{n} of {of}: to {}", shown.line(draft.to.as_ref()));
    format!("{}{}\n", if n > 1 { "\n" } else { "" }, style.paint(Ink::Strong, &text))
}

/// The same for a ticket.
pub fn title(draft: &Draft, shown: Shown) -> String {
    format!("## {}\n\n", super::markdown::text(shown, draft.to.as_ref()))
}

/// What became of each of several messages: `✓ me@gmail.com   accepted`.
pub fn table(recipients: &[&Draft], sent: &[Sent], style: Style, shown: Shown) -> String {
    let width = recipients.iter().map(|d| shown.line(d.to.as_ref()).width()).max().unwrap_or_default();
    let mut out = String::from("\n");
    for (n, draft) in recipients.iter().enumerate() {
        let t = sent.get(n).map(|s| &*s.transcript);
        let (glyph, ascii, ink) = match t {
            Some(t) if t.left == Left::Yes => ("✓", "v", Ink::Pass),
            Some(_) => ("✗", "x", Ink::Fail),
            None => ("–", "-", Ink::Faint),
        };
        let name = shown.line(draft.to.as_ref());
        let pad = " ".repeat(width.saturating_sub(name.width()));
        let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
        let _ = writeln!(out, "{mark} {name}{pad}  {}", shown.line(&outcome(t)));
    }
    out
}

/// What became of one message, in a few words.
pub fn outcome(t: Option<&Transcript>) -> String {
    let Some(t) = t else { return "not tried: it would meet the same fate".into() };
    let tries = if t.tries > 1 { format!(" at try {}", t.tries) } else { String::new() };
    let said = match &t.stop {
        Some(Stop::Refused { reply }) => format!(": {}", reply.lines().next().unwrap_or_default()),
        Some(Stop::Broke { why, .. }) => format!(": {why}"),
        _ => String::new(),
    };
    format!("{}{tries}{said}", result(t))
}

/// TLS, the certificate, and what to look for in the mailbox.
pub fn summary(sent: &Sent, composed: &Composed, d: &Diagnosis, style: Style, shown: Shown) -> String {
    let t = &*sent.transcript;
    let mut out = String::from("\n");
    for text in certificate(t) {
        let _ = writeln!(out, "{}", style.paint(Ink::Faint, &shown.line(&text)));
    }
    if d.findings.is_empty() {
        let (ink, mark) = if t.left == Left::Yes { (Ink::Pass, "✓") } else { (Ink::Warn, "!") };
        let mark = if style.unicode { mark } else { "" };
        let head = format!("{mark} {}", shown.line(&d.verdict.headline));
        let _ = writeln!(out, "{}", style.paint(ink, head.trim_start()));
    }
    if t.left != Left::No
        && let Some(id) = &composed.message_id
    {
        let _ = writeln!(out, "Look for Message-ID {}", shown.line(id));
    }
    out
}

/// Version and cipher, then who the certificate is for, by whom, until when.
pub fn certificate(t: &Transcript) -> Vec<String> {
    let Some(tls) = &t.tls else { return Vec::new() };
    let (version, cipher) = (tls.version.as_deref().unwrap_or("TLS"), tls.cipher.as_deref().unwrap_or_default());
    let mut out = vec![format!("{version} {cipher}")];
    if let Some(c) = tls.chain.first().and_then(|der| Certificate::read(der)) {
        let names = if c.names.is_empty() { "no host".to_owned() } else { c.names.join(", ") };
        out.push(format!(
            "certificate of {}, for {names}, by {}, until {:.10}",
            c.subject,
            c.issuer,
            c.until.to_string()
        ));
    }
    out
}
