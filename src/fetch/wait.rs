//! How a fetch stands: one state for every face, told what happens in each mailbox.

use super::account::{Account, Place};
use super::fault::Fault;
use super::folder::Folder;
use super::sought::Sought;
use crate::evidence::Evidence;
use crate::evidence::said::FolderRole;
use crate::triage::State;
use std::sync::Arc;
use std::time::Duration;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Order {
    pub sought: Sought,
    /// Only the header of the message is read.
    pub header_only: bool,
    pub timeout: Duration,
}

/// A fetch under way, or over.
#[derive(Clone, Debug)]
pub struct Wait {
    pub order: Order,
    pub began: jiff::Timestamp,
    pub boxes: Vec<Mailbox>,
    pub end: Option<End>,
    /// Since the beginning, as of the last thing heard.
    pub elapsed: Duration,
    news: Vec<News>,
}

/// One mailbox of it.
#[derive(Clone, Debug)]
pub struct Mailbox {
    pub account: Account,
    pub stage: Stage,
    pub log: Vec<Entry>,
    /// What is looked into, once known.
    pub folders: Vec<Folder>,
    /// Names of folders that are not.
    pub others: Vec<String>,
    pub find: Option<Find>,
    /// When it was found, since the beginning.
    pub took: Option<Duration>,
    pub opinion: Option<Opinion>,
    /// What the diagnosis rests on, answers included.
    pub evidence: Option<Arc<Evidence>>,
    /// It has been logged into at least once.
    pub open: bool,
}

/// A line of a mailbox's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the beginning.
    pub at: Duration,
    pub text: String,
}

/// Lines of a log that are kept: a mailbox may be busy.
const LOG: usize = 50;

/// Where a mailbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    Connecting,
    LoggingIn,
    Looking,
    /// Nothing there yet; told of news by the server where `pushed`.
    Waiting {
        pushed: bool,
    },
    /// Tried again after a pause.
    Lost(Fault),
    Found,
    Failed(Fault),
    /// Never found in the time there was.
    Never,
    Stopped,
}

impl Stage {
    /// For scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Stage::Connecting => "connecting",
            Stage::LoggingIn => "logging-in",
            Stage::Looking => "looking",
            Stage::Waiting { .. } => "waiting",
            Stage::Lost(_) => "lost",
            Stage::Found => "found",
            Stage::Failed(_) => "failed",
            Stage::Never => "never",
            Stage::Stopped => "stopped",
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self, Stage::Found | Stage::Failed(_) | Stage::Never | Stage::Stopped)
    }
}

/// A message that was found.
#[derive(Clone, Debug)]
pub struct Find {
    pub folder: Folder,
    /// Other folders that hold it too, or the same folder again; views of everything left out.
    pub also: Vec<Folder>,
    /// When the server took it in.
    pub received: Option<jiff::Timestamp>,
    pub message: Arc<[u8]>,
    /// All of it is there, not only its header.
    pub whole: bool,
}

/// The bytes of a message, and whether they are all of it or only its header.
pub type Text = (Arc<[u8]>, bool);

/// Where a message landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing<'a> {
    Inbox,
    Junk(&'a str),
    Elsewhere(&'a str),
    /// More than once.
    Twice(Vec<&'a str>),
}

impl Find {
    pub fn landing(&self) -> Landing<'_> {
        if !self.also.is_empty() {
            let all = std::iter::once(&self.folder).chain(&self.also);
            return Landing::Twice(all.map(|f| f.name.as_str()).collect());
        }
        match self.folder.role {
            FolderRole::Inbox => Landing::Inbox,
            FolderRole::Junk => Landing::Junk(&self.folder.name),
            FolderRole::Other => Landing::Elsewhere(&self.folder.name),
        }
    }

    /// `INBOX`, `[Gmail]/Spam (junk)`, `twice: INBOX, Junk (junk)`
    pub fn words(&self) -> String {
        let one = |f: &Folder| match f.role {
            FolderRole::Junk => format!("{} (junk)", f.name),
            _ => f.name.clone(),
        };
        let all: Vec<String> = std::iter::once(&self.folder).chain(&self.also).map(one).collect();
        match all.len() {
            1 => all.concat(),
            2 => format!("twice: {}", all.join(", ")),
            n => format!("{n} times: {}", all.join(", ")),
        }
    }

    /// Is a copy of it among the junk?
    pub fn in_junk(&self) -> bool {
        std::iter::once(&self.folder).chain(&self.also).any(|f| f.role == FolderRole::Junk)
    }
}

/// What the diagnosis of a found message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    pub state: State,
    pub headline: String,
    pub cause: Option<&'static str>,
    /// Id of the saved case.
    pub case: Option<String>,
}

