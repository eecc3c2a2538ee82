//! Whole sessions, every reply there is.

use super::{Encryption, Mail, Policy, Session, Turn};
use std::sync::Arc;

const ENVELOPE: &str = "EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<test@mx.example.net>\r\n";

struct Talk {
    session: Session,
    mails: Vec<Mail>,
    closed: bool,
}

fn policy() -> Policy {
    Policy::new("mx.example.net", vec!["test@mx.example.net".parse().unwrap()])
}

fn talk_under(policy: Policy) -> Talk {
    let session = Session::new(Arc::new(policy), "203.0.113.9".parse().unwrap(), true);
    let mut talk = Talk { session, mails: vec![], closed: false };
    assert_eq!(talk.heard(), "220 mx.example.net ESMTP postdoc, a mail tester\r\n");
    talk
}

fn talk() -> Talk {
    talk_under(policy())
}

impl Talk {
    fn heard(&mut self) -> String {
        String::from_utf8(self.session.output()).unwrap()
    }

    /// Says bytes, takes every message, hears everything.
    fn say(&mut self, bytes: &[u8]) -> String {
        let mut turn = self.session.feed(bytes);
        loop {
            match turn {
                Turn::Read => break,
                Turn::Handshake => {
                    let tls = Encryption { version: "TLSv1.3".into(), cipher: "TLS_AES_128_GCM_SHA256".into() };
                    self.session.encrypted(tls);
                    break;
                }
                Turn::Message(mail) => {
                    self.mails.push(*mail);
                    self.session.taken("1");
                    turn = self.session.turn();
                }
                Turn::Close => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.heard()
    }

    /// The first word and the enhanced code of each reply to each line.
    fn codes(&mut self, lines: &[&str]) -> Vec<String> {
        let code = |reply: String| {
            let last = reply.lines().last().unwrap_or_default().to_owned();
            last.split(' ').take(2).collect::<Vec<_>>().join(" ")
        };
        lines.iter().map(|line| code(self.say(format!("{line}\r\n").as_bytes()))).collect()
    }
}

#[test]
fn a_message_from_beginning_to_end() {
    let mut talk = talk();
    let hello = talk.say(b"EHLO client.example\r\n");
    assert_eq!(
        hello,
        "250-mx.example.net looks at mail and relays none\r\n250-PIPELINING\r\n250-SIZE 10485760\r\n250-8BITMIME\r\n\
         250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS\r\n"
    );
    let codes = talk.codes(&[
        "STARTTLS",
        "EHLO client.example",
        "MAIL FROM:<> SIZE=100 BODY=8BITMIME",
        "RCPT TO:<Test@MX.example.net>",
        "RCPT TO:<postmaster>",
        "DATA",
        "Subject: x\r\n\r\n..dot\r\n.",
        "QUIT",
    ]);
    assert_eq!(
        codes,
        [
            "220 2.0.0",
            "250 ENHANCEDSTATUSCODES",
            "250 2.1.0",
            "250 2.1.5",
            "250 2.1.5",
            "354 end",
            "250 2.0.0",
            "221 2.0.0",
        ]
    );
    assert!(talk.closed && talk.session.refused().is_empty());
    let mail = &talk.mails[0];
    assert_eq!(
        (mail.mail_from.as_deref(), &mail.recipients[..]),
        (None, &["Test@MX.example.net".to_owned(), "postmaster".into()][..])
    );
    assert_eq!(mail.content, b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!((mail.protocol(), &mail.helo[..]), ("ESMTPS", "client.example"));
}

#[test]
fn what_is_out_of_order_or_not_offered_is_refused() {
    for (lines, want) in [
        (&["MAIL FROM:<a@example.com>"][..], "503 5.5.1"),
        (&["EHLO x.example", "RCPT TO:<test@mx.example.net>"], "503 5.5.1"),
        (&["EHLO x.example", "DATA"], "503 5.5.1"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "DATA"], "554 5.5.1"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "MAIL FROM:<a@example.com>"], "503 5.5.1"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "RSET"], "250 2.0.0"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<someone@elsewhere.example>"], "550 5.7.1"),
        (
            &["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<test%elsewhere.example@mx.example.net>"],
            "550 5.7.1",
        ),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<test@mx.example.net> NOTIFY=NEVER"], "555 5.5.4"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com> SIZE=99999999"], "552 5.3.4"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com>", "RCPT TO:<>"], "501 5.1.3"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com> RET=HDRS"], "555 5.5.4"),
        (&["EHLO x.example", "MAIL FROM:<a@example.com> NOSUCH=1"], "555 5.5.4"),
        (&["EHLO x.example", "MAIL FROM:<ü@example.com>"], "553 5.6.7"),
        (&["EHLO x.example", "MAIL FROM:<ü@example.com> SMTPUTF8"], "250 2.1.0"),
        (&["EHLO x.example", "MAIL FROM:<nodomain>"], "501 5.1.7"),
        (&["EHLO x.example", "MAIL a@example.com"], "501 5.5.4"),
        (&["EHLO"], "501 5.5.4"),
        (&["EHLO x.example", "STARTTLS", "EHLO x.example", "STARTTLS"], "503 5.5.1"),
        (&["AUTH PLAIN AGEAYg=="], "502 5.5.1"),
        (&["BDAT 10 LAST"], "502 5.5.1"),
        (&["EXPN list"], "502 5.5.1"),
        (&["VRFY test"], "252 2.5.0"),
        (&["NOOP"], "250 2.0.0"),
        (&["HELP"], "214 2.0.0"),
        (&["HELO x.example"], "250 mx.example.net"),
        (&["GET / HTTP/1.1"], "500 5.5.1"),
    ] {
        let mut talk = talk();
        assert_eq!(talk.codes(lines).last().unwrap(), want, "{lines:?}");
        assert!(!talk.closed && talk.mails.is_empty());
        let refused = want.starts_with('5');
        assert_eq!(talk.session.refused().len(), usize::from(refused), "{lines:?}");
    }
}

