//! Words in the text: fields a mail merge left unfilled, and what looks like a postal address.

use regex_lite::Regex;
use std::sync::LazyLock;

/// Placeholders that are told.
const MOST: usize = 5;

/// Merge fields as mailing software writes them: `{{first_name}}`, `*|FNAME|*`, `%%name%%`, `[[name]]`.
static FIELDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"\{\{\s*[A-Za-z][\w. ]{0,40}(\|[^{}]{0,40})?\}\}|\*\|[A-Z][A-Z0-9_:]{0,40}\|\*|%%[A-Za-z][\w ]{1,40}%%|\[\[[A-Za-z][\w ]{1,40}\]\]|\{(?i:first_?name|last_?name|name|email|company)\}",
    )
    .ok()
});

/// A house number with a street, a postal code with a place, a box.
static POSTAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b\d{1,5}[a-z]?\s+([\w.'-]+\s+){0,3}(street|st\.|avenue|ave\.?|road|rd\.?|boulevard|blvd\.?|lane|drive|way|suite|square|parkway|pkwy|plaza|highway)\b|\bp\.?\s?o\.?\s?box\s+\d|\b[\w-]*(straße|strasse|str\.|gasse|weg|platz|allee|rue|calle|via|ulica|ul\.|laan|straat|улица|ул\.)[\s,]+([\w.'-]+\s+){0,3}\d{1,4}|\b[A-Z]{2}\s+\d{5}(-\d{4})?\b|\b\d{4,6}\s+[A-ZÄÖÜ][a-zäöüß]{2,}|\b[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2}\b",
    )
    .ok()
});

pub fn placeholders(text: &str) -> Vec<String> {
    let Some(fields) = &*FIELDS else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    for found in fields.find_iter(text) {
        let found = found.as_str().to_owned();
        if !out.contains(&found) {
            out.push(found);
        }
        if out.len() == MOST {
            break;
        }
    }
    out
}

pub fn postal(text: &str) -> bool {
    POSTAL.as_ref().is_some_and(|postal| postal.is_match(text))
}
