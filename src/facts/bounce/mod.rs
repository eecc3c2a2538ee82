//! What came back: a delivery status notification (RFC 3464), the notice of a mail system with a form of
//! its own, a platform's event in JSON, a line of a log, a bare SMTP reply, or a feedback report (RFC 5965).

mod event;
mod feedback;
mod forward;
mod inbound;
mod kept;
mod letter;
mod log;
mod notice;
mod said;
mod ses;
mod session;
mod status;
mod taken;
#[cfg(test)]
mod tests;
mod transcript;

pub use crate::knowledge::event::What;
pub use event::{of as event, teller};
pub use feedback::{Feedback, FeedbackKind};
pub use kept::needed;
pub use said::{failed, spf_domain};
pub use taken::TakenBy;

use super::Reading;
use super::dkim::name;
use super::organization::same_by_list;
use super::reported::Dmarc;
use crate::evidence::transcript::Stage;
use crate::evidence::{Input, InputKind};
use crate::knowledge::decode::{Decoded, decode};
use crate::knowledge::topic::Category;
use crate::span::{Span, Spanned};
use std::net::IpAddr;

/// One delivery attempt that a line of a log tells of, as Postfix, Exim, Sendmail and OpenSMTPD write them; not yet
/// decoded, spans count from the beginning of the line.
pub fn attempt(line: &[u8]) -> Option<Recipient> {
    log::entry(crate::evidence::lines::Line { start: 0, end: line.len(), next: line.len() }, line)
}

/// Stands in `replies.toml`.
const SUPPRESSED: &str = "is on the suppression list of the platform";

/// Recipients that are kept; a notice may name any number.
pub const MOST: usize = 300;

/// What became of a message, as those who handled it tell.
#[derive(Clone, Debug, Default)]
pub struct Bounce {
    /// The server that reports, lower case.
    pub reporting_mta: Option<Spanned<String>>,
    pub recipients: Vec<Recipient>,
    /// More than [`MOST`] recipients, or more parts than are read.
    pub cut: bool,
    /// The returned message's header, as it stands in the input.
    pub returned: Option<Span>,
    /// Whom the notice was sent to: the envelope sender of the message (RFC 3464 §2).
    pub sent_to: Option<Spanned<String>>,
    /// Which address the refusing server names as the one that came to it.
    pub source_ip: Option<Spanned<IpAddr>>,
    pub feedback: Option<Feedback>,
    /// The records it rests on are others now ([`crate::facts::again`]): a refusal of the sender says nothing any more.
    pub overtaken: bool,
}

/// What became of it for one recipient.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub address: Option<Spanned<String>>,
    /// The address of another organization that it was for before it was forwarded.
    pub forwarded: Option<Spanned<String>>,
    pub action: Action,
    /// As the report says, else as the reply does (RFC 3463).
    pub status: Option<String>,
    /// The reply of the server that refused, on one line.
    pub reply: Option<Spanned<String>>,
    /// Where no server's reply is quoted: what the mail system says instead.
    pub words: Option<Spanned<String>>,
    /// The host whose reply it is, lower case.
    pub server: Option<String>,
    /// Who came to the server that tells, and was refused by it: the reply is its own.
    pub client: Option<String>,
    pub step: Option<Stage>,
    /// The platform itself did not send it, ...
    pub withheld: bool,
    /// ... for the address is on its own list.
    pub suppressed: bool,
    /// What a platform's own word means, as a server would say it.
    meaning: Option<&'static str>,
    /// Who took it over, where a log or a report tells.
    pub taken_by: Option<TakenBy>,
    /// What tells of it, for an exhibit.
    pub span: Span,
    pub decoded: Decoded,
    pub category: Category,
}

/// CONTRACT `bounce.recipients[].action` (RFC 3464 §2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Delivered,
    Relayed,
    Expanded,
    Delayed,
    Failed,
}

impl Action {
    pub fn word(self) -> &'static str {
        match self {
            Action::Failed => "failed",
            Action::Delayed => "delayed",
            Action::Delivered => "delivered",
            Action::Relayed => "relayed",
            Action::Expanded => "expanded",
        }
    }

    fn of(word: &str) -> Option<Action> {
        let all = [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];
        all.into_iter().find(|action| word.eq_ignore_ascii_case(action.word()))
    }

    /// What a code alone says: its class (RFC 3463 §3.1, RFC 5321 §4.2.1).
    fn of_code(code: &str) -> Option<Action> {
        match code.as_bytes().first()? {
            b'5' => Some(Action::Failed),
            b'4' => Some(Action::Delayed),
            b'2' => Some(Action::Delivered),
            _ => None,
        }
    }

    pub fn is_bad(self) -> bool {
        matches!(self, Action::Failed | Action::Delayed)
    }
}