/// Something that happened in a mailbox.
#[derive(Clone, Debug)]
pub enum Event {
    /// `TLSv1.3`, or nothing.
    Connected {
        tls: Option<String>,
    },
    /// Folders to look into, names that nothing has, and the other folders there are.
    Open {
        folders: Vec<Folder>,
        missing: Vec<String>,
        others: Vec<String>,
    },
    /// The token was refused, and a fresh one is at hand.
    Renewed,
    Looking,
    Waiting {
        pushed: bool,
    },
    /// New messages that are not the one.
    Others {
        folder: String,
        count: usize,
    },
    /// A folder that the server does not open.
    Closed {
        folder: String,
        said: String,
    },
    /// Gone, and tried again after a pause.
    Lost {
        fault: Fault,
        again: Duration,
    },
    Found(Find),
    Failed(Fault),
    Never,
    Judged {
        opinion: Opinion,
        evidence: Arc<Evidence>,
    },
}

/// An event of a mailbox, with its time.
#[derive(Clone, Debug)]
pub struct News {
    /// Which mailbox.
    pub n: usize,
    /// Since the beginning.
    pub at: Duration,
    pub event: Event,
}

/// How a fetch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In every mailbox.
    Found,
    /// Some mailbox did not get it in time.
    TimedOut,
    /// Some mailbox could not be read; none ran out of time.
    Failed,
    Stopped,
}

impl End {
    /// For scripts.
    pub fn word(self) -> &'static str {
        match self {
            End::Found => "found",
            End::TimedOut => "timeout",
            End::Failed => "failed",
            End::Stopped => "interrupted",
        }
    }
}

impl Wait {
    pub fn new(order: Order, accounts: Vec<Account>, began: jiff::Timestamp) -> Wait {
        let fresh = |account| Mailbox {
            account,
            stage: Stage::Connecting,
            log: Vec::new(),
            folders: Vec::new(),
            others: Vec::new(),
            find: None,
            took: None,
            opinion: None,
            evidence: None,
            open: false,
        };
        let boxes = accounts.into_iter().map(fresh).collect();
        Wait { order, began, boxes, end: None, elapsed: Duration::ZERO, news: Vec::new() }
    }

    /// Takes in what happened in a mailbox.
    pub fn hear(&mut self, n: usize, at: Duration, event: Event) {
        self.elapsed = self.elapsed.max(at);
        let sought = &self.order.sought;
        let Some(mailbox) = self.boxes.get_mut(n) else { return };
        mailbox.hear(at, &event, sought);
        self.news.push(News { n, at, event });
        if self.boxes.iter().all(|b| b.stage.is_over()) {
            self.end.get_or_insert(ending(&self.boxes));
        }
    }

    /// The user has had enough.
    pub fn stop(&mut self, at: Duration) {
        self.elapsed = self.elapsed.max(at);
        for mailbox in self.boxes.iter_mut().filter(|b| !b.stage.is_over()) {
            mailbox.stage = Stage::Stopped;
        }
        self.end = Some(End::Stopped);
    }

    /// What has happened since it was last taken.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// What is left of the time.
    pub fn left(&self, now: Duration) -> Duration {
        self.order.timeout.saturating_sub(now)
    }

    /// The time of the clock, so long after the beginning.
    pub fn at(&self, since: Duration) -> jiff::Timestamp {
        let span = jiff::SignedDuration::try_from(since).unwrap_or_default();
        self.began.checked_add(span).unwrap_or(self.began)
    }

    /// Mailboxes in which it was found.
    pub fn found(&self) -> usize {
        self.boxes.iter().filter(|b| b.find.is_some()).count()
    }
}

