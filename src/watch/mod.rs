//! Waiting for a DNS change: whom to ask next and when, who has what, and when it is over.
//!
//! Pure: answers and the time go in, questions and news come out; [`crate::world::watch`] does the asking. A zone is
//! looked up once ([`survey`]), then every server gets one question an interval at most, and a cache none before the
//! time of its answer is over.

pub mod expect;
pub mod hint;
pub mod server;
mod survey;
mod target;
mod verdict;

pub use expect::Expect;
pub use hint::Hint;
pub use server::{Duty, Server, Standing, Who};
pub use verdict::End;

use crate::evidence::{Answer, Data, Kind, Outcome, Question};
use crate::facts::domain::unused_label;
use crate::facts::domain::zone::Zone;
use std::collections::BTreeSet;
use std::time::Duration;
use survey::Survey;

/// A server is asked again no sooner than this, whatever was said.
pub const SHORTEST: Duration = Duration::from_secs(1);

/// Where nothing is said.
pub const INTERVAL: Duration = Duration::from_secs(30);

/// See `--timeout`.
pub const TIMEOUT: Duration = Duration::from_secs(3600);

/// Resolvers watched at most.
pub const RESOLVERS: usize = 16;

/// The clocks may part by this much before it is called a jump: the machine slept, or its clock was set.
const JUMP: Duration = Duration::from_secs(10);

/// News kept for a screen.
const NEWS: usize = 100;

/// What is to be watched.
#[derive(Clone, Debug)]
pub struct Order {
    /// Lower-case A-label without a trailing dot.
    pub name: String,
    pub kind: Kind,
    pub expect: Expect,
    /// The recursive resolvers, as they are called on screens; questions name them by their place here.
    pub resolvers: Vec<String>,
    /// Name servers the user names, by host or address: where the record was edited, delegated or not.
    pub servers: Vec<String>,
    pub interval: Duration,
    pub timeout: Duration,
}

/// A point in time: on the wall, for what expires; in ticks since the start, for what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub wall: jiff::Timestamp,
    /// Of a clock that nobody sets.
    pub ticks: Duration,
}

/// A question to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Place in [`Order::resolvers`], for a question to a resolver.
    pub resolver: usize,
    pub question: Question,
    purpose: Purpose,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    Survey,
    Value(Who),
    /// The SOA, to tell who is behind.
    Serial(Who),
    /// Is it at `name.zone.zone`?
    Doubled(Who),
    /// Does any name get that answer?
    Wildcard(Who),
    /// Is there anything behind the alias?
    Target,
}

/// Something a user wants to hear, with the time.
#[derive(Clone, Debug)]
pub struct News {
    pub at: jiff::Timestamp,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// The zone and its servers are known, or have changed.
    Zone,
    /// A server's answer is there for the first time, or has changed.
    Answer(Box<Server>, Standing),
    Hint(Hint),
}

/// One watch.
#[derive(Clone, Debug)]
pub struct Watch {
    pub order: Order,
    pub began: Moment,
    pub servers: Vec<Server>,
    /// The latest, oldest first; bounded.
    pub news: Vec<News>,
    pub end: Option<End>,
    /// The last time any clock was read.
    pub last: Moment,
    survey: Survey,
    /// The name with the zone twice, where the record was found there.
    doubled: Option<String>,
    /// What any name gets; `None` where it was not asked or nothing came.
    wildcard: Option<BTreeSet<String>>,
    told: BTreeSet<Hint>,
    target: target::Target,
    /// Since when it rests, in ticks, and for how long it has rested before.
    rests: Option<Duration>,
    rested: Duration,
    /// Until when caches that nobody asked here may keep what a name server gave before it changed.
    pub elsewhere: Option<jiff::Timestamp>,
}

impl Watch {
    pub fn new(order: Order, now: Moment) -> Watch {
        let resolvers = order.resolvers.iter().take(RESOLVERS).enumerate();
        let servers = resolvers.map(|(at, name)| Server::new(Who::Resolver { at, name: name.clone() })).collect();
        Watch {
            order,
            began: now,
            servers,
            news: Vec::new(),
            end: None,
            last: now,
            survey: Survey::default(),
            doubled: None,
            wildcard: None,
            told: BTreeSet::new(),
            target: target::Target::default(),
            rests: None,
            rested: Duration::ZERO,
            elsewhere: None,
        }
    }

