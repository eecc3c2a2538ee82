//! Who vouches for From, as on the screen: DKIM on the left, SPF on the right, DMARC below From.

use super::escape;
use crate::report::summary::Leg;
use std::fmt::Write as _;

/// The picture; nothing without a From.
pub fn draw(out: &mut String, legs: &[Leg]) {
    let of = |name: &str| legs.iter().filter(move |leg| leg.name == name).collect::<Vec<_>>();
    let Some(from) = legs.iter().find(|leg| leg.name == "From") else { return };
    out.push_str("<figure>\n");
    side(out, "DKIM", &of("DKIM"), "no signature");
    let dmarc =
        of("DMARC").first().map(|leg| (class(leg.passed), leg.words.as_str())).unwrap_or(("unknown", "not known"));
    let _ = writeln!(
        out,
        "<div class=\"side\"><div class=\"box from\"><b>From</b><code>{}</code></div><div class=\"below {}\"><b>DMARC</b> {}</div></div>",
        escape(&from.domain),
        dmarc.0,
        escape(dmarc.1)
    );
    side(out, "SPF", &of("SPF"), "no result");
    out.push_str("</figure>\n");
}

fn side(out: &mut String, name: &str, legs: &[&Leg], none: &str) {
    let _ = writeln!(out, "<div class=\"side {}\">", name.to_ascii_lowercase());
    for leg in legs {
        let sign = match leg.aligned {
            Some(true) => "=",
            Some(false) => "≠",
            None => "?",
        };
        // It counts where it passes and agrees with From.
        let counts = match (leg.passed, leg.aligned) {
            (Some(passed), Some(aligned)) => Some(passed && aligned),
            (passed, aligned) => passed.filter(|p| !p).or(aligned.filter(|a| !a)),
        };
        let (class, domain, words) = (class(counts), escape(&leg.domain), escape(&leg.words));
        let _ = writeln!(
            out,
            "<div class=\"box {class}\"><b>{name}</b><code>{domain}</code><span>{words}</span><i aria-hidden=\"true\">{sign}</i></div>"
        );
    }
    if legs.is_empty() {
        let _ = writeln!(
            out,
            "<div class=\"box unknown\"><b>{name}</b><span>{none}</span><i aria-hidden=\"true\">?</i></div>"
        );
    }
    out.push_str("</div>\n");
}

fn class(good: Option<bool>) -> &'static str {
    match good {
        Some(true) => "pass",
        Some(false) => "fail",
        None => "unknown",
    }
}
