//! What happens while one waits: a session line by line, a watch answer by answer.

use crate::evidence::transcript::{Line, Way};
use crate::report::Shown;
use crate::report::watch::{clock, elsewhere, label, result, zone};
use crate::watch::{News, Server, Watch, What};

/// `Sent: EHLO …`, `Heard: 250 …`; a reply of several lines is several.
pub fn session(line: &Line, shown: Shown) -> String {
    let word = match line.way {
        Way::Sent => "Sent",
        Way::Heard => "Heard",
        Way::Note => "Note",
    };
    line.text.lines().map(|text| format!("{word}: {}\n", shown.line(text))).collect()
}

/// `After 0:30. ns1.dns.example 192.0.2.1 agrees: …`
pub fn news(watch: &Watch, news: &News, shown: Shown) -> String {
    let passed = news.at.duration_since(watch.began.wall).as_secs().max(0);
    let text = match &news.what {
        What::Zone => zone(watch, shown),
        What::Answer(server, standing) => server_line(server, standing.word()),
        What::Hint(hint) => hint.text.clone(),
    };
    format!("After {}. {}\n", clock(u64::try_from(passed).unwrap_or_default()), shown.line(&text))
}

/// How it ended, and who has what.
pub fn watched(watch: &Watch, shown: Shown) -> String {
    let servers = watch.servers.iter().map(|server| server_line(server, watch.standing(server).word()));
    let hints = watch.hints().into_iter().map(|hint| hint.text);
    let lines =
        std::iter::once(format!("Over: {}.", result(watch))).chain(servers).chain(hints).chain(elsewhere(watch));
    lines.map(|line| format!("{}\n", shown.line(&line))).collect()
}

fn server_line(server: &Server, standing: &str) -> String {
    format!("{}, {standing}: {}", label(server), server.words())
}
