//! Lines torn off a field: folding lost on the way, or a mailer's hard wrap.

use super::{Edit, section};
use crate::evidence::lines::{Line, Shape};

/// Makes a line that is no field continue the one before, by putting a blank in front. Where
/// lines were cut at one and the same column, as a terminal cuts them, the halves are joined
/// without one, for the cut may go through a name.
pub(super) fn find(text: &[u8]) -> Vec<Edit> {
    if !section(text).skip_while(|(_, s)| !s.is_field()).any(|(_, s)| s == Shape::Other) {
        return Vec::new();
    }
    let lines: Vec<(Line, Shape)> = section(text).collect();
    let first = lines.iter().position(|(_, s)| s.is_field()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|(_, s)| s.is_field()).unwrap_or(0);
    let body = super::has_body(text);
    let mut torn = Vec::new();
    for (n, (line, shape)) in lines.iter().enumerate().skip(first + 1) {
        let before = &lines[n - 1].0;
        if *shape != Shape::Other {
            continue;
        }
        // Prose right below the last field of a message is a body whose empty line is missing.
        if body && n > last && !hangs(before.of(text), line.of(text)) {
            break;
        }
        torn.push((before, line));
    }
    let column = column(text, &lines, &torn);
    torn.into_iter()
        .map(|(before, line)| match column {
            Some(_) => Edit::drop(before.end, line.start),
            None => Edit::insert(line.start, b' '),
        })
        .collect()
}

/// Does a line read on from the one before?
fn hangs(before: &[u8], line: &[u8]) -> bool {
    const STARTS: [&str; 14] =
        ["by ", "for ", "id ", "with ", "from ", "via ", "b=", "bh=", "h=", "spf=", "dkim=", "dmarc=", "arc=", "("];
    STARTS.iter().any(|p| line.starts_with(p.as_bytes()))
        || before.len() >= 60
        || matches!(before.trim_ascii_end().last(), Some(b';' | b',' | b':' | b'='))
        || !line.iter().any(u8::is_ascii_whitespace) && line.len() >= 16
}

/// The column at which a terminal or editor cut every torn line, if it did.
fn column(text: &[u8], lines: &[(Line, Shape)], torn: &[(&Line, &Line)]) -> Option<usize> {
    let width = |l: &Line| l.of(text).iter().filter(|b| (**b & 0xC0) != 0x80).count();
    let column = width(torn.first()?.0);
    let same = torn.len() >= 3 && column >= 40 && torn.iter().all(|(before, _)| width(before) == column);
    (same && lines.iter().all(|(l, _)| width(l) <= column)).then_some(column)
}
