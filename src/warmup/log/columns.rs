//! Tables with a line for each attempt and a line of headings: PowerMTA's accounting files, and what others export.

use super::{domain, separator, split};
use crate::facts::bounce::{Action, Recipient};
use crate::warmup::day::{Event, What};

/// Which column is what.
pub(super) struct Head {
    by: char,
    time: usize,
    rcpt: usize,
    result: usize,
    status: Option<usize>,
    reply: Option<usize>,
    host: Option<usize>,
}

impl Head {
    /// Reads the headings; `None` where they name no time, recipient or result.
    pub(super) fn read(line: &str) -> Option<Head> {
        let by = separator(line);
        let names: Vec<String> =
            split(line, by).iter().map(|f| f.trim().to_ascii_lowercase().replace(['_', '-', ' '], "")).collect();
        let at = |known: &[&str]| known.iter().find_map(|k| names.iter().position(|n| n == k));
        Some(Head {
            by,
            time: at(&["timelogged", "time", "date", "timestamp", "datetime", "logtime"])?,
            rcpt: at(&["rcpt", "recipient", "email", "to", "rcptto"])?,
            result: at(&["type", "status", "result", "event", "action", "state"])?,
            status: at(&["dsnstatus", "dsn", "enhancedcode", "enhstatus"]),
            reply: at(&["dsndiag", "response", "reply", "diag", "diagnostic", "message", "error", "answer"]),
            host: at(&["dsnmta", "mx", "host", "remotehost", "server", "relay"]),
        })
    }

    pub(super) fn event(&self, line: &str) -> Option<Event> {
        let fields = split(line, self.by);
        let get = |at: usize| fields.get(at).map(|f| f.trim());
        let some = |at: Option<usize>| at.and_then(get).filter(|f| !f.is_empty());
        let date = get(self.time)?.get(..10)?.parse().ok()?;
        let domain = domain(get(self.rcpt)?);
        let action = match get(self.result)?.to_ascii_lowercase().as_str() {
            "d" | "delivered" | "delivery" | "sent" | "ok" | "success" | "relayed" => Action::Delivered,
            "t" | "deferred" | "delayed" | "defer" | "softbounce" | "soft" | "transient" | "tempfail" => {
                Action::Delayed
            }
            // `rb`: a bounce that came later.
            "b" | "rb" | "bounce" | "bounced" | "failed" | "hardbounce" | "hard" | "permfail" => Action::Failed,
            "f" | "fbl" | "complaint" | "feedback" => return Some(Event { date, domain, what: What::Complaint }),
            _ => return None,
        };
        let first = |text: &str| text.split([' ', '(']).next().unwrap_or_default().to_owned();
        let server = some(self.host).map(|h| first(h).to_ascii_lowercase());
        let status = some(self.status).map(first).filter(|s| s.contains('.'));
        let reply = some(self.reply).map(|r| r.strip_prefix("smtp;").unwrap_or(r).to_owned());
        let told = Recipient::told(action, server, status, reply);
        Some(Event { date, domain, what: What::Attempt(Box::new(told)) })
    }
}
