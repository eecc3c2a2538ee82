//! The session that Postfix reports to its postmaster: what the client said, and what the server answered. The client
//! was refused here, by the server that reports it.
//!
//! ```text
//! Transcript of session follows.
//!
//!  Out: 220 mx.example.net ESMTP Postfix
//!  In:  MAIL FROM:<ann@example.com>
//!  Out: 250 2.1.0 Ok
//!  In:  RCPT TO:<bob@example.net>
//!  Out: 550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown
//! ```

use super::letter::Piece;
use super::{Action, MOST, Recipient, said};
use crate::evidence::lines::lines;
use crate::evidence::transcript::Stage;
use crate::span::Spanned;
use std::ops::Range;

/// How far the client had come.
#[derive(Default)]
struct Session {
    server: Option<String>,
    step: Option<Stage>,
    /// The recipient of the last RCPT command.
    asked: Option<Spanned<String>>,
    /// Those that were accepted.
    taken: Vec<Spanned<String>>,
    /// A reply of several lines so far (RFC 5321 §4.2.1).
    open: Option<Spanned<String>>,
}

/// Whom the server refused, each with its reply; none where there is no such session.
pub(super) fn recipients(piece: &Piece, text: &[u8]) -> Vec<Recipient> {
    let mut session = Session::default();
    let mut refused = Vec::new();
    for (speaker, said, place) in utterances(text) {
        if refused.len() > MOST || session.taken.len() > MOST {
            break;
        }
        let said = Spanned::new(said, piece.place(place));
        match speaker {
            Speaker::Client => session.hear(&said),
            Speaker::Server => session.answer(said, &mut refused),
        }
    }
    refused
}

#[derive(Clone, Copy)]
enum Speaker {
    Client,
    Server,
}

/// Commands and lines of replies; a long one goes on below, indented.
fn utterances(text: &[u8]) -> Vec<(Speaker, String, Range<usize>)> {
    let mut all: Vec<(Speaker, String, Range<usize>)> = Vec::new();
    for line in lines(text, 0) {
        let whole = String::from_utf8_lossy(line.of(text));
        let begins = [(" In:", Speaker::Client), (" Out:", Speaker::Server)];
        let begun = begins.iter().find_map(|(mark, speaker)| Some((*speaker, whole.strip_prefix(mark)?)));
        match (begun, all.last_mut()) {
            (Some((speaker, said)), _) => all.push((speaker, said.trim().to_owned(), line.start..line.end)),
            (None, Some(last)) if whole.starts_with("     ") && !whole.trim().is_empty() => {
                last.1 = format!("{} {}", last.1, whole.trim());
                last.2.end = line.end;
            }
            _ => {}
        }
    }
    all
}

impl Session {
    fn hear(&mut self, command: &Spanned<String>) {
        let upper = command.value.to_ascii_uppercase();
        let begins = |verb: &str| upper.starts_with(verb);
        self.step = match () {
            () if begins("MAIL") => {
                self.taken.clear();
                Some(Stage::Mail)
            }
            () if begins("RCPT") => Some(Stage::Rcpt),
            () if begins("DATA") || begins("BDAT") => Some(Stage::Data),
            () if begins("AUTH") => Some(Stage::Auth),
            () if begins("STARTTLS") => Some(Stage::Tls),
            () if begins("EHLO") || begins("HELO") => Some(Stage::Greeting),
            () => None,
        };
        let address = || {
            let rest = command.value.split_once('<')?.1;
            rest.split_once('>').map(|(address, _)| address.to_owned()).filter(|address| address.contains('@'))
        };
        self.asked = address().filter(|_| begins("RCPT")).map(|address| Spanned::new(address, command.span));
    }

    fn answer(&mut self, line: Spanned<String>, refused: &mut Vec<Recipient>) {
        let goes_on = line.value.as_bytes().get(3) == Some(&b'-');
        let reply = match self.open.take() {
            Some(open) => Spanned::new(format!("{} {}", open.value, line.value), open.span),
            None => line,
        };
        if goes_on {
            self.open = Some(reply);
            return;
        }
        match (reply.value.as_bytes().first(), self.step) {
            (Some(b'2'), None) if self.server.is_none() => {
                let named = reply.value.get(4..).unwrap_or_default();
                self.server = said::host(&named.to_ascii_lowercase());
            }
            (Some(b'2'), Some(Stage::Rcpt)) => self.taken.extend(self.asked.take()),
            // What follows it is the message, and the next reply is about the whole of it.
            (Some(b'3'), Some(Stage::Data)) => self.step = Some(Stage::End),
            _ => {}
        }
        let Some(action) = said::code(&reply.value).and_then(Action::of_code) else { return };
        let whom = match self.step {
            Some(Stage::Data | Stage::End) => std::mem::take(&mut self.taken).into_iter().map(Some).collect(),
            _ => vec![self.asked.take()],
        };
        refused.extend(whom.into_iter().map(|address| Recipient {
            action,
            status: said::enhanced(&reply.value),
            server: self.server.clone(),
            step: self.step,
            address,
            reply: Some(Spanned::new(said::one_line(&reply.value), reply.span)),
            ..Recipient::blank(reply.span)
        }));
    }
}

