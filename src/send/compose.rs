//! The bytes of the message. lettre writes the header: folding and encoded words are its trade.

use super::{Content, Draft};
use crate::fetch::MARKER;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

const AGENT: &str = concat!("postdoc/", env!("CARGO_PKG_VERSION"));

/// A message, ready to leave.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Lines end in CRLF, the last one too.
    pub bytes: Vec<u8>,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// What to look for in the mailbox; a message of the user's own carries none.
    pub marker: Option<String>,
}

/// A message for one recipient, ready to leave.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub draft: Draft,
    pub composed: Composed,
}

/// Writes the message. `marker` is drawn by the caller: some sixteen hexadecimal digits.
pub fn compose(draft: &Draft, marker: &str, now: jiff::Timestamp) -> Result<Composed, String> {
    write(draft, marker, marker, now)
}

/// Writes the message to each recipient. All copies of a test carry the same marker, so that one look finds them, and
/// each its own Message-ID, so that they are told apart.
pub fn copies(drafts: Vec<Draft>, marker: &str, now: jiff::Timestamp) -> Result<Vec<Sealed>, String> {
    let several = drafts.len() > 1;
    let seal = |(draft, n): (Draft, usize)| {
        let id = if several { format!("{marker}-{n}") } else { marker.to_owned() };
        let composed = write(&draft, marker, &id, now)?;
        Ok(Sealed { draft, composed })
    };
    drafts.into_iter().zip(1..).map(seal).collect()
}

fn write(draft: &Draft, marker: &str, id: &str, now: jiff::Timestamp) -> Result<Composed, String> {
    match &draft.content {
        Content::Own(bytes) => {
            let bytes = crlf(bytes).into_owned();
            let message_id = field(&bytes, "Message-ID");
            Ok(Composed { bytes, message_id, marker: None })
        }
        Content::Test { subject, body, unsubscribe } => {
            let message_id = format!("<postdoc-{id}@{}>", draft.from.email.domain());
            let subject = subject.clone().unwrap_or_else(|| format!("Test message {marker}"));
            let mut builder = Message::builder()
                .from(draft.from.clone())
                .to(Mailbox::new(None, draft.to.clone()))
                .subject(subject)
                .date(time(now))
                .message_id(Some(message_id.clone()))
                .user_agent(AGENT.to_owned())
                // RFC 3834 §5: no vacation notice answers it.
                .raw_header(raw("Auto-Submitted", "auto-generated")?)
                // Some platforms write a Message-ID of their own.
                .raw_header(raw(MARKER, marker)?);
            if let Some(place) = unsubscribe {
                builder = builder.raw_header(raw("List-Unsubscribe", &format!("<{}>", uri(place)?))?);
                if place.starts_with("https:") {
                    builder = builder.raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
                }
            }
            let text = text(draft, body.as_deref(), marker, now);
            let message = builder.singlepart(SinglePart::plain(text)).map_err(|e| e.to_string())?;
            let bytes = crlf(&message.formatted()).into_owned();
            Ok(Composed { bytes, message_id: Some(message_id), marker: Some(marker.to_owned()) })
        }
    }
}

/// Who sent it, and why: whoever gets it by mistake is to know.
fn text(draft: &Draft, body: Option<&str>, marker: &str, now: jiff::Timestamp) -> String {
    let own = body.map(|b| format!("{}\r\n\r\n-- \r\n", b.trim_end().replace("\r\n", "\n").replace('\n', "\r\n")));
    format!(
        "{}This is a test message.\r\n\
         \r\n\
         {} sent it on {}\r\n\
         with postdoc, a tool that finds out why mail arrives or does not:\r\n\
         to see what {} makes of mail from {}.\r\n\
         It went to {} alone.\r\n\
         Nobody waits for an answer, and you can delete it.\r\n\
         \r\n\
         Marker: {marker}\r\n",
        own.unwrap_or_default(),
        draft.from.email,
        now.strftime("%e %B %Y, %H:%M UTC").to_string().trim(),
        draft.to.domain(),
        draft.from.email.domain(),
        draft.to,
    )
}

fn time(now: jiff::Timestamp) -> SystemTime {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn raw(name: &'static str, value: &str) -> Result<HeaderValue, String> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|e| e.to_string())?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

/// Nothing that could end the field.
fn uri(text: &str) -> Result<&str, String> {
    let schemes = ["https://", "http://", "mailto:"];
    let fits = schemes.iter().any(|s| text.starts_with(s))
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b));
    if fits { Ok(text) } else { Err(format!("{text:?} is no address to unsubscribe at: https://… or mailto:…")) }
}

/// Every line end as CRLF, the last one too; a bare CR or LF may not be sent (RFC 5321 §2.3.8).
fn crlf(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bare = |n: usize| match bytes[n] {
        b'\n' => n == 0 || bytes[n - 1] != b'\r',
        b'\r' => bytes.get(n + 1) != Some(&b'\n'),
        _ => false,
    };
    if bytes.ends_with(b"\r\n") && !(0..bytes.len()).any(bare) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 2);
    for (n, &b) in bytes.iter().enumerate() {
        match b {
            b'\n' if bare(n) => out.extend_from_slice(b"\r\n"),
            b'\r' if bare(n) => out.extend_from_slice(b"\r\n"),
            b => out.push(b),
        }
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    Cow::Owned(out)
}

