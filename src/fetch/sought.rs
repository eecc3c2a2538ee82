//! What is looked for.

use crate::facts::header::Header;

/// The field that test messages carry; its value is the marker.
pub const MARKER: &str = "X-Postdoc-Test";

/// Bytes of a marker or Message-ID at most (RFC 5322 §2.1.1 limits a line to 998).
const LONGEST: usize = 900;

/// The message that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The one with this marker.
    Marker(String),
    /// The one with this Message-ID, angle brackets and all.
    MessageId(String),
    /// Whichever arrived last.
    Newest,
}

impl Sought {
    /// By its marker.
    pub fn marker(text: &str) -> Result<Sought, String> {
        checked(text, "marker").map(|text| Sought::Marker(text.to_owned()))
    }

    /// By its Message-ID, with or without angle brackets.
    pub fn message_id(text: &str) -> Result<Sought, String> {
        let bare = text.trim().trim_start_matches('<').trim_end_matches('>');
        checked(bare, "Message-ID").map(|bare| Sought::MessageId(format!("<{bare}>")))
    }

    /// The field that tells it.
    pub fn field(&self) -> &'static str {
        match self {
            Sought::Marker(_) => MARKER,
            Sought::MessageId(_) | Sought::Newest => "Message-ID",
        }
    }

    /// Is this header that of the message? Servers differ in what they can search for, so we compare ourselves.
    pub fn fits(&self, header: &[u8]) -> bool {
        let fields = Header::split(header);
        let value = |name: &str| {
            let span = fields.first(header, name)?.value;
            Some(String::from_utf8_lossy(span.of(header)).split_whitespace().collect::<String>())
        };
        match self {
            Sought::Marker(marker) => value(MARKER).is_some_and(|v| v.eq_ignore_ascii_case(marker)),
            Sought::MessageId(id) => value("Message-ID").is_some_and(|v| v == *id),
            Sought::Newest => true,
        }
    }

    /// `X-Postdoc-Test: 7F3A-91C2`
    pub fn words(&self) -> String {
        match self {
            Sought::Marker(marker) => format!("{MARKER}: {marker}"),
            Sought::MessageId(id) => format!("Message-ID: {id}"),
            Sought::Newest => "the newest message".into(),
        }
    }
}

/// Printable ASCII without blanks and quotes: it goes into a command, and into a field of a message.
fn checked<'t>(text: &'t str, what: &str) -> Result<&'t str, String> {
    let text = text.trim();
    match text {
        "" => Err(format!("the {what} is empty")),
        _ if text.len() > LONGEST => Err(format!("the {what} is longer than any line of a header")),
        _ if text.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\<>".contains(&b)) => Ok(text),
        _ => Err(format!("a {what} has no blanks, quotes or angle brackets in it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_told_by_its_field_alone() {
        let sought = Sought::marker("7F3A-91C2").unwrap();
        assert!(sought.fits(b"Subject: x\r\nX-POSTDOC-TEST:  7f3a-91c2\r\n\r\n"));
        assert!(!sought.fits(b"Subject: 7F3A-91C2\r\nX-Other: 7F3A-91C2\r\n\r\n"));
        assert!(!sought.fits(b"X-Postdoc-Test: 7F3A-91C22\r\n\r\n"));
        assert!(!sought.fits(b""));
    }

    #[test]
    fn a_message_id_with_and_without_its_brackets() {
        let sought = Sought::message_id("Probe-1@example.com").unwrap();
        assert_eq!(Sought::message_id(" <Probe-1@example.com>").unwrap(), sought);
        // Folded by a gateway.
        assert!(sought.fits(b"Message-Id:\r\n <Probe-1@example.com>\r\n"));
        assert!(!sought.fits(b"Message-ID: <probe-1@example.com>\r\n"), "its local part knows upper and lower case");
    }

    #[test]
    fn what_could_become_a_command_is_refused() {
        for bad in ["", "  ", "a b", "a\"b", "a\r\nLOGOUT", "a\\", "ü", &"x".repeat(1000)] {
            assert!(Sought::marker(bad).is_err() && Sought::message_id(bad).is_err(), "{bad:?}");
        }
    }
}
