//! The checklist: what is done, with the answer that proves it, and what is left.

use super::desk::Desk;
use super::{Blank, Told, mail, merge, steps};
use crate::diagnose::Diagnosis;
use crate::facts::domain::who::{Party, Role};
use crate::remedy::Change;
use crate::replay::own::{self, Own};
use crate::replay::{prove, replay};
use crate::report::export::Placed;

/// Everything to do for a domain.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// Lower-case A-label.
    pub domain: String,
    pub steps: Vec<Step>,
    /// Who runs what, by what is published: to be confirmed, never taken for said.
    pub guesses: Vec<Guess>,
    /// What a message would get once all of it is published.
    pub mail: Vec<mail::Planned>,
    /// The zone and its host, in words.
    pub home: String,
    /// Whom postdoc would reach when it is told to.
    pub reach: Reach,
    /// The zone's own servers that were heard; empty where all rests on the resolver, which may repeat an old answer.
    pub own: Vec<String>,
}

/// Hosts, by what would be done there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// [`Next::MailHosts`].
    pub mail_hosts: Vec<String>,
    /// [`Next::Hosts`]: over HTTPS, and at port 80.
    pub links: Vec<String>,
    pub servers: Vec<String>,
}

/// A guess, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    pub role: Role,
    pub id: &'static str,
    pub name: &'static str,
    pub because: String,
    /// The owner said the same.
    pub told: bool,
}

/// One step. They can be done in any order.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// `spf`, `dkim:sendgrid`, `ptr:192.0.2.4`
    pub id: String,
    pub stage: Stage,
    pub title: String,
    /// One sentence.
    pub why: String,
    pub state: State,
    /// The answers that show it, each as a resolver gave it.
    pub proof: Vec<String>,
    /// What is to be published, merged with what is there.
    pub changes: Vec<Change>,
    /// What only a portal or the owner can tell of them, typed already or not.
    pub asked: Vec<Blank>,
    /// What else is to be done.
    pub actions: Vec<String>,
    /// Rules that found something here.
    pub rules: Vec<&'static str>,
    /// The command that shows it is done.
    pub check: Option<String>,
    /// Mail arrives without it.
    pub optional: bool,
    /// What postdoc does about it itself, when it is told to.
    pub next: Option<Next>,
}

/// What postdoc can do about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Ask the owner who sends.
    Ask,
    /// Make the DKIM key.
    MakeKey,
    /// Ask the blocklists: it tells them the addresses.
    Blocklists,
    /// Talk SMTP to the domain's mail hosts.
    MailHosts,
    /// Connect to the hosts of links, and to port 80 of the own servers.
    Hosts,
    /// Send a test message.
    Test,
    /// Propose the stronger policy before anything proved that it does no harm.
    Raise,
    /// Plan the warm-up.
    WarmUp,
}

/// What a step is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    #[default]
    Plan,
    Records,
    Prove,
    Grow,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    Done,
    #[default]
    ToDo,
    /// Done here; somebody else, or time, has to follow.
    Waiting,
    /// Nothing at hand can tell.
    Unknown,
    /// Left out by the owner: not done.
    Skipped,
}

impl Stage {
    pub const ALL: [Stage; 4] = [Stage::Plan, Stage::Records, Stage::Prove, Stage::Grow];

    pub fn word(self) -> &'static str {
        match self {
            Stage::Plan => "plan",
            Stage::Records => "records",
            Stage::Prove => "prove",
            Stage::Grow => "grow",
        }
    }
}

impl State {
    /// The word of `steps[].state` in JSON.
    pub fn word(self) -> &'static str {
        match self {
            State::Done => "done",
            State::ToDo => "todo",
            State::Waiting => "waiting",
            State::Unknown => "unknown",
            State::Skipped => "skipped",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            State::Done => "done",
            State::ToDo => "to do",
            State::Waiting => "waiting",
            State::Unknown => "not known",
            State::Skipped => "not done",
        }
    }
}

impl Step {
    /// What may be published: what has no blank.
    pub fn whole(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|c| c.blanks().is_empty())
    }

    /// What only a portal or the owner can tell and nobody has, each once.
    pub fn blanks(&self) -> Vec<String> {
        let mut blanks: Vec<String> = Vec::new();
        for blank in self.changes.iter().flat_map(Change::blanks) {
            if !blanks.contains(&blank) {
                blanks.push(blank);
            }
        }
        blanks
    }

    /// What is to be typed next for a record of the step: the first that is open, else the first to be typed anew.
    pub fn to_fill(&self, record: usize) -> Option<&Blank> {
        let here = || self.asked.iter().filter(|b| b.record == record && self.state == State::ToDo);
        here().find(|b| b.text.is_empty()).or_else(|| here().next())
    }
}

