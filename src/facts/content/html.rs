//! A light reading of HTML: the text a reader sees, links, images, and what mail programs take out.

use serde::{Deserialize, Serialize};

/// What the HTML parts hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Html {
    /// Bytes of the HTML, decoded.
    pub bytes: usize,
    /// Characters of text, blanks not counted.
    pub text: usize,
    pub images: usize,
    /// Those too small to carry a message: counting pixels, icons, logos. Counted where there is little text.
    pub small: usize,
    /// Elements that mail programs take out or that filters count: `script`, `form`, `iframe`, `object`, `embed`.
    pub active: Vec<String>,
    /// The plain text says something else.
    pub differs: bool,
}

/// One page, read.
#[derive(Default)]
pub struct Page<'h> {
    pub text: String,
    /// Target and the text that is shown for it.
    pub links: Vec<(String, String)>,
    images: usize,
    /// The first of them, as tags.
    first: Vec<&'h str>,
    active: Vec<&'static str>,
}

/// Characters of text below which it matters what the pictures are.
pub const SHORT: usize = 100;

/// Pictures that are measured; whoever has more of them did cut one into slices.
const MEASURED: usize = 8;

impl Html {
    pub fn add(&mut self, page: &Page, bytes: usize) {
        self.bytes += bytes;
        let text = super::visible(&page.text);
        self.text += text;
        self.images += page.images;
        if text < SHORT && page.images <= MEASURED {
            self.small += page.first.iter().filter(|tag| is_small(tag)).count();
        }
        for name in &page.active {
            if !self.active.iter().any(|a| a == name) {
                self.active.push((*name).to_owned());
            }
        }
    }
}

/// By the width or the height that the tag gives: a logo or an icon, no page of text.
fn is_small(tag: &str) -> bool {
    let style = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase();
    let styled = |name: &str| {
        let mut all = style.split(';').filter_map(|s| s.split_once(':'));
        all.find(|(n, _)| n.trim() == name).and_then(|(_, value)| pixels(value))
    };
    let of = |name: &str| styled(name).or_else(|| attribute(tag, name).and_then(|value| pixels(&value)));
    of("width").is_some_and(|w| w <= 200) || of("height").is_some_and(|h| h <= 100)
}

/// `120`, `120px`; a share of the page is no measure.
fn pixels(value: &str) -> Option<u32> {
    let value = value.trim();
    value.strip_suffix("px").unwrap_or(value).trim().parse().ok()
}

/// Elements whose content is no text.
///
/// Not `head`: its end may be left out, and what it holds is none either (HTML §4.2.1, §13.1.2.4).
const SILENT: [&str; 3] = ["script", "style", "title"];

const ACTIVE: [&str; 5] = ["script", "form", "iframe", "object", "embed"];

/// Links that are read.
const LINKS: usize = 2_000;

pub fn read(html: &str) -> Page<'_> {
    let mut page = Page::default();
    let mut link: Option<(String, usize)> = None;
    let mut tags = Tags { quotes: true, behind: html.len() - html.rfind('>').map_or(0, |n| n + 1) };
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        push(&mut page.text, &rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some((tag, after)) = tags.first(rest) else {
            // A sign in the text, no tag.
            page.text.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = after;
        let name = tag
            .split(|c: char| c.is_whitespace() || c == '/')
            .find(|s| !s.is_empty())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let closes = tag.starts_with('/');
        match (name.as_str(), closes) {
            ("a", false) if page.links.len() < LINKS => {
                link = attribute(tag, "href").map(|href| (href, page.text.len()))
            }
            ("a", true) => {
                if let Some((href, from)) = link.take() {
                    let shown =
                        page.text.get(from..).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
                    page.links.push((href, shown));
                }
            }
            ("img", false) => {
                page.images += 1;
                page.first.extend((page.images <= MEASURED).then_some(tag));
            }
            _ => {}
        }
        // JSON-LD is data that programs read, such as Gmail's markup.
        let data = || attribute(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("application/ld+json"));
        page.active.extend(ACTIVE.into_iter().find(|a| *a == name && !closes && !data()));
        if !closes && !tag.ends_with('/') && SILENT.contains(&name.as_str()) {
            rest = skip(rest, &name);
        }
        if !matches!(name.as_str(), "a" | "b" | "i" | "em" | "strong" | "span" | "font" | "u") {
            page.text.push(' ');
        }
    }
    push(&mut page.text, rest);
    page
}

/// Finds where tags end, in time that grows with the page alone.
struct Tags {
    /// A quote that was forgotten hides the rest of the page, and every tag would be read to its end: once one was
    /// found, none counts any more.
    quotes: bool,
    /// Bytes behind the last `>`, among which no tag ends.
    behind: usize,
}

impl Tags {
    /// What stands between `<`, with which this begins, and `>`, and what follows.
    fn first<'h>(&mut self, rest: &'h str) -> Option<(&'h str, &'h str)> {
        let first = rest[1..].chars().next()?;
        if !(first.is_ascii_alphabetic() || first == '/' || first == '!' || first == '?') || rest.len() <= self.behind {
            return None;
        }
        let end = self.quotes.then(|| unquoted(rest)).flatten().or_else(|| {
            self.quotes = false;
            rest.find('>')
        })?;
        Some((&rest[1..end], &rest[end + 1..]))
    }
}

/// The first `>` outside of quotes.
fn unquoted(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (n, b) in rest.bytes().enumerate().skip(1) {
        match (quote, b) {
            (None, b'>') => return Some(n),
            (None, b'"' | b'\'') if rest.as_bytes()[n - 1] == b'=' => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    None
}

/// Behind the end of this element.
fn skip<'h>(rest: &'h str, name: &str) -> &'h str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</").map(|n| from + n) {
        let after = &rest[at + 2..];
        if after.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
            return after.find('>').map_or("", |end| &after[end + 1..]);
        }
        from = at + 2;
    }
    ""
}

/// The value of an attribute, entities undone.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find(name).map(|n| from + n) {
        from = at + name.len();
        let whole = lower[..at].ends_with(|c: char| c.is_whitespace() || "\"'".contains(c));
        let Some(value) = tag[from..].trim_start().strip_prefix('=').filter(|_| whole) else { continue };
        let value = value.trim_start();
        let found = match value.chars().next() {
            Some(q @ ('"' | '\'')) => value[1..].split(q).next(),
            _ => value.split(|c: char| c.is_whitespace()).next(),
        };
        return found.map(|v| entities(v.trim())).filter(|v| !v.is_empty());
    }
    None
}

fn push(text: &mut String, raw: &str) {
    text.push_str(&entities(raw));
}

/// The references that matter in addresses and words.
fn entities(raw: &str) -> String {
    if !raw.contains('&') {
        return raw.to_owned();
    }
    let named = [
        ("&nbsp;", " "),
        ("&#160;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&zwnj;", ""),
        ("&amp;", "&"),
    ];
    named.iter().fold(raw.to_owned(), |text, (from, to)| text.replace(from, to))
}