/// The value of the topmost field of this name, unfolded.
pub(super) fn field(message: &[u8], name: &str) -> Option<String> {
    let header = crate::facts::header::Header::split(message);
    let value = header.first(message, name)?.value;
    let text = String::from_utf8_lossy(value.of(message)).replace(['\r', '\n'], "");
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::tests::draft;

    fn at() -> jiff::Timestamp {
        "2026-11-29T02:05:07Z".parse().unwrap()
    }

    #[test]
    fn a_test_message_says_who_sent_it_and_why() {
        let content = Content::Test {
            subject: None,
            body: Some("Gr\u{fc}\u{df}e\n.dot\n".into()),
            unsubscribe: Some("https://news.example/u?1".into()),
        };
        let composed = compose(&Draft { content, ..draft() }, "0123456789abcdef", at()).unwrap();
        let text = String::from_utf8(composed.bytes).unwrap().replace("\r\n", "\n");
        let text = text.replace(AGENT, "postdoc/VERSION");
        insta::assert_snapshot!(text, @r"
        From: Ann <ann@news.example>
        To: bob@rcpt.example
        Subject: Test message 0123456789abcdef
        Date: Sun, 29 Nov 2026 02:05:07 +0000
        Message-ID: <postdoc-0123456789abcdef@news.example>
        User-Agent: postdoc/VERSION
        Auto-Submitted: auto-generated
        X-Postdoc-Test: 0123456789abcdef
        List-Unsubscribe: <https://news.example/u?1>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Gr=C3=BC=C3=9Fe
        .dot

        --=20
        This is a test message.

        ann@news.example sent it on 29 November 2026, 02:05 UTC
        with postdoc, a tool that finds out why mail arrives or does not:
        to see what rcpt.example makes of mail from news.example.
        It went to bob@rcpt.example alone.
        Nobody waits for an answer, and you can delete it.

        Marker: 0123456789abcdef
        ");
        assert_eq!(composed.message_id.as_deref(), Some("<postdoc-0123456789abcdef@news.example>"));
    }

    #[test]
    fn copies_of_a_test_share_the_marker_and_differ_in_their_message_id() {
        let to = |to: &str| Draft { to: crate::send::address(to).unwrap(), ..draft() };
        let all = copies(vec![to("a@one.example"), to("b@two.example")], "0123456789abcdef", at()).unwrap();
        let ids: Vec<_> = all.iter().map(|s| s.composed.message_id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["<postdoc-0123456789abcdef-1@news.example>", "<postdoc-0123456789abcdef-2@news.example>"]);
        for (copy, to) in all.iter().zip(["a@one.example", "b@two.example"]) {
            assert_eq!(field(&copy.composed.bytes, MARKER).as_deref(), Some("0123456789abcdef"));
            assert_eq!(field(&copy.composed.bytes, "To").as_deref(), Some(to));
        }
        let one = copies(vec![draft()], "0123456789abcdef", at()).unwrap();
        assert_eq!(one[0].composed.bytes, compose(&draft(), "0123456789abcdef", at()).unwrap().bytes);
    }

    #[test]
    fn the_users_own_message_stays_as_it_is_but_for_its_line_ends() {
        let own = |bytes: &[u8]| {
            let content = Content::Own(bytes.into());
            compose(&Draft { content, ..draft() }, "x", at()).unwrap()
        };
        let composed = own(b"From: a@b.example\nMessage-ID:\n <1@b.example>\r\n\r\n\xff body\r.");
        assert_eq!(composed.bytes, b"From: a@b.example\r\nMessage-ID:\r\n <1@b.example>\r\n\r\n\xff body\r\n.\r\n");
        assert_eq!((composed.message_id.as_deref(), composed.marker), (Some("<1@b.example>"), None));
        assert_eq!(own(b"A: 1\r\n\r\nx\r\n").bytes, b"A: 1\r\n\r\nx\r\n");
    }

    #[test]
    fn nothing_the_user_types_becomes_a_field_of_its_own() {
        for unsubscribe in ["https://a.example/\r\nBcc: x@y.example", "javascript:1", "https://a.example/>"] {
            let content = Content::Test { subject: None, body: None, unsubscribe: Some(unsubscribe.into()) };
            assert!(compose(&Draft { content, ..draft() }, "x", at()).is_err(), "{unsubscribe}");
        }
        let subject = Some("one\r\nBcc: x@y.example".to_owned());
        let content = Content::Test { subject, body: None, unsubscribe: None };
        let composed = compose(&Draft { content, ..draft() }, "x", at()).unwrap();
        assert_eq!(field(&composed.bytes, "Bcc"), None);
    }
}
