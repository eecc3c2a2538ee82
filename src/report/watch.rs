//! A watch as text: lines that are only ever added to, as in the log of a build, and what it came to.

use super::Shown;
use super::human::{Ink, Style};
use crate::watch::{End, Hint, News, Server, Standing, Watch, What};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// Mark, its ASCII form, ink. What time cures is not called a fault.
pub fn look(server: &Server, standing: Standing) -> (&'static str, &'static str, Ink) {
    match standing {
        Standing::Has => ("✓", "v", Ink::Pass),
        Standing::Other | Standing::Missing if server.who.host().is_none() => ("…", ".", Ink::Faint),
        Standing::Other | Standing::Missing | Standing::Lame => ("✗", "x", Ink::Fail),
        Standing::Alias => ("→", ">", Ink::Warn),
        Standing::Silent => ("?", "?", Ink::Warn),
        Standing::Waiting => ("…", ".", Ink::Faint),
    }
}

/// `1:05`, `58:12`, `1:02:03`
pub fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// What a server is called: its name, and the address where that is not the same.
pub fn label(server: &Server) -> String {
    match &server.who {
        crate::watch::Who::Authority { host, ip, .. } if *host != ip.to_string() => format!("{host} {ip}"),
        who => who.name().to_owned(),
    }
}

/// What is watched, before anything is known.
pub fn opening(watch: &Watch, shown: Shown) -> String {
    let order = &watch.order;
    format!("watching {} {}\nwanted   {}\n", shown.line(&order.name), order.kind, shown.line(&order.expect.words()))
}

/// One line of news.
pub fn news(watch: &Watch, news: &News, style: Style, shown: Shown) -> String {
    let passed = news.at.duration_since(watch.began.wall).as_secs().max(0);
    let at = format!("{:>8}", clock(u64::try_from(passed).unwrap_or_default()));
    let text = match &news.what {
        What::Zone => zone(watch, shown),
        What::Answer(server, standing) => row(watch, server, *standing, news.at, style, shown),
        What::Hint(found) => hint(found, 10, style, shown),
    };
    typed(format!("{}  {text}\n", style.paint(Ink::Faint, &at)), style)
}

/// `zone acme.example, delegated to ns1.dns.example and ns2.dns.example (Cloudflare)`
pub fn zone(watch: &Watch, shown: Shown) -> String {
    let Some(apex) = watch.zone().and_then(|z| z.apex.as_deref()) else {
        return "the zone cannot be found: no name server of it is watched yet".to_owned();
    };
    let mut hosts: Vec<&str> = watch.delegated().filter_map(|s| s.who.host()).collect();
    hosts.dedup();
    let host = watch.dns_host().map_or(String::new(), |name| format!(" ({name})"));
    match hosts.is_empty() {
        true => format!("zone {}, with no name server that has an address", shown.line(apex)),
        false => format!("zone {}, delegated to {}{host}", shown.line(apex), shown.line(&hosts.join(", "))),
    }
}

/// `✓ ns1.dns.example 192.0.2.1  "v=spf1 -all"`
fn row(
    watch: &Watch,
    server: &Server,
    standing: Standing,
    wall: jiff::Timestamp,
    style: Style,
    shown: Shown,
) -> String {
    let (glyph, ascii, ink) = look(server, standing);
    let mark = style.paint(ink, if style.unicode { glyph } else { ascii });
    let widest = watch.servers.iter().map(|s| label(s).width()).max().unwrap_or_default().min(44);
    let label = shown.line(&label(server));
    let pad = " ".repeat(widest.saturating_sub(label.width()));
    format!("{mark} {label}{pad}  {}{}", shown.line(&server.words()), shown.line(&tail(server, standing, wall)))
}

/// What limits an answer, and what it does not count for.
fn tail(server: &Server, standing: Standing, wall: jiff::Timestamp) -> String {
    let mut tail = String::new();
    if let Some(left) = server.left(wall).filter(|_| !matches!(standing, Standing::Silent | Standing::Waiting)) {
        let _ = write!(tail, "   cached for {}", clock(left.into()));
    }
    if server.who.is_outside() {
        tail.push_str(&format!("   {}", server.who.aside()));
    }
    tail
}

