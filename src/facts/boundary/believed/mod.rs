//! Which Authentication-Results fields are believed: one walk down the header, past Received
//! and Authentication-Results fields in the order in which servers put them there.

mod because;
mod contradiction;
mod fitting;
mod judge;

use super::hop::{self, MOST, Writers};
use super::party::{Names, Party};
use super::{Boundary, Distrust};
use crate::facts::Reading;
use crate::facts::authres::AuthRes;
use crate::facts::received::Hop;

/// What the walk meets, top to bottom.
#[derive(Clone, Copy)]
enum Met {
    Received(usize),
    Results(usize),
}

/// The believed group, and why.
struct Group<'p> {
    party: Party<'p>,
    why: Why,
    first: usize,
}

/// Why a field is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Nobody else handled the message after its writer.
    Topmost,
    /// The receiver's own, at the end of the header, where some servers put it (Exim).
    AtTheEnd,
    /// The last receiver wrote none; the server before it did.
    HandedOn,
    /// Exchange Online's, which has no name.
    Nameless,
}

pub(super) struct Walk<'r> {
    reading: &'r Reading,
    text: &'r [u8],
    names: Names,
    writers: Writers<'r>,
    met: Vec<Met>,
}

impl<'r> Walk<'r> {
    pub fn new(reading: &'r Reading, text: &'r [u8], names: Names) -> Self {
        let received = hop::topmost(&reading.hops).map(|(n, h)| (h.field, Met::Received(n)));
        let results = reading.authres.iter().enumerate().take(MOST).map(|(n, a)| (a.field, Met::Results(n)));
        let mut met: Vec<_> = received.chain(results).collect();
        met.sort_by_key(|(field, _)| *field);
        Walk {
            reading,
            text,
            names,
            writers: Writers::of(&reading.hops, names),
            met: met.into_iter().map(|(_, m)| m).collect(),
        }
    }

    /// The boundary by position and name.
    pub fn topmost(&self) -> Boundary {
        let mut out = Boundary::default();
        let mut group = None;
        let mut above = Vec::new();
        for &met in &self.met {
            match met {
                Met::Received(n) => above.push(n),
                Met::Results(n) => match self.judge(n, &above, !out.distrusted.is_empty()) {
                    Ok((party, why)) => match self.misfit(n, &above, why) {
                        Some(distrust) => out.distrusted.push((n, distrust)),
                        None => {
                            group = Some(Group { party, why, first: n });
                            break;
                        }
                    },
                    Err(distrust) => out.distrusted.push((n, distrust)),
                },
            }
        }
        match group {
            Some(group) => self.gather(&mut out, &group),
            None => self.nobody(&mut out),
        }
        out
    }

    /// The fields of the authserv-id that the user chose.
    pub fn chosen(&self, trust: &str) -> Boundary {
        let trust = trust.trim().trim_end_matches('.').to_ascii_lowercase();
        let all = &self.reading.authres;
        let exact = |a: &AuthRes| a.authserv_id.as_ref().is_some_and(|id| id.value == trust);
        let party = Party::of_authserv_id(&trust, self.names);
        let of_party = |n: &usize| party.is(&self.party(*n));
        let first = all.iter().take(MOST).position(exact).or_else(|| (0..all.len().min(MOST)).find(of_party));
        let mut out = Boundary::default();
        let Some(first) = first else {
            out.distrusted = (0..all.len()).map(|n| (n, Distrust::NotChosen)).collect();
            out.because = format!("You chose {trust}, but no Authentication-Results field carries that name.");
            out.receiver = party.receiver().map(str::to_owned);
            return out;
        };
        let group = Group { party, why: Why::Topmost, first };
        out.distrusted = (0..first).map(|n| (n, Distrust::NotChosen)).collect();
        self.gather(&mut out, &group);
        for (_, distrust) in &mut out.distrusted {
            if matches!(distrust, Distrust::Foreign | Distrust::BelowForeign) {
                *distrust = Distrust::NotChosen;
            }
        }
        out.because = format!("You chose to believe {}.", self.name(first, &out));
        out
    }