fn ending(boxes: &[Mailbox]) -> End {
    let any = |what: fn(&Stage) -> bool| boxes.iter().any(|b| what(&b.stage));
    match () {
        () if any(|s| *s == Stage::Stopped) => End::Stopped,
        () if any(|s| *s == Stage::Never) => End::TimedOut,
        () if any(|s| matches!(s, Stage::Failed(_))) => End::Failed,
        () => End::Found,
    }
}

impl Mailbox {
    fn hear(&mut self, at: Duration, event: &Event, sought: &Sought) {
        if let Some(text) = words(&self.account, event, sought) {
            self.log.push(Entry { at, text });
            let surplus = self.log.len().saturating_sub(LOG);
            self.log.drain(..surplus);
        }
        match event {
            Event::Connected { .. } => self.stage = Stage::LoggingIn,
            Event::Open { folders, others, .. } => {
                self.folders.clone_from(folders);
                self.others.clone_from(others);
                self.open = true;
                self.stage = Stage::Looking;
            }
            Event::Looking => self.stage = Stage::Looking,
            Event::Waiting { pushed } => self.stage = Stage::Waiting { pushed: *pushed },
            Event::Renewed | Event::Others { .. } | Event::Closed { .. } => {}
            Event::Lost { fault, .. } => self.stage = Stage::Lost(fault.clone()),
            Event::Found(find) => {
                self.find = Some(find.clone());
                self.took = Some(at);
                self.stage = Stage::Found;
            }
            Event::Failed(fault) => self.stage = Stage::Failed(fault.clone()),
            Event::Never => self.stage = Stage::Never,
            Event::Judged { opinion, evidence } => {
                self.opinion = Some(opinion.clone());
                self.evidence = Some(evidence.clone());
            }
        }
    }

    /// What it suffers from.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.stage {
            Stage::Lost(fault) | Stage::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// How it stands, in a few words.
    pub fn words(&self) -> String {
        match &self.stage {
            Stage::Connecting => "connecting".into(),
            Stage::LoggingIn => "logging in".into(),
            Stage::Looking => "looking".into(),
            Stage::Waiting { pushed: true } => "waiting, the server tells of new mail".into(),
            Stage::Waiting { pushed: false } => "waiting, looking again and again".into(),
            Stage::Lost(fault) => format!("{}; trying again", fault.title(&self.account)),
            Stage::Found => self.find.as_ref().map_or_else(String::new, Find::words),
            Stage::Failed(fault) => fault.title(&self.account),
            Stage::Never => "never found".into(),
            Stage::Stopped => "stopped".into(),
        }
    }
}

