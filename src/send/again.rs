//! A message that is put off on purpose is tried again: by the same machine, after a pause, so many times.

use crate::evidence::transcript::{Left, Stop, Transcript};
use crate::knowledge::decode::decode;
use regex_lite::Regex;
use std::sync::LazyLock;
use std::time::Duration;

/// How long pauses may add up to where the whole has no limit of its own: few servers want a stranger to wait for
/// more than a quarter of an hour (RFC 6647 §5).
pub const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// Tries in all.
pub const TRIES: u32 = 6;

/// Seconds between tries where the server names none. Most put strangers off for five minutes.
const PAUSES: [u64; TRIES as usize - 1] = [60, 120, 180, 300, 300];

/// The pause before the next try; `None` where this is no greylisting, or has been tried often enough.
pub fn pause(t: &Transcript) -> Option<Duration> {
    let Some(Stop::Refused { reply }) = &t.stop else { return None };
    // What may have left is never sent twice.
    if t.left != Left::No || !is_greylisting(reply) {
        return None;
    }
    let usual = PAUSES.get(usize::try_from(t.tries).ok()?.checked_sub(1)?)?;
    let named = named(reply).filter(|named| *named <= PATIENCE);
    // A second on top: clocks differ.
    Some(named.map_or(Duration::from_secs(*usual), |named| named + Duration::from_secs(1)))
}

/// Says the reply that it puts off strangers, to see whether they come again (RFC 6647)?
pub fn is_greylisting(reply: &str) -> bool {
    reply.starts_with('4') && decode(reply).rule() == Some("greylisted")
}

/// The time that the reply asks for: `for 300 seconds`, `in 5 minutes`, `in 00:05:00`.
fn named(reply: &str) -> Option<Duration> {
    static CLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\d{1,2}):(\d\d):(\d\d)\b").ok());
    static WORDS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\b(\d{1,5})\s*(seconds?|secs?|s|minutes?|mins?)\b").ok());
    let number = |text: &str| text.parse::<u64>().ok();
    if let Some(clock) = CLOCK.as_ref().and_then(|r| r.captures(reply)) {
        let part = |n: usize| clock.get(n).and_then(|m| number(m.as_str()));
        return Some(Duration::from_secs(part(1)? * 3600 + part(2)? * 60 + part(3)?));
    }
    let words = WORDS.as_ref().and_then(|r| r.captures(reply))?;
    let unit = if words[2].to_ascii_lowercase().starts_with('m') { 60 } else { 1 };
    Some(Duration::from_secs(number(&words[1])? * unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::transcript::Security;

    fn after(reply: &str, tries: u32) -> Option<u64> {
        let mut t = Transcript::new(jiff::Timestamp::UNIX_EPOCH, "mx.example", Security::Opportunistic, true);
        t.tries = tries;
        t.stop = Some(Stop::Refused { reply: reply.into() });
        pause(&t).map(|pause| pause.as_secs())
    }

    #[test]
    fn greylisting_is_tried_again_and_ever_less_often() {
        const REPLY: &str =
            "450 4.2.0 <bob@rcpt.example>: Recipient address rejected: Greylisted, see http://help.example/";
        let pauses: Vec<_> = (1..=6).map(|n| after(REPLY, n)).collect();
        assert_eq!(pauses, [Some(60), Some(120), Some(180), Some(300), Some(300), None]);
        assert!(PAUSES.iter().sum::<u64>() <= PATIENCE.as_secs());
        for reply in ["451 4.7.1 Greylisting in action, please come back later", "451 4.7.1 Try again later"] {
            assert_eq!(after(reply, 1), Some(60), "{reply}");
        }
    }

    #[test]
    fn the_server_may_name_the_time() {
        for (words, want) in [
            ("Greylisted for 4 seconds", 5),
            ("Greylisting in action, please come back in 00:05:00", 301),
            ("Greylisted, please try again in 5 minutes", 301),
            ("Greylisted, retry in 300s", 301),
            // More than anybody waits: as if it had named none.
            ("Greylisted for 99999 seconds", 60),
        ] {
            assert_eq!(after(&format!("451 4.7.1 {words}"), 1), Some(want), "{words}");
        }
    }

    #[test]
    fn what_is_no_greylisting_is_not_tried_again() {
        for reply in [
            "550 5.1.1 no such user",
            "550 5.7.1 greylisted for ever",
            "421 4.7.0 too many connections, try again later",
            "450 4.7.1 Client host rejected: cannot find your hostname",
            "452 4.2.2 mailbox full",
        ] {
            assert_eq!(after(reply, 1), None, "{reply}");
        }
    }
}
