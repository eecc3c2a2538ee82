//! A mailbox over IMAP: connect, log in, look, wait, connect again. Read-only: EXAMINE and BODY.PEEK leave no trace.

mod dial;
mod folders;
mod login;
mod meter;
mod talk;

pub(super) use dial::Dial;

use super::secret::{Credentials, Proof};
use crate::evidence::said::FolderRole;
use crate::fetch::account::Server;
use crate::fetch::{Event, Fault, Find, Folder, Reason, Sought};
use crate::knowledge::mailbox::Provider;
use folders::{Hit, Looked};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use talk::{LINES, Step, Talk, silent};
use tokio::time::{Instant, sleep, timeout};

/// How often folders are looked into that the server does not tell of, in paces.
const ROUND: u32 = 5;

/// Pauses between looks where the server tells of nothing grow up to so many paces.
const LONGEST: u32 = 8;

/// Pauses before connecting again grow up to so many paces.
const PAUSE: u32 = 16;

/// Connections tried before the first login has come about.
const TRIES: u32 = 3;

/// One mailbox that is waited in.
pub(super) struct Seeker<'a> {
    pub dial: &'a Dial,
    pub server: &'a Server,
    pub provider: Option<&'static Provider>,
    pub who: Option<&'a Credentials>,
    /// Folders the user named.
    pub named: &'a [String],
    pub sought: &'a Sought,
    pub header_only: bool,
    pub pace: Duration,
}

/// What is kept from one connection to the next.
#[derive(Default)]
struct Memory {
    /// How far each folder has been looked into.
    looked: BTreeMap<String, Looked>,
    /// Folders that cannot be opened.
    closed: BTreeSet<String>,
    /// The mailbox has been open once.
    opened: bool,
    /// With a token that was had again, and whether that was since the mailbox was last open.
    fresh: Option<Credentials>,
    renewed: bool,
}