impl Recipient {
    /// Would another attempt meet the same? By the class of the code; without any, by what was done.
    pub fn is_permanent(&self) -> bool {
        let reply = self.reply.as_ref().map(|r| r.value.as_str());
        // A mail system that puts 5.0.0 or 4.0.0 in the place of a code it was not given knows less than the reply; where
        // a reply's own two codes differ, the first decides (RFC 5321 §4.2.1).
        let own = |status: &str| reply.and_then(said::enhanced).is_some_and(|code| code == status);
        let class = match (self.status.as_deref(), reply.and_then(said::code)) {
            (Some(status), Some(code)) if status.ends_with(".0.0") || own(status) => Some(code),
            (Some(status), _) => Some(status),
            (None, code) => code,
        };
        match class.and_then(|c| c.bytes().next()) {
            Some(b'5') => self.action != Action::Delayed,
            Some(_) => false,
            None => self.action == Action::Failed,
        }
    }

    /// Does a code, an action, or words that are known say what became of it?
    fn is_told(&self) -> bool {
        let coded = self.reply.as_ref().is_some_and(|reply| said::code(&reply.value).is_some());
        let known = self.words.is_some() && self.category != Category::Unknown;
        coded || known || self.status.is_some() || self.action != Action::Failed
    }

    /// What was said, by whomever.
    pub fn text(&self) -> Option<&str> {
        self.reply.as_ref().or(self.words.as_ref()).map(|r| r.value.as_str())
    }
}

impl Bounce {
    /// Reads a bounce or a reply; `None` for any other input. What is one by the user's word alone, and tells of nothing,
    /// has no recipient.
    pub fn read(input: &Input) -> Option<Bounce> {
        let mut bounce = Bounce::of(input.kind, &input.text, input.bytes())?;
        if bounce.feedback.is_none() && !bounce.recipients.iter().any(Recipient::is_told) && !input.is_recognised() {
            bounce.recipients.clear();
        }
        Some(bounce)
    }

    /// As [`Bounce::read`], for the beginning of a text that had this many bytes.
    fn of(kind: InputKind, text: &[u8], bytes: usize) -> Option<Bounce> {
        let events = if matches!(kind, InputKind::Reply | InputKind::Bounce) { event::read(text) } else { None };
        // Whose mailboxes it was, a platform's event does not tell: the words are the receiver's.
        let by_platform = events.is_some();
        let mut bounce = match (events, kind) {
            (Some(bounce), _) => bounce,
            (None, InputKind::Reply) => log::read(text),
            (None, InputKind::Bounce) => letter::read(text),
            _ => return None,
        };
        bounce.cut |= bounce.recipients.len() > MOST || (bytes > letter::LIMIT && !by_platform);
        bounce.recipients.truncate(MOST);
        if bounce.recipients.is_empty() {
            bounce.recipients.push(Recipient::blank(Span::new(0, text.len().min(80))));
        }
        let reporter = bounce.reporting_mta.is_some();
        let sender =
            bounce.sent_to.as_ref().and_then(|to| to.value.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
        for recipient in &mut bounce.recipients {
            for address in [&mut recipient.address, &mut recipient.forwarded].into_iter().flatten() {
                address.value = plain(&address.value);
            }
            match bounce.feedback {
                Some(_) => recipient.category = Category::Feedback,
                None => {
                    recipient.decode();
                    recipient.blame(sender.as_deref());
                    if !by_platform {
                        recipient.taken_by = recipient.taken_by.or_else(|| taken::reported(recipient, reporter));
                    }
                }
            }
        }
        bounce.source_ip = bounce.source_ip.or_else(|| bounce.recipients.iter().find_map(said::client));
        Some(bounce)
    }

    /// The worst of the recipients: what is lost before what waits, what is understood before what is not.
    pub fn worst(&self) -> Option<&Recipient> {
        let rank = |r: &&Recipient| (r.action, r.is_permanent(), r.category != Category::Unknown);
        // The first of equals.
        self.recipients.iter().rev().max_by_key(rank)
    }

    /// Did all go well? A relay that reports nothing back, and a report of a kind nobody knows, say nothing.
    pub fn is_good_news(&self) -> bool {
        match &self.feedback {
            Some(feedback) => feedback.kind == FeedbackKind::NotSpam,
            None => {
                let good = |r: &Recipient| matches!(r.action, Action::Delivered | Action::Expanded);
                !self.recipients.is_empty() && self.recipients.iter().all(good)
            }
        }
    }

    /// The recipients for whom it is lost or late, of those whose reply still counts.
    pub fn refused(&self) -> impl Iterator<Item = &Recipient> {
        let past =
            |r: &&Recipient| self.overtaken && matches!(r.category, Category::Authentication | Category::Configuration);
        self.recipients.iter().filter(|r| r.action.is_bad()).filter(move |r| !past(r))
    }

    /// Is it about who the sender is? Then the returned header and the domain have more to tell.
    pub fn concerns_authentication(&self) -> bool {
        let refused = |r: &Recipient| r.action.is_bad() && r.client.is_none() && r.category == Category::Authentication;
        self.recipients.iter().any(refused)
            || self.feedback.as_ref().is_some_and(|f| f.kind == FeedbackKind::AuthFailure)
    }

    /// Did the message arrive at its receiver before this was said? Then the returned header has the receiver's own
    /// words. A server that reports what another one refused was only on the way.
    pub fn was_received(&self) -> bool {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let addressed = || self.recipients.iter().filter_map(|r| domain(&r.address.as_ref()?.value));
        self.feedback.is_some()
            || self.reporting_mta.as_ref().is_some_and(|mta| addressed().any(|d| same_by_list(&mta.value, &d)))
    }
}

impl Bounce {
    /// What a refusal for DMARC says in the words of RFC 8601: it failed, and the policy was applied.
    pub(super) fn dmarc_verdict(&self, reading: &Reading) -> Option<Dmarc> {
        let surely = |r: &Recipient| r.client.is_none() && r.decoded.row().is_none_or(|row| !row.usual);
        let told = |r: &Recipient| r.decoded.rule() == Some("dmarc-rejected-by-policy");
        let refused = |r: &&Recipient| r.action == Action::Failed && told(r) && surely(r);
        let reply = self.recipients.iter().find(refused)?.reply.as_ref()?;
        Some(Dmarc {
            result: "fail".into(),
            domain: reading.from.domain().map(str::to_owned),
            disposition: Some("reject".into()),
            policy: None,
            span: reply.span,
            domain_span: None,
        })
    }
}

/// An address with its domain in lower-case A-labels.
fn plain(address: &str) -> String {
    let split = address.rsplit_once('@').and_then(|(local, domain)| Some((local, name::domain(domain)?)));
    split.map_or_else(|| address.to_owned(), |(local, domain)| format!("{local}@{domain}"))
}

impl Recipient {
    fn blank(span: Span) -> Recipient {
        Recipient {
            address: None,
            forwarded: None,
            action: Action::Failed,
            status: None,
            reply: None,
            words: None,
            server: None,
            client: None,
            step: None,
            withheld: false,
            suppressed: false,
            meaning: None,
            taken_by: None,
            span,
            decoded: Decoded::default(),
            category: Category::Unknown,
        }
    }