    /// Takes the group's other fields, and says why the rest are not of it.
    fn gather(&self, out: &mut Boundary, group: &Group) {
        let first = self.reading.authres.get(group.first);
        let newest = match group.why {
            Why::HandedOn => self.took_over(group.first, &self.above(group.first), &group.party),
            _ => self.reading.hops.len().checked_sub(1),
        };
        let party = self.servers(&group.party);
        let find = |fields: &[&AuthRes]| newest.and_then(|n| self.find_hop(n, party, fields));
        let boundary = find(first.as_slice());
        let hop_field = boundary.and_then(|n| self.hop(n)).map(|h| h.field);
        let starts_above = first.zip(hop_field).is_some_and(|(a, h)| a.field < h);
        let below_boundary = |field: &AuthRes| starts_above && hop_field.is_some_and(|h| field.field > h);
        let nameless = first.is_some_and(|a| a.authserv_id.is_none());

        let (mut foreign_field, mut foreign_hop, mut any_hop) = (false, false, false);
        let mut inside = false;
        let mut said = contradiction::Said::new(self.reading);
        for &met in &self.met {
            match met {
                Met::Results(n) if n == group.first => {
                    inside = true;
                    out.believed.push(n);
                    said.note(first);
                }
                Met::Received(n) if inside => {
                    any_hop = true;
                    foreign_hop |= self.writers.get(n).is_some_and(|by| party.is_some_and(|p| !by.is(p)));
                }
                Met::Results(n) if inside => {
                    let Some(field) = self.reading.authres.get(n) else { continue };
                    let distrust = if judge::is_leftover(field) {
                        Some(Distrust::SendersOwn)
                    } else if field.authserv_id.is_none() {
                        let own = nameless && !any_hop && !foreign_field;
                        (!own).then_some(if foreign_field { Distrust::BelowForeign } else { Distrust::SendersOwn })
                    } else if nameless || !group.party.is(&self.party(n)) {
                        Some(if foreign_field { Distrust::BelowForeign } else { Distrust::Foreign })
                    } else if foreign_hop || (below_boundary(field) && !self.each_below_its_own(group.first, n)) {
                        // An earlier pass through the same servers leaves its Received below.
                        Some(if self.vouched(n, &group.party) { Distrust::BelowForeign } else { Distrust::Forged })
                    } else if foreign_field {
                        Some(Distrust::BelowForeign)
                    } else {
                        // Above the boundary's Received only the receiver writes.
                        let open = hop_field.is_none_or(|h| field.field > h);
                        let again = self.each_below_its_own(group.first, n);
                        let another = again && self.id(group.first) != self.id(n);
                        ((open || again) && !another && said.contradicts(field)).then_some(Distrust::Contradicts)
                    };
                    foreign_field |=
                        matches!(distrust, Some(Distrust::Foreign | Distrust::SendersOwn | Distrust::Contradicts));
                    match distrust {
                        None => {
                            out.believed.push(n);
                            said.note(Some(field));
                        }
                        Some(distrust) => out.distrusted.push((n, distrust)),
                    }
                }
                _ => {}
            }
        }
        out.distrusted.extend((MOST..self.reading.authres.len()).map(|n| (n, Distrust::BelowForeign)));
        let believed: Vec<_> = out.believed.iter().filter_map(|&n| self.reading.authres.get(n)).collect();
        out.hop = if believed.len() > 1 { find(&believed).or(boundary) } else { boundary };
        out.authserv_id = first.and_then(|a| a.authserv_id.as_ref()).map(|id| id.value.clone());
        out.receiver = group.party.receiver().map(str::to_owned).or_else(|| self.runs(out.hop));
        if group.why == Why::HandedOn {
            out.handed_on = self.last_server().map(str::to_owned);
        }
        out.because = self.because(group, out);
    }

    /// No field is believed: the boundary hop is that of the last receiver.
    fn nobody(&self, out: &mut Boundary) {
        out.distrusted.extend((MOST..self.reading.authres.len()).map(|n| (n, Distrust::BelowForeign)));
        let last = self.writers.iter().next();
        if let Some(newest) = self.reading.hops.len().checked_sub(1) {
            out.hop = self.find_hop(newest, last, &[]);
        }
        out.receiver = last.and_then(|p| p.receiver()).map(str::to_owned);
        out.because = match (self.reading.authres.len(), self.last_server()) {
            (0, _) => "The header has no Authentication-Results field.".to_owned(),
            (_, Some(by)) => {
                format!("No Authentication-Results field was written by {by}, which received the message.")
            }
            (_, None) => "No Authentication-Results field was written by the receiving server.".to_owned(),
        };
    }

    fn hop(&self, n: usize) -> Option<&'r Hop> {
        self.reading.hops.get(n)
    }

    /// Whose field it is. A nameless one is Microsoft's where it stands above a Received of
    /// Microsoft's, or where no Received speaks against it, and nobody's otherwise.
    fn party(&self, n: usize) -> Party<'r> {
        let by_microsoft = |h: usize| self.wrote(h, &Party::microsoft());
        match self.reading.authres.get(n).and_then(|a| a.authserv_id.as_ref()) {
            Some(id) => Party::of_authserv_id(&id.value, self.names),
            None if self.below(n).next().is_none_or(by_microsoft) => Party::microsoft(),
            None => Party::of_authserv_id("", self.names),
        }
    }

    /// Whose Received the group's writer has: its party's, or, where its authserv-id is made up
    /// (`x`, `opendmarc`) and no Received bears it, the last server's.
    fn servers<'p>(&'p self, party: &'p Party<'p>) -> Option<&'p Party<'p>> {
        if self.writers.iter().any(|by| by.is(party)) { Some(party) } else { self.writers.iter().next() }
    }

    /// The server that had the message last, of those that say who they are.
    fn last_server(&self) -> Option<&'r str> {
        let named = |(n, h): (usize, &'r Hop)| self.writers.get(n).and(h.by.as_ref());
        hop::topmost(&self.reading.hops).find_map(named).map(|by| &by.value[..])
    }

    fn find_hop(&self, newest: usize, party: Option<&Party>, fields: &[&AuthRes]) -> Option<usize> {
        hop::find(&self.reading.hops, &self.writers, newest, party, fields, self.names)
    }

    fn runs(&self, hop: Option<usize>) -> Option<String> {
        let by = self.hop(hop?)?.by.as_ref()?;
        (self.names.host)(&by.value).map(str::to_owned)
    }

    fn above(&self, n: usize) -> Vec<usize> {
        let until = self.met.iter().take_while(|m| !matches!(m, Met::Results(r) if *r == n));
        until.filter_map(|m| if let Met::Received(h) = m { Some(*h) } else { None }).collect()
    }
}