    /// The zone the name stands in, as far as it is known.
    pub fn zone(&self) -> Option<&Zone> {
        self.survey.zone.as_ref()
    }

    /// Who runs the name servers, where that is known.
    pub fn dns_host(&self) -> Option<&'static str> {
        let named = |s: &Server| s.who.host().and_then(crate::knowledge::host::of_name_server);
        self.servers.iter().filter(|s| s.who.is_delegated()).find_map(named).map(|h| h.name.as_str())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.last.ticks.saturating_sub(self.began.ticks)
    }

    fn question(&self) -> Question {
        Question::new(&self.order.name, self.order.kind)
    }

    /// The questions whose time has come; each is to be put, and [`Watch::heard`] told.
    pub fn due(&mut self, now: Moment) -> Vec<Ask> {
        self.tick(now);
        if self.end.is_some() || self.rests.is_some() {
            return Vec::new();
        }
        let open = self.survey.due(&self.order, now.ticks);
        let survey = |question| Ask { resolver: 0, question, purpose: Purpose::Survey };
        let mut asks: Vec<Ask> = open.into_iter().map(survey).collect();
        let target = self.target.due(now.ticks);
        asks.extend(target.map(|question| Ask { resolver: 0, question, purpose: Purpose::Target }));
        for at in 0..self.servers.len() {
            if !self.servers[at].flying && self.servers[at].next <= now.ticks {
                asks.push(self.ask(at));
            }
        }
        asks
    }

    /// One question takes a server's turn: mostly for the record, now and then for what explains the others' answers.
    fn ask(&mut self, at: usize) -> Ask {
        let purpose = self.purpose(at);
        let question = match (&purpose, self.apex()) {
            (Purpose::Serial(_), Some(apex)) => Question::new(apex, Kind::Soa),
            (Purpose::Doubled(_), Some(apex)) => Question::new(&self.doubled_name(apex), self.order.kind),
            (Purpose::Wildcard(_), _) => Question::new(&self.unused_name(), self.order.kind),
            _ => self.question(),
        };
        let server = &mut self.servers[at];
        server.flying = true;
        server.turn += 1;
        match &server.who {
            Who::Authority { ip, .. } => Ask { resolver: 0, question: question.at(*ip), purpose },
            Who::Resolver { at, .. } => Ask { resolver: *at, question, purpose },
        }
    }

    fn purpose(&self, at: usize) -> Purpose {
        let server = &self.servers[at];
        let who = server.who.clone();
        let first = self.delegated().next().is_some_and(|s| s.who == who);
        let none = |of: Standing| self.delegated().all(|s| self.standing(s) == of || !s.counts());
        match () {
            () if server.heard.is_none() || server.failures > 0 || !who.is_delegated() => Purpose::Value(who),
            () if server.serial.is_none() && self.differ() && server.turn % 2 == 1 => Purpose::Serial(who),
            () if first && server.turn % 5 == 1 && none(Standing::Missing) && self.doubled_fits() => {
                Purpose::Doubled(who)
            }
            () if first && server.turn == 1 && none(Standing::Other) => Purpose::Wildcard(who),
            () => Purpose::Value(who),
        }
    }

    fn apex(&self) -> Option<&str> {
        self.zone()?.apex.as_deref()
    }

    fn doubled_name(&self, apex: &str) -> String {
        format!("{}.{apex}", self.order.name)
    }

    fn doubled_fits(&self) -> bool {
        self.apex().is_some_and(|apex| self.doubled_name(apex).len() <= 253)
    }

    /// A name beside the one watched that nobody uses.
    fn unused_name(&self) -> String {
        let above = self.order.name.split_once('.').map_or("", |(_, above)| above);
        format!("{}.{above}", unused_label(&self.order.name))
    }

    /// When [`Watch::due`] has something to say again, in ticks.
    pub fn wake(&self) -> Duration {
        if self.rests.is_some() {
            return Duration::MAX;
        }
        let servers = self.servers.iter().filter(|s| !s.flying).map(|s| s.next);
        let others = [Some(self.deadline()), self.survey.wake(), self.target.wake()];
        servers.chain(others.into_iter().flatten()).min().unwrap_or_default()
    }

    /// Rest is not waited.
    fn deadline(&self) -> Duration {
        self.began.ticks + self.order.timeout + self.rested
    }

    /// Rests, or goes on; nobody is asked meanwhile, and the time does not count.
    pub fn rest(&mut self, now: Moment, rest: bool) {
        match (self.rests, rest) {
            (None, true) => self.rests = Some(now.ticks),
            (Some(since), false) => {
                self.rested += now.ticks.saturating_sub(since);
                self.rests = None;
            }
            _ => {}
        }
        self.tick(now);
    }

    pub fn is_resting(&self) -> bool {
        self.rests.is_some()
    }

    /// Takes an answer in.
    pub fn heard(&mut self, now: Moment, ask: &Ask, answer: Answer) {
        self.tick(now);
        if self.end.is_some() {
            return;
        }
        match &ask.purpose {
            Purpose::Survey => self.surveyed(now, ask, answer),
            Purpose::Value(who) => self.value(now, who, answer),
            Purpose::Serial(who) => {
                let serial = server::serial(&answer);
                self.back(now, who, |s| s.serial = s.serial.or(serial));
            }
            Purpose::Doubled(who) => {
                let said = server::said(&answer, self.order.kind, &ask.question.name);
                let there = !said.is_empty() && self.order.expect.fits(&said).unwrap_or(true);
                self.doubled = there.then(|| ask.question.name.to_string());
                self.back(now, who, |_| ());
            }
            Purpose::Target => self.target.heard(now, self.order.interval, &ask.question, &answer),
            Purpose::Wildcard(who) => {
                let said = server::said(&answer, self.order.kind, &ask.question.name);
                self.wildcard = Some(said).filter(|said| !said.is_empty());
                self.back(now, who, |_| ());
            }
        }
        self.follow();
        self.tell(now);
        if self.agreed() {
            self.end = Some(End::Agreed);
        }
    }

    /// Both clocks at once: where they part, the machine slept, and whatever was waited for may be over. Everybody is
    /// asked once; nothing is made up for.
    fn tick(&mut self, now: Moment) {
        let passed = now.ticks.saturating_sub(self.last.ticks);
        let on_the_wall = now.wall.duration_since(self.last.wall);
        let apart = (on_the_wall - jiff::SignedDuration::try_from(passed).unwrap_or_default()).unsigned_abs();
        if apart > JUMP {
            self.servers.iter_mut().for_each(|s| s.next = s.next.min(now.ticks));
        }
        self.last = now;
        if self.end.is_none() && self.rests.is_none() && now.ticks >= self.deadline() {
            self.end = Some(self.judged());
        }
    }

    /// The user gives up.
    pub fn stop(&mut self, now: Moment) {
        self.last = now;
        self.end = self.end.or(Some(End::Stopped));
    }

    /// The user wants to know now: name servers are asked at once. A cache would only repeat itself.
    pub fn hurry(&mut self, now: Moment) {
        for server in self.servers.iter_mut().filter(|s| s.who.host().is_some()) {
            server.next = server.next.min(now.ticks.max(server.asked + SHORTEST));
        }
    }

    /// Looks where the alias leads that is watched.
    fn follow(&mut self) {
        let leads = |s: &Server| {
            let heard = s.heard.as_ref().filter(|_| !s.who.is_outside() && self.standing(s) == Standing::Has)?;
            heard.answer.records.iter().find_map(|r| match &r.data {
                Data::Cname(target) if self.order.kind == Kind::Cname && r.name == self.order.name => {
                    Some(target.clone())
                }
                _ => None,
            })
        };
        if let Some(target) = self.servers.iter().find_map(leads) {
            self.target.leads_to(&self.order.name, &target);
        }
    }

    fn surveyed(&mut self, now: Moment, ask: &Ask, answer: Answer) {
        if !self.survey.heard(&self.order, now.ticks, &ask.question, answer) {
            return;
        }
        let found = self.survey.servers(&self.order);
        let known = |who: &Who| self.servers.iter().any(|s| s.who == *who);
        let new: Vec<Server> = found.iter().filter(|(who, _)| !known(who)).map(|(w, n)| Server::known(w, *n)).collect();
        let gone = |s: &Server| s.who.host().is_some() && !found.iter().any(|(who, _)| *who == s.who);
        let changed = !new.is_empty() || self.servers.iter().any(gone) || self.survey.is_first();
        self.servers.retain(|s| !gone(s));
        // Name servers first, the delegated ones before all.
        self.servers.extend(new);
        self.servers.sort_by(|a, b| a.who.cmp(&b.who));
        if changed {
            self.keep(now, What::Zone);
        }
    }

    fn value(&mut self, now: Moment, who: &Who, answer: Answer) {
        let order = self.order.clone();
        let Some(at) = self.servers.iter().position(|s| s.who == *who) else { return };
        let server = &mut self.servers[at];
        let before = server.shown();
        let gave = server.heard.as_ref().map(|h| (h.said.clone(), h.answer.ttl()));
        server.hear(&order, now, answer);
        server.put_back(now, order.interval);
        if let (Some((said, Some(ttl))), Some(heard)) = (gave, &server.heard)
            && server.who.is_delegated()
            && heard.said != said
        {
            let until = now.wall.checked_add(jiff::SignedDuration::from_secs(ttl.into())).ok();
            self.elsewhere = self.elsewhere.max(until);
        }
        if server.shown() != before {
            let server = server.clone();
            let standing = self.standing(&server);
            self.keep(now, What::Answer(Box::new(server), standing));
        }
    }

    /// Takes a server's turn for done.
    fn back(&mut self, now: Moment, who: &Who, change: impl Fn(&mut Server)) {
        let interval = self.order.interval;
        for server in self.servers.iter_mut().filter(|s| s.who == *who) {
            change(server);
            server.put_back(now, interval);
        }
    }

    fn tell(&mut self, now: Moment) {
        for hint in self.hints() {
            if self.told.len() < NEWS && self.told.insert(hint.clone()) {
                self.keep(now, What::Hint(hint));
            }
        }
    }

    fn keep(&mut self, now: Moment, what: What) {
        if self.news.len() >= NEWS {
            self.news.remove(0);
        }
        self.news.push(News { at: now.wall, what });
    }

    /// The news since the last call.
    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub fn delegated(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|s| s.who.is_delegated())
    }

    fn resolvers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|s| s.who.host().is_none())
    }

    /// What explains the state, most telling first.
    pub fn hints(&self) -> Vec<Hint> {
        hint::hints(self)
    }
}

/// The name as DNS has it; the error is for the user.
pub fn name(text: &str, kind: Kind) -> Result<String, String> {
    let text = text.trim();
    if let (Kind::Ptr, Ok(ip)) = (kind, text.parse()) {
        return Ok(crate::facts::reverse::reverse_question(ip).name.into());
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    let ascii =
        if bare.is_ascii() { bare.to_ascii_lowercase() } else { idna::domain_to_ascii(bare).unwrap_or_default() };
    let label =
        |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_graphic() && !b"/\\@:;\"".contains(&b));
    let sound = ascii.len() <= 253 && ascii.contains('.') && ascii.split('.').all(label);
    if sound {
        Ok(Question::new(&ascii, kind).name.into())
    } else {
        Err(format!("{text:?} is no name in DNS: expected s1._domainkey.example.com"))
    }
}

/// "There is none", said by somebody who knows.
fn is_negative(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::NoData | Outcome::NxDomain)
}

/// The presentation form in which values are compared: strings joined (RFC 7208 §3.3).
fn canonical(data: &Data) -> String {
    match data {
        Data::Txt(strings) => Data::Txt(vec![strings.concat()]).to_string(),
        other => other.to_string(),
    }
}
