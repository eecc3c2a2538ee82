//! Which of the messages that were sent has arrived.

use crate::evidence::Input;
use crate::facts::header::Header;

/// The copy that a found message is of: the only one, else the one of its Message-ID, else, where a platform wrote its
/// own, the one to the same recipient. None is better than another's.
pub fn of<'a>(sent: &'a [Input], message: &[u8]) -> Option<&'a Input> {
    if let [only] = sent {
        return Some(only);
    }
    ["Message-ID", "To"].into_iter().find_map(|name| {
        let found = value(message, name)?;
        let mut fits = sent.iter().filter(|copy| value(&copy.original, name).as_ref() == Some(&found));
        fits.next().filter(|_| fits.next().is_none())
    })
}

fn value(message: &[u8], name: &str) -> Option<String> {
    let span = Header::split(message).first(message, name)?.value;
    Some(String::from_utf8_lossy(span.of(message)).split_whitespace().collect::<String>().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::InputKind;

    fn copy(id: &str, to: &str) -> Input {
        let text = format!("Message-ID: <{id}>\r\nTo: {to}\r\n\r\nx\r\n");
        Input::read("sent", text.into_bytes(), Some(InputKind::Message)).unwrap()
    }

    #[test]
    fn it_is_told_by_message_id_and_by_recipient_and_never_guessed() {
        let sent = [copy("1@a.example", "a@x.example"), copy("2@a.example", "b@x.example")];
        let of = |text: &str| of(&sent, text.as_bytes()).map(|c| sent.iter().position(|s| std::ptr::eq(s, c)).unwrap());
        assert_eq!(of("Received: x\r\nMessage-ID:\r\n <2@a.example>\r\nTo: a@x.example\r\n\r\n"), Some(1));
        assert_eq!(of("Message-ID: <new@platform.example>\r\nTo: A@x.example\r\n\r\n"), Some(0));
        assert_eq!(of("Message-ID: <new@platform.example>\r\nTo: list@x.example\r\n\r\n"), None);
        assert_eq!(of("Subject: x\r\n\r\n"), None);
        assert!(super::of(&sent[..1], b"Subject: x\r\n\r\n").is_some(), "where there is one it is that");
        assert!(super::of(&[], b"").is_none());
    }
}
