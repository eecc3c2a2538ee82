//! Looking into folders, and reading a message.

use super::talk::{LINES, Talk, quoted};
use crate::evidence::Input;
use crate::fetch::folder::{Listed, Mark, choose, others};
use crate::fetch::{Event, Fault, Folder, MARKER, Sought, Text};
use async_imap::imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response, ResponseCode, Status};
use std::sync::Arc;
use tokio::time::Instant;

/// Bytes of a list of folders.
const LIST: usize = 1 << 20;

/// Messages at the end of a folder that are looked at one by one; older ones are searched for.
const RECENT: u32 = 100;

/// Bytes of the fields of those.
const FIELDS: usize = 1 << 20;

/// Bytes of a header.
const HEADER: usize = 2 << 20;

/// How many commands' time reading a message may take.
const SLOW: u32 = 4;

/// How far a folder has been looked into.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    /// A change of it makes all that was known void (RFC 3501 §2.3.1.1).
    validity: Option<u32>,
    /// The first UID not looked at; 0 before the first look.
    next: u32,
}

/// A message that fits.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    uid: u32,
    size: usize,
    /// When the server took it in.
    pub received: Option<jiff::Timestamp>,
}

/// What a look found.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub hits: Vec<Hit>,
    /// New messages that do not fit.
    pub others: usize,
}

/// A folder as EXAMINE shows it.
#[derive(Debug, Default)]
struct Examined {
    exists: u32,
    validity: Option<u32>,
    next: Option<u32>,
}

impl Talk {
    /// The folders to look into, as an event.
    pub async fn folders(&mut self, named: &[String]) -> Result<(Vec<Folder>, Event), Fault> {
        let mut listed = self.list("LIST \"\" \"*\"").await?;
        // Some mark folders only where they are asked to (RFC 6154 §5.2).
        if self.can("SPECIAL-USE") && !listed.iter().any(|l| l.marked.is_some()) {
            let marked = self.list("LIST (SPECIAL-USE) \"\" \"*\"").await.unwrap_or_default();
            for folder in &mut listed {
                folder.marked = marked.iter().find(|m| m.wire == folder.wire).and_then(|m| m.marked);
            }
        }
        let (folders, missing) = choose(&listed, named);
        let others = others(&listed, &folders);
        Ok((folders.clone(), Event::Open { folders, missing, others }))
    }

    async fn list(&mut self, command: &str) -> Result<Vec<Listed>, Fault> {
        let mut all = Vec::new();
        let on = |response: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::List(folder)) = response {
                all.push(Listed {
                    wire: folder.name.to_string(),
                    delimiter: folder.delimiter.as_deref().map(str::to_owned),
                    marked: folder.name_attributes.iter().find_map(mark),
                    no_select: folder.name_attributes.iter().any(closed),
                });
            }
        };
        self.command(command, LIST, on).await?.or_refused()?;
        Ok(all)
    }

    /// Opens a folder for reading only.
    async fn examine(&mut self, folder: &Folder) -> Result<Examined, Fault> {
        let mut seen = Examined::default();
        let on = |response: &Response<'_>| match response {
            Response::MailboxData(MailboxDatum::Exists(n)) => seen.exists = *n,
            Response::Data { status: Status::Ok, outcome } => match outcome.code {
                Some(ResponseCode::UidValidity(n)) => seen.validity = Some(n),
                Some(ResponseCode::UidNext(n)) => seen.next = Some(n),
                _ => {}
            },
            _ => {}
        };
        self.command(&format!("EXAMINE {}", quoted(&folder.wire)), LINES, on).await?.or_refused()?;
        Ok(seen)
    }

    /// Looks at what has come since the last look; at the first, at the end of the folder and, by the server's own
    /// search, at the rest.
    pub async fn look(&mut self, folder: &Folder, sought: &Sought, looked: &mut Looked) -> Result<Look, Fault> {
        let seen = self.examine(folder).await?;
        if looked.next > 0 && looked.validity != seen.validity {
            *looked = Looked::default();
        }
        looked.validity = seen.validity;
        let first = looked.next == 0;
        if seen.exists == 0 || (!first && seen.next == Some(looked.next)) {
            looked.next = looked.next.max(seen.next.unwrap_or(1)).max(1);
            return Ok(Look::default());
        }
        let from = seen.exists.saturating_sub(RECENT) + 1;
        let which = match (first, sought) {
            (true, Sought::Newest) => format!("FETCH {}", seen.exists),
            (true, _) => format!("FETCH {from}:*"),
            (false, _) => format!("UID FETCH {}:*", looked.next),
        };
        let items = format!("(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Message-ID {MARKER})])");
        let (mut look, mut next) = (Look::default(), looked.next);
        let on = |response: &Response<'_>| {
            let Some((hit, header)) = summary(response) else { return };
            // `n:*` holds the last message even where its UID is lower (RFC 3501 §6.4.8).
            if hit.uid < looked.next {
                return;
            }
            next = next.max(hit.uid.saturating_add(1));
            if sought.fits(header) {
                look.hits.push(hit);
            } else {
                look.others += 1;
            }
        };
        self.command(&format!("{which} {items}"), FIELDS, on).await?.or_refused()?;
        if first {
            // Old mail is nobody's news.
            look.others = 0;
            if look.hits.is_empty() && from > 1 {
                look.hits = self.search(sought).await?;
            }
        }
        looked.next = next.max(seen.next.unwrap_or(1));
        Ok(look)
    }

    /// The server's own search. That one cannot do it is no failure: most new messages are found without.
    async fn search(&mut self, sought: &Sought) -> Result<Vec<Hit>, Fault> {
        let value = match sought {
            Sought::Marker(value) | Sought::MessageId(value) => value,
            Sought::Newest => return Ok(Vec::new()),
        };
        let mut uids = Vec::<u32>::new();
        let on = |response: &Response<'_>| {
            if let Response::MailboxData(MailboxDatum::Search(found)) = response {
                uids.extend(found.iter().take(8));
            }
        };
        let command = format!("UID SEARCH HEADER {} {}", sought.field(), quoted(value));
        if !self.command(&command, FIELDS, on).await?.ok {
            return Ok(Vec::new());
        }
        let mut hits = Vec::new();
        for uid in uids.into_iter().take(8) {
            let items = format!("(UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Message-ID {MARKER})])");
            let on = |response: &Response<'_>| {
                hits.extend(summary(response).filter(|(_, header)| sought.fits(header)).map(|(hit, _)| hit));
            };
            self.command(&format!("UID FETCH {uid} {items}"), LINES, on).await?.or_refused()?;
        }
        Ok(hits)
    }

    /// Reads a message, or its header where that is enough or all that fits; `None` where it is gone.
    pub async fn message(&mut self, folder: &Folder, hit: &Hit, header_only: bool) -> Result<Option<Text>, Fault> {
        self.examine(folder).await?;
        let whole = !header_only && hit.size <= Input::LIMIT;
        let (section, room) = if whole { ("", hit.size + LINES) } else { ("HEADER", HEADER) };
        let mut message: Option<Arc<[u8]>> = None;
        let on = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response
                && uid(attributes) == Some(hit.uid)
            {
                message = message.take().or_else(|| body(attributes).map(Arc::from));
            }
        };
        let command = format!("UID FETCH {} (UID BODY.PEEK[{section}])", hit.uid);
        let until = Instant::now() + self.patience() * SLOW;
        self.command_until(&command, room, until, on).await?.or_refused()?;
        Ok(message.filter(|m| !m.is_empty()).map(|message| (message, whole)))
    }
}