    /// What the machine-readable log of a mail system says of one attempt; not yet decoded.
    pub fn told(action: Action, server: Option<String>, status: Option<String>, reply: Option<String>) -> Recipient {
        let reply = reply.map(|r| Spanned::new(said::one_line(&r), Span::default()));
        let coded = reply.as_ref().and_then(|r| said::enhanced(&r.value));
        Recipient { action, server, status: status.or(coded), reply, ..Recipient::blank(Span::default()) }
    }

    /// `553 example.com does not exist` is about the sender where that is the sender's domain.
    fn blame(&mut self, sender: Option<&str>) {
        let (Some(domain), Some(text), Category::Unknown) = (sender, self.text(), self.category) else { return };
        let words = format!("{domain} does not exist").to_ascii_lowercase();
        if text.to_ascii_lowercase().contains(&words) {
            self.decoded = decode("553 sender domain does not exist");
            self.category = self.decoded.category();
        }
    }

    /// Host, codes and words together.
    pub fn decode(&mut self) {
        if self.withheld {
            // No receiver's words: what they mean to the platform is all that counts.
            let own = if self.suppressed { Some(SUPPRESSED) } else { self.meaning };
            self.decoded = own.map(decode).unwrap_or_default();
            self.category = self.decoded.category();
            return;
        }
        let text = self.text().unwrap_or_default();
        let coded = said::enhanced(text).is_some();
        let status = self.status.as_deref().filter(|_| !coded).unwrap_or_default();
        let host = self.server.as_deref().unwrap_or_default();
        let said = format!("{host} {status} {text}");
        self.decoded = decode(&said);
        if self.decoded.category() == Category::Unknown
            && let Some(status) = &self.status
        {
            self.decoded = decode(status);
        }
        if self.decoded.category() == Category::Unknown
            && let Some(meaning) = self.meaning
        {
            self.decoded = decode(meaning);
        }
        // An address that Exchange made of an internal one says more than that nobody is found there.
        if self.decoded.category() == Category::Recipient
            && let Some((local, _)) = self.address.as_ref().and_then(|address| address.value.split_once('@'))
            && local.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("imceaex-"))
        {
            self.decoded = decode(&format!("{said} {local}"));
        }
        self.category = self.decoded.category();
    }
}
