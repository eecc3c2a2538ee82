//! The transcript that Sendmail quotes, also that of its old versions: who was told what, recipient by recipient.
//!
//! ```text
//! While talking to mx.example.net:
//! >>> RCPT To:<bob@example.net>
//! <<< 550 <bob@example.net>, no such user
//! 550 <bob@example.net>... User unknown
//! 550 example.org (smtp)... 550 Host unknown
//! 554 <eve@example.org>... 550 Host unknown
//! ```

use super::letter::Piece;
use super::{MOST, Recipient, said};
use crate::evidence::lines::lines;
use crate::evidence::transcript::Stage;
use crate::span::{Span, Spanned};

/// The session that the lines are about.
#[derive(Default)]
struct Talk {
    server: Option<String>,
    step: Option<Stage>,
    reply: Option<Spanned<String>>,
    /// The last line of the reply announced another one (RFC 5321 §4.2.1).
    goes_on: bool,
}

/// Each recipient with its own reply, in the order of the transcript; none where there is no transcript.
pub(super) fn recipients(piece: &Piece, text: &[u8]) -> Vec<Recipient> {
    let mut all: Vec<Recipient> = Vec::new();
    let mut talk = Talk::default();
    let mut begun = false;
    for line in lines(text, 0) {
        let whole = String::from_utf8_lossy(line.of(text));
        let said = whole.trim();
        let lower = said.to_ascii_lowercase();
        begun |= lower.contains("transcript of session");
        if !begun || all.len() > MOST {
            continue;
        }
        let place = || piece.place(line.start..line.end);
        if let Some((_, host)) = lower.split_once("while talking to ") {
            talk = Talk { server: said::host(host), ..Talk::default() };
        } else if let Some(command) = lower.strip_prefix(">>>") {
            (talk.step, talk.reply) = (said::step(&format!(">>> {}", command.trim())), None);
        } else if let Some(reply) = said.strip_prefix("<<<") {
            talk.hear(reply.trim(), place());
        } else if let Some((code, about, words)) = verdict(said) {
            // Some repeat the code: `554 <ann@example.com>... 550 Host unknown`.
            let own = if said::code(words).is_some() { words.to_owned() } else { format!("{code} {words}") };
            match about.split_once('@') {
                Some(_) => all.extend(talk.recipient(&all, about, &own, place())),
                // About a host, and what follows is about it too.
                None if talk.server.as_deref() != said::host(&about.to_ascii_lowercase()).as_deref() => {
                    talk = Talk::default();
                }
                None => {}
            }
        }
    }
    all
}

impl Talk {
    fn hear(&mut self, line: &str, span: Span) {
        let more = line.as_bytes().get(3) == Some(&b'-');
        match &mut self.reply {
            Some(reply) if self.goes_on => {
                reply.value = said::one_line(&format!("{} {line}", reply.value));
                self.goes_on = more;
            }
            None if said::code(line).is_some() => {
                (self.reply, self.goes_on) = (Some(Spanned::new(said::one_line(line), span)), more);
            }
            _ => {}
        }
    }

    /// What the server said to it, else what the mail system says itself; `None` where it was named before.
    fn recipient(&self, before: &[Recipient], address: &str, words: &str, span: Span) -> Option<Recipient> {
        let named = |r: &Recipient| r.address.as_ref().is_some_and(|a| a.value.eq_ignore_ascii_case(address));
        if before.iter().any(named) {
            return None;
        }
        let reply = self.reply.clone();
        let own = reply.is_none().then(|| Spanned::new(said::one_line(words), span));
        Some(Recipient {
            address: Some(Spanned::new(address.to_owned(), span)),
            status: said::enhanced(reply.as_ref().or(own.as_ref()).map_or("", |said| &said.value)),
            server: self.server.clone(),
            step: self.step,
            words: own,
            span: reply.as_ref().map_or(span, |reply| reply.span),
            reply,
            ..Recipient::blank(span)
        })
    }
}

