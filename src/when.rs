//! Days as people name them: `today`, `tuesday`, `3 days ago`, `2026-06-09`.

use jiff::civil::{Date, Weekday};
use jiff::{Span, Timestamp, Zoned};

const EXPECTED: &str =
    "expected a day: today, yesterday, tuesday, 3d, 2 weeks ago, 2026-06-09 or a time like 2026-06-09T14:00:00Z";

/// The beginning of the day that is meant, seen from `now`; a time by itself for what names one. A weekday is the last
/// one before today.
pub fn day(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let words = text.trim().to_ascii_lowercase();
    if let Ok(time) = text.trim().parse::<Timestamp>() {
        return Ok(time);
    }
    let date = words.parse::<Date>().ok().or_else(|| named(&words, now.date())).ok_or(EXPECTED)?;
    let midnight = date.to_zoned(now.time_zone().clone()).map_err(|e| e.to_string())?;
    Ok(midnight.timestamp())
}

fn named(words: &str, today: Date) -> Option<Date> {
    let back = |days: i64| today.checked_sub(Span::new().try_days(days).ok()?).ok();
    match words {
        "today" => return Some(today),
        "yesterday" => return back(1),
        "last week" => return back(7),
        _ => {}
    }
    let week = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let bare = words.strip_prefix("last ").unwrap_or(words);
    if let Some((_, weekday)) = week.iter().find(|(name, _)| bare.len() >= 3 && name.starts_with(bare)) {
        return today.nth_weekday(-1, *weekday).ok();
    }
    let number: String = words.chars().take_while(char::is_ascii_digit).collect();
    let unit = words.strip_prefix(&number)?.trim().trim_end_matches("ago").trim_end();
    let number: i64 = number.parse().ok()?;
    match unit {
        "d" | "day" | "days" => back(number),
        "w" | "week" | "weeks" => back(number.checked_mul(7)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        // A Wednesday.
        let now: Zoned = "2026-06-10T12:00:00[Europe/Berlin]".parse().unwrap();
        day(text, &now).map(|t| t.to_string())
    }

    #[test]
    fn days_are_meant_as_people_mean_them() {
        for (text, expected) in [
            ("today", "2026-06-09T22:00:00Z"),
            ("yesterday", "2026-06-08T22:00:00Z"),
            ("Tuesday", "2026-06-08T22:00:00Z"),
            ("wed", "2026-06-02T22:00:00Z"),
            ("last friday", "2026-06-04T22:00:00Z"),
            ("3d", "2026-06-06T22:00:00Z"),
            ("2 weeks ago", "2026-05-26T22:00:00Z"),
            ("2026-05-01", "2026-04-30T22:00:00Z"),
            ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "soon", "m", "d", "99999999999999999999d", "9223372036854775807w", "3", "2026-13-01"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