impl Seeker<'_> {
    /// Looks until the message is there. Ends early only by a failure that no waiting cures.
    pub async fn seek(&self, tell: &impl Fn(Event)) -> Result<Find, Fault> {
        let mut memory = Memory::default();
        let mut failures = 0;
        loop {
            let opened = std::mem::take(&mut memory.opened);
            let fault = match self.connected(&mut memory, tell).await {
                Ok(find) => return Ok(find),
                Err(fault) => fault,
            };
            // Only failures in a row count.
            failures = if memory.opened { 1 } else { failures + 1 };
            memory.opened |= opened;
            if fault.reason == Reason::Token && !memory.renewed && self.renew(&mut memory).await? {
                tell(Event::Renewed);
                continue;
            }
            let patient = memory.opened || matches!(fault.reason, Reason::Unavailable | Reason::TooMany);
            let again = fault.reason.passes() && (patient || (failures < TRIES && fault.reason != Reason::Connect));
            if !again {
                return Err(fault);
            }
            let pause = self.pace * (1 << (failures - 1).min(8)).min(PAUSE);
            tell(Event::Lost { fault, again: pause });
            sleep(pause).await;
        }
    }

    /// Gets a fresh token, where there is a place to get one: it has run out, or the one at hand was an old one.
    async fn renew(&self, memory: &mut Memory) -> Result<bool, Fault> {
        let Some(who) = memory.fresh.as_ref().or(self.who) else { return Ok(false) };
        let Some(fresh) = who.renewed().await else { return Ok(false) };
        memory.fresh = Some(fresh.map_err(|why| Fault::new(Reason::Secret, why.to_string()))?);
        memory.renewed = true;
        Ok(true)
    }

    /// One connection, from its beginning to its end.
    async fn connected(&self, memory: &mut Memory, tell: &impl Fn(Event)) -> Result<Find, Fault> {
        let mut talk = self.open(memory.fresh.as_ref().or(self.who), tell).await?;
        let (folders, open) = talk.folders(self.named).await.map_err(|fault| self.let_in(fault))?;
        memory.opened = true;
        memory.renewed = false;
        tell(open);
        let found = self.wait(&mut talk, &folders, memory, tell).await;
        if found.is_ok() {
            // Manners; what comes back changes nothing.
            let _ = timeout(self.pace, talk.command("LOGOUT", LINES, |_| {})).await;
        }
        found
    }

    /// Connects, secures and logs in.
    async fn open(&self, who: Option<&Credentials>, tell: &impl Fn(Event)) -> Result<Talk, Fault> {
        let (mut talk, tls, known) = self.dial.connect(self.server).await?;
        tell(Event::Connected { tls });
        match (known, who) {
            (true, _) => {}
            (false, Some(who)) => {
                let done = login::log_in(&mut talk, who, self.provider, self.dial.patience()).await;
                done.map_err(Fault::at_login)?;
            }
            (false, None) => return Err(Fault::new(Reason::Secret, "no user is named, and the server asks for one")),
        }
        talk.learn().await.map_err(|fault| self.let_in(fault))?;
        Ok(talk)
    }

    /// Exchange lets everybody in, and refuses the first command where IMAP is off.
    fn let_in(&self, fault: Fault) -> Fault {
        let token = self.who.is_some_and(|who| who.proof == Proof::Token);
        match Fault::of_login(&fault.said, token, self.provider) {
            off if fault.reason == Reason::Refused && off.reason == Reason::ImapOff => off,
            _ => fault,
        }
    }

    async fn wait(
        &self,
        talk: &mut Talk,
        folders: &[Folder],
        memory: &mut Memory,
        tell: &impl Fn(Event),
    ) -> Result<Find, Fault> {
        let pushed = talk.can("IDLE");
        let (mut quiet, mut told) = (1, false);
        loop {
            // A connection that breaks before the message is read leaves it to be found again.
            let before = memory.looked.clone();
            match self.sweep(talk, folders, memory, tell).await {
                Ok((Some(find), _)) => return Ok(find),
                Ok((None, true)) => quiet = 1,
                Ok((None, false)) => {}
                Err(fault) => {
                    memory.looked = before;
                    return Err(fault);
                }
            }
            if !told {
                tell(Event::Waiting { pushed });
                told = true;
            }
            if pushed {
                // Only one folder can be waited in.
                self.idle(talk, if folders.len() > 1 { ROUND } else { 6 * ROUND }).await?;
            } else {
                sleep(self.pace * quiet).await;
                quiet = (quiet + 1).min(LONGEST);
            }
        }
    }

    /// Looks into every folder once; says too whether anything else is new.
    async fn sweep(
        &self,
        talk: &mut Talk,
        folders: &[Folder],
        memory: &mut Memory,
        tell: &impl Fn(Event),
    ) -> Result<(Option<Find>, bool), Fault> {
        let (mut hits, mut busy) = (Vec::new(), false);
        for folder in folders {
            let looked = memory.looked.entry(folder.wire.clone()).or_default();
            let look = match talk.look(folder, self.sought, looked).await {
                // A folder that cannot be opened is said once, and left; INBOX is what it is all about.
                Err(fault) if fault.reason == Reason::Refused && folder.role != FolderRole::Inbox => {
                    if memory.closed.insert(folder.wire.clone()) {
                        tell(Event::Closed { folder: folder.name.clone(), said: fault.said });
                    }
                    continue;
                }
                look => look?,
            };
            if look.others > 0 {
                tell(Event::Others { folder: folder.name.clone(), count: look.others });
                busy = true;
            }
            hits.extend(look.hits.into_iter().map(|hit| (folder, hit)));
        }
        Ok((self.pick(talk, hits).await?, busy))
    }

    /// Reads the message that counts, and says where else it is.
    async fn pick(&self, talk: &mut Talk, mut hits: Vec<(&Folder, Hit)>) -> Result<Option<Find>, Fault> {
        if *self.sought == Sought::Newest {
            let newest = hits.iter().filter(|(f, _)| !f.all).map(|(_, hit)| hit.received).max();
            hits.retain(|(f, hit)| !f.all && Some(hit.received) == newest);
            hits.truncate(1);
        }
        // Those of a view of everything count only where there is nothing else.
        if hits.iter().any(|(f, _)| !f.all) {
            hits.retain(|(f, _)| !f.all);
        }
        while !hits.is_empty() {
            let (folder, hit) = hits.remove(0);
            // Gone in the meantime, where there is none.
            let Some((message, whole)) = talk.message(folder, &hit, self.header_only).await? else { continue };
            let also = hits.into_iter().map(|(f, _)| f.clone()).collect();
            return Ok(Some(Find { folder: folder.clone(), also, received: hit.received, message, whole }));
        }
        Ok(None)
    }

    /// Waits in INBOX until the server tells of something, for so many paces at most (RFC 2177).
    async fn idle(&self, talk: &mut Talk, paces: u32) -> Result<(), Fault> {
        talk.command("EXAMINE INBOX", LINES, |_| {}).await?.or_refused()?;
        let until = Instant::now() + self.pace * paces;
        let mut warnings = Vec::new();
        let tag =
            timeout(self.dial.patience(), talk.begin("IDLE", LINES)).await.map_err(|_| silent("IDLE not taken"))??;
        // News that come before the server has said that it waits are news too.
        let (mut news, mut waits) = (false, false);
        while !(news && waits) {
            let mut heard = false;
            let mut on = |response: &async_imap::imap_proto::Response<'_>| heard |= folders::is_news(response);
            let limit = if waits { until } else { Instant::now() + self.dial.patience() };
            match tokio::time::timeout_at(limit, talk.next(&tag, &mut warnings, &mut on)).await {
                Ok(Ok(Step::Continue(_))) => waits = true,
                Ok(Ok(Step::Untagged)) => {}
                // Not taken after all: waiting without being told.
                Ok(Ok(Step::Done(_))) => {
                    sleep(self.pace * paces).await;
                    return Ok(());
                }
                Ok(Err(fault)) => return Err(fault),
                Err(_) if waits => break,
                Err(_) => return Err(silent("IDLE not taken")),
            }
            news |= heard;
        }
        let end = async {
            talk.send(&["DONE"]).await?;
            talk.finish(&tag, |_| {}).await
        };
        timeout(self.dial.patience(), end).await.map_err(|_| silent("IDLE not ended"))?.map(drop)
    }
}
