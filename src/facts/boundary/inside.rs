//! Mail that never crossed a boundary: handed in at the system that keeps it, by a program that logged in (RFC 6409),
//! by a machine of the same network, or by the server itself. SPF, DKIM and DMARC are for mail between systems.

use super::hop::{self, Client, Writers};
use super::is_public;
use super::party::{Names, Party};
use crate::facts::Reading;
use crate::facts::organization::same_by_list;
use crate::facts::received::Hop;
use crate::span::Span;

/// How a message that never left its mail system came into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inside {
    /// The server that took it in, as it names itself.
    pub by: String,
    pub entry: Entry,
    /// The Received field that says so.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The client logged in, or wrote it in the system's own web or mail program.
    Submitted,
    /// A machine of the same network.
    Network,
    /// The server wrote it itself.
    Local,
}

/// Reads it off the whole chain; a receiver that judged SPF or DMARC took it for mail from outside.
pub(super) fn find(reading: &Reading, text: &[u8], names: Names) -> Option<Inside> {
    let (oldest, newest) = (reading.hops.first()?, reading.hops.last()?);
    if judged(reading) || reading.hops.len() > hop::MOST {
        return None;
    }
    let party = Party::of_host(&newest.by.as_ref()?.value, names)?;
    let writers = Writers::of(&reading.hops, names);
    // Exchange takes this field off whatever comes from outside.
    let field = reading.header.first(text, "X-MS-Exchange-Organization-AuthAs");
    let trusted = field.is_some_and(|f| f.value.of(text).trim_ascii().eq_ignore_ascii_case(b"Internal"));
    let said = reading.boundary.believed.iter().filter_map(|&n| reading.authres.get(n));
    let logged_in = said.flat_map(|a| &a.results).any(|r| r.method == "auth" && r.result == "pass");
    let submitted = |n: usize, hop: &Hop| hop.is_submission() || (logged_in && reading.boundary.hop == Some(n));
    let inside = |(n, hop): (usize, &Hop)| {
        let its = writers.get(n).is_none_or(|by| by.is(&party));
        its && (submitted(n, hop)
            || match hop::client(hop, Some(&party), names) {
                Client::Own => true,
                Client::Kin => trusted,
                Client::Stranger | Client::Unseen => false,
            })
    };
    if !reading.hops.iter().enumerate().all(inside) {
        return None;
    }
    let entry = entry(reading, oldest, submitted(0, oldest))?;
    Some(Inside { by: oldest.by.as_ref().or(newest.by.as_ref())?.value.clone(), entry, span: oldest.span })
}

fn judged(reading: &Reading) -> bool {
    let reported = &reading.reported;
    let decided = reported.dmarc.as_ref().is_some_and(|d| d.result != "none");
    reported.spf.is_some() || reported.compauth.is_some() || decided
}

fn entry(reading: &Reading, oldest: &Hop, submitted: bool) -> Option<Entry> {
    if submitted {
        return Some(Entry::Submitted);
    }
    if oldest.ip.is_none() && oldest.helo.is_none() && oldest.reverse_name.is_none() {
        return Some(Entry::Local);
    }
    // Behind a proxy a stranger has a private address too: the sender has to be the system's own.
    let private = oldest.ip.as_ref().is_some_and(|ip| !is_public(ip.value));
    let by = oldest.by.as_ref()?;
    let own = reading.from_domain().is_some_and(|from| same_by_list(from, &by.value));
    (private && own).then_some(Entry::Network)
}
