//! A lesson as it goes, without its world: the test that is written, sent, found and judged.

use crate::evidence::said::{FolderRole, FoundIn};
use crate::evidence::transcript::{Left, Line, Security, Stage, Transcript, Way};
use crate::evidence::{Evidence, Input, InputKind, Said};
use crate::facts::{Facts, Reading};
use crate::fetch::{Account, Event, Find, Folder, Opinion, Order, Place, Sought, Wait};
use crate::listen::stamp::{Stamp, deliver};
use crate::listen::{Encryption, Mail, verdicts};
use crate::practice::{Lesson, READER, RECEIVER, Sender, Signer};
use crate::send::{Content, Draft, Route, Sealed};
use crate::tui::case::Case;
use crate::tui::world::{Opened, Ready};
use crate::world::send::Progress;
use std::sync::Arc;
use std::time::Duration;

const AT: &str = "2026-05-12T14:02:00Z";

/// How the lesson stands: its zone, and how its sender is set up.
fn world(lesson: &Lesson, cured: bool) -> (crate::evidence::zone::Zone, Sender) {
    let (mut zone, mut sender) = (lesson.zone().unwrap(), lesson.sender.clone());
    if cured {
        let broken = tested(lesson, false);
        let cure = lesson.cure(lesson.finding(broken.diagnosis.as_ref().unwrap()).unwrap());
        cure.records.iter().for_each(|c| zone.publish(&c.name, c.kind, c.ttl, &c.after));
        sender = sender.with(&cure.sender);
    }
    (zone, sender)
}