#[test]
fn a_group_of_commands_is_answered_in_order() {
    let mut talk = talk();
    let replies = talk.say(format!("{ENVELOPE}RCPT TO:<x@elsewhere.example>\r\nDATA\r\n").as_bytes());
    let codes: Vec<&str> = replies.lines().filter(|l| l.as_bytes()[3] == b' ').map(|l| &l[..3]).collect();
    assert_eq!(codes, ["250", "250", "250", "550", "354"]);
    // The next transaction may stand right behind the end of the message.
    let replies = talk.say(b"one\r\n.\r\nMAIL FROM:<b@example.com>\r\nRCPT TO:<test@mx.example.net>\r\nDATA\r\n");
    assert_eq!(replies.lines().map(|l| &l[..3]).collect::<Vec<_>>(), ["250", "250", "250", "354"]);
    talk.say(b"two\r\n.\r\n");
    let contents: Vec<_> = talk.mails.iter().map(|m| &m.content[..]).collect();
    assert_eq!(contents, [b"one\r\n", b"two\r\n"]);
    // The same in single bytes.
    let mut slow = self::talk();
    format!("{ENVELOPE}DATA\r\n").bytes().for_each(|b| drop(slow.say(&[b])));
    b"one\r\n.\r\n".iter().for_each(|b| drop(slow.say(&[*b])));
    assert_eq!(slow.mails[0].content, b"one\r\n");
}

#[test]
fn nothing_is_smuggled() {
    // In the message: read to its true end, refused, and nothing after it is done.
    for inside in
        ["x\n.\nMAIL FROM:<evil@example.com>\r\n", "x\r\n.\nMAIL\r\n", "x\n.\r\n", "x\r.\r\n", "x\r\n.\r.\r\n"]
    {
        let mut talk = talk();
        talk.say(format!("{ENVELOPE}DATA\r\n").as_bytes());
        let reply = talk.say(format!("{inside}\r\n.\r\nRSET\r\n").as_bytes());
        assert!(reply.starts_with("550 5.5.2 a bare") && reply.lines().count() == 1, "{inside:?}: {reply}");
        assert!(talk.closed && talk.mails.is_empty(), "{inside:?}");
        assert!(talk.session.refused()[0].contains("smuggled"));
    }
    // In a command; behind STARTTLS; behind DATA.
    let after_data = format!("{ENVELOPE}DATA\r\nSubject: x\r\n\r\n.\r\n");
    for (said, want) in [
        ("EHLO x.example\nMAIL FROM:<a@example.com>\r\n", "500 5.5.2"),
        ("EHLO x.ex\rample\r\n", "500 5.5.2"),
        ("EHLO x.example\r\nSTARTTLS\r\nMAIL FROM:<evil@example.com>\r\n", "503 5.5.1"),
        (&after_data, "503 5.5.0"),
    ] {
        let mut talk = talk();
        let reply = talk.say(said.as_bytes());
        assert!(reply.lines().last().unwrap().starts_with(want), "{said:?}: {reply}");
        assert!(talk.closed && talk.mails.is_empty(), "{said:?}");
    }
}

