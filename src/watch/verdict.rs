//! Who has what is waited for, and whether it is over.

use super::{Server, Standing, Watch};
use std::collections::BTreeSet;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Agreed,
    /// Time is up, and every name server has something else.
    Wrong,
    TimedOut,
    /// By the user.
    Stopped,
}

impl End {
    pub fn word(self) -> &'static str {
        match self {
            End::Agreed => "agreed",
            End::Wrong => "wrong",
            End::TimedOut => "timed-out",
            End::Stopped => "interrupted",
        }
    }
}

impl Watch {
    /// Do the name servers say different things?
    pub(super) fn differ(&self) -> bool {
        let said: BTreeSet<_> = self.delegated().filter_map(|s| s.heard.as_ref()).map(|h| &h.said).collect();
        said.len() > 1
    }

    /// What everybody should say where the user names nothing: what most of the zone's servers say, else most
    /// resolvers.
    fn reference(&self) -> Option<&BTreeSet<String>> {
        fn said(server: &Server) -> Option<&BTreeSet<String>> {
            server.heard.as_ref().map(|h| &h.said).filter(|said| !said.is_empty())
        }
        most(self.delegated().filter_map(said).collect()).or_else(|| most(self.resolvers().filter_map(said).collect()))
    }

    /// How a server stands to what is waited for.
    pub fn standing(&self, server: &Server) -> Standing {
        let Some(heard) = server.heard.as_ref().filter(|_| server.counts()) else {
            return match server.failed {
                None => Standing::Waiting,
                Some(_) if server.is_lame() => Standing::Lame,
                Some(_) => Standing::Silent,
            };
        };
        let fits = self.order.expect.fits(&heard.said);
        match fits.unwrap_or_else(|| self.reference().is_some_and(|r| *r == heard.said)) {
            true => Standing::Has,
            false if heard.said.is_empty() && heard.alias.is_some() => Standing::Alias,
            false if heard.said.is_empty() => Standing::Missing,
            false => Standing::Other,
        }
    }

    /// Everyone who counts has it, and nobody is still to be heard.
    pub(super) fn agreed(&self) -> bool {
        if !self.survey.is_over() || self.target.is_open() {
            return false;
        }
        let counted = || self.servers.iter().filter(|s| s.counts() && !s.who.is_outside());
        let mut aliases = false;
        let mut has = (false, false);
        for server in counted() {
            match self.standing(server) {
                _ if server.failures > 0 => return false,
                Standing::Has if server.who.host().is_some() => has.0 = true,
                Standing::Has => has.1 = true,
                // The zone hands on; what is behind the alias only resolvers tell.
                Standing::Alias if server.who.host().is_some() => aliases = true,
                _ => return false,
            }
        }
        if aliases { has.1 } else { has.0 || has.1 }
    }

    /// The end when time is up: an old answer in a cache is waited for; what the zone's own servers say is wrong.
    pub(super) fn judged(&self) -> End {
        let mut told = self.delegated().filter(|s| s.counts()).map(|s| self.standing(s)).peekable();
        let wrong = told.peek().is_some() && told.all(|s| s == Standing::Other);
        if wrong { End::Wrong } else { End::TimedOut }
    }

    /// How many of those who count have it, and how many count.
    pub fn count(&self) -> (usize, usize) {
        let counted = || self.servers.iter().filter(|s| s.counts() && !s.who.is_outside());
        (counted().filter(|s| self.standing(s) == Standing::Has).count(), counted().count())
    }

    /// For how long caches that were asked may still give an answer that is not waited for, seconds.
    pub fn old_for(&self, wall: jiff::Timestamp) -> Option<u32> {
        let old = self.resolvers().filter(|s| matches!(self.standing(s), Standing::Other | Standing::Missing));
        old.filter_map(|s| s.left(wall)).max()
    }
}

/// What most say; the first of equals.
fn most(said: Vec<&BTreeSet<String>>) -> Option<&BTreeSet<String>> {
    let count = |one: &BTreeSet<String>| said.iter().filter(|other| **other == one).count();
    said.iter().rev().copied().max_by_key(|one| count(one))
}