/// An event as a line of a log; `None` where it is no news.
pub fn words(account: &Account, event: &Event, sought: &Sought) -> Option<String> {
    let disk = !matches!(account.place, Place::Imap(_));
    Some(match event {
        Event::Connected { .. } if disk => return None,
        Event::Connected { tls: Some(version) } => format!("connected, {version}"),
        Event::Connected { tls: None } => "connected, without TLS".into(),
        Event::Open { folders, missing, .. } => {
            let names: Vec<&str> = folders.iter().map(|f| f.name.as_str()).collect();
            let mut text = format!("read-only; looking in {}", names.join(", "));
            if !missing.is_empty() {
                text += &format!("; there is no {}", missing.join(", "));
            }
            text
        }
        Event::Renewed => "the token is not taken any more: logging in with a fresh one".into(),
        Event::Looking | Event::Judged { .. } => return None,
        Event::Waiting { pushed: true } => "waiting; the server tells of new mail (IDLE)".into(),
        Event::Waiting { pushed: false } if disk => return None,
        Event::Waiting { pushed: false } => "waiting; the server does not tell of new mail, so it is asked".into(),
        Event::Others { folder, count: 1 } => format!("1 new message in {folder}: not the one"),
        Event::Others { folder, count } => format!("{count} new messages in {folder}: not the one"),
        Event::Closed { folder, said } => format!("{folder} cannot be opened: {said}"),
        Event::Lost { fault, again } => {
            format!("{} ({}); again in {} s", fault.title(account), fault.said, again.as_secs().max(1))
        }
        Event::Found(find) => format!("found in {}", find.words()),
        Event::Failed(fault) => format!("{}: {}", fault.title(account), fault.said),
        Event::Never => format!("never found: {}", sought.words()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Reason;
    use crate::fetch::account::Server;

    fn wait(names: &[&str]) -> Wait {
        let order = Order {
            sought: Sought::marker("7F3A-91C2").unwrap(),
            header_only: false,
            timeout: Duration::from_secs(300),
        };
        let account = |name: &&str| Account::new(Place::Imap(Server::read(name).unwrap()));
        Wait::new(order, names.iter().map(account).collect(), jiff::Timestamp::UNIX_EPOCH)
    }

    fn find(role: FolderRole, also: usize) -> Event {
        let folder = Folder { wire: "X".into(), name: role.word().into(), role, all: false };
        Event::Found(Find {
            also: vec![folder.clone(); also],
            folder,
            received: None,
            message: Arc::from(&b""[..]),
            whole: true,
        })
    }

    fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn it_ends_when_every_mailbox_has_come_to_an_end() {
        let mut wait = wait(&["a@gmail.com", "b@yahoo.com"]);
        wait.hear(0, second(2), find(FolderRole::Junk, 0));
        assert_eq!((wait.end, wait.found(), wait.boxes[0].took), (None, 1, Some(second(2))));
        wait.hear(1, second(300), Event::Never);
        assert_eq!(wait.end, Some(End::TimedOut));
        assert_eq!(wait.take_news().len(), 2);
        assert!(wait.take_news().is_empty());
        // What is thought of it comes later.
        let opinion = Opinion { state: State::Warn, headline: "x".into(), cause: None, case: None };
        let input = crate::evidence::Input::verbatim(*b"x", crate::evidence::InputKind::Headers);
        let evidence = Arc::new(Evidence::new(input, Default::default(), jiff::Timestamp::UNIX_EPOCH, true));
        wait.hear(0, second(301), Event::Judged { opinion, evidence });
        assert_eq!((wait.end, wait.boxes[0].stage.word()), (Some(End::TimedOut), "found"));
    }

    #[test]
    fn one_ending_outweighs_another() {
        let fault = Fault::new(Reason::Credentials, "no");
        for (events, want) in [
            (vec![find(FolderRole::Inbox, 0), find(FolderRole::Junk, 0)], End::Found),
            (vec![find(FolderRole::Inbox, 0), Event::Failed(fault.clone())], End::Failed),
            (vec![Event::Never, Event::Failed(fault)], End::TimedOut),
        ] {
            let mut wait = wait(&["a@gmail.com", "b@yahoo.com"]);
            for (n, event) in events.into_iter().enumerate() {
                wait.hear(n, second(1), event);
            }
            assert_eq!(wait.end, Some(want));
        }
        let mut stopped = wait(&["a@gmail.com", "b@yahoo.com"]);
        stopped.hear(0, second(1), find(FolderRole::Inbox, 0));
        stopped.stop(second(2));
        assert_eq!((stopped.end, stopped.boxes[1].stage.clone()), (Some(End::Stopped), Stage::Stopped));
        assert_eq!(stopped.boxes[0].stage, Stage::Found);
    }

    #[test]
    fn where_it_landed_is_a_value() {
        let landed = |event: Event| match event {
            Event::Found(find) => (format!("{:?}", find.landing()), find.words(), find.in_junk()),
            _ => unreachable!(),
        };
        assert_eq!(landed(find(FolderRole::Inbox, 0)), ("Inbox".into(), "inbox".into(), false));
        assert_eq!(landed(find(FolderRole::Junk, 0)), ("Junk(\"junk\")".into(), "junk (junk)".into(), true));
        assert_eq!(landed(find(FolderRole::Other, 0)).0, "Elsewhere(\"other\")");
        let twice = landed(find(FolderRole::Inbox, 1));
        assert_eq!((twice.0.as_str(), twice.1.as_str()), ("Twice([\"inbox\", \"inbox\"])", "twice: inbox, inbox"));
        assert_eq!(landed(find(FolderRole::Inbox, 2)).1, "3 times: inbox, inbox, inbox");
    }

    #[test]
    fn the_log_of_a_busy_mailbox_is_bounded() {
        let mut wait = wait(&["a@gmail.com"]);
        for n in 0..1000 {
            wait.hear(0, second(n), Event::Others { folder: "INBOX".into(), count: 1 });
        }
        assert_eq!(wait.boxes[0].log.len(), LOG);
        assert_eq!(wait.boxes[0].log.last().unwrap().at, second(999));
    }
}
