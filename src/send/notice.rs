//! What became of a message, as a notice in the form of a bounce: so that it is diagnosed like one.

use super::{Draft, Route};
use crate::evidence::transcript::{Left, Stage, Stop, Transcript};
use crate::evidence::{Evidence, Input, Said};
use crate::facts::boundary::is_public;
use crate::facts::header::Header;
use std::sync::Arc;

/// Between the parts of the notice.
const BOUNDARY: &str = "=_postdoc_notice";

/// Bytes of the message's header that are quoted.
const HEADER: usize = 64 * 1024;

/// A message with its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub draft: Draft,
    /// As it left, or would have.
    pub message: Arc<[u8]>,
    pub transcript: Arc<Transcript>,
}

/// What a diagnosis of the session rests on.
pub fn evidence(sent: &Sent, offline: bool) -> Evidence {
    let t = &sent.transcript;
    let text = notice(sent);
    let name = format!("test message to {}", sent.draft.to);
    let input =
        Input::read(&name, text.into_bytes(), None).unwrap_or_else(|refusal| Input::unreadable(&name, &refusal));
    let mail_from = sent.draft.mail_from.as_ref().map_or("<>".to_owned(), ToString::to_string);
    // A server in between has an address and a name of its own, which nobody has told.
    let direct = sent.draft.route == Route::Direct;
    let said = Said {
        mail_from: Some(mail_from),
        ip: t.own.filter(|ip| direct && is_public(*ip)),
        helo: sent.draft.hello.clone().filter(|_| direct),
        ..Said::default()
    };
    Evidence { transcript: Some(t.clone()), ..Evidence::new(input, said, t.began, offline) }
}

/// A delivery status notification (RFC 3464), with the words that mail systems use in its notice.
fn notice(sent: &Sent) -> String {
    let t = &*sent.transcript;
    let place = match t.address {
        Some(address) => format!("{}[{}]", t.host, address.ip()),
        None => t.host.clone(),
    };
    let status = |reply: &str| reply.split([' ', '-', '\n']).find(|w| is_enhanced(w)).map(str::to_owned);
    // Who had no answer to the whole message does not know (RFC 5321 §4.5.3.2.6); a mail system tries again.
    let ended = if t.left == Left::Maybe { "delayed" } else { "failed" };
    let (action, said, status) = match &t.stop {
        Some(Stop::Refused { reply }) => {
            let action = if reply.starts_with('4') { "delayed" } else { "failed" };
            (action, format!("smtp; {}", one_line(reply)), status(reply))
        }
        Some(Stop::Broke { why, .. }) => (ended, format!("x-postdoc; {}", one_line(why)), None),
        Some(Stop::Cancelled) => (ended, "x-postdoc; stopped by the user".to_owned(), None),
        Some(Stop::TimedOut) => (ended, "x-postdoc; the time for the whole was up".to_owned(), None),
        None if t.left == Left::Yes => {
            let reply = t.last_taken().unwrap_or("250");
            ("relayed", format!("smtp; {}", one_line(reply)), status(reply))
        }
        None => ("failed", "x-postdoc; not over yet".to_owned(), None),
    };
    let what = match &t.stop {
        Some(Stop::Refused { reply }) => {
            format!("host {place} said: {reply}\n(in reply to {} command)", command(t.stage))
        }
        _ => format!("The server was {place}; it came to: {action}."),
    };
    let status = status.map_or(String::new(), |status| format!("Status: {status}\n"));
    let header = Header::split(&sent.message);
    let end = header.body.map_or(sent.message.len(), |at| at as usize).min(HEADER);
    let header = String::from_utf8_lossy(&sent.message[..end]).replace("\r\n", "\n");
    let (to, path, host) = (&sent.draft.to, super::path(sent.draft.mail_from.as_ref()), &t.host);
    format!(
        "From: postdoc\nTo: {path}\nSubject: What became of a test message\nAuto-Submitted: auto-generated\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"{BOUNDARY}\"\n\n\
         --{BOUNDARY}\nContent-Type: text/plain; charset=utf-8\n\n\
         postdoc was to send a test message on {}.\n\n{what}\n\n\
         --{BOUNDARY}\nContent-Type: message/delivery-status\n\n\
         Reporting-MTA: x-local-hostname; postdoc\n\n\
         Final-Recipient: rfc822; {to}\nAction: {action}\n{status}\
         Remote-MTA: dns; {host}\nDiagnostic-Code: {said}\n\n\
         --{BOUNDARY}\nContent-Type: text/rfc822-headers\n\n{header}\n\
         --{BOUNDARY}--\n",
        t.began,
    )
}

