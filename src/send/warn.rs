//! What to know before it leaves.

use super::{Composed, Content, Draft, Route, Sealed, Security, compose::field};
use crate::facts::organization::same_by_list;

/// Octets of a line without its end (RFC 5322 §2.1.1).
const LONGEST: usize = 998;

/// Sentences, the weightiest first.
pub fn warnings(draft: &Draft, message: &Composed) -> Vec<String> {
    let mut all = Vec::new();
    let from = draft.from.email.domain();
    if draft.insecure {
        all.push(
            "The certificate is not checked: whoever stands in between can read everything, the login too.".into(),
        );
    }
    if draft.security == Security::None && draft.user.is_some() {
        all.push("Without TLS the login is told only to a server on this machine.".into());
    }
    if draft.route == Route::Direct {
        all.push(
            "Sent from this machine itself: receivers judge its address, and most networks at home and in clouds block \
             port 25. What your usual server would get may be something else."
                .into(),
        );
        let helo = draft.hello.as_deref().unwrap_or("postdoc");
        if draft.hello.is_some() && !helo.contains('.') {
            all.push(format!("{helo} is not a whole host name: many receivers refuse such an EHLO."));
        }
    }
    match &draft.mail_from {
        None => all.push("The null sender <> is for bounces: many receivers refuse other mail from it.".into()),
        Some(path) if !same_by_list(path.domain(), from) => all.push(format!(
            "MAIL FROM is at {}, From at {from}: SPF cannot count for DMARC, so that DKIM has to.",
            path.domain()
        )),
        Some(_) => {}
    }
    if matches!(draft.content, Content::Own(_)) {
        all.extend(own(draft, message));
    }
    all
}

/// The same of all messages, each sentence once.
pub fn all_warnings(letters: &[Sealed]) -> Vec<String> {
    let mut all = Vec::new();
    for warning in letters.iter().flat_map(|letter| warnings(&letter.draft, &letter.composed)) {
        if !all.contains(&warning) {
            all.push(warning);
        }
    }
    all
}

/// What a message of the user's own lacks.
fn own(draft: &Draft, message: &Composed) -> Vec<String> {
    let mut all = Vec::new();
    let missing: Vec<&str> =
        ["From", "Date", "Message-ID"].into_iter().filter(|name| field(&message.bytes, name).is_none()).collect();
    if !missing.is_empty() {
        all.push(format!("The message has no {}: it is sent as it is.", missing.join(", no ")));
    }
    if let Some(from) = field(&message.bytes, "From")
        && !from.to_ascii_lowercase().contains(&draft.from.email.to_string().to_ascii_lowercase())
    {
        all.push(format!("Its From says {from}; the sender you name, {}, changes nothing in it.", draft.from.email));
    }
    if message.bytes.split(|b| *b == b'\n').any(|line| line.len() > LONGEST + 1) {
        all.push(format!("It has a line of more than {LONGEST} bytes, which servers may cut: that breaks signatures."));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::tests::draft;
    use crate::send::{address, compose};

    fn told(draft: &Draft) -> Vec<String> {
        let message = compose(draft, "0", jiff::Timestamp::UNIX_EPOCH).unwrap();
        warnings(draft, &message)
    }

    #[test]
    fn nothing_where_all_is_well() {
        assert_eq!(told(&draft()), [""; 0]);
    }

    #[test]
    fn each_danger_is_told() {
        let begins = |d: Draft, words: &str| {
            let all = told(&d);
            assert!(all.iter().any(|w| w.starts_with(words)), "{words}: {all:?}");
        };
        begins(Draft { insecure: true, ..draft() }, "The certificate is not checked");
        begins(Draft { security: Security::None, user: Some("u".into()), ..draft() }, "Without TLS");
        begins(Draft { route: Route::Direct, ..draft() }, "Sent from this machine");
        begins(Draft { route: Route::Direct, hello: Some("laptop".into()), ..draft() }, "laptop is not a whole");
        begins(Draft { mail_from: None, ..draft() }, "The null sender");
        begins(Draft { mail_from: address("x@esp.example").ok(), ..draft() }, "MAIL FROM is at esp.example");
        let own = |bytes: &[u8]| Draft { content: Content::Own(bytes.into()), ..draft() };
        begins(own(b"From: eve@evil.example\n\nx\n"), "The message has no Date, no Message-ID");
        begins(own(b"From: eve@evil.example\n\nx\n"), "Its From says eve@evil.example");
        begins(own(&[b"A: 1\n\n".as_slice(), &b"x".repeat(999)].concat()), "It has a line of more than 998");
    }
}
