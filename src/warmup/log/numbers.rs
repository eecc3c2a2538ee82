//! Numbers of days as a table: `date,receiver,sent,delivered,deferred,hard,…`, a line for each day and receiver.

use super::{separator, split};
use crate::warmup::day::{Day, Days, Snds, Tally};
use crate::warmup::receiver;
use jiff::civil::Date;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Date,
    Receiver,
    Sent,
    Delivered,
    Deferred,
    Hard,
    Refused,
    Complaints,
    Opens,
    Clicks,
    Inbox,
    Spam,
    Snds,
    SpamRate,
    Blocklists,
    /// Somebody's own.
    Other,
}

/// What a heading may be called; the first is what is written.
const NAMES: [(Column, &[&str]); 15] = [
    (Column::Date, &["date", "day"]),
    (Column::Receiver, &["receiver", "provider", "isp"]),
    (Column::Sent, &["sent", "volume"]),
    (Column::Delivered, &["delivered"]),
    (Column::Deferred, &["deferred", "deferrals", "soft"]),
    (Column::Hard, &["hard", "hard-bounces", "bounces", "invalid"]),
    (Column::Refused, &["refused", "blocked"]),
    (Column::Complaints, &["complaints", "abuse"]),
    (Column::Opens, &["opens", "opened"]),
    (Column::Clicks, &["clicks", "clicked"]),
    (Column::Inbox, &["seed-inbox", "inbox"]),
    (Column::Spam, &["seed-spam", "spam"]),
    (Column::Snds, &["snds"]),
    (Column::SpamRate, &["spam-rate"]),
    (Column::Blocklists, &["blocklists", "blocklist"]),
];

/// The headings, as they are written.
pub fn headings() -> String {
    NAMES.iter().map(|(_, names)| names[0]).collect::<Vec<_>>().join(",")
}

/// Which column is what.
#[derive(Debug)]
pub struct Head {
    by: char,
    columns: Vec<Column>,
}

impl Head {
    /// Reads the headings.
    ///
    /// # Errors
    /// Where there is no date, or neither what was sent nor what was delivered.
    pub fn read(line: &str) -> Result<Head, String> {
        let by = separator(line);
        let column = |name: &String| {
            let name = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
            NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map_or(Column::Other, |(c, _)| *c)
        };
        let columns: Vec<Column> = split(line, by).iter().map(column).collect();
        let has = |c| columns.contains(&c);
        match has(Column::Date) && (has(Column::Sent) || has(Column::Delivered)) {
            true => Ok(Head { by, columns }),
            false => Err(format!("headings are wanted, `date` and `sent` at least, of {}", headings())),
        }
    }

