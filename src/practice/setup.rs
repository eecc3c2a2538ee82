//! New domains of the practice world, to be set up from nothing with the checklist.

use super::{BASE, Sender, changes, letter};
use crate::evidence::Kind;
use crate::evidence::zone::{BadLine, Zone};
use crate::facts::dkim::name;
use crate::onboarding::{Checklist, State, Step, Told};
use crate::remedy::Change;
use serde::Deserialize;
use std::sync::OnceLock;

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The name of its file.
    #[serde(skip)]
    pub id: &'static str,
    pub title: String,
    pub domain: String,
    /// What the owner has, and what is to be done: a few sentences.
    pub story: String,
    /// Zone lines beside those of the base: what is there before anybody publishes anything.
    zone: String,
    /// What the owner would say in the form.
    told: Told,
    /// What somebody else does, once it is their turn.
    #[serde(default)]
    others: Vec<Other>,
    /// How a platform sends; an own server sends as it is told.
    #[serde(default)]
    sender: Sender,
}

/// Somebody else's part in a step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    step: String,
    says: String,
    /// Zone lines.
    zone: String,
}

macro_rules! setups {
    ($($id:literal),+ $(,)?) => {
        &[$(($id, include_str!(concat!("../../assets/practice/new/", $id, ".toml")))),+]
    };
}

/// In the order of the list.
const TEXTS: &[(&str, &str)] = setups!["new-domain", "new-platform", "new-server"];

/// Every new domain.
pub fn setups() -> &'static [Setup] {
    static ALL: OnceLock<Vec<Setup>> = OnceLock::new();
    ALL.get_or_init(|| {
        // Shipped text: a test reads every one.
        let read = |(id, text): &(&'static str, &str)| Some(Setup { id, ..toml::from_str(text).ok()? });
        TEXTS.iter().filter_map(read).collect()
    })
}

/// The one of this name.
pub fn find_setup(id: &str) -> Option<&'static Setup> {
    setups().iter().find(|setup| setup.id == id)
}

impl Setup {
    /// The world before anything is published.
    pub fn zone(&self) -> Result<Zone, BadLine> {
        Zone::parse(&letter::fill(&format!("{BASE}\n{}", self.zone)))
    }

    /// What the owner says; `{key}` is the record that the server of the story shows.
    pub fn told(&self) -> Told {
        let mut told = self.told.clone();
        if told.key.as_deref() == Some("{key}") {
            told.key = Some(letter::record());
        }
        told
    }

    /// What somebody else does about the step: in words, and the records of it.
    pub fn others(&self, step: &Step) -> Option<(String, Vec<Change>)> {
        let turn = step.state == State::Waiting;
        let other = self.others.iter().find(|o| turn && o.step == step.id)?;
        Some((other.says.clone(), changes(&letter::fill(&other.zone))))
    }

    /// What comes next: the owner publishes what can be published, whoever gave the addresses names them, others do
    /// their part. Each in words, with the records.
    pub fn turn(&self, list: &Checklist) -> Vec<(String, Vec<Change>)> {
        let mut turns = Vec::new();
        let own: Vec<Change> = list.changes(false).into_iter().filter(|c| c.kind != Kind::Ptr).collect();
        if !own.is_empty() {
            turns.push(("The owner publishes what the checklist proposes.".to_owned(), own));
        }
        let reverse = list.changes(false).into_iter().filter(|c| c.kind == Kind::Ptr);
        turns
            .extend(reverse.map(|c| {
                ("The provider of the address sets the reverse name as it was asked to.".to_owned(), vec![c])
            }));
        turns.extend(list.steps.iter().filter_map(|step| self.others(step)));
        turns
    }

    /// How the test is sent: by the first own server, as its owner says, or else by the platform of the story.
    pub fn sender(&self, domain: &str, told: &Told) -> Sender {
        let from = format!("The new one <hello@{domain}>");
        let Some(server) = told.servers.first() else {
            return Sender { from: Some(from), ..self.sender.clone() };
        };
        let key = name::key(told.selector(), domain).filter(|_| told.key.is_some());
        Sender {
            client: Some(server.ip),
            helo: Some(server.name.clone().unwrap_or_else(|| "localhost".to_owned())),
            mail_from: Some(format!("bounces@{}", told.bounce.as_deref().unwrap_or(domain))),
            from: Some(from),
            sign: Some(key.into_iter().collect()),
            key_file: told.key_file.as_ref().map(Into::into),
            ..Sender::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_new_domain_reads_and_lacks_nothing() {
        let faults: Vec<_> =
            TEXTS.iter().filter_map(|(id, text)| Some((id, toml::from_str::<Setup>(text).err()?))).collect();
        assert!(faults.is_empty(), "{faults:?}");
        for setup in setups() {
            setup.zone().unwrap_or_else(|e| panic!("{}: {e}", setup.id));
            let told = setup.told();
            assert!(!told.platforms.is_empty() || !told.servers.is_empty(), "{}: nobody sends", setup.id);
            let sender = setup.sender(&setup.domain, &told);
            assert!(sender.client.is_some() && sender.helo.is_some() && sender.mail_from.is_some(), "{}", setup.id);
            for other in &setup.others {
                let wanted = other.zone.lines().filter(|l| !l.trim().is_empty()).count();
                let read: usize = changes(&letter::fill(&other.zone)).iter().map(|c| c.after.len()).sum();
                assert_eq!(read, wanted, "{}", setup.id);
            }
        }
    }
}
