//! The logs of mail systems, line by line: what each attempt came to. Nothing of a log is kept but counts.

mod columns;
mod exim;
mod kumomta;
pub mod numbers;
mod postfix;

use super::day::{Days, Event};
use jiff::civil::Date;
use std::io::{self, BufRead, Read};

/// Bytes of a line that are read.
const LONGEST: u64 = 64 * 1024;

/// Whose log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Postfix,
    Exim,
    /// Altcraft's MTA. It documents no form of its log: a table with a line of headings is read, by their names.
    Akmta,
    /// JSON, a record a line (docs.kumomta.com, log record).
    Kumomta,
    /// PowerMTA's accounting file: a table with a line of headings.
    Pmta,
    /// Numbers of days, a line for each day and receiver.
    Csv,
}

impl Format {
    pub const ALL: [Format; 6] =
        [Format::Postfix, Format::Exim, Format::Akmta, Format::Kumomta, Format::Pmta, Format::Csv];

    /// The word of `--log-format`.
    pub fn word(self) -> &'static str {
        match self {
            Format::Postfix => "postfix",
            Format::Exim => "exim",
            Format::Akmta => "akmta",
            Format::Kumomta => "kumomta",
            Format::Pmta => "pmta",
            Format::Csv => "csv",
        }
    }

    /// The format that a first line gives away.
    pub fn guess(line: &str) -> Option<Format> {
        let lower = line.to_ascii_lowercase();
        if line.trim_start().starts_with('{') {
            return Some(Format::Kumomta);
        }
        if lower.contains("timelogged") && lower.contains("rcpt") {
            return Some(Format::Pmta);
        }
        if numbers::Head::read(line).is_ok() {
            return Some(Format::Csv);
        }
        if lower.contains("postfix/") {
            return Some(Format::Postfix);
        }
        let marks = [" <= ", " => ", " ** ", " == ", " -> ", " completed"];
        if exim::date(line).is_some() && marks.iter().any(|m| lower.contains(m)) {
            return Some(Format::Exim);
        }
        columns::Head::read(line).map(|_| Format::Akmta)
    }
}

/// Why a log cannot be read. The texts are for the user.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the log cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("line {0}: {1}")]
    Line(u64, String),
    #[error("no line of it looks like the log of {0}: say which it is with --log-format")]
    Nothing(&'static str),
    #[error("whose log it is cannot be told from its first lines: say it with --log-format")]
    Unrecognised,
}

/// Reads a log to its end into `days`. Syslog writes no year: `today` tells which.
///
/// # Errors
/// Where it breaks off, where a table of numbers has a line that is none, or where nothing in it tells of mail.
pub fn read(log: &mut dyn BufRead, format: Option<Format>, today: Date, days: &mut Days) -> Result<Format, Fault> {
    let before = days.told;
    let (mut line, mut number) = (Vec::new(), 0);
    let mut reader = format.map(|f| Reader::new(f, today));
    let mut unrecognised = 0;
    while next(log, &mut line)? {
        number += 1;
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim_end();
        if text.is_empty() {
            continue;
        }
        let reader = match &mut reader {
            Some(reader) => reader,
            None => match Format::guess(text) {
                Some(format) => reader.insert(Reader::new(format, today)),
                None if unrecognised < 200 => {
                    unrecognised += 1;
                    continue;
                }
                None => return Err(Fault::Unrecognised),
            },
        };
        reader.line(text, days).map_err(|why| Fault::Line(number, why))?;
    }
    match reader {
        Some(reader) if days.told > before => Ok(reader.format),
        Some(reader) => Err(Fault::Nothing(reader.format.word())),
        None => Err(Fault::Unrecognised),
    }
}

/// The next line without its end; what is longer than any line of a log is left out.
fn next(log: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = log.take(LONGEST).read_until(b'\n', line)?;
    if read as u64 == LONGEST && line.last() != Some(&b'\n') {
        loop {
            let rest = log.fill_buf()?;
            let (end, used) = match rest.iter().position(|b| *b == b'\n') {
                Some(at) => (true, at + 1),
                None => (rest.is_empty(), rest.len()),
            };
            log.consume(used);
            if end {
                break;
            }
        }
    }
    Ok(read > 0)
}

/// Reads lines of one format.
struct Reader {
    format: Format,
    today: Date,
    table: Option<columns::Head>,
    numbers: Option<numbers::Head>,
}

impl Reader {
    fn new(format: Format, today: Date) -> Reader {
        Reader { format, today, table: None, numbers: None }
    }

    fn line(&mut self, line: &str, days: &mut Days) -> Result<(), String> {
        let event: Option<Event> = match self.format {
            Format::Postfix => postfix::read(line, self.today),
            Format::Exim => exim::read(line),
            Format::Kumomta => kumomta::read(line),
            Format::Akmta | Format::Pmta => match &self.table {
                None => {
                    let head = columns::Head::read(line);
                    self.table = Some(head.ok_or("the headings name no time, no recipient and no result")?);
                    None
                }
                Some(head) => head.event(line),
            },
            Format::Csv => match &self.numbers {
                None => {
                    self.numbers = Some(numbers::Head::read(line)?);
                    None
                }
                Some(head) => {
                    head.add(line, days)?;
                    None
                }
            },
        };
        if let Some(event) = event {
            days.count(event);
        }
        Ok(())
    }
}

