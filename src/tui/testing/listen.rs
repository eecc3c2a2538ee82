//! What a receiving server tells: two messages, and a stranger who wanted to have something relayed.

use crate::listen::{Encryption, Mail};
use crate::world::listen::{Heard, Received, Told, Total};

/// The test of a lesson as a message that was received.
fn received(lesson: &str, at: &str, tls: bool) -> Box<Received> {
    let case = super::practice::tested(crate::practice::find(lesson).unwrap(), false);
    let tls = tls.then(|| Encryption { version: "TLSv1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into() });
    let mail = Mail {
        client: "203.0.113.9".parse().unwrap(),
        helo: "mail.shop.example".into(),
        extended: true,
        tls,
        mail_from: Some("news@shop.example".into()),
        recipients: vec!["test@mx.example.net".into()],
        utf8: false,
        content: Vec::new(),
    };
    Box::new(Received {
        id: "1".into(),
        at: at.parse().unwrap(),
        mail,
        forged: 0,
        results: vec![],
        junk: false,
        diagnosis: case.diagnosis.unwrap(),
        cut: false,
    })
}

/// In the order in which it came.
pub fn told() -> Vec<Told> {
    let heard = [
        Heard::Received(received("spf-missing", "2026-05-12T14:02:09Z", true)),
        Heard::Refused {
            client: "198.51.100.7".parse().unwrap(),
            at: "2026-05-12T14:02:12Z".parse().unwrap(),
            reply: "550 5.7.1 no mail for <a\u{1b}[31m@elsewhere.example> here: this server relays nothing".into(),
        },
        Heard::Received(received("dmarc-unaligned", "2026-05-12T14:02:30Z", false)),
    ];
    let total = |n: u64| Total { connections: n, taken: n.div_ceil(2), refused: n / 2, unfinished: 0 };
    (1..).zip(heard).map(|(n, heard)| Told::Heard(heard, total(n))).collect()
}