impl Checklist {
    /// Judges the facts of a check of the domain that was made with [`Told::said`]: by what the zone's own servers
    /// say, where they were heard. What not all of them have is not done yet.
    pub fn of(d: &Diagnosis, told: &Told) -> Checklist {
        let mut views = own::servers(&d.facts).into_iter().map(|server| {
            let after = (!server.news.is_empty()).then(|| prove(replay(d, &server.news, None).after).diagnosis);
            (Checklist::judged(after.as_ref().unwrap_or(d), told, Some(&server)), server.hosts)
        });
        let Some((mut list, hosts)) = views.next() else { return Checklist::judged(d, told, None) };
        list.own = hosts;
        for (other, hosts) in views {
            list.hold_back(&other, &hosts);
            list.own.extend(hosts);
        }
        list
    }

    /// What another server of the zone does not have yet is waited for, and so is what this one does not have.
    fn hold_back(&mut self, other: &Checklist, hosts: &[String]) {
        for step in &mut self.steps {
            let Some(theirs) = other.steps.iter().find(|s| s.id == step.id && s.state != step.state) else { continue };
            let behind = match (step.state, theirs.state) {
                (State::Done, _) => hosts,
                (_, State::Done) => &self.own,
                _ => continue,
            };
            step.state = State::Waiting;
            step.changes.clear();
            step.asked.clear();
            step.actions = vec![format!(
                "Published, and {} does not have it yet: the zone's servers fetch changes from each other.",
                behind.join(", ")
            )];
        }
    }

    fn judged(d: &Diagnosis, told: &Told, own: Option<&Own>) -> Checklist {
        let domain = d.facts.reading.from_domain().unwrap_or_default().to_owned();
        let desk = Desk { d, told, domain: &domain, own };
        let mut steps = steps::all(&desk);
        for step in &mut steps {
            told.filled.lay_over(step);
            step.check = step.check.take().map(|check| d.facts.evidence.said.aim(check));
            // What is done stays done, whoever left it out.
            if told.skipped.contains(&step.id) && step.state != State::Done {
                step.state = State::Skipped;
            }
        }
        let open = steps.iter().filter(|s| s.state != State::Skipped);
        let changes = merge::all(open.flat_map(Step::whole));
        let mail = mail::planned(&desk, &changes, &steps);
        let home = d.facts.home(&domain);
        Checklist {
            home: format!("{}; {}", home.zone, home.because()),
            guesses: d.facts.domain.who.iter().map(|p| guess(p, told)).collect(),
            steps,
            mail,
            reach: desk.reach(),
            domain,
            own: Vec::new(),
        }
    }

    pub fn count(&self, state: State) -> usize {
        self.steps.iter().filter(|s| s.state == state).count()
    }

    /// Is everything that mail needs in place?
    pub fn is_ready(&self) -> bool {
        let needed = |s: &&Step| s.stage == Stage::Records && !s.optional;
        self.steps.iter().filter(needed).all(|s| s.state == State::Done)
    }

    /// What can be published as it stands, one set a name and type; `optional`: what mail arrives without, too.
    pub fn changes(&self, optional: bool) -> Vec<Change> {
        merge::all(self.open().filter(|s| optional || !s.optional).flat_map(Step::whole))
    }

    /// What only a portal or the owner can tell, with the step that waits for it.
    pub fn blanks(&self) -> Vec<(&Step, String)> {
        self.open().flat_map(|s| s.blanks().into_iter().map(move |b| (s, b))).collect()
    }

    /// The same, without what mail arrives without unless `optional`.
    pub fn open_blanks(&self, optional: bool) -> Vec<(&Step, String)> {
        self.blanks().into_iter().filter(|(s, _)| optional || !s.optional).collect()
    }

    /// Steps that have records to publish.
    fn open(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| !matches!(s.state, State::Skipped | State::Done))
    }

    /// The records with their homes, for export. Reverse names are set elsewhere and are left out.
    pub fn placed(&self, d: &Diagnosis, optional: bool) -> Vec<Placed> {
        place(d, self.changes(optional))
    }
}

/// Changes with their homes.
pub fn place(d: &Diagnosis, changes: Vec<Change>) -> Vec<Placed> {
    let own = changes.into_iter().filter(|c| c.kind != crate::evidence::Kind::Ptr);
    own.map(|change| Placed { home: d.facts.home(&change.name), change }).collect()
}

fn guess(party: &Party, told: &Told) -> Guess {
    let clue = party.clues.first();
    let because = clue.map_or(String::new(), |c| format!("{} {} says {}", c.question.name, c.question.kind, c.text));
    let said = told.platforms.iter().any(|p| p == party.id) || told.dns_host.as_deref() == Some(party.id);
    Guess { role: party.role, id: party.id, name: party.name, because, told: said }
}
