//! What stands in a message's body, as far as filters and bulk-sender rules ask: its form, its HTML, where its links
//! lead, what is attached. Facts that stand by themselves, so that a case can keep them in the body's stead.

mod attachment;
mod form;
mod gateway;
mod html;
mod link;
mod placeholder;
mod postal;

pub use attachment::{Attachment, Risk};
pub use form::{Fault, LONGEST};
pub use html::{Html, SHORT};
pub use link::Link;

use super::header::Header;
use super::mime::{self, Leaf};
use crate::evidence::{Input, InputKind};
use crate::knowledge::content::words as known;
use serde::{Deserialize, Serialize};

/// What was found in the body.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// Its parts are nested too deep to be taken apart: nothing below is known.
    pub nested: bool,
    /// It has more parts than are looked at ([`mime::PARTS`]).
    pub many: bool,
    pub faults: Vec<Fault>,
    /// Characters of plain text that a reader sees, blanks not counted; `None` without such a part. Counted where HTML stands
    /// beside it, which it is held against.
    pub text: Option<usize>,
    /// Of all HTML parts together; `None` without one.
    pub html: Option<Html>,
    /// Where links lead, each place once, [`LINKS`] at most, the most frequent first.
    pub links: Vec<Link>,
    pub attachments: Vec<Attachment>,
    /// Names of fields that a mail merge left unfilled: `{{first_name}}`. Looked for, like the two below, in mail that
    /// its header says is sent to many.
    pub placeholders: Vec<String>,
    /// A way out stands where a reader sees it.
    pub unsubscribe: bool,
    /// Something looks like a postal address.
    pub postal: bool,
    /// There is an invitation (RFC 5546).
    pub calendar: bool,
}

/// Places that links lead to, at most.
pub const LINKS: usize = 50;

/// Bytes of each text that are read.
const TEXT: usize = 1024 * 1024;

/// Reads the body of a whole message below its header; what a case kept in its stead; `None` where there is neither.
pub fn read(input: &Input, header: &Header) -> Option<Content> {
    if let Some(kept) = input.kept_content() {
        return Some(kept.clone());
    }
    if input.kind != InputKind::Message || input.is_cut() {
        return None;
    }
    let Some(mut leaves) = mime::leaves(&input.text, header) else {
        return Some(Content { nested: true, ..Content::default() });
    };
    let many = leaves.len() > mime::PARTS;
    leaves.truncate(mime::PARTS);
    let mut content = Content { many, faults: form::read(header, &input.text, &leaves), ..Content::default() };
    let mut links = link::Links::default();
    // All texts; gathered only where words are looked for.
    let mut seen = is_mass(header, &input.text).then(String::new);
    let beside = leaves.iter().any(|leaf| leaf.is_text() && leaf.kind == "text/html");
    for leaf in &leaves {
        content.attachments.extend(attachment::read(leaf));
        content.calendar |= leaf.kind == "text/calendar";
        let text = leaf.text();
        let text = &text[..text.floor_char_boundary(TEXT)];
        match (leaf.is_text(), leaf.kind.as_str()) {
            (true, "text/html") => {
                let page = html::read(text);
                page.links.iter().for_each(|(href, shown)| links.note(href, shown));
                seen.iter_mut().for_each(|seen| seen.push_str(&page.text));
                content.html.get_or_insert_default().add(&page, leaf.bytes().len());
            }
            (true, "text/plain") => {
                link::in_text(text).for_each(|href| links.note(href, ""));
                *content.text.get_or_insert(0) += if beside { visible(text) } else { 0 };
                seen.iter_mut().for_each(|seen| seen.push_str(text));
            }
            _ => {}
        }
        seen.iter_mut().for_each(|seen| seen.push('\n'));
    }
    if let (Some(html), Some(plain)) = (&mut content.html, content.text) {
        html.differs = differs(plain, &leaves);
    }
    if let Some(seen) = seen {
        let lower = seen.to_lowercase();
        content.unsubscribe =
            links.unsubscribes || known().unsubscribe.words.iter().any(|w| lower.contains(w.as_str()));
        content.placeholders = placeholder::find(&seen);
        content.postal = postal::is_in(&seen);
    }
    content.links = links.done();
    Some(content)
}

/// Characters that a reader sees: blanks are not counted, nor are control characters.
fn visible(text: &str) -> usize {
    // ASCII is positive: one comparison, which processors make of sixteen at a time.
    let seen = |b: &u8| u8::from(b.cast_signed() > b' '.cast_signed());
    match text.is_ascii() {
        // In portions whose count fits in a byte.
        true => text.as_bytes().chunks(240).map(|part| usize::from(part.iter().map(seen).sum::<u8>())).sum(),
        false => text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).count(),
    }
}

/// Names of fields that a mail merge left unfilled, in the subject of mail that is sent to many.
pub fn unfilled(subject: &str, header: &Header, text: &[u8]) -> Vec<String> {
    if is_mass(header, text) { placeholder::find(subject) } else { Vec::new() }
}

/// Is it sent to many by its own header? Only then its words are gone through: nobody asks a letter for a way out.
fn is_mass(header: &Header, text: &[u8]) -> bool {
    let bulk = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"bulk");
    let declared = header.first(text, "Precedence").is_some_and(|field| bulk(field.value.of(text)));
    declared || header.first(text, "List-Unsubscribe").is_some()
}

/// Does the plain text say something else than the HTML? Only where it has words of its own: most plain parts are
/// made from the HTML, and shorter.
fn differs(plain: usize, leaves: &[Leaf]) -> bool {
    let words = |kind: &str| -> std::collections::HashSet<String> {
        let texts = leaves.iter().filter(|l| l.is_text() && l.kind == kind).map(|l| match kind {
            "text/html" => html::read(&l.text()).text,
            _ => l.text().into_owned(),
        });
        let all: String = texts.collect::<Vec<_>>().join(" ").to_lowercase();
        all.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() > 3).map(str::to_owned).collect()
    };
    if plain < 40 {
        return false;
    }
    let (text, html) = (words("text/plain"), words("text/html"));
    let own = text.iter().filter(|w| !html.contains(*w)).count();
    text.len() >= 10 && html.len() >= 10 && own * 10 > text.len() * 9
}

#[cfg(test)]
mod tests;