/// As Postfix names what was answered.
fn command(stage: Stage) -> &'static str {
    match stage {
        Stage::Route | Stage::Connect => "initial connection",
        Stage::Greeting => "initial server greeting or EHLO",
        Stage::Tls | Stage::Certificate => "STARTTLS",
        Stage::Auth => "AUTH",
        Stage::Mail => "MAIL FROM",
        Stage::Rcpt => "RCPT TO",
        Stage::Data => "DATA",
        Stage::End => "end of DATA",
    }
}

/// As the value of a field.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `5.7.26`
fn is_enhanced(word: &str) -> bool {
    let mut parts = word.split('.');
    let number =
        |p: Option<&str>| p.is_some_and(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    matches!(parts.next(), Some("2" | "4" | "5"))
        && number(parts.next())
        && number(parts.next())
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::transcript::{Line, Security, Way};
    use crate::facts::Reading;
    use crate::facts::bounce::{Action, Bounce};
    use crate::send::compose;
    use crate::send::tests::draft;

    fn sent(stage: Stage, stop: Option<Stop>) -> Sent {
        let draft = draft();
        let message = compose(&draft, "0123456789abcdef", jiff::Timestamp::UNIX_EPOCH).unwrap().bytes.into();
        let mut t = Transcript::new(jiff::Timestamp::UNIX_EPOCH, "mx.rcpt.example", Security::Starttls, true);
        t.address = "192.0.2.25:25".parse().ok();
        t.stage = stage;
        t.lines.push(Line { at_ms: 9, way: Way::Heard, text: "250 2.0.0 queued as 4F1".into() });
        t.left = if stop.is_none() { Left::Yes } else { Left::No };
        t.stop = stop;
        Sent { draft, message, transcript: Arc::new(t) }
    }

    fn read(sent: &Sent) -> (Bounce, Reading) {
        let evidence = evidence(sent, true);
        let reading = Reading::read(&evidence.input, &evidence.said);
        (reading.bounce.clone().unwrap(), reading)
    }

    #[test]
    fn a_refusal_is_read_back_with_its_stage_its_server_and_the_header() {
        for stage in [Stage::Greeting, Stage::Tls, Stage::Auth, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::End] {
            let reply = "550-5.7.26 This mail is unauthenticated\n550 5.7.26 see the manual".to_owned();
            let (bounce, reading) = read(&sent(stage, Some(Stop::Refused { reply })));
            let [r] = &bounce.recipients[..] else { panic!("{stage:?}: {bounce:?}") };
            assert_eq!((r.action, r.status.as_deref(), r.step), (Action::Failed, Some("5.7.26"), Some(stage)));
            assert_eq!(r.server.as_deref(), Some("mx.rcpt.example"));
            assert_eq!(r.address.as_ref().unwrap().value, "bob@rcpt.example");
            assert!(r.reply.as_ref().unwrap().value.starts_with("550-5.7.26 This mail"));
            assert_eq!(reading.from_domain(), Some("news.example"));
        }
    }

    #[test]
    fn put_off_taken_and_broken_off_are_told_apart() {
        let action = |stop| read(&sent(Stage::Rcpt, stop)).0.recipients[0].action;
        assert_eq!(action(Some(Stop::Refused { reply: "450 4.2.0 greylisted".into() })), Action::Delayed);
        assert_eq!(action(None), Action::Relayed);
        let broke = Stop::Broke { step: crate::evidence::errand::Step::Answer, why: "hung up".into(), offered: vec![] };
        let (bounce, _) = read(&sent(Stage::Rcpt, Some(broke)));
        let r = &bounce.recipients[0];
        assert_eq!(
            (r.action, r.reply.is_none(), r.words.as_ref().unwrap().value.as_str()),
            (Action::Failed, true, "hung up")
        );
        // Nobody can say that it failed.
        let mut open = sent(Stage::End, Some(Stop::Cancelled));
        Arc::make_mut(&mut open.transcript).left = Left::Maybe;
        let (bounce, reading) = read(&open);
        assert_eq!((bounce.recipients[0].action, bounce.recipients[0].is_permanent()), (Action::Delayed, false));
        assert!(reading.boundary.because.contains("as it left"), "{}", reading.boundary.because);
        assert!(read(&sent(Stage::End, None)).1.boundary.because.contains("as it left"));
    }
}
