//! Fields that a mail merge left unfilled.

use regex_lite::Regex;
use std::sync::LazyLock;

/// Placeholders that are told.
const MOST: usize = 5;

/// No placeholder is longer, in bytes.
const LONGEST: usize = 200;

/// As mailing software writes them: `{{first_name}}`, `*|FNAME|*`, `%%name%%`, `[[name]]`.
static FIELDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\{\{\s*[A-Za-z][\w. ]{0,40}(\|[^{}]{0,40})?\}\}|\*\|[A-Z][A-Z0-9_:]{0,40}\|\*|%%[A-Za-z][\w ]{1,40}%%|\[\[[A-Za-z][\w ]{1,40}\]\]|\{(?i:first_?name|last_?name|name|email|company)\})",
    )
    .ok()
});

/// Each once, as it stands there. The pattern is tried only where one may begin.
pub fn find(text: &str) -> Vec<String> {
    let Some(fields) = &*FIELDS else { return Vec::new() };
    let mut out: Vec<String> = Vec::new();
    let mut from = 0;
    while out.len() < MOST
        && let Some(at) = text.as_bytes()[from..].iter().position(|b| matches!(b, b'{' | b'*' | b'%' | b'['))
    {
        let start = from + at;
        let rest = &text[start..text.floor_char_boundary(start + LONGEST)];
        let found = fields.find(rest).map(|found| found.as_str());
        from = start + found.map_or(1, str::len);
        out.extend(found.filter(|found| !out.iter().any(|old| old == found)).map(str::to_owned));
    }
    out
}