/// Code, about what, and why: `550 5.1.1 <bob@example.net>... User unknown`, `421 example.org (smtp)... Deferred`.
fn verdict(line: &str) -> Option<(String, &str, &str)> {
    let mut code = said::code(line)?.to_owned();
    let mut rest = line[3..].trim_start();
    if let Some(status) = said::status_at(rest) {
        code = format!("{code} {status}");
        rest = rest[status.len()..].trim_start();
    }
    let (about, words) = rest.split_once("...")?;
    let about = about.split_whitespace().next()?.trim_matches(['<', '>']);
    (!about.is_empty()).then(|| (code, about, words.trim()))
}

#[cfg(test)]
mod tests {
    use crate::evidence::{Input, InputKind};
    use crate::facts::bounce::Bounce;
    use crate::facts::bounce::tests::told;

    fn read(transcript: &str) -> Bounce {
        let text = format!(
            "From: MAILER-DAEMON@out.example.com\nSubject: Returned mail: User unknown\nTo: ann@example.com\n\n   \
             ----- Transcript of session follows -----\n{transcript}\n   ----- Unsent message follows -----\n\
             Received: by out.example.com; Mon, 2 Nov 2026 10:00:00 +0000\nFrom: ann@example.com\nTo: bob@example.net\n\nHello\n"
        );
        Bounce::read(&Input::read("test", text.as_bytes(), Some(InputKind::Bounce)).unwrap()).unwrap()
    }

    #[test]
    fn each_recipient_has_its_own_reply() {
        let bounce = read(
            "While talking to mx.example.net:\n>>> MAIL From:<ann@example.com>\n\
             <<< 501 <ann@example.com>... no access from mail server [192.0.2.55] which is an open relay.\n\
             554 <bob@example.net>... Remote protocol error\n550 example.org (smtp)... 550 Host unknown\n\
             554 <eve@example.org>... 550 Host unknown (Authoritative answer from name server)\n\
             While talking to mail.example.edu:\n>>> RCPT To:<carl@example.edu>\n\
             <<< 550-5.1.1 <carl@example.edu>\n<<< 550 5.1.1 User unknown\n550 <carl@example.edu>... User unknown\n\
             >>> RCPT To:<dora@example.edu>\n<<< 452 4.2.2 Mailbox full\n452 4.2.2 dora@example.edu... Deferred\n",
        );
        assert_eq!(
            told(&bounce),
            [
                "bob@example.net failed - reputation mx.example.net MAIL",
                "eve@example.org failed - recipient - -",
                "carl@example.edu failed 5.1.1 recipient mail.example.edu RCPT",
                "dora@example.edu failed 4.2.2 mailbox-full mail.example.edu RCPT",
            ]
        );
        let reply = |n: usize| bounce.recipients[n].reply.as_ref().map(|r| r.value.as_str());
        assert_eq!(reply(1), None, "no server said it");
        assert_eq!(reply(2), Some("550-5.1.1 <carl@example.edu> 550 5.1.1 User unknown"));
        assert!(bounce.returned.is_some());
    }

    #[test]
    fn one_reply_to_the_message_is_that_of_all_its_recipients() {
        let bounce = read(
            "While talking to mx.example.net:\n>>> DATA\n<<< 554 5.7.1 Message rejected as spam\n\
             554 <bob@example.net>... Service unavailable\n554 <eve@example.net>... Service unavailable\n",
        );
        assert_eq!(bounce.recipients.len(), 2);
        for recipient in &bounce.recipients {
            assert_eq!(recipient.reply.as_ref().unwrap().value, "554 5.7.1 Message rejected as spam");
        }
    }

    #[test]
    fn a_transcript_that_names_nobody_leaves_the_address_to_the_returned_header() {
        let bounce =
            read("421 example.net (smtp)... Deferred: Connection timed out during user open with example.net\n");
        assert_eq!(told(&bounce), ["bob@example.net failed - network - connect"]);
    }
}