#[test]
fn what_was_said_in_the_clear_is_forgotten() {
    let mut talk = talk();
    talk.say(ENVELOPE.as_bytes());
    assert_eq!(
        talk.codes(&["STARTTLS", "DATA", "EHLO x.example", "DATA"]),
        ["220 2.0.0", "503 5.5.1", "250 ENHANCEDSTATUSCODES", "503 5.5.1"]
    );
}

#[test]
fn everything_has_a_limit() {
    let small =
        Policy { size: 100, command: 600, line: 50, per_message: 2, messages: 1, commands: 12, errors: 3, ..policy() };
    let message = |content: String| {
        let mut talk = talk_under(small.clone());
        talk.say(format!("{ENVELOPE}DATA\r\n").as_bytes());
        (talk.say(format!("{content}\r\n.\r\n").as_bytes()), talk.mails.len())
    };
    let line = format!("{}\r\n", "x".repeat(40));
    for (content, want) in [(line.repeat(3), "552 5.3.4"), ("x".repeat(60), "554 5.6.0")] {
        let (reply, mails) = message(content);
        assert!(reply.starts_with(want) && mails == 0, "{reply}");
    }
    assert_eq!(message("ok".into()).1, 1);

    let mut talk = talk_under(small.clone());
    let rcpt = "RCPT TO:<test@mx.example.net>";
    let codes = talk.codes(&["EHLO x.example", "MAIL FROM:<a@example.com>", rcpt, rcpt, rcpt]);
    assert_eq!(codes.last().unwrap(), "452 4.5.3");
    talk.codes(&["DATA", "x\r\n.", "MAIL FROM:<a@example.com>"]);
    assert!(talk.closed, "one message on a connection");

    let mut talk = talk_under(small.clone());
    let codes = talk.codes(&["A", "B", "C", "D"]);
    assert!(codes.last().unwrap().starts_with("421 4.7.0") && talk.closed);

    let mut talk = talk_under(small.clone());
    assert!(talk.codes(&["NOOP"; 13]).last().unwrap().starts_with("421 4.7.0") && talk.closed);

    let mut talk = talk_under(small.clone());
    assert!(talk.say(&[b'x'; 700]).starts_with("500 5.5.2") && talk.closed, "a line without end");
    let mut talk = talk_under(small.clone());
    assert_eq!(talk.codes(&[&format!("NOOP {}", "x".repeat(600))]), ["500 5.5.2"]);

    let mut talk = talk_under(small);
    talk.say(format!("{ENVELOPE}DATA\r\n").as_bytes());
    let mut replies = String::new();
    while !talk.closed {
        replies += &talk.say(&[b'x'; 1 << 16]);
        assert!(talk.session.held() < 1 << 17);
    }
    assert!(replies.starts_with("552 5.3.4"), "{replies}");
}

#[test]
fn a_refusal_repeats_nothing_that_ends_a_line() {
    let mut talk = talk();
    let replies = talk.say(b"\x1b[31m\xff\x00 x\r\nEHLO x.example\r\nMAIL FROM:<a@example.com> X\x1b[31m=1\r\n");
    assert!(replies.lines().all(|l| !l.contains(|c: char| c.is_control())), "{replies:?}");
    assert!(replies.bytes().all(|b| b.is_ascii()), "{replies:?}");
}

#[test]
fn a_session_that_is_busy_or_ends_says_so() {
    let mut talk = talk();
    talk.say(format!("{ENVELOPE}DATA\r\n").as_bytes());
    assert!(talk.session.amid_message());
    let Turn::Message(_) = talk.session.feed(b"x\r\n.\r\n") else { panic!() };
    talk.session.busy("too much to look at");
    assert_eq!(talk.session.turn(), Turn::Read);
    assert_eq!(talk.heard(), "452 4.3.1 too much to look at\r\n");
    talk.session.hang_up(421, "4.3.2", "this server ends");
    assert_eq!(talk.session.turn(), Turn::Close);
    assert_eq!(talk.heard(), "421 4.3.2 this server ends\r\n");
}
