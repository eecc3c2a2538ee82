//! List-* and bulk fields (RFC 2369, RFC 2919, RFC 8058), and the marks of a forwarder.

use super::address::ReversePath;
use super::dkim::material::without_blanks;
use super::header::{Field, Header};
use super::text::{lossy_owned, trim, unfold};
use crate::span::{Span, Spanned};

/// What the header says about lists, bulk and forwarding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// The identifier inside the angle brackets (RFC 2919 §2), else the whole value.
    pub list_id: Option<Spanned<String>>,
    /// URIs of List-Unsubscribe, in order.
    pub unsubscribe: Vec<Spanned<String>>,
    pub unsubscribe_field: Option<Span>,
    /// A second one, which RFC 2369 §3 forbids.
    pub unsubscribe_again: Option<Span>,
    pub unsubscribe_post: Option<Spanned<String>>,
    /// `bulk`, `list`, `junk`; lower case.
    pub precedence: Option<Spanned<String>>,
    pub feedback_id: Option<Spanned<String>>,
    /// First word, lower case: `no`, `auto-replied`, `auto-generated` (RFC 3834 §5).
    pub auto_submitted: Option<Spanned<String>>,
    /// Fields only mailing list managers write (List-Post, X-Mailman-Version, X-BeenThere, Sympa, Google Groups).
    pub list_manager: Vec<Span>,
    /// Fields only forwarders write (Resent-*, X-Forwarded-*, several Delivered-To, SRS in Return-Path).
    pub forwarder: Vec<Span>,
}

/// Reads them all; the Return-Path was read already.
pub fn read(header: &Header, text: &[u8], path: Option<&ReversePath>) -> Lists {
    let mut lists = Lists::default();
    let mut delivered = Vec::new();
    let mut return_path = false;
    for field in &header.fields {
        let mut buffer = [0; 32];
        match lower_case(field.name.of(text), &mut buffer) {
            b"list-id" => first(&mut lists.list_id, identifier(*field, text)),
            b"list-unsubscribe" => {
                match lists.unsubscribe_field {
                    None => lists.unsubscribe_field = Some(field.span()),
                    Some(_) => lists.unsubscribe_again = Some(field.span()),
                }
                lists.unsubscribe.extend(uris(field.value, text));
            }
            b"list-unsubscribe-post" => first(&mut lists.unsubscribe_post, value(field.value, text)),
            b"precedence" => first(&mut lists.precedence, lower(value(field.value, text))),
            b"feedback-id" | b"x-feedback-id" => first(&mut lists.feedback_id, value(field.value, text)),
            b"auto-submitted" => first(&mut lists.auto_submitted, lower(word(field.value, text))),
            b"delivered-to" => delivered.push(field.span()),
            b"return-path" if !return_path => {
                return_path = true;
                if path.and_then(|p| p.address.as_ref()).is_some_and(|a| is_rewritten(&a.local)) {
                    lists.forwarder.push(field.span());
                }
            }
            // Nobody may write to it (RFC 2369 §3.4): newsletter platforms say so too.
            b"list-post" if closed(field.value, text) => {}
            name if begins(name, LIST_MANAGER) => lists.list_manager.push(field.span()),
            name if begins(name, FORWARDER) => lists.forwarder.push(field.span()),
            _ => {}
        }
    }
    // Managers that leave nothing else name the list and send as its owner or bounce address; a newsletter
    // platform's path is neither.
    if lists.list_manager.is_empty() && lists.list_id.is_some() {
        lists.list_manager.extend(path.and_then(list_path));
    }
    if delivered.len() > 1 && differ(&delivered, text) {
        lists.forwarder.extend(delivered);
    }
    lists
}

/// A name in lower case, cut where it is longer than any looked for here.
fn lower_case<'b>(name: &[u8], buffer: &'b mut [u8; 32]) -> &'b [u8] {
    let lower = &mut buffer[..name.len().min(32)];
    lower.copy_from_slice(&name[..lower.len()]);
    lower.make_ascii_lowercase();
    lower
}

/// Does a name begin with one of these? All of them have four letters, which tell most names apart at once.
fn begins(name: &[u8], marks: &[&[u8]]) -> bool {
    let head = name.first_chunk::<4>();
    marks.iter().any(|mark| mark.first_chunk() == head && name.starts_with(mark))
}