/// The test of a lesson as it was found in the mailbox, broken or cured.
pub fn tested(lesson: &Lesson, cured: bool) -> Case {
    let at = AT.parse().unwrap();
    let (zone, sender) = world(lesson, cured);
    let letter = Signer.letter(&sender, at, 1).unwrap();
    let mail = Mail {
        client: sender.client.unwrap(),
        helo: sender.helo.clone().unwrap(),
        extended: true,
        tls: Some(Encryption { version: "TLSv1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into() }),
        mail_from: sender.mail_from.clone(),
        recipients: vec![READER.into()],
        utf8: false,
        content: letter.arrives,
    };
    let stamp = Stamp { name: RECEIVER, id: "1", at, client_name: None, results: None };
    let settled = |bytes: Vec<u8>, said: Said, sent: Option<Input>| {
        let input = Input::read("from the mailbox", bytes, Some(InputKind::Message)).unwrap();
        let input = sent.into_iter().fold(input, Input::beside);
        let evidence = Arc::new(crate::samples::settle(Evidence::new(input, said, at, false), &zone));
        (Arc::new(Reading::read(&evidence.input, &evidence.said)), evidence)
    };
    let said = Said {
        ip: Some(mail.client),
        helo: Some(mail.helo.clone()),
        mail_from: mail.mail_from.clone(),
        trust: Some("nobody.invalid".into()),
        ..Said::default()
    };
    let (reading, evidence) = settled(deliver(&mail, &stamp).0, said, None);
    let facts = Facts::gather(evidence, reading);
    let junk = verdicts::is_junk(&facts);
    let results = verdicts::of(&facts, junk);
    let stamp = Stamp { client_name: verdicts::client_name(&facts), results: Some(&results), ..stamp };
    let folder = folder(junk);
    let folder = FoundIn { name: folder.name, role: folder.role, seen: true };
    let sent = Input::read("the sent message", letter.left, Some(InputKind::Message)).unwrap();
    let said = Said { folder: Some(folder), ..Said::default() };
    let (reading, evidence) = settled(deliver(&mail, &stamp).0, said, Some(sent));
    let opened = Opened {
        practice: true,
        recorded: Some(evidence.clone()),
        ..Opened::new(evidence.input.clone(), evidence.said.clone())
    };
    let mut diagnosis = crate::replay::prove(crate::diagnose::diagnose(evidence, reading)).diagnosis;
    // How many rules there are is not what the pictures are about.
    diagnosis.passed.truncate(5);
    Case { diagnosis: Some(diagnosis), ..Case::new(opened) }
}

fn folder(junk: bool) -> Folder {
    match junk {
        true => Folder { wire: "Junk".into(), name: "Junk".into(), role: FolderRole::Junk, all: false },
        false => Folder::inbox(),
    }
}

/// The test, written.
pub fn ready(lesson: &Lesson, cured: bool) -> Ready {
    let (_, sender) = world(lesson, cured);
    let letter = Signer.letter(&sender, AT.parse().unwrap(), 1).unwrap();
    let draft = Draft {
        from: crate::send::mailbox(&sender.from.unwrap()).unwrap(),
        mail_from: Some(crate::send::address(&sender.mail_from.unwrap()).unwrap()),
        to: crate::send::address(READER).unwrap(),
        hello: sender.helo,
        route: Route::Direct,
        security: crate::send::Security::Opportunistic,
        insecure: false,
        user: None,
        source: None,
        content: Content::Own(letter.arrives.into()),
    };
    let composed = crate::send::compose(&draft, "", AT.parse().unwrap()).unwrap();
    let warnings = vec!["The invented receiver sees it come from 203.0.113.9.".into()];
    let letters = vec![Sealed { draft, composed }];
    Ready { letters, warnings, strangers: vec![], login: None, authorities: Default::default(), practice: true }
}

/// The receiver took it.
pub fn taken() -> Progress {
    let mut t = Transcript::new(AT.parse().unwrap(), RECEIVER, Security::Opportunistic, false);
    t.address = "192.0.2.25:25".parse().ok();
    let words = [
        (3, Way::Note, "inbox.example takes mail at mx.inbox.example"),
        (4, Way::Heard, "220 mx.inbox.example ESMTP postdoc, a mail tester"),
        (4, Way::Sent, "EHLO mail.shop.example"),
        (5, Way::Heard, "250-mx.inbox.example\n250 SMTPUTF8"),
        (5, Way::Sent, "MAIL FROM:<news@shop.example> SIZE=900"),
        (6, Way::Heard, "250 2.1.0 sender ok"),
        (6, Way::Sent, "RCPT TO:<reader@inbox.example>"),
        (7, Way::Heard, "250 2.1.5 recipient ok"),
        (7, Way::Sent, "DATA"),
        (8, Way::Heard, "354 end with a dot on a line of its own"),
        (9, Way::Heard, "250 2.0.0 taken as 1"),
    ];
    t.lines = words.iter().map(|(at_ms, way, text)| Line { at_ms: *at_ms, way: *way, text: (*text).into() }).collect();
    (t.stage, t.left) = (Stage::End, Left::Yes);
    Progress { transcript: t, waiting: None, over: true }
}

/// Waited for in the mailbox; found there as this case.
pub fn waited(found: Option<&Case>) -> Wait {
    let sought = Sought::message_id("1.1@shop.example").unwrap();
    let order = Order { sought, header_only: false, timeout: Duration::from_secs(30) };
    let account = Account { name: READER.into(), ..Account::new(Place::Maildir("mailbox".into())) };
    let mut wait = Wait::new(order, vec![account], AT.parse().unwrap());
    let moment = Duration::from_millis(10);
    wait.hear(0, moment, Event::Open { folders: vec![folder(false), folder(true)], missing: vec![], others: vec![] });
    wait.hear(0, moment, Event::Waiting { pushed: false });
    if let Some(diagnosis) = found.and_then(|case| case.diagnosis.as_ref()) {
        let evidence = diagnosis.facts.evidence.clone();
        let junk = evidence.said.folder.as_ref().is_some_and(|f| f.role == FolderRole::Junk);
        let message = evidence.input.original.clone();
        let find = Find { folder: folder(junk), also: vec![], received: None, message, whole: true };
        wait.hear(0, moment * 2, Event::Found(find));
        let (state, headline) = (diagnosis.verdict.state, diagnosis.verdict.headline.clone());
        let opinion = Opinion { state, headline, cause: diagnosis.verdict.cause.map(|rule| rule.id), case: None };
        wait.hear(0, moment * 3, Event::Judged { opinion, evidence });
    }
    wait.take_news();
    wait
}
