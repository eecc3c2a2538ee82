//! Who could have changed a message: the servers that had it between its signing and the verdict on it.

use super::Changed;
use crate::facts::Reading;
use crate::facts::arc;
use crate::facts::dkim::Signature;
use crate::facts::organization::{self, same_by_list};
use crate::facts::received::{Hop, servers};
use crate::facts::reported::Dkim;

/// Servers that are named.
const MOST: usize = 8;

/// What is verified here and tells when a message was still, or already, as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// Signatures that pass: who had the message after such a one left alone what it covers.
    pub whole: Vec<usize>,
    /// The whole ARC chain holds: what its servers say of what they took in is their own word.
    pub sealed: bool,
}

/// The servers that could have made this change after this signature was made, oldest first. The signer is among them: a
/// server may sign, and then append its footer. A list's own server is taken for the one.
pub fn suspects(reading: &Reading, index: usize, changed: &Changed, proven: &Proven) -> Vec<String> {
    let Some(signature) = reading.signatures.get(index) else { return Vec::new() };
    let after: Vec<(usize, &Hop)> =
        reading.hops.iter().enumerate().filter(|(_, hop)| above(hop, signature.field)).collect();
    let way = Way { all: servers(after.iter().map(|(_, hop)| *hop)), after: &after };
    let all = way.between(reading, index, changed, proven);
    let id = reading.lists.list_id.as_ref().map(|id| id.value.to_ascii_lowercase());
    let list = id.as_deref().and_then(organization::psl);
    let of_list = |by: &&String| list.is_some() && organization::psl(&by.to_ascii_lowercase()) == list;
    let lists = way.hops().filter_map(|hop| Some(&hop.by.as_ref()?.value)).filter(of_list);
    if let Some(by) = lists.clone().find(|by| all.contains(by)) {
        return vec![by.clone()];
    }
    let told = reading.reported.dkim.iter().find(|report| report.signature == Some(index));
    let boundary = reading.boundary.hop.and_then(|n| Some((n, reading.hops.get(n)?.by.as_ref()?.value.as_str())));
    let mut left: Vec<String> = match (told, boundary) {
        // It was whole when the receiver took it in.
        (Some(told), Some((n, _))) if told.result == "pass" => {
            let later = after.iter().filter(|(m, _)| *m >= n).filter_map(|(_, hop)| hop.by.as_ref());
            later.map(|by| by.value.clone()).collect()
        }
        // It was not, by the very server that took it in.
        (Some(told), Some((n, by))) if broken(told) && reading.boundary.authserv_id.as_deref() == Some(by) => {
            let later: Vec<&str> =
                reading.hops.iter().skip(n).filter_map(|hop| Some(hop.by.as_ref()?.value.as_str())).collect();
            all.iter().filter(|name| !later.contains(&name.as_str())).cloned().collect()
        }
        _ => Vec::new(),
    };
    if left.is_empty() {
        left = all;
    }
    left.dedup();
    left.truncate(MOST);
    left
}

/// The servers that had the message after signing, oldest first, with the hops that name them.
struct Way<'h> {
    all: Vec<String>,
    after: &'h [(usize, &'h Hop)],
}

impl<'h> Way<'h> {
    fn hops(&self) -> impl Iterator<Item = &'h Hop> + Clone {
        self.after.iter().map(|(_, hop)| *hop)
    }

    /// Those that are left by what verifies here: of them it was who made this change.
    fn between(&self, reading: &Reading, index: usize, changed: &Changed, proven: &Proven) -> Vec<String> {
        let this = &reading.signatures[index];
        let field = this.field;
        let (mut first, mut end) = (0, self.all.len());
        let mut last = None;
        for later in proven.whole.iter().filter_map(|n| reading.signatures.get(*n)) {
            let domain = later.domain.as_ref().map(|d| d.value.as_str());
            if later.field < field && covers(later, this, changed) {
                end = end.min(self.until(later.field, domain));
                last = domain;
            }
        }
        if proven.sealed {
            let newest = reading.arc_chain.newest.as_ref().map(|(signature, _)| signature);
            if let Some(newest) = newest.filter(|n| n.field < field && covers(n, this, changed)) {
                let domain = newest.domain.as_ref().map(|d| d.value.as_str());
                end = end.min(self.until(newest.field, domain));
                last = domain;
            }
            let word = arc::word::of(reading, index);
            first = word.passed.map_or(0, |set| self.taken_in(set));
            end = word.failed.map_or(end, |set| end.min(self.taken_in(set)));
        }
        match self.all.get(first..end).filter(|left| !left.is_empty()) {
            Some(left) => left.to_vec(),
            // No server between the two wrote a Received: who made the later one had it.
            None if end == 0 => last.map(str::to_owned).into_iter().collect(),
            None => self.all.clone(),
        }
    }

    /// How many had it until this field was written: up to the newest that stands below it, or that is the writer's own.
    fn until(&self, field: usize, domain: Option<&str>) -> usize {
        let below = self.hops().filter(|hop| hop.field > field).filter_map(|hop| self.place(hop)).max();
        let own = domain.and_then(|d| self.of(d).next_back());
        below.max(own).map_or(0, |n| n + 1)
    }

    /// The place of the server that took the message in and wrote this set about it.
    fn taken_in(&self, set: &arc::Set) -> usize {
        let field = set.results.as_ref().map_or(0, |r| r.field);
        let id = set.results.as_ref().and_then(|r| r.authserv_id.as_ref());
        let named = id.and_then(|id| self.all.iter().position(|name| name.eq_ignore_ascii_case(&id.value)));
        let own = named.or_else(|| self.of(set.sealer.as_deref()?).next());
        let below = || self.hops().filter(|hop| hop.field > field).filter_map(|hop| self.place(hop)).max();
        own.or_else(below).unwrap_or(0)
    }

    /// The places of a domain's servers: of those below it, else of all of its organization.
    fn of<'a>(&'a self, domain: &'a str) -> impl DoubleEndedIterator<Item = usize> + 'a {
        let below =
            move |name: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let close = self.all.iter().any(|name| below(name));
        let is_own = move |name: &str| if close { below(name) } else { same_by_list(name, domain) };
        self.all.iter().enumerate().filter(move |(_, name)| is_own(name)).map(|(n, _)| n)
    }

    fn place(&self, hop: &Hop) -> Option<usize> {
        let by = &hop.by.as_ref()?.value;
        self.all.iter().position(|name| name == by)
    }
}

/// Would a later signature be broken by the change that broke this one? It must cover all of the body, or the field; and
/// what `relaxed` does not see shows in `simple` alone.
pub fn covers(later: &Signature, this: &Signature, changed: &Changed) -> bool {
    let (ours, theirs) = match changed.what.in_body() {
        true => (&this.canonicalization.1, &later.canonicalization.1),
        false => (&this.canonicalization.0, &later.canonicalization.0),
    };
    let sees = theirs == "simple" || ours == "relaxed" || !changed.what.relaxed_survives();
    let holds = match (&changed.field, changed.what.in_body()) {
        (_, true) => later.length.is_none(),
        (Some(field), false) => later.signs(&field.to_ascii_lowercase()),
        (None, false) => false,
    };
    sees && holds
}

fn above(hop: &Hop, field: usize) -> bool {
    hop.field < field
}

/// Did the receiver see it changed? A key that it could not read says nothing of that.
fn broken(told: &Dkim) -> bool {
    let detail = told.detail.to_ascii_lowercase();
    let says = ["body hash", "bodyhash", "altered", "modified"].iter().any(|word| detail.contains(word));
    says || (told.result == "fail" && !detail.contains("key"))
}