/// Starts of names. List-Archive is not among them: newsletter platforms write it too.
const LIST_MANAGER: &[&[u8]] = &[
    b"list-post",
    b"x-mailman",
    b"x-beenthere",
    b"x-sympa",
    b"x-google-group-id",
    b"x-ml-name",
    b"x-mlmmj",
    b"x-ecartis",
    b"mailing-list",
    b"x-mailing-list",
    b"list-subscribe",
    b"x-listserver",
    b"x-list-server",
    b"x-lsv-",
    b"x-mail-count",
    b"x-egroups",
    b"x-yahoogroups",
    b"x-zohomail-group",
];

const FORWARDER: &[&[u8]] =
    &[b"resent-", b"x-forwarded-", b"x-ms-exchange-inbox-rules-loop", b"x-simplelogin", b"x-srs"];

/// SRS (`SRS0=`, `SRS1+`; Exchange Online's `ann+SRS=`) and Gmail's `+caf_=`: the local part of a path that a
/// forwarder wrote.
pub(crate) fn is_rewritten(local: &str) -> bool {
    let local = local.as_bytes();
    let srs = matches!(local, [b's' | b'S', b'r' | b'R', b's' | b'S', b'0' | b'1', b'=' | b'+' | b'-', ..]);
    let holds = |mark: &[u8]| local.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark));
    srs || holds(b"+srs=") || holds(b"+caf_=")
}

/// The Return-Path, where a list manager made it: `list-bounces@` (Mailman), `owner-list@` (Majordomo,
/// LISTSERV), `list-owner@`, `list-return-12-ann=example.com@` (ezmlm).
fn list_path(path: &ReversePath) -> Option<Span> {
    let local = path.address.as_ref()?.local.to_ascii_lowercase();
    let base = local.split_once('+').map_or(&local[..], |(base, _)| base);
    let ezmlm = local.split_once("-return-").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let made = base.starts_with("owner-") || base.ends_with("-owner") || (base.ends_with("-bounces") && base.len() > 8);
    (made || ezmlm).then_some(path.span)
}

/// A second Delivered-To of another recipient; the same one twice is a local loop mark only.
fn differ(delivered: &[Span], text: &[u8]) -> bool {
    let address = |s: &Span| s.of(text).split(|&b| b == b':').nth(1).map(|v| v.trim_ascii().to_ascii_lowercase());
    let first = delivered.first().and_then(address);
    delivered.iter().skip(1).any(|s| address(s) != first)
}

/// `NO`, with or without a comment.
fn closed(span: Span, text: &[u8]) -> bool {
    let value = trim(text, span).of(text);
    let rest = value.first_chunk::<2>().filter(|word| word.eq_ignore_ascii_case(b"no")).map(|_| &value[2..]);
    rest.is_some_and(|rest| rest.first().is_none_or(|b| !b.is_ascii_alphanumeric()))
}

fn first<T>(slot: &mut Option<T>, found: Option<T>) {
    if slot.is_none() {
        *slot = found;
    }
}

/// The whole value, unfolded to one blank per fold; `None` where it is empty.
fn value(span: Span, text: &[u8]) -> Option<Spanned<String>> {
    let span = trim(text, span);
    (!span.is_empty()).then(|| Spanned::new(unfold(span.of(text)), span))
}

/// The first word, up to a blank or a parameter.
fn word(span: Span, text: &[u8]) -> Option<Spanned<String>> {
    let span = trim(text, span);
    let length = span.of(text).iter().take_while(|b| !b.is_ascii_whitespace() && **b != b';' && **b != b'(').count();
    value(Span::new(span.start as usize, span.start as usize + length), text)
}

fn lower(found: Option<Spanned<String>>) -> Option<Spanned<String>> {
    found.map(|f| Spanned::new(f.value.to_ascii_lowercase(), f.span))
}

fn identifier(field: Field, text: &[u8]) -> Option<Spanned<String>> {
    let bracketed = uris(field.value, text).pop();
    let found = bracketed.or_else(|| value(field.value, text))?;
    Some(Spanned::new(found.value.to_ascii_lowercase(), found.span))
}