#[cfg(test)]
mod tests {
    use crate::evidence::transcript::Stage;
    use crate::evidence::{Input, InputKind};
    use crate::facts::bounce::{Action, Bounce};

    fn read(session: &str) -> Bounce {
        let text = format!(
            "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: postmaster@mx.example.net\r\n\
            Subject: Postfix SMTP server: errors from client.example.com[192.0.2.1]\r\n\r\n\
            Transcript of session follows.\r\n\r\n{session}\r\nFor other details, see the local mail logfile\r\n"
        );
        Bounce::read(&Input::read("test", text.as_bytes(), Some(InputKind::Bounce)).unwrap()).unwrap()
    }

    fn told(bounce: &Bounce) -> Vec<(Option<&str>, Action, Option<Stage>, &str)> {
        let all = bounce.recipients.iter();
        all.map(|r| (r.address.as_ref().map(|a| &a.value[..]), r.action, r.step, r.text().unwrap_or_default()))
            .collect()
    }

    const OPEN: &str = " Out: 220 mx.example.net ESMTP Postfix\r\n In:  EHLO client.example.com\r\n Out: 250-mx.example.net\r\n \
        Out: 250 DSN\r\n In:  MAIL\r\n     FROM:<ann@example.com>\r\n     SIZE=20088\r\n Out: 250 2.1.0 Ok\r\n";

    #[test]
    fn each_recipient_has_the_answer_to_its_own_command() {
        let bounce = read(&format!(
            "{OPEN} In:  RCPT TO:<bob@example.net>\r\n Out: 250 2.1.5 Ok\r\n In:  RCPT TO:<eve@example.net> ORCPT=rfc822;eve@example.net\r\n \
            Out: 550 5.1.1 <eve@example.net>: Recipient address rejected: User\r\n     unknown\r\n In:  QUIT\r\n Out: 221 2.0.0 Bye\r\n"
        ));
        let words = "550 5.1.1 <eve@example.net>: Recipient address rejected: User unknown";
        assert_eq!(told(&bounce), [(Some("eve@example.net"), Action::Failed, Some(Stage::Rcpt), words)]);
        assert_eq!(bounce.recipients[0].server.as_deref(), Some("mx.example.net"));
        assert_eq!(bounce.recipients[0].category.word(), "recipient");
    }

    #[test]
    fn what_is_said_after_the_message_is_about_all_that_were_accepted() {
        let bounce = read(&format!(
            "{OPEN} In:  RCPT TO:<bob@example.net>\r\n Out: 250 2.1.5 Ok\r\n In:  RCPT TO:<eve@example.net>\r\n Out: 250 2.1.5 Ok\r\n \
            In:  DATA\r\n Out: 354 End data with <CR><LF>.<CR><LF>\r\n Out: 451 4.3.0 Error: queue file write error\r\n"
        ));
        let late =
            |address| (Some(address), Action::Delayed, Some(Stage::End), "451 4.3.0 Error: queue file write error");
        assert_eq!(told(&bounce), [late("bob@example.net"), late("eve@example.net")]);
    }

    #[test]
    fn a_refused_sender_or_login_names_no_recipient() {
        let bounce = read(
            " Out: 220 mx.example.net\r\n In:  MAIL FROM:<ann@example.com>\r\n Out: 450-4.1.8 <ann@example.com>:\r\n \
            Out: 450 4.1.8 Sender address rejected: Domain not found\r\n",
        );
        assert_eq!(told(&bounce)[0].0, None);
        assert_eq!((told(&bounce)[0].1, told(&bounce)[0].2), (Action::Delayed, Some(Stage::Mail)));
        assert_eq!(
            read(" In:  AUTH LOGIN\r\n Out: 535 5.7.8 Error: authentication failed\r\n").recipients[0].step,
            Some(Stage::Auth)
        );
    }

    #[test]
    fn a_session_in_which_nobody_was_refused_says_nothing() {
        let bounce = read(&format!("{OPEN} In:  QUIT\r\n Out: 221 2.0.0 Bye\r\n"));
        assert!(bounce.recipients.iter().all(|r| r.step != Some(Stage::End) && r.category.word() == "unknown"));
    }
}