/// The domain of an address, lower case; empty where it has none.
fn domain(address: &str) -> String {
    let address = address.trim().trim_matches(['<', '>', '"']);
    address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase())
}

/// What separates the fields of a table, by its headings.
fn separator(headings: &str) -> char {
    ['\t', ';', ','].into_iter().find(|c| headings.contains(*c)).unwrap_or(',')
}

/// The fields of a line of a table (RFC 4180), quoted where need be.
fn split(line: &str, by: char) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            c if c == by && !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn today() -> Date {
        "2026-06-10".parse().unwrap()
    }

    fn of(text: &str) -> (Format, Days) {
        let mut days = Days::default();
        let format = read(&mut Cursor::new(text), None, today(), &mut days).unwrap();
        (format, days)
    }

    /// delivered, deferred, excused, invalid, refused at a receiver on a day.
    fn counts(days: &Days, date: &str, receiver: &str) -> [u64; 5] {
        let tally = &days.days[&date.parse().unwrap()].receivers[receiver];
        [tally.delivered, tally.deferred, tally.excused, tally.invalid, tally.refused]
    }

    const POSTFIX: &str = "Jun  9 10:00:00 mx postfix/qmgr[1]: A1: from=<news@example.com>, size=1, nrcpt=1 (queue active)
Jun  9 10:00:01 mx postfix/smtp[2]: A1: to=<ann@gmail.com>, relay=gmail-smtp-in.l.google.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 OK 17 - gsmtp)
Jun  9 10:00:02 mx postfix/smtp[2]: A2: to=<bob@acme.example>, relay=gmail-smtp-in.l.google.com[192.0.2.1]:25, delay=1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[192.0.2.1] said: 421-4.7.28 Gmail has detected an unusual rate of unsolicited mail (in reply to end of DATA command))
Jun  9 10:00:03 mx postfix/smtp[2]: A3: to=<bad@hotmail.com>, relay=hotmail-com.olc.protection.outlook.com[192.0.2.2]:25, dsn=5.5.0, status=bounced (host hotmail-com.olc.protection.outlook.com[192.0.2.2] said: 550 5.5.0 Requested action not taken: mailbox unavailable (in reply to RCPT TO command))
Jun  9 10:00:04 mx postfix/smtp[2]: A4: to=<ann@gmail.com>, relay=127.0.0.1[127.0.0.1]:10024, dsn=2.0.0, status=sent (250 2.0.0 from MTA)
Jun  9 10:00:05 mx postfix/local[3]: A5: to=<root@example.com>, relay=local, dsn=2.0.0, status=sent (delivered to mailbox)
2026-06-10T08:00:00.123456+02:00 mx postfix/smtp[2]: A6: to=<x@yahoo.com>, relay=mta5.am0.yahoodns.net[192.0.2.3]:25, dsn=2.0.0, status=sent (250 ok)
";

    #[test]
    fn postfix_counts_what_left_the_machine() {
        let (format, days) = of(POSTFIX);
        assert_eq!(format, Format::Postfix);
        assert_eq!(counts(&days, "2026-06-09", "Gmail"), [1, 1, 0, 0, 0]);
        assert_eq!(counts(&days, "2026-06-09", "Outlook.com"), [0, 0, 0, 1, 0]);
        assert_eq!(counts(&days, "2026-06-10", "Yahoo"), [1, 0, 0, 0, 0]);
        assert_eq!(days.told, 4);
        // A log from before New Year.
        let mut days = Days::default();
        read(&mut Cursor::new(&POSTFIX.replace("Jun  9", "Dec 31")), None, "2027-01-02".parse().unwrap(), &mut days)
            .unwrap();
        assert!(days.days.contains_key(&"2026-12-31".parse().unwrap()));
    }

    #[test]
    fn exim_counts_attempts_over_smtp() {
        let (format, days) = of("2026-06-09 10:00:00 1uP-1 <= news@example.com U=www P=local S=900
2026-06-09 10:00:01 1uP-1 => ann@gmail.com R=dnslookup T=remote_smtp H=gmail-smtp-in.l.google.com [192.0.2.1] X=TLS1.3 C=\"250 2.0.0 OK\"
2026-06-09 10:00:01 1uP-1 -> bea@gmail.com R=dnslookup T=remote_smtp H=gmail-smtp-in.l.google.com [192.0.2.1] C=\"250 2.0.0 OK\"
2026-06-09 10:00:02 [77] 1uP-2 == bob@gmail.com R=dnslookup T=remote_smtp defer (-45) H=gmail-smtp-in.l.google.com [192.0.2.1]: SMTP error from remote mail server after end of data: 421-4.7.28 Gmail has detected an unusual rate
2026-06-09 10:00:03 1uP-2 == bob@gmail.com R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host for 'gmail.com'
2026-06-09 10:00:04 1uP-3 ** bad@web.de R=dnslookup T=remote_smtp H=mx-ha03.web.de [192.0.2.4]: SMTP error from remote mail server after RCPT TO:<bad@web.de>: 550 Requested action not taken: mailbox unavailable
2026-06-09 10:00:05 1uP-4 => root <root@example.com> R=local_user T=local_delivery
2026-06-09 10:00:06 1uP-1 Completed
");
        assert_eq!(format, Format::Exim);
        assert_eq!(counts(&days, "2026-06-09", "Gmail"), [2, 1, 0, 0, 0]);
        assert_eq!(counts(&days, "2026-06-09", "GMX and WEB.DE"), [0, 0, 0, 1, 0]);
        assert_eq!(days.told, 4);
    }

    #[test]
    fn kumomta_records_are_read_by_their_type() {
        let (format, days) = of(
            r#"{"type":"Reception","recipient":"ann@gmail.com","timestamp":1780999200,"response":{"code":250}}
{"type":"Delivery","recipient":"ann@gmail.com","timestamp":1780999200,"response":{"code":250,"enhanced_code":{"class":2,"subject":0,"detail":0},"content":"OK"},"peer_address":{"name":"gmail-smtp-in.l.google.com.","addr":"192.0.2.1"}}
{"type":"TransientFailure","recipient":["bob@gmail.com"],"timestamp":1780999201,"response":{"code":421,"enhanced_code":{"class":4,"subject":7,"detail":28},"content":"Gmail has detected an unusual rate"},"peer_address":{"name":"gmail-smtp-in.l.google.com.","addr":"192.0.2.1"}}
{"type":"Bounce","recipient":"bad@gmail.com","timestamp":1780999202,"response":{"code":550,"enhanced_code":{"class":5,"subject":1,"detail":1},"content":"The email account that you tried to reach does not exist"},"peer_address":{"name":"gmail-smtp-in.l.google.com.","addr":"192.0.2.1"}}
{"type":"Feedback","recipient":"fbl@example.com","timestamp":1780999203,"feedback_report":{"feedback_type":"abuse","original_rcpt_to":["eve@yahoo.com"]}}
"#,
        );
        assert_eq!(format, Format::Kumomta);
        assert_eq!(counts(&days, "2026-06-09", "Gmail"), [1, 1, 0, 1, 0]);
        assert_eq!(days.days[&"2026-06-09".parse().unwrap()].receivers["Yahoo"].complaints, Some(1));
    }

    #[test]
    fn accounting_files_are_read_by_their_headings() {
        let (format, days) = of("type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat
d,2026-06-09 10:00:01+0000,2026-06-09 10:00:00+0000,n@example.com,ann@gmail.com,,relayed,2.0.0 (success),smtp;250 2.0.0 OK,gmail-smtp-in.l.google.com (192.0.2.1),
t,2026-06-09 10:00:02+0000,,n@example.com,bob@gmail.com,,delayed,4.7.28,\"smtp;421 4.7.28 unusual rate, see help\",gmail-smtp-in.l.google.com (192.0.2.1),
b,2026-06-09 10:00:03+0000,,n@example.com,bad@gmail.com,,failed,5.1.1,smtp;550 5.1.1 does not exist,gmail-smtp-in.l.google.com (192.0.2.1),bad-mailbox
f,2026-06-09 10:00:04+0000,,n@example.com,eve@yahoo.com,,,,,,
");
        assert_eq!(format, Format::Pmta);
        assert_eq!(counts(&days, "2026-06-09", "Gmail"), [1, 1, 0, 1, 0]);
        assert_eq!(days.days[&"2026-06-09".parse().unwrap()].receivers["Yahoo"].complaints, Some(1));
        let (format, days) = of("date;recipient;status;response;mx
2026-06-09 10:00:01;ann@gmail.com;delivered;250 OK;gmail-smtp-in.l.google.com
2026-06-09 10:00:02;bob@gmail.com;deferred;421 4.7.28 unusual rate;gmail-smtp-in.l.google.com
2026-06-09 10:00:03;bad@gmail.com;bounced;550 5.1.1 does not exist;gmail-smtp-in.l.google.com
");
        assert_eq!(format, Format::Akmta);
        assert_eq!(counts(&days, "2026-06-09", "Gmail"), [1, 1, 0, 1, 0]);
    }

    #[test]
    fn what_is_no_log_is_said_to_be_none() {
        let mut days = Days::default();
        let mut none = |text: &str, format| {
            read(&mut Cursor::new(text.to_owned()), format, today(), &mut days).unwrap_err().to_string()
        };
        assert!(none("hello\nworld\n", None).contains("--log-format"));
        assert!(none("hello\n", Some(Format::Postfix)).contains("log of postfix"));
        assert!(none("date,sent\n2026-06-09,many\n", None).starts_with("line 2: "), "a number is wanted");
        assert!(none("a,b\n", Some(Format::Pmta)).starts_with("line 1: "));
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let long = format!("{}\n{POSTFIX}", "x".repeat(3 * LONGEST as usize));
        let (_, days) = of(&long);
        assert_eq!(days.told, 4);
    }
}