/// What stands in angle brackets (RFC 2369 §2); blanks inside, from folding, are dropped.
fn uris(span: Span, text: &[u8]) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    let mut open = None;
    for (n, &b) in span.of(text).iter().enumerate() {
        let at = span.start as usize + n;
        match (b, open) {
            (b'<', _) => open = Some(at + 1),
            (b'>', Some(start)) => {
                let span = Span::new(start, at);
                found.push(Spanned::new(lossy_owned(without_blanks(span.of(text))), span));
                open = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::address;
    use proptest::prelude::*;

    fn lists(text: &str) -> Lists {
        let (text, header) = (text.as_bytes(), Header::split(text.as_bytes()));
        read(&header, text, address::return_path(&header, text).as_ref())
    }

    fn value(found: &Option<Spanned<String>>) -> &str {
        found.as_ref().map_or("-", |f| &f.value)
    }

    #[test]
    fn a_newsletter() {
        let text = "List-Unsubscribe: <https://news.example.com/u/\r\n abc>,\r\n <mailto:u@example.com?subject=x>\r\n\
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: Bulk\r\n\
            List-ID: News <News.example.com>\r\nFeedback-ID: 1:2:news:esp\r\nAuto-Submitted: Auto-Generated (x)\r\n\r\n";
        let found = lists(text);
        let uris: Vec<_> = found.unsubscribe.iter().map(|u| u.value.as_str()).collect();
        assert_eq!(uris, ["https://news.example.com/u/abc", "mailto:u@example.com?subject=x"]);
        assert_eq!(&text[found.unsubscribe[1].span.range()], "mailto:u@example.com?subject=x");
        assert_eq!(value(&found.unsubscribe_post), "List-Unsubscribe=One-Click");
        assert_eq!(value(&found.precedence), "bulk");
        assert_eq!(value(&found.list_id), "news.example.com");
        assert_eq!(value(&found.feedback_id), "1:2:news:esp");
        assert_eq!(value(&found.auto_submitted), "auto-generated");
        assert!(found.list_manager.is_empty() && found.forwarder.is_empty());
    }

    #[test]
    fn a_list_manager_leaves_its_marks() {
        let found = lists("List-Post: <mailto:l@example.org>\nX-Mailman-Version: 2.1\nX-BeenThere: l@example.org\n\n");
        assert_eq!(found.list_manager.len(), 3);
        assert!(lists("List-Unsubscribe: <https://a.example/>\nSubject: x\n\n").list_manager.is_empty());
        assert!(lists("List-Post: NO (posting is not allowed on this list)\n\n").list_manager.is_empty());
        assert!(lists("List-Post: no\n\n").list_manager.is_empty());
        assert_eq!(lists("List-Post: <mailto:no@example.org>\nList-Post: nobody\n\n").list_manager.len(), 2);
    }

    #[test]
    fn a_list_is_known_by_its_path_where_it_leaves_no_field() {
        for (path, list) in [
            ("talk-bounces@lists.example.org", true),
            ("talk-bounces+ann=example.com@lists.example.org", true),
            ("owner-talk@lists.example.org", true),
            ("talk-return-12-ann=example.com@lists.example.org", true),
            ("bounces+1234-ab=example.com@em.example.org", false),
            ("bounces@mailer.example", false),
        ] {
            let text = format!("Return-Path: <{path}>\nList-Id: <talk.example.org>\n\n");
            assert_eq!(lists(&text).list_manager.len(), usize::from(list), "{path}");
            let text = format!("Return-Path: <{path}>\n\n");
            assert!(lists(&text).list_manager.is_empty(), "{path}");
        }
    }

    #[test]
    fn a_forwarder_leaves_its_marks() {
        for (text, marks) in [
            ("Resent-From: a@example.com\n\n", 1),
            ("X-Forwarded-To: b@example.com\nX-Forwarded-For: a@example.com b@example.com\n\n", 2),
            ("Return-Path: <SRS0=ab=cd=example.net=u@example.com>\n\n", 1),
            ("Return-Path: <u+caf_=b=example.net@example.com>\n\n", 1),
            ("Return-Path: <u+SRS=5Yw2w=ZQ=example.net=ann@example.com>\n\n", 1),
            ("Return-Path: <bounces+SRS=DmMzc=V3@example.com>\n\n", 1),
            ("Return-Path: <ann+srs@example.com>\n\n", 0),
            ("Delivered-To: a@example.com\nDelivered-To: b@example.com\n\n", 2),
            ("Delivered-To: a@example.com\nDelivered-To: A@example.com\n\n", 0),
            ("Return-Path: <srs0@example.com>\nReturn-Path: <SRS0=a=b=c=d@example.com>\n\n", 0),
        ] {
            assert_eq!(lists(text).forwarder.len(), marks, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"((List-(Id|Unsubscribe|Unsubscribe-Post|Post)|Precedence|Delivered-To|Return-Path): ?[<>a@=: \n]{0,20}\n){0,8}\PC{0,20}") {
            let found = lists(&text);
            for span in found.unsubscribe.iter().map(|u| u.span).chain(found.list_id.map(|l| l.span)) {
                prop_assert!(span.start <= span.end && span.end as usize <= text.len());
            }
        }
    }
}