/// How it ended: one sentence.
pub fn result(watch: &Watch) -> String {
    let (has, of) = watch.count();
    let after = clock(watch.elapsed().as_secs());
    match watch.end {
        Some(End::Agreed) => format!("everyone agrees after {after}: {}", parties(watch)),
        Some(End::Wrong) => format!("after {after} every name server of the zone has something else than expected"),
        Some(End::TimedOut) => format!("{has} of {of} have it after {after}; time is up"),
        Some(End::Stopped) => format!("stopped after {after}: {has} of {of} have it"),
        None => format!("{has} of {of} have it"),
    }
}

/// `4 name servers, 2 resolvers`
fn parties(watch: &Watch) -> String {
    let mut hosts: Vec<&str> = watch.delegated().filter(|s| s.counts()).filter_map(|s| s.who.host()).collect();
    hosts.dedup();
    let resolvers = watch.servers.iter().filter(|s| s.who.host().is_none() && s.counts()).count();
    let count = |n: usize, what: &str| (n > 0).then(|| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
    let parts: Vec<String> =
        [count(hosts.len(), "name server"), count(resolvers, "resolver")].into_iter().flatten().collect();
    parts.join(", ")
}

/// What caches that were not asked may still do.
pub fn elsewhere(watch: &Watch) -> Option<String> {
    let left = watch.elsewhere?.duration_since(watch.last.wall).as_secs();
    let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
    Some(format!("caches elsewhere may keep the old answer for up to {}", clock(left)))
}

/// The end: how it came out; who has what and why, where not everyone agrees.
pub fn summary(watch: &Watch, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    let ink = if watch.end == Some(End::Agreed) { Ink::Pass } else { Ink::Fail };
    let _ = writeln!(out, "\n{}", style.paint(ink, &result(watch)));
    if watch.end != Some(End::Agreed) {
        for server in &watch.servers {
            let text = row(watch, server, watch.standing(server), watch.last.wall, style, shown);
            let _ = writeln!(out, "  {text}");
        }
    }
    for found in watch.hints() {
        let _ = writeln!(out, "{}", hint(&found, 0, style, shown));
    }
    if let Some(text) = elsewhere(watch) {
        let _ = writeln!(out, "{text}");
    }
    typed(out, style)
}

/// For `cut`: when, who, role, state, seconds left, answer.
pub fn plain(watch: &Watch, news: &News, shown: Shown) -> String {
    let passed = news.at.duration_since(watch.began.wall).as_secs().max(0);
    let columns = match &news.what {
        What::Zone => ["zone".to_owned(), String::new(), String::new(), String::new(), zone(watch, shown)],
        What::Answer(server, standing) => [
            standing.word().to_owned(),
            server.who.role().to_owned(),
            label(server),
            server.left(news.at).map_or(String::new(), |left| left.to_string()),
            server.words(),
        ],
        What::Hint(hint) => ["hint".to_owned(), hint.id.to_owned(), String::new(), String::new(), hint.text.clone()],
    };
    format!("{passed}\t{}\n", columns.map(|c| shown.line(&c)).join("\t"))
}

/// The state for a ticket.
pub fn markdown(watch: &Watch, shown: Shown) -> String {
    let order = &watch.order;
    let text = |t: &str| super::markdown::text(shown, t);
    let mut out = format!("## {} {}\n\n{}\n\n", text(&order.name), order.kind, text(&result(watch)));
    out.push_str("| server | state | answer | cached for |\n|---|---|---|---|\n");
    for server in &watch.servers {
        let left = server.left(watch.last.wall).map_or(String::new(), |left| clock(left.into()));
        let state = watch.standing(server).word();
        let _ = writeln!(out, "| {} | {state} | {} | {left} |", text(&label(server)), text(&server.words()));
    }
    for hint in watch.hints() {
        let _ = write!(out, "\n{}\n", text(&hint.text));
    }
    out
}

/// A hint hangs after its mark, at most so wide as is good to read.
fn hint(hint: &Hint, indent: usize, style: Style, shown: Shown) -> String {
    let width = style.width.min(100).saturating_sub(indent + 2).max(20);
    let options = textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = shown.line(&hint.text);
    let lines = textwrap::wrap(&text, options);
    format!("{} {}", style.paint(Ink::Warn, "!"), lines.join(&format!("\n{}", " ".repeat(indent + 2))))
}

fn typed(text: String, style: Style) -> String {
    if style.unicode { text } else { super::human::typewritten(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_clocks() {
        assert_eq!([0, 65, 3492, 3723].map(clock), ["0:00", "1:05", "58:12", "1:02:03"]);
    }
}