    /// Adds a line of numbers.
    ///
    /// # Errors
    /// Where a field is not what its heading says.
    pub fn add(&self, line: &str, days: &mut Days) -> Result<(), String> {
        let (mut date, mut name) = (None, receiver::ALL.to_owned());
        let (mut row, mut sent, mut delivered) = (Tally::default(), None, None);
        let mut blocklists = Vec::new();
        for (column, text) in self.columns.iter().zip(split(line, self.by)) {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            let number = || number(text);
            match column {
                Column::Date => {
                    date = Some(text.parse::<Date>().map_err(|_| format!("{text:?} is no date like 2026-06-09"))?)
                }
                Column::Receiver => name = receiver::named(text).map_or_else(|| text.to_owned(), str::to_owned),
                Column::Sent => sent = Some(number()?),
                Column::Delivered => delivered = Some(number()?),
                Column::Deferred => row.deferred = number()?,
                Column::Hard => row.invalid = number()?,
                Column::Refused => row.refused = number()?,
                Column::Complaints => row.complaints = Some(number()?),
                Column::Opens => row.opens = Some(number()?),
                Column::Clicks => row.clicks = Some(number()?),
                Column::Inbox => row.seeds.get_or_insert_default().inbox = number()?,
                Column::Spam => row.seeds.get_or_insert_default().spam = number()?,
                Column::Snds => row.snds = Some(Snds::of(text).ok_or("SNDS is green, yellow or red")?),
                Column::SpamRate => row.spam_rate = Some(share(text)?),
                Column::Blocklists => {
                    blocklists = text.split(['|', ' ']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
                }
                Column::Other => {}
            }
        }
        let date = date.ok_or("the date is missing")?;
        settle(sent, delivered, &mut row)?;
        days.told += 1;
        if let Some(day) = days.day(date) {
            put(day, name, &row, blocklists);
        }
        Ok(())
    }
}

/// Adds a row to a day.
pub fn put(day: &mut Day, name: String, row: &Tally, blocklists: Vec<String>) {
    day.receivers.entry(name).or_default().add(row);
    for list in blocklists {
        if !day.blocklists.contains(&list) {
            day.blocklists.push(list);
        }
    }
}

/// What was delivered and what is open, by what was sent. Where nobody counted what was delivered, it is what did not fail.
///
/// # Errors
/// Where the parts are more than the whole.
pub fn settle(sent: Option<u64>, delivered: Option<u64>, row: &mut Tally) -> Result<(), String> {
    let failed = row.invalid + row.refused;
    let taken = match (sent, delivered) {
        // What bounced later, or was sent the day before, may stand among the delivered.
        (Some(sent), Some(_)) => sent.saturating_sub(failed),
        (Some(sent), None) => {
            sent.checked_sub(failed).ok_or_else(|| format!("more bounced ({failed}) than was sent ({sent})"))?
        }
        (None, _) => 0,
    };
    row.delivered = delivered.unwrap_or(taken);
    row.open = taken.saturating_sub(row.delivered);
    Ok(())
}

/// A count, with or without marks between thousands.
pub fn number(text: &str) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '\u{a0}' | '_')).collect();
    // Sums of them must not overflow.
    digits.parse().ok().filter(|n| *n < 1 << 50).ok_or_else(|| format!("{text:?} is no number of messages"))
}

/// A share in percent: `0.07`, `0.07%`.
pub fn share(text: &str) -> Result<f64, String> {
    let rate = text.trim_end_matches(['%', ' ']).parse::<f64>();
    rate.ok().filter(|r| (0.0..=100.0).contains(r)).ok_or_else(|| format!("{text:?} is no share in percent, like 0.07"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warmup::day::Seeds;

    #[test]
    fn what_was_sent_and_not_delivered_is_open() {
        let head = Head::read("date,receiver,sent,delivered,hard").unwrap();
        let mut days = Days::default();
        for line in ["2026-11-30,gmail,1000,400,", "2026-11-30,yahoo,1000,980,20", "2026-11-30,mine,,50,"] {
            head.add(line, &mut days).unwrap();
        }
        let day = &days.days[&"2026-11-30".parse().unwrap()];
        let told = |t: &Tally| (t.sent(), t.delivered, t.open);
        let all: Vec<_> = day.receivers.values().map(told).collect();
        assert_eq!(all, [(1000, 400, 600), (1000, 980, 0), (50, 50, 0)]);
    }

    #[test]
    fn a_table_of_numbers() {
        let head = Head::read(
            "Date;Receiver;Sent;Hard bounces;Deferred;Complaints;SNDS;Spam rate;Seed inbox;Seed spam;Blocklists;mine",
        )
        .unwrap();
        let mut days = Days::default();
        head.add("2026-06-09;hotmail;1 000;4;12;1;green;0.05 %;8;2;;x", &mut days).unwrap();
        head.add("2026-06-09;Nowhere Mail;10;;;;;;;;zen.spamhaus.org|other;", &mut days).unwrap();
        let day = &days.days[&"2026-06-09".parse().unwrap()];
        let tally = &day.receivers["Outlook.com"];
        assert_eq!((tally.delivered, tally.invalid, tally.deferred, tally.complaints), (996, 4, 12, Some(1)));
        assert_eq!(
            (tally.snds, tally.spam_rate, tally.seeds),
            (Some(Snds::Green), Some(0.05), Some(Seeds { inbox: 8, spam: 2 }))
        );
        assert_eq!(day.receivers["Nowhere Mail"].delivered, 10);
        assert_eq!(day.blocklists, ["zen.spamhaus.org", "other"]);
        for bad in ["2026-06-09;x;10;11", "June;x;1", ";x;1", "2026-06-09;x;-1", "2026-06-09;x;1;;;;pink"] {
            assert!(head.add(bad, &mut days).is_err(), "{bad}");
        }
        assert!(Head::read("when,what").is_err());
    }
}
