//! What was sent on a day, and what became of it, by receiver.

use super::receiver;
use crate::facts::bounce::{Action, Recipient};
use crate::knowledge::topic::Category;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};

/// Days that are kept: the latest.
const MOST_DAYS: usize = 400;

/// Different replies that are kept apart for one receiver and day.
const MOST_CODES: usize = 40;

/// Replies whose meaning is remembered while a log is read.
const MOST_DECODED: usize = 2_000;

/// One day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Day {
    pub receivers: BTreeMap<String, Tally>,
    /// Blocklists that hold the address or the domain, by name or zone.
    pub blocklists: Vec<String>,
}

/// The numbers at one receiver. What nobody counted is `None`, or 0 where a log would have told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Messages that were taken.
    pub delivered: u64,
    /// Attempts that were put off for the sender's sake.
    pub deferred: u64,
    /// Put off for the receiver's own: greylisting, a full mailbox, trouble on its side.
    pub excused: u64,
    /// Refused for good: there is no such recipient.
    pub invalid: u64,
    /// Refused for good: for who sends, or what.
    pub refused: u64,
    /// Refused for good for the recipient's own sake: a full mailbox.
    pub lost: u64,
    /// Sent, and neither delivered nor refused, where somebody counted both: put off, or nobody knows.
    pub open: u64,
    pub complaints: Option<u64>,
    pub opens: Option<u64>,
    pub clicks: Option<u64>,
    pub seeds: Option<Seeds>,
    pub snds: Option<Snds>,
    /// The rate of complaints that the receiver's portal shows, in percent.
    pub spam_rate: Option<f64>,
    /// By reply, `421 4.7.28`.
    pub codes: BTreeMap<String, Code>,
}

/// A test with seed mailboxes: where the message lay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeds {
    pub inbox: u64,
    pub spam: u64,
}

/// The colour that Microsoft's SNDS gives an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Snds {
    Green,
    Yellow,
    Red,
}

/// One reply, and how often it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    pub count: u64,
    pub action: Action,
    pub category: Category,
    pub rule: Option<&'static str>,
    /// In words, where they are known.
    pub meaning: Option<&'static str>,
    /// The first of them.
    pub example: String,
}

impl Snds {
    pub fn word(self) -> &'static str {
        match self {
            Snds::Green => "green",
            Snds::Yellow => "yellow",
            Snds::Red => "red",
        }
    }

    pub fn of(word: &str) -> Option<Snds> {
        [Snds::Green, Snds::Yellow, Snds::Red].into_iter().find(|s| s.word().eq_ignore_ascii_case(word.trim()))
    }
}

impl Tally {
    /// Messages of that day; of a log those whose fate was settled.
    pub fn sent(&self) -> u64 {
        self.delivered + self.invalid + self.refused + self.lost + self.open
    }

    pub fn attempts(&self) -> u64 {
        self.sent() + self.deferred + self.excused
    }

    /// Takes in the numbers of another.
    pub fn add(&mut self, other: &Tally) {
        let sum = |a: &mut Option<u64>, b: Option<u64>| *a = a.zip(b).map(|(a, b)| a + b).or(*a).or(b);
        self.delivered += other.delivered;
        self.deferred += other.deferred;
        self.excused += other.excused;
        self.invalid += other.invalid;
        self.refused += other.refused;
        self.lost += other.lost;
        self.open += other.open;
        sum(&mut self.complaints, other.complaints);
        sum(&mut self.opens, other.opens);
        sum(&mut self.clicks, other.clicks);
        if let Some(seeds) = other.seeds {
            let own = self.seeds.get_or_insert_default();
            *own = Seeds { inbox: own.inbox + seeds.inbox, spam: own.spam + seeds.spam };
        }
        self.snds = self.snds.or(other.snds);
        self.spam_rate = self.spam_rate.or(other.spam_rate);
        for (key, code) in &other.codes {
            self.codes.entry(key.clone()).and_modify(|c| c.count += code.count).or_insert_with(|| code.clone());
        }
    }
}

impl Day {
    /// All receivers together.
    pub fn total(&self) -> Tally {
        self.receivers.values().fold(Tally::default(), |mut total, tally| {
            total.add(tally);
            total
        })
    }
}

/// What a log or a table told, in the order of the days; memory is bounded, however long the log.
#[derive(Clone, Debug, Default)]
pub struct Days {
    pub days: BTreeMap<Date, Day>,
    /// Lines that told of something.
    pub told: u64,
    /// Days older than those that are kept.
    pub dropped: u64,
    decoded: HashMap<String, Recipient>,
}

/// One attempt that a log tells of.
#[derive(Clone, Debug)]
pub struct Event {
    pub date: Date,
    /// Domain of the recipient, lower case; empty where nobody says.
    pub domain: String,
    pub what: What,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum What {
    Attempt(Box<Recipient>),
    Complaint,
}

impl Days {
    /// The day, made where it is not known yet; `None` where it is older than what is kept.
    pub fn day(&mut self, date: Date) -> Option<&mut Day> {
        if !self.days.contains_key(&date) && self.days.len() >= MOST_DAYS {
            let oldest = *self.days.keys().next()?;
            self.dropped += 1;
            if date < oldest {
                return None;
            }
            self.days.remove(&oldest);
        }
        Some(self.days.entry(date).or_default())
    }

