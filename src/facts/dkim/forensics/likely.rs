//! Marks that changes leave behind, where they cannot be undone: likely, never proven.

use super::What;
use super::mime::parts;
use super::undo::unwrapped;
use crate::facts::lists::Lists;

/// Bytes from either end of a body in which footers and banners are looked for.
const END: usize = 4096;

/// What stands where a part was: Mailman, Exchange and scanners.
const REMOVED: [&str; 5] = [
    "-------------- next part --------------",
    "attachment was scrubbed",
    "This attachment was removed",
    "This attachment has been removed",
    "attachment was removed because",
];

/// What the marks in the body tell.
pub fn likely(body: &[u8], lists: &Lists) -> Vec<What> {
    let mut out = Vec::new();
    let text = |part: &[u8]| String::from_utf8_lossy(part).to_lowercase();
    let top = text(&body[..body.len().min(END)]);
    let end = text(&body[body.len().saturating_sub(END)..]);
    let listed = !lists.list_manager.is_empty() || lists.list_id.is_some();
    let rule = ["____________________", "--------------------", "=20=20"].iter().any(|r| end.contains(r));
    if listed && rule && ["mailing list", "unsubscribe", "listinfo", "list-"].iter().any(|w| end.contains(w)) {
        out.push(What::FooterAppended);
    }
    let warned = ["caution:", "external email", "[external]", "external sender", "originated from outside"];
    if warned.iter().any(|w| top.contains(w)) {
        out.push(What::TextPrepended);
    }
    let whole = String::from_utf8_lossy(body);
    // A multipart of one part has lost another; lists and scanners leave a word in its place.
    let lonely = matches!(&parts(body)[..], [_]);
    if lonely || REMOVED.iter().any(|words| whole.contains(words)) {
        out.push(What::PartRemoved);
    }
    let links = whole.match_indices("https://").take(200).map(|(at, _)| {
        let rest = &whole[at..];
        &rest[..rest.find(|c: char| c.is_whitespace() || "\"'<>)]".contains(c)).unwrap_or(rest.len())]
    });
    if links.into_iter().any(|link| {
        unwrapped(link).is_some() || link.contains("protect-eu.mimecast.com") || link.contains("urldefense.com/v3/")
    }) {
        out.push(What::LinksRewritten);
    }
    out
}
