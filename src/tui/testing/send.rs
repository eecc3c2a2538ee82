//! Messages that are sent, and their sessions.

use super::*;

/// A message that a yes would send; `known` is the recipient.
pub fn ready(known: bool) -> crate::tui::world::Ready {
    let draft = crate::send::Draft {
        from: crate::send::mailbox("Ann <ann@acme.example>").unwrap(),
        mail_from: crate::send::address("bounce@mailer.esp.example").ok(),
        to: crate::send::address("me@gmail.example").unwrap(),
        hello: None,
        route: crate::send::Route::Via { host: "smtp.acme.example".into(), port: 587 },
        security: crate::send::Security::Starttls,
        insecure: false,
        user: Some("ann".into()),
        source: None,
        content: crate::send::Content::Test { subject: None, body: None, unsubscribe: None },
    };
    let at = "2026-05-12T14:02:00Z".parse().unwrap();
    let composed = crate::send::compose(&draft, "0123456789abcdef", at).unwrap();
    let warnings = crate::send::warnings(&draft, &composed);
    let strangers = if known { vec![] } else { vec!["me@gmail.example".to_owned()] };
    crate::tui::world::Ready {
        letters: vec![crate::send::Sealed { draft, composed }],
        warnings,
        strangers,
        login: None,
        authorities: Default::default(),
        practice: false,
    }
}

/// One test to two recipients of one's own.
pub fn two() -> crate::tui::world::Ready {
    let one = ready(true);
    let draft = one.letters[0].draft.clone();
    let other = crate::send::Draft { to: crate::send::address("me@yahoo.example").unwrap(), ..draft.clone() };
    let at = "2026-05-12T14:02:00Z".parse().unwrap();
    let letters = crate::send::copies(vec![draft, other], "0123456789abcdef", at).unwrap();
    crate::tui::world::Ready { letters, ..one }
}

/// What the settings have a name for.
pub fn saved() -> crate::config::saved::Saved {
    let text = "[servers.work]\nhost = \"smtp.acme.example\"\nuser = \"ann\"\npassword-keyring = \"mail\"\nfrom = \"Ann <ann@acme.example>\"\n\
                [servers.asks]\nhost = \"mail.acme.example:465\"\nuser = \"ann\"\n\
                [mailboxes.gmail]\nimap = \"me@gmail.example@imap.gmail.example\"\npassword-command = \"pass gmail\"\n\
                [mailboxes.yahoo]\nimap = \"imap.yahoo.example\"\nuser = \"me@yahoo.example\"\npassword-keyring = \"yahoo\"\n\
                [mailboxes.disk]\nmaildir = \"/home/me/Maildir\"\n";
    crate::config::Config::read(text).unwrap().saved
}

/// A session that waits for its next try.
pub fn put_off() -> crate::world::send::Progress {
    use transcript::{Line, Way};
    let mut state = session(12, None);
    let greylisted = "450 4.2.0 <me@gmail.example>: Recipient address rejected: Greylisted for 300 seconds";
    let note = "put off on purpose (greylisting): try 2 of 6 follows in 301 s";
    for (at_ms, way, text) in [(180, Way::Heard, greylisted), (181, Way::Note, note)] {
        state.transcript.lines.push(Line { at_ms, way, text: text.into() });
    }
    state.waiting = Some(crate::world::send::Wait { what: "try 2 of 6".into(), until_ms: 301_181, resumes: true });
    state
}

/// A session as far as `lines` go; over where `stop` says how, or where the message was taken.
pub fn session(lines: usize, stop: Option<transcript::Stop>) -> crate::world::send::Progress {
    use transcript::{Left, Line, Security, Stage, Way};
    let began = "2026-05-12T14:02:00Z".parse().unwrap();
    let mut t = Transcript::new(began, "smtp.acme.example", Security::Starttls, false);
    t.address = "192.0.2.25:587".parse().ok();
    let words = [
        (12, Way::Note, "connected to smtp.acme.example [192.0.2.25] port 587"),
        (24, Way::Heard, "220 smtp.acme.example ESMTP \u{1b}[31mred\u{202e}"),
        (24, Way::Sent, "EHLO [192.0.2.200]"),
        (31, Way::Heard, "250-smtp.acme.example\n250-SIZE 10000000\n250 STARTTLS"),
        (31, Way::Sent, "STARTTLS"),
        (40, Way::Heard, "220 2.0.0 ready"),
        (55, Way::Note, "TLSv1.3 TLS13_AES_256_GCM_SHA384"),
        (56, Way::Sent, "AUTH PLAIN ***"),
        (90, Way::Heard, "235 2.7.0 Ok"),
        (90, Way::Sent, "MAIL FROM:<bounce@mailer.esp.example> SIZE=700"),
        (120, Way::Heard, "250 2.1.0 Ok"),
        (120, Way::Sent, "RCPT TO:<me@gmail.example>"),
        (180, Way::Heard, "550 5.1.1 <me@gmail.example>: user unknown"),
    ];
    let over = lines == words.len() || stop.is_some();
    t.lines = words
        .iter()
        .take(lines)
        .map(|(at_ms, way, text)| Line { at_ms: *at_ms, way: *way, text: (*text).into() })
        .collect();
    t.stage = if lines > 6 { Stage::Rcpt } else { Stage::Tls };
    t.left = if over && stop.is_none() { Left::Yes } else { Left::No };
    t.stop = stop;
    let wait = crate::world::send::Wait { what: "a reply to RCPT".into(), until_ms: 12_120, resumes: false };
    crate::world::send::Progress { transcript: t, waiting: (!over).then_some(wait), over }
}