/// Does it tell of a change in the folder?
pub(super) fn is_news(response: &Response<'_>) -> bool {
    matches!(response, Response::MailboxData(MailboxDatum::Exists(_) | MailboxDatum::Recent(_)))
}

fn mark(attribute: &NameAttribute<'_>) -> Option<Mark> {
    match attribute {
        NameAttribute::Junk => Some(Mark::Junk),
        NameAttribute::All => Some(Mark::All),
        // Gmail's and Fastmail's older word.
        NameAttribute::Extension(word) if word.eq_ignore_ascii_case("\\Spam") => Some(Mark::Junk),
        NameAttribute::Extension(word) if word.eq_ignore_ascii_case("\\AllMail") => Some(Mark::All),
        _ => None,
    }
}

fn closed(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(word) => word.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    }
}

/// Number, size and time of a message, and the fields that were asked for.
fn summary<'r>(response: &'r Response<'_>) -> Option<(Hit, &'r [u8])> {
    let Response::Fetch(_, attributes) = response else { return None };
    let size = attributes.iter().find_map(|a| match a {
        AttributeValue::Rfc822Size(n) => usize::try_from(*n).ok(),
        _ => None,
    });
    let received = attributes.iter().find_map(|a| match a {
        AttributeValue::InternalDate(text) => time(text),
        _ => None,
    });
    Some((Hit { uid: uid(attributes)?, size: size?, received }, body(attributes).unwrap_or_default()))
}

fn uid(attributes: &[AttributeValue<'_>]) -> Option<u32> {
    attributes.iter().find_map(|a| match a {
        AttributeValue::Uid(n) => Some(*n),
        _ => None,
    })
}

fn body<'r>(attributes: &'r [AttributeValue<'_>]) -> Option<&'r [u8]> {
    attributes.iter().find_map(|a| match a {
        AttributeValue::BodySection { data: Some(data), .. } => Some(data.as_ref()),
        _ => None,
    })
}

/// `17-Jul-1996 02:44:25 -0700`, its day with a blank before it if need be (RFC 3501 §9, `date-time`).
fn time(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_server() {
        let second = |text: &str| time(text).map(|t| t.to_string());
        assert_eq!(second("17-Jul-1996 02:44:25 -0700").as_deref(), Some("1996-07-17T09:44:25Z"));
        assert_eq!(second(" 1-Jun-2026 12:00:00 +0000").as_deref(), Some("2026-06-01T12:00:00Z"));
        assert_eq!(second("yesterday"), None);
    }

    #[test]
    fn a_message_is_summed_up() {
        let line = b"* 7 FETCH (UID 42 INTERNALDATE \" 1-Jun-2026 12:00:00 +0000\" RFC822.SIZE 99 BODY[HEADER.FIELDS (Message-ID X-Postdoc-Test)] {17}\r\nMessage-ID: <a@b>)\r\n";
        let (_, response) = Response::parse(line).unwrap();
        let (hit, header) = summary(&response).unwrap();
        assert_eq!((hit.uid, hit.size, hit.received.is_some(), header), (42, 99, true, &b"Message-ID: <a@b>"[..]));
    }
}