    /// Counts an event.
    pub fn count(&mut self, event: Event) {
        self.told += 1;
        let host = match &event.what {
            What::Attempt(recipient) => recipient.server.clone().unwrap_or_default(),
            What::Complaint => String::new(),
        };
        let whom = receiver::of(&event.domain, &host);
        let recipient = match event.what {
            What::Attempt(recipient) => self.decode(*recipient),
            What::Complaint => {
                if let Some(day) = self.day(event.date) {
                    *day.receivers.entry(whom.to_owned()).or_default().complaints.get_or_insert(0) += 1;
                }
                return;
            }
        };
        let Some(day) = self.day(event.date) else { return };
        let tally = day.receivers.entry(whom.to_owned()).or_default();
        *place(tally, &recipient) += 1;
        if recipient.action.is_bad() {
            note(tally, &recipient);
        }
    }

    /// What the reply means. Replies differ in little but numbers: each kind is decoded once.
    fn decode(&mut self, mut recipient: Recipient) -> Recipient {
        if !recipient.action.is_bad() {
            return recipient;
        }
        let host = recipient.server.as_deref().unwrap_or_default();
        let mut key = String::with_capacity(120);
        for c in host.chars().chain([' ']).chain(recipient.text().unwrap_or_default().chars()) {
            if key.len() >= 300 {
                break;
            }
            // Codes stand at the beginning and stay; queue ids and addresses fall together.
            let digit = c.is_ascii_digit() && key.len() > host.len() + 16;
            if !(digit && key.ends_with('0')) {
                key.push(if digit { '0' } else { c });
            }
        }
        if let Some(known) = self.decoded.get(&key) {
            recipient.decoded = known.decoded.clone();
            recipient.category = known.category;
            return recipient;
        }
        recipient.decode();
        if self.decoded.len() < MOST_DECODED {
            self.decoded.insert(key, recipient.clone());
        }
        recipient
    }
}

/// Where an attempt is counted.
fn place<'t>(tally: &'t mut Tally, recipient: &Recipient) -> &'t mut u64 {
    let theirs = matches!(recipient.category, Category::MailboxFull | Category::Network);
    let grey = recipient.decoded.rule() == Some("greylisted");
    match recipient.action {
        Action::Delayed if theirs || grey => &mut tally.excused,
        Action::Delayed => &mut tally.deferred,
        Action::Failed => match recipient.category {
            Category::Recipient => &mut tally.invalid,
            _ if theirs => &mut tally.lost,
            _ => &mut tally.refused,
        },
        _ => &mut tally.delivered,
    }
}

fn note(tally: &mut Tally, recipient: &Recipient) {
    let text = recipient.text().unwrap_or_default();
    let code = text.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit()));
    let key = match (code, recipient.status.as_deref()) {
        (Some(code), Some(status)) => format!("{code} {status}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "no code".to_owned(),
    };
    if tally.codes.len() >= MOST_CODES && !tally.codes.contains_key(&key) {
        return;
    }
    let code = tally.codes.entry(key).or_insert_with(|| Code {
        count: 0,
        action: recipient.action,
        category: recipient.category,
        rule: recipient.decoded.rule(),
        meaning: recipient.decoded.meaning(),
        example: crate::safe::clip(text, 160),
    });
    code.count += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(date: &str, action: Action, host: &str, reply: &str) -> Event {
        let told = Recipient::told(action, Some(host.into()), None, Some(reply.into()));
        Event { date: date.parse().unwrap(), domain: "gmail.com".into(), what: What::Attempt(Box::new(told)) }
    }

    #[test]
    fn each_reply_is_counted_where_it_belongs() {
        const MX: &str = "gmail-smtp-in.l.google.com";
        let mut days = Days::default();
        for (action, reply) in [
            (Action::Delivered, "250 2.0.0 OK"),
            (Action::Delayed, "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail 1 - gsmtp"),
            (Action::Delayed, "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail 22 - gsmtp"),
            (Action::Delayed, "451 4.7.1 Greylisting in action, please come back later"),
            (Action::Delayed, "452-4.2.2 The recipient's inbox is out of storage space. - gsmtp"),
            (Action::Failed, "550-5.1.1 The email account that you tried to reach does not exist - gsmtp"),
            (Action::Failed, "550-5.7.1 likely suspicious due to the very low reputation of the sending ip - gsmtp"),
        ] {
            days.count(attempt("2026-06-01", action, MX, reply));
        }
        let tally = days.days[&"2026-06-01".parse().unwrap()].receivers["Gmail"].clone();
        assert_eq!((tally.delivered, tally.deferred, tally.excused), (1, 2, 2));
        assert_eq!((tally.invalid, tally.refused, tally.lost), (1, 1, 0));
        assert_eq!((tally.sent(), tally.attempts()), (3, 7));
        let code = &tally.codes["421 4.7.28"];
        assert_eq!((code.count, code.rule), (2, Some("warmup-rate-limited")));
        assert_eq!(days.decoded.len(), 5, "two that differ in a number are decoded once");
    }

    #[test]
    fn memory_is_bounded_by_days_and_replies() {
        let mut days = Days::default();
        let start: Date = "2020-01-01".parse().unwrap();
        for n in 0..1_000_i64 {
            let date = start.checked_add(jiff::Span::new().days(n)).unwrap();
            days.count(attempt(&date.to_string(), Action::Delayed, "mx.example", &format!("4{:02} busy", n % 100)));
        }
        assert_eq!((days.days.len(), days.dropped), (MOST_DAYS, 600));
        let day = days.days.keys().next_back().copied().unwrap();
        for n in 0..400 {
            let reply = format!("451 4.{}.{} later", n % 100, n);
            days.count(attempt(&day.to_string(), Action::Delayed, "mx.example", &reply));
        }
        assert_eq!(days.days[&day].receivers["Gmail"].codes.len(), MOST_CODES);
    }
}
